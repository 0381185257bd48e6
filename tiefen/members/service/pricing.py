"""What membership does to prices: the level price, and points that pay."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from sqlalchemy import text

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.members.service.levels import level_book
from tiefen.members.service.points import points_rules
from tiefen.members.values import LevelPrice, PointsOffer, PriceTerms

Guard: TypeAlias = Callable[[Tx, StaffActor, str], Awaitable[None]]
_guard: Guard | None = None


def register_guard(guard: Guard | None) -> None:
    """What looks at the margins of all goods once level prices or points are better than before,
    and refuses a loss without a reason: promotion stands above this room, so main.py hands it in."""
    global _guard  # noqa: PLW0603 the process has one composition
    _guard = guard


async def guard_prices(tx: Tx, actor: StaffActor, because: str) -> None:
    """Let the margin guard look at what membership does to prices now. Raises what it raises."""
    if _guard is not None:
        await _guard(tx, actor, because)


_TERMS = text(
    """
    SELECT asked.id, l.name, l.off_bp, r.without_product_ids, r.without_category_ids,
        p.worth_fen, p.cap_bp, p.from_fen,
        p.without_product_ids AS unpaid_products, p.without_category_ids AS unpaid_categories,
        a.available - (SELECT coalesce(sum(lot.remaining), 0) FROM points_lot AS lot
            WHERE lot.fan_id = a.fan_id AND lot.remaining > 0 AND lot.freed_at IS NOT NULL
              AND lot.expires_at <= :now)::bigint AS available
    FROM fan AS asked JOIN fan ON fan.id = coalesce(asked.merged_into, asked.id)
    CROSS JOIN member_rules AS r CROSS JOIN points_rules AS p
    LEFT JOIN member_level AS l ON l.id = fan.level_id AND l.off_bp > 0
    LEFT JOIN points_account AS a ON a.fan_id = fan.id AND a.available > 0 AND p.spending
    WHERE asked.id = ANY(:fans) AND (l.id IS NOT NULL OR a.fan_id IS NOT NULL)
    """
)
"""What has run out is no offer, whether or not the job has come by."""


async def price_terms(tx: Tx, fan_ids: Iterable[int]) -> dict[int, PriceTerms]:
    """What these fans' levels take off and what their points may pay, by the id asked with; who has
    neither is left out."""
    rows = await tx.execute(_TERMS, {"fans": list(set(fan_ids)), "now": tx.now})
    return {
        row.id: PriceTerms(
            LevelPrice(
                row.name,
                row.off_bp,
                tuple(row.without_product_ids),
                tuple(row.without_category_ids),
            )
            if row.off_bp
            else None,
            PointsOffer(
                row.available,
                row.worth_fen,
                row.cap_bp,
                row.from_fen,
                tuple(row.unpaid_products),
                tuple(row.unpaid_categories),
            )
            if row.available
            else None,
        )
        for row in rows
    }


async def most_points(tx: Tx) -> PointsOffer | None:
    """What points may pay at most: what the margin guard must reckon with."""
    found = await points_rules(tx)
    if not found.spending:
        return None
    return PointsOffer(
        0,
        found.worth_fen,
        found.cap_bp,
        found.from_fen,
        found.without_product_ids,
        found.without_category_ids,
    )


async def best_level_price(tx: Tx) -> LevelPrice | None:
    """The level price that takes most off: what the margin guard must reckon with."""
    book = await level_book(tx)
    best = max(book.ladder, key=lambda one: one.off_bp)
    without = (book.rules.without_product_ids, book.rules.without_category_ids)
    return LevelPrice(best.name, best.off_bp, *without) if best.off_bp else None
