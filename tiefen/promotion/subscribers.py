"""What promotion does later."""

from datetime import timedelta

from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import cron, job
from tiefen.promotion import service


@cron("promotion.expire_coupons", every=timedelta(minutes=10), lane="bulk")
async def expire_coupons(db: Db, merchant: str) -> None:
    """Coupons whose time has run out are marked, batch by batch."""
    expired = 1
    while expired:
        async with db.merchant(merchant) as tx:
            expired = await service.expire_coupons(tx)


@job(service.GIVE, lane="bulk", alone=True)
async def give_coupons(tx: Tx, gift_id: int) -> None:
    """The next fans of a gift of coupons."""
    await service.give_batch(tx, gift_id)
