"""微信支付: signatures, prepay and its idempotency, query, close, refund."""

import json
from typing import Any

import pytest

from . import merchant
from .conftest import World
from .merchant import open_shop


async def test_every_answer_is_signed_also_204_and_errors(world: World) -> None:
    shop = await open_shop(world)
    number, _ = await shop.prepay()
    query = f"/v3/pay/transactions/out-trade-no/{number}?mchid={shop.account['mchid']}"
    close = f"/v3/pay/transactions/out-trade-no/{number}/close"
    good = await shop.send("GET", query)
    closed = await shop.send("POST", close, {"mchid": shop.account["mchid"]})
    missing = await shop.send("GET", query.replace(number, "nothing-here"))
    assert [r.status_code for r in (good, closed, missing)] == [200, 204, 404]
    for response in (good, closed, missing):
        merchant.verify(shop.account, response.headers, response.content)
        assert response.headers["wechatpay-serial"] == shop.account["platform_serial"]
        assert response.headers["wechatpay-signature-type"] == "WECHATPAY2-SHA256-RSA2048"
    assert missing.json()["code"] == "ORDER_NOT_EXIST"
    assert missing.headers["request-id"].endswith("-268512771")


async def test_answers_follow_the_serial_that_was_asked_for(world: World) -> None:
    shop = await open_shop(world)
    asked = {"Wechatpay-Serial": shop.account["public_key_id"]}
    response = await shop.send("POST", "/v3/pay/transactions/jsapi", shop.order(), headers=asked)
    assert response.headers["wechatpay-serial"] == shop.account["public_key_id"]
    merchant.verify(shop.account, response.headers, response.content)


@pytest.mark.parametrize("tweak", ["other_key", "late", "early", "altered", "no_header", "serial"])
async def test_a_bad_signature_is_refused_and_does_nothing(world: World, tweak: str) -> None:
    shop = await open_shop(world)
    body = shop.order("signed000001")
    how: dict[str, Any] = {
        "other_key": {
            "key": (await world.post("/accounts", kind="pay", key="b"))["merchant_private_key"]
        },
        "late": {"skew": 301},
        "early": {"skew": -301},
        "altered": {"raw": json.dumps(body).encode()},
        "no_header": {"headers": {"Authorization": ""}},
        "serial": {},
    }[tweak]
    if tweak == "serial":
        shop.account = shop.account | {"merchant_serial": "F" * 40}
    response = await shop.send("POST", "/v3/pay/transactions/jsapi", body, **how)
    assert (response.status_code, response.json()["code"]) == (401, "SIGN_ERROR")
    assert (await world.do("GET", "/orders"))["items"] == []


async def test_the_signature_covers_the_raw_target(world: World) -> None:
    shop = await open_shop(world)
    number, _ = await shop.prepay("a-b|c*d_12")
    odd = f"/v3/pay/transactions/out-trade-no/{number.replace('|', '%7C')}?mchid={shop.account['mchid']}&"
    response = await shop.send("GET", odd)
    assert response.json()["out_trade_no"] == number


@pytest.mark.parametrize(
    ("change", "status", "code", "number"),
    [
        ({"out_trade_no": "short"}, 400, "PARAM_ERROR", 268435461),
        ({"out_trade_no": "中文中文中文"}, 400, "PARAM_ERROR", 268435461),
        ({"amount": {"total": 0}}, 400, "PARAM_ERROR", 268435464),
        ({"amount": {"total": 1.5}}, 400, "PARAM_ERROR", 268435461),
        ({"amount": {"total": True}}, 400, "PARAM_ERROR", 268435461),
        ({"amount": {"total": 100, "currency": "USD"}}, 400, "PARAM_ERROR", 268435461),
        ({"amount": {"total": 100, "tax": 1}}, 400, "PARAM_ERROR", 270924358),
        ({"total": 100}, 400, "PARAM_ERROR", 270924358),
        ({"description": "长" * 128}, 400, "PARAM_ERROR", 268435464),
        ({"description": ""}, 400, "PARAM_ERROR", 268435461),
        ({"notify_url": "http://shop.test/n?a=1"}, 400, "PARAM_ERROR", 268435461),
        ({"time_expire": "2026-01-01T12:00:00"}, 400, "PARAM_ERROR", 268435461),
        ({"payer": {"openid": "oNobody"}}, 400, "PARAM_ERROR", 268501013),
        ({"payer": None}, 400, "PARAM_ERROR", 268501013),
        ({"appid": "wx0000000000000000"}, 400, "APPID_MCHID_NOT_MATCH", 268445527),
        ({"mchid": "1900000000"}, 400, "INVALID_REQUEST", 268447843),
    ],
)
async def test_a_wrong_prepay_is_refused(
    world: World, change: dict[str, Any], status: int, code: str, number: int
) -> None:
    shop = await open_shop(world)
    response = await shop.send("POST", "/v3/pay/transactions/jsapi", shop.order(**change))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["request-id"].endswith(f"-{number}")


