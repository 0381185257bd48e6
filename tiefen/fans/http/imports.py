"""Routes of the import of followers."""

from typing import Annotated

from fastapi import Depends

from tiefen.fans import queries, rules, service
from tiefen.fans.models import FollowerImport
from tiefen.fans.schemas import ImportOut, ImportsOut
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import NotConfigured

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
SHOWN = 10


@console.get("/follower-imports", operation_id="listFollowerImports")
async def list_imports(tx: TxDep, _: Reader) -> ImportsOut:
    """The newest imports of the 公众号's followers, and whether there is one to import from."""
    found = await queries.imports(tx, limit=SHOWN)
    return ImportsOut(connected=await _is_connected(tx), imports=[_shown(tx, one) for one in found])


@console.post("/follower-imports", operation_id="startFollowerImport", status_code=202)
async def start_import(tx: TxDep, actor: Writer) -> ImportOut:
    """Make every follower of the 公众号 a fan, those from before too."""
    return _shown(tx, await service.start_import(tx, actor))


@console.post("/follower-imports/{import_id}/stop", operation_id="stopFollowerImport")
async def stop_import(import_id: PathId, tx: TxDep, actor: Writer) -> ImportOut:
    """Stop where it stands; what is imported stays."""
    return _shown(tx, await service.stop_import(tx, actor, import_id))


@console.post("/follower-imports/{import_id}/resume", operation_id="resumeFollowerImport")
async def resume_import(import_id: PathId, tx: TxDep, actor: Writer) -> ImportOut:
    """Go on with one that stopped, failed, waits or stands still."""
    return _shown(tx, await service.resume_import(tx, actor, import_id))


async def _is_connected(tx: Tx) -> bool:
    try:
        await wechat.own_app_id(tx)
    except NotConfigured:
        return False
    return True


def _shown(tx: Tx, one: FollowerImport) -> ImportOut:
    per_second = rules.speed(one.asked, one.active_ms)
    return ImportOut(
        id=one.id,
        state=one.state,
        step=one.step,
        stalled=service.is_stalled(one, tx.now),
        total=one.total,
        listed=one.listed,
        asked=one.asked,
        added=one.added,
        updated=one.updated,
        unchanged=one.unchanged,
        skipped=one.skipped,
        left=one.left_us,
        per_second=round(per_second, 1) if per_second else None,
        rest_seconds=rules.rest_seconds(max(one.total, one.listed) - one.asked, per_second),
        trouble=one.trouble,
        wait_until=one.wait_until,
        staff_name=one.staff_name,
        started_at=one.started_at,
        ended_at=one.ended_at,
    )
