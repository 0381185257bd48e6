"""Rules of joining records into a person, and of undoing it."""

from collections.abc import Iterable


def under(joins: Iterable[tuple[int, int]], record: int) -> frozenset[int]:
    """A record and all that were joined into it, by standing joins (into, joined).

    >>> sorted(under([(1, 3), (3, 4), (1, 2)], 3))
    [3, 4]
    """
    below: dict[int, list[int]] = {}
    for into, joined in joins:
        below.setdefault(into, []).append(joined)
    found, waiting = {record}, [record]
    while waiting:
        for one in below.get(waiting.pop(), []):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return frozenset(found)
