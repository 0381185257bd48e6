"""Where fans were last, for those who agreed; the merchant's points; how long a place is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import queries, rules
from tiefen.fans.errors import (
    NothingToReveal,
    PlacesOff,
    PointInUse,
    PointMissing,
    PointNameTaken,
    TooManyPoints,
)
from tiefen.fans.models import Place, PlaceSetting, Point
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.identity import person_ids
from tiefen.fans.service.segments import refresh_touching
from tiefen.fans.service.timeline import add_line, hold, lock_person
from tiefen.fans.values import MAX_POINTS, Happening
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit

_FAMILY = "distance"
_AGREED = text(
    """
    SELECT own.id FROM fan_identity AS i
    JOIN fan AS own ON own.id = i.fan_id
    WHERE i.app_id = :app_id AND i.openid = :openid
      AND EXISTS (SELECT FROM fan_place_setting AS s
                  WHERE s.kept AND :at > CAST(:now AS timestamptz) - make_interval(days => CAST(s.days AS int)))
      AND (EXISTS (SELECT FROM fan_place AS p WHERE p.fan_id = coalesce(own.merged_into, own.id))
           OR EXISTS (SELECT FROM fan AS one JOIN fan_place AS p ON p.fan_id = one.id
                      WHERE one.merged_into = coalesce(own.merged_into, own.id)))
    """
)
"""The record a push is from, if its place may be kept at all: most are not, and that is all they cost."""
_KEEP = text(
    """
    INSERT INTO fan_place AS p (fan_id, agreed_at, latitude_milli, longitude_milli, at)
    SELECT :fan_id, min(known.agreed_at), :latitude, :longitude, :at
    FROM fan_place AS known
    WHERE known.fan_id = ANY(:records)
      AND EXISTS (SELECT FROM fan_place_setting AS s WHERE s.kept)
    HAVING count(*) > 0
    ON CONFLICT (fan_id) DO UPDATE SET
        latitude_milli = excluded.latitude_milli, longitude_milli = excluded.longitude_milli,
        at = excluded.at
    WHERE p.at IS NULL OR (p.at < excluded.at AND (
        (p.latitude_milli, p.longitude_milli) <> (excluded.latitude_milli, excluded.longitude_milli)
        OR p.at < excluded.at - interval '1 hour'))
    RETURNING fan_id
    """
)
"""The newest place wins; a phone that reports every few seconds and stays writes once an hour."""
_NOWHERE = {"latitude_milli": None, "longitude_milli": None, "at": None}


async def keep_place(
    tx: Tx, *, app_id: str, openid: str, latitude_milli: int, longitude_milli: int, at: datetime
) -> bool:
    """A phone said where it is: kept if the merchant keeps places and the fan has agreed."""
    told = {"app_id": app_id, "openid": openid, "at": at}
    fan_id = await tx.scalar(_AGREED, told | {"now": tx.now})
    if fan_id is None:
        return False
    person = await lock_person(tx, fan_id)
    kept = await tx.scalar(
        _KEEP,
        {
            "fan_id": fan_id,
            "records": await person_ids(tx, person.id),
            "latitude": latitude_milli,
            "longitude": longitude_milli,
            "at": at,
        },
    )
    if kept is not None:
        await note_change(tx, person.id, [_FAMILY])
    return kept is not None


async def agree_place(tx: Tx, fan_id: int, *, agreed: bool) -> None:
    """A fan agrees to have their place kept, or takes that back: then it is gone at once.

    Raises FanMissing, PlacesOff.
    """
    person, own = await hold(tx, fan_id)
    if agreed:
        setting = await queries.place_setting(tx)
        if setting is None or not setting.kept:
            raise PlacesOff
        row = insert(Place).values(fan_id=own.id, agreed_at=tx.now)
        done = await tx.scalar(row.on_conflict_do_nothing().returning(Place.fan_id))
    else:
        done = await _forget(tx, person.id)
    if done is not None:
        data = {"fields": ["place"], "by": "fan", "agreed": agreed}
        kind = Happening.PROFILE
        await add_line(tx, person, kind, ids.token(9), by=own.id, at=tx.now, data=data)


async def forget_place(tx: Tx, actor: StaffActor, fan_id: int, reason: str) -> None:
    """Staff take a fan's word back for them; nobody but the fan can give it.

    Raises FanMissing, NothingToReveal.
    """
    person = await lock_person(tx, fan_id)
    if await _forget(tx, person.id) is None:
        raise NothingToReveal
    data = {"fields": ["place"], "by": "staff", "agreed": False}
    await add_line(tx, person, Happening.PROFILE, ids.token(9), at=tx.now, data=data)
    await record_audit(tx, actor, "fans.place_forgotten", f"fan:{person.id}", reason=reason)


async def reveal_distances(
    tx: Tx, actor: StaffActor, fan_id: int, reason: str
) -> list[tuple[Point, float]]:
    """How far a fan was from each point, the nearest first, audited.

    Raises FanMissing, NothingToReveal.
    """
    person = await lock_person(tx, fan_id)
    found = await queries.distances_of(tx, person.id)
    if found is None:
        raise NothingToReveal
    after = {"field": "place"}
    await record_audit(tx, actor, "fans.revealed", f"fan:{person.id}", after=after, reason=reason)
    told = [(one, found[one.id]) for one in await queries.points(tx) if one.id in found]
    return sorted(told, key=lambda pair: pair[1])


async def set_places(tx: Tx, actor: StaffActor, *, kept: bool, days: int) -> None:
    """Whether places are kept, and for how many days. Switched off, all of them are forgotten."""
    before = await queries.place_setting(tx)
    row = insert(PlaceSetting).values(id=1, kept=kept, days=days)
    await tx.execute(
        row.on_conflict_do_update(index_elements=["id"], set_={"kept": kept, "days": days})
    )
    was = {"kept": before.kept, "days": before.days} if before else None
    after = {"kept": kept, "days": days}
    await record_audit(tx, actor, "fans.places_set", "fans", was, after)
    if before is not None:
        await tx.refresh(before)
    await forget_places(tx)


async def forget_places(tx: Tx) -> int:
    """Forget places that are too old, or that are not kept any more; how many.

    The fan's word stays: the next place they send is kept again.
    """
    setting = await queries.place_setting(tx)
    gone = update(Place).where(Place.at.is_not(None)).values(_NOWHERE)
    if setting is not None and setting.kept:
        gone = gone.where(Place.at <= tx.now - timedelta(days=setting.days))
    forgotten = len((await tx.scalars(gone.returning(Place.fan_id))).all())
    if forgotten:
        await refresh_touching(tx, _FAMILY)
    return forgotten


async def add_point(
    tx: Tx, actor: StaffActor, *, name: str, latitude_micro: int, longitude_micro: int
) -> Point:
    """Name a place, such as a store. Raises PointNameTaken, TooManyPoints."""
    if (await tx.scalar(select(func.count()).select_from(Point)) or 0) >= MAX_POINTS:
        raise TooManyPoints(limit=MAX_POINTS)
    made: Point | None = await tx.scalar(
        insert(Point)
        .values(
            name=name,
            latitude_micro=latitude_micro,
            longitude_micro=longitude_micro,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(Point)
    )
    if made is None:
        raise PointNameTaken(field="name", name=name)
    await record_audit(tx, actor, "fans.point_added", f"point:{made.id}", after=_told(made))
    return made


async def edit_point(
    tx: Tx,
    actor: StaffActor,
    point_id: int,
    *,
    name: str,
    latitude_micro: int,
    longitude_micro: int,
) -> Point:
    """Rename or move a point; a moved one has its segments looked through anew.

    Raises PointMissing, PointNameTaken.
    """
    point = await _point(tx, point_id)
    if await tx.scalar(select(Point.id).where(Point.name == name, Point.id != point_id)):
        raise PointNameTaken(field="name", name=name)
    before = _told(point)
    moved = (point.latitude_micro, point.longitude_micro) != (latitude_micro, longitude_micro)
    point.name, point.latitude_micro, point.longitude_micro = name, latitude_micro, longitude_micro
    await tx.flush()
    if moved:
        await refresh_touching(tx, _FAMILY, named=point_id)
    await record_audit(tx, actor, "fans.point_edited", f"point:{point_id}", before, _told(point))
    return point


async def drop_point(tx: Tx, actor: StaffActor, point_id: int) -> None:
    """Delete a point that no segment asks for, archived ones neither.

    Raises PointMissing, PointInUse.
    """
    point = await _point(tx, point_id)
    for segment in await queries.saved_segments(tx, archived=True):
        if segment.rule and point_id in rules.mentioned(segment.rule, _FAMILY):
            raise PointInUse(name=segment.name)
    await record_audit(tx, actor, "fans.point_dropped", f"point:{point_id}", before=_told(point))
    await tx.delete(point)


async def point_users(tx: Tx, point_ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of the segments, archived ones too, that ask for each point."""
    found: dict[int, list[str]] = {one: [] for one in point_ids}
    for segment in await queries.saved_segments(tx, archived=True):
        for point_id in rules.mentioned(segment.rule, _FAMILY) if segment.rule else ():
            found.setdefault(point_id, []).append(segment.name)
    return found


async def _forget(tx: Tx, person_id: int) -> int | None:
    """Take a locked person's word and place away; None if there was none."""
    records = await person_ids(tx, person_id)
    gone = await tx.scalars(delete(Place).where(Place.fan_id.in_(records)).returning(Place.fan_id))
    found = gone.all()
    if not found:
        return None
    await note_change(tx, person_id, [_FAMILY])
    return found[0]


async def _point(tx: Tx, point_id: int) -> Point:
    found = await tx.scalar(select(Point).where(Point.id == point_id).with_for_update())
    if found is None:
        raise PointMissing
    return found


def _told(point: Point) -> dict[str, str | int]:
    return {
        "name": point.name,
        "latitude_micro": point.latitude_micro,
        "longitude_micro": point.longitude_micro,
    }
