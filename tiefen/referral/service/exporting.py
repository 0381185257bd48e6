"""The referrers as a file."""

from datetime import date

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.money import yuan_cell
from tiefen.kernel.sheets import write_csv
from tiefen.referral import queries, rules
from tiefen.team import service as team

_HEADINGS = (
    ("开始日期", "First day"), ("结束日期", "Last day"), ("排名", "Rank"), ("粉丝编号", "Fan"),
    ("推荐人", "Referrer"), ("带来好友", "Friends"), ("已购买", "Bought"), ("订单", "Orders"),
    ("净消费(元)", "Worth (yuan)"), ("连同好友的好友(元)", "With friends’ friends (yuan)"),
    ("已发奖励", "Rewards given"), ("待追回(元)", "Owed (yuan)"),
)  # fmt: skip


async def export_referrers(tx: Tx, actor: StaffActor, first: date | None, last: date | None) -> str:
    """Everybody who brought somebody in the period, as CSV; audited. Raises PeriodMalformed."""
    found = await queries.referrers(tx, rules.span(first, last))
    days = [day.isoformat() if day else "" for day in (first, last)]
    english = language.get() == "en"
    lines = [
        (
            *days, place, one.fan_id, one.name, one.friends, one.buyers, one.orders,
            yuan_cell(one.value_fen), yuan_cell(one.chain_value_fen), one.given,
            yuan_cell(one.owed_fen),
        )
        for place, one in enumerate(found, start=1)
    ]  # fmt: skip
    after = {"first": days[0], "last": days[1], "rows": len(lines)}
    await team.record_audit(tx, actor, "referral.referrers_exported", "referrers", after=after)
    return write_csv([[pair[english] for pair in _HEADINGS], *lines])
