"""A configured merchant, WeChat's side of the keys, and what WeChat would send. Made with wechatpy where it can make it."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from tiefen.kernel import clock
from tiefen.kernel.db import Db
from tiefen.wechat import service
from tiefen.wechat.values import AccountKind, PushMode

APP = "wx0123456789abcdef"
MINI = "wxfedcba9876543210"
TOKEN = "aTokenOfOurs1"
AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_AES = "ABCDEFGabcdefghijklmnopqrstuvwxyz0123456789"
SECRET = "0123456789abcdef0123456789abcdef"
MCHID = "1900007291"
API_V3 = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb"
BASE = "http://wechat.test"


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


OURS, THEIRS, STRANGER = rsa_key(), rsa_key(), rsa_key()
PUBLIC_ID = "PUB_KEY_ID_0119000072912024081500112233445566"


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(key: rsa.RSAPrivateKey, serial: int) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1800))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


async def configure(
    db: Db,
    *,
    merchant: str = "demo",
    mode: PushMode = PushMode.SAFE,
    public_key: bool = True,
    app_id: str = APP,
    mchid: str = MCHID,
) -> None:
    async with db.merchant(merchant) as tx:
        await service.set_app(
            tx,
            AccountKind.OFFICIAL,
            app_id=app_id,
            name="小林好物",
            secret=SECRET,
            token=TOKEN,
            aes_key=AES,
            push_mode=mode,
            api_base=BASE,
        )
        await service.set_pay(
            tx,
            mchid=mchid,
            serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            private_key=private_pem(OURS),
            api_v3_key=API_V3,
            public_key_id=PUBLIC_ID if public_key else None,
            public_key=public_pem(THEIRS) if public_key else None,
            api_base=BASE,
        )


# ── pushes ────────────────────────────────────────────────────────────────────────────────────────────────────


def xml(**fields: object) -> str:
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>"


def text_push(content: str, msg_id: int = 1, openid: str = "oFan0001") -> str:
    return xml(
        ToUserName="gh_shop", FromUserName=openid, CreateTime=1781776800, MsgType="text",
        Content=content, MsgId=msg_id,
    )  # fmt: skip


def event_push(event: str, openid: str = "oFan0001", at: int = 1781776800, **more: object) -> str:
    return xml(
        ToUserName="gh_shop",
        FromUserName=openid,
        CreateTime=at,
        MsgType="event",
        Event=event,
        **more,
    )


@dataclass
class Push:
    """A push as it goes over the wire."""

    params: dict[str, str]
    body: bytes


def plain(message: str, token: str = TOKEN) -> Push:
    timestamp, nonce = "1781776801", "415670741"
    return Push(
        {"timestamp": timestamp, "nonce": nonce, "signature": _sha1(token, timestamp, nonce)},
        message.encode(),
    )


def sealed(
    message: str, *, aes: str = AES, app_id: str = APP, token: str = TOKEN, compat: bool = False
) -> Push:
    """Encrypted and signed by wechatpy."""
    timestamp, nonce = "1781776801", "415670741"
    wrapped = WeChatCrypto(token, aes, app_id).encrypt_message(message, nonce, timestamp)
    encrypted = wrapped.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    body = f"<xml><ToUserName><![CDATA[gh_shop]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    if compat:
        body = message.replace("</xml>", f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>")
    params = {
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": _sha1(token, timestamp, nonce),
        "encrypt_type": "aes",
        "msg_signature": _sha1(token, timestamp, nonce, encrypted),
    }
    return Push(params, body.encode())


def opened(answer: str) -> str:
    """Decrypt our reply with wechatpy, which also checks its signature."""
    crypto = WeChatCrypto(TOKEN, AES, APP)

    def part(name: str) -> str:
        inner = answer.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
        return inner.removeprefix("<![CDATA[").removesuffix("]]>")

    return str(
        crypto.decrypt_message(answer, part("MsgSignature"), part("TimeStamp"), part("Nonce"))
    )


def _sha1(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


# ── notices ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Notice:
    """A payment notice in the making; what is not right about it is set before `headers()` and `body` are read."""

    resource: Mapping[str, Any]
    id: str = "EV-0001"
    event_type: str = "TRANSACTION.SUCCESS"
    original_type: str = "transaction"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: THEIRS)
    serial: str = PUBLIC_ID
    api_v3_key: str = API_V3
    offset: int = 0
    flip_tag: bool = False

    def body(self) -> bytes:
        nonce = b"uluk4a9R25RW"
        raw = bytearray(
            AESGCM(self.api_v3_key.encode()).encrypt(
                nonce, json.dumps(dict(self.resource)).encode(), b"transaction"
            )
        )
        if self.flip_tag:
            raw[-1] ^= 1
        return json.dumps(
            {
                "id": self.id,
                "create_time": "2026-06-18T18:00:00+08:00",
                "event_type": self.event_type,
                "resource_type": "encrypt-resource",
                "summary": "支付成功",
                "resource": {
                    "original_type": self.original_type,
                    "algorithm": "AEAD_AES_256_GCM",
                    "ciphertext": base64.b64encode(bytes(raw)).decode(),
                    "associated_data": "transaction",
                    "nonce": nonce.decode(),
                },
            },
            ensure_ascii=False,
        ).encode()

    def headers(self, body: bytes | None = None) -> dict[str, str]:
        return signed_headers(
            body or self.body(), key=self.key, serial=self.serial, offset=self.offset
        )


def signed_headers(
    body: bytes, *, key: rsa.RSAPrivateKey | None = None, serial: str = PUBLIC_ID, offset: int = 0
) -> dict[str, str]:
    timestamp, nonce = str(int(clock.utcnow().timestamp()) + offset), f"nonce{time.monotonic_ns()}"
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = (key or THEIRS).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Request-ID": "0812AB-1",
    }


def transaction(out_trade_no: str = "T20260618000000001", **more: Any) -> dict[str, Any]:
    return {
        "appid": APP,
        "mchid": MCHID,
        "out_trade_no": out_trade_no,
        "transaction_id": "4200000000202606180000000001",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-06-18T18:00:00+08:00",
        "payer": {"openid": "oFan0001"},
        "amount": {"total": 9900, "payer_total": 9900, "currency": "CNY", "payer_currency": "CNY"},
        **more,
    }


def sealed_certificate(key: rsa.RSAPrivateKey, serial: int) -> dict[str, Any]:
    """One entry of /v3/certificates."""
    pem, nonce = certificate(key, serial), b"aae8c2e79c5b"
    raw = AESGCM(API_V3.encode()).encrypt(nonce, pem.encode(), b"certificate")
    return {
        "serial_no": f"{serial:X}",
        "effective_time": "2026-01-01T00:00:00+08:00",
        "expire_time": "2031-01-01T00:00:00+08:00",
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce.decode(),
            "associated_data": "certificate",
            "ciphertext": base64.b64encode(raw).decode(),
        },
    }


# ── a scripted platform ───────────────────────────────────────────────────────────────────────────────────────


class Platform(httpx.AsyncBaseTransport):
    """Answers what a test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answers: dict[str, Any] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        answer = self.answers.get(request.url.path)
        if callable(answer):
            answer = answer(request)
            if hasattr(answer, "__await__"):
                answer = await answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return httpx.Response(404, json={"errcode": 404, "errmsg": "no such script"})
        return httpx.Response(200, json=answer)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]

    def signed(self, path: str, body: Any, status: int = 200, **how: Any) -> None:
        """Script a payment answer that carries WeChat's signature."""

        def answer(_: httpx.Request) -> httpx.Response:
            content = b"" if body is None else json.dumps(body).encode()
            return httpx.Response(status, content=content, headers=signed_headers(content, **how))

        self.answers[path] = answer
