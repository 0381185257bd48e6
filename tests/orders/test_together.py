"""Buyers who order at the same moment share a commit: 64 at once, and each gets what is due to it."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.test_races import at_once, breaches, owner_runs
from tiefen.inventory import rules as stock_rules
from tiefen.inventory import service as inventory
from tiefen.inventory.service import holding
from tiefen.inventory.values import Shelf, Wish
from tiefen.kernel.clock import utcnow
from tiefen.kernel.db import Db, Tx
from tiefen.orders import service
from tiefen.orders.schemas import LineIn, PlaceIn
from tiefen.orders.service import placing
from tiefen.promotion import service as promotion

BUYERS, ROUNDS = 64, 20
LIMIT = 2


async def a_shop(db: Db, pieces: Sequence[int]) -> tuple[list[int], list[tuple[int, PlaceIn]]]:
    """SKUs with so many pieces, the last one limited per person; fans with an empty form each."""
    async with db.merchant("demo") as tx:
        skus = [await stocked(tx, many) for many in pieces[:-1]]
        skus.append(await stocked(tx, pieces[-1], purchase_limit=LIMIT))
        buyers = []
        for _ in range(BUYERS):
            fan_id = await make.fan(tx)
            buyers.append((fan_id, await make.form(tx, fan_id, (skus[0], 1))))
    return skus, buyers


async def forms(
    db: Db, skus: Sequence[int], buyers: Sequence[tuple[int, PlaceIn]], chance: random.Random
) -> list[tuple[int, PlaceIn]]:
    """Each buyer wants some pieces of one or two SKUs, at today's price."""
    made = []
    async with db.merchant("demo") as tx:
        for fan_id, form in buyers:
            lines = sorted(
                (sku_id, chance.randint(1, 3))
                for sku_id in chance.sample(skus, chance.choice((1, 2)))
            )
            quote = await promotion.quote(tx, fan_id, lines, tx.now)
            wanted = [LineIn(sku_id=sku_id, quantity=many) for sku_id, many in lines]
            made.append((fan_id, form.model_copy(update={"lines": wanted, "digest": quote.digest})))
    return made


async def free(db: Db, skus: Sequence[int]) -> dict[int, int]:
    async with db.merchant("demo") as tx:
        return await inventory.available(tx, skus)


async def rush(db: Db, wanted: Sequence[tuple[int, PlaceIn]], tag: str) -> Counter[str]:
    return await at_once(
        *(
            service.checkout(db, "demo", fan_id, f"{tag}-{place:04d}", form)
            for place, (fan_id, form) in enumerate(wanted)
        )
    )


async def test_64_buyers_20_rounds_with_mixed_goods_and_limits(db: Db) -> None:
    chance = random.Random(7)
    skus, buyers = await a_shop(db, [400, 150, 60, 1_000])
    before = await free(db, skus)
    placed = 0
    for number in range(ROUNDS):
        outcomes = await rush(db, await forms(db, skus, buyers, chance), f"round-{number:02d}")
        assert set(outcomes) <= {"done", "inventory.stock_short", "promotion.limit_reached"}
        placed += outcomes["done"]
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == placed
        rows = await tx.execute(
            text("SELECT sku_id, sum(quantity)::int FROM order_line GROUP BY sku_id")
        )
        bought: dict[int, int] = dict(rows.all())
        most = await tx.scalar(text("SELECT max(quantity) FROM purchase_count"))
        payments = await tx.scalar(text("SELECT count(*) FROM payment"))
        closings = await tx.scalar(
            text("SELECT count(*) FROM platform.job WHERE name = 'orders.close_unpaid'")
        )
    left = await free(db, skus)
    assert left == {sku_id: before[sku_id] - bought.get(sku_id, 0) for sku_id in skus}
    assert min(left.values()) == 0, "at least one of them sold out"
    assert (most, payments, closings) == (LIMIT, placed, placed)
    assert await breaches(db) == []


async def test_the_last_pieces_go_to_those_who_came_first(db: Db) -> None:
    skus, buyers = await a_shop(db, [5, 100])
    answers = await asyncio.gather(
        *(
            service.checkout(db, "demo", fan_id, f"first-{place:04d}", form)
            for place, (fan_id, form) in enumerate(buyers)
        ),
        return_exceptions=True,
    )
    assert [not isinstance(answer, Exception) for answer in answers] == [True] * 5 + [False] * 59
    assert (await free(db, skus))[skus[0]] == 0
    assert await breaches(db) == []


async def blind(*_: Any) -> dict[str, Any]:
    """Sees no shortage."""
    return {}


