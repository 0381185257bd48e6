"""The only place that divides money. Amounts are whole fen, rates basis points (1/10,000)."""

from collections.abc import Sequence
from decimal import Decimal

MAX_FEN = 10**12
"""Ten thousand million yuan: far above any honest amount, far below 2^63."""
BP = 10_000


def allocate(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split `total_fen` (≥ 0) by non-negative integer weights; the parts add up exactly.

    Largest remainder, ties to the earlier place. All-zero weights share equally.
    Raises ValueError for a negative input or nothing to split over.
    """
    if total_fen < 0 or any(weight < 0 for weight in weights):
        raise ValueError("allocate() takes no negative numbers")
    if not weights:
        if total_fen:
            raise ValueError("allocate() has an amount and no places")
        return []
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [total_fen * weight // whole for weight in weights]
    remainders = [total_fen * weight % whole for weight in weights]
    left = total_fen - sum(parts)
    for place in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        parts[place] += 1
    return parts


def share_bp(amount_fen: int, rate_bp: int) -> int:
    """`rate_bp` of `amount_fen`, rounded half up. Both ≥ 0."""
    if amount_fen < 0 or rate_bp < 0:
        raise ValueError("share_bp() takes no negative numbers")
    return (amount_fen * rate_bp * 2 + BP) // (2 * BP)


def even(total_fen: int, count: int) -> tuple[int, int]:
    """What each of `count` (≥ 1) pieces gets of `total_fen`, and how many get one fen more."""
    return divmod(total_fen, count)


def times(amount_fen: int, unit_fen: int) -> int:
    """How often `unit_fen` (> 0) goes into `amount_fen` whole."""
    return amount_fen // unit_fen


def ratio_up(amount_fen: int, part_fen: int, whole_fen: int) -> int:
    """`amount_fen` × part ÷ whole (> 0), rounded up: for bounds that must not be too low."""
    return -(-amount_fen * part_fen // whole_fen)


def average(amount_fen: int, count: int) -> int | None:
    """Whole fen per one of `count`, rounded half up; None when there is nothing to divide by.

    For figures people read; money that is really split goes through `allocate`.
    """
    return (amount_fen * 2 + count) // (2 * count) if count else None


def yuan(amount_fen: int) -> str:
    """`¥1,234.50` for people."""
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}¥{whole:,}.{rest:02d}"


def yuan_cell(amount_fen: int) -> str:
    """`-1234.50`, as a spreadsheet reads it."""
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def yuan_number(amount_fen: int) -> Decimal:
    """The same as a number: a workbook adds it up, and its text is `yuan_cell`'s."""
    return Decimal(amount_fen).scaleb(-2)


def parse_yuan(text: str) -> int:
    """Fen of a plain decimal yuan text such as `12`, `0.5`, `-3.20`; exact, no float.

    Raises ValueError for anything else (more than two decimals, spaces, full-width digits).
    """
    negative = text.startswith("-")
    whole, dot, rest = text.removeprefix("-").partition(".")
    if not (whole.isascii() and whole.isdigit()) or (
        dot and not (rest.isascii() and rest.isdigit() and len(rest) <= 2)
    ):
        raise ValueError(f"not an amount in yuan: {text!r}")
    fen = int(whole) * 100 + int(rest.ljust(2, "0") or 0)
    return -fen if negative else fen
