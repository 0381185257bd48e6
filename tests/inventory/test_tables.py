"""Stock as a table: in and out, twice, together with orders, and taken back."""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, StaffClient
from tests.counting import statements
from tests.inventory.factories import place, stocked
from tests.inventory.test_flows import at_once, make_bundle
from tests.inventory.test_places import breaches, lies
from tiefen.inventory import queries, rules, service
from tiefen.inventory.errors import (
    StockColumnsMissing,
    StockFileEmpty,
    StockImportForgotten,
    StockImportKnown,
    StockImportMoved,
    StockShort,
)
from tiefen.inventory.schemas import StockImportDetail
from tiefen.inventory.service import table_work
from tiefen.inventory.values import ImportMode, LineFault, Lying, StockFault, StockField, StockLine
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.team.values import Permission

HOUR = timedelta(hours=1)
HEAD = ("规格编码", "商品", "仓库", "在库")
SET, ADD = ImportMode.SET, ImportMode.ADD


def sheet(*rows: Sequence[object], head: Sequence[str] = HEAD) -> bytes:
    """A CSV as people have it."""
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode()


async def coded(tx: Tx, pieces: int, code: str) -> int:
    """A SKU with the merchant's own number."""
    return await stocked(tx, pieces, skus=[{"price_fen": 1_990, "code": code}])


async def take(
    db: Db, drain: Drain, raw: bytes, mode: ImportMode = SET, reference: str = "", place_id: int = 1
) -> StockImportDetail:
    """A table taken in and tried out."""
    plan = service.TablePlan(mode, place_id, reference)
    made = await service.take_table(db, "demo", STAFF, io.BytesIO(raw), plan, file_name="stock.csv")
    await drain()
    return await look(db, made)


async def bring(
    db: Db, drain: Drain, raw: bytes, mode: ImportMode = SET, reference: str = ""
) -> StockImportDetail:
    """A table taken in, tried out and run."""
    made = await take(db, drain, raw, mode, reference)
    async with db.merchant("demo") as tx:
        await service.run_table(tx, STAFF, made.id)
    await drain()
    return await look(db, made.id)


async def undo(db: Db, drain: Drain, import_id: int) -> StockImportDetail:
    """An import taken back."""
    async with db.merchant("demo") as tx:
        await service.undo_table(tx, STAFF, import_id)
    await drain()
    return await look(db, import_id)


async def look(db: Db, import_id: int) -> StockImportDetail:
    async with db.merchant("demo") as tx:
        return await queries.one_import(tx, import_id)


async def exported(db: Db, mode: ImportMode = SET) -> list[list[str]]:
    """Stock as a table, all of it."""
    rows: list[list[object]] = [list(queries.stock_heading(mode))]
    after: tuple[int, int] | None = (0, 0)
    while after is not None:
        async with db.merchant("demo") as tx:
            lines, after = await queries.stock_page(tx, mode, after, None)
        rows += lines
    return [[str(cell) for cell in row] for row in rows]


def test_headings_of_ours_and_of_others_are_understood() -> None:
    ours = rules.columns(["规格编码", "商品", "仓库", "在库（件）", "导出时在库", "预警线"], SET)
    assert ours == {
        StockField.CODE: 0,
        StockField.LOCATION: 2,
        StockField.ON_HAND: 3,
        StockField.WAS: 4,
        StockField.WARN_AT: 5,
    }
    english = rules.columns(["SKU code", "Location", "Change", "On hand"], ADD)
    assert english == {StockField.CODE: 0, StockField.LOCATION: 1, StockField.CHANGE: 2}
    for heading, mode in ((["名称", "在库"], SET), (["规格编码", "在库"], ADD), ([], SET)):
        with pytest.raises(StockColumnsMissing):
            rules.columns(heading, mode)
    for mode in ImportMode:  # what we write, we read
        heading = queries.stock_heading(mode)
        assert StockField.LOCATION in rules.columns(heading, mode)


