"""Rules of segments as one parameterised statement, and the picture of one fan they are judged by.

Only constructs of SQLAlchemy are put together here: a value of a rule is always a bound parameter.
A deed becomes a set of fan ids read from one range of the facts' index; the planner joins the sets,
the smallest first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from tiefen.fans.errors import SegmentMissing
from tiefen.fans.models import (
    AttributeValue,
    Fact,
    Fan,
    Member,
    Place,
    Rfm,
    Segment,
    Source,
    Tagging,
    Topic,
)
from tiefen.fans.queries.attributes import answer
from tiefen.fans.queries.places import away, distances_of, spots
from tiefen.fans.rules import box, coming_days, named_ids, window_first
from tiefen.fans.values import (
    Clause,
    Did,
    FactDay,
    FactKind,
    FanPicture,
    FieldType,
    Group,
    Negation,
    Op,
    Rule,
    Spot,
)
from tiefen.kernel.days import CHINA, day_of
from tiefen.kernel.db import Tx

_ROOM = text(
    "SELECT set_config('work_mem', '64MB', true), "
    "set_config('plan_cache_mode', 'force_custom_plan', true)"
)
"""Room for the sets of a rule to stay in memory, and a plan for its own values: this transaction only."""
PERSON_FIELDS = (
    "orders",
    "received_orders",
    "returned_orders",
    "interactions",
    "friends",
    "paid_fen",
    "refunded_fen",
    "past_orders",
    "past_fen",
    "past_last_at",
    "joined_at",
    "last_seen_at",
    "last_paid_at",
    "stage_at",
    "stage",
    "following",
    "ever_followed",
    "source_code_id",
    "owner_staff_id",
    "level_id",
    "region_code",
)


async def fans_of(tx: Tx, rule: Rule) -> Select[int]:
    """The ids of the living fans a rule holds for, as a statement to run, count or page."""
    await tx.execute(_ROOM)
    compiler = await _compiler(tx, rule)
    return select(Fan.id).where(Fan.merged_into.is_(None), compiler.where(rule))


async def where(tx: Tx, rule: Rule) -> ColumnElement[bool]:
    """As a condition on the fan's row, for lists that narrow and sort by other things too."""
    await tx.execute(_ROOM)
    return (await _compiler(tx, rule)).where(rule)


async def hits(tx: Tx, rule: Rule, among: Sequence[int]) -> list[int]:
    """Those of these fans a rule holds for, ascending; what it costs grows with their number alone."""
    await tx.execute(_ROOM)
    compiler = await _compiler(tx, rule, among)
    return list(
        await tx.scalars(
            select(Fan.id)
            .where(Fan.merged_into.is_(None), Fan.id == any_(_ids(among)), compiler.where(rule))
            .order_by(Fan.id)
        )
    )


async def picture(tx: Tx, fan: Fan) -> FanPicture:
    """Everything rules can look at, of one living fan; a handful of indexed reads."""
    source = await tx.get(Source, fan.source_code_id) if fan.source_code_id else None
    score = await tx.scalar(select(Rfm).where(Rfm.fan_id == fan.id))
    fields = {name: getattr(fan, name) for name in PERSON_FIELDS}
    fields |= {
        "has_phone": fan.phone_blind is not None,
        "source_kind": source.kind if source else None,
        "source_owner_id": source.owner_staff_id if source else None,
        "distance": await distances_of(tx, fan.id),
    } | {name: getattr(score, column.key) if score else None for name, column in _SCORES.items()}
    given = await tx.scalars(select(AttributeValue).where(AttributeValue.fan_id == fan.id))
    tags = await tx.scalars(select(Tagging.tag_id).where(Tagging.fan_id == fan.id))
    segments = await tx.scalars(select(Member.segment_id).where(Member.fan_id == fan.id))
    facts = await tx.execute(
        select(Topic.kind, Topic.subject, Fact.day, Fact.times)
        .join(Topic, Topic.id == Fact.topic_id)
        .where(Fact.fan_id == fan.id)
    )
    return FanPicture(
        fields=fields,
        answers={row.attribute_id: answer(row) for row in given if row.sealed is None},
        tags=frozenset(tags),
        segments=frozenset(segments),
        facts=tuple(FactDay(*row) for row in facts),
    )


