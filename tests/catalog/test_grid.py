"""The SKU grid: one request, every wrong cell named, rows that keep their identity."""

from typing import Any

import pytest

from tests.catalog.factories import PICTURE, STAFF, body, product
from tests.conftest import StaffClient
from tests.counting import statements
from tiefen.catalog import queries, service
from tiefen.catalog.errors import BadCells
from tiefen.catalog.models import Product
from tiefen.catalog.schemas import ProductInput
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.team.values import Permission

OTHER = "demo/BBBBBBBBBBBBBBBB.webp"


def big() -> dict[str, Any]:
    """Three specs, six hundred SKUs."""
    specs = {"颜色": 10, "尺码": 12, "版型": 5}
    values = {name: [f"{name}{number}" for number in range(many)] for name, many in specs.items()}
    rows = [[a, b, c] for a in values["颜色"] for b in values["尺码"] for c in values["版型"]]
    return {
        "specs": [{"name": name, "values": them} for name, them in values.items()],
        "skus": [
            {"values": row, "price_fen": 100 + place, "code": f"C-{place}"}
            for place, row in enumerate(rows)
        ],
    }


def spec(*values: str, name: str = "颜色", images: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "values": list(values), "images": images or []}


async def saved(tx: Tx, made: Product, actor: StaffActor = STAFF, **changes: Any) -> Product:
    wanted = ProductInput.model_validate(body(version=made.version, **changes))
    return await service.save_product(tx, actor, made.id, wanted)


async def test_six_hundred_skus_are_saved_in_one_request_and_few_statements(db: Db) -> None:
    async with db.merchant("demo") as tx:
        made = await product(tx, **big())
        ids = await service.all_sku_ids_of(tx, made.id)
        assert len(ids) == 600
    wanted = big()
    wanted["skus"] = [
        {**row, "id": sku_id, "price_fen": row["price_fen"] + 1}
        for row, sku_id in zip(wanted["skus"], ids, strict=True)
    ]
    async with db.merchant("demo") as tx:
        with statements(db) as seen:
            now = await saved(tx, made, **wanted)
        assert len(seen) < 20
        assert await service.all_sku_ids_of(tx, made.id) == ids
        assert (now.price_min_fen, now.price_max_fen) == (101, 700)


async def test_every_wrong_cell_is_named(staff_client: StaffClient, db: Db) -> None:
    async with db.merchant("demo") as tx:
        await product(tx, skus=[{"price_fen": 1, "code": "TAKEN"}])
    staff = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    answer = await staff.post(
        "/api/console/products",
        json=body(
            specs=[spec("红", "蓝", "绿")],
            skus=[
                {"values": ["红"], "price_fen": 1, "code": "A"},
                {"values": ["蓝"], "price_fen": 1, "code": "A"},
                {"values": ["绿"], "price_fen": 1, "code": "TAKEN"},
            ],
        ),
    )
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "catalog.bad_cells"
    assert [one["field"] for one in error["fields"]] == ["skus.1.code", "skus.2.code"]
    assert "TAKEN" in error["fields"][1]["message"]
    answer = await staff.post(
        "/api/console/products",
        json=body(skus=[{"price_fen": -1}, {"price_fen": "9"}, {"price_fen": 1, "weight_g": -4}]),
    )
    fields = [one["field"] for one in answer.json()["error"]["fields"]]
    assert fields == ["skus.0.price_fen", "skus.1.price_fen", "skus.2.weight_g"]


async def test_a_sku_goes_by_its_id_when_values_change_places(tx: Tx) -> None:
    made = await product(
        tx,
        specs=[spec("红", "蓝")],
        skus=[
            {"values": ["红"], "price_fen": 1, "code": "R"},
            {"values": ["蓝"], "price_fen": 2, "code": "B"},
        ],
    )
    red, blue = await service.sku_ids_of(tx, made.id)
    await saved(
        tx,
        made,
        specs=[spec("红", "蓝")],
        skus=[
            {"id": red, "values": ["蓝"], "price_fen": 1, "code": "B"},
            {"id": blue, "values": ["红"], "price_fen": 2, "code": "R"},
        ],
    )
    briefs = await service.skus(tx, [red, blue])
    assert (briefs[red].spec_text, briefs[red].code) == ("蓝", "B")
    assert (briefs[blue].spec_text, briefs[blue].code) == ("红", "R")


