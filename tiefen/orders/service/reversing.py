"""The one list of what an after-sale takes back.

Each consequence is a `Reversal`: `plan` reads and says what would change, `apply` changes exactly
what was planned. The preview plans; the decision plans under the order's lock and applies; both walk
this list. What was applied is noted, each thing once for ever. Rooms above orders add theirs with
`register`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel.db import Tx
from tiefen.orders.errors import AlreadyReversed
from tiefen.orders.models import AfterSale, AfterSaleEffect, AfterSaleLine, Order, OrderLine
from tiefen.orders.service.book import lines_of
from tiefen.orders.service.claims import leaves_nothing, parts_of
from tiefen.orders.values import AfterSaleStatus, Case, CasePart, Effect, Phase

Plan: TypeAlias = Callable[[Tx, Case], Awaitable[list[Effect]]]
Apply: TypeAlias = Callable[[Tx, Case, Sequence[Effect]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reversal:
    """One consequence of after-sales: when it takes effect, what it would do, doing it."""

    name: str
    phase: Phase
    plan: Plan
    apply: Apply


REVERSALS: list[Reversal] = []
"""In the order in which they are planned and applied: limits before stock."""


def register(reversal: Reversal) -> None:
    """Add a consequence. Raises ValueError for a name that is taken."""
    if any(one.name == reversal.name for one in REVERSALS):
        raise ValueError(f"there is a reversal {reversal.name}")
    REVERSALS.append(reversal)


async def planned(tx: Tx, case: Case, phases: Sequence[Phase]) -> list[tuple[Phase, Effect]]:
    """What would change in these phases. Nothing is changed."""
    return [
        (reversal.phase, effect)
        for phase in phases
        for reversal in REVERSALS
        if reversal.phase is phase
        for effect in await reversal.plan(tx, case)
    ]


async def carry_out(tx: Tx, after_sale: AfterSale, case: Case, phase: Phase) -> list[Effect]:
    """Plan everything of a phase, then do exactly that, and note it.

    Raises AlreadyReversed when any of it was done before; the caller's transaction must then end.
    """
    await tx.flush()
    todo = [
        (reversal, await reversal.plan(tx, case))
        for reversal in REVERSALS
        if reversal.phase is phase
    ]
    done = [effect for _, effects in todo for effect in effects]
    if done:
        rows = [
            {
                "after_sale_id": after_sale.id,
                "kind": effect.kind,
                "subject": effect.subject,
                "before": effect.before,
                "after": effect.after,
                "at": tx.now,
            }
            for effect in done
        ]
        noted = await tx.scalars(
            insert(AfterSaleEffect)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(AfterSaleEffect.kind)
        )
        if len(noted.all()) != len(rows):
            raise AlreadyReversed
    for reversal, effects in todo:
        if effects:
            await reversal.apply(tx, case, effects)
    return done


async def case_of(
    tx: Tx,
    order: Order,
    after_sale: AfterSale,
    actor: str,
    *,
    freight_fen: int | None = None,
    sellable: Mapping[int, int] | None = None,
    location_id: int | None = None,
) -> Case:
    """The after-sale as consequences see it.

    `freight_fen`: another freight than the one it holds. `sellable`: line → pieces fit for sale,
    before anybody has looked; none given: all of them.
    """
    lines = {line.id: line for line in await lines_of(tx, order)}
    parts = await parts_of(tx, after_sale)
    sends = not after_sale.refund_fen and bool(after_sale.amount_fen)
    freight = after_sale.freight_fen if freight_fen is None else freight_fen
    seen = after_sale.inspected_at is not None
    return Case(
        after_sale_no=after_sale.after_sale_no,
        order_no=order.order_no,
        order_id=order.id,
        fan_id=order.fan_id,
        kind=after_sale.kind,
        parts=tuple(
            _part(part, lines[part.order_line_id], sellable or {}, seen=seen) for part in parts
        ),
        amount_fen=0 if sends else after_sale.goods_fen + freight,
        freight_fen=0 if sends else freight,
        paid_fen=order.paid_fen,
        refunded_fen=order.refunded_fen,
        whole=await leaves_nothing(tx, order, after_sale, list(lines.values())),
        actor=actor,
        region_code=order.region_code,
        location_id=location_id,
        held=after_sale.status is not AfterSaleStatus.REQUESTED,
    )


def _part(
    part: AfterSaleLine, line: OrderLine, sellable: Mapping[int, int], *, seen: bool
) -> CasePart:
    expected = min(sellable.get(line.id, part.shipped), part.shipped)
    return CasePart(
        line_id=line.id,
        sku_id=line.sku_id,
        product_id=line.product_id,
        name=line.title,
        unshipped=part.unshipped,
        shipped=part.shipped,
        sellable=part.sellable if seen else expected,
        limit_held=line.limit_held,
        replacement_id=part.replacement_id or line.sku_id,
        amount_fen=part.amount_fen,
        gift=line.gift,
        pieces=line.quantity,
        paid_fen=line.pay_fen,
    )
