"""Reads of promotion for its own HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from tiefen.catalog import service as catalog
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, decode_cursor, newest, paged
from tiefen.promotion import rules
from tiefen.promotion.errors import PromotionMissing
from tiefen.promotion.models import LossOrder, Promotion, PromotionGrant, PromotionVersion
from tiefen.promotion.schemas import (
    LossOut,
    NamedProduct,
    NamedSku,
    PerformanceOut,
    PromotionDayOut,
    PromotionOut,
    PromotionRow,
    VersionOut,
    body_parts,
    say,
)
from tiefen.promotion.values import PromotionKind, Status
from tiefen.team import service as team

DAYS = text(
    """
    SELECT to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS day, count(*) AS orders,
        sum(discount_fen)::bigint AS discount_fen
    FROM promotion_grant WHERE promotion_id = :id AND given_back_at IS NULL
    GROUP BY 1 ORDER BY 1 DESC LIMIT 90
    """
)


async def promotions(
    tx: Tx,
    *,
    status: Status | None,
    kind: PromotionKind | None,
    q: str,
    cursor: str | None,
    limit: int,
) -> Page[PromotionRow]:
    """The merchant's promotions, newest first; two statements."""
    chosen = select(Promotion)
    if status is not None:
        chosen = chosen.where(Promotion.status == status)
    if kind is not None:
        chosen = chosen.where(Promotion.kind == kind)
    if q.strip():
        chosen = chosen.where(func.strpos(func.lower(Promotion.name), q.strip().lower()) > 0)
    rows = (await tx.scalars(newest(chosen, Promotion.id, cursor, limit))).all()
    given = await _given(tx, [row.id for row in rows])
    shown = [PromotionRow(**_row(tx, row, given)) for row in rows]
    return paged(shown, rows, limit)


async def promotion(tx: Tx, promotion_id: int) -> PromotionOut:
    """One promotion in full. Raises PromotionMissing."""
    row = await tx.get(Promotion, promotion_id, populate_existing=True)
    if row is None:
        raise PromotionMissing
    parts = body_parts(row.body)
    terms, scope = parts["terms"], parts["scope"]
    named = {*scope.sku_ids, *scope.without_sku_ids, *(one.sku_id for one in terms.prices)}
    named |= {one.sku_id for one in terms.items}
    named |= {gift.sku_id for tier in terms.tiers for gift in tier.gifts}
    briefs = await catalog.skus(tx, named)
    products = await catalog.product_names(tx, [*scope.product_ids, *scope.without_product_ids])
    return PromotionOut(
        **_row(tx, row, await _given(tx, [row.id])),
        edits=row.edits,
        group_id=row.body["group_id"],
        priority=row.body["priority"],
        **parts,
        skus=[
            NamedSku(
                sku_id=sku.id,
                product_id=sku.product_id,
                name=f"{sku.product_name} {sku.spec_text}".strip(),
                image_url=sku.image_url,
                price_fen=sku.price_fen,
                cost_fen=sku.cost_fen,
            )
            for _, sku in sorted(briefs.items())
        ],
        products=[
            NamedProduct(product_id=one, name=name) for one, name in sorted(products.items())
        ],
        versions=await _versions(tx, row.id),
    )


async def performance(tx: Tx, promotion_id: int) -> PerformanceOut:
    """What a promotion gave so far."""
    if await tx.get(Promotion, promotion_id) is None:
        raise PromotionMissing
    kept = PromotionGrant.given_back_at.is_(None)
    row = (
        await tx.execute(
            select(
                func.count().filter(kept),
                func.count(func.distinct(PromotionGrant.fan_id)).filter(kept),
                func.coalesce(func.sum(PromotionGrant.discount_fen).filter(kept), 0),
                func.coalesce(func.sum(PromotionGrant.gifts).filter(kept), 0),
                func.count().filter(~kept),
            ).where(PromotionGrant.promotion_id == promotion_id)
        )
    ).one()
    days = await tx.execute(DAYS, {"id": promotion_id})
    return PerformanceOut(
        orders=row[0],
        fans=row[1],
        discount_fen=int(row[2]),
        gifts=int(row[3]),
        given_back=row[4],
        days=[
            PromotionDayOut(day=day.day, orders=day.orders, discount_fen=day.discount_fen)
            for day in days
        ],
    )


async def losses(tx: Tx, *, cursor: str | None, limit: int) -> Page[LossOut]:
    """Orders that were placed at a loss, newest first."""
    chosen = select(LossOrder).order_by(LossOrder.at.desc(), LossOrder.order_no).limit(limit + 1)
    if cursor:
        at, order_no = decode_cursor(cursor, tuple[datetime, str])
        chosen = chosen.where(
            (LossOrder.at < at) | ((LossOrder.at == at) & (LossOrder.order_no > order_no))
        )
    rows = (await tx.scalars(chosen)).all()
    shown = [LossOut.model_validate(row) for row in rows]
    return paged(shown, rows, limit, lambda row: (row.at, row.order_no))


async def names(tx: Tx, promotion_ids: set[int]) -> dict[int, str]:
    """Names of promotions."""
    rows = await tx.execute(
        select(Promotion.id, Promotion.name).where(Promotion.id.in_(promotion_ids))
    )
    return dict(rows.all())


async def _versions(tx: Tx, promotion_id: int) -> list[VersionOut]:
    rows = (
        await tx.scalars(
            select(PromotionVersion)
            .where(PromotionVersion.promotion_id == promotion_id)
            .order_by(PromotionVersion.version.desc())
        )
    ).all()
    actors = await team.actor_names(tx, [f"staff:{row.published_by}" for row in rows])
    return [
        VersionOut(
            version=row.version,
            sentence=say(rules.summary(rules.rule_of(promotion_id, row.version, row.body))),
            published_at=row.published_at,
            published_by=actors.get(f"staff:{row.published_by}", ""),
            floor_fen=row.floor_fen,
            approved_because=row.approved_because,
        )
        for row in rows
    ]


async def _given(tx: Tx, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Promotion → orders that keep what it gave, and how much."""
    rows = await tx.execute(
        select(
            PromotionGrant.promotion_id,
            func.count(),
            func.coalesce(func.sum(PromotionGrant.discount_fen), 0),
        )
        .where(PromotionGrant.promotion_id.in_(ids), PromotionGrant.given_back_at.is_(None))
        .group_by(PromotionGrant.promotion_id)
    )
    return {promotion_id: (orders, int(off)) for promotion_id, orders, off in rows}


def _row(tx: Tx, row: Promotion, given: dict[int, tuple[int, int]]) -> dict[str, Any]:
    rule = rules.rule_of(row.id, row.version, row.body)
    orders, discount_fen = given.get(row.id, (0, 0))
    return {
        "id": row.id,
        "kind": row.kind,
        "status": row.status,
        "running": row.status is Status.PUBLISHED and rules.in_force(rule, tx.now),
        "name": row.name,
        "sentence": say(rules.summary(rule)),
        "version": row.version,
        "changed": row.changed,
        "starts_at": rule.conditions.starts_at,
        "ends_at": rule.conditions.ends_at,
        "orders": orders,
        "discount_fen": discount_fen,
        "updated_at": row.updated_at,
    }
