"""What is shared of a product, packed to take away."""

import io
import zipfile
from collections.abc import Sequence

from PIL import Image

from tiefen.catalog.values import ShareKit

QUALITY = 88


def pack_share_kit(kit: ShareKit, pictures: Sequence[bytes]) -> bytes:
    """A ZIP of the pictures as 01.jpg, 02.jpg … and of the texts, if there are any.

    Every phone's album takes JPEG; see-through parts become white. Takes a while: call it in a thread.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for place, raw in enumerate(pictures, start=1):
            packed.writestr(f"{place:02d}.jpg", _jpeg(raw))
        if kit.texts:
            packed.writestr("texts.txt", "\n\n――――\n\n".join(kit.texts))
    return out.getvalue()


def _jpeg(raw: bytes) -> bytes:
    with Image.open(io.BytesIO(raw)) as opened:
        seen = opened.convert("RGBA")
    sheet = Image.new("RGB", seen.size, "#ffffff")
    sheet.paste(seen, mask=seen.getchannel("A"))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
