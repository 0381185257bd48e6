"""Routes of the fans one looks after oneself: they need no permission, and reach nobody else's.

Who may read or write all fans (`fans.read`, `fans.write`) reaches all of them here too; to everybody
else a colleague's fan is not there.
"""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from tiefen.fans import queries, service
from tiefen.fans.http.people import after_of, detail, lines_of, rows_of
from tiefen.fans.schemas import (
    FanDetail,
    FanPatch,
    FanRow,
    FollowUpDone,
    FollowUpIn,
    LineOut,
    PastKind,
)
from tiefen.fans.values import FanSort, Happening, Stage
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep, decode_cursor, paged
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

console = Routes(prefix="/api/console/my", tags=["fans"], responses=REFUSALS)

Anybody = Annotated[StaffActor, Depends(staff())]
READ, WRITE = Permission.FANS_READ, Permission.FANS_WRITE


@console.get("/looked-after", operation_id="listLookedAfter")
async def list_looked_after(
    tx: TxDep,
    actor: Anybody,
    *,
    query: Annotated[str | None, Query(max_length=64)] = None,
    stage: Stage | None = None,
    level_id: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    sort: FanSort = FanSort.LAST_SEEN,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[FanRow]:
    """The fans one looks after. `query`: part of a name or note, a whole phone number, or `#id`."""
    after = after_of(cursor, sort)
    wanted = queries.Filter(query, stage, owner_staff_id=actor.id, level_id=level_id)
    rows = await queries.fan_list(tx, wanted, sort, after=after, limit=limit)
    return paged(
        await rows_of(tx, rows[:limit]),
        rows,
        limit,
        lambda row: (sort.value, queries.sort_key(row[0], sort), row[0].id),
    )


@console.get("/follow-ups", operation_id="listFollowUps")
async def list_follow_ups(
    tx: TxDep, actor: Anybody, until: date | None = None, cursor: Cursor = None, limit: Limit = 20
) -> Page[FanRow]:
    """Fans one has planned something for (up to a day), what is longest due first."""
    after = decode_cursor(cursor, tuple[date, int]) if cursor else None
    rows = await queries.planned(tx, actor.id, until, after=after, limit=limit)
    shown = await rows_of(tx, rows[:limit])
    return paged(shown, rows, limit, lambda row: (row[0].follow_up_on, row[0].id))


@console.get("/looked-after/{fan_id}", operation_id="getLookedAfter")
async def get_looked_after(fan_id: PathId, tx: TxDep, actor: Anybody) -> FanDetail:
    """A fan's page."""
    return await detail(tx, await service.check_own(tx, actor, fan_id, READ))


@console.get("/looked-after/{fan_id}/timeline", operation_id="getLookedAfterTimeline")
async def get_timeline(
    fan_id: PathId,
    tx: TxDep,
    actor: Anybody,
    kind: Annotated[list[Happening | PastKind] | None, Query(max_length=30)] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[LineOut]:
    """Everything that happened with the fan, newest first; what was said as in the console."""
    found = await service.check_own(tx, actor, fan_id, READ)
    return await lines_of(tx, actor, found, kind, cursor, limit)


@console.patch("/looked-after/{fan_id}", operation_id="noteLookedAfter")
async def note(fan_id: PathId, body: FanPatch, tx: TxDep, actor: Anybody) -> FanDetail:
    """Note something about the fan."""
    person = await service.hold_own(tx, actor, fan_id, WRITE)
    await service.edit_remark(tx, actor, person.id, body.remark)
    await tx.flush()
    return await detail(tx, person.id)


@console.put("/looked-after/{fan_id}/follow-up", operation_id="planFollowUp")
async def plan_follow_up(fan_id: PathId, body: FollowUpIn, tx: TxDep, actor: Anybody) -> FanDetail:
    """Plan what is to be done for the fan; it replaces what was planned."""
    await service.plan_follow_up(tx, actor, fan_id, body.due_on, body.note, WRITE)
    await tx.flush()
    return await detail(tx, fan_id)


@console.post("/looked-after/{fan_id}/follow-up/done", operation_id="endFollowUp")
async def end_follow_up(fan_id: PathId, body: FollowUpDone, tx: TxDep, actor: Anybody) -> FanDetail:
    """It is done; what came of it stands in the timeline."""
    await service.end_follow_up(tx, actor, fan_id, WRITE, result=body.result)
    await tx.flush()
    return await detail(tx, fan_id)


@console.delete("/looked-after/{fan_id}/follow-up", operation_id="dropFollowUp")
async def drop_follow_up(fan_id: PathId, tx: TxDep, actor: Anybody) -> FanDetail:
    """Call off what was planned."""
    await service.end_follow_up(tx, actor, fan_id, WRITE, result=None)
    await tx.flush()
    return await detail(tx, fan_id)
