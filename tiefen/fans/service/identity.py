"""Who is who: finding or making the one fan of an id, following and leaving, joining records."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.events import FanFollowed, FanJoined, FanScanned, FansMerged, FanUnfollowed
from tiefen.fans.models import Fan, Identity, Line, Merge, Union
from tiefen.fans.rules import grams
from tiefen.fans.service.attributes import inherit_answers
from tiefen.fans.service.facts import note_change, refold
from tiefen.fans.service.segments import leave_all
from tiefen.fans.service.tags import inherit_tags
from tiefen.fans.service.timeline import add_line, lock_person, restage
from tiefen.fans.values import FactKind, Happening, Stage
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

_RESOLVE = text(
    """
    SELECT i.id, i.unionid, coalesce(f.merged_into, f.id)
    FROM fan_identity AS i JOIN fan AS f ON f.id = i.fan_id
    WHERE i.app_id = :app_id AND i.openid = :openid
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
    """The fan behind an id, made if new as of `at` (default now); safe when many ask at once.

    A unionid that shows two records to be one person joins them.
    """
    given = {"app_id": app_id, "openid": openid}
    found = (await tx.execute(_RESOLVE, given)).one_or_none()
    if found is None:
        return await _make(tx, app_id, openid, unionid, at or tx.now)
    identity_id, known, person = found
    if unionid and known is None:
        return await learn_unionid(tx, identity_id, unionid)
    return int(person)


async def learn_unionid(tx: Tx, identity_id: int, unionid: str) -> int:
    """An id turns out to belong to `unionid`; joins records if need be. Returns the person."""
    fan_id = await tx.scalar(
        update(Identity)
        .where(Identity.id == identity_id, Identity.unionid.is_(None))
        .values(unionid=unionid)
        .returning(Identity.fan_id)
    )
    if fan_id is None:  # somebody else was first
        fan_id = await tx.scalar(select(Identity.fan_id).where(Identity.id == identity_id))
    assert fan_id is not None
    person = await lock_person(tx, fan_id)
    holder = await _claim_union(tx, unionid, person.id)
    if holder == person.id:
        return person.id
    return await merge(tx, person.id, holder, reason="unionid")


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
    person = await lock_person(tx, await resolve(tx, app_id, openid, at=at))
    identity = await _identity(tx, app_id, openid)
    first = not person.ever_followed
    stale = max(filter(None, (identity.followed_at, identity.unfollowed_at)), default=at) > at
    if not stale:
        identity.following, identity.followed_at = True, at
        person.following = True
    person.ever_followed = True
    ref = f"{identity.id}:{int(at.timestamp())}"
    data = ({"scene": scene} if scene else {}) | dict(more or {})
    if await add_line(tx, person, Happening.FOLLOWED, ref, at=at, data=data):
        happened = FanFollowed(person.id, app_id, openid, scene, first, at)
        publish(tx, happened, aggregate=f"fan:{person.id}")
    return person.id


async def scan(tx: Tx, *, app_id: str, openid: str, scene: str, at: datetime) -> int:
    """A follower scanned a code, once per id, code and second."""
    person = await lock_person(tx, await resolve(tx, app_id, openid, at=at))
    ref = f"{scene}:{int(at.timestamp())}"
    if await add_line(tx, person, Happening.SCANNED, ref, at=at, data={"scene": scene}):
        happened = FanScanned(person.id, app_id, openid, scene, at)
        publish(tx, happened, aggregate=f"fan:{person.id}")
    return person.id


async def unfollow(tx: Tx, *, app_id: str, openid: str, at: datetime) -> int:
    """A leave, once per id and second; an older one than what is known changes no state."""
    person = await lock_person(tx, await resolve(tx, app_id, openid, at=at))
    identity = await _identity(tx, app_id, openid)
    stale = max(filter(None, (identity.followed_at, identity.unfollowed_at)), default=at) > at
    if not stale:
        identity.following, identity.unfollowed_at = False, at
        await tx.flush()
        person.following = await _follows(tx, person.id)
    ref = f"{identity.id}:{int(at.timestamp())}"
    if await add_line(tx, person, Happening.UNFOLLOWED, ref, at=at):
        publish(tx, FanUnfollowed(person.id, at), aggregate=f"fan:{person.id}")
    return person.id


