"""One change on many products: previewed, made, undone."""

from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.catalog.factories import product
from tests.conftest import StaffClient
from tiefen.catalog import rules, service
from tiefen.catalog.schemas import BrandInput
from tiefen.catalog.values import ChangeKind
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.team.values import Permission

WRITE = [Permission.GOODS_READ, Permission.GOODS_WRITE]


async def shop(db: Db) -> list[int]:
    async with db.merchant("demo") as tx:
        one = await product(
            tx,
            name="茶",
            specs=[{"name": "规格", "values": ["小", "大"]}],
            skus=[{"values": ["小"], "price_fen": 1_000}, {"values": ["大"], "price_fen": 3_000}],
        )
        two = await product(tx, name="碗", shelve=False, images=[], skus=[{"price_fen": 50}])
        return [one.id, two.id]


async def opened(staff: httpx.AsyncClient, product_id: int) -> dict[str, Any]:
    return dict((await staff.get(f"/api/console/products/{product_id}")).json())


async def test_prices_are_seen_changed_and_brought_back(db: Db, staff_client: StaffClient) -> None:
    ids = await shop(db)
    staff = await staff_client(WRITE)
    change = {"product_ids": ids, "kind": "price_percent", "number": 8_500}
    seen = (await staff.post("/api/console/goods-changes/preview", json=change)).json()
    assert [(row["before"], row["after"]) for row in seen["rows"]] == [
        ("¥10.00 – ¥30.00", "¥8.50 – ¥25.50"),
        ("¥0.50", "¥0.43"),
    ]
    assert (await opened(staff, ids[0]))["price_min_fen"] == 1_000
    made = (await staff.post("/api/console/goods-changes", json=change)).json()
    assert made["products"] == 2
    tea = await opened(staff, ids[0])
    assert (tea["price_min_fen"], tea["price_max_fen"], tea["version"]) == (850, 2_550, 2)
    assert await audit.run(db) == []
    path = f"/api/console/goods-changes/{made['id']}/undo"
    assert (await staff.post(path)).json() == {"undone": 2, "kept": []}
    assert [sku["price_fen"] for sku in (await opened(staff, ids[0]))["skus"]] == [1_000, 3_000]
    assert (await staff.post(path)).json()["error"]["code"] == "catalog.change_undone"
    assert await audit.run(db) == []


async def test_a_price_below_cost_is_told_to_who_may_see_costs(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        honey = await product(tx, name="蜜", skus=[{"price_fen": 1_000, "cost_fen": 700}])
        bowl = await product(tx, name="碗", skus=[{"price_fen": 1_000}])
    seer, other = await staff_client([*WRITE, Permission.GOODS_COST]), await staff_client(WRITE)
    path = "/api/console/goods-changes/preview"
    for percent, loses in ((7_000, 0), (6_990, 1), (0, 1)):
        change = {
            "product_ids": [honey.id, bowl.id], "kind": "price_percent", "number": percent,
        }  # fmt: skip
        seen = (await seer.post(path, json=change)).json()
        assert (seen["below_cost"], [row["below_cost"] for row in seen["rows"]]) == (
            loses,
            [loses, 0],
        )
        assert (await other.post(path, json=change)).json()["below_cost"] == 0
    shelf = {"product_ids": [honey.id], "kind": "shelf", "number": 0}
    assert (await seer.post(path, json=shelf)).json()["below_cost"] == 0


async def test_who_was_there_since_keeps_what_they_have(db: Db, staff_client: StaffClient) -> None:
    ids = await shop(db)
    staff = await staff_client(WRITE)
    change = {"product_ids": ids, "kind": "limit", "number": 3}
    made = (await staff.post("/api/console/goods-changes", json=change)).json()
    other = {"product_ids": ids[:1], "kind": "limit", "number": 9}
    await staff.post("/api/console/goods-changes", json=other)
    undone = (await staff.post(f"/api/console/goods-changes/{made['id']}/undo")).json()
    assert undone == {"undone": 1, "kept": ["茶"]}
    assert [(await opened(staff, one))["purchase_limit"] for one in ids] == [9, None]


async def test_what_is_not_ready_stays_off_the_shelf_and_is_said(
    db: Db, staff_client: StaffClient
) -> None:
    ids = await shop(db)
    staff = await staff_client(WRITE)
    await staff.post(
        "/api/console/goods-changes", json={"product_ids": ids, "kind": "shelf", "number": 0}
    )
    change = {"product_ids": ids, "kind": "shelf", "number": 1}
    seen = (await staff.post("/api/console/goods-changes/preview", json=change)).json()
    assert [row["refused"] for row in seen["rows"]] == ["", "商品图片"]
    made = (await staff.post("/api/console/goods-changes", json=change)).json()
    assert made["products"] == 1
    assert [(await opened(staff, one))["status"] for one in ids] == ["on_shelf", "draft"]
    await staff.post(f"/api/console/goods-changes/{made['id']}/undo")
    assert (await opened(staff, ids[0]))["status"] == "off_shelf"


async def test_a_change_names_what_is_there(db: Db, staff_client: StaffClient) -> None:
    ids = await shop(db)
    async with db.merchant("demo") as tx:
        brand = await service.create_brand(tx, BrandInput(name="山野"))
    staff = await staff_client(WRITE)
    for kind, number in (("brand", 999), ("category", 999), ("price_set", None), ("limit", 0)):
        body = {"product_ids": ids, "kind": kind, "number": number}
        assert (await staff.post("/api/console/goods-changes", json=body)).status_code == 422, kind
    for kind, number, role in (("brand", brand.id, None), ("role", None, "profit")):
        body = {"product_ids": ids, "kind": kind, "number": number, "role": role}
        assert (await staff.post("/api/console/goods-changes", json=body)).status_code == 201, kind
    tea = await opened(staff, ids[0])
    assert (tea["brand_id"], tea["role"]) == (brand.id, "profit")
    assert len((await staff.get("/api/console/goods-changes")).json()) == 2


@given(
    st.sampled_from(sorted(rules.PRICES)), st.integers(0, 10**10), st.integers(-(10**10), 10**10)
)
def test_a_price_stays_a_price(kind: ChangeKind, price_fen: int, number: int) -> None:
    if kind is not ChangeKind.PRICE_ADD:
        number = abs(number) % 100_000
    assert 0 <= rules.new_price(kind, price_fen, number) <= 10**10
