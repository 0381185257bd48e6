"""WeChat's fund bill: read exactly, compared line by line, withdrawals booked, jumps seen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.conftest import StaffClient
from tests.counting import statements
from tests.payments.bills import fund_bill, trade_bill
from tests.payments.factories import FakeWeChat, attempts, paid
from tiefen.kernel import audit, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import queries, rules, service
from tiefen.payments.errors import BadBill
from tiefen.payments.models import PaymentBreak, PaymentFundBill, PaymentFundLine, PaymentRefund
from tiefen.payments.values import FundKind, FundLine, PaymentIntent
from tiefen.team.values import Permission
from tiefen.wechat.values import RefundStatus

DAY = date(2026, 4, 1)
NAMES = {"交易": FundKind.PAY, "扣除交易手续费": FundKind.FEE, "退款": FundKind.REFUND,
         "提现": FundKind.WITHDRAWAL, "充值": FundKind.OTHER}  # fmt: skip
Move = tuple[str, str, int]
MOVES = st.lists(
    st.tuples(
        st.sampled_from(sorted(NAMES)),
        st.text("0123456789", min_size=10, max_size=28),
        st.integers(1, 10**9),
    ).map(lambda one: (one[0], one[1], one[2] if one[0] in ("交易", "充值") else -one[2])),
    min_size=1,
    max_size=12,
)


@given(MOVES, st.integers(-(10**9), 10**9))
def test_every_bill_reads_back_to_the_fen(moves: list[Move], opening_fen: int) -> None:
    text = fund_bill(*moves, opening_fen=opening_fen).decode("utf-8-sig")
    lines = list(rules.read_fund_bill(text.splitlines()))
    assert [(one.name, one.business_no, one.amount_fen) for one in lines] == moves
    assert [one.kind for one in lines] == [NAMES[name] for name, _, _ in moves]
    assert lines[-1].balance_fen == opening_fen + sum(fen for _, _, fen in moves)


@given(MOVES, st.data())
def test_a_bill_that_lost_or_changed_a_line_is_not_believed(
    moves: list[Move], data: st.DataObject
) -> None:
    rows = fund_bill(*moves).decode("utf-8-sig").splitlines()
    place = data.draw(st.integers(1, len(moves)))
    cells = rows[place].split(",`")
    cells[6] = f"{int(cells[6].replace('.', '')) + 1}.00"
    lost, changed = [*rows[:place], *rows[place + 1 :]], [*rows]
    changed[place] = ",`".join(cells)
    for broken in (lost, changed, rows[:-1]):
        with pytest.raises(BadBill):
            list(rules.read_fund_bill(broken))


async def refunded(db: Db, wechat: FakeWeChat, intent: PaymentIntent, fen: int) -> PaymentRefund:
    """Part of a payment gone back, by WeChat's word."""
    wechat.refund_status = RefundStatus.SUCCESS
    async with db.merchant("demo") as tx:
        refund_id = await service.request_refund(tx, intent.id, fen, f"A{intent.id}", "x")
    await worker.drain(db)
    async with db.merchant("demo") as tx:
        return await tx.get_one(PaymentRefund, refund_id)


async def a_day(db: Db, wechat: FakeWeChat, travel: Travel) -> list[Move]:
    """Two payments with fees and a refund, as the trade bill tells them; the account's true moves."""
    one, two = await paid(db, wechat, 10_000), await paid(db, wechat, 5_000)
    back = await refunded(db, wechat, two, 2_000)
    assert one.transaction_id
    assert two.transaction_id
    assert back.refund_id
    async with db.merchant("demo") as tx:
        numbers = [(await attempts(tx, intent.id))[0].out_trade_no for intent in (one, two)]
    wechat.bill = trade_bill(
        {"transaction_id": one.transaction_id, "out_trade_no": numbers[0], "amount_fen": 10_000, "fee_fen": 60},
        {"transaction_id": two.transaction_id, "out_trade_no": numbers[1], "amount_fen": 5_000, "fee_fen": 30},
        {"transaction_id": two.transaction_id, "out_trade_no": numbers[1], "amount_fen": 2_000, "fee_fen": -12,
         "out_refund_no": back.out_refund_no, "refund_id": back.refund_id},
    )  # fmt: skip
    travel.move(timedelta(days=1))
    await service.fetch_bill(db, "demo", DAY)
    return [
        ("交易", one.transaction_id, 10_000),
        ("扣除交易手续费", one.transaction_id, -60),
        ("交易", two.transaction_id, 5_000),
        ("扣除交易手续费", two.transaction_id, -30),
        ("退款", back.refund_id, -1_988),
    ]


