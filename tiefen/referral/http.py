"""Routes of referral."""

from datetime import date
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Request, Response

from tiefen.catalog import service as catalog
from tiefen.channels import service as channels
from tiefen.kernel.auth import FanActor, StaffActor, anyone, fan, staff
from tiefen.kernel.crypto import blind
from tiefen.kernel.errors import language
from tiefen.kernel.http import (
    OK,
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Ok,
    Page,
    PathId,
    SettingsDep,
    StorageDep,
    TxDep,
)
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.limits import table_taken
from tiefen.kernel.routing import Routes
from tiefen.referral import queries, rules, service
from tiefen.referral.schemas import (
    ArriveIn,
    ArriveOut,
    DecideIn,
    ForgiveIn,
    LandingOut,
    MyReferral,
    OddOut,
    ReferralRulesIO,
    ReferralSums,
    ReferrerRow,
    RewardOut,
    TreeOut,
)
from tiefen.referral.values import Arrival, BondState, Rules
from tiefen.team.values import Permission

router = Routes(tags=["referral"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_WRITE))]
Fan = Annotated[FanActor, Depends(fan())]
Period = tuple[date | None, date | None]


async def period(first: date | None = None, last: date | None = None) -> Period:
    """Two days of the merchant's, both included; one that is missing leaves its side open."""
    return first, last


Days = Annotated[Period, Depends(period)]
LOOKS = Rate(120, 60.0)
"""Links and posters one address may look at in a minute: each costs a read and some a drawing."""
_SAID: dict[Arrival, tuple[str, str]] = {
    Arrival.BOUND: (
        "已和好友绑定，首次购买后双方有礼",
        "Done: buy something and you both get a gift",
    ),
    Arrival.ALREADY: ("您已经由其他好友推荐过了", "Another friend has brought you already"),
    Arrival.SELF: ("这是您自己的推荐链接", "This is your own link"),
    Arrival.LOOP: ("您是对方的推荐人，不能互相推荐", "You brought this friend yourself"),
    Arrival.KNOWN: ("推荐有礼只限新朋友", "This gift is for new friends only"),
    Arrival.OFF: ("推荐有礼暂未开启", "There is no gift for friends at present"),
}


@router.get("/api/console/referral/rules", operation_id="getReferralRules")
async def get_rules(tx: TxDep, _: Reader) -> ReferralRulesIO:
    """The rules of 推荐有礼."""
    return _rules_out(await service.load(tx))


@router.put("/api/console/referral/rules", operation_id="saveReferralRules")
async def save_rules(tx: TxDep, who: Writer, wanted: ReferralRulesIO) -> ReferralRulesIO:
    """Change the rules; purchases paid before keep theirs."""
    return _rules_out(await service.save_rules(tx, who, wanted.rules()))


@router.get("/api/console/referral/results", operation_id="getReferralResults")
async def get_results(tx: TxDep, _: Reader, days: Days) -> ReferralSums:
    """What referral brought in a period, and what it cost; without days: so far."""
    return await queries.sums(tx, rules.span(*days))


@router.get("/api/console/referral/referrers", operation_id="listReferrers")
async def list_referrers(
    tx: TxDep, _: Reader, days: Days, cursor: Cursor = None, limit: Limit = 30
) -> Page[ReferrerRow]:
    """Referrers by what their friends' purchases of a period are worth."""
    return await queries.ranking(tx, rules.span(*days), cursor=cursor, limit=limit)


