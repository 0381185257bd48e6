"""How products are found: search, order, pages."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from tiefen.catalog.models import Category, Product
from tiefen.catalog.rules import file_url
from tiefen.kernel.db import Tx
from tiefen.kernel.http import decode_cursor
from tiefen.kernel.text import query_grams, words

LOOKED_AT = 2_000
"""The first products that are looked through for words before the index of words is asked."""


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


async def inside(tx: Tx, category_id: int | None) -> Select[Product]:
    """Products of a category or below it; None = all."""
    chosen = select(Product)
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
    q: str = "",
    *,
    narrow: bool = False,
) -> Sequence[Product]:
    """A page of what was chosen and holds every word of `q`, and one more if there is more.

    `narrow`: few were chosen, so that the order cannot be walked for them.
    """
    key, down = _SORT_KEYS[sort]
    if cursor:
        after = tuple_(*decode_cursor(cursor, tuple[int, int]))
        here = tuple_(key, Product.id)
        chosen = chosen.where(here < after if down else here > after)
    order = _in_order(key, Product.id.expression, down=down)
    if said := words(q):
        found = await _worded(tx, chosen, sort, said, limit, narrow=narrow)
        chosen = select(Product).where(Product.id.in_(found))
    return (await tx.scalars(chosen.order_by(*order).limit(limit + 1))).all()


async def _worded(
    tx: Tx,
    chosen: Select[Product],
    sort: ProductSort,
    said: Sequence[str],
    limit: int,
    *,
    narrow: bool,
) -> list[int]:
    """The ids of the first that hold these words, one more than `limit`.

    Frequent words fill a page from the first products of the order; what those hardly hold is rare
    enough to find all of by the index of pairs of characters. `strpos` drops what holds the pairs
    but not the word.
    """
    key, down = _SORT_KEYS[sort]
    order = _in_order(key, Product.id.expression, down=down)
    columns = (Product.id, key.label("place"), Product.folded)
    first = chosen.with_only_columns(*columns).order_by(*order).limit(LOOKED_AT).subquery()
    near = select(first.c.id).where(*(func.strpos(first.c.folded, word) > 0 for word in said))
    near = near.order_by(*_in_order(first.c.place, first.c.id, down=down))
    if not narrow:
        found = list(await tx.scalars(near.limit(limit + 1)))
        if len(found) > limit:
            return found
    held = chosen.with_only_columns(Product.id).where(
        Product.grams.contains(query_grams(" ".join(said))),
        *(func.strpos(Product.folded, word) > 0 for word in said),
    )
    return list(await tx.scalars(held.order_by(*order).limit(limit + 1)))


def _in_order(
    key: ColumnElement[int], last: ColumnElement[int], *, down: bool
) -> tuple[ColumnElement[int], ...]:
    return (key.desc(), last.desc()) if down else (key, last)


def sorted_by(last: Product, sort: ProductSort) -> tuple[int, int]:
    """What a product is sorted by."""
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
