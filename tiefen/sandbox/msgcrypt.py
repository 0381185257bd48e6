"""The message cipher of 公众号 and 小程序 pushes, the sandbox's own hand: AES-256-CBC with 32-byte padding, SHA-1 signatures."""

import base64
import binascii
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAD = 32


class BadMessage(Exception):
    """A message that does not decrypt to something meant for this app."""


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts, as hex."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def encrypt(aes_key: str, message: bytes, app_id: str, random16: bytes) -> str:
    full = random16 + len(message).to_bytes(4, "big") + message + app_id.encode()
    pad = PAD - len(full) % PAD
    enc = _cipher(aes_key).encryptor()
    return base64.b64encode(enc.update(full + bytes([pad]) * pad) + enc.finalize()).decode()


def decrypt(aes_key: str, text: str, app_id: str) -> bytes:
    """The message inside. Raises BadMessage when anything about it is not right."""
    try:
        raw = base64.b64decode(text, validate=True)
        dec = _cipher(aes_key).decryptor()
        full = dec.update(raw) + dec.finalize()
    except (binascii.Error, ValueError) as error:
        raise BadMessage("not base64 of whole AES blocks") from error
    if not full or not 1 <= full[-1] <= PAD or len(full) < full[-1] + 20:
        raise BadMessage("bad padding")
    full = full[: -full[-1]]
    size = int.from_bytes(full[16:20], "big")
    message, tail = full[20 : 20 + size], full[20 + size :]
    if tail != app_id.encode():
        raise BadMessage(f"meant for {tail.decode(errors='replace')!r}, not {app_id!r}")
    return message
