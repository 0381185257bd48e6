"""Sharing an order among the codes its buyer met: four models, exact to the fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiefen.channels.errors import WeightsMalformed
from tiefen.channels.values import CodeKind, Model, Step, Weights
from tiefen.kernel.money import BP, allocate

MAX_WEIGHT = 1_000
MAX_DAYS = 730
APPEAL_WINDOW = timedelta(days=90)
"""How long after the first touch a source can be disputed."""
APPEAL_LIFE = timedelta(days=7)
"""Until then an appeal should be decided."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a code gets of an order; code 0 = the buyer came by themselves."""

    code_id: int
    weight_bp: int
    paid_fen: int
    refunded_fen: int


def parts(
    model: Model,
    way: Sequence[Step],
    *,
    paid_at: datetime,
    paid_fen: int,
    refunded_fen: int,
    weights: Weights,
) -> list[Part]:
    """The codes' parts of an order. `way`: the buyer's touches, oldest first; the first step may be
    what a ruling put there. The parts of each amount add up to it exactly."""
    met = [step for step in way if step.at <= paid_at]
    found = _weigh(model, met, paid_at, weights)
    codes = list(found)
    shares = [found[code] for code in codes]
    paid = allocate(paid_fen, shares)
    # Refunds follow what each part got, so that no part gives back more than it received.
    back = allocate(refunded_fen, paid) if paid_fen else [0] * len(codes)
    split = zip(codes, allocate(BP, shares), paid, back, strict=True)
    return [Part(*one) for one in split]


def owner_at(
    former: Sequence[tuple[datetime, int | None]], current: int | None, at: datetime
) -> int:
    """Whose a code was at a moment; 0 = nobody's. `former`: (until, owner), oldest first."""
    for until, owner in former:
        if at < until:
            return owner or 0
    return current or 0


def check_weights(weights: Weights) -> None:
    """Raise WeightsMalformed, naming the field, for weights that make no sense."""
    for name in ("first", "middle", "last"):
        if not 0 <= getattr(weights, name) <= MAX_WEIGHT:
            raise WeightsMalformed(field=name, most=MAX_WEIGHT)
    if weights.first + weights.last == 0:
        raise WeightsMalformed(field="first", most=MAX_WEIGHT)
    if weights.window_days is not None and not 1 <= weights.window_days <= MAX_DAYS:
        raise WeightsMalformed(field="window_days", most=MAX_DAYS)
    for kind, weight in weights.kinds.items():
        if kind not in set(CodeKind) or not 0 <= weight <= MAX_WEIGHT:
            raise WeightsMalformed(field=f"kinds.{kind}", most=MAX_WEIGHT)


def _weigh(
    model: Model, met: Sequence[Step], paid_at: datetime, weights: Weights
) -> Mapping[int, int]:
    """Weight by code, in the order of their first appearance; code 0 alone when there is none."""
    coded = [step for step in met if step.code_id is not None]
    if model is Model.FIRST:
        return {(met[0].code_id or 0) if met else 0: 1}
    if not coded:
        return {0: 1}
    if model is Model.LAST:
        return {coded[-1].code_id or 0: 1}
    each = [1] * len(coded) if model is Model.LINEAR else _by_rule(coded, paid_at, weights)
    found: dict[int, int] = {}
    for step, weight in zip(coded, each, strict=True):
        code = step.code_id or 0
        found[code] = found.get(code, 0) + weight
    if any(found.values()):
        return {code: weight for code, weight in found.items() if weight}
    return found


def _by_rule(coded: Sequence[Step], paid_at: datetime, weights: Weights) -> list[int]:
    since = (
        paid_at - timedelta(days=weights.window_days) if weights.window_days is not None else None
    )
    inside = [since is None or step.at >= since for step in coded]
    if not any(inside):
        inside = [True] * len(coded)
    places = [place for place, kept in enumerate(inside) if kept]
    each = [0] * len(coded)
    for place in places:
        weight = weights.middle
        if len(places) == 1:
            weight = 1
        elif place == places[0]:
            weight = weights.first
        elif place == places[-1]:
            weight = weights.last
        kind = coded[place].kind
        each[place] = weight * weights.kinds.get(kind.value if kind else "", 100)
    return each
