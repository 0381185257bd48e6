"""Notices duplicated, together, out of order, late, never, forged, and rightly signed with wrong facts."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.faults.rig import Shop, count_events, ledger_says
from tests.payments.factories import refund_state
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.payments import queries, rules, service
from tiefen.payments.service import refunding, settling
from tiefen.payments.values import PaymentState
from tiefen.wechat.values import PayClientKind

pytestmark = pytest.mark.slow


async def snapshot(db: Db) -> dict[str, int]:
    """Rows of every table of the merchant, and of events and jobs."""
    found = {}
    async with db.merchant("demo") as tx:
        names = await tx.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'm_demo' ORDER BY 1")
        )
        for name in [*names, "platform.event", "platform.job"]:
            found[name] = await tx.scalar(text(f"SELECT count(*) FROM {name}"))
    return found


async def test_one_notice_pays_one_order(shop: Shop) -> None:
    order_no = await shop.paid()
    await shop.drain()
    assert await shop.state(order_no) is PaymentState.PAID
    assert await shop.statuses() == [204]
    assert await count_events(shop.db, "payments.succeeded") == 1
    await shop.agree()


async def test_twenty_copies_at_once_and_one_more_later(shop: Shop) -> None:
    await shop.fault("duplicate", copies=20, concurrent=True)
    await shop.paid()
    await shop.drain()
    (notice,) = shop.box.notices.values()
    notice.state = "waiting"
    assert await shop.tell(notice) == 204, "another id, the same transaction"
    await shop.drain()
    assert await shop.statuses() == [204] * 21
    assert await count_events(shop.db, "payments.succeeded") == 1
    await shop.agree()


async def test_notices_of_two_orders_the_wrong_way_round(shop: Shop) -> None:
    await shop.fault("reorder")
    first, second = await shop.paid(), await shop.paid(250)
    await shop.drain()
    assert {await shop.state(first), await shop.state(second)} == {PaymentState.PAID}
    await shop.agree()


async def test_the_refund_is_told_before_the_payment(shop: Shop) -> None:
    await shop.fault("delay", seconds=7200)
    order_no = await shop.paid()
    await shop.wait(timedelta(minutes=6))
    await shop.sweep()
    assert await shop.state(order_no) is PaymentState.PAID, "the sweep asked"
    async with shop.db.merchant("demo") as tx:
        intent = await service.intent(tx, order_no)
        await service.request_refund(tx, intent.id, 100, "A1", "不想要了")
    await shop.drain()
    await shop.run_sandbox()
    await shop.drain()
    assert await shop.statuses() == [204, 204], "the refund's notice, then the payment's"
    assert await count_events(shop.db, "payments.succeeded") == 1
    assert await ledger_says(shop.db) == {"wechat:clearing": 0, "orders:unearned": 0, "suspense": 0}
    await shop.agree()


async def test_a_notice_that_never_comes(shop: Shop) -> None:
    await shop.fault("drop")
    order_no = await shop.paid()
    await shop.sweep()
    assert await shop.state(order_no) is PaymentState.OPEN, "not asked for before its time"
    await shop.wait(timedelta(minutes=6))
    await shop.sweep()
    assert await shop.state(order_no) is PaymentState.PAID
    await shop.agree()


async def test_money_for_a_closed_order_goes_back(shop: Shop) -> None:
    order_no = await shop.order()
    params = await shop.begin(order_no)
    async with shop.db.merchant("demo") as tx:
        assert await service.stop(tx, order_no) is PaymentState.CLOSED
    await shop.pay(params)
    assert await shop.statuses() == [204], "never an exception that rolls the notice back"
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert (line.reason, line.state, line.amount_fen) == ("late", "refunded", 100)
    assert await shop.state(order_no) is PaymentState.CLOSED
    assert await count_events(shop.db, "payments.succeeded") == 0
    await shop.agree()


async def test_two_ways_of_paying_one_order(shop: Shop) -> None:
    order_no = await shop.order()
    sheet = await shop.begin(order_no)
    code = await shop.begin(order_no, PayClientKind.NATIVE)
    await shop.pay(sheet)
    await shop.pay(code)
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert (line.reason, line.state) == ("double", "refunded")
    assert await count_events(shop.db, "payments.succeeded") == 1
    await shop.agree()


async def test_money_under_a_number_we_never_gave_out(shop: Shop) -> None:
    """As after a restore: WeChat has a charge whose attempt our database has lost."""
    order_no = await shop.order()
    params = await shop.begin(order_no)
    async with shop.db.merchant("demo") as tx:
        await tx.execute(text("DELETE FROM payment_attempt"))
    await shop.pay(params)
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert (line.reason, line.state) == ("orphan", "open")
    await shop.agree()
    await shop.wait(timedelta(hours=25))
    await shop.sweep()
    async with shop.db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
    assert line.state == "refunded"
    await shop.agree()


FORGERIES: list[dict[str, Any]] = [
    {"how": "headers_missing"}, {"how": "empty_signature"}, {"how": "other_key"},
    {"how": "altered_body"}, {"how": "unknown_serial"}, {"how": "skew", "seconds": 360},
    {"how": "skew", "seconds": -360}, {"how": "signtest"}, {"how": "bad_tag"},
]  # fmt: skip


async def test_a_forged_notice_changes_nothing_and_is_refused(shop: Shop) -> None:
    warm = await shop.paid()
    await shop.drain()
    for number, forgery in enumerate(FORGERIES):
        order_no = await shop.order()
        params = await shop.begin(order_no)
        before = await snapshot(shop.db)
        await shop.fault("forge", only=True, **forgery)
        await shop.pay(params)
        status = (await shop.statuses())[-1]
        assert 400 <= status < 500, (forgery, status)
        assert await snapshot(shop.db) == before, forgery
        assert await shop.state(order_no) is PaymentState.OPEN
        await shop.run_sandbox()
        await shop.drain()
        assert await shop.state(order_no) is PaymentState.PAID, "the true one comes after it"
        assert await count_events(shop.db, "payments.succeeded") == number + 2
    assert await shop.state(warm) is PaymentState.PAID
    await shop.agree()


async def test_within_five_minutes_is_still_timely(shop: Shop) -> None:
    await shop.fault("forge", how="skew", seconds=-290, only=True)
    order_no = await shop.paid()
    await shop.drain()
    assert await shop.state(order_no) is PaymentState.PAID


WRONG: list[dict[str, Any]] = [
    {"kind": "wrong_amount", "delta": 1}, {"kind": "wrong_amount", "delta": -1},
    {"kind": "wrong_order"}, {"kind": "wrong_merchant"}, {"kind": "wrong_currency"},
]  # fmt: skip


async def test_a_rightly_signed_notice_with_wrong_facts_has_no_effect_of_its_own(
    shop: Shop,
) -> None:
    for number, wrong in enumerate(WRONG):
        options = {name: value for name, value in wrong.items() if name != "kind"}
        await shop.fault(str(wrong["kind"]), only=True, **options)
        order_no = await shop.paid()
        status = (await shop.statuses())[-1]
        await shop.drain()
        if wrong["kind"] == "wrong_merchant":
            assert 400 <= status < 500, "not addressed to this account at all"
            assert await shop.state(order_no) is PaymentState.OPEN
        else:
            assert status == 204, "signed and stored; what it says is another matter"
            # WeChat's own record of the transaction decided: it is this order's money after all.
            assert await shop.state(order_no) is PaymentState.PAID, wrong
        await shop.run_sandbox()
        await shop.drain()
        assert await shop.state(order_no) is PaymentState.PAID, wrong
        assert await count_events(shop.db, "payments.succeeded") == number + 1
    async with shop.db.merchant("demo") as tx:
        assert await queries.suspense(tx) == []
    await shop.agree()


async def test_a_genuine_payment_does_not_pay_another_order(shop: Shop) -> None:
    """CVE-2026-68500 and its kin: replay a cheap order's payment under a dear order's number."""
    dear = await shop.order(90_000)
    dear_params = await shop.begin(dear)
    cheap = await shop.paid(1)
    await shop.drain()
    (notice,) = shop.box.notices.values()
    for facts in (
        {"out_trade_no": dear_params.out_trade_no},
        {
            "out_trade_no": dear_params.out_trade_no,
            "transaction_id": "4200000000000000000000000001",
        },
    ):
        notice.state = "waiting"
        assert await shop.tell(notice, **facts) == 204
        await shop.drain()
        assert await shop.state(dear) is PaymentState.OPEN
    assert await shop.state(cheap) is PaymentState.PAID
    assert await count_events(shop.db, "payments.succeeded") == 1
    await shop.agree()


async def test_a_second_transaction_of_a_paid_order_that_wechat_does_not_know(shop: Shop) -> None:
    await shop.paid()
    await shop.drain()
    (notice,) = shop.box.notices.values()
    notice.state = "waiting"
    assert await shop.tell(notice, transaction_id="4200000000000000000000000002") == 204
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        assert await queries.suspense(tx) == []
    assert (await shop.api("GET", "/refunds"))["items"] == [], "no money goes back that never came"
    await shop.agree()


@pytest.mark.parametrize(
    "nonsense",
    [{"transaction_id": None}, {"amount": None}, {"amount": {"total": "100"}}, {"amount": {"total": 1.5}},
     {"trade_state": "PAYERROR"}, {"trade_state": "??"}, {"success_time": "yesterday"}, {"appid": 7},
     {"payer": {"openid": 7}}],
    ids=str,
)  # fmt: skip
async def test_a_signed_notice_that_makes_no_sense_is_stored_and_changes_nothing(
    shop: Shop, nonsense: dict[str, Any]
) -> None:
    await shop.fault("drop")
    order_no = await shop.paid()
    (notice,) = shop.box.notices.values()
    notice.state = "waiting"
    assert await shop.tell(notice, **nonsense) == 204
    await shop.drain()
    assert await shop.state(order_no) is PaymentState.OPEN
    async with shop.db.platform() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM platform.job")) == 0, "no poison left"
    await shop.wait(timedelta(minutes=6))
    await shop.sweep()
    await shop.agree()


async def test_every_way_a_refund_can_end(shop: Shop) -> None:
    for number, outcome in enumerate(("SUCCESS", "ABNORMAL", "CLOSED")):
        await shop.api("PATCH", f"/accounts/{shop.account['mchid']}", refund_outcome=outcome)
        order_no = await shop.paid()
        await shop.drain()
        async with shop.db.merchant("demo") as tx:
            intent = await service.intent(tx, order_no)
            await service.request_refund(tx, intent.id, 40, f"A{number}", "不想要了")
        await shop.drain()
        async with shop.db.merchant("demo") as tx:
            assert await refund_state(tx, f"A{number}") == outcome.lower()
        await shop.agree()


async def test_notices_of_refunds_come_twice_late_the_wrong_way_round_or_never(shop: Shop) -> None:
    """Two refunds each time; both end once, and the sandbox's own account of the money is ours."""
    faults: list[dict[str, Any]] = [
        {"kind": "duplicate", "copies": 5, "concurrent": True}, {"kind": "delay", "seconds": 7_200},
        {"kind": "reorder"}, {"kind": "drop", "times": 2},
    ]  # fmt: skip
    for number, fault in enumerate(faults):
        orders = [await shop.paid(), await shop.paid(250)]
        await shop.drain()
        told = len(await shop.statuses())
        await shop.fault(**fault)
        async with shop.db.merchant("demo") as tx:
            for place, order_no in enumerate(orders):
                intent = await service.intent(tx, order_no)
                reference = f"A{number}{place}"
                await service.request_refund(tx, intent.id, 40, reference, "不想要了")
        await shop.drain()
        if fault["kind"] == "drop":
            assert len(await shop.statuses()) == told, "nobody says how they ended"
            await shop.wait(timedelta(minutes=10))
            await shop.sweep()
        await shop.run_sandbox()
        await shop.drain()
        assert set(await shop.statuses()) == {204}
        async with shop.db.merchant("demo") as tx:
            ends = {await refund_state(tx, f"A{number}{place}") for place in (0, 1)}
        assert ends == {"success"}, fault
        assert await count_events(shop.db, "payments.refund_settled") == 2 * number + 2
        await shop.agree()


