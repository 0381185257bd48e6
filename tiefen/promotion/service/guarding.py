"""The margin guard over the whole shop: who may be sold at a loss, and what publishing would do."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, or_, select, text

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan
from tiefen.members import service as membership
from tiefen.promotion import rules
from tiefen.promotion.errors import ApprovalForbidden, LosesMoney
from tiefen.promotion.models import Coupon, CouponTemplate, Promotion
from tiefen.promotion.rules.guard import Floor, World
from tiefen.promotion.service import book
from tiefen.promotion.values import (
    LAST_GROUP,
    Costs,
    CouponStatus,
    Group,
    PromotionKind,
    Rule,
    Status,
    Target,
    TemplateStatus,
)
from tiefen.team import service as team
from tiefen.team.values import Permission

BATCH = 2_000
SHOWN = 100
"""So many SKUs a report names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A SKU that can be sold at a loss."""

    sku: SkuBrief
    floor: Floor


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of a set of rules."""

    floor_fen: int | None
    """The worst margin of a piece; None when no cost is known."""
    below: int
    """SKUs that can be sold at a loss."""
    unknown: int
    """SKUs without a cost: the guard cannot speak for them."""
    checked: int
    worst: tuple[AtRisk, ...]


async def verdict(tx: Tx, draft: Rule) -> Verdict:
    """What may happen to the goods `draft` touches once it stands among those in force."""
    standing = [rule for rule in await book.published(tx) if rule.id != draft.id]
    coupons = [rule for rule in await issuable(tx) if rule.id != draft.id]
    if draft.id < 0:
        return await _search(tx, standing, [draft], only=draft)
    return await _search(tx, [*standing, draft], coupons, only=draft)


async def issuable(tx: Tx) -> list[Rule]:
    """The coupons that fans may hold now or come to hold, as rules."""
    rows = await tx.scalars(
        select(CouponTemplate).where(
            or_(
                CouponTemplate.status == TemplateStatus.OPEN,
                exists().where(
                    Coupon.template_id == CouponTemplate.id,
                    Coupon.status == CouponStatus.HELD,
                    Coupon.ends_at > tx.now,
                ),
            )
        )
    )
    return [template_rule(row) for row in rows]


def template_rule(row: CouponTemplate) -> Rule:
    """A kind of coupon as a rule; one that counts from receipt may be good at any time."""
    terms = rules.terms_of(row.body)
    return rules.coupon_rule(row.id, row.name, row.kind, terms, row.starts_at, row.ends_at)


async def at_risk(tx: Tx, *, with_drafts: bool) -> Verdict:
    """What may happen to all goods under the promotions in force, with or without the drafts."""
    found = {rule.id: rule for rule in await book.published(tx)}
    if with_drafts:
        rows = await tx.scalars(select(Promotion).where(Promotion.status != Status.ENDED))
        for row in rows:
            if row.changed:
                found[row.id] = rules.rule_of(row.id, row.version + 1, row.body)
    coupons = {rule.id: rule for rule in await issuable(tx)}
    if with_drafts:
        drafts = await tx.scalars(
            select(CouponTemplate).where(CouponTemplate.status == TemplateStatus.DRAFT)
        )
        coupons |= {-row.id: template_rule(row) for row in drafts}
    return await _search(tx, list(found.values()), list(coupons.values()), only=None)


async def check_member_prices(tx: Tx, actor: StaffActor, because: str) -> None:
    """Level prices and points as they now stand, beside all that is in force: a loss takes a reason and the
    right, as publishing a promotion does. Raises LosesMoney, ApprovalForbidden."""
    found = await at_risk(tx, with_drafts=False)
    if found.below:
        need_approval(actor, found, because)


def need_approval(actor: StaffActor, found: Verdict, because: str) -> None:
    """Selling below cost takes a reason and the right. Raises LosesMoney, ApprovalForbidden."""
    details = {
        "count": found.below,
        "worst": yuan(-(found.floor_fen or 0)),
        "skus": [
            {
                "sku_id": one.sku.id,
                "name": f"{one.sku.product_name} {one.sku.spec_text}".strip(),
                "margin_fen": one.floor.margin_fen,
            }
            for one in found.worst[:20]
        ],
    }
    if not because:
        raise LosesMoney(field="because", **details)
    if Permission.PROMOTIONS_APPROVE not in actor.permissions:
        raise ApprovalForbidden


