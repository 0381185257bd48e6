"""What promotions gave orders: counted in the order's transaction, given back at most once."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
from sqlalchemy import text

from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.promotion.errors import CouponTaken, UsedUp
from tiefen.promotion.values import Quote, UseHeld

NOBODY: Mapping[int, Sequence[int]] = MappingProxyType({})
_TAKE = text(
    """
    WITH w AS (
        SELECT * FROM unnest(CAST(:fans AS bigint[]), CAST(:promotions AS bigint[]),
            CAST(:most AS int[])) AS w(fan_id, promotion_id, most)
    )
    INSERT INTO promotion_use (fan_id, promotion_id, used)
    SELECT fan_id, promotion_id, 1 FROM w WHERE most > 0 ORDER BY fan_id, promotion_id
    ON CONFLICT (fan_id, promotion_id) DO UPDATE SET used = promotion_use.used + 1
    WHERE promotion_use.used < (SELECT min(w.most) FROM w
        WHERE w.promotion_id = excluded.promotion_id AND w.fan_id = excluded.fan_id)
    RETURNING fan_id, promotion_id
    """
)
"""The guard: nobody uses a promotion more often than it says."""
_ELSEWHERE = """
    SELECT w.fan_id, u.promotion_id, sum(u.used)::int AS used
    FROM unnest($1::bigint[], $2::bigint[]) AS w(fan_id, record)
    JOIN promotion_use AS u ON u.fan_id = w.record
    GROUP BY 1, 2
"""
"""What the other records of a person used."""
_NOTE = text(
    """
    WITH granted AS (
        INSERT INTO promotion_grant (order_no, promotion_id, version, fan_id, discount_fen, gifts,
            counted, first_order, at)
        SELECT order_no, promotion_id, version, fan_id, discount_fen, gifts, counted, first_order,
            :now
        FROM jsonb_to_recordset(CAST(:grants AS jsonb)) AS g(order_no text, promotion_id bigint,
            version int, fan_id bigint, discount_fen bigint, gifts int, counted boolean,
            first_order boolean)
    )
    INSERT INTO loss_order (order_no, loss_fen, at)
    SELECT order_no, loss_fen, :now
    FROM jsonb_to_recordset(CAST(:losses AS jsonb)) AS l(order_no text, loss_fen bigint)
    """
)
_USE_COUPONS = text(
    """
    WITH w AS (
        SELECT * FROM unnest(CAST(:coupons AS bigint[]), CAST(:orders AS text[]),
            CAST(:saved AS bigint[])) AS w(coupon_id, order_no, saved_fen)
    ), mine AS (
        SELECT c.id FROM coupon c JOIN w ON w.coupon_id = c.id ORDER BY c.id FOR UPDATE OF c
    ), used AS (
        UPDATE coupon c SET status = 'used', order_no = w.order_no, saved_fen = w.saved_fen,
            used_at = :now
        FROM w, mine WHERE c.id = w.coupon_id AND mine.id = c.id
            AND c.status = 'held' AND c.ends_at > :now
        RETURNING c.order_no, c.template_id, c.saved_fen
    )
    SELECT order_no, template_id, saved_fen FROM used
    """
)
"""The guard: a coupon is on one order at most. Rows are taken in the order of their numbers."""
_SPENT = text(
    """
    UPDATE coupon_template t SET used = t.used + s.count, spent_fen = t.spent_fen + s.saved_fen
    FROM (SELECT template_id, count(*) AS count, sum(saved_fen) AS saved_fen
        FROM unnest(CAST(:templates AS bigint[]), CAST(:saved AS bigint[]))
            AS u(template_id, saved_fen)
        GROUP BY template_id ORDER BY template_id) s
    WHERE t.id = s.template_id
    """
)
_GIVE_BACK_COUPON = text(
    """
    WITH taken AS (
        SELECT id, template_id, saved_fen, order_no FROM coupon
        WHERE order_no = :order_no AND status = 'used' FOR UPDATE
    ), back AS (
        UPDATE coupon c SET order_no = NULL, saved_fen = 0, used_at = NULL,
            returned_from = taken.order_no, returned_at = :now,
            status = CASE WHEN c.revoked THEN 'taken_back' WHEN c.ends_at > :now THEN 'held'
                ELSE 'expired' END,
            ended_at = CASE WHEN NOT c.revoked AND c.ends_at > :now THEN NULL ELSE :now END
        FROM taken WHERE c.id = taken.id RETURNING c.id
    )
    UPDATE coupon_template t SET used = t.used - 1, spent_fen = t.spent_fen - taken.saved_fen
    FROM taken WHERE t.id = taken.template_id
    """
)
"""A coupon whose time ran out meanwhile is expired; one that was to be taken back is gone."""
_GIVE_BACK = text(
    """
    WITH back AS (
        UPDATE promotion_grant SET given_back_at = :now
        WHERE order_no = :order_no AND given_back_at IS NULL
        RETURNING fan_id, promotion_id, counted, first_order
    ), freed AS (
        SELECT fan_id, promotion_id FROM back WHERE counted
        UNION SELECT fan_id, 0 FROM back WHERE first_order
    )
    UPDATE promotion_use u SET used = u.used - 1 FROM freed f
    WHERE u.fan_id = f.fan_id AND u.promotion_id = f.promotion_id
    """
)

_HELD = text(
    """
    SELECT g.promotion_id AS id, p.name, false AS coupon, true AS live
    FROM promotion_grant g JOIN promotion p ON p.id = g.promotion_id
    WHERE g.order_no = :order_no AND g.given_back_at IS NULL AND (g.counted OR g.first_order)
    UNION ALL
    SELECT c.id, t.name, true, NOT c.revoked AND c.ends_at > :now
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id
    WHERE c.order_no = :order_no AND c.status = 'used'
    ORDER BY coupon, id
    """
)


async def take_uses(
    tx: Tx,
    orders: Sequence[tuple[str, int, Quote]],
    people: Mapping[int, Sequence[int]] = NOBODY,
) -> dict[str, Refusal]:
    """Count what orders (number, fan, quote) of different fans use, and note what they were given.

    `people`: the records of those fans who are persons of several; uses are a person's.

    Returns the orders that came too late for a limited promotion, each with its refusal; nothing of
    theirs may be kept. No statement when no promotion applied and no order loses money.
    """
    counted = [
        (fan_id, promotion_id, most, order_no)
        for order_no, fan_id, priced in orders
        for promotion_id, most in _limits(priced).items()
    ]
    late: dict[str, Refusal] = {}
    if counted:
        counted = await _with_others(tx, counted, people)
        rows = await tx.execute(
            _TAKE,
            {
                "fans": [row[0] for row in counted],
                "promotions": [row[1] for row in counted],
                "most": [row[2] for row in counted],
            },
        )
        taken = {(row.fan_id, row.promotion_id) for row in rows}
        names = {
            (order_no, step.promotion_id): step.name
            for order_no, _, priced in orders
            for step in priced.trace
        }
        for fan_id, promotion_id, _, order_no in counted:
            if (fan_id, promotion_id) not in taken:
                name = names.get((order_no, promotion_id), "首单优惠")
                late[order_no] = UsedUp(field="lines", name=name)
    late.update(await _use_coupons(tx, [order for order in orders if order[0] not in late]))
    await _note(tx, [order for order in orders if order[0] not in late])
    return late


async def _use_coupons(tx: Tx, orders: Sequence[tuple[str, int, Quote]]) -> dict[str, Refusal]:
    """Put each order's coupon on it; the refusals of those whose coupon another order has."""
    wanted = {order_no: priced.coupon for order_no, _, priced in orders if priced.coupon}
    if not wanted:
        return {}
    rows = (
        await tx.execute(
            _USE_COUPONS,
            {
                "coupons": [use.coupon_id for use in wanted.values()],
                "orders": list(wanted),
                "saved": [use.saved_fen for use in wanted.values()],
                "now": tx.now,
            },
        )
    ).all()
    if rows:
        templates = [row.template_id for row in rows]
        saved = [row.saved_fen for row in rows]
        await tx.execute(_SPENT, {"templates": templates, "saved": saved})
    used = {row.order_no for row in rows}
    return {
        order_no: CouponTaken(field="coupon_id", name=use.name)
        for order_no, use in wanted.items()
        if order_no not in used
    }


