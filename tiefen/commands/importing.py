"""Imports from a terminal: begun or taken up again, and followed to the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from tiefen.commands.installation import InstallationError, database, need_merchant
from tiefen.fans import rules, service
from tiefen.fans.models import FollowerImport, PastImport
from tiefen.fans.values import Dialect, FollowerImportState, ImportStep, PastField, PastImportState
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx

OPERATOR = StaffActor(0, "tiefen import", frozenset())
ASK_EVERY = 1.0
NOBODY = "; nobody works on it: is `tiefen serve` or `tiefen worker` running?"
Row = TypeVar("Row")
_PAST_AT_WORK = (PastImportState.CHECKING, PastImportState.RUNNING, PastImportState.UNDOING)
_AT = {
    ImportStep.LISTING: "listing",
    ImportStep.ASKING: "asking",
    ImportStep.LEAVERS: "looking for who left",
    ImportStep.TIDYING: "tidying up",
}


@dataclass(frozen=True, slots=True)
class PurchasePlan:
    """How a file of purchases is read; `columns`: field → a column's heading or letter."""

    source: str
    columns: Mapping[PastField, str]
    dialect: Dialect
    dry: bool


async def followers(
    url: str, merchant: str, tell: Callable[[str], None], *, follow: bool = True
) -> FollowerImportState:
    """Import a merchant's followers, or go on with the import that stands; how it is in the end.

    The work is done by `tiefen serve` or `tiefen worker`; with `follow` this waits and tells how
    far it is until it ends or waits for WeChat. Stopping this stops nothing.
    Raises InstallationError for a merchant there is not, and the refusals of starting an import.
    """
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        async with db.merchant(merchant) as tx:
            row, done = await _begin(tx)
        tell(f"import {row.id} {done}")
        return await _follow(db, merchant, row.id, tell) if follow else row.state


async def followed(
    look: Callable[[], Awaitable[tuple[Row, str, bool]]], tell: Callable[[str], None]
) -> Row:
    """Ask how far a work is until it rests, and tell each line that is new.

    `look` answers the work, a line about it and whether somebody has to go on with it.
    """
    told = ""
    while True:
        row, line, busy = await look()
        if line != told:
            tell(line)
        told = line
        if not busy:
            return row
        await asyncio.sleep(ASK_EVERY)


async def _begin(tx: Tx) -> tuple[FollowerImport, str]:
    newest = select(FollowerImport).order_by(FollowerImport.id.desc()).limit(1)
    row = await tx.scalar(newest)
    if row is None or row.state is FollowerImportState.DONE:
        return await service.start_import(tx, OPERATOR), "begun"
    if row.state is FollowerImportState.RUNNING and not service.is_stalled(row, tx.now):
        return row, "is running"
    return await service.resume_import(tx, OPERATOR, row.id), "goes on"


async def _follow(
    db: Db, merchant: str, import_id: int, tell: Callable[[str], None]
) -> FollowerImportState:
    async def look() -> tuple[FollowerImportState, str, bool]:
        async with db.merchant(merchant) as tx:
            row = await tx.get_one(FollowerImport, import_id)
            line = progress(row, stalled=service.is_stalled(row, tx.now))
        return row.state, line, row.state is FollowerImportState.RUNNING

    return await followed(look, tell)


def progress(row: FollowerImport, *, stalled: bool) -> str:
    """One line on how far an import is."""
    counts = (
        f"{row.asked:,} of {max(row.total, row.listed):,} asked: {row.added:,} new,"
        f" {row.updated:,} changed, {row.unchanged:,} as they were, {row.left_us:,} left"
    )
    if row.state is FollowerImportState.WAITING:
        return f"waiting for WeChat until {row.wait_until:%Y-%m-%d %H:%M} UTC; {counts}"
    if row.state is FollowerImportState.RUNNING:
        speed = rules.speed(row.asked, row.active_ms)
        rest = rules.rest_seconds(max(row.total, row.listed) - row.asked, speed)
        pace = f"; {speed:,.0f} a second" if speed else ""
        until = f", {rest} s to go" if rest else ""
        return f"{_AT[row.step]}; {counts}{pace}{until}{NOBODY if stalled else ''}"
    why = f" ({row.trouble})" if row.trouble else ""
    return f"{row.state.value}{why}; {counts}"


