"""Imports from a terminal: begun or taken up again, and followed to the end."""

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from tiefen.commands.installation import InstallationError, database
from tiefen.fans import rules, service
from tiefen.fans.models import FollowerImport
from tiefen.fans.values import FollowerImportState, ImportStep
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx

OPERATOR = StaffActor(0, "tiefen import", frozenset())
ASK_EVERY = 1.0
_AT = {
    ImportStep.LISTING: "listing",
    ImportStep.ASKING: "asking",
    ImportStep.LEAVERS: "looking for who left",
    ImportStep.TIDYING: "tidying up",
}


async def followers(
    url: str, merchant: str, tell: Callable[[str], None], *, follow: bool = True
) -> FollowerImportState:
    """Import a merchant's followers, or go on with the import that stands; how it is in the end.

    The work is done by `tiefen serve` or `tiefen worker`; with `follow` this waits and tells how
    far it is until it ends or waits for WeChat. Stopping this stops nothing.
    Raises InstallationError for a merchant there is not, and the refusals of starting an import.
    """
    async with database(url, pool_size=1) as db:
        if merchant not in await db.merchants():
            raise InstallationError(f"no merchant {merchant}")
        async with db.merchant(merchant) as tx:
            row, done = await _begin(tx)
        tell(f"import {row.id} {done}")
        return await _follow(db, merchant, row.id, tell) if follow else row.state


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
    told = ""
    while True:
        async with db.merchant(merchant) as tx:
            row = await tx.get_one(FollowerImport, import_id)
            line = progress(row, stalled=service.is_stalled(row, tx.now))
        if line != told:
            tell(line)
        told = line
        if row.state is not FollowerImportState.RUNNING:
            return row.state
        await asyncio.sleep(ASK_EVERY)


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
        idle = "; nobody works on it: is `tiefen serve` or `tiefen worker` running?"
        return f"{_AT[row.step]}; {counts}{pace}{until}{idle if stalled else ''}"
    why = f" ({row.trouble})" if row.trouble else ""
    return f"{row.state.value}{why}; {counts}"
