"""Pages of print with Chinese text: one font, registered once, drawn in millimetres from the top left."""

import io
from functools import cache
from importlib.resources import files

from reportlab.graphics.barcode import code128
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

POINTS = 72 / 25.4
FONT = "tiefen-print"


@cache
def font_file() -> bytes:
    """The font that has Chinese letters, as a TrueType collection; its first face is ours."""
    return (files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc").read_bytes()


@cache
def font() -> str:
    """That font's name on a canvas; known to the library from the first call on."""
    pdfmetrics.registerFont(TTFont(FONT, io.BytesIO(font_file()), subfontIndex=0))
    return FONT


class Paper:
    """A file of pages of one size, in millimetres."""

    def __init__(self, wide: float, high: float) -> None:
        self.wide, self.high = wide, high
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=(wide * POINTS, high * POINTS), pageCompression=1)
        font()

    def text(self, x: float, y: float, size: float, words: str, *, wide: float = 0.0) -> None:
        """One line whose top is `y`, `size` in millimetres; cut with an ellipsis at `wide`."""
        shown = words
        while wide and shown and self.width(shown, size) > wide:
            shown = shown.rstrip("…")[:-1] + "…" if len(shown) > 1 else ""
        self._canvas.setFont(FONT, size * POINTS)
        self._canvas.drawString(x * POINTS, (self.high - y - size * 0.85) * POINTS, shown)

    def lines(
        self, x: float, y: float, size: float, words: str, *, wide: float, most: int
    ) -> float:
        """Wrapped text of at most so many lines; returns where the next line would begin."""
        rest = words
        for place in range(most):
            if not rest:
                break
            fits = len(rest)
            while fits > 1 and self.width(rest[:fits], size) > wide:
                fits -= 1
            last = place == most - 1
            self.text(x, y, size, rest if last else rest[:fits], wide=wide)
            rest = "" if last else rest[fits:]
            y += size * 1.4
        return y

    def width(self, words: str, size: float) -> float:
        """How wide a text is."""
        return float(pdfmetrics.stringWidth(words, FONT, size * POINTS)) / POINTS

    def rule(self, x: float, y: float, wide: float) -> None:
        """A thin line."""
        self._canvas.setLineWidth(0.4)
        self._canvas.line(
            x * POINTS, (self.high - y) * POINTS, (x + wide) * POINTS, (self.high - y) * POINTS
        )

    def box(self, x: float, y: float, side: float) -> None:
        """An empty square to tick."""
        self._canvas.setLineWidth(0.6)
        self._canvas.rect(x * POINTS, (self.high - y - side) * POINTS, side * POINTS, side * POINTS)

    def bars(self, x: float, y: float, high: float, words: str) -> None:
        """A Code 128 bar code."""
        drawn = code128.Code128(words, barHeight=high * POINTS, barWidth=0.75, humanReadable=False)
        drawn.drawOn(self._canvas, x * POINTS - drawn.lquiet, (self.high - y - high) * POINTS)

    def next_page(self) -> None:
        """Go on with an empty page."""
        self._canvas.showPage()

    def save(self) -> bytes:
        """The finished file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()
