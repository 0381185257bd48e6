"""The price of an unpaid order changes: everywhere at once, and money of the old price goes back."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.orders import queries, service
from tiefen.orders.errors import (
    AlreadyPaid,
    NothingToPay,
    PriceChangedMeanwhile,
    PriceLosesMoney,
    PriceNotLower,
)
from tiefen.orders.schemas import PriceIn
from tiefen.orders.values import OrderStatus
from tiefen.payments import rules as payment_rules
from tiefen.payments.service import settling
from tiefen.wechat.values import PayClientKind

WHOLE = 2 * 1_990


def to(total_fen: int, before_fen: int = WHOLE, *, accept_loss: bool = False) -> PriceIn:
    return PriceIn(
        before_fen=before_fen, total_fen=total_fen, reason="老客优惠", accept_loss=accept_loss
    )


async def change(db: Db, order_no: str, wanted: PriceIn) -> None:
    await service.change_price(db, "demo", STAFF, order_no, wanted)


async def breaches(db: Db) -> list[str]:
    return sorted({breach.invariant for breach in await audit.run(db)})


async def unpaid(db: Db, **changes: Any) -> tuple[int, str]:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50, **changes)
    return await make.placed(db, (sku_id, 2))


async def test_the_fan_sees_and_pays_the_new_price_and_gets_it_back_exactly(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    fan_id, order_no = await unpaid(db)
    clerk = await staff_client(["orders.read", "orders.refund"])
    path = f"/api/console/orders/{order_no}/price"
    answer = await clerk.post(path, json=to(3_333).model_dump())
    assert (answer.status_code, answer.json()["total_fen"]) == (200, 3_333)
    async with db.merchant("demo") as tx:
        seen = await queries.shop_order(tx, fan_id, order_no)
    assert (seen.total_fen, seen.reduced_fen, seen.lines[0].pay_fen) == (3_333, 647, 3_333)
    assert [(one.before_fen, one.after_fen) for one in seen.price_changes] == [(WHOLE, 3_333)]
    assert (seen.trace[-1].step, seen.trace[-1].amount_fen) == ("price_change", -647)
    transaction = await make.money(db, wechat, fan_id, order_no)
    assert transaction.total_fen == 3_333
    await make.tell(db, transaction)
    await drain()
    with pytest.raises(NothingToPay):
        await change(db, order_no, to(3_000, 3_333))
    asked = await make.ask(db, fan_id, order_no)
    await make.approve(db, asked.after_sale_no)
    await drain()
    found = await make.order(db, order_no)
    assert (found.refunded_fen, found.status) == (3_333, OrderStatus.REFUNDED)
    assert await breaches(db) == []


async def test_it_may_be_taken_back_but_never_raised_or_given_away(db: Db) -> None:
    _, order_no = await unpaid(db)
    for wrong in (WHOLE + 1, 0):
        with pytest.raises((PriceNotLower, ValueError)):
            await change(db, order_no, to(wrong))
    await change(db, order_no, to(1, accept_loss=True))
    with pytest.raises(PriceChangedMeanwhile):
        await change(db, order_no, to(2_000))
    await change(db, order_no, to(WHOLE, 1))
    found = await make.order(db, order_no)
    assert (found.total_fen, found.reduced_fen, found.discount_fen) == (WHOLE, 0, 0)
    assert await breaches(db) == []


async def test_a_loss_needs_a_second_word(db: Db) -> None:
    _, order_no = await unpaid(db, skus=[{"price_fen": 1_990, "cost_fen": 1_500}])
    with pytest.raises(PriceLosesMoney):
        await change(db, order_no, to(2_900))
    await change(db, order_no, to(2_900, accept_loss=True))
    async with db.merchant("demo") as tx:
        noted = await tx.scalar(
            text("SELECT body::jsonb->'after'->>'accepted_loss' FROM audit_entry"
                 " WHERE action = 'orders.change_price'")
        )  # fmt: skip
    assert noted == "true"


async def test_money_on_its_way_at_the_old_price_stops_the_change(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """The notice is late: the provider is asked, and says that the order is paid."""
    fan_id, order_no = await unpaid(db)
    await make.money(db, wechat, fan_id, order_no)
    with pytest.raises(AlreadyPaid):
        await change(db, order_no, to(3_000))
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.paid_fen) == (OrderStatus.PAID, WHOLE)
    assert await breaches(db) == []


async def old_money(db: Db, wechat: FakeWeChat) -> tuple[str, Any]:
    """The sheet was open at the old price; the change came first, the fan paid then."""
    fan_id, order_no = await unpaid(db)
    params = await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    async with db.merchant("demo") as tx:
        await service.reprice(tx, STAFF, order_no, to(3_000))
    return order_no, wechat.pay(params.out_trade_no)


async def test_money_of_the_old_price_goes_back_and_the_order_waits_for_the_new(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    order_no, transaction = await old_money(db, wechat)
    assert await make.tell(db, transaction) == "doubted"  # the provider is asked for its own record
    await drain()
    found = await make.order(db, order_no)
    assert (found.status, found.paid_fen) == (OrderStatus.UNPAID, 0)
    assert [refund.refund_fen for refund in wechat.refunds.values()] == [WHOLE]
    assert await breaches(db) == []


async def test_control_money_judged_by_its_old_number_alone_would_pay_the_wrong_price(
    db: Db, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: what was asked under the number decides, not what the order asks now."""
    _, transaction = await old_money(db, wechat)
    real = settling._asked

    def asked(attempt: Any, payment: Any) -> Any:
        found = real(attempt, payment)
        return found and payment_rules.Asked(
            mchid=found.mchid,
            app_id=found.app_id,
            amount_fen=attempt.amount_fen,
            currency=found.currency,
            openid=found.openid,
            payment=found.payment,
        )

    monkeypatch.setattr(settling, "_asked", asked)
    assert await make.tell(db, transaction) == "applied"
    assert "P2" in " ".join(await breaches(db))


async def test_two_staff_and_the_payer_at_once_leave_one_price_and_no_money_astray(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    for _ in range(4):
        fan_id, order_no = await unpaid(db)
        transaction = await make.money(db, wechat, fan_id, order_no)

        async def lower(total_fen: int, order_no: str = order_no) -> str:
            try:
                async with db.merchant("demo") as tx:
                    await service.reprice(tx, STAFF, order_no, to(total_fen))
            except Refusal as refusal:
                return refusal.code
            return "done"

        said = await asyncio.gather(lower(3_000), lower(2_500), make.tell(db, transaction))
        await drain()
        found = await make.order(db, order_no)
        if said[2] == "applied":
            assert set(said[:2]) <= {"orders.already_paid", "orders.nothing_to_pay"}
            assert (found.status, found.paid_fen) == (OrderStatus.PAID, WHOLE)
        else:
            assert "done" in said[:2]
            assert said[2] in {"suspended", "doubted"}
            assert (found.status, found.total_fen in (3_000, 2_500)) == (OrderStatus.UNPAID, True)
    assert await breaches(db) == []
