"""Reads of the channels room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, tuple_

from tiefen.channels.errors import BatchMissing, CodeMissing
from tiefen.channels.models import Attribution, ChannelCode, CodeBatch, Credit, Touch
from tiefen.channels.rules import PERMANENT_LIMIT
from tiefen.channels.values import CodeForm, CodeKind, CodeState, Lifetime, TouchKind, Usage
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class Bought:
    """What one fan bought, as counted for the code they came through."""

    orders: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0


@dataclass(frozen=True, slots=True)
class TouchLine:
    """One line of the attribution log with the code's name."""

    id: int
    kind: TouchKind
    code_id: int | None
    code_name: str
    at: datetime
    first: bool


async def code_list(
    tx: Tx,
    *,
    kind: CodeKind | None,
    owner_staff_id: int | None,
    archived: bool,
    query: str | None,
    batch_id: int | None = None,
    form: CodeForm | None = None,
    before_id: int | None,
    limit: int,
) -> list[ChannelCode]:
    """Codes, newest first, one more than `limit`; one statement."""
    wanted = select(ChannelCode)
    if kind is not None:
        wanted = wanted.where(ChannelCode.kind == kind)
    if owner_staff_id is not None:
        wanted = wanted.where(ChannelCode.owner_staff_id == owner_staff_id)
    if batch_id is not None:
        wanted = wanted.where(ChannelCode.batch_id == batch_id)
    if form is not None:
        wanted = wanted.where(ChannelCode.form == form)
    if query:
        wanted = wanted.where(func.strpos(func.lower(ChannelCode.name), query.lower()) > 0)
    if before_id is not None:
        wanted = wanted.where(ChannelCode.id < before_id)
    lives = ChannelCode.archived_at
    wanted = wanted.where(lives.is_not(None) if archived else lives.is_(None))
    return list(await tx.scalars(wanted.order_by(ChannelCode.id.desc()).limit(limit + 1)))


async def usage(tx: Tx) -> Usage:
    """How many codes stand against the platform's limit; one statement.

    The platform keeps a permanent code for ever, so an archived one counts once it was drawn.
    """
    lives = ChannelCode.archived_at.is_(None)
    pending = ChannelCode.state == CodeState.PENDING
    permanent = and_(ChannelCode.lifetime == Lifetime.PERMANENT, ChannelCode.form == CodeForm.QR)
    temporary = ChannelCode.lifetime == Lifetime.TEMPORARY
    row = (
        await tx.execute(
            select(
                func.count().filter(permanent, ~pending | lives).label("permanent"),
                func.count().filter(temporary, lives).label("temporary"),
                func.count().filter(pending, lives).label("waiting"),
            ).select_from(ChannelCode)
        )
    ).one()
    return Usage(row.permanent, PERMANENT_LIMIT, row.temporary, row.waiting)


async def batch_list(tx: Tx, *, before_id: int | None, limit: int) -> list[tuple[CodeBatch, int]]:
    """Batches with how many of their codes are drawn, newest first, one more than `limit`."""
    wanted = select(CodeBatch)
    if before_id is not None:
        wanted = wanted.where(CodeBatch.id < before_id)
    batches = list(await tx.scalars(wanted.order_by(CodeBatch.id.desc()).limit(limit + 1)))
    return await _with_drawn(tx, batches)


async def one_batch(tx: Tx, batch_id: int) -> tuple[CodeBatch, int]:
    """A batch and how many of its codes are drawn. Raises BatchMissing."""
    batch = await tx.get(CodeBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchMissing
    return (await _with_drawn(tx, [batch]))[0]


async def _with_drawn(tx: Tx, batches: Sequence[CodeBatch]) -> list[tuple[CodeBatch, int]]:
    rows = await tx.execute(
        select(ChannelCode.batch_id, func.count().label("drawn"))
        .where(
            ChannelCode.batch_id.in_([one.id for one in batches]),
            ChannelCode.state == CodeState.READY,
        )
        .group_by(ChannelCode.batch_id)
    )
    drawn = {row.batch_id: int(row.drawn) for row in rows}
    return [(one, drawn.get(one.id, 0)) for one in batches]


async def one_code(tx: Tx, code_id: int) -> ChannelCode:
    """One code. Raises CodeMissing."""
    code = await tx.get(ChannelCode, code_id, populate_existing=True)
    if code is None:
        raise CodeMissing
    return code


async def fans_of(
    tx: Tx, code_id: int, *, after: tuple[datetime, int] | None, limit: int
) -> list[Attribution]:
    """Fans whose first source is the code, newest first, one more than `limit`."""
    wanted = select(Attribution).where(Attribution.first_code_id == code_id)
    if after is not None:
        position = tuple_(Attribution.first_at, Attribution.fan_id)
        wanted = wanted.where(position < tuple_(*after))
    order = (Attribution.first_at.desc(), Attribution.fan_id.desc())
    return list(await tx.scalars(wanted.order_by(*order).limit(limit + 1)))


async def bought_by(tx: Tx, code_id: int, fan_ids: Sequence[int]) -> dict[int, Bought]:
    """What these fans bought, counted for the code; one statement."""
    rows = await tx.execute(
        select(
            Credit.fan_id,
            func.count().label("orders"),
            func.sum(Credit.paid_fen).label("paid_fen"),
            func.sum(Credit.refunded_fen).label("refunded_fen"),
        )
        .where(Credit.code_id == code_id, Credit.fan_id.in_(fan_ids))
        .group_by(Credit.fan_id)
    )
    return {
        row.fan_id: Bought(row.orders, int(row.paid_fen), int(row.refunded_fen)) for row in rows
    }


async def touches_of(
    tx: Tx, fan_ids: Sequence[int], *, before_id: int | None, limit: int
) -> list[TouchLine]:
    """The attribution log of one person, newest first, one more than `limit`; one statement."""
    wanted = (
        select(Touch, ChannelCode.name, Attribution.first_touch_id)
        .outerjoin(ChannelCode, ChannelCode.id == Touch.code_id)
        .outerjoin(Attribution, Attribution.fan_id == Touch.fan_id)
        .where(Touch.fan_id.in_(fan_ids))
    )
    if before_id is not None:
        wanted = wanted.where(Touch.id < before_id)
    rows = await tx.execute(wanted.order_by(Touch.id.desc()).limit(limit + 1))
    return [
        TouchLine(
            touch.id, touch.kind, touch.code_id, name or "", touch.at, touch.id == first_touch_id
        )
        for touch, name, first_touch_id in rows
    ]
