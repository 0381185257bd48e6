"""盘点: what should lie at a location against what somebody counted there.

A line's book number is taken anew at the moment the count is entered, so sales and parcels before
and after it do no harm. It holds what is on hand and what is sold but not sent: both lie there.
Posting books each difference once, as a change and not as a new number.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from tiefen.inventory import rules
from tiefen.inventory.errors import SheetEnded, SheetExists, SheetMissing, SkuUnknown
from tiefen.inventory.models import CountLine, CountSheet
from tiefen.inventory.schemas import CountedInput, SheetInput
from tiefen.inventory.service.moving import change, need_locations
from tiefen.inventory.values import MovementReason, SheetState
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team

BOOK = """
    SELECT s.sku_id, s.on_hand + coalesce(r.unsent, 0) AS book FROM stock s
    LEFT JOIN LATERAL (
        SELECT sum(quantity - sent - back)::bigint AS unsent FROM reservation
        WHERE sku_id = s.sku_id AND location_id = s.location_id
            AND state = 'converted' AND sent + back < quantity
    ) r ON true
    WHERE s.location_id = $1 AND ($2::bigint[] IS NULL OR s.sku_id = ANY($2))
        AND NOT EXISTS (SELECT FROM bundle_part b WHERE b.bundle_id = s.sku_id)
    ORDER BY s.sku_id
"""
"""What should lie at a location, by SKU."""


async def start_sheet(tx: Tx, actor: StaffActor, wanted: SheetInput) -> str:
    """A list of all SKUs of a location (or of those named) to be counted; returns its number.

    Raises LocationMissing, SheetExists (one is open there), SkuUnknown (nothing to count).
    """
    await need_locations(tx, [wanted.location_id])
    made = CountSheet(
        sheet_no=ids.number("C", tx.now),
        location_id=wanted.location_id,
        state=SheetState.OPEN,
        note=wanted.note,
        started_by=f"staff:{actor.id}",
        started_at=tx.now,
    )
    tx.add(made)
    try:
        await tx.flush()
    except IntegrityError as error:
        raise SheetExists(field="location_id") from error
    rows = await tx.rows(BOOK, wanted.location_id, wanted.sku_ids or None)
    if not rows:
        raise SkuUnknown(field="sku_ids")
    tx.add_all(CountLine(sheet_id=made.id, sku_id=row["sku_id"], book=row["book"]) for row in rows)
    await _audit(tx, actor, "inventory.start_sheet", made, len(rows))
    return made.sheet_no


async def count_pieces(
    tx: Tx, actor: StaffActor, sheet_no: str, wanted: Sequence[CountedInput]
) -> None:
    """Note what was counted just now; a line may be counted again until the sheet is posted.

    Raises SheetMissing, SheetEnded, SkuUnknown (not on the sheet), DuplicateSku.
    """
    rules.check_named_once([one.sku_id for one in wanted])
    sheet = await _open(tx, sheet_no)
    counted = {one.sku_id: one.counted for one in wanted}
    lines = await _lines(tx, sheet, list(counted))
    if set(counted) - {line.sku_id for line in lines}:
        raise SkuUnknown(field="lines")
    book = dict(await tx.rows(BOOK, sheet.location_id, sorted(counted)))
    for line in lines:
        line.book = book[line.sku_id]
        line.counted = counted[line.sku_id]
        line.counted_by = f"staff:{actor.id}"
        line.counted_at = tx.now


async def post_sheet(tx: Tx, actor: StaffActor, sheet_no: str) -> None:
    """Book the differences of what was counted; lines nobody counted stay as they are.

    Posting twice is no error and books nothing more. Raises SheetMissing, SheetEnded (dropped),
    WouldCutReserved (pieces that orders hold are not there: free them first).
    """
    sheet = await _locked(tx, sheet_no)
    if sheet.state is SheetState.POSTED:
        return
    _check_open(sheet)
    lines = await _lines(tx, sheet, None)
    wrong = {
        (line.sku_id, sheet.location_id): line.counted - line.book
        for line in lines
        if line.counted is not None and line.counted != line.book
    }
    await change(tx, wrong, MovementReason.COUNTED, sheet_no, f"staff:{actor.id}", sheet.note)
    _end(tx, actor, sheet, SheetState.POSTED)
    await _audit(tx, actor, "inventory.post_sheet", sheet, sum(wrong.values()))


async def drop_sheet(tx: Tx, actor: StaffActor, sheet_no: str) -> None:
    """Nothing of this count is booked. Asking twice is no error. Raises SheetMissing, SheetEnded."""
    sheet = await _locked(tx, sheet_no)
    if sheet.state is SheetState.DROPPED:
        return
    _check_open(sheet)
    _end(tx, actor, sheet, SheetState.DROPPED)
    await tx.execute(
        delete(CountLine).where(CountLine.sheet_id == sheet.id, CountLine.counted.is_(None))
    )
    await _audit(tx, actor, "inventory.drop_sheet", sheet, 0)


async def _locked(tx: Tx, sheet_no: str) -> CountSheet:
    sheet = await tx.scalar(
        select(CountSheet)
        .where(CountSheet.sheet_no == sheet_no)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if sheet is None:
        raise SheetMissing
    return sheet


async def _open(tx: Tx, sheet_no: str) -> CountSheet:
    sheet = await _locked(tx, sheet_no)
    _check_open(sheet)
    return sheet


def _check_open(sheet: CountSheet) -> None:
    if sheet.state is not SheetState.OPEN:
        raise SheetEnded


async def _lines(tx: Tx, sheet: CountSheet, sku_ids: Sequence[int] | None) -> Sequence[CountLine]:
    chosen = select(CountLine).where(CountLine.sheet_id == sheet.id).order_by(CountLine.sku_id)
    if sku_ids is not None:
        chosen = chosen.where(CountLine.sku_id.in_(sku_ids))
    return (await tx.scalars(chosen.execution_options(populate_existing=True))).all()


def _end(tx: Tx, actor: StaffActor, sheet: CountSheet, state: SheetState) -> None:
    sheet.state = state
    sheet.ended_at = tx.now
    sheet.ended_by = f"staff:{actor.id}"


async def _audit(tx: Tx, actor: StaffActor, action: str, sheet: CountSheet, number: int) -> None:
    await team.record_audit(tx, actor, action, f"count:{sheet.sheet_no}", after={"number": number})
