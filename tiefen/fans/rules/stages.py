"""Stages: where a fan stands, why, how far the next one is, and when days alone may change it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

from tiefen.fans.errors import StageRulesMalformed
from tiefen.fans.values import (
    WINDOWED,
    Condition,
    DayCount,
    Evidence,
    FanFacts,
    Measure,
    Stage,
    StageRule,
    StageRules,
    Standing,
)
from tiefen.kernel.days import day_of

LADDER = (Stage.CUSTOMER, Stage.USER, Stage.FAN, Stage.CORE)
"""Stages whose conditions the merchant writes, from the lowest."""
MAX_CONDITIONS = 6
MAX_DAYS = 730
MAX_COUNT = 1_000
MAX_FEN = 10_000_000_00


def stage(rules: StageRules, facts: FanFacts, days: Sequence[DayCount], today: date) -> Standing:
    """Where the fan stands on `today`, with reasons and distance. `days` need not be sorted."""
    lost = _lost(rules, facts, today)
    if lost is not None:
        back = _climb(rules, facts, days, today).stage
        missing = Evidence("following", 0, 1) if lost.fact == "unfollowed" else _AWAKE
        return Standing(Stage.LOST, (lost,), max(back, Stage.FOLLOWER, key=_height), (missing,))
    standing = _climb(rules, facts, days, today)
    dues = [*_silence_dues(rules, facts), _falls_on(rules, standing.stage, days, facts, today)]
    known = [due for due in dues if due is not None]
    return Standing(
        standing.stage,
        standing.because,
        standing.next_stage,
        standing.missing,
        min(known, default=None),
    )


def window_start(rules: StageRules, today: date) -> date | None:
    """The first day any window of the rules still counts on `today`; None without windows."""
    longest = max((one.within_days or 0 for one in conditions(rules)), default=0)
    return today - timedelta(days=longest - 1) if longest else None


def conditions(rules: StageRules) -> list[Condition]:
    """Every condition of every stage."""
    return [
        one
        for name in LADDER
        for one in (*rule_of(rules, name).every, *rule_of(rules, name).one_of)
    ]


def rule_of(rules: StageRules, name: Stage) -> StageRule:
    """What a stage of the ladder asks for."""
    found: StageRule = getattr(rules, name.value)
    return found


def check_rules(rules: StageRules) -> None:
    """Raise StageRulesMalformed, naming the field, for rules that make no sense."""
    for name in LADDER:
        _check_rule(rule_of(rules, name), name.value)
    _check_ladder(rules)
    for field, value in (
        ("silent_days", rules.silent_days),
        ("follower_silent_days", rules.follower_silent_days or 1),
        ("sleeping_days", rules.sleeping_days),
    ):
        if not 1 <= value <= MAX_DAYS:
            _refuse(field, f"天数应在 1 到 {MAX_DAYS} 之间", f"days must be 1 to {MAX_DAYS}")
    if rules.sleeping_days >= rules.silent_days:
        _refuse("sleeping_days", "沉睡天数应少于流失天数", "sleeping must come before lost")
    if not 1 <= rules.core_target_bp <= 10_000:
        _refuse("core_target_bp", "目标应在 0 到 100% 之间", "the target must be up to 100%")


def _check_rule(rule: StageRule, field: str) -> None:
    if not rule.every:
        _refuse(f"{field}.every", "至少要有一个条件", "there must be a condition")
    if len(rule.every) + len(rule.one_of) > MAX_CONDITIONS:
        _refuse(f"{field}.every", "条件太多", "too many conditions")
    for part, listed in (("every", rule.every), ("one_of", rule.one_of)):
        for place, one in enumerate(listed):
            _check_condition(one, f"{field}.{part}.{place}")
        if len({(one.measure, one.within_days) for one in listed}) < len(listed):
            _refuse(f"{field}.{part}", "同一条件写了两次", "a condition stands twice")


def _check_condition(one: Condition, field: str) -> None:
    most = MAX_FEN if one.measure is Measure.KEPT_FEN else MAX_COUNT
    if not 1 <= one.at_least <= most:
        _refuse(f"{field}.at_least", "数量超出范围", "the number is out of range")
    if one.within_days is not None:
        if one.measure not in WINDOWED:
            _refuse(f"{field}.within_days", "这项不能限定天数", "this cannot have a window")
        if not 1 <= one.within_days <= MAX_DAYS:
            _refuse(
                f"{field}.within_days",
                f"天数应在 1 到 {MAX_DAYS} 之间",
                f"days must be 1 to {MAX_DAYS}",
            )


def _check_ladder(rules: StageRules) -> None:
    """A higher stage asks for no less of the same."""
    known: dict[tuple[Measure, int | None], int] = {}
    for name in LADDER:
        for place, one in enumerate(rule_of(rules, name).every):
            key = (one.measure, one.within_days)
            if one.at_least < known.get(key, 0):
                _refuse(
                    f"{name.value}.every.{place}.at_least",
                    "不能低于前一阶段的要求",
                    "a higher stage cannot ask for less",
                )
            known[key] = one.at_least


def _refuse(field: str, zh: str, en: str) -> None:
    raise StageRulesMalformed(field=field, zh_reason=zh, en_reason=en)


_AWAKE = Evidence("active", 0, 1)
_HEIGHTS = {name: height for height, name in enumerate(Stage)}


def _height(name: Stage) -> int:
    return _HEIGHTS[name]


def _lost(rules: StageRules, facts: FanFacts, today: date) -> Evidence | None:
    """Why the fan is lost, if they are."""
    silent = (today - day_of(_seen_at(facts))).days
    bought = _bought(facts)
    if facts.ever_followed and not facts.following:
        paid = _paid_at(facts)
        if paid is None or (today - day_of(paid)).days >= rules.silent_days:
            return Evidence("unfollowed", 1, 1)
    if bought and silent >= rules.silent_days:
        return Evidence("silent_days", silent, rules.silent_days)
    limit = rules.follower_silent_days
    if limit is not None and facts.following and not bought and silent >= limit:
        return Evidence("silent_days", silent, limit)
    return None


def _silence_dues(rules: StageRules, facts: FanFacts) -> Iterable[date]:
    """Days on which silence alone loses a fan who is not lost."""
    seen, paid = day_of(_seen_at(facts)), _paid_at(facts)
    if _bought(facts):
        yield seen + timedelta(days=rules.silent_days)
    elif facts.following and rules.follower_silent_days is not None:
        yield seen + timedelta(days=rules.follower_silent_days)
    if facts.ever_followed and not facts.following and paid is not None:
        yield day_of(paid) + timedelta(days=rules.silent_days)


def _bought(facts: FanFacts) -> bool:
    return facts.orders + facts.past_orders > facts.whole_refunds


def _seen_at(facts: FanFacts) -> datetime:
    return max(facts.last_seen_at, facts.past_last_at or facts.last_seen_at)


def _paid_at(facts: FanFacts) -> datetime | None:
    known = [at for at in (facts.last_paid_at, facts.past_last_at) if at]
    return max(known, default=None)


def _climb(rules: StageRules, facts: FanFacts, days: Sequence[DayCount], today: date) -> Standing:
    """The highest stage whose conditions are met, and what the one above it still lacks."""
    above: tuple[Stage, tuple[Evidence, ...]] | None = None
    for name in reversed(LADDER):
        rule = rule_of(rules, name)
        every = tuple(_evidence(one, facts, days, today, either=False) for one in rule.every)
        one_of = tuple(_evidence(one, facts, days, today, either=True) for one in rule.one_of)
        if all(one.met for one in every) and (not one_of or any(one.met for one in one_of)):
            return _standing(name, (*every, *(one for one in one_of if one.met)), above)
        lacking = tuple(one for one in every if not one.met)
        if one_of and not any(one.met for one in one_of):
            lacking += one_of
        above = (name, lacking)
    follows = Evidence("following", int(facts.following), 1)
    if facts.following:
        return _standing(Stage.FOLLOWER, (follows,), above)
    return _standing(Stage.VISITOR, (), (Stage.FOLLOWER, (follows,)))


def _standing(
    name: Stage, because: tuple[Evidence, ...], above: tuple[Stage, tuple[Evidence, ...]] | None
) -> Standing:
    return Standing(name, because, *(above or (None, ())))


_LIFETIME: dict[Measure, Callable[[FanFacts], int]] = {
    Measure.ORDERS: lambda facts: max(facts.orders + facts.past_orders - facts.whole_refunds, 0),
    Measure.RECEIVED: lambda facts: max(
        facts.received_orders + facts.past_orders - facts.returned_orders, 0
    ),
    Measure.KEPT_FEN: lambda facts: max(facts.paid_fen + facts.past_fen - facts.refunded_fen, 0),
    Measure.INTERACTIONS: lambda facts: facts.interactions,
    Measure.FRIENDS: lambda facts: facts.friends,
}


def _evidence(
    one: Condition, facts: FanFacts, days: Sequence[DayCount], today: date, *, either: bool
) -> Evidence:
    if one.within_days is None:
        have = _LIFETIME[one.measure](facts)
    else:
        since = today - timedelta(days=one.within_days - 1)
        have = max(sum(_count(day, one.measure) for day in days if day.day >= since), 0)
    return Evidence(one.measure.value, have, one.at_least, one.within_days, either)


def _count(day: DayCount, measure: Measure) -> int:
    found: int = getattr(day, measure.value)
    return found


def _falls_on(
    rules: StageRules, name: Stage, days: Sequence[DayCount], facts: FanFacts, today: date
) -> date | None:
    """The first day on which a window no longer holds what the stage asks for."""
    if name not in LADDER:
        return None
    rule = rule_of(rules, name)
    falls = [_expires(one, days, today) for one in rule.every]
    known = [one for one in falls if one is not None]
    if rule.one_of:
        met = [one for one in rule.one_of if _evidence(one, facts, days, today, either=True).met]
        last = [_expires(one, days, today) for one in met]
        if None not in last:
            known.append(max(one for one in last if one is not None))
    return min(known, default=None)


def _expires(one: Condition, days: Sequence[DayCount], today: date) -> date | None:
    """The first day on which a condition that is met is met no more; None = never by itself.

    A day may count below zero (an order sent back after its receipt was counted elsewhere), so the
    sum is followed day by day as the window moves.
    """
    if one.within_days is None:
        return None
    since = today - timedelta(days=one.within_days - 1)
    inside = sorted((day for day in days if day.day >= since), key=lambda day: day.day)
    left = sum(_count(day, one.measure) for day in inside)
    for place, day in enumerate(inside):
        left -= _count(day, one.measure)
        nexts = inside[place + 1].day if place + 1 < len(inside) else None
        if left < one.at_least and nexts != day.day:
            return day.day + timedelta(days=one.within_days)
    return None
