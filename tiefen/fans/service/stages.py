"""Stages: moving locked people, publishing rules, applying them, and what days alone change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import and_, func, select, text

from tiefen.fans import rules
from tiefen.fans.errors import StageRulesMoved
from tiefen.fans.events import StageChanged
from tiefen.fans.models import Fan, Line, StageMove, StageRuleSet
from tiefen.fans.queries import current_rules
from tiefen.fans.values import DayCount, FanFacts, Happening, MoveCause, Stage, StageRules, Standing
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

APPLY = "fans.apply_stage_rules"
AT_ONCE = 500
_MOVE = text("UPDATE fan SET stage = :stage, stage_at = :at, next_check_on = :due WHERE id = :id")
_CHECK = text("UPDATE fan SET next_check_on = :due WHERE id = :id")
_LOCK_RULES = text("SELECT pg_advisory_xact_lock(hashtextextended('fans.stage_rules', 0))")
_HOLD_RULES = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('fans.stage_rules', 0))")


_DAYS = text(
    """
    SELECT r.person, d.day, sum(d.interactions), sum(d.received + d.past), sum(d.friends)
    FROM (SELECT id, id AS person FROM fan WHERE id = ANY(:people)
          UNION ALL
          SELECT id, merged_into FROM fan WHERE merged_into = ANY(:people)) AS r
    JOIN fan_day AS d ON d.fan_id = r.id
    WHERE d.day >= :since GROUP BY 1, 2
    """
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a judgement needs beside the person's own row."""

    version: int
    rules: StageRules
    today: date
    days: dict[int, list[DayCount]]


@dataclass(frozen=True, slots=True)
class Counted:
    """A locked person as a judgement needs them, where nothing else of the row is asked for."""

    id: int
    stage: Stage
    next_check_on: date | None
    facts: FanFacts

    @classmethod
    def of(cls, row: Any) -> "Counted":
        """From a row that begins as whose lock is held, then these, the facts in their order."""
        _, fan_id, stage, due, *facts = row
        return cls(fan_id, Stage(stage), due, FanFacts(*facts))


async def look(tx: Tx, people: Sequence[int]) -> Look:
    """Today's rules and what these (locked) people did inside their windows."""
    version, found = await _held_rules(tx)
    today = day_of(tx.now)
    since = rules.window_start(found, today)
    days = await _days(tx, people, since) if since else {}
    return Look(version, found, today, days)


async def _held_rules(tx: Tx) -> tuple[int, StageRules]:
    """The rules, read once a transaction: a publication waits for whoever judges by the old ones.

    So all they moved is committed, and seen, when the new rules are applied to everybody.
    """
    held: tuple[int, StageRules] | None = tx.info.get("fans.rules")
    if held is None:
        await tx.execute(_HOLD_RULES)
        held = tx.info["fans.rules"] = await current_rules(tx)
    return held


def judge(person: Fan | Counted, seen: Look) -> Standing:
    """Where a person stands today."""
    facts = person.facts if isinstance(person, Counted) else facts_of(person)
    return rules.stage(seen.rules, facts, seen.days.get(person.id, []), seen.today)


def place(tx: Tx, person: Fan, seen: Look, at: datetime, cause: MoveCause) -> bool:
    """Put a locked person where they stand since `at`; logs and announces a move."""
    standing = judge(person, seen)
    if person.next_check_on != standing.due:
        person.next_check_on = standing.due
    if standing.stage is person.stage:
        return False
    before, person.stage, person.stage_at = person.stage, standing.stage, at
    _log(tx, person.id, before, standing, seen, at, cause)
    return True


async def place_counted(tx: Tx, person: Counted, at: datetime) -> None:
    """Put a person where they stand since `at`, after an event: a statement only if that is news."""
    seen = await look(tx, [person.id])
    standing = judge(person, seen)
    if standing.stage is not person.stage:
        _log(tx, person.id, person.stage, standing, seen, at, MoveCause.EVENT)
        given = {"id": person.id, "stage": standing.stage.value, "at": at, "due": standing.due}
        await tx.execute(_MOVE, given)
    elif standing.due != person.next_check_on:
        await tx.execute(_CHECK, {"id": person.id, "due": standing.due})


def _log(
    tx: Tx,
    fan_id: int,
    before: Stage,
    standing: Standing,
    seen: Look,
    at: datetime,
    cause: MoveCause,
) -> None:
    """A move as a line of the log, a line of the timeline, and an event."""
    moved = {"before": before.value, "after": standing.stage.value}
    because = [msgspec.to_builtins(one) for one in standing.because]
    tx.add(
        StageMove(
            fan_id=fan_id,
            before=before,
            after=standing.stage,
            because=because,
            cause=cause,
            version=seen.version,
            at=at,
            day=day_of(at),
        )
    )
    tx.add(
        Line(
            fan_id=fan_id,
            kind=Happening.STAGE,
            ref=f"{tx.now.isoformat()}:{before.value}:{standing.stage.value}",
            at=at,
            amount_fen=0,
            whole=False,
            data={**moved, "cause": cause.value, "version": seen.version},
        )
    )
    happened = StageChanged(fan_id, before.value, standing.stage.value, at)
    publish(tx, happened, aggregate=f"fan:{fan_id}")


