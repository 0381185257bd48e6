"""Imports of stock: a table taken in, tried out, run, stopped, undone.

The file is read line by line and its lines are kept. Each step works on some of them in one commit,
which also moves the import's row: a kill costs a step at most, and a line is done once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import delete, func, select, text

from tiefen.inventory import rules
from tiefen.inventory.errors import (
    StockFileEmpty,
    StockImportForgotten,
    StockImportKnown,
    StockImportMissing,
    StockImportMoved,
)
from tiefen.inventory.models import MAIN_LOCATION, StockImport, StockImportLine
from tiefen.inventory.queries.tables import same_table
from tiefen.inventory.service.moving import need_locations
from tiefen.inventory.values import ImportMode, StockImportState, StockLineFate
from tiefen.kernel import ids, sheets
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.team import service as team

STEP = "inventory.import_step"
KEPT_AT_ONCE = 5_000
UNRUN, LINES_KEPT = timedelta(days=7), timedelta(days=30)
"""How long a table is kept that nobody runs, and the lines of one that is over."""
_KEEP = """
    INSERT INTO stock_import_line (import_id, line, cells, fate, faults, change)
    SELECT $1, (l ->> 0)::int, l -> 1, 'unread', '[]', 0 FROM jsonb_array_elements($2::jsonb) AS l
"""
_FORGET = text(
    """
    DELETE FROM stock_import
    WHERE state IN ('reading', 'checking', 'checked') AND moved_at < :before
    """
)
_FORGET_LINES = text(
    """
    DELETE FROM stock_import_line AS l USING stock_import AS i
    WHERE i.id = l.import_id AND i.state IN ('done', 'stopped', 'undone') AND i.moved_at < :before
    """
)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table of stock is meant."""

    mode: ImportMode
    location_id: int = MAIN_LOCATION
    """Of lines that name none."""
    reference: str = ""


async def take_table(
    db: Db, merchant: str, actor: StaffActor, file: BinaryIO, plan: TablePlan, *, file_name: str
) -> int:
    """Keep a table line by line, never whole in memory, and begin to try it out; returns the id.

    Raises NotASheet, SheetTooLong, StockColumnsMissing, StockFileEmpty, LocationMissing; then
    nothing is kept.
    """
    rows = sheets.stream(file)
    heading: list[str] = await asyncio.to_thread(next, rows, [])
    rules.columns(heading, plan.mode)
    async with db.merchant(merchant) as tx:
        await need_locations(tx, [plan.location_id])
        import_id = await _begin(tx, actor, plan, file_name, heading)
    try:
        lines, digest = 0, sha256(_encoded([plan.mode, plan.location_id, plan.reference, heading]))
        async for kept in sheets.batches(rows, KEPT_AT_ONCE):
            body = _encoded(kept)
            digest.update(body)
            async with db.merchant(merchant) as tx:
                await tx.rows(_KEEP, import_id, body.decode())
            lines += len(kept)
        if not lines:
            raise StockFileEmpty(field="file")
        async with db.merchant(merchant) as tx:
            row = await held(tx, import_id)
            row.lines, row.digest = lines, digest.hexdigest()
            begin_step(tx, row, StockImportState.CHECKING)
    except Refusal:
        async with db.merchant(merchant) as tx:
            await tx.execute(delete(StockImport).where(StockImport.id == import_id))
        raise
    return import_id


async def run_table(tx: Tx, actor: StaffActor, import_id: int) -> StockImport:
    """Change stock as was tried out, or go on where it was stopped; wrong lines are left out.

    Raises StockImportMissing, StockImportMoved, StockImportKnown (the same table under the same
    reference was imported and not undone: nothing changes).
    """
    row = await held(tx, import_id)
    if row.state is StockImportState.CHECKED:
        known = await same_table(tx, row)
        if known is not None:
            raise StockImportKnown(field="reference", import_no=known)
        begin_step(tx, row, StockImportState.RUNNING)
    elif row.state is StockImportState.STOPPED:
        row.state, row.moved_at, row.ended_at = StockImportState.RUNNING, tx.now, None
        next_step(tx, row)
    else:
        raise StockImportMoved
    after = {"file": row.file_name, "mode": row.mode, "lines": row.lines}
    await _audit(tx, actor, "inventory.import_run", row, after)
    return row


async def stop_table(tx: Tx, actor: StaffActor, import_id: int) -> StockImport:
    """Change nothing more for now; what was changed stays. Raises StockImportMissing."""
    row = await held(tx, import_id)
    if row.state is StockImportState.RUNNING:
        row.state, row.moved_at, row.ended_at = StockImportState.STOPPED, tx.now, tx.now
        await _audit(tx, actor, "inventory.import_stopped", row, {"looked_at": row.looked_at})
    return row


async def undo_table(tx: Tx, actor: StaffActor, import_id: int) -> StockImport:
    """Take back what the import changed, as differences: what was sold since stays sold.

    Lines whose pieces are gone or held stay and say so. Raises StockImportMissing,
    StockImportMoved, StockImportForgotten.
    """
    row = await held(tx, import_id)
    if row.state not in (StockImportState.DONE, StockImportState.STOPPED):
        raise StockImportMoved
    kept = await tx.scalar(
        select(func.count()).where(
            StockImportLine.import_id == row.id, StockImportLine.fate == StockLineFate.CHANGED
        )
    )
    if row.changed and not kept:
        raise StockImportForgotten
    row.state, row.last_line, row.looked_at = StockImportState.UNDOING, 0, 0
    row.moved_at, row.ended_at = tx.now, None
    next_step(tx, row)
    await _audit(tx, actor, "inventory.import_undone", row, {"changed": row.changed})
    return row


async def held(tx: Tx, import_id: int) -> StockImport:
    """An import, locked. Raises StockImportMissing."""
    wanted = select(StockImport).where(StockImport.id == import_id).with_for_update()
    row: StockImport | None = await tx.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise StockImportMissing
    return row


def begin_step(tx: Tx, row: StockImport, state: StockImportState) -> None:
    """Go through the lines from the first one, counting anew."""
    row.state, row.last_line, row.moved_at, row.ended_at = state, 0, tx.now, None
    row.looked_at = row.same = row.changed = row.pieces_in = row.pieces_out = 0
    if state is StockImportState.CHECKING:
        row.wrong = 0
    next_step(tx, row)


def next_step(tx: Tx, row: StockImport) -> None:
    """Leave the next lines to a job; one that comes late finds that they are done."""
    later(tx, STEP, import_id=row.id, state=row.state.value, after=row.last_line)


async def forget_tables(tx: Tx) -> None:
    """Tables nobody ran for a week are forgotten, and lines of those that are over for a month."""
    await tx.execute(_FORGET, {"before": tx.now - UNRUN})
    await tx.execute(_FORGET_LINES, {"before": tx.now - LINES_KEPT})


async def _begin(
    tx: Tx, actor: StaffActor, plan: TablePlan, file_name: str, heading: Sequence[str]
) -> int:
    made = StockImport(
        import_no=ids.number("I", tx.now),
        mode=plan.mode,
        state=StockImportState.READING,
        file_name=file_name[:120],
        heading=list(heading),
        location_id=plan.location_id,
        reference=plan.reference,
        staff_id=actor.id,
        staff_name=actor.name,
        started_at=tx.now,
        moved_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    return made.id


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


async def _audit(
    tx: Tx, actor: StaffActor, action: str, row: StockImport, after: dict[str, Any]
) -> None:
    target = f"stock_import:{row.import_no}"
    await team.record_audit(tx, actor, action, target, after=after, reason=row.reference)
