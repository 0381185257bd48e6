"""Two at once: exactly one outcome, no bug, promises kept. Each with a planted bug that is caught."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.inventory.service import holding
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.orders import service
from tiefen.orders.models import Order
from tiefen.orders.schemas import RejectIn
from tiefen.orders.service import after_sale as after_sales
from tiefen.orders.service import book, claims, fulfilling
from tiefen.orders.values import OrderStatus
from tiefen.payments import service as payments

pytestmark = pytest.mark.slow


async def at_once(*calls: Awaitable[Any]) -> Counter[str]:
    """Run all; what each came to: "done", a refusal's code, or "bug: …"."""

    async def tell(call: Awaitable[Any]) -> str:
        try:
            await call
        except Refusal as refusal:
            return refusal.code
        except Exception as error:  # noqa: BLE001 whatever it is, it is a bug
            return f"bug: {type(error).__name__}"
        return "done"

    return Counter(await asyncio.gather(*(tell(call) for call in calls)))


async def breaches(db: Db) -> list[str]:
    return sorted({breach.invariant for breach in await audit.run(db)})


async def owner_runs(db: Db, statement: str) -> None:
    """Change the schema as its owner: the application's own role cannot."""
    connection = await asyncpg.connect(
        db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute(statement)
    await connection.close()


async def buyers(
    db: Db, fan_client: FanClient, sku_id: int, many: int
) -> list[tuple[httpx.AsyncClient, dict[str, Any]]]:
    """Signed-in fans with a filled order form each."""
    ready = []
    for _ in range(many):
        async with db.merchant("demo") as tx:
            fan_id = await make.fan(tx)
            wanted = await make.form(tx, fan_id, (sku_id, 1))
        ready.append((await fan_client(fan_id), wanted.model_dump(mode="json")))
    return ready


async def rush(ready: list[tuple[httpx.AsyncClient, dict[str, Any]]]) -> list[httpx.Response]:
    return await asyncio.gather(
        *(
            client.post("/api/shop/orders", json=body, headers={"Idempotency-Key": f"rush-{n:04d}"})
            for n, (client, body) in enumerate(ready)
        )
    )


async def test_64_buyers_at_the_last_piece_through_http(db: Db, fan_client: FanClient) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1)
    answers = await rush(await buyers(db, fan_client, one, 64))
    codes = Counter(
        answer.json()["error"]["code"] if answer.status_code != 201 else "placed"
        for answer in answers
    )
    assert codes == {"placed": 1, "inventory.stock_short": 63}
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["message"] == "库存不足，只剩 0 件"
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == 1
    assert await breaches(db) == []


async def test_control_the_rush_notices_an_unguarded_update(
    db: Db, fan_client: FanClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the guard of the reservation is gone, and the look before it, and the constraint."""

    async def looks_fine(*_: Any) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(holding, "_RESERVE", holding._RESERVE.replace(holding.ENOUGH, "true"))
    monkeypatch.setattr(inventory, "short_of", looks_fine)
    await owner_runs(db, "ALTER TABLE m_demo.stock DROP CONSTRAINT ck_stock_on_hand")
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 1)
    answers = await rush(await buyers(db, fan_client, one, 8))
    assert Counter(answer.status_code for answer in answers) == {201: 8}
    assert "S1-reserved" in await breaches(db)


async def test_a_double_tap_is_one_order_with_one_answer(db: Db, fan_client: FanClient) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 50), await make.fan(tx)
        body = (await make.form(tx, fan_id, (one, 1))).model_dump(mode="json")
    client = await fan_client(fan_id)
    key = {"Idempotency-Key": "one-tap-only"}
    answers = await asyncio.gather(
        *(client.post("/api/shop/orders", json=body, headers=key) for _ in range(16))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    other = await client.post("/api/shop/orders", json={**body, "note": "变了"}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency.key_reused")
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == 1
    assert await breaches(db) == []


async def test_the_same_key_from_two_devices_is_one_order(db: Db) -> None:
    """Another session hashes to another idempotency row: the order's own UNIQUE holds the line."""
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 50), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 1))

    async def tap() -> str:
        async with db.merchant("demo") as tx:
            return (await service.place(tx, fan_id, "two-devices", wanted)).order_no

    assert len(set(await asyncio.gather(*(tap() for _ in range(12))))) == 1
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 49
    assert await breaches(db) == []


