"""Goods on a real database."""

from typing import Any

import pytest

from tests.catalog.factories import PICTURE, STAFF, body, product
from tests.counting import statements
from tiefen.catalog import queries, service
from tiefen.catalog.errors import (
    BadSpecs,
    CategoryInUse,
    CategoryTooDeep,
    CodeTaken,
    EditedElsewhere,
    FileForeign,
    NotReady,
    ProductMissing,
)
from tiefen.catalog.queries import ProductSort, finding
from tiefen.catalog.schemas import CategoryInput, ProductInput
from tiefen.catalog.values import ProductStatus
from tiefen.kernel import audit
from tiefen.kernel.db import Db, Tx

GRID: dict[str, Any] = {
    "specs": [{"name": "颜色", "values": ["红", "蓝"]}],
    "skus": [
        {"values": ["红"], "price_fen": 100, "code": "R"},
        {"values": ["蓝"], "price_fen": 300, "code": "B"},
    ],
}


def wanted(**changes: object) -> ProductInput:
    return ProductInput.model_validate(body(**changes))


async def test_a_product_is_a_draft_until_it_is_shelved(tx: Tx) -> None:
    made = await product(tx, shelve=False)
    with pytest.raises(ProductMissing):
        await queries.shop_product(tx, made.id)
    await service.shelve(tx, STAFF, made.id, on=True)
    assert (await queries.shop_product(tx, made.id)).price_min_fen == 1_990
    assert made.published_at == tx.now
    await service.shelve(tx, STAFF, made.id, on=False)
    with pytest.raises(ProductMissing):
        await queries.shop_product(tx, made.id)


async def test_a_product_without_a_picture_stays_a_draft(tx: Tx) -> None:
    made = await product(tx, shelve=False, images=[])
    with pytest.raises(NotReady) as refused:
        await service.shelve(tx, STAFF, made.id, on=True)
    assert "图片" in refused.value.message("zh")
    assert made.status is ProductStatus.DRAFT


async def test_skus_keep_their_ids_through_a_change_of_the_grid(tx: Tx) -> None:
    made = await product(tx, **GRID)
    red, blue = await service.sku_ids_of(tx, made.id)
    await service.save_product(
        tx,
        STAFF,
        made.id,
        wanted(
            version=made.version,
            specs=[{"name": "颜色", "values": ["红", "绿"]}],
            skus=[
                {"id": red, "values": ["红"], "price_fen": 150, "code": "B"},
                {"values": ["绿"], "price_fen": 200},
            ],
        ),
    )
    now = await service.sku_ids_of(tx, made.id)
    assert red in now
    assert blue not in now
    assert len(now) == 2
    briefs = await service.skus(tx, [red, blue])
    assert (briefs[red].price_fen, briefs[red].code, briefs[red].on_shelf) == (150, "B", True)
    assert briefs[blue].on_shelf is False
    assert (made.price_min_fen, made.price_max_fen) == (150, 200)
    await service.save_product(tx, STAFF, made.id, wanted(version=made.version, **GRID))
    assert set(await service.sku_ids_of(tx, made.id)) == {red, blue}


async def test_saving_over_somebody_elses_save_is_refused(tx: Tx) -> None:
    made = await product(tx)
    await service.save_product(tx, STAFF, made.id, wanted(version=1))
    with pytest.raises(EditedElsewhere) as refused:
        await service.save_product(tx, STAFF, made.id, wanted(version=1))
    assert refused.value.details == {"version": 2}


async def test_codes_pictures_and_ids_of_others_are_refused(tx: Tx) -> None:
    first = await product(tx, skus=[{"price_fen": 1, "code": "X-1"}])
    with pytest.raises(CodeTaken) as taken:
        await product(tx, skus=[{"price_fen": 1, "code": "X-1"}])
    assert taken.value.field == "skus.0.code"
    with pytest.raises(FileForeign):
        await product(tx, images=["other/AAAAAAAAAAAAAAAA.webp"])
    (foreign,) = await service.sku_ids_of(tx, first.id)
    with pytest.raises(BadSpecs) as bad:
        await product(tx, skus=[{"id": foreign, "price_fen": 1}])
    assert bad.value.field == "skus.0.id"


