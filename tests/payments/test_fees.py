"""Fees of the bill in the ledger: once a bill, given back by the inverse, whatever fails on the way."""

import asyncio
import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from tests.conftest import StaffClient
from tests.payments.bills import trade_bill
from tests.payments.factories import FakeWeChat, attempts, paid
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.ledger.values import Transfer
from tiefen.payments import rules, service
from tiefen.payments.models import PaymentBill, PaymentBillLine
from tiefen.payments.service import fees
from tiefen.payments.values import LineKind
from tiefen.team.values import Permission

AT = datetime(2026, 4, 2, 3, tzinfo=UTC)


async def a_bill(db: Db, fees_fen: list[int]) -> None:
    """A bill whose fees nobody has posted, as one from before fees were posted."""
    async with db.merchant("demo") as tx:
        bill = PaymentBill(
            mchid="1900000009",
            bill_date=date(2026, 4, 1),
            sha1="",
            lines=len(fees_fen),
            paid_fen=0,
            refunded_fen=0,
            fee_fen=sum(fees_fen),
            fetched_at=AT,
        )
        tx.add(bill)
        await tx.flush()
        tx.add_all(
            PaymentBillLine(
                bill_id=bill.id,
                line=line,
                kind=LineKind.PAY,
                transaction_id=f"T{line}",
                out_trade_no=f"P{line}",
                amount_fen=100,
                fee_fen=fee_fen,
                state="SUCCESS",
                at=AT,
            )
            for line, fee_fen in enumerate(fees_fen, 1)
        )


async def spent(db: Db) -> tuple[int, int]:
    """What fees cost so far, and what they took from the money WeChat holds."""
    async with db.merchant("demo") as tx:
        cost = await ledger.balance(tx, "expense:payment_fee")
        held = await ledger.balance(tx, "wechat:clearing")
    return cost.balance_fen, held.balance_fen


async def fee_breaches(db: Db) -> list[str]:
    return [one.invariant for one in await audit.run(db) if one.invariant == "P3.fees"]


@pytest.mark.parametrize("seed", range(4))
async def test_every_fee_is_posted_once_whatever_stops_and_whoever_runs(
    db: Db, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    fees_fen = [chance.choice([0, 1, 6, 60, 300, -1, -45]) for _ in range(chance.randint(1, 23))]
    await a_bill(db, fees_fen)
    stops = chance.randint(0, 2)

    def stop(_: str) -> None:
        nonlocal stops
        stops -= 1
        if stops >= 0:
            raise RuntimeError("the process died")

    monkeypatch.setattr(fees, "failpoint", stop)
    runs = [fees.post_fees(db, "demo") for _ in range(3)]
    await asyncio.gather(*runs, return_exceptions=True)
    await fees.post_fees(db, "demo")
    await fees.post_fees(db, "demo")
    assert await spent(db) == (sum(fees_fen), -sum(fees_fen))
    assert await fee_breaches(db) == []


@pytest.mark.parametrize("bug", ["not inverse", "another bill", "marked too early", "twice"])
async def test_planted_bugs_are_caught(db: Db, monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    await a_bill(db, [60, -45, 6])
    real = rules.fee_postings
    if bug == "not inverse":
        monkeypatch.setattr(
            rules,
            "fee_postings",
            lambda bill, mchid, day, charged, back: real(bill, mchid, day, charged + back, 0),
        )
    elif bug == "another bill":
        monkeypatch.setattr(rules, "fee_postings", lambda bill, *of: real(bill + 1_000, *of))
    elif bug == "twice":
        monkeypatch.setattr(
            rules,
            "fee_postings",
            lambda bill, *of: [*real(bill, *of), *real(bill + 1_000, *of)],
        )
    else:
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE payment_bill SET fees_posted_at = now()"))
    await fees.post_fees(db, "demo")
    assert "P3.fees" in await fee_breaches(db)


async def test_a_bill_half_booked_line_by_line_is_finished_whole(db: Db) -> None:
    """As an older version left it when it was stopped in the middle."""
    await a_bill(db, [60, -45, 6])
    async with db.merchant("demo") as tx:
        first = await tx.scalar(text("SELECT id FROM payment_bill_line WHERE line = 1"))
        await ledger.post(
            tx,
            [
                Transfer(
                    "expense:payment_fee",
                    "wechat:clearing",
                    60,
                    "payment.fee",
                    "T1",
                    f"fee:{first}",
                )
            ],
        )
    assert await fee_breaches(db) == []
    await fees.post_fees(db, "demo")
    assert await spent(db) == (21, -21)
    assert await fee_breaches(db) == []


@pytest.mark.usefixtures("travel")
async def test_a_fetched_bill_posts_its_fees_and_the_page_adds_them_up(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    done = await paid(db, wechat)
    async with db.merchant("demo") as tx:
        number = (await attempts(tx, done.id))[0].out_trade_no
    line = {
        "transaction_id": done.transaction_id,
        "out_trade_no": number,
        "amount_fen": 100,
        "fee_fen": 1,
    }
    wechat.bill = trade_bill(line)
    await service.fetch_bill(db, "demo", date(2026, 4, 1))
    await service.fetch_bill(db, "demo", date(2026, 4, 1))
    assert await spent(db) == (1, 99)
    reader = await staff_client([Permission.MONEY_READ])
    told = (await reader.get("/api/console/bills")).json()
    assert (told["paid_fen"], told["fee_fen"], told["open_breaks"]) == (100, 1, 0)
    assert told["items"][0]["fees_posted_at"]
    assert await audit.run(db) == []
