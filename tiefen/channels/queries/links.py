"""Reads of short links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from tiefen.channels.errors import LinkMissing
from tiefen.channels.models import ChannelCode, Link, LinkDay, Visit
from tiefen.channels.values import LinkPlatform
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class Opens:
    """How often a link was opened."""

    hits: int = 0
    entered: int = 0
    bots: int = 0


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with its channel code and how often it was opened."""

    link: Link
    code: ChannelCode
    opens: Opens


_SUMS = (func.sum(LinkDay.hits), func.sum(LinkDay.entered), func.sum(LinkDay.bots))


async def link_list(
    tx: Tx,
    *,
    platform: LinkPlatform | None,
    owner_staff_id: int | None,
    archived: bool,
    query: str | None,
    before_id: int | None,
    limit: int,
) -> list[LinkRow]:
    """Links, newest first, one more than `limit`; two statements. `query`: in name or campaign."""
    wanted = select(Link, ChannelCode).join(ChannelCode, ChannelCode.id == Link.code_id)
    if platform is not None:
        wanted = wanted.where(Link.platform == platform)
    if owner_staff_id is not None:
        wanted = wanted.where(ChannelCode.owner_staff_id == owner_staff_id)
    if query:
        words = func.lower(ChannelCode.name + " " + Link.utm_campaign + " " + Link.slug)
        wanted = wanted.where(func.strpos(words, query.lower()) > 0)
    if before_id is not None:
        wanted = wanted.where(Link.code_id < before_id)
    lives = ChannelCode.archived_at
    wanted = wanted.where(lives.is_not(None) if archived else lives.is_(None))
    rows = (await tx.execute(wanted.order_by(Link.code_id.desc()).limit(limit + 1))).all()
    opens = await _opens(tx, [link.code_id for link, _ in rows])
    return [LinkRow(link, code, opens.get(link.code_id, Opens())) for link, code in rows]


async def one_link(tx: Tx, code_id: int) -> LinkRow:
    """One link. Raises LinkMissing."""
    link = await tx.get(Link, code_id, populate_existing=True)
    code = await tx.get(ChannelCode, code_id, populate_existing=True)
    if link is None or code is None:
        raise LinkMissing
    return LinkRow(link, code, (await _opens(tx, [code_id])).get(code_id, Opens()))


async def link_days(tx: Tx, code_id: int, last: date, days: int) -> dict[date, Opens]:
    """How often a link was opened on each of these days; days without an opening are left out."""
    rows = await tx.execute(
        select(LinkDay.day, *_SUMS)
        .where(
            LinkDay.code_id == code_id,
            LinkDay.day.between(last - timedelta(days=days - 1), last),
        )
        .group_by(LinkDay.day)
    )
    return {row[0]: Opens(*map(int, row[1:])) for row in rows}


async def visitors_of(tx: Tx, code_id: int) -> tuple[int, int]:
    """Browsers that came by a link: those that turned out to be a fan's, those nobody knows yet."""
    row = (
        await tx.execute(
            select(
                func.count(Visit.visitor.distinct()).filter(Visit.fan_id.is_not(None)),
                func.count(Visit.visitor.distinct()).filter(Visit.fan_id.is_(None)),
            ).where(Visit.code_id == code_id)
        )
    ).one()
    return int(row[0]), int(row[1])


async def _opens(tx: Tx, code_ids: Sequence[int]) -> dict[int, Opens]:
    rows = await tx.execute(
        select(LinkDay.code_id, *_SUMS)
        .where(LinkDay.code_id.in_(code_ids))
        .group_by(LinkDay.code_id)
    )
    return {row[0]: Opens(*map(int, row[1:])) for row in rows}
