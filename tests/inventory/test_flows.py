"""Transfers, counts, bundles, and what runs low."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import StaffClient
from tests.inventory.factories import place, stocked
from tests.inventory.test_places import breaches, lies
from tiefen.inventory import queries, service
from tiefen.inventory.errors import (
    BundleHasNoStock,
    BundleOfBundles,
    BundleStillHasStock,
    SheetEnded,
    SheetExists,
    StockShort,
    TooManyArrived,
    TransferEnded,
    WouldCutReserved,
)
from tiefen.inventory.schemas import (
    ArrivalInput,
    BundlePartIn,
    CountedInput,
    SheetInput,
    TransferInput,
    TransferLineIn,
)
from tiefen.inventory.service import counting, moving
from tiefen.inventory.values import MovementReason
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.team.values import Permission

HOUR = timedelta(hours=1)


async def at_once(*calls: Awaitable[Any]) -> Counter[str]:
    """Run all; what each came to: "done", a refusal's code, or "bug: …"."""

    async def tell(call: Awaitable[Any]) -> str:
        try:
            await call
        except Refusal as refusal:
            return refusal.code
        except Exception as error:  # noqa: BLE001 whatever it is, it is a bug
            return f"bug: {type(error).__name__}"
        return "done"

    return Counter(await asyncio.gather(*(tell(call) for call in calls)))


async def sent_off(tx: Tx, to_id: int, *lines: tuple[int, int]) -> str:
    wanted = TransferInput(
        from_id=1,
        to_id=to_id,
        lines=[TransferLineIn(sku_id=sku_id, quantity=many) for sku_id, many in lines],
    )
    return await service.start_transfer(tx, STAFF, wanted)


async def arrive(tx: Tx, number: str, *lines: tuple[int, int], last: bool = False) -> None:
    named = [TransferLineIn(sku_id=sku_id, quantity=many) for sku_id, many in lines]
    await service.arrive(tx, STAFF, number, ArrivalInput(lines=named, last=last))


