"""Purchases made elsewhere: read line by line, counted once, undone whole, attached when a fan appears."""

import io
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, follower
from tests.fans.past_world import BOSS, HEADING, bring, sheet, state, take, undo
from tiefen.fans import queries, rules, service
from tiefen.fans.errors import PastColumnsWrong, PastFileEmpty, PastImportMoved
from tiefen.fans.models import Fan, PastCustomer, PastPart, PastPurchase
from tiefen.fans.service import past_work
from tiefen.fans.values import (
    Dates,
    Decimals,
    Dialect,
    FactKind,
    PastFault,
    PastField,
    PastLine,
    Stage,
    WrongLine,
)
from tiefen.kernel import audit, failpoints, sheets
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
COLUMNS = {
    PastField.NUMBER: 0, PastField.AT: 1, PastField.AMOUNT: 2, PastField.QUANTITY: 3,
    PastField.PHONE: 4, PastField.CUSTOMER: 5,
}  # fmt: skip
GOOD = ["A1", "2026-03-01 08:30:00", "19.90", "2", "13800000001", "c7"]


def _read(cells: list[str], **how: str) -> object:
    dialect = Dialect(Dates(how.get("dates", "ymd")), Decimals(how.get("decimals", "point")))
    return rules.read_past_line(2, cells, COLUMNS, dialect, NOW)


def _with(place: int, text: str) -> list[str]:
    return [text if n == place else cell for n, cell in enumerate(GOOD)]


