"""What promotion sends and takes over HTTP."""

from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import In, Out

FeeIn = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class FreightInput(In):
    """The merchant's freight rule."""

    fee_fen: FeeIn
    free_from_fen: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] | None = None


class FreightOut(Out):
    """The merchant's freight rule; `free_from_fen` null = never free."""

    fee_fen: int
    free_from_fen: int | None
