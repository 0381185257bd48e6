"""Routes of places: the merchant's points, how far a fan is, and the fan's own word."""

from typing import Annotated

from fastapi import Depends

from tiefen.fans import queries, rules, service
from tiefen.fans.models import Point
from tiefen.fans.schemas.places import (
    FanPlaceOut,
    MyPlaceIn,
    NearestOut,
    PlaceSettingIn,
    PlacesOut,
    PointDistance,
    PointIn,
    PointOut,
)
from tiefen.fans.schemas.privacy import AskIn
from tiefen.fans.values import DAYS_BY_DEFAULT
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import OK, REFUSALS, Ok, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)
shop = Routes(prefix="/api/shop/me", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
Revealer = Annotated[StaffActor, Depends(staff(Permission.FANS_REVEAL))]
Keeper = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE))]
Shopper = Annotated[FanActor, Depends(fan())]


@console.get("/places", operation_id="getPlaces")
async def get_places(tx: TxDep, _: Reader) -> PlacesOut:
    """Whether places of fans are kept, and the points they are compared with."""
    return await _places(tx)


@console.put("/places", operation_id="setPlaces")
async def set_places(body: PlaceSettingIn, tx: TxDep, actor: Keeper) -> PlacesOut:
    """Switch the keeping of places on or off; off forgets all of them."""
    await service.set_places(tx, actor, kept=body.kept, days=body.days)
    return await _places(tx)


@console.post("/places/points", operation_id="addPoint", status_code=201)
async def add_point(body: PointIn, tx: TxDep, actor: Keeper) -> PointOut:
    """Name a place, such as a store."""
    latitude, longitude = _micro(body.latitude), _micro(body.longitude)
    made = await service.add_point(
        tx, actor, name=body.name, latitude_micro=latitude, longitude_micro=longitude
    )
    return _point(made, [])


@console.put("/places/points/{point_id}", operation_id="editPoint")
async def edit_point(point_id: PathId, body: PointIn, tx: TxDep, actor: Keeper) -> PointOut:
    """Rename or move a place; who is near it is found anew."""
    latitude, longitude = _micro(body.latitude), _micro(body.longitude)
    changed = await service.edit_point(
        tx, actor, point_id, name=body.name, latitude_micro=latitude, longitude_micro=longitude
    )
    used = await service.point_users(tx, [point_id])
    return _point(changed, used[point_id])


@console.delete("/places/points/{point_id}", operation_id="dropPoint")
async def drop_point(point_id: PathId, tx: TxDep, actor: Keeper) -> Ok:
    """Delete a place that no segment asks for."""
    await service.drop_point(tx, actor, point_id)
    return OK


@console.get("/fans/{fan_id}/place", operation_id="getFanPlace")
async def get_fan_place(fan_id: PathId, tx: TxDep, _: Reader) -> FanPlaceOut:
    """Whether a fan's place is known, and the ring around the nearest point."""
    person, _source = await queries.one_fan(tx, fan_id)
    setting = await queries.place_setting(tx)
    rows = await queries.places_of(tx, person.id)
    found = await queries.distances_of(tx, person.id) or {}
    nearest = min(found, key=found.__getitem__, default=None)
    named = {one.id: one.name for one in await queries.points(tx)} if found else {}
    return FanPlaceOut(
        kept=setting is not None and setting.kept,
        agreed_at=min((one.agreed_at for one in rows), default=None),
        at=rows[0].at if rows else None,
        nearest=None
        if nearest is None
        else NearestOut(point_id=nearest, name=named[nearest], km=rules.ring(found[nearest])),
    )


@console.post("/fans/{fan_id}/place/reveal", operation_id="revealFanPlace")
async def reveal(fan_id: PathId, body: AskIn, tx: TxDep, actor: Revealer) -> list[PointDistance]:
    """How far a fan was from each point; the look and its reason are audited."""
    return [
        PointDistance(point_id=point.id, name=point.name, metres=round(away / 100) * 100)
        for point, away in await service.reveal_distances(tx, actor, fan_id, body.reason)
    ]


@console.post("/fans/{fan_id}/place/forget", operation_id="forgetFanPlace")
async def forget(fan_id: PathId, body: AskIn, tx: TxDep, actor: Writer) -> Ok:
    """Take a fan's word back for them: their place is gone, and no other is kept."""
    await service.forget_place(tx, actor, fan_id, body.reason)
    return OK


@shop.put("/place", operation_id="setMyPlace")
async def set_mine(body: MyPlaceIn, tx: TxDep, actor: Shopper) -> Ok:
    """Agree that the shop keeps roughly where I am, or take that back."""
    await service.agree_place(tx, actor.id, agreed=body.agreed)
    return OK


async def _places(tx: Tx) -> PlacesOut:
    setting = await queries.place_setting(tx)
    agreed, placed = await queries.place_counts(tx)
    points = await queries.points(tx)
    used = await service.point_users(tx, [one.id for one in points])
    return PlacesOut(
        kept=setting is not None and setting.kept,
        days=setting.days if setting else DAYS_BY_DEFAULT,
        agreed=agreed,
        placed=placed,
        points=[_point(one, used[one.id]) for one in points],
    )


def _point(one: Point, segments: list[str]) -> PointOut:
    return PointOut(
        id=one.id,
        name=one.name,
        latitude=one.latitude_micro / queries.MICRO,
        longitude=one.longitude_micro / queries.MICRO,
        segments=segments,
    )


def _micro(degrees: float) -> int:
    return round(degrees * queries.MICRO)