async def test_close_races_pay_and_one_wins(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50)
    orders = []
    for _ in range(8):
        fan_id, order_no = await make.placed(db, (one, 1))
        orders.append((order_no, await make.money(db, wechat, fan_id, order_no)))
    travel.move(timedelta(minutes=31))
    calls: list[Awaitable[Any]] = []
    for order_no, transaction in orders:
        calls += [service.close_unpaid(db, "demo", order_no), make.tell(db, transaction)]
    assert await at_once(*calls) == {"done": 16}
    await drain()
    for order_no, _ in orders:
        found = await make.order(db, order_no)
        assert found.status is OrderStatus.PAID  # the money came first, whatever the close did
    assert await breaches(db) == []


async def test_cancel_races_pay_and_the_money_is_never_lost(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50)
    orders = []
    for _ in range(8):
        fan_id, order_no = await make.placed(db, (one, 1))
        orders.append((fan_id, order_no, await make.money(db, wechat, fan_id, order_no)))

    async def cancel(fan_id: int, order_no: str) -> None:
        async with db.merchant("demo") as tx:
            await service.cancel(tx, fan_id, order_no)

    calls: list[Awaitable[Any]] = []
    for fan_id, order_no, transaction in orders:
        calls += [cancel(fan_id, order_no), make.tell(db, transaction)]
    outcomes = await at_once(*calls)
    assert set(outcomes) <= {"done", "orders.already_paid"}
    await drain()
    closed = paid = 0
    for _, order_no, _ in orders:
        status = (await make.order(db, order_no)).status
        closed += status is OrderStatus.CLOSED
        paid += status is OrderStatus.PAID
    assert closed + paid == 8
    assert len(wechat.refunds) == closed
    assert await breaches(db) == []


async def test_cancel_twice_and_by_deadline_gives_stock_back_once(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 2))
    travel.move(timedelta(minutes=31))

    async def cancel() -> None:
        async with db.merchant("demo") as tx:
            await service.cancel(tx, fan_id, order_no)

    closings = (service.close_unpaid(db, "demo", order_no) for _ in range(4))
    assert await at_once(*(cancel() for _ in range(8)), *closings) == {"done": 12}
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 5
    assert await breaches(db) == []


