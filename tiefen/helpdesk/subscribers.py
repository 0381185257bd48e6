"""What helpdesk hears: what was answered, what was written, what was paid."""

from tiefen.helpdesk import service
from tiefen.helpdesk.events import Answered
from tiefen.inventory.events import StockLow
from tiefen.kernel.db import Tx
from tiefen.kernel.events import on
from tiefen.members.events import LevelChanged
from tiefen.orders.events import AfterSaleMoved, OrderNudged, OrderPaid
from tiefen.wechat.events import MessageReceived


@on(Answered)
async def answered(tx: Tx, event: Answered) -> None:
    """Keep what was said, and say the rest."""
    await service.note_answer(tx, event)


@on(MessageReceived)
async def message_received(tx: Tx, event: MessageReceived) -> None:
    """Keep what a fan wrote, also when nothing answered it."""
    await service.note_message(tx, event)


@on(OrderPaid)
async def order_paid(tx: Tx, event: OrderPaid) -> None:
    """Managers hear of a paid order on their phones."""
    await service.push_order(
        tx,
        order_no=event.order_no,
        fan_id=event.fan_id,
        total_fen=event.total_fen,
        quantity=event.quantity,
        at=event.at,
    )


@on(StockLow)
async def stock_low(tx: Tx, event: StockLow) -> None:
    """Managers hear once of what runs low."""
    await service.push_low_stock(
        tx,
        name=event.name,
        location=event.location,
        free=event.free,
        warn_at=event.warn_at,
        at=event.at,
    )


@on(OrderNudged)
async def order_nudged(tx: Tx, event: OrderNudged) -> None:
    """The fan hears that an order closes, or is received by itself, soon."""
    await service.remind_fan(
        tx,
        order_no=event.order_no,
        fan_id=event.fan_id,
        about=event.about,
        until=event.until,
        total_fen=event.total_fen,
        name=event.name,
    )


@on(AfterSaleMoved)
async def after_sale_moved(tx: Tx, event: AfterSaleMoved) -> None:
    """The fan hears that the request has arrived, and of each step the other side took."""
    await service.tell_after_sale(
        tx,
        after_sale_no=event.after_sale_no,
        fan_id=event.fan_id,
        action=event.action,
        amount_fen=event.amount_fen,
        at=event.at,
    )


@on(LevelChanged)
async def level_changed(tx: Tx, event: LevelChanged) -> None:
    """The fan hears of another level, where the merchant has a template for it."""
    await service.tell_level(
        tx, fan_id=event.fan_id, name=event.name, up=event.up, cause=event.cause, at=event.at
    )