def facts_of(person: Fan) -> FanFacts:
    """What the stage is decided from."""
    return FanFacts(
        following=person.following,
        ever_followed=person.ever_followed,
        orders=person.orders,
        received_orders=person.received_orders,
        whole_refunds=person.whole_refunds,
        returned_orders=person.returned_orders,
        paid_fen=person.paid_fen,
        refunded_fen=person.refunded_fen,
        interactions=person.interactions,
        friends=person.friends,
        last_seen_at=person.last_seen_at,
        last_paid_at=person.last_paid_at,
        past_orders=person.past_orders,
        past_fen=person.past_fen,
        past_last_at=person.past_last_at,
    )


async def publish_rules(
    tx: Tx, actor: StaffActor, body: StageRules, *, note: str, based_on: int
) -> int:
    """A new version of the rules; a job moves everybody. Returns the version.

    Raises StageRulesMalformed, StageRulesMoved (somebody published after `based_on`).
    """
    rules.check_rules(body)
    await tx.execute(_LOCK_RULES)
    tx.info.pop("fans.rules", None)
    version, before = await current_rules(tx)
    if version != based_on:
        raise StageRulesMoved(version=version)
    living = select(func.count()).select_from(Fan).where(Fan.merged_into.is_(None))
    tx.add(
        StageRuleSet(
            version=version + 1,
            body=as_body(body),
            note=note,
            published_by=actor.id,
            published_at=tx.now,
            fans=await tx.scalar(living) or 0,
            looked_at=0,
            moved=0,
        )
    )
    later(tx, APPLY, version=version + 1, after_id=0)
    await record_audit(
        tx,
        actor,
        "fans.stage_rules_published",
        f"stage_rules:{version + 1}",
        as_body(before),
        as_body(body),
        reason=note,
    )
    return version + 1


async def apply_rules(tx: Tx, version: int, after_id: int) -> None:
    """Judge the next people by a version and queue those after them; stops for a newer one."""
    row = await tx.get(StageRuleSet, version, with_for_update=True)
    assert row is not None
    newest = await tx.scalar(select(func.max(StageRuleSet.version)))
    if newest != version:
        return
    people = await _locked(tx, Fan.id > after_id, order=Fan.id)
    row.moved += await _place_all(tx, people, MoveCause.RULES)
    row.looked_at += len(people)
    if len(people) < AT_ONCE:
        row.applied_at = tx.now
    else:
        later(tx, APPLY, version=version, after_id=people[-1].id)


async def check_due(tx: Tx) -> int:
    """Judge people whom the days may have moved; how many were looked at, at most 500 a call."""
    today = day_of(tx.now)
    people = await _locked(tx, Fan.next_check_on <= today, order=Fan.next_check_on, skip=True)
    await _place_all(tx, people, MoveCause.TIME)
    return len(people)


async def judge_recounted(tx: Tx, among: Sequence[int] | None = None) -> int:
    """As `check_due`, for people who were counted anew: what moved them is the count, not the days."""
    due = Fan.next_check_on <= day_of(tx.now)
    wanted = due if among is None else and_(due, Fan.id.in_(among))
    people = await _locked(tx, wanted, order=Fan.next_check_on, skip=among is None)
    await _place_all(tx, people, MoveCause.RECOUNT)
    return len(people)


def as_body(found: StageRules) -> dict[str, Any]:
    """Rules as JSON."""
    body: dict[str, Any] = msgspec.to_builtins(found)
    return body


async def _place_all(tx: Tx, people: Sequence[Fan], cause: MoveCause) -> int:
    seen = await look(tx, [person.id for person in people])
    return sum([place(tx, person, seen, tx.now, cause) for person in people])


async def _locked(tx: Tx, which: Any, *, order: Any, skip: bool = False) -> list[Fan]:
    found = await tx.scalars(
        select(Fan)
        .where(which, Fan.merged_into.is_(None))
        .order_by(order)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=skip)
        .execution_options(populate_existing=True)
    )
    return list(found)


async def _days(tx: Tx, people: Sequence[int], since: date) -> dict[int, list[DayCount]]:
    """Days of persons since a day, those of records joined into them included; one statement."""
    rows = await tx.execute(_DAYS, {"people": list(people), "since": since})
    found: dict[int, list[DayCount]] = {}
    for person, day, interactions, received, friends in rows:
        count = DayCount(day, int(interactions), int(received), int(friends))
        found.setdefault(person, []).append(count)
    return found
