"""What the console sends to and gets about what channel codes cost."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.kernel.http import In, Out


class CodeCostIn(In):
    """A cost to book: the same for each day from first to last, both included."""

    first: date
    last: date
    amount_fen: Annotated[int, Field(strict=True, ge=1, le=100_000_000_00)]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class CodeCostOut(Out):
    """A cost and who booked it."""

    id: int
    first: date
    last: date
    amount_fen: int
    note: str
    booked_by: str
    """empty = a program, or the upgrade that gave costs their days"""
    booked_at: datetime
