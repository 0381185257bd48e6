"""The verbs of catalog, and the door through which other rooms read SKUs, by chapter."""

from tiefen.catalog.service.bulk import make_change, preview_change, undo_change
from tiefen.catalog.service.codes import (
    add_codes,
    codes_left,
    codes_of,
    given_to_buyers,
    take_codes,
    void_codes,
)
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
    find_skus,
    freight_users,
    price_range_fen,
    product_names,
    service_terms,
    share_kit,
    sku_ids_of,
    skus,
    skus_on_sale,
    unsent_kinds,
)
from tiefen.catalog.service.reviews import (
    hide_review,
    reply_to_review,
    reviewed_lines,
    show_review,
    write_review,
)
from tiefen.catalog.service.sharing import pack_share_kit
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
    "add_codes",
    "all_sku_ids_of",
    "check_import",
    "codes_left",
    "codes_of",
    "copy_product",
    "create_brand",
    "create_category",
    "create_product",
    "delete_brand",
    "delete_category",
    "find_skus",
    "freight_users",
    "given_to_buyers",
    "hide_review",
    "import_batch",
    "make_change",
    "pack_share_kit",
    "preview_change",
    "price_range_fen",
    "product_names",
    "reply_to_review",
    "reviewed_lines",
    "run_import",
    "save_brand",
    "save_category",
    "save_product",
    "service_terms",
    "share_kit",
    "shelve",
    "shelve_due",
    "show_review",
    "sku_ids_of",
    "skus",
    "skus_on_sale",
    "stop_import",
    "take_codes",
    "undo_change",
    "unsent_kinds",
    "void_codes",
    "write_review",
]
