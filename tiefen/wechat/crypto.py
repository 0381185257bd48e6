"""The cryptography of WeChat's wire: pure functions, no clock, no network, no database.

Three schemes live side by side on this wire and must not be mixed up: sorted SHA-1 with a shared token (message push, JS-SDK),
AES-256-CBC with a 32-byte block padding (encrypted push), and RSA-SHA256 plus AES-GCM (payment v3).
"""

import base64
import binascii
import hashlib
import hmac
import struct
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PUSH_BLOCK = 32
"""WeChat pads messages to 32 bytes, not to AES's 16: a pad of 17…32 is legal and library unpadders refuse it."""

PAY_SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
PUBLIC_KEY_ID_PREFIX = "PUB_KEY_ID_"


class CryptoError(ValueError):
    """A key is malformed, or a ciphertext was not made with our key. The text never carries key or plain text."""


def same(expected: str, given: str | None) -> bool:
    """Compare two signatures in constant time. An absent or empty signature is never equal, not even to an empty one."""
    if not expected or not given:
        return False
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


# ── message push ──────────────────────────────────────────────────────────────────────────────────────────────


def push_signature(token: str, timestamp: str, nonce: str, encrypted: str | None = None) -> str:
    """`signature` of a push, or `msg_signature` when the ciphertext is given: SHA-1 hex over the sorted parts."""
    parts = [token, timestamp, nonce] if encrypted is None else [token, timestamp, nonce, encrypted]
    return hashlib.sha1(
        "".join(sorted(parts)).encode("utf-8", "surrogatepass"), usedforsecurity=False
    ).hexdigest()


@lru_cache(maxsize=1024)
def aes_key(encoding_aes_key: str) -> bytes:
    """The 32 AES bytes behind the 43 characters of an EncodingAESKey. Raises CryptoError when it is not one."""
    if len(encoding_aes_key) != 43:
        raise CryptoError("an EncodingAESKey has 43 characters")
    try:
        return base64.b64decode(encoding_aes_key + "=", validate=True)
    except ValueError as error:
        raise CryptoError("an EncodingAESKey is base64 text") from error


def encrypt_push(encoding_aes_key: str, app_id: str, message: bytes, random: bytes) -> str:
    """Seal one message for `app_id`. `random` is 16 fresh bytes (given, so that vectors can be replayed)."""
    if len(random) != 16:
        raise CryptoError("the random prefix has 16 bytes")
    key = aes_key(encoding_aes_key)
    full = random + struct.pack(">I", len(message)) + message + app_id.encode()
    pad = PUSH_BLOCK - len(full) % PUSH_BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(
        encryptor.update(full + bytes([pad]) * pad) + encryptor.finalize()
    ).decode()


def decrypt_push(encoding_aes_key: str, app_id: str, encrypted: str) -> bytes:
    """Open one message. Raises CryptoError when padding, length or the trailing app id is not what it must be."""
    key = aes_key(encoding_aes_key)
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CryptoError("the ciphertext is not base64") from error
    if not sealed or len(sealed) % 16:
        raise CryptoError("the ciphertext is not whole blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    full = decryptor.update(sealed) + decryptor.finalize()
    pad = full[-1]
    if not 1 <= pad <= PUSH_BLOCK or len(full) - pad < 20 or full[-pad:] != bytes([pad]) * pad:
        raise CryptoError("the padding is wrong: another key made this ciphertext")
    full = full[:-pad]
    (length,) = struct.unpack(">I", full[16:20])
    message, tail = full[20 : 20 + length], full[20 + length :]
    if len(message) != length or not hmac.compare_digest(tail, app_id.encode()):
        raise CryptoError("the message is for another app id")
    return message


def open_push(keys: list[str], app_id: str, encrypted: str) -> tuple[bytes, str]:
    """Open a message with the first key that fits and say which did: after a key change the old one still comes in."""
    for key in keys:
        try:
            return decrypt_push(key, app_id, encrypted), key
        except CryptoError:
            continue
    raise CryptoError("no key of this account opens the message")


# ── JS-SDK ────────────────────────────────────────────────────────────────────────────────────────────────────


def jssdk_signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """SHA-1 over the four parts in ASCII order. The page's address is signed as it is, without its fragment."""
    page = url.split("#", 1)[0]
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


# ── payment v3 ────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=512)
def private_key(pem: str) -> RSAPrivateKey:
    """The merchant's API key (PKCS#8 or PKCS#1 PEM). Raises CryptoError when it is not an RSA private key."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CryptoError("not a PEM private key without a password") from error
    if not isinstance(key, RSAPrivateKey):
        raise CryptoError("not an RSA private key")
    return key


@lru_cache(maxsize=512)
def public_key(pem: str) -> RSAPublicKey:
    """WeChat's public key, from its PEM (公钥模式) or from a certificate (证书模式)."""
    try:
        key: object = (
            x509.load_pem_x509_certificate(pem.encode()).public_key()
            if "BEGIN CERTIFICATE" in pem
            else serialization.load_pem_public_key(pem.encode())
        )
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CryptoError("not a PEM public key or certificate") from error
    if not isinstance(key, RSAPublicKey):
        raise CryptoError("not an RSA public key")
    return key


def certificate_serial(pem: str) -> str:
    """The serial of a certificate as WeChat writes it: upper-case hex without leading zeros cut off."""
    try:
        number = x509.load_pem_x509_certificate(pem.encode()).serial_number
    except ValueError as error:
        raise CryptoError("not a PEM certificate") from error
    return f"{number:X}"


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The five lines that a request's signature covers: the raw request target and the raw bytes, nothing re-encoded."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """The three lines that WeChat signs in answers and notices; an empty body still has its line."""
    return f"{timestamp}\n{nonce}\n".encode("utf-8", "surrogatepass") + body + b"\n"


def sheet_message(app_id: str, timestamp: str, nonce: str, package: str) -> bytes:
    """The four lines of `paySign`; `package` is `prepay_id=…` for JSAPI and 小程序, the bare id for an app."""
    return f"{app_id}\n{timestamp}\n{nonce}\n{package}\n".encode()


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """base64 of RSA-SHA256 (PKCS#1 v1.5)."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(key: RSAPublicKey, message: bytes, signature: str | None) -> bool:
    """Whether `signature` (base64) was made by the owner of `key`. Absent, empty and undecodable are simply false."""
    if not signature:
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def authorization(mchid: str, serial: str, timestamp: str, nonce: str, signature: str) -> str:
    """The Authorization header of a payment request."""
    return f'{PAY_SCHEME} mchid="{mchid}",nonce_str="{nonce}",timestamp="{timestamp}",serial_no="{serial}",signature="{signature}"'


def open_resource(api_v3_key: str, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """Decrypt a notice's resource or a downloaded certificate (AES-GCM, tag at the end). Raises CryptoError."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(api_v3_key.encode()).decrypt(nonce.encode(), sealed, associated_data.encode())
    except (binascii.Error, ValueError, InvalidTag) as error:
        raise CryptoError(
            "the resource was not sealed with this APIv3 key, or it was altered"
        ) from error
