"""A short film out of stills, as an MP4 any browser plays, written without a codec.

Each picture is an H.264 key frame whose blocks are stored as they are (I_PCM of the baseline
profile): large for what it shows, but a demo needs only one, and no program to make it with.
"""

import io
import re
import struct
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image

SIDE = 240
"""Pixels; a multiple of the 16 of a block."""
_BLOCKS = SIDE // 16
TICKS = 10
"""Of a second."""
STILL, STEP = 18, 1
"""How many ticks a still stays, and each step of the way to the next."""
STEPS = 3
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def of(stills: Sequence[bytes]) -> bytes:
    """An MP4 that shows these pictures one after the other, each flowing into the next."""
    seen = [Image.open(io.BytesIO(one)).convert("RGB").resize((SIDE, SIDE)) for one in stills]
    frames, lasts = [seen[0]], [STILL]
    for one, other in pairwise(seen):
        frames += [Image.blend(one, other, part / (STEPS + 1)) for part in range(1, STEPS + 1)]
        frames.append(other)
        lasts += [STEP] * STEPS + [STILL]
    samples = [_sample(frame, number) for number, frame in enumerate(frames)]
    head = _box("ftyp", b"isom", struct.pack(">I", 512), b"isomavc1mp41")
    where = len(head) + len(_movie(samples, lasts, 0)) + 8
    return head + _movie(samples, lasts, where) + _box("mdat", *samples)


# ── the picture ──────────────────────────────────────────────────────────────────────────────


def _sample(frame: Image.Image, number: int) -> bytes:
    """A key frame with its length before it."""
    luma, *chroma = frame.convert("YCbCr").split()
    planes = [(luma.point([16 + value * 219 // 255 for value in range(256)]).tobytes(), 16)]
    for colour in chroma:
        small = colour.resize((SIDE // 2, SIDE // 2))
        planes.append((small.point([16 + value * 224 // 255 for value in range(256)]).tobytes(), 8))
    head = _Bits().ue(0).ue(7).ue(0).u(4, 0).ue(number % 2).u(2, 0).se(0).ue(1)
    parts = [head.ue(25).aligned()]
    for block in range(_BLOCKS * _BLOCKS):
        if block:
            parts.append(_Bits().ue(25).aligned())
        across, down = block % _BLOCKS, block // _BLOCKS
        for plane, size in planes:
            wide = size * _BLOCKS
            first = down * size * wide + across * size
            parts += (plane[at : at + size] for at in range(first, first + size * wide, wide))
    unit = _unit(0x65, b"".join(parts) + b"\x80")
    return struct.pack(">I", len(unit)) + unit


def _unit(kind: int, body: bytes) -> bytes:
    """A unit of the stream: nothing in it may look like the start of another."""
    return bytes([kind]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", body)


class _Bits:
    """Numbers as the stream writes them: plain, and in Exp-Golomb code."""

    def __init__(self) -> None:
        self._said = ""

    def u(self, bits: int, value: int) -> "_Bits":
        self._said += f"{value:0{bits}b}"
        return self

    def ue(self, value: int) -> "_Bits":
        code = f"{value + 1:b}"
        self._said += "0" * (len(code) - 1) + code
        return self

    def se(self, value: int) -> "_Bits":
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def aligned(self) -> bytes:
        said = self._said + "0" * (-len(self._said) % 8)
        return int(said, 2).to_bytes(len(said) // 8, "big")


def _sets() -> tuple[bytes, bytes]:
    """What holds for all frames: size, order, no filter."""
    sequence = _Bits().u(8, 66).u(8, 0xC0).u(8, 30).ue(0).ue(0).ue(2).ue(1).u(1, 0)
    sequence.ue(_BLOCKS - 1).ue(_BLOCKS - 1).u(1, 1).u(1, 1).u(2, 0).u(1, 1)
    picture = _Bits().ue(0).ue(0).u(2, 0).ue(0).ue(0).ue(0).u(3, 0).se(0).se(0).se(0)
    picture.u(1, 1).u(2, 0).u(1, 1)
    return _unit(0x67, sequence.aligned()), _unit(0x68, picture.aligned())


# ── the file ─────────────────────────────────────────────────────────────────────────────────


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind.encode() + body


def _full(kind: str, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def _movie(samples: Sequence[bytes], lasts: Sequence[int], where: int) -> bytes:
    """The description before the pictures, which begin at byte `where`."""
    length = sum(lasts)
    sequence, picture = _sets()
    config = _box(
        "avcC", b"\x01", sequence[1:4], b"\xff\xe1", struct.pack(">H", len(sequence)), sequence,
        b"\x01", struct.pack(">H", len(picture)), picture,
    )  # fmt: skip
    size = struct.pack(">HH", SIDE, SIDE)
    look = bytes(6) + b"\x00\x01" + bytes(16) + size + _words(0x480000, 0x480000, 0)
    entry = _box("avc1", look, b"\x00\x01", bytes(32), b"\x00\x18\xff\xff", config)
    table = _box(
        "stbl",
        _full("stsd", _words(1), entry),
        _full("stts", _words(len(lasts)), *(_words(1, last) for last in lasts)),
        _full("stsc", _words(1, 1, len(samples), 1)),
        _full("stsz", _words(0, len(samples)), *(_words(len(one)) for one in samples)),
        _full("stco", _words(1, where)),
    )
    place = _box("dinf", _full("dref", _words(1), _full("url ", flags=1)))
    media = _box(
        "mdia",
        _full("mdhd", _words(0, 0, TICKS, length, 0x55C40000)),
        _full("hdlr", _words(0), b"vide", bytes(12), b"film\x00"),
        _box("minf", _full("vmhd", bytes(8), flags=1), place, table),
    )
    track = _full(
        "tkhd", _words(0, 0, 1, 0, length), bytes(16), _MATRIX, _words(SIDE << 16, SIDE << 16), flags=3,
    )  # fmt: skip
    whole = _full(
        "mvhd", _words(0, 0, TICKS, length, 0x10000), b"\x01\x00", bytes(10), _MATRIX, bytes(24), _words(2)
    )  # fmt: skip
    return _box("moov", whole, _box("trak", track, media))
