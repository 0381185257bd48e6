"""Orders: legal steps only, pieces never twice, refunds that add up to what was paid."""

import dataclasses
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import by_seed, cases
from tiefen.orders import rules
from tiefen.orders.errors import (
    FreightTaken,
    IllegalStep,
    NothingLeft,
    TooMuchMoney,
    TooMuchRefunded,
    TooMuchShipped,
)
from tiefen.orders.values import (
    AfterSaleAction,
    AfterSaleKind,
    AfterSalePolicy,
    AfterSaleStatus,
    LinePieces,
    OrderAction,
    OrderStatus,
    RefundPart,
    RefundPlan,
    Wanted,
)


def line(key: int = 1, quantity: int = 3, pay_fen: int = 1_000, **state: Any) -> LinePieces:
    fresh = LinePieces(
        id=key,
        sku_id=key,
        quantity=quantity,
        pay_fen=pay_fen,
        shipped=0,
        cancelled=0,
        holding=0,
        returned=0,
        claimed_fen=0,
    )
    return dataclasses.replace(fresh, **state)


def apply(lines: dict[int, LinePieces], plan: RefundPlan) -> None:
    for part in plan.parts:
        before = lines[part.line_id]
        lines[part.line_id] = dataclasses.replace(
            before,
            cancelled=before.cancelled + part.unshipped,
            returned=before.returned + part.shipped,
            claimed_fen=before.claimed_fen + part.amount_fen,
            kept_fen=before.kept_fen + part.kept_fen,
        )


def undo(lines: dict[int, LinePieces], plan: RefundPlan) -> None:
    for part in plan.parts:
        before = lines[part.line_id]
        lines[part.line_id] = dataclasses.replace(
            before,
            cancelled=before.cancelled - part.unshipped,
            returned=before.returned - part.shipped,
            claimed_fen=before.claimed_fen - part.amount_fen,
            kept_fen=before.kept_fen - part.kept_fen,
        )


def names(lines: dict[int, LinePieces]) -> dict[int, str]:
    return {key: f"商品{key}" for key in lines}


def refund_all_in_parts(
    lines: dict[int, LinePieces], freight_fen: int, chance: Random
) -> tuple[int, int]:
    """Refund everything in random parts, some given up and asked again; (refunded, freight)."""
    total, freight_back = 0, 0
    while any(rules.left_to_refund(one) for one in lines.values()):
        wanted = {
            key: Wanted(chance.randint(1, rules.left_to_refund(one)))
            for key, one in lines.items()
            if rules.left_to_refund(one) and chance.random() < 0.6
        }
        if not wanted:
            continue
        plan = rules.plan_refund(
            names(lines), lines, wanted, freight_left_fen=freight_fen - freight_back
        )
        apply(lines, plan)
        assert all(one.claimed_fen <= one.pay_fen for one in lines.values())
        if chance.random() < 0.2:
            undo(lines, plan)
            continue
        total += plan.amount_fen
        freight_back += plan.freight_fen
    return total, freight_back


def paid_lines(chance: Random) -> dict[int, LinePieces]:
    """One to four lines as they stand after payment."""
    return {
        key: line(key, chance.randint(1, 6), chance.randint(0, 99_999))
        for key in range(1, chance.randint(2, 5))
    }


@by_seed(5_000)
def test_everything_back_is_exactly_what_was_paid_whatever_the_parts(seed: int) -> None:
    chance = Random(seed)
    lines, freight = paid_lines(chance), chance.randint(0, 999)
    paid = sum(one.pay_fen for one in lines.values())
    assert refund_all_in_parts(lines, freight, chance) == (paid + freight, freight)


@by_seed(1_000)
def test_after_shipping_the_goods_money_still_comes_back_exactly(seed: int) -> None:
    chance = Random(seed)
    lines = {
        key: dataclasses.replace(one, shipped=chance.randint(0, one.quantity))
        for key, one in paid_lines(chance).items()
    }
    paid = sum(one.pay_fen for one in lines.values())
    untouched = not any(one.shipped for one in lines.values())
    refunded, freight = refund_all_in_parts(lines, 500, chance)
    assert refunded - freight == paid
    assert freight == (500 if untouched else 0)
    for one in lines.values():
        assert one.shipped + one.cancelled <= one.quantity
        assert one.returned <= one.shipped


