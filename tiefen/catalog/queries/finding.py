"""How products are found: search, order, pages."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from tiefen.catalog.models import Category, Product
from tiefen.catalog.rules import file_url
from tiefen.kernel.db import Tx
from tiefen.kernel.http import decode_cursor
from tiefen.kernel.text import query_grams, words


class ProductSort(StrEnum):
    """Orders a list of products can have."""

    DEFAULT = "default"
    """The merchant's own order."""
    NEWEST = "newest"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"


_SORT_KEYS: dict[ProductSort, tuple[ColumnElement[int], bool]] = {
    ProductSort.DEFAULT: (Product.position.expression, True),
    ProductSort.NEWEST: (Product.id.expression, True),
    ProductSort.PRICE_ASC: (Product.price_min_fen.expression, False),
    ProductSort.PRICE_DESC: (Product.price_min_fen.expression, True),
}
"""Sort → (key, descending). Sort texts never reach SQL."""


async def matching(tx: Tx, q: str, category_id: int | None) -> Select[Product]:
    """Products whose texts hold every word of `q`, in a category or below it.

    The GIN index finds candidates by pairs of characters; `strpos` then drops those that hold the
    pairs but not the word.
    """
    chosen = select(Product)
    if q.strip():
        chosen = chosen.where(Product.grams.contains(query_grams(q)))
        for word in words(q):
            chosen = chosen.where(func.strpos(Product.folded, word) > 0)
    if category_id is not None:
        chosen = chosen.where(Product.category_id.in_(await _with_children(tx, category_id)))
    return chosen


async def _with_children(tx: Tx, category_id: int) -> list[int]:
    found = (await tx.execute(select(Category.id, Category.parent_id))).all()
    inside = {category_id}
    for _ in range(3):
        inside |= {row.id for row in found if row.parent_id in inside}
    return sorted(inside)


async def fetch(
    tx: Tx,
    chosen: Select[Product],
    sort: ProductSort,
    cursor: str | None,
    limit: int,
) -> Sequence[Product]:
    """A page of what was chosen, and one more if there is more."""
    key, down = _SORT_KEYS[sort]
    if cursor:
        after = tuple_(*decode_cursor(cursor, tuple[int, int]))
        here = tuple_(key, Product.id)
        chosen = chosen.where(here < after if down else here > after)
    order = (key.desc(), Product.id.desc()) if down else (key, Product.id)
    return (await tx.scalars(chosen.order_by(*order).limit(limit + 1))).all()


def position(products: Sequence[Product], sort: ProductSort, limit: int) -> tuple[int, ...]:
    """Where the next page begins; empty on the last one."""
    if len(products) <= limit:
        return ()
    last = products[limit - 1]
    keys = {
        ProductSort.DEFAULT: last.position,
        ProductSort.NEWEST: last.id,
        ProductSort.PRICE_ASC: last.price_min_fen,
        ProductSort.PRICE_DESC: last.price_min_fen,
    }
    return (keys[sort], last.id)


def cover(images: Sequence[str]) -> str:
    """Where the first picture is served; empty for none."""
    return file_url(images[0]) if images else ""
