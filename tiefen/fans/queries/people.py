"""Reads of the fans room."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased

from tiefen.fans import rules
from tiefen.fans.errors import FanMissing
from tiefen.fans.models import Fan, Identity, Line, Member, Rfm, Source, Tagging
from tiefen.fans.queries.segments import where
from tiefen.fans.values import FanSort, Happening, RfmGroup, Rule, Stage
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Tx

_ORDERS: dict[FanSort, Any] = {
    FanSort.NEWEST: Fan.id,
    FanSort.LAST_SEEN: Fan.last_seen_at,
    FanSort.SPEND: Fan.paid_fen,
    FanSort.ORDERS: Fan.orders,
}
NEWEST = FanSort.NEWEST
FEW = 5_000
"""So many are sorted at once; of more, the first page is found sooner by walking in order."""
_NUMBER = re.compile(r"#[0-9]{1,18}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of fans is narrowed by; None = anything."""

    query: str | None = None
    """part of a name or remark, a whole phone number however written, or `#id`"""
    stage: Stage | None = None
    following: bool | None = None
    source_code_id: int | None = None
    tag_id: int | None = None
    segment_id: int | None = None
    rfm_group: RfmGroup | None = None
    owner_staff_id: int | None = None
    level_id: int | None = None

    @property
    def words(self) -> str:
        """What is looked for in names and remarks; empty when nothing is, or a number or phone."""
        text = rules.fold(self.query or "")
        return "" if _NUMBER.match(text) or rules.whole_phone(text) else text


async def fan_list(
    tx: Tx,
    wanted: Filter,
    sort: FanSort,
    *,
    after: tuple[Any, int] | None,
    limit: int,
    rule: Rule | None = None,
) -> list[tuple[Fan, Source | None]]:
    """Fans, the most first, one more than `limit`; one statement, two when narrowed."""
    group = wanted.rfm_group
    if group is not None and rule is None and wanted == Filter(rfm_group=group):
        return await fans_by_id(tx, await _of_group(tx, group, sort, after, limit))
    key: Any = _ORDERS[sort]
    place: Any = Fan.id
    words = wanted.words
    conditions = [Fan.merged_into.is_(None), *_conditions(wanted)]
    if rule is not None:
        conditions.append(await where(tx, rule))
    narrow = len(conditions) > 1
    found = [*conditions, _candidates(words)] if words else conditions
    if (words or narrow) and (group is not None or await _few(tx, found)):
        # Find them by the filters' own indexes and sort those. Walking the order's index until
        # enough have matched would read the whole table for what nobody has. A frequent name is
        # the other way round: the walk is over soon, and sorting all of them is not. A group of
        # buyers goes with what lists are ordered by: those who spent least stand last.
        key, place = func.coalesce(key, key), func.coalesce(Fan.id, Fan.id)
        conditions = found
    if words:
        conditions.append(_named(words))
    statement = (
        select(Fan, Source)
        .outerjoin(Source, Source.code_id == Fan.source_code_id)
        .where(*conditions)
    )
    if after is not None:
        statement = statement.where(
            place < after[1] if sort is FanSort.NEWEST else tuple_(key, place) < tuple_(*after)
        )
    order = (place.desc(),) if sort is FanSort.NEWEST else (key.desc(), place.desc())
    rows = await tx.execute(statement.order_by(*order).limit(limit + 1))
    return [(fan, source) for fan, source in rows]


async def planned(
    tx: Tx, staff_id: int, until: date | None, *, after: tuple[date, int] | None, limit: int
) -> list[tuple[Fan, Source | None]]:
    """Fans of one member of staff for whom something is planned (up to a day), the oldest plan
    first, one more than `limit`; one statement."""
    statement = (
        select(Fan, Source)
        .outerjoin(Source, Source.code_id == Fan.source_code_id)
        .where(
            Fan.owner_staff_id == staff_id,
            Fan.follow_up_on.is_not(None),
            Fan.merged_into.is_(None),
        )
    )
    if until is not None:
        statement = statement.where(Fan.follow_up_on <= until)
    if after is not None:
        statement = statement.where(tuple_(Fan.follow_up_on, Fan.id) > tuple_(*after))
    rows = await tx.execute(statement.order_by(Fan.follow_up_on, Fan.id).limit(limit + 1))
    return [(fan, source) for fan, source in rows]