async def found(db: Db) -> set[tuple[str, str]]:
    """Open differences of fund bills: class and what they are about, without the number."""
    async with db.merchant("demo") as tx:
        rows = await tx.scalars(
            select(PaymentBreak).where(PaymentBreak.fund_id.is_not(None), PaymentBreak.closed_at.is_(None))
        )  # fmt: skip
        return {(row.kind.value, row.subject.split(":")[0]) for row in rows}


async def balance(db: Db, account: str) -> int:
    async with db.merchant("demo") as tx:
        return (await ledger.balance(tx, account)).balance_fen


async def test_a_day_that_agrees_has_no_difference_and_its_withdrawal_is_booked(
    db: Db, wechat: FakeWeChat, travel: Travel, staff_client: StaffClient
) -> None:
    moves = await a_day(db, wechat, travel)
    wechat.funds = fund_bill(*moves, ("提现", "w1", -6_000))
    for _ in range(2):
        await service.fetch_fund_bill(db, "demo", DAY)
    assert await found(db) == set()
    assert await balance(db, "bank") == 6_000
    assert await balance(db, "wechat:clearing") == sum(fen for _, _, fen in moves) - 6_000
    clerk = await staff_client([Permission.MONEY_READ])
    (run,) = (await clerk.get("/api/console/fund-bills")).json()["items"]
    assert (run["opening_fen"], run["closing_fen"], run["open_breaks"]) == (0, 6_922, 0)
    classes = {one["kind"]: one["amount_fen"] for one in run["classes"]}
    assert classes == {"pay": 15_000, "fee": -90, "refund": -1_988, "withdrawal": -6_000}
    async with db.merchant("demo") as tx:  # a bill from before its sums were kept with it
        with statements(db) as kept:
            (now,) = await queries.fund_bills(tx)
        await tx.execute(update(PaymentFundBill).values(sums=None))
        (before,) = await queries.fund_bills(tx)
    assert before.classes == now.classes
    assert len(kept) == 2
    whole = "first=2026-04-01&last=2026-04-30&by=month"
    line = (await clerk.get(f"/api/console/money-statement?{whole}")).json()["total"]
    assert (line["withdrawn_fen"], line["closing_fen"]) == (6_000, 6_922)
    assert await audit.run(db) == []


async def test_every_way_to_differ_is_named(db: Db, wechat: FakeWeChat, travel: Travel) -> None:
    one, one_fee, two, two_fee, back = await a_day(db, wechat, travel)
    strange: Move = ("交易", "4200000000", 777)
    wechat.funds = fund_bill(
        (one[0], one[1], 9_999), (one_fee[0], one_fee[1], -61), strange, two_fee,
        (back[0], back[1], -2_000), ("调账", "x", -5), ("提现", "w", -1), opening_fen=40,
    )  # fmt: skip
    await service.fetch_fund_bill(db, "demo", DAY)
    assert await found(db) == {
        ("amount", one[1]), ("fee", one[1]), ("theirs_only", "4200000000"), ("ours_only", two[1]),
        ("amount", "refund"), ("theirs_only", "fund"),
    }  # fmt: skip
    travel.move(timedelta(days=1))
    wechat.bill = None
    await service.fetch_bill(db, "demo", DAY + timedelta(days=1))
    wechat.funds = fund_bill(("提现", "w2", -10), opening_fen=12_345, day="2026-04-02")
    await service.fetch_fund_bill(db, "demo", DAY + timedelta(days=1))
    assert ("balance", "fund") in await found(db), "a jump between two days"
    assert [one.invariant for one in await audit.run(db)] == []


