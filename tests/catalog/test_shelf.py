"""Copies, brands, the clock and the shelf."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.catalog.factories import STAFF, body, product
from tiefen.catalog import queries, rules, service
from tiefen.catalog.errors import BadShelfTimes, BrandInUse, BrandTaken, ProductCodeTaken
from tiefen.catalog.models import Product
from tiefen.catalog.schemas import BrandInput, ProductInput
from tiefen.catalog.values import ProductKind, ProductStatus
from tiefen.kernel.db import Db, Tx

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)
near = st.none() | st.integers(-9, 9).map(lambda hours: MOMENT + timedelta(hours=hours))


@given(st.sampled_from(ProductStatus), near, near)
def test_the_clock_wants_what_its_last_moment_says(
    status: ProductStatus, on_at: datetime | None, off_at: datetime | None
) -> None:
    wanted = rules.due(status, on_at, off_at, MOMENT)
    passed = [at for at in (on_at, off_at) if at and at <= MOMENT]
    if wanted is None:
        after = status
    else:
        assert passed
        after = rules.SHELF[status, wanted]
        assert after is not status
    if passed and max(passed) == on_at and on_at != off_at:
        assert after is ProductStatus.ON_SHELF
    if passed and max(passed) == off_at and on_at != off_at:
        assert after is not ProductStatus.ON_SHELF


async def test_goods_go_on_and_off_the_shelf_by_the_clock(db: Db) -> None:
    async with db.merchant("demo") as tx:
        soon = tx.now - timedelta(minutes=1)
        later = tx.now + timedelta(hours=1)
        starts = await product(tx, shelve=False, shelf_on_at=soon, shelf_off_at=later)
        ends = await product(tx, shelf_off_at=soon)
        bare = await product(tx, shelve=False, images=[], shelf_on_at=soon)
    async with db.merchant("demo") as tx:
        assert await service.shelve_due(tx) == 3
    async with db.merchant("demo") as tx:
        rows = {one.id: await tx.get_one(Product, one.id) for one in (starts, ends, bare)}
        assert rows[starts.id].status is ProductStatus.ON_SHELF
        assert (rows[starts.id].shelf_on_at, rows[starts.id].shelf_off_at) == (None, later)
        assert rows[ends.id].status is ProductStatus.OFF_SHELF
        assert rows[bare.id].status is ProductStatus.DRAFT
        assert await service.shelve_due(tx) == 0


async def test_a_product_ends_after_it_begins(tx: Tx) -> None:
    with pytest.raises(BadShelfTimes):
        await product(tx, shelf_on_at=MOMENT, shelf_off_at=MOMENT)


async def test_a_copy_is_a_draft_with_everything_but_codes(tx: Tx) -> None:
    brand = await service.create_brand(tx, BrandInput(name="铁粉茶行"))
    source = await product(
        tx,
        code="P-1",
        brand_id=brand.id,
        kind="course",
        points=["当天现做"],
        attributes=[{"name": "产地", "value": "福建"}],
        consume_days=30,
        given_html="<p>第一课</p>",
        only_stages=["fan"],
        skus=[{"price_fen": 5, "cost_fen": 2, "code": "S-1", "weight_g": 9}],
    )
    made = await service.copy_product(tx, STAFF, source.id)
    opened = await queries.console_product(tx, made.id, with_cost=True)
    assert (opened.name, opened.code, opened.status) == ("手工酸奶 副本", "", ProductStatus.DRAFT)
    assert (opened.kind, opened.brand_id, opened.points) == (
        ProductKind.COURSE,
        brand.id,
        ["当天现做"],
    )
    assert (opened.consume_days, opened.given_html, opened.only_stages) == (
        30,
        "<p>第一课</p>",
        ["fan"],
    )
    sku = opened.skus[0]
    assert (sku.price_fen, sku.cost_fen, sku.code, sku.weight_g) == (5, 2, "", 9)
    with pytest.raises(ProductCodeTaken):
        await product(tx, code="P-1")


async def test_brands_have_names_of_their_own_and_stay_while_used(tx: Tx) -> None:
    brand = await service.create_brand(tx, BrandInput(name="山野"))
    with pytest.raises(BrandTaken):
        await service.create_brand(tx, BrandInput(name="山野"))
    made = await product(tx, brand_id=brand.id)
    with pytest.raises(BrandInUse):
        await service.delete_brand(tx, brand.id)
    assert (await queries.brands(tx))[0].products == 1
    assert (await queries.shop_product(tx, made.id)).brand_name == "山野"
    await service.save_product(
        tx, STAFF, made.id, ProductInput.model_validate(body(version=made.version))
    )
    await service.delete_brand(tx, brand.id)
    assert await queries.brands(tx) == []


@given(st.text("0123456789", max_size=4), st.text("0123456789", max_size=4), st.integers(0, 2_000))
def test_a_range_of_bytes_lies_inside_the_file(first: str, last: str, size: int) -> None:
    span = rules.byte_range(first, last, size)
    if span:
        assert 0 <= span[0] <= span[1] < size


async def test_indexes_find_what_the_clock_has_to_do(tx: Tx) -> None:
    await tx.execute(text("SET LOCAL enable_seqscan = off"))
    plan = await tx.scalars(
        text("EXPLAIN SELECT id FROM product WHERE shelf_on_at <= now() OR shelf_off_at <= now()")
    )
    said = " ".join(plan)
    assert "ix_product_shelf_on" in said
    assert "ix_product_shelf_off" in said
