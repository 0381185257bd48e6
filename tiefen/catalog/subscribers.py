"""What catalog does by the clock."""

from datetime import timedelta

from tiefen.catalog import service
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import cron, job


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
