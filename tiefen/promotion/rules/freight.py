"""What sending a cart costs: by template and place, the same however its lines are split."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tiefen.kernel.money import allocate
from tiefen.promotion.errors import BadFreight
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Freight,
    FreightMix,
    FreightPlan,
    FreightUnit,
    Problem,
    ProblemKind,
    Step,
    Tariff,
    TraceLine,
    Zone,
)

DEFAULT = 1
"""The shop's default template."""
NO_PARCEL = 0
"""Stands in a line for a template where nothing is sent."""
MAX_ZONES = 60
_STEPS = {
    FreightUnit.PIECE: Step.FREIGHT_PIECES,
    FreightUnit.WEIGHT: Step.FREIGHT_WEIGHT,
    FreightUnit.VOLUME: Step.FREIGHT_VOLUME,
}


@dataclass(frozen=True, slots=True)
class Charges:
    """What each template of a cart costs, and why."""

    parts: Mapping[int, int]
    """Template → fen."""
    trace: tuple[TraceLine, ...]

    @property
    def total_fen(self) -> int:
        """The order's freight."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class _Load:
    """The goods of one template."""

    tariff: Tariff
    units: int
    pieces: int
    worth_fen: int


def zone_of(plan: FreightPlan, region_code: str) -> Zone:
    """The zone of a place: the one that names it most exactly, else what holds everywhere else."""
    for code in (region_code, f"{region_code[:4]}00", f"{region_code[:2]}0000"):
        for zone in plan.zones:
            if code in zone.regions:
                return zone
    return plan.rest


def tariffs(
    plans: Mapping[int, FreightPlan], lines: Iterable[BasisLine], region_code: str
) -> tuple[Tariff, ...]:
    """What the templates of these lines come to for a place, by number."""
    wanted = sorted({line.template_id for line in lines} - {NO_PARCEL})
    found = [plans[one] for one in wanted if one in plans]
    return tuple(Tariff(one.id, one.name, one.unit, zone_of(one, region_code)) for one in found)


def charges(basis: Basis, left: Sequence[int]) -> Charges:
    """What sending the lines costs; `left` is what each of them costs after all discounts."""
    loads = [_load(tariff, basis.lines, left) for tariff in tariffs_of(basis)]
    paying = [load for load in loads if not _free(load)]
    first = max(
        paying,
        key=lambda load: (load.tariff.zone.first_fen, -load.tariff.template_id),
        default=None,
    )
    parts: dict[int, int] = {}
    trace = []
    for load in loads:
        if load not in paying:
            fee_fen, step = 0, _why_free(load)
        elif basis.freight_mix is FreightMix.ONE_FIRST and load is not first:
            fee_fen, step = _further(load)
        else:
            fee_fen, step = _whole(load)
        parts[load.tariff.template_id] = fee_fen
        if step is not None:
            trace.append(step)
    return Charges(parts, tuple(trace))


def may_cost(basis: Basis) -> bool:
    """Whether sending these lines costs anything under some circumstances."""
    return any(one.zone.first_fen or one.zone.next_fen for one in tariffs_of(basis))


def free_anyway(basis: Basis, left: Sequence[int]) -> bool:
    """The goods travel free by the merchant's own rules."""
    return all(_free(_load(tariff, basis.lines, left)) for tariff in tariffs_of(basis))


def shares(basis: Basis, parts: Mapping[int, int], listed: Sequence[int]) -> list[int]:
    """Each line's share of the freight: that of its template, by the list price."""
    found = [0] * len(listed)
    for template_id, part_fen in parts.items():
        mine = [place for place, line in enumerate(basis.lines) if line.template_id == template_id]
        for place, share in zip(mine, allocate(part_fen, [listed[at] for at in mine]), strict=True):
            found[place] = share
    return found


def undelivered(lines: Sequence[BasisLine], found: Iterable[Tariff]) -> tuple[Problem, ...]:
    """The lines that are not sent to where the order goes."""
    closed = {one.template_id for one in found if one.zone.closed}
    return tuple(
        Problem(ProblemKind.NO_DELIVERY, line.sku_id, line.product_id, line.product_name, 0, 0)
        for line in lines
        if line.template_id in closed
    )


def bound(plans: Iterable[FreightPlan]) -> Freight:
    """The least any buyer pays, and the least amount from which they pay nothing."""
    zones = [zone for plan in plans for zone in (plan.rest, *plan.zones) if not zone.closed]
    frees = [zone.free_from_fen for zone in zones if zone.free_from_fen is not None]
    if any(zone.free_from_pieces is not None for zone in zones):
        frees.append(0)
    return Freight(
        min((zone.first_fen for zone in zones), default=0), min(frees) if frees else None
    )


