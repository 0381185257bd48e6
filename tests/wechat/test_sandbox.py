"""The room against the sandbox: two programs that share no code, each proving the other."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.conftest import Drain
from tests.wechat.factories import BASE
from tests.wechat.test_callbacks import events
from tiefen.kernel import http
from tiefen.kernel.db import Db, Tx
from tiefen.sandbox.app import create_app as create_sandbox
from tiefen.wechat import service
from tiefen.wechat.errors import ApiError, CodeRefused, PageMissing, QuotaSpent
from tiefen.wechat.values import (
    AccountKind,
    Article,
    Inbound,
    Level,
    PayClientKind,
    PushMode,
    RefundStatus,
    Reply,
    ShippedItem,
    ShippingNotice,
    TextReply,
    TradeState,
    Verdict,
)

SHOP = "http://test"


@dataclass
class World:
    """A sandbox with accounts, a merchant that is connected to it, and one fan's phone."""

    control: httpx.AsyncClient
    db: Db
    oa: dict[str, Any]
    mini: dict[str, Any]
    pay: dict[str, Any]
    fan: dict[str, Any]

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.control.post(f"/sandbox/api{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def patch(self, account: str, **body: Any) -> None:
        answer = await self.control.patch(f"/sandbox/api/accounts/{account}", json=body)
        assert answer.status_code < 300, answer.text

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.control.get(f"/sandbox/api{path}", params=params)
        assert answer.status_code < 300, answer.text
        return answer.json()

    @property
    def openid(self) -> str:
        return str(self.fan["openids"][self.oa["app_id"]])

    async def said(self) -> list[dict[str, Any]]:
        chat = await self.get(f"/fans/{self.fan['id']}/chats/{self.oa['app_id']}")
        return [one for one in chat["items"] if one["direction"] == "out"]


@pytest.fixture
async def world(app: FastAPI, db: Db) -> AsyncIterator[World]:
    sandbox = create_sandbox(None, seed=7, transport=httpx.ASGITransport(app=app), auto=False)
    transport = httpx.ASGITransport(app=sandbox)
    http.outward_mounts[BASE] = transport
    http.outward_mounts[SHOP] = httpx.ASGITransport(app=app)
    service.configure(sandbox_url=BASE, public_url=SHOP)
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=transport, base_url=BASE) as control,
    ):
        made = World(control, db, {}, {}, {}, {})
        await _connect(made)
        yield made
    del http.outward_mounts[BASE], http.outward_mounts[SHOP]


async def _connect(world: World) -> None:
    templates = [
        {"template_id": "tmpl-paid", "title": "付款成功", "content": "商品：{{thing1.DATA}}"}
    ]
    shared = {"oauth_domain": "test", "js_domains": ["test"], "push_mode": "safe"}
    world.oa = await world.post(
        "/accounts", kind="oa", key="oa", name="小林好物", templates=templates, **shared
    )
    world.mini = await world.post("/accounts", kind="mini", key="mini", name="小林好物", **shared)
    world.pay = await world.post(
        "/accounts", kind="pay", key="pay", name="小林好物",
        app_ids=[world.oa["app_id"], world.mini["app_id"]], probe_every=1,
    )  # fmt: skip
    async with world.db.merchant("demo") as tx:
        for kind, account in ((AccountKind.OFFICIAL, world.oa), (AccountKind.MINI, world.mini)):
            await service.set_app(
                tx,
                kind,
                app_id=account["app_id"],
                name="小林好物",
                secret=account["secret"],
                token=account["token"],
                aes_key=account["aes_key"],
                push_mode=PushMode.SAFE,
                oauth_domain="test",
                js_domain="test",
            )
        await _pay_account(tx, world, public_key=True)
        await service.set_templates(tx, {"order_paid": "tmpl-paid"})
    app_id = world.oa["app_id"]
    await world.patch(app_id, callback_url=f"{SHOP}/wechat/oa/{app_id}")
    world.fan = (await world.post("/fans", fans=[{"key": "a", "nickname": "阿华"}]))["items"][0]


