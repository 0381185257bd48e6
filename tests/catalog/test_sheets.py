"""Goods as tables: read, tried out, worked off, once whatever is sent how often."""

import io
import zipfile
from typing import Any

import httpx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.catalog.factories import product
from tests.conftest import Drain, StaffClient
from tiefen.catalog import rules, service
from tiefen.catalog.errors import ColumnsMissing
from tiefen.catalog.models import Product
from tiefen.catalog.schemas import CategoryInput
from tiefen.catalog.values import ProductRole
from tiefen.kernel import audit, sheets
from tiefen.kernel.db import Db
from tiefen.kernel.money import yuan_cell
from tiefen.team.values import Permission

WRITE = [Permission.GOODS_READ, Permission.GOODS_WRITE, Permission.GOODS_COST]
HEAD = [
    "商品编码*",
    "商品名称",
    "分类",
    "角色",
    "规格名1",
    "规格值1",
    "规格编码",
    "售价（元）",
    "成本价",
    "重量(克)",
]
TABLE = [
    HEAD,
    ["T-1", "龙井", "茶/绿茶", "复购品", "规格", "50克", "T-1-50", "128", "52.5", "50"],
    ["T-1", "", "", "", "规格", "100克", "T-1-100", "238.00", "99", "100"],
    ["T-2", "白茶饼", "茶", "", "", "", "", "¥98", "", ""],
]