@pytest.mark.parametrize(
    ("place", "cell", "fault"),
    [
        (0, "", PastFault.NUMBER_MISSING), (0, "x" * 65, PastFault.NUMBER_LONG),
        (1, "", PastFault.TIME_MISSING), (1, "yesterday", PastFault.TIME), (1, "2026-02-30", PastFault.TIME),
        (1, "2026-03-01 25:00", PastFault.TIME), (1, "1066-01-01", PastFault.TIME),
        (1, "2026-04-03", PastFault.TIME_AHEAD), (1, "03/01/2026", PastFault.TIME),
        (2, "", PastFault.AMOUNT_MISSING), (2, "19.999", PastFault.AMOUNT), (2, "1,99", PastFault.AMOUNT),
        (2, "12,34.00", PastFault.AMOUNT), (2, "-5.00", PastFault.AMOUNT_BELOW), (2, "¥-5", PastFault.AMOUNT_BELOW),
        (2, "1e3", PastFault.AMOUNT), (2, ".", PastFault.AMOUNT), (2, "9" * 13, PastFault.AMOUNT),
        (3, "1.5", PastFault.QUANTITY), (3, "-1", PastFault.QUANTITY), (3, "9999999", PastFault.QUANTITY),
        (5, "c" * 129, PastFault.CUSTOMER_LONG),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(place: int, cell: str, fault: PastFault) -> None:
    assert _read(_with(place, cell)) == WrongLine(2, (fault,))


@pytest.mark.parametrize(
    ("text", "fen", "decimals"),
    [
        ("19.9", 1990, "point"), ("￥1,234.50元", 123450, "point"), ("1234", 123400, "point"),
        ("1.234,50", 123450, "comma"), ("0", 0, "point"), ("-0.00", 0, "point"), ("12.3400", 1234, "point"),
        ("１９．９０", 1990, "point"), (".5", 50, "point"), ("'8.00", 800, "point"), ('="8.00"', 800, "point"),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, fen: int, decimals: str) -> None:
    line = _read(_with(2, text), decimals=decimals)
    assert isinstance(line, PastLine)
    assert line.amount_fen == fen


@pytest.mark.parametrize(
    ("text", "dates", "at"),
    [
        ("20260301", "ymd", "2026-03-01T04:00"), ("2026年3月1日 8:30", "ymd", "2026-03-01T00:30"),
        ("2026/3/1 08:30:15.5", "ymd", "2026-03-01T00:30:15"), ("2026-03-01T08:30:00Z", "ymd", "2026-03-01T08:30"),
        ("2026-03-01 08:30:00+02:00", "ymd", "2026-03-01T06:30"), ("01.03.2026", "dmy", "2026-03-01T04:00"),
        ("03/01/2026 00:10", "mdy", "2026-02-28T16:10"),
    ],
)  # fmt: skip
def test_moments_as_people_write_them(text: str, dates: str, at: str) -> None:
    line = _read(_with(1, text), dates=dates)
    assert isinstance(line, PastLine)
    assert line.at == datetime.fromisoformat(at).replace(tzinfo=UTC)


@given(
    st.integers(0, 10**9),
    st.sampled_from([("{:,}.{:02}", "point"), ("{}.{:02}", "point"), ("{},{:02} 元", "comma")]),
)
def test_an_amount_written_is_the_amount_read(fen: int, how: tuple[str, str]) -> None:
    line = _read(_with(2, how[0].format(*divmod(fen, 100))), decimals=how[1])
    assert isinstance(line, PastLine)
    assert line.amount_fen == fen


@given(st.lists(st.text(max_size=30), max_size=8))
def test_no_line_breaks_the_reader(cells: list[str]) -> None:
    assert rules.read_past_line(2, cells, COLUMNS, Dialect(), NOW).line == 2


def test_a_customer_is_told_by_the_first_key_there_is() -> None:
    line = _read(GOOD)
    assert isinstance(line, PastLine)
    assert (line.kind, line.key, line.phone) == (PastField.CUSTOMER, "c7", "13800000001")
    line = _read(_with(5, ""))
    assert isinstance(line, PastLine)
    assert (line.kind, line.key) == (PastField.PHONE, "13800000001")
    masked = _with(4, "138****0001")
    assert isinstance(_read(masked), PastLine), "another key is there"
    assert _read([*masked[:5], ""]) == WrongLine(2, (PastFault.PHONE,))
    assert _read([*GOOD[:4], "", ""]) == WrongLine(2, (PastFault.CUSTOMER_MISSING,))


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("订单号,买家付款时间,订单实付金额,商品数量,买家手机号", "number at amount quantity phone"),
        ("订单编号,支付时间,实付金额(元),商品件数,会员手机号,商品名称", "number at amount quantity phone product"),
        ("order_id,pay_time,pay_price,total_num,uid,user_phone", "number at amount quantity customer phone"),
        ("单号,日期,金额,openid", "number at amount openid"),
    ],
)  # fmt: skip
def test_columns_are_recognised(heading: str, found: str) -> None:
    guessed = rules.guess_columns(heading.split(","))
    assert sorted(guessed, key=guessed.__getitem__) == [PastField(one) for one in found.split()]


def test_columns_must_be_named_once_and_be_there() -> None:
    for wrong in (
        {PastField.NUMBER: 0, PastField.AT: 1, PastField.PHONE: 2},
        {PastField.NUMBER: 0, PastField.AT: 1, PastField.AMOUNT: 2},
        {PastField.NUMBER: 0, PastField.AT: 1, PastField.AMOUNT: 2, PastField.PHONE: 2},
        {PastField.NUMBER: 0, PastField.AT: 1, PastField.AMOUNT: 2, PastField.PHONE: 9},
    ):
        with pytest.raises(PastColumnsWrong):
            rules.check_columns(wrong, 4)


def test_a_large_table_is_read_as_a_small_one() -> None:
    rows = [["a", "茶"], [], ["b", '说"好"'], ["1", "2"]]
    for encoding in ("utf-8-sig", "gb18030"):
        raw = sheets.write_csv(rows, first=False).encode(encoding)
        assert list(sheets.stream(io.BytesIO(raw))) == sheets.read(raw)
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet().append(["a", 3.0, date(2026, 4, 1)])
    out = io.BytesIO()
    book.save(out)
    assert (
        list(sheets.stream(out))
        == sheets.read(out.getvalue())
        == [["a", "3", "2026-04-01 00:00:00"]]
    )
    for broken in (b"PKnothing", b"\0\1", b"\xff\xff"):
        with pytest.raises(sheets.NotASheet):
            list(sheets.stream(io.BytesIO(broken)))


# ── imports ──────────────────────────────────────────────────────────────────────────────────

ROWS = [
    ("A1", "2026-03-01 10:00", "10.00", 1, "o1"),
    ("A2", "2026-03-02", "20.50", 2, "o1"),
    ("A3", "2026-03-05", "5.00", 1, "o2"),
    ("A4", "2026-03-06", "7.00", 1, "stranger"),
]


async def test_purchases_count_for_fans_apart_from_orders(
    db: Db, drain: Drain, travel: Travel
) -> None:
    one = await follower(db, "o1", at=travel())
    done = await bring(db, drain, sheet([*ROWS, ("A5", "soon", "x", 1, "o1")]))
    assert (done.state, done.lines, done.good, done.added, done.wrong, done.of_fans) == (
        "done",
        5,
        4,
        4,
        1,
        2,
    )
    assert (done.amount_fen, done.first_on, done.last_on) == (
        4250,
        date(2026, 3, 1),
        date(2026, 3, 6),
    )
    assert done.faults == {"time": 1, "amount": 1}
    async with db.merchant("demo") as tx:
        fan = await tx.get_one(Fan, one)
        assert (fan.orders, fan.paid_fen, fan.past_orders, fan.past_fen) == (0, 0, 2, 3050)
        assert (fan.past_first_at, fan.past_last_at) == (
            datetime(2026, 3, 1, 2, tzinfo=UTC), datetime(2026, 3, 2, 4, tzinfo=UTC),
        )  # fmt: skip
        assert fan.stage is Stage.USER, "history is as good as received orders"
        rule = await service.read_rule(tx, {"did": "past_bought", "times": 2, "days": 60})
        assert list(await tx.scalars(await queries.fans_of(tx, rule))) == [one]
        assert await queries.waiting_customers(tx) == (2, 2)
        assert await service.rebuild_counters(tx) == 0
    assert await audit.run(db) == []


GOODS_HEADING = (*HEADING, "商品名称", "商品分类")


async def test_a_rule_asks_which_goods_were_bought_elsewhere(
    db: Db, drain: Drain, travel: Travel
) -> None:
    one, two = [await follower(db, name, at=travel()) for name in ("o1", "o2")]
    rows = [
        ("B1", "2026-03-01", "10.00", 1, "o1", "洁面乳; 面霜｜", "护肤"),
        ("B2", "2026-03-02", "10.00", 1, "o1", "面霜;面霜", "护肤 ; 礼盒"),
        ("B3", "2026-03-02", "10.00", 1, "o2", "面霜 ", ""),
        ("B4", "2026-03-03", "10.00", 1, "o2", "", "Fünf '茶' % _ :n"),
        ("B5", "2026-03-04", "10.00", 1, "stranger", "冻干咖啡", ""),
    ]

    async def buyers(*of: str, times: int = 1, days: int | None = None) -> list[int]:
        asked = {"did": "past_bought", "of": list(of), "times": times, "days": days}
        async with db.merchant("demo") as tx:
            rule = await service.read_rule(tx, asked)
            return sorted(await tx.scalars(await queries.fans_of(tx, rule)))

    done = await bring(db, drain, sheet(rows, GOODS_HEADING))
    assert (done.state, done.added) == ("done", 5)
    assert await buyers("product:面霜") == [one, two]
    assert await buyers("product:面霜", times=2) == [one], "once an order, however often in it"
    assert await buyers("product:面霜｜") == [], "a full-width bar parts goods too"
    assert await buyers("category:护肤", "category:礼盒", times=3) == [one]
    assert await buyers("category:Fünf '茶' % _ :n") == [two]
    assert await buyers("product:洁面乳", days=1) == []
    async with db.merchant("demo") as tx:
        known = {(at.subject, at.name) for at in await queries.topics_of(tx, FactKind.PAST_BOUGHT)}
        assert ("category:礼盒", "礼盒") in known
        assert not any(name == "冻干咖啡" for _, name in known), "nobody here bought it"
        late = await service.resolve(tx, APP, "stranger", at=travel.now)
    await drain()
    assert await buyers("product:冻干咖啡") == [late], "whoever appears brings their goods along"
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        await service.merge(tx, one, two, reason="test")
        assert await service.rebuild_counters(tx) == 0
    assert await audit.run(db) == []
    await undo(db, drain, done.id)
    assert await buyers("product:面霜") == [] == await buyers()
    assert await audit.run(db) == []


async def test_the_same_file_twice_adds_nothing_and_another_word_is_told(
    db: Db, drain: Drain, travel: Travel
) -> None:
    await bring(db, drain, sheet(ROWS))
    again = await bring(
        db, drain, sheet([*ROWS[:2], ("A3", "2026-03-05", "6.00", 1, "o2"), ROWS[3], ROWS[3]])
    )
    assert (again.added, again.known, again.wrong) == (0, 3, 2)
    assert again.faults == {"differs": 1, "repeated": 1}
    elsewhere = await bring(db, drain, sheet(ROWS), source="微盟")
    assert elsewhere.added == 4, "a number counts once in its source"
    assert await audit.run(db) == []


async def test_an_import_is_undone_whole_and_alone(db: Db, drain: Drain, travel: Travel) -> None:
    one = await follower(db, "o1", at=travel())
    first = await bring(db, drain, sheet(ROWS[:1]))
    second = await bring(db, drain, sheet(ROWS))
    assert (second.added, second.known) == (3, 1)
    undone = await undo(db, drain, second.id)
    assert undone.state == "undone"
    async with db.merchant("demo") as tx:
        fan = await tx.get_one(Fan, one)
        assert (fan.past_orders, fan.past_fen) == (1, 1000)
        assert (await tx.scalars(select(PastPurchase.number))).all() == ["A1"]
        assert len((await tx.scalars(select(PastCustomer.id))).all()) == 1
        assert (await tx.scalars(select(PastPart.part))).all() == []
    assert await audit.run(db) == []
    await undo(db, drain, first.id)
    async with db.merchant("demo") as tx:
        fan = await tx.get_one(Fan, one, populate_existing=True)
        assert (fan.past_orders, fan.past_last_at, fan.stage) == (0, None, Stage.FOLLOWER)
        with pytest.raises(PastImportMoved):
            await service.undo_past(tx, BOSS, first.id)
    assert await audit.run(db) == []
    assert (await bring(db, drain, sheet(ROWS))).added == 4


async def test_a_customer_becomes_the_fan_they_are_when_they_appear(
    db: Db, drain: Drain, travel: Travel
) -> None:
    heading = ("订单号", "付款时间", "实付金额", "客户编号", "手机号", "unionid", "openid")
    rows = [
        ("B1", "2026-03-01", "1.00", "k1", "13800000001", "", ""),
        ("B2", "2026-03-02", "2.00", "k2", "", "u2", ""),
        ("B3", "2026-03-03", "4.00", "k3", "", "", "o3"),
        ("B4", "2026-03-04", "8.00", "k4", "", "", ""),
    ]
    await bring(db, drain, sheet(rows, heading))
    async with db.merchant("demo") as tx:
        by_phone = await service.resolve(tx, APP, "x1", at=travel())
        await service.edit_profile(tx, by_phone, {"phone": "13800000001"})
        by_union = await service.resolve(tx, APP, "x2", "u2", at=travel())
        by_openid = await service.resolve(tx, APP, "o3", at=travel())
    await drain()
    async with db.merchant("demo") as tx:
        found = await tx.execute(select(Fan.id, Fan.past_fen))
        assert {row.id: row.past_fen for row in found} == {
            by_phone: 100,
            by_union: 200,
            by_openid: 400,
        }
        assert await queries.waiting_customers(tx) == (1, 1)
    more = [("C4", "2026-03-09", "16.00", "k4", "", "", "o3")]  # now we learn who k4 is
    await bring(db, drain, sheet(more, heading))
    async with db.merchant("demo") as tx:
        fan = await tx.get_one(Fan, by_openid)
        assert (fan.past_orders, fan.past_fen) == (3, 2800)
    assert await audit.run(db) == []


async def test_a_phone_two_people_have_tells_nobody_apart(
    db: Db, drain: Drain, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        for openid in ("x1", "x2"):
            fan_id = await service.resolve(tx, APP, openid, at=travel())
            await service.edit_profile(tx, fan_id, {"phone": "13800000001"})
    heading = ("订单号", "付款时间", "实付金额", "手机号")
    done = await bring(db, drain, sheet([("B1", "2026-03-01", "1.00", "13800000001")], heading))
    assert (done.added, done.of_fans) == (1, 0)
    async with db.merchant("demo") as tx:  # once one of them is the other, it does
        await service.merge(tx, *(await tx.scalars(select(Fan.id))).all(), reason="test")
        assert await service.sweep_past(tx, 0) is None
        assert sorted((await tx.scalars(select(Fan.past_fen))).all()) == [0, 100]
    assert await audit.run(db) == []


async def test_history_follows_a_join_and_its_undoing(db: Db, drain: Drain, travel: Travel) -> None:
    ids = [await follower(db, openid, at=travel()) for openid in ("o1", "o2")]
    done = await bring(db, drain, sheet(ROWS))
    async with db.merchant("demo") as tx:
        await service.join(tx, BOSS, ids[0], ids[1], "同一个人")
    assert await audit.run(db) == []
    travel.move(timedelta(minutes=1))
    async with db.merchant("demo") as tx:
        assert (await tx.get_one(Fan, ids[0])).past_fen == 3550
        (found,) = await queries.merges(tx, ids)
        await service.part(tx, BOSS, found.id, "不是")
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        assert [(await tx.get_one(Fan, one)).past_fen for one in ids] == [3050, 500]
    travel.move(timedelta(minutes=1))
    async with db.merchant("demo") as tx:
        await service.merge(tx, *ids, reason="test")
    travel.move(timedelta(minutes=1))
    await undo(db, drain, done.id)
    assert await audit.run(db) == []


async def test_a_kill_repeats_nothing(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiefen.fans.service.past.PART", 7)
    await follower(db, "o1", at=travel())
    rows = [(f"K{n}", "2026-03-01", "1.00", 1, f"o{n % 3}") for n in range(30)]
    import_id = await take(db, drain, sheet(rows))
    async with db.merchant("demo") as tx:
        await service.run_past(tx, BOSS, import_id)
    for _ in range(2):
        row = await state(db, import_id)
        monkeypatch.setattr(failpoints, "_armed", {"fans.past.part": ("raise", 1)})
        monkeypatch.setattr(failpoints, "_passes", type(failpoints._passes)())
        with pytest.raises(failpoints.Failpoint):
            async with db.merchant("demo") as tx:
                await service.past_step(tx, import_id, row.part)
        monkeypatch.setattr(failpoints, "_armed", {})
        async with db.merchant("demo") as tx:
            await service.past_step(tx, import_id, row.part)
        async with db.merchant("demo") as tx:
            await service.past_step(tx, import_id, row.part)  # a job that comes late
    async with db.merchant("demo") as tx:
        stopped = await service.stop_past(tx, BOSS, import_id)
        assert (stopped.state, stopped.added) == ("stopped", 14)
    await drain()
    assert (await state(db, import_id)).added == 14
    async with db.merchant("demo") as tx:
        await service.run_past(tx, BOSS, import_id)
    await drain()
    done = await state(db, import_id)
    assert (done.state, done.added, done.wrong, done.looked_at) == ("done", 30, 0, 30)
    assert await audit.run(db) == []


async def test_the_planted_bugs_are_seen(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgets(*_: object, **__: object) -> list[int]:
        return []

    await follower(db, "o1", at=travel())
    done = await bring(db, drain, sheet(ROWS))
    assert await audit.run(db) == []
    monkeypatch.setattr(past_work, "settle", forgets)
    await undo(db, drain, done.id)  # nothing is counted when purchases go
    seen = {one.invariant for one in await audit.run(db)}
    assert {"F4.facts", "F7.days", "F11.past"} <= seen
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE fan_past_import SET state = 'done', known = 9"))
    assert "F12.past_import" in {one.invariant for one in await audit.run(db)}


# ── through the door ─────────────────────────────────────────────────────────────────────────


async def test_a_file_goes_through_the_console(
    db: Db, drain: Drain, travel: Travel, staff_client: StaffClient
) -> None:
    fan_id = await follower(db, "o1", at=travel())
    client = await staff_client(["fans.read", "fans.write"])
    reader = await staff_client(["fans.read"])
    raw = sheet([*ROWS, ("A5", "?", "1.999", 1, "13800000001")])
    path = "/api/console/purchase-imports"
    assert (await reader.post(path, files={"file": ("a.csv", raw)})).status_code == 403
    made = (await client.post(path, files={"file": ("a.csv", raw)})).json()
    assert (made["state"], made["lines"], made["columns"]["openid"]) == ("ready", 5, 4)
    assert made["sample"][4][4] == "138****0001", "who maps columns need not see phones"
    one = f"{path}/{made['id']}"
    columns = {name: place for place, name in enumerate(["number", "at", "amount", "quantity"])}
    refused = await client.post(f"{one}/check", json={"source": "有赞", "columns": columns})
    assert refused.json()["error"]["field"] == "columns.customer"
    mapping = {"source": "有赞", "columns": columns | {"openid": 4}}
    assert (await client.post(f"{one}/check", json=mapping)).json()["state"] == "checking"
    await drain()
    tried = (await reader.get(one)).json()
    assert (tried["state"], tried["good"], tried["wrong"], tried["of_fans"]) == ("checked", 4, 1, 2)
    assert (await client.get(f"/api/console/fans/{fan_id}")).json()["past_orders"] == 0
    wrong = (await client.get(f"{one}/faults")).text.splitlines()
    assert wrong[0].removeprefix("\ufeff") == ",".join([*HEADING, "行号", "问题"])
    assert wrong[1].startswith("A5,?,1.999,1,13800000001,6,时间读不懂")
    assert (await client.post(f"{one}/run")).json()["state"] == "running"
    await drain()
    listed = (await reader.get(path)).json()
    assert (listed["imports"][0]["state"], listed["waiting_customers"], listed["sources"]) == (
        "done",
        2,
        ["有赞"],
    )
    assert (await client.get(f"{one}/faults")).text.splitlines()[1:] == wrong[1:]
    fan = (await reader.get(f"/api/console/fans/{fan_id}")).json()
    assert (fan["past_orders"], fan["past_fen"], fan["orders"]) == (2, 3050, 0)
    lines = f"/api/console/fans/{fan_id}/timeline"
    kinds: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (
            await reader.get(lines, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        kinds += [line["kind"] for line in page["items"]]
        cursor = page["next"]
    assert kinds[-4:] == ["followed", "joined", "past_purchase", "past_purchase"]
    alone = (await reader.get(lines, params={"kind": "past_purchase"})).json()["items"]
    assert [(one["data"]["number"], one["amount_fen"]) for one in alone] == [
        ("A2", 2050),
        ("A1", 1000),
    ]
    assert (await client.post(f"{one}/undo")).json()["state"] == "undoing"
    await drain()
    assert (await client.get(one)).json()["state"] == "undone"
    assert (await client.post(path, files={"file": ("b.csv", b"a,b\n")})).json()["error"][
        "code"
    ] == PastFileEmpty.code
    assert len((await client.get(path)).json()["imports"]) == 1, "nothing is kept of it"


async def test_a_person_who_is_erased_leaves_numbers_alone(
    db: Db, drain: Drain, travel: Travel
) -> None:
    heading = ("订单号", "付款时间", "实付金额", "客户编号", "手机号", "openid", "备注")
    one = await follower(db, "o1", at=travel())
    await bring(
        db,
        drain,
        sheet([("B1", "2026-03-01", "1.00", "王小明", "13800000001", "o1", "送到三楼")], heading),
    )
    async with db.merchant("demo") as tx:
        await service.ask_erase(tx, one, by=BOSS, reason="本人要求")
    travel.move(timedelta(days=8))
    await drain()
    async with db.merchant("demo") as tx:
        customer = (await tx.scalars(select(PastCustomer))).one()
        assert (customer.fan_id, customer.code, customer.openid, customer.phone) == (
            one,
            None,
            None,
            None,
        )
        assert customer.blind.startswith("erased:")
        purchase = (await tx.scalars(select(PastPurchase))).one()
        assert (purchase.note, purchase.amount_fen) == ("", 100)
    assert [one for one in await audit.run(db) if one.invariant.startswith("F")] == []


async def test_files_nobody_runs_are_forgotten(db: Db, drain: Drain, travel: Travel) -> None:
    left = await take(db, drain, sheet(ROWS))
    done = await bring(db, drain, sheet([*ROWS, ("A9", "", "", 1, "")]))
    for days, kept in ((8, {done.id}), (24, set())):
        travel.move(timedelta(days=days))
        async with db.merchant("demo") as tx:
            await service.forget_past(tx)
            assert set((await tx.scalars(select(PastPart.import_id))).all()) == kept
    assert left != done.id
