"""Codes on paper: layouts in millimetres, drawn by one of two pens, as PDF or as pictures."""

import io
import zipfile
from collections.abc import Sequence
from functools import cache
from typing import Protocol

import segno
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from tiefen.channels.values import Design, Printed, PrintForm, PrintLayout
from tiefen.kernel import pdf

WIDTH, HEIGHT = 210.0, 297.0
"""A4 in millimetres."""
PIXELS = 200 / 25.4
"""Pictures have 200 dpi: A4 is 1,654 by 2,339."""
GREEN, BLACK, GREY, WHITE, LINE = "#07a35a", "#111111", "#5c6370", "#ffffff", "#d5d9de"
PER_PAGE = {PrintLayout.SHEET_12: (3, 4), PrintLayout.SHEET_24: (4, 6)}


class Pen(Protocol):
    """Draws in millimetres from the top left corner of a page."""

    def box(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        """A filled rectangle."""

    def text(self, x: float, y: float, wide: float, size: float, words: str, color: str) -> None:
        """One line in the middle of a column whose top is `y`, cut with an ellipsis."""

    def code(self, x: float, y: float, side: float, url: str) -> None:
        """A QR code with its quiet zone."""

    def picture(self, x: float, y: float, wide: float, high: float, raw: bytes) -> None:
        """A picture that fills a box, cut at its sides."""


def per_page(layout: PrintLayout) -> int:
    """Codes on one page."""
    across, down = PER_PAGE.get(layout, (1, 1))
    return across * down


def draw(design: Design, form: PrintForm, codes: Sequence[Printed]) -> tuple[bytes, str]:
    """A file of these codes and its suffix; takes a while, so call it in a thread."""
    size = per_page(design.layout)
    pages = [codes[start : start + size] for start in range(0, len(codes), size)]
    if form is PrintForm.PDF:
        return _pdf(design, pages), "pdf"
    if len(pages) == 1:
        return _png(design, pages[0]), "png"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for place, page in enumerate(pages, start=1):
            packed.writestr(f"{place:03d}.png", _png(design, page))
    return out.getvalue(), "zip"


def _pdf(design: Design, pages: Sequence[Sequence[Printed]]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH * pdf.POINTS, HEIGHT * pdf.POINTS), pageCompression=1)
    for page in pages:
        _page(_PdfPen(canvas), design, page)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _png(design: Design, page: Sequence[Printed]) -> bytes:
    image = Image.new("RGB", (round(WIDTH * PIXELS), round(HEIGHT * PIXELS)), WHITE)
    _page(_PngPen(image), design, page)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


def _page(pen: Pen, design: Design, page: Sequence[Printed]) -> None:
    if design.layout in PER_PAGE:
        _sheet(pen, design, page)
    else:
        _poster(pen, design, page[0])


def _sheet(pen: Pen, design: Design, page: Sequence[Printed]) -> None:
    across, down = PER_PAGE[design.layout]
    wide, high = (WIDTH - 20) / across, (HEIGHT - 20) / down
    name, note = (4.2, 3.0) if across == 3 else (3.2, 2.4)
    side = min(wide - 6, high - 4 * name)
    for place, code in enumerate(page):
        left, top = 10 + place % across * wide, 10 + place // across * high
        _frame(pen, left, top, wide, high)
        _code(pen, left + (wide - side) / 2, top + 2, side, code)
        pen.text(left + 2, top + 2.5 + side, wide - 4, name, code.name, BLACK)
        pen.text(left + 2, top + 3.5 + side + 1.2 * name, wide - 4, note, design.words, GREY)


def _code(pen: Pen, x: float, y: float, side: float, code: Printed) -> None:
    """The code itself: drawn by us, or the platform's picture where only it can draw."""
    if code.picture:
        pen.picture(x, y, side, side, code.picture)
    else:
        pen.code(x, y, side, code.url)


def _frame(pen: Pen, x: float, y: float, wide: float, high: float) -> None:
    """Hairlines to cut along."""
    for box in ((x, y, wide, 0.1), (x, y + high, wide, 0.1), (x, y, 0.1, high)):
        pen.box(*box, LINE)
    pen.box(x + wide, y, 0.1, high, LINE)


def _poster(pen: Pen, design: Design, code: Printed) -> None:
    top = 30.0
    if design.layout is PrintLayout.POSTER_BRAND:
        pen.box(0, 0, WIDTH, 62, GREEN)
        pen.text(15, 20, WIDTH - 30, 17, design.title, WHITE)
        top = 84
    elif design.layout is PrintLayout.POSTER_PICTURE:
        pen.picture(0, 0, WIDTH, 105, design.picture)
        pen.text(15, 113, WIDTH - 30, 12, design.title, BLACK)
        top = 133
    else:
        pen.text(15, top, WIDTH - 30, 16, design.title, BLACK)
        top = 66
    side = 110 if design.layout is PrintLayout.POSTER_PICTURE else 140
    _code(pen, (WIDTH - side) / 2, top, side, code)
    pen.text(15, top + side + 4, WIDTH - 30, 9, design.words, BLACK)
    pen.text(15, top + side + 20, WIDTH - 30, 6.5, code.name, GREY)


