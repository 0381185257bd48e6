"""Growth is counted, and fans move between levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import service as fans
from tiefen.fans.errors import FanMissing
from tiefen.fans.values import LevelTold
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.jobs import later
from tiefen.members import rules
from tiefen.members.errors import LevelMissing, LockOver
from tiefen.members.events import LevelChanged, LevelGiftDue
from tiefen.members.models import (
    GROWN_SQL,
    GrowthRow,
    LevelMove,
    MemberLevel,
    MemberRules,
    MemberStanding,
)
from tiefen.members.values import (
    BASE,
    Growth,
    GrowthKind,
    GrowthLine,
    Judged,
    Level,
    LevelCause,
    LevelRules,
    Stand,
)
from tiefen.team import service as team

APPLY = "members.apply_levels"
AT_ONCE = 200
LOCK_DAYS = 3650
_GROWN = text(
    GROWN_SQL.format(
        counts=":counts",
        only="WHERE coalesce(f.merged_into, f.id) = ANY(:people) AND g.fan_id IN"
        " (SELECT id FROM fan WHERE id = ANY(:people) OR merged_into = ANY(:people))",
        inside="WHERE day > :since",
    )
)
_GIFT = text(
    """
    INSERT INTO member_level_gift (fan_id, level_id, template_id, at)
    SELECT :fan, :level, :template, :at
    WHERE NOT EXISTS (
        SELECT FROM member_level_gift WHERE level_id = :level AND fan_id = ANY(:records))
    ON CONFLICT DO NOTHING RETURNING fan_id
    """
)
_LIVING = text("SELECT id, coalesce(merged_into, id) AS living FROM fan WHERE id = ANY(:fans)")


@dataclass(frozen=True, slots=True)
class LevelBook:
    """The ladder from below, and the rules."""

    ladder: tuple[Level, ...]
    rules: LevelRules


async def level_book(tx: Tx) -> LevelBook:
    """The levels that stand now and the rules of keeping them."""
    row = await tx.get_one(MemberRules, 1)
    levels = await tx.scalars(
        select(MemberLevel)
        .where(MemberLevel.archived_at.is_(None))
        .order_by(MemberLevel.threshold_fen)
    )
    return LevelBook(
        tuple(
            Level(one.id, one.name, one.threshold_fen, one.off_bp, one.gift_template_id)
            for one in levels
        ),
        LevelRules(
            row.counts,
            row.window_days,
            row.keep_days,
            row.downgrade,
            row.grace_days,
            row.refund_lowers,
            tuple(row.without_product_ids),
            tuple(row.without_category_ids),
        ),
    )


async def note_growth(
    tx: Tx, fan_id: int, kind: GrowthKind, order_no: str, amount_fen: int, at: datetime
) -> None:
    """Something happened to an order: note it once, and see where the fan stands. Safe to run twice.

    The person is held first: a line that points at the fan and the count after it take one lock.
    """
    await fans.hold_people(tx, [fan_id])
    fresh = await tx.scalar(
        insert(GrowthRow)
        .values(
            order_no=order_no,
            kind=kind,
            at=at,
            fan_id=fan_id,
            amount_fen=amount_fen,
            day=day_of(at),
        )
        .on_conflict_do_nothing()
        .returning(GrowthRow.order_no)
    )
    if fresh is None:
        return
    book = await level_book(tx)
    counts = GrowthKind(book.rules.counts.value)
    known = (GrowthRow.order_no == order_no) & (GrowthRow.kind == counts)
    if kind is not counts and not await tx.scalar(select(exists().where(known))):
        return  # it counts for nothing yet: what it came to is looked at when it does
    lost = {fan_id: amount_fen} if kind is GrowthKind.REFUNDED else {}
    await place(tx, [fan_id], book=book, lost=lost)


async def place(
    tx: Tx,
    fan_ids: Iterable[int],
    *,
    book: LevelBook | None = None,
    lost: Mapping[int, int] | None = None,
    anew: bool = False,
    cause: LevelCause | None = None,
) -> int:
    """Count the growth of these fans and put each on their level; how many moved.

    Locks the persons: growth is read under the lock, so of two orders at once the later one counts
    both. `cause` stands in for what the judgement would say of a move.
    """
    living = await _hold(tx, fan_ids)
    people = sorted(set(living.values()))
    book = book or await level_book(tx)
    today = day_of(tx.now)
    grown = await _grown(tx, people, book.rules, today)
    rows = {
        one.fan_id: one
        for one in await tx.scalars(
            select(MemberStanding)
            .where(MemberStanding.fan_id.in_(people))
            .execution_options(populate_existing=True)
        )
    }
    lost_of = {living[one]: amount for one, amount in (lost or {}).items() if one in living}
    moves = []
    for fan_id in people:
        row = rows.get(fan_id)
        if row is None and fan_id not in grown:
            continue
        if row is None:
            row = MemberStanding(fan_id=fan_id, level_id=BASE, since=tx.now, lock_reason="")
            tx.add(row)
        found = rules.judge(
            book.ladder,
            book.rules,
            Stand(row.level_id, row.review_on, row.locked_until),
            grown.get(fan_id, Growth()),
            today,
            lost_fen=lost_of.get(fan_id, 0),
            anew=anew,
        )
        before_id = row.level_id
        _write(row, found, grown.get(fan_id, Growth()), today)
        if row.level_id != before_id:
            row.since = tx.now
            moves.append((row, before_id, cause or found.cause or LevelCause.RULES))
    await tx.flush()
    await told(tx, book, moves)
    return len(moves)


async def told(
    tx: Tx, book: LevelBook, moves: Sequence[tuple[MemberStanding, int, LevelCause]]
) -> None:
    """Note moves (standing, level before, cause), tell them, and give what is given once."""
    if not moves:
        return
    known = await _known(tx, book, {before_id for _, before_id, _ in moves})
    await fans.set_levels(tx, {row.fan_id: row.level_id for row, _, _ in moves})
    noted = [
        LevelMove(
            fan_id=row.fan_id,
            before_id=before_id,
            after_id=row.level_id,
            cause=cause,
            growth_fen=row.growth_fen,
            at=tx.now,
        )
        for row, before_id, cause in moves
    ]
    tx.add_all(noted)
    await tx.flush()
    lines = [
        LevelTold(
            fan_id=one.fan_id,
            ref=f"level:{one.id}",
            before=known[one.before_id].name,
            after=known[one.after_id].name,
            up=known[one.after_id].threshold_fen > known[one.before_id].threshold_fen,
            cause=one.cause.value,
        )
        for one in noted
    ]
    await fans.tell_levels(tx, lines, tx.now)
    for (row, before_id, cause), line in zip(moves, lines, strict=True):
        level, up = known[row.level_id], line.up
        change = LevelChanged(row.fan_id, before_id, level.id, level.name, up, cause, tx.now)
        publish(tx, change, aggregate=f"fan:{row.fan_id}")
        if up and cause in (LevelCause.EARNED, LevelCause.RULES):
            await _give(tx, row.fan_id, level)
    await tx.flush()


async def _known(tx: Tx, book: LevelBook, before_ids: set[int]) -> dict[int, Level]:
    """The levels that stand, and those among these that were taken away, by id."""
    known = {level.id: level for level in book.ladder}
    gone = before_ids - known.keys()
    if gone:
        rows = await tx.scalars(select(MemberLevel).where(MemberLevel.id.in_(gone)))
        known |= {one.id: Level(one.id, one.name, one.threshold_fen) for one in rows}
    return known


async def level_after_refund(
    tx: Tx, fan_id: int, order_no: str, amount_fen: int
) -> tuple[str, str, int, int] | None:
    """Names of the level before and after a refund, and the growth; None when it changes neither."""
    records = await fans.person_ids(tx, fan_id)
    book, today = await level_book(tx), day_of(tx.now)
    rows = await tx.scalars(select(GrowthRow).where(GrowthRow.fan_id.in_(records)))
    lines = [GrowthLine(one.order_no, one.kind, one.amount_fen, one.day) for one in rows]
    back = GrowthLine(order_no, GrowthKind.REFUNDED, amount_fen, today)
    before = rules.growth(lines, book.rules, today)
    after = rules.growth([*lines, back], book.rules, today)
    row = await tx.get(MemberStanding, records[0])
    if row is None or before.fen == after.fen:
        return None
    has = Stand(row.level_id, row.review_on, row.locked_until)
    found = rules.judge(book.ladder, book.rules, has, after, today, lost_fen=before.fen - after.fen)
    names = {level.id: level.name for level in book.ladder}
    return (
        names.get(row.level_id, ""),
        names[found.stand.level_id],
        before.fen,
        after.fen,
    )


async def merge_levels(tx: Tx, winner_id: int, loser_id: int) -> None:
    """Two records are one person: their growth adds up, and the higher level and lock stay."""
    living = await _hold(tx, [winner_id, loser_id])
    if living.get(loser_id) == loser_id:
        return  # parted again since
    book = await level_book(tx)
    kept = living[winner_id]
    loser = await tx.get(MemberStanding, loser_id)
    if loser is not None and loser_id != kept:
        places = {level.id: place for place, level in enumerate(book.ladder)}
        row = await tx.get(MemberStanding, kept)
        if row is None:
            row = _nobody(tx, kept)
        before_id = row.level_id
        higher = places.get(loser.level_id, 0) > places.get(row.level_id, 0)
        if higher:
            row.level_id, row.review_on, row.since = loser.level_id, loser.review_on, tx.now
        if loser.locked_until is not None and (higher or row.locked_until is None):
            row.locked_until, row.lock_reason = loser.locked_until, loser.lock_reason
            row.locked_by = loser.locked_by
        await tx.delete(loser)
        await tx.flush()
        await fans.set_levels(tx, {loser_id: BASE})
        if row.level_id != before_id:
            await told(tx, book, [(row, before_id, LevelCause.MERGED)])
    await place(tx, [kept], book=book)


async def part_levels(tx: Tx, winner_id: int, loser_id: int) -> None:
    """One person is two again: each stands where their own growth puts them."""
    await place(tx, [winner_id, loser_id], anew=True, cause=LevelCause.MERGED)


async def review_due(tx: Tx) -> int:
    """Look at the next members of whom days alone change something; how many there were."""
    due = await tx.scalars(
        select(MemberStanding.fan_id)
        .where(MemberStanding.check_on <= day_of(tx.now))
        .order_by(MemberStanding.check_on, MemberStanding.fan_id)
        .limit(AT_ONCE)
    )
    found = due.all()
    if found:
        await place(tx, found)
    return len(found)


async def lock_level(
    tx: Tx, actor: StaffActor, fan_id: int, level_id: int, until: date, reason: str
) -> None:
    """Put a fan on a level by hand until a day, whatever they earn. Raises LevelMissing, LockOver,
    fans' FanMissing."""
    today = day_of(tx.now)
    if not today < until <= today + timedelta(days=LOCK_DAYS):
        raise LockOver(field="until")
    kept = await _person(tx, fan_id)
    book = await level_book(tx)
    if level_id not in {level.id for level in book.ladder}:
        raise LevelMissing(field="level_id")
    row = await tx.get(MemberStanding, kept, populate_existing=True) or _nobody(tx, kept)
    before = _lock_shown(row)
    before_id = row.level_id
    row.level_id, row.locked_until, row.lock_reason = level_id, until, reason
    row.locked_by = actor.id
    row.review_on = until + timedelta(days=1) if level_id != book.ladder[0].id else None
    if before_id != level_id:
        row.since = tx.now
    await tx.flush()
    if before_id != level_id:
        await told(tx, book, [(row, before_id, LevelCause.LOCKED)])
    await place(tx, [kept], book=book)
    await team.record_audit(
        tx, actor, "members.level_locked", f"fan:{kept}", before, _lock_shown(row), reason
    )


