"""Bad input for every leaf of a good body: what must be refused, and what must merely not break."""

import copy
from collections.abc import Iterator
from typing import Any

BAD_NUMBERS: list[Any] = [
    -1, -5, 2**63, 2**64, 10**30, 0.5, 1.5, "1.0", "1", "１２", True, "NaN", [], {}, "1e3",
]  # fmt: skip
"""No field of ours takes any of these where a whole number belongs."""
BAD_TEXTS: list[Any] = [
    "a\x00b",
    "\ud800",
    "x" * 1_000_001,
    "\u202egnp",
    "\x1b[2J",
    7,
    True,
    [],
    {},
]
"""No text field of ours takes any of these."""
ODD_TEXTS = [
    "😀👨‍👩‍👧‍👦 𠮷 Z̸̡̛͔̰a̴l̶g̷o̸ \ufeff e\u0301",
    "'; DROP TABLE orders;-- %s%n {{7*7}}${7*7}",
    "=HYPERLINK(1) ../../etc/passwd",
    "<script>alert(1)</script>",
    "   ",
]
"""May be taken or refused, but never break anything."""


def leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number and text in a body, with the way to it."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from leaves(value, (*path, key))
    elif isinstance(body, list):
        for place, value in enumerate(body):
            yield from leaves(value, (*path, place))
    elif isinstance(body, int | str) and not isinstance(body, bool):
        yield path, body


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with one leaf replaced."""
    made = copy.deepcopy(body)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return made


def spoilt(body: Any, signed: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Bodies that must be refused, each with the dotted name of the field at fault.

    `signed` names the fields that may be negative.
    """
    for path, value in leaves(body):
        field = ".".join(map(str, path))
        for bad in BAD_TEXTS if isinstance(value, str) else BAD_NUMBERS:
            if not (field in signed and bad in (-1, -5)):
                yield field, changed(body, path, bad)
    yield "surprise", {**body, "surprise": 1}


def odd(body: Any) -> Iterator[Any]:
    """Bodies that must not break anything."""
    for path, value in leaves(body):
        if isinstance(value, str):
            for strange in ODD_TEXTS:
                yield changed(body, path, strange)
