"""Routes of what channels brought: attribution, the rows behind its numbers, employees' results."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Query, Response

from tiefen.channels import queries, service
from tiefen.channels.errors import PeriodMalformed
from tiefen.channels.queries import Cost, Row
from tiefen.channels.schemas import (
    AttributionReport,
    AttributionRow,
    CostOut,
    DepartmentRow,
    ModelsOut,
    MoneyOut,
    PeopleOut,
    QuietFanOut,
    ResultRow,
    ResultsOut,
    SharedOrderOut,
    SourceFanOut,
    WeightSetOut,
    WeightsIn,
    WeightsOut,
    WeightsPublish,
)
from tiefen.channels.values import CodeKind, Grouping, Model, Weights
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, TxDep, decode_cursor, paged
from tiefen.kernel.limits import table_taken
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

ROWS = 500
"""More sources than a person reads; the rest is one row."""
MAX_DAYS = 1_100

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Decider = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_DECIDE))]
Manager = Annotated[StaffActor, Depends(staff(Permission.RESULTS_READ))]
Key = Annotated[str, Query(max_length=64)]


async def period(first: date, last: date) -> tuple[date, date]:
    """Two days of the merchant's, both included. Raises PeriodMalformed."""
    if last < first or (last - first).days > MAX_DAYS:
        raise PeriodMalformed(field="last", most=MAX_DAYS)
    return first, last


Period = Annotated[tuple[date, date], Depends(period)]


@router.get("/attribution", operation_id="getAttribution")
async def get_attribution(
    tx: TxDep, _: Reader, days: Period, by: Grouping = Grouping.CODE
) -> AttributionReport:
    """Every source of a period under all models at once; the most kept first."""
    found = await service.attribution(tx, by, *days)
    shown, rest = found[:ROWS], found[ROWS:]
    return AttributionReport(
        as_of=tx.now,
        first=days[0],
        last=days[1],
        by=by,
        rows=[_row(one.row, one.name, one.kind, one.cost) for one in shown],
        rest=_added(rest) if rest else None,
        total=_added(found),
    )


