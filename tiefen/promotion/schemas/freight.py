"""Freight templates over HTTP."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints

from tiefen.kernel.http import In, Out
from tiefen.kernel.text import OneLine
from tiefen.promotion.rules import MAX_ZONES
from tiefen.promotion.values import FreightMix, FreightPlan, FreightUnit, Zone

RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
_Size = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
_Fee = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class FreightRateIO(In):
    """Up to `first` units cost `first_fen`, each begun `next` more `next_fen`.

    Units are pieces, grams or cubic centimetres. `closed`: nothing is sent there.
    """

    first: _Size = 1
    first_fen: _Fee
    next: _Size = 0
    next_fen: _Fee = 0
    free_from_fen: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] | None = None
    free_from_pieces: Annotated[int, Field(strict=True, ge=1, le=9_999)] | None = None
    closed: StrictBool = False


class FreightZoneIO(FreightRateIO):
    """Regions with a rate of their own: provinces, cities or districts by their codes."""

    regions: Annotated[list[RegionCode], Field(min_length=1, max_length=4_000)]


class FreightIn(In):
    """A freight template: its zones, and what holds everywhere else."""

    name: Annotated[OneLine, Field(max_length=40)] = ""
    unit: FreightUnit = FreightUnit.PIECE
    rest: FreightRateIO
    zones: Annotated[list[FreightZoneIO], Field(max_length=MAX_ZONES, default_factory=list)]

    def plan(self, template_id: int) -> FreightPlan:
        """As the rules read it."""
        return FreightPlan(
            template_id,
            self.name,
            self.unit,
            _zone(self.rest, ()),
            tuple(_zone(one, tuple(one.regions)) for one in self.zones),
        )


class FreightOut(Out):
    """A freight template; number 1 is the shop's default."""

    id: int
    name: str
    unit: FreightUnit
    rest: FreightRateIO
    zones: list[FreightZoneIO]
    products: int
    """Products that name it; the default also holds for all that name none."""

    @classmethod
    def of(cls, plan: FreightPlan, products: int) -> "FreightOut":
        """The template as the console shows it."""
        return cls(
            id=plan.id,
            name=plan.name,
            unit=plan.unit,
            rest=FreightRateIO.model_validate(_rate(plan.rest)),
            zones=[
                FreightZoneIO.model_validate({**_rate(zone), "regions": list(zone.regions)})
                for zone in plan.zones
            ],
            products=products,
        )


class FreightMixIO(In):
    """What an order pays whose goods have several templates."""

    mix: FreightMix


class FreightsOut(Out):
    """All freight templates, the default first."""

    items: list[FreightOut]
    mix: FreightMix


def _zone(rate: FreightRateIO, regions: tuple[str, ...]) -> Zone:
    return Zone(regions, **_rate(rate))


def _rate(rate: FreightRateIO | Zone) -> dict[str, Any]:
    return {name: getattr(rate, name) for name in FreightRateIO.model_fields}
