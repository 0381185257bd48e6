"""Reads of tags."""

from collections.abc import Sequence

from sqlalchemy import and_, func, select

from tiefen.fans.models import Bulk, CodeTag, Fan, Source, Tag, Tagging, TagRule, TagSync
from tiefen.kernel.db import Tx


async def tags(tx: Tx) -> list[Tag]:
    """All tags by group and name."""
    return list(await tx.scalars(select(Tag).order_by(Tag.group_name, Tag.name)))


async def wearers(tx: Tx) -> dict[int, int]:
    """How many living fans wear each tag."""
    rows = await tx.execute(select(Tagging.tag_id, func.count()).group_by(Tagging.tag_id))
    counts = {row[0]: row[1] for row in rows}
    joined = await tx.execute(
        select(Tagging.tag_id, func.count())
        .join(Fan, and_(Fan.id == Tagging.fan_id, Fan.merged_into.is_not(None)))
        .group_by(Tagging.tag_id)
    )
    for tag_id, away in joined:
        counts[tag_id] -= away
    return counts


async def taggings(tx: Tx, fan_ids: Sequence[int]) -> list[tuple[Tagging, Tag]]:
    """Which tags some fans wear, and why."""
    rows = await tx.execute(
        select(Tagging, Tag)
        .join(Tag, Tag.id == Tagging.tag_id)
        .where(Tagging.fan_id.in_(fan_ids))
        .order_by(Tagging.fan_id, Tag.group_name, Tag.name)
    )
    return [(tagging, tag) for tagging, tag in rows]


async def tag_rules(tx: Tx) -> list[TagRule]:
    """The rules that give tags."""
    return list(await tx.scalars(select(TagRule).order_by(TagRule.id)))


async def tag_codes(tx: Tx) -> list[tuple[int, int, str]]:
    """(tag, code, the code's name) of channel codes that give tags."""
    rows = await tx.execute(
        select(CodeTag.tag_id, CodeTag.code_id, func.coalesce(Source.name, ""))
        .outerjoin(Source, Source.code_id == CodeTag.code_id)
        .order_by(CodeTag.tag_id, CodeTag.code_id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def last_sync(tx: Tx) -> TagSync | None:
    """The newest reading of the platform's tags."""
    found: TagSync | None = await tx.scalar(select(TagSync).order_by(TagSync.id.desc()).limit(1))
    return found


async def bulks(tx: Tx, *, limit: int) -> list[Bulk]:
    """What was done to many fans lately: what still runs first, then the newest."""
    rows = await tx.scalars(
        select(Bulk).order_by(Bulk.ended_at.is_not(None), Bulk.id.desc()).limit(limit)
    )
    return list(rows)
