"""The merchant's days. Pure: it converts moments it is given and never asks what time it is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""Where merchants live: WeChat Pay's bills, coupons and reports are cut at its midnight."""


def china_time(at: datetime) -> datetime:
    """The merchant's clock at a moment, to the second and without a zone, as a spreadsheet keeps it."""
    return at.astimezone(CHINA).replace(tzinfo=None, microsecond=0)


def day_of(at: datetime) -> date:
    """The merchant's day of a moment."""
    return at.astimezone(CHINA).date()
