"""Money moved by hand: one asks, another decides, and it moves once. Each guard with a planted bug."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import StaffClient
from tests.payments.bills import trade_bill
from tests.payments.factories import FakeWeChat, attempts, paid, settle
from tiefen.kernel import audit, worker
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.ledger import service as ledger
from tiefen.payments import queries, rules, service
from tiefen.payments.errors import BadMove, MoveDecided, NotTheAsker, SecondPersonNeeded
from tiefen.payments.service import moves
from tiefen.payments.values import Decision, MoveDecision, MoveKind, MoveState, Wish
from tiefen.team.values import Permission

ASKER, SECOND, THIRD = (
    StaffActor(number, name, frozenset())
    for number, name in ((1, "王店长"), (2, "李会计"), (3, "赵出纳"))
)
WRITE_OFF = Wish(MoveKind.WRITE_OFF, "商户平台手工退款", amount_fen=500)


async def asked(db: Db, wish: Wish = WRITE_OFF) -> int:
    async with db.merchant("demo") as tx:
        return await service.ask_move(tx, ASKER, wish)


async def decide(
    db: Db, actor: StaffActor, move_id: int, decision: MoveDecision = MoveDecision.APPROVE
) -> None:
    async with db.merchant("demo") as tx:
        await service.decide_move(tx, actor, move_id, decision, "核对过了")


async def balances(db: Db) -> tuple[int, int]:
    async with db.merchant("demo") as tx:
        held = await ledger.balance(tx, "wechat:clearing")
        lost = await ledger.balance(tx, "expense:write_off")
    return held.balance_fen, lost.balance_fen


async def breaches(db: Db) -> list[str]:
    return [one.invariant for one in await audit.run(db)]


async def test_nothing_moves_until_a_second_person_says_so(db: Db) -> None:
    move_id = await asked(db)
    assert await balances(db) == (0, 0)
    with pytest.raises(SecondPersonNeeded):
        await decide(db, ASKER, move_id)
    with pytest.raises(SecondPersonNeeded):
        await decide(db, ASKER, move_id, MoveDecision.REFUSE)
    with pytest.raises(NotTheAsker):
        await decide(db, SECOND, move_id, MoveDecision.WITHDRAW)
    await decide(db, SECOND, move_id)
    assert await balances(db) == (-500, 500)
    with pytest.raises(MoveDecided):
        await decide(db, THIRD, move_id)
    async with db.merchant("demo") as tx:
        (move,) = await queries.moves(tx)
        actions = list(await tx.scalars(text("SELECT action FROM audit_entry ORDER BY seq")))
    assert (move.state, move.asked_by, move.decided_by) == (
        MoveState.APPROVED,
        "王店长",
        "李会计",
    )
    assert actions == ["payments.move_ask", "payments.move_approve"]
    assert await breaches(db) == []


@pytest.mark.parametrize("decision", [MoveDecision.REFUSE, MoveDecision.WITHDRAW])
async def test_refused_or_taken_back_it_never_moves(db: Db, decision: MoveDecision) -> None:
    move_id = await asked(db)
    await decide(db, ASKER if decision is MoveDecision.WITHDRAW else SECOND, move_id, decision)
    with pytest.raises(MoveDecided):
        await decide(db, THIRD, move_id)
    assert await balances(db) == (0, 0)
    assert await breaches(db) == []


async def rush(db: Db, move_id: int) -> Counter[str]:
    """Two approvers, one who refuses, and who asked, sixteen times at once."""

    async def one(actor: StaffActor, decision: MoveDecision) -> str:
        try:
            await decide(db, actor, move_id, decision)
        except Refusal as refusal:
            return refusal.code
        return "done"

    yes, no = MoveDecision.APPROVE, MoveDecision.REFUSE
    hands = [(SECOND, yes), (THIRD, yes), (THIRD, no), (ASKER, yes)] * 4
    return Counter(await asyncio.gather(*(one(*hand) for hand in hands)))


async def test_two_approvers_at_once_are_one_effect(db: Db) -> None:
    for _ in range(5):
        before = await balances(db)
        move_id = await asked(db)
        outcomes = await rush(db, move_id)
        assert outcomes["done"] == 1, outcomes
        assert set(outcomes) <= {"done", "payments.move_decided", "payments.second_person_needed"}
        async with db.merchant("demo") as tx:
            (move, *_) = await queries.moves(tx)
        moved = 500 if move.state is MoveState.APPROVED else 0
        assert await balances(db) == (before[0] - moved, before[1] + moved)
    assert await breaches(db) == []


async def test_control_without_the_guard_the_rush_shows_it(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: whoever comes decides, whatever was decided before, and also who asked."""
    unguarded = moves.DECIDE.text.replace("AND state = 'waiting'", "").replace(
        moves.SECOND_PERSON, "true"
    )
    monkeypatch.setattr(moves, "DECIDE", text(unguarded))
    move_id = await asked(db)
    with pytest.raises(Exception, match="second_person"):  # the constraint holds the line
        await decide(db, ASKER, move_id)
    for actor, decision in ((SECOND, MoveDecision.APPROVE), (THIRD, MoveDecision.REFUSE)):
        await decide(db, actor, move_id, decision)
    assert "M6-moves" in await breaches(db), "refused, but in the ledger"


