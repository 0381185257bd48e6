"""A product with the code of whoever shares it, as one picture for a chat or an album."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from tiefen.catalog.values import ShareKit
from tiefen.channels.service.pictures import fit, print_font, qr_square
from tiefen.channels.values import ProductPoster
from tiefen.kernel.errors import language
from tiefen.kernel.money import yuan

WIDTH, HEIGHT = 750, 1200
EDGE, CODE = 40, 200
INK, GREY, PRICE, LINE = "#111111", "#5c6370", "#d8262c", "#e6e8eb"
KEPT = 64
"""Posters kept in memory, half a megabyte each: one that is passed round is drawn once."""


def poster_of(kit: ShareKit, url: str, sharer: str) -> ProductPoster:
    """What stands on the poster of a product, in the language of who asks for it."""
    english = language.get() == "en"
    price = yuan(kit.price_min_fen)
    if kit.price_max_fen > kit.price_min_fen:
        price = f"from {price}" if english else f"{price} 起"
    said = f"{sharer} recommends" if english else f"{sharer} 推荐"
    return ProductPoster(
        name=kit.name,
        subtitle=kit.subtitle,
        price=price,
        url=url,
        sharer=said if sharer else "",
        hint="Press and hold to open" if english else "长按识别",
    )


@lru_cache(maxsize=KEPT)
def product_poster(poster: ProductPoster, picture: bytes) -> bytes:
    """The poster as PNG. Takes a tenth of a second the first time: call it in a thread."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    with Image.open(io.BytesIO(picture)) as opened:
        seen = ImageOps.fit(opened.convert("RGBA"), (WIDTH, WIDTH))
    sheet.paste(seen, (0, 0), seen.getchannel("A"))
    draw = ImageDraw.Draw(sheet)
    wide = WIDTH - 2 * EDGE
    top = WIDTH + 28
    for line in _two_lines(draw, poster.name, wide):
        draw.text((EDGE, top), line, font=print_font(40), fill=INK)
        top += 54
    if poster.subtitle:
        words = fit(draw, poster.subtitle, print_font(26), wide)
        draw.text((EDGE, top + 4), words, font=print_font(26), fill=GREY)
    foot = HEIGHT - EDGE - CODE - 34
    draw.line((EDGE, foot - 20, WIDTH - EDGE, foot - 20), fill=LINE, width=2)
    left = WIDTH - EDGE - CODE
    sheet.paste(qr_square(poster.url, CODE), (left, foot))
    draw.text(
        (left + CODE / 2, foot + CODE + 8), poster.hint, font=print_font(22), fill=GREY, anchor="mt"
    )
    room = wide - CODE - 24
    draw.text(
        (EDGE, foot + 40),
        fit(draw, poster.price, print_font(60), room),
        font=print_font(60),
        fill=PRICE,
    )
    draw.text(
        (EDGE, foot + 140),
        fit(draw, poster.sharer, print_font(28), room),
        font=print_font(28),
        fill=GREY,
    )
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _two_lines(draw: ImageDraw.ImageDraw, words: str, wide: int) -> list[str]:
    """Words over at most two lines; the second is cut with an ellipsis."""
    font = print_font(40)
    count = len(words)
    while count > 1 and draw.textlength(words[:count], font=font) > wide:
        count -= 1
    rest = words[count:].strip()
    return [words[:count], fit(draw, rest, font, wide)] if rest else [words]
