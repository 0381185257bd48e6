"""Product pictures of the demo merchant, drawn: calm still lifes in each product's own colours."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tiefen.kernel import pdf

SIZE = 640
_SIDE = SIZE * 3 // 2
"""Drawn larger, then made smaller: smooth edges."""

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


def draw(kind: str, colour: str, label: str, turn: int = 0) -> bytes:
    """A PNG of one thing (`jar`, `bottle`, `tin`, `bag`, `box`, `cup`, `soap`, `fruit`).

    `colour` is the body's `#rrggbb`; `turn` 0, 1, 2 … gives another view of the same thing.
    """
    body = _rgb(colour)
    picture = _background(body, turn)
    thing = Image.new("RGBA", (_SIDE, _SIDE))
    _KINDS[kind](ImageDraw.Draw(thing), body, label)
    if turn % 3:  # nearer and to one side, or farther and to the other
        grown, aside = (0.88, 0.04) if turn % 3 == 1 else (1.14, -0.1)
        thing = thing.transform(
            (_SIDE, _SIDE),
            Image.Transform.AFFINE,
            (grown, 0, aside * _SIDE, 0, grown, (1 - grown) * 0.8 * _SIDE),
            Image.Resampling.BICUBIC,
        )
    picture.alpha_composite(_shadow(thing))
    picture.alpha_composite(thing)
    out = io.BytesIO()
    picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _background(body: Colour, turn: int) -> Image.Image:
    """A wall and a table in the body's lightest tints, with one soft light."""
    wall, table = _mix(body, (255, 255, 255), 0.86), _mix(body, (250, 247, 242), 0.72)
    picture = Image.new("RGBA", (_SIDE, _SIDE), (*wall, 255))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, _SIDE * 0.74, _SIDE, _SIDE), fill=(*table, 255))
    centre = (0.3 + 0.2 * (turn % 3)) * _SIDE
    spot = (centre - _SIDE * 0.4, -_SIDE * 0.1, centre + _SIDE * 0.4, _SIDE * 0.7)
    picture.paste((255, 255, 255, 255), mask=_soft(spot, 120, _SIDE / 9))
    return picture


def _shadow(thing: Image.Image) -> Image.Image:
    """What the thing casts on the table: a low, wide, soft ellipse under its outline."""
    box = thing.getbbox() or (0, 0, _SIDE, _SIDE)
    width = box[2] - box[0]
    low = (
        box[0] - width * 0.04,
        box[3] - _SIDE * 0.035,
        box[2] + width * 0.14,
        box[3] + _SIDE * 0.03,
    )
    shade = Image.new("RGBA", (_SIDE, _SIDE), (40, 30, 20, 0))
    shade.putalpha(_soft(low, 110, _SIDE / 60))
    return shade