async def purchases(
    url: str, merchant: str, file: Path, plan: PurchasePlan, tell: Callable[[str], None]
) -> PastImportState:
    """Import purchases made elsewhere from a file; how the import is in the end.

    The file is kept, tried out and (unless `dry`) run; the work is done by `tiefen serve` or
    `tiefen worker`. Stopping this stops nothing. Raises InstallationError and the refusals of the
    import.
    """
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        with file.open("rb") as opened:
            import_id = await service.take_in_past(
                db, merchant, OPERATOR, opened, file_name=file.name
            )
        async with db.merchant(merchant) as tx:
            row = await tx.get_one(PastImport, import_id)
            columns = {PastField(name): place for name, place in row.columns.items()}
            columns |= _named_columns(plan.columns, [str(cell) for cell in row.heading])
            tell(f"import {import_id}: {row.lines:,} lines; {_columns_told(columns, row)}")
            await service.check_past(tx, OPERATOR, import_id, plan.source, columns, plan.dialect)
        row = await _follow_past(db, merchant, import_id, tell)
        if row.state is not PastImportState.CHECKED or plan.dry or row.good == row.known:
            return row.state
        async with db.merchant(merchant) as tx:
            await service.run_past(tx, OPERATOR, import_id)
        return (await _follow_past(db, merchant, import_id, tell)).state


async def undo_purchases(
    url: str, merchant: str, import_id: int, tell: Callable[[str], None]
) -> PastImportState:
    """Take away what an import of purchases added. Raises as `purchases`."""
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        async with db.merchant(merchant) as tx:
            await service.undo_past(tx, OPERATOR, import_id)
        return (await _follow_past(db, merchant, import_id, tell)).state


async def score(url: str, merchant: str) -> str:
    """Score everybody by recency, frequency and money, now. Raises InstallationError."""
    async with database(url, pool_size=1) as db:
        await need_merchant(db, merchant)
        began = time.monotonic()
        async with db.merchant(merchant) as tx:
            run = await service.run_rfm_now(tx)
        return f"{run.buyers:,} fans scored in {time.monotonic() - began:.1f} s"


def _named_columns(wanted: Mapping[PastField, str], heading: Sequence[str]) -> dict[PastField, int]:
    """Columns by heading, or by letter as spreadsheets have them."""
    found = {}
    for field, name in wanted.items():
        if name in heading:
            found[field] = heading.index(name)
        elif len(name) == 1 and name.isascii() and name.isalpha():
            found[field] = ord(name.upper()) - ord("A")
        else:
            raise InstallationError(f"no column {name} in {', '.join(heading)}")
    return found


def _columns_told(columns: Mapping[PastField, int], row: PastImport) -> str:
    return ", ".join(
        f"{field.value} = {row.heading[place]}" for field, place in columns.items()
        if place < len(row.heading)
    )  # fmt: skip


async def _follow_past(
    db: Db, merchant: str, import_id: int, tell: Callable[[str], None]
) -> PastImport:
    async def look() -> tuple[PastImport, str, bool]:
        async with db.merchant(merchant) as tx:
            row = await tx.get_one(PastImport, import_id)
            now = tx.now
        faults = ", ".join(f"{lines:,} {fault}" for fault, lines in row.faults.items())
        line = (
            f"{row.state.value}: {row.looked_at:,} of {row.lines:,} lines; {row.added:,} added,"
            f" {row.known:,} there already, {row.of_fans:,} of fans, {row.wrong:,} wrong"
            f"{f' ({faults})' if faults else ''}"
        )
        busy = row.state in _PAST_AT_WORK
        if busy and now - row.moved_at > service.STALLED:
            line += NOBODY
        return row, line, busy

    return await followed(look, tell)