async def saved_segments(tx: Tx, *, archived: bool = False) -> list[Segment]:
    """All segments, the newest first."""
    statement = select(Segment).order_by(Segment.id.desc())
    if not archived:
        statement = statement.where(Segment.archived_at.is_(None))
    return list(await tx.scalars(statement))


async def one_segment(tx: Tx, segment_id: int) -> Segment:
    """A segment. Raises SegmentMissing."""
    found = await tx.get(Segment, segment_id)
    if found is None:
        raise SegmentMissing
    return found


async def everyone(tx: Tx) -> int:
    """How many living fans there are."""
    statement = select(func.count()).select_from(Fan).where(Fan.merged_into.is_(None))
    return await tx.scalar(statement) or 0


async def sources(tx: Tx) -> list[Source]:
    """All channel codes we know by name."""
    return list(await tx.scalars(select(Source).order_by(Source.code_id)))


async def members(
    tx: Tx, segment_id: int, *, after: int | None, limit: int
) -> list[tuple[int, datetime]]:
    """Fans in a segment and since when, newest fans first, one more than `limit`."""
    statement = select(Member.fan_id, Member.since).where(Member.segment_id == segment_id)
    if after is not None:
        statement = statement.where(Member.fan_id < after)
    rows = await tx.execute(statement.order_by(Member.fan_id.desc()).limit(limit + 1))
    return [(row[0], row[1]) for row in rows]


