"""After-sales under fire: many hands at once, death at every statement, time against people.

What the preview said is what happened. Each promise with a planted bug that was seen to be caught.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.test_races import at_once, breaches, owner_runs
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.failpoints import Failpoint
from tiefen.orders import rules, service
from tiefen.orders.schemas import InspectIn
from tiefen.orders.schemas.after_sales import AskedKind
from tiefen.orders.service import after_sale as after_sales
from tiefen.orders.service import claims, returning, reversing
from tiefen.orders.values import AfterSaleAction, AfterSaleKind, AfterSaleStatus
from tiefen.promotion import service as promotion

pytestmark = pytest.mark.slow
KINDS: tuple[AskedKind, ...] = (
    AfterSaleKind.REFUND,
    AfterSaleKind.RETURN,
    AfterSaleKind.EXCHANGE,
    AfterSaleKind.RESEND,
)


async def order_of(
    db: Db, wechat: FakeWeChat, drain: Drain, chance: Random
) -> tuple[int, str, list[int]]:
    """A paid order of one to three lines, some of it sent: (fan, number, line ids)."""
    async with db.merchant("demo") as tx:
        await promotion.save_freight(tx, STAFF, make.flat_freight(chance.choice([0, 800]), None))
        limit = chance.choice([None, 9])
        skus = [await stocked(tx, 30, purchase_limit=limit) for _ in range(chance.randint(1, 3))]
    wanted = [(sku_id, chance.randint(1, 4)) for sku_id in skus]
    fan_id, order_no = await make.paid(db, wechat, drain, *wanted)
    lines = (await make.order(db, order_no)).lines
    parcel = [(line.id, chance.randint(0, line.quantity)) for line in lines]
    if any(pieces for _, pieces in parcel):
        await make.ship(db, order_no, *[one for one in parcel if one[1]])
    return fan_id, order_no, [line.id for line in lines]


async def effects(db: Db, after_sale_no: str) -> set[tuple[str, int, int]]:
    """What was noted: (kind, before, after)."""
    async with db.merchant("demo") as tx:
        rows = await tx.execute(
            text(
                "SELECT e.kind, e.before, e.after FROM after_sale_effect e"
                " JOIN after_sale a ON a.id = e.after_sale_id WHERE a.after_sale_no = :no"
            ),
            {"no": after_sale_no},
        )
        return {(row.kind, row.before, row.after) for row in rows}


async def finish(db: Db, drain: Drain, fan_id: int, after_sale_no: str) -> None:
    """Go the whole way that its kind has."""
    await make.approve(db, after_sale_no)
    if (await make.after_sale(db, after_sale_no)).status is AfterSaleStatus.RETURNING:
        await make.back(db, fan_id, after_sale_no)
        await make.inspect(db, after_sale_no)
    if (await make.after_sale(db, after_sale_no)).status is AfterSaleStatus.RESENDING:
        await make.resend(db, after_sale_no)
    await drain()


async def previewed_and_done(
    db: Db, wechat: FakeWeChat, drain: Drain, seed: int
) -> tuple[set[tuple[str, int, int]], set[tuple[str, int, int]]]:
    """One random after-sale of a random order: what was said before, and what happened."""
    chance = Random(seed)
    fan_id, order_no, lines = await order_of(db, wechat, drain, chance)
    order = await make.order(db, order_no)
    kind = chance.choice(KINDS)
    room = {
        line.id: line.refundable if kind is KINDS[0] else line.returnable for line in order.lines
    }
    pieces = [(line, chance.randint(1, room[line])) for line in lines if room[line]]
    if not pieces:
        kind, pieces = AfterSaleKind.REFUND, [(line, 1) for line in lines]
    asked = await make.ask(db, fan_id, order_no, *pieces, kind=kind)
    async with db.merchant("demo") as tx:
        seen = await service.preview(tx, asked.after_sale_no)
    await finish(db, drain, fan_id, asked.after_sale_no)
    said = {(one.kind, one.before, one.after) for one in seen.consequences}
    return said, await effects(db, asked.after_sale_no)


async def test_what_was_previewed_is_what_happened_for_random_orders(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    for seed in range(16):
        said, done = await previewed_and_done(db, wechat, drain, seed)
        assert said == done, seed
        assert done
    assert await breaches(db) == []


async def test_control_a_decision_that_does_more_than_it_said_would_be_caught(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: sent goods go back on sale although nobody has seen them (as peers do)."""
    real = reversing.carry_out

    async def careless(tx: Tx, after_sale: Any, case: Any, phase: Any) -> Any:
        done = await real(tx, after_sale, case, phase)
        lines = [(part.sku_id, part.shipped) for part in case.parts if part.shipped]
        if case.kind is AfterSaleKind.RETURN and phase.value == "back":
            await inventory.restock(tx, lines, case.after_sale_no, order_no=case.order_no)
        return done

    for module in (after_sales, returning):
        monkeypatch.setattr(module, "carry_out", careless)
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    await make.ship(db, order_no)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    await finish(db, drain, fan_id, asked.after_sale_no)
    assert "O1-goods-back" in await breaches(db)