async def _of_group(
    tx: Tx, group: RfmGroup, sort: FanSort, after: tuple[Any, int] | None, limit: int
) -> list[int]:
    """The next fans of a group of buyers, one more than `limit`: found in indexes alone."""
    merged = aliased(Fan)
    if sort is FanSort.NEWEST:
        place: Any = Rfm.fan_id
        wanted = select(place).where(Rfm.kind == group)
        if after is not None:
            wanted = wanted.where(place < after[1])
        order: tuple[Any, ...] = (place.desc(),)
    else:
        column = _ORDERS[sort]
        key, place = func.coalesce(column, column), func.coalesce(Fan.id, Fan.id)
        wanted = select(Fan.id).where(Fan.id.in_(select(Rfm.fan_id).where(Rfm.kind == group)))
        if after is not None:
            wanted = wanted.where(tuple_(key, place) < tuple_(*after))
        order = (key.desc(), place.desc())
    joined = exists().where(merged.id == place, merged.merged_into.is_not(None))
    rows = await tx.scalars(wanted.where(~joined).order_by(*order).limit(limit + 1))
    return list(rows)


async def named(tx: Tx, query: str, limit: int) -> list[int]:
    """Records of at most `limit` people who are called so, whoever was there last first.

    A name of one character means too many to be looked through.
    """
    words = rules.fold(query)
    if len(words) < 2:
        return []
    meant = select(Fan.id).where(Fan.merged_into.is_(None), _candidates(words)).limit(FEW)
    people = list(
        await tx.scalars(
            select(Fan.id)
            .where(Fan.id.in_(meant), _named(words))
            .order_by(Fan.last_seen_at.desc(), Fan.id.desc())
            .limit(limit)
        )
    )
    if not people:
        return []
    joined = await tx.scalars(select(Fan.id).where(Fan.merged_into.in_(people)))
    return [*people, *joined]


async def fans_by_id(tx: Tx, fan_ids: Sequence[int]) -> list[tuple[Fan, Source | None]]:
    """These fans, in this order; one statement."""
    rows = await tx.execute(
        select(Fan, Source)
        .outerjoin(Source, Source.code_id == Fan.source_code_id)
        .where(Fan.id.in_(fan_ids))
    )
    found = {fan.id: (fan, source) for fan, source in rows}
    return [found[fan_id] for fan_id in fan_ids if fan_id in found]


async def chosen_ids(tx: Tx, wanted: Filter, rule: Rule | None) -> Select[int]:
    """The ids of all whom a filter and a rule find, as a statement."""
    conditions = [Fan.merged_into.is_(None), *_conditions(wanted)]
    if rule is not None:
        conditions.append(await where(tx, rule))
    if wanted.words:
        conditions += [_candidates(wanted.words), _named(wanted.words)]
    return select(Fan.id).where(*conditions)


def sort_key(fan: Fan, sort: FanSort) -> Any:
    """The fan's place in the order, for the cursor."""
    return getattr(fan, _ORDERS[sort].key)


async def one_fan(tx: Tx, fan_id: int) -> tuple[Fan, Source | None]:
    """A fan's living record with its source. Raises FanMissing."""
    row = await _one(tx, fan_id)
    if row and row[0].merged_into is not None:
        row = await _one(tx, row[0].merged_into)
    if row is None:
        raise FanMissing
    return row


async def merged_ids(tx: Tx, fan_id: int) -> list[int]:
    """Records that were joined into this one."""
    return list(await tx.scalars(select(Fan.id).where(Fan.merged_into == fan_id).order_by(Fan.id)))


