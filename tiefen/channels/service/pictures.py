"""A channel code as a picture to print: the QR code with its name below."""

import io
from functools import cache
from importlib.resources import files

import segno
from PIL import Image, ImageDraw, ImageFont

MARGIN = 40
LINE = 52
SIDE = 640
"""Pixels of the code itself; prints at 5 cm with 300 dpi."""


def code_picture(url: str, name: str, note: str = "") -> bytes:
    """A PNG of the QR code of `url` with `name` (and a smaller `note`) in black below it."""
    code = _qr(url)
    lines = [(text, size) for text, size in ((name, 36), (note, 24)) if text]
    width, height = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN + LINE * len(lines)
    sheet = Image.new("L", (width, height), 255)
    sheet.paste(code, (MARGIN, MARGIN))
    draw = ImageDraw.Draw(sheet)
    for place, (text, size) in enumerate(lines):
        font = _font(size)
        shown = _fit(draw, text, font, SIDE)
        top = MARGIN + SIDE + 12 + LINE * place
        draw.text((width / 2, top), shown, font=font, fill=0, anchor="mt")
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _qr(url: str) -> Image.Image:
    made = segno.make(url, error="m", micro=False)
    modules = made.symbol_size(scale=1, border=2)[0]
    out = io.BytesIO()
    made.save(
        out, kind="png", border=2, scale=SIDE // modules
    )  # whole pixels a module: sharp print
    square = Image.new("L", (SIDE, SIDE), 255)
    with Image.open(io.BytesIO(out.getvalue())) as drawn:
        edge = (SIDE - drawn.width) // 2
        square.paste(drawn.convert("L"), (edge, edge))
    return square


def _fit(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut with an ellipsis where it would run out of the sheet."""
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    path = files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
    return ImageFont.truetype(io.BytesIO(path.read_bytes()), size)
