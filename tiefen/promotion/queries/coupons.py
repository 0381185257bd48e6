"""Reads of coupons for promotion's own HTTP."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text

from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, newest, paged
from tiefen.promotion import rules
from tiefen.promotion.errors import TemplateMissing
from tiefen.promotion.models import Coupon, CouponCode, CouponGift, CouponTemplate
from tiefen.promotion.schemas import (
    CouponCodeOut,
    CouponDay,
    CouponOut,
    CouponResults,
    CouponRow,
    GiftOut,
    HolderOut,
    MyCoupon,
    MyCoupons,
    NamedOut,
    NamedSku,
    ShopCoupon,
    say,
    terms_io,
)
from tiefen.promotion.values import CouponKind, CouponStatus, CouponTerms, TemplateStatus

_COUNTS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'held' AND ends_at > :now) AS held,
        count(*) FILTER (WHERE status = 'expired' OR (status = 'held' AND ends_at <= :now))
            AS expired,
        count(*) FILTER (WHERE status = 'taken_back') AS taken_back,
        count(DISTINCT fan_id) AS fans
    FROM coupon WHERE template_id = :id
    """
)
_DAYS = text(
    """
    SELECT day, sum(issued)::bigint AS issued, sum(used)::bigint AS used,
        sum(saved_fen)::bigint AS saved_fen
    FROM (
        SELECT to_char(received_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS day,
            1 AS issued, 0 AS used, 0 AS saved_fen
        FROM coupon WHERE template_id = :id
        UNION ALL
        SELECT to_char(used_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'), 0, 1, saved_fen
        FROM coupon WHERE template_id = :id AND status = 'used'
    ) d GROUP BY day ORDER BY day DESC LIMIT 90
    """
)
_WAYS = text("SELECT way, count(*) AS coupons FROM coupon WHERE template_id = :id GROUP BY way")
_MINE = text(
    """
    SELECT c.id, c.status, c.starts_at, c.ends_at, c.order_no, c.returned_from, t.kind, t.name,
        t.body
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    WHERE c.fan_id = ANY(:ids) AND CASE CAST(:tab AS text)
        WHEN 'held' THEN c.status = 'held' AND c.ends_at > :now
        WHEN 'used' THEN c.status = 'used'
        ELSE c.status = 'expired' OR (c.status = 'held' AND c.ends_at <= :now) END
    ORDER BY CASE WHEN CAST(:tab AS text) = 'held' THEN c.ends_at END, c.id DESC LIMIT 100
    """
)
_MINE_COUNTS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'held' AND ends_at > :now) AS held,
        count(*) FILTER (WHERE status = 'used') AS used,
        count(*) FILTER (WHERE status = 'expired' OR (status = 'held' AND ends_at <= :now))
            AS over
    FROM coupon WHERE fan_id = ANY(:ids)
    """
)
_CLAIMABLE = text(
    """
    SELECT t.*, coalesce(h.received, 0) AS mine FROM coupon_template t
    LEFT JOIN (SELECT template_id, sum(received) AS received FROM coupon_holder
        WHERE fan_id = ANY(:ids) GROUP BY template_id) h ON h.template_id = t.id
    WHERE t.status = 'open' AND t.claimable AND (t.claim_from IS NULL OR t.claim_from <= :now)
        AND (t.claim_until IS NULL OR t.claim_until > :now)
        AND (t.ends_at IS NULL OR t.ends_at > :now)
    ORDER BY t.id DESC LIMIT 50
    """
)


async def coupons(
    tx: Tx, *, status: TemplateStatus | None, q: str, cursor: str | None, limit: int
) -> Page[CouponRow]:
    """The merchant's kinds of coupons, newest first; one statement."""
    chosen = select(CouponTemplate)
    if status is not None:
        chosen = chosen.where(CouponTemplate.status == status)
    if q.strip():
        chosen = chosen.where(func.strpos(func.lower(CouponTemplate.name), q.strip().lower()) > 0)
    rows = (await tx.scalars(newest(chosen, CouponTemplate.id, cursor, limit))).all()
    shown = [CouponRow(**_row(row)) for row in rows]
    return paged(shown, rows, limit)