async def identities(tx: Tx, fan_ids: Sequence[int]) -> list[Identity]:
    """All ids of one person, oldest first."""
    rows = await tx.scalars(
        select(Identity).where(Identity.fan_id.in_(fan_ids)).order_by(Identity.id)
    )
    return list(rows)


async def timeline(
    tx: Tx,
    fan_ids: Sequence[int],
    *,
    kinds: Sequence[Happening] = (),
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Line]:
    """A person's timeline, newest first, one more than `limit`; one statement."""
    statement = select(Line).where(Line.fan_id.in_(fan_ids))
    if kinds:
        statement = statement.where(Line.kind.in_(kinds))
    if after is not None:
        statement = statement.where(tuple_(Line.at, Line.id) < tuple_(*after))
    rows = await tx.scalars(statement.order_by(Line.at.desc(), Line.id.desc()).limit(limit + 1))
    return list(rows)


async def _one(tx: Tx, fan_id: int) -> tuple[Fan, Source | None] | None:
    row = (
        await tx.execute(
            select(Fan, Source)
            .outerjoin(Source, Source.code_id == Fan.source_code_id)
            .where(Fan.id == fan_id)
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    columns: dict[str, Any] = {
        "stage": Fan.stage,
        "following": Fan.following,
        "source_code_id": Fan.source_code_id,
        "owner_staff_id": Fan.owner_staff_id,
        "level_id": Fan.level_id,
    }
    asked = {name: getattr(wanted, name) for name in columns}
    found = [columns[name] == value for name, value in asked.items() if value is not None]
    if wanted.level_id:  # said for the index, which holds those above the first level
        found.append(Fan.level_id > 0)
    if wanted.tag_id is not None:
        found.append(Fan.id.in_(select(Tagging.fan_id).where(Tagging.tag_id == wanted.tag_id)))
    if wanted.segment_id is not None:
        inside = select(Member.fan_id).where(Member.segment_id == wanted.segment_id)
        found.append(Fan.id.in_(inside))
    if wanted.rfm_group is not None:
        found.append(Fan.id.in_(select(Rfm.fan_id).where(Rfm.kind == wanted.rfm_group)))
    text = rules.fold(wanted.query or "")
    if _NUMBER.match(text):
        found.append(Fan.id == int(text[1:]))
    elif phone := rules.whole_phone(text):
        found.append(Fan.phone_blind == blind(phone))
    return found


async def _few(tx: Tx, conditions: Sequence[ColumnElement[bool]]) -> bool:
    """Whether at most FEW fans may match; stops counting there."""
    some = select(Fan.id).where(*conditions).limit(FEW + 1).subquery()
    return (await tx.scalar(select(func.count()).select_from(some)) or 0) <= FEW


def _candidates(words: str) -> ColumnElement[bool]:
    """Who may be meant, by index: all pairs of the words, or a number whose beginning it is."""
    known = Fan.grams.contains(rules.query_grams(words))
    nameless = rules.nameless_ids(words)
    if nameless is None:
        return or_(known, Fan.nickname == "")
    return or_(known, *(_numbered(low, high) for low, high in nameless))


def _named(words: str) -> ColumnElement[bool]:
    """Who is meant: the words stand together, which the pairs alone do not say."""
    nameless = rules.nameless_ids(words)
    told = [func.strpos(_folded(text), words) > 0 for text in (Fan.nickname, Fan.remark)]
    if nameless is None:
        return or_(*told, Fan.nickname == "")
    return or_(*told, *(_numbered(low, high) for low, high in nameless))


def _numbered(low: int, high: int) -> ColumnElement[bool]:
    return and_(Fan.nickname == "", Fan.id.between(low, high))


def _folded(column: Any) -> Any:
    bare = func.regexp_replace(column, r"\s", "", "g")
    return func.lower(func.normalize(bare, literal_column("NFKC")))
