"""Reads of levels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.fans.errors import FanMissing
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.members import rules
from tiefen.members.models import LevelMove, MemberLevel, MemberRules, MemberStanding
from tiefen.members.schemas import (
    FanLevelOut,
    GrowthOrderOut,
    LevelBadgeOut,
    LevelMoveOut,
    LevelOut,
    LevelRulesIO,
    LevelsOut,
    MyLevelOut,
    ShopLevelOut,
)
from tiefen.members.values import BASE, Level

SHOWN = 30
_COUNTS = text("SELECT level_id, count(*) AS fans FROM member_standing GROUP BY level_id")
_FANS = text("SELECT count(*) FROM fan WHERE merged_into IS NULL")
_ORDERS = text(
    """
    SELECT order_no, min(day) FILTER (WHERE kind = :counts) AS day,
           coalesce(max(amount_fen) FILTER (WHERE kind = 'paid'), 0) AS amount_fen,
           coalesce(sum(amount_fen) FILTER (WHERE kind = 'refunded'), 0) AS back_fen
    FROM member_growth WHERE fan_id = ANY(:records) GROUP BY order_no
    HAVING min(day) FILTER (WHERE kind = :counts) > :since
    ORDER BY day DESC, order_no LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A fan on the ladder."""

    records: list[int]
    row: MemberStanding | None
    levels: Sequence[MemberLevel]
    rules: MemberRules
    place: int

    @property
    def growth_fen(self) -> int:
        return self.row.growth_fen if self.row else 0

    @property
    def next(self) -> MemberLevel | None:
        return self.levels[self.place + 1] if self.place + 1 < len(self.levels) else None

    @property
    def missing_fen(self) -> int:
        return max(self.next.threshold_fen - self.growth_fen, 0) if self.next else 0

    @property
    def short_fen(self) -> int:
        return max(self.levels[self.place].threshold_fen - self.growth_fen, 0)


async def levels(tx: Tx) -> LevelsOut:
    """All levels with how many fans stand on each, and the rules."""
    row = await tx.get_one(MemberRules, 1)
    counted = {one.level_id: one.fans for one in await tx.execute(_COUNTS)}
    others = int(await tx.scalar(_FANS) or 0) - sum(counted.values())
    counted[BASE] = counted.get(BASE, 0) + others
    return LevelsOut(
        edits=row.edits,
        levels=[
            LevelOut(
                id=one.id,
                name=one.name,
                threshold_fen=one.threshold_fen,
                off_bp=one.off_bp,
                rights=one.rights,
                colour=one.colour,
                gift_template_id=one.gift_template_id,
                fans=counted.get(one.id, 0),
            )
            for one in await _standing(tx)
        ],
        rules=LevelRulesIO.model_validate(row, from_attributes=True),
    )


async def level_names(tx: Tx) -> list[LevelBadgeOut]:
    """The levels that stand, lowest first; one statement."""
    return [_badge(one) for one in await _standing(tx)]


async def fan_level(tx: Tx, fan_id: int) -> FanLevelOut:
    """Where a fan stands, why, and how they got there. Raises FanMissing."""
    if not await fans.brief(tx, [fan_id]):
        raise FanMissing
    seen = await _seen(tx, fan_id)
    today = day_of(tx.now)
    known = {one.id: one for one in await tx.scalars(select(MemberLevel))}
    orders = await tx.execute(
        _ORDERS,
        {
            "records": seen.records,
            "counts": seen.rules.counts.value,
            "since": today - timedelta(days=seen.rules.window_days),
            "most": SHOWN,
        },
    )
    moves = await tx.scalars(
        select(LevelMove)
        .where(LevelMove.fan_id.in_(seen.records))
        .order_by(LevelMove.id.desc())
        .limit(SHOWN)
    )
    row = seen.row
    falls = row.review_on if row and seen.short_fen else None
    return FanLevelOut(
        level=_badge(seen.levels[seen.place]),
        growth_fen=seen.growth_fen,
        counts=seen.rules.counts,
        window_days=seen.rules.window_days,
        next=_badge(seen.next) if seen.next else None,
        missing_fen=seen.missing_fen,
        short_fen=seen.short_fen,
        since=row.since if row else None,
        review_on=row.review_on if row else None,
        falls_on=falls + timedelta(days=seen.rules.grace_days) if falls else None,
        locked_until=row.locked_until if row else None,
        lock_reason=row.lock_reason if row else "",
        orders=[
            GrowthOrderOut(
                order_no=one.order_no,
                day=one.day,
                amount_fen=one.amount_fen,
                back_fen=one.back_fen,
                leaves_on=one.day + timedelta(days=seen.rules.window_days),
            )
            for one in orders
        ],
        moves=[
            LevelMoveOut(
                before=_badge(known[one.before_id]),
                after=_badge(known[one.after_id]),
                cause=one.cause,
                growth_fen=one.growth_fen,
                at=one.at,
            )
            for one in moves
        ],
    )


async def my_level(tx: Tx, fan_id: int) -> MyLevelOut:
    """A fan's own level, and what the others are."""
    seen = await _seen(tx, fan_id)
    shown = seen.levels if len(seen.levels) > 1 else ()
    return MyLevelOut(
        level_id=seen.levels[seen.place].id,
        growth_fen=seen.growth_fen,
        missing_fen=seen.missing_fen,
        window_days=seen.rules.window_days,
        counts=seen.rules.counts,
        review_on=seen.row.review_on if seen.row else None,
        short_fen=seen.short_fen,
        levels=[
            ShopLevelOut(
                id=one.id,
                name=one.name,
                threshold_fen=one.threshold_fen,
                off_bp=one.off_bp,
                rights=[line.strip() for line in one.rights.splitlines() if line.strip()],
                colour=one.colour,
                gift=one.gift_template_id is not None,
            )
            for one in shown
        ],
    )


async def _seen(tx: Tx, fan_id: int) -> _Seen:
    records = await fans.person_ids(tx, fan_id)
    row = await tx.get(MemberStanding, records[0])
    found = await _standing(tx)
    level_id = row.level_id if row else BASE
    places = {one.id: place for place, one in enumerate(found)}
    place = places.get(level_id)
    if place is None:  # its level has just been taken away, and the job has not come by
        ladder = [Level(one.id, one.name, one.threshold_fen) for one in found]
        place = rules.earned(ladder, row.growth_fen if row else 0)
    return _Seen(records, row, found, await tx.get_one(MemberRules, 1), place)


async def _standing(tx: Tx) -> Sequence[MemberLevel]:
    rows = await tx.scalars(
        select(MemberLevel)
        .where(MemberLevel.archived_at.is_(None))
        .order_by(MemberLevel.threshold_fen)
    )
    return rows.all()


def _badge(level: MemberLevel) -> LevelBadgeOut:
    return LevelBadgeOut(id=level.id, name=level.name, colour=level.colour)
