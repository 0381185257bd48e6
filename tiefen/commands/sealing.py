"""A sealed stream: AES-256-GCM over chunks, key from a passphrase by scrypt.

Layout: magic, 16 bytes of salt, then chunks `length (4 bytes) | sealed bytes`. A chunk's nonce is its
number and whether it is the last, so chunks cannot be altered, dropped, swapped or cut off unseen.
"""

import io
import os
import struct
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC: Final = b"TIEFEN-SEALED-1\n"
CHUNK: Final = 1024 * 1024
_TAG = 16


class SealError(ValueError):
    """The stream was altered or cut, or the passphrase is another."""


def is_sealed(stream: IO[bytes]) -> bool:
    """Whether a seekable stream begins like one of ours; the position is kept."""
    at = stream.tell()
    start = stream.read(len(MAGIC))
    stream.seek(at)
    return start == MAGIC


class Writer(io.RawIOBase):
    """Seals what is written to it. `close` writes the last chunk but leaves the target open."""

    def __init__(self, target: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(16)
        target.write(MAGIC + salt)
        self._target, self._cipher = target, _cipher(passphrase, salt)
        self._waiting, self._number = bytearray(), 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Take bytes; full chunks go out at once."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk."""
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
        super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), plain, None)
        self._target.write(struct.pack("!I", len(sealed)) + sealed)
        self._number += 1


class Reader(io.RawIOBase):
    """Opens a sealed stream. Raises SealError at the first byte that is not as it was written."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        if source.read(len(MAGIC)) != MAGIC:
            raise SealError("not a sealed archive")
        self._source, self._cipher = source, _cipher(passphrase, source.read(16))
        self._ready, self._number, self._done = bytearray(), 0, False

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` opened bytes; empty at the end."""
        while not self._done and (size < 0 or len(self._ready) < size):
            self._next()
        taken = bytes(self._ready) if size < 0 else bytes(self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def finish(self) -> None:
        """Read to the end, to be sure that it is all there."""
        while not self._done:
            self._next()

    def _next(self) -> None:
        head = self._source.read(4)
        length = struct.unpack("!I", head)[0] if len(head) == 4 else 0
        if not _TAG <= length <= CHUNK + _TAG:
            raise SealError("the archive is cut off or damaged")
        sealed = self._source.read(length)
        for last in (False, True):
            try:
                self._ready += self._cipher.decrypt(_nonce(self._number, last=last), sealed, None)
            except InvalidTag:
                continue
            self._number += 1
            self._done = last
            return
        wrong = "wrong passphrase, or the archive" if self._number == 0 else "the archive"
        raise SealError(f"{wrong} is damaged")


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack("!QI", number, int(last))
