"""What catalog does by the clock."""

from datetime import timedelta

from tiefen.catalog import service
from tiefen.kernel.db import Db
from tiefen.kernel.jobs import cron


@cron("catalog.shelve_due", every=timedelta(minutes=1))
async def shelve_due(db: Db, merchant: str) -> None:
    """Goods go on and off the shelf when they were told to."""
    while True:
        async with db.merchant(merchant) as tx:
            if await service.shelve_due(tx) < service.DUE_BATCH:
                return