async def save_costs(tx: Tx, actor: StaffActor, wanted: Costs) -> Costs:
    """Change what the guard counts, and what happens to orders at a loss."""
    before = (await book.opened(tx)).costs
    await book.bump(tx)
    await tx.execute(
        text(
            "UPDATE promotion_book SET pay_fee_bp = :fee, shipping_fen = :shipping,"
            " loss_rule = :loss, commission_bp = :commission WHERE id = 1"
        ),
        {
            "fee": wanted.pay_fee_bp,
            "shipping": wanted.shipping_fen,
            "loss": wanted.loss_rule.value,
            "commission": wanted.commission_bp,
        },
    )
    await team.record_audit(
        tx,
        actor,
        "promotion.save_costs",
        "promotion_book",
        before=_shown(before),
        after=_shown(wanted),
    )
    return wanted


async def _search(
    tx: Tx, found: Sequence[Rule], coupons: Sequence[Rule], *, only: Rule | None
) -> Verdict:
    """The floors of all SKUs on sale (that `only` touches), in batches: memory stays flat.

    An order carries one coupon at most, so each is tried by itself beside the promotions.
    """
    world = await _world(tx, found)
    found = [*found, *await _level(tx, world.groups)]
    tried = [_placed(rule, world.groups) for rule in coupons]
    worst: list[AtRisk] = []
    least: int | None = None
    below = unknown = checked = 0
    async for sku in _on_sale(tx):
        line = book.basis_line(sku, 1)
        if only is not None and not rules.touches(only, line):
            continue
        floors = [rules.floor(line, found, world, tx.now)]
        floors += [
            rules.floor(line, [*found, one], world, tx.now)
            for one in tried
            if one.kind is PromotionKind.FREIGHT or rules.touches(one, line)
        ]
        known = [one for one in floors if one is not None]
        if not known:
            unknown += 1
            continue
        floor = min(known, key=lambda one: one.margin_fen)
        checked += 1
        least = floor.margin_fen if least is None else min(least, floor.margin_fen)
        if floor.margin_fen < 0:
            below += 1
            worst.append(AtRisk(sku, floor))
            if len(worst) > 2 * SHOWN:
                worst = _worst(worst)
    return Verdict(least, below, unknown, checked, tuple(_worst(worst)))


async def _level(tx: Tx, groups: Sequence[Group]) -> list[Rule]:
    """The level price that takes most off: any fan may stand on that level."""
    best = await membership.best_level_price(tx)
    if best is None:
        return []
    return [rules.level_rule(best, groups, (await book.opened(tx)).level_group_id)]


def _placed(rule: Rule, groups: Sequence[Group]) -> Rule:
    """A coupon in its group, or in the last one when that has gone."""
    there = any(one.id == rule.group_id and one.target is Target.ORDER for one in groups)
    return rule if there else replace(rule, group_id=LAST_GROUP.id)


def _worst(found: Iterable[AtRisk]) -> list[AtRisk]:
    return sorted(found, key=lambda one: (one.floor.margin_fen, one.sku.id))[:SHOWN]


async def _on_sale(tx: Tx) -> AsyncIterator[SkuBrief]:
    after = 0
    while True:
        batch = await catalog.skus_on_sale(tx, after, BATCH)
        for sku in batch:
            yield sku
        if len(batch) < BATCH:
            return
        after = batch[-1].id


async def _world(tx: Tx, found: Sequence[Rule]) -> World:
    state = await book.opened(tx)
    gifts = {
        gift.sku_id
        for rule in found
        if rule.kind is PromotionKind.GIFT
        for tier in rule.terms.tiers
        for gift in tier.gifts
    }
    items = {item.sku_id for rule in found for item in rule.terms.items}
    briefs = await catalog.skus(tx, gifts | items)
    cheapest_fen, dearest_fen = await catalog.price_range_fen(tx)
    return World(
        groups=(*await book.groups(tx), LAST_GROUP),
        freight=rules.bound(state.book.plans.values()),
        costs=state.costs,
        gift_costs={
            one: briefs[one].price_fen
            if briefs[one].cost_fen is None
            else briefs[one].cost_fen or 0
            for one in gifts
            if one in briefs
        },
        prices={one: briefs[one].price_fen for one in items if one in briefs},
        cheapest_fen=cheapest_fen,
        dearest_fen=dearest_fen,
        points=await membership.most_points(tx),
    )


def _shown(costs: Costs) -> dict[str, object]:
    return {
        "pay_fee_bp": costs.pay_fee_bp,
        "shipping_fen": costs.shipping_fen,
        "loss_rule": costs.loss_rule.value,
        "commission_bp": costs.commission_bp,
    }
