"""What is kept how long: pushes and sent messages hold people's words and ids, and are not kept for ever."""

from datetime import timedelta

from sqlalchemy import text

from tiefen.kernel.db import Db
from tiefen.kernel.jobs import cron

KEPT = timedelta(days=180)
AT_ONCE = 5_000

# Payment notices stay: they are evidence, and their names guard money for ever.
_PUSHES = text(
    """
    DELETE FROM wechat_inbox WHERE id IN (
        SELECT id FROM wechat_inbox
        WHERE received_at < :before AND vendor_key LIKE 'push:%' ORDER BY received_at LIMIT :most)
    """
)
_MESSAGES = text(
    """
    DELETE FROM wechat_message WHERE id IN (
        SELECT id FROM wechat_message
        WHERE created_at < :before AND state <> 'queued' ORDER BY created_at LIMIT :most)
    """
)


@cron("wechat.forget_old", every=timedelta(hours=6), lane="bulk")
async def forget_old(db: Db, merchant: str) -> None:
    """Delete pushes and settled messages of more than half a year ago, a few thousand at a time."""
    async with db.merchant(merchant) as tx:
        bounds = {"before": tx.now - KEPT, "most": AT_ONCE}
        await tx.execute(_PUSHES, bounds)
        await tx.execute(_MESSAGES, bounds)
