"""A draft promotion tried on the real orders of the last ninety days, batch by batch."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.orders.models import Replay
from tiefen.promotion import service as promotion
from tiefen.promotion.values import PastOrder, Tried

WINDOW = timedelta(days=90)
BATCH = 200
SHOWN = 20
_PAST = text(
    """
    SELECT o.id, o.order_no, o.fan_id, o.quote, o.placed_at,
        (SELECT count(*) FROM orders p WHERE p.fan_id = o.fan_id AND p.paid_at < o.placed_at)
            AS earlier,
        (SELECT count(*) FROM orders p WHERE p.fan_id = o.fan_id AND p.paid_at < o.placed_at
            AND p.placed_at >= :since) AS earlier_in_window
    FROM orders o
    WHERE o.id > :after AND o.placed_at >= :since AND o.paid_at IS NOT NULL
    ORDER BY o.id LIMIT :batch
    """
)


async def start_replay(tx: Tx, actor: StaffActor, promotion_id: int) -> Replay:
    """Try a promotion's draft on the orders of the last ninety days. Raises PromotionMissing."""
    made = Replay(
        promotion_id=promotion_id,
        body=await promotion.draft_body(tx, promotion_id),
        since=tx.now - WINDOW,
        started_at=tx.now,
        started_by=actor.id,
    )
    tx.add(made)
    await tx.flush()
    later(tx, "orders.replay", replay_id=made.id)
    return made


async def replay_batch(tx: Tx, replay_id: int) -> None:
    """Try the next orders, and come again while there are more. Memory holds one batch."""
    row = await tx.get(Replay, replay_id, with_for_update=True)
    if row is None or row.finished_at is not None:
        return
    found = (
        await tx.execute(_PAST, {"after": row.after_id, "since": row.since, "batch": BATCH})
    ).all()
    joined = await fans.trade_facts(tx, [order.fan_id for order in found])
    past = [
        PastOrder(
            order.order_no,
            order.fan_id,
            order.quote,
            order.placed_at,
            joined[order.fan_id].joined_at if order.fan_id in joined else None,
            order.earlier,
            order.earlier_in_window,
        )
        for order in found
    ]
    draft = promotion.rule_of(row.promotion_id, 0, row.body)
    _add(row, await promotion.try_on(tx, draft, past))
    if found:
        row.after_id = found[-1].id
    if len(found) < BATCH:
        row.finished_at = tx.now
    else:
        later(tx, "orders.replay", replay_id=row.id)


def _add(row: Replay, tried: Sequence[Tried]) -> None:
    """Add a batch to the sums; keep the orders that change the most."""
    for one in tried:
        row.orders += 1
        row.changed += one.before_fen != one.after_fen
        row.before_fen += one.before_fen
        row.after_fen += one.after_fen
        if one.margin_before_fen is None or one.margin_after_fen is None:
            row.unknown += 1
        else:
            row.margin_before_fen += one.margin_before_fen
            row.margin_after_fen += one.margin_after_fen
    less = [one for one in tried if one.after_fen < one.before_fen]
    more = [one for one in tried if one.after_fen > one.before_fen]
    row.winners = _most([*row.winners, *map(_shown, less)])
    row.losers = _most([*row.losers, *map(_shown, more)])


def _shown(one: Tried) -> list[Any]:
    return [one.order_no, one.before_fen, one.after_fen]


def _most(found: Iterable[list[Any]]) -> list[Any]:
    return sorted(found, key=lambda one: (-abs(one[2] - one[1]), one[0]))[:SHOWN]
