"""Stock as a table from a terminal: taken in, tried out, run, undone, written out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from tiefen.commands.importing import NOBODY, OPERATOR, followed
from tiefen.commands.installation import InstallationError, database, need_merchant
from tiefen.inventory import queries, service
from tiefen.inventory.models import MAIN_LOCATION, Location
from tiefen.inventory.schemas import StockImportDetail
from tiefen.inventory.values import ImportMode, StockImportState
from tiefen.kernel import sheets
from tiefen.kernel.db import Db, Tx

_AT_WORK = (StockImportState.CHECKING, StockImportState.RUNNING, StockImportState.UNDOING)


@dataclass(frozen=True, slots=True)
class StockPlan:
    """How a table of stock is meant; `location`: the name of that of lines that name none."""

    mode: ImportMode
    location: str
    reference: str
    dry: bool


async def take(
    url: str, merchant: str, file: Path, plan: StockPlan, tell: Callable[[str], None]
) -> StockImportState:
    """Import stock from a table; how the import is in the end.

    The table is kept, tried out and (unless `dry`) run; the work is done by `tiefen serve` or
    `tiefen worker`. Stopping this stops nothing. Raises InstallationError and the refusals of the
    import.
    """
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        async with db.merchant(merchant) as tx:
            location_id = await _location(tx, plan.location) or MAIN_LOCATION
        with file.open("rb") as opened:
            import_id = await service.take_table(
                db,
                merchant,
                OPERATOR,
                opened,
                service.TablePlan(plan.mode, location_id, plan.reference),
                file_name=file.name,
            )
        tell(f"import {import_id}")
        row = await _follow(db, merchant, import_id, tell)
        for fault in row.faults:
            tell(f"line {fault.line} {fault.code}: {'; '.join(fault.faults)}")
        if row.state is not StockImportState.CHECKED or plan.dry or not row.changed:
            return row.state
        async with db.merchant(merchant) as tx:
            await service.run_table(tx, OPERATOR, import_id)
        return (await _follow(db, merchant, import_id, tell)).state


async def undo(
    url: str, merchant: str, import_id: int, tell: Callable[[str], None]
) -> StockImportState:
    """Take back what an import of stock changed. Raises as `take`."""
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        async with db.merchant(merchant) as tx:
            await service.undo_table(tx, OPERATOR, import_id)
        return (await _follow(db, merchant, import_id, tell)).state


async def write_out(url: str, merchant: str, file: Path, location: str) -> int:
    """Write stock as it stands, as a CSV that can be imported again; how many lines.

    Raises InstallationError.
    """
    lines = 0
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        async with db.merchant(merchant) as tx:
            location_id = await _location(tx, location)
        with file.open("w", encoding="utf-8", newline="") as out:
            out.write(sheets.write_csv([queries.stock_heading(ImportMode.SET)]))
            after: tuple[int, int] | None = (0, 0)
            while after is not None:
                async with db.merchant(merchant) as tx:
                    page, after = await queries.stock_page(tx, ImportMode.SET, after, location_id)
                out.write(sheets.write_csv(page, first=False))
                lines += len(page)
    return lines


async def _location(tx: Tx, name: str) -> int | None:
    if not name:
        return None
    found: int | None = await tx.scalar(select(Location.id).where(Location.name == name))
    if found is None:
        raise InstallationError(f"no location {name}")
    return found


async def _follow(
    db: Db, merchant: str, import_id: int, tell: Callable[[str], None]
) -> StockImportDetail:
    async def look() -> tuple[StockImportDetail, str, bool]:
        async with db.merchant(merchant) as tx:
            row = await queries.one_import(tx, import_id)
        line = (
            f"{row.state.value}: {row.looked_at:,} of {row.lines:,} lines; {row.changed:,} changed"
            f" (+{row.pieces_in:,} -{row.pieces_out:,} pieces), {row.same:,} the same,"
            f" {row.wrong:,} wrong{f', {row.undone:,} taken back' if row.undone else ''}"
            f"{f', {row.stuck:,} stuck' if row.stuck else ''}"
        )
        if row.stalled:
            line += NOBODY
        return row, line, row.state in _AT_WORK

    return await followed(look, tell)
