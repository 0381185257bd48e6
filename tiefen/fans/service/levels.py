"""What members tells of fans: the level stands on the record, so that lists and rules can ask."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import rules
from tiefen.fans.models import Segment
from tiefen.fans.service.facts import note_change
from tiefen.fans.values import LevelTold
from tiefen.kernel.db import Tx

_SET = text(
    """
    UPDATE fan SET level_id = told.level_id
    FROM unnest(CAST(:fans AS bigint[]), CAST(:levels AS bigint[])) AS told(fan_id, level_id)
    WHERE fan.id = told.fan_id AND fan.level_id <> told.level_id
    RETURNING fan.id
    """
)
_LINES = text(
    """
    INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
    SELECT told.fan_id, 'level', told.ref, :at, 0, false,
           jsonb_build_object('before', told.before, 'after', told.after,
                              'up', told.up, 'cause', told.cause)
    FROM unnest(CAST(:fans AS bigint[]), CAST(:refs AS text[]), CAST(:befores AS text[]),
                CAST(:afters AS text[]), CAST(:ups AS boolean[]), CAST(:causes AS text[]))
        AS told(fan_id, ref, before, after, up, cause)
    ON CONFLICT DO NOTHING
    """
)
_TOLD = text(
    """
    SELECT fan_id, kind, data ->> 'order_no' AS order_no, at, amount_fen FROM fan_line
    WHERE fan_id = ANY(:fans) AND kind IN ('order_paid', 'order_received', 'order_refunded')
      AND data ? 'order_no'
    ORDER BY id
    """
)
_NEXT = text(
    "SELECT id FROM fan WHERE id > :after AND merged_into IS NULL AND orders > 0"
    " ORDER BY id LIMIT :most"
)


async def set_levels(tx: Tx, levels: Mapping[int, int]) -> None:
    """Write the levels of living records; the caller holds the persons. Rules look again."""
    given = {"fans": list(levels), "levels": list(levels.values())}
    for fan_id in (await tx.scalars(_SET, given)).all():
        await note_change(tx, fan_id, ["person"])


async def tell_levels(tx: Tx, moves: Sequence[LevelTold], at: datetime) -> None:
    """Moves between levels stand in the timelines; the caller holds the persons. One statement."""
    given = {
        "fans": [one.fan_id for one in moves],
        "refs": [one.ref for one in moves],
        "befores": [one.before for one in moves],
        "afters": [one.after for one in moves],
        "ups": [one.up for one in moves],
        "causes": [one.cause for one in moves],
        "at": at,
    }
    await tx.execute(_LINES, given)


async def segments_by_level(tx: Tx, level_ids: Collection[int]) -> list[tuple[int, str]]:
    """(level, segment's name) of all segments whose rule names one of these levels."""
    looking = await tx.scalars(
        select(Segment)
        .where(Segment.archived_at.is_(None), Segment.touches.contains(["person"]))
        .order_by(Segment.id)
    )
    return [
        (level_id, one.name)
        for one in looking
        if one.rule
        for level_id in sorted(rules.mentioned(one.rule, "level_id") & set(level_ids))
    ]


async def orders_told(
    tx: Tx, fan_ids: Iterable[int]
) -> Sequence[tuple[int, str, str, datetime, int]]:
    """(record, kind, order, when, fen) of all orders in the timelines of these records."""
    rows: Any = await tx.execute(_TOLD, {"fans": list(fan_ids)})
    return [(one.fan_id, one.kind, one.order_no, one.at, one.amount_fen) for one in rows]


async def buyers_after(tx: Tx, after_id: int, most: int) -> list[int]:
    """The next persons who ever paid an order, by id."""
    return list(await tx.scalars(_NEXT, {"after": after_id, "most": most}))