async def topics_of(tx: Tx, kind: FactKind) -> list[Topic]:
    """What facts of a kind have been about, for pickers."""
    rows = await tx.scalars(
        select(Topic)
        .where(Topic.kind == kind, Topic.subject != "")
        .order_by(Topic.name, Topic.subject)
        .limit(500)
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes a rule into a condition on the fan's row. `today` is the merchant's day."""

    today: date
    topics: Mapping[tuple[FactKind, str], int]
    among: Sequence[int] | None = None
    """Only these fans are asked about: sets are then read by fan, not whole."""
    points: Mapping[int, Spot] = field(default_factory=dict)
    """The points that the rule names."""

    def where(self, rule: Rule) -> ColumnElement[bool]:
        """True for the fans the rule holds for; never unknown."""
        return self._node(rule, _Place(apart=self.among is not None))

    def _node(self, rule: Rule, at: "_Place") -> ColumnElement[bool]:
        # Negations are carried down to the leaves, so that "not in a set" can become an anti-join.
        match rule:
            case Group(every=every, nodes=nodes):
                both = every is not at.negated
                below = at if both else replace(at, joined=False)
                parts = [self._node(node, below) for node in nodes]
                return and_(true(), *parts) if both else or_(false(), *parts)
            case Negation(node=node):
                return self._node(node, at.opposite())
            case Did():
                return self._did(rule, at)
            case Clause():
                return self._clause(rule, at)

    def _did(self, rule: Did, at: "_Place") -> ColumnElement[bool]:
        if rule.op is Op.AT_LEAST:
            return at.put(self._doers(rule, rule.times))
        no_more = at.opposite().put(self._doers(rule, rule.times + 1))
        if rule.op is Op.AT_MOST or rule.times == 0:
            return no_more
        enough = at.put(self._doers(rule, rule.times))
        return or_(enough, no_more) if at.negated else and_(enough, no_more)

    def _doers(self, rule: Did, times: int) -> Select[int]:
        """The fans who did it at least so often."""
        wanted = [self.topics.get((rule.fact, subject), 0) for subject in rule.subjects or ("",)]
        one = len(wanted) == 1
        doers = select(Fact.fan_id).where(
            Fact.topic_id == wanted[0] if one else Fact.topic_id.in_(wanted)
        )
        doers = self._only(doers, Fact.fan_id)
        if rule.days is not None:
            doers = doers.where(Fact.day >= window_first(rule.days, self.today))
        if times > 1:
            doers = doers.group_by(Fact.fan_id).having(func.sum(Fact.times) >= times)
        return doers

    def _only(self, found: Select[int], fan_id: Any) -> Select[int]:
        return found if self.among is None else found.where(fan_id == any_(_ids(self.among)))

    def _clause(self, rule: Clause, at: "_Place") -> ColumnElement[bool]:
        if rule.op in _OPPOSITES:
            return self._clause(replace(rule, op=_OPPOSITES[rule.op]), at.opposite())
        if rule.attribute_id is not None:
            return at.put(self._answerers(rule))
        if rule.field in _WORN:
            return self._wearing(rule, at)
        if rule.type is FieldType.PLACE:
            return at.put(self._placed(rule))
        if rule.field in _SCORES:
            scored = self._only(select(Rfm.fan_id), Rfm.fan_id)
            return at.put(scored.where(self._compare(rule, _SCORES[rule.field])))
        held: ColumnElement[bool] = self._of_person(rule)
        if rule.field in _NULLABLE:  # elsewhere it would hide the column's statistics
            held = func.coalesce(held, false())
        return not_(held) if at.negated else held

    def _of_person(self, rule: Clause) -> Any:
        if rule.field in _OF_SOURCE:
            column = _OF_SOURCE[rule.field]
            codes = select(Source.code_id).where(self._compare(rule, column))
            return Fan.source_code_id.in_(codes)
        if rule.field == "has_phone":
            return Fan.phone_blind.is_not(None) if rule.value else Fan.phone_blind.is_(None)
        return self._compare(rule, getattr(Fan, rule.field))

    def _wearing(self, rule: Clause, at: "_Place") -> ColumnElement[bool]:
        fan_id, column = _WORN[rule.field]
        worn = self._only(select(fan_id), fan_id)
        if rule.op is Op.IN:
            return at.put(worn.where(column.in_(rule.value)))
        parts = [at.put(worn.where(column == value)) for value in rule.value]
        return or_(false(), *parts) if at.negated else and_(true(), *parts)

    def _placed(self, rule: Clause) -> Select[int]:
        """People with a place, near a point if one is asked for: the index reads the box around it."""
        record = aliased(Fan)
        found = (
            select(func.coalesce(record.merged_into, record.id).label("fan_id"))
            .join(Place, Place.fan_id == record.id)
            .where(Place.latitude_milli.is_not(None))
        )
        if self.among is not None:
            ids = _ids(self.among)
            found = found.where(or_(record.id == any_(ids), record.merged_into == any_(ids)))
        if rule.op is Op.SET:
            return found
        point = self.points.get(rule.value.point_id)
        if point is None:
            return found.where(false())
        around = box(point, rule.value.metres)
        spans = [Place.longitude_milli.between(west, east) for west, east in around.spans]
        return found.where(
            Place.latitude_milli.between(around.south, around.north),
            or_(*spans),
            away(Place.latitude_milli, Place.longitude_milli, point) <= rule.value.metres,
        )

    def _answerers(self, rule: Clause) -> Select[int]:
        given = self._only(select(AttributeValue.fan_id), AttributeValue.fan_id).where(
            AttributeValue.attribute_id == rule.attribute_id
        )
        if rule.op is Op.SET:
            return given
        if rule.type is FieldType.WORDS:
            return given.where(_of_words(rule))
        return given.where(self._compare(rule, _COLUMNS[rule.type]))

    def _compare(self, rule: Clause, column: Any) -> Any:
        value, kind = rule.value, rule.type
        if rule.op is Op.SET:
            return (
                and_(column.is_not(None), column != "")
                if kind is FieldType.CODE
                else (column.is_not(None))
            )
        if rule.op in _COMPARISONS and kind in _NUMBERS:
            return _COMPARISONS[rule.op](column, value)
        match kind:
            case FieldType.MOMENT | FieldType.DAY:
                return self._of_days(rule, column)
            case FieldType.YES:
                return column.is_(value)
            case FieldType.TEXT if rule.op is Op.CONTAINS:
                return func.strpos(func.lower(column), value.lower()) > 0
            case FieldType.TEXT:
                return column == value
            case FieldType.CODE:
                return or_(false(), *(func.starts_with(column, one) for one in value))
            case _:
                return column.in_(value)

    def _of_days(self, rule: Clause, column: Any) -> Any:
        if rule.op is Op.COMING:
            return func.to_char(column, "MM-DD").in_(coming_days(rule.value, self.today))
        moment = rule.type is FieldType.MOMENT
        if rule.op is Op.BETWEEN:
            first, last = rule.value
            if moment:
                return and_(column >= _start(first), column < _start(last + timedelta(days=1)))
            return column.between(first, last)
        edge = window_first(rule.value, self.today)
        bound: Any = _start(edge) if moment else edge
        return column >= bound if rule.op is Op.WITHIN else column < bound


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a rule a set stands: under a negation or not, and whether all else must hold too."""

    negated: bool = False
    joined: bool = True
    apart: bool = False
    """read each set once, by itself: small sets need no order of joins, and a wrong one costs"""

    def opposite(self) -> "_Place":
        return replace(self, negated=not self.negated)

    def put(self, found: Select[int]) -> ColumnElement[bool]:
        """The fan is (not) in a set of ids: a join where the planner can choose the order."""
        if self.apart:  # a set in IS TRUE is not joined
            return (Fan.id.not_in(found) if self.negated else Fan.id.in_(found)).is_(True)
        if not self.negated:
            return Fan.id.in_(found)
        if not self.joined:
            return Fan.id.not_in(found)
        others = found.subquery()
        return not_(exists(select(others.c.fan_id).where(others.c.fan_id == Fan.id)))


def _ids(fan_ids: Sequence[int]) -> Any:
    return literal(list(fan_ids), ARRAY(BigInteger))


def _of_words(rule: Clause) -> ColumnElement[bool]:
    wanted = list(dict.fromkeys(rule.value))
    single, several = AttributeValue.word, AttributeValue.words
    if rule.op is Op.ALL_OF:
        alone = single == wanted[0] if len(wanted) == 1 else false()
        return or_(alone, several.contains(wanted))
    return or_(single.in_(wanted), several.overlap(wanted))


def _start(day: date) -> datetime:
    """The first moment of a day of the merchant's."""
    return datetime.combine(day, time(), CHINA)


async def _compiler(tx: Tx, rule: Rule, among: Sequence[int] | None = None) -> Compiler:
    named = named_ids(rule, "distance")
    points = await spots(tx, named) if named else {}
    return Compiler(day_of(tx.now), await _topics(tx, rule), among, points)


async def _topics(tx: Tx, rule: Rule) -> dict[tuple[FactKind, str], int]:
    wanted = _subjects(rule)
    if not wanted:
        return {}
    rows = await tx.execute(
        select(Topic.kind, Topic.subject, Topic.id).where(
            tuple_(Topic.kind, Topic.subject).in_(sorted(wanted))
        )
    )
    return {(kind, subject): topic_id for kind, subject, topic_id in rows}


def _subjects(rule: Rule) -> set[tuple[FactKind, str]]:
    match rule:
        case Group(nodes=nodes):
            return set().union(*(_subjects(node) for node in nodes))
        case Negation(node=node):
            return _subjects(node)
        case Did(fact=fact, subjects=subjects):
            return {(fact, subject) for subject in subjects or ("",)}
        case _:
            return set()


_NULLABLE = frozenset(
    {
        "last_paid_at",
        "past_last_at",
        "source_code_id",
        "source_kind",
        "source_owner_id",
        "owner_staff_id",
    }
)
_NUMBERS = frozenset({FieldType.NUMBER, FieldType.FEN, FieldType.MILLI})
_OPPOSITES: dict[Op, Op] = {Op.NOT_IN: Op.IN, Op.NE: Op.EQ, Op.UNSET: Op.SET}
_COMPARISONS: dict[Op, Callable[[Any, Any], Any]] = {
    Op.EQ: lambda column, value: column == value,
    Op.GE: lambda column, value: column >= value,
    Op.LE: lambda column, value: column <= value,
    Op.GT: lambda column, value: column > value,
    Op.LT: lambda column, value: column < value,
    Op.BETWEEN: lambda column, value: column.between(*value),
}
_COLUMNS: dict[FieldType, Any] = {
    FieldType.TEXT: AttributeValue.word,
    FieldType.MILLI: AttributeValue.number_milli,
    FieldType.DAY: AttributeValue.day,
    FieldType.YES: AttributeValue.yes,
}
_WORN: dict[str, tuple[Any, Any]] = {
    "tag": (Tagging.fan_id, Tagging.tag_id),
    "segment": (Member.fan_id, Member.segment_id),
}
_SCORES: dict[str, Any] = {
    "rfm_r": Rfm.r,
    "rfm_f": Rfm.f,
    "rfm_m": Rfm.m,
    "rfm_group": Rfm.kind,
}
_OF_SOURCE: dict[str, Any] = {
    "source_kind": Source.kind,
    "source_owner_id": Source.owner_staff_id,
}