class _PdfPen:
    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def box(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        self._canvas.setFillColor(color)
        self._canvas.rect(*_up(x, y + high), wide * pdf.POINTS, high * pdf.POINTS, stroke=0, fill=1)

    def text(self, x: float, y: float, wide: float, size: float, words: str, color: str) -> None:
        points = size * pdf.POINTS
        shown = _fit(words, wide * pdf.POINTS, lambda line: _pdf_width(line, points))
        self._canvas.setFont(pdf.font(), points)
        self._canvas.setFillColor(color)
        across, up = _up(x + wide / 2, y + size * 0.88)
        self._canvas.drawCentredString(across, up, shown)

    def code(self, x: float, y: float, side: float, url: str) -> None:
        rows = _modules(url)
        step = side * pdf.POINTS / (len(rows) + 4)
        left, top = _up(x, y)
        path = self._canvas.beginPath()
        for down, row in enumerate(rows):
            for start, length in _runs(row):
                path.rect(left + (start + 2) * step, top - (down + 3) * step, length * step, step)
        self._canvas.setFillColor(BLACK)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def picture(self, x: float, y: float, wide: float, high: float, raw: bytes) -> None:
        shown = ImageReader(_cut(raw, wide, high))
        self._canvas.drawImage(shown, *_up(x, y + high), wide * pdf.POINTS, high * pdf.POINTS)


class _PngPen:
    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)

    def box(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        right, bottom = max(_dots(x + wide), _dots(x) + 1), max(_dots(y + high), _dots(y) + 1)
        self._draw.rectangle((_dots(x), _dots(y), right - 1, bottom - 1), fill=color)

    def text(self, x: float, y: float, wide: float, size: float, words: str, color: str) -> None:
        font = _png_font(_dots(size))
        shown = _fit(words, _dots(wide), lambda line: self._draw.textlength(line, font=font))
        self._draw.text((_dots(x + wide / 2), _dots(y)), shown, font=font, fill=color, anchor="mt")

    def code(self, x: float, y: float, side: float, url: str) -> None:
        rows = _modules(url)
        step = max(_dots(side) // (len(rows) + 4), 1)  # whole pixels a module: sharp print
        edge = (_dots(side) - step * len(rows)) // 2
        left, top = _dots(x) + edge, _dots(y) + edge
        for down, row in enumerate(rows):
            for start, length in _runs(row):
                corner = (left + start * step, top + down * step)
                far = (corner[0] + length * step - 1, corner[1] + step - 1)
                self._draw.rectangle((corner, far), fill=BLACK)

    def picture(self, x: float, y: float, wide: float, high: float, raw: bytes) -> None:
        shown = _cut(raw, wide, high).resize((_dots(wide), _dots(high)))
        self._image.paste(shown, (_dots(x), _dots(y)))


def _up(x: float, y: float) -> tuple[float, float]:
    """A point of a PDF page, which counts from below."""
    return x * pdf.POINTS, (HEIGHT - y) * pdf.POINTS


def _dots(length: float) -> int:
    return round(length * PIXELS)


def _modules(url: str) -> list[bytes]:
    return [bytes(row) for row in segno.make(url, error="m", micro=False).matrix]


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Dark modules side by side, as start and length."""
    found: list[tuple[int, int]] = []
    for place, dark in enumerate(row):
        if not dark:
            continue
        if found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place, 1))
    return found


def _cut(raw: bytes, wide: float, high: float) -> Image.Image:
    """The middle of a picture in the shape of a box."""
    with Image.open(io.BytesIO(raw)) as opened:
        whole = opened.convert("RGB")
    across = min(whole.width, round(whole.height * wide / high))
    down = min(whole.height, round(across * high / wide))
    left, top = (whole.width - across) // 2, (whole.height - down) // 2
    return whole.crop((left, top, left + across, top + down))


class _Measure(Protocol):
    def __call__(self, line: str, /) -> float: ...


def _fit(words: str, wide: float, measure: _Measure) -> str:
    """The words, cut with an ellipsis where they would run out of their column."""
    if measure(words) <= wide:
        return words
    while words and measure(words + "…") > wide:
        words = words[:-1]
    return words + "…"


def _pdf_width(line: str, points: float) -> float:
    return float(pdfmetrics.stringWidth(line, pdf.font(), points))


@cache
def _png_font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(pdf.font_file()), size)
