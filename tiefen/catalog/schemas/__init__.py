"""What catalog sends and takes over HTTP, by chapter."""

from tiefen.catalog.schemas.changes import (
    ChangeInput,
    ChangeOut,
    ChangePreview,
    ChangeRow,
    GoodsImportDetail,
    GoodsImportOut,
    GoodsLineOut,
    UndoneOut,
)
from tiefen.catalog.schemas.goods import (
    ConsoleProduct,
    ConsoleProductRow,
    ConsoleSku,
    ProductFact,
    ProductFactInput,
    ProductInput,
    ShelfInput,
    SkuInput,
    SpecInput,
)
from tiefen.catalog.schemas.reviews import (
    ConsoleReview,
    HideInput,
    PoolInput,
    PoolOut,
    ReplyInput,
    ReviewOut,
)
from tiefen.catalog.schemas.shared import FileKey, FileOut, PriceFen, SpecOut, VideoKey, specs_of
from tiefen.catalog.schemas.shelves import BrandInput, BrandOut, CategoryInput, CategoryOut
from tiefen.catalog.schemas.shop import ShopHome, ShopProduct, ShopProductRow, ShopSku

__all__ = [
    "BrandInput",
    "BrandOut",
    "CategoryInput",
    "CategoryOut",
    "ChangeInput",
    "ChangeOut",
    "ChangePreview",
    "ChangeRow",
    "ConsoleProduct",
    "ConsoleProductRow",
    "ConsoleReview",
    "ConsoleSku",
    "FileKey",
    "FileOut",
    "GoodsImportDetail",
    "GoodsImportOut",
    "GoodsLineOut",
    "HideInput",
    "PoolInput",
    "PoolOut",
    "PriceFen",
    "ProductFact",
    "ProductFactInput",
    "ProductInput",
    "ReplyInput",
    "ReviewOut",
    "ShelfInput",
    "ShopHome",
    "ShopProduct",
    "ShopProductRow",
    "ShopSku",
    "SkuInput",
    "SpecInput",
    "SpecOut",
    "UndoneOut",
    "VideoKey",
    "specs_of",
]
