"""How many fans a rule holds for: exactly, or within a moment and with its error."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Executable, Select, func, select
from sqlalchemy.ext.compiler import compiles

from tiefen.fans import rules
from tiefen.fans.models import Fan
from tiefen.fans.queries.segments import fans_of, hits
from tiefen.fans.values import Did, Estimate, Group, Negation, Rule
from tiefen.kernel.db import Tx

DEAR = 30_000
"""The planner's cost from which all are not counted while somebody types: some 0.2 s on two cores.

A plain count of 600,000 fans costs 20,000 of it.
"""
RUNS, WIDTH = 800, 16
"""Whom a guess looks at: so many runs of so many neighbours."""
FEWEST_RUNS = 100
LOOKS = 4
"""Sets of deeds a rule may look at with all runs; with more of them, fewer runs are looked at."""


class _Explained(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Select[int, Any]) -> None:
        self.statement = statement


@compiles(_Explained)
def _explain(element: _Explained, compiler: Any, **kwargs: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **kwargs)}"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count found, and the newest fans it met."""

    of: Estimate
    newest: tuple[int, ...] = ()


async def count(tx: Tx, rule: Rule) -> int:
    """How many fans a rule holds for, exactly."""
    found = await fans_of(tx, rule)
    return await tx.scalar(select(func.count()).select_from(found.subquery())) or 0


async def full_count(tx: Tx, rule: Rule, *, show: int = 0) -> Counted:
    """As `count`, with the newest `show` fans from the same reading."""
    return await _all(tx, _counting(await fans_of(tx, rule), show))


async def quick_count(tx: Tx, rule: Rule, *, show: int = 0, dear: int = DEAR) -> Counted:
    """Exactly where that is soon done; else from a sample, with the range the number lies in.

    The planner says which before anything is read, so a rule that would read half a million facts
    reads a few thousand.
    """
    counting = _counting(await fans_of(tx, rule), show)
    plan = await tx.scalar(_Explained(counting))
    (told,) = json.loads(plan) if isinstance(plan, str) else plan
    first, last = (await tx.execute(select(func.min(Fan.id), func.max(Fan.id)))).one()
    if first is None or told["Plan"]["Total Cost"] <= dear:
        return await _all(tx, counting)
    runs = max(RUNS * LOOKS // max(LOOKS, _looks(rule)), FEWEST_RUNS)
    sample = rules.draw(first, last, runs, WIDTH)
    met = await hits(tx, rule, sample.ids)
    return Counted(rules.estimate(sample, met), tuple(met[: -show - 1 : -1]))


async def _all(tx: Tx, counting: Select[int, Any]) -> Counted:
    fans, newest = (await tx.execute(counting)).one()
    return Counted(Estimate(fans, fans, fans), tuple(newest))


def _counting(found: Select[int], show: int) -> Select[int, Any]:
    """How many, and the newest of them: the set is made once and read twice."""
    made = found.cte("found").prefix_with("MATERIALIZED")
    newest = select(made.c.id).order_by(made.c.id.desc()).limit(show)
    return select(func.count(), func.array(newest.scalar_subquery())).select_from(made)


def _looks(rule: Rule) -> int:
    """How many sets of deeds are looked at for each person."""
    match rule:
        case Group(nodes=nodes):
            return sum(_looks(node) for node in nodes)
        case Negation(node=node):
            return _looks(node)
        case Did(subjects=subjects):
            return max(1, len(subjects))
        case _:
            return 0
