"""A merchant's own signing, written for these tests only: neither the sandbox's code nor the product's."""

import base64
import functools
import json
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .conftest import Got, World


@functools.cache
def private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def rsa_sign(pem: str, text: str) -> str:
    return base64.b64encode(
        private_key(pem).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    ).decode()


def rsa_verify(public: rsa.RSAPublicKey, text: bytes, signature: str) -> None:
    """Raises InvalidSignature."""
    public.verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA256())


def public_key(account: dict[str, Any], serial: str) -> rsa.RSAPublicKey:
    """The platform key that this serial names. Raises KeyError for one nobody gave us."""
    if serial == account["public_key_id"]:
        key = serialization.load_pem_public_key(account["public_key"].encode())
    elif serial == account["platform_serial"]:
        key = x509.load_pem_x509_certificate(account["platform_certificate"].encode()).public_key()
    else:
        raise KeyError(serial)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def verify(account: dict[str, Any], headers: Any, body: bytes) -> None:
    """Check a platform signature, of an answer or a notice."""
    text = (
        f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
    )
    rsa_verify(
        public_key(account, headers["wechatpay-serial"]), text, headers["wechatpay-signature"]
    )


def opened(account: dict[str, Any], got: Got) -> dict[str, Any]:
    """A notice's resource, after its signature held."""
    verify(account, got.headers, got.body)
    resource = json.loads(got.body)["resource"]
    plain = AESGCM(account["apiv3_key"].encode()).decrypt(
        resource["nonce"].encode(),
        base64.b64decode(resource["ciphertext"]),
        resource["associated_data"].encode(),
    )
    found: dict[str, Any] = json.loads(plain)
    return found


@dataclass
class Shop:
    """A merchant with an account, a fan, and a pay client over the in-process transport."""

    world: World
    app: dict[str, Any]
    account: dict[str, Any]
    fan: dict[str, Any]

    @property
    def openid(self) -> str:
        found: str = self.fan["openids"][self.app["app_id"]]
        return found

    async def send(
        self, method: str, target: str, body: dict[str, Any] | None = None, **tweak: Any
    ) -> httpx.Response:
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        stamp = str(int(self.world.clock.wire() + tweak.get("skew", 0)))
        nonce = uuid.uuid4().hex
        text = f"{method}\n{target}\n{stamp}\n{nonce}\n{raw.decode()}\n"
        signature = rsa_sign(tweak.get("key", self.account["merchant_private_key"]), text)
        headers = {
            "Authorization": f'WECHATPAY2-SHA256-RSA2048 mchid="{self.account["mchid"]}",nonce_str="{nonce}",'
            f'timestamp="{stamp}",serial_no="{self.account["merchant_serial"]}",signature="{signature}"',
            "Content-Type": "application/json",
        }
        headers |= tweak.get("headers", {})
        return await self.world.http.request(
            method, target, content=tweak.get("raw", raw), headers=headers
        )

    def order(self, number: str | None = None, **change: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "appid": self.app["app_id"],
            "mchid": self.account["mchid"],
            "description": "茶叶",
            "out_trade_no": number or f"order{next(self.world.numbers):06d}",
            "notify_url": "http://shop.test/notify",
            "amount": {"total": 100, "currency": "CNY"},
            "payer": {"openid": self.openid},
        }
        return {k: v for k, v in (body | change).items() if v is not None}

    async def prepay(self, number: str | None = None, **change: Any) -> tuple[str, str]:
        """(out_trade_no, prepay_id)."""
        body = self.order(number, **change)
        response = await self.send("POST", "/v3/pay/transactions/jsapi", body)
        assert response.status_code == 200, response.text
        return body["out_trade_no"], response.json()["prepay_id"]

    async def paid(self, number: str | None = None, **change: Any) -> tuple[str, dict[str, Any]]:
        """(out_trade_no, what the phone was told)."""
        number, prepay_id = await self.prepay(number, **change)
        return number, await self.world.post(f"/pay/{prepay_id}", outcome="success")

    async def refund(
        self, number: str, refund_no: str, fen: int, total: int = 100, **change: Any
    ) -> httpx.Response:
        body = {
            "out_trade_no": number,
            "out_refund_no": refund_no,
            "notify_url": "http://shop.test/refunded",
            "amount": {"refund": fen, "total": total, "currency": "CNY"},
        }
        return await self.send("POST", "/v3/refund/domestic/refunds", body | change)


async def open_shop(world: World, **settings: Any) -> Shop:
    app = await world.oa()
    account = await world.post(
        "/accounts", kind="pay", key="pay", app_ids=[app["app_id"]], **settings
    )
    fan = await world.fan(nickname="小林")
    return Shop(world, app, account, fan)