async def unlock_level(tx: Tx, actor: StaffActor, fan_id: int, reason: str) -> None:
    """End a lock: the fan stands where their growth puts them. Raises fans' FanMissing."""
    kept = await _person(tx, fan_id)
    row = await tx.get(MemberStanding, kept, populate_existing=True)
    if row is None or row.locked_until is None:
        return
    before = _lock_shown(row)
    row.locked_until = None
    await tx.flush()
    await place(tx, [kept], anew=True, cause=LevelCause.UNLOCKED)
    await team.record_audit(
        tx, actor, "members.level_unlocked", f"fan:{kept}", before, _lock_shown(row), reason
    )


async def apply_levels(tx: Tx, edits: int, after_id: int) -> None:
    """Put the next fans where the saved levels put them; a later saving ends this one's round."""
    if (await tx.get_one(MemberRules, 1)).edits != edits:
        return
    last = await _recount_after(tx, after_id)
    if last is not None:
        later(tx, APPLY, edits=edits, after_id=last, key=f"levels:{edits}:{last}")


async def rebuild_levels(tx: Tx) -> int:
    """Read growth anew from all timelines and put every buyer on their level; how many moved."""
    moved_before = await tx.scalar(select(func.count()).select_from(LevelMove)) or 0
    last: int | None = 0
    while last is not None:
        last = await _recount_after(tx, last)
    return (await tx.scalar(select(func.count()).select_from(LevelMove)) or 0) - moved_before


