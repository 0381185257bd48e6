"""Stock: what a change by hand may be, and which location gives what."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tiefen.inventory import rules
from tiefen.inventory.errors import BadAdjustment
from tiefen.inventory.rules import holding
from tiefen.inventory.values import Allotment, MovementReason, Part, Place, Shelf, Wish

NOON = datetime(2026, 4, 1, 4, tzinfo=UTC)
REGIONS = st.sampled_from(["", "330108", "330106", "310101"])


@pytest.mark.parametrize(
    ("quantity", "reason", "fits"),
    [
        (5, MovementReason.RECEIVED, True),
        (-5, MovementReason.RECEIVED, False),
        (-5, MovementReason.LOST, True),
        (5, MovementReason.LOST, False),
        (5, MovementReason.COUNTED, True),
        (-5, MovementReason.COUNTED, True),
        (0, MovementReason.COUNTED, False),
    ],
)
def test_the_sign_fits_the_reason(quantity: int, reason: MovementReason, fits: bool) -> None:
    if fits:
        rules.check_adjustment(quantity, reason)
        return
    with pytest.raises(BadAdjustment) as refused:
        rules.check_adjustment(quantity, reason)
    assert refused.value.field == "quantity"


@st.composite
def shelves(draw: st.DrawFn) -> tuple[Shelf, list[Wish]]:
    """Locations, bundles, free pieces, and orders that may or may not fit."""
    places = [
        Place(n, draw(st.integers(0, 2)), draw(st.booleans()), draw(REGIONS)) for n in (1, 2, 3)
    ]
    free = {(sku, at.id): draw(st.integers(0, 6)) for sku in (1, 2, 3) for at in places}
    parts = {9: (Part(1, draw(st.integers(1, 3)), 9), Part(2, 1, 9))}
    chosen = st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 9]), st.integers(1, 4)),
        min_size=1, max_size=3, unique_by=lambda line: line[0],
    )  # fmt: skip
    orders = draw(st.lists(st.tuples(chosen, REGIONS), min_size=1, max_size=4))
    wishes = [Wish(f"O{n}", lines, NOON, region) for n, (lines, region) in enumerate(orders)]
    return Shelf(free, places, parts), wishes


def taken_of(shelf: Shelf, made: list[Allotment]) -> dict[tuple[int, int], int]:
    """What an allotment leaves on the shelf."""
    left = dict(shelf.free)
    for one in made:
        left[one.part.sku_id, one.location_id] -= one.quantity
    return left


def check_allotment(shelf: Shelf, wishes: list[Wish]) -> None:
    short = rules.first_come(shelf, wishes)
    served = [wish for wish in wishes if wish.reference not in short]
    made = rules.allot(shelf, served)
    assert all(pieces >= 0 for pieces in taken_of(shelf, made).values())
    for wish in served:
        for sku_id, quantity in wish.lines:
            for part in shelf.parts_of(sku_id):
                got = sum(m.quantity for m in made if m.wish is wish and m.part == part)
                assert got == quantity * part.each
    if len(served) == 1:  # alone, an order comes from one place if one has everything
        wanted: dict[int, int] = {}
        for sku_id, quantity in served[0].lines:
            for part in shelf.parts_of(sku_id):
                wanted[part.sku_id] = wanted.get(part.sku_id, 0) + quantity * part.each
        whole = [
            at.id
            for at in rules.in_order(shelf.places, served[0].region_code)
            if all(shelf.free[sku_id, at.id] >= pieces for sku_id, pieces in wanted.items())
        ]
        if whole:
            assert {m.location_id for m in made} == {whole[0]}


@cases(2_000)
@given(shelves())
def test_an_allotment_takes_what_is_there_and_exactly_what_was_ordered(
    case: tuple[Shelf, list[Wish]],
) -> None:
    check_allotment(*case)


def test_control_an_allotment_that_takes_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: the first location gives everything, whatever lies there."""

    def greedy(left: object, home: object, asked: list[Place], sku: int, pieces: int) -> object:
        return [(asked[0].id, pieces)]

    monkeypatch.setattr(holding, "_spread", greedy)
    shelf = Shelf({(1, 1): 1, (1, 2): 5}, [Place(1, 0, False, ""), Place(2, 1, False, "")], {})
    with pytest.raises(AssertionError):
        check_allotment(shelf, [Wish("A", [(1, 3)], NOON)])


@pytest.mark.parametrize(
    ("place", "goes_to", "near"),
    [
        ("330108", "330108", 3),
        ("330108", "330106", 2),
        ("330108", "330205", 1),
        ("330108", "310101", 0),
        ("", "330108", 0),
        ("330108", "", 0),
    ],
)
def test_how_near_a_place_is(place: str, goes_to: str, near: int) -> None:
    assert rules.nearness(Place(1, 0, True, place), goes_to) == near
    assert rules.nearness(Place(1, 0, False, place), goes_to) == 0