@pytest.mark.parametrize("looked_at", [1, 2_000])
async def test_search_finds_words_not_scattered_characters(
    tx: Tx, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT", looked_at)
    await product(tx, name="老坛酸奶")
    await product(tx, name="奶酸菜鱼")
    await product(tx, name="iPhone 手机壳", skus=[{"price_fen": 900, "code": "SHELL-9"}])

    async def found(q: str) -> list[str]:
        page = await queries.shop_products(
            tx, q=q, category_id=None, sort=ProductSort.DEFAULT, cursor=None, limit=10
        )
        return [row.name for row in page.items]

    assert await found("酸奶") == ["老坛酸奶"]
    assert await found("酸 奶") == ["奶酸菜鱼", "老坛酸奶"]
    assert await found("PHONE 手机") == ["iPhone 手机壳"]
    assert await found("shell") == ["iPhone 手机壳"]
    assert await found("'; DROP TABLE product --") == []
    assert await found("％") == await found("%") == ["iPhone 手机壳", "奶酸菜鱼", "老坛酸奶"]


@pytest.mark.parametrize("looked_at", [1, 4, 2_000])
@pytest.mark.parametrize("sort", list(ProductSort))
async def test_pages_meet_without_gap_or_overlap(
    tx: Tx, monkeypatch: pytest.MonkeyPatch, sort: ProductSort, looked_at: int
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT", looked_at)
    for number in range(7):
        await product(tx, name=f"茶{number}", position=number % 3, skus=[{"price_fen": number % 4}])
    seen, cursor = [], None
    while True:
        page = await queries.shop_products(
            tx, q="茶", category_id=None, sort=sort, cursor=cursor, limit=3
        )
        seen += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7


async def test_a_category_shows_what_lies_below_it_and_guards_its_place(tx: Tx) -> None:
    top = await service.create_category(tx, CategoryInput(name="食品"))
    below = await service.create_category(tx, CategoryInput(name="奶", parent_id=top.id))
    await product(tx, category_id=below.id)
    page = await queries.shop_products(
        tx, q="", category_id=top.id, sort=ProductSort.NEWEST, cursor=None, limit=5
    )
    assert len(page.items) == 1
    with pytest.raises(CategoryInUse) as used:
        await service.delete_category(tx, below.id)
    assert used.value.details == {"products": 1, "children": 0}
    with pytest.raises(CategoryTooDeep):
        await service.save_category(tx, top.id, CategoryInput(name="食品", parent_id=below.id))


async def test_the_promises_hold_and_their_checks_can_fail(db: Db) -> None:
    async with db.merchant("demo") as tx:
        made = await product(tx, **GRID)
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        found = await tx.get_one(type(made), made.id)
        found.price_max_fen, found.images = 999_999, []
    broken = {breach.invariant for breach in await audit.run(db)}
    assert {"B1-shelf", "B1-prices"} <= broken


async def test_lists_cost_the_same_at_any_length(db: Db) -> None:
    async def cost(products: int) -> int:
        async with db.merchant("demo") as tx:
            for number in range(products):
                await product(
                    tx,
                    name=f"面{number}",
                    specs=GRID["specs"],
                    skus=[
                        {"values": ["红"], "price_fen": 100},
                        {"values": ["蓝"], "price_fen": 300},
                    ],
                )
        async with db.merchant("demo") as tx:
            with statements(db) as seen:
                await queries.console_products(
                    tx,
                    q="面",
                    category_id=None,
                    status=None,
                    role=None,
                    sort=ProductSort.DEFAULT,
                    cursor=None,
                    limit=50,
                )
                await queries.shop_home(tx)
        return len(seen)

    assert await cost(2) == await cost(9)


def test_the_picture_key_is_well_formed() -> None:
    assert wanted(images=[PICTURE]).images == [PICTURE]
