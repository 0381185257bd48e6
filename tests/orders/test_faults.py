"""The process dies between two steps: after a retry there is one order, one sale, one refund.

A failpoint raises where a kill would strike; what the database sees is the same: a transaction that
never committed. (`tests/faults` kills real processes.)
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.failpoints import Failpoint
from tiefen.orders import service
from tiefen.orders.service import after_sale as after_sales
from tiefen.orders.service import paying, placing
from tiefen.orders.values import OrderStatus

Arm = Callable[[Any, str], None]


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Arm:
    """Make a module die once at a named place."""

    def set_up(module: Any, name: str) -> None:
        passes: list[str] = []

        def failpoint(here: str) -> None:
            if here == name and not passes:
                passes.append(here)
                raise Failpoint(here)

        monkeypatch.setattr(module, "failpoint", failpoint)

    return set_up


async def twice(act: Callable[[], Awaitable[Any]]) -> Any:
    """Die once, then succeed."""
    with pytest.raises(Failpoint):
        await act()
    return await act()


@pytest.mark.parametrize("place", ["orders.place.ordered", "orders.place.reserved"])
async def test_placing_again_after_a_death_is_one_order(db: Db, arm: Arm, place: str) -> None:
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 2))
    arm(placing, place)

    async def order() -> str:
        async with db.merchant("demo") as tx:
            return (await service.place(tx, fan_id, "dying-key", wanted)).order_no

    order_no = await twice(order)
    assert await order() == order_no
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == 1
        assert await tx.scalar(text("SELECT count(*) FROM payment")) == 1
        assert (await inventory.available(tx, [one]))[one] == 3
        jobs = "SELECT count(*) FROM platform.job WHERE name = 'orders.close_unpaid'"
        assert await tx.scalar(text(jobs)) == 1
    assert await audit.run(db) == []


async def test_a_worker_that_dies_while_hearing_of_money_hears_it_again(
    db: Db, arm: Arm, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.placed(db, (one, 2))
    transaction = await make.money(db, wechat, fan_id, order_no)
    arm(paying, "orders.paid.converted")
    await make.tell(db, transaction)
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.UNPAID
    travel.move(timedelta(seconds=5))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.PAID
    assert await audit.run(db) == []


async def test_a_close_that_dies_after_asking_the_provider_is_done_again(
    db: Db, arm: Arm, drain: Drain, wechat: FakeWeChat, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    _, order_no = await make.placed(db, (one, 2))
    travel.move(timedelta(minutes=31))
    arm(paying, "orders.close.asked")
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.UNPAID
    travel.move(timedelta(seconds=5))
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.CLOSED
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 5
    assert await audit.run(db) == []


async def test_an_approval_that_dies_half_way_changes_nothing_and_is_done_again(
    db: Db, arm: Arm, drain: Drain, wechat: FakeWeChat
) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (one, 2))
    asked = await make.ask(db, fan_id, order_no)
    arm(after_sales, "orders.approve.claimed")

    async def approve() -> None:
        await make.approve(db, asked.after_sale_no)

    await twice(approve)
    await drain()
    assert len(wechat.refunds) == 1
    assert (await make.order(db, order_no)).status is OrderStatus.REFUNDED
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 5
    assert await audit.run(db) == []


async def test_control_an_answer_before_the_commit_would_be_caught(db: Db, arm: Arm) -> None:
    """Planted bug: the order is committed before its stock is taken."""
    async with db.merchant("demo") as tx:
        one, fan_id = await stocked(tx, 5), await make.fan(tx)
        wanted = await make.form(tx, fan_id, (one, 2))
    arm(placing, "orders.place.ordered")
    with pytest.raises(Failpoint):
        async with db.merchant("demo") as tx:
            try:
                await service.place(tx, fan_id, "dying-key", wanted)
            except Failpoint:
                await tx.commit()
                raise
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [one]))[one] == 5
        assert await tx.scalar(text("SELECT count(*) FROM orders")) == 1
    assert "O1-stock" in {breach.invariant for breach in await audit.run(db)}
