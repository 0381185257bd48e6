"""Points are earned, spent, given back and lost. Whoever moves them holds the person's account."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, text

from tiefen.catalog import service as catalog
from tiefen.kernel.db import Tx
from tiefen.members import rules
from tiefen.members.models import PointsLineRow, PointsLot, PointsRulesRow
from tiefen.members.service.pointbook import (
    Account,
    account_of,
    add_lot,
    done,
    hold,
    move,
    pay_debt,
    take,
)
from tiefen.members.values import PointsBack, PointsKind, PointsLine, PointsPart, PointsRules

DUE_AT_ONCE = 200
_DUE = text(
    """
    SELECT DISTINCT fan_id FROM (
        (SELECT fan_id FROM points_lot WHERE freed_at IS NULL AND free_at <= :now
         ORDER BY free_at LIMIT :most)
        UNION ALL
        (SELECT fan_id FROM points_lot WHERE remaining > 0 AND expires_at <= :now
         ORDER BY expires_at LIMIT :most)
    ) AS due
    """
)
_SPENT_FROM = text(
    """
    SELECT l.expires_at FROM points_move AS m JOIN points_use AS u ON u.move_id = m.id
    JOIN points_lot AS l ON l.id = u.lot_id WHERE m.key = :key
    """
)
_LINES = text(
    """
    INSERT INTO points_line AS l (order_no, sku_id, quantity, paid_fen, earned, spent,
                                  returned, refunded_fen, earned_back, spent_back)
    SELECT :order, sku_id, quantity, paid_fen, earned, spent, 0, 0, 0, 0
    FROM unnest(CAST(:skus AS bigint[]), CAST(:pieces AS bigint[]), CAST(:paid AS bigint[]),
                CAST(:earned AS bigint[]), CAST(:spent AS bigint[]))
         AS w(sku_id, quantity, paid_fen, earned, spent)
    ON CONFLICT (order_no, sku_id) DO UPDATE
    SET paid_fen = excluded.paid_fen, earned = excluded.earned, refunded_fen = 0
    """
)


@dataclass(frozen=True, slots=True)
class Paid:
    """A line of a paid order: what was paid for its goods."""

    sku_id: int
    product_id: int
    quantity: int
    paid_fen: int


async def points_rules(tx: Tx) -> PointsRules:
    """How points are earned now."""
    return (await tx.get_one(PointsRulesRow, 1)).rules()


async def earn_points(
    tx: Tx, fan_id: int, order_no: str, lines: Sequence[Paid], at: datetime
) -> None:
    """A paid order brings points that wait until its after-sale window ends. Safe to run twice."""
    found = await points_rules(tx)
    bought = [line for line in lines if line.paid_fen]
    if not found.earning or not bought:
        return
    out = await _without(tx, bought, found)
    person = await hold(tx, fan_id)
    key = f"earn:{order_no}"
    if await done(tx, key):
        return
    gone = {row.sku_id: row.refunded_fen for row in await _rows(tx, order_no)}
    bought = [replace(one, paid_fen=one.paid_fen - gone.get(one.sku_id, 0)) for one in bought]
    earned = [0 if line.sku_id in out else rules.earns(line.paid_fen, found) for line in bought]
    total = sum(earned)
    if not total:
        return
    moved = await move(tx, person.fan_id, PointsKind.EARNED, key, frozen=total, order_no=order_no)
    await keep_lines(tx, order_no, bought, earned, [0] * len(bought))
    await add_lot(tx, moved, person.fan_id, fan_id, PointsKind.EARNED, total, at, order_no=order_no)


async def keep_lines(
    tx: Tx, order_no: str, lines: Sequence[Paid], earned: Sequence[int], spent: Sequence[int]
) -> None:
    """Note what lines bring and cost."""
    await tx.execute(
        _LINES,
        {
            "order": order_no,
            "skus": [line.sku_id for line in lines],
            "pieces": [line.quantity for line in lines],
            "paid": [line.paid_fen for line in lines],
            "earned": list(earned),
            "spent": list(spent),
        },
    )


async def start_hold(tx: Tx, order_no: str, at: datetime) -> None:
    """The order was received: its points are free when the after-sale window ends."""
    lot = await tx.scalar(
        select(PointsLot).where(PointsLot.order_no == order_no, PointsLot.kind == PointsKind.EARNED)
    )
    if lot is not None and lot.free_at is None:
        lot.free_at = at + timedelta(days=(await points_rules(tx)).hold_days)


async def points_due(tx: Tx) -> int:
    """Free and end the points whose time has come, of some persons; how many these were."""
    due = (await tx.scalars(_DUE, {"now": tx.now, "most": DUE_AT_ONCE})).all()
    found = await points_rules(tx) if due else PointsRules()
    for fan_id in sorted(due):
        await settle(tx, await hold(tx, fan_id), found)
    return len(due)


async def settle(tx: Tx, person: Account, found: PointsRules) -> Account:
    """Free and end what is due of a held person."""
    lots = await tx.scalars(
        select(PointsLot)
        .where(
            PointsLot.fan_id == person.fan_id,
            ((PointsLot.freed_at.is_(None)) & (PointsLot.free_at <= tx.now))
            | ((PointsLot.remaining > 0) & (PointsLot.expires_at <= tx.now)),
        )
        .order_by(PointsLot.id)
        .execution_options(populate_existing=True)
    )
    for lot in lots.all():
        if lot.freed_at is None:
            person = await _free(tx, person, lot, found)
        else:
            person = await _end(tx, person, lot)
    return person


async def spend_points(
    tx: Tx, fan_id: int, order_no: str, lines: Sequence[tuple[Paid, int]]
) -> None:
    """An order is paid in part with points, so many for each line. Safe to run twice.

    One guarded statement decides: of two orders at once the later one is refused. What ends first
    goes first. Raises PointsShort.
    """
    points = sum(spent for _, spent in lines)
    key = f"spend:{order_no}"
    person = await hold(tx, fan_id)
    if not points or await done(tx, key):
        return
    person = await settle(tx, person, await points_rules(tx))
    moved = await move(
        tx, person.fan_id, PointsKind.SPENT, key, available=-points, order_no=order_no
    )
    await take(tx, moved, person.fan_id, points)
    paid = [line for line, _ in lines]
    await keep_lines(tx, order_no, paid, [0] * len(paid), [spent for _, spent in lines])


async def refund_points(
    tx: Tx, fan_id: int, order_no: str, reference: str, parts: Sequence[PointsPart], *, whole: bool
) -> PointsBack:
    """Part of an order goes back: spent points return, earned ones are taken back.

    Once for each `reference`; a second time does nothing. What goes back before the order has
    brought anything (a refund may be faster than the event) is noted, and brings nothing then.
    """
    person = await hold(tx, fan_id)
    known = {row.sku_id for row in await _rows(tx, order_no)}
    new = [
        Paid(part.sku_id, 0, part.pieces, part.paid_fen)
        for part in parts
        if part.pieces and part.sku_id not in known
    ]
    if new:
        await keep_lines(tx, order_no, new, [0] * len(new), [0] * len(new))
    back, after = await _planned(tx, person, order_no, parts, whole=whole)
    if await done(tx, f"return:{reference}") or await done(tx, f"back:{reference}"):
        return PointsBack()
    for row in await _rows(tx, order_no):
        line = after[row.sku_id]
        row.returned, row.refunded_fen = line.returned, line.refunded_fen
        row.earned_back, row.spent_back = line.earned_back, line.spent_back
    await tx.flush()
    if back.returned:
        person = await _give_back(tx, person, fan_id, order_no, f"return:{reference}", back)
    if back.taken or (after and not back.returned):  # noted also when it comes to nothing
        await _take_back(tx, person, order_no, f"back:{reference}", back.taken)
    return back


async def points_after_refund(
    tx: Tx, fan_id: int, order_no: str, parts: Sequence[PointsPart], *, whole: bool
) -> PointsBack:
    """What a refund would do to points; nothing changes."""
    back, known = await _planned(tx, await account_of(tx, fan_id), order_no, parts, whole=whole)
    early = any(part.paid_fen and part.sku_id not in known for part in parts)
    waits = early and (await points_rules(tx)).earning
    return replace(back, waits=waits)


async def release_points(tx: Tx, fan_id: int, order_no: str) -> None:
    """An order was closed unpaid: what was spent on it returns. Safe to run twice."""
    await refund_points(tx, fan_id, order_no, f"close:{order_no}", (), whole=True)


async def join_points(
    tx: Tx, to_id: int, from_id: int, key: str, *, only: int | None = None
) -> None:
    """Hand the points of one account to another; `only`: those that came to this record.

    A debt goes along with all, and is paid from what there is.
    """
    accounts = {one: await hold(tx, one, living=False) for one in sorted({to_id, from_id})}
    if to_id == from_id or await done(tx, f"{key}:out"):
        return
    giver = accounts[from_id]
    wanted = [PointsLot.fan_id == from_id, *([PointsLot.record_id == only] if only else [])]
    lots = (await tx.scalars(select(PointsLot).where(*wanted))).all()
    free = sum(lot.remaining for lot in lots if lot.freed_at)
    frozen = sum(lot.remaining for lot in lots if not lot.freed_at)
    debt = 0 if only else giver.debt
    if not (lots or debt):
        return
    for lot in lots:
        lot.fan_id = to_id
    await tx.flush()
    await move(
        tx, from_id, PointsKind.JOINED, f"{key}:out", available=-free, frozen=-frozen, debt=-debt
    )
    await move(tx, to_id, PointsKind.JOINED, f"{key}:in", available=free, frozen=frozen, debt=debt)
    taker = accounts[to_id]
    owed, there = taker.debt + debt, taker.available + free
    await pay_debt(tx, to_id, min(owed, there), f"{key}:debt")


async def _without(tx: Tx, lines: Sequence[Paid], found: PointsRules) -> Collection[int]:
    """SKUs among these that bring no points."""
    out = {line.sku_id for line in lines if line.product_id in found.without_product_ids}
    if found.without_category_ids:
        briefs = await catalog.skus(tx, {line.sku_id for line in lines})
        shut = set(found.without_category_ids)
        out |= {sku_id for sku_id, brief in briefs.items() if shut & set(brief.category_ids)}
    return out


async def _free(tx: Tx, person: Account, lot: PointsLot, found: PointsRules) -> Account:
    """A lot may be spent; a debt is paid from it first."""
    lot.freed_at, lot.expires_at = tx.now, rules.expiry(tx.now, found)
    points, owed = lot.remaining, min(lot.remaining, person.debt)
    if not points:
        await tx.flush()
        return person
    lot.remaining -= owed
    await tx.flush()
    moved = await move(
        tx,
        person.fan_id,
        PointsKind.FREED,
        f"free:{lot.id}",
        available=points - owed,
        frozen=-points,
        debt=-owed,
        order_no=lot.order_no,
    )
    await take(tx, moved, person.fan_id, owed, lot_id=lot.id)
    return moved.account


async def _end(tx: Tx, person: Account, lot: PointsLot) -> Account:
    points, lot.remaining = lot.remaining, 0
    await tx.flush()
    moved = await move(tx, person.fan_id, PointsKind.EXPIRED, f"expire:{lot.id}", available=-points)
    await take(tx, moved, person.fan_id, points, lot_id=lot.id)
    return moved.account


async def _give_back(
    tx: Tx, person: Account, record_id: int, order_no: str, key: str, back: PointsBack
) -> Account:
    owed = min(back.returned, person.debt)
    moved = await move(
        tx,
        person.fan_id,
        PointsKind.RETURNED,
        key,
        available=back.returned - owed,
        debt=-owed,
        order_no=order_no,
    )
    await add_lot(
        tx,
        moved,
        person.fan_id,
        record_id,
        PointsKind.RETURNED,
        back.returned,
        tx.now,
        order_no=order_no,
        freed_at=tx.now,
        expires_at=back.until,
        owed=owed,
    )
    return moved.account


async def _take_back(tx: Tx, person: Account, order_no: str, key: str, points: int) -> None:
    """From the order's own lot while it waits, else from what there is, else as a debt."""
    lot = await tx.scalar(
        select(PointsLot)
        .where(PointsLot.order_no == order_no, PointsLot.kind == PointsKind.EARNED)
        .execution_options(populate_existing=True)
    )
    if lot is not None and lot.freed_at is None:
        own = min(points, lot.remaining)
        lot.remaining -= own
        await tx.flush()
    else:
        own = 0
    free = min(points - own, person.available)
    moved = await move(
        tx,
        person.fan_id,
        PointsKind.TAKEN_BACK,
        key,
        available=-free,
        frozen=-own,
        debt=points - own - free,
        order_no=order_no,
    )
    if lot is not None:
        await take(tx, moved, person.fan_id, own, lot_id=lot.id)
    await take(tx, moved, person.fan_id, free)