def xlsx(table: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(table: list[list[str]]) -> bytes:
    return sheets.write_csv(table).encode()


async def check(staff: httpx.AsyncClient, raw: bytes, name: str = "a.csv") -> dict[str, Any]:
    answer = await staff.post("/api/console/goods-imports", files={"file": (name, raw)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def run(staff: httpx.AsyncClient, drain: Drain, raw: bytes) -> dict[str, Any]:
    tried = await check(staff, raw)
    path = f"/api/console/goods-imports/{tried['id']}"
    assert (await staff.post(f"{path}/run")).status_code == 200
    await drain()
    return dict((await staff.get(path)).json())


async def categories(db: Db) -> None:
    async with db.merchant("demo") as tx:
        tea = await service.create_category(tx, CategoryInput(name="茶"))
        await service.create_category(tx, CategoryInput(name="绿茶", parent_id=tea.id))


async def test_a_table_becomes_goods_and_says_so_before(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    await categories(db)
    staff = await staff_client(WRITE)
    tried = await check(staff, xlsx(TABLE), "goods.xlsx")
    assert (tried["state"], tried["lines"], tried["products"], tried["wrong"]) == (
        "checked",
        3,
        2,
        0,
    )
    assert (await staff.get("/api/console/products")).json()["items"] == []
    done = await run(staff, drain, xlsx(TABLE))
    assert (done["state"], done["done"], done["created"]) == ("done", 2, 2)
    rows = (await staff.get("/api/console/products?q=龙井")).json()["items"]
    made = (await staff.get(f"/api/console/products/{rows[0]['id']}")).json()
    assert (made["code"], made["role"], made["status"]) == ("T-1", "repeat", "draft")
    assert [
        (sku["code"], sku["price_fen"], sku["cost_fen"], sku["weight_g"]) for sku in made["skus"]
    ] == [
        ("T-1-50", 12_800, 5_250, 50),
        ("T-1-100", 23_800, 9_900, 100),
    ]
    assert await audit.run(db) == []


async def test_the_same_table_twice_changes_nothing_the_second_time(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    await categories(db)
    staff = await staff_client(WRITE)
    await run(staff, drain, as_csv(TABLE))
    async with db.merchant("demo") as tx:
        before = {one.code: (one.id, one.version) for one in await tx.scalars(_all())}
    again = await run(staff, drain, as_csv(TABLE))
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    async with db.merchant("demo") as tx:
        assert {one.code: (one.id, one.version) for one in await tx.scalars(_all())} == before


async def test_what_is_exported_can_be_changed_and_imported(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        nameless = await product(tx, name="没有编码", skus=[{"price_fen": 500, "cost_fen": 100}])
    staff = await staff_client(WRITE)
    raw = (await staff.get("/api/console/goods-export?form=xlsx")).content
    table = sheets.read(raw)
    assert table[1][0] == f"#{nameless.id}"
    assert (await run(staff, drain, raw))["unchanged"] == 1
    table[1][table[0].index("售价")] = "6.66"
    done = await run(staff, drain, as_csv(table))
    assert (done["updated"], done["created"]) == (1, 0)
    made = (await staff.get(f"/api/console/products/{nameless.id}")).json()
    assert (made["skus"][0]["price_fen"], made["code"]) == (666, "")
    csv = await staff.get("/api/console/goods-export?form=csv")
    assert sheets.read(csv.content)[1][table[0].index("售价")] == "6.66"
    template = sheets.read((await staff.get("/api/console/goods-export?template=true")).content)
    assert (await check(staff, as_csv(template)))["wrong"] == 0


async def test_wrong_lines_are_named_left_out_and_come_back_as_a_file(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    await categories(db)
    async with db.merchant("demo") as tx:
        await product(tx, code="OLD", skus=[{"price_fen": 1, "code": "OLD-1"}])
    bad = [
        ["T-3", "坏价格", "茶", "", "", "", "", "十元", "", ""],
        ["T-4", "没有分类", "咖啡", "", "", "", "", "1", "", ""],
        ["T-5", "编码被占", "", "", "", "", "OLD-1", "1", "", ""],
        ["T-6", "两行一样", "", "", "口味", "甜", "", "1", "", ""],
        ["T-6", "", "", "", "口味", "甜", "", "2", "", ""],
        ["", "没有编码", "", "", "", "", "", "1", "", ""],
        ["#999", "没有这个商品", "", "", "", "", "", "1", "", ""],
    ]
    staff = await staff_client(WRITE)
    done = await run(staff, drain, as_csv([*TABLE, *bad]))
    assert (done["created"], done["wrong"], done["products"]) == (2, 7, 2)
    said = {one["line"]: "；".join(one["faults"]) for one in done["faults"]}
    assert "售价“十元”不是金额" in said[5]
    assert "没有分类“咖啡”" in said[6]
    assert "OLD" in said[7]
    assert "与第 8 行是同一个规格" in said[9]
    assert "缺少商品编码" in said[10]
    assert "没有商品“#999”" in said[11]
    file = sheets.read((await staff.get(f"/api/console/goods-imports/{done['id']}/faults")).content)
    assert file[0] == [*HEAD, "行号", "问题"]
    assert file[1][:2] == ["T-3", "坏价格"]
    assert file[1][-2:] == ["5", said[5]]
    # mended, the same file goes in: columns that are not ours are passed over
    mended = [file[0], [*file[1][:7], "10", *file[1][8:]]]
    assert (await run(staff, drain, as_csv(mended)))["created"] == 1


async def test_without_the_right_a_table_changes_no_cost(db: Db, staff_client: StaffClient) -> None:
    await categories(db)
    staff = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    tried = await check(staff, as_csv(TABLE))
    assert "没有修改成本价的权限" in tried["faults"][0]["faults"][0]
    head = sheets.read((await staff.get("/api/console/goods-export")).content)[0]
    assert "成本价" not in head


async def test_an_import_runs_once_and_can_be_stopped(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    many = [HEAD, *([f"M-{at}", f"茶 {at}", "", "", "", "", "", "1", "", ""] for at in range(120))]
    staff = await staff_client(WRITE)
    tried = await check(staff, as_csv(many))
    path = f"/api/console/goods-imports/{tried['id']}"
    await staff.post(f"{path}/run")
    assert (await staff.post(f"{path}/run")).json()["error"]["code"] == "catalog.import_over"
    async with db.merchant("demo") as tx:
        await service.import_batch(tx, tried["id"])
    assert (await staff.post(f"{path}/stop")).json()["done"] == 50
    await drain()
    assert (await staff.get(path)).json()["state"] == "stopped"
    await staff.post(f"{path}/run")
    await drain()
    done = (await staff.get(path)).json()
    assert (done["state"], done["done"], done["created"]) == ("done", 120, 120)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"PK\x03\x04 broken", "sheets.not_a_sheet"),
        (b"\x00\x01binary", "sheets.not_a_sheet"),
        (b"", "catalog.columns_missing"),
        ("名字,价格\n茶,1".encode(), "catalog.columns_missing"),
        (("商品编码,售价\n" + "A,1\n" * 20_005).encode(), "sheets.too_long"),
    ],
)
async def test_what_is_no_table_of_goods_is_refused(
    staff_client: StaffClient, raw: bytes, code: str
) -> None:
    staff = await staff_client(WRITE)
    answer = await staff.post("/api/console/goods-imports", files={"file": ("a.xlsx", raw)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_folded_bomb_is_not_unfolded() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        for part in range(3):
            bomb.writestr(f"xl/{part}.xml", b"0" * 80_000_000)
    with pytest.raises(sheets.SheetTooLong):
        sheets.read(out.getvalue())


def test_chinese_windows_files_are_read() -> None:
    assert sheets.read("商品编码,售价\n茶-1,1\n".encode("gb18030")) == [
        ["商品编码", "售价"],
        ["茶-1", "1"],
    ]


@given(st.integers(0, 10_000_000_000))
def test_money_survives_a_table_to_the_fen(fen: int) -> None:
    heading = rules.columns(["商品编码", "售价"])
    assert rules.line(2, heading, ["A", yuan_cell(fen)]).cells["price_fen"] == fen


@given(
    st.lists(st.text(max_size=8), max_size=6),
    st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=5),
)
def test_any_text_is_read_or_named(heading: list[str], rows: list[list[str]]) -> None:
    """Whatever stands in a file, nothing breaks: it is a value, a fault, or a refused heading."""
    columns = (
        rules.columns([*heading, "商品编码", "售价"])
        if not {"商品编码", "售价"} & set(heading)
        else None
    )
    places = rules.Places({}, {})
    for number, row in enumerate(rows):
        if columns:
            one = rules.line(number, columns, row)
            rules.merge(None, [one], places)


def test_a_heading_named_twice_is_refused() -> None:
    with pytest.raises(ColumnsMissing):
        rules.columns(["商品编码", "售价", "售价"])
    assert (
        rules.line(2, rules.columns(["code", "price_fen", "角色"]), ["A", "1", "复购品"]).cells[
            "role"
        ]
        is ProductRole.REPEAT
    )


def _all() -> Any:
    return select(Product).where(Product.code != "")
