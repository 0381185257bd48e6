"""The timeline and what is counted from it: one insert, one update, under the person's row lock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import rules
from tiefen.fans.errors import FanMissing
from tiefen.fans.events import StageChanged
from tiefen.fans.models import COUNTED_SQL, Fan, Line
from tiefen.fans.values import INTERACTIONS, SEEN, FanFacts, Happening, Stage
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

RESTAGE_AT_ONCE = 500

_REBUILD = text(
    f"""
    UPDATE fan SET
        orders = c.orders, received_orders = c.received_orders, whole_refunds = c.whole_refunds,
        paid_fen = c.paid_fen, refunded_fen = c.refunded_fen, interactions = c.interactions,
        last_paid_at = c.last_paid_at
    FROM ({COUNTED_SQL}) AS c
    WHERE fan.id = c.fan_id AND fan.merged_into IS NULL AND (
        (fan.orders, fan.received_orders, fan.whole_refunds, fan.paid_fen, fan.refunded_fen,
         fan.interactions)
        IS DISTINCT FROM
        (c.orders, c.received_orders, c.whole_refunds, c.paid_fen, c.refunded_fen, c.interactions)
        OR fan.last_paid_at IS DISTINCT FROM c.last_paid_at)
    RETURNING fan.id
    """  # noqa: S608 our own text
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
    Raises FanMissing.
    """
    person = await lock_person(tx, fan_id)
    return await add_line(
        tx, person, kind, ref, at=at, amount_fen=amount_fen, whole=whole, data=data
    )


async def add_line(
    tx: Tx,
    person: Fan,
    kind: Happening,
    ref: str,
    *,
    at: datetime,
    amount_fen: int = 0,
    whole: bool = False,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """As `record`, for a person whose row the caller has locked."""
    fresh = await tx.scalar(
        insert(Line)
        .values(
            fan_id=person.id,
            kind=kind,
            ref=ref,
            at=at,
            amount_fen=amount_fen,
            whole=whole,
            data=dict(data or {}),
        )
        .on_conflict_do_nothing()
        .returning(Line.id)
    )
    if fresh is None:
        return False
    _count(person, kind, at, amount_fen, whole)
    restage(tx, person, at)
    return True


async def lock_person(tx: Tx, fan_id: int) -> Fan:
    """The living record of a fan, locked; follows a merge. Raises FanMissing."""
    wanted: int | None = fan_id
    while wanted is not None:
        person = await tx.scalar(
            select(Fan)
            .where(Fan.id == wanted)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if person is None:
            break
        wanted = person.merged_into
        if wanted is None:
            return person
    raise FanMissing


def restage(tx: Tx, person: Fan, at: datetime) -> None:
    """Move a locked person to the stage their facts say since `at`; announces a move."""
    stage = rules.stage(facts_of(person), tx.now).stage
    if stage is person.stage:
        return
    before, person.stage, person.stage_at = person.stage, stage, at
    tx.add(
        Line(
            fan_id=person.id,
            kind=Happening.STAGE,
            ref=f"{tx.now.isoformat()}:{before.value}:{stage.value}",
            at=at,
            amount_fen=0,
            whole=False,
            data={"before": before.value, "after": stage.value},
        )
    )
    moved = StageChanged(person.id, before.value, stage.value, at)
    publish(tx, moved, aggregate=f"fan:{person.id}")


def facts_of(person: Fan) -> FanFacts:
    """What the stage is decided from."""
    return FanFacts(
        following=person.following,
        ever_followed=person.ever_followed,
        orders=person.orders,
        received_orders=person.received_orders,
        whole_refunds=person.whole_refunds,
        interactions=person.interactions,
        last_seen_at=person.last_seen_at,
        last_paid_at=person.last_paid_at,
    )


async def rebuild_counters(tx: Tx) -> int:
    """Recount every fan from the timeline; returns how many had drifted (0 is the promise)."""
    changed = list(await tx.scalars(_REBUILD))
    for fan_id in changed:
        restage(tx, await lock_person(tx, fan_id), tx.now)
    return len(changed)


async def find_lost(tx: Tx) -> int:
    """Restage buyers who fell silent; returns how many were looked at, at most 500 a call."""
    silent = tx.now - rules.SILENT_AFTER
    found = await tx.scalars(
        select(Fan)
        .where(
            Fan.last_seen_at < silent,
            Fan.orders > Fan.whole_refunds,
            Fan.stage != Stage.LOST,
            Fan.merged_into.is_(None),
        )
        .order_by(Fan.last_seen_at)
        .limit(RESTAGE_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    people = list(found)
    for person in people:
        restage(tx, person, tx.now)
    return len(people)


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
        case Happening.ORDER_REFUNDED:
            person.refunded_fen += amount_fen
            person.whole_refunds += whole
        case _:
            pass
