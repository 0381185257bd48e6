"""What a level takes off prices, as promotion and the margin guard ask."""

from collections.abc import Iterable

from sqlalchemy import text

from tiefen.kernel.db import Tx
from tiefen.members.service.levels import level_book
from tiefen.members.values import LevelPrice

_PRICES = text(
    """
    SELECT asked.id, l.name, l.off_bp, r.without_product_ids, r.without_category_ids
    FROM fan AS asked JOIN fan ON fan.id = coalesce(asked.merged_into, asked.id)
    JOIN member_level AS l ON l.id = fan.level_id AND l.off_bp > 0
    CROSS JOIN member_rules AS r
    WHERE asked.id = ANY(:fans)
    """
)


async def level_prices(tx: Tx, fan_ids: Iterable[int]) -> dict[int, LevelPrice]:
    """What their level takes off, by the id asked with, for those whose level takes anything off."""
    rows = await tx.execute(_PRICES, {"fans": list(set(fan_ids))})
    return {
        row.id: LevelPrice(
            row.name, row.off_bp, tuple(row.without_product_ids), tuple(row.without_category_ids)
        )
        for row in rows
    }


async def best_level_price(tx: Tx) -> LevelPrice | None:
    """The level price that takes most off: what the margin guard must reckon with."""
    book = await level_book(tx)
    best = max(book.ladder, key=lambda one: one.off_bp)
    without = (book.rules.without_product_ids, book.rules.without_category_ids)
    return LevelPrice(best.name, best.off_bp, *without) if best.off_bp else None
