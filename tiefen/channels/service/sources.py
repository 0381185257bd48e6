"""People as reports see them: where they came from, and how far they have come since.

Callers hold the person's lock (`sharing.lock_people`), after their own rows are written.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, text

from tiefen.channels import rules
from tiefen.channels.models import PEOPLE_SQL, Attribution, FanSource
from tiefen.channels.service import sharing
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx

AT_ONCE = 500
_FLAGS = ("ruled", "gone", "visited", "ordered", "buyer", "receiver", "keeper")
_SUMS = ("fans", "ruled", "gone", "visited", "ordered", "buyers", "receivers", "keepers")
_SIGHT = ("code_id", "owner_staff_id", "at", "day", *_FLAGS)
_ACT = text(
    """
    INSERT INTO channel_fan_act AS a (fan_id, visited_at, ordered_at)
    VALUES (:fan_id, CAST(:visited_at AS timestamptz), CAST(:ordered_at AS timestamptz))
    ON CONFLICT (fan_id) DO UPDATE SET
        visited_at = greatest(a.visited_at, excluded.visited_at),
        ordered_at = greatest(a.ordered_at, excluded.ordered_at)
    """
)
_SEEN = "SELECT * FROM channel_fan_source WHERE fan_id = ANY($1)"
_TOUCHED = f"""
    SELECT a.fan_id, a.first_at, a.first_touch_id, a.first_code_id, a.following,
           p.codes, p.staff, p.since
    FROM channel_attribution AS a {sharing.PICKED} WHERE a.fan_id = ANY($1)
"""  # noqa: S608 our own text
_RULED = "SELECT fan_id, id, code_id FROM channel_ruling WHERE fan_id = ANY($1) ORDER BY id"
_ACTED = "SELECT fan_id, visited_at, ordered_at FROM channel_fan_act WHERE fan_id = ANY($1)"
_BOUGHT = """
    SELECT fan_id, paid_at, received_at IS NOT NULL AS received,
           refunded_fen < paid_fen OR paid_fen = 0 AS kept
    FROM channel_credit WHERE fan_id = ANY($1)
"""
_TOUCH = text(
    f"""
    INSERT INTO channel_reach AS r (day, code_id, owner_staff_id, scans, follows, {", ".join(_SUMS)})
    VALUES (:day, :code_id, :owner_staff_id, :scans, :follows, {", ".join("0" for _ in _SUMS)})
    ON CONFLICT (day, code_id, owner_staff_id) DO UPDATE SET
        scans = r.scans + excluded.scans, follows = r.follows + excluded.follows
    """  # noqa: S608 our own names
)
_ADD = text(
    f"""
    INSERT INTO channel_reach AS r (day, code_id, owner_staff_id, scans, follows, {", ".join(_SUMS)})
    VALUES (:day, :code_id, :owner_staff_id, 0, 0, {", ".join(":" + name for name in _SUMS)})
    ON CONFLICT (day, code_id, owner_staff_id) DO UPDATE SET
        {", ".join(f"{name} = r.{name} + excluded.{name}" for name in _SUMS)}
    """  # noqa: S608 our own names
)
_PUT = text(
    f"""
    INSERT INTO channel_fan_source (fan_id, {", ".join(_SIGHT)})
    VALUES (:fan_id, {", ".join(":" + name for name in _SIGHT)})
    ON CONFLICT (fan_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _SIGHT)}
    """  # noqa: S608 our own names
)


async def note_visit(tx: Tx, fan_id: int, at: datetime) -> None:
    """A person opened the shop."""
    await _note(tx, fan_id, visited_at=at)


async def note_order(tx: Tx, fan_id: int, at: datetime) -> None:
    """A person placed an order."""
    await _note(tx, fan_id, ordered_at=at)


async def join_people(tx: Tx, winner_id: int, loser_id: int) -> None:
    """Two records turned out to be one person: their orders and sources are seen anew."""
    people = await sharing.lock_people(tx, [winner_id, loser_id])
    records = people.get(winner_id, [winner_id])
    await sharing.share_orders(tx, await sharing.orders_since(tx, records, None))
    await place(tx, [records])


async def count_touch(
    tx: Tx, *, code_id: int | None, at: datetime, follow: bool, staff_id: int = 0
) -> None:
    """Count a touch for its day, code and the code's owner then, or whom a live code gave it to."""
    owners = await sharing.owners_of(tx, [code_id] if code_id else [])
    former, current = owners.get(code_id or 0, ([], None))
    await tx.execute(
        _TOUCH,
        {
            "day": day_of(at),
            "code_id": code_id or 0,
            "owner_staff_id": staff_id or rules.owner_at(former, current, at),
            "scans": int(code_id is not None),
            "follows": int(follow),
        },
    )


async def place(tx: Tx, people: Sequence[Sequence[int]]) -> int:
    """See these people anew (the records of each, the living one first); how many changed."""
    records = [one for several in people for one in several]
    wanted = await _see(tx, people)
    before = {one["fan_id"]: dict(one) for one in await tx.rows(_SEEN, records)}
    changed = [fan_id for fan_id in {*before, *wanted} if before.get(fan_id) != wanted.get(fan_id)]
    if not changed:
        return 0
    await _add(
        tx,
        [before[one] for one in changed if one in before],
        [wanted[one] for one in changed if one in wanted],
    )
    gone = [one for one in changed if one not in wanted]
    if gone:
        await tx.execute(delete(FanSource).where(FanSource.fan_id.in_(gone)))
    fresh = [wanted[one] for one in sorted(changed) if one in wanted]
    if fresh:
        await tx.execute(_PUT, fresh)
    return len(changed)


