"""What promotions gave orders: counted in the order's transaction, given back at most once."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import text

from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.promotion.errors import UsedUp
from tiefen.promotion.values import Quote

_TAKE = text(
    """
    WITH w AS (
        SELECT * FROM unnest(CAST(:fans AS bigint[]), CAST(:promotions AS bigint[]),
            CAST(:most AS int[])) AS w(fan_id, promotion_id, most)
    )
    INSERT INTO promotion_use (fan_id, promotion_id, used)
    SELECT fan_id, promotion_id, 1 FROM w ORDER BY fan_id, promotion_id
    ON CONFLICT (fan_id, promotion_id) DO UPDATE SET used = promotion_use.used + 1
    WHERE promotion_use.used < (SELECT min(w.most) FROM w
        WHERE w.promotion_id = excluded.promotion_id AND w.fan_id = excluded.fan_id)
    RETURNING fan_id, promotion_id
    """
)
"""The guard: nobody uses a promotion more often than it says."""
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


async def take_uses(tx: Tx, orders: Sequence[tuple[str, int, Quote]]) -> dict[str, Refusal]:
    """Count what orders (number, fan, quote) of different fans use, and note what they were given.

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
    await _note(tx, [order for order in orders if order[0] not in late])
    return late


async def give_back_uses(tx: Tx, order_no: str) -> None:
    """Free what an order used, because it was closed or wholly refunded. Safe to run twice."""
    await tx.execute(_GIVE_BACK, {"order_no": order_no, "now": tx.now})


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
