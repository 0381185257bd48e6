"""Begin, settle, close, suspend and refund, on a real database with a stand-in for WeChat."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.conftest import Drain
from tests.payments.factories import FakeWeChat, attempts, begin, evidence, paid, settle, start
from tiefen.kernel import audit, worker
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Invalid, Refusal
from tiefen.kernel.events import EventRow
from tiefen.ledger import service as ledger
from tiefen.payments import queries, service
from tiefen.payments.errors import (
    AlreadyPaid,
    CloseLater,
    IntentChanged,
    NothingPaid,
    PayerMissing,
    PaymentClosed,
    PaymentNotFound,
    ProviderBusy,
    ProviderRefused,
    ProviderUnknown,
    ReferenceReused,
    RefundTooMuch,
    SuspenseDecided,
    SuspenseNotFound,
)
from tiefen.payments.models import PaymentRefund
from tiefen.payments.values import Decision, MoveDecision, PaymentState, RefundState, Source
from tiefen.wechat.values import PayClientKind, RefundStatus, Transaction

BOSS = StaffActor(7, "王店长", frozenset({"orders.refund"}))
SECOND = StaffActor(8, "李会计", frozenset({"orders.refund"}))


async def events_of(db: Db, name: str) -> list[dict[str, object]]:
    async with db.platform() as tx:
        rows = await tx.scalars(
            select(EventRow.payload).where(EventRow.name == name).order_by(EventRow.id)
        )
        return list(rows)


async def held(db: Db, account: str) -> int:
    async with db.merchant("demo") as tx:
        return (await ledger.balance(tx, account)).balance_fen


# ── asking for money ─────────────────────────────────────────────────────────────────────────


async def test_start_is_the_same_twice_and_refuses_another_amount(db: Db) -> None:
    first = await start(db, "D1", 100)
    assert (await start(db, "D1", 100)).id == first.id
    with pytest.raises(IntentChanged):
        await start(db, "D1", 101)
    for amount in (0, -1, 10**13):
        with pytest.raises(Invalid):
            await start(db, "D2", amount)


async def test_begin_gives_the_sheet_and_the_same_number_on_every_tap(
    db: Db, wechat: FakeWeChat
) -> None:
    intent = await start(db)
    one, two = await begin(db, intent.order_no), await begin(db, intent.order_no)
    assert one.sheet
    assert one.out_trade_no == two.out_trade_no
    assert [verb for verb, _ in wechat.calls] == ["jsapi"], "the second tap needs no call"
    code = await begin(db, intent.order_no, PayClientKind.NATIVE)
    assert code.code_url
    assert code.out_trade_no != one.out_trade_no, (
        "a code is another product and needs its own number"
    )


@pytest.mark.parametrize(
    ("trouble", "told"),
    [("lost", ProviderUnknown), ("deaf", ProviderUnknown), ("FREQUENCY_LIMITED", ProviderBusy)],
)
async def test_no_answer_is_unknown_and_the_next_tap_uses_the_same_number(
    db: Db, wechat: FakeWeChat, trouble: str, told: type[Refusal]
) -> None:
    wechat.trouble = {"jsapi": [trouble]}
    intent = await start(db)
    with pytest.raises(told):
        await begin(db, intent.order_no)
    params = await begin(db, intent.order_no)
    assert [number for _, number in wechat.calls] == [params.out_trade_no] * 2
    assert list(wechat.orders) == [params.out_trade_no]


async def test_a_refused_number_is_not_used_again(db: Db, wechat: FakeWeChat) -> None:
    wechat.trouble = {"jsapi": ["PARAM_ERROR"]}
    intent = await start(db)
    with pytest.raises(ProviderRefused):
        await begin(db, intent.order_no)
    params = await begin(db, intent.order_no)
    assert wechat.calls[0][1] != params.out_trade_no


async def test_a_number_refused_at_a_later_try_is_asked_for_until_its_end_is_known(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    """Found by the stories of test_properties: paid, refused as paid, and the query unanswered."""
    wechat.trouble = {"jsapi": ["deaf"], "query": ["lost"]}
    intent = await start(db)
    with pytest.raises(ProviderUnknown):
        await begin(db, intent.order_no)
    wechat.pay(next(iter(wechat.orders)))
    with pytest.raises(ProviderRefused):
        await begin(db, intent.order_no)
    travel.move(timedelta(minutes=6))
    await worker.drain(db, crons=True)
    assert (await service.poll(db, "demo", intent.order_no)).state is PaymentState.PAID
    assert await audit.run(db) == []


async def test_begin_on_a_payment_that_is_over(db: Db, wechat: FakeWeChat, travel: Travel) -> None:
    done = await paid(db, wechat)
    with pytest.raises(AlreadyPaid):
        await begin(db, done.order_no)
    late = await start(db)
    travel.move(timedelta(minutes=31))
    with pytest.raises(PaymentClosed):
        await begin(db, late.order_no)
    with pytest.raises(PaymentNotFound):
        await begin(db, "nobody")
    with pytest.raises(PayerMissing):
        await service.begin(db, "demo", late.order_no, PayClientKind.MINI)


async def test_a_tap_after_paying_settles_what_wechat_says(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db, expires_at=travel.now + timedelta(hours=5))
    params = await begin(db, intent.order_no)
    wechat.pay(params.out_trade_no)
    travel.move(timedelta(hours=2))  # the sheet is stale: the next tap calls again
    with pytest.raises(AlreadyPaid):
        await begin(db, intent.order_no)
    assert (await service.poll(db, "demo", intent.order_no)).state is PaymentState.PAID


# ── settling ─────────────────────────────────────────────────────────────────────────────────


async def test_one_charge_has_one_effect_from_every_source(db: Db, wechat: FakeWeChat) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    charge = wechat.pay(params.out_trade_no)
    outcomes = [await settle(db, charge, source) for source in Source]
    assert outcomes == ["applied"] + ["already"] * (len(Source) - 1)
    (told,) = await events_of(db, "payments.succeeded")
    assert (told["order_no"], told["amount_fen"]) == (intent.order_no, 100)
    assert (await held(db, "wechat:clearing"), await held(db, "orders:unearned")) == (100, 100)
    assert await audit.run(db) == []


async def test_twenty_notices_at_once_are_one_payment(db: Db, wechat: FakeWeChat) -> None:
    intent = await start(db)
    charge = wechat.pay((await begin(db, intent.order_no)).out_trade_no)
    outcomes = await asyncio.gather(*(settle(db, charge) for _ in range(20)))
    assert sorted(outcomes) == ["already"] * 19 + ["applied"]
    assert len(await events_of(db, "payments.succeeded")) == 1
    assert await audit.run(db) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"total_fen": 99}, {"total_fen": 101}, {"currency": "USD"}, {"app_id": "wx-other"},
        {"mchid": "1999"}, {"openid": "o-other"}, {"out_trade_no": "P-other-order"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)  # fmt: skip
async def test_a_notice_that_does_not_fit_changes_nothing_and_wechats_own_record_decides(
    db: Db, wechat: FakeWeChat, drain: Drain, wrong: dict[str, object]
) -> None:
    intent = await start(db)
    charge = wechat.pay((await begin(db, intent.order_no)).out_trade_no)
    facts = {name: getattr(charge, name) for name in type(charge).__slots__}
    assert await settle(db, type(charge)(**facts | wrong)) == "doubted"
    assert await held(db, "wechat:clearing") == 0
    await drain()
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, intent.order_no)).state is PaymentState.PAID
        assert await queries.suspense(tx) == []
    assert await audit.run(db) == []


async def test_a_notice_of_money_wechat_does_not_know_is_nothing(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    intent = await start(db)
    charge = wechat.pay((await begin(db, intent.order_no)).out_trade_no, total_fen=1)
    done = await paid(db, wechat)
    invented = wechat.charge(done.transaction_id or "", total_fen=done.amount_fen)
    wechat.charges.clear()
    assert await settle(db, invented) == "doubted", (
        "a second charge of a paid order, as a notice says"
    )
    assert await settle(db, charge) == "doubted"
    await drain()
    assert await held(db, "wechat:clearing") == done.amount_fen
    assert (await held(db, "suspense"), wechat.refunds) == (0, {})


@pytest.mark.parametrize(
    ("wrong", "reason", "waits"),
    [
        ({"total_fen": 99}, "wrong_amount", False),
        ({"openid": "o-other"}, "wrong_payer", False),
        ({"app_id": "wx-other"}, "wrong_app", False),
        ({"currency": "USD"}, "wrong_currency", True),
    ],
)
async def test_money_that_really_came_wrong_stands_in_suspense(
    db: Db, wechat: FakeWeChat, drain: Drain, wrong: dict[str, object], reason: str, waits: bool
) -> None:
    intent = await start(db)
    charge = wechat.pay((await begin(db, intent.order_no)).out_trade_no, **wrong)
    assert await settle(db, charge) == "doubted"
    await drain()
    async with db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
        assert (await service.intent(tx, intent.order_no)).state is PaymentState.OPEN
    assert line.reason == reason
    assert (line.state == "open") == waits
    assert len(wechat.refunds) == (0 if waits else 1)
    assert await audit.run(db) == []


async def test_late_money_goes_back(db: Db, wechat: FakeWeChat, drain: Drain) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    async with db.merchant("demo") as tx:
        assert await service.stop(tx, intent.order_no) is PaymentState.CLOSED
    charge = wechat.pay(params.out_trade_no)
    assert await settle(db, charge) == "doubted"
    await drain()
    assert await held(db, "suspense") == 100
    (refund,) = wechat.refunds.values()
    async with db.merchant("demo") as tx:
        ended = wechat.end_refund(refund.out_refund_no, RefundStatus.SUCCESS)
        await service.settle_refund(tx, service.refund_evidence_of(ended, Source.NOTICE))
    assert (await held(db, "suspense"), await held(db, "wechat:clearing")) == (0, 0)
    async with db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert (line.reason, line.state) == ("late", "refunded")
    assert await events_of(db, "payments.refund_settled") == [], "nobody's order was refunded"
    assert await audit.run(db) == []


async def test_double_money_goes_back_and_the_order_stays_paid(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    intent = await start(db)
    sheet = await begin(db, intent.order_no)
    code = await begin(db, intent.order_no, PayClientKind.NATIVE)
    first, second = wechat.pay(sheet.out_trade_no), wechat.pay(code.out_trade_no)
    assert [await settle(db, first), await settle(db, second)] == ["applied", "doubted"]
    await drain()
    (refund,) = wechat.refunds.values()
    assert refund.transaction_id == second.transaction_id
    assert await audit.run(db) == []


async def test_orphan_money_waits_a_day_for_a_person_then_goes_back(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    charge = wechat.charge("P-nobody-knows", total_fen=777)
    assert await settle(db, charge) == "doubted"
    await drain()
    async with db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert (line.reason, line.order_no, line.state) == ("orphan", None, "open")
    assert wechat.refunds == {}
    travel.move(timedelta(hours=25))
    await worker.drain(db, crons=True)
    assert len(wechat.refunds) == 1
    assert await audit.run(db) == []


async def test_paying_closes_the_other_numbers_of_the_order(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    intent = await start(db)
    sheet = await begin(db, intent.order_no)
    code = await begin(db, intent.order_no, PayClientKind.NATIVE)
    await settle(db, wechat.pay(sheet.out_trade_no))
    travel.move(timedelta(minutes=6))
    await drain()
    assert wechat.orders[code.out_trade_no]["state"] == "CLOSED"


# ── never told: poll and sweep ───────────────────────────────────────────────────────────────


async def test_a_waiting_page_asks_wechat_but_not_too_often(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    assert (await service.poll(db, "demo", intent.order_no)).state is PaymentState.OPEN
    wechat.pay(params.out_trade_no)
    assert (await service.poll(db, "demo", intent.order_no)).state is PaymentState.OPEN, "too soon"
    travel.move(timedelta(seconds=3))
    assert (await service.poll(db, "demo", intent.order_no)).state is PaymentState.PAID


@pytest.mark.parametrize("trouble", [[], ["lost"], ["lost", "lost", "FREQUENCY_LIMITED"]])
async def test_the_sweep_settles_what_no_notice_told(
    db: Db, wechat: FakeWeChat, travel: Travel, trouble: list[str]
) -> None:
    intent = await start(db)
    wechat.pay((await begin(db, intent.order_no)).out_trade_no)
    wechat.trouble = {"query": trouble}
    await worker.drain(db, crons=True)
    assert not any(verb == "query" for verb, _ in wechat.calls), "not before its time"
    for _ in range(5):
        travel.move(timedelta(minutes=30))
        await worker.drain(db, crons=True)
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, intent.order_no)).state is PaymentState.PAID
    assert await audit.run(db) == []


async def test_the_sweep_closes_numbers_whose_time_is_over(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    for _ in range(4):
        travel.move(timedelta(minutes=20))
        await worker.drain(db, crons=True)
    assert wechat.orders[params.out_trade_no]["state"] == "CLOSED"
    async with db.merchant("demo") as tx:
        assert [attempt.state.value for attempt in await attempts(tx, intent.id)] == ["closed"]
    asked = len(wechat.calls)
    travel.move(timedelta(hours=2))
    await worker.drain(db, crons=True)
    assert len(wechat.calls) == asked, "a closed number is not asked for again"


async def test_an_intent_that_never_reached_wechat_is_closed_quietly(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    wechat.trouble = {"jsapi": ["lost"]}
    intent = await start(db)
    with pytest.raises(ProviderUnknown):
        await begin(db, intent.order_no)
    for _ in range(4):
        travel.move(timedelta(minutes=20))
        await worker.drain(db, crons=True)
    async with db.merchant("demo") as tx:
        assert [attempt.state.value for attempt in await attempts(tx, intent.id)] == ["closed"]


# ── closing ──────────────────────────────────────────────────────────────────────────────────


async def test_close_waits_five_minutes_then_closes_at_wechat_and_here(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    with pytest.raises(CloseLater) as refused:
        await service.close(db, "demo", intent.order_no)
    assert 299 <= refused.value.retry_after <= 301
    travel.move(timedelta(minutes=5, seconds=1))
    assert await service.close(db, "demo", intent.order_no) is PaymentState.CLOSED
    assert wechat.orders[params.out_trade_no]["state"] == "CLOSED"
    assert await service.close(db, "demo", intent.order_no) is PaymentState.CLOSED


async def test_money_that_is_faster_than_the_close_pays_the_order(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no)
    wechat.pay(params.out_trade_no)
    travel.move(timedelta(minutes=6))
    assert await service.close(db, "demo", intent.order_no) is PaymentState.PAID
    assert len(await events_of(db, "payments.succeeded")) == 1
    assert await audit.run(db) == []


@pytest.mark.parametrize("trouble", ["lost", "deaf", "FREQUENCY_LIMITED"])
async def test_a_close_without_an_answer_stays_closing_and_can_be_repeated(
    db: Db, wechat: FakeWeChat, travel: Travel, trouble: str
) -> None:
    wechat.trouble = {"close": [trouble]}
    intent = await start(db)
    await begin(db, intent.order_no)
    travel.move(timedelta(minutes=6))
    with pytest.raises(ProviderUnknown):
        await service.close(db, "demo", intent.order_no)
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, intent.order_no)).state is PaymentState.CLOSING
    assert await service.close(db, "demo", intent.order_no) is PaymentState.CLOSED


async def test_a_close_that_crosses_the_notice(db: Db, wechat: FakeWeChat, travel: Travel) -> None:
    """The fan pays after WeChat was asked to close the first of two numbers, and the notice comes in between."""
    intent = await start(db)
    await begin(db, intent.order_no)
    travel.move(timedelta(minutes=6))
    charged: list[Transaction] = []

    def pay_in_between(verb: str, number: str) -> None:
        if verb == "close" and not charged:
            charged.append(wechat.pay(number))

    wechat.on_call = pay_in_between
    assert await service.close(db, "demo", intent.order_no) is PaymentState.PAID
    assert await settle(db, charged[0]) == "already"


# ── refunds ──────────────────────────────────────────────────────────────────────────────────


async def ask_refund(db: Db, payment_id: int, amount_fen: int, reference: str) -> int:
    async with db.merchant("demo") as tx:
        return await service.request_refund(tx, payment_id, amount_fen, reference, "不想要了")


async def end(db: Db, wechat: FakeWeChat, refund_id: int, status: RefundStatus) -> str:
    async with db.merchant("demo") as tx:
        number = (await tx.get_one(PaymentRefund, refund_id)).out_refund_no
        told = service.refund_evidence_of(wechat.end_refund(number, status), Source.NOTICE)
        return (await service.settle_refund(tx, told)).value


async def state_of(db: Db, refund_id: int) -> RefundState:
    async with db.merchant("demo") as tx:
        return (await tx.get_one(PaymentRefund, refund_id)).state


async def test_a_refund_is_reserved_sent_and_settled_once(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    refund = await ask_refund(db, done.id, 40, "A1")
    assert await ask_refund(db, done.id, 40, "A1") == refund
    with pytest.raises(ReferenceReused):
        await ask_refund(db, done.id, 41, "A1")
    await drain()
    assert await state_of(db, refund) is RefundState.PROCESSING, "accepted is not refunded"
    assert await held(db, "orders:unearned") == 100
    assert await end(db, wechat, refund, RefundStatus.SUCCESS) == "applied"
    assert await end(db, wechat, refund, RefundStatus.SUCCESS) == "already"
    assert (await held(db, "orders:unearned"), await held(db, "wechat:clearing")) == (60, 60)
    (told,) = await events_of(db, "payments.refund_settled")
    assert (told["status"], told["amount_fen"], told["reference"]) == ("success", 40, "A1")
    assert await state_of(db, refund) is RefundState.SUCCESS
    assert await audit.run(db) == []


async def test_parts_never_exceed_what_was_paid(db: Db, wechat: FakeWeChat) -> None:
    done = await paid(db, wechat)
    await ask_refund(db, done.id, 60, "A1")
    with pytest.raises(RefundTooMuch) as refused:
        await ask_refund(db, done.id, 41, "A2")
    assert refused.value.details["left_fen"] == 40
    for nothing in (0, -5):
        with pytest.raises(RefundTooMuch):
            await ask_refund(db, done.id, nothing, "A3")
    await ask_refund(db, done.id, 40, "A4")
    unpaid = await start(db)
    with pytest.raises(NothingPaid):
        await ask_refund(db, unpaid.id, 1, "A5")


async def test_sixteen_refunds_at_once_take_no_more_than_there_is(
    db: Db, wechat: FakeWeChat
) -> None:
    done = await paid(db, wechat)

    async def one(number: int) -> bool:
        try:
            await ask_refund(db, done.id, 30, f"R{number}")
        except RefundTooMuch:
            return False
        return True

    assert sum(await asyncio.gather(*(one(number) for number in range(16)))) == 3
    assert await audit.run(db) == []


async def test_the_same_refund_asked_for_many_times_at_once_is_one(
    db: Db, wechat: FakeWeChat
) -> None:
    done = await paid(db, wechat)
    asked = await asyncio.gather(*(ask_refund(db, done.id, 30, "same") for _ in range(10)))
    assert len(set(asked)) == 1


@pytest.mark.parametrize("trouble", ["lost", "deaf"])
async def test_a_refund_without_an_answer_keeps_its_number_and_its_reservation(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel, trouble: str
) -> None:
    done = await paid(db, wechat)
    wechat.trouble = {"refund": [trouble], "query_refund": ["lost"]}
    refund = await ask_refund(db, done.id, 100, "A1")
    await drain()
    assert await state_of(db, refund) is RefundState.UNKNOWN
    with pytest.raises(RefundTooMuch):
        await ask_refund(db, done.id, 1, "A2")
    for _ in range(3):
        travel.move(timedelta(minutes=5))
        await worker.drain(db, crons=True)
    assert await state_of(db, refund) is RefundState.PROCESSING
    assert len(wechat.refunds) == 1
    assert len({number for verb, number in wechat.calls if "refund" in verb}) == 1
    assert await audit.run(db) == []


async def test_a_refund_that_must_wait_is_sent_again(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    done = await paid(db, wechat)
    wechat.trouble = {"refund": ["NOT_ENOUGH"]}
    refund = await ask_refund(db, done.id, 100, "A1")
    await drain()
    assert await state_of(db, refund) is RefundState.RESERVED
    travel.move(timedelta(minutes=5))
    await worker.drain(db, crons=True)
    assert await state_of(db, refund) is RefundState.PROCESSING


async def test_a_refund_refused_for_good_frees_its_reservation(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    wechat.trouble = {"refund": ["PARAM_ERROR"]}
    refund = await ask_refund(db, done.id, 100, "A1")
    await drain()
    assert await state_of(db, refund) is RefundState.CLOSED
    assert [told["status"] for told in await events_of(db, "payments.refund_settled")] == ["closed"]
    await ask_refund(db, done.id, 100, "A2")
    await drain()
    (sent,) = wechat.refunds
    async with db.merchant("demo") as tx:
        assert (await tx.get_one(PaymentRefund, refund)).out_refund_no != sent, (
            "a new try, a new number"
        )


async def test_a_refund_that_went_wrong_at_the_bank(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    refund = await ask_refund(db, done.id, 100, "A1")
    await drain()
    assert await end(db, wechat, refund, RefundStatus.ABNORMAL) == "applied"
    with pytest.raises(RefundTooMuch):
        await ask_refund(db, done.id, 1, "A2")
    assert await end(db, wechat, refund, RefundStatus.SUCCESS) == "applied"
    told = [e["status"] for e in await events_of(db, "payments.refund_settled")]
    assert told == ["abnormal", "success"]
    assert await audit.run(db) == []


async def test_success_of_a_refund_we_thought_failed_is_believed(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    refund = await ask_refund(db, done.id, 60, "A1")
    await drain()
    assert await end(db, wechat, refund, RefundStatus.CLOSED) == "applied"
    assert await end(db, wechat, refund, RefundStatus.SUCCESS) == "applied"
    assert await held(db, "wechat:clearing") == 40
    assert await audit.run(db) == []


async def test_a_refund_notice_that_does_not_fit_changes_nothing(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    refund = await ask_refund(db, done.id, 60, "A1")
    await drain()
    async with db.merchant("demo") as tx:
        number = (await tx.get_one(PaymentRefund, refund)).out_refund_no
    told = service.refund_evidence_of(
        wechat.end_refund(number, RefundStatus.SUCCESS), Source.NOTICE
    )
    facts = {name: getattr(told, name) for name in type(told).__slots__}
    for wrong in ({"amount_fen": 61}, {"mchid": "1999"}, {"transaction_id": "4200"},
                  {"out_refund_no": "R-nobody"}, {"out_trade_no": "P-other"}, {"refund_id": "50x"}):  # fmt: skip
        async with db.merchant("demo") as tx:
            assert (await service.settle_refund(tx, type(told)(**facts | wrong))).value == "doubted"
    assert await state_of(db, refund) is RefundState.PROCESSING


async def test_received_orders_become_revenue_and_refund_from_it(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    done = await paid(db, wechat)
    first = await ask_refund(db, done.id, 30, "A1")
    second = await ask_refund(db, done.id, 20, "A2")
    await drain()
    await end(db, wechat, first, RefundStatus.SUCCESS)
    async with db.merchant("demo") as tx:
        assert await service.recognise(tx, done.order_no) == 70
        assert await service.recognise(tx, done.order_no) == 0
        assert await service.recognise(tx, "nobody") == 0
    await end(db, wechat, second, RefundStatus.SUCCESS)
    assert (await held(db, "orders:unearned"), await held(db, "revenue:goods")) == (0, 50)
    assert await audit.run(db) == []


# ── suspense by hand ─────────────────────────────────────────────────────────────────────────


async def orphan(db: Db, wechat: FakeWeChat, drain: Drain) -> int:
    await settle(db, wechat.charge("P-nobody", total_fen=500))
    await drain()
    async with db.merchant("demo") as tx:
        return (await queries.suspense(tx))[0].id


async def approve_last(db: Db) -> None:
    """A second person says yes to what was asked for last."""
    async with db.merchant("demo") as tx:
        (move, *_) = await queries.moves(tx)
        await service.decide_move(tx, SECOND, move.id, MoveDecision.APPROVE, "核对过了")


async def test_a_person_may_keep_take_or_refund_money_in_suspense_with_a_reason(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    found = await orphan(db, wechat, drain)
    async with db.merchant("demo") as tx:
        await service.resolve(tx, BOSS, found, Decision.TAKE, "问一下旧商城")
    travel.move(timedelta(days=2))
    await worker.drain(db, crons=True)
    assert wechat.refunds == {}, "taken over: the rule's clock has stopped"
    async with db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
        assert (line.owner, line.age_seconds) == ("王店长", 2 * 86_400)
        total = await queries.suspense_total(tx)
        assert (total.count, total.amount_fen) == (1, 500)
        await service.resolve(tx, BOSS, found, Decision.KEEP, "旧商城的订单，已发货")
    assert await held(db, "suspense") == 500, "nothing moves before a second person says so"
    await approve_last(db)
    assert (await held(db, "suspense"), await held(db, "revenue:other")) == (0, 500)
    with pytest.raises(SuspenseDecided):
        async with db.merchant("demo") as tx:
            await service.resolve(tx, BOSS, found, Decision.REFUND, "again")
    with pytest.raises(SuspenseNotFound):
        async with db.merchant("demo") as tx:
            await service.resolve(tx, BOSS, 999, Decision.REFUND, "nobody")
    assert await audit.run(db) == []


async def test_a_suspense_refund_that_fails_waits_for_a_person_who_tries_again(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    found = await orphan(db, wechat, drain)
    wechat.trouble = {"refund": ["PARAM_ERROR"]}
    for state in ("open", "refunding"):
        async with db.merchant("demo") as tx:
            await service.resolve(tx, BOSS, found, Decision.REFUND, "退给顾客")
        await approve_last(db)
        await drain()
        async with db.merchant("demo") as tx:
            (line,) = await queries.suspense(tx)
        assert (line.state, line.refund_at) == (state, None)
    assert len(wechat.refunds) == 1
    assert await audit.run(db) == []


async def test_evidence_needs_success_a_number_an_amount_and_a_time(wechat: FakeWeChat) -> None:
    charge = wechat.charge("P1")
    facts = {name: getattr(charge, name) for name in type(charge).__slots__}
    assert evidence(charge).amount_fen == 100
    for missing in (
        {"transaction_id": None},
        {"total_fen": None},
        {"success_time": None},
        {"total_fen": 0},
    ):
        assert service.evidence_of(type(charge)(**facts | missing), Source.QUERY) is None


async def test_who_paid_is_whose_wallet_it_was_not_whom_we_asked(
    db: Db, wechat: FakeWeChat
) -> None:
    intent = await start(db)
    params = await begin(db, intent.order_no, PayClientKind.NATIVE)
    async with db.merchant("demo") as tx:
        assert await service.paid_by(tx, intent.order_no) is None
    await settle(db, wechat.pay(params.out_trade_no, openid="o-a-friend"))
    async with db.merchant("demo") as tx:
        found = await service.paid_by(tx, intent.order_no)
    assert found
    assert (found.client, found.openid) == (PayClientKind.NATIVE, "o-a-friend")
