"""Sealed fields: personal data and secrets at rest, under a key of the merchant's own.

Each merchant's key is derived from the installation's master key and the merchant's slug, so a row
copied into another merchant's schema does not open. The master key before the last rotation is
kept for reading.
"""

import base64
import hashlib
import hmac
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from tiefen.kernel.db import merchant_in_scope

_masters: list[bytes] = []


def configure(*masters: str) -> None:
    """Set the master keys, the current one first. Called once, at composition."""
    _masters[:] = [master.encode() for master in masters if master]
    _derive.cache_clear()


def fingerprint() -> str:
    """A short public name of the current master key, to compare after a restore."""
    return hashlib.sha256(b"tiefen/fingerprint" + _master(0)).hexdigest()[:12]


def seal(plain: str, *, merchant: str | None = None) -> str:
    """Encrypt text for a merchant (the one in scope by default)."""
    nonce = os.urandom(12)
    owner = _owner(merchant)
    sealed = _cipher(_master(0), owner).encrypt(nonce, plain.encode(), owner.encode())
    return "v1." + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, merchant: str | None = None) -> str:
    """Decrypt what `seal` made. Raises ValueError when no known key opens it."""
    version, _, body = sealed.partition(".")
    if version != "v1":
        raise ValueError("unknown sealing version")
    raw, owner = base64.urlsafe_b64decode(body), _owner(merchant)
    for master in _masters:
        try:
            return _cipher(master, owner).decrypt(raw[:12], raw[12:], owner.encode()).decode()
        except InvalidTag:
            continue
    raise ValueError("no known key opens this field")


def opened(kept: str, *, merchant: str | None = None) -> str:
    """What `seal` made, decrypted; text that was written before it was sealed, as it is."""
    try:
        return unseal(kept, merchant=merchant)
    except ValueError:
        return kept


def blind(value: str, *, merchant: str | None = None) -> str:
    """A keyed hash of a value, so that equal values can be found without being readable."""
    key = _derive(_master(0), _owner(merchant), "blind")
    return hmac.new(key, value.strip().lower().encode(), "sha256").hexdigest()[:40]


def blind_key(purpose: str, value: str, *, merchant: str | None = None) -> int:
    """Eight bytes of the keyed hash of a value, of this purpose alone, as a whole number."""
    digest = bytes.fromhex(blind(f"{purpose}|{value}", merchant=merchant))
    return int.from_bytes(digest[:8], "big", signed=True)


def sign(purpose: str, text: str) -> str:
    """A signature of the installation over `text`, for values that travel through a browser."""
    return hmac.new(_derive(_master(0), purpose, "sign"), text.encode(), "sha256").hexdigest()


class Sealed(TypeDecorator[str]):
    """Column type: text that is encrypted in the database and plain in Python."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Encrypt on the way in."""
        return None if value is None else seal(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Decrypt on the way out."""
        return None if value is None else unseal(value)


class SealedSince(Sealed):
    """`Sealed` for a column that once held plain text: what an older process writes is still read."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Decrypt on the way out, where there is something to decrypt."""
        return None if value is None else opened(value)


class SealedJson(TypeDecorator[Any]):
    """Column type: a document that lies encrypted in a JSON column, as one string.

    What lay there in the clear before is still read. A raw statement writes what `seal` makes of the text.
    """

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Encrypt on the way in."""
        return None if value is None else seal(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """Decrypt on the way out, where there is something to decrypt."""
        return json.loads(unseal(value)) if isinstance(value, str) else value


def mask_phone(phone: str) -> str:
    """`138****1234`."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_name(name: str) -> str:
    """The first character only: `林*`."""
    return name[:1] + "*" * min(max(len(name) - 1, 1), 3) if name else ""


def mask_email(email: str) -> str:
    """`l****@example.com`."""
    name, at, host = email.partition("@")
    return f"{name[:1]}****{at}{host}" if at else "*" * len(email)


def mask_address(address: str) -> str:
    """The first six characters only."""
    return address[:6] + "****" if address else ""


def _owner(merchant: str | None) -> str:
    owner = merchant_in_scope.get() if merchant is None else merchant
    if not owner:
        raise ValueError("sealed fields need a merchant in scope")
    return owner


def _master(place: int) -> bytes:
    if place >= len(_masters):
        raise RuntimeError("kernel.crypto.configure() was not called")
    return _masters[place]


@lru_cache(maxsize=4096)
def _cipher(master: bytes, owner: str) -> AESGCM:
    return AESGCM(_derive(master, owner, "seal"))


@lru_cache(maxsize=4096)
def _derive(master: bytes, owner: str, use: str) -> bytes:
    info = f"tiefen/{use}/{owner}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)