async def _recount_after(tx: Tx, after_id: int) -> int | None:
    """The next persons from their timelines; the last of them, None when there are no more."""
    last: int
    buyers = await fans.buyers_after(tx, after_id, AT_ONCE)
    standing = await tx.scalars(
        select(MemberStanding.fan_id)
        .where(MemberStanding.fan_id > after_id)
        .order_by(MemberStanding.fan_id)
        .limit(AT_ONCE)
    )
    people = sorted({*buyers, *standing})[:AT_ONCE]
    if not people:
        return None
    await fans.hold_people(tx, people)
    records = await fans.records_of(tx, people)
    known = await fans.orders_told(tx, {one for some in records.values() for one in some})
    rows = [
        {
            "order_no": order_no,
            "kind": GrowthKind(kind.removeprefix("order_")),
            "at": at,
            "fan_id": fan_id,
            "amount_fen": amount_fen,
            "day": day_of(at),
        }
        for fan_id, kind, order_no, at, amount_fen in known
    ]
    if rows:
        await tx.execute(insert(GrowthRow).values(rows).on_conflict_do_nothing())
    await place(tx, people)
    last = people[-1]
    return last


def _write(row: MemberStanding, found: Judged, grown: Growth, today: date) -> None:
    row.level_id, row.growth_fen, row.counted_on = found.stand.level_id, grown.fen, today
    row.review_on, row.check_on = found.stand.review_on, found.check_on
    row.locked_until = found.stand.locked_until
    if row.locked_until is None:
        row.lock_reason, row.locked_by = "", None


