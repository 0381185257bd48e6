"""How much waits for staff: what the overview's to-dos say."""

from sqlalchemy import func, select

from tiefen.kernel.db import Tx
from tiefen.orders.models import AfterSale, Order
from tiefen.orders.values import AfterSaleStatus, OrderStatus, Waiting


async def waiting(tx: Tx) -> Waiting:
    """Orders to ship and after-sales to decide, by the index on their status."""
    ships = (OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED)
    travels = Order.region_code != ""
    to_ship = await tx.scalar(select(func.count()).where(Order.status.in_(ships), travels))
    asked = (
        AfterSaleStatus.REQUESTED,
        AfterSaleStatus.SENT_BACK,
        AfterSaleStatus.RESENDING,
        AfterSaleStatus.ABNORMAL,
    )
    row = (
        await tx.execute(
            select(func.count(), func.coalesce(func.sum(AfterSale.amount_fen), 0)).where(
                AfterSale.status.in_(asked)
            )
        )
    ).one()
    return Waiting(to_ship=to_ship or 0, after_sales=row[0], after_sale_fen=int(row[1]))
