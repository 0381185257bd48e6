"""Imports of purchases made elsewhere: taken in, tried out, run, stopped, undone.

The file is kept in sealed parts of some thousand lines. Each step works on one part and is one
commit, which also moves the import's row: a kill costs a part at most, and a part is done once.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import delete, select, text

from tiefen.fans import rules
from tiefen.fans.errors import PastFileEmpty, PastImportMissing, PastImportMoved
from tiefen.fans.models import PastImport, PastPart
from tiefen.fans.values import Columns, Dates, Decimals, Dialect, PastField, PastImportState
from tiefen.kernel import sheets
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

STEP = "fans.past_step"
PART = 5_000
SHOWN = 5
"""Lines of the file that are shown, masked, to whoever maps its columns."""
UNRUN, WRONG_LINES = timedelta(days=7), timedelta(days=30)
"""How long a file is kept that nobody runs, and the wrong lines of one that is done."""
_UNTRIED = (PastImportState.READY, PastImportState.CHECKED)
_FORGET = text(
    """
    DELETE FROM fan_past_import
    WHERE state IN ('reading', 'ready', 'checking', 'checked') AND moved_at < :before
    """
)
_FORGET_PARTS = text(
    """
    DELETE FROM fan_past_part AS p USING fan_past_import AS i
    WHERE i.id = p.import_id AND i.state IN ('done', 'undone') AND i.moved_at < :before
    """
)


async def take_in(
    db: Db, merchant: str, actor: StaffActor, file: BinaryIO, *, file_name: str
) -> int:
    """Keep a file part by part, never whole in memory; its columns are guessed. Returns the id.

    Raises NotASheet, SheetTooLong, PastFileEmpty; then nothing is kept.
    """
    rows = sheets.stream(file)
    heading: list[str] = await asyncio.to_thread(next, rows, [])
    async with db.merchant(merchant) as tx:
        made = _begin(tx, actor, file_name[:120], heading)
        await tx.flush()
        import_id = made.id
    try:
        parts = lines = 0
        sample: list[list[str]] = []
        async for kept in sheets.batches(rows, PART):
            sample += [cells for _, cells in kept[: SHOWN - len(sample)]]
            async with db.merchant(merchant) as tx:
                tx.add(PastPart(import_id=import_id, part=parts, body=packed(kept)))
            parts, lines = parts + 1, lines + len(kept)
        if not lines:
            raise PastFileEmpty(field="file")
        async with db.merchant(merchant) as tx:
            row = await held(tx, import_id)
            row.parts, row.lines, row.state = parts, lines, PastImportState.READY
            row.sample = [[rules.masked_cell(cell) for cell in cells] for cells in sample]
            row.moved_at = tx.now
    except Refusal:
        async with db.merchant(merchant) as tx:
            await tx.execute(delete(PastImport).where(PastImport.id == import_id))
        raise
    return import_id


async def check_past(
    tx: Tx, actor: StaffActor, import_id: int, source: str, columns: Columns, dialect: Dialect
) -> PastImport:
    """Try a file out, mapped like this: nothing is added, every line is looked at.

    Raises PastImportMissing, PastImportMoved, PastColumnsWrong.
    """
    row = await held(tx, import_id)
    if row.state not in _UNTRIED:
        raise PastImportMoved
    rules.check_columns(columns, len(row.heading))
    row.source = source
    row.columns = {field.value: place for field, place in columns.items()}
    row.dates, row.decimals = dialect.dates, dialect.decimals
    _begin_step(tx, row, PastImportState.CHECKING)
    return row


async def run_past(tx: Tx, actor: StaffActor, import_id: int) -> PastImport:
    """Add what was tried out, or go on where it was stopped; lines with faults are left out.

    Raises PastImportMissing, PastImportMoved.
    """
    row = await held(tx, import_id)
    if row.state is PastImportState.CHECKED:
        _begin_step(tx, row, PastImportState.RUNNING)
    elif row.state is PastImportState.STOPPED:
        row.state, row.moved_at, row.ended_at = PastImportState.RUNNING, tx.now, None
        next_step(tx, row)
    else:
        raise PastImportMoved
    after = {"file": row.file_name, "source": row.source, "lines": row.lines}
    await record_audit(tx, actor, "fans.past_import_run", f"fan_past_import:{row.id}", after=after)
    return row


async def stop_past(tx: Tx, actor: StaffActor, import_id: int) -> PastImport:
    """Add nothing more for now; what was added stays. Raises PastImportMissing."""
    row = await held(tx, import_id)
    if row.state is PastImportState.RUNNING:
        row.state, row.moved_at, row.ended_at = PastImportState.STOPPED, tx.now, tx.now
        target = f"fan_past_import:{row.id}"
        await record_audit(tx, actor, "fans.past_import_stopped", target)
    return row


async def undo_past(tx: Tx, actor: StaffActor, import_id: int) -> PastImport:
    """Take away every purchase this import added, and nothing else.

    Raises PastImportMissing, PastImportMoved.
    """
    row = await held(tx, import_id)
    if row.state not in (PastImportState.DONE, PastImportState.STOPPED):
        raise PastImportMoved
    row.state, row.looked_at, row.moved_at = PastImportState.UNDOING, 0, tx.now
    row.part += 1  # so that a step which still waits finds that its time is over
    next_step(tx, row)
    after = {"file": row.file_name, "source": row.source, "added": row.added}
    target = f"fan_past_import:{row.id}"
    await record_audit(tx, actor, "fans.past_import_undone", target, after=after)
    return row


async def held(tx: Tx, import_id: int) -> PastImport:
    """An import, locked. Raises PastImportMissing."""
    wanted = select(PastImport).where(PastImport.id == import_id).with_for_update()
    row: PastImport | None = await tx.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise PastImportMissing
    return row


def next_step(tx: Tx, row: PastImport) -> None:
    """Leave the next part to a job; one that comes late finds that the part is done."""
    later(tx, STEP, import_id=row.id, part=row.part)


def columns_of(row: PastImport) -> Columns:
    """Which column is what, as kept."""
    return {PastField(field): place for field, place in row.columns.items()}


def packed(lines: Sequence[Sequence[Any]]) -> str:
    """Lines of a part as they are sealed."""
    return msgspec.json.encode(lines).decode()


def unpacked(body: str) -> list[list[Any]]:
    """Lines of a part: number, cells, and faults if it is done."""
    return msgspec.json.decode(body, type=list[list[Any]])


async def forget_past(tx: Tx) -> None:
    """Files nobody ran for a week are forgotten, and wrong lines of those that are over a month."""
    await tx.execute(_FORGET, {"before": tx.now - UNRUN})
    await tx.execute(_FORGET_PARTS, {"before": tx.now - WRONG_LINES})


def _begin(tx: Tx, actor: StaffActor, file_name: str, heading: Sequence[str]) -> PastImport:
    made = PastImport(
        source="",
        file_name=file_name,
        state=PastImportState.READING,
        heading=list(heading),
        sample=[],
        columns={field.value: at for field, at in rules.guess_columns(heading).items()},
        dates=Dates.YMD,
        decimals=Decimals.POINT,
        faults={},
        staff_id=actor.id,
        staff_name=actor.name,
        started_at=tx.now,
        moved_at=tx.now,
    )
    tx.add(made)
    return made


def _begin_step(tx: Tx, row: PastImport, state: PastImportState) -> None:
    """Go through the file from its first part, counting anew."""
    row.state, row.part, row.moved_at, row.ended_at = state, 0, tx.now, None
    row.looked_at = row.good = row.wrong = row.known = row.added = row.of_fans = 0
    row.amount_fen, row.first_on, row.last_on, row.faults = 0, None, None, {}
    next_step(tx, row)
