"""The tables of the fans room, by chapter."""

from tiefen.fans.models.people import (
    COUNTED_SQL,
    Fan,
    Identity,
    Line,
    Merge,
    Source,
    Union,
    UsedState,
)

__all__ = [
    "COUNTED_SQL",
    "Fan",
    "Identity",
    "Line",
    "Merge",
    "Source",
    "Union",
    "UsedState",
]
