"""Segments: saving a rule, keeping who is in, lists kept by hand, and why a fan is in or not."""

from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import queries, rules
from tiefen.fans.errors import (
    NotByHand,
    RuleWrong,
    SegmentCircle,
    SegmentInUse,
    SegmentMissing,
    SegmentNameTaken,
    TooManySegments,
)
from tiefen.fans.events import SegmentEntered, SegmentLeft, SegmentRefreshed
from tiefen.fans.models import Fan, Line, Member, Point, Segment, Tag, TagRule
from tiefen.fans.service.facts import note_change, watch_word
from tiefen.fans.service.tags import tag_fans
from tiefen.fans.service.timeline import lock_person
from tiefen.fans.values import (
    Author,
    Clause,
    Did,
    FactKind,
    FanPicture,
    Group,
    Happening,
    Near,
    Negation,
    Rule,
    SegmentKind,
    SegmentState,
)
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA, day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

REFRESH = "fans.refresh_segment"
MAX_SEGMENTS = 200
TOLD_AT_MOST = 5_000
"""Comings and goings that a refresh publishes one by one."""

_LISTED_ITSELF = text(
    """
    UPDATE fan_merge
    SET lists = jsonb_set(lists, '{joined}', (lists -> 'joined') - CAST(:segment AS text))
    WHERE winner_id = ANY(:fans) AND undone_at IS NULL
      AND lists -> 'joined' ? CAST(:segment AS text)
    """
)
"""Who is put on a list by staff is on it themselves, not only with a record that was joined."""


async def read_rule(tx: Tx, raw: Any, *, own_id: int | None = None) -> Rule:
    """A rule as sent, checked against what there is. Raises RuleWrong with the node's path,
    SegmentCircle."""
    asked = queries.questions(await queries.attributes(tx))
    rule = rules.read_rule(raw, asked)
    tags = rules.named_ids(rule, "tag")
    known = set(await tx.scalars(select(Tag.id).where(Tag.id.in_(tags)))) if tags else set()
    named = rules.named_ids(rule, "segment")
    there = {one.id: one for one in await queries.saved_segments(tx)} if named else {}
    _check_there(rule, "tag", known, "标签")
    _check_there(rule, "segment", there.keys(), "人群")
    await _check_points(tx, rule)
    if own_id is not None:
        _check_circle(own_id, named, there)
    return rule


def _check_there(rule: Rule, field: str, have: Container[int], zh_name: str) -> None:
    """What clauses of one field name must be there."""
    for clause in _clauses(rule):
        for place, one in enumerate(clause.value if clause.field == field else ()):
            if one not in have:
                raise RuleWrong(
                    field=f"{clause.path}.value.{place}",
                    zh_reason=f"这个{zh_name}已经不在了",
                    en_reason=f"this {field} is gone",
                )


async def _check_points(tx: Tx, rule: Rule) -> None:
    """Points that conditions of distance name must be there; they stay while a rule is saved."""
    named = rules.named_ids(rule, "distance")
    if not named:
        return
    have = set(
        await tx.scalars(select(Point.id).where(Point.id.in_(named)).with_for_update(read=True))
    )
    for clause in _clauses(rule):
        if isinstance(clause.value, Near) and clause.value.point_id not in have:
            raise RuleWrong(
                field=f"{clause.path}.value.point",
                zh_reason="这个地点已经不在了",
                en_reason="this point is gone",
            )


