"""Growth and levels: pure rules."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from tiefen.members.errors import BadLevels
from tiefen.members.values import (
    BASE,
    Counts,
    Downgrade,
    Growth,
    GrowthKind,
    GrowthLine,
    Judged,
    Level,
    LevelCause,
    LevelRules,
    Stand,
)


def growth(lines: Iterable[GrowthLine], rules: LevelRules, today: date) -> Growth:
    """What a fan's orders come to: money that counts inside the window, less what went back.

    A refund counts on the day of its order, so both leave the window together; never below zero.
    """
    counted = GrowthKind.PAID if rules.counts is Counts.PAID else GrowthKind.RECEIVED
    days: dict[str, date] = {}
    paid_fen: dict[str, int] = {}
    back_fen: dict[str, int] = {}
    for line in lines:
        if line.kind is counted:
            days[line.order_no] = line.day
        if line.kind is GrowthKind.PAID:
            paid_fen[line.order_no] = line.amount_fen
        if line.kind is GrowthKind.REFUNDED:
            back_fen[line.order_no] = back_fen.get(line.order_no, 0) + line.amount_fen
    since = today - timedelta(days=rules.window_days)
    inside = {one: day for one, day in days.items() if day > since}
    total_fen = sum(max(paid_fen.get(one, 0) - back_fen.get(one, 0), 0) for one in inside)
    return Growth(total_fen, min(inside.values(), default=None))


def earned(ladder: Sequence[Level], growth_fen: int) -> int:
    """The place on the ladder (lowest first) that so much growth reaches."""
    return max(
        (place for place, one in enumerate(ladder) if one.threshold_fen <= growth_fen), default=0
    )


def judge(
    ladder: Sequence[Level],
    rules: LevelRules,
    has: Stand,
    grown: Growth,
    today: date,
    *,
    lost_fen: int = 0,
    anew: bool = False,
) -> Judged:
    """Where a fan stands by what they have earned.

    Up at once; down only when a review and its grace have passed, or when money just given back
    (`lost_fen`) is what the level stood on. `anew`: as if they had never stood anywhere. A lock
    holds whatever is earned.
    """
    places = {level.id: place for place, level in enumerate(ladder)}
    now = places.get(has.level_id)
    top = earned(ladder, grown.fen)
    locked = has.locked_until is not None and today <= has.locked_until and now is not None
    if not locked and has.locked_until is not None:
        has = Stand(has.level_id, has.review_on, None)
    if locked:
        return Judged(has, None, _next(rules, has, grown, today))
    if now is None or anew:
        found = _at(ladder, top, rules, today, has)
        moved = found.level_id != has.level_id
        cause = (LevelCause.MERGED if anew else LevelCause.RULES) if moved else None
    elif top > now:
        found, cause = _at(ladder, top, rules, today, has), LevelCause.EARNED
    else:
        found, cause = _kept(ladder, rules, has, now, top, grown, today, lost_fen)
    return Judged(found, cause, _next(rules, found, grown, today))


def _kept(
    ladder: Sequence[Level],
    rules: LevelRules,
    has: Stand,
    now: int,
    top: int,
    grown: Growth,
    today: date,
    lost_fen: int,
) -> tuple[Stand, LevelCause | None]:
    """A fan who has not earned more than they have."""
    if top == now:
        due = has.review_on is None or today >= has.review_on
        return (_at(ladder, now, rules, today, has) if due else has), None
    if rules.refund_lowers and lost_fen and earned(ladder, grown.fen + lost_fen) >= now:
        return _at(ladder, top, rules, today, has), LevelCause.REFUND
    review_on = has.review_on or today
    if today < review_on + timedelta(days=rules.grace_days):
        return Stand(has.level_id, review_on, has.locked_until), None
    lower = now - 1 if rules.downgrade is Downgrade.STEP else top
    return _at(ladder, lower, rules, today, has), LevelCause.REVIEW


def _at(ladder: Sequence[Level], place: int, rules: LevelRules, today: date, has: Stand) -> Stand:
    review_on = today + timedelta(days=rules.keep_days) if place else None
    return Stand(ladder[place].id, review_on, has.locked_until)


def _next(rules: LevelRules, stand: Stand, grown: Growth, today: date) -> date | None:
    """The first day on which something changes by itself."""
    days = []
    if stand.review_on is not None:
        days += [stand.review_on, stand.review_on + timedelta(days=rules.grace_days)]
    if grown.first_day is not None:
        days.append(grown.first_day + timedelta(days=rules.window_days))
    if stand.locked_until is not None:
        days.append(stand.locked_until + timedelta(days=1))
    return min((day for day in days if day > today), default=None)


def check(levels: Sequence[Level]) -> tuple[Level, ...]:
    """The ladder from below; levels rise, the first begins at nothing. Raises BadLevels."""
    ladder = tuple(sorted(levels, key=lambda one: (one.threshold_fen, one.id != BASE)))
    if not ladder or ladder[0].id != BASE or ladder[0].threshold_fen:
        raise BadLevels(
            field="levels",
            why_zh="最低的等级从 0 成长值开始，不能删除",
            why_en="The lowest level begins at 0 and cannot go",
        )
    names = set[str]()
    for place, level in enumerate(levels):
        if level.name in names:
            raise BadLevels(
                field=f"levels.{place}.name",
                why_zh=f"有两个等级都叫“{level.name}”",
                why_en=f"Two levels are called {level.name}",
            )
        names.add(level.name)
    for lower, higher in pairwise(ladder):
        place = list(levels).index(higher)
        if higher.threshold_fen == lower.threshold_fen:
            raise BadLevels(
                field=f"levels.{place}.threshold_fen",
                why_zh=f"“{higher.name}”的成长值要高于“{lower.name}”",
                why_en=f"{higher.name} must need more growth than {lower.name}",
            )
        if higher.off_bp < lower.off_bp:
            raise BadLevels(
                field=f"levels.{place}.off_bp",
                why_zh=f"“{higher.name}”的折扣不能少于“{lower.name}”",
                why_en=f"{higher.name} cannot give less off than {lower.name}",
            )
    return ladder


def check_order(standing: Sequence[Level], levels: Sequence[Level]) -> None:
    """Levels that stand keep their order: who earned the higher one is not passed by the lower.

    A new level may come anywhere between. Raises BadLevels.
    """
    was = [level.id for level in standing]
    known = [level for level in levels if level.id in was]
    for place, level in enumerate(levels):
        for other in known:
            above = level.id in was and was.index(level.id) > was.index(other.id)
            if above and level.threshold_fen < other.threshold_fen:
                raise BadLevels(
                    field=f"levels.{place}.threshold_fen",
                    why_zh=f"“{level.name}”一直高于“{other.name}”，成长值也要高于它",
                    why_en=f"{level.name} stands above {other.name} and must need more growth",
                )