async def _pay_account(tx: Tx, world: World, *, public_key: bool) -> None:
    await service.set_pay(
        tx,
        mchid=world.pay["mchid"],
        serial_no=world.pay["merchant_serial"],
        private_key=world.pay["merchant_private_key"],
        api_v3_key=world.pay["apiv3_key"],
        public_key_id=world.pay["public_key_id"] if public_key else "",
        public_key=world.pay["public_key"] if public_key else "",
    )


async def test_a_mini_program_code_is_drawn_and_scanned(world: World, db: Db) -> None:
    await world.patch(world.mini["app_id"], pages=["pages/home/index"])
    raw = await service.create_mini_code(db, "demo", "c.aB-_9", "pages/home/index")
    assert raw.startswith(b"\x89PNG")
    (code,) = (await world.get("/codes", app_id=world.mini["app_id"]))["items"]
    scanned = await world.post(f"/fans/{world.fan['id']}/scan", text=code["text"])
    assert (scanned["page"], scanned["scene"]) == ("pages/home/index", "c.aB-_9")
    with pytest.raises(PageMissing):
        await service.create_mini_code(db, "demo", "c.1", "pages/new/index")
    assert await service.create_mini_code(db, "demo", "c.1", "pages/new/index", check_path=False)


async def test_talking(world: World, db: Db, drain: Drain) -> None:
    async def hook(tx: Tx, inbound: Inbound) -> Reply | None:
        return TextReply("欢迎") if inbound.event == "subscribe" else TextReply("在的")

    service.register_reply(hook)
    app_id, fan = world.oa["app_id"], world.fan["id"]
    checked = await world.post(f"/accounts/{app_id}/verify-url")
    assert checked["ok"], checked
    ticket = await service.create_qrcode(db, "demo", "emp-7", 600)
    shown = await world.control.get(ticket.image_url)
    assert shown.status_code == 200
    await world.post(f"/fans/{fan}/scan", ticket=ticket.ticket, then_follow=True)
    for mode in ("safe", "compat", "plain"):
        await world.patch(app_id, push_mode=mode)
        async with db.merchant("demo") as tx:
            await service.set_app(tx, AccountKind.OFFICIAL, app_id=app_id, push_mode=PushMode(mode))
        pushed = await world.post(f"/fans/{fan}/text", app_id=app_id, content=f"用{mode}说")
        assert pushed["push"]["outcome"] == "replied", pushed
    await world.patch(app_id, push_mode="safe")
    await world.post(
        "/faults", kind="duplicate", match={"target": "push"}, copies=5, concurrent=True
    )
    await world.post(f"/fans/{fan}/text", app_id=app_id, content="重复")
    found = await events(db)
    assert [name for name, _ in found] == ["wechat.followed"] + ["wechat.message_received"] * 4
    assert found[0][1]["scene"] == "emp-7"
    assert found[0][1]["openid"] == world.openid
    assert [one["text"] for one in await world.said()][:2] == ["欢迎", "在的"]
    async with db.merchant("demo") as tx:
        await service.send_text(tx, app_id, world.openid, "客服来了")
        await service.send_news(
            tx, app_id, world.openid, Article("新品", "看看", "http://p/1.jpg", "http://test/shop/")
        )
        await service.send_template(
            tx, world.openid, "order_paid", {"thing1": "面膜"}, "http://test/phone/"
        )
    await drain()
    assert {one["kind"] for one in (await world.said())[-3:]} >= {"text", "news"}
    async with db.merchant("demo") as tx:
        states = await tx.scalars(text("SELECT state || ' ' || reason FROM wechat_message"))
        assert set(states) == {"sent "}
    info = await service.user_info(db, "demo", world.openid)
    assert (info.subscribed, info.qr_scene) == (True, "emp-7")
    menu = [{"name": "客服", "type": "click", "key": "kf"}]
    await service.publish_menu(db, "demo", menu)
    await world.post(f"/fans/{fan}/menu", app_id=app_id, key="kf")
    await world.post(f"/fans/{fan}/unfollow", app_id=app_id)
    assert [name for name, _ in (await events(db))[-2:]] == [
        "wechat.menu_clicked",
        "wechat.unfollowed",
    ]


