"""What orders earn, and what goes back with them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tiefen.kernel.money import times
from tiefen.members.values import PointsLine, PointsPart, PointsRules

RETURN_DAYS = 30
"""Points that come back may be spent at least so long."""
_PER = 10_000


def earns(paid_fen: int, rules: PointsRules) -> int:
    """Points for so much money: whole ones, never rounded up."""
    return times(paid_fen * rules.per_100, _PER)


def pays_more(now: PointsRules, before: PointsRules) -> bool:
    """Whether points may take more off some goods than before; what they are worth changes how many
    it takes, not how much may be paid."""
    if not now.spending:
        return False
    freed_products = set(before.without_product_ids) - set(now.without_product_ids)
    freed_categories = set(before.without_category_ids) - set(now.without_category_ids)
    more = not before.spending or now.cap_bp > before.cap_bp
    return more or bool(freed_products or freed_categories)


def expiry(freed_at: datetime, rules: PointsRules) -> datetime | None:
    """When points end that may be spent from `freed_at`; None: never."""
    return freed_at + timedelta(days=rules.live_days) if rules.live_days else None


def returned_until(
    now: datetime, came_from: Sequence[datetime | None], rules: PointsRules
) -> datetime | None:
    """When points end that come back: as they would have, but not within thirty days."""
    if None in came_from:
        return None
    ends = [one for one in came_from if one is not None]
    if not ends:
        return expiry(now, rules)
    return max(*ends, now + timedelta(days=RETURN_DAYS))


def after_refund(
    lines: Sequence[PointsLine], parts: Sequence[PointsPart], *, whole: bool
) -> list[PointsLine]:
    """The lines after `parts` went back.

    Spent points come back by pieces, earned ones go by money; `whole`: everything that is left.
    Counted from all that went back so far, so that refunds in parts end where one of all ends.
    """
    back: Mapping[int, PointsPart] = {part.sku_id: part for part in parts}
    return [_after(line, back.get(line.sku_id), whole=whole) for line in lines]


def _after(line: PointsLine, part: PointsPart | None, *, whole: bool) -> PointsLine:
    if part is None and not whole:
        return line
    pieces = part.quantity if part else 0
    money_fen = part.amount_fen if part else 0
    returned = line.quantity if whole else min(line.returned + pieces, line.quantity)
    refunded_fen = line.paid_fen if whole else min(line.refunded_fen + money_fen, line.paid_fen)
    spent_back = times(line.spent * returned, line.quantity)
    earned_back = times(line.earned * refunded_fen, line.paid_fen) if line.paid_fen else 0
    return replace(
        line,
        returned=returned,
        refunded_fen=refunded_fen,
        spent_back=max(spent_back, line.spent_back),
        earned_back=max(earned_back, line.earned_back),
    )
