"""What members hears, and does later."""

from datetime import timedelta

from tiefen.fans.events import FansMerged, FansParted
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job
from tiefen.members import service
from tiefen.members.values import GrowthKind
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded


@on(OrderPaid)
async def paid(tx: Tx, event: OrderPaid) -> None:
    """Growth, when the merchant counts from payment; points that wait."""
    await service.note_growth(
        tx, event.fan_id, GrowthKind.PAID, event.order_no, event.total_fen, event.at
    )
    lines = [service.Paid(*line) for line in event.paid_lines]
    await service.earn_points(tx, event.fan_id, event.order_no, lines, event.at)


@on(OrderReceived)
async def received(tx: Tx, event: OrderReceived) -> None:
    """Growth, when the merchant counts from receipt; the wait of points begins to run."""
    await service.note_growth(
        tx, event.fan_id, GrowthKind.RECEIVED, event.order_no, event.total_fen, event.at
    )
    await service.start_hold(tx, event.order_no, event.at)


@on(OrderRefunded)
async def refunded(tx: Tx, event: OrderRefunded) -> None:
    """Growth goes back with the money."""
    await service.note_growth(
        tx, event.fan_id, GrowthKind.REFUNDED, event.order_no, event.refund_fen, event.at
    )


@on(FansMerged)
async def merged(tx: Tx, event: FansMerged) -> None:
    """Two records are one person: one growth, one level, one account of points."""
    await service.merge_levels(tx, event.winner_id, event.loser_id)
    key = f"join:{event.winner_id}:{event.loser_id}:{event.at.isoformat()}"
    await service.join_points(tx, event.winner_id, event.loser_id, key)


@on(FansParted)
async def parted(tx: Tx, event: FansParted) -> None:
    """One person is two again: a level for each, and each the points that are left of theirs."""
    await service.part_levels(tx, event.winner_id, event.loser_id)
    key = f"part:{event.winner_id}:{event.loser_id}:{event.at.isoformat()}"
    await service.join_points(tx, event.loser_id, event.winner_id, key, only=event.loser_id)


@job(service.APPLY, lane="bulk", alone=True)
async def apply_levels(tx: Tx, edits: int, after_id: int) -> None:
    """Put the next fans where the saved levels put them."""
    await service.apply_levels(tx, edits, after_id)


@cron("members.review", every=timedelta(hours=1), lane="bulk")
async def review(db: Db, merchant: str) -> None:
    """Orders leave the window, reviews and locks come to their day, batch by batch."""
    looked_at = 1
    while looked_at:
        async with db.merchant(merchant) as tx:
            looked_at = await service.review_due(tx)


@cron("members.points", every=timedelta(minutes=10), lane="bulk")
async def points_due(db: Db, merchant: str) -> None:
    """After-sale windows end, points run out, batch by batch."""
    looked_at = 1
    while looked_at:
        async with db.merchant(merchant) as tx:
            looked_at = await service.points_due(tx)
