"""The verbs of catalog, and the door through which other rooms read SKUs, by chapter."""

from tiefen.catalog.service.bulk import make_change, preview_change, undo_change
from tiefen.catalog.service.editing import (
    DUE_BATCH,
    copy_product,
    create_product,
    save_product,
    shelve,
    shelve_due,
)
from tiefen.catalog.service.importing import check_import, import_batch, run_import, stop_import
from tiefen.catalog.service.reading import (
    all_sku_ids_of,
    dearest_fen,
    find_skus,
    product_names,
    sku_ids_of,
    skus,
    skus_on_sale,
)
from tiefen.catalog.service.shelves import (
    create_brand,
    create_category,
    delete_brand,
    delete_category,
    save_brand,
    save_category,
)

__all__ = [
    "DUE_BATCH",
    "all_sku_ids_of",
    "check_import",
    "copy_product",
    "create_brand",
    "create_category",
    "create_product",
    "dearest_fen",
    "delete_brand",
    "delete_category",
    "find_skus",
    "import_batch",
    "make_change",
    "preview_change",
    "product_names",
    "run_import",
    "save_brand",
    "save_category",
    "save_product",
    "shelve",
    "shelve_due",
    "sku_ids_of",
    "skus",
    "skus_on_sale",
    "stop_import",
    "undo_change",
]
