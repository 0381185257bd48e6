"""What categories and brands send and take."""

from typing import Annotated

from pydantic import Field, StrictBool

from tiefen.catalog.schemas.shared import FileKey, PositionIn
from tiefen.kernel.http import IdIn, In, Out
from tiefen.kernel.text import OneLine


class CategoryInput(In):
    """A category as the console saves it."""

    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    parent_id: IdIn | None = None
    image_key: FileKey | None = None
    position: PositionIn = 0
    shown: StrictBool = True


class CategoryOut(Out):
    """A category; the reader builds the tree by `parent_id`."""

    id: int
    parent_id: int | None
    name: str
    image_url: str
    position: int
    shown: bool


class BrandInput(In):
    """A brand as the console saves it."""

    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    logo_key: FileKey | None = None
    position: PositionIn = 0


class BrandOut(Out):
    """A brand and how many products carry it."""

    id: int
    name: str
    logo_key: str
    logo_url: str
    position: int
    products: int
