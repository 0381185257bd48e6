"""An honest guess at how many: some people are looked at, and the error is part of the answer.

Ids are cut into equal strata, in the order people came. Of each stratum a run of neighbours is
looked at: neighbours lie on one page, so a run costs little more than one person. Neighbours also
resemble each other, so the error is taken from how the runs differ, never from the number of heads.
The same ids are drawn each time: between two edits of a rule the guess moves by the rule alone.
"""

import math
import statistics
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tiefen.fans.values import Estimate

SPREAD = 2_654_435_761
"""Knuth's multiplier: spreads the places of the runs so that they follow no pattern of the ids."""
SURE = 2
"""Standard errors to each side: about 95 of 100 answers hold the true number."""
UNSEEN = 3
"""Runs as rare as none at all may still be so many (rule of three), each with as many as those met."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Runs of ids: `starts[i]` begins a run of `width`, which stands for `sizes[i]` ids."""

    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    width: int

    @property
    def ids(self) -> list[int]:
        """All ids that are looked at, ascending."""
        return [start + step for start in self.starts for step in range(self.width)]


def draw(first: int, last: int, runs: int, width: int) -> Sample:
    """Runs over the ids from `first` to `last`, one in each of as many strata as fit."""
    span = last - first + 1
    runs = max(1, min(runs, span // width))
    edges = [first + span * place // runs for place in range(runs + 1)]
    sizes = [after - before for before, after in pairwise(edges)]
    width = min(width, *sizes)
    starts = [
        edge + place * SPREAD % (size - width + 1)
        for place, (edge, size) in enumerate(zip(edges, sizes, strict=False))
    ]
    return Sample(tuple(starts), tuple(sizes), width)


def estimate(sample: Sample, hits: Sequence[int]) -> Estimate:
    """How many there are in all, when these of the sample's ids were hits."""
    met = [0] * len(sample.starts)
    for hit in hits:
        met[bisect_right(sample.starts, hit) - 1] += 1
    told = [count * size / sample.width for count, size in zip(met, sample.sizes, strict=True)]
    weight = max(sample.sizes) / sample.width
    middle = sum(told)
    spread = statistics.variance(told) * len(told) if len(told) > 1 else middle**2
    error = SURE * math.sqrt(spread * max(0.0, 1 - 1 / weight))
    clump = len(hits) / max(1, sum(map(bool, met)))
    rare = UNSEEN * (weight - 1) * max(1.0, clump)
    return Estimate(
        fans=round(middle),
        low=max(len(hits), math.floor(middle - error)),
        high=min(sum(sample.sizes), math.ceil(middle + error + rare)),
    )
