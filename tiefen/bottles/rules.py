"""Pure decisions of the bottles room: what a code says, what is suspicious, whose territory it is.

A code is one block of AES: eight zero bytes, the batch, the number of the bottle, enciphered under
the merchant's bottle key and written in 26 letters and digits. Whoever lacks the key finds a block
that opens to zeros once in 2^64 tries, and a code tells nothing about its batch or number. So codes
are neither stored nor looked up: a million of them are one row. See docs/decisions on bottle codes.
"""

import base64
import binascii
import math
import struct
from collections.abc import Iterable, Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tiefen.bottles.values import AlarmKind, Limits, Sight

LENGTH = 26
MOST = 1_000_000
"""Bottles of one batch."""
SAME_SCAN = timedelta(minutes=10)
"""The same fan looking again so soon has not scanned again."""
_PLAIN = struct.Struct(">QII")
_BLOCK = 16
_PAD = "======"
EARTH_KM = 6371.0


def codes(key: bytes, batch_id: int, first: int, last: int) -> list[str]:
    """The codes of bottles `first` to `last` of a batch, in order."""
    plain = bytearray(_BLOCK * (last - first + 1))
    for place, serial in enumerate(range(first, last + 1)):
        _PLAIN.pack_into(plain, place * _BLOCK, 0, batch_id, serial)
    made = _cipher(key).encryptor().update(bytes(plain))
    return [
        base64.b32encode(made[at : at + _BLOCK])[:LENGTH].decode()
        for at in range(0, len(made), _BLOCK)
    ]


def read(key: bytes, code: str) -> tuple[int, int] | None:
    """Batch and number of a bottle; None for anything that was not made with this key."""
    if len(code) != LENGTH or not code.isascii():
        return None
    try:
        raw = base64.b32decode(code.upper() + _PAD)
    except binascii.Error:
        return None
    zero, batch_id, serial = _PLAIN.unpack(_cipher(key).decryptor().update(raw))
    # Two of the last letter's bits belong to nobody: only one way to write a code is a code.
    same = base64.b32encode(raw)[:LENGTH].decode() == code.upper()
    return (batch_id, serial) if zero == 0 and same and 1 <= serial <= MOST else None


def inside(region: str, territory: Iterable[str]) -> bool:
    """Whether a region lies in a territory of provinces (440000), cities (440100) and districts."""
    return any(region.startswith(_stem(one)) for one in territory)


def suspicions(
    sights: Sequence[Sight], limits: Limits, *, territory: Sequence[str] | None
) -> list[AlarmKind]:
    """What is wrong with a bottle, by its scans, oldest first. `territory` None = not handed out."""
    newest = sights[-1]
    since = newest.at - timedelta(hours=limits.window_hours)
    recent = [one for one in sights if one.at > since]
    found = []
    if len(recent) > limits.scans:
        found.append(AlarmKind.MANY_SCANS)
    if len({one.fan_id for one in recent}) > limits.fans:
        found.append(AlarmKind.MANY_FANS)
    if any(_far(one, newest, limits.far_km) for one in recent):
        found.append(AlarmKind.FAR_REGIONS)
    if territory is None:
        found.append(AlarmKind.INACTIVE)
    elif territory and sights[0].region and not inside(sights[0].region, territory):
        found.append(AlarmKind.OUTSIDE)
    return found


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far two places are apart on the ground."""
    (lat1, lng1), (lat2, lng2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _far(one: Sight, other: Sight, far_km: int) -> bool:
    """By the places when both fans allowed them, else by what they said: not the same province."""
    if one.place and other.place:
        return distance_km(one.place, other.place) > far_km
    return bool(one.region and other.region) and one.region[:2] != other.region[:2]


def _stem(code: str) -> str:
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    # One block a code and no block twice: here ECB is the block cipher itself, a permutation.
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