def test_a_line_says_what_it_says_or_all_that_is_wrong() -> None:
    at = rules.columns(["规格编码", "仓库", "在库", "安全库存", "预警线"], SET)
    assert rules.read_line(["'A-1", " 总仓", "1,200 件", "", "不提醒"], at, SET) == StockLine(
        "A-1", "总仓", 1200, None, None, -1
    )
    assert rules.read_line(["A", "", "１２.0"], at, SET) == StockLine("A", "", 12, None, None, None)
    assert rules.read_line(["", "", "1.5", "-1", "x"], at, SET) == [
        LineFault(StockFault.NUMBER),
        LineFault(StockFault.SAFETY),
        LineFault(StockFault.WARN_AT),
        LineFault(StockFault.CODE_MISSING),
    ]


pieces = st.integers(0, 1_000)


@given(st.sampled_from(ImportMode), st.integers(-1_000, 1_000), st.none() | pieces, pieces, pieces)
def test_no_line_takes_what_orders_hold(
    mode: ImportMode, number: int, was: int | None, reserved: int, free: int
) -> None:
    now = Lying(on_hand=reserved + free, reserved=reserved)
    change = rules.worth(mode, number, was, now)
    if isinstance(change, LineFault):
        assert change.fault in (StockFault.HELD, StockFault.BELOW_ZERO)
        return
    assert change >= 0 or now.on_hand + change >= reserved
    back = rules.take_back(change, now)
    assert back is None or back >= 0 or now.on_hand + back >= reserved


@given(pieces, pieces, st.integers(0, 1_000))
def test_what_was_sold_since_the_export_stays_sold(counted: int, was: int, sold: int) -> None:
    now = Lying(on_hand=max(was - sold, 0))
    change = rules.worth(SET, counted, was, now)
    assert change == counted - was or isinstance(change, LineFault)
    assert rules.worth(SET, was, was, now) == 0  # a line nobody edited


async def test_a_table_sets_stock_where_it_says_and_twice_changes_nothing(
    db: Db, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        one, two = await coded(tx, 5, "A-1"), await coded(tx, 0, "B-2")
        shop = await place(tx, "滨江店")
        bundle = await stocked(tx, 0)
        await make_bundle(tx, bundle, (one, 1))
    raw = sheet(
        ("A-1", "龙井", "", 12),
        ("B-2", "", "滨江店", 7),
        ("A-1", "", "总仓", 30),
        (f"#{bundle}", "", "", 3),
        ("X", "", "月球店", 3),
        ("B-2", "", "", "很多"),
        ("", "", "", ""),
        ("B-2", "", "", ""),
    )
    tried = await take(db, drain, raw, reference="期初")
    assert (tried.state, tried.lines) == ("checked", 7)
    assert (tried.changed, tried.same, tried.wrong) == (2, 1, 4)
    assert (tried.pieces_in, tried.pieces_out) == (14, 0)
    assert {one.line: one.faults for one in tried.faults} == {
        4: ["与第 2 行是同一规格同一仓库"],
        5: ["这是组合商品，请改它的组成商品"],
        6: ["没有这个规格编码", "没有这个仓库或门店，或已停用"],
        7: ["数量看不懂：要整数，最多 1 亿"],
    }
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (5, 0)}  # nothing yet
        await service.run_table(tx, STAFF, tried.id)
    await drain()
    done = await look(db, tried.id)
    assert (done.state, done.changed, done.wrong) == ("done", 2, 4)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (12, 0)}
        assert (await lies(tx, two))[shop] == (7, 0)
        history = await queries.movements(tx, two, cursor=None, limit=5, location_id=shop)
        (moved,) = history.items
        assert (moved.quantity, moved.reason, moved.reference) == (7, "counted", done.import_no)
        assert (moved.note, moved.actor) == ("期初", f"staff:{STAFF.id}")
    again = await take(db, drain, raw, reference="期初")
    assert again.known_as == done.import_no
    async with db.merchant("demo") as tx:
        with pytest.raises(StockImportKnown):
            await service.run_table(tx, STAFF, again.id)
    other = await bring(db, drain, raw, reference="第二次")  # another reference: done, and the same
    assert (other.state, other.changed, other.same) == ("done", 0, 3)
    assert await breaches(db) == set()


