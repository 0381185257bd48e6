"""Routes of promotions and the margin guard."""

from typing import Annotated

from fastapi import Depends, Query

from tiefen.kernel.auth import FanActor, StaffActor, maybe_fan, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.promotion import queries, rules, service
from tiefen.promotion.rules.guard import Floor
from tiefen.promotion.schemas import (
    CheckOut,
    CostsIO,
    GroupIO,
    GroupsIO,
    LossOut,
    PerformanceOut,
    ProductOffers,
    PromotionIn,
    PromotionOut,
    PromotionRow,
    PromotionSave,
    PublishIn,
    RiskOut,
    VerdictOut,
    say,
)
from tiefen.promotion.service.guarding import Verdict
from tiefen.promotion.values import LEVEL_RULE, Costs, Group, PromotionKind, Status
from tiefen.team.values import Permission

router = Routes(tags=["promotion"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_WRITE))]
Visitor = Annotated[FanActor | None, Depends(maybe_fan())]
Approver = Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_APPROVE))]


@router.get("/api/console/promotions", operation_id="listPromotions")
async def list_promotions(
    tx: TxDep,
    _: Reader,
    status: Status | None = None,
    kind: PromotionKind | None = None,
    q: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
    limit: Limit = 30,
) -> Page[PromotionRow]:
    """Promotions, newest first, with what they gave so far."""
    return await queries.promotions(tx, status=status, kind=kind, q=q, cursor=cursor, limit=limit)


@router.post("/api/console/promotions", operation_id="createPromotion", status_code=201)
async def create_promotion(tx: TxDep, who: Writer, wanted: PromotionIn) -> PromotionOut:
    """A new promotion as a draft."""
    made = await service.create(tx, who, wanted.rule())
    return await queries.promotion(tx, made.id)


@router.post("/api/console/promotions/check", operation_id="checkPromotion")
async def check_promotion(
    tx: TxDep, _: Writer, wanted: PromotionIn, promotion_id: Annotated[int, Query(ge=0)] = 0
) -> CheckOut:
    """A draft in one sentence, and what the margin guard says. Nothing is saved."""
    rule = wanted.rule(promotion_id)
    rules.check(rule, await service.groups(tx))
    found = await service.verdict(tx, rule)
    return CheckOut(
        sentence=say(rules.summary(rule)),
        verdict=await verdict_out(tx, found, {rule.id: rule.name}),
    )


@router.get("/api/console/promotions/{promotion_id}", operation_id="getPromotion")
async def get_promotion(tx: TxDep, _: Reader, promotion_id: PathId) -> PromotionOut:
    """One promotion with its versions."""
    return await queries.promotion(tx, promotion_id)


@router.put("/api/console/promotions/{promotion_id}", operation_id="savePromotion")
async def save_promotion(
    tx: TxDep, who: Writer, promotion_id: PathId, wanted: PromotionSave
) -> PromotionOut:
    """Change the draft; what is in force stays until the draft is published."""
    plain = PromotionIn.model_validate(wanted.model_dump(exclude={"edits"}))
    await service.save(tx, who, promotion_id, wanted.edits, plain.rule(promotion_id))
    await tx.flush()
    return await queries.promotion(tx, promotion_id)


@router.post("/api/console/promotions/{promotion_id}/publish", operation_id="publishPromotion")
async def publish_promotion(
    tx: TxDep, who: Writer, promotion_id: PathId, wanted: PublishIn
) -> PromotionOut:
    """Put the draft in force; below cost only with the right to approve, and a reason."""
    await service.publish(tx, who, promotion_id, wanted.because)
    await tx.flush()
    return await queries.promotion(tx, promotion_id)


@router.post("/api/console/promotions/{promotion_id}/end", operation_id="endPromotion")
async def end_promotion(tx: TxDep, who: Writer, promotion_id: PathId) -> PromotionOut:
    """Take it out of force for good."""
    await service.end(tx, who, promotion_id)
    await tx.flush()
    return await queries.promotion(tx, promotion_id)


@router.post(
    "/api/console/promotions/{promotion_id}/copy", operation_id="copyPromotion", status_code=201
)
async def copy_promotion(tx: TxDep, who: Writer, promotion_id: PathId) -> PromotionOut:
    """A new draft with the same text."""
    made = await service.copy(tx, who, promotion_id)
    return await queries.promotion(tx, made.id)