async def _planned(
    tx: Tx, person: Account, order_no: str, parts: Sequence[PointsPart], *, whole: bool
) -> tuple[PointsBack, dict[int, PointsLine]]:
    """What would return and be taken back, and the lines after it."""
    lines = [
        PointsLine(
            row.sku_id,
            row.quantity,
            row.paid_fen,
            row.earned,
            row.spent,
            row.returned,
            row.refunded_fen,
            row.earned_back,
            row.spent_back,
        )
        for row in await _rows(tx, order_no)
    ]
    after = rules.after_refund(lines, parts, whole=whole)
    returned = sum(one.spent_back for one in after) - sum(one.spent_back for one in lines)
    taken = sum(one.earned_back for one in after) - sum(one.earned_back for one in lines)
    until = None
    if returned:
        came_from = (await tx.scalars(_SPENT_FROM, {"key": f"spend:{order_no}"})).all()
        until = rules.returned_until(tx.now, came_from, await points_rules(tx))
    lot = await tx.scalar(
        select(PointsLot.remaining).where(
            PointsLot.order_no == order_no,
            PointsLot.kind == PointsKind.EARNED,
            PointsLot.freed_at.is_(None),
        )
    )
    there = (lot or 0) + max(person.available + returned - person.debt, 0)
    back = PointsBack(returned, until, taken, max(taken - there, 0))
    return back, {one.sku_id: one for one in after}


async def _rows(tx: Tx, order_no: str) -> Sequence[PointsLineRow]:
    found = await tx.scalars(
        select(PointsLineRow)
        .where(PointsLineRow.order_no == order_no)
        .order_by(PointsLineRow.sku_id)
        .execution_options(populate_existing=True)
    )
    return found.all()