@router.get(
    "/api/console/referral/referrers/export",
    operation_id="exportReferrers",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export_referrers(tx: TxDep, who: Reader, days: Days) -> Response:
    """All referrers of a period as CSV; the audit log keeps who took it."""
    table_taken(tx.merchant, who)
    table = await service.export_referrers(tx, who, *days)
    name = "-".join(["referrers", *(day.isoformat() for day in days if day)])
    return Response(
        table,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/api/console/referral/referrers/{fan_id}", operation_id="getReferrer")
async def get_referrer(tx: TxDep, _: Reader, fan_id: PathId) -> TreeOut:
    """Whom a fan brought, and whom those brought."""
    return await queries.tree(tx, fan_id)


@router.get("/api/console/referral/odd", operation_id="listOddReferrals")
async def list_odd(
    tx: TxDep,
    _: Reader,
    state: BondState | None = None,
    cursor: Cursor = None,
    limit: Limit = 30,
) -> Page[OddOut]:
    """Friends that look like the referrer themself."""
    return await queries.odd(tx, state=state, cursor=cursor, limit=limit)


@router.post("/api/console/referral/odd/{bond_id}/decide", operation_id="decideReferral")
async def decide(tx: TxDep, who: Writer, bond_id: PathId, wanted: DecideIn) -> Ok:
    """Say whether what looks odd is honest."""
    await service.decide(tx, who, bond_id, approve=wanted.approve, reason=wanted.reason)
    return OK


@router.get("/api/console/referral/debts", operation_id="listReferralDebts")
async def list_debts(tx: TxDep, _: Reader) -> Page[RewardOut]:
    """Rewards whose purchase went back after the coupon was used."""
    return Page(items=await queries.debts(tx), next=None)


@router.post("/api/console/referral/debts/forgive", operation_id="forgiveReferralDebt")
async def forgive(tx: TxDep, who: Writer, wanted: ForgiveIn) -> Ok:
    """Let a debt go."""
    await service.forgive(tx, who, wanted.order_no, wanted.side, wanted.reason)
    return OK


@router.get("/api/shop/referral/mine", operation_id="getMyReferral")
async def get_mine(tx: TxDep, who: Fan, request: Request) -> MyReferral:
    """The fan's own page of 推荐有礼."""
    await service.note_device(tx, who.id, _device(request))
    rules = await service.load(tx)
    return await queries.mine(tx, who.id, rules, service.link_code(tx, who.id))


@router.post("/api/shop/referral/arrive", operation_id="arriveByReferral")
async def arrive(tx: TxDep, who: Fan, wanted: ArriveIn, request: Request) -> ArriveOut:
    """A fan opened a friend's link."""
    found = await service.arrive(
        tx, who.id, wanted.code, product_id=wanted.product_id, device=_device(request)
    )
    zh, en = _SAID[found]
    return ArriveOut(arrival=found, message=en if language.get() == "en" else zh)


@router.get(
    "/api/shop/referral/landing/{code}",
    operation_id="getReferralLanding",
    dependencies=[Depends(anyone()), Depends(LOOKS)],
)
async def get_landing(tx: TxDep, code: str) -> LandingOut:
    """Who sent the link, and what a first purchase brings."""
    referrer = await service.owner_of(tx, code)
    return await queries.landing(tx, referrer, await service.load(tx))


@router.get(
    "/api/shop/referral/posters/{code}",
    operation_id="getReferralPoster",
    dependencies=[Depends(anyone()), Depends(LOOKS)],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def get_poster(tx: TxDep, code: str, settings: SettingsDep) -> Response:
    """The fan's link as a picture to keep or print."""
    referrer = await service.owner_of(tx, code)
    found = await queries.landing(tx, referrer, await service.load(tx))
    english = language.get() == "en"
    name = found.name or ("A friend" if english else "好友")
    title = f"{name} recommends" if english else f"{name} 推荐给你"
    url = f"{settings.public_url.rstrip('/')}/m/{tx.merchant}/shop/#/r/{code}"
    picture = channels.code_picture(url, title, found.gift)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "max-age=300"})


@router.get(
    "/api/shop/referral/posters/{code}/products/{product_id}",
    operation_id="getReferralProductPoster",
    dependencies=[Depends(anyone()), Depends(LOOKS)],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def get_product_poster(
    db: DbDep,
    merchant: MerchantDep,
    storage: StorageDep,
    settings: SettingsDep,
    code: str,
    product_id: PathId,
) -> Response:
    """A product with the fan's own link on one picture: who opens it came by them."""
    async with db.merchant(merchant) as tx:
        name = await queries.name_of(tx, await service.owner_of(tx, code))
        kit = await catalog.share_kit(tx, product_id)
    picture = await storage.get(kit.cover)
    url = f"{settings.public_url.rstrip('/')}/m/{merchant}/shop/#/r/{code}/{product_id}"
    poster = channels.poster_of(kit, url, name)
    drawn = await anyio.to_thread.run_sync(channels.product_poster, poster, picture)
    return Response(drawn, media_type="image/png", headers={"Cache-Control": "max-age=300"})


def _device(request: Request) -> str:
    """Network and phone as a keyed digest: alike or not, and nothing else."""
    address = request.client.host if request.client else ""
    return blind(f"{address}|{request.headers.get('user-agent', '')}")[:32]


def _rules_out(rules: Rules) -> ReferralRulesIO:
    return ReferralRulesIO.model_validate(rules, from_attributes=True)