@router.get(
    "/api/console/promotions/{promotion_id}/performance", operation_id="getPromotionPerformance"
)
async def get_performance(tx: TxDep, _: Reader, promotion_id: PathId) -> PerformanceOut:
    """What it gave so far, and by day."""
    return await queries.performance(tx, promotion_id)


@router.get("/api/console/stacking-groups", operation_id="getStackingGroups")
async def get_groups(tx: TxDep, _: Reader) -> GroupsIO:
    """The stacking groups in their order."""
    state = await service.opened(tx)
    return _groups_out(await service.groups(tx), state.level_group_id)


@router.put("/api/console/stacking-groups", operation_id="saveStackingGroups")
async def save_groups(tx: TxDep, who: Writer, wanted: GroupsIO) -> GroupsIO:
    """Make the stacking groups these, in this order."""
    given = [Group(one.id, one.name, one.target, one.mode) for one in wanted.groups]
    kept = await service.save_groups(tx, who, given, wanted.level_group_id)
    return _groups_out(kept, wanted.level_group_id)


@router.get("/api/console/margin-guard", operation_id="getMarginGuard")
async def get_costs(tx: TxDep, _: Reader) -> CostsIO:
    """What the margin guard counts."""
    costs = (await service.opened(tx)).costs
    return CostsIO(
        pay_fee_bp=costs.pay_fee_bp,
        shipping_fen=costs.shipping_fen,
        loss_rule=costs.loss_rule,
        commission_bp=costs.commission_bp,
    )


@router.put("/api/console/margin-guard", operation_id="saveMarginGuard")
async def save_costs(tx: TxDep, who: Approver, wanted: CostsIO) -> CostsIO:
    """Change what the margin guard counts, and what happens to an order at a loss."""
    costs = Costs(wanted.pay_fee_bp, wanted.shipping_fen, wanted.loss_rule, wanted.commission_bp)
    await service.save_costs(tx, who, costs)
    return wanted


@router.get("/api/console/margin-guard/skus", operation_id="listSkusAtRisk")
async def list_at_risk(tx: TxDep, _: Reader, drafts: bool = True) -> VerdictOut:
    """SKUs that can be sold at a loss under what is in force (and the drafts), the worst first."""
    return await verdict_out(tx, await service.at_risk(tx, with_drafts=drafts), {})


@router.get("/api/console/margin-guard/orders", operation_id="listLossOrders")
async def list_losses(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 30
) -> Page[LossOut]:
    """Orders that were placed at a loss, newest first."""
    return await queries.losses(tx, cursor=cursor, limit=limit)


@router.get(
    "/api/shop/products/{product_id}/offers",
    operation_id="getProductOffers",
)
async def get_product_offers(tx: TxDep, product_id: PathId, who: Visitor) -> ProductOffers:
    """The offers that look at a product now, the prices every fan gets, and those of the level."""
    return await service.product_offers(tx, product_id, who.id if who else None)


def _groups_out(groups: tuple[Group, ...], chosen: int | None) -> GroupsIO:
    return GroupsIO(
        level_group_id=rules.level_group(groups, chosen).id,
        groups=[
            GroupIO(id=one.id, name=one.name, target=one.target, mode=one.mode) for one in groups
        ],
    )


async def verdict_out(tx: Tx, found: Verdict, known: dict[int, str]) -> VerdictOut:
    """What the guard says, with the names of promotions and coupons."""
    by = {rule_id for one in found.worst for rule_id in one.floor.by}
    names = {**await queries.names(tx, by), **await queries.template_names(tx, list(by)), **known}
    if LEVEL_RULE in by:
        names[LEVEL_RULE] = say(("会员价", "level price"))
    return VerdictOut(
        floor_fen=found.floor_fen,
        below=found.below,
        unknown=found.unknown,
        checked=found.checked,
        worst=[
            RiskOut(
                sku_id=one.sku.id,
                product_id=one.sku.product_id,
                name=f"{one.sku.product_name} {one.sku.spec_text}".strip(),
                image_url=one.sku.image_url,
                price_fen=one.sku.price_fen,
                cost_fen=one.floor.cost_fen,
                pay_fen=one.floor.pay_fen,
                extra_fen=one.floor.extra_fen,
                margin_fen=one.floor.margin_fen,
                by=_names(one.floor, names),
            )
            for one in found.worst
        ],
    )


def _names(floor: Floor, names: dict[int, str]) -> list[str]:
    return [names[rule_id] for rule_id in floor.by if rule_id in names]