async def test_a_removed_value_is_retired_and_comes_back_as_itself(tx: Tx) -> None:
    made = await product(
        tx,
        specs=[spec("红", "蓝")],
        skus=[{"values": ["红"], "price_fen": 1, "code": "R"}, {"values": ["蓝"], "price_fen": 2}],
    )
    red, _ = await service.sku_ids_of(tx, made.id)
    await saved(tx, made, specs=[spec("蓝")], skus=[{"values": ["蓝"], "price_fen": 2}])
    opened = await queries.console_product(tx, made.id, with_cost=True)
    assert [sku.id for sku in opened.skus if not sku.on_grid] == [red]
    assert (await service.skus(tx, [red]))[red].on_shelf is False
    # its code is free meanwhile
    await saved(
        tx, made, specs=[spec("蓝")], skus=[{"values": ["蓝"], "price_fen": 2, "code": "R"}]
    )
    await saved(
        tx,
        made,
        specs=[spec("蓝", "红")],
        skus=[{"values": ["蓝"], "price_fen": 2}, {"values": ["红"], "price_fen": 1}],
    )
    assert red in await service.sku_ids_of(tx, made.id)


async def test_a_live_sku_may_take_the_values_of_a_retired_one(tx: Tx) -> None:
    made = await product(
        tx,
        specs=[spec("红", "蓝")],
        skus=[{"values": ["红"], "price_fen": 1}, {"values": ["蓝"], "price_fen": 2}],
    )
    _, blue = await service.sku_ids_of(tx, made.id)
    await saved(tx, made, specs=[spec("蓝")], skus=[{"id": blue, "values": ["蓝"], "price_fen": 2}])
    await saved(tx, made, specs=[spec("红")], skus=[{"id": blue, "values": ["红"], "price_fen": 2}])
    assert await service.sku_ids_of(tx, made.id) == [blue]


async def test_a_value_has_a_picture_and_a_sku_may_have_its_own(tx: Tx) -> None:
    grid: dict[str, Any] = {
        "specs": [spec("红", "蓝", images=["", OTHER]), spec("S", name="码")],
        "skus": [
            {"values": ["红", "S"], "price_fen": 1},
            {"values": ["蓝", "S"], "price_fen": 2},
        ],
    }
    made = await product(tx, **grid)
    red, blue = await service.sku_ids_of(tx, made.id)
    briefs = await service.skus(tx, [red, blue])
    assert briefs[red].image_url == f"/files/{PICTURE}"  # the cover
    assert briefs[blue].image_url == f"/files/{OTHER}"
    opened = await queries.console_product(tx, made.id, with_cost=True)
    assert [sku.image_key for sku in opened.skus] == ["", ""]
    assert opened.specs[0].images == ["", OTHER]
    grid["skus"][0]["image_key"] = OTHER
    await saved(tx, made, **grid)
    opened = await queries.console_product(tx, made.id, with_cost=True)
    assert [sku.image_key for sku in opened.skus] == [OTHER, ""]


async def test_foreign_pictures_are_named_wherever_they_stand(tx: Tx) -> None:
    foreign = "other/AAAAAAAAAAAAAAAA.webp"
    with pytest.raises(BadCells) as refused:
        await product(
            tx,
            specs=[spec("红", "蓝", images=[foreign, ""])],
            skus=[
                {"values": ["红"], "price_fen": 1},
                {"values": ["蓝"], "price_fen": 2, "image_key": foreign},
            ],
        )
    assert {part.field for part in refused.value.parts} == {"specs.0.images.0", "skus.1.image_key"}


async def test_who_may_not_see_the_cost_neither_reads_nor_changes_it(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        made = await product(tx, skus=[{"price_fen": 1_990, "cost_fen": 800}])
    rights = [Permission.GOODS_READ, Permission.GOODS_WRITE]
    blind, seeing = await staff_client(rights), await staff_client([*rights, Permission.GOODS_COST])
    path = f"/api/console/products/{made.id}"
    opened = (await blind.get(path)).json()
    assert opened["skus"][0]["cost_fen"] is None
    changed = body(
        version=1, skus=[{"id": opened["skus"][0]["id"], "price_fen": 2_100, "cost_fen": 1}]
    )
    assert (await blind.put(path, json=changed)).status_code == 200
    seen = (await seeing.get(path)).json()["skus"][0]
    assert (seen["price_fen"], seen["cost_fen"]) == (2_100, 800)
    assert await audit.run(db) == []
