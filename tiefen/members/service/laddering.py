"""The merchant's levels: saved as a whole, tried before they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.members import rules
from tiefen.members.errors import BadLevels, LevelInUse, LevelsEdited, LevelsFall
from tiefen.members.models import GROWN_SQL, MemberLevel, MemberRules
from tiefen.members.service.levels import APPLY, LevelBook, level_book
from tiefen.members.service.pricing import best_level_price, guard_prices
from tiefen.members.values import Level, LevelPrice, LevelRules
from tiefen.team import service as team

_STANDING = """
    SELECT level_id, growth_fen AS fen, locked_until >= :today AS locked FROM member_standing
"""
_RECOUNTED = f"""
    SELECT coalesce(s.level_id, 0) AS level_id, coalesce(g.fen, 0) AS fen,
           coalesce(s.locked_until >= :today, false) AS locked
    FROM ({GROWN_SQL.format(counts=":counts", only="", inside="WHERE day > :since")}) AS g
    FULL JOIN member_standing AS s ON s.fan_id = g.person
"""  # noqa: S608 our own text
_SORTED = """
    SELECT level_id, coalesce(locked, false) AS locked,
           (SELECT count(*) FROM unnest(CAST(:thresholds AS bigint[])) AS t WHERE t <= fen) - 1
               AS top, count(*) AS fans
    FROM ({found}) AS found GROUP BY 1, 2, 3