async def sent(db: Db, wechat: FakeWeChat, drain: Drain) -> tuple[int, str, int]:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    await make.ship(db, order_no)
    return fan_id, order_no, sku_id


async def patient(db: Db, after_sale_no: str) -> None:
    """Approve; whoever gets no connection in time (there are twenty) tries again."""
    while True:
        try:
            await make.approve(db, after_sale_no)
        except TimeoutError:
            continue
        return


async def test_64_approvals_at_once_in_20_rounds_are_one_refund_each(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50)
    for turn in range(20):
        fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
        asked = await make.ask(db, fan_id, order_no)
        calls = (patient(db, asked.after_sale_no) for _ in range(64))
        assert await at_once(*calls) == {"done": 64}
        await drain()
        assert len(wechat.refunds) == turn + 1
        async with db.merchant("demo") as tx:
            assert (await inventory.available(tx, [sku_id]))[sku_id] == 50
    assert await breaches(db) == []


async def test_control_an_approval_that_forgets_the_first_is_stopped_by_its_notes(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: nobody looks whether it was approved; what was carried out once still is once."""
    fan_id, order_no, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no)
    monkeypatch.setattr(rules, "SAID_YES", frozenset())
    again = (AfterSaleStatus.REFUNDING, AfterSaleAction.APPROVE)
    monkeypatch.setattr(rules, "AFTER_SALE", {**rules.AFTER_SALE, again: again[0]})
    outcomes = await at_once(*(make.approve(db, asked.after_sale_no) for _ in range(4)))
    assert outcomes == {"done": 1, "orders.already_reversed": 3}
    await drain()
    assert len(wechat.refunds) == 1


async def test_two_inspections_at_once_put_pieces_on_sale_once(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    fan_id, order_no, sku_id = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    await make.approve(db, asked.after_sale_no)
    await make.back(db, fan_id, asked.after_sale_no)
    calls = (make.inspect(db, asked.after_sale_no, (2, 0, 0)) for _ in range(8))
    assert await at_once(*calls) == {"done": 8}
    await drain()
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [sku_id]))[sku_id] == 9
    assert len(wechat.refunds) == 1
    assert await breaches(db) == []


async def time_against_staff(db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel) -> Any:
    """The deadline and the merchant's no, started together."""
    fan_id, order_no, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no)
    travel.move(timedelta(hours=73))

    async def go_on() -> None:
        async with db.merchant("demo") as tx:
            await service.go_on(tx, asked.after_sale_no)

    async def refuse() -> None:
        async with db.merchant("demo") as tx:
            await service.reject(tx, STAFF, asked.after_sale_no, "不行")

    outcomes = await at_once(go_on(), refuse(), go_on())
    await drain()
    return outcomes, (await make.after_sale(db, asked.after_sale_no)).status


