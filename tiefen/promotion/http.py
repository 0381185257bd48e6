"""Routes of promotion."""

from typing import Annotated

from fastapi import APIRouter, Depends

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, TxDep
from tiefen.promotion import service
from tiefen.promotion.schemas import FreightInput, FreightOut
from tiefen.promotion.values import Freight
from tiefen.team.values import Permission

router = APIRouter(tags=["promotion"], responses=REFUSALS)


@router.get("/api/console/freight", operation_id="getFreight")
async def get_freight(
    tx: TxDep, _: Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
) -> FreightOut:
    """What sending goods costs the buyer."""
    return FreightOut.model_validate(await service.freight(tx))


@router.put("/api/console/freight", operation_id="saveFreight")
async def save_freight(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.GOODS_WRITE))],
    wanted: FreightInput,
) -> FreightOut:
    """Change what sending goods costs."""
    rule = Freight(wanted.fee_fen, wanted.free_from_fen)
    return FreightOut.model_validate(await service.save_freight(tx, who, rule))