def test_control_rounding_every_part_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: each part is rounded on its own, as peers do it."""
    monkeypatch.setattr(
        rules,
        "refund_fen",
        lambda one, quantity: round(one.pay_fen * quantity / one.quantity),
    )
    lines = {1: line(1, 3, 1_000)}
    total = 0
    for _ in range(3):
        plan = rules.plan_refund(names(lines), lines, {1: Wanted(1)}, freight_left_fen=0)
        apply(lines, plan)
        total += plan.amount_fen
    assert total != 1_000


def test_unshipped_pieces_go_first() -> None:
    lines = {1: line(1, 5, 500, shipped=2)}
    plan = rules.plan_refund(names(lines), lines, {1: Wanted(4)}, freight_left_fen=0)
    assert [(part.unshipped, part.shipped) for part in plan.parts] == [(3, 1)]
    assert not plan.whole


def test_too_much_and_nothing_are_refused_with_what_is_left() -> None:
    lines = {1: line(1, 2, 500, cancelled=1, claimed_fen=250)}
    with pytest.raises(TooMuchRefunded) as refused:
        rules.plan_refund(names(lines), lines, {1: Wanted(2)}, freight_left_fen=0)
    assert refused.value.details["left"] == 1
    done = {1: line(1, 2, 500, cancelled=2, claimed_fen=500)}
    with pytest.raises(NothingLeft):
        rules.plan_refund(names(done), done, {1: Wanted(1)}, freight_left_fen=0)
    with pytest.raises(TooMuchShipped):
        rules.check_shipping(names(lines), lines, {1: 2})
    rules.check_shipping(names(lines), lines, {1: 1})


@pytest.mark.parametrize(
    ("claimed", "own", "wanted", "back"),
    [
        (0, 0, None, 0),
        (800, 800, None, 800),
        (800, 800, False, 0),
        (800, 800, True, 800),
        (0, 0, True, 800),
    ],
)
def test_the_merchants_word_on_freight_replaces_the_rules(
    claimed: int, own: int, wanted: bool | None, back: int
) -> None:
    assert rules.freight_of(800, claimed, own, wanted) == back


def test_freight_goes_back_once() -> None:
    with pytest.raises(FreightTaken):
        rules.freight_of(800, 800, 0, True)


def test_shipping_is_complete_only_when_nothing_may_come_back_to_be_sent() -> None:
    assert rules.is_all_shipped([line(quantity=2, shipped=2)])
    assert rules.is_all_shipped([line(quantity=2, shipped=1, cancelled=1)])
    assert not rules.is_all_shipped([line(quantity=2, shipped=1, cancelled=1, holding=1)])
    assert not rules.is_all_shipped([line(quantity=2, shipped=1)])
    assert not rules.is_all_shipped([line(quantity=2, cancelled=2)])


@pytest.mark.parametrize("status", list(OrderStatus))
@pytest.mark.parametrize("action", list(OrderAction))
def test_an_order_takes_only_the_steps_of_its_table(
    status: OrderStatus, action: OrderAction
) -> None:
    if (status, action) in rules.ORDER:
        assert rules.advance_order(status, action) is rules.ORDER[status, action]
        return
    with pytest.raises(IllegalStep) as refused:
        rules.advance_order(status, action)
    assert refused.value.message("zh")
    assert status.value in refused.value.message("en")


def test_an_end_stays_an_end() -> None:
    for status in (OrderStatus.CLOSED, OrderStatus.REFUNDED):
        assert not any(source is status for source, _ in rules.ORDER)
    ends = (AfterSaleStatus.WITHDRAWN, AfterSaleStatus.REJECTED, AfterSaleStatus.REFUNDED)
    for end in ends:
        with pytest.raises(IllegalStep):
            rules.advance_after_sale(end, AfterSaleAction.APPROVE)


def test_the_drawn_diagrams_are_those_of_the_tables() -> None:
    """docs/domain/states.md is made by `make docs` from the tables; here its content is compared."""
    drawn = (Path(__file__).parents[2] / "docs" / "domain" / "states.md").read_text()
    for title, table in (
        ("order", rules.ORDER),
        ("parcel", rules.PARCEL),
        ("after sale", rules.AFTER_SALE),
    ):
        section = drawn.partition(f"## orders: {title}\n")[2].partition("\n## ")[0]
        steps = {line.strip() for line in section.splitlines() if " : " in line}
        assert steps == {f"{a} --> {b} : {by}" for (a, by), b in table.items()}


def asked_in_any_way(lines: dict[int, LinePieces], chance: Random) -> tuple[int, int]:
    """Refunds, returns, exchanges, money alone and less than all, some given up, until no piece is
    left; (refunded, kept by agreement)."""
    total = kept = 0
    while any(rules.left_to_refund(one) for one in lines.values()):
        kind = chance.choice([AfterSaleKind.REFUND, AfterSaleKind.RETURN, AfterSaleKind.EXCHANGE])
        wanted = {}
        for key, one in lines.items():
            left = rules.left_for(kind, one)
            if not left or chance.random() < 0.4:
                continue
            pieces = chance.randint(0 if kind is AfterSaleKind.REFUND else 1, left)
            most = rules.most_fen(kind, one, pieces)
            asks_less = kind not in rules.SENDS and (not pieces or chance.random() < 0.3)
            wanted[key] = Wanted(pieces, chance.randint(0, most) if asks_less else None)
        wanted = {key: one for key, one in wanted.items() if one.quantity or one.amount_fen}
        if not wanted:
            kind = AfterSaleKind.REFUND
            wanted = {
                key: Wanted(left)
                for key, one in lines.items()
                if (left := rules.left_to_refund(one))
            }
        plan = rules.plan_refund(names(lines), lines, wanted, freight_left_fen=0, kind=kind)
        apply(lines, plan)
        assert all(one.claimed_fen <= one.pay_fen for one in lines.values())
        if kind in rules.SENDS or chance.random() < 0.2:
            undo(lines, plan)
            continue
        total += plan.amount_fen
        kept += sum(part.kept_fen for part in plan.parts)
    return total, kept


@by_seed(1_000)
def test_whatever_is_asked_in_whatever_way_paid_is_refunded_and_kept(seed: int) -> None:
    chance = Random(seed)
    lines = {
        key: dataclasses.replace(one, shipped=chance.randint(0, one.quantity))
        for key, one in paid_lines(chance).items()
    }
    paid = sum(one.pay_fen for one in lines.values())
    refunded, kept = asked_in_any_way(lines, chance)
    assert refunded + kept == paid
    assert sum(one.claimed_fen for one in lines.values()) == refunded


def test_control_kept_money_that_another_piece_brings_would_be_caught() -> None:
    """Planted bug: what damaged goods did not bring is split over the pieces that are left."""
    lines = {1: line(1, 2, 1_000, shipped=2)}
    first = rules.plan_refund(
        names(lines), lines, {1: Wanted(1, 100)}, freight_left_fen=0, kind=AfterSaleKind.RETURN
    )
    apply(lines, first)
    honest = rules.refund_fen(lines[1], 1)
    lines[1] = dataclasses.replace(lines[1], kept_fen=0)
    assert (honest, rules.refund_fen(lines[1], 1)) == (500, 900)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5), st.integers(1, 50_000))
@cases(1_000)
def test_compensation_is_spread_within_what_is_left_of_each_line(
    pays: list[int], amount: int
) -> None:
    lines = {key: line(key, 1, pay) for key, pay in enumerate(pays, 1)}
    if amount > sum(pays):
        with pytest.raises(TooMuchMoney):
            rules.spread_compensation(lines, amount)
        return
    parts = rules.spread_compensation(lines, amount)
    assert sum(one.amount_fen or 0 for one in parts.values()) == amount
    assert all((one.amount_fen or 0) <= lines[key].pay_fen for key, one in parts.items())


@pytest.mark.parametrize("kind", list(AfterSaleKind))
def test_every_kind_ends_and_only_on_its_own_way(kind: AfterSaleKind) -> None:
    state = rules.advance_after_sale(AfterSaleStatus.REQUESTED, rules.YES[kind])
    if kind in rules.INSPECTED:
        state = rules.advance_after_sale(state, AfterSaleAction.SEND_BACK)
        state = rules.advance_after_sale(state, rules.inspected(kind))
    end = AfterSaleAction.RESEND if kind in rules.SENDS else AfterSaleAction.SETTLE
    state = rules.advance_after_sale(state, end)
    assert not any(source is state for source, _ in rules.AFTER_SALE)


@pytest.mark.parametrize(
    ("below", "amount", "unshipped", "recent", "itself"),
    [
        (500, 500, 1, 0, True),
        (499, 500, 1, 0, False),
        (500, 500, 0, 0, False),
        (500, 500, 1, 3, False),
        (0, 500, 1, 0, False),
    ],
)
def test_a_request_answers_itself_only_by_the_merchants_rule(
    below: int, amount: int, unshipped: int, recent: int, itself: bool
) -> None:
    part = RefundPart(1, 1, unshipped, 1 - unshipped, amount)
    plan = RefundPlan((part,), amount, 0, whole=True)
    policy = AfterSalePolicy(auto_below_fen=below, auto_most=3)
    assert rules.answers_itself(policy, AfterSaleKind.REFUND, plan, recent) is itself
    assert not rules.answers_itself(policy, AfterSaleKind.RETURN, plan, recent)
