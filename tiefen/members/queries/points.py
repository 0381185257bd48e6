"""Reads of points."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.fans.errors import FanMissing
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, last_id, paged
from tiefen.kernel.money import times
from tiefen.members.models import HELD_SQL, PointsMove, PointsNote, PointsRulesRow
from tiefen.members.schemas import (
    FanPointsOut,
    MyPointsOut,
    PointsMonthOut,
    PointsMoveOut,
    PointsReportOut,
    PointsRulesOut,
)
from tiefen.members.values import PointsKind, PointsRules

MONTHS = 12
_ENDING = text(
    """
    SELECT coalesce(sum(remaining), 0)::bigint AS points, min(expires_at) AS first
    FROM points_lot WHERE remaining > 0 AND freed_at IS NOT NULL AND expires_at <= :until
      AND (CAST(:fan AS bigint) IS NULL OR fan_id = :fan)
    """
)
_NOTHING = (PointsMove.available == 0) & (PointsMove.frozen == 0) & (PointsMove.debt == 0)
_PERSON = text(HELD_SQL)
_HELD = text(
    """
    SELECT coalesce(sum(available), 0)::bigint AS available,
           coalesce(sum(frozen), 0)::bigint AS frozen, coalesce(sum(debt), 0)::bigint AS debt,
           count(*) FILTER (WHERE available + frozen > 0) AS fans
    FROM points_account
    """
)
_BY_MONTH = text(
    """
    SELECT CAST(date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') AS date) AS month,
           kind, sum(abs(available + frozen - debt))::bigint AS points
    FROM points_move WHERE kind <> 'joined' AND kind <> 'freed'
      AND at >= date_trunc('month', CAST(:now AS timestamptz) AT TIME ZONE 'Asia/Shanghai')
            AT TIME ZONE 'Asia/Shanghai' - make_interval(months => :months)
    GROUP BY 1, 2 ORDER BY 1 DESC
    """
)


async def points_settings(tx: Tx) -> PointsRulesOut:
    """The rules in force, with the number of their version."""
    row = await tx.get_one(PointsRulesRow, 1, populate_existing=True)
    return PointsRulesOut(edits=row.edits, **asdict(row.rules()))


async def fan_points(tx: Tx, fan_id: int) -> FanPointsOut:
    """What a fan has. Raises FanMissing."""
    if not await fans.brief(tx, [fan_id]):
        raise FanMissing
    return FanPointsOut(**await _has(tx, fan_id, await _rules(tx)))


async def my_points(tx: Tx, fan_id: int) -> MyPointsOut:
    """What the fan has, and how more is earned."""
    found = await _rules(tx)
    return MyPointsOut(
        **await _has(tx, fan_id, found),
        earning=found.earning,
        per_100=found.per_100,
        hold_days=found.hold_days,
        live_days=found.live_days,
        spending=found.spending,
        hundred_fen=found.worth_fen,
        cap_bp=found.cap_bp,
        from_fen=found.from_fen,
    )


async def moves_of(
    tx: Tx,
    limit: int,
    cursor: str | None,
    *,
    fan_id: int | None,
    kind: PointsKind | None = None,
    told: bool = True,
) -> Page[PointsMoveOut]:
    """Movements, the newest first; `fan_id` None: of everybody; `told`: with reasons,
    which are for staff."""
    asked = select(PointsMove, PointsNote.reason).outerjoin(
        PointsNote, PointsNote.move_id == PointsMove.id
    )
    asked = asked.where(~_NOTHING)
    if fan_id is not None:
        asked = asked.where(PointsMove.fan_id.in_(await fans.person_ids(tx, fan_id)))
    if kind is not None:
        asked = asked.where(PointsMove.kind == kind)
    before = last_id(cursor)
    if before is not None:
        asked = asked.where(PointsMove.id < before)
    rows = (await tx.execute(asked.order_by(PointsMove.id.desc()).limit(limit + 1))).all()
    made = [
        PointsMoveOut(
            id=move.id,
            fan_id=move.fan_id,
            kind=move.kind,
            available=move.available,
            frozen=move.frozen,
            debt=move.debt,
            rest=move.rest,
            order_no=move.order_no,
            reason=(told and reason) or "",
            at=move.at,
        )
        for move, reason in rows
    ]
    return paged(made, [row[0] for row in rows], limit)


async def points_report(tx: Tx) -> PointsReportOut:
    """What is outstanding in points and in money, and what moved in the last twelve months."""
    found = await _rules(tx)
    held = (await tx.execute(_HELD)).one()
    until = tx.now + timedelta(days=found.warn_days)
    ending = (await tx.execute(_ENDING, {"until": until, "fan": None})).one()
    moved: dict[Any, dict[str, int]] = {}
    for row in await tx.execute(_BY_MONTH, {"now": tx.now, "months": MONTHS - 1}):
        moved.setdefault(row.month, {})[row.kind] = row.points
    return PointsReportOut(
        available=held.available,
        frozen=held.frozen,
        debt=held.debt,
        fans=held.fans,
        liability_fen=times((held.available + held.frozen) * found.worth_fen, 100),
        ending=ending.points,
        ending_until=until,
        months=[
            PointsMonthOut(
                month=month,
                earned=one.get("earned", 0),
                given=one.get("given", 0),
                spent=one.get("spent", 0) - one.get("returned", 0),
                taken=one.get("taken_back", 0) + one.get("taken", 0),
                expired=one.get("expired", 0),
            )
            for month, one in moved.items()
        ],
    )


async def _has(tx: Tx, fan_id: int, found: PointsRules) -> dict[str, Any]:
    held = (await tx.execute(_PERSON, {"fan": fan_id})).one()
    until = tx.now + timedelta(days=found.warn_days)
    ending = (await tx.execute(_ENDING, {"until": until, "fan": held.fan_id})).one()
    return {
        "available": held.available,
        "frozen": held.frozen,
        "debt": held.debt,
        "worth_fen": times(held.available * found.worth_fen, 100),
        "ending": ending.points,
        "ending_on": day_of(ending.first) if ending.first else None,
    }


async def _rules(tx: Tx) -> PointsRules:
    return (await tx.get_one(PointsRulesRow, 1)).rules()