async def test_a_delivery_counts_once_and_is_taken_back_as_a_difference(
    db: Db, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        one, two = await coded(tx, 5, "A-1"), await coded(tx, 5, "B-2")
    raw = sheet(("A-1", 10), ("B-2", -3), ("C", 1), head=("SKU", "增减"))
    done = await bring(db, drain, raw, ADD, "DN-7")
    assert (done.changed, done.wrong, done.pieces_in, done.pieces_out) == (2, 1, 10, 3)
    again = await take(db, drain, raw, ADD, "DN-7")
    assert again.known_as == done.import_no
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (15, 0)}
        await service.reserve(tx, "A", [(one, 8), (two, 1)], tx.now + HOUR)
        await service.convert(tx, "A")  # of 15 now 7 are left: ten cannot go back
    back = await undo(db, drain, done.id)
    assert (back.state, back.undone, back.stuck) == ("undone", 1, 1)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (7, 0)}
        assert await lies(tx, two) == {1: (4, 0)}
        (newest, *_) = (await queries.movements(tx, two, cursor=None, limit=3)).items
        assert (newest.quantity, newest.reason) == (3, "lost")
        assert newest.reference == f"{done.import_no}-UNDO"
        with pytest.raises(StockImportMoved):
            await service.undo_table(tx, STAFF, done.id)
    assert (await take(db, drain, raw, ADD, "DN-7")).known_as is None  # it may come again
    assert await breaches(db) == set()


async def test_export_edit_import_keeps_what_was_sold_meanwhile(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        one, two = await coded(tx, 20, "A-1"), await stocked(tx, 9)
        shop = await place(tx, "滨江店", (one, 4))
        await service.set_safety(tx, STAFF, one, 1, 2)
        await service.set_warning(tx, STAFF, two, 1, 3)
    table = await exported(db)
    assert table == [
        queries.stock_heading(SET),
        ["A-1", "手工酸奶", table[1][2], "总仓", "20", "20", "0", "0", "2", ""],
        ["A-1", "手工酸奶", table[1][2], "滨江店", "4", "4", "0", "0", "0", ""],
        [f"#{two}", "手工酸奶", table[1][2], "总仓", "9", "9", "0", "0", "0", "3"],
    ]
    async with db.merchant("demo") as tx:
        await service.reserve(tx, "A", [(one, 6)], tx.now + HOUR)
        await service.convert(tx, "A")
    table[1][4], table[1][8], table[1][9] = "25", "5", "8"  # five more came; warn at eight
    table[3][9] = "不提醒"
    done = await bring(db, drain, sheet(*table[1:], head=table[0]))
    assert (done.changed, done.same, done.wrong) == (2, 1, 0)
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (19, 0), shop: (4, 0)}  # 20 - 6 + 5
        kept = await tx.rows("SELECT sku_id, warn_at FROM low_stock")
        assert [tuple(row) for row in kept] == [(one, 8)]
    back = await undo(db, drain, done.id)
    assert (back.undone, back.stuck) == (2, 0)
    async with db.merchant("demo") as tx:
        assert (await lies(tx, one))[1] == (14, 0)
        kept = await tx.rows("SELECT sku_id, warn_at FROM low_stock")
        assert [tuple(row) for row in kept] == [(two, 3)]
        assert await tx.scalar(text("SELECT max(safety) FROM stock")) == 2
    assert await breaches(db) == set()
    unedited = await bring(db, drain, sheet(*(await exported(db))[1:], head=table[0]))
    assert (unedited.changed, unedited.wrong) == (0, 0)


