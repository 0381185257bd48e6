"""What referral does when orders are paid and arrive."""

from datetime import timedelta

from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron
from tiefen.orders.events import OrderPaid, OrderReceived
from tiefen.referral import service


@on(OrderPaid)
async def credit(tx: Tx, event: OrderPaid) -> None:
    """A friend's purchase counts for who brought them, and may be rewarded."""
    await service.credit(tx, event.order_no, event.fan_id, event.total_fen, event.at)


@on(OrderReceived)
async def arrived(tx: Tx, event: OrderReceived) -> None:
    """From now the days run after which a purchase is kept."""
    await service.arrived(tx, event.order_no, event.at)


@cron("referral.give_due", every=timedelta(minutes=10), lane="bulk")
async def give_due(db: Db, merchant: str) -> None:
    """Purchases that are kept by now are rewarded, batch by batch."""
    looked_at = 1
    while looked_at:
        async with db.merchant(merchant) as tx:
            looked_at = await service.give_due(tx)
    async with db.merchant(merchant) as tx:
        await service.settle_debts(tx)
