"""Freight templates: what sending goods costs the buyer, by region."""

from dataclasses import dataclass
from enum import StrEnum


class FreightUnit(StrEnum):
    """What a freight template counts."""

    PIECE = "piece"
    WEIGHT = "weight"
    """Grams."""
    VOLUME = "volume"
    """Cubic centimetres."""


class FreightMix(StrEnum):
    """What an order pays whose goods have several freight templates."""

    SUM = "sum"
    """What each of them costs."""
    ONE_FIRST = "one_first"
    """The dearest first fee once; the goods of the others count as further units."""


@dataclass(frozen=True, slots=True)
class Freight:
    """One flat fee for everything."""

    fee_fen: int
    free_from_fen: int | None
    """Goods worth at least this travel free; None = never."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Regions (codes of provinces, cities or districts) and what sending there costs.

    Up to `first` units cost `first_fen`, each begun `next` more `next_fen`; `next` 0: nothing more.
    """

    regions: tuple[str, ...]
    first: int
    first_fen: int
    next: int = 0
    next_fen: int = 0
    free_from_fen: int | None = None
    """Goods of the template worth at least this travel free; None = never."""
    free_from_pieces: int | None = None
    closed: bool = False
    """Nothing is sent there."""


@dataclass(frozen=True, slots=True)
class FreightPlan:
    """A freight template: its zones, and what holds everywhere else."""

    id: int
    name: str
    unit: FreightUnit
    rest: Zone
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a freight template comes to for the place an order goes to."""

    template_id: int
    name: str
    unit: FreightUnit
    zone: Zone
