"""The payment client: what goes on the wire, and what is believed of what comes back."""

import asyncio
import base64
import gzip
import hashlib
import json
import re
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.wechat import factories as f
from tiefen.kernel.db import Db
from tiefen.wechat import service, wire
from tiefen.wechat.errors import NotConfigured
from tiefen.wechat.service import PayClient
from tiefen.wechat.service import pay as paying
from tiefen.wechat.values import PayClientKind, RefundStatus, TradeState, Verdict

JSAPI = "/v3/pay/transactions/jsapi"
NO = "T20260618000000001"
QUERY = f"/v3/pay/transactions/out-trade-no/{NO}"
REFUNDS = "/v3/refund/domestic/refunds"
UNTIL = datetime(2026, 6, 18, 10, 30, tzinfo=UTC)


@pytest.fixture
async def pay(db: Db, platform: f.Platform) -> PayClient:
    await f.configure(db)
    return await service.pay_client(db, "demo")


def verified(request: httpx.Request) -> dict[str, str]:
    """Check the request's signature as the platform does: over the raw target and the raw bytes."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"]))
    target = request.url.raw_path.decode()
    message = (
        f"{request.method}\n{target}\n{fields['timestamp']}\n{fields['nonce_str']}\n".encode()
        + request.content
        + b"\n"
    )
    f.OURS.public_key().verify(
        base64.b64decode(fields["signature"]), message, padding.PKCS1v15(), hashes.SHA256()
    )
    return fields


async def prepay(pay: PayClient) -> Any:
    return await pay.jsapi(
        client=PayClientKind.JSAPI,
        openid="oFan0001",
        out_trade_no=NO,
        amount_fen=9900,
        description="面膜",
        expires_at=UNTIL,
    )


async def test_prepay_is_signed_and_its_sheet_too(pay: PayClient, platform: f.Platform) -> None:
    platform.signed(JSAPI, {"prepay_id": "wx2610"})
    answer = (await prepay(pay)).get()
    (request,) = platform.asked
    fields = verified(request)
    assert (fields["mchid"], fields["serial_no"]) == (
        f.MCHID,
        "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
    )
    assert request.headers["Wechatpay-Serial"] == f.PUBLIC_ID
    assert request.headers["User-Agent"]
    assert json.loads(request.content) == {
        "appid": f.APP,
        "mchid": f.MCHID,
        "description": "面膜",
        "out_trade_no": NO,
        "time_expire": "2026-06-18T18:30:00+08:00",
        "notify_url": f"http://test/wechat/pay/{f.MCHID}/notify",
        "amount": {"total": 9900, "currency": "CNY"},
        "payer": {"openid": "oFan0001"},
    }
    sheet = answer.sheet
    assert (sheet.app_id, sheet.package, sheet.sign_type) == (f.APP, "prepay_id=wx2610", "RSA")
    message = f"{f.APP}\n{sheet.time_stamp}\n{sheet.nonce_str}\nprepay_id=wx2610\n".encode()
    f.OURS.public_key().verify(
        base64.b64decode(sheet.pay_sign), message, padding.PKCS1v15(), hashes.SHA256()
    )


async def test_odd_targets_are_signed_as_sent(pay: PayClient, platform: f.Platform) -> None:
    path = "/v3/pay/transactions/out-trade-no/A|b*c-_1"
    platform.signed(path, f.transaction("A|b*c-_1"))
    assert (await pay.query("A|b*c-_1")).get().state is TradeState.SUCCESS
    verified(platform.asked[0])
    assert platform.asked[0].url.raw_path.decode().endswith("?mchid=1900007291")


async def test_every_verb_is_signed_and_read(pay: PayClient, platform: f.Platform) -> None:
    refund = {
        "refund_id": "5030", "out_refund_no": "R1", "transaction_id": "42", "out_trade_no": NO,
        "status": "PROCESSING", "user_received_account": "支付用户零钱",
        "amount": {"refund": 100, "total": 9900, "currency": "CNY"},
    }  # fmt: skip
    platform.signed("/v3/pay/transactions/native", {"code_url": "weixin://wxpay/bizpayurl?pr=x"})
    platform.signed(f"{QUERY}/close", None, status=204)
    platform.signed(REFUNDS, refund)
    platform.signed(
        f"{REFUNDS}/R1",
        {**refund, "status": "SUCCESS", "success_time": "2026-06-18T18:00:00+08:00"},
    )
    platform.signed("/v3/pay/transactions/id/42", f.transaction())
    native = await pay.native(out_trade_no=NO, amount_fen=1, description="x", expires_at=UNTIL)
    assert native.get().code_url.startswith("weixin://")
    assert (await pay.close(NO)).verdict is Verdict.OK
    asked = await pay.refund(
        out_refund_no="R1", transaction_id="42", refund_fen=100, total_fen=9900, reason="退"
    )
    assert (asked.get().status, asked.get().refund_fen) == (RefundStatus.PROCESSING, 100)
    settled = (await pay.query_refund("R1")).get()
    assert settled.success_time == datetime(2026, 6, 18, 10, 0, tzinfo=UTC)
    assert (await pay.query_transaction("42")).get().total_fen == 9900
    for request in platform.asked:
        verified(request)


async def test_a_refusal_is_a_refusal_only_when_signed(
    pay: PayClient, platform: f.Platform
) -> None:
    said = {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
    platform.signed(QUERY, said, status=404)
    answer = await pay.query(NO)
    assert (answer.verdict, answer.code, answer.status) == (Verdict.REFUSED, "ORDER_NOT_EXIST", 404)
    platform.answers[QUERY] = httpx.Response(404, json=said)
    assert (await pay.query(NO)).verdict is Verdict.UNKNOWN


async def test_whatever_is_not_a_signed_answer_is_unknown(
    pay: PayClient, platform: f.Platform
) -> None:
    good = {"prepay_id": "wx2610"}
    unknown: dict[str, Any] = {
        "no connection": httpx.ConnectError("down"),
        "too slow": httpx.ReadTimeout("slow"),
        "cut off": httpx.RemoteProtocolError("cut"),
        "unsigned": good,
        "html": httpx.Response(200, text="<html>"),
        "truncated": httpx.Response(200, content=b'{"prepay_id": "w'),
        "unsigned 401": httpx.Response(401, json={"code": "SIGN_ERROR"}),
    }
    for name, answer in unknown.items():
        platform.answers[JSAPI] = answer
        assert (await prepay(pay)).verdict is Verdict.UNKNOWN, name
    signed: dict[str, dict[str, Any]] = {
        "by a stranger": {"body": good, "key": f.STRANGER},
        "six minutes ago": {"body": good, "offset": -360},
        "by an unknown key": {"body": good, "serial": "PUB_KEY_ID_X"},
        "500": {"body": {"code": "SYSTEM_ERROR"}, "status": 500},
        "without its value": {"body": {}},
    }
    for name, script in signed.items():
        platform.signed(JSAPI, **script)
        assert (await prepay(pay)).verdict is Verdict.UNKNOWN, name
    platform.signed(JSAPI, good)
    assert (await prepay(pay)).verdict is Verdict.OK


async def test_an_answer_that_drips_is_given_up(
    pay: PayClient, platform: f.Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drips(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200)

    real = wire.send
    monkeypatch.setattr(wire, "send", lambda base, request, **_: real(base, request, within=0.05))
    platform.answers[QUERY] = drips
    answer = await pay.query(NO)
    assert (answer.verdict, answer.code, answer.message) == (
        Verdict.UNKNOWN,
        "NO_ANSWER",
        "ReadTimeout",
    )


async def test_in_certificate_mode_the_first_answer_brings_the_certificate(
    db: Db, platform: f.Platform
) -> None:
    await f.configure(db, public_key=False)
    serial = 0x3775B6A45ACD588826D15E583A95F5DD12345678
    sealed = {"data": [f.sealed_certificate(f.THEIRS, serial)]}
    platform.signed("/v3/certificates", sealed, serial=f"{serial:X}")
    platform.signed(JSAPI, {"prepay_id": "wx2610"}, serial=f"{serial:X}")
    for _ in range(2):
        pay = await service.pay_client(db, "demo")
        assert (await prepay(pay)).verdict is Verdict.OK
    assert platform.paths() == [JSAPI, "/v3/certificates", JSAPI]
    assert "Wechatpay-Serial" not in platform.asked[0].headers


async def test_a_bill_is_checked_against_its_hash(pay: PayClient, platform: f.Platform) -> None:
    bill = "﻿交易时间,公众账号ID\n`2026-06-18 18:00:00,`wx01\n".encode()
    announced = {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(bill).hexdigest(),
        "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=abc%3D&tartype=gzip",
    }
    platform.signed("/v3/bill/tradebill", announced)
    platform.answers["/v3/billdownload/file"] = httpx.Response(200, content=gzip.compress(bill))
    with (await pay.trade_bill(date(2026, 6, 18))).get().file as file:
        assert file.read() == bill
    assert platform.asked[-1].url.host == "wechat.test"  # our own base, whatever the address says
    verified(platform.asked[-1])
    platform.answers["/v3/billdownload/file"] = httpx.Response(
        200, content=gzip.compress(bill + b"x")
    )
    assert (await pay.trade_bill(date(2026, 6, 18))).code == "HASH_MISMATCH"
    platform.signed("/v3/bill/tradebill", {"code": "NO_STATEMENT_EXIST"}, status=400)
    answer = await pay.trade_bill(date(2026, 6, 18))
    assert (answer.verdict, answer.code) == (Verdict.REFUSED, "NO_STATEMENT_EXIST")


async def test_a_bill_that_unpacks_without_end_is_not_taken(
    pay: PayClient, platform: f.Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paying, "_BILL_CAP", 3_000_000)
    bill = b"`0" * 2_000_000
    announced = {
        "hash_value": hashlib.sha1(bill).hexdigest(),
        "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=abc",
    }
    platform.signed("/v3/bill/tradebill", announced)
    platform.answers["/v3/billdownload/file"] = httpx.Response(200, content=gzip.compress(bill))
    assert (await pay.trade_bill(date(2026, 6, 18))).verdict is Verdict.UNKNOWN
    monkeypatch.setattr(paying, "_BILL_CAP", 4_000_000)
    with (await pay.trade_bill(date(2026, 6, 18))).get().file as file:
        assert file.read() == bill


async def test_without_keys_there_is_no_client(db: Db) -> None:
    with pytest.raises(NotConfigured):
        await service.pay_client(db, "demo")
    await f.configure(db)
    pay = await service.pay_client(db, "demo")
    with pytest.raises(NotConfigured):
        pay.app_id(PayClientKind.MINI)
    with pytest.raises(ValueError, match="no value"):
        (await prepay(pay)).get()