@pytest.mark.parametrize(
    "kind", ["timeout_before", "timeout_after", "http_500_before", "http_500_after", "truncated"]
)
async def test_no_answer_to_a_refund_is_asked_again_under_the_same_number(
    shop: Shop, kind: str
) -> None:
    order_no = await shop.paid()
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        intent = await service.intent(tx, order_no)
        await service.request_refund(tx, intent.id, 60, "A1", "不想要了")
    await shop.api("POST", "/faults", kind=kind, seconds=0, match={"path": "/v3/refund*"})
    await shop.drain()
    for _ in range(3):
        await shop.wait(timedelta(minutes=10))
        await shop.sweep()
    async with shop.db.merchant("demo") as tx:
        assert await refund_state(tx, "A1") == "success"
    assert len((await shop.api("GET", "/refunds"))["items"]) == 1
    await shop.agree()


# ── controls: each plants a bug that the tests above were seen to catch ──────────────────────


def _believe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice's facts are not compared with what was asked (CVE-2026-111957)."""
    monkeypatch.setattr(rules, "judge", lambda evidence, asked: None)


async def test_control_a_settle_that_does_not_compare_is_caught(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _believe(monkeypatch)
    dear = await shop.order(90_000)
    params = await shop.begin(dear)
    await shop.paid(1)
    (notice,) = shop.box.notices.values()
    notice.state = "waiting"
    await shop.tell(
        notice, out_trade_no=params.out_trade_no, transaction_id="4200000000000000000000000003"
    )
    await shop.drain()
    assert {breach.invariant for breach in await audit.run(shop.db)} >= {"P2"}


async def test_control_a_refund_with_a_new_number_on_each_try_is_caught(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = refunding._begin_sending

    async def careless(tx: Any, refund_id: int) -> Any:
        sending = await real(tx, refund_id)
        if sending is None:
            return None
        facts = {name: getattr(sending, name) for name in type(sending).__slots__}
        return type(sending)(**facts | {"told": False, "out_refund_no": shop.box.chance.text(20)})

    monkeypatch.setattr(refunding, "_begin_sending", careless)
    order_no = await shop.paid(200)
    await shop.drain()
    async with shop.db.merchant("demo") as tx:
        intent = await service.intent(tx, order_no)
        await service.request_refund(tx, intent.id, 60, "A1", "不想要了")
    await shop.api("POST", "/faults", kind="http_500_after", match={"path": "/v3/refund*"})
    await shop.drain()
    await shop.wait(timedelta(minutes=10))
    await shop.sweep()
    assert len((await shop.api("GET", "/refunds"))["items"]) == 2, "WeChat paid twice"
    with pytest.raises(AssertionError):
        await shop.agree()


async def test_control_money_booked_twice_is_caught(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    posting: Callable[..., Any] = settling._posting
    turn = iter(range(100))

    def careless(*args: Any) -> Any:
        made = posting(*args)
        facts = {name: getattr(made, name) for name in type(made).__slots__}
        return type(made)(**facts | {"key": f"{made.key}#{next(turn)}"})

    real = settling._apply

    async def twice(tx: Any, evidence: Any, attempt: Any, payment: Any) -> None:
        await real(tx, evidence, attempt, payment)
        await ledger.post(tx, [careless(evidence, "orders:unearned", "payment.succeeded", "x")])

    monkeypatch.setattr(settling, "_apply", twice)
    await shop.paid()
    await shop.drain()
    assert {breach.invariant for breach in await audit.run(shop.db)} >= {"P1", "P4.unearned"}


SIGNED = ("Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial")


async def forged(shop: Shop, headers: dict[str, str], body: dict[str, Any]) -> httpx.Response:
    """A notice of somebody else's making, sent straight to the door."""
    transport = httpx.ASGITransport(app=shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as anyone:
        return await anyone.post(
            f"/wechat/pay/{shop.account['mchid']}/notify", json=body, headers=headers
        )


def claim(out_trade_no: str, event: str, state: str) -> dict[str, Any]:
    """What a forger would say of an order."""
    resource = {"out_trade_no": out_trade_no, "trade_state": state, "amount": {"total": 100}}
    return {"id": "1", "event_type": event, "resource_type": "encrypt-resource",
            "resource": {"algorithm": "AEAD_AES_256_GCM", "ciphertext": json.dumps(resource)}}  # fmt: skip


async def test_cve_2026_33661_no_host_and_no_missing_header_spares_a_notice_its_signature(
    shop: Shop,
) -> None:
    """Also WxJava#1890 and wechat-pay#54: there a request "from localhost" or without fields passed."""
    order_no = await shop.order()
    params = await shop.begin(order_no)
    before = await snapshot(shop.db)
    signed = dict.fromkeys(SIGNED, "x") | {"Wechatpay-Timestamp": str(int(time.time()))}
    hosts = ("localhost", "127.0.0.1", "localhost:8000", "[::1]")
    tries = [{**signed, "Host": host, "X-Forwarded-For": "127.0.0.1"} for host in hosts]
    tries += [{name: value for name, value in signed.items() if name != gone} for gone in SIGNED]
    tries += [{**signed, gone: ""} for gone in SIGNED]
    for headers in (*tries, {}):
        answer = await forged(
            shop, headers, claim(params.out_trade_no, "TRANSACTION.SUCCESS", "SUCCESS")
        )
        assert 400 <= answer.status_code < 500, headers
    assert await snapshot(shop.db) == before
    assert await shop.state(order_no) is PaymentState.OPEN
    await shop.agree()


async def test_cve_2026_91076_and_87837_an_unverified_notice_cancels_nothing_and_tells_nothing(
    shop: Shop,
) -> None:
    """There "closed" from anyone closed the order, and the refusal told who had bought what."""
    open_no, paid_no = await shop.order(), await shop.paid()
    params = await shop.begin(open_no)
    await shop.drain()
    before = await snapshot(shop.db)
    secrets = (open_no, paid_no, params.out_trade_no, shop.openid, "铁观音")
    for event, state in (
        ("TRANSACTION.SUCCESS", "CLOSED"), ("TRANSACTION.CLOSED", "CLOSED"),
        ("TRANSACTION.SUCCESS", "REVOKED"), ("REFUND.SUCCESS", "SUCCESS"), ("REFUND.ABNORMAL", "ABNORMAL"),
    ):  # fmt: skip
        answer = await forged(
            shop, dict.fromkeys(SIGNED, "x"), claim(params.out_trade_no, event, state)
        )
        assert 400 <= answer.status_code < 500
        assert not [word for word in secrets if word in answer.text], answer.text
    assert await snapshot(shop.db) == before
    assert await shop.state(open_no) is PaymentState.OPEN
    assert await shop.state(paid_no) is PaymentState.PAID
    await shop.agree()
