"""Goods for tests."""

from typing import Any

from tiefen.catalog import service
from tiefen.catalog.models import Product
from tiefen.catalog.schemas import ProductInput
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.values import Permission

BOSS = StaffActor(900_002, "店主", frozenset(Permission))
STAFF = StaffActor(900_001, "小林", frozenset({Permission.GOODS_COST}))
PICTURE = "demo/AAAAAAAAAAAAAAAA.webp"


def body(**changes: Any) -> dict[str, Any]:
    """A product with one SKU, as the editor sends it."""
    return {
        "name": "手工酸奶",
        "subtitle": "每天早晨现做",
        "images": [PICTURE],
        "skus": [{"price_fen": 1_990, "cost_fen": 800}],
        **changes,
    }


async def product(tx: Tx, *, shelve: bool = True, **changes: Any) -> Product:
    """A product on the shelf (or a draft)."""
    made = await service.create_product(tx, STAFF, ProductInput.model_validate(body(**changes)))
    if shelve:
        await service.shelve(tx, STAFF, made.id, on=True)
        await tx.flush()
    return made


async def sku(tx: Tx, **changes: Any) -> int:
    """The id of the only SKU of a new product on the shelf."""
    made = await product(tx, **changes)
    return (await service.sku_ids_of(tx, made.id))[0]