async def test_the_same_number_asks_for_the_same_order(world: World) -> None:
    shop = await open_shop(world)
    body = shop.order("again000001")
    path = "/v3/pay/transactions/jsapi"
    first = (await shop.send("POST", path, body)).json()["prepay_id"]
    second = (await shop.send("POST", path, body)).json()["prepay_id"]
    assert first != second
    assert len((await world.do("GET", "/orders"))["items"]) == 1
    other = await shop.send("POST", path, body | {"description": "别的"})
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")
    assert other.headers["request-id"].endswith("-268498688")
    assert (await world.post(f"/pay/{first}"))["result"] == "ok"
    twice = await world.post(f"/pay/{second}")
    assert twice["result"] == "fail"
    paid = await shop.send("POST", path, body)
    assert (paid.status_code, paid.json()["code"]) == (400, "ORDER_PAID")
    assert len((await world.do("GET", "/charges"))["items"]) == 1


async def test_a_closed_or_expired_order_is_not_made_again(world: World) -> None:
    shop = await open_shop(world)
    number, prepay_id = await shop.prepay("closed000001")
    close = f"/v3/pay/transactions/out-trade-no/{number}/close"
    for _ in range(2):
        assert (await shop.send("POST", close, {"mchid": shop.account["mchid"]})).status_code == 204
    assert (await world.post(f"/pay/{prepay_id}"))["result"] == "fail"
    again = await shop.send("POST", "/v3/pay/transactions/jsapi", shop.order(number))
    assert again.json()["code"] == "ORDER_CLOSED"
    late, prepay_id = await shop.prepay("late00000001", time_expire="2026-01-01T08:10:00+08:00")
    world.clock.move(601)
    assert "超过支付时间" in (await world.post(f"/pay/{prepay_id}"))["err_msg"]
    query = f"/v3/pay/transactions/out-trade-no/{late}?mchid={shop.account['mchid']}"
    assert (await shop.send("GET", query)).json()["trade_state"] == "NOTPAY"
    world.clock.move(7 * 86400)
    assert (await shop.send("GET", query)).json()["trade_state"] == "CLOSED"


async def test_close_after_payment_says_paid(world: World) -> None:
    shop = await open_shop(world)
    number, told = await shop.paid()
    close = f"/v3/pay/transactions/out-trade-no/{number}/close"
    response = await shop.send("POST", close, {"mchid": shop.account["mchid"]})
    assert (response.status_code, response.json()["code"]) == (400, "ORDER_PAID")
    by_id = (
        f"/v3/pay/transactions/id/{told['charge']['transaction_id']}?mchid={shop.account['mchid']}"
    )
    found = (await shop.send("GET", by_id)).json()
    assert (found["trade_state"], found["out_trade_no"]) == ("SUCCESS", number)
    assert found["amount"] == {
        "total": 100,
        "currency": "CNY",
        "payer_total": 100,
        "payer_currency": "CNY",
    }
    assert found["success_time"] == "2026-01-01T08:00:00+08:00"


