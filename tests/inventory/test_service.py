"""Stock on a real database: never oversold, never lost, every hold ends once."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF, product, sku
from tests.conftest import Drain
from tests.counting import statements
from tests.inventory.factories import stocked
from tests.inventory.test_flows import make_bundle
from tests.orders.stepping import Orders, Verb, watcher
from tiefen.catalog.values import ProductKind
from tiefen.inventory import queries, service
from tiefen.inventory.errors import ReservationEnded, SkuUnknown, StockShort, WouldCutReserved
from tiefen.inventory.queries.stock import SHOWN_AT_MOST
from tiefen.inventory.service import holding
from tiefen.inventory.values import PLENTY, MovementReason
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx

HOUR = timedelta(hours=1)


async def _counts(tx: Tx, sku_id: int) -> tuple[int, int]:
    row = (
        await tx.execute(
            text("SELECT on_hand, reserved FROM stock WHERE sku_id = :sku"), {"sku": sku_id}
        )
    ).one()
    return row.on_hand, row.reserved


async def _breaches(db: Db) -> set[str]:
    return {breach.invariant for breach in await audit.run(db)}


async def test_what_never_runs_out_is_for_sale_at_once(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        made = {kind: await sku(tx, kind=kind) for kind in ProductKind}
    await drain()
    async with db.merchant("demo") as tx:
        free = await service.available(tx, made.values())
    assert {kind: free[made[kind]] for kind in made} == {
        ProductKind.GOODS: 0,
        ProductKind.CODES: 0,
        ProductKind.VIRTUAL: PLENTY,
        ProductKind.SERVICE: PLENTY,
        ProductKind.COURSE: PLENTY,
    }
    assert await audit.run(db) == []


async def test_hold_sell_and_give_back(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        two = await stocked(tx, 5)
        await service.reserve(tx, "A", [(one, 3), (two, 5)], tx.now + HOUR)
        assert await service.available(tx, [one, two, 999]) == {one: 7, two: 0, 999: 0}
        await service.reserve(tx, "B", [(one, 7)], tx.now + HOUR)
        await service.convert(tx, "A")
        assert await service.release(tx, "B")
        assert await _counts(tx, one) == (7, 0)
        assert await _counts(tx, two) == (0, 0)
        await service.restock(tx, [(two, 2)], "AS-1", "staff:1")
        assert await service.available(tx, [one, two]) == {one: 7, two: 2}
    assert await _breaches(db) == set()


async def test_all_lines_or_none(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 5), await stocked(tx, 1)
    with pytest.raises(StockShort) as refused:
        async with db.merchant("demo") as tx:
            await service.reserve(tx, "A", [(one, 2), (two, 2)], tx.now + HOUR)
    assert (refused.value.sku_id, refused.value.available) == (two, 1)
    assert refused.value.field == "lines.1.quantity"
    async with db.merchant("demo") as tx:
        assert await service.available(tx, [one, two]) == {one: 5, two: 1}


async def test_a_hold_ends_once_whichever_way(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 4)
        await service.reserve(tx, "A", [(one, 4)], tx.now + HOUR)
        assert await service.release(tx, "A")
        assert not await service.release(tx, "A")
        with pytest.raises(ReservationEnded):
            await service.convert(tx, "A")
        await service.reserve(tx, "A", [(one, 4)], tx.now + HOUR)
        await service.convert(tx, "A")
        with pytest.raises(ReservationEnded):
            await service.convert(tx, "A")
        assert not await service.release(tx, "A")
        assert await _counts(tx, one) == (0, 0)
    assert await _breaches(db) == set()


async def test_expiry_and_payment_race_and_one_wins(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 40)
        for number in range(20):
            await service.reserve(tx, f"R{number}", [(one, 2)], tx.now + HOUR)

    async def end(reference: str, *, sell: bool) -> bool:
        async with db.merchant("demo") as tx:
            if not sell:
                return await service.release(tx, reference)
            try:
                await service.convert(tx, reference)
            except ReservationEnded:
                return False
            return True

    outcomes = await asyncio.gather(
        *(end(f"R{number}", sell=sell) for number in range(20) for sell in (True, False))
    )
    assert all(outcomes[i] != outcomes[i + 1] for i in range(0, 40, 2))
    assert await _breaches(db) == set()


async def _rush(db: Db, sku_id: int, buyers: int) -> tuple[int, int, int]:
    """How many buyers got the piece, were refused, hit a bug."""

    async def buy(number: int) -> str:
        try:
            async with db.merchant("demo") as tx:
                await service.reserve(tx, f"B{number}", [(sku_id, 1)], tx.now + HOUR)
        except StockShort:
            return "refused"
        except Exception:  # noqa: BLE001 whatever it is, it is counted
            return "bug"
        return "got"

    outcomes = await asyncio.gather(*(buy(number) for number in range(buyers)))
    return outcomes.count("got"), outcomes.count("refused"), outcomes.count("bug")


async def test_64_buyers_at_the_last_piece(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1)
    assert await _rush(db, one, 64) == (1, 63, 0)
    assert await _breaches(db) == set()


async def test_control_without_the_guard_the_constraint_still_holds_the_line(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the guard is gone. The rush must notice: buyers see errors, not refusals."""
    monkeypatch.setattr(holding, "_RESERVE", holding._RESERVE.replace(holding.ENOUGH, "true"))
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1)
    got, refused, bugs = await _rush(db, one, 64)
    assert (got, refused) == (1, 0)
    assert bugs == 63