async def test_forged_pushes_of_the_sandbox(world: World, db: Db) -> None:
    app_id, fan = world.oa["app_id"], world.fan["id"]
    await world.post(f"/fans/{fan}/follow", app_id=app_id)
    forgeries = ("headers_missing", "empty_signature", "other_key", "altered_body", "other_app_id")
    for how in forgeries:
        await world.post("/faults", kind="forge", match={"target": "push"}, how=how, only=True)
        await world.post(f"/fans/{fan}/text", app_id=app_id, content=f"假的 {how}")
    await world.post(f"/fans/{fan}/text", app_id=app_id, content="真的")
    said = [payload["content"] for name, payload in await events(db) if "message" in name]
    assert said == ["真的"]


async def test_signing_in(world: World, db: Db) -> None:
    app_id, fan = world.oa["app_id"], world.fan["id"]
    async with db.merchant("demo") as tx:
        url = await service.oauth_url(tx, "http://test/shop/?a=1&b=2", "snsapi_base", state="s1")
    answer = await world.control.get(url.split("#")[0], headers={"X-Sandbox-Fan": str(fan)})
    location = httpx.URL(answer.headers["location"])
    assert (location.params["a"], location.params["state"]) == ("1", "s1")
    who = await service.exchange_code(db, "demo", location.params["code"])
    assert (who.app_id, who.openid, who.snapshot) == (app_id, world.openid, False)
    with pytest.raises(CodeRefused):
        await service.exchange_code(db, "demo", location.params["code"])
    code = (await world.post(f"/fans/{fan}/mini-login", app_id=world.mini["app_id"]))["code"]
    there = await service.mini_login(db, "demo", code)
    assert there.openid == world.fan["openids"][world.mini["app_id"]]
    assert there.unionid == world.fan["unionid"]
    with pytest.raises(CodeRefused):
        await service.mini_login(db, "demo", code)
    config = await service.jssdk_config(db, "demo", "http://test/shop/#/me")
    check = await world.post(
        "/jssdk/check", app_id=app_id, url="http://test/shop/", timestamp=config.timestamp,
        nonceStr=config.nonce_str, signature=config.signature,
    )  # fmt: skip
    assert check["ok"], check


async def test_paying(world: World, db: Db) -> None:
    for mode in ("public_key", "certificate", "mixed"):
        await _pay_once(world, db, mode)


async def _pay_once(world: World, db: Db, mode: str) -> None:
    before = len(await events(db))
    await world.patch(world.pay["mchid"], key_mode=mode)
    async with db.merchant("demo") as tx:
        await _pay_account(tx, world, public_key=mode != "certificate")
    pay = await service.pay_client(db, "demo")
    until = datetime.now(UTC) + timedelta(minutes=30)
    number = f"T20260618000_{mode}"[:32]
    for _ in range(2):  # the same number with the same facts may be prepared again
        prepared = await pay.jsapi(
            client=PayClientKind.JSAPI, openid=world.openid, out_trade_no=number, amount_fen=9900,
            description="补水面膜 & 精华", expires_at=until,
        )  # fmt: skip
        assert prepared.verdict is Verdict.OK, prepared
    assert (await pay.query(number)).get().state is TradeState.NOTPAY
    prepay = prepared.get()
    sheet = prepay.sheet
    params = {
        "appId": sheet.app_id, "timeStamp": sheet.time_stamp, "nonceStr": sheet.nonce_str,
        "package": sheet.package, "signType": sheet.sign_type, "paySign": sheet.pay_sign,
    }  # fmt: skip
    paid = await world.post(
        f"/pay/{prepay.prepay_id}", fan=world.fan["id"], outcome="success", params=params, wait=True
    )
    assert (paid["result"], paid["signature"]) == ("ok", "valid"), paid
    await world.post("/clock/run-due", until_idle=True, limit=20)
    ((name, payload),) = (await events(db))[before:]
    assert (name, payload["kind"]) == ("wechat.pay_notified", "transaction")
    assert payload["resource"]["out_trade_no"] == number
    there = (await pay.query(number)).get()
    assert (there.state, there.total_fen, there.openid) == (TradeState.SUCCESS, 9900, world.openid)
    assert there.transaction_id == payload["resource"]["transaction_id"]
    refund = await pay.refund(
        out_refund_no=f"R{number}", transaction_id=there.transaction_id, refund_fen=100, total_fen=9900,
        reason="少发一件",
    )  # fmt: skip
    assert refund.get().refund_fen == 100
    await world.post("/clock/run-due", until_idle=True, limit=20)
    assert (await pay.query_refund(f"R{number}")).get().status is RefundStatus.SUCCESS
    assert (await events(db))[-1][1]["kind"] == "refund"
    closed = await pay.close(number)
    assert closed.verdict is Verdict.REFUSED
    assert closed.code in ("ORDERPAID", "ORDER_PAID")
    unknown = await pay.query("T99999999")
    assert (unknown.verdict, unknown.status) == (Verdict.REFUSED, 404)


