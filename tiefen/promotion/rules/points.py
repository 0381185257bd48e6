"""Points that pay a part of an order: how many may, and what they take off each line."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiefen.kernel.money import allocate, ratio_up, share_bp, times
from tiefen.members.values import PointsOffer
from tiefen.promotion.values import Basis, PointsUse, Step, TraceLine


@dataclass(frozen=True, slots=True)
class PaidByPoints:
    """What points come to, and what they take off each line."""

    use: PointsUse | None = None
    taken: tuple[int, ...] = ()
    """By line; empty: nothing."""
    trace: tuple[TraceLine, ...] = ()


def may_pay(offer: PointsOffer, goods_fen: int, total_fen: int) -> tuple[int, int]:
    """(points, fen) that may pay of goods at `goods_fen` in an order of `total_fen`.

    No point is taken without its worth, and 1 fen stays to be paid: so every order has a payment
    that a refund can go back to.
    """
    if goods_fen < offer.from_fen:
        return 0, 0
    most_fen = min(share_bp(goods_fen, offer.cap_bp), goods_fen, total_fen - 1)
    points = min(offer.available, times(max(most_fen, 0) * 100, offer.worth_fen))
    off_fen = times(points * offer.worth_fen, 100)
    return ratio_up(off_fen, 100, offer.worth_fen), off_fen


def pay(basis: Basis, left: Sequence[int], freight_fen: int) -> PaidByPoints:
    """What points pay of the lines, in proportion; `left` is what is to be paid of each.

    They pay goods that the merchant has not left out, after all that makes these cheaper, and never freight: what is free from an
    amount stays free.
    """
    offer = basis.points
    if offer is None:
        return PaidByPoints()
    owed = [
        fen if offer.pays(line.product_id, line.category_ids) else 0
        for fen, line in zip(left, basis.lines, strict=True)
    ]
    goods_fen = sum(owed)
    points, off_fen = may_pay(offer, goods_fen, sum(left) + freight_fen)
    if not points:
        missing_fen = max(offer.from_fen - goods_fen, 0)
        numbers = {"missing_fen": missing_fen, "from_fen": offer.from_fen}
        short = TraceLine(Step.POINTS_SHORT, None, 0, numbers)
        return PaidByPoints(trace=(short,) if missing_fen and goods_fen else ())
    if not basis.with_points:
        return PaidByPoints(PointsUse(points, off_fen, used=False))
    taken = allocate(off_fen, owed)
    each = allocate(points, taken)
    skus = [line.sku_id for line in basis.lines]
    use = PointsUse(points, off_fen, True, tuple(zip(skus, each, strict=True)))
    trace = TraceLine(Step.POINTS, None, -off_fen, {"points": points})
    return PaidByPoints(use, tuple(taken), (trace,))