async def test_two_staff_approve_at_once_and_it_is_one_refund(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    asked = await make.ask(db, fan_id, order_no)
    calls = (make.approve(db, asked.after_sale_no) for _ in range(12))
    assert await at_once(*calls) == {"done": 12}
    await drain()
    assert len(wechat.refunds) == 1
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 5
    assert await breaches(db) == []


async def test_approve_races_reject_and_withdraw(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    asked = await make.ask(db, fan_id, order_no)

    async def reject() -> None:
        async with db.merchant("demo") as tx:
            await service.reject(tx, STAFF, asked.after_sale_no, RejectIn(answer="不行").answer)

    async def withdraw() -> None:
        async with db.merchant("demo") as tx:
            await service.withdraw(tx, fan_id, asked.after_sale_no)

    outcomes = await at_once(make.approve(db, asked.after_sale_no), reject(), withdraw())
    assert outcomes == {"done": 1, "orders.illegal_step": 2}
    await drain()
    assert await breaches(db) == []


async def test_whole_and_partial_requests_at_once_never_exceed_what_was_bought(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 4))
    (line,) = (await make.order(db, order_no)).lines
    calls = [make.ask(db, fan_id, order_no, (line.id, 1 + n % 3)) for n in range(10)]
    calls += [make.ask(db, fan_id, order_no)]
    outcomes = await at_once(*calls)
    assert set(outcomes) <= {"done", "orders.too_much_refunded", "orders.nothing_left"}
    assert await breaches(db) == []


async def ship_against_refund(db: Db, fan_id: int, order_no: str) -> Counter[str]:
    """A parcel with everything and a refund of everything, started together."""
    asked = make.ask(db, fan_id, order_no)
    return await at_once(make.ship(db, order_no), asked)


async def test_refund_races_shipment_and_no_piece_goes_both_ways(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50)
    for _ in range(6):
        fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
        outcomes = await ship_against_refund(db, fan_id, order_no)
        found = await make.order(db, order_no)
        (line,) = found.lines
        if found.status is OrderStatus.SHIPPED:  # sent first: the refund is of sent goods
            assert outcomes == {"done": 2}
            assert (line.shipped, line.cancelled, line.returned) == (2, 0, 2)
        else:  # asked first: nothing is left to send
            assert outcomes == {"done": 1, "orders.too_much_shipped": 1}
            assert (line.shipped, line.cancelled, line.returned) == (0, 2, 0)
    assert await breaches(db) == []


@pytest.mark.parametrize("constraint", ["kept", "dropped"])
async def test_control_without_lock_and_guard_the_race_is_noticed(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    constraint: str,
) -> None:
    """Planted bug: orders are read without a lock, and lines changed without their guards.

    With the CHECK in place the database still refuses (a bug to the caller); without it the piece
    is both sent and refunded, and the audit says so.
    """
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    both = asyncio.Barrier(2)

    async def unlocked(tx: Any, order_no: str, fan_id: int | None = None) -> Any:
        order = await tx.scalar(
            text("SELECT id FROM orders WHERE order_no = :no"), {"no": order_no}
        )
        return await tx.get_one(Order, order)

    async def lines_of(tx: Any, order: Any) -> Any:
        found = await real_lines(tx, order)
        if not tx.info.setdefault("met", False):
            tx.info["met"] = True
            await both.wait()
        return found

    real_lines = book.lines_of
    for module in (fulfilling, after_sales):
        monkeypatch.setattr(module, "locked", unlocked)
        monkeypatch.setattr(module, "lines_of", lines_of)
    monkeypatch.setattr(
        fulfilling,
        "SHIP",
        text(fulfilling.SHIP.text.replace("shipped + cancelled + :quantity <= quantity", "true")),
    )
    monkeypatch.setattr(
        claims,
        "CLAIM_LINE",
        text(
            claims.CLAIM_LINE.text.replace("shipped + cancelled + :unshipped <= quantity", "true")
        ),
    )
    if constraint == "dropped":
        await owner_runs(db, "ALTER TABLE m_demo.order_line DROP CONSTRAINT ck_order_line_pieces")
    outcomes = await ship_against_refund(db, fan_id, order_no)
    if constraint == "kept":
        assert outcomes == {"done": 1, "bug: IntegrityError": 1}
    else:
        assert outcomes == {"done": 2}
        assert "O1-shipped" in await breaches(db)


async def test_control_without_the_money_guard_the_constraint_holds_the_line(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the order's money guard is gone; the test that counts refusals must see it."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 1))
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE orders SET refunded_fen = 1"))
    assert await at_once(make.ask(db, fan_id, order_no)) == {"orders.too_much_refunded": 1}
    guard = "refunding_fen + refunded_fen + :amount <= paid_fen"
    monkeypatch.setattr(claims, "CLAIM_ORDER", text(claims.CLAIM_ORDER.text.replace(guard, "true")))
    assert await at_once(make.ask(db, fan_id, order_no)) == {"bug: IntegrityError": 1}


async def test_last_limited_piece_of_one_fan_from_many_taps(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 50, purchase_limit=1), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 1))

    async def tap(number: int) -> None:
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, f"tap-{number:04d}", wanted)

    outcomes = await at_once(*(tap(number) for number in range(12)))
    assert outcomes == {"done": 1, "promotion.limit_reached": 11}
    assert await breaches(db) == []


async def test_price_changes_while_ordering_and_every_order_has_one_of_the_prices(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50)
        forms = []
        for _ in range(10):
            fan_id = await make.fan(tx)
            forms.append((fan_id, await make.form(tx, fan_id, (one, 1))))

    async def buy(number: int) -> None:
        fan_id, wanted = forms[number]
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, f"price-{number:04d}", wanted)

    async def reprice() -> None:
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE sku SET price_fen = 2_500"))
            await tx.execute(
                text("UPDATE product SET price_min_fen = 2_500, price_max_fen = 2_500")
            )

    outcomes = await at_once(
        *(buy(n) for n in range(5)), reprice(), *(buy(n) for n in range(5, 10))
    )
    assert set(outcomes) <= {"done", "orders.quote_changed"}
    async with db.merchant("demo") as tx:
        prices = await tx.scalars(text("SELECT DISTINCT total_fen FROM orders"))
        assert set(prices) <= {1_990}
    assert await breaches(db) == []


async def test_the_same_payment_twice_at_once_pays_once(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 1))
    transaction = await make.money(db, wechat, fan_id, order_no)
    await make.tell(db, transaction)
    async with db.merchant("demo") as tx:
        intent = await payments.intent(tx, order_no)

    async def hear() -> None:
        async with db.merchant("demo") as tx:
            await service.mark_paid(tx, order_no, intent.id, 1_990, tx.now)

    assert await at_once(*(hear() for _ in range(8))) == {"done": 8}
    await drain()
    assert wechat.refunds == {}
    assert await breaches(db) == []