async def test_pieces_that_orders_hold_are_a_fault_of_their_line_alone(
    db: Db, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        one, two = await coded(tx, 10, "A-1"), await coded(tx, 10, "B-2")
    tried = await take(db, drain, sheet(("A-1", "", "", 2), ("B-2", "", "", 2)))
    assert tried.wrong == 0
    async with db.merchant("demo") as tx:
        await service.reserve(tx, "A", [(one, 4)], tx.now + HOUR)
        await service.run_table(tx, STAFF, tried.id)
    await drain()
    done = await look(db, tried.id)
    assert (done.changed, done.wrong) == (1, 1)
    assert done.faults[0].faults == ["未付款订单占着 4 件，不能更少"]
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (10, 4)}
        assert await lies(tx, two) == {1: (2, 0)}
    assert await breaches(db) == set()


async def race(db: Db, drain: Drain, sku_id: int) -> Mapping[str, Any]:
    """64 buyers, one piece each, while a table brings 40 pieces down to 24 of which none is spare.

    The buyers' holds are sold as they come. Says who got what, and what lies there in the end.
    """
    tried = await take(db, drain, sheet((f"#{sku_id}", "", "", 24)), reference="race")

    async def buy(number: int) -> None:
        async with db.merchant("demo") as tx:
            await service.reserve(tx, f"B{number}", [(sku_id, 1)], tx.now + HOUR)
        async with db.merchant("demo") as tx:
            await service.convert(tx, f"B{number}")

    async def bring_down() -> None:
        async with db.merchant("demo") as tx:
            await service.run_table(tx, STAFF, tried.id)
        await drain()

    told = await at_once(
        *(buy(n) for n in range(32)), bring_down(), *(buy(n) for n in range(32, 64))
    )
    async with db.merchant("demo") as tx:
        sold = -int(
            await tx.scalar(text("SELECT sum(quantity) FROM movement WHERE reason = 'sold'"))
        )
        (on_hand, reserved), *_ = (await lies(tx, sku_id)).values()
    done = await look(db, tried.id)
    return {
        "bugs": {name for name in told if name.startswith("bug")},
        "refused": told[StockShort.code],
        "sold": sold,
        "on_hand": on_hand,
        "reserved": reserved,
        "change": done.pieces_in - done.pieces_out,
        "breaches": await breaches(db),
    }


def balanced(seen: Mapping[str, Any]) -> bool:
    """No piece sold twice or lost, no buyer turned away or let in wrongly, the books in order."""
    return (
        not seen["bugs"]
        and not seen["breaches"]
        and seen["reserved"] == 0
        and seen["on_hand"] == 40 - seen["sold"] + seen["change"] >= 0
        and seen["sold"] + seen["refused"] == 64
    )


async def test_an_import_races_64_buyers_and_no_sale_is_lost(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 40)
    assert balanced(await race(db, drain, one))


