"""What the console gets and sends about purchases made elsewhere before."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from tiefen.fans.values import Dates, Decimals, PastFault, PastField, PastImportState
from tiefen.kernel.http import In, Out
from tiefen.kernel.text import OneLine


class PastMapping(In):
    """How a file is read: where it comes from, which column (from 0) is what, its way of writing."""

    source: Annotated[OneLine, Field(min_length=1, max_length=40)]
    columns: Annotated[dict[PastField, Annotated[int, Field(ge=0, le=60)]], Field(max_length=12)]
    dates: Dates = Dates.YMD
    decimals: Decimals = Decimals.POINT


class PastFaultOut(Out):
    """A kind of fault, and on how many lines."""

    fault: PastFault
    lines: int


class PastImportOut(Out):
    """One file of purchases: how it is read, how far it is, what it comes to."""

    id: int
    state: PastImportState
    source: str
    file_name: str
    heading: list[str]
    sample: list[list[str]]
    """the first lines, masked"""
    columns: dict[PastField, int]
    dates: Dates
    decimals: Decimals
    lines: int
    looked_at: int
    good: int
    wrong: int
    known: int
    """there already"""
    added: int
    of_fans: int
    """lines whose customer is a fan"""
    amount_fen: int
    first_on: date | None
    last_on: date | None
    faults: list[PastFaultOut]
    stalled: bool
    """at work, and not moved for minutes"""
    staff_name: str
    started_at: datetime
    ended_at: datetime | None


class PastImportsOut(Out):
    """The newest imports first, sources that were named before, and who is no fan yet."""

    imports: list[PastImportOut]
    sources: list[str]
    waiting_customers: int
    waiting_purchases: int
