"""What reviews and codes send and take."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import In, Out
from tiefen.kernel.text import OneLine, Prose


class ReplyInput(In):
    """The merchant's answer."""

    words: Annotated[Prose, Field(min_length=1, max_length=500)]


class HideInput(In):
    """Why a review is hidden; staff read it, fans do not."""

    reason: Annotated[OneLine, Field(min_length=2, max_length=200)]


class ReviewOut(Out):
    """A review as everybody reads it."""

    id: int
    author: str
    spec_text: str
    stars: int
    words: str
    image_urls: list[str]
    reply: str
    written_at: datetime


class ConsoleReview(ReviewOut):
    """A review as staff see it."""

    product_id: int
    product_name: str
    order_no: str
    hidden: bool
    hide_reason: str
    replied_at: datetime | None


class PoolInput(In):
    """Codes to load, one each."""

    codes: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=200)]],
        Field(min_length=1, max_length=5_000),
    ]


class PoolOut(Out):
    """What is left in a pool after loading."""

    added: int
    left: int
