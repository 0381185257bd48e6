"""Reads of what channels brought: a fixed number of statements over sums by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, case, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from tiefen.channels.models import (
    Appeal,
    AttributionRules,
    ChannelCode,
    Credit,
    FanSource,
    Income,
    Link,
    LinkDay,
    LiveMember,
    Reach,
    Share,
    Touch,
)
from tiefen.channels.values import AppealState, Grouping, Model, Weights
from tiefen.kernel.db import Tx

PEOPLE = (
    "scans", "follows", "fans", "ruled", "gone", "visited", "ordered", "buyers", "receivers",
    "keepers",
)  # fmt: skip
OPENS = ("hits", "entered")
MONEY = ("orders_bp", "received_bp", "paid_fen", "received_fen", "refunded_fen")


@dataclass(slots=True)
class Row:
    """What a code, a kind, an owner or a campaign brought in a period."""

    key: str
    """id of the code or the owner ("0" = nobody's), the kind ("" = by themselves), or the campaign
    ("" = links without one)"""
    people: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    money: dict[Model, dict[str, int]] = field(
        default_factory=lambda: {model: dict.fromkeys(MONEY, 0) for model in Model}
    )
    opens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OPENS, 0))
    """of a campaign's links"""


@dataclass(frozen=True, slots=True)
class SharedOrder:
    """An order behind a number."""

    order_id: int
    order_no: str
    fan_id: int
    paid_at: datetime
    code_id: int
    weight_bp: int
    paid_fen: int
    refunded_fen: int
    received: bool


_CURRENT = text("SELECT version, body FROM channel_attribution_rules ORDER BY version DESC LIMIT 1")


async def current_weights(tx: Tx) -> tuple[int, Weights]:
    """The newest version of the merchant's model; 0 with the one a merchant begins with."""
    row = (await tx.execute(_CURRENT)).one_or_none()
    if row is None:
        return 0, Weights()
    return row.version, msgspec.convert(row.body, Weights)


async def weight_sets(tx: Tx, limit: int = 10) -> list[AttributionRules]:
    """Published versions, newest first."""
    wanted = select(AttributionRules).order_by(AttributionRules.version.desc()).limit(limit)
    return list(await tx.scalars(wanted.execution_options(populate_existing=True)))


async def report(tx: Tx, by: Grouping, first: date, last: date) -> dict[str, Row]:
    """What everything brought in a period, by group; two statements over sums by
    day, a third for how often the links of campaigns were opened."""
    rows: dict[str, Row] = {}
    people = await tx.execute(_sums(Reach, by, PEOPLE, first, last))
    for key, *values in map(tuple, people):
        found = rows.setdefault(str(key), Row(str(key)))
        found.people = {name: int(value) for name, value in zip(PEOPLE, values, strict=True)}
    money = await tx.execute(_sums(Income, by, MONEY, first, last, Income.model))
    for key, model, *values in map(tuple, money):
        found = rows.setdefault(str(key), Row(str(key)))
        found.money[model] = {name: int(value) for name, value in zip(MONEY, values, strict=True)}
    if by is Grouping.CAMPAIGN:
        for key, *values in map(tuple, await tx.execute(_sums(LinkDay, by, OPENS, first, last))):
            found = rows.setdefault(str(key), Row(str(key)))
            found.opens = {name: int(value) for name, value in zip(OPENS, values, strict=True)}
    return rows


async def shared_orders(
    tx: Tx,
    model: Model,
    by: Grouping,
    key: str,
    first: date,
    last: date,
    *,
    after: tuple[date, int] | None,
    limit: int,
) -> list[SharedOrder]:
    """The orders behind a row, newest first, one more than `limit`."""
    wanted = (
        select(
            Share.order_id, Credit.order_no, Credit.fan_id, Credit.paid_at, Share.code_id,
            Share.weight_bp, Share.paid_fen, Share.refunded_fen, Share.received, Share.day,
        )
        .join(Credit, Credit.order_id == Share.order_id)
        .where(Share.model == model, Share.day.between(first, last), _is(by, key, Share))
    )  # fmt: skip
    if after is not None:
        wanted = wanted.where(tuple_(Share.day, Share.order_id) < tuple_(*after))
    rows = await tx.execute(
        wanted.order_by(Share.day.desc(), Share.order_id.desc()).limit(limit + 1)
    )
    return [SharedOrder(*row[:9]) for row in rows]


async def sources(
    tx: Tx,
    by: Grouping,
    key: str,
    first: date | None,
    last: date | None,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[FanSource]:
    """The people behind a row, newest first, one more than `limit`."""
    wanted = select(FanSource).where(_is(by, key, FanSource))
    if first is not None and last is not None:
        wanted = wanted.where(FanSource.day.between(first, last))
    if after is not None:
        wanted = wanted.where(tuple_(FanSource.at, FanSource.fan_id) < tuple_(*after))
    order = (FanSource.at.desc(), FanSource.fan_id.desc())
    return list(await tx.scalars(wanted.order_by(*order).limit(limit + 1)))


async def source_of(tx: Tx, fan_id: int) -> FanSource | None:
    """Where a person came from, as reports see it."""
    return await tx.get(FanSource, fan_id, populate_existing=True)


async def code_names(tx: Tx, codes: Sequence[int]) -> dict[int, ChannelCode]:
    """Codes by id; one statement."""
    rows = await tx.scalars(select(ChannelCode).where(ChannelCode.id.in_(set(codes))))
    return {one.id: one for one in rows}


async def codes_owned(tx: Tx, staff_id: int) -> list[ChannelCode]:
    """Living codes of a member of staff, newest first."""
    wanted = select(ChannelCode).where(
        ChannelCode.owner_staff_id == staff_id, ChannelCode.archived_at.is_(None)
    )
    return list(await tx.scalars(wanted.order_by(ChannelCode.id.desc()).limit(50)))


async def owners_of_codes(tx: Tx) -> set[int]:
    """Staff who own a living code, or whom one gives fans to in turn."""
    owned = select(ChannelCode.owner_staff_id).where(
        ChannelCode.owner_staff_id.is_not(None), ChannelCode.archived_at.is_(None)
    )
    given = (
        select(LiveMember.staff_id)
        .join(ChannelCode, ChannelCode.id == LiveMember.code_id)
        .where(LiveMember.listed, ChannelCode.archived_at.is_(None))
    )
    rows = await tx.scalars(owned.union(given))
    return {one for one in rows if one is not None}


async def appeals(
    tx: Tx,
    *,
    state: AppealState | None,
    fan_id: int | None,
    after: tuple[datetime | None, int] | None,
    limit: int,
) -> list[Appeal]:
    """Open appeals, the first to be decided first; then decided ones, newest first; one more than
    `limit`. `after` is where the page before ended: the deadline (None: it was decided) and id."""
    found: list[Appeal] = []
    due, last = after or (None, None)
    wanted = select(Appeal) if fan_id is None else select(Appeal).where(Appeal.fan_id == fan_id)
    if state in {None, AppealState.OPEN} and (after is None or due is not None):
        open_ones = wanted.where(Appeal.state == AppealState.OPEN)
        if due is not None:
            open_ones = open_ones.where(tuple_(Appeal.due_at, Appeal.id) > tuple_(due, last))
        found += await tx.scalars(open_ones.order_by(Appeal.due_at, Appeal.id).limit(limit + 1))
    if state is not AppealState.OPEN and len(found) <= limit:
        ended = Appeal.state != AppealState.OPEN if state is None else Appeal.state == state
        decided = wanted.where(ended)
        if after is not None and due is None:
            decided = decided.where(Appeal.id < last)
        found += await tx.scalars(decided.order_by(Appeal.id.desc()).limit(limit + 1 - len(found)))
    return found


async def appeals_of(tx: Tx, opened_by: int, *, before_id: int | None, limit: int) -> list[Appeal]:
    """What one has appealed oneself, newest first, one more than `limit`."""
    wanted = select(Appeal).where(Appeal.opened_by == opened_by)
    if before_id is not None:
        wanted = wanted.where(Appeal.id < before_id)
    return list(await tx.scalars(wanted.order_by(Appeal.id.desc()).limit(limit + 1)))


async def last_codes(tx: Tx, fan_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """The last code each of these fans met: its name and when; one statement."""
    rows = await tx.execute(
        select(Touch.fan_id, ChannelCode.name, Touch.at)
        .ext(distinct_on(Touch.fan_id))
        .join(ChannelCode, ChannelCode.id == Touch.code_id)
        .where(Touch.fan_id.in_(fan_ids))
        .order_by(Touch.fan_id, Touch.at.desc(), Touch.id.desc())
    )
    return {row.fan_id: (row.name, row.at) for row in rows}


def _sums(
    table: Any, by: Grouping, names: Sequence[str], first: date, last: date, *more: Any
) -> Select[Any]:
    key: ColumnElement[Any] = table.code_id
    if by is Grouping.OWNER:
        key = table.owner_staff_id
    elif by is Grouping.KIND:
        key = case((table.code_id == 0, ""), else_=ChannelCode.kind)
    elif by is Grouping.CAMPAIGN:
        key = Link.__table__.c.utm_campaign
    sums = [func.sum(getattr(table, name)) for name in names]
    wanted: Any = select(key, *more, *sums)
    if by is Grouping.KIND:
        wanted = wanted.outerjoin_from(table, ChannelCode, ChannelCode.id == table.code_id)
    elif by is Grouping.CAMPAIGN:
        wanted = wanted.join_from(table, Link, Link.code_id == table.code_id)
    found: Select[Any] = wanted.where(table.day.between(first, last)).group_by(key, *more)
    return found


def _is(by: Grouping, key: str, table: Any) -> ColumnElement[bool]:
    """Whether a row of `table` belongs to a group."""
    found: ColumnElement[bool]
    if by is Grouping.KIND:
        if not key:
            found = table.code_id == 0
        else:
            found = table.code_id.in_(select(ChannelCode.id).where(ChannelCode.kind == key))
        return found
    if by is Grouping.CAMPAIGN:
        found = table.code_id.in_(select(Link.code_id).where(Link.utm_campaign == key))
        return found
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else -1
    found = (table.owner_staff_id if by is Grouping.OWNER else table.code_id) == number
    return found
