"""A visitor's cart, buying again, the merchant's own questions, invoices and reminders."""

import asyncio
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import APP_ID, FakeWeChat
from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.kernel.checkdigits import is_credit_code, is_id_number
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.orders import queries, rules, service
from tiefen.orders.errors import CartFull, ExtendedBefore, InvoiceIssued, TooManyAddresses
from tiefen.orders.schemas import FormFieldIn, InvoiceIn
from tiefen.orders.values import CartState, FieldKind, InvoiceState, OrderStatus, TitleKind
from tiefen.team.values import Permission
from tiefen.wechat import service as wechat_service
from tiefen.wechat.models import OutgoingMessage
from tiefen.wechat.values import AccountKind

ID_NUMBER = "11010519491231002X"
CREDIT_CODE = "91350100M000100Y43"
COMPANY = InvoiceIn(
    kind=TitleKind.COMPANY, title="铁粉科技", tax_no=CREDIT_CODE, email="money@example.com"
)


def test_check_digits_find_a_wrong_sign() -> None:
    assert is_id_number(ID_NUMBER)
    assert is_credit_code(CREDIT_CODE)
    for place in range(18):
        for number, right in ((ID_NUMBER, is_id_number), (CREDIT_CODE, is_credit_code)):
            other = "2" if number[place] != "2" else "3"
            assert not right(number[:place] + other + number[place + 1 :]), (number, place)
    assert not is_id_number("110105194902310021")  # no such day


