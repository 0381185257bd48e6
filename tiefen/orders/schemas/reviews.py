"""What reviews of order lines take, and what buyers read after paying."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.kernel.http import In, Out
from tiefen.kernel.text import Prose

_Key = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}/[A-Za-z0-9_-]{8,64}\.webp$")
]


class ReviewIn(In):
    """A buyer's word on one order line."""

    stars: Annotated[int, Field(strict=True, ge=1, le=5)]
    words: Annotated[Prose, Field(max_length=500)] = ""
    images: Annotated[list[_Key], Field(max_length=9, default_factory=list)]


class LineStars(Out):
    """A line that was reviewed."""

    line_id: int
    stars: int


class GivenOut(Out):
    """What a buyer reads after paying: a text or course (sanitised), and codes."""

    line_id: int
    title: str
    html: str
    codes: list[str]