def _nobody(tx: Tx, fan_id: int) -> MemberStanding:
    row = MemberStanding(
        fan_id=fan_id,
        level_id=BASE,
        growth_fen=0,
        since=tx.now,
        counted_on=day_of(tx.now),
        lock_reason="",
    )
    tx.add(row)
    return row


def _lock_shown(row: MemberStanding) -> dict[str, object]:
    until = row.locked_until.isoformat() if row.locked_until else None
    return {"level_id": row.level_id, "locked_until": until}


async def _person(tx: Tx, fan_id: int) -> int:
    """The living record of a fan, held. Raises FanMissing."""
    living = await _hold(tx, [fan_id])
    if fan_id not in living:
        raise FanMissing
    return living[fan_id]


async def _hold(tx: Tx, fan_ids: Iterable[int]) -> dict[int, int]:
    """Lock the persons behind these records; record → living record."""
    wanted = list(fan_ids)
    await fans.hold_people(tx, wanted)
    rows = await tx.execute(_LIVING, {"fans": wanted})
    return {row.id: row.living for row in rows}


async def _grown(
    tx: Tx, people: Sequence[int], found: LevelRules, today: date
) -> dict[int, Growth]:
    """Growth of living records that have bought, all records of the person counted."""
    rows = await tx.execute(
        _GROWN,
        {
            "counts": found.counts.value,
            "people": list(people),
            "since": today - timedelta(days=found.window_days),
        },
    )
    return {row.person: Growth(row.fen, row.first_day) for row in rows}


async def _give(tx: Tx, fan_id: int, level: Level) -> None:
    """The gift of a level, unless the person had it before, under whatever record."""
    if level.gift_template_id is None:
        return
    given = {
        "fan": fan_id,
        "level": level.id,
        "template": level.gift_template_id,
        "records": await fans.person_ids(tx, fan_id),
        "at": tx.now,
    }
    if (await tx.execute(_GIFT, given)).first() is None:
        return
    due = LevelGiftDue(fan_id, level.id, level.name, level.gift_template_id, tx.now)
    publish(tx, due, aggregate=f"level_gift:{fan_id}:{level.id}")
