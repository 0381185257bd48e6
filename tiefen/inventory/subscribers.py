"""What inventory does when others announce something."""

from datetime import timedelta

from tiefen.catalog.events import CodesAdded, SkusCreated
from tiefen.inventory import service
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job


@on(SkusCreated)
async def open_rows(tx: Tx, event: SkusCreated) -> None:
    """New SKUs begin with no pieces, or with plenty where nothing can run out."""
    await service.open_new(tx, event.sku_ids)


@on(CodesAdded)
async def load(tx: Tx, event: CodesAdded) -> None:
    """A pool of codes grew: as many pieces came in."""
    await service.take_in(tx, event.sku_id, event.quantity, "codes")


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


@cron("inventory.count_pace", every=timedelta(hours=1), lane="bulk")
async def count_pace(db: Db, merchant: str) -> None:
    """How fast goods sell, and how long what is there lasts."""
    async with db.merchant(merchant) as tx:
        await service.count_pace(tx)


@job(service.STEP, lane="bulk", alone=True)
async def step_table(tx: Tx, import_id: int, state: str, after: int) -> None:
    """The next lines of a table of stock."""
    await service.step_table(tx, import_id, state, after)


@cron("inventory.forget_tables", every=timedelta(hours=6), lane="bulk")
async def forget_tables(db: Db, merchant: str) -> None:
    """Tables nobody ran, and lines of those that are long over."""
    async with db.merchant(merchant) as tx:
        await service.forget_tables(tx)
