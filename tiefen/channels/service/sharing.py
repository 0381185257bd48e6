"""Shares of orders under every model, and the sums by day that reports read.

A share is a function of the order, the buyer's touches up to the payment, rulings, the owners of
codes at the payment and the merchant's weights: whatever of these changes, the order is shared anew
and the difference added to the day. Callers hold the buyer's lock (`lock_people`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import rules
from tiefen.channels.errors import WeightsMoved
from tiefen.channels.models import (
    INCOME_SQL,
    AttributionRules,
    ChannelCode,
    Credit,
    Income,
    Ruling,
    Share,
    Touch,
)
from tiefen.channels.queries import current_weights
from tiefen.channels.values import Model, Step, Weights
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

SHARE_ALL = "channels.share_all"
AT_ONCE = 200
_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended('channels.touch', p.fan_id))
    FROM (SELECT fan_id FROM unnest(CAST(:people AS bigint[])) AS u(fan_id) ORDER BY 1) AS p
    """
)
_LOCK_RULES = text("SELECT pg_advisory_xact_lock(hashtextextended('channels.weights', 0))")
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_SUMS = ("orders_bp", "received_bp", "paid_fen", "received_fen", "refunded_fen")


Pick = tuple[int, int, datetime]
"""A code, the employee it gave somebody to, and since when."""
PICKED = """
    LEFT JOIN LATERAL (
        SELECT array_agg(p.code_id ORDER BY p.id) AS codes,
               array_agg(p.staff_id ORDER BY p.id) AS staff, array_agg(p.at ORDER BY p.id) AS since
        FROM channel_live_pick AS p WHERE p.fan_id = a.fan_id
    ) AS p ON true
"""
"""Joins what live codes gave a record of `channel_attribution AS a` to; `picks_of` reads it."""
_FIRSTS = f"""
    SELECT a.fan_id, a.first_at, a.first_touch_id, p.codes, p.staff, p.since
    FROM channel_attribution AS a {PICKED} WHERE a.fan_id = ANY($1)
"""  # noqa: S608 our own text


def picks_of(row: Mapping[str, Any]) -> list[Pick]:
    """What `PICKED` found."""
    return list(zip(row["codes"] or (), row["staff"] or (), row["since"] or (), strict=True))


def given_by(picks: Iterable[Pick], code_id: int, at: datetime) -> int:
    """Whom a code had given somebody to by a moment; 0 = nobody."""
    found = [(since, staff) for code, staff, since in picks if code == code_id and since <= at]
    return min(found)[1] if found else 0


@dataclass(frozen=True, slots=True)
class Known:
    """What sharing the orders of some people needs, read at once."""

    people: dict[int, list[int]]
    """records of the person behind each fan id"""
    ways: dict[int, list[tuple[int, Step]]]
    """touches by record, with their ids"""
    first: dict[int, tuple[datetime, int]]
    """first touch by record: its moment and id"""
    ruled: dict[int, tuple[int, int]]
    """newest ruling by record: its id and the code"""
    owners: dict[int, tuple[list[tuple[datetime, int | None]], int | None]]
    """former owners and the present one, by code"""
    given: dict[int, list[Pick]]
    """by record: to whom live codes gave it"""
    weights: Weights

    def way_of(self, fan_id: int) -> list[Step]:
        """A buyer's touches over all records: the first source first, or what a ruling put there."""
        records = self.people.get(fan_id, [fan_id])
        first = min((self.first[one] for one in records if one in self.first), default=None)
        met = sorted(
            (touch for one in records for touch in self.ways.get(one, [])),
            key=lambda touch: (first is None or touch[0] != first[1], touch[1].at, touch[0]),
        )
        steps = [step for _, step in met]
        rulings = [self.ruled[one] for one in records if one in self.ruled]
        if rulings:
            code_id = max(rulings)[1]
            at = steps[0].at if steps else _EVER
            kind = next((step.kind for step in steps if step.code_id == code_id), None)
            steps = [Step(code_id, kind, at), *steps[1:]]
        return steps

    def owner(self, fan_id: int, code_id: int, at: datetime) -> int:
        """Whose a code was for this buyer at a moment: of a live code, whom they were given to."""
        picks = [
            pick for one in self.people.get(fan_id, [fan_id]) for pick in self.given.get(one, [])
        ]
        picked = given_by(picks, code_id, at)
        if picked:
            return picked
        former, current = self.owners.get(code_id, ([], None))
        return rules.owner_at(former, current, at)


async def lock_people(tx: Tx, fan_ids: Iterable[int]) -> dict[int, list[int]]:
    """Hold these people against other touches and orders of theirs; their records by fan id.

    Every record is held, and who is who is read under the lock: a join or its undoing, which hold
    all records of both sides, cannot come in between.
    """
    wanted = set(fan_ids)
    await tx.execute(_LOCK, {"people": list(wanted)})
    people = await fans.records_of(tx, wanted)
    others = {one for records in people.values() for one in records} - wanted
    if others:
        await tx.execute(_LOCK, {"people": list(others)})
    return people


