"""Which pieces go to whom, and what may be asked of stock."""

from collections.abc import Iterable, Mapping, Sequence

from tiefen.inventory.errors import BadAdjustment, DuplicateSku, SamePlace, TooManyArrived
from tiefen.inventory.values import Allotment, MovementReason, Place, Shelf, Short, Wish


def check_adjustment(quantity: int, reason: MovementReason) -> None:
    """Refuse a change whose sign does not fit its reason. Raises BadAdjustment."""
    wrong = {
        MovementReason.RECEIVED: quantity < 0,
        MovementReason.LOST: quantity > 0,
    }.get(reason, False)
    if quantity == 0 or wrong:
        raise BadAdjustment(field="quantity")


def first_come(shelf: Shelf, wishes: Sequence[Wish]) -> dict[str, Short]:
    """Reference → what is short, for the wishes the shelf does not cover when served in order.

    A wish gets all its lines or none; one that gets none leaves its pieces to those behind it.
    """
    left: dict[int, int] = {}
    for (sku_id, _), pieces in shelf.free.items():
        left[sku_id] = left.get(sku_id, 0) + pieces
    short: dict[str, Short] = {}
    for wish in wishes:
        after = dict(left)
        for place, (sku_id, wanted) in enumerate(wish.lines):
            parts = shelf.parts_of(sku_id)
            most = min(after.get(part.sku_id, 0) // part.each for part in parts)
            if wanted > most:
                short[wish.reference] = Short(place, sku_id, wanted, max(most, 0))
                break
            for part in parts:
                after[part.sku_id] -= wanted * part.each
        else:
            left = after
    return short


def nearness(place: Place, region_code: str) -> int:
    """3: same district, 2: same city, 1: same province, 0: far, or the place does not ask."""
    if not place.near_first or len(region_code) != 6 or len(place.region_code) != 6:
        return 0
    return next((n for n in (3, 2, 1) if place.region_code[: 2 * n] == region_code[: 2 * n]), 0)


def in_order(places: Iterable[Place], region_code: str) -> list[Place]:
    """The places as they are asked for pieces that go to a region."""
    return sorted(places, key=lambda one: (-nearness(one, region_code), one.rank, one.id))


def allot(shelf: Shelf, wishes: Sequence[Wish]) -> list[Allotment]:
    """Say which location gives what; all wishes together must fit (see `first_come`).

    An order comes from one location when one has everything. Otherwise each line does when one has
    it all, and only then it is spread. The merchant's order of locations decides among equals.
    """
    left = dict(shelf.free)
    made: list[Allotment] = []
    for wish in wishes:
        asked = in_order(shelf.places, wish.region_code)
        wanted = [
            (part, quantity * part.each)
            for sku_id, quantity in wish.lines
            for part in shelf.parts_of(sku_id)
        ]
        whole: dict[int, int] = {}
        for part, pieces in wanted:
            whole[part.sku_id] = whole.get(part.sku_id, 0) + pieces
        home = next((at for at in asked if _covers(left, at, whole)), None)
        for part, pieces in wanted:
            for place_id, quantity in _spread(left, home, asked, part.sku_id, pieces):
                left[part.sku_id, place_id] -= quantity
                made.append(Allotment(wish, part, place_id, quantity))
    return made


def _covers(left: Mapping[tuple[int, int], int], at: Place, whole: Mapping[int, int]) -> bool:
    return all(left.get((sku_id, at.id), 0) >= pieces for sku_id, pieces in whole.items())


def _spread(
    left: Mapping[tuple[int, int], int],
    home: Place | None,
    asked: Sequence[Place],
    sku_id: int,
    pieces: int,
) -> list[tuple[int, int]]:
    """(location, pieces) for one line."""
    one = home or next((at for at in asked if _covers(left, at, {sku_id: pieces})), None)
    if one is not None:
        return [(one.id, pieces)]
    found: list[tuple[int, int]] = []
    for at in asked:
        here = min(pieces, left.get((sku_id, at.id), 0))
        if here:
            found.append((at.id, here))
            pieces -= here
    if pieces:
        raise ValueError(f"SKU {sku_id}: {pieces} pieces are nowhere")
    return found


def check_named_once(sku_ids: Sequence[int], field: str = "lines") -> None:
    """Refuse a list that says two numbers for one SKU: none of them may win. Raises DuplicateSku."""
    for place, sku_id in enumerate(sku_ids):
        if sku_id in sku_ids[:place]:
            raise DuplicateSku(field=f"{field}.{place}.sku_id")


def check_transfer(from_id: int, to_id: int, sku_ids: Sequence[int]) -> None:
    """Refuse a transfer that goes nowhere or names a SKU twice. Raises SamePlace, DuplicateSku."""
    if from_id == to_id:
        raise SamePlace(field="to_id")
    check_named_once(sku_ids)


def check_arrival(left: Mapping[int, int], came: Mapping[int, int]) -> None:
    """Refuse more than is on its way. Raises TooManyArrived."""
    for sku_id, quantity in came.items():
        if quantity > left.get(sku_id, 0):
            raise TooManyArrived(field="lines", sku_id=sku_id, left=left.get(sku_id, 0))
