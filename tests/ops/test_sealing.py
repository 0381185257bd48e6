"""Sealed archives: what goes in comes out, and nothing that was touched does."""

import functools
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiefen.commands import sealing

PASSPHRASE = "一句很长的口令"


@pytest.fixture(autouse=True)
def _one_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriving the key is slow by design; once for each salt and passphrase is enough here."""
    monkeypatch.setattr(sealing, "_cipher", CIPHER)


CIPHER = functools.cache(sealing._cipher)


def seal(plain: bytes, *, pieces: int = 1) -> bytes:
    target = io.BytesIO()
    writer = sealing.Writer(target, PASSPHRASE)
    step = max(len(plain) // pieces, 1)
    for at in range(0, len(plain), step):
        writer.write(plain[at : at + step])
    writer.close()
    return target.getvalue()


def unseal(sealed: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = sealing.Reader(io.BytesIO(sealed), passphrase)
    return reader.read()


@pytest.mark.parametrize("size", [0, 1, sealing.CHUNK - 1, sealing.CHUNK, sealing.CHUNK * 2 + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    plain = bytes(range(256)) * (size // 256 + 1)
    assert unseal(seal(plain[:size], pieces=3)) == plain[:size]


def test_small_reads_see_the_same_bytes() -> None:
    plain = b"x" * (sealing.CHUNK + 100)
    reader = sealing.Reader(io.BytesIO(seal(plain)), PASSPHRASE)
    assert b"".join(iter(lambda: reader.read(4096), b"")) == plain


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(sealing.SealError, match="passphrase"):
        unseal(seal(b"secret"), "guess")


def test_it_tells_sealed_from_plain() -> None:
    assert sealing.is_sealed(io.BytesIO(seal(b"")))
    assert not sealing.is_sealed(io.BytesIO(b"PK\3\4 something else entirely"))


SEALED = seal(b"a" * (sealing.CHUNK + 10))


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_no_bit_can_be_turned(at: int, bit: int) -> None:
    altered = bytearray(SEALED)
    altered[at] ^= 1 << bit
    with pytest.raises(sealing.SealError):
        unseal(bytes(altered))


@settings(max_examples=20, deadline=None)
@given(length=st.integers(0, len(SEALED) - 1))
def test_no_end_can_be_cut_off(length: int) -> None:
    with pytest.raises(sealing.SealError):
        unseal(SEALED[:length])


def test_chunks_cannot_be_dropped_or_swapped() -> None:
    head = len(sealing.MAGIC) + 16
    size = 4 + sealing.CHUNK + 16
    sealed = seal(b"a" * sealing.CHUNK + b"b" * sealing.CHUNK + b"c")
    first, second, rest = (
        sealed[head : head + size],
        sealed[head + size : head + 2 * size],
        sealed[head + 2 * size :],
    )
    for parts in ((second, first, rest), (first, rest), (second, rest), (first, second)):
        with pytest.raises(sealing.SealError):
            unseal(sealed[:head] + b"".join(parts))
