"""Prices for carts, and the counters behind purchase limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import text

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.members import service as membership
from tiefen.members.values import PriceTerms
from tiefen.promotion import rules
from tiefen.promotion.errors import LimitReached, QuoteTooLarge
from tiefen.promotion.service import book, members
from tiefen.promotion.service.held import held_by_id
from tiefen.promotion.service.uses import NOBODY
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Costs,
    Freight,
    FreightPlan,
    HeldCoupon,
    LossRule,
    Problem,
    ProblemKind,
    Quote,
    Rule,
)

_TAKE = """
    INSERT INTO purchase_count (fan_id, product_id, quantity)
    SELECT w.fan_id, w.product_id, w.quantity
    FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[])
        AS w(fan_id, product_id, quantity, most)
    WHERE w.quantity <= w.most
    ON CONFLICT (fan_id, product_id)
    DO UPDATE SET quantity = purchase_count.quantity + excluded.quantity
    WHERE purchase_count.quantity + excluded.quantity <= (
        SELECT m.most FROM unnest($1::bigint[], $2::bigint[], $4::int[]) AS m(fan_id, product_id, most)
        WHERE m.product_id = excluded.product_id AND m.fan_id = excluded.fan_id)
    RETURNING fan_id, product_id
"""
_BOUGHT = """
    SELECT w.fan_id, w.product_id, sum(c.quantity)::int AS quantity
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w(fan_id, record, product_id)
    JOIN purchase_count AS c ON c.fan_id = w.record AND c.product_id = w.product_id
    GROUP BY 1, 2
"""
_GIVE_BACK = text(
    "UPDATE purchase_count SET quantity = quantity - :quantity"
    " WHERE fan_id = :fan AND product_id = :product"
)


_Needed: TypeAlias = tuple[int, BasisLine]
"""Pieces of a limited product over all its SKUs, and one of its lines."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All a cart's price depends on, and the rules that look at it."""

    basis: Basis
    problems: tuple[Problem, ...]
    rules: tuple[Rule, ...]


async def quote(
    tx: Tx, fan_id: int, lines: Sequence[tuple[int, int]], at: datetime, coupon_id: int = 0
) -> Quote:
    """Price `lines` (sku_id, quantity; each SKU once) for a fan at a moment.

    Lines that cannot be ordered are left out of the sum and explained in `problems`. `at` decides
    which rules are in force. Raises QuoteTooLarge.
    """
    (priced,) = await quotes(tx, [(fan_id, lines)], at, [coupon_id])
    if isinstance(priced, Refusal):
        raise priced
    return priced


async def quotes(
    tx: Tx,
    carts: Sequence[tuple[int, Sequence[tuple[int, int]]]],
    at: datetime,
    coupon_ids: Sequence[int] = (),
    regions: Sequence[str] = (),
    with_points: Sequence[bool] = (),
) -> list[Quote | QuoteTooLarge]:
    """`quote` for carts (fan_id, lines) of different fans, in as few statements as for one.

    `coupon_ids`: for each cart the coupon its fan wants to use, 0 = none. One that the fan does not
    hold (any more) changes nothing, so the price is another than the buyer saw.
    `regions`: for each cart the code of the place it goes to; none: what holds everywhere else.
    `with_points`: for each cart whether its fan pays with points.
    """
    prepared, state = await prepare(tx, carts, at, regions)
    held = await held_by_id(tx, {one for one in coupon_ids if one})
    owners = await _owners(tx, carts, held.values())
    priced: list[Quote | QuoteTooLarge] = []
    for place, (one, (fan_id, _)) in enumerate(zip(prepared, carts, strict=True)):
        coupon = held.get(coupon_ids[place]) if coupon_ids else None
        if coupon is not None and coupon.fan_id not in owners.get(fan_id, [fan_id]):
            coupon = None
        basis = rules.with_coupon(one.basis, coupon, state.book.groups)
        if with_points and with_points[place]:
            basis = replace(basis, with_points=True)
        try:
            found = rules.quote(basis, one.problems, one.rules)
        except QuoteTooLarge as too_large:
            priced.append(too_large)
        else:
            priced.append(guarded(found, state.costs))
    return priced


