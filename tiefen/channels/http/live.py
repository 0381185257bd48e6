"""Routes of live codes: who rotates, and one's own part in it."""

from typing import Annotated

from fastapi import Depends

from tiefen.channels import queries, service
from tiefen.channels.queries import MemberRow
from tiefen.channels.schemas import LiveIn, LiveMemberOut, LiveOut, MyLiveCode, RestIn
from tiefen.channels.values import Member, Shift
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import OK, REFUSALS, Ok, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Anybody = Annotated[StaffActor, Depends(staff())]
Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_WRITE))]


@router.get("/channel-codes/{code_id}/live", operation_id="getLiveCode")
async def get_live(code_id: PathId, tx: TxDep, _: Reader) -> LiveOut:
    """How a code gives its fans to employees, and whom it has given how many."""
    return await _out(tx, code_id)


@router.put("/channel-codes/{code_id}/live", operation_id="saveLiveCode")
async def save_live(code_id: PathId, body: LiveIn, tx: TxDep, actor: Writer) -> LiveOut:
    """Let a code give its fans to these employees from now on; the rotation begins anew."""
    members = [
        Member(
            staff_id=one.staff_id,
            weight=one.weight,
            most_a_day=one.most_a_day,
            shifts=tuple(Shift(shift.weekday, shift.start, shift.end) for shift in one.shifts),
            contact=one.contact,
        )
        for one in body.members
    ]
    await service.save_live(
        tx, actor, code_id, rotation=body.rotation, members=members, active=body.active
    )
    return await _out(tx, code_id)


@router.get("/my/live-codes", operation_id="listMyLiveCodes")
async def list_mine(tx: TxDep, actor: Anybody) -> list[MyLiveCode]:
    """The codes that give fans to oneself in turn with others."""
    found = await queries.lives_of(tx, actor.id, day_of(tx.now))
    return [
        MyLiveCode(
            code_id=code.id,
            name=code.name,
            resting=row.member.resting,
            given=row.member.given,
            today=row.today,
            most_a_day=row.member.most_a_day,
        )
        for code, row in found
    ]


@router.post("/my/live-codes/{code_id}/rest", operation_id="restFromLiveCode")
async def rest(code_id: PathId, body: RestIn, tx: TxDep, actor: Anybody) -> Ok:
    """Take no new fans of this code for now, or take them again."""
    await service.rest(tx, actor.id, code_id, resting=body.resting)
    return OK


async def _out(tx: Tx, code_id: int) -> LiveOut:
    live = await queries.one_live(tx, code_id)
    rows = await queries.live_members(tx, code_id, day_of(tx.now))
    briefs = await staff_briefs(tx, {row.member.staff_id for row in rows})

    def shown(row: MemberRow) -> LiveMemberOut:
        brief = briefs[row.member.staff_id]
        names = LiveMemberOut.model_fields.keys() - {"name", "department", "employed", "today"}
        return LiveMemberOut.model_validate(
            {name: getattr(row.member, name) for name in names}
            | {
                "name": brief.name,
                "department": brief.department,
                "employed": brief.active,
                "today": row.today,
            }
        )

    return LiveOut(
        rotation=live.rotation,
        active=live.active,
        turns=live.turns,
        members=[shown(row) for row in rows],
    )