async def test_a_shortage_seen_only_under_the_lock_drops_those_it_hits(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process took pieces between the look and the lock: the rest of the batch goes on."""
    _skus, buyers = await a_shop(db, [20, 100])
    real, looks = inventory.short_of, []

    async def seen_too_early(tx: Tx, wishes: Sequence[Wish]) -> dict[str, Any]:
        looks.append(len(wishes))
        return {} if len(looks) == 1 else await real(tx, wishes)

    monkeypatch.setattr(inventory, "short_of", seen_too_early)
    outcomes = await rush(db, buyers, "late")
    assert outcomes == {"done": 20, "inventory.stock_short": 44}
    assert looks[0] == BUYERS
    assert await breaches(db) == []


async def test_whoever_runs_out_is_looked_for_beforehand_from_then_on(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first shortage is found under the lock; for a while the look before it spares the others that."""
    monkeypatch.setattr(holding, "_scarce", {})
    _, buyers = await a_shop(db, [5, 100])
    real, reserved = inventory.reserve_all, []

    async def counted(tx: Tx, wishes: Sequence[Wish]) -> dict[str, Any]:
        short = await real(tx, wishes)
        reserved.append(bool(short))
        return short

    monkeypatch.setattr(inventory, "reserve_all", counted)
    assert (await rush(db, buyers, "first"))["done"] == 5
    assert any(reserved)
    reserved.clear()
    assert await rush(db, buyers, "second") == {"inventory.stock_short": BUYERS}
    assert not any(reserved)
    assert await breaches(db) == []


async def test_control_without_guard_and_look_the_rush_oversells_and_the_audit_sees_it(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: neither the look nor the guard nor the constraint."""
    monkeypatch.setattr(inventory, "short_of", blind)
    monkeypatch.setattr(holding, "_RESERVE", holding._RESERVE.replace(holding.ENOUGH, "true"))
    await owner_runs(db, "ALTER TABLE m_demo.stock DROP CONSTRAINT ck_stock_on_hand")
    _, buyers = await a_shop(db, [5, 100])
    assert await rush(db, buyers, "oversold") == {"done": BUYERS}
    assert "S1-reserved" in await breaches(db)


async def test_control_fans_who_do_not_keep_apart_are_caught(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: taps of one fan share a batch, and each is checked against the same count."""
    monkeypatch.setattr(placing.TOGETHER, "_apart", None)
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 50, purchase_limit=1), await make.fan(tx)
        form = await make.form(tx, fan_id, (one, 1))
    outcomes = await rush(db, [(fan_id, form)] * 8, "taps")
    assert outcomes["done"] > 1, "more than the limit allows"
    assert "S3-counts" in await breaches(db)


async def test_taps_of_one_fan_queue_behind_each_other(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 50, purchase_limit=1), await make.fan(tx)
        form = await make.form(tx, fan_id, (one, 1))
    outcomes = await rush(db, [(fan_id, form)] * 8, "taps")
    assert outcomes == {"done": 1, "promotion.limit_reached": 7}
    same = await asyncio.gather(
        *(service.checkout(db, "demo", fan_id, "taps-0000", form) for _ in range(8))
    )
    assert len({answer.order_no for answer in same}) == 1
    assert await breaches(db) == []


async def test_a_poisoned_form_in_the_batch_fails_alone(db: Db) -> None:
    _, buyers = await a_shop(db, [500, 100])
    poisoned = list(buyers)
    for place in (3, 40):
        fan_id, form = poisoned[place]
        poisoned[place] = (fan_id, form.model_copy(update={"note": "\x00"}))
    outcomes = await rush(db, poisoned, "poison")
    assert outcomes == {"done": BUYERS - 2, "bug: DBAPIError": 2}
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == BUYERS - 2
    assert await breaches(db) == []


async def test_a_changed_price_is_told_to_each_in_its_own_words(db: Db) -> None:
    _, buyers = await a_shop(db, [500, 100])
    (fan_id, form), (other_id, other) = buyers[:2]
    stale = form.model_copy(update={"digest": "of-another-day"})
    outcomes = await rush(db, [(fan_id, stale), (other_id, other)], "stale")
    assert outcomes == {"orders.quote_changed": 1, "done": 1}


WISHES = st.lists(
    st.dictionaries(st.integers(1, 4), st.integers(1, 3), min_size=1, max_size=3), max_size=12
)


@given(st.dictionaries(st.integers(1, 4), st.integers(0, 9)), WISHES)
def test_first_come_is_what_one_by_one_would_give(free: dict[int, int], them: Any) -> None:
    wishes = [Wish(f"w{n}", sorted(lines.items()), utcnow()) for n, lines in enumerate(them)]
    shelf = Shelf({(sku_id, 1): many for sku_id, many in free.items()}, [], {})
    short = stock_rules.first_come(shelf, wishes)
    left = dict(free)
    for wish in wishes:  # the plain reading of the promise
        fits = all(left.get(sku_id, 0) >= many for sku_id, many in wish.lines)
        assert fits == (wish.reference not in short)
        if fits:
            left.update({sku_id: left[sku_id] - many for sku_id, many in wish.lines})
        else:
            at = short[wish.reference]
            sku_id, many = wish.lines[at.place]
            assert (at.sku_id, at.wanted) == (sku_id, many)
            assert 0 <= at.available < many
            assert at.available == left.get(sku_id, 0)
