"""Uploads: pictures are made anew, everything else is refused."""

import io

import pytest
from PIL import Image

from tiefen.kernel.errors import NotFound
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import NotAPicture, Storage


def png(width: int, height: int) -> bytes:
    """A picture of this size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#07c160").save(out, "PNG")
    return out.getvalue()


async def test_a_picture_is_encoded_anew_and_bounded(settings: Settings) -> None:
    storage = Storage(settings)
    stored = await storage.put_picture("demo", png(4000, 1000))
    assert (stored.width, stored.height) == (1600, 400)
    assert stored.key.startswith("demo/")
    assert (await storage.get(stored.key))[8:12] == b"WEBP"
    assert await storage.keys("demo") == [stored.key]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<svg onload=alert(1)>",
        b"GIF89a<script>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n" + b"0" * 50,
    ],
)
async def test_anything_else_is_refused(settings: Settings, raw: bytes) -> None:
    with pytest.raises(NotAPicture):
        await Storage(settings).put_picture("demo", raw)


async def test_a_script_hidden_behind_a_picture_is_gone(settings: Settings) -> None:
    storage = Storage(settings)
    stored = await storage.put_picture("demo", png(10, 10) + b"<?php system($_GET[0]);")
    assert b"php" not in await storage.get(stored.key)


async def test_a_decompression_bomb_is_refused(settings: Settings) -> None:
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    with pytest.raises(NotAPicture):
        await Storage(settings).put_picture("demo", out.getvalue())


@pytest.mark.parametrize("key", ["demo/missing.webp", "../secret_key", "demo/../../secret_key"])
async def test_only_stored_keys_are_found(settings: Settings, key: str) -> None:
    with pytest.raises(NotFound):
        await Storage(settings).get(key)