async def prepare(
    tx: Tx,
    carts: Sequence[tuple[int, Sequence[tuple[int, int]]]],
    at: datetime,
    regions: Sequence[str] = (),
) -> tuple[list[Prepared], book.State]:
    """What the prices of these carts depend on, before any coupon, and what holds now."""
    briefs = await catalog.skus(tx, {sku_id for _, lines in carts for sku_id, _ in lines})
    state = await book.opened(tx)
    asked = [(fan_id, [sku_id for sku_id, _ in lines]) for fan_id, lines in carts]
    shut = await members.shut_out(tx, asked, briefs)
    wanted = [
        (fan_id, tuple(_alive(briefs, lines, shut.get(fan_id, frozenset()), state.book.plans)))
        for fan_id, lines in carts
    ]
    alone = [_alone(lines, at) for _, lines in wanted]
    wanted = [
        (fan_id, tuple(line for line in lines if line not in set_apart))
        for (fan_id, lines), set_apart in zip(wanted, alone, strict=True)
    ]
    looked_at = await book.looked_at(tx, state.book, wanted, at)
    limited = {fan_id: _limited(lines) for fan_id, lines in wanted}
    bought = await _bought(
        tx, [(fan, product) for fan, them in limited.items() for product in them]
    )
    members_of = await membership.price_terms(tx, [fan_id for fan_id, lines in wanted if lines])
    prepared = []
    places = regions or [""] * len(carts)
    for (fan_id, lines), (_, alive), looked, place, apart in zip(
        carts, wanted, looked_at, places, alone, strict=True
    ):
        mixed = [
            Problem(ProblemKind.PRESALE, one.sku_id, one.product_id, one.product_name, 0, 0)
            for one in apart
        ]
        basis = Basis(
            rules=rules.VERSION,
            lines=alive,
            freight=Freight(0, None),
            at=at,
            fan=looked.fan,
            groups=looked.groups,
            versions=tuple((rule.id, rule.version) for rule in looked.rules),
            gifts=looked.gifts,
            tariffs=rules.tariffs(state.book.plans, alive, place),
            freight_mix=state.mix,
        )
        mine = members_of.get(fan_id, PriceTerms())
        basis = replace(basis, points=mine.points)
        basis = rules.with_level(basis, mine.level, state.book.groups, state.level_group_id)
        problems = _gone(briefs, lines) + mixed
        problems += members.problems(shut.get(fan_id, ()), briefs)
        problems += _over_limits(fan_id, limited[fan_id], bought)
        prepared.append(Prepared(basis, tuple(problems), looked.rules))
    return prepared, state


async def _owners(
    tx: Tx,
    carts: Sequence[tuple[int, Sequence[tuple[int, int]]]],
    held: Iterable[HeldCoupon],
) -> dict[int, list[int]]:
    """The records of those fans who use a coupon that another record of theirs received."""
    fans_here = {fan_id for fan_id, _ in carts}
    if all(one.fan_id in fans_here for one in held):
        return {}
    return await fans.records_of(tx, fans_here)


def guarded(priced: Quote, costs: Costs) -> Quote:
    """The quote with what it brings, and a problem if it may not lose money but would."""
    margin_fen = rules.margin(priced, costs)
    problems = priced.problems
    if margin_fen is not None and margin_fen < 0 and costs.loss_rule is LossRule.REFUSE:
        first = priced.lines[0]
        loss = Problem(ProblemKind.LOSS, first.sku_id, first.product_id, first.product_name, 0, 0)
        problems = (*problems, loss)
    return replace(priced, margin_fen=margin_fen, problems=problems)


async def replay(tx: Tx, kept: dict[str, Any]) -> Quote:
    """Compute a stored quote again, with the versions of rules it was made with."""
    return rules.replay(kept, await book.versions(tx, rules.basis_of(kept).versions))


async def take_limits(
    tx: Tx,
    carts: Mapping[int, Sequence[BasisLine]],
    people: Mapping[int, Sequence[int]] = NOBODY,
) -> dict[int, LimitReached]:
    """Count the pieces of limited products against their limits, for each fan of `carts`.

    `people`: the records of those fans who are persons of several; a limit is a person's.

    Fan → refusal, for those who reach a limit; the caller's transaction must then end. Rows are
    taken in the order of fans and products.
    """
    wanted = {
        (fan_id, product_id): needed
        for fan_id, lines in sorted(carts.items())
        for product_id, needed in sorted(_limited(lines).items())
    }
    if not wanted:
        return {}
    most = await _left_by_others(tx, wanted, people)
    taken = await tx.rows(
        _TAKE,
        [fan_id for fan_id, _ in wanted],
        [product_id for _, product_id in wanted],
        [total for total, _ in wanted.values()],
        [most[pair] for pair in wanted],
    )
    over = wanted.keys() - {(row["fan_id"], row["product_id"]) for row in taken}
    bought = await _bought(tx, sorted(over), people)
    return {
        pair[0]: limit_reached(_over_limit(wanted[pair], bought.get(pair, 0)))
        for pair in sorted(over, reverse=True)
    }


def limit_reached(problem: Problem) -> LimitReached:
    """The refusal of an order with this problem."""
    return LimitReached(
        field="lines",
        product_id=problem.product_id,
        name=problem.product_name,
        limit=problem.limit,
        left=problem.left,
    )


async def limits_left(tx: Tx, fan_id: int, limits: Mapping[int, int]) -> dict[int, int]:
    """Product → pieces this fan may still buy, for products with these limits."""
    if not limits:
        return {}
    bought = await _bought(tx, [(fan_id, product_id) for product_id in limits])
    return {
        product_id: max(limit - bought.get((fan_id, product_id), 0), 0)
        for product_id, limit in limits.items()
    }


