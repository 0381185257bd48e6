"""What promotion does later."""

from datetime import timedelta

from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job
from tiefen.members.events import LevelGiftDue
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


@on(LevelGiftDue)
async def level_gift(tx: Tx, event: LevelGiftDue) -> None:
    """The coupon of a level reached. When there is none left this is tried again, and then waits
    among the failed jobs until somebody makes more."""
    key = f"level:{event.fan_id}:{event.level_id}"
    await service.give_coupon(tx, event.fan_id, event.template_id, key, f"升级礼：{event.name}")