@router.get(
    "/attribution/export",
    operation_id="exportAttribution",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export_attribution(
    tx: TxDep,
    actor: Reader,
    days: Period,
    by: Grouping = Grouping.CODE,
    model: Model = Model.FIRST,
) -> Response:
    """Every source as CSV, with all columns of the page; the audit log keeps who took it."""
    table_taken(tx.merchant, actor)
    table = await service.export_attribution(tx, actor, by, model, *days)
    return _file(table, f"attribution-{by.value}-{model.value}", days)


@router.get("/attribution/orders", operation_id="listAttributedOrders")
async def list_orders(
    tx: TxDep,
    _: Reader,
    days: Period,
    model: Model,
    by: Grouping,
    key: Key,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SharedOrderOut]:
    """The orders behind a row, newest first."""
    after = decode_cursor(cursor, tuple[date, int]) if cursor else None
    found = await queries.shared_orders(tx, model, by, key, *days, after=after, limit=limit)
    shown = found[:limit]
    briefs = await fans.brief(tx, {one.fan_id for one in shown})
    codes = await queries.code_names(tx, [one.code_id for one in shown])
    items = [
        SharedOrderOut(
            **{name: getattr(one, name) for name in _ORDER},
            fan_name=briefs[one.fan_id].name if one.fan_id in briefs else "",
            code_name=codes[one.code_id].name if one.code_id in codes else "",
        )
        for one in shown
    ]
    return paged(items, found, limit, lambda one: (day_of(one.paid_at), one.order_id))


@router.get("/attribution/fans", operation_id="listAttributedFans")
async def list_fans(
    tx: TxDep,
    _: Reader,
    days: Period,
    by: Grouping,
    key: Key,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SourceFanOut]:
    """The people behind a row, newest first."""
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = await queries.sources(tx, by, key, *days, after=after, limit=limit)
    shown = found[:limit]
    briefs = await fans.brief(tx, {one.fan_id for one in shown})
    codes = await queries.code_names(tx, [one.code_id for one in shown])
    items = [
        SourceFanOut(
            fan_id=one.fan_id,
            name=briefs[one.fan_id].name,
            stage=briefs[one.fan_id].stage,
            at=one.at,
            code_name=codes[one.code_id].name if one.code_id in codes else "",
            following=not one.gone,
            **{name: getattr(one, name) for name in _FLAGS},
        )
        for one in shown
    ]
    return paged(items, found, limit, lambda one: (one.at, one.fan_id))


@router.get("/attribution/weights", operation_id="getAttributionWeights")
async def get_weights(tx: TxDep, _: Reader) -> WeightsOut:
    """The merchant's own model, and its versions."""
    return await _weights(tx)


@router.post("/attribution/weights", operation_id="publishAttributionWeights", status_code=201)
async def publish_weights(body: WeightsPublish, tx: TxDep, actor: Decider) -> WeightsOut:
    """Publish other weights; a job shares all orders anew and reports its progress here."""
    wanted = msgspec.convert(body.weights.model_dump(mode="json"), Weights)
    await service.publish_weights(tx, actor, wanted, note=body.note, based_on=body.based_on)
    await tx.flush()
    return await _weights(tx)


@router.get("/results", operation_id="getResults")
async def get_results(tx: TxDep, _: Manager, days: Period) -> ResultsOut:
    """What everybody's codes brought in a period, ranked, and by department."""
    rows = await service.results(tx, *days)
    return ResultsOut(
        as_of=tx.now,
        first=days[0],
        last=days[1],
        rows=[ResultRow.model_validate(one) for one in rows],
        departments=_departments(rows),
    )


@router.get(
    "/results/export",
    operation_id="exportResults",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export_results(tx: TxDep, actor: Manager, days: Period) -> Response:
    """The same table as CSV; the audit log keeps who took it."""
    table_taken(tx.merchant, actor)
    return _file(await service.export_results(tx, actor, *days), "results", days)


@router.get("/quiet-fans", operation_id="listQuietFans")
async def list_quiet(
    tx: TxDep,
    _: Annotated[StaffActor, Depends(staff(Permission.FANS_READ))],
    lost: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QuietFanOut]:
    """Fans who sleep or are lost, the most recently seen first, with the last touch of each."""
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = await fans.quiet_fans(tx, lost=lost, after=after, limit=limit)
    shown = found[:limit]
    codes = await queries.last_codes(tx, [one.id for one in shown])
    items = [
        QuietFanOut(
            fan_id=one.id,
            **{name: getattr(one, name) for name in _QUIET},
            last_code=codes.get(one.id, ("", None))[0],
            last_code_at=codes.get(one.id, ("", None))[1],
        )
        for one in shown
    ]
    return paged(items, found, limit, lambda one: (one.last_seen_at, one.id))


_ORDER = (
    "order_id", "order_no", "fan_id", "paid_at", "weight_bp", "paid_fen", "refunded_fen",
    "received",
)  # fmt: skip
_FLAGS = ("ruled", "visited", "ordered", "buyer", "receiver", "keeper")
_QUIET = (
    "name", "avatar_url", "stage", "following", "last_seen_at", "orders", "paid_fen", "last_kind",
    "last_at",
)  # fmt: skip
_ADDED = (
    "fans", "following", "buyers", "orders", "received_orders", "paid_fen", "received_fen",
    "refunded_fen", "net_fen",
)  # fmt: skip


def _file(table: str, name: str, days: tuple[date, date]) -> Response:
    file = f"{name}-{days[0].isoformat()}-{days[1].isoformat()}.csv"
    return Response(
        table,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{file}"',
            "Cache-Control": "no-store",
        },
    )


def _added(found: Sequence[service.Source]) -> AttributionRow:
    costs = [one.cost for one in found if one.cost]
    return _row(service.add_up(one.row for one in found), "", None, _sum(costs))


def _row(row: Row, name: str, kind: CodeKind | None, cost: Cost | None) -> AttributionRow:
    return AttributionRow(
        key=row.key,
        name=name,
        kind=kind,
        people=PeopleOut(**row.people),
        money=ModelsOut(
            **{
                model.value: MoneyOut(**sums, net_fen=sums["paid_fen"] - sums["refunded_fen"])
                for model, sums in row.money.items()
            }
        ),
        cost=_cost(cost) if cost else None,
        **row.opens,
    )


def _cost(cost: Cost) -> CostOut:
    return CostOut(
        cost_fen=cost.period_fen,
        per_fan_fen=service.per_head_fen(cost, cost.fans),
        per_buyer_fen=service.per_head_fen(cost, cost.buyers),
        total_fen=cost.total_fen,
        payback_days=service.payback_days(cost),
    )


def _sum(known: Sequence[Cost]) -> Cost | None:
    """Several costs as one; when it was paid back is told of each alone."""
    if not known:
        return None
    return Cost(
        period_fen=sum(one.period_fen for one in known),
        fans=sum(one.fans for one in known),
        buyers=sum(one.buyers for one in known),
        total_fen=sum(one.total_fen for one in known),
        since=min(one.since for one in known),
        paid_back_on=None,
    )


def _departments(rows: Iterable[service.Result]) -> list[DepartmentRow]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        sums = found.setdefault(row.department, dict.fromkeys(("staff", *_ADDED), 0))
        sums["staff"] += 1
        for name in _ADDED:
            sums[name] += getattr(row, name)
    ordered = sorted(found.items(), key=lambda item: (-item[1]["net_fen"], item[0]))
    return [DepartmentRow(department=name, **sums) for name, sums in ordered]


async def _weights(tx: Tx) -> WeightsOut:
    version, current = await queries.current_weights(tx)
    sets = await queries.weight_sets(tx)
    people = await staff_briefs(tx, {one.published_by for one in sets})
    history = [
        WeightSetOut(
            version=one.version,
            note=one.note,
            published_by=people[one.published_by].name if one.published_by in people else "",
            published_at=one.published_at,
            orders=one.orders,
            looked_at=one.looked_at,
            applied_at=one.applied_at,
        )
        for one in sets
    ]
    shown = WeightsIn.model_validate(msgspec.to_builtins(current))
    return WeightsOut(version=version, weights=shown, history=history)