def check_plan(plan: FreightPlan) -> None:
    """Raises BadFreight for a template that names a region twice or counts in steps of nothing."""
    seen: set[str] = set()
    for at, zone in enumerate(plan.zones):
        if not zone.regions:
            raise BadFreight(
                field=f"zones.{at}.regions", why_zh="请选择地区", why_en="Choose regions"
            )
        twice = seen.intersection(zone.regions)
        if twice or len(set(zone.regions)) < len(zone.regions):
            raise BadFreight(
                field=f"zones.{at}.regions",
                why_zh="同一个地区只能出现在一个分区里",
                why_en="A region can stand in one zone only",
            )
        seen.update(zone.regions)
    for field, zone in [
        ("rest", plan.rest),
        *((f"zones.{i}", z) for i, z in enumerate(plan.zones)),
    ]:
        if zone.next_fen and not zone.next:
            raise BadFreight(
                field=f"{field}.next",
                why_zh="请填写每续多少",
                why_en="Say how many units one more fee covers",
            )


def tariffs_of(basis: Basis) -> tuple[Tariff, ...]:
    """The tariffs of a basis; one of before templates had a flat fee for everything."""
    if basis.tariffs or not basis.lines:
        return basis.tariffs
    flat = basis.freight
    zone = Zone((), 1, flat.fee_fen, free_from_fen=flat.free_from_fen)
    return (Tariff(DEFAULT, "", FreightUnit.PIECE, zone),)


def _load(tariff: Tariff, lines: Sequence[BasisLine], left: Sequence[int]) -> _Load:
    mine = [
        (line, worth_fen)
        for line, worth_fen in zip(lines, left, strict=True)
        if line.template_id == tariff.template_id
    ]
    return _Load(
        tariff,
        units=sum(_size(line, tariff.unit) * line.quantity for line, _ in mine),
        pieces=sum(line.quantity for line, _ in mine),
        worth_fen=sum(worth_fen for _, worth_fen in mine),
    )


def _size(line: BasisLine, unit: FreightUnit) -> int:
    """Units of one piece; what nobody has weighed or measured counts for nothing."""
    match unit:
        case FreightUnit.PIECE:
            return 1
        case FreightUnit.WEIGHT:
            return line.weight_g
        case FreightUnit.VOLUME:
            return line.volume_cm3


def _free(load: _Load) -> bool:
    zone = load.tariff.zone
    return (
        zone.closed
        or (zone.free_from_fen is not None and load.worth_fen >= zone.free_from_fen)
        or (zone.free_from_pieces is not None and load.pieces >= zone.free_from_pieces)
    )


def _why_free(load: _Load) -> TraceLine | None:
    zone, name = load.tariff.zone, load.tariff.name
    if zone.closed or not (zone.first_fen or zone.next_fen):
        return None
    if zone.free_from_fen is not None and load.worth_fen >= zone.free_from_fen:
        numbers = {"fee_fen": zone.first_fen, "free_from_fen": zone.free_from_fen}
        return TraceLine(Step.FREIGHT_FREE, None, 0, numbers, name=name)
    numbers = {"free_from_pieces": zone.free_from_pieces or 0}
    return TraceLine(Step.FREIGHT_FREE_PIECES, None, 0, numbers, name=name)


def _whole(load: _Load) -> tuple[int, TraceLine | None]:
    """The first fee and what comes on top."""
    zone = load.tariff.zone
    further = _steps(load.units - zone.first, zone)
    fee_fen = zone.first_fen + further * zone.next_fen
    if not fee_fen:
        return 0, None
    numbers = {"fee_fen": fee_fen}
    if zone.next_fen:
        numbers |= {"units": load.units, "first": zone.first, "first_fen": zone.first_fen}
        numbers |= {"next": zone.next, "next_fen": zone.next_fen}
        step = _STEPS[load.tariff.unit]
    else:
        step = Step.FREIGHT
        if zone.free_from_fen is not None:
            numbers["free_from_fen"] = zone.free_from_fen
    return fee_fen, TraceLine(step, None, fee_fen, numbers, name=load.tariff.name)


def _further(load: _Load) -> tuple[int, TraceLine]:
    """All units at the fee of further ones: another template's goods pay the first fee."""
    zone = load.tariff.zone
    fee_fen = _steps(load.units, zone) * zone.next_fen
    numbers = {"fee_fen": fee_fen}
    return fee_fen, TraceLine(Step.FREIGHT_FURTHER, None, fee_fen, numbers, name=load.tariff.name)


def _steps(units: int, zone: Zone) -> int:
    """Begun steps of `next` in so many units."""
    return -(-max(units, 0) // zone.next) if zone.next else 0