async def test_native_and_h5_have_their_own_ways_in(world: World) -> None:
    shop = await open_shop(world)
    native = await shop.send(
        "POST", "/v3/pay/transactions/native", shop.order("native000001", payer=None)
    )
    code_url = native.json()["code_url"]
    scanned = await world.post(f"/fans/{shop.fan['id']}/scan", text=code_url)
    assert scanned["kind"] == "pay"
    done = await world.post(f"/pay/{scanned['prepay_id']}", fan=shop.fan["id"])
    assert done["charge"]["product"] == "NATIVE"
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    body = shop.order("h5order00001", payer=None)
    assert (await shop.send("POST", "/v3/pay/transactions/h5", body)).status_code == 400
    h5 = await shop.send("POST", "/v3/pay/transactions/h5", body | {"scene_info": scene})
    url = h5.json()["h5_url"]
    assert (await world.http.get(url)).status_code == 400
    asked = {"Referer": "http://shop.test/"}
    page = await world.http.get(url, headers=asked)
    assert "¥1.00" in page.text
    inside = asked | {"User-Agent": "Mozilla MicroMessenger/8.0"}
    assert (await world.http.get(url, headers=inside)).status_code == 400
    back = url + "&redirect_url=http%3A%2F%2Fshop.test%2Fdone"
    assert 'href="http://shop.test/done"' in (await world.http.get(back, headers=asked)).text
    script = url + "&redirect_url=javascript%3Aalert(1)"
    assert (await world.http.get(script, headers=asked)).status_code == 400
    world.clock.move(301)
    assert (await world.http.get(url, headers=asked)).status_code == 410


async def test_a_browser_outside_opens_wechat_and_the_money_names_its_payer(world: World) -> None:
    shop = await open_shop(world, h5_domains=["shop.test"])
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    body = shop.order("h5order00002", payer=None) | {"scene_info": scene}
    url = (await shop.send("POST", "/v3/pay/transactions/h5", body)).json()["h5_url"]
    asked = {"Referer": "http://shop.test/"}
    elsewhere = url + "&redirect_url=http%3A%2F%2Felsewhere.test%2F"
    assert (await world.http.get(elsewhere, headers=asked)).status_code == 400
    opens = (await world.http.get(url, headers=asked)).text.split('id="opens">')[1].split("<")[0]
    scanned = await world.post(f"/fans/{shop.fan['id']}/scan", text=opens)
    assert scanned["kind"] == "pay"
    done = await world.post(f"/pay/{scanned['prepay_id']}", fan=shop.fan["id"])
    assert (done["result"], done["charge"]["product"]) == ("ok", "MWEB")
    assert (await world.http.get(url, headers=asked)).text.count("该订单已支付") == 1
    query = f"/v3/pay/transactions/out-trade-no/h5order00002?mchid={shop.account['mchid']}"
    found = (await shop.send("GET", query)).json()
    assert (found["trade_type"], bool(found["payer"]["openid"])) == ("MWEB", True)
    other = body | {"out_trade_no": "h5order00002"}
    other["scene_info"] = scene | {"payer_client_ip": "10.0.0.9"}
    again = await shop.send("POST", "/v3/pay/transactions/h5", other)
    assert again.json()["code"] == "ORDER_PAID"


async def test_the_pay_sheet_checks_the_clients_signature(world: World) -> None:
    shop = await open_shop(world)
    _, prepay_id = await shop.prepay()
    sheet = await world.do("GET", f"/pay/{prepay_id}")
    assert (sheet["amount_fen"], sheet["description"], sheet["payee"]) == (100, "茶叶", "沙箱商户")
    stamp, nonce, package = "1767225600", "abc", f"prepay_id={prepay_id}"
    text = f"{shop.app['app_id']}\n{stamp}\n{nonce}\n{package}\n"
    params = {
        "appId": shop.app["app_id"],
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": merchant.rsa_sign(shop.account["merchant_private_key"], text),
    }
    wrong = await world.post(f"/pay/{prepay_id}", params=params | {"nonceStr": "abd"})
    assert wrong["result"] == "fail"
    assert wrong["signature"].startswith("invalid: paySign")
    bare = await world.post("/pay/check", params=params | {"package": prepay_id})
    assert not bare["ok"]
    for outcome in ("cancel", "insufficient"):
        assert (await world.post(f"/pay/{prepay_id}", outcome=outcome, params=params))[
            "charge"
        ] is None
    assert (await world.post(f"/pay/{prepay_id}", params=params))["signature"] == "valid"