async def share_orders(tx: Tx, order_ids: Sequence[int]) -> None:
    """Share credited orders anew and bring the days' sums up to date."""
    rows = await tx.scalars(
        select(Credit)
        .where(Credit.order_id.in_(order_ids))
        .order_by(Credit.order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    orders = list(rows)
    if not orders:
        return
    known = await _know(tx, {one.fan_id for one in orders})
    wanted = {_key(one): one for credit in orders for one in _shares(credit, known)}
    before = {_key(one): one for one in await _present(tx, order_ids)}
    if {key: _values(one) for key, one in wanted.items()} == {
        key: _values(one) for key, one in before.items()
    }:
        return
    await _add_income(tx, before.values(), wanted.values())
    gone = [key for key in before if key not in wanted]
    for order_id, model, code_id in gone:
        await tx.execute(
            delete(Share).where(
                Share.order_id == order_id, Share.model == model, Share.code_id == code_id
            )
        )
    row = insert(Share).values([_values(wanted[key]) for key in sorted(wanted)])
    changes = {
        name: row.excluded[name]
        for name in _values(next(iter(wanted.values())))
        if name not in _KEY
    }
    await tx.execute(row.on_conflict_do_update(index_elements=list(_KEY), set_=changes))


async def orders_since(tx: Tx, records: Sequence[int], since: datetime | None) -> list[int]:
    """Credited orders of a person paid at or after a moment (None = all)."""
    wanted = select(Credit.order_id).where(Credit.fan_id.in_(records))
    if since is not None:
        wanted = wanted.where(Credit.paid_at >= since)
    return list(await tx.scalars(wanted.order_by(Credit.order_id)))


async def publish_weights(
    tx: Tx, actor: StaffActor, body: Weights, *, note: str, based_on: int
) -> int:
    """A new version of the merchant's own model; a job shares all orders anew.

    Raises WeightsMalformed, WeightsMoved.
    """
    rules.check_weights(body)
    await tx.execute(_LOCK_RULES)
    version, before = await current_weights(tx)
    if version != based_on:
        raise WeightsMoved(version=version)
    tx.add(
        AttributionRules(
            version=version + 1,
            body=msgspec.to_builtins(body),
            note=note,
            published_by=actor.id,
            published_at=tx.now,
            orders=await tx.scalar(select(func.count()).select_from(Credit)) or 0,
            looked_at=0,
        )
    )
    later(tx, SHARE_ALL, version=version + 1, after_id=0)
    await record_audit(
        tx,
        actor,
        "channels.weights_published",
        f"attribution:{version + 1}",
        msgspec.to_builtins(before),
        msgspec.to_builtins(body),
        reason=note,
    )
    return version + 1


async def share_all(tx: Tx, version: int, after_id: int) -> None:
    """Share the next orders by a version of the model, and queue those after them."""
    newest, _ = await current_weights(tx)
    if newest != version:
        return
    last, count = await share_next(tx, after_id)
    row = await tx.get(AttributionRules, version, with_for_update=True)
    if row is not None:
        row.looked_at += count
        if count < AT_ONCE:
            row.applied_at = tx.now
    if count == AT_ONCE:
        later(tx, SHARE_ALL, version=version, after_id=last)


async def share_next(tx: Tx, after_id: int) -> tuple[int, int]:
    """Share the orders after an id anew; the last id and how many there were."""
    found = await tx.execute(
        select(Credit.order_id, Credit.fan_id)
        .where(Credit.order_id > after_id)
        .order_by(Credit.order_id)
        .limit(AT_ONCE)
    )
    rows = found.all()
    if not rows:
        return after_id, 0
    await lock_people(tx, {row.fan_id for row in rows})
    await share_orders(tx, [row.order_id for row in rows])
    return rows[-1].order_id, len(rows)


async def rebuild_income(tx: Tx) -> int:
    """Sum the shares of all days anew; how many days' rows had drifted."""
    drifted = await tx.scalars(
        text(
            f"""
            INSERT INTO channel_income AS i
                (model, day, code_id, owner_staff_id, {", ".join(_SUMS)})
            SELECT i.model, i.day, i.code_id, i.owner_staff_id, 0, 0, 0, 0, 0
            FROM channel_income AS i WHERE NOT EXISTS (
                SELECT 1 FROM channel_share AS s WHERE (s.model, s.day, s.code_id, s.owner_staff_id)
                    = (i.model, i.day, i.code_id, i.owner_staff_id))
            UNION ALL SELECT model, day, code_id, owner_staff_id, {", ".join(_SUMS)}
            FROM ({INCOME_SQL}) AS r
            ON CONFLICT (model, day, code_id, owner_staff_id) DO UPDATE
            SET ({", ".join(_SUMS)}) = ROW ({", ".join("excluded." + name for name in _SUMS)})
            WHERE ({", ".join("i." + name for name in _SUMS)})
               <> ({", ".join("excluded." + name for name in _SUMS)})
            RETURNING 1
            """  # noqa: S608 our own names
        )
    )
    return len(list(drifted))


_KEY = ("order_id", "model", "code_id")


def _key(one: Share) -> tuple[int, Model, int]:
    return one.order_id, one.model, one.code_id


def _values(one: Share) -> dict[str, object]:
    return {column.key: getattr(one, column.key) for column in Share.__table__.columns}


def _shares(credit: Credit, known: Known) -> list[Share]:
    way = known.way_of(credit.fan_id)
    day = day_of(credit.paid_at)
    return [
        Share(
            order_id=credit.order_id,
            model=model,
            code_id=part.code_id,
            owner_staff_id=known.owner(credit.fan_id, part.code_id, credit.paid_at),
            day=day,
            weight_bp=part.weight_bp,
            paid_fen=part.paid_fen,
            refunded_fen=part.refunded_fen,
            received=credit.received_at is not None,
        )
        for model in Model
        for part in rules.parts(
            model,
            way,
            paid_at=credit.paid_at,
            paid_fen=credit.paid_fen,
            refunded_fen=credit.refunded_fen,
            weights=known.weights,
        )
    ]


async def _know(tx: Tx, fan_ids: Iterable[int]) -> Known:
    people = await fans.records_of(tx, fan_ids)
    records = sorted({one for several in people.values() for one in several})
    touches = await tx.execute(
        select(Touch.id, Touch.fan_id, Touch.code_id, ChannelCode.kind, Touch.at)
        .outerjoin(ChannelCode, ChannelCode.id == Touch.code_id)
        .where(Touch.fan_id.in_(records))
        .order_by(Touch.fan_id, Touch.id)
    )
    ways: dict[int, list[tuple[int, Step]]] = {}
    for row in touches:
        step = Step(row.code_id, row.kind, row.at)
        ways.setdefault(row.fan_id, []).append((row.id, step))
    firsts = await tx.rows(_FIRSTS, records)
    rulings = await tx.execute(
        select(Ruling.fan_id, Ruling.id, Ruling.code_id)
        .where(Ruling.fan_id.in_(records))
        .order_by(Ruling.id)
    )
    ruled = {row.fan_id: (row.id, row.code_id) for row in rulings}
    codes = {step.code_id for way in ways.values() for _, step in way if step.code_id}
    codes |= {code_id for _, code_id in ruled.values()}
    _, weights = await current_weights(tx)
    return Known(
        people=people,
        ways=ways,
        first={row["fan_id"]: (row["first_at"], row["first_touch_id"]) for row in firsts},
        ruled=ruled,
        owners=await owners_of(tx, codes),
        given={row["fan_id"]: picks_of(row) for row in firsts},
        weights=weights,
    )


_OWNERS = "SELECT id, owner_staff_id FROM channel_code WHERE id = ANY($1)"
_FORMER_OWNERS = """
    SELECT code_id, until, owner_staff_id FROM channel_former_owner
    WHERE code_id = ANY($1) ORDER BY until, id
"""


async def owners_of(
    tx: Tx, codes: Iterable[int]
) -> dict[int, tuple[list[tuple[datetime, int | None]], int | None]]:
    """Former owners, oldest first, and the present one, by code; two statements."""
    wanted = list(set(codes))
    if not wanted:
        return {}
    found: dict[int, tuple[list[tuple[datetime, int | None]], int | None]] = {
        row["id"]: ([], row["owner_staff_id"]) for row in await tx.rows(_OWNERS, wanted)
    }
    for row in await tx.rows(_FORMER_OWNERS, wanted):
        found[row["code_id"]][0].append((row["until"], row["owner_staff_id"]))
    return found


async def _present(tx: Tx, order_ids: Sequence[int]) -> list[Share]:
    rows = await tx.scalars(
        select(Share).where(Share.order_id.in_(order_ids)).execution_options(populate_existing=True)
    )
    found = list(rows)
    for one in found:
        tx.expunge(one)
    return found


async def _add_income(tx: Tx, before: Iterable[Share], after: Iterable[Share]) -> None:
    """Add the difference between two sets of shares to their days; rows in one fixed order."""
    sums: dict[tuple[str, object, int, int], list[int]] = {}
    for sign, several in ((-1, before), (1, after)):
        for one in several:
            key = (one.model.value, one.day, one.code_id, one.owner_staff_id)
            held = sums.setdefault(key, [0] * len(_SUMS))
            for place, value in enumerate(_of(one)):
                held[place] += sign * value
    rows = [
        {
            "model": Model(key[0]),
            "day": key[1],
            "code_id": key[2],
            "owner_staff_id": key[3],
            **dict(zip(_SUMS, held, strict=True)),
        }
        for key, held in sorted(sums.items(), key=lambda item: str(item[0]))
        if any(held)
    ]
    if rows:
        row = insert(Income).values(rows)
        await tx.execute(
            row.on_conflict_do_update(
                index_elements=["model", "day", "code_id", "owner_staff_id"],
                set_={name: getattr(Income, name) + row.excluded[name] for name in _SUMS},
            )
        )


def _of(one: Share) -> tuple[int, int, int, int, int]:
    came = one.received
    return (
        one.weight_bp,
        one.weight_bp if came else 0,
        one.paid_fen,
        one.paid_fen if came else 0,
        one.refunded_fen,
    )
