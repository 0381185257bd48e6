"""The timeline and what is counted from it: one insert, one update, under the person's row lock."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import aliased

from tiefen.fans.errors import FanMissing
from tiefen.fans.models import COUNTED_SQL, DAY_SQL, Fan, Line, counted
from tiefen.fans.service import stages
from tiefen.fans.service.facts import count_facts, words_in
from tiefen.fans.service.past_counts import rebuild_past, recount_past
from tiefen.fans.values import INTERACTIONS, SEEN, Happening, MoveCause
from tiefen.kernel.crypto import seal
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx

_SET_COUNTED = """
    UPDATE fan SET
        orders = c.orders, received_orders = c.received_orders, whole_refunds = c.whole_refunds,
        paid_fen = c.paid_fen, refunded_fen = c.refunded_fen, interactions = c.interactions,
        returned_orders = c.returned_orders, friends = c.friends, last_paid_at = c.last_paid_at
"""
_RECOUNT = text(
    f"""
    {_SET_COUNTED}
    FROM ({counted("WHERE f.id = ANY(:records)")}) AS c WHERE fan.id = c.fan_id
    """
)
_REBUILD = text(
    f"""
    {_SET_COUNTED}
    FROM ({COUNTED_SQL}) AS c
    WHERE fan.id = c.fan_id AND fan.merged_into IS NULL AND (
        (fan.orders, fan.received_orders, fan.whole_refunds, fan.paid_fen, fan.refunded_fen,
         fan.interactions, fan.returned_orders, fan.friends)
        IS DISTINCT FROM
        (c.orders, c.received_orders, c.whole_refunds, c.paid_fen, c.refunded_fen, c.interactions,
         c.returned_orders, c.friends)
        OR fan.last_paid_at IS DISTINCT FROM c.last_paid_at)
    RETURNING fan.id
    """
)
_REBUILD_DAYS = text(
    f"""
    INSERT INTO fan_day AS d (fan_id, day, interactions, received, friends, past)
    SELECT fan_id, day, interactions, received, friends, past FROM ({DAY_SQL}) AS r
    ON CONFLICT (fan_id, day) DO UPDATE SET
        interactions = excluded.interactions, received = excluded.received,
        friends = excluded.friends, past = excluded.past
    WHERE (d.interactions, d.received, d.friends, d.past)
       <> (excluded.interactions, excluded.received, excluded.friends, excluded.past)
    RETURNING fan_id
    """  # noqa: S608 our own text
)
_ASKED = aliased(Fan)
_DROP_DAYS = text(
    f"""
    DELETE FROM fan_day AS d WHERE NOT EXISTS (
        SELECT 1 FROM ({DAY_SQL}) AS r WHERE r.fan_id = d.fan_id AND r.day = d.day)
    RETURNING d.fan_id
    """  # noqa: S608 our own text
)
_LOCK = (
    select(Fan)
    .where(
        Fan.id
        == select(func.coalesce(_ASKED.merged_into, _ASKED.id))
        .where(_ASKED.id == bindparam("fan_id"))
        .scalar_subquery()
    )
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
_LOCK_RECORD = (
    select(Fan)
    .where(Fan.id == bindparam("fan_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_RECORD = text(
    """
    WITH held AS MATERIALIZED (
        SELECT id FROM fan
        WHERE id = :fan_id AND merged_into IS NULL
        FOR UPDATE SKIP LOCKED
    ), line AS (
        INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
        SELECT id, :kind, :ref, :at, :amount_fen, false, CAST(:data AS jsonb) FROM held
        ON CONFLICT DO NOTHING RETURNING fan_id
    ), day AS (
        INSERT INTO fan_day AS d (fan_id, day, interactions, received, friends)
        SELECT fan_id, :day, :interactions, :received, :friends FROM line
        WHERE CAST(:interactions AS bigint) + CAST(:received AS bigint) + CAST(:friends AS bigint) > 0
        ON CONFLICT (fan_id, day) DO UPDATE SET
            interactions = d.interactions + excluded.interactions,
            received = d.received + excluded.received, friends = d.friends + excluded.friends
    ), counted AS (
        UPDATE fan AS f SET
            last_seen_at = greatest(f.last_seen_at, CAST(:seen_at AS timestamptz)),
            last_paid_at = greatest(f.last_paid_at, CAST(:paid_at AS timestamptz)),
            interactions = f.interactions + :interactions,
            received_orders = f.received_orders + :received,
            friends = f.friends + :friends,
            orders = f.orders + :orders,
            paid_fen = f.paid_fen + :paid_fen,
            refunded_fen = f.refunded_fen + :refunded_fen
        FROM line WHERE f.id = line.fan_id
        RETURNING f.id, f.stage, f.next_check_on, f.following, f.ever_followed, f.orders,
            f.received_orders, f.whole_refunds, f.returned_orders, f.paid_fen, f.refunded_fen,
            f.interactions, f.friends, f.last_seen_at, f.last_paid_at, f.past_orders, f.past_fen,
            f.past_last_at
    )
    SELECT held.id AS held, counted.* FROM held LEFT JOIN counted ON counted.id = held.id
    """
)
_WAIT = text(
    """
    SELECT id FROM fan
    WHERE id = (SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id) FOR UPDATE
    """
)
_MARK, _KEEP = text("SAVEPOINT who"), text("RELEASE SAVEPOINT who")
_GIVE_UP = text("ROLLBACK TO SAVEPOINT who")
_LIVING = text("SELECT coalesce(merged_into, id) FROM fan WHERE id = :fan_id")
_ADD_LINE = text(
    """
    INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
    VALUES (:fan_id, :kind, :ref, :at, :amount_fen, :whole, CAST(:data AS jsonb))
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_COUNT_DAY = text(
    """
    INSERT INTO fan_day AS d (fan_id, day, interactions, received, friends)
    VALUES (:fan_id, :day, :interactions, :received, :friends)
    ON CONFLICT (fan_id, day) DO UPDATE SET
        interactions = d.interactions + excluded.interactions,
        received = d.received + excluded.received, friends = d.friends + excluded.friends
    """
)


