"""Routes of the analytics room: hits from the shop, the console's overview."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from tiefen.analytics import queries, rules, service
from tiefen.analytics.schemas import (
    CoreOut,
    DayOut,
    FiguresOut,
    HitsIn,
    LoopOut,
    LoopRowOut,
    MonthOut,
    Overview,
    StageOut,
    TodoOut,
)
from tiefen.analytics.values import Figures, Hit, Step
from tiefen.fans import service as fans
from tiefen.fans.values import Stage
from tiefen.kernel.auth import FanActor, StaffActor, maybe_fan, staff
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import OK, REFUSALS, Ok, TxDep
from tiefen.kernel.limits import Limit, caller
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

TREND_DAYS = 30
PER_VISITOR = Limit(60, 60.0)
"""Batches a minute from one browser; the shop sends at most thirty."""
PER_ADDRESS = Limit(1_200, 60.0)
"""Batches a minute from one address: a crowd behind one gateway fits, a flood does not."""

shop = Routes(prefix="/api/shop", tags=["analytics"], responses=REFUSALS)
console = Routes(prefix="/api/console", tags=["analytics"], responses=REFUSALS)

Visitor = Annotated[FanActor | None, Depends(maybe_fan())]
Reader = Annotated[StaffActor, Depends(staff(Permission.OVERVIEW_READ))]


@shop.post("/hits", operation_id="sendHits", dependencies=[Depends(PER_ADDRESS)])
async def send_hits(request: Request, body: HitsIn, tx: TxDep, visitor: Visitor) -> Ok:
    """Tracked behaviour, in batches of up to 50; counts for the fan if one is signed in."""
    PER_VISITOR.take(f"{caller(request)}|{body.visitor}")
    hits = [Hit(hit.kind, hit.page, hit.target, hit.source) for hit in body.hits]
    fan_id = visitor.id if visitor else None
    await service.note_hits(tx, hits, fan_id=fan_id, visitor=body.visitor)
    return OK


@console.get("/overview", operation_id="getOverview")
async def get_overview(
    tx: TxDep, actor: Reader, loop_days: Annotated[int, Query(ge=1, le=90)] = 7
) -> Overview:
    """What needs somebody now, how it goes, where the loop leaks. Days are the merchant's."""
    today = day_of(tx.now)
    month = rules.days(today, TREND_DAYS)
    by_day = await queries.by_day(tx, *month)
    stages = await fans.stage_counts(tx)
    return Overview(
        as_of=tx.now,
        today=_out(by_day.get(today, Figures())),
        yesterday=_out(by_day.get(today - timedelta(days=1), Figures())),
        week=_out(await _span(tx, by_day, *rules.days(today, 7))),
        last_week=_out(await _span(tx, by_day, *rules.days(today - timedelta(days=7), 7))),
        month=MonthOut(
            active_fans=await queries.active(tx, *month),
            payments=sum(one.paid_orders for one in by_day.values()),
            paid_fen=sum(one.paid_fen for one in by_day.values()),
            refunded_fen=sum(one.refunded_fen for one in by_day.values()),
        ),
        trend=[
            DayOut(day=day, **_fields(by_day.get(day, Figures())))
            for day in (month[0] + timedelta(days=n) for n in range(TREND_DAYS))
        ],
        loop=await _loop(tx, today, loop_days),
        todos=[TodoOut.model_validate(one) for one in await service.todos(tx, actor.permissions)],
        stages=[StageOut.model_validate(one) for one in stages],
        core=_core({one.stage: one.fans for one in stages}, await fans.core_target_bp(tx)),
    )


@console.get("/overview/loop", operation_id="getLoop")
async def get_loop(tx: TxDep, _: Reader, days: Annotated[int, Query(ge=1, le=90)] = 7) -> LoopOut:
    """Scan, follow, visit, order, pay, receive: how many fans came how far, and the worst step."""
    return await _loop(tx, day_of(tx.now), days)


async def _loop(tx: Tx, today: date, days: int) -> LoopOut:
    rows = rules.loop(await queries.steps(tx, *rules.days(today, days)))
    shown = [LoopRowOut.model_validate(row) for row in rows]
    return LoopOut(days=days, rows=shown, worst=rules.worst(rows))


async def _span(tx: Tx, by_day: dict[date, Figures], first: date, last: date) -> Figures:
    return rules.total(
        (figures for day, figures in by_day.items() if first <= day <= last),
        visitors=await queries.visitors(tx, first, last),
        buyers=await queries.people(tx, first, last, Step.PAID),
    )


def _core(counts: dict[Stage, int], target_bp: int) -> CoreOut:
    everyone = sum(n for stage, n in counts.items() if stage not in {Stage.VISITOR, Stage.LOST})
    core = counts.get(Stage.CORE, 0)
    share = core * 10_000 // everyone if everyone else None
    return CoreOut(core=core, fans=everyone, share_bp=share, target_bp=target_bp)


def _out(figures: Figures) -> FiguresOut:
    return FiguresOut(**_fields(figures))


def _fields(figures: Figures) -> dict[str, Any]:
    return {**asdict(figures), "conversion_bp": figures.conversion_bp}
