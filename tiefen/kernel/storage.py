"""Stored files: a local folder or an S3-compatible bucket behind one interface.

Names are made here, never taken from a client. Pictures are decoded and encoded anew, so what is
served is an image and nothing else.
"""

import asyncio
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store
from PIL import Image, ImageOps, UnidentifiedImageError

from tiefen.kernel import ids, log
from tiefen.kernel.errors import Away, Invalid, NotFound, Refusal
from tiefen.kernel.settings import Settings

logger = log.get("kernel")

RETRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
"""A request waits for a bucket no longer than this; by itself the library would try for minutes."""
MAX_PIXELS = 40_000_000
MAX_SIDE = 1600
_KEY = re.compile(r"[a-z0-9_]{1,31}/[\w-]{8,64}\.[a-z0-9]{1,8}")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class NotAPicture(Invalid):
    """The upload is no image we accept."""

    code = "files.not_a_picture"
    zh = "不是可用的图片：请上传 JPG、PNG、WebP 或 GIF，且不超过 4000 万像素"
    en = "Not a usable picture: upload a JPG, PNG, WebP or GIF of at most 40 megapixels"


class StorageAway(Away):
    """The bucket does not answer, or refuses our credentials: for an operator to mend."""

    code = "files.away"
    zh = "文件存储暂时不可用，请稍后再试"
    en = "The file storage is not available; please try again later"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file: its key, and for pictures their size in pixels."""

    key: str
    content_type: str
    width: int
    height: int


class Storage:
    """Puts and gets files by key."""

    def __init__(self, settings: Settings) -> None:
        if settings.storage_url:
            options: Any = {"allow_http": True, "timeout": "10s", "connect_timeout": "2s"}
            self._store: Any = S3Store.from_url(
                settings.storage_url, client_options=options, retry_config=RETRIES
            )
        else:
            folder = settings.data_dir.absolute() / "files"
            folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(prefix=folder)

    async def put_picture(self, merchant: str, raw: bytes) -> Stored:
        """Store an uploaded picture as WebP, at most 1,600 pixels a side. Raises NotAPicture."""
        body, width, height = await asyncio.to_thread(_encode, raw)
        key = f"{merchant}/{ids.token(16)}.webp"
        await self.restore(key, body)
        return Stored(key, "image/webp", width, height)

    async def put(self, merchant: str, raw: bytes, *, suffix: str) -> str:
        """Store bytes we made ourselves; returns the key."""
        key = f"{merchant}/{ids.token(16)}.{suffix}"
        await self.restore(key, raw)
        return key

    async def get(self, key: str) -> bytes:
        """The bytes of a key. Raises NotFound."""
        if not _KEY.fullmatch(key):
            raise NotFound
        with _answering(missing=NotFound):
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def drop(self, key: str) -> None:
        """Delete a file we made ourselves; one that is gone already is no error."""
        if not _KEY.fullmatch(key):
            raise NotFound
        with suppress(NotFound), _answering(missing=NotFound):
            await obstore.delete_async(self._store, key)

    async def keys(self, merchant: str) -> list[str]:
        """All keys of one merchant, for backup and erasure."""
        with _answering():
            batches = obstore.list(self._store, prefix=f"{merchant}/")
            return [item["path"] async for batch in batches for item in batch]

    async def restore(self, key: str, raw: bytes) -> None:
        """Put a file under the key it has or had."""
        with _answering():
            await obstore.put_async(self._store, key, raw)


@contextmanager
def _answering(missing: type[Refusal] | None = None) -> Iterator[None]:
    """Turn the library's errors into ours. Where no file is looked for, what is missing is the bucket."""
    try:
        yield
    except FileNotFoundError as error:
        raise (missing or StorageAway) from error
    except (BaseError, PermissionError) as error:
        logger.warning("storage away", kind=type(error).__name__)
        raise StorageAway from error


def _encode(raw: bytes) -> tuple[bytes, int, int]:
    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise NotAPicture(field="file")
            picture: Image.Image = ImageOps.exif_transpose(opened)
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            mode = "RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB"
            out = io.BytesIO()
            picture.convert(mode).save(out, "WEBP", quality=82, method=4)
            return out.getvalue(), picture.width, picture.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPicture(field="file") from error