async def uses_held(tx: Tx, order_no: str) -> list[UseHeld]:
    """What `give_back_uses` would free: promotions that count uses, and the order's coupon."""
    rows = await tx.execute(_HELD, {"order_no": order_no, "now": tx.now})
    return [UseHeld(row.id, row.name, row.coupon, row.live) for row in rows]


async def give_back_uses(tx: Tx, order_no: str) -> None:
    """Free what an order used, because it was closed or wholly refunded. Safe to run twice.

    Its coupon comes back to the fan, unless its time has run out or it was to be taken back.
    """
    await tx.execute(_GIVE_BACK, {"order_no": order_no, "now": tx.now})
    await tx.execute(_GIVE_BACK_COUPON, {"order_no": order_no, "now": tx.now})


async def _with_others(
    tx: Tx, counted: Sequence[tuple[int, int, int, str]], people: Mapping[int, Sequence[int]]
) -> list[tuple[int, int, int, str]]:
    """Less what other records of the same person used, also earlier in the same batch."""
    several = {row[0] for row in counted if row[0] in people}
    if not several:
        return list(counted)
    await fans.hold_people(tx, several)
    pairs = [(fan, one) for fan in sorted(several) for one in people[fan] if one != fan]
    rows = await tx.rows(_ELSEWHERE, [fan for fan, _ in pairs], [one for _, one in pairs])
    used = {(row["fan_id"], row["promotion_id"]): row["used"] for row in rows}
    left = []
    for fan_id, promotion_id, most, order_no in sorted(counted):
        left.append((fan_id, promotion_id, most - used.get((fan_id, promotion_id), 0), order_no))
        for other in people.get(fan_id, ()):
            if other != fan_id:
                key = (other, promotion_id)
                used[key] = used.get(key, 0) + 1
    return left


def _limits(priced: Quote) -> dict[int, int]:
    """Promotion → how often a fan may use it, for those that count; 0 stands for the first order."""
    limits = {use.promotion_id: use.per_fan for use in priced.uses if use.per_fan}
    if any(use.first_order for use in priced.uses):
        limits[0] = 1
    return limits


async def _note(tx: Tx, orders: Sequence[tuple[str, int, Quote]]) -> None:
    grants = [
        {
            "order_no": order_no,
            "promotion_id": use.promotion_id,
            "version": use.version,
            "fan_id": fan_id,
            "discount_fen": use.discount_fen,
            "gifts": use.gifts,
            "counted": bool(use.per_fan),
            "first_order": use.first_order,
        }
        for order_no, fan_id, priced in orders
        for use in priced.uses
    ]
    losses = [
        {"order_no": order_no, "loss_fen": -priced.margin_fen}
        for order_no, _, priced in orders
        if priced.margin_fen is not None and priced.margin_fen < 0
    ]
    if grants or losses:
        await tx.execute(
            _NOTE,
            {
                "now": tx.now,
                "grants": msgspec.json.encode(grants).decode(),
                "losses": msgspec.json.encode(losses).decode(),
            },
        )