async def test_money_calls_that_hang_are_unknown_and_heal_under_the_same_number(
    world: World, db: Db
) -> None:
    pay = await service.pay_client(db, "demo")
    until = datetime.now(UTC) + timedelta(minutes=30)

    async def native() -> Any:
        return await pay.native(
            out_trade_no="T20260618000009", amount_fen=100, description="x", expires_at=until
        )

    for kind in ("http_500_before", "http_500_after", "truncated"):
        await world.post("/faults", kind=kind, match={"target": "api", "path": "/v3/pay/*"})
        assert (await native()).verdict is Verdict.UNKNOWN, kind
    for how in ("empty_signature", "other_key", "altered_body", "unknown_serial", "skew"):
        await world.post(
            "/faults",
            kind="forge",
            match={"target": "api", "path": "/v3/pay/*"},
            how=how,
            only=True,
        )
        assert (await native()).verdict is Verdict.UNKNOWN, how
    await world.post("/faults", kind="rate_limit", match={"target": "api", "path": "/v3/pay/*"})
    limited = await native()
    assert (limited.verdict, limited.code) == (Verdict.REFUSED, "FREQUENCY_LIMITED")
    assert (await native()).verdict is Verdict.OK


async def test_faults_of_the_server_interface(world: World, db: Db) -> None:
    await world.post(f"/fans/{world.fan['id']}/follow", app_id=world.oa["app_id"])
    match = {"target": "api", "path": "/cgi-bin/user/info"}
    await service.user_info(db, "demo", world.openid)
    await world.post("/faults", kind="token_rotate", match=match)
    assert (await service.user_info(db, "demo", world.openid)).subscribed
    await world.post("/faults", kind="rate_limit", match=match)
    with pytest.raises(QuotaSpent):
        await service.user_info(db, "demo", world.openid)


async def test_the_mini_program_is_told_of_late_goods_and_of_parcels(world: World, db: Db) -> None:
    pay, now = await service.pay_client(db, "demo"), datetime.now(UTC)
    openid = world.fan["openids"][world.mini["app_id"]]
    numbers = []
    for number in ("T20260618000011", "T20260618000012"):
        prepared = await pay.jsapi(
            client=PayClientKind.MINI, openid=openid, out_trade_no=number, amount_fen=100,
            description="x", expires_at=now + timedelta(minutes=30),
        )  # fmt: skip
        prepay = prepared.get().prepay_id
        await world.post(f"/pay/{prepay}", fan=world.fan["id"], outcome="success", wait=True)
        numbers.append((await pay.query(number)).get().transaction_id or "")
    paid, for_service = numbers
    assert paid
    await service.report_presale(db, "demo", paid, now + timedelta(days=20))
    for number, days in ((paid, 14), (paid, 331), ("4200000", 20)):
        with pytest.raises(ApiError):
            await service.report_presale(db, "demo", number, now + timedelta(days=days))
    item = ShippedItem("SF", "SF0000000001", "面膜*1", "138****0000")
    first = ShippingNotice(paid, openid, (item,), whole=False, last=False, at=now)
    await service.upload_shipping(db, "demo", first)
    with pytest.raises(ApiError) as older:
        await service.upload_shipping(db, "demo", first)
    assert older.value.errcode == 268485216
    last = replace(first, last=True, at=now + timedelta(seconds=1))
    await service.upload_shipping(db, "demo", last)
    again = replace(first, whole=True, last=True, at=now + timedelta(seconds=2))
    await service.upload_shipping(db, "demo", again)  # a told order may be told otherwise once
    with pytest.raises(ApiError) as twice:
        await service.upload_shipping(db, "demo", replace(again, at=now + timedelta(seconds=3)))
    assert twice.value.errcode == 10060003
    with pytest.raises(ApiError):
        await service.report_presale(db, "demo", paid, now + timedelta(days=20))
    nothing = ShippedItem("OTHERS", "", "手冲咖啡课*1", "")
    virtual = ShippingNotice(for_service, openid, (nothing,), True, True, now, travels=False)
    await service.upload_shipping(db, "demo", virtual)  # no courier, no number, no receiver