def _soft(ellipse: Box, strength: int, radius: float) -> Image.Image:
    """A blurred ellipse as a mask; blurred small and grown again, which nobody can see."""
    mask = Image.new("L", (_SIDE // 4, _SIDE // 4))
    left, top, right, bottom = (edge / 4 for edge in ellipse)
    ImageDraw.Draw(mask).ellipse((left, top, right, bottom), fill=strength)
    return mask.filter(ImageFilter.GaussianBlur(radius / 4)).resize(
        (_SIDE, _SIDE), Image.Resampling.BILINEAR
    )


def _jar(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    _block(pen, (0.31, 0.36, 0.69, 0.82), body, radius=0.06)
    _block(pen, (0.335, 0.27, 0.665, 0.37), _mix(body, (90, 62, 40), 0.55), radius=0.025)
    _label(pen, (0.36, 0.5, 0.64, 0.7), label, body)


def _bottle(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    _block(pen, (0.455, 0.14, 0.545, 0.22), _mix(body, (30, 30, 30), 0.5), radius=0.015)
    _block(pen, (0.465, 0.2, 0.535, 0.4), body, radius=0.02)
    pen.polygon(_points((0.465, 0.34), (0.535, 0.34), (0.63, 0.46), (0.37, 0.46)), fill=body)
    _block(pen, (0.37, 0.43, 0.63, 0.84), body, radius=0.045)
    _label(pen, (0.39, 0.53, 0.61, 0.74), label, body)


def _tin(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    _block(pen, (0.33, 0.28, 0.67, 0.82), body, radius=0.02)
    pen.ellipse(_box((0.33, 0.245, 0.67, 0.315)), fill=_mix(body, (255, 255, 255), 0.35))
    pen.ellipse(_box((0.36, 0.252, 0.64, 0.305)), fill=_mix(body, (255, 255, 255), 0.15))
    _label(pen, (0.37, 0.44, 0.63, 0.68), label, body)


def _bag(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    pen.polygon(_points((0.3, 0.24), (0.7, 0.24), (0.74, 0.83), (0.26, 0.83)), fill=body)
    pen.polygon(
        _points((0.3, 0.2), (0.7, 0.2), (0.702, 0.27), (0.298, 0.27)),
        fill=_mix(body, (0, 0, 0), 0.18),
    )
    pen.polygon(
        _points((0.3, 0.27), (0.37, 0.27), (0.34, 0.83), (0.26, 0.83)),
        fill=_mix(body, (255, 255, 255), 0.16),
    )
    _label(pen, (0.36, 0.42, 0.66, 0.68), label, body)


def _carton(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    pen.polygon(
        _points((0.68, 0.36), (0.8, 0.3), (0.8, 0.75), (0.68, 0.83)),
        fill=_mix(body, (0, 0, 0), 0.24),
    )
    pen.polygon(
        _points((0.26, 0.36), (0.4, 0.3), (0.8, 0.3), (0.68, 0.36)),
        fill=_mix(body, (255, 255, 255), 0.3),
    )
    _block(pen, (0.26, 0.36, 0.68, 0.83), body, radius=0.006)
    _label(pen, (0.32, 0.47, 0.62, 0.71), label, body)


def _cup(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    pen.arc(_box((0.6, 0.46, 0.8, 0.7)), 250, 110, fill=body, width=int(_SIDE * 0.035))
    _block(pen, (0.31, 0.38, 0.67, 0.82), body, radius=0.07)
    pen.ellipse(_box((0.31, 0.34, 0.67, 0.43)), fill=_mix(body, (255, 255, 255), 0.4))
    pen.ellipse(_box((0.33, 0.352, 0.65, 0.42)), fill=_mix(body, (60, 35, 20), 0.55))
    _label(pen, (0.38, 0.53, 0.6, 0.7), label, body)


def _soap(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    _block(pen, (0.22, 0.66, 0.78, 0.83), _mix(body, (120, 90, 60), 0.4), radius=0.03)
    _block(pen, (0.25, 0.44, 0.75, 0.7), body, radius=0.1)
    _block(pen, (0.28, 0.46, 0.72, 0.56), _mix(body, (255, 255, 255), 0.28), radius=0.05)
    _text(pen, (0.25, 0.52, 0.75, 0.66), label, _mix(body, (0, 0, 0), 0.45), 0.075)


def _fruit(pen: ImageDraw.ImageDraw, body: Colour, label: str) -> None:
    for left, top in ((0.2, 0.5), (0.5, 0.48), (0.36, 0.36)):
        box = (left, top, left + 0.32, top + 0.32)
        pen.ellipse(_box(box), fill=_mix(body, (0, 0, 0), 0.06))
        pen.ellipse(_box((left + 0.02, top + 0.01, left + 0.29, top + 0.27)), fill=body)
        shine = (left + 0.07, top + 0.05, left + 0.15, top + 0.11)
        pen.ellipse(_box(shine), fill=_mix(body, (255, 255, 255), 0.55))
    pen.ellipse(_box((0.5, 0.29, 0.66, 0.37)), fill=(92, 146, 70))
    _block(pen, (0.35, 0.75, 0.67, 0.84), (255, 255, 255), radius=0.02)
    _text(pen, (0.35, 0.75, 0.67, 0.84), label, _mix(body, (0, 0, 0), 0.4), 0.055)


_KINDS: dict[str, Callable[[ImageDraw.ImageDraw, Colour, str], None]] = {
    "jar": _jar,
    "bottle": _bottle,
    "tin": _tin,
    "bag": _bag,
    "box": _carton,
    "cup": _cup,
    "soap": _soap,
    "fruit": _fruit,
}


def _block(pen: ImageDraw.ImageDraw, box: Box, colour: Colour, *, radius: float) -> None:
    """A rounded body with a light left edge and a dark right one."""
    left, top, right, bottom = box
    edge = (right - left) * 0.16
    pen.rounded_rectangle(_box(box), radius * _SIDE, fill=colour)
    inner = (left + edge * 0.35, top + radius, left + edge * 0.75, bottom - radius)
    pen.rounded_rectangle(_box(inner), edge * _SIDE * 0.2, fill=_mix(colour, (255, 255, 255), 0.3))
    dark = (right - edge * 0.55, top + radius, right - edge * 0.2, bottom - radius)
    pen.rounded_rectangle(_box(dark), edge * _SIDE * 0.2, fill=_mix(colour, (0, 0, 0), 0.14))


def _label(pen: ImageDraw.ImageDraw, box: Box, label: str, body: Colour) -> None:
    pen.rounded_rectangle(_box(box), _SIDE * 0.012, fill=(253, 251, 246))
    ink = _mix(body, (20, 16, 12), 0.6)
    left, top, right, bottom = box
    pen.line(_box((left + 0.03, bottom - 0.045, right - 0.03, bottom - 0.045)), fill=ink, width=3)
    _text(pen, (left, top, right, bottom - 0.03), label, ink, (right - left) / (len(label) + 0.8))


def _text(pen: ImageDraw.ImageDraw, box: Box, text: str, ink: Colour, size: float) -> None:
    font = ImageFont.truetype(io.BytesIO(pdf.font_file()), int(min(size, 0.085) * _SIDE))
    left, top, right, bottom = _box(box)
    pen.text(((left + right) / 2, (top + bottom) / 2), text, ink, font, anchor="mm")


def _box(box: Box) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return (left * _SIDE, top * _SIDE, right * _SIDE, bottom * _SIDE)


def _points(*points: tuple[float, float]) -> list[Any]:
    return [(x * _SIDE, y * _SIDE) for x, y in points]


def _rgb(colour: str) -> Colour:
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def _mix(one: Colour, two: Colour, part: float) -> Colour:
    """`one` with `part` of `two` in it."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, two, strict=True))
    return (red, green, blue)
