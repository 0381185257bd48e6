"""How many cases a property is tried with: all in the whole suite, a sample in the fast subset."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from random import Random
from typing import Any

from hypothesis import settings

FAST = bool(os.environ.get("TIEFEN_TEST_FAST"))
"""Set by `python -m tools.test --fast`."""
SEED = os.environ.get("TIEFEN_SEED", "")
"""Other words draw other seeds."""


def cases(number: int) -> settings:
    """Try `number` cases, or a fortieth of them (not under 25) in the fast subset."""
    return settings(max_examples=_wanted(number), deadline=None)


def by_seed(number: int, *found: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a property of one `seed` with so many, after those that `found` something once.

    For cases that the seed alone makes: drawing it from a strategy costs more than most properties,
    and there is nothing about it to make smaller. The same seeds come in each run.
    """

    def tried(property_: Callable[..., None]) -> Callable[..., None]:
        @wraps(property_)
        def run(**fixtures: Any) -> None:
            draw = Random(f"{property_.__module__} {property_.__name__} {SEED}")
            for seed in (*found, *(draw.getrandbits(32) for _ in range(_wanted(number)))):
                try:
                    property_(seed=seed, **fixtures)
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise

        own = inspect.signature(property_)
        kept = [one for name, one in own.parameters.items() if name != "seed"]
        vars(run)["__signature__"] = own.replace(parameters=kept)
        return run

    return tried


def _wanted(number: int) -> int:
    return max(25, number // 40) if FAST else number
