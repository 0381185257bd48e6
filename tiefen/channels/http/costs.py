"""Routes for what channel codes cost."""

from typing import Annotated

from fastapi import Depends

from tiefen.channels import queries, service
from tiefen.channels.models import CodeCost
from tiefen.channels.schemas import CodeCostIn, CodeCostOut
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import OK, REFUSALS, Cursor, Limit, Ok, Page, PathId, TxDep, last_id, paged
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission, StaffBrief

router = Routes(prefix="/api/console/channel-codes", tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_WRITE))]


@router.get("/{code_id}/costs", operation_id="listChannelCosts")
async def list_costs(
    code_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[CodeCostOut]:
    """What a code cost, the newest booking first."""
    await queries.one_code(tx, code_id)
    found = await queries.cost_list(tx, code_id, before_id=last_id(cursor), limit=limit)
    people = await staff_briefs(tx, {one.booked_by for one in found})
    return paged([_out(one, people) for one in found[:limit]], found, limit)


@router.post("/{code_id}/costs", operation_id="addChannelCost", status_code=201)
async def add_cost(code_id: PathId, body: CodeCostIn, tx: TxDep, actor: Writer) -> Ok:
    """Book a cost for one day or several."""
    await service.add_cost(tx, actor, code_id, **dict(body))
    return OK


@router.delete("/{code_id}/costs/{cost_id}", operation_id="removeChannelCost")
async def remove_cost(code_id: PathId, cost_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Take a cost away that was booked by mistake."""
    await service.remove_cost(tx, actor, code_id, cost_id)
    return OK


def _out(cost: CodeCost, people: dict[int, StaffBrief]) -> CodeCostOut:
    columns = {column.key: getattr(cost, column.key) for column in CodeCost.__table__.columns}
    who = people.get(cost.booked_by)
    return CodeCostOut.model_validate({**columns, "booked_by": who.name if who else ""})
