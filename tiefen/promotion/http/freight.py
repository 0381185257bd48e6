"""Routes of freight templates."""

from typing import Annotated

from fastapi import Depends

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.promotion import queries, service
from tiefen.promotion.schemas import FreightIn, FreightMixIO, FreightsOut
from tiefen.team.values import Permission

router = Routes(tags=["promotion"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.GOODS_WRITE))]


@router.get("/api/console/freight", operation_id="listFreight")
async def list_freight(tx: TxDep, _: Reader) -> FreightsOut:
    """What sending goods costs the buyer: all templates, the default first."""
    return await queries.freights(tx)


@router.post("/api/console/freight", operation_id="createFreight", status_code=201)
async def create_freight(tx: TxDep, who: Writer, wanted: FreightIn) -> FreightsOut:
    """A new template."""
    await service.create_freight(tx, who, wanted.plan(0))
    return await queries.freights(tx)


@router.put("/api/console/freight-mix", operation_id="saveFreightMix")
async def save_freight_mix(tx: TxDep, who: Writer, wanted: FreightMixIO) -> FreightsOut:
    """How several templates in one order go together."""
    await service.save_freight_mix(tx, who, wanted.mix)
    return await queries.freights(tx)


@router.put("/api/console/freight/{template_id}", operation_id="saveFreight")
async def save_freight(
    tx: TxDep, who: Writer, template_id: PathId, wanted: FreightIn
) -> FreightsOut:
    """Change a template; holds for new orders."""
    await service.save_freight(tx, who, wanted.plan(template_id))
    return await queries.freights(tx)


@router.delete("/api/console/freight/{template_id}", operation_id="deleteFreight")
async def delete_freight(tx: TxDep, who: Writer, template_id: PathId) -> FreightsOut:
    """Take away a template that no goods have."""
    await service.delete_freight(tx, who, template_id)
    return await queries.freights(tx)
