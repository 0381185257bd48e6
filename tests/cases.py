"""How many cases a property is tried with: all in the whole suite, a sample in the fast subset."""

import os

from hypothesis import settings

FAST = bool(os.environ.get("TIEFEN_TEST_FAST"))
"""Set by `python -m tools.test --fast`."""


def cases(number: int) -> settings:
    """Try `number` cases, or a fortieth of them (not under 25) in the fast subset."""
    return settings(max_examples=max(25, number // 40) if FAST else number, deadline=None)
