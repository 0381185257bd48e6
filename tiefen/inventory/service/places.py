"""Where goods lie: warehouses and stores, and what each keeps for its counter."""

from collections.abc import Iterable

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from tiefen.inventory.errors import (
    LastSeller,
    LocationMissing,
    LocationNameTaken,
    LocationNotEmpty,
    SkuUnknown,
)
from tiefen.inventory.models import Location, Stock
from tiefen.inventory.schemas import LocationInput
from tiefen.inventory.service.moving import need_locations, need_own_stock
from tiefen.inventory.values import LocationBrief
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team

_LIES_THERE = text(
    """
    SELECT coalesce((SELECT sum(on_hand) FROM stock WHERE location_id = :id), 0)
        + coalesce((SELECT sum(quantity - sent - back) FROM reservation
            WHERE location_id = :id AND state = 'converted' AND sent + back < quantity), 0)
        + coalesce((SELECT sum(l.quantity - l.arrived - l.back)
            FROM stock_transfer t JOIN stock_transfer_line l ON l.transfer_id = t.id
            WHERE t.state = 'in_transit' AND :id IN (t.from_id, t.to_id)), 0)
    """
)
_FIELDS = (
    "name", "kind", "region_code", "address", "contact", "active", "sells", "near_first", "rank",
)  # fmt: skip


async def locations(tx: Tx, location_ids: Iterable[int] | None = None) -> dict[int, LocationBrief]:
    """Locations by id, as the merchant ordered them; all of them unless some are named."""
    chosen = select(Location).order_by(Location.active.desc(), Location.rank, Location.id)
    if location_ids is not None:
        chosen = chosen.where(Location.id.in_(set(location_ids)))
    return {
        one.id: LocationBrief(one.id, one.name, one.kind, one.active)
        for one in await tx.scalars(chosen)
    }


async def add_location(tx: Tx, actor: StaffActor, wanted: LocationInput) -> Location:
    """A new place for goods. Raises LocationNameTaken."""
    await _check_name(tx, wanted.name)
    made = Location(**wanted.model_dump())
    tx.add(made)
    await _write(tx)
    await team.record_audit(
        tx, actor, "inventory.add_location", f"location:{made.id}", after=_said(made)
    )
    return made


async def edit_location(
    tx: Tx, actor: StaffActor, location_id: int, wanted: LocationInput
) -> Location:
    """Change a place. It is closed only when nothing lies there, and one must go on selling online.

    Raises LocationMissing, LocationNameTaken, LocationNotEmpty, LastSeller.
    """
    all_of_them = await tx.scalars(select(Location).order_by(Location.id).with_for_update())
    places = {one.id: one for one in all_of_them}
    place = places.get(location_id)
    if place is None:
        raise LocationMissing
    await _check_name(tx, wanted.name, location_id)
    before = _said(place)
    if place.active and not wanted.active:
        pieces = int(await tx.scalar(_LIES_THERE, {"id": location_id}) or 0)
        if pieces:
            raise LocationNotEmpty(field="active", pieces=pieces)
    for name, value in wanted.model_dump().items():
        setattr(place, name, value)
    if not any(one.active and one.sells for one in places.values()):
        raise LastSeller(field="sells" if wanted.active else "active")
    await _write(tx)
    await team.record_audit(
        tx,
        actor,
        "inventory.edit_location",
        f"location:{location_id}",
        before=before,
        after=_said(place),
    )
    return place


async def set_safety(tx: Tx, actor: StaffActor, sku_id: int, location_id: int, pieces: int) -> None:
    """Keep so many pieces back from the shop. Raises SkuUnknown, LocationMissing, BundleHasNoStock."""
    await need_locations(tx, [location_id])
    await need_own_stock(tx, [sku_id])
    found = await tx.scalar(
        select(Stock)
        .where(Stock.sku_id == sku_id, Stock.location_id == location_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise SkuUnknown
    before, found.safety = found.safety, pieces
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "inventory.set_safety",
        f"sku:{sku_id}",
        before={"safety": before, "location": location_id},
        after={"safety": pieces, "location": location_id},
    )


async def _check_name(tx: Tx, name: str, own_id: int = 0) -> None:
    taken = await tx.scalar(
        select(func.count()).where(Location.name == name, Location.id != own_id)
    )
    if taken:
        raise LocationNameTaken(field="name")


async def _write(tx: Tx) -> None:
    try:
        await tx.flush()
    except IntegrityError as error:  # somebody took the name a moment ago
        raise LocationNameTaken(field="name") from error


def _said(place: Location) -> dict[str, str | int | bool]:
    return {name: getattr(place, name) for name in _FIELDS}
