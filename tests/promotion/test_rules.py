"""The price: exact to the fen, explained, replayable, whatever the order of the lines."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import by_seed, cases
from tiefen.promotion import rules
from tiefen.promotion.errors import QuoteTooLarge
from tiefen.promotion.rules import freight
from tiefen.promotion.values import Basis, BasisLine, Freight, Quote, Step

"""Carts without promotions; with them, test_stacking tries five thousand of each property."""


def line(sku_id: int, quantity: int, price_fen: int) -> BasisLine:
    return BasisLine(sku_id, sku_id, f"商品{sku_id}", "", "", quantity, price_fen, None, None)


def basis_of(chance: Random) -> Basis:
    """A cart of up to twelve lines with some freight rule."""
    ids = chance.sample(range(1, 51), chance.randint(1, 12))
    lines = tuple(line(i, chance.randint(1, 30), chance.randrange(1_000_000)) for i in ids)
    free_from = None if chance.random() < 0.3 else chance.randint(0, 30_000_000)
    return Basis(rules.VERSION, lines, Freight(chance.randint(0, 5_000), free_from))


def adds_up(quote: Quote) -> bool:
    """Parts = whole, nothing negative: the checker of every case below."""
    return (
        quote.total_fen >= 0
        and quote.total_fen == quote.goods_fen + quote.freight_fen - quote.discount_fen
        and sum(one.pay_fen for one in quote.lines) == quote.goods_fen - quote.discount_fen
        and sum(one.list_fen for one in quote.lines) == quote.goods_fen
        and sum(one.freight_fen for one in quote.lines) == quote.freight_fen
        and all(one.pay_fen == one.list_fen - one.discount_fen >= 0 for one in quote.lines)
        and all(one.freight_fen >= 0 for one in quote.lines)
    )


@by_seed(5_000)
def test_the_parts_are_the_whole(seed: int) -> None:
    assert adds_up(rules.quote(basis_of(Random(seed))))


@by_seed(5_000)
def test_the_order_of_the_lines_does_not_matter(seed: int) -> None:
    chance = Random(seed)
    basis = basis_of(chance)
    lines = list(basis.lines)
    chance.shuffle(lines)
    shuffled = rules.quote(Basis(basis.rules, tuple(lines), basis.freight))
    first = rules.quote(basis)
    assert (shuffled.digest, shuffled.lines, shuffled.trace) == (
        first.digest,
        first.lines,
        first.trace,
    )


@by_seed(5_000)
def test_more_goods_cost_less_only_across_the_free_freight_line(seed: int) -> None:
    chance = Random(seed)
    basis, quantity, price_fen = basis_of(chance), chance.randint(1, 9), chance.randrange(10**6)
    before = rules.quote(basis)
    after = rules.quote(
        Basis(basis.rules, (*basis.lines, line(99, quantity, price_fen)), basis.freight)
    )
    free_from = basis.freight.free_from_fen
    crossed = free_from is not None and before.goods_fen < free_from <= after.goods_fen
    assert after.total_fen >= before.total_fen or crossed


@by_seed(5_000)
def test_a_stored_quote_can_be_computed_again(seed: int) -> None:
    quote = rules.quote(basis_of(Random(seed)))
    stored = json.loads(json.dumps(rules.stored(quote)))
    assert rules.replay(stored) == quote
    assert rules.changes(quote.digest, quote) == ()


def test_control_rounding_each_line_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: freight shared by rounding every line on its own."""

    def rounded(total_fen: int, weights: list[int]) -> list[int]:
        whole = sum(weights) or 1
        return [round(total_fen * weight / whole) for weight in weights]

    monkeypatch.setattr(freight, "allocate", rounded)
    basis = Basis(1, tuple(line(i, 1, 100) for i in (1, 2, 3)), Freight(1_000, None))
    assert not adds_up(rules.quote(basis))


def test_control_pricing_in_cart_order_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: lines are priced as they come."""
    monkeypatch.setattr("builtins.sorted", lambda rows, key=None: list(rows))
    lines = (line(2, 1, 100), line(1, 1, 100))
    one = rules.quote(Basis(1, lines, Freight(1, None)))
    two = rules.quote(Basis(1, lines[::-1], Freight(1, None)))
    assert one.digest != two.digest


def test_every_step_explains_itself() -> None:
    rule = Freight(800, 5_000)
    cheap = rules.quote(Basis(1, (line(7, 2, 1_000),), rule))
    assert [(t.step, t.sku_id, t.amount_fen, t.numbers) for t in cheap.trace] == [
        (Step.LIST_PRICE, 7, 2_000, {"unit_fen": 1_000, "quantity": 2}),
        (Step.FREIGHT, None, 800, {"fee_fen": 800, "free_from_fen": 5_000}),
    ]
    assert cheap.total_fen == 2_800
    free = rules.quote(Basis(1, (line(7, 5, 1_000),), rule))
    assert free.trace[-1].step is Step.FREIGHT_FREE
    assert free.total_fen == 5_000
    assert rules.quote(Basis(1, (line(7, 1, 0),), Freight(0, None))).total_fen == 0


def test_an_amount_no_payment_can_carry_is_refused() -> None:
    with pytest.raises(QuoteTooLarge):
        rules.quote(Basis(1, (line(1, 9_999, 10_000_000_000),), Freight(0, None)))


def test_what_changed_is_told_from_the_digest_alone() -> None:
    seen = rules.quote(
        Basis(1, (line(1, 1, 100), line(2, 1, 50), line(4, 1, 9)), Freight(10, None))
    )
    now = rules.quote(Basis(1, (line(1, 2, 120), line(3, 1, 5), line(4, 1, 9)), Freight(0, None)))
    assert [(c.what, c.sku_id, c.before, c.after) for c in rules.changes(seen.digest, now)] == [
        ("quantity", 1, 1, 2),
        ("price", 1, 100, 120),
        ("removed", 2, 1, 0),
        ("added", 3, 0, 1),
        ("freight", None, 10, 0),
        ("total", None, 169, 254),
    ]


@given(st.text(max_size=60))
@cases(500)
def test_a_forged_digest_changes_nothing_and_breaks_nothing(text: str) -> None:
    now = rules.quote(Basis(1, (line(1, 1, 100),), Freight(0, None)))
    assert text == now.digest or isinstance(rules.changes(text, now), tuple)
