"""WeChat's bill against our books."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import StaffClient
from tests.payments.bills import trade_bill
from tests.payments.factories import FakeWeChat, attempts, begin, paid, refund_state, start
from tiefen.kernel import audit, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.payments import rules, service
from tiefen.payments.errors import BadBill, ProviderUnknown
from tiefen.payments.models import PaymentBill, PaymentBreak, PaymentRefund
from tiefen.payments.service import comparing
from tiefen.payments.values import BreakKind, PaymentIntent, PaymentState
from tiefen.team.values import Permission
from tiefen.wechat.values import RefundStatus

DAY = date(2026, 4, 1)


async def number(db: Db, intent: PaymentIntent) -> str:
    async with db.merchant("demo") as tx:
        return (await attempts(tx, intent.id))[0].out_trade_no


async def breaks(db: Db) -> dict[str, tuple[str, bool]]:
    """Subject → class, and whether it is closed."""
    async with db.merchant("demo") as tx:
        rows = await tx.scalars(select(PaymentBreak))
        return {row.subject: (row.kind.value, row.closed_at is not None) for row in rows}


@pytest.mark.parametrize("page", [1, 4, 2_000])
async def test_every_class_of_break_and_what_the_bill_teaches(
    db: Db, wechat: FakeWeChat, travel: Travel, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(comparing, "PAGE", page)
    monkeypatch.setattr(comparing, "RANGE", page)
    same, fee, ours = [await paid(db, wechat) for _ in range(3)]
    silent = await start(db)
    params = await begin(db, silent.order_no)
    untold = wechat.pay(params.out_trade_no)
    async with db.merchant("demo") as tx:
        refund_id = await service.request_refund(tx, same.id, 30, "A1", "x")
        await service.request_refund(tx, fee.id, 20, "A2", "x")
    await worker.drain(db)
    async with db.merchant("demo") as tx:
        first = await tx.get_one(PaymentRefund, refund_id)
        second = await tx.get_one(PaymentRefund, refund_id + 1)
    wechat.end_refund(first.out_refund_no, RefundStatus.SUCCESS)  # its notice was lost

    def line(intent: PaymentIntent, fee_fen: int) -> dict[str, object]:
        return {"transaction_id": intent.transaction_id, "amount_fen": 100, "fee_fen": fee_fen}

    wechat.bill = trade_bill(
        line(same, 1) | {"out_trade_no": await number(db, same)},
        line(fee, 9) | {"out_trade_no": await number(db, fee)},
        {"transaction_id": untold.transaction_id, "out_trade_no": untold.out_trade_no, "amount_fen": 100,
         "fee_fen": 1},
        line(same, 0) | {"out_trade_no": await number(db, same), "out_refund_no": first.out_refund_no,
                         "refund_id": first.refund_id, "amount_fen": 30},
        line(fee, 0) | {"out_trade_no": await number(db, fee), "out_refund_no": second.out_refund_no,
                        "refund_id": second.refund_id, "amount_fen": 21},
        line(fee, 0) | {"out_trade_no": await number(db, fee), "out_refund_no": "R-by-hand",
                        "refund_id": "509", "amount_fen": 5},
    )  # fmt: skip
    await service.fetch_bill(db, "demo", DAY)
    await service.fetch_bill(db, "demo", DAY)
    assert await breaks(db) == {
        fee.transaction_id: ("fee", False),
        untold.transaction_id: ("theirs_only", True),
        ours.transaction_id: ("ours_only", False),
        f"refund:{second.out_refund_no}": ("amount", False),
        "refund:R-by-hand": ("theirs_only", False),
    }
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, silent.order_no)).state is PaymentState.PAID, (
            "one settle path"
        )
        assert await refund_state(tx, "A1") == "success"
        bill = await tx.scalar(select(PaymentBill))
        assert bill
        assert (bill.lines, bill.paid_fen, bill.refunded_fen) == (6, 300, 56)
    assert await audit.run(db) == []


async def test_nothing_is_learned_from_a_bill_whose_last_line_is_wrong(
    db: Db, wechat: FakeWeChat, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "PAGE", 1)
    intent = await start(db)
    untold = wechat.pay((await begin(db, intent.order_no)).out_trade_no)
    line = {"transaction_id": untold.transaction_id, "out_trade_no": untold.out_trade_no}
    good = trade_bill(*[line | {"amount_fen": 100, "fee_fen": 1}] * 3)
    wechat.bill = good.replace(b"`3,", b"`4,")
    with pytest.raises(BadBill):
        await service.fetch_bill(db, "demo", DAY)
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, intent.order_no)).state is not PaymentState.PAID
        assert await tx.scalar(select(PaymentBill)) is None


async def test_bills_are_fetched_when_they_are_ready_once_a_day(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    await worker.drain(db, crons=True)
    assert wechat.calls == [], "a shop without payments has no bills"
    done = await paid(db, wechat)
    travel.move(timedelta(hours=20))  # 08:00 in Beijing: too early
    await worker.drain(db, crons=True)
    assert not any(verb == "trade_bill" for verb, _ in wechat.calls)
    with pytest.raises(BadBill):
        wechat.bill = trade_bill(
            {
                "transaction_id": done.transaction_id,
                "out_trade_no": "P",
                "amount_fen": 100,
                "fee_fen": 1,
            },
            mchid="1901",
        )
        await service.fetch_bill(db, "demo", DAY)
    wechat.trouble = {"trade_bill": ["lost"]}
    with pytest.raises(ProviderUnknown):
        await service.fetch_bill(db, "demo", DAY)
    wechat.bill = None
    travel.move(timedelta(hours=3))
    await worker.drain(db, crons=True)
    assert await breaks(db) == {done.transaction_id: ("ours_only", False)}, (
        "no bill at all for that day"
    )
    asked = len(wechat.calls)
    travel.move(timedelta(hours=2))
    await worker.drain(db, crons=True)
    assert [call for call in wechat.calls[asked:] if call[0] == "trade_bill"] == []


async def test_a_difference_has_an_owner_and_closes_only_when_it_is_honest(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient, travel: Travel
) -> None:
    dear, ours = await paid(db, wechat), await paid(db, wechat)
    line = {
        "transaction_id": dear.transaction_id,
        "out_trade_no": await number(db, dear),
        "amount_fen": 100,
    }
    late = {
        "transaction_id": ours.transaction_id,
        "out_trade_no": await number(db, ours),
        "amount_fen": 100,
    }
    by_hand = line | {"fee_fen": 0, "out_refund_no": "R-hand", "refund_id": "509", "amount_fen": 5}
    wechat.bill = trade_bill(line | {"fee_fen": 9}, by_hand)
    await service.fetch_bill(db, "demo", DAY)
    reader = await staff_client([Permission.MONEY_READ])
    boss = await staff_client([Permission.MONEY_READ, Permission.ORDERS_REFUND])
    listed = (await reader.get("/api/console/bill-breaks?closed=false")).json()["items"]
    found = {row["kind"]: row for row in listed}
    assert set(found) == {"fee", "theirs_only", "ours_only"}
    assert found["fee"]["order_no"] == dear.order_no
    assert found["theirs_only"]["order_no"] == dear.order_no, "the bill names the charge"
    assert (found["ours_only"]["ours_fen"], found["ours_only"]["theirs_fen"]) == (100, None)
    assert (found["theirs_only"]["out_refund_no"], found["theirs_only"]["theirs_fen"]) == (
        "R-hand",
        5,
    )

    def path(kind: str) -> str:
        return f"/api/console/bill-breaks/{found[kind]['id']}/decide"

    close = {"decision": "close", "note": "在商户平台手工退的"}
    assert (await reader.post(path("fee"), json=close)).status_code == 403
    assert (await boss.post(path("theirs_only"), json=close)).status_code == 200
    again = await boss.post(path("theirs_only"), json=close)
    assert again.json()["error"]["code"] == "payments.break_closed"
    stands = await boss.post(path("ours_only"), json=close)
    assert (stands.status_code, stands.json()["error"]["code"]) == (409, "payments.break_stands")
    taken = {"decision": "take", "note": "我来问微信"}
    assert (await boss.post(path("ours_only"), json=taken)).status_code == 200
    assert (await boss.post("/api/console/bill-breaks/999/decide", json=taken)).status_code == 404
    other = await staff_client([Permission.ORDERS_REFUND], merchant="other")
    assert (await other.post(path("fee"), json=close)).status_code == 404

    wechat.bill = trade_bill(late | {"fee_fen": 1, "at": "2026-04-02 00:00:01"})
    await service.fetch_bill(db, "demo", DAY + timedelta(days=1))
    only = (await reader.get("/api/console/bill-breaks?kind=ours_only")).json()["items"]
    assert [(row["owner"], row["closed_at"] is not None) for row in only] == [("测试员", True)]
    runs = (await reader.get("/api/console/bills")).json()
    assert [(run["breaks"], run["open_breaks"]) for run in runs["items"]] == [(0, 0), (3, 1)]
    assert (runs["open_breaks"], runs["fee_fen"]) == (1, 10)
    assert await audit.run(db) == []


@pytest.mark.parametrize("kind", list(BreakKind))
@pytest.mark.parametrize("refund", [True, False])
def test_what_agrees_may_close_and_what_is_wrong_may_not(kind: BreakKind, refund: bool) -> None:
    assert rules.may_close(kind, refund=refund, agrees=True)
    word_is_enough = rules.may_close(kind, refund=refund, agrees=False)
    told = kind in (BreakKind.FEE, BreakKind.BALANCE)
    assert word_is_enough == (told or (refund and kind is BreakKind.THEIRS_ONLY))


async def test_a_missed_day_is_fetched_from_the_console(
    db: Db, wechat: FakeWeChat, travel: Travel, staff_client: StaffClient
) -> None:
    done = await paid(db, wechat)
    client = await staff_client(permissions=[Permission.ORDERS_REFUND, Permission.MONEY_READ])
    wechat.trouble = {"trade_bill": ["STATEMENT_CREATING"]}
    early = await client.post("/api/console/bills", json={"day": str(DAY)})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "payments.bill_not_ready")
    assert str(DAY) in early.json()["error"]["message"]
    gone = await client.post("/api/console/bills", json={"day": "2020-01-01"})
    assert gone.json()["error"]["code"] == "payments.bill_gone", "WeChat is not asked"
    wechat.bill = None
    for _ in range(2):  # once more changes nothing
        answer = await client.post("/api/console/bills", json={"day": str(DAY)})
        assert answer.status_code == 200, answer.text
    assert await breaks(db) == {done.transaction_id: ("ours_only", False)}
    reader = await staff_client(permissions=[Permission.MONEY_READ])
    refused = await reader.post("/api/console/bills", json={"day": str(DAY)})
    assert refused.status_code == 403