async def coupon(tx: Tx, template_id: int) -> CouponOut:
    """One kind of coupon in full. Raises TemplateMissing."""
    row = await _template(tx, template_id)
    counts = (await tx.execute(_COUNTS, {"id": row.id, "now": tx.now})).one()
    terms = rules.terms_of(row.body)
    scope = terms.scope
    named = {*scope.sku_ids, *scope.without_sku_ids, *([terms.sku_id] if terms.sku_id else [])}
    briefs = await catalog.skus(tx, named)
    products = await catalog.product_names(tx, [*scope.product_ids, *scope.without_product_ids])
    most = _most(row.kind, terms, briefs[terms.sku_id].price_fen if terms.sku_id in briefs else 0)
    return CouponOut(
        **_row(row),
        terms=terms_io(row.body),
        claim_from=row.claim_from,
        claim_until=row.claim_until,
        per_fan=row.per_fan,
        edits=row.edits,
        held=counts.held,
        expired=counts.expired,
        taken_back=counts.taken_back,
        fans=counts.fans,
        promised_fen=None if most is None else most * counts.held,
        floor_fen=row.floor_fen,
        approved_because=row.approved_because,
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
        products=[NamedOut(product_id=one, name=name) for one, name in sorted(products.items())],
    )


async def results(tx: Tx, template_id: int) -> CouponResults:
    """How a kind of coupon fares. Raises TemplateMissing."""
    await _template(tx, template_id)
    days = await tx.execute(_DAYS, {"id": template_id})
    ways = await tx.execute(_WAYS, {"id": template_id})
    return CouponResults(
        days=[
            CouponDay(day=row.day, issued=row.issued, used=row.used, saved_fen=row.saved_fen)
            for row in days
        ],
        ways={row.way: row.coupons for row in ways},
    )


async def holders(
    tx: Tx, template_id: int, *, status: CouponStatus | None, cursor: str | None, limit: int
) -> Page[HolderOut]:
    """Who has coupons of a kind, the newest first; three statements."""
    await _template(tx, template_id)
    chosen = select(Coupon).where(Coupon.template_id == template_id)
    if status is not None:
        chosen = chosen.where(Coupon.status == status)
    rows = (await tx.scalars(newest(chosen, Coupon.id, cursor, limit))).all()
    briefs = await fans.brief(tx, {row.fan_id for row in rows})
    shown = [
        HolderOut(
            id=row.id,
            fan_id=row.fan_id,
            fan_name=briefs[row.fan_id].name if row.fan_id in briefs else "",
            avatar_url=briefs[row.fan_id].avatar_url if row.fan_id in briefs else "",
            status=row.status,
            way=row.way,
            reason=row.reason,
            received_at=row.received_at,
            ends_at=row.ends_at,
            order_no=row.order_no,
            saved_fen=row.saved_fen,
            used_at=row.used_at,
            returned_from=row.returned_from,
            returned_at=row.returned_at,
        )
        for row in rows
    ]
    return paged(shown, rows, limit)


async def codes(tx: Tx, template_id: int, *, cursor: str | None, limit: int) -> Page[CouponCodeOut]:
    """Codes of a kind, the newest first."""
    chosen = select(CouponCode).where(CouponCode.template_id == template_id)
    rows = (await tx.scalars(newest(chosen, CouponCode.id, cursor, limit))).all()
    shown = [CouponCodeOut.model_validate(row) for row in rows]
    return paged(shown, rows, limit)


async def gifts(tx: Tx, template_id: int) -> list[GiftOut]:
    """The last gifts of a kind, with their progress."""
    rows = await tx.scalars(
        select(CouponGift)
        .where(CouponGift.template_id == template_id)
        .order_by(CouponGift.id.desc())
        .limit(20)
        .execution_options(populate_existing=True)
    )
    return [GiftOut.model_validate(row) for row in rows]


