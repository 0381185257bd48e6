"""What inventory does when others announce something."""

from datetime import timedelta

from tiefen.catalog.events import SkusCreated
from tiefen.inventory import service
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron


@on(SkusCreated)
async def open_rows(tx: Tx, event: SkusCreated) -> None:
    """New SKUs start with no pieces."""
    await service.open_rows(tx, event.sku_ids)


@cron("inventory.release_overdue", every=timedelta(minutes=5))
async def release_overdue(db: Db, merchant: str) -> None:
    """Give back what its owner failed to end."""
    async with db.merchant(merchant) as tx:
        await service.release_overdue(tx)


@cron("inventory.watch", every=timedelta(minutes=5))
async def watch(db: Db, merchant: str) -> None:
    """Tell staff what is running low, once for each fall."""
    async with db.merchant(merchant) as tx:
        await service.watch(tx)