async def test_another_fan_cannot_pay_a_jsapi_order(world: World) -> None:
    shop = await open_shop(world)
    _, prepay_id = await shop.prepay()
    other = await world.fan(nickname="隔壁")
    assert (await world.post(f"/pay/{prepay_id}", fan=other["id"]))["result"] == "fail"


async def test_refunds_keep_to_the_charge(world: World) -> None:
    shop = await open_shop(world)
    number, _ = await shop.paid()
    first = await shop.refund(number, "r1", 60)
    assert (first.status_code, first.json()["status"]) == (200, "PROCESSING")
    assert (await shop.refund(number, "r1", 60)).json()["refund_id"] == first.json()["refund_id"]
    changed = await shop.refund(number, "r1", 50)
    assert (changed.status_code, changed.json()["code"]) == (400, "INVALID_REQUEST")
    over = await shop.refund(number, "r2", 41)
    assert over.status_code == 400
    assert (await shop.refund(number, "r3", 40, total=90)).status_code == 400
    assert (await shop.refund(number, "r4", 40)).status_code == 200
    await world.post("/clock/run-due")
    query = await shop.send("GET", "/v3/refund/domestic/refunds/r1")
    assert query.json()["status"] == "SUCCESS"
    assert query.json()["amount"]["refund"] == 60
    assert (await shop.send("GET", "/v3/refund/domestic/refunds/none")).status_code == 404
    charge = (await world.do("GET", "/charges"))["items"][0]
    assert (charge["amount_fen"], charge["refunded_fen"]) == (100, 100)
    order = f"/v3/pay/transactions/out-trade-no/{number}?mchid={shop.account['mchid']}"
    assert (await shop.send("GET", order)).json()["trade_state"] == "REFUND"
    notices = [merchant.opened(shop.account, g) for g in world.server.got if g.path == "/refunded"]
    assert [(n["out_refund_no"], n["refund_status"]) for n in notices] == [
        ("r1", "SUCCESS"),
        ("r4", "SUCCESS"),
    ]


async def test_a_closed_refund_frees_its_money_and_an_abnormal_one_is_saved(world: World) -> None:
    shop = await open_shop(world, refund_seconds=3600)
    number, _ = await shop.paid()
    first = (await shop.refund(number, "r1", 100)).json()
    await world.post(f"/refunds/{first['refund_id']}/settle", status="CLOSED")
    second = (await shop.refund(number, "r2", 100)).json()
    await world.post(f"/refunds/{second['refund_id']}/settle", status="ABNORMAL")
    path = f"/v3/refund/domestic/refunds/{second['refund_id']}/apply-abnormal-refund"
    saved = await shop.send("POST", path, {"out_refund_no": "r2", "type": "MERCHANT_BANK_CARD"})
    assert saved.json()["status"] == "PROCESSING"
    world.clock.move(3601)
    await world.post("/clock/run-due")
    events = [json.loads(g.body)["event_type"] for g in world.server.got if g.path == "/refunded"]
    assert events == ["REFUND.CLOSED", "REFUND.ABNORMAL", "REFUND.SUCCESS"]


async def test_an_unpaid_order_and_a_strangers_order_cannot_be_refunded(world: World) -> None:
    shop = await open_shop(world)
    number, _ = await shop.prepay()
    assert (await shop.refund(number, "r1", 1)).status_code == 400
    assert (await shop.refund("nothing-here", "r2", 1)).status_code == 404
    paid, _ = await shop.paid()
    other = await world.post("/accounts", kind="pay", key="b", app_ids=[shop.app["app_id"]])
    stranger = merchant.Shop(world, shop.app, other, shop.fan)
    assert (await stranger.refund(paid, "r3", 1)).status_code == 404


async def test_too_many_calls_a_second_are_slowed(world: World) -> None:
    shop = await open_shop(world, qps=2)
    codes = [(await shop.send("GET", "/v3/certificates")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    world.clock.move(1)
    assert (await shop.send("GET", "/v3/certificates")).status_code == 200
