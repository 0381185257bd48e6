"""Clients nobody here wrote, over a real loopback port: wechatpy and wechatpayv3."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from wechatpayv3 import SignType, WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpy import WeChatClient, WeChatOAuth, parse_message
from wechatpy.client.api import WeChatJSAPI
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatClientException
from wechatpy.replies import TextReply

from tiefen.sandbox.server import Running, start_sandbox


class Elsewhere(HTTPAdapter):
    """Sends every request to the sandbox, whatever host the client had in mind."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = f"{self.base}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@dataclass
class Server:
    """The merchant's server on a loopback port: keeps what came, answers by `answer`."""

    url: str
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Any = None

    def wait(self, count: int) -> None:
        for _ in range(300):
            if len(self.got) >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f"only {len(self.got)} of {count} came")


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = state.answer(self.path, body) if state.answer else b"success"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{httpd.server_address[1]}")
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join(5)


def post(live: Running, path: str, **body: Any) -> dict[str, Any]:
    response = live.api.post(path, json=body)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()
    return data


def account(live: Running, server: Server, key: str) -> dict[str, Any]:
    return post(
        live, "/accounts", kind="oa", key=key, callback_url=f"{server.url}/wechat", push_mode="safe"
    )


def client(live: Running, app: dict[str, Any]) -> WeChatClient:
    made = WeChatClient(app["app_id"], app["secret"])
    made._http.trust_env = False
    made._http.mount("https://", Elsewhere(live.url))
    return made


