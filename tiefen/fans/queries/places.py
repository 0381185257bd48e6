"""Places of fans and points of the merchant, and how far they are from each other."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from tiefen.fans.models import Fan, Place, PlaceSetting, Point
from tiefen.fans.rules import EARTH_METRES, distances
from tiefen.fans.values import Spot
from tiefen.kernel.db import Tx

MICRO, MILLI = 1_000_000, 1000


def away(latitude_milli: Any, longitude_milli: Any, point: Spot) -> ColumnElement[float]:
    """Metres from a place to a point: `rules.metres` in SQL, step by step."""
    latitude = cast(latitude_milli, DOUBLE_PRECISION) / float(MILLI)
    longitude = cast(longitude_milli, DOUBLE_PRECISION) / float(MILLI)
    high = func.sin(func.radians(point.latitude - latitude) / 2.0)
    wide = func.sin(func.radians(point.longitude - longitude) / 2.0)
    cosines = func.cos(func.radians(latitude)) * func.cos(func.radians(point.latitude))
    part = high * high + cosines * wide * wide
    return 2.0 * EARTH_METRES * func.asin(func.least(1.0, func.sqrt(part)))


async def places_of(tx: Tx, fan_id: int) -> list[Place]:
    """What the records of a living fan agreed to, with their places, the newest first."""
    records = select(Fan.id).where((Fan.id == fan_id) | (Fan.merged_into == fan_id))
    rows = await tx.scalars(
        select(Place)
        .where(Place.fan_id.in_(records))
        .order_by(Place.at.desc().nulls_last(), Place.fan_id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def distances_of(tx: Tx, fan_id: int) -> dict[int, float] | None:
    """Metres to each of the merchant's points, of a living fan; None: no place is known."""
    known = [
        Spot(one.latitude_milli / MILLI, one.longitude_milli / MILLI)
        for one in await places_of(tx, fan_id)
        if one.latitude_milli is not None and one.longitude_milli is not None
    ]
    return distances(known, await spots(tx)) if known else None


async def points(tx: Tx) -> list[Point]:
    """The merchant's points, by name."""
    return list(await tx.scalars(select(Point).order_by(Point.name)))


async def spots(tx: Tx, ids: Collection[int] | None = None) -> dict[int, Spot]:
    """Where points are, by id: all of them, or these."""
    wanted = select(Point.id, Point.latitude_micro, Point.longitude_micro)
    if ids is not None:
        wanted = wanted.where(Point.id.in_(ids))
    rows = await tx.execute(wanted)
    return {row[0]: Spot(row[1] / MICRO, row[2] / MICRO) for row in rows}


async def place_setting(tx: Tx) -> PlaceSetting | None:
    """What the merchant decided; None: nothing yet, so no place is kept."""
    return await tx.get(PlaceSetting, 1)


async def place_counts(tx: Tx) -> tuple[int, int]:
    """How many records agreed, and how many of them have a place."""
    row = (await tx.execute(select(func.count(), func.count(Place.at)))).one()
    return row[0], row[1]
