"""Routes of coupons."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from tiefen.kernel.auth import FanActor, StaffActor, fan, maybe_fan, staff
from tiefen.kernel.http import OK, REFUSALS, Cursor, Limit, Ok, Page, PathId, TxDep
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.routing import Routes
from tiefen.promotion import queries, rules, service
from tiefen.promotion.http.activities import verdict_out
from tiefen.promotion.rules import terms_of
from tiefen.promotion.schemas import (
    CheckOut,
    CodesIn,
    CodesOut,
    CouponCodeOut,
    CouponIn,
    CouponOut,
    CouponResults,
    CouponRow,
    CouponSave,
    GiftOut,
    GiveIn,
    HolderOut,
    MyCoupons,
    PublishIn,
    RedeemIn,
    ShopCoupon,
    TakeBackIn,
    say,
)
from tiefen.promotion.service.coupons import Template, check_template
from tiefen.promotion.values import CouponStatus, TemplateStatus
from tiefen.team.values import Permission

router = Routes(tags=["promotion"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_WRITE))]
Fan = Annotated[FanActor, Depends(fan())]
GUESSES = Rate(20, 60.0)
"""Codes a fan may try in a minute: twelve letters are not guessed, short words might be."""


@router.get("/api/console/coupons", operation_id="listCoupons")
async def list_coupons(
    tx: TxDep,
    _: Reader,
    status: TemplateStatus | None = None,
    q: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
    limit: Limit = 30,
) -> Page[CouponRow]:
    """Kinds of coupons, newest first."""
    return await queries.coupons(tx, status=status, q=q, cursor=cursor, limit=limit)


@router.post("/api/console/coupons", operation_id="createCoupon", status_code=201)
async def create_coupon(tx: TxDep, who: Writer, wanted: CouponIn) -> CouponOut:
    """A new kind of coupon as a draft."""
    made = await service.create_template(tx, who, _template(wanted))
    return await queries.coupon(tx, made.id)


@router.post("/api/console/coupons/check", operation_id="checkCoupon")
async def check_coupon(
    tx: TxDep, _: Writer, wanted: CouponIn, coupon_id: Annotated[int, Query(ge=0)] = 0
) -> CheckOut:
    """A kind of coupon in a few words, and what the margin guard says. Nothing is saved."""
    given = _template(wanted)
    await check_template(tx, given)
    # a number no saved kind has, for a draft that was never saved
    number = coupon_id or 2**62
    rule = rules.coupon_rule(
        number, given.name, given.kind, given.terms, given.starts_at, given.ends_at
    )
    found = await service.verdict(tx, rule)
    return CheckOut(
        sentence=say(rules.coupon_label(given.kind, given.terms)),
        verdict=await verdict_out(tx, found, {-number: given.name}),
    )


@router.get("/api/console/coupons/{coupon_id}", operation_id="getCoupon")
async def get_coupon(tx: TxDep, _: Reader, coupon_id: PathId) -> CouponOut:
    """One kind of coupon with its counts and cost."""
    return await queries.coupon(tx, coupon_id)


@router.put("/api/console/coupons/{coupon_id}", operation_id="saveCoupon")
async def save_coupon(tx: TxDep, who: Writer, coupon_id: PathId, wanted: CouponSave) -> CouponOut:
    """Change it; of an open kind only stock, limit, budget and who may take it when."""
    await service.save_template(tx, who, coupon_id, wanted.edits, _template(wanted))
    await tx.flush()
    return await queries.coupon(tx, coupon_id)


@router.post("/api/console/coupons/{coupon_id}/open", operation_id="openCoupon")
async def open_coupon(tx: TxDep, who: Writer, coupon_id: PathId, wanted: PublishIn) -> CouponOut:
    """Let it be issued; below cost only with the right to approve, and a reason."""
    await service.open_template(tx, who, coupon_id, wanted.because)
    await tx.flush()
    return await queries.coupon(tx, coupon_id)


@router.post("/api/console/coupons/{coupon_id}/end", operation_id="endCoupon")
async def end_coupon(tx: TxDep, who: Writer, coupon_id: PathId) -> CouponOut:
    """Issue no more; fans keep theirs."""
    await service.end_template(tx, who, coupon_id)
    await tx.flush()
    return await queries.coupon(tx, coupon_id)


@router.post("/api/console/coupons/{coupon_id}/copy", operation_id="copyCoupon", status_code=201)
async def copy_coupon(tx: TxDep, who: Writer, coupon_id: PathId) -> CouponOut:
    """A new draft with the same terms."""
    made = await service.copy_template(tx, who, coupon_id)
    return await queries.coupon(tx, made.id)


@router.get("/api/console/coupons/{coupon_id}/results", operation_id="getCouponResults")
async def get_results(tx: TxDep, _: Reader, coupon_id: PathId) -> CouponResults:
    """How it fares, by day and by the way fans came by it."""
    return await queries.results(tx, coupon_id)


@router.get("/api/console/coupons/{coupon_id}/holders", operation_id="listCouponHolders")
async def list_holders(
    tx: TxDep,
    _: Reader,
    coupon_id: PathId,
    status: CouponStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 30,
) -> Page[HolderOut]:
    """Who has it, the newest first."""
    return await queries.holders(tx, coupon_id, status=status, cursor=cursor, limit=limit)


@router.post("/api/console/held-coupons/{held_id}/take-back", operation_id="takeBackCoupon")
async def take_back(tx: TxDep, who: Writer, held_id: PathId, wanted: TakeBackIn) -> Ok:
    """Take one unused coupon away from a fan."""
    await service.take_back_by_staff(tx, who, held_id, wanted.reason)
    return OK


@router.get("/api/console/coupons/{coupon_id}/codes", operation_id="listCouponCodes")
async def list_codes(
    tx: TxDep, _: Writer, coupon_id: PathId, cursor: Cursor = None, limit: Limit = 30
) -> Page[CouponCodeOut]:
    """Its codes, the newest first."""
    return await queries.codes(tx, coupon_id, cursor=cursor, limit=limit)


@router.post(
    "/api/console/coupons/{coupon_id}/codes", operation_id="makeCouponCodes", status_code=201
)
async def make_codes(tx: TxDep, who: Writer, coupon_id: PathId, wanted: CodesIn) -> CodesOut:
    """Make codes that are worth a coupon."""
    made = await service.make_codes(
        tx, who, coupon_id, wanted.count, wanted.most, wanted.word or ""
    )
    return CodesOut(codes=made)


@router.get("/api/console/coupons/{coupon_id}/gifts", operation_id="listCouponGifts")
async def list_gifts(tx: TxDep, _: Reader, coupon_id: PathId) -> Page[GiftOut]:
    """The last twenty gifts to many, with their progress."""
    return Page(items=await queries.gifts(tx, coupon_id), next=None)


@router.post("/api/console/coupons/{coupon_id}/gifts", operation_id="giveCoupon", status_code=201)
async def give(tx: TxDep, who: Writer, coupon_id: PathId, wanted: GiveIn) -> GiftOut:
    """Give one each to the picked fans, or to all who wear a tag or stand in a segment."""
    made = await service.start_gift(tx, who, coupon_id, wanted.audience(), wanted.reason)
    return GiftOut.model_validate(made)


@router.post("/api/console/coupon-gifts/{gift_id}/stop", operation_id="stopCouponGift")
async def stop_gift(tx: TxDep, who: Writer, gift_id: PathId) -> GiftOut:
    """Stop a gift; who has one keeps it."""
    return GiftOut.model_validate(await service.stop_gift(tx, who, gift_id))


@router.get("/api/shop/coupons", operation_id="listClaimableCoupons")
async def list_claimable(
    tx: TxDep, who: Annotated[FanActor | None, Depends(maybe_fan())]
) -> Page[ShopCoupon]:
    """Coupons that may be taken now."""
    return Page(items=await queries.claimable(tx, who.id if who else None), next=None)


@router.post("/api/shop/coupons/{coupon_id}/claim", operation_id="claimCoupon")
async def claim(tx: TxDep, who: Fan, coupon_id: PathId) -> Ok:
    """Take a coupon."""
    await service.claim_coupon(tx, who.id, coupon_id)
    return OK


@router.post("/api/shop/coupons/redeem", operation_id="redeemCoupon")
async def redeem(tx: TxDep, who: Fan, wanted: RedeemIn) -> Ok:
    """Turn a code into a coupon."""
    GUESSES.take(f"{tx.merchant}|{who.id}")
    await service.redeem_code(tx, who.id, wanted.code)
    return OK


@router.get("/api/shop/my-coupons", operation_id="listMyCoupons")
async def my_coupons(
    tx: TxDep, who: Fan, tab: Literal["held", "used", "over"] = "held"
) -> MyCoupons:
    """The fan's own coupons."""
    return await queries.mine(tx, who.id, tab)


def _template(wanted: CouponIn) -> Template:
    return Template(
        kind=wanted.kind,
        name=wanted.name,
        terms=terms_of(wanted.terms.model_dump(mode="json")),
        days=wanted.days,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        claimable=wanted.claimable,
        claim_from=wanted.claim_from,
        claim_until=wanted.claim_until,
        stock=wanted.stock,
        per_fan=wanted.per_fan,
        budget_fen=wanted.budget_fen,
    )
