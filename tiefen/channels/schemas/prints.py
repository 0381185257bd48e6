"""What the console sends and gets for sheets and posters."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.channels.values import PrintForm, PrintLayout, PrintState
from tiefen.kernel.http import IdIn, In, Out

PrintWords = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


class PrintIn(In):
    """Codes to draw for print."""

    code_ids: list[IdIn] = Field(min_length=1, max_length=1000)
    layout: PrintLayout
    form: PrintForm = PrintForm.PDF
    title: PrintWords = ""
    words: PrintWords = ""
    picture_key: Annotated[str, Field(max_length=120)] = ""


class PrintPart(Out):
    """One finished file."""

    codes: int
    bytes: int


class PrintOut(Out):
    """A print, how far it is, and its finished files."""

    id: int
    layout: PrintLayout
    form: PrintForm
    title: str
    words: str
    total: int
    done: int
    parts: list[PrintPart]
    state: PrintState
    failure: str
    staff_name: str
    created_at: datetime
    ended_at: datetime | None