"""
_FANS = text("SELECT count(*) FROM fan WHERE merged_into IS NULL")


@dataclass(frozen=True, slots=True)
class LevelWanted:
    """A level as the merchant writes it; `id` None: a new one."""

    id: int | None
    name: str
    threshold_fen: int
    off_bp: int
    rights: str
    colour: str
    gift_template_id: int | None


@dataclass(frozen=True, slots=True)
class LadderMoves:
    """What saving levels would do: fans who rise at once, who lose a level that goes, and who have
    less than their level needs and fall at a review; fans by level (in the ladder's order) after."""

    up: int
    down: int
    short: int
    after: tuple[int, ...]


async def preview_levels(tx: Tx, levels: Sequence[LevelWanted], wanted: LevelRules) -> LadderMoves:
    """Count who would move if these levels were saved; nothing changes.

    Raises BadLevels, LevelInUse.
    """
    book = await level_book(tx)
    ladder = await _checked(tx, book, levels)
    today = day_of(tx.now)
    same = (wanted.counts, wanted.window_days) == (book.rules.counts, book.rules.window_days)
    given: dict[str, Any] = {"today": today, "thresholds": [one.threshold_fen for one in ladder]}
    if not same:
        since = today - timedelta(days=wanted.window_days)
        given |= {"counts": wanted.counts.value, "since": since}
    rows = await tx.execute(text(_SORTED.format(found=_STANDING if same else _RECOUNTED)), given)
    places = {level.id: place for place, level in enumerate(ladder)}
    after = [0] * len(ladder)
    up = down = short = 0
    old = {level.id: place for place, level in enumerate(book.ladder)}
    for row in rows:
        now = places.get(row.level_id)
        end = row.top if now is None or (row.top > now and not row.locked) else now
        after[end] += row.fans
        if now is None:
            higher = ladder[end].threshold_fen > book.ladder[old[row.level_id]].threshold_fen
            up, down = (up + row.fans, down) if higher else (up, down + row.fans)
        elif end > now:
            up += row.fans
        elif row.top < now and not row.locked:
            short += row.fans
    after[0] += int(await tx.scalar(_FANS) or 0) - sum(after)
    return LadderMoves(up, down, short, tuple(after))


async def save_levels(
    tx: Tx,
    actor: StaffActor,
    levels: Sequence[LevelWanted],
    wanted: LevelRules,
    edits: int,
    *,
    falls: int = 0,
    because: str = "",
) -> None:
    """Save all levels and rules; fans are put on their levels by a job.

    A level that is left out is taken away; at most `falls` fans may fall by that. A level price
    better than before passes the margin guard, or takes a reason (`because`).
    Raises BadLevels, LevelsEdited, LevelInUse, LevelsFall, and what the guard raises.
    """
    row = await tx.get_one(MemberRules, 1, with_for_update=True, populate_existing=True)
    if row.edits != edits:
        raise LevelsEdited
    book = await level_book(tx)
    await _checked(tx, book, levels)
    if {one.id for one in book.ladder} - {level.id for level in levels}:
        lost = (await preview_levels(tx, levels, wanted)).down
        if lost > falls:
            raise LevelsFall(field="falls", fans=lost)
    before = _shown(book)
    best = await best_level_price(tx)
    standing = await tx.scalars(select(MemberLevel).where(MemberLevel.archived_at.is_(None)))
    known = {one.id: one for one in standing}
    for place, level in enumerate(levels):
        if level.id is not None and level.id not in known:
            raise BadLevels(
                field=f"levels.{place}.id", why_zh="没有这个等级", why_en="There is no such level"
            )
    for one in known.values():
        if one.id not in {level.id for level in levels}:
            one.archived_at = tx.now
    for level in levels:
        target = known[level.id] if level.id is not None else MemberLevel()
        target.name, target.threshold_fen = level.name, level.threshold_fen
        target.off_bp, target.rights, target.colour = level.off_bp, level.rights, level.colour
        target.gift_template_id = level.gift_template_id
        tx.add(target)
    row.edits = edits + 1
    row.counts, row.window_days, row.keep_days = wanted.counts, wanted.window_days, wanted.keep_days
    row.downgrade, row.grace_days = wanted.downgrade, wanted.grace_days
    row.refund_lowers = wanted.refund_lowers
    row.without_product_ids = sorted(set(wanted.without_product_ids))
    row.without_category_ids = sorted(set(wanted.without_category_ids))
    await tx.flush()
    after = _shown(await level_book(tx))
    now = await best_level_price(tx)
    if now is not None and _better(now, best):
        await guard_prices(tx, actor, because)
    await team.record_audit(
        tx, actor, "members.levels_saved", "members:levels", before, after, because
    )
    later(tx, APPLY, edits=row.edits, after_id=0, key=f"levels:{row.edits}:0")


async def _checked(tx: Tx, book: LevelBook, levels: Sequence[LevelWanted]) -> tuple[Level, ...]:
    """The ladder these would make; new levels get numbers below nothing."""
    made = [
        Level(
            level.id if level.id is not None else -place - 1,
            level.name,
            level.threshold_fen,
            level.off_bp,
            level.gift_template_id,
        )
        for place, level in enumerate(levels)
    ]
    ladder = rules.check(made)
    rules.check_order(book.ladder, made)
    gone = {one.id: one.name for one in book.ladder if one.id not in {new.id for new in made}}
    for level_id, segment in await fans.segments_by_level(tx, gone):
        raise LevelInUse(field="levels", segment=segment, level=gone[level_id])
    return ladder


def _better(now: LevelPrice, before: LevelPrice | None) -> bool:
    """Whether any goods may become cheaper than before."""
    if before is None or now.off_bp > before.off_bp:
        return True
    left_out = {*now.without_product_ids}, {*now.without_category_ids}
    were = {*before.without_product_ids}, {*before.without_category_ids}
    return any(old - new for old, new in zip(were, left_out, strict=True))


def _shown(book: Any) -> dict[str, Any]:
    return {
        "levels": [
            {"name": one.name, "threshold_fen": one.threshold_fen, "off_bp": one.off_bp}
            for one in book.ladder
        ],
        "counts": book.rules.counts.value,
        "window_days": book.rules.window_days,
        "keep_days": book.rules.keep_days,
        "downgrade": book.rules.downgrade.value,
        "grace_days": book.rules.grace_days,
        "refund_lowers": book.rules.refund_lowers,
    }