async def test_forged_and_repeated_notices_of_the_sandbox(world: World, db: Db) -> None:
    pay = await service.pay_client(db, "demo")
    until = datetime.now(UTC) + timedelta(minutes=30)
    prepared = await pay.jsapi(
        client=PayClientKind.MINI, openid=world.fan["openids"][world.mini["app_id"]],
        out_trade_no="T20260618000010", amount_fen=100, description="x", expires_at=until,
    )  # fmt: skip
    target = {"target": "notice"}
    for how in (
        "headers_missing", "empty_signature", "other_key", "altered_body", "unknown_serial", "skew",
        "signtest", "bad_tag",
    ):  # fmt: skip
        await world.post("/faults", kind="forge", match=target, how=how)
    await world.post("/faults", kind="wrong_merchant", match=target)
    await world.post("/faults", kind="duplicate", match=target, copies=20, concurrent=True)
    await world.post(
        f"/pay/{prepared.get().prepay_id}", fan=world.fan["id"], outcome="success", wait=True
    )
    await asyncio.sleep(0)
    await world.post("/clock/run-due", until_idle=True, limit=20)
    found = await events(db)
    assert len(found) == 1, json.dumps([p for _, p in found], ensure_ascii=False)
    assert found[0][1]["resource"]["amount"]["total"] == 100


async def test_the_doctor(world: World, db: Db) -> None:
    async def report() -> dict[str, Level]:
        return {one.subject: one.level for one in await service.diagnose(db, "demo")}

    await world.post(f"/fans/{world.fan['id']}/follow", app_id=world.oa["app_id"])
    well = await report()
    assert set(well.values()) == {Level.OK}, well
    assert well.keys() >= {
        "official.token", "official.callback", "official.push", "official.oauth_domain",
        "official.js_domain", "official.templates", "mini.token", "pay.keys", "pay.notify_url",
    }  # fmt: skip
    await world.patch(world.oa["app_id"], ip_whitelist=["203.0.113.9"])
    assert (await report())["official.token"] is Level.FAIL
    await world.patch(world.oa["app_id"], ip_whitelist=[])
    async with db.merchant("demo") as tx:
        await service.set_app(
            tx, AccountKind.OFFICIAL, app_id=world.oa["app_id"], secret="f" * 32, js_domain="x.cn",
            oauth_domain="", push_mode=PushMode.PLAIN,
        )  # fmt: skip
        await service.set_templates(tx, {"order_paid": "no-such", "shipped": "tmpl-paid"})
        await service.set_pay(tx, mchid=world.pay["mchid"], serial_no="ABCDEF0123456789")
    sick = await report()
    assert {subject for subject, level in sick.items() if level is Level.FAIL} >= {
        "official.token", "official.js_domain", "pay.keys",
    }  # fmt: skip
    assert sick["official.push_mode"] is sick["official.oauth_domain"] is Level.WARN
    for one in await service.diagnose(db, "demo"):
        assert one.what.zh, one.subject
        assert one.what.en, one.subject
        assert (one.level is Level.OK) == (not one.how_to_fix.zh), one.subject
        assert bool(one.how_to_fix.zh) == bool(one.how_to_fix.en), one.subject
    empty = [one for one in await service.diagnose(db, "other") if one.level is Level.FAIL]
    assert {one.subject for one in empty} == {"official.account", "pay.account"}
