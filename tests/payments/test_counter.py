"""Bare amounts at the counter: shown, paid by anybody, counted, refunded within what came."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import Drain, StaffClient
from tests.payments.factories import FakeWeChat, attempts, settle
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.ledger.values import By
from tiefen.payments import queries, service
from tiefen.payments.errors import AlreadyPaid, PaymentClosed, RefundTooMuch
from tiefen.payments.models import PaymentRefund
from tiefen.payments.values import CounterState, PaymentState
from tiefen.team.models import AuditEntry
from tiefen.team.values import Permission
from tiefen.wechat.values import RefundStatus

CASHIER = StaffActor(9, "陈收银", frozenset({"orders.ship", "orders.refund"}))
WAY = "/api/console/counter-charges"


async def asked(db: Db, amount_fen: int = 6_600) -> str:
    """An amount at the counter with its code on the screen."""
    async with db.merchant("demo") as tx:
        number = await service.open_counter(tx, CASHIER, amount_fen, "散装茶 半斤")
    await service.show_counter(db, "demo", number)
    return number


async def taken(db: Db, wechat: FakeWeChat, amount_fen: int = 6_600) -> str:
    """An amount that somebody has paid."""
    number = await asked(db, amount_fen)
    wechat.pay(await code_of(db, number), openid="o-passer-by")
    assert await service.poll_counter(db, "demo", number) is PaymentState.PAID
    return number


async def code_of(db: Db, number: str) -> str:
    """The number at WeChat of what is on the screen."""
    async with db.merchant("demo") as tx:
        found = await service.intent(tx, number)
        return (await attempts(tx, found.id))[-1].out_trade_no


async def held(db: Db, account: str) -> int:
    async with db.merchant("demo") as tx:
        return (await ledger.balance(tx, account)).balance_fen


async def test_staff_ask_anybody_pays_and_part_of_it_goes_back(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient, drain: Drain
) -> None:
    wechat.refund_status = RefundStatus.SUCCESS
    staff = await staff_client([Permission.ORDERS_SHIP, Permission.ORDERS_REFUND])
    key = {"Idempotency-Key": "till-0001"}
    wish = {"amount_fen": 6_600, "note": "散装茶 半斤"}
    made = (await staff.post(WAY, json=wish, headers=key)).json()
    again = (await staff.post(WAY, json=wish, headers=key)).json()
    assert made == again, "a second tap asks for nothing more"
    path = f"{WAY}/{made['number']}"
    codes = [(await staff.post(f"{path}/code")).json()["picture"] for _ in range(2)]
    assert codes[0] == codes[1]
    assert (await staff.get(f"{path}/payment")).json()["state"] == "waiting"
    number = await code_of(db, made["number"])
    assert wechat.orders[number]["description"] == "散装茶 半斤"
    await settle(db, wechat.pay(number, openid="o-passer-by"))
    paid = (await staff.get(f"{path}/payment")).json()
    assert (paid["state"], paid["left_fen"]) == ("paid", 6_600)
    back = {"amount_fen": 1_600, "reason": "少称了二两"}
    assert (await staff.post(f"{path}/refunds", json=back)).status_code == 201
    await drain()
    day = (await staff.get(WAY)).json()
    assert (day["paid_count"], day["paid_fen"], day["refunded_fen"]) == (1, 6_600, 1_600)
    assert day["items"][0]["left_fen"] == 5_000
    too_much = await staff.post(f"{path}/refunds", json=back | {"amount_fen": 5_001})
    assert too_much.json()["error"]["code"] == "payments.refund_too_much"
    assert await held(db, "revenue:counter") == 5_000
    async with db.merchant("demo") as tx:
        done = set(await tx.scalars(select(AuditEntry.action)))
        today = tx.now.astimezone(CHINA).date()
        whole = (await service.statement(tx, today, today, By.DAY)).total
    assert {"payments.open_counter", "payments.refund_counter"} <= done
    assert (whole.counter_fen, whole.orders_fen, whole.refunds_fen) == (6_600, 0, 1_600)
    assert whole.closing_fen == 5_000
    assert await audit.run(db) == []


async def test_without_the_rights_nobody_asks_sees_or_sends_back(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    number = await taken(db, wechat)
    reader = await staff_client([Permission.ORDERS_READ])
    assert (await reader.get(WAY)).status_code == 403
    assert (await reader.post(WAY, json={"amount_fen": 1, "note": "x"})).status_code == 403
    cashier = await staff_client([Permission.ORDERS_SHIP])
    back = {"amount_fen": 1, "reason": "退一分"}
    assert (await cashier.post(f"{WAY}/{number}/refunds", json=back)).status_code == 403
    missing = f"{WAY}/C{'0' * 19}/payment"
    assert (await cashier.get(missing)).status_code == 404
    empty = await cashier.get(WAY, params={"day": "2020-01-01"})
    assert (empty.json()["items"], empty.json()["paid_fen"]) == ([], 0)


async def test_what_was_taken_back_or_ran_out_is_not_paid(
    db: Db, wechat: FakeWeChat, travel: Travel, drain: Drain
) -> None:
    wechat.refund_status = RefundStatus.SUCCESS
    back, late = await asked(db), await asked(db)
    code = await code_of(db, back)
    async with db.merchant("demo") as tx:
        await service.close_counter(tx, CASHIER, back)
    await settle(db, wechat.pay(code))  # faster than the close, but too late for us
    travel.move(timedelta(minutes=31))
    await drain()
    assert wechat.refunded_fen() == 6_600
    assert await held(db, "revenue:counter") == 0
    with pytest.raises(PaymentClosed):
        await service.show_counter(db, "demo", late)
    async with db.merchant("demo") as tx:
        states = [(await queries.counter_line(tx, one)).state for one in (back, late)]
    assert states == [CounterState.CLOSED, CounterState.CLOSED]
    paid = await taken(db, wechat)
    async with db.merchant("demo") as tx:
        with pytest.raises(AlreadyPaid):
            await service.close_counter(tx, CASHIER, paid)


async def all_at_once(db: Db, number: str, amount_fen: int) -> int:
    """Eight colleagues send the same money back at once; how many could."""

    async def send() -> bool:
        try:
            async with db.merchant("demo") as tx:
                await service.refund_counter(tx, CASHIER, number, amount_fen, "退款")
        except RefundTooMuch:
            return False
        return True

    return sum(await asyncio.gather(*(send() for _ in range(8))))


async def test_eight_refunds_at_once_never_exceed_what_came(db: Db, wechat: FakeWeChat) -> None:
    number = await taken(db, wechat, 10_000)
    assert await all_at_once(db, number, 3_000) == 3
    async with db.merchant("demo") as tx:
        asked_back = await tx.scalars(select(PaymentRefund.reference))
        assert len(set(asked_back)) == 3
        assert (await queries.counter_line(tx, number)).left_fen == 1_000
    assert await audit.run(db) == []


async def test_the_sums_of_a_day_are_that_days(db: Db, wechat: FakeWeChat, travel: Travel) -> None:
    await taken(db, wechat, 100)
    await asked(db, 700)  # nobody paid
    travel.move(timedelta(days=1))
    await taken(db, wechat, 2_000)
    async with db.merchant("demo") as tx:
        today: date = tx.now.astimezone(CHINA).date()
        now = await queries.counter_total(tx, today)
        before = await queries.counter_total(tx, today - timedelta(days=1))
        lines = await queries.counter_lines(tx, day=today - timedelta(days=1))
    assert (now.paid_fen, before.paid_fen, before.count) == (2_000, 100, 1)
    assert [line.state for line in lines] == [CounterState.CLOSED, CounterState.PAID]
