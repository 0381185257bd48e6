"""Judging one fan by a rule as read: whether each node holds, and what the fan has.

The same rule is also made into SQL (`queries.segments`); a property test holds the two together.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tiefen.fans.rules.places import ring
from tiefen.fans.rules.segments import DAYS, KNOWN, NUMBERS
from tiefen.fans.values import (
    Clause,
    Did,
    FanPicture,
    FieldType,
    Group,
    Negation,
    Op,
    Rule,
    Verdict,
)
from tiefen.kernel.days import day_of


def judge(rule: Rule, fan: FanPicture, today: date) -> Verdict:
    """Whether a rule holds for a fan on `today`, node by node, with what the fan has."""
    match rule:
        case Group(path=path, every=every, nodes=nodes):
            parts = tuple(judge(node, fan, today) for node in nodes)
            held = [part.holds for part in parts]
            return Verdict(path, all(held) if every else any(held), None, parts)
        case Negation(path=path, node=node):
            part = judge(node, fan, today)
            return Verdict(path, not part.holds, None, (part,))
        case Did():
            times = _times(rule, fan, today)
            return Verdict(rule.path, _counts(rule.op, times, rule.times), times)
        case Clause():
            have = _have(rule, fan)
            return Verdict(rule.path, _holds(rule, have, today), _told(rule, have))


def holds(rule: Rule, fan: FanPicture, today: date) -> bool:
    """Whether a rule holds for a fan."""
    return judge(rule, fan, today).holds


def window_first(days: int, today: date) -> date:
    """The first day of the last `days` days, today being the last."""
    return today - timedelta(days=days - 1)


def coming_days(days: int, today: date) -> list[str]:
    """The days of the year from today on, as 04-01."""
    return [(today + timedelta(days=ahead)).strftime("%m-%d") for ahead in range(days + 1)]


def _times(rule: Did, fan: FanPicture, today: date) -> int:
    first = window_first(rule.days, today) if rule.days is not None else date.min
    subjects = rule.subjects or ("",)
    return sum(
        fact.times
        for fact in fan.facts
        if fact.fact is rule.fact and fact.subject in subjects and fact.day >= first
    )


def _counts(op: Op, have: int, need: int) -> bool:
    if op is Op.AT_LEAST:
        return have >= need
    return have <= need if op is Op.AT_MOST else have == need


def _have(rule: Clause, fan: FanPicture) -> Any:
    if rule.attribute_id is not None:
        answer = fan.answers.get(rule.attribute_id)
        if answer is None:
            return None
        if rule.type is FieldType.WORDS:
            return answer.words if answer.words is not None else (answer.word,)
        return next(
            (
                one
                for one in (answer.word, answer.number_milli, answer.day, answer.yes)
                if one is not None
            ),
            None,
        )
    if rule.field == "tag":
        return fan.tags
    if rule.field == "segment":
        return fan.segments
    return fan.fields.get(rule.field)


def _holds(rule: Clause, have: Any, today: date) -> bool:
    op, value = rule.op, rule.value
    if op in KNOWN:
        return (have is not None and have != "") is (op is Op.SET)
    if op is Op.NE:
        return have is None or bool(have != value)
    if op is Op.NOT_IN:
        return not _holds(_as(rule, Op.IN), have, today)
    return have is not None and _fits(rule, have, today)


def _fits(rule: Clause, have: Any, today: date) -> bool:
    op, value, kind = rule.op, rule.value, rule.type
    if op in _COMPARISONS and kind in NUMBERS:
        return _COMPARISONS[op](have, value)
    if kind in DAYS:
        return _of_days(op, day_of(have) if isinstance(have, datetime) else have, value, today)
    if kind in _SETS:
        wanted = set(value)
        return wanted <= set(have) if op is Op.ALL_OF else not wanted.isdisjoint(have)
    match kind:
        case FieldType.YES:
            return bool(have) is value
        case FieldType.TEXT:
            return bool(have == value if op is Op.EQ else value.lower() in have.lower())
        case FieldType.PLACE:
            return value.point_id in have and have[value.point_id] <= value.metres
        case FieldType.CODE:
            return have != "" and any(have.startswith(one) for one in value)
        case _:
            return have in value


_SETS = frozenset({FieldType.WORDS, FieldType.IDS})
_COMPARISONS: dict[Op, Callable[[int, Any], bool]] = {
    Op.EQ: lambda have, value: bool(have == value),
    Op.GE: lambda have, value: bool(have >= value),
    Op.LE: lambda have, value: bool(have <= value),
    Op.GT: lambda have, value: bool(have > value),
    Op.LT: lambda have, value: bool(have < value),
    Op.BETWEEN: lambda have, value: bool(value[0] <= have <= value[1]),
}


def _of_days(op: Op, day: date, value: Any, today: date) -> bool:
    if op is Op.BETWEEN:
        return bool(value[0] <= day <= value[1])
    if op is Op.COMING:
        return day.strftime("%m-%d") in coming_days(value, today)
    first = window_first(value, today)
    return day >= first if op is Op.WITHIN else day < first


def _told(rule: Clause, have: Any) -> Any:
    if rule.type is FieldType.PLACE:  # a ring: whoever may see more says why
        asked = rule.value.point_id if rule.value else None
        return ring(have[asked]) if have and asked in have else have is not None or None
    if isinstance(have, frozenset | tuple):
        return sorted(one for one in have if one in set(rule.value or ()))
    if isinstance(have, datetime):
        return day_of(have).isoformat()
    return have.isoformat() if isinstance(have, date) else have


def _as(rule: Clause, op: Op) -> Clause:
    return Clause(rule.path, rule.field, rule.type, op, rule.value, rule.attribute_id)