async def test_time_runs_out_while_the_merchant_answers_and_one_of_them_decides(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    for _ in range(4):
        outcomes, status = await time_against_staff(db, wechat, drain, travel)
        if status is AfterSaleStatus.REJECTED:
            assert outcomes == {"done": 3}
        else:
            assert status is AfterSaleStatus.REFUNDED
            assert outcomes == {"done": 2, "orders.illegal_step": 1}
    assert await breaches(db) == []


async def test_control_a_clock_that_does_not_look_again_would_be_caught(
    db: Db, drain: Drain, wechat: FakeWeChat, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the job approves what it was queued for, whatever happened since."""
    fan_id, order_no, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        await service.reject(tx, STAFF, asked.after_sale_no, "不行")

    async def blind(tx: Tx, after_sale_no: str) -> None:
        order, found = await claims.after_sale_locked(tx, after_sale_no)
        await after_sales.approve_overdue(tx, order, found)

    monkeypatch.setattr(service, "go_on", blind)

    async def go_on() -> None:
        async with db.merchant("demo") as tx:
            await service.go_on(tx, asked.after_sale_no)

    assert await at_once(go_on()) == {"orders.illegal_step": 1}


class Killer:
    """Dies before the n-th statement of a transaction, as a kill would strike there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for name in ("execute", "scalar", "scalars", "rows", "flush"):
            monkeypatch.setattr(Tx, name, self._counting(getattr(Tx, name)))

    def _counting(self, real: Callable[..., Awaitable[Any]]) -> Any:
        async def counted(*args: Any, **kwargs: Any) -> Any:
            if self.left == 0:
                self.left = -1
                raise Failpoint("killed")
            self.left -= self.left > 0
            return await real(*args, **kwargs)

        return counted

    async def everywhere(self, act: Callable[[], Awaitable[None]]) -> int:
        """Die at each statement in turn until `act` gets through; how often it died."""
        for place in range(500):
            self.left = place
            try:
                await act()
            except Failpoint:
                continue
            finally:
                self.left = -1
            return place
        raise AssertionError("it never got through")


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_at_every_statement_of_each_step_it_is_done_once_in_the_end(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    kind: AskedKind,
) -> None:
    fan_id, order_no, sku_id = await sent(db, wechat, drain)
    killer = Killer(monkeypatch)
    asked: list[str] = []

    async def ask() -> None:
        asked.append((await make.ask(db, fan_id, order_no, kind=kind)).after_sale_no)

    assert await killer.everywhere(ask) > 5
    (no,) = asked
    deaths = await killer.everywhere(lambda: make.approve(db, no))
    if kind in rules.INSPECTED:
        await make.back(db, fan_id, no)
        deaths += await killer.everywhere(lambda: make.inspect(db, no))
    if kind in rules.SENDS:
        deaths += await killer.everywhere(lambda: make.resend(db, no))
    else:
        reference = f"{no}-1"

        async def settle() -> None:
            async with db.merchant("demo") as tx:
                await service.refund_settled(tx, reference, success=True)

        deaths += await killer.everywhere(settle)
    await drain()
    assert deaths > 15
    found = await make.after_sale(db, no)
    assert found.status is (
        AfterSaleStatus.DONE if kind in rules.SENDS else AfterSaleStatus.REFUNDED
    )
    expected = {AfterSaleKind.REFUND: 7, AfterSaleKind.RETURN: 9, AfterSaleKind.EXCHANGE: 7}
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [sku_id]))[sku_id] == expected.get(kind, 5)
    assert len(wechat.refunds) == (0 if kind in rules.SENDS else 1)
    assert await breaches(db) == []


async def test_control_a_decision_in_two_commits_would_be_caught(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the step is committed before what follows from it."""
    fan_id, order_no, _ = await sent(db, wechat, drain)
    asked = await make.ask(db, fan_id, order_no, kind=AfterSaleKind.RETURN)
    await make.approve(db, asked.after_sale_no)
    await make.back(db, fan_id, asked.after_sale_no)

    def failpoint(name: str) -> None:
        if name == "orders.inspect.noted":
            raise Failpoint(name)

    monkeypatch.setattr(returning, "failpoint", failpoint)
    with pytest.raises(Failpoint):
        async with db.merchant("demo") as tx:
            try:
                await service.inspect(
                    tx, STAFF, asked.after_sale_no, InspectIn(lines=[], answer="")
                )
            except Failpoint:
                await tx.commit()
                raise
    assert {"A1-orders", "O1-goods-back"} <= set(await breaches(db))


async def test_pay_ship_refund_and_receive_in_any_order_at_once_leave_sums_that_add_up(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    for turn in range(6):
        chance = Random(turn)
        fan_id, order_no, lines = await order_of(db, wechat, drain, chance)

        async def receive(fan_id: int = fan_id, order_no: str = order_no) -> None:
            async with db.merchant("demo") as tx:
                await service.receive(tx, fan_id, order_no)

        calls: list[Awaitable[Any]] = [make.ship(db, order_no), receive()]
        calls += [make.ask(db, fan_id, order_no, (line, 1)) for line in lines]
        calls += [make.ask(db, fan_id, order_no, kind=kind) for kind in KINDS]
        chance.shuffle(calls)
        outcomes = await at_once(*calls)
        assert not [code for code in outcomes if code.startswith("bug")], outcomes
        await drain()
        assert await breaches(db) == []


async def test_control_money_that_is_not_held_would_be_caught(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: the guard on a line's money is gone, and the constraint with it."""
    fan_id, order_no, _ = await sent(db, wechat, drain)
    (line,) = (await make.order(db, order_no)).lines
    for name, guard in (
        ("CLAIM_LINE", "refunding_fen + refunded_fen + :amount <= pay_fen"),
        ("CLAIM_ORDER", "refunding_fen + refunded_fen + :amount <= paid_fen"),
    ):
        real = getattr(claims, name)
        monkeypatch.setattr(claims, name, text(real.text.replace(guard, "true")))
    monkeypatch.setattr(rules, "most_fen", lambda kind, line, quantity: line.pay_fen)
    for table in ("order_line", "orders"):
        await owner_runs(db, f"ALTER TABLE m_demo.{table} DROP CONSTRAINT ck_{table}_refunds")
    twice = (make.ask(db, fan_id, order_no, (line.id, 1)) for _ in range(2))
    assert await at_once(*twice) == {"done": 2}
    assert {"P5-lines", "P5-orders"} <= set(await breaches(db))
