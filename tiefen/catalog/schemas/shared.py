"""What several chapters send and take."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.catalog.rules import file_url
from tiefen.kernel.http import Out

MAX_PRICE_FEN = 10_000_000_000
PriceFen = Annotated[int, Field(strict=True, ge=0, le=MAX_PRICE_FEN)]
PositionIn = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
FileKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}/[A-Za-z0-9_-]{8,64}\.webp$")
]
VideoKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}/[A-Za-z0-9_-]{8,64}\.mp4$")
]


class PresaleOut(Out):
    """Terms of a presale; amounts a piece, one of the two deposits is 0."""

    deposit_fen: int
    deposit_bp: int
    worth_fen: int
    """What the deposit counts for at the balance; 0 = for itself."""
    balance_from: datetime
    balance_until: datetime
    ships_by: date
    forfeits: bool
    """A balance that is not paid in time costs the deposit; else it goes back."""


class SpecOut(Out):
    """One dimension of the grid."""

    name: str
    values: list[str]
    images: list[str]
    """A picture's key for each value, empty for none; empty when no value has one."""
    image_urls: list[str]


class FileOut(Out):
    """An uploaded picture: `key` to save, `url` to show."""

    key: str
    url: str


def specs_of(raw: list[dict[str, Any]]) -> list[SpecOut]:
    """The stored specs as schema."""
    return [
        SpecOut(
            name=spec["name"],
            values=spec["values"],
            images=spec.get("images", []),
            image_urls=[file_url(key) for key in spec.get("images", [])],
        )
        for spec in raw
    ]
