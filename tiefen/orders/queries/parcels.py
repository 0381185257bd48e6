"""What waits to be sent, and what the platform knows of what was."""

from sqlalchemy import select

from tiefen.inventory import service as inventory
from tiefen.kernel.db import Tx
from tiefen.orders import rules
from tiefen.orders.models import Order, ShippingUpload
from tiefen.orders.schemas import UnsentOut, UploadOut


async def unsent_of(tx: Tx, order: Order) -> list[UnsentOut]:
    """Where the pieces lie that wait to be sent."""
    if order.status not in rules.CAN_SHIP:
        return []
    waiting = (await inventory.unsent(tx, [order.order_no]))[order.order_no]
    places = await inventory.locations(tx, {one.location_id for one in waiting})
    return [
        UnsentOut(
            sku_id=one.sku_id,
            location_id=one.location_id,
            location_name=places[one.location_id].name,
            quantity=one.quantity,
        )
        for one in waiting
    ]


async def upload_of(tx: Tx, order: Order) -> UploadOut | None:
    """What the 小程序 was told of an order's parcels."""
    found = await tx.scalar(select(ShippingUpload).where(ShippingUpload.order_id == order.id))
    return UploadOut.model_validate(found) if found else None