@pytest.mark.parametrize("bug", ["reads_without_lock", "writes_what_it_read"])
async def test_control_an_import_that_looks_and_then_writes_is_caught(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    """Planted bugs: what lies there is read without its lock; the number itself is written."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 40)
    look_at, write = table_work._look, table_work._write

    async def slow_look(tx: Any, lines: Any, statement: str) -> Any:
        found = await look_at(tx, lines, table_work._LYING)
        if statement == table_work._HELD:
            async with db.merchant("demo") as other:
                await service.reserve(other, "quick", [(one, 1)], other.now + HOUR)
            async with db.merchant("demo") as other:
                await service.convert(other, "quick")
        return found

    async def blunt_write(
        tx: Any, row: Any, done: Any, lying: Any, changes: Any, **how: Any
    ) -> Any:
        await write(tx, row, done, lying, changes, **how)
        for line in done:
            await tx.rows(
                "UPDATE stock SET on_hand = $2 WHERE sku_id = $1", line.sku_id, line.number
            )

    monkeypatch.setattr(table_work, "_look", slow_look)
    if bug == "writes_what_it_read":
        monkeypatch.setattr(table_work, "_write", blunt_write)
    made = await bring(db, drain, sheet((f"#{one}", "", "", 24)))
    async with db.merchant("demo") as tx:
        (on_hand, _), *_ = (await lies(tx, one)).values()
    if bug == "writes_what_it_read":
        assert "S1-on-hand" in await breaches(db)  # the books say 23, the shelf 24
    else:
        assert (made.state, on_hand) == ("done", 23)  # 24 were to lie there: one sale was not seen


async def test_a_kill_in_the_middle_does_no_line_twice(
    db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_work, "DONE_AT_ONCE", 2)
    monkeypatch.setattr(table_work, "CHECKED_AT_ONCE", 3)
    async with db.merchant("demo") as tx:
        skus = [await stocked(tx, 1) for _ in range(5)]
    raw = sheet(*((f"#{sku}", 3) for sku in skus), head=("SKU", "增减"))
    tried = await take(db, drain, raw, ADD)
    assert (tried.state, tried.changed, tried.looked_at) == ("checked", 5, 5)
    async with db.merchant("demo") as tx:
        await service.run_table(tx, STAFF, tried.id)
    for after in (0, 0, 3, 0):  # the first step runs twice, and late: what is done is done
        async with db.merchant("demo") as tx:
            await service.step_table(tx, tried.id, "running", after)
    async with db.merchant("demo") as tx:
        await service.stop_table(tx, STAFF, tried.id)
    await drain()
    stopped = await look(db, tried.id)
    assert (stopped.state, stopped.looked_at) == ("stopped", 4)
    async with db.merchant("demo") as tx:
        await service.run_table(tx, STAFF, tried.id)
    await drain()
    done = await look(db, tried.id)
    assert (done.state, done.changed, done.pieces_in) == ("done", 5, 15)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT array_agg(DISTINCT on_hand) FROM stock")) == [4]
        steps = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'inventory.import_step'")
        )
    assert steps == 3
    assert await breaches(db) == set()


async def test_what_is_no_table_is_refused_and_leaves_nothing(
    db: Db, drain: Drain, travel: Travel
) -> None:
    for raw, refusal in (
        (sheet(), StockFileEmpty),
        (sheet(("A", 1), head=("名称", "在库")), StockColumnsMissing),
    ):
        with pytest.raises(refusal):
            await take(db, drain, raw)
    async with db.merchant("demo") as tx:
        one = await coded(tx, 1, "A-1")
        assert await queries.imports(tx) == []
    done = await bring(db, drain, sheet(("A-1", "", "", 5)))
    unrun = await take(db, drain, sheet(("A-1", "", "", 6)))
    travel.move(timedelta(days=31))
    async with db.merchant("demo") as tx:
        await service.forget_tables(tx)
        assert [kept.id for kept in await queries.imports(tx)] == [done.id]
        with pytest.raises(StockImportForgotten):
            await service.undo_table(tx, STAFF, done.id)
        assert await lies(tx, one) == {1: (5, 0)}
    assert unrun.state == "checked"


async def test_tables_over_http(db: Db, drain: Drain, staff_client: StaffClient) -> None:
    async with db.merchant("demo") as tx:
        await coded(tx, 5, "A-1")
    boss = await staff_client([Permission.STOCK_WRITE, Permission.GOODS_READ])
    raw = sheet(("A-1", "", "", 8), ("B", "", "", 1))
    form = {"mode": "set", "reference": "DN-1"}
    reply = await boss.post(
        "/api/console/stock-imports", files={"file": ("库存.csv", raw)}, data=form
    )
    assert reply.status_code == 201, reply.text
    address = f"/api/console/stock-imports/{reply.json()['id']}"
    assert reply.json()["state"] == "checking"
    await drain()
    found = (await boss.get(address)).json()
    assert (found["state"], found["changed"], found["wrong"]) == ("checked", 1, 1)
    assert found["changes"][0]["change"] == 3
    with statements(db) as seen:
        await boss.get(address)
    assert len(seen) < 14
    assert (await boss.post(f"{address}/run")).json()["state"] == "running"
    await drain()
    faults = (await boss.get(f"{address}/faults", headers={"Accept-Language": "en"})).text
    assert faults.splitlines()[1:] == ["B,,,1,3,no SKU has this code"]
    table = (await boss.get("/api/console/stock-export?form=csv")).text
    assert table.splitlines()[1].split(",")[4] == "8"
    assert (await boss.get("/api/console/stock-export")).content.startswith(b"PK")
    blank = (await boss.get("/api/console/stock-export?form=csv&mode=add")).text
    assert blank.splitlines()[0].endswith("仓库,增减,在库")
    assert (await boss.post(f"{address}/undo")).status_code == 200
    await drain()
    assert (await boss.get("/api/console/stock-imports")).json()[0]["state"] == "undone"
    reader = await staff_client([Permission.GOODS_READ])
    assert (await reader.post(f"{address}/run")).status_code == 403


async def test_what_runs_low_is_told_by_its_line_and_by_its_pace(
    db: Db, staff_client: StaffClient, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        fast, slow, drawn = [await stocked(tx, 100) for _ in range(3)]
        await service.set_warning(tx, STAFF, drawn, 1, 100)
        await service.watch(tx)
    travel.move(timedelta(days=40))
    async with db.merchant("demo") as tx:
        await service.reserve(tx, "A", [(fast, 90), (slow, 6)], tx.now + HOUR)
        await service.convert(tx, "A")
        await service.put_back(tx, "A", [(fast, 15)], "AS")
        await service.count_pace(tx)
        low = await queries.running_low_list(tx)
        # 75 in 30 days; 25 are left: 10 days. Six in 30 days: 470 days.
        assert [row.sku_id for row in low.items] == [drawn]
        await service.reserve(tx, "B", [(fast, 20)], tx.now + HOUR)
        await service.convert(tx, "B")
        await service.count_pace(tx)
        low = await queries.running_low_list(tx)
        assert [(row.sku_id, row.days_left) for row in low.items] == [(fast, 1), (drawn, None)]
        assert (low.items[0].sold, low.items[0].sold_days, low.items[0].to_order) == (95, 30, 90)
        assert low.items[1].under == ["总仓"]
        assert await service.running_low(tx) == 2
        page = await queries.stock(tx, q="", product_id=None, low=None, cursor=None, limit=5)
        assert [row.days_left for row in page.items] == [1, 470, None]
    boss = await staff_client([Permission.GOODS_READ, Permission.OVERVIEW_READ])
    assert (await boss.get("/api/console/stock-running-low")).json()["total"] == 2
    todos = {
        one["kind"]: one["count"]
        for one in (await boss.get("/api/console/overview")).json()["todos"]
    }
    assert todos == {"low_stock": 2}
    travel.move(timedelta(days=31))
    async with db.merchant("demo") as tx:
        await service.count_pace(tx)
        assert await service.running_low(tx) == 1  # what no longer sells does not run out


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.integers(1, 30))
def test_what_is_ordered_lasts_a_month(free: int, sold: int, days: int) -> None:
    more = rules.to_order(free, sold, days)
    left = rules.days_left(free + more, sold, days)
    assert left is not None
    assert left >= rules.PACE_DAYS or more == 0
    assert more == 0 or (rules.days_left(free + more - 1, sold, days) or 0) < rules.PACE_DAYS


async def test_two_imports_at_once_wait_for_each_other(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 5), await stocked(tx, 5)
    made = [
        await take(db, drain, sheet(*rows, head=("SKU", "增减")), ADD, f"DN-{n}")
        for n, rows in enumerate(
            ([(f"#{one}", 1), (f"#{two}", 1)], [(f"#{two}", 2), (f"#{one}", 2)])
        )
    ]

    async def run(import_id: int) -> None:
        async with db.merchant("demo") as tx:
            await service.run_table(tx, STAFF, import_id)
        async with db.merchant("demo") as tx:
            await service.step_table(tx, import_id, "running", 0)

    await asyncio.gather(*(run(each.id) for each in made))
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == await lies(tx, two) == {1: (8, 0)}
    assert await breaches(db) == set()
