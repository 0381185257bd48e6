"""The merchant's days. Pure: it converts moments it is given and never asks what time it is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""Where merchants live: WeChat Pay's bills, coupons and reports are cut at its midnight."""


def day_of(at: datetime) -> date:
    """The merchant's day of a moment."""
    return at.astimezone(CHINA).date()
