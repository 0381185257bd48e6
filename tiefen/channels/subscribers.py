"""What channels hear: follows, scans, leaves, and what the fans of a code bought."""

from datetime import timedelta

from tiefen.analytics.events import FanVisited
from tiefen.bottles.events import BottleScanned
from tiefen.channels import service
from tiefen.channels.values import SCENE_PREFIX, TouchKind
from tiefen.fans.events import (
    FanArrived,
    FanFollowed,
    FanScanned,
    FansMerged,
    FansParted,
    FanUnfollowed,
    FollowersImported,
)
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job, later, outward_job
from tiefen.orders.events import OrderPaid, OrderPlaced, OrderReceived, OrderRefunded


@on(FanFollowed)
async def fan_followed(tx: Tx, event: FanFollowed) -> None:
    """A follow, through a code or by themselves."""
    ref = f"follow:{event.app_id}:{event.openid}:{int(event.at.timestamp())}"
    await service.record_touch(
        tx, fan_id=event.fan_id, scene=event.scene, kind=TouchKind.FOLLOW, ref=ref, at=event.at
    )
    await service.fan_came_back(tx, event.fan_id)


@on(FollowersImported)
async def followers_imported(tx: Tx, event: FollowersImported) -> None:
    """Followers from before came by themselves, unless the platform names a code of ours."""
    await service.record_imported(tx, event.app_id, event.people)


@on(FanUnfollowed)
async def fan_unfollowed(tx: Tx, event: FanUnfollowed) -> None:
    """A leave."""
    await service.fan_left(tx, event.fan_id)


@on(FanScanned)
async def fan_scanned(tx: Tx, event: FanScanned) -> None:
    """A follower scanned a code of ours."""
    if not event.scene.startswith(SCENE_PREFIX):
        return
    ref = f"scan:{event.app_id}:{event.openid}:{event.scene}:{int(event.at.timestamp())}"
    await service.record_touch(
        tx, fan_id=event.fan_id, scene=event.scene, kind=TouchKind.SCAN, ref=ref, at=event.at
    )


@on(FanArrived)
async def fan_arrived(tx: Tx, event: FanArrived) -> None:
    """A fan signed in: the visits of their browser by links are theirs."""
    if event.visitor:
        await service.join_visits(tx, event.fan_id, event.visitor)
    if event.scene:
        await service.record_arrival(tx, event.fan_id, event.scene)


@on(BottleScanned)
async def bottle_scanned(tx: Tx, event: BottleScanned) -> None:
    """A fan scanned a bottle: its batch is a channel."""
    await service.record_visit(tx, event.fan_id, event.scene, event.at)


@on(OrderPaid)
async def order_paid(tx: Tx, event: OrderPaid) -> None:
    """A paid order counts for the buyer's first code."""
    await service.credit_order(
        tx,
        order_id=event.order_id,
        order_no=event.order_no,
        fan_id=event.fan_id,
        paid_fen=event.total_fen,
        at=event.at,
    )


@on(OrderReceived)
async def order_received(tx: Tx, event: OrderReceived) -> None:
    """A credited order arrived."""
    await service.credit_received(tx, order_id=event.order_id, at=event.at)


@on(OrderRefunded)
async def order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Money of a credited order went back."""
    await service.credit_refunded(tx, order_id=event.order_id, refund_fen=event.refund_fen)


@on(OrderPlaced)
async def order_placed(tx: Tx, event: OrderPlaced) -> None:
    """How far a fan has come: they placed an order."""
    await service.note_order(tx, event.fan_id, event.at)


@on(FanVisited)
async def fan_visited(tx: Tx, event: FanVisited) -> None:
    """How far a fan has come: they opened the shop."""
    await service.note_visit(tx, event.fan_id, event.at)


@on(FansMerged)
async def fans_merged(tx: Tx, event: FansMerged) -> None:
    """Two records are one person: one source, one way."""
    await service.join_people(tx, event.winner_id, event.loser_id)


@on(FansParted)
async def fans_parted(tx: Tx, event: FansParted) -> None:
    """One person is two again: a source and a way for each."""
    await service.part_people(tx, event.winner_id, event.loser_id, event.since)


@job("channels.share_all", lane="bulk")
async def share_all(tx: Tx, version: int, after_id: int) -> None:
    """Share the next orders by newly published weights."""
    await service.share_all(tx, version, after_id)


@job("channels.see_past", lane="bulk")
async def see_past(tx: Tx, part: str = "orders", after_id: int = 0) -> None:
    """After the upgrade that brought shares: share and see what was before, batch by batch."""
    go_on = await service.see_again(tx, part, after_id)
    if go_on is not None:
        later(tx, "channels.see_past", part=go_on[0], after_id=go_on[1])


@outward_job("channels.mint", lane="send")
async def mint(db: Db, merchant: str, code_id: int) -> None:
    """Have the platform make a QR code."""
    await service.mint(db, merchant, code_id)


@outward_job("channels.mint_batch", lane="bulk")
async def mint_batch(db: Db, merchant: str, batch_id: int) -> None:
    """Have the platform make the QR codes of a batch, some at a time."""
    await service.mint_batch(db, merchant, batch_id)


@outward_job("channels.print_part", lane="bulk")
async def print_part(db: Db, merchant: str, print_id: int) -> None:
    """Draw the next file of a print."""
    await service.print_part(db, merchant, print_id)


@cron("channels.forget_prints", every=timedelta(hours=12), lane="bulk")
async def forget_prints(db: Db, merchant: str) -> None:
    """Files that were drawn for print are kept for a week."""
    await service.forget_prints(db, merchant)


@cron("channels.forget_visits", every=timedelta(hours=3), lane="bulk")
async def forget_visits(db: Db, merchant: str) -> None:
    """Visits nobody can be joined to any more are cleared away."""
    async with db.merchant(merchant) as tx:
        await service.forget_visits(tx)


@cron("channels.renew", every=timedelta(hours=6), lane="bulk")
async def renew(db: Db, merchant: str) -> None:
    """Temporary codes are made anew before they run out."""
    async with db.merchant(merchant) as tx:
        await service.renew(tx)
