"""The tables of the catalog room, by chapter."""

from tiefen.catalog.models.changes import GoodsChange, GoodsImport, GoodsImportLine
from tiefen.catalog.models.codes import CardCode
from tiefen.catalog.models.goods import Brand, Category, Product, Sku
from tiefen.catalog.models.reviews import Review

__all__ = [
    "Brand",
    "CardCode",
    "Category",
    "GoodsChange",
    "GoodsImport",
    "GoodsImportLine",
    "Product",
    "Review",
    "Sku",
]
