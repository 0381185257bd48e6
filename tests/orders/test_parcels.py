"""Parcels: from locations, by table, put right, told to 小程序, printed, and asked for."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import place, stocked
from tests.inventory.test_places import lies
from tests.orders import factories as make
from tests.orders.test_races import at_once, breaches
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.inventory.schemas import BundlePartIn
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders import rules, service
from tiefen.orders.errors import BadTracking, UrgedAlready
from tiefen.orders.schemas import ParcelEdit, ParcelIn, ParcelTableOut, PieceIn
from tiefen.orders.service import printing
from tiefen.orders.values import COURIERS, OrderStatus
from tiefen.payments import service as payments
from tiefen.payments.values import PaidBy
from tiefen.team.values import Permission
from tiefen.wechat import service as wechat_service
from tiefen.wechat.errors import ApiError, WeChatAway
from tiefen.wechat.values import PayClientKind, ShippingNotice

HEAD = ["订单号", "快递公司", "运单号"]


async def sent(db: Db, order_no: str, number: str, **more: Any) -> None:
    async with db.merchant("demo") as tx:
        wanted = ParcelIn.model_validate(
            {"courier": "SF", "tracking_no": number, "lines": [], **more}
        )
        await service.ship(tx, STAFF, order_no, wanted)


async def table(db: Db, rows: list[list[str]], *, dry: bool) -> ParcelTableOut:
    async with db.merchant("demo") as tx:
        return await service.ship_table(tx, STAFF, [HEAD, *rows], dry=dry)


async def test_part_of_a_line_leaves_from_another_location_and_the_rest_later(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
        shop = await place(tx, "滨江店", (one, 2))
    _, order_no = await make.paid(db, wechat, drain, (one, 3))
    (line,) = (await make.order(db, order_no)).lines
    assert [(u.location_name, u.quantity) for u in (await make.order(db, order_no)).unsent] == [
        ("总仓", 3)
    ]
    piece = PieceIn(line_id=line.id, quantity=2).model_dump()
    await sent(db, order_no, "SF10000001", location_id=shop, lines=[piece])
    async with db.merchant("demo") as tx:
        assert await lies(tx, one) == {1: (4, 0), shop: (0, 0)}
    await sent(db, order_no, "SF10000002")
    found = await make.order(db, order_no)
    assert found.status is OrderStatus.SHIPPED
    assert [(p.courier_code, p.courier, p.location_id) for p in found.parcels] == [
        ("SF", "顺丰速运", shop),
        ("SF", "顺丰速运", 1),
    ]
    assert await breaches(db) == []


async def test_a_bundle_is_sent_and_taken_back_by_its_parts(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        tea, box = await stocked(tx, 6), await stocked(tx, 0)
        await inventory.set_parts(tx, STAFF, box, [BundlePartIn(sku_id=tea, quantity=2)])
    fan_id, order_no = await make.paid(db, wechat, drain, (box, 2))
    (line,) = (await make.order(db, order_no)).lines
    await make.ship(db, order_no, (line.id, 1))
    asked = await make.ask(db, fan_id, order_no, (line.id, 1))
    await make.approve(db, asked.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        assert await lies(tx, tea) == {1: (4, 0)}
    assert await breaches(db) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("SF", "SF"),
        ("顺丰", "SF"),
        ("中通", "ZTO"),
        ("邮政 EMS", "EMS"),
        ("闪送", None),
        ("", None),
    ],
)
def test_couriers_are_known_by_code_and_name(said: str, code: str | None) -> None:
    found = rules.courier_of(said)
    assert (found.code if found else None) == code


def test_every_courier_finds_itself() -> None:
    assert all(rules.courier_of(one.name) == one == rules.courier_of(one.code) for one in COURIERS)


async def test_a_number_of_another_courier_is_refused_and_a_wrong_one_put_right(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    _, order_no = await make.paid(db, wechat, drain, (one, 1))
    with pytest.raises(BadTracking):
        await sent(db, order_no, "SF10000001", courier="中通")
    await sent(db, order_no, "SF10000001")
    (parcel,) = (await make.order(db, order_no)).parcels
    async with db.merchant("demo") as tx:
        right = ParcelEdit(courier="京东", tracking_no="JD0001112223")
        await service.edit_parcel(tx, STAFF, order_no, parcel.id, right)
    (parcel,) = (await make.order(db, order_no)).parcels
    assert (parcel.courier_code, parcel.tracking_no) == ("JD", "JD0001112223")
    assert await breaches(db) == []


async def test_a_table_is_tried_then_sent_and_may_come_twice(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    _, first = await make.paid(db, wechat, drain, (one, 1))
    _, second = await make.paid(db, wechat, drain, (one, 2))
    _, unpaid = await make.placed(db, (one, 1))
    rows = [
        [first, "顺丰", "SF20000001"],
        [second, "中通", "SF20000002"],
        [unpaid, "中通", "75001112223"],
        ["O2026040100000000000", "中通", "75001112224"],
        ["", "", ""],
        [second, "中通", "75001112225"],
    ]
    tried = await table(db, rows, dry=True)
    states = ["ready", "wrong", "wrong", "wrong", "ready"]
    assert [line.state for line in tried.lines] == states
    assert (await make.order(db, first)).status is OrderStatus.PAID
    done = await table(db, rows, dry=False)
    assert [line.state for line in done.lines] == [
        state.replace("ready", "shipped") for state in states
    ]
    assert "顺丰" in done.lines[1].message
    assert (done.good, done.wrong) == (2, 3)
    again = await table(db, rows, dry=False)
    assert (again.good, again.already, again.wrong) == (0, 2, 3)
    assert (await make.order(db, first)).status is OrderStatus.SHIPPED
    assert await breaches(db) == []


async def test_the_same_table_twice_at_once_sends_each_order_once(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 40)
    numbers = [(await make.paid(db, wechat, drain, (one, 1)))[1] for _ in range(4)]
    rows = [[number, "顺丰", f"SF3000000{n}"] for n, number in enumerate(numbers)]
    outcomes = await at_once(*(table(db, rows, dry=False) for _ in range(6)))
    assert outcomes == {"done": 6}
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM parcel")) == 4
    assert await breaches(db) == []


class Platform:
    """小程序 as it answers uploads."""

    def __init__(self) -> None:
        self.told: list[ShippingNotice] = []
        self.answer: Exception | None = None

    async def upload(self, db: Db, merchant: str, notice: ShippingNotice) -> None:
        if self.answer is not None:
            answer, self.answer = self.answer, None
            raise answer
        self.told.append(notice)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Orders are paid in the 小程序, which listens."""
    made = Platform()

    async def paid_parts(tx: Any, order_no: str) -> list[PaidBy]:
        return [PaidBy(f"T{order_no}", PayClientKind.MINI, "wxmini", "o-mini")]

    monkeypatch.setattr(payments, "paid_parts", paid_parts)
    monkeypatch.setattr(wechat_service, "upload_shipping", made.upload)
    return made