async def merge(tx: Tx, one: int, other: int, *, reason: str) -> int:
    """Join two records; the older one lives on. Nothing is moved, so it can be undone.

    Both rows are locked in the order of their ids. Returns the living record's id.
    """
    pair = [await lock_person(tx, fan_id) for fan_id in sorted((one, other))]
    winner, loser = sorted(pair, key=lambda fan: fan.id)
    if winner.id == loser.id:
        return winner.id
    moved = list(
        await tx.scalars(
            update(Fan)
            .where(Fan.merged_into == loser.id)
            .values(merged_into=winner.id)
            .returning(Fan.id)
        )
    )
    loser.merged_into = winner.id
    await tx.execute(update(Union).where(Union.fan_id == loser.id).values(fan_id=winner.id))
    tx.add(Merge(winner_id=winner.id, loser_id=loser.id, moved=moved, reason=reason, at=tx.now))
    _take_over(winner, loser)
    await inherit_answers(tx, winner.id, loser.id)
    await inherit_tags(tx, winner.id, loser.id)
    await leave_all(tx, loser.id)
    await add_line(
        tx, winner, Happening.MERGED, f"fan:{loser.id}", at=tx.now, data={"fan_id": loser.id}
    )
    await restage(tx, winner, tx.now)
    await tx.flush()
    await refold(tx, [winner.id, loser.id])
    await note_change(
        tx, winner.id, ["person", "source", "tag", *(f"did:{one}" for one in FactKind)]
    )
    merged = FansMerged(winner.id, loser.id, tx.now)
    publish(tx, merged, aggregate=f"fan:{winner.id}")
    return winner.id


_PERSON = text(
    """
    SELECT id FROM fan
    WHERE id = (SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id)
       OR merged_into = (SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id)
    ORDER BY merged_into IS NOT NULL, id
    """
)
_LIVING = "SELECT id, coalesce(merged_into, id) FROM fan WHERE id = ANY($1)"
_JOINED = "SELECT id, merged_into FROM fan WHERE merged_into = ANY($1) ORDER BY id"


async def person_ids(tx: Tx, fan_id: int) -> list[int]:
    """All record ids of one person, the living one first: what a room filters its rows by.

    One statement. An id we do not know stands for itself.
    """
    return list(await tx.scalars(_PERSON, {"fan_id": fan_id})) or [fan_id]


async def records_of(tx: Tx, fan_ids: Iterable[int]) -> dict[int, list[int]]:
    """As `person_ids` for many, by the id asked with; two statements."""
    wanted = set(fan_ids)
    living: dict[int, int] = dict(await tx.rows(_LIVING, list(wanted)))
    joined: dict[int, list[int]] = {}
    for one in await tx.rows(_JOINED, list(set(living.values()))):
        joined.setdefault(one["merged_into"], []).append(one["id"])
    found = {one: living.get(one, one) for one in wanted}
    return {one: [person, *joined.get(person, [])] for one, person in found.items()}


async def openid_of(tx: Tx, fan_id: int, app_id: str) -> str | None:
    """The fan's id in an app; None when they never came through it."""
    ids = await person_ids(tx, fan_id)
    found: str | None = await tx.scalar(
        select(Identity.openid)
        .where(Identity.fan_id.in_(ids), Identity.app_id == app_id)
        .order_by(Identity.following.desc(), Identity.id.desc())
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


async def _follows(tx: Tx, person_id: int) -> bool:
    ids = await person_ids(tx, person_id)
    following = select(Identity.id).where(Identity.fan_id.in_(ids), Identity.following).limit(1)
    return await tx.scalar(following) is not None


def _take_over(winner: Fan, loser: Fan) -> None:
    """The living record gains what the other knew and counted."""
    for name in ("nickname", "avatar_url", "remark", "source_code_id"):
        if not getattr(winner, name):
            setattr(winner, name, getattr(loser, name))
    winner.grams = grams(winner.nickname, winner.remark)
    for name in ("phone", "real_name"):
        if getattr(winner, name) is None:
            setattr(winner, name, getattr(loser, name))
            setattr(winner, f"{name}_blind", getattr(loser, f"{name}_blind"))
    for name in (
        "orders",
        "received_orders",
        "whole_refunds",
        "paid_fen",
        "refunded_fen",
        "interactions",
        "returned_orders",
        "friends",
    ):
        setattr(winner, name, getattr(winner, name) + getattr(loser, name))
    winner.following = winner.following or loser.following
    winner.ever_followed = winner.ever_followed or loser.ever_followed
    winner.joined_at = min(winner.joined_at, loser.joined_at)
    winner.last_seen_at = max(winner.last_seen_at, loser.last_seen_at)
    paid = [at for at in (winner.last_paid_at, loser.last_paid_at) if at]
    winner.last_paid_at = max(paid, default=None)
