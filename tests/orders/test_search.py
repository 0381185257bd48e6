"""How staff find orders: by everything that is known of them, and each page from the newest on."""

import itertools
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import Drain, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tiefen.kernel import personal
from tiefen.kernel.crypto import blind_key
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.personal import Person
from tiefen.kernel.text import bare_name, words
from tiefen.orders import queries, service
from tiefen.orders.models import Order
from tiefen.orders.queries import OrderFilter, search
from tiefen.orders.schemas import AddressIn
from tiefen.orders.service import finding
from tiefen.orders.values import OrderStatus
from tiefen.team.values import Permission

TEA, CAKE, CUP = "龙井茶叶", "中秋月饼", "青瓷茶杯"


async def world(db: Db) -> list[Order]:
    """Twelve orders of three goods, three receivers and four buyers; all of them as rows."""
    async with db.merchant("demo") as tx:
        goods = [await stocked(tx, 99, name=name) for name in (TEA, CAKE, CUP)]
        buyers = [await make.fan(tx) for _ in range(4)]
        for fan_id, name in zip(buyers, ("林小满", "欧阳 娜娜", "林小满", "Ann Li"), strict=True):
            home = make.HOME.model_dump() | {"name": name, "phone": f"1390000000{fan_id % 10}"}
            await service.add_address(tx, fan_id, AddressIn(**home))
            await tx.rows("UPDATE fan SET nickname = $2 WHERE id = $1", fan_id, f"茶友{name[:2]}")
            grams = sorted({f"茶友{name[:2]}"[i : i + 2] for i in range(3)})
            await tx.rows("UPDATE fan SET grams = $2 WHERE id = $1", fan_id, grams)
    for n in range(12):
        lines = [(goods[n % 3], 1)] + ([(goods[2], 2)] if n % 4 == 0 and n % 3 != 2 else [])
        await make.placed(db, *lines, fan_id=buyers[n % 4])
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE orders SET status = 'closed' WHERE id % 5 = 0"))
        await tx.execute(
            text(
                "UPDATE orders SET placed_at = placed_at - id * interval '1 hour' WHERE id % 2 = 0"
            )
        )
        await tx.execute(
            text(
                "UPDATE order_name n SET placed_at = o.placed_at FROM orders o WHERE o.id = n.order_id"
            )
        )
        return await everything(tx)


async def everything(tx: Tx) -> list[Order]:
    """All orders, newest first."""
    rows = await tx.execute(text("SELECT id FROM orders ORDER BY placed_at DESC, id DESC"))
    found = {one.id: one for one in [await tx.get_one(Order, row.id) for row in rows]}
    return list(found.values())


async def paged(db: Db, wanted: OrderFilter, limit: int) -> list[str]:
    """All pages."""
    numbers: list[str] = []
    cursor: str | None = None
    for _ in range(20):
        async with db.merchant("demo") as tx:
            page = await queries.console_orders(tx, wanted, cursor=cursor, limit=limit)
        numbers += [row.order_no for row in page.items]
        cursor = page.next
        if cursor is None:
            return numbers
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(("looked_at", "few"), [(1, 0), (3, 40), (3, 0), (10_000, 40)])
async def test_every_search_finds_what_reading_all_orders_finds(
    db: Db, monkeypatch: pytest.MonkeyPatch, looked_at: int, few: int
) -> None:
    orders = await world(db)
    monkeypatch.setattr(search, "LOOKED_AT", looked_at)
    monkeypatch.setattr(search, "FEW_NAMES", few)
    middle = orders[5].placed_at
    filters: list[dict[str, Any]] = [
        {},
        {"status": OrderStatus.CLOSED},
        {"placed_from": middle},
        {"placed_until": middle, "status": OrderStatus.UNPAID},
        {"fan_id": orders[0].fan_id},
    ]
    for (q, narrowed), limit in zip(
        itertools.product(("茶", "月饼", "龙井 茶杯", "杯", "月饼 龙井", "木兰"), filters),
        itertools.cycle((1, 2, 5)),
        strict=False,
    ):
        wanted = OrderFilter(q=q, **narrowed)
        naive = [
            one.order_no
            for one in orders
            if all(word in one.folded for word in words(q))
            and (wanted.status is None or one.status is wanted.status)
            and (wanted.placed_from is None or one.placed_at >= wanted.placed_from)
            and (wanted.placed_until is None or one.placed_at < wanted.placed_until)
            and (wanted.fan_id is None or one.fan_id == wanted.fan_id)
        ]
        assert await paged(db, wanted, limit) == naive, (q, narrowed, limit)