async def give_back_limits(tx: Tx, fan_id: int, pieces: Iterable[tuple[int, int]]) -> None:
    """Uncount pieces of orders that were closed or refunded; `pieces` are (product_id, quantity)."""
    for product_id, quantity in sorted(pieces):
        if quantity:
            await tx.execute(
                _GIVE_BACK, {"fan": fan_id, "product": product_id, "quantity": quantity}
            )


def _alive(
    briefs: Mapping[int, SkuBrief],
    lines: Sequence[tuple[int, int]],
    shut: frozenset[int],
    plans: Mapping[int, FreightPlan],
) -> Iterator[BasisLine]:
    """Those lines that can be ordered."""
    for sku_id, quantity in lines:
        brief = briefs.get(sku_id)
        if brief and brief.on_shelf and sku_id not in shut:
            yield book.basis_line(brief, quantity, plans)


def _alone(lines: Sequence[BasisLine], at: datetime) -> tuple[BasisLine, ...]:
    """Lines in presale that stand beside others: each must be ordered alone."""
    if len(lines) < 2:
        return ()
    return tuple(one for one in lines if one.presale and at < one.presale.balance_from)


def _gone(briefs: Mapping[int, SkuBrief], lines: Sequence[tuple[int, int]]) -> list[Problem]:
    return [
        Problem(ProblemKind.GONE, sku_id, 0, _name(briefs.get(sku_id)), 0, 0)
        for sku_id, _ in lines
        if sku_id not in briefs or not briefs[sku_id].on_shelf
    ]


def _over_limits(
    fan_id: int, limited: Mapping[int, _Needed], bought: Mapping[tuple[int, int], int]
) -> list[Problem]:
    found = []
    for product_id, needed in sorted(limited.items()):
        problem = _over_limit(needed, bought.get((fan_id, product_id), 0))
        if needed[0] > problem.left:
            found.append(problem)
    return found


def _over_limit(needed: _Needed, bought: int) -> Problem:
    _, line = needed
    limit = line.purchase_limit or 0
    left = max(limit - bought, 0)
    return Problem(ProblemKind.LIMIT, line.sku_id, line.product_id, line.product_name, limit, left)


async def _left_by_others(
    tx: Tx,
    wanted: Mapping[tuple[int, int], _Needed],
    people: Mapping[int, Sequence[int]],
) -> dict[tuple[int, int], int]:
    """How many pieces each fan may have counted: the limit, less what the person's other records
    have, also earlier in the same batch."""
    most = {pair: line.purchase_limit or 0 for pair, (_, line) in wanted.items()}
    several = {fan_id for fan_id, _ in wanted if fan_id in people}
    if not several:
        return most
    await fans.hold_people(tx, several)
    pairs = [pair for pair in wanted if pair[0] in several]
    mine = await _counted(tx, [(fan, fan, product) for fan, product in pairs])
    every = await _bought(tx, pairs, people)
    taken: dict[tuple[int, int], int] = {}
    for fan_id, product_id in pairs:
        pair = (fan_id, product_id)
        most[pair] -= every.get(pair, 0) - mine.get(pair, 0) + taken.get(pair, 0)
        for other in people[fan_id]:
            if other != fan_id:
                key = (other, product_id)
                taken[key] = taken.get(key, 0) + wanted[pair][0]
    return most


async def _bought(
    tx: Tx,
    pairs: Sequence[tuple[int, int]],
    people: Mapping[int, Sequence[int]] | None = None,
) -> dict[tuple[int, int], int]:
    """(fan, product) → pieces counted over all records of the person; nobody's are left out."""
    if not pairs:
        return {}
    if people is None:
        people = await fans.joined(tx, {fan for fan, _ in pairs})
    return await _counted(
        tx, [(fan, one, product) for fan, product in pairs for one in people.get(fan, (fan,))]
    )


async def _counted(tx: Tx, wanted: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    """Pieces counted by (fan, product), of (fan, record, product)."""
    rows = await tx.rows(
        _BOUGHT, [one[0] for one in wanted], [one[1] for one in wanted], [one[2] for one in wanted]
    )
    return {(row["fan_id"], row["product_id"]): row["quantity"] for row in rows}


def _limited(wanted: Sequence[BasisLine]) -> dict[int, _Needed]:
    """Product → (pieces wanted over all its SKUs, one of its lines), for limited products."""
    found: dict[int, _Needed] = {}
    for line in wanted:
        if line.purchase_limit is not None:
            total, _ = found.get(line.product_id, (0, line))
            found[line.product_id] = (total + line.quantity, line)
    return found


def _name(sku: SkuBrief | None) -> str:
    return sku.product_name if sku else ""
