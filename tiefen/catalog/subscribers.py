"""What catalog does when others announce something, and by the clock."""

from datetime import timedelta

from tiefen.catalog import service
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job
from tiefen.orders.events import OrderRefunded


@cron("catalog.shelve_due", every=timedelta(minutes=1))
async def shelve_due(db: Db, merchant: str) -> None:
    """Goods go on and off the shelf when they were told to."""
    while True:
        async with db.merchant(merchant) as tx:
            if await service.shelve_due(tx) < service.DUE_BATCH:
                return


@job("catalog.import", lane="bulk", alone=True)
async def import_goods(tx: Tx, import_id: int) -> None:
    """The next products of a table."""
    await service.import_batch(tx, import_id)


@on(OrderRefunded)
async def void_codes(tx: Tx, event: OrderRefunded) -> None:
    """Codes that were seen and paid back are nobody's any more."""
    if event.whole:
        await service.void_codes(tx, event.order_no)