async def place_next(tx: Tx, after_id: int) -> tuple[int, int, int]:
    """See the next people anew; the last id, how many there were, how many had drifted."""
    found = await tx.scalars(
        select(Attribution.fan_id)
        .where(Attribution.fan_id > after_id)
        .order_by(Attribution.fan_id)
        .limit(AT_ONCE)
    )
    fan_ids = list(found)
    if not fan_ids:
        return after_id, 0, 0
    people = await sharing.lock_people(tx, fan_ids)
    once = {records[0]: records for records in people.values()}
    return fan_ids[-1], len(fan_ids), await place(tx, list(once.values()))


async def rebuild_reach(tx: Tx) -> int:
    """Sum the people of all days anew; how many days' rows had drifted."""
    names = ", ".join(_SUMS)
    drifted = await tx.scalars(
        text(
            f"""
            INSERT INTO channel_reach AS i
                (day, code_id, owner_staff_id, scans, follows, {names})
            SELECT day, code_id, owner_staff_id, 0, 0, {", ".join("0" for _ in _SUMS)}
            FROM channel_reach AS i WHERE NOT EXISTS (
                SELECT 1 FROM channel_fan_source AS s
                WHERE (s.day, s.code_id, s.owner_staff_id)
                    = (i.day, i.code_id, i.owner_staff_id))
            UNION ALL SELECT day, code_id, owner_staff_id, 0, 0, {names} FROM ({PEOPLE_SQL}) AS r
            ON CONFLICT (day, code_id, owner_staff_id) DO UPDATE
            SET ({names}) = ROW ({", ".join("excluded." + name for name in _SUMS)})
            WHERE ({", ".join("i." + name for name in _SUMS)})
               <> ({", ".join("excluded." + name for name in _SUMS)})
            RETURNING 1
            """  # noqa: S608 our own names
        )
    )
    return len(list(drifted))


async def _note(
    tx: Tx, fan_id: int, *, visited_at: datetime | None = None, ordered_at: datetime | None = None
) -> None:
    people = await sharing.lock_people(tx, [fan_id])
    records = people.get(fan_id, [fan_id])
    given = {"fan_id": fan_id, "visited_at": visited_at, "ordered_at": ordered_at}
    await tx.execute(_ACT, given)
    await place(tx, [records])


async def _see(tx: Tx, people: Sequence[Sequence[int]]) -> dict[int, dict[str, Any]]:
    """What should stand for each person, by the living record; absent without any touch."""
    records = [one for several in people for one in several]
    attributions = {one["fan_id"]: one for one in await tx.rows(_TOUCHED, records)}
    ruled = {one["fan_id"]: (one["id"], one["code_id"]) for one in await tx.rows(_RULED, records)}
    acts = {one["fan_id"]: one for one in await tx.rows(_ACTED, records)}
    bought = await _bought(tx, records)
    codes = {one["first_code_id"] for one in attributions.values() if one["first_code_id"]}
    owners = await sharing.owners_of(tx, {*codes, *(code for _, code in ruled.values())})
    found = {}
    for several in people:
        known = [attributions[one] for one in several if one in attributions]
        if not known:
            continue
        first = min(known, key=lambda one: (one["first_at"], one["first_touch_id"]))
        ruling = max((ruled[one] for one in several if one in ruled), default=None)
        code_id = ruling[1] if ruling else (first["first_code_id"] or 0)
        former, current = owners.get(code_id, ([], None))
        since = first["first_at"]
        picks = [pick for one in known for pick in sharing.picks_of(one)]
        picked = sharing.given_by(picks, code_id, since)
        orders = [one for record in several for one in bought.get(record, []) if one[0] >= since]
        ordered = bool(orders) or _since(acts, several, "ordered_at", since)
        found[several[0]] = {
            "fan_id": several[0],
            "code_id": code_id,
            "owner_staff_id": picked or rules.owner_at(former, current, since),
            "at": since,
            "day": day_of(since),
            "ruled": ruling is not None,
            "gone": not any(one["following"] for one in known),
            "visited": ordered or _since(acts, several, "visited_at", since),
            "ordered": ordered,
            "buyer": bool(orders),
            "receiver": any(received for _, received, _ in orders),
            "keeper": any(received and kept for _, received, kept in orders),
        }
    return found


async def _bought(tx: Tx, records: Sequence[int]) -> dict[int, list[tuple[datetime, bool, bool]]]:
    """Orders by record: when paid, whether received, whether any money of it was kept."""
    found: dict[int, list[tuple[datetime, bool, bool]]] = {}
    for fan_id, paid_at, received, kept in await tx.rows(_BOUGHT, records):
        found.setdefault(fan_id, []).append((paid_at, received, kept))
    return found


def _since(acts: Mapping[int, Any], records: Iterable[int], name: str, since: datetime) -> bool:
    moments = [acts[one][name] for one in records if one in acts]
    return any(at is not None and at >= since for at in moments)


async def _add(
    tx: Tx, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> None:
    """Add the difference between two sights of some people to their days; rows in a fixed order."""
    sums: dict[tuple[date, int, int], list[int]] = {}
    for sign, several in ((-1, before), (1, after)):
        for one in several:
            held = sums.setdefault(
                (one["day"], one["code_id"], one["owner_staff_id"]), [0] * len(_SUMS)
            )
            held[0] += sign
            for place_, name in enumerate(_FLAGS, start=1):
                held[place_] += sign * int(one[name])
    rows = [
        {
            "day": day,
            "code_id": code_id,
            "owner_staff_id": owner,
            **dict(zip(_SUMS, held, strict=True)),
        }
        for (day, code_id, owner), held in sorted(sums.items())
        if any(held)
    ]
    if rows:
        await tx.execute(_ADD, rows)
