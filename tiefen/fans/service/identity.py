"""Who is who: finding or making the record of an id, following and leaving."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.events import FanFollowed, FanJoined, FanScanned, FanUnfollowed
from tiefen.fans.models import Fan, Identity, Line, Union
from tiefen.fans.service.attaching import look_for_past
from tiefen.fans.service.joining import BY_UNIONID, follows, merge
from tiefen.fans.service.timeline import add_line, lock_person
from tiefen.fans.values import Happening, Stage
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

_RESOLVE = text(
    """
    SELECT id, unionid, fan_id FROM fan_identity
    WHERE app_id = :app_id AND openid = :openid
    """
)
_LEARN = text(
    """
    UPDATE fan_identity SET unionid = :unionid WHERE id = :id AND unionid IS NULL
    """
)
_TURN = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' union ' || :unionid, 0))
    """
)
_LOCK_IDENTITY = (
    select(Identity)
    .where(Identity.app_id == bindparam("app_id"), Identity.openid == bindparam("openid"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_INSERT_FAN = (
    insert(Fan)
    .values(
        stage=Stage.VISITOR,
        stage_at=bindparam("at"),
        joined_at=bindparam("at"),
        last_seen_at=bindparam("at"),
    )
    .returning(Fan.id)
)
_INSERT_IDENTITY = text(
    """
    INSERT INTO fan_identity (fan_id, app_id, openid, unionid, following, created_at)
    VALUES (:fan_id, :app_id, :openid, :unionid, false, :at)
    ON CONFLICT DO NOTHING RETURNING id
    """
)


async def resolve(
    tx: Tx, app_id: str, openid: str, unionid: str | None = None, *, at: datetime | None = None
) -> int:
    """The record of an id, made if new as of `at` (default now); safe when many ask at once.

    What an id does is written under its own record, whoever the person is: `person_ids` tells all
    records of one person. A unionid that shows two records to be one person joins them.
    """
    given = {"app_id": app_id, "openid": openid}
    found = (await tx.execute(_RESOLVE, given)).one_or_none()
    if found is None:
        return await _make(tx, app_id, openid, unionid, at or tx.now)
    identity_id, known, fan_id = found
    if unionid and known is None:
        await learn_unionid(tx, identity_id, unionid)
    return int(fan_id)


async def learn_unionid(tx: Tx, identity_id: int, unionid: str) -> int:
    """An id turns out to belong to `unionid`; joins records if need be. Returns the person.

    Who learn the same unionid take turns, and people are held before their ids, as a follow or an
    order holds them: no two wait for each other.
    """
    await tx.execute(_TURN, {"unionid": unionid})
    fan_id = await tx.scalar(select(Identity.fan_id).where(Identity.id == identity_id))
    assert fan_id is not None
    holder = await tx.scalar(select(Union.fan_id).where(Union.unionid == unionid))
    await hold_people(tx, [fan_id, *([] if holder is None else [holder])])
    await tx.execute(_LEARN, {"id": identity_id, "unionid": unionid})
    person = await merge(tx, fan_id, await _claim_union(tx, unionid, fan_id), reason=BY_UNIONID)
    await look_for_past(tx, [fan_id])
    return person


async def follow(
    tx: Tx,
    *,
    app_id: str,
    openid: str,
    scene: str | None,
    at: datetime,
    more: Mapping[str, Any] | None = None,
) -> int:
    """A follow, once per id and second; an older one than what is known changes no state.

    `more` is what its line in the timeline says besides the scene.
    """
    fan_id = await resolve(tx, app_id, openid, at=at)
    person = await lock_person(tx, fan_id)
    identity = await _identity(tx, app_id, openid)
    first = not person.ever_followed
    stale = max(filter(None, (identity.followed_at, identity.unfollowed_at)), default=at) > at
    if not stale:
        identity.following, identity.followed_at = True, at
        person.following = True
    person.ever_followed = True
    ref = f"{identity.id}:{int(at.timestamp())}"
    data = ({"scene": scene} if scene else {}) | dict(more or {})
    if await add_line(tx, person, Happening.FOLLOWED, ref, by=fan_id, at=at, data=data):
        happened = FanFollowed(fan_id, app_id, openid, scene, first, at)
        publish(tx, happened, aggregate=f"fan:{fan_id}")
    return fan_id


async def scan(tx: Tx, *, app_id: str, openid: str, scene: str, at: datetime) -> int:
    """A follower scanned a code, once per id, code and second."""
    fan_id = await resolve(tx, app_id, openid, at=at)
    person = await lock_person(tx, fan_id)
    ref, data = f"{scene}:{int(at.timestamp())}", {"scene": scene}
    if await add_line(tx, person, Happening.SCANNED, ref, by=fan_id, at=at, data=data):
        happened = FanScanned(fan_id, app_id, openid, scene, at)
        publish(tx, happened, aggregate=f"fan:{fan_id}")
    return fan_id


async def unfollow(tx: Tx, *, app_id: str, openid: str, at: datetime) -> int:
    """A leave, once per id and second; an older one than what is known changes no state."""
    fan_id = await resolve(tx, app_id, openid, at=at)
    person = await lock_person(tx, fan_id)
    identity = await _identity(tx, app_id, openid)
    stale = max(filter(None, (identity.followed_at, identity.unfollowed_at)), default=at) > at
    if not stale:
        identity.following, identity.unfollowed_at = False, at
        await tx.flush()
        person.following = await follows(tx, await person_ids(tx, person.id))
    ref = f"{identity.id}:{int(at.timestamp())}"
    if await add_line(tx, person, Happening.UNFOLLOWED, ref, by=fan_id, at=at):
        publish(tx, FanUnfollowed(fan_id, at), aggregate=f"fan:{fan_id}")
    return fan_id


_HOLD = text(
    """
    SELECT id FROM fan
    WHERE id IN (SELECT coalesce(merged_into, id) FROM fan WHERE id = ANY(:fan_ids))
    ORDER BY id FOR UPDATE
    """
)
_PERSON = text(
    """
    SELECT id FROM fan
    WHERE id = (SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id)
       OR merged_into = (SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id)
    ORDER BY merged_into IS NOT NULL, id
    """
)
_RECORDS = """
    SELECT a.id AS asked, array_agg(r.id ORDER BY r.merged_into IS NOT NULL, r.id) AS records
    FROM fan AS a
    JOIN LATERAL (
        SELECT id, merged_into FROM fan WHERE id = coalesce(a.merged_into, a.id)
        UNION ALL SELECT id, merged_into FROM fan WHERE merged_into = coalesce(a.merged_into, a.id)
    ) AS r ON true
    WHERE a.id = ANY($1)
    GROUP BY a.id
"""
_SEVERAL = f"{_RECORDS} HAVING count(*) > 1"


async def person_ids(tx: Tx, fan_id: int) -> list[int]:
    """All record ids of one person, the living one first: what a room filters its rows by.

    One statement. An id we do not know stands for itself.
    """
    return list(await tx.scalars(_PERSON, {"fan_id": fan_id})) or [fan_id]


async def records_of(tx: Tx, fan_ids: Iterable[int]) -> dict[int, list[int]]:
    """As `person_ids` for many, by the id asked with; one statement."""
    wanted = set(fan_ids)
    found = {row["asked"]: row["records"] for row in await tx.rows(_RECORDS, list(wanted))}
    return {one: list(found.get(one, [one])) for one in wanted}


async def joined(tx: Tx, fan_ids: Iterable[int]) -> dict[int, list[int]]:
    """As `records_of`, for those alone who have more than one record: nearly nobody."""
    rows = await tx.rows(_SEVERAL, list(set(fan_ids)))
    return {row["asked"]: list(row["records"]) for row in rows}


async def hold_people(tx: Tx, fan_ids: Iterable[int]) -> None:
    """Lock the persons behind these records: what is counted per person is counted under it."""
    await tx.execute(_HOLD, {"fan_ids": list(fan_ids)})


async def openid_of(tx: Tx, fan_id: int, app_id: str) -> str | None:
    """The person's id in an app, the record's own before another's; None: never came through it."""
    ids = await person_ids(tx, fan_id)
    found: str | None = await tx.scalar(
        select(Identity.openid)
        .where(Identity.fan_id.in_(ids), Identity.app_id == app_id)
        .order_by((Identity.fan_id == fan_id).desc(), Identity.following.desc(), Identity.id.desc())
        .limit(1)
    )
    return found


async def _make(tx: Tx, app_id: str, openid: str, unionid: str | None, at: datetime) -> int:
    """Insert the id, with the fan of its unionid or a new one; whoever loses a race takes back."""
    fan_id: int | None = None
    if unionid:
        fan_id = await tx.scalar(select(Union.fan_id).where(Union.unionid == unionid))
    made = fan_id is None
    if fan_id is None:
        fan_id = await _insert_fan(tx, at)
        holder = await _claim_union(tx, unionid, fan_id) if unionid else fan_id
        if holder != fan_id:
            await tx.execute(delete(Fan).where(Fan.id == fan_id))
            fan_id, made = holder, False
    given = {"fan_id": fan_id, "app_id": app_id, "openid": openid, "unionid": unionid}
    kept = await tx.scalar(_INSERT_IDENTITY, {**given, "at": tx.now})
    if kept is None:
        if made:
            await tx.execute(delete(Union).where(Union.fan_id == fan_id))
            await tx.execute(delete(Fan).where(Fan.id == fan_id))
        return await resolve(tx, app_id, openid, unionid, at=at)
    if made:
        tx.add(
            Line(
                fan_id=fan_id,
                kind=Happening.JOINED,
                ref=f"fan:{fan_id}",
                at=at,
                amount_fen=0,
                whole=False,
                data={},
            )
        )
        publish(tx, FanJoined(fan_id, at), aggregate=f"fan:{fan_id}")
    await look_for_past(tx, [fan_id])
    return fan_id


async def _insert_fan(tx: Tx, at: datetime) -> int:
    fan_id: int | None = await tx.scalar(_INSERT_FAN, {"at": at})
    assert fan_id is not None
    return fan_id


async def _claim_union(tx: Tx, unionid: str, fan_id: int) -> int:
    """Make `fan_id` the person of a unionid unless there is one; returns who it is."""
    await tx.execute(insert(Union).values(unionid=unionid, fan_id=fan_id).on_conflict_do_nothing())
    holder = await tx.scalar(
        select(func.coalesce(Fan.merged_into, Fan.id))
        .join(Union, Union.fan_id == Fan.id)
        .where(Union.unionid == unionid)
    )
    assert holder is not None
    return int(holder)


async def _identity(tx: Tx, app_id: str, openid: str) -> Identity:
    """The id's row, fresh: the caller holds the person's lock."""
    return (await tx.scalars(_LOCK_IDENTITY, {"app_id": app_id, "openid": openid})).one()
