"""What bottles do by themselves: reminders, and rewards that are owed."""

from datetime import timedelta

from tiefen.bottles import service
from tiefen.kernel.db import Db
from tiefen.kernel.jobs import cron


@cron("bottles.remind", every=timedelta(minutes=15), lane="bulk")
async def remind(db: Db, merchant: str) -> None:
    """Remind who opened a bottle a cycle ago."""
    async with db.merchant(merchant) as tx:
        await service.remind_due(tx)


@cron("bottles.pay_owed", every=timedelta(hours=1), lane="bulk")
async def pay_owed(db: Db, merchant: str) -> None:
    """Give rewards that had run out."""
    async with db.merchant(merchant) as tx:
        await service.pay_owed(tx)