def test_wechatpy_reads_pushes_and_is_understood(live: Running, server: Server) -> None:
    app = account(live, server, "push")
    crypto = WeChatCrypto(app["token"], app["aes_key"], app["app_id"])

    def answer(path: str, body: bytes) -> bytes:
        query = {k: v[0] for k, v in parse_qs(urlsplit(path).query).items()}
        plain = crypto.decrypt_message(
            body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        message = parse_message(plain)
        text = f"欢迎 {message.scene_id}" if message.type == "event" else f"你说 {message.content}"
        reply = TextReply(content=text, message=message)
        sealed: str = crypto.encrypt_message(reply.render(), query["nonce"], query["timestamp"])
        return sealed.encode()

    server.answer = answer
    api = client(live, app)
    code = api.qrcode.create(
        {
            "expire_seconds": 600,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": "lin"}},
        }
    )
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    followed = post(live, f"/fans/{fan['id']}/scan", text=code["url"])
    assert followed["push"]["replies"][0]["text"] == "欢迎 lin"
    said = post(live, f"/fans/{fan['id']}/text", app_id=app["app_id"], content="在吗")
    assert said["push"]["replies"][0]["text"] == "你说 在吗"


def test_wechatpy_drives_the_account(live: Running, server: Server) -> None:
    app = account(live, server, "drive")
    api = client(live, app)
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    openid = fan["openids"][app["app_id"]]
    post(live, f"/fans/{fan['id']}/follow", app_id=app["app_id"])
    assert api.user.get(openid)["subscribe"] == 1
    assert list(api.user.iter_followers()) == [openid]
    tag = api.tag.create("铁粉")["id"]
    api.tag.tag_user(tag, [openid])
    assert api.user.get(openid)["tagid_list"] == [tag]
    api.menu.create({"button": [{"type": "click", "name": "帮助", "key": "HELP"}]})
    assert api.menu.get()["menu"]["button"][0]["key"] == "HELP"
    api.message.send_text(openid, "收到了吗")
    api.message.send_articles(
        openid, [{"title": "秋茶", "description": "", "url": "http://s.test", "image": ""}]
    )
    sent = api.message.send_template(
        openid, app["templates"][0]["template_id"], {"character_string1": {"value": "A1"}}
    )
    assert sent["errcode"] == 0
    media = api.media.upload("image", ("a.png", b"\x89PNG\r\n\x1a\n0000", "image/png"))
    assert api.media.download(media["media_id"]).content.startswith(b"\x89PNG")
    ticket = api.jsapi.get_ticket()["ticket"]
    url = "http://shop.test/?a=1"
    signature = WeChatJSAPI(api).get_jsapi_signature("n", ticket, "1", url)
    asked = {
        "app_id": app["app_id"],
        "url": url,
        "nonceStr": "n",
        "timestamp": "1",
        "signature": signature,
    }
    assert post(live, "/jssdk/check", **asked)["err_msg"] == "config:ok"
    with pytest.raises(WeChatClientException, match="invalid openid"):
        api.user.get("oNobody")
    thread = live.api.get(f"/fans/{fan['id']}/chats/{app['app_id']}").json()["items"]
    assert [m["kind"] for m in thread if m["direction"] == "out"] == ["text", "news", "template"]
    server.wait(2)


def test_wechatpy_fetches_a_new_token_when_one_was_rotated_away(
    live: Running, server: Server
) -> None:
    app = account(live, server, "rotate")
    api = client(live, app)
    assert api.user.get_followers()["total"] == 0
    post(live, "/faults", kind="token_rotate", match={"account": app["app_id"]})
    assert api.user.get_followers()["total"] == 0
    wire = live.api.get(f"/wire?account={app['app_id']}").json()["items"]
    assert "40001" in wire[-3]["response"]["body"]


def test_wechatpy_signs_a_person_in(live: Running, server: Server) -> None:
    app = account(live, server, "oauth")
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    oauth = WeChatOAuth(
        app["app_id"], app["secret"], "http://shop.test/back", "snsapi_userinfo", "s1"
    )
    oauth._http.trust_env = False
    oauth._http.mount("https://", Elsewhere(live.url))
    where = urlsplit(oauth.authorize_url)
    page = httpx.get(
        f"{live.url}{where.path}?{where.query}",
        headers={"X-Sandbox-Fan": str(fan["id"]), "X-Sandbox-Consent": "allow"},
        trust_env=False,
    )
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    oauth.fetch_access_token(code)
    assert oauth.get_user_info()["nickname"] == "小林"
    assert oauth.check_access_token()


# -- 微信支付 --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["certificate", "public_key"])
def pay(
    request: pytest.FixtureRequest, live: Running, server: Server
) -> tuple[WeChatPay, dict[str, Any], dict[str, Any]]:
    """(wechatpayv3's client, the merchant, the app) in both key modes."""
    mode = request.param
    app = account(live, server, f"pay-{mode}")
    merchant = post(
        live,
        "/accounts",
        kind="pay",
        key=f"pay-{mode}",
        app_ids=[app["app_id"]],
        key_mode=mode,
        probe_every=0,
    )
    keys = {"public_key": merchant["public_key"], "public_key_id": merchant["public_key_id"]}
    made = _client(live, merchant, app, server, keys if mode == "public_key" else {})
    return made, merchant, app


def _client(
    live: Running,
    merchant: dict[str, Any],
    app: dict[str, Any],
    server: Server,
    keys: dict[str, Any],
) -> WeChatPay:
    """wechatpayv3 asks for certificates in its constructor, so the gateway is set before that."""
    begin = Core._init_certificates

    def from_the_sandbox(core: Core) -> None:
        core._gate_way = live.url
        begin(core)

    Core._init_certificates = from_the_sandbox
    try:
        made = WeChatPay(
            wechatpay_type=WeChatPayType.JSAPI,
            mchid=merchant["mchid"],
            private_key=merchant["merchant_private_key"],
            cert_serial_no=merchant["merchant_serial"],
            apiv3_key=merchant["apiv3_key"],
            appid=app["app_id"],
            notify_url=f"{server.url}/notify",
            **keys,
        )
    finally:
        Core._init_certificates = begin
    made._core._gate_way = live.url
    return made


def test_wechatpayv3_pays_queries_refunds_and_reads_notices(
    live: Running, server: Server, pay: tuple[WeChatPay, dict[str, Any], dict[str, Any]]
) -> None:
    api, merchant, app = pay
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    number = f"live{merchant['mchid']}"
    code, text = api.pay(
        description="茶叶",
        out_trade_no=number,
        amount={"total": 100},
        payer={"openid": fan["openids"][app["app_id"]]},
    )
    assert code == 200, text
    prepay_id = json.loads(text)["prepay_id"]
    stamp, package = str(int(time.time())), f"prepay_id={prepay_id}"
    params = {
        "appId": app["app_id"],
        "timeStamp": stamp,
        "nonceStr": "n",
        "package": package,
        "signType": "RSA",
    }
    params["paySign"] = api.sign(
        data=[app["app_id"], stamp, "n", package], sign_type=SignType.RSA_SHA256
    )
    told = post(live, f"/pay/{prepay_id}", fan=fan["id"], params=params)
    assert (told["result"], told["signature"], told["notice"]["state"]) == (
        "ok",
        "valid",
        "delivered",
    )
    _, headers, body = server.got[-1]
    notice = api.callback(headers, body)
    assert notice["resource"]["out_trade_no"] == number
    code, text = api.query(out_trade_no=number)
    assert json.loads(text)["trade_state"] == "SUCCESS"
    code, text = api.query(transaction_id=told["charge"]["transaction_id"])
    assert json.loads(text)["out_trade_no"] == number
    code, text = api.close(out_trade_no=number)
    assert (code, json.loads(text)["code"]) == (400, "ORDER_PAID")
    code, text = api.refund(
        out_refund_no=f"r{number}",
        out_trade_no=number,
        amount={"refund": 30, "total": 100, "currency": "CNY"},
        notify_url=f"{server.url}/refunded",
    )
    assert json.loads(text)["status"] in {"PROCESSING", "SUCCESS"}
    server.wait(2)
    _, headers, body = server.got[-1]
    assert api.callback(headers, body)["resource"]["refund_status"] == "SUCCESS"
    code, text = api.query_refund(f"r{number}")
    assert json.loads(text)["amount"]["refund"] == 30
    unpaid = f"open{merchant['mchid']}"
    api.pay(
        description="茶叶",
        out_trade_no=unpaid,
        amount={"total": 1},
        payer={"openid": fan["openids"][app["app_id"]]},
    )
    assert api.close(out_trade_no=unpaid)[0] == 204


def test_a_forged_notice_is_refused_by_wechatpayv3(
    live: Running, server: Server, pay: tuple[WeChatPay, dict[str, Any], dict[str, Any]]
) -> None:
    api, merchant, app = pay
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    number = f"fake{merchant['mchid']}"
    _, text = api.pay(
        description="茶叶",
        out_trade_no=number,
        amount={"total": 5},
        payer={"openid": fan["openids"][app["app_id"]]},
    )
    post(live, "/faults", kind="forge", how="other_key", match={"out_trade_no": number})
    post(live, f"/pay/{json.loads(text)['prepay_id']}", fan=fan["id"])
    (_, headers, body), (_, true_headers, true_body) = server.got
    assert not api.callback(headers, body)
    assert api.callback(true_headers, true_body)["resource"]["amount"]["total"] == 5


def test_wechatpayv3_sees_a_new_platform_certificate(live: Running, server: Server) -> None:
    app = account(live, server, "pay-certificate")
    merchant = post(live, "/accounts", kind="pay", key="pay-rotated", app_ids=[app["app_id"]])
    api = _client(live, merchant, app, server, {})
    rotated = post(live, f"/accounts/{merchant['mchid']}/rotate", what="platform_cert")
    assert rotated["platform_serial"] != merchant["platform_serial"]
    code, text = api.query(out_trade_no="nothing-here")
    assert (code, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")
    assert len(json.loads(api._core.request("/v3/certificates")[1])["data"]) == 2


def test_the_sandbox_listens_on_loopback_only() -> None:
    with start_sandbox() as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert running.api.get("/").json()["name"] == "tiefen sandbox"


def test_events_stream_as_they_happen(live: Running, server: Server) -> None:
    app = account(live, server, "events")
    fan = post(live, "/fans", fans=[{"nickname": "小林"}])["items"][0]
    with live.api.stream("GET", f"/events?fan={fan['id']}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == ": open"
        post(live, f"/fans/{fan['id']}/follow", app_id=app["app_id"])
        event = next(line for line in lines if line.startswith("event:"))
        data = next(lines).removeprefix("data: ")
    assert event == "event: message"
    assert json.loads(data)["message"]["text"] == "你已关注沙箱公众号"