async def test_the_platform_hears_of_each_parcel_once_and_of_the_last(
    db: Db, drain: Drain, wechat: FakeWeChat, platform: Platform
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    _, order_no = await make.paid(db, wechat, drain, (one, 3))
    (line,) = (await make.order(db, order_no)).lines
    piece = PieceIn(line_id=line.id, quantity=1).model_dump()
    await sent(db, order_no, "SF10000001", lines=[piece])
    await drain()
    await sent(db, order_no, "SF10000002")
    await drain()
    first, last = platform.told
    assert (first.whole, first.last, [i.tracking_no for i in first.items]) == (
        False, False, ["SF10000001"],
    )  # fmt: skip
    assert (last.whole, last.last, [i.tracking_no for i in last.items]) == (
        False, True, ["SF10000002"],
    )  # fmt: skip
    assert first.items[0].courier_code == "SF"
    assert re.search(r"\*+1234$", first.items[0].phone)
    upload = (await make.order(db, order_no)).upload
    assert upload is not None
    assert upload.state == "done"


async def test_an_upload_is_tried_again_and_a_refusal_is_shown(
    db: Db, drain: Drain, wechat: FakeWeChat, platform: Platform, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    _, order_no = await make.paid(db, wechat, drain, (one, 1))
    platform.answer = WeChatAway()
    await sent(db, order_no, "SF10000001")
    await drain()
    assert platform.told == []
    travel.move(timedelta(hours=1))
    await drain()
    assert [notice.whole for notice in platform.told] == [True]
    refused = ApiError(errcode=10060003, errmsg="re-ship used")
    refused.errcode, refused.errmsg = 10060003, "re-ship used"
    platform.answer = refused
    (parcel,) = (await make.order(db, order_no)).parcels
    async with db.merchant("demo") as tx:
        right = ParcelEdit(courier="SF", tracking_no="SF10000009")
        await service.edit_parcel(tx, STAFF, order_no, parcel.id, right)
    await drain()
    upload = (await make.order(db, order_no)).upload
    assert upload is not None
    assert (upload.state, upload.error) == ("failed", "re-ship used (10060003)")


async def test_a_fan_asks_once_a_day_and_staff_see_who_waits(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 1))

    async def ask() -> None:
        async with db.merchant("demo") as tx:
            await service.urge(tx, fan_id, order_no)

    assert await at_once(*(ask() for _ in range(8))) == {"done": 1, "orders.urged_already": 7}
    travel.move(timedelta(hours=23))
    with pytest.raises(UrgedAlready):
        await ask()
    travel.move(timedelta(hours=26))
    await ask()
    found = await make.order(db, order_no)
    assert found.overdue
    assert found.urged_at is not None


async def test_a_picking_list_fetches_a_bundle_by_its_parts(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.merchant("demo") as tx:
        tea, honey = await stocked(tx, 20, name="龙井茶"), await stocked(tx, 20, name="土蜂蜜")
        box = await stocked(tx, 0, name="茶蜜礼盒")
        parts = [BundlePartIn(sku_id=tea, quantity=2), BundlePartIn(sku_id=honey, quantity=1)]
        await inventory.set_parts(tx, STAFF, box, parts)
    _, one = await make.paid(db, wechat, drain, (box, 2), (tea, 3))
    _, gone = await make.paid(db, wechat, drain, (tea, 5))
    await sent(db, gone, "SF10000001")
    drawn: list[Any] = []

    def draw(*told: Any) -> bytes:
        drawn.append(told)
        return b""

    monkeypatch.setattr(printing, "_draw_picking", draw)
    async with db.merchant("demo") as tx:
        await service.picking_list(tx, [one, gone])
    ((shelves, orders),) = drawn
    ((_, fetched),) = shelves
    assert sorted((title.split()[0], many) for title, many in fetched) == [
        ("土蜂蜜", 2),
        ("龙井茶", 7),
    ]
    ((number, _, goods),) = orders
    assert number == one
    assert sorted((title.split()[0], many, parts.count("×")) for title, many, parts in goods) == [
        ("茶蜜礼盒", 2, 2),
        ("龙井茶", 3, 0),
    ]


async def test_paper_and_tables_over_http(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, name="龙井茶")
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    reader = await staff_client([Permission.ORDERS_READ])
    shipper = await staff_client([Permission.ORDERS_READ, Permission.ORDERS_SHIP])
    for kind in ("picking-list", "labels"):
        path = f"/api/console/parcels/{kind}"
        assert (await reader.post(path, json={"order_nos": [order_no]})).status_code == 403
        answer = await shipper.post(path, json={"order_nos": [order_no]})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")
        assert len(answer.content) > 2_000
    async with db.merchant("demo") as tx:
        noted = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'orders.print_label'")
        )
        assert noted == 1
    fan = await fan_client(fan_id)
    assert (await fan.post(f"/api/shop/orders/{order_no}/urge")).json()["can"]["urge"] is False
    assert (await fan.post(f"/api/shop/orders/{order_no}/urge")).status_code == 429
    waiting = await reader.get("/api/console/orders", params={"waiting_longest": True})
    assert [row["order_no"] for row in waiting.json()["items"]] == [order_no]
    csv = f"订单号,快递公司,运单号\n{order_no},顺丰,SF40000001\n".encode()
    files = {"file": ("parcels.csv", io.BytesIO(csv), "text/csv")}
    path = "/api/console/parcels/table"
    tried = (await shipper.post(path, files=files)).json()
    assert (tried["dry"], tried["good"]) == (True, 1)
    files = {"file": ("parcels.csv", io.BytesIO(csv), "text/csv")}
    done = (await shipper.post(path, params={"dry": False}, files=files)).json()
    assert done["lines"][0]["state"] == "shipped"
    bad = {"file": ("x.csv", io.BytesIO(b"a,b\n1,2\n"), "text/csv")}
    assert (await shipper.post(path, files=bad)).json()["error"]["code"] == "orders.bad_table"
    parcel = (await shipper.get(f"/api/console/orders/{order_no}")).json()["parcels"][0]
    right = {"courier": "顺丰", "tracking_no": "SF40000002"}
    here = f"/api/console/orders/{order_no}/parcels"
    edited = await shipper.put(f"{here}/{parcel['id']}", json=right)
    assert edited.json()["parcels"][0]["tracking_no"] == "SF40000002"
    assert (await shipper.put(f"{here}/999999", json=right)).status_code == 404
    assert any(row["code"] == "SF" for row in (await reader.get("/api/console/couriers")).json())