@pytest.mark.parametrize(
    "wish",
    [
        Wish(MoveKind.WRITE_OFF, "无"),
        Wish(MoveKind.WRITE_OFF, "负", amount_fen=-1),
        Wish(MoveKind.WRITE_OFF, "挂账", suspense_id=1, amount_fen=5),
        Wish(MoveKind.SUSPENSE_KEEP, "没有挂账"),
        Wish(MoveKind.ADJUSTMENT, "同一账户", debit="revenue:other", credit="revenue:other", amount_fen=5),
        Wish(MoveKind.ADJUSTMENT, "挂账户", debit="suspense", credit="revenue:other", amount_fen=5),
        Wish(MoveKind.ADJUSTMENT, "粉丝", debit="fan:1:principal", credit="revenue:other", amount_fen=5),
        Wish(MoveKind.ADJUSTMENT, "没有", debit="nowhere", credit="revenue:other", amount_fen=5),
    ],
)  # fmt: skip
async def test_what_may_not_be_moved_by_hand_is_refused(db: Db, wish: Wish) -> None:
    with pytest.raises(BadMove):
        await asked(db, wish)


async def test_every_pair_of_adjustable_accounts_may_be_asked_for_and_adds_up(db: Db) -> None:
    for debit in rules.ADJUSTABLE:
        for credit in set(rules.ADJUSTABLE) - {debit}:
            wish = Wish(MoveKind.ADJUSTMENT, "改记", debit=debit, credit=credit, amount_fen=7)
            await decide(db, SECOND, await asked(db, wish))
    assert await balances(db) == (0, 0)
    assert await breaches(db) == []


async def test_a_rule_that_was_faster_wins_over_a_late_approval(db: Db, wechat: FakeWeChat) -> None:
    await settle(db, wechat.charge("P-nobody", total_fen=500))
    await worker.drain(db)
    async with db.merchant("demo") as tx:
        (line,) = await queries.suspense(tx)
        await service.resolve(tx, ASKER, line.id, Decision.KEEP, "旧商城的订单")
        (move,) = await queries.moves(tx)
        await tx.execute(text("UPDATE payment_suspense SET state = 'refunding'"))
    with pytest.raises(Refusal) as refused:
        await decide(db, SECOND, move.id)
    assert refused.value.code == "payments.suspense_decided"
    async with db.merchant("demo") as tx:
        (move,) = await queries.moves(tx)
        await tx.execute(text("UPDATE payment_suspense SET state = 'open'"))
    assert move.state is MoveState.WAITING
    await decide(db, SECOND, move.id)
    assert await breaches(db) == []


async def test_a_difference_is_assigned_noted_and_settled_by_a_write_off(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient, travel: Travel
) -> None:
    same, ours = await paid(db, wechat), await paid(db, wechat)
    async with db.merchant("demo") as tx:
        number = (await attempts(tx, same.id))[0].out_trade_no
    wechat.bill = trade_bill({"transaction_id": same.transaction_id, "out_trade_no": number,
                              "amount_fen": 100, "fee_fen": 1})  # fmt: skip
    await service.fetch_bill(db, "demo", travel.now.date())
    async with db.merchant("demo") as tx:
        (found,) = await queries.breaks(tx)
    break_id = found.id
    assert found.transaction_id == ours.transaction_id
    boss = await staff_client([Permission.MONEY_READ, Permission.ORDERS_REFUND])
    path = f"/api/console/bill-breaks/{break_id}"
    totals = (await boss.get("/api/console/bill-breaks/totals")).json()["items"]
    assert len(totals) == 6
    (open_one,) = [one for one in totals if one["count"]]
    assert (open_one["kind"], open_one["unowned"]) == ("ours_only", 1)

    async def say(**body: Any) -> Any:
        return await boss.post(f"{path}/decide", json=body)

    nobody = await say(decision="assign", note="请跟进", owner_id=999)
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (422, "payments.owner_unknown")
    assert (await say(decision="note", note="平台上查过了")).status_code == 200
    assert (await say(decision="take", note="由我来")).status_code == 200
    assert (await say(decision="close", note="算了")).status_code == 409
    notes = (await boss.get(f"{path}/notes")).json()
    assert [one["words"] for one in notes] == ["平台上查过了", "由我来"]
    fen = open_one["amount_fen"]
    wish = {
        "kind": "write_off",
        "reason": "微信确认没有这笔",
        "break_id": break_id,
        "amount_fen": fen,
    }
    assert (await boss.post("/api/console/money-moves", json=wish)).status_code == 200
    async with db.merchant("demo") as tx:
        (move,) = await queries.moves(tx)
    await decide(db, SECOND, move.id)
    (closed,) = (await boss.get("/api/console/bill-breaks?closed=true")).json()["items"]
    assert (closed["id"], closed["answer"]) == (break_id, "微信确认没有这笔")
    bill = (await boss.get("/api/console/bills")).json()["items"][0]
    proof = (await boss.get(f"/api/console/bills/{bill['id']}/proof")).json()
    assert proof["lines"] == proof["agree"]
    assert proof["proven"] is True
    assert (await boss.get("/api/console/bills/999/proof")).status_code == 404
    assert await breaches(db) == []
