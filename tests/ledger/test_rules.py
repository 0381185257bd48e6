"""The chart and the pure rules."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tiefen.kernel.money import MAX_FEN
from tiefen.ledger import rules
from tiefen.ledger.values import Asset, Side, Transfer

GOOD = Transfer("wechat:clearing", "orders:unearned", 100, "payment.succeeded", "D1", "k1")


def test_every_line_of_the_chart_is_found_by_its_own_name_and_by_no_other() -> None:
    for entry in rules.CHART:
        name = entry.name.replace("{id}", "17")
        assert rules.entry_of(name) is entry


@pytest.mark.parametrize(
    "name",
    ["", "cash", "fan:0:points", "fan:01:points", "fan:-1:points", "fan:x:points", "fan:1:points ",
     "fan:1:points:debt:x", "suspense\n", "Suspense", "fan:１:points"],
)  # fmt: skip
def test_names_outside_the_chart_are_unknown(name: str) -> None:
    assert rules.entry_of(name) is None


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"amount_fen": 0}, rules.Flaw.AMOUNT),
        ({"amount_fen": -1}, rules.Flaw.AMOUNT),
        ({"amount_fen": True}, rules.Flaw.AMOUNT),
        ({"amount_fen": 1.0}, rules.Flaw.AMOUNT),
        ({"amount_fen": MAX_FEN + 1}, rules.Flaw.AMOUNT),
        ({"credit": "wechat:clearing"}, rules.Flaw.SAME_ACCOUNT),
        ({"credit": "fan:1:points"}, rules.Flaw.ASSETS_DIFFER),
        ({"code": "paid"}, rules.Flaw.CODE),
        ({"code": "Payment.ok"}, rules.Flaw.CODE),
        ({"reference": ""}, rules.Flaw.REFERENCE),
        ({"reference": "x" * 201}, rules.Flaw.REFERENCE),
        ({"key": ""}, rules.Flaw.KEY),
        ({"key": "x" * 201}, rules.Flaw.KEY),
        ({}, None),
    ],
)
def test_a_transfer_that_could_never_be_posted_says_why(
    change: dict[str, object], flaw: rules.Flaw | None
) -> None:
    fields = {name: getattr(GOOD, name) for name in Transfer.__slots__} | change
    assert rules.flaw(Transfer(**fields)) is flaw


def test_the_hash_covers_every_part_and_no_boundary_can_be_moved() -> None:
    other = [
        Transfer("wechat:clearing", "suspense", 100, "payment.succeeded", "D1", "k1"),
        Transfer("suspense", "orders:unearned", 100, "payment.succeeded", "D1", "k1"),
        Transfer("wechat:clearing", "orders:unearned", 101, "payment.succeeded", "D1", "k1"),
        Transfer("wechat:clearing", "orders:unearned", 100, "payment.other", "D1", "k1"),
        Transfer("wechat:clearing", "orders:unearned", 100, "payment.succeeded", "D2", "k1"),
        Transfer("wechat:clearing", "orders:unearned", 100, "payment.succeededD", "1", "k1"),
    ]
    assert len({rules.input_hash(one) for one in [GOOD, *other]}) == 7


@given(st.lists(st.tuples(st.sampled_from(["suspense", "orders:unearned", "wechat:clearing"]),
                          st.sampled_from(["revenue:goods", "expense:bonus"]),
                          st.integers(1, 1000)), max_size=5))  # fmt: skip
def test_a_batch_is_judged_by_where_it_ends_in_any_order(
    wishes: list[tuple[str, str, int]],
) -> None:
    batch = [
        Transfer(debit, credit, amount, "a.b", "r", str(n))
        for n, (debit, credit, amount) in enumerate(wishes)
    ]
    verdicts = {str(rules.shortfall({"suspense": 500}, order)) for order in permutations(batch)}
    assert len(verdicts) == 1
    moves = rules.net(batch)
    signed = sum(
        move if (entry := rules.entry_of(name)) and entry.side is Side.DEBIT else -move
        for name, move in moves.items()
    )
    assert signed == 0


def test_points_and_money_never_share_an_account() -> None:
    assert {entry.asset for entry in rules.CHART} == set(Asset)
    assert all(("points" in entry.name) == (entry.asset is Asset.POINTS) for entry in rules.CHART)


def test_the_handbook_holds_every_line_of_the_chart() -> None:
    page = (ROOT / "docs" / "domain" / "ledger.md").read_text()
    for entry in rules.CHART:
        guarded = "yes" if entry.guarded else "no"
        line = f"| `{entry.name}` | {entry.zh} | {entry.asset} | {entry.side} | {entry.kind} | {guarded} | {entry.en} |"
        assert line in page
