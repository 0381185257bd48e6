"""Routes of points."""

from typing import Annotated

from fastapi import Depends, Query

from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.routing import Routes
from tiefen.members import queries, service
from tiefen.members.schemas import (
    FanPointsOut,
    MyPointsOut,
    PointsHandIn,
    PointsMoveOut,
    PointsReportOut,
    PointsRulesOut,
    PointsRulesSaveIn,
)
from tiefen.members.values import PointsKind
from tiefen.team.values import Permission

router = Routes(tags=["members"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.MEMBERS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.MEMBERS_WRITE))]
Shopper = Annotated[FanActor, Depends(fan())]


@router.get("/api/console/points-rules", operation_id="getPointsRules")
async def get_points_rules(tx: TxDep, _: Reader) -> PointsRulesOut:
    """How points are earned and what they are worth."""
    return await queries.points_settings(tx)


@router.put("/api/console/points-rules", operation_id="savePointsRules")
async def save_points_rules(tx: TxDep, actor: Writer, body: PointsRulesSaveIn) -> PointsRulesOut:
    """Save how points are earned; what was earned before stays as it is."""
    await service.save_points_rules(tx, actor, body.rules(), body.edits, body.because.strip())
    return await queries.points_settings(tx)


@router.get("/api/console/points-report", operation_id="getPointsReport")
async def get_points_report(tx: TxDep, _: Reader) -> PointsReportOut:
    """What is outstanding, in points and in money, and what moved by month."""
    return await queries.points_report(tx)


@router.get("/api/console/points-moves", operation_id="listPointsMoves")
async def list_points_moves(
    tx: TxDep,
    _: Reader,
    limit: Limit = 20,
    cursor: Cursor = None,
    fan_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    kind: PointsKind | None = None,
) -> Page[PointsMoveOut]:
    """Movements of points, the newest first."""
    return await queries.moves_of(tx, limit, cursor, fan_id=fan_id, kind=kind)


@router.get("/api/console/fans/{fan_id}/points", operation_id="getFanPoints")
async def get_fan_points(tx: TxDep, _: Reader, fan_id: PathId) -> FanPointsOut:
    """What a fan has."""
    return await queries.fan_points(tx, fan_id)


@router.post("/api/console/fans/{fan_id}/points", operation_id="moveFanPoints", status_code=201)
async def move_fan_points(
    tx: TxDep, idem: IdemDep, actor: Writer, fan_id: PathId, body: PointsHandIn
) -> FanPointsOut:
    """Give or take points by hand; the reason is audited."""

    async def change() -> FanPointsOut:
        await service.move_by_hand(tx, actor, fan_id, body.points, body.reason)
        return await queries.fan_points(tx, fan_id)

    return await idem.once(tx, body, FanPointsOut, change)


@router.get("/api/shop/points", operation_id="getMyPoints")
async def get_my_points(tx: TxDep, who: Shopper) -> MyPointsOut:
    """What the fan has, and how more is earned."""
    return await queries.my_points(tx, who.id)


@router.get("/api/shop/points/moves", operation_id="listMyPointsMoves")
async def list_my_points_moves(
    tx: TxDep, who: Shopper, limit: Limit = 20, cursor: Cursor = None
) -> Page[PointsMoveOut]:
    """The fan's own movements, the newest first."""
    return await queries.moves_of(tx, limit, cursor, fan_id=who.id, told=False)
