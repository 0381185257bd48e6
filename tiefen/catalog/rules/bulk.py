"""What a change of many products does to one of them."""

from tiefen.catalog.errors import ChangeUnfit
from tiefen.catalog.rules.sheets import MAX_PRICE_FEN
from tiefen.catalog.values import ChangeKind
from tiefen.kernel.money import share_bp

PRICES = frozenset({ChangeKind.PRICE_SET, ChangeKind.PRICE_ADD, ChangeKind.PRICE_PERCENT})
MAX_RATE_BP = 100_000


def check_change(kind: ChangeKind, number: int | None) -> None:
    """Refuse a change that does not say what it should become. Raises ChangeUnfit."""
    needed = PRICES | {ChangeKind.SHELF}
    too_far = kind is ChangeKind.PRICE_PERCENT and not 0 <= (number or 0) <= MAX_RATE_BP
    negative = number is not None and number < 0 and kind is not ChangeKind.PRICE_ADD
    if (kind in needed and number is None) or too_far or negative:
        raise ChangeUnfit(field="number")
    if kind is ChangeKind.LIMIT and number is not None and not 1 <= number <= 9_999:
        raise ChangeUnfit(field="number")


def new_price(kind: ChangeKind, price_fen: int, number: int) -> int:
    """A price after the change, never below 0: set to fen, moved by fen, or so many basis points."""
    if kind is ChangeKind.PRICE_SET:
        wanted_fen = number
    elif kind is ChangeKind.PRICE_ADD:
        wanted_fen = price_fen + number
    else:
        wanted_fen = share_bp(price_fen, number)
    return min(max(wanted_fen, 0), MAX_PRICE_FEN)
