"""Reads of catalog for its own HTTP, by chapter."""

from tiefen.catalog.queries.changes import (
    change_out,
    changes,
    fault_table,
    heading,
    imports,
    one_import,
    table_page,
)
from tiefen.catalog.queries.finding import ProductSort
from tiefen.catalog.queries.goods import console_product, console_products
from tiefen.catalog.queries.reviews import console_reviews, one_review, shop_reviews
from tiefen.catalog.queries.shelves import brand_out, brands, categories, category_out
from tiefen.catalog.queries.shop import shop_home, shop_product, shop_products

__all__ = [
    "ProductSort",
    "brand_out",
    "brands",
    "categories",
    "category_out",
    "change_out",
    "changes",
    "console_product",
    "console_products",
    "console_reviews",
    "fault_table",
    "heading",
    "imports",
    "one_import",
    "one_review",
    "shop_home",
    "shop_product",
    "shop_products",
    "shop_reviews",
    "table_page",
]
