"""What analytics hears: everything the overview counts."""

from tiefen.analytics import service
from tiefen.analytics.values import FactKind
from tiefen.fans import service as fans
from tiefen.fans.events import FanFollowed, FanScanned, FanUnfollowed
from tiefen.kernel.db import Tx
from tiefen.kernel.events import on
from tiefen.orders.events import OrderPaid, OrderPlaced, OrderReceived, OrderRefunded
from tiefen.wechat.events import MenuClicked, MessageReceived


@on(FanFollowed)
async def fan_followed(tx: Tx, event: FanFollowed) -> None:
    """A follow; through a code it is a scan too, and the first one is a new fan."""
    ref = f"{event.app_id}:{event.openid}:{int(event.at.timestamp())}"
    if event.scene:
        service.note_fact(tx, FactKind.SCAN, ref, fan_id=event.fan_id, at=event.at)
    service.note_fact(tx, FactKind.FOLLOW, ref, fan_id=event.fan_id, at=event.at)
    if event.first:
        ref = f"fan:{event.fan_id}"
        service.note_fact(tx, FactKind.NEW_FAN, ref, fan_id=event.fan_id, at=event.at)


@on(FanScanned)
async def fan_scanned(tx: Tx, event: FanScanned) -> None:
    """A follower scanned a code."""
    ref = f"{event.app_id}:{event.openid}:{event.scene}:{int(event.at.timestamp())}"
    service.note_fact(tx, FactKind.SCAN, ref, fan_id=event.fan_id, at=event.at)


@on(FanUnfollowed)
async def fan_unfollowed(tx: Tx, event: FanUnfollowed) -> None:
    """A leave."""
    ref = f"fan:{event.fan_id}:{event.at.isoformat()}"
    service.note_fact(tx, FactKind.UNFOLLOW, ref, fan_id=event.fan_id, at=event.at)


@on(MessageReceived)
async def message_received(tx: Tx, event: MessageReceived) -> None:
    """A fan wrote to us."""
    await _contact(tx, event.app_id, event.openid, f"msg:{event.msg_id}", event)


@on(MenuClicked)
async def menu_clicked(tx: Tx, event: MenuClicked) -> None:
    """A fan tapped the menu."""
    await _contact(tx, event.app_id, event.openid, f"menu:{event.key}", event)


@on(OrderPlaced)
async def order_placed(tx: Tx, event: OrderPlaced) -> None:
    """An order was placed."""
    service.note_fact(
        tx,
        FactKind.PLACED,
        f"order:{event.order_id}",
        fan_id=event.fan_id,
        at=event.at,
        amount_fen=event.total_fen,
    )


@on(OrderPaid)
async def order_paid(tx: Tx, event: OrderPaid) -> None:
    """An order was paid."""
    service.note_fact(
        tx,
        FactKind.PAID,
        f"order:{event.order_id}",
        fan_id=event.fan_id,
        at=event.at,
        amount_fen=event.total_fen,
    )


@on(OrderReceived)
async def order_received(tx: Tx, event: OrderReceived) -> None:
    """An order arrived."""
    ref = f"order:{event.order_id}"
    service.note_fact(tx, FactKind.RECEIVED, ref, fan_id=event.fan_id, at=event.at)


@on(OrderRefunded)
async def order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Money went back."""
    service.note_fact(
        tx,
        FactKind.REFUND,
        f"order:{event.order_id}:{event.at.isoformat()}:{event.refund_fen}",
        fan_id=event.fan_id,
        at=event.at,
        amount_fen=event.refund_fen,
    )


async def _contact(
    tx: Tx, app_id: str, openid: str, what: str, event: MessageReceived | MenuClicked
) -> None:
    fan_id = await fans.resolve(tx, app_id, openid, at=event.at)
    ref = f"{app_id}:{openid}:{what}:{int(event.at.timestamp())}"
    service.note_fact(tx, FactKind.CONTACT, ref, fan_id=fan_id, at=event.at)
