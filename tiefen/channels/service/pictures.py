"""A channel code as a picture to print: the QR code with its name below."""

import io
from functools import cache

import segno
from PIL import Image, ImageDraw, ImageFont

from tiefen.kernel import pdf

MARGIN = 40
LINE = 52
SIDE = 640
"""Pixels of the code itself; prints at 5 cm with 300 dpi."""


def code_picture(url: str, name: str, note: str = "", picture: bytes = b"") -> bytes:
    """A PNG of the QR code of `url` with `name` (and a smaller `note`) in black below it.

    `picture`: what the platform drew, for a code that only it can draw.
    """
    code = _fitted(picture) if picture else qr_square(url, SIDE)
    lines = [(text, size) for text, size in ((name, 36), (note, 24)) if text]
    width, height = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN + LINE * len(lines)
    sheet = Image.new("L", (width, height), 255)
    sheet.paste(code, (MARGIN, MARGIN))
    draw = ImageDraw.Draw(sheet)
    for place, (text, size) in enumerate(lines):
        font = print_font(size)
        shown = fit(draw, text, font, SIDE)
        top = MARGIN + SIDE + 12 + LINE * place
        draw.text((width / 2, top), shown, font=font, fill=0, anchor="mt")
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def qr_square(url: str, side: int) -> Image.Image:
    """A QR code with its quiet zone in the middle of a white square; whole pixels a module."""
    made = segno.make(url, error="m", micro=False)
    modules = made.symbol_size(scale=1, border=2)[0]
    out = io.BytesIO()
    made.save(out, kind="png", border=2, scale=max(side // modules, 1))
    square = Image.new("L", (side, side), 255)
    with Image.open(io.BytesIO(out.getvalue())) as drawn:
        edge = (side - drawn.width) // 2
        square.paste(drawn.convert("L"), (edge, edge))
    return square


def _fitted(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as drawn:
        return drawn.convert("L").resize((SIDE, SIDE))


def fit(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut with an ellipsis where it would run out of its column."""
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…"


@cache
def print_font(size: int) -> ImageFont.FreeTypeFont:
    """The font of Chinese print in one size, in pixels."""
    return ImageFont.truetype(io.BytesIO(pdf.font_file()), size)
