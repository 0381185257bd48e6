"""Routes of levels."""

from typing import Annotated

from fastapi import Depends

from tiefen.fans import service as fans
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.members import queries, service
from tiefen.members.schemas import (
    FanLevelOut,
    LevelBadgeOut,
    LevelIn,
    LevelLockIn,
    LevelMovesOut,
    LevelsIn,
    LevelsOut,
    LevelsSaveIn,
    LevelUnlockIn,
    MyLevelOut,
)
from tiefen.members.service import LevelWanted
from tiefen.team.values import Permission

router = Routes(tags=["members"], responses=REFUSALS)

Anybody = Annotated[StaffActor, Depends(staff())]
Reader = Annotated[StaffActor, Depends(staff(Permission.MEMBERS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.MEMBERS_WRITE))]
Shopper = Annotated[FanActor, Depends(fan())]


@router.get("/api/console/levels", operation_id="getLevels")
async def get_levels(tx: TxDep, _: Reader) -> LevelsOut:
    """All member levels with how many fans stand on each, and the rules of keeping them."""
    return await queries.levels(tx)


@router.put("/api/console/levels", operation_id="saveLevels")
async def save_levels(tx: TxDep, actor: Writer, body: LevelsSaveIn) -> LevelsOut:
    """Save all levels and rules as a whole; fans are put on their levels in a moment."""
    await service.save_levels(
        tx,
        actor,
        _wanted(body.levels),
        body.rules.rules(),
        body.edits,
        falls=body.falls,
        because=body.because.strip(),
    )
    return await queries.levels(tx)


@router.post("/api/console/levels/preview", operation_id="previewLevels")
async def preview_levels(tx: TxDep, _: Reader, body: LevelsIn) -> LevelMovesOut:
    """How many fans would move if these levels were saved; nothing changes."""
    found = await service.preview_levels(tx, _wanted(body.levels), body.rules.rules())
    return LevelMovesOut(up=found.up, down=found.down, short=found.short, after=list(found.after))


@router.get("/api/console/level-names", operation_id="listLevelNames")
async def list_level_names(tx: TxDep, _: Anybody) -> list[LevelBadgeOut]:
    """What the levels are called, lowest first, as every fan sees in the shop."""
    return await queries.level_names(tx)


@router.get("/api/console/my/looked-after/{fan_id}/level", operation_id="getLookedAfterLevel")
async def get_looked_after_level(tx: TxDep, actor: Anybody, fan_id: PathId) -> FanLevelOut:
    """As `getFanLevel`, of a fan one looks after oneself, without that permission."""
    found = await fans.check_own(tx, actor, fan_id, Permission.MEMBERS_READ)
    return await queries.fan_level(tx, found)


@router.get("/api/console/fans/{fan_id}/level", operation_id="getFanLevel")
async def get_fan_level(tx: TxDep, _: Reader, fan_id: PathId) -> FanLevelOut:
    """Where a fan stands, why, and how far the next level is."""
    return await queries.fan_level(tx, fan_id)


@router.put("/api/console/fans/{fan_id}/level-lock", operation_id="lockFanLevel")
async def lock_fan_level(
    tx: TxDep, actor: Writer, fan_id: PathId, body: LevelLockIn
) -> FanLevelOut:
    """Put a fan on a level by hand until a day; the reason is audited."""
    await service.lock_level(tx, actor, fan_id, body.level_id, body.until, body.reason)
    return await queries.fan_level(tx, fan_id)


@router.post("/api/console/fans/{fan_id}/level-unlock", operation_id="unlockFanLevel")
async def unlock_fan_level(
    tx: TxDep, actor: Writer, fan_id: PathId, body: LevelUnlockIn
) -> FanLevelOut:
    """End a lock: the fan stands where their growth puts them."""
    await service.unlock_level(tx, actor, fan_id, body.reason)
    return await queries.fan_level(tx, fan_id)


@router.get("/api/shop/level", operation_id="getMyLevel")
async def get_my_level(tx: TxDep, who: Shopper) -> MyLevelOut:
    """The fan's own level, and what the others bring."""
    return await queries.my_level(tx, who.id)


def _wanted(levels: list[LevelIn]) -> list[LevelWanted]:
    return [LevelWanted(**one.model_dump()) for one in levels]
