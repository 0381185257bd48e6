"""Imports of followers: begun, stopped, taken up again by a person."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.errors import ImportMissing, ImportRunning
from tiefen.fans.models import FollowerImport
from tiefen.fans.values import FollowerImportState, ImportStep
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit
from tiefen.wechat import service as wechat

IMPORT = "fans.import_followers"
STALLED = timedelta(minutes=5)


async def start_import(tx: Tx, actor: StaffActor) -> FollowerImport:
    """Make every follower of the 公众号 a fan. Raises NotConfigured, ImportRunning."""
    row: FollowerImport | None = await tx.scalar(
        insert(FollowerImport)
        .values(
            app_id=await wechat.own_app_id(tx),
            state=FollowerImportState.RUNNING,
            step=ImportStep.LISTING,
            staff_id=actor.id,
            staff_name=actor.name,
            started_at=tx.now,
            moved_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(FollowerImport)
    )
    if row is None:
        raise ImportRunning
    later(tx, IMPORT, import_id=row.id, turn=row.turn)
    await record_audit(tx, actor, "fans.import_started", f"fan_import:{row.id}")
    return row


async def stop_import(tx: Tx, actor: StaffActor, import_id: int) -> FollowerImport:
    """Stop where it stands; it can go on from there. Raises ImportMissing."""
    row = await _newest(tx, import_id)
    if row.state in {FollowerImportState.RUNNING, FollowerImportState.WAITING}:
        row.state, row.wait_until, row.ended_at = FollowerImportState.STOPPED, None, tx.now
        row.turn += 1
        await record_audit(tx, actor, "fans.import_stopped", f"fan_import:{row.id}")
    return row


async def resume_import(tx: Tx, actor: StaffActor, import_id: int) -> FollowerImport:
    """Go on with one that stopped, failed, waits, or has not moved for minutes.

    Raises ImportMissing, ImportRunning (it does already, or another one does).
    """
    row = await _newest(tx, import_id)
    if row.state is FollowerImportState.DONE or (
        row.state is FollowerImportState.RUNNING and not is_stalled(row, tx.now)
    ):
        raise ImportRunning
    row.state, row.trouble, row.wait_until, row.ended_at = (
        FollowerImportState.RUNNING,
        "",
        None,
        None,
    )
    row.moved_at, row.refusals = tx.now, 0
    row.turn += 1
    later(tx, IMPORT, import_id=row.id, turn=row.turn)
    await record_audit(tx, actor, "fans.import_resumed", f"fan_import:{row.id}")
    return row


def is_stalled(row: FollowerImport, now: datetime) -> bool:
    """Whether it should be at work and has not moved for minutes."""
    return row.state is FollowerImportState.RUNNING and now - row.moved_at > STALLED


async def _newest(tx: Tx, import_id: int) -> FollowerImport:
    """An import, locked, if no later one was begun. Raises ImportMissing."""
    row = await tx.get(FollowerImport, import_id, with_for_update=True)
    newest = await tx.scalar(select(func.max(FollowerImport.id)))
    if row is None or newest != import_id:
        raise ImportMissing
    return row
