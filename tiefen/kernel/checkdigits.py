"""Whether what people type is a number, a day or a phone that can be real."""

import re
from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_DIGITS = "10X98765432"
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PHONE = re.compile(r"\+?[0-9][0-9-]{5,18}[0-9]")


def is_day(text: str) -> bool:
    """A day of the calendar as `2026-11-22`."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return bool(_DAY.fullmatch(text))


def is_phone(text: str) -> bool:
    """A phone number, digits and dashes."""
    return bool(_PHONE.fullmatch(text))


def is_id_number(text: str) -> bool:
    """A resident identity number (GB 11643): 18 signs, a real day of birth, the right last sign."""
    body, last = text[:17], text[17:].upper()
    if len(text) != 18 or not (body.isascii() and body.isdigit()):
        return False
    try:
        date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return False
    total = sum(int(sign) * weight for sign, weight in zip(body, _ID_WEIGHTS, strict=True))
    return _ID_DIGITS[total % 11] == last


def is_credit_code(text: str) -> bool:
    """A unified social credit code (GB 32100), which is a company's tax number: 18 signs, mod 31."""
    if len(text) != 18 or any(sign not in _CREDIT_SIGNS for sign in text):
        return False
    values = [_CREDIT_SIGNS.index(sign) for sign in text]
    total = sum(value * weight for value, weight in zip(values[:17], _CREDIT_WEIGHTS, strict=True))
    return (31 - total % 31) % 31 == values[17]
