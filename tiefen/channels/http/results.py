"""Routes of what channels brought: attribution, the rows behind its numbers, employees' results."""

from collections.abc import Iterable, Mapping
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
from tiefen.kernel.money import average
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
    rows = await queries.report(tx, by, *days)
    costs = await queries.costs(tx, by, Model.FIRST, *days)
    for key, cost in costs.items():  # money that brought nothing is told too
        if cost.period_fen:
            rows.setdefault(key, Row(key))
    names = await _names(tx, by, rows)
    ordered = sorted(rows.values(), key=lambda row: (-_net(row), -row.people["fans"], row.key))
    shown, rest = ordered[:ROWS], ordered[ROWS:]
    rest_costs = [costs[row.key] for row in rest if row.key in costs]
    return AttributionReport(
        as_of=tx.now,
        first=days[0],
        last=days[1],
        by=by,
        rows=[_row(row, *names.get(row.key, ("", None)), costs.get(row.key)) for row in shown],
        rest=_row(service.add_up(rest), "", None, _sum(rest_costs)) if rest else None,
        total=_row(service.add_up(ordered), "", None, _sum(costs.values())),
    )


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
    text = await service.export_results(tx, actor, *days)
    name = f"results-{days[0].isoformat()}-{days[1].isoformat()}.csv"
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


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
    back = cost.paid_back_on
    spent = cost.period_fen
    return CostOut(
        cost_fen=spent,
        per_fan_fen=average(spent, cost.fans) if spent else None,
        per_buyer_fen=average(spent, cost.buyers) if spent else None,
        total_fen=cost.total_fen,
        payback_days=max((back - cost.since).days, 0) if back else None,
    )


def _sum(costs: Iterable[Cost]) -> Cost | None:
    """Several costs as one; when it was paid back is told of each alone."""
    known = list(costs)
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


def _net(row: Row) -> int:
    sums = row.money[Model.FIRST]
    return sums["paid_fen"] - sums["refunded_fen"]


async def _names(
    tx: Tx, by: Grouping, rows: Mapping[str, Row]
) -> dict[str, tuple[str, CodeKind | None]]:
    """What to call each row; one statement."""
    if by is Grouping.CAMPAIGN:
        return {key: (key, None) for key in rows}
    if by is Grouping.KIND:
        return {key: ("", CodeKind(key) if key else None) for key in rows}
    ids = [int(key) for key in rows if key != "0"]
    if by is Grouping.OWNER:
        people = await staff_briefs(tx, ids)
        return {str(one.id): (one.name, None) for one in people.values()}
    codes = await queries.code_names(tx, ids)
    return {str(one.id): (one.name, one.kind) for one in codes.values()}


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
