"""Values of purchases made elsewhere before: how they come in, and what is scored from all purchases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PastImportState(StrEnum):
    """How an import of purchases is."""

    READING = "reading"
    """the file is on its way in"""
    READY = "ready"
    """kept; it has not been tried out as it is mapped now"""
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    STOPPED = "stopped"
    """by a person; can go on"""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class PastField(StrEnum):
    """What a column of the file can be."""

    NUMBER = "number"
    AT = "at"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    CUSTOMER = "customer"
    """the merchant's own number of the customer"""
    PHONE = "phone"
    OPENID = "openid"
    UNIONID = "unionid"
    PRODUCT = "product"
    CATEGORY = "category"
    NOTE = "note"


KEYS = (PastField.CUSTOMER, PastField.UNIONID, PastField.OPENID, PastField.PHONE)
"""Columns that say whose a purchase is; the first of them that a line has tells customers apart."""


class Dates(StrEnum):
    """In which order a day is written; 20260401 and 2026-04-01 need no word."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


class Decimals(StrEnum):
    """What stands before the fen: 1,234.50 or 1.234,50."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this file writes days and amounts."""

    dates: Dates = Dates.YMD
    decimals: Decimals = Decimals.POINT


Columns = Mapping[PastField, int]
"""Which column of the file is what, from 0."""


class PastFault(StrEnum):
    """What can be wrong with a line."""

    NUMBER_MISSING = "number_missing"
    NUMBER_LONG = "number_long"
    CUSTOMER_MISSING = "customer_missing"
    CUSTOMER_LONG = "customer_long"
    PHONE = "phone"
    TIME_MISSING = "time_missing"
    TIME = "time"
    TIME_AHEAD = "time_ahead"
    AMOUNT_MISSING = "amount_missing"
    AMOUNT = "amount"
    AMOUNT_BELOW = "amount_below"
    """below zero: a refund is no purchase"""
    QUANTITY = "quantity"
    REPEATED = "repeated"
    """the number stands in the file before"""
    DIFFERS = "differs"
    """an earlier import knows this number with another customer, time or amount"""


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line of the file that can be read."""

    line: int
    number: str
    at: datetime
    amount_fen: int
    quantity: int
    kind: PastField
    """of the key that tells customers apart"""
    key: str
    openid: str | None
    unionid: str | None
    phone: str | None
    product: str
    category: str
    note: str


@dataclass(frozen=True, slots=True)
class WrongLine:
    """A line that is left out, and why."""

    line: int
    faults: tuple[PastFault, ...]


class RfmGroup(StrEnum):
    """The eight classical groups: whether recency, frequency and money are each high."""

    CHAMPION = "champion"
    """high, high, high: 重要价值"""
    GROW = "grow"
    """high, low, high: 重要发展"""
    KEEP = "keep"
    """low, high, high: 重要保持"""
    WIN_BACK = "win_back"
    """low, low, high: 重要挽留"""
    LOYAL = "loyal"
    """high, high, low: 一般价值"""
    NEW = "new"
    """high, low, low: 一般发展"""
    FADING = "fading"
    """low, high, low: 一般保持"""
    GONE = "gone"
    """low, low, low: 一般挽留"""


GROUPS: Mapping[tuple[bool, bool, bool], RfmGroup] = {
    (True, True, True): RfmGroup.CHAMPION,
    (True, False, True): RfmGroup.GROW,
    (False, True, True): RfmGroup.KEEP,
    (False, False, True): RfmGroup.WIN_BACK,
    (True, True, False): RfmGroup.LOYAL,
    (True, False, False): RfmGroup.NEW,
    (False, True, False): RfmGroup.FADING,
    (False, False, False): RfmGroup.GONE,
}
"""By whether R, F and M are high."""
HIGH = 4
"""A score from here on is high."""
REPEAT_DAYS = (30, 60, 90, 180)
COHORT_MONTHS = 24
"""How many months after its first a cohort is followed."""
COHORTS = 36
"""How many cohorts are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Of those who first bought at least `days` days ago, who bought on another day within them."""

    days: int
    buyers: int
    again: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who first bought in a month, and how many of them bought in each month since, that one first."""

    month: date
    buyers: int
    back: tuple[int, ...]


PAST_FAULT_WORDS: Mapping[PastFault, tuple[str, str]] = {
    PastFault.NUMBER_MISSING: ("没有订单号", "no order number"),
    PastFault.NUMBER_LONG: ("订单号超过 64 个字", "the order number is longer than 64 characters"),
    PastFault.CUSTOMER_MISSING: (
        "认不出顾客：客户编号、手机号、openid、unionid 都是空的",
        "no customer: customer number, phone, openid and unionid are all empty",
    ),
    PastFault.CUSTOMER_LONG: (
        "顾客编号超过 128 个字",
        "the customer's key is longer than 128 characters",
    ),
    PastFault.PHONE: (
        "手机号不是 11 位（带星号的认不出顾客）",
        "no mobile number of 11 digits (a masked one tells nobody apart)",
    ),
    PastFault.TIME_MISSING: ("没有时间", "no time"),
    PastFault.TIME: (
        "时间读不懂，应如 2026-04-01 12:30:00",
        "the time cannot be read; write 2026-04-01 12:30:00",
    ),
    PastFault.TIME_AHEAD: ("时间在将来", "the time is in the future"),
    PastFault.AMOUNT_MISSING: ("没有金额", "no amount"),
    PastFault.AMOUNT: (
        "金额读不懂，应如 19.90，最多两位小数",
        "the amount cannot be read; write 19.90, with two decimals at most",
    ),
    PastFault.AMOUNT_BELOW: ("金额小于 0：退款不是购买", "below zero: a refund is no purchase"),
    PastFault.QUANTITY: ("数量应是整数", "the quantity is no whole number"),
    PastFault.REPEATED: (
        "文件里前面已有这个订单号（一单多行？请按订单导出）",
        "the number stands in the file before (several lines an order? export by order)",
    ),
    PastFault.DIFFERS: (
        "以前导入过这个订单号，但顾客、时间或金额不同",
        "an earlier import has this number with another customer, time or amount",
    ),
}
"""What the file of wrong lines says, in Chinese and English."""
