"""Routes of the stages: the board, the rules with their preview, moves."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import Depends, Query

from tiefen.fans import queries, rules, service
from tiefen.fans.schemas import (
    CoreShareOut,
    FanMoveOut,
    StageBoard,
    StageCountOut,
    StageMoveDays,
    StageMovesOut,
    StagePreview,
    StageRuleSetOut,
    StageRulesIn,
    StageRulesOut,
    StageRulesPublish,
    plain,
)
from tiefen.fans.values import Stage, StageRules
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep, last_id, paged
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Ruler = Annotated[StaffActor, Depends(staff(Permission.STAGES_WRITE))]


@router.get("/stages", operation_id="getStageBoard")
async def get_board(tx: TxDep, _: Reader) -> StageBoard:
    """How many fans stand where, the share of core fans against the target, who sleeps."""
    _version, current = await queries.current_rules(tx)
    counts = {one.stage: one.fans for one in await service.stage_counts(tx)}
    seen_before = tx.now - timedelta(days=current.sleeping_days)
    return StageBoard(
        as_of=tx.now,
        stages=_counts(counts),
        core=_core(counts, current.core_target_bp),
        sleeping=await queries.count_sleeping(tx, seen_before),
        sleeping_days=current.sleeping_days,
    )


@router.get("/stages/moves", operation_id="listStageMoves")
async def list_moves(
    tx: TxDep, _: Reader, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> StageMoveDays:
    """Moves of each of the last days."""
    last = day_of(tx.now)
    first = last - timedelta(days=days - 1)
    found = await queries.moves_by_day(tx, first, last)
    moves = [StageMovesOut.model_validate(one) for one in found]
    return StageMoveDays(first=first, last=last, moves=moves)


@router.get("/stages/rules", operation_id="getStageRules")
async def get_rules(tx: TxDep, _: Reader) -> StageRulesOut:
    """The rules, and the versions before them."""
    return await _rules(tx)


@router.post("/stages/preview", operation_id="previewStageRules")
async def preview_rules(body: StageRulesIn, tx: TxDep, _: Ruler) -> StagePreview:
    """How many fans would move if these rules were published; counts everybody, changes nothing."""
    wanted = msgspec.convert(plain(body), StageRules)
    rules.check_rules(wanted)
    found = await queries.preview(tx, wanted, day_of(tx.now))
    after: dict[Stage, int] = {}
    for one in found:
        after[one.after] = after.get(one.after, 0) + one.fans
    moves = sorted((one for one in found if one.before is not one.after), key=lambda m: -m.fans)
    return StagePreview(
        as_of=tx.now,
        fans=sum(one.fans for one in found),
        moving=sum(one.fans for one in moves),
        stages=_counts(after),
        core=_core(after, wanted.core_target_bp),
        moves=[StageMovesOut.model_validate(one) for one in moves],
    )


@router.post("/stages/rules", operation_id="publishStageRules", status_code=201)
async def publish_rules(body: StageRulesPublish, tx: TxDep, actor: Ruler) -> StageRulesOut:
    """Publish a version; a job moves everybody and reports its progress here."""
    wanted = msgspec.convert(plain(body.rules), StageRules)
    await service.publish_rules(tx, actor, wanted, note=body.note, based_on=body.based_on)
    await tx.flush()
    return await _rules(tx)


@router.get("/fans/{fan_id}/moves", operation_id="listFanMoves")
async def list_fan_moves(
    fan_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[FanMoveOut]:
    """Every move of one fan with the evidence as it stood, newest first."""
    person, _source = await queries.one_fan(tx, fan_id)
    everyone = [person.id, *await queries.merged_ids(tx, person.id)]
    found = await queries.moves_of(tx, everyone, before_id=last_id(cursor), limit=limit)
    return paged([FanMoveOut.model_validate(one) for one in found], found, limit)


async def _rules(tx: Tx) -> StageRulesOut:
    version, current = await queries.current_rules(tx)
    sets = await queries.rule_sets(tx)
    people = await staff_briefs(tx, {one.published_by for one in sets})
    history = [
        StageRuleSetOut(
            version=one.version,
            note=one.note,
            published_by=people[one.published_by].name if one.published_by in people else "",
            published_at=one.published_at,
            fans=one.fans,
            looked_at=one.looked_at,
            moved=one.moved,
            applied_at=one.applied_at,
        )
        for one in sets
    ]
    shown = StageRulesIn.model_validate(msgspec.to_builtins(current))
    return StageRulesOut(version=version, rules=shown, history=history)


def _counts(counts: Mapping[Stage, int]) -> list[StageCountOut]:
    return [StageCountOut(stage=stage, fans=counts.get(stage, 0)) for stage in Stage]


def _core(counts: Mapping[Stage, int], target_bp: int) -> CoreShareOut:
    core = counts.get(Stage.CORE, 0)
    everyone = sum(_known(counts))
    share = core * 10_000 // everyone if everyone else None
    return CoreShareOut(core=core, fans=everyone, share_bp=share, target_bp=target_bp)


def _known(counts: Mapping[Stage, int]) -> Iterable[int]:
    return (n for stage, n in counts.items() if stage not in {Stage.VISITOR, Stage.LOST})