async def test_control_reading_before_writing_oversells_and_the_audit_sees_it(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: check, then write, without constraint: what peers do."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1)
    owner = await asyncpg.connect(
        db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await owner.execute(
        "ALTER TABLE m_demo.stock DROP CONSTRAINT ck_stock_on_hand,"
        " DROP CONSTRAINT ck_stock_reserved"
    )
    await owner.close()

    barrier = asyncio.Barrier(16)

    async def naive(
        tx: Tx, reference: str, lines: list[tuple[int, int]], expires_at: object
    ) -> None:
        free = await service.available(tx, [lines[0][0]])
        if free[lines[0][0]] < 1:
            raise StockShort(sku_id=lines[0][0], wanted=1, available=0)
        await barrier.wait()
        await tx.execute(
            text("UPDATE stock SET reserved = reserved + 1 WHERE sku_id = :sku"),
            {"sku": lines[0][0]},
        )

    monkeypatch.setattr(service, "reserve", naive)
    assert await _rush(db, one, 16) == (16, 0, 0)
    assert "S1-reserved" in await _breaches(db)


async def crossing(db: Db, bundled: bool) -> tuple[Verb, Verb]:
    """Two carts that want the same goods the other way round; or a set and its parts."""
    async with db.merchant("demo") as tx:
        one, two = await stocked(tx, 200), await stocked(tx, 200)
        wanted = [[(one, 1), (two, 1)], [(two, 1), (one, 1)]]
        if bundled:
            whole = await stocked(tx, 0)
            await make_bundle(tx, whole, (one, 1), (two, 1))
            wanted = [[(whole, 1)], [(two, 1), (whole, 1), (one, 1)]]

    def cart(place: int) -> Verb:
        async def verb() -> None:
            async with db.merchant("demo") as tx:
                await service.reserve(tx, f"X{one}-{place}", wanted[place], tx.now + HOUR)

        return verb

    return cart(0), cart(1)


@pytest.mark.parametrize("bundled", [False, True])
async def test_crossing_carts_never_wait_in_a_ring(db: Db, bundled: bool) -> None:
    """Every order of their steps: the locks are taken in the order of SKUs, whatever the carts say."""
    async with watcher(db) as admin:
        orders = Orders(admin)
        async for outcome in orders.each(lambda: crossing(db, bundled), most=60):
            assert outcome == ("done", "done")
    assert orders.runs >= 3
    assert orders.stuck == 0


async def test_control_a_bundle_locked_before_its_parts_makes_a_ring(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug, as it was: the short statement locks a bundle's own row, the long one its parts."""
    monkeypatch.setattr(
        holding, "_RESERVE", holding._RESERVE.replace("AND NOT EXISTS", "AND true OR EXISTS")
    )
    async with watcher(db) as admin:
        orders = Orders(admin)
        async for outcome in orders.each(lambda: crossing(db, True), most=60):
            if "deadlock detected" in " ".join(outcome):
                break
    assert orders.stuck > 0


async def test_the_sweep_gives_back_only_what_is_long_overdue(db: Db, travel: Travel) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 2)
        await service.reserve(tx, "OLD", [(one, 1)], tx.now + HOUR)
        await service.reserve(tx, "NEW", [(one, 1)], tx.now + 3 * HOUR)
    travel.move(HOUR + timedelta(minutes=29))
    async with db.merchant("demo") as tx:
        assert await service.release_overdue(tx) == 0
    travel.move(timedelta(minutes=1))
    async with db.merchant("demo") as tx:
        assert await service.release_overdue(tx) == 1
        assert await service.available(tx, [one]) == {one: 1}


async def test_an_adjustment_needs_free_pieces_and_leaves_a_trace(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 10)
        await service.reserve(tx, "A", [(one, 4)], tx.now + HOUR)
        with pytest.raises(WouldCutReserved) as refused:
            await service.adjust(tx, STAFF, one, -7, MovementReason.LOST, "破损")
        assert refused.value.details["most"] == 6
        assert await service.adjust(tx, STAFF, one, -6, MovementReason.LOST, "破损") == 4
        page = await queries.movements(tx, one, cursor=None, limit=1)
        assert (page.items[0].quantity, page.items[0].on_hand_after) == (-6, 4)
        assert page.next
        with pytest.raises(SkuUnknown):
            await service.adjust(tx, STAFF, 424242, 1, MovementReason.RECEIVED, "")
    async with db.merchant("demo") as tx:
        trail = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'inventory.adjust'")
        )
        assert trail == 2
    assert await _breaches(db) == set()


async def test_movements_cannot_be_rewritten(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await stocked(tx, 10)
    with pytest.raises(Exception, match="permission denied"):
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE movement SET quantity = 99"))


async def test_new_skus_get_their_row_by_hearing_of_them(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        one = await sku(tx)
    await drain()
    async with db.merchant("demo") as tx:
        page = await queries.stock(tx, q="", product_id=None, low=None, cursor=None, limit=5)
    assert [(row.sku_id, row.available) for row in page.items] == [(one, 0)]


async def test_stock_is_listed_filtered_and_paged_at_a_constant_cost(db: Db) -> None:
    async def cost(more: int) -> int:
        async with db.merchant("demo") as tx:
            for number in range(more):
                await stocked(tx, number, name=f"面包{number}")
        async with db.merchant("demo") as tx:
            with statements(db) as seen:
                await queries.stock(tx, q="面包", product_id=None, low=99, cursor=None, limit=50)
        return len(seen)

    assert await cost(2) == await cost(7)
    async with db.merchant("demo") as tx:
        first = await queries.stock(tx, q="", product_id=None, low=3, cursor=None, limit=4)
        rest = await queries.stock(tx, q="", product_id=None, low=3, cursor=first.next, limit=9)
    numbers = [row.sku_id for row in first.items + rest.items]
    assert len(numbers) == len(set(numbers)) == 6
    assert all(row.available <= 3 for row in first.items + rest.items)


async def test_the_shop_learns_what_may_be_bought_and_no_more(tx: Tx) -> None:
    plenty = await stocked(tx, 50_000)
    made = await product(tx, shelve=False)
    product_id = (
        await tx.execute(text("SELECT product_id FROM sku WHERE id = :id"), {"id": plenty})
    ).scalar_one()
    (row,) = await queries.shop_stock(tx, product_id)
    assert row.available == SHOWN_AT_MOST
    assert await queries.shop_stock(tx, made.id) == []