async def test_goods_on_their_way_are_nowhere_until_they_arrive(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        shop = await place(tx, "滨江店")
        number = await sent_off(tx, shop, (one, 6))
        assert await service.available(tx, [one]) == {one: 4}
        await arrive(tx, number, (one, 2))
        assert await lies(tx, one) == {1: (4, 0), shop: (2, 0)}
        page = await queries.stock(tx, q="", product_id=None, low=None, cursor=None, limit=5)
        assert page.items[0].in_transit == 4
    with pytest.raises(TooManyArrived):
        async with db.merchant("demo") as tx:
            await arrive(tx, number, (one, 5))
    async with db.merchant("demo") as tx:
        await arrive(tx, number, (one, 3), last=True)
        found = await queries.transfer(tx, number)
        assert (found.state, found.left) == ("ended", 1)  # one piece is missing
        assert await lies(tx, one) == {1: (4, 0), shop: (5, 0)}
    with pytest.raises(TransferEnded):
        async with db.merchant("demo") as tx:
            await service.call_back(tx, STAFF, number)
    assert await breaches(db) == set()


async def test_called_back_twice_is_back_once(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        shop = await place(tx, "滨江店")
        number = await sent_off(tx, shop, (one, 6))
        await arrive(tx, number, (one, 1))
    for _ in range(2):
        async with db.merchant("demo") as tx:
            await service.call_back(tx, STAFF, number)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (9, 0), shop: (1, 0)}
    assert await breaches(db) == set()


async def test_what_orders_hold_does_not_travel(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 3)
        shop = await place(tx, "滨江店")
        await service.reserve(tx, "A", [(one, 2)], tx.now + HOUR)
    with pytest.raises(WouldCutReserved) as refused:
        async with db.merchant("demo") as tx:
            await sent_off(tx, shop, (one, 2))
    assert refused.value.details["most"] == 1


async def transfer_race(db: Db, sku_id: int, shop: int) -> Counter[str]:
    """One transfer; 16 say it arrived, 16 call it back, 32 buy, all at once."""
    async with db.merchant("demo") as tx:
        number = await sent_off(tx, shop, (sku_id, 5))

    async def come() -> None:
        async with db.merchant("demo") as tx:
            await arrive(tx, number, last=True)

    async def back() -> None:
        async with db.merchant("demo") as tx:
            await service.call_back(tx, STAFF, number)

    async def buy(n: int) -> None:
        async with db.merchant("demo") as tx:
            await service.reserve(tx, f"{number}-{n}", [(sku_id, 1)], tx.now + HOUR)

    return await at_once(
        *(call() for _ in range(16) for call in (come, back)), *(buy(n) for n in range(32))
    )


@pytest.mark.slow
async def test_arrival_races_call_back_and_orders_twenty_times(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1_000)
        shop = await place(tx, "滨江店")
    for _ in range(20):
        outcomes = await transfer_race(db, one, shop)
        assert set(outcomes) <= {"done", "inventory.transfer_ended"}
        async with db.merchant("demo") as tx:
            total = sum(have for have, _ in (await lies(tx, one)).values())
        assert total == 1_000  # every piece is in one of the two places
    assert await breaches(db) == set()


async def test_control_a_transfer_without_its_lock_arrives_twice_and_the_audit_sees_it(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the lines are not written, so each arrival finds everything still on its way."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        shop = await place(tx, "滨江店")
        number = await sent_off(tx, shop, (one, 2))
    async with db.merchant("demo") as tx:
        await arrive(tx, number, (one, 1))
        await tx.execute(text("UPDATE stock_transfer_line SET arrived = 0"))
    assert await breaches(db) == {"S4-transfers"}


async def counted(db: Db, number: str, *lines: tuple[int, int]) -> None:
    async with db.merchant("demo") as tx:
        wanted = [CountedInput(sku_id=sku_id, counted=many) for sku_id, many in lines]
        await service.count_pieces(tx, STAFF, number, wanted)


async def test_sales_and_parcels_during_a_count_do_no_harm(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 10), await stocked(tx, 5)
        await service.reserve(tx, "A", [(one, 2)], tx.now + HOUR)
        await service.convert(tx, "A")  # sold: on hand 8, and 2 still lie there
        number = await service.start_sheet(tx, STAFF, SheetInput(location_id=1))
        await service.reserve(tx, "B", [(one, 3)], tx.now + HOUR)
        await service.convert(tx, "B")
        await service.send(tx, "A", [(one, 2)], "staff:1")
    with pytest.raises(SheetExists):
        async with db.merchant("demo") as tx:
            await service.start_sheet(tx, STAFF, SheetInput(location_id=1))
    await counted(db, number, (one, 7), (two, 5))  # 8 should be there: 5 free, 3 sold
    async with db.merchant("demo") as tx:
        await service.send(tx, "B", [(one, 3)], "staff:1")
        sheet = await queries.sheet(tx, number)
        assert [(line.book, line.difference) for line in sheet.items] == [(8, -1), (5, 0)]
    for _ in range(2):  # posting twice books once
        async with db.merchant("demo") as tx:
            await service.post_sheet(tx, STAFF, number)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (4, 0)}
        assert await lies(tx, two) == {1: (5, 0)}
    with pytest.raises(SheetEnded):
        await counted(db, number, (one, 1))
    assert await breaches(db) <= {"A1-stock"}  # no verb of orders stands around these parcels


async def test_a_dropped_count_books_nothing(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        number = await service.start_sheet(tx, STAFF, SheetInput(location_id=1, sku_ids=[one]))
    await counted(db, number, (one, 3))
    for _ in range(2):
        async with db.merchant("demo") as tx:
            await service.drop_sheet(tx, STAFF, number)
    with pytest.raises(SheetEnded):
        async with db.merchant("demo") as tx:
            await service.post_sheet(tx, STAFF, number)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (10, 0)}
    assert await breaches(db) == set()


async def count_race(db: Db, sku_id: int) -> Counter[str]:
    """A count that is posted by 16 while 48 buy and pay."""
    async with db.merchant("demo") as tx:
        number = await service.start_sheet(tx, STAFF, SheetInput(location_id=1, sku_ids=[sku_id]))
        line = (await queries.sheet(tx, number)).items[0]
    await counted(db, number, (sku_id, line.book - 1))

    async def buy(n: int) -> None:
        async with db.merchant("demo") as tx:
            await service.reserve(tx, f"{number}-{n}", [(sku_id, 1)], tx.now + HOUR)
            await service.convert(tx, f"{number}-{n}")

    async def post() -> None:
        async with db.merchant("demo") as tx:
            await service.post_sheet(tx, STAFF, number)

    return await at_once(*(buy(n) for n in range(48)), *(post() for _ in range(16)))


@pytest.mark.slow
async def test_sales_race_the_posting_of_a_count_twenty_times(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 2_000)
    for turn in range(20):
        assert await count_race(db, one) == {"done": 64}
        async with db.merchant("demo") as tx:
            assert await lies(tx, one) == {1: (2_000 - 49 * (turn + 1), 0)}
    assert await breaches(db) == set()


async def test_control_a_count_that_sets_instead_of_changing_loses_sales(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: posting writes the number that was counted, as peers do."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        number = await service.start_sheet(tx, STAFF, SheetInput(location_id=1))
    await counted(db, number, (one, 9))
    async with db.merchant("demo") as tx:
        await service.reserve(tx, "A", [(one, 4)], tx.now + HOUR)
        await service.convert(tx, "A")

    async def overwrite(tx: Tx, changes: moving.Changes, *_: Any) -> None:
        wrong = [sku_id for sku_id, _ in changes]
        await tx.execute(
            text("UPDATE stock SET on_hand = 9 WHERE sku_id = ANY(:skus)"), {"skus": wrong}
        )

    monkeypatch.setattr(counting, "change", overwrite)
    async with db.merchant("demo") as tx:
        await service.post_sheet(tx, STAFF, number)
    assert await breaches(db) == {"S1-on-hand", "S6-counts"}


async def make_bundle(tx: Tx, sku_id: int, *parts: tuple[int, int]) -> None:
    wanted = [BundlePartIn(sku_id=part, quantity=many) for part, many in parts]
    await service.set_parts(tx, STAFF, sku_id, wanted)


async def test_a_bundle_is_as_free_as_its_scarcest_part_and_takes_all_parts(db: Db) -> None:
    async with db.merchant("demo") as tx:
        tea, cup, box = await stocked(tx, 7), await stocked(tx, 3), await stocked(tx, 0)
        await make_bundle(tx, box, (tea, 2), (cup, 1))
        assert await service.available(tx, [box, tea]) == {box: 3, tea: 7}
        await service.reserve(tx, "A", [(tea, 1), (box, 2)], tx.now + HOUR)
        assert await lies(tx, tea) == {1: (7, 5)}
        assert await lies(tx, cup) == {1: (3, 2)}
        assert await service.available(tx, [box]) == {box: 1}
        shown = await queries.stock(tx, q="", product_id=None, low=None, cursor=None, limit=9)
        (row,) = [one for one in shown.items if one.sku_id == box]
        assert [(part.sku_id, part.quantity, part.sellable) for part in row.parts] == [
            (tea, 2, 2),
            (cup, 1, 1),
        ]
    with pytest.raises(StockShort) as refused:
        async with db.merchant("demo") as tx:
            await service.reserve(tx, "B", [(box, 2)], tx.now + HOUR)
    assert (refused.value.sku_id, refused.value.available) == (box, 1)
    async with db.merchant("demo") as tx:
        await service.convert(tx, "A")
        await make_bundle(tx, box, (tea, 1))  # what was ordered keeps its parts
        await service.put_back(tx, "A", [(box, 1)], "AS")
        await service.send(tx, "A", [(box, 1), (tea, 1)], "system")
        assert await lies(tx, tea) == {1: (4, 0)}
        assert await lies(tx, cup) == {1: (2, 0)}
        await service.restock(tx, [(box, 1)], "AS-2", order_no="A")
        assert await lies(tx, tea) == {1: (6, 0)}
    assert await breaches(db) == set()


async def test_a_bundle_lies_on_no_shelf_and_in_no_bundle(db: Db) -> None:
    async with db.merchant("demo") as tx:
        tea, box, crate = await stocked(tx, 7), await stocked(tx, 0), await stocked(tx, 0)
        await make_bundle(tx, box, (tea, 2))
    for refusal, sku_id, part in (
        (BundleOfBundles, crate, box),
        (BundleOfBundles, tea, crate),
        (BundleStillHasStock, tea, box),
    ):
        with pytest.raises((refusal, BundleOfBundles)):
            async with db.merchant("demo") as tx:
                await make_bundle(tx, sku_id, (part, 1))
    with pytest.raises(BundleHasNoStock):
        async with db.merchant("demo") as tx:
            await service.adjust(tx, STAFF, box, 1, MovementReason.RECEIVED, "")
    async with db.merchant("demo") as tx:
        await make_bundle(tx, box)
        await service.adjust(tx, STAFF, box, 1, MovementReason.RECEIVED, "")
    with pytest.raises(BundleStillHasStock):
        async with db.merchant("demo") as tx:
            await make_bundle(tx, box, (tea, 1))
    assert await breaches(db) == set()


async def test_staff_hear_once_of_each_fall_under_the_line(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 6, name="龙井茶")
        await service.set_warning(tx, STAFF, one, 1, 5)
        assert await service.watch(tx) == 0
        await service.reserve(tx, "A", [(one, 1)], tx.now + HOUR)
        assert await service.watch(tx) == 1
        await service.reserve(tx, "B", [(one, 1)], tx.now + HOUR)
        assert await service.watch(tx) == 0  # each order says nothing new
        assert await service.running_low(tx) == 1
        page = await queries.stock(
            tx, q="", product_id=None, low=None, cursor=None, limit=5, warned=True
        )
        assert page.items[0].places[0].low_since is not None
        await service.release(tx, "A")
        await service.release(tx, "B")
        assert await service.watch(tx) == 0
        await service.reserve(tx, "C", [(one, 3)], tx.now + HOUR)
        assert await service.watch(tx) == 1  # a new fall
        await service.set_warning(tx, STAFF, one, 1, None)
        assert await service.running_low(tx) == 0
    async with db.merchant("demo") as tx:
        told = await tx.scalar(
            text("SELECT count(*) FROM platform.event WHERE name = 'inventory.stock_low'")
        )
    assert told == 2


async def test_transfers_and_counts_over_http(db: Db, staff_client: StaffClient) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
        shop = await place(tx, "滨江店")
    reader = await staff_client([Permission.GOODS_READ])
    writer = await staff_client([Permission.GOODS_READ, Permission.STOCK_WRITE])
    body = {"from_id": 1, "to_id": shop, "lines": [{"sku_id": one, "quantity": 4}]}
    path = "/api/console/stock-transfers"
    assert (await reader.post(path, json=body)).status_code == 403
    key = {"Idempotency-Key": "transfer-0001"}
    made = (await writer.post(path, json=body, headers=key)).json()
    assert (await writer.post(path, json=body, headers=key)).json() == made
    assert (made["state"], made["left"], made["to_name"]) == ("in_transit", 4, "滨江店")
    here = f"{path}/{made['transfer_no']}"
    part = {"lines": [{"sku_id": one, "quantity": 1}]}
    assert (await writer.post(f"{here}/arrive", json=part)).json()["left"] == 3
    assert (await writer.post(f"{here}/call-back")).json()["state"] == "called_back"
    listed = (await reader.get(path, params={"state": "called_back"})).json()["items"]
    assert [row["transfer_no"] for row in listed] == [made["transfer_no"]]
    counts = "/api/console/count-sheets"
    sheet = (await writer.post(counts, json={"location_id": 1})).json()
    lines = {"lines": [{"sku_id": one, "counted": 7}]}
    seen = (await writer.post(f"{counts}/{sheet['sheet_no']}/lines", json=lines)).json()
    assert (seen["items"][0]["difference"], seen["wrong"]) == (-1, 1)
    posted = (await writer.post(f"{counts}/{sheet['sheet_no']}/post")).json()
    assert posted["state"] == "posted"
    assert (await reader.get(counts)).json()["items"][0]["counted"] == 1
    assert (await reader.get(f"{counts}/C2026040100000000000")).status_code == 404
    assert (await reader.get(f"{path}?cursor=x")).status_code == 422


async def test_two_numbers_for_one_sku_are_refused_wherever_stock_is_told(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        one, box = await stocked(tx, 9), await stocked(tx, 0)
        shop = await place(tx, "滨江店")
        number = await sent_off(tx, shop, (one, 4))
    writer = await staff_client([Permission.GOODS_READ, Permission.STOCK_WRITE])
    sheet = (await writer.post("/api/console/count-sheets", json={"location_id": 1})).json()
    pieces = [{"sku_id": one, "quantity": 1}, {"sku_id": one, "quantity": 2}]
    count = [{"sku_id": one, "counted": 5}, {"sku_id": one, "counted": 6}]
    answers = [
        await writer.post(f"/api/console/stock-transfers/{number}/arrive", json={"lines": pieces}),
        await writer.post(
            f"/api/console/count-sheets/{sheet['sheet_no']}/lines", json={"lines": count}
        ),
        await writer.put(f"/api/console/stock/{box}/parts", json={"parts": pieces}),
    ]
    assert [(one.status_code, one.json()["error"]["field"]) for one in answers] == [
        (422, "lines.1.sku_id"),
        (422, "lines.1.sku_id"),
        (422, "parts.1.sku_id"),
    ]
    assert {one.json()["error"]["code"] for one in answers} == {"inventory.duplicate_sku"}