async def test_a_visitors_cart_joins_once_and_says_what_is_gone(
    db: Db, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        kept, other = await stocked(tx, 9), await stocked(tx, 9)
        gone = await stocked(tx, 9)
        product = (await catalog.skus(tx, [gone]))[gone].product_id
        await catalog.shelve(tx, STAFF, product, on=False)
        await service.add_to_cart(tx, fan_id, kept, 5)
    buyer = await fan_client(fan_id)
    lines = [{"sku_id": sku, "quantity": 2} for sku in (kept, other, gone)]
    for _ in range(2):  # a lost answer is no reason for twice as many pieces
        merged = (await buyer.post("/api/shop/cart/merge", json={"lines": lines})).json()
        assert {row["sku_id"]: row["quantity"] for row in merged["items"]} == {kept: 5, other: 2}
        assert [(one["sku_id"], one["why"]) for one in merged["left_out"]] == [(gone, "gone")]


async def test_of_two_records_of_one_person_the_larger_number_holds(db: Db) -> None:
    async with db.merchant("demo") as tx:
        sku_id, earlier, later = await stocked(tx, 9), await make.fan(tx), await make.fan(tx)
        await service.fill_cart(tx, earlier, [(sku_id, 5)])
        await fans.merge(tx, later, earlier, reason="同一个人")
    async with db.merchant("demo") as tx:
        await service.fill_cart(tx, later, [(sku_id, 2)])
        assert [row.quantity for row in (await queries.cart(tx, later)).items] == [5]


async def test_a_cart_is_mended_with_one_tap(db: Db, fan_client: FanClient) -> None:
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        short, gone = await stocked(tx, 2), await stocked(tx, 9)
        await service.fill_cart(tx, fan_id, [(short, 6), (gone, 1)])
        product = (await catalog.skus(tx, [gone]))[gone].product_id
        await catalog.shelve(tx, STAFF, product, on=False)
        states = {row.sku_id: row.state for row in (await queries.cart(tx, fan_id)).items}
        assert states == {short: CartState.SHORT, gone: CartState.GONE}
    mended = (await (await fan_client(fan_id)).post("/api/shop/cart/mend")).json()
    rows = [(row["sku_id"], row["quantity"], row["state"]) for row in mended["items"]]
    assert rows == [(short, 2, "ok")]


async def test_an_old_order_is_bought_again_less_what_is_not_sold_any_more(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        here, gone = await stocked(tx, 9), await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (here, 2), (gone, 1))
    async with db.merchant("demo") as tx:
        product = (await catalog.skus(tx, [gone]))[gone].product_id
        await catalog.shelve(tx, STAFF, product, on=False)
        stranger = await make.fan(tx)
    again = (await (await fan_client(fan_id)).post(f"/api/shop/orders/{order_no}/again")).json()
    assert [(row["sku_id"], row["quantity"]) for row in again["items"]] == [(here, 2)]
    assert [(one["product_name"], one["why"]) for one in again["left_out"]] == [
        ("手工酸奶", "gone")
    ]
    other = await fan_client(stranger)
    assert (await other.post(f"/api/shop/orders/{order_no}/again")).status_code == 404


async def test_answers_are_asked_checked_sealed_and_masked(
    db: Db, fan_client: FanClient, staff_client: StaffClient
) -> None:
    """The merchant asks of every order and of one product; a wrong answer is named by its field."""
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        sku_id, plain = await stocked(tx, 9), await stocked(tx, 9)
        product_id = (await catalog.skus(tx, [sku_id]))[sku_id].product_id
    staff = await staff_client(
        [Permission.ORDERS_READ, Permission.ORDERS_SHIP, Permission.SETTINGS_WRITE]
    )
    choice = {"label": "甜度", "kind": "choice", "options": ["无糖", "少糖"]}
    assert (await staff.post("/api/console/form-fields", json=choice)).status_code == 201
    wanted = {"label": "身份证号", "kind": "id_number", "product_id": product_id}
    made = (await staff.post("/api/console/form-fields", json=wanted)).json()
    sweet, number = made[0]["id"], made[1]["id"]
    buyer = await fan_client(fan_id)
    asked = (
        await buyer.post("/api/shop/checkout/fields", json={"product_ids": [product_id]})
    ).json()
    assert [one["label"] for one in asked] == ["甜度", "身份证号"]
    async with db.merchant("demo") as tx:
        form = await make.form(tx, fan_id, (sku_id, 1))
        other = await make.form(tx, fan_id, (plain, 1))

    async def order(key: str, **answers: str) -> tuple[int, str, str]:
        body = form.model_dump(mode="json") | {
            "answers": [{"field_id": int(one[1:]), "value": said} for one, said in answers.items()]
        }
        reply = await buyer.post("/api/shop/orders", json=body, headers={"Idempotency-Key": key})
        said = reply.json()
        if reply.status_code == 201:
            return 201, "", str(said["order_no"])
        return reply.status_code, said["error"]["code"], str(said["error"]["field"])

    good = {f"f{sweet}": "少糖", f"f{number}": ID_NUMBER}
    missing = await order("answers-none", **{f"f{sweet}": "少糖"})
    assert missing == (422, "orders.answer_missing", f"answers.{number}")
    wrong = await order("answers-choice", **{**good, f"f{sweet}": "全糖"})
    assert wrong == (422, "orders.answer_wrong", f"answers.{sweet}")
    wrong = await order("answers-digit", **{**good, f"f{number}": ID_NUMBER[:-1] + "1"})
    assert wrong == (422, "orders.answer_wrong", f"answers.{number}")
    status, _, order_no = await order("answers-good", **good)
    assert status == 201
    seen = (await staff.get(f"/api/console/orders/{order_no}/paperwork")).json()["answers"]
    assert [one["value"] for one in seen] == ["少糖", "110***********002X"]
    clear = (await staff.post(f"/api/console/orders/{order_no}/answers")).json()
    assert clear[1]["value"] == ID_NUMBER
    async with db.merchant("demo") as tx:
        stored = (await tx.execute(text("SELECT value FROM order_answer"))).scalars().all()
        assert not any(ID_NUMBER in str(one) or "少糖" in str(one) for one in stored)
    body = other.model_dump(mode="json")
    reply = await buyer.post(
        "/api/shop/orders", json=body, headers={"Idempotency-Key": "plain-goods"}
    )
    assert (
        reply.json()["error"]["field"] == f"answers.{sweet}"
    )  # the shop's question, not the product's


async def test_an_invoice_from_the_request_to_the_red_letter(
    db: Db, wechat: FakeWeChat, drain: Drain, fan_client: FanClient, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    buyer = await fan_client(fan_id)
    path = f"/api/shop/orders/{order_no}/invoice"
    wrong = COMPANY.model_dump(mode="json") | {"tax_no": CREDIT_CODE[:-1] + "9"}
    for language, words in (("zh", "税号不正确"), ("en", "The tax number is not right")):
        refused = await buyer.put(path, json=wrong, headers={"Accept-Language": language})
        assert refused.status_code == 422
        (told,) = refused.json()["error"]["fields"]
        assert told["field"] == "tax_no"
        assert told["message"].startswith(words)
    nameless = COMPANY.model_dump(mode="json") | {"title": "  "}
    (told,) = (await buyer.put(path, json=nameless)).json()["error"]["fields"]
    assert told == {"field": "title", "message": "太短了，至少 1 个字"}
    asked = (await buyer.put(path, json=COMPANY.model_dump(mode="json"))).json()
    assert (asked["invoice"]["state"], asked["can_invoice"]) == ("requested", True)
    staff = await staff_client([Permission.MONEY_READ, Permission.ORDERS_REFUND])
    (row,) = (await staff.get("/api/console/invoices?state=requested")).json()["items"]
    assert (row["order_no"], row["payable_fen"], row["email"]) == (
        order_no,
        3_980,
        "m****@example.com",
    )
    issue = f"/api/console/invoices/{row['id']}/issue"
    not_pdf = {"file": ("a.pdf", b"hello")}
    assert (await staff.post(issue, data={"number": "2544"}, files=not_pdf)).status_code == 422
    pdf = {"file": ("a.pdf", b"%PDF-1.7 an invoice")}
    assert (await staff.post(issue, data={"number": "2544"}, files=pdf)).status_code == 200
    assert (await staff.post(issue, data={"number": "2545"})).status_code == 409
    assert (await buyer.get(f"{path}-file")).content == b"%PDF-1.7 an invoice"
    async with db.merchant("demo") as tx:
        stranger = await make.fan(tx)
        with pytest.raises(InvoiceIssued):
            await service.request_invoice(tx, fan_id, order_no, COMPANY)
    assert (await (await fan_client(stranger)).get(f"{path}-file")).status_code == 404
    line = (await make.order(db, order_no)).lines[0]
    asked_back = await make.ask(db, fan_id, order_no, (line.id, 1))
    async with db.merchant("demo") as tx:
        preview = await service.preview(tx, asked_back.after_sale_no)
    assert "红冲 ¥19.90" in str(preview)
    await make.approve(db, asked_back.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        await service.refund_settled(tx, f"{asked_back.after_sale_no}-1", success=True)
    async with db.merchant("demo") as tx:
        (red,) = (await queries.invoices(tx, state=InvoiceState.RED, cursor=None, limit=9)).items
    assert (red.red_fen, red.amount_fen) == (1_990, 3_980)
    reverse = f"/api/console/invoices/{red.id}/reverse"
    assert (await staff.post(reverse, json={"number": "2546"})).status_code == 200
    (again,) = (await staff.get("/api/console/invoices")).json()["items"]
    assert (again["state"], again["red_number"]) == ("issued", "2546")
    taken = await staff.get("/api/console/invoices-export")
    sheet = load_workbook(io.BytesIO(taken.content)).active
    (line,) = sheet.iter_rows(min_row=2)
    said = [cell.value for cell in line]
    assert (said[1], said[6], said[5], said[7]) == ("企业", "已开票", 19.9, 39.8)
    assert line[11].is_date


@pytest.mark.usefixtures("account")
async def test_an_unpaid_order_is_reminded_of_once_and_not_who_asked_for_quiet(
    db: Db, drain: Drain, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    _, order_no = await make.placed(db, (sku_id, 1))
    quiet, _ = await make.placed(db, (sku_id, 1))
    async with db.merchant("demo") as tx:
        await fans.set_contact(tx, quiet, wanted=False)
    async with db.merchant("demo") as tx:
        assert await service.remind_unpaid(tx) == 0
    travel.move(timedelta(minutes=21))
    async with db.merchant("demo") as tx:
        assert await service.remind_unpaid(tx) == 2
        assert await service.remind_unpaid(tx) == 0
    await drain()
    assert await _told(db, order_no) == 1
    async with db.merchant("demo") as tx:
        sent = (await tx.scalars(select(OutgoingMessage.openid))).all()
        assert await fans.openid_of(tx, quiet, APP_ID) not in sent


@pytest.mark.usefixtures("account")
async def test_receipt_is_put_off_once_and_then_comes_by_itself(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 1))
    await make.ship(db, order_no)
    travel.move(timedelta(days=6, hours=1))
    await drain()
    assert await _told(db, order_no) == 1
    async with db.merchant("demo") as tx:
        await service.extend_receipt(tx, fan_id, order_no)
    async with db.merchant("demo") as tx:
        with pytest.raises(ExtendedBefore):
            await service.extend_receipt(tx, fan_id, order_no)
    travel.move(timedelta(days=2))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.SHIPPED
    travel.move(timedelta(days=2))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.RECEIVED


@pytest.mark.usefixtures("account")
async def test_each_step_of_an_after_sale_is_told(db: Db, wechat: FakeWeChat, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    line = (await make.order(db, order_no)).lines[0]
    asked = await make.ask(db, fan_id, order_no, (line.id, 1))
    await drain()
    await make.approve(db, asked.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        bodies = [str(one) for one in await tx.scalars(select(OutgoingMessage.body))]
    mine = [one for one in bodies if asked.after_sale_no in one]
    assert sum("等待商家处理" in one for one in mine) == 1
    assert sum("正在退款" in one for one in mine) == 1


async def test_a_changed_question_of_another_kind_is_a_new_one(db: Db) -> None:
    async with db.merchant("demo") as tx:
        first = FormFieldIn(label="生日", kind=FieldKind.TEXT, options=[])
        made = (await service.save_field(tx, STAFF, None, first)).id
        other = first.model_copy(update={"kind": FieldKind.DATE})
        assert (await service.save_field(tx, STAFF, made, other)).id != made
        assert [one.kind for one in await queries.fields(tx)] == [FieldKind.DATE]


@pytest.fixture
async def account(db: Db) -> None:
    """The 公众号 that notices come from."""
    async with db.merchant("demo") as tx:
        await wechat_service.set_app(
            tx, AccountKind.OFFICIAL, app_id=APP_ID, name="铁粉", secret="s" * 32, token="tiefen"
        )


async def _told(db: Db, number: str) -> int:
    """Notices queued about this number."""
    async with db.merchant("demo") as tx:
        bodies = await tx.scalars(select(OutgoingMessage.body))
        return sum(number in str(one) for one in bodies)


@pytest.mark.parametrize("planted", [False, True])
async def test_16_hands_at_the_last_place_of_a_cart_fill_it_and_no_more(
    db: Db, monkeypatch: pytest.MonkeyPatch, *, planted: bool
) -> None:
    """One person with two records adds other goods from many devices at once.

    Planted: who counts the lines does not hold the person.
    """
    monkeypatch.setattr(rules, "MAX_CART", 2)
    async with db.merchant("demo") as tx:
        fan_ids = [await make.fan(tx), await make.fan(tx)]
        skus = [await stocked(tx, 9) for _ in range(9)]
        await fans.merge(tx, *fan_ids, reason="同一个人")
        await service.add_to_cart(tx, fan_ids[0], skus[8], 1)
    together = asyncio.Barrier(16)

    async def nobody(_tx: Tx, _fan_ids: list[int]) -> None:
        await together.wait()  # all sixteen have begun; none of them waits for another's commit

    if planted:
        monkeypatch.setattr(fans, "hold_people", nobody)

    async def hand(number: int) -> bool:
        sku_id, fan_id = skus[number % 8], fan_ids[number % 2]
        try:
            async with db.merchant("demo") as tx:
                if number < 8:
                    await service.add_to_cart(tx, fan_id, sku_id, 1)
                    return True
                return not await service.fill_cart(tx, fan_id, [(sku_id, 1)])
        except CartFull:
            return False

    went_in = sum(await asyncio.gather(*(hand(number) for number in range(16))))
    async with db.merchant("demo") as tx:
        lines = len((await queries.cart(tx, fan_ids[0])).items)
    assert (lines > 2) is planted
    assert planted or 1 <= went_in <= 2  # the same goods may be added once more


@pytest.mark.parametrize("planted", [False, True])
async def test_16_hands_at_an_empty_address_book_fill_it_and_no_more(
    db: Db, monkeypatch: pytest.MonkeyPatch, *, planted: bool
) -> None:
    """Of two first addresses at once only one is the default.

    Planted: who counts the addresses does not hold the person. There one stands already, for two
    defaults the table itself refuses.
    """
    monkeypatch.setattr(rules, "MAX_ADDRESSES", 3)
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        if planted:
            await service.add_address(tx, fan_id, make.HOME)
    together = asyncio.Barrier(16)

    async def nobody(_tx: Tx, _fan_ids: list[int]) -> None:
        await together.wait()

    if planted:
        monkeypatch.setattr(fans, "hold_people", nobody)

    async def hand() -> bool:
        try:
            async with db.merchant("demo") as tx:
                await service.add_address(tx, fan_id, make.HOME)
        except TooManyAddresses:
            return False
        return True

    written = planted + sum(await asyncio.gather(*(hand() for _ in range(16))))
    async with db.merchant("demo") as tx:
        kept = await queries.addresses(tx, fan_id)
    assert written == len(kept)
    assert (written > 3) is planted
    assert sum(one.is_default for one in kept) == 1


async def test_pieces_added_by_the_second_record_of_a_person_are_on_top_of_the_firsts(
    db: Db,
) -> None:
    async with db.merchant("demo") as tx:
        first, second = await make.fan(tx), await make.fan(tx)
        sku_id = await stocked(tx, 9)
        await fans.merge(tx, first, second, reason="同一个人")
        await service.add_to_cart(tx, first, sku_id, 3)
    for fan_id, seen in ((second, 4), (second, 5), (first, 6)):
        async with db.merchant("demo") as tx:
            await service.add_to_cart(tx, fan_id, sku_id, 1)
        async with db.merchant("demo") as tx:
            assert [row.quantity for row in (await queries.cart(tx, first)).items] == [seen]


@pytest.mark.parametrize("planted", [False, True])
async def test_64_hands_on_one_cart_lose_nothing_and_double_nothing(
    db: Db, *, planted: bool
) -> None:
    """Twenty rounds of a visitor's cart joining on many devices, pieces added, lines taken out.

    Planted: whoever adds reads the number and then writes it.
    """
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        skus = [await stocked(tx, 9_999) for _ in range(4)]
        await service.add_to_cart(tx, fan_id, skus[3], 1)
    joined = [(sku_id, 7) for sku_id in skus[:3]]

    async def lying() -> dict[int, int]:
        async with db.merchant("demo") as tx:
            return {row.sku_id: row.quantity for row in (await queries.cart(tx, fan_id)).items}

    async def hand(number: int) -> None:
        seen = await lying() if planted else {}
        async with db.merchant("demo") as tx:
            if planted:
                await service.set_in_cart(tx, fan_id, skus[3], seen[skus[3]] + 1)
            elif number % 4 == 0:
                await service.fill_cart(tx, fan_id, joined[:: 1 if number % 8 else -1])
            elif number % 4 == 1:
                await service.remove_from_cart(tx, fan_id, skus[1::-1])
            else:
                await service.add_to_cart(tx, fan_id, skus[3], 1)

    for turn in range(1, 2 if planted else 21):
        await asyncio.gather(*(hand(number) for number in range(64)))
        cart = await lying()
        if planted:
            assert cart[skus[3]] < 65
            return
        assert (cart[skus[2]], cart[skus[3]]) == (7, 1 + turn * 32), turn
        assert {cart.get(sku_id, 7) for sku_id in skus[:2]} == {7}