async def save_segment(
    tx: Tx,
    actor: StaffActor,
    *,
    name: str,
    note: str = "",
    raw: Mapping[str, Any] | None = None,
    fan_ids: Sequence[int] = (),
) -> Segment:
    """A new segment: a rule, which a job fills; or, without one, a list with these fans.

    Raises RuleWrong, SegmentNameTaken, TooManySegments.
    """
    rule = await read_rule(tx, raw) if raw is not None else None
    if len(await queries.saved_segments(tx)) >= MAX_SEGMENTS:
        raise TooManySegments(limit=MAX_SEGMENTS)
    made: Segment | None = await tx.scalar(
        insert(Segment)
        .values(
            name=name,
            note=note,
            kind=SegmentKind.RULE if rule else SegmentKind.FIXED,
            rule=raw,
            touches=sorted(rules.touches(rule)) if rule else [],
            moves=rules.moves(rule) if rule else False,
            state=SegmentState.FILLING if rule else SegmentState.READY,
            staff_id=actor.id or None,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(Segment)
    )
    if made is None:
        raise SegmentNameTaken(field="name", name=name)
    if rule:
        await _watch_words(tx, rule)
        later(tx, REFRESH, segment_id=made.id, version=made.version)
    elif fan_ids:
        await list_fans(tx, made, fan_ids, there=True)
    after = {"name": name, "kind": made.kind.value, "rule": dict(raw or {})}
    await record_audit(tx, actor, "fans.segment_saved", f"segment:{made.id}", after=after)
    return made


async def edit_segment(
    tx: Tx, actor: StaffActor, segment_id: int, changes: Mapping[str, Any]
) -> Segment:
    """Change name, note, rule or archived. Another rule is filled anew.

    Raises SegmentMissing, RuleWrong, SegmentCircle, SegmentNameTaken, SegmentInUse, NotByHand.
    """
    segment = await lock_segment(tx, segment_id)
    before = {"name": segment.name, "rule": segment.rule}
    name = changes.get("name", segment.name)
    if name != segment.name:
        if await tx.scalar(select(Segment.id).where(Segment.name == name)):
            raise SegmentNameTaken(field="name", name=name)
        segment.name = name
    segment.note = changes.get("note", segment.note)
    if changes.get("rule") is not None:
        if segment.kind is not SegmentKind.RULE:
            raise NotByHand(field="rule")
        rule = await read_rule(tx, changes["rule"], own_id=segment.id)
        segment.rule, segment.touches = changes["rule"], sorted(rules.touches(rule))
        segment.moves, segment.trouble = rules.moves(rule), ""
        segment.state, segment.version = SegmentState.FILLING, segment.version + 1
        await _watch_words(tx, rule)
        later(tx, REFRESH, segment_id=segment.id, version=segment.version)
    if "archived" in changes:
        await _archive(tx, segment, archived=changes["archived"])
    after = {"name": segment.name, "rule": segment.rule}
    await record_audit(tx, actor, "fans.segment_edited", f"segment:{segment.id}", before, after)
    return segment


async def refresh_segment(tx: Tx, segment_id: int, version: int) -> None:
    """Find the members of a rule anew and publish who came and went.

    Does nothing for a version that was edited since: the newer one has its own job.
    """
    segment = await tx.scalar(select(Segment).where(Segment.id == segment_id).with_for_update())
    if segment is None or segment.version != version or segment.rule is None or segment.archived_at:
        return
    first = segment.state is SegmentState.FILLING
    try:
        rule = await read_rule(tx, segment.rule)
    except RuleWrong as wrong:
        segment.state, segment.trouble = SegmentState.BROKEN, wrong.message("zh")
        return
    found = (await queries.fans_of(tx, rule)).subquery()
    entered = list(
        await tx.scalars(
            insert(Member)
            .from_select(["segment_id", "fan_id", "since"], _fresh(segment.id, found, tx.now))
            .on_conflict_do_nothing()
            .returning(Member.fan_id)
        )
    )
    left = list(
        await tx.scalars(
            delete(Member)
            .where(Member.segment_id == segment.id, Member.fan_id.not_in(select(found.c.id)))
            .returning(Member.fan_id)
        )
    )
    segment.members += len(entered) - len(left)
    segment.state, segment.refreshed_at = SegmentState.READY, tx.now
    told = not first and len(entered) + len(left) <= TOLD_AT_MOST
    if told:
        for fan_id in entered:
            _tell(tx, segment.id, fan_id, entered=True)
        for fan_id in left:
            _tell(tx, segment.id, fan_id, entered=False)
    happened = SegmentRefreshed(segment.id, len(entered), len(left), segment.members, told, tx.now)
    publish(tx, happened, aggregate=f"segment:{segment.id}")
    if entered or left:
        await refresh_touching(tx, "segment", named=segment.id)


async def refresh_moved(tx: Tx) -> None:
    """Have each segment looked through whose window has moved since: once a day is exact."""
    midnight = datetime.combine(day_of(tx.now), time(), CHINA)
    due = await tx.scalars(
        select(Segment).where(
            Segment.moves,
            Segment.archived_at.is_(None),
            Segment.state == SegmentState.READY,
            Segment.refreshed_at < midnight,
        )
    )
    for segment in due:
        key = f"{segment.id}:{segment.version}:{midnight.date()}"
        later(tx, REFRESH, key=key, segment_id=segment.id, version=segment.version)


async def refresh_touching(tx: Tx, family: str, *, named: int | None = None) -> None:
    """Have each segment looked through whose rule looks at something that changed for many."""
    looking = await tx.scalars(
        select(Segment).where(Segment.archived_at.is_(None), Segment.touches.contains([family]))
    )
    for segment in looking:
        if named is None or named in rules.mentioned(segment.rule, family):
            later(tx, REFRESH, segment_id=segment.id, version=segment.version)


async def recheck(tx: Tx, fan_id: int) -> None:
    """Judge one fan by all rules of tags and segments; the person stays locked meanwhile."""
    person = await lock_person(tx, fan_id)
    picture = await queries.picture(tx, person)
    if await _tag_by_rules(tx, person, picture):
        picture = await queries.picture(tx, person)
    today = day_of(tx.now)
    asked = queries.questions(await queries.attributes(tx))
    changed = False
    for segment in await queries.saved_segments(tx):
        if segment.rule is None or segment.state is not SegmentState.READY:
            continue
        try:
            rule = rules.read_rule(segment.rule, asked)
        except RuleWrong:
            continue  # its refresh says so on the segment
        inside = rules.holds(rule, picture, today)
        if inside != (segment.id in picture.segments):
            changed |= await _set_member(tx, segment.id, person.id, inside=inside)
    if changed:
        await note_change(tx, person.id, ["segment"])


async def list_fans(tx: Tx, segment: Segment, fan_ids: Sequence[int], *, there: bool) -> list[int]:
    """Put fans on a list kept by hand, or take them off; unknown ids are left out.

    Returns those for whom it changed. Raises NotByHand.
    """
    if segment.kind is not SegmentKind.FIXED:
        raise NotByHand
    if there:
        await tx.execute(_LISTED_ITSELF, {"segment": str(segment.id), "fans": list(fan_ids)})
        living = (
            select(func.coalesce(Fan.merged_into, Fan.id).label("id"))
            .where(Fan.id.in_(fan_ids))
            .distinct()
            .subquery()
        )
        changed = list(
            await tx.scalars(
                insert(Member)
                .from_select(["segment_id", "fan_id", "since"], _fresh(segment.id, living, tx.now))
                .on_conflict_do_nothing()
                .returning(Member.fan_id)
            )
        )
    else:
        changed = list(
            await tx.scalars(
                delete(Member)
                .where(Member.segment_id == segment.id, Member.fan_id.in_(fan_ids))
                .returning(Member.fan_id)
            )
        )
    segment.members += len(changed) if there else -len(changed)
    for fan_id in changed:
        _tell(tx, segment.id, fan_id, entered=there)
    return changed


async def list_by_hand(
    tx: Tx, actor: StaffActor, segment_id: int, fan_ids: Sequence[int], *, there: bool
) -> int:
    """Staff change a list kept by hand; returns for how many. Raises SegmentMissing, NotByHand."""
    segment = await lock_segment(tx, segment_id)
    changed = await list_fans(tx, segment, fan_ids, there=there)
    await refresh_touching(tx, "segment", named=segment.id)
    after = {"changed": len(changed), "there": there}
    await record_audit(tx, actor, "fans.segment_listed", f"segment:{segment.id}", after=after)
    return len(changed)


async def note_export(tx: Tx, actor: StaffActor, segment: Segment) -> None:
    """Somebody takes the members out of the house."""
    after = {"name": segment.name, "members": segment.members}
    await record_audit(tx, actor, "fans.segment_exported", f"segment:{segment.id}", after=after)


async def leave_all(tx: Tx, fan_id: int, *, then: int) -> dict[str, list[str]]:
    """A record that is joined into `then` leaves all segments; lists kept by hand take `then`.

    Returns the lists it was on and those that took `then`, so that it can be undone.
    """
    gone = await tx.scalars(
        delete(Member).where(Member.fan_id == fan_id).returning(Member.segment_id)
    )
    left, joined = [], []
    for segment_id in sorted(gone):
        segment = await lock_segment(tx, segment_id)
        segment.members -= 1
        if segment.kind is SegmentKind.FIXED:
            left.append(str(segment_id))
            if await list_fans(tx, segment, [then], there=True):
                joined.append(str(segment_id))
    return {"left": left, "joined": joined}


async def leave_lists(tx: Tx, fan_ids: Sequence[int]) -> None:
    """People who are erased are in no segment and on no list any more."""
    gone = await tx.scalars(
        delete(Member).where(Member.fan_id.in_(fan_ids)).returning(Member.segment_id)
    )
    for segment_id in sorted(gone):
        (await lock_segment(tx, segment_id)).members -= 1


async def back_on_lists(
    tx: Tx, lists: Mapping[str, Sequence[str]], *, winner_id: int, loser_id: int
) -> None:
    """Undo what `leave_all` did to lists kept by hand, those that are still there."""
    left, joined = (set(map(int, lists.get(key, ()))) for key in ("left", "joined"))
    for segment_id in sorted(left | joined):
        segment = await lock_segment(tx, segment_id)
        if segment_id in joined:
            await list_fans(tx, segment, [winner_id], there=False)
        if segment_id in left:
            await list_fans(tx, segment, [loser_id], there=True)


async def lock_segment(tx: Tx, segment_id: int) -> Segment:
    """A segment whose members nobody changes meanwhile. Raises SegmentMissing."""
    segment = await tx.scalar(select(Segment).where(Segment.id == segment_id).with_for_update())
    if segment is None:
        raise SegmentMissing
    return segment


async def _tag_by_rules(tx: Tx, person: Fan, picture: FanPicture) -> bool:
    """Give what behaviour earns; what staff took off comes back only by a newer deed."""
    rows = await tx.execute(
        select(TagRule, Tag).join(Tag, Tag.id == TagRule.tag_id).where(TagRule.active)
    )
    today, changed = day_of(tx.now), False
    for rule, tag in rows.all():
        giving = rules.Giving(rule.fact, rule.subject, rule.times, rule.within_days, rule.keep_days)
        earned = rules.given(giving, picture.facts, today)
        if earned is None or (tag.id in picture.tags and earned.until is None):
            continue
        if tag.id not in picture.tags and await _taken_since(tx, person.id, tag.id, earned.since):
            continue
        until = datetime.combine(earned.until, time(), CHINA) if earned.until else None
        why = f"{rule.fact.value}:{rule.subject}:{earned.times}"
        fresh = await tag_fans(
            tx, tag, [person.id], author=Author.RULE, reason=why, expires_at=until
        )
        changed |= bool(fresh)
    return changed


async def _taken_since(tx: Tx, fan_id: int, tag_id: int, day: date) -> bool:
    since = datetime.combine(day, time(), CHINA)
    found = await tx.scalar(
        select(Line.id)
        .where(
            Line.fan_id == fan_id,
            Line.kind == Happening.UNTAGGED,
            Line.at >= since,
            Line.data["tag_id"].as_integer() == tag_id,
            Line.data["author"].as_string() == Author.STAFF.value,
        )
        .limit(1)
    )
    return found is not None


async def _set_member(tx: Tx, segment_id: int, fan_id: int, *, inside: bool) -> bool:
    segment = await lock_segment(tx, segment_id)
    if inside:
        row = insert(Member).values(segment_id=segment_id, fan_id=fan_id, since=tx.now)
        done = await tx.scalar(row.on_conflict_do_nothing().returning(Member.fan_id))
    else:
        done = await tx.scalar(
            delete(Member)
            .where(Member.segment_id == segment_id, Member.fan_id == fan_id)
            .returning(Member.fan_id)
        )
    if done is None:
        return False
    segment.members += 1 if inside else -1
    _tell(tx, segment_id, fan_id, entered=inside)
    return True


def _tell(tx: Tx, segment_id: int, fan_id: int, *, entered: bool) -> None:
    kind = SegmentEntered if entered else SegmentLeft
    publish(tx, kind(segment_id, fan_id, tx.now), aggregate=f"fan:{fan_id}")


def _fresh(segment_id: int, found: Any, now: datetime) -> Any:
    return select(literal(segment_id), found.c.id, literal(now, Member.since.type))


async def _archive(tx: Tx, segment: Segment, *, archived: bool) -> None:
    if not archived:
        segment.archived_at = None
        if segment.rule is not None:
            segment.state, segment.version = SegmentState.FILLING, segment.version + 1
            later(tx, REFRESH, segment_id=segment.id, version=segment.version)
        return
    for other in await queries.saved_segments(tx):
        if other.rule and segment.id in rules.mentioned(other.rule, "segment"):
            raise SegmentInUse(name=other.name)
    segment.archived_at = tx.now


async def _watch_words(tx: Tx, rule: Rule) -> None:
    match rule:
        case Group(nodes=nodes):
            for node in nodes:
                await _watch_words(tx, node)
        case Negation(node=node):
            await _watch_words(tx, node)
        case Did(fact=FactKind.ASKED, subjects=subjects):
            for word in subjects:
                await watch_word(tx, word)
        case _:
            pass


def _clauses(rule: Rule) -> list[Clause]:
    match rule:
        case Group(nodes=nodes):
            return [clause for node in nodes for clause in _clauses(node)]
        case Negation(node=node):
            return _clauses(node)
        case Clause():
            return [rule]
        case _:
            return []


def _check_circle(own_id: int, named: frozenset[int], there: Mapping[int, Segment]) -> None:
    """Raise SegmentCircle when following the names leads back."""
    todo: list[tuple[int, tuple[int, ...]]] = [(one, (one,)) for one in named]
    seen: set[int] = set()
    while todo:
        at, way = todo.pop()
        if at == own_id:
            names = " → ".join(there[one].name for one in way if one in there)
            raise SegmentCircle(field="rule", names=names)
        if at in seen or at not in there:
            continue
        seen.add(at)
        below = rules.mentioned(there[at].rule, "segment")
        todo += [(one, (*way, one)) for one in below]