async def claimable(tx: Tx, fan_id: int | None) -> list[ShopCoupon]:
    """What fans may take now, the newest first, and how many this one took."""
    ids = await fans.person_ids(tx, fan_id) if fan_id else []
    rows = await tx.execute(_CLAIMABLE, {"ids": ids, "now": tx.now})
    shown = []
    for row in rows:
        kind, terms = CouponKind(row.kind), rules.terms_of(row.body)
        left = max(row.stock - row.issued, 0) if row.stock else None
        spent = row.budget_fen and row.spent_fen >= row.budget_fen
        left = 0 if spent else left
        shown.append(
            ShopCoupon(
                id=row.id,
                kind=kind,
                name=row.name,
                label=say(rules.coupon_label(kind, terms)),
                scope_text=_scope_text(terms),
                valid_text=_valid_text(row),
                left=left,
                mine=int(row.mine),
                can_claim=left != 0 and (row.per_fan == 0 or row.mine < row.per_fan),
                claim_until=row.claim_until,
            )
        )
    return shown


async def mine(tx: Tx, fan_id: int, tab: str) -> MyCoupons:
    """A fan's own coupons: `held`, `used` or `over`."""
    ids = await fans.person_ids(tx, fan_id)
    rows = await tx.execute(_MINE, {"ids": ids, "now": tx.now, "tab": tab})
    counts = (await tx.execute(_MINE_COUNTS, {"ids": ids, "now": tx.now})).one()
    return MyCoupons(
        items=[_my(row, over=tab == "over") for row in rows],
        held=counts.held,
        used=counts.used,
        over=counts.over,
    )


def _my(row: Any, *, over: bool) -> MyCoupon:
    kind, terms = CouponKind(row.kind), rules.terms_of(row.body)
    note = ""
    if row.returned_from and over:
        note = say(
            (
                f"订单 {row.returned_from} 退回时券已过期",
                f"had expired when order {row.returned_from} gave it back",
            )
        )
    elif row.returned_from and row.status == "held":
        note = say((f"订单 {row.returned_from} 已退回", f"given back by order {row.returned_from}"))
    products = terms.scope.product_ids
    return MyCoupon(
        id=row.id,
        kind=kind,
        status=CouponStatus.EXPIRED if over else CouponStatus(row.status),
        name=row.name,
        label=say(rules.coupon_label(kind, terms)),
        scope_text=_scope_text(terms),
        product_id=products[0] if len(products) == 1 else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        order_no=row.order_no,
        note=note,
    )


def _scope_text(terms: CouponTerms) -> str:
    if terms.sku_id:
        return say(("兑换指定商品", "for one item"))
    without = terms.scope.without_product_ids or terms.scope.without_category_ids
    if terms.scope.all and not without:
        return say(("全场通用", "on everything"))
    if terms.scope.all:
        return say(("部分商品除外", "some goods left out"))
    return say(("指定商品可用", "on chosen goods"))


def _valid_text(row: Any) -> str:
    if row.days:
        return say((f"领取后 {row.days} 天内有效", f"good for {row.days} days"))
    return ""


def _most(kind: CouponKind, terms: CouponTerms, price_fen: int) -> int | None:
    """What one coupon may cost at most; None: no bound."""
    if kind is CouponKind.AMOUNT:
        return terms.off_fen
    if kind is CouponKind.PERCENT:
        return terms.cap_fen or None
    if kind is CouponKind.EXCHANGE:
        return price_fen * terms.pieces
    return None


async def _template(tx: Tx, template_id: int) -> CouponTemplate:
    row = await tx.get(CouponTemplate, template_id, populate_existing=True)
    if row is None:
        raise TemplateMissing
    return row


def _row(row: CouponTemplate) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "status": row.status,
        "name": row.name,
        "label": say(rules.coupon_label(row.kind, rules.terms_of(row.body))),
        "days": row.days,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "claimable": row.claimable,
        "stock": row.stock,
        "issued": row.issued,
        "used": row.used,
        "spent_fen": row.spent_fen,
        "budget_fen": row.budget_fen,
        "updated_at": row.updated_at,
    }


async def template_names(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """Names of kinds of coupons, by the number rules carry (minus theirs)."""
    rows = await tx.execute(
        select(CouponTemplate.id, CouponTemplate.name).where(
            CouponTemplate.id.in_([-one for one in ids if one < 0])
        )
    )
    return {-row.id: row.name for row in rows}
