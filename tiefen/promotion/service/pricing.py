"""Prices for carts, and the counters behind purchase limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import LimitReached
from tiefen.promotion.models import DEFAULT_TEMPLATE, FreightTemplate, PurchaseCount
from tiefen.promotion.service import book
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Costs,
    Freight,
    LossRule,
    Problem,
    ProblemKind,
    Quote,
)
from tiefen.team import service as team

_TAKE = text(
    """
    INSERT INTO purchase_count (fan_id, product_id, quantity)
    SELECT CAST(:fan AS bigint), CAST(:product AS bigint), CAST(:quantity AS int)
    WHERE CAST(:quantity AS int) <= CAST(:limit AS int)
    ON CONFLICT (fan_id, product_id)
    DO UPDATE SET quantity = purchase_count.quantity + excluded.quantity
    WHERE purchase_count.quantity + excluded.quantity <= CAST(:limit AS int)
    RETURNING quantity
    """
)
_GIVE_BACK = text(
    "UPDATE purchase_count SET quantity = quantity - :quantity"
    " WHERE fan_id = :fan AND product_id = :product"
)


async def quote(tx: Tx, fan_id: int, lines: Sequence[tuple[int, int]], at: datetime) -> Quote:
    """Price `lines` (sku_id, quantity; each SKU once) for a fan at a moment.

    Lines that cannot be ordered are left out of the sum and explained in `problems`. `at` decides
    which rules are in force.
    """
    briefs = await catalog.skus(tx, [sku_id for sku_id, _ in lines])
    problems = [
        Problem(ProblemKind.GONE, sku_id, 0, _name(briefs.get(sku_id)), 0, 0)
        for sku_id, _ in lines
        if sku_id not in briefs or not briefs[sku_id].on_shelf
    ]
    gone = {problem.sku_id for problem in problems}
    state = await book.opened(tx)
    wanted = tuple(
        book.basis_line(briefs[sku_id], quantity)
        for sku_id, quantity in lines
        if sku_id not in gone
    )
    (looked,) = await book.looked_at(tx, state.book, [(fan_id, wanted)], at)
    basis = Basis(
        rules=rules.VERSION,
        lines=wanted,
        freight=state.freight,
        at=at,
        fan=looked.fan,
        groups=looked.groups,
        versions=tuple((rule.id, rule.version) for rule in looked.rules),
        gifts=looked.gifts,
    )
    problems += await _over_limits(tx, fan_id, basis.lines)
    priced = rules.quote(basis, tuple(problems), looked.rules)
    return guarded(priced, state.costs)


def guarded(priced: Quote, costs: Costs) -> Quote:
    """The quote with what it brings, and a problem if it may not lose money but would."""
    margin_fen = rules.margin(priced, costs)
    problems = priced.problems
    if margin_fen is not None and margin_fen < 0 and costs.loss_rule is LossRule.REFUSE:
        first = priced.lines[0]
        loss = Problem(ProblemKind.LOSS, first.sku_id, first.product_id, first.product_name, 0, 0)
        problems = (*problems, loss)
    return replace(priced, margin_fen=margin_fen, problems=problems)


async def replay(tx: Tx, kept: dict[str, Any]) -> Quote:
    """Compute a stored quote again, with the versions of rules it was made with."""
    return rules.replay(kept, await book.versions(tx, rules.basis_of(kept).versions))


async def take_limits(tx: Tx, fan_id: int, wanted: Sequence[BasisLine]) -> None:
    """Count the pieces of limited products against their limits.

    Raises LimitReached. Rows are taken in product order.
    """
    for product_id, (total, line) in sorted(_limited(wanted).items()):
        limit = line.purchase_limit or 0
        taken = await tx.scalar(
            _TAKE,
            {"fan": fan_id, "product": product_id, "quantity": total, "limit": limit},
        )
        if taken is None:
            bought = await _bought(tx, fan_id, [product_id])
            raise LimitReached(
                field="lines",
                product_id=product_id,
                name=line.product_name,
                limit=limit,
                left=max(limit - bought.get(product_id, 0), 0),
            )


async def limits_left(tx: Tx, fan_id: int, limits: Mapping[int, int]) -> dict[int, int]:
    """Product → pieces this fan may still buy, for products with these limits."""
    if not limits:
        return {}
    bought = await _bought(tx, fan_id, limits)
    return {
        product_id: max(limit - bought.get(product_id, 0), 0)
        for product_id, limit in limits.items()
    }


async def give_back_limits(tx: Tx, fan_id: int, pieces: Iterable[tuple[int, int]]) -> None:
    """Uncount pieces of orders that were closed or refunded; `pieces` are (product_id, quantity)."""
    for product_id, quantity in sorted(pieces):
        if quantity:
            await tx.execute(
                _GIVE_BACK, {"fan": fan_id, "product": product_id, "quantity": quantity}
            )


async def freight(tx: Tx) -> Freight:
    """The merchant's freight rule; free as long as none was saved."""
    template = await tx.get(FreightTemplate, DEFAULT_TEMPLATE)
    return Freight(template.fee_fen, template.free_from_fen) if template else Freight(0, None)


async def save_freight(tx: Tx, actor: StaffActor, wanted: Freight) -> Freight:
    """Change the freight rule; orders already placed keep theirs."""
    before = await freight(tx)
    template = await tx.get(FreightTemplate, DEFAULT_TEMPLATE, with_for_update=True)
    if template is None:
        template = FreightTemplate(id=DEFAULT_TEMPLATE)
        tx.add(template)
    template.fee_fen = wanted.fee_fen
    template.free_from_fen = wanted.free_from_fen
    template.updated_at = tx.now
    await team.record_audit(
        tx,
        actor,
        "promotion.save_freight",
        "freight",
        before={"fee_fen": before.fee_fen, "free_from_fen": before.free_from_fen},
        after={"fee_fen": wanted.fee_fen, "free_from_fen": wanted.free_from_fen},
    )
    return wanted


async def _over_limits(tx: Tx, fan_id: int, wanted: Sequence[BasisLine]) -> list[Problem]:
    limited = _limited(wanted)
    if not limited:
        return []
    bought = await _bought(tx, fan_id, limited)
    problems = []
    for product_id, (total, line) in sorted(limited.items()):
        limit = line.purchase_limit or 0
        left = max(limit - bought.get(product_id, 0), 0)
        if total > left:
            problems.append(
                Problem(
                    ProblemKind.LIMIT,
                    line.sku_id,
                    product_id,
                    line.product_name,
                    limit,
                    left,
                )
            )
    return problems


async def _bought(tx: Tx, fan_id: int, product_ids: Iterable[int]) -> dict[int, int]:
    rows = await tx.execute(
        select(PurchaseCount.product_id, PurchaseCount.quantity).where(
            PurchaseCount.fan_id == fan_id,
            PurchaseCount.product_id.in_(list(product_ids)),
        )
    )
    return dict(rows.all())


def _limited(wanted: Sequence[BasisLine]) -> dict[int, tuple[int, BasisLine]]:
    """Product → (pieces wanted over all its SKUs, one of its lines), for limited products."""
    found: dict[int, tuple[int, BasisLine]] = {}
    for line in wanted:
        if line.purchase_limit is not None:
            total, _ = found.get(line.product_id, (0, line))
            found[line.product_id] = (total + line.quantity, line)
    return found


def _name(sku: SkuBrief | None) -> str:
    return sku.product_name if sku else ""
