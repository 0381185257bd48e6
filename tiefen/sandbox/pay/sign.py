"""Signatures of the pay platform: what merchants sign, what the platform signs, and notices' encryption."""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tiefen.sandbox import keys
from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import PayError
from tiefen.sandbox.models import Merchant
from tiefen.sandbox.wire import Headers

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SKEW = 300.0
PART = re.compile(r'\s*(\w+)\s*=\s*"([^"]*)"\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Signer:
    serial: str
    private_key: str


def lines(*parts: str | bytes) -> bytes:
    """Each part followed by a newline."""
    return b"".join((p if isinstance(p, bytes) else p.encode()) + b"\n" for p in parts)


def verify(key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether this base64 is this key's signature of the message."""
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def request_message(method: str, target: bytes, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a merchant signs of a request."""
    return lines(method, target, timestamp, nonce, body)


def pay_message(app_id: str, timestamp: str, nonce: str, package: str) -> bytes:
    """What a merchant signs for the client's payment call."""
    return lines(app_id, timestamp, nonce, package)


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What the platform signs of an answer or a notice."""
    return lines(timestamp, nonce, body)


def seal_bytes(key: str, nonce: str, plain: bytes, associated: str) -> str:
    """AES-256-GCM with the APIv3 key as it is written, in base64 with the tag at the end."""
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plain, associated.encode())
    return base64.b64encode(sealed).decode()


def _refused(why: str) -> PayError:
    return PayError(
        401,
        "SIGN_ERROR",
        f"签名错误，请检查后再试: {why}",
        268443699,
        {"issue": why, "location": "authorization"},
    )


def authenticate(box: Box, method: str, target: bytes, header: str, body: bytes) -> Merchant:
    """The merchant who signed this request over its raw target and bytes. Raises SIGN_ERROR."""
    scheme, _, rest = header.partition(" ")
    if not header:
        raise _refused("no Authorization header")
    if scheme != SCHEME:
        raise _refused(f"unknown scheme {scheme!r}")
    given: dict[str, str] = dict(PART.findall(rest))
    absent = [
        n for n in ("mchid", "nonce_str", "timestamp", "serial_no", "signature") if not given.get(n)
    ]
    if absent:
        raise _refused(f"Authorization without {', '.join(absent)}")
    merchant = box.merchants.get(given["mchid"])
    if merchant is None:
        raise _refused("unknown mchid")
    if given["serial_no"].upper() != merchant.merchant_serial:
        raise _refused("serial_no is not the merchant's")
    if not given["timestamp"].isdecimal() or abs(box.clock.wire() - int(given["timestamp"])) > SKEW:
        raise _refused("timestamp is more than 5 minutes off")
    message = request_message(method, target, given["timestamp"], given["nonce_str"], body)
    if not verify(keys.public_of(merchant.merchant_private_key), message, given["signature"]):
        raise _refused("signature does not match")
    return merchant


def platform_signer(box: Box, merchant: Merchant, *, asked: str = "") -> Signer:
    """By the serial the merchant asked for, else by the merchant's mode."""
    public = Signer(merchant.public_key_id, merchant.public_private_key)
    certificate = Signer(merchant.platform_serial, merchant.platform_private_key)
    if asked == merchant.public_key_id:
        return public
    if asked == merchant.platform_serial or (asked and merchant.key_mode != "public_key"):
        return certificate
    if merchant.key_mode == "mixed":
        return public if box.chance.below(2) else certificate
    return public if merchant.key_mode == "public_key" else certificate


def signed_headers(box: Box, signer: Signer, body: bytes, *, skew: float = 0.0) -> Headers:
    timestamp, nonce = str(int(box.clock.wire() - skew)), box.chance.text(32)
    signature = keys.sign(signer.private_key, answer_message(timestamp, nonce, body))
    return [
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", base64.b64encode(signature).decode()),
        ("Wechatpay-Signature-Type", SCHEME),
        ("Wechatpay-Serial", signer.serial),
    ]


def seal(box: Box, merchant: Merchant, plain: bytes, associated: str) -> dict[str, str]:
    """AES-256-GCM under the APIv3 key, in the shape of a resource."""
    nonce = box.chance.text(12)
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": seal_bytes(merchant.apiv3_key, nonce, plain, associated),
        "associated_data": associated,
        "nonce": nonce,
    }


def check_pay_sign(box: Box, params: dict[str, str]) -> tuple[bool, str, str]:
    """Whether a client's payment parameters are rightly signed: (ok, reason, the string that is signed)."""
    package = str(params.get("package") or "")
    prepay_id = package.removeprefix("prepay_id=")
    app_id = str(params.get("appId") or "")
    timestamp, nonce = str(params.get("timeStamp") or ""), str(params.get("nonceStr") or "")
    signed = pay_message(app_id, timestamp, nonce, package)
    string = signed.decode()
    order = box.prepays.get(prepay_id)
    if not package.startswith("prepay_id=") or order is None:
        return False, "package names no prepay_id of this sandbox", string
    if params.get("signType") != "RSA":
        return False, "signType is not RSA", string
    if app_id != order.app_id:
        return False, f"appId is not {order.app_id}, for which the order was made", string
    if not isinstance(params.get("timeStamp"), str) or not str(params["timeStamp"]).isdecimal():
        return False, "timeStamp is not a string of seconds", string
    merchant = box.merchants[order.mchid]
    key = keys.public_of(merchant.merchant_private_key)
    if not verify(key, signed, str(params.get("paySign") or "")):
        return False, "paySign does not match the merchant's key", string
    return True, "", string
