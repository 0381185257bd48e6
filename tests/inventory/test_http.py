"""Stock over HTTP."""

import httpx

from tests.conftest import StaffClient
from tests.inventory.factories import stocked
from tiefen.catalog import service as catalog
from tiefen.kernel.db import Db
from tiefen.team.values import Permission

READ = [Permission.GOODS_READ]
WRITE = [Permission.GOODS_READ, Permission.STOCK_WRITE]


async def test_stock_is_seen_changed_and_explained(
    db: Db, staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5, name="龙井茶")
        product_id = (await catalog.skus(tx, [one]))[one].product_id
    reader, writer = await staff_client(READ), await staff_client(WRITE)
    change = {"quantity": -2, "reason": "lost", "note": "受潮"}
    path = f"/api/console/stock/{one}/adjust"
    assert (await reader.post(path, json=change)).status_code == 403
    moved = (await writer.post(path, json=change)).json()["items"]
    assert [(row["quantity"], row["on_hand_after"], row["note"]) for row in moved] == [
        (-2, 3, "受潮"),
        (5, 5, ""),
    ]
    odd = await writer.post(path, json={**change, "reason": "gift"})
    assert odd.json()["error"]["fields"] == [
        {"field": "reason", "message": "只能是 'received', 'lost' or 'counted'"}
    ]
    too_much = await writer.post(path, json={**change, "quantity": -4})
    assert (too_much.status_code, too_much.json()["error"]["field"]) == (409, "quantity")
    listed = (await reader.get("/api/console/stock", params={"q": "龙井"})).json()["items"]
    assert [(row["sku_id"], row["available"]) for row in listed] == [(one, 3)]
    by_product = await reader.get("/api/console/stock", params={"product_id": product_id})
    assert len(by_product.json()["items"]) == 1
    assert (await client.get(f"/api/shop/products/{product_id}/stock")).json() == [
        {"sku_id": one, "available": 3}
    ]
    assert (await writer.post("/api/console/stock/424242/adjust", json=change)).status_code == 404
    foreign = await staff_client(WRITE, merchant="other")
    assert (await foreign.post(path, json=change)).status_code == 404