async def test_people_phones_and_parcels_find_their_orders(
    db: Db, drain: Drain, wechat: Any, staff_client: StaffClient
) -> None:
    orders = await world(db)
    called = {one.order_no: one.receiver_value.name for one in orders}

    async def found(q: str) -> list[str]:
        return await paged(db, OrderFilter(q=q), 4)

    assert await found("林小满") == [no for no, name in called.items() if name == "林小满"]
    assert await found("欧阳娜娜") == [no for no, name in called.items() if name == "欧阳 娜娜"]
    assert await found("ＡＮＮ li") == [no for no, name in called.items() if name == "Ann Li"]
    assert await found("林小") == [no for no, name in called.items() if name == "林小满"]  # the fan
    assert await found("小满") == []  # no part of a receiver's name finds anything
    fan_id = orders[0].fan_id
    assert await found(f"1390000000{fan_id % 10}") == [
        one.order_no for one in orders if one.fan_id == fan_id
    ]
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, name="山核桃")
    _, sent = await make.paid(db, wechat, drain, (one, 1))
    await make.ship(db, sent)
    async with db.merchant("demo") as tx:
        number = await tx.scalar(text("SELECT tracking_no FROM parcel"))
    assert await found(number.lower()) == [sent]
    assert await found(number[2:]) == []
    clerk = await staff_client([Permission.ORDERS_READ])
    reply = await clerk.get("/api/console/order-search")
    assert reply.json() == {"waits": False, "total": 0, "done": 0}


async def test_orders_from_before_are_filled_in_and_a_kill_loses_a_step_at_most(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = await world(db)
    monkeypatch.setattr(finding, "FILLED_AT_ONCE", 5)
    erased = orders[3]
    async with db.merchant("demo") as tx:
        names = [tuple(row) for row in await tx.rows("SELECT key, order_id FROM order_name")]
        keys = dict(await tx.rows("SELECT id, receiver_key FROM orders"))
        for statement in (
            "DELETE FROM order_name",
            "DELETE FROM sold_name",
            "UPDATE orders SET receiver_key = NULL",
            f"UPDATE orders SET phone_blind = '' WHERE id = {erased.id}",
            "INSERT INTO order_search_fill (id) VALUES (1)",
        ):
            await tx.execute(text(statement))
    async with db.merchant("demo") as tx:
        await service.begin_fill(tx)
        await service.fill_step(tx, None)
        await service.fill_step(tx, None)  # twice, or late: it is done
        filled = await queries.search_fill(tx)
        assert (filled.waits, filled.total, filled.done) == (True, 12, 5)
    await drain()
    async with db.merchant("demo") as tx:
        assert (await queries.search_fill(tx)).model_dump() == {
            "waits": False,
            "total": 12,
            "done": 12,
        }
        again = [tuple(row) for row in await tx.rows("SELECT key, order_id FROM order_name")]
        assert sorted(again) == sorted(names)
        now = dict(await tx.rows("SELECT id, receiver_key FROM orders"))
        assert now == keys | {erased.id: None}
    assert erased.order_no not in await paged(db, OrderFilter(q="林小满"), 50)


async def test_an_erased_buyer_is_found_by_no_name(db: Db) -> None:
    orders = await world(db)
    (holding,) = [one for one in personal.holdings() if one.table == "orders"]
    async with db.merchant("demo") as tx:
        await personal.erase(tx, holding, Person((orders[0].fan_id,), ()))
        left = await tx.rows(
            "SELECT id FROM orders WHERE fan_id = $1 AND receiver_key IS NOT NULL", orders[0].fan_id
        )
        assert left == []


async def test_a_name_is_hashed_whole_with_a_key_of_its_merchant_and_its_purpose(db: Db) -> None:
    assert bare_name(" 欧阳·娜娜 ") == bare_name("欧阳娜娜")
    made = set()
    for merchant in ("demo", "other"):
        async with db.merchant(merchant):
            made |= {blind_key(purpose, "林小满") for purpose in ("orders.receiver", "another")}
    assert len(made) == 4
    assert all(-(2**63) <= key < 2**63 for key in made)