async def test_what_the_trade_bill_has_noted_is_not_noted_twice(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    """A refund made by hand on the merchant platform: one difference, to be written off once."""
    one = await paid(db, wechat, 10_000)
    assert one.transaction_id
    async with db.merchant("demo") as tx:
        number = (await attempts(tx, one.id))[0].out_trade_no
    charge = {"transaction_id": one.transaction_id, "out_trade_no": number}
    wechat.bill = trade_bill(
        charge | {"amount_fen": 10_000, "fee_fen": 60},
        charge
        | {"amount_fen": 500, "fee_fen": -3, "out_refund_no": "by-hand", "refund_id": "5001"},
        charge | {"amount_fen": 700, "fee_fen": -4, "out_refund_no": "other", "refund_id": "5002"},
    )
    travel.move(timedelta(days=1))
    await service.fetch_bill(db, "demo", DAY)
    moves: list[Move] = [
        ("交易", one.transaction_id, 10_000), ("扣除交易手续费", one.transaction_id, -60),
        ("退款", "5001", -497), ("退款", "5002", -700),
    ]  # fmt: skip
    wechat.funds = fund_bill(*moves)
    await service.fetch_fund_bill(db, "demo", DAY)
    async with db.merchant("demo") as tx:
        noted = await tx.execute(select(PaymentBreak.fund_id.is_(None), PaymentBreak.theirs_fen))
        found = sorted((bool(trade), fen) for trade, fen in noted)
    assert found == [(False, 700), (True, 500), (True, 700)], "the fee of one did not come back"


@pytest.mark.parametrize("lost", [0, 7])
async def test_days_are_joined_whenever_they_come(
    db: Db, wechat: FakeWeChat, travel: Travel, lost: int
) -> None:
    """Nothing moved on the third of four days; what another system took on the second is seen at its end."""
    day, jumps = [DAY + timedelta(days=later) for later in range(4)], []
    bills = {
        0: fund_bill(("提现", "w", -20), opening_fen=100, day=f"{day[0]}"),
        1: fund_bill(("提现", "w", -20), opening_fen=80, day=f"{day[1]}"),
        3: fund_bill(("提现", "w", -20), opening_fen=60 - lost, day=f"{day[3]}"),
    }
    for later in (0, 3, 1, 2):
        wechat.funds = bills.get(later)
        await service.fetch_fund_bill(db, "demo", day[later])
        jumps.append(("balance", "fund") in await found(db))
    assert jumps == [False, False, False, bool(lost)]


async def test_a_person_answers_for_a_difference_and_only_what_needs_no_booking_closes(
    db: Db, wechat: FakeWeChat, travel: Travel, staff_client: StaffClient
) -> None:
    moves = await a_day(db, wechat, travel)
    wechat.funds = fund_bill(*moves[1:], ("调账", "x", -5))
    await service.fetch_fund_bill(db, "demo", DAY)
    boss = await staff_client([Permission.MONEY_READ, Permission.ORDERS_REFUND])
    listed = (await boss.get("/api/console/bill-breaks?closed=false")).json()["items"]
    shown = {one["kind"]: one for one in listed if one["fund"]}
    assert shown["ours_only"]["order_no"], "the order it is about"
    assert shown["theirs_only"]["transaction_id"] is None
    way = "/api/console/bill-breaks/{}/decide"
    take = {"decision": "take", "note": "我来查"}
    assert (await boss.post(way.format(shown["ours_only"]["id"]), json=take)).status_code == 200
    close = {"decision": "close", "note": "平台调账 5 分"}
    stands = await boss.post(way.format(shown["ours_only"]["id"]), json=close)
    assert stands.json()["error"]["code"] == "payments.break_stands"
    assert (await boss.post(way.format(shown["theirs_only"]["id"]), json=close)).status_code == 200
    travel.move(timedelta(days=1))
    wechat.bill = None
    await service.fetch_bill(db, "demo", DAY + timedelta(days=1))
    wechat.funds = fund_bill(moves[0], day="2026-04-02")
    await service.fetch_fund_bill(db, "demo", DAY + timedelta(days=1))
    assert ("ours_only", str(moves[0][1])) not in await found(db), "the next day's bill had it"


async def test_a_withdrawal_booked_under_another_key_is_caught(
    db: Db, wechat: FakeWeChat, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: the key forgets the flow's number, so the second withdrawal is lost."""
    right = rules.withdrawn

    def forgetful(mchid: str, line: FundLine) -> Transfer:
        return replace(right(mchid, line), key=f"fund:{mchid}", amount_fen=100, reference="x")

    monkeypatch.setattr(rules, "withdrawn", forgetful)
    moves = await a_day(db, wechat, travel)
    wechat.funds = fund_bill(*moves, ("提现", "w1", -100), ("提现", "w2", -100))
    await service.fetch_fund_bill(db, "demo", DAY)
    assert "P3.funds" in [one.invariant for one in await audit.run(db)]
    async with db.merchant("demo") as tx:
        kept = await tx.scalars(select(PaymentFundLine.kind))
        assert list(kept).count(FundKind.WITHDRAWAL) == 2
