"""The tables of the catalog room, by chapter."""

from tiefen.catalog.models.changes import GoodsChange, GoodsImport, GoodsImportLine
from tiefen.catalog.models.goods import Brand, Category, Product, Sku

__all__ = [
    "Brand",
    "Category",
    "GoodsChange",
    "GoodsImport",
    "GoodsImportLine",
    "Product",
    "Sku",
]
