"""What channels hear: follows, scans, leaves, and what the fans of a code bought."""

from datetime import timedelta

from tiefen.channels import service
from tiefen.channels.values import SCENE_PREFIX, TouchKind
from tiefen.fans.events import FanFollowed, FanScanned, FanUnfollowed
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, outward_job
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded


@on(FanFollowed)
async def fan_followed(tx: Tx, event: FanFollowed) -> None:
    """A follow, through a code or by themselves."""
    ref = f"follow:{event.app_id}:{event.openid}:{int(event.at.timestamp())}"
    await service.record_touch(
        tx, fan_id=event.fan_id, scene=event.scene, kind=TouchKind.FOLLOW, ref=ref, at=event.at
    )
    await service.fan_came_back(tx, event.fan_id)


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


@outward_job("channels.mint", lane="send")
async def mint(db: Db, merchant: str, code_id: int) -> None:
    """Have the platform make a QR code."""
    await service.mint(db, merchant, code_id)


@cron("channels.renew", every=timedelta(hours=6), lane="bulk")
async def renew(db: Db, merchant: str) -> None:
    """Temporary codes are made anew before they run out."""
    async with db.merchant(merchant) as tx:
        await service.renew(tx)