async def record(
    tx: Tx,
    fan_id: int,
    kind: Happening,
    ref: str,
    *,
    at: datetime,
    amount_fen: int = 0,
    whole: bool = False,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Add a line to a fan's timeline and count it; False when the same line was there already.

    `ref` names what happened (`order:T2026…`): the same (fan, kind, ref) counts once, for ever.
    The line stays with the record `fan_id`, whose deed it is; it counts for the person.
    Raises FanMissing.
    """
    if whole:  # a whole refund looks for the receipt of what goes back
        person = await lock_person(tx, fan_id)
        return await add_line(
            tx, person, kind, ref, by=fan_id, at=at, amount_fen=amount_fen, whole=whole, data=data
        )
    known = await _known(tx, kind, data)
    given = {
        "fan_id": fan_id,
        "kind": kind.value,
        "ref": ref,
        "at": at,
        "amount_fen": amount_fen,
        "data": msgspec.json.encode(known).decode(),
        "day": day_of(at),
        "seen_at": at if kind in SEEN else None,
        "paid_at": at if kind is Happening.ORDER_PAID else None,
        "interactions": int(kind in INTERACTIONS),
        "received": int(kind is Happening.ORDER_RECEIVED),
        "friends": int(kind is Happening.FRIEND),
        "orders": int(kind is Happening.ORDER_PAID),
        "paid_fen": amount_fen if kind is Happening.ORDER_PAID else 0,
        "refunded_fen": amount_fen if kind is Happening.ORDER_REFUNDED else 0,
    }
    if tx.new or tx.dirty:
        await tx.flush()
    row = (await tx.execute(_RECORD, given)).one_or_none()
    while row is None:  # nobody, busy just now, or joined to another record
        person = await lock_person(tx, fan_id)
        if person.id != fan_id:
            return await add_line(
                tx, person, kind, ref, by=fan_id, at=at, amount_fen=amount_fen, data=data
            )
        row = (await tx.execute(_RECORD, given)).one_or_none()
    if row.id is None:
        return False
    counted = stages.Counted.of(row)
    await count_facts(tx, counted.id, kind, at, known)
    await stages.place_counted(tx, counted, at)
    return True


async def brought_friend(tx: Tx, fan_id: int, friend_id: int, at: datetime) -> bool:
    """A friend whom the fan brought bought something; once per friend. Raises FanMissing."""
    ref = f"fan:{friend_id}"
    return await record(tx, fan_id, Happening.FRIEND, ref, at=at, data={"fan_id": friend_id})


async def add_line(
    tx: Tx,
    person: Fan,
    kind: Happening,
    ref: str,
    *,
    at: datetime,
    by: int | None = None,
    amount_fen: int = 0,
    whole: bool = False,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """As `record`, for a person whose row the caller has locked; `by`: the record, if another."""
    record_id = by or person.id
    known = await _known(tx, kind, data)
    if whole and kind is Happening.ORDER_REFUNDED:
        known |= await _receipt(tx, person.id, str(known.get("order_no", "")))
    line = {
        "fan_id": record_id,
        "kind": kind.value,
        "ref": ref,
        "at": at,
        "amount_fen": amount_fen,
        "whole": whole,
        "data": msgspec.json.encode(known).decode(),
    }
    fresh = await tx.scalar(_ADD_LINE, line)
    if fresh is None:
        return False
    returned_on = known.get("received_on")
    await _count_day(tx, record_id, kind, at, returned_on)
    await count_facts(tx, person.id, kind, at, known)
    seen = await stages.look(tx, [person.id])
    _count(person, kind, at, amount_fen, whole)
    person.returned_orders += returned_on is not None
    stages.place(tx, person, seen, at, MoveCause.EVENT)
    return True


async def lock_person(tx: Tx, fan_id: int) -> Fan:
    """The living record of a fan, locked. Raises FanMissing.

    Who is who may change while we wait for the lock: then the wrong lock is given back, for joins
    and their undoing hold the living record first and would wait for us in a ring.
    """
    person: Fan | None = await tx.scalar(_LOCK, {"fan_id": fan_id})
    if (
        person is not None
        and person.merged_into is None
        and (person.id == fan_id or await tx.scalar(_LIVING, {"fan_id": fan_id}) == person.id)
    ):
        return person
    while True:
        await tx.execute(_MARK)
        found = await tx.scalar(_WAIT, {"fan_id": fan_id})
        if found is None:
            raise FanMissing
        if await tx.scalar(_LIVING, {"fan_id": fan_id}) == found:
            await tx.execute(_KEEP)
            return (await tx.scalars(_LOCK_RECORD, {"fan_id": found})).one()
        await tx.execute(_GIVE_UP)


async def hold(tx: Tx, fan_id: int) -> tuple[Fan, Fan]:
    """The person behind a record and the record itself, both locked. Raises FanMissing."""
    person = await lock_person(tx, fan_id)
    if person.id == fan_id:
        return person, person
    return person, (await tx.scalars(_LOCK_RECORD, {"fan_id": fan_id})).one()


async def restage(tx: Tx, person: Fan, at: datetime, cause: MoveCause = MoveCause.EVENT) -> None:
    """Put a locked person where their facts say they stand since `at`."""
    stages.place(tx, person, await stages.look(tx, [person.id]), at, cause)


async def recount(tx: Tx, records: Sequence[int]) -> None:
    """Count the people of these records anew; all records of each must be among them."""
    await tx.execute(_RECOUNT, {"records": list(records)})
    await recount_past(tx, records)


async def rebuild_counters(tx: Tx) -> int:
    """Recount every fan and every day from the timeline, and judge those who had drifted.

    Returns how many had drifted (0 is the promise).
    """
    changed: set[int] = set(await rebuild_past(tx))
    for statement in (_REBUILD, _REBUILD_DAYS, _DROP_DAYS):
        changed.update(await tx.scalars(statement))
    people = {(await lock_person(tx, fan_id)).id for fan_id in sorted(changed)}
    for fan_id in sorted(people):
        await restage(tx, await lock_person(tx, fan_id), tx.now, MoveCause.RECOUNT)
    return len(people)


async def _known(tx: Tx, kind: Happening, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a line keeps: words are sealed, and the watched ones among them are kept beside."""
    known = dict(data or {})
    if kind is Happening.MESSAGE_IN and known.get("text"):
        known["asked"] = await words_in(tx, known["text"])
    if known.get("text"):
        known["text"] = seal(known["text"])  # what was said may hold a phone number or an address
    return known


async def _receipt(tx: Tx, fan_id: int, order_no: str) -> dict[str, str]:
    """The day on which an order that now goes back was received, if it was."""
    records = select(Fan.id).where((Fan.id == fan_id) | (Fan.merged_into == fan_id))
    at = await tx.scalar(
        select(Line.at).where(
            Line.fan_id.in_(records),
            Line.kind == Happening.ORDER_RECEIVED,
            Line.ref == f"order:{order_no}",
        )
    )
    return {"received_on": day_of(at).isoformat()} if at else {}


async def _count_day(
    tx: Tx, fan_id: int, kind: Happening, at: datetime, returned_on: str | None
) -> None:
    """Count a line for its day; an order sent back is taken off the day it was received on."""
    added = {
        "interactions": int(kind in INTERACTIONS),
        "received": int(kind is Happening.ORDER_RECEIVED) - int(returned_on is not None),
        "friends": int(kind is Happening.FRIEND),
    }
    if any(added.values()):
        day = date.fromisoformat(returned_on) if returned_on else day_of(at)
        await tx.execute(_COUNT_DAY, {"fan_id": fan_id, "day": day, **added})


def _count(person: Fan, kind: Happening, at: datetime, amount_fen: int, whole: bool) -> None:
    if kind in SEEN and at > person.last_seen_at:
        person.last_seen_at = at
    if kind in INTERACTIONS:
        person.interactions += 1
    match kind:
        case Happening.ORDER_PAID:
            person.orders += 1
            person.paid_fen += amount_fen
            person.last_paid_at = max(person.last_paid_at or at, at)
        case Happening.ORDER_RECEIVED:
            person.received_orders += 1
        case Happening.FRIEND:
            person.friends += 1
        case Happening.ORDER_REFUNDED:
            person.refunded_fen += amount_fen
            person.whole_refunds += whole
        case _:
            pass
