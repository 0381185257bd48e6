"""Trade and fund-flow bills: agree with the charges, in yuan, with a digest."""

import csv
import gzip
import hashlib
import io
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from .conftest import World
from .merchant import Shop, open_shop


async def file(shop: Shop, target: str) -> tuple[dict[str, Any], str]:
    """(the offer, the bill's text), its digest checked."""
    offer = await shop.send("GET", target)
    assert offer.status_code == 200, offer.text
    where = urlsplit(offer.json()["download_url"])
    response = await shop.send("GET", f"{where.path}?{where.query}")
    data = gzip.decompress(response.content) if "GZIP" in target else response.content
    assert hashlib.sha1(data).hexdigest() == offer.json()["hash_value"]
    assert "wechatpay-signature" not in response.headers
    return offer.json(), data.decode("utf-8-sig")


def rows(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """(the bill's rows, its totals), without the back-ticks."""
    lines = text.split("\r\n")
    assert lines.pop() == ""
    read = list(csv.reader(io.StringIO("\n".join(lines))))
    clean = [[cell.removeprefix("`") for cell in row] for row in read]
    head, body, total_head, total = clean[0], clean[1:-2], clean[-2], clean[-1]
    return [dict(zip(head, row, strict=True)) for row in body], dict(
        zip(total_head, total, strict=True)
    )


async def shop_with_a_day(world: World) -> Shop:
    shop = await open_shop(world)
    await shop.paid(
        "first0000001", amount={"total": 12345, "currency": "CNY"}, description="茶叶,两罐"
    )
    await shop.paid("second000001", amount={"total": 100, "currency": "CNY"})
    await shop.refund("first0000001", "r1", 2345, total=12345)
    await world.post("/clock/run-due")
    return shop


@pytest.mark.parametrize("tar", ["", "&tar_type=GZIP"])
async def test_the_trade_bill_tells_every_charge_and_refund(world: World, tar: str) -> None:
    shop = await shop_with_a_day(world)
    target = f"/v3/bill/tradebill?bill_date=2026-01-01&bill_type=ALL{tar}"
    early = await shop.send("GET", target)
    assert (early.status_code, early.json()["code"]) == (400, "STATEMENT_CREATING")
    world.clock.move(26 * 3600)
    _, text = await file(shop, target)
    body, total = rows(text)
    assert {(r["交易状态"], r["订单金额"], r["退款金额"]) for r in body} == {
        ("REFUND", "0.00", "23.45"),
        ("SUCCESS", "1.00", "0.00"),
        ("SUCCESS", "123.45", "0.00"),
    }
    assert {r["商户订单号"] for r in body} == {"first0000001", "second000001"}
    assert total["总交易单数"] == "3"
    assert (total["订单总金额"], total["退款总金额"]) == ("124.45", "23.45")
    # 0.60 %: 74.07 → 74 fen, 0.6 → 1, and 14.07 → 14 back.
    assert total["手续费总金额"] == "0.61000"
    only, _ = rows((await file(shop, target.replace("ALL", "REFUND")))[1])
    assert [r["商户退款单号"] for r in only] == ["r1"]
    assert only[0]["退款成功时间"] == "2026-01-01 08:00:00"
    only, _ = rows((await file(shop, target.replace("ALL", "SUCCESS")))[1])
    assert len(only) == 2
    assert "退款金额" not in only[0]


async def test_the_flow_bills_balance_follows_its_movements(world: World) -> None:
    shop = await shop_with_a_day(world)
    mchid = shop.account["mchid"]
    taken = await world.post("/withdrawals", mchid=mchid, amount_fen=5_000)
    world.clock.move(26 * 3600)
    _, text = await file(shop, "/v3/bill/fundflowbill?bill_date=2026-01-01&account_type=BASIC")
    body, total = rows(text)
    balance = 0
    for row in body:
        fen = int(row["收支金额(元)"].replace(".", ""))
        balance += fen if row["收支类型"] == "收入" else -fen
    assert balance == 12345 + 100 - 74 - 1 - (2345 - 14) - 5_000
    assert [r["资金流水单号"] for r in body if r["业务名称"] == "提现"] == [taken["flow_no"]]
    assert int(body[-1]["账户结余(元)"].replace(".", "")) == balance
    assert (total["收入笔数"], total["支出笔数"], total["收入金额"]) == ("2", "4", "124.45")


async def test_a_day_without_trade_has_no_bill(world: World) -> None:
    shop = await shop_with_a_day(world)
    world.clock.move(5 * 86400)

    async def ask(query: str) -> httpx.Response:
        return await shop.send("GET", f"/v3/bill/tradebill?{query}")

    assert (await ask("bill_date=2026-01-03")).json()["code"] == "NO_STATEMENT_EXIST"
    for wrong in (
        "bill_date=yesterday",
        "bill_date=2026-01-01&bill_type=X",
        "bill_date=2025-01-01",
        "bill_type=ALL",
    ):
        assert (await ask(wrong)).json()["code"] == "PARAM_ERROR"


async def test_a_bill_link_is_its_merchants_and_ends(world: World) -> None:
    shop = await shop_with_a_day(world)
    world.clock.move(26 * 3600)
    offer = (await shop.send("GET", "/v3/bill/tradebill?bill_date=2026-01-01")).json()
    where = urlsplit(offer["download_url"])
    target = f"{where.path}?{where.query}"
    other = await world.post("/accounts", kind="pay", key="b")
    stranger = Shop(world, shop.app, other, shop.fan)
    assert (await stranger.send("GET", target)).status_code == 404
    assert (await world.http.get(target)).status_code == 401
    world.clock.move(301)
    assert (await shop.send("GET", target)).status_code == 404


async def test_a_refund_made_by_hand_is_told_by_the_bill_alone(world: World) -> None:
    shop = await shop_with_a_day(world)
    charge = (await world.do("GET", "/charges?out_trade_no=second000001"))["items"][0]
    door = f"/charges/{charge['transaction_id']}/refund"
    before = await world.do("GET", "/notices")
    made = await world.post(door, amount_fen=40, reason="客服手工退")
    await world.post("/clock/run-due")
    assert await world.do("GET", "/notices") == before
    too_much = await world.http.post(f"/sandbox/api{door}", json={"amount_fen": 61})
    assert too_much.json()["error"]["code"] == "sandbox.refund_refused"
    world.clock.move(26 * 3600)
    _, text = await file(shop, "/v3/bill/tradebill?bill_date=2026-01-01&bill_type=REFUND")
    body, _ = rows(text)
    assert [r["退款金额"] for r in body if r["商户退款单号"] == made["out_refund_no"]] == ["0.40"]
