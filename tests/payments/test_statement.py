"""The merchant's statement equals the ledger to the fen, however money moved and however it is cut."""

import io
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from tests.conftest import StaffClient
from tiefen.kernel import sheets
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.ledger.rules import SUMMARIES
from tiefen.ledger.service import posting
from tiefen.ledger.values import By, Transfer
from tiefen.payments import rules, service
from tiefen.payments.values import Statement
from tiefen.team.values import Permission

CLEARING = "wechat:clearing"
FIRST = date(2026, 3, 30)
DAYS = 40
MOVES: tuple[tuple[str, str, str], ...] = (
    (CLEARING, "orders:unearned", "payment.succeeded"),
    (CLEARING, "orders:unearned", "payment.succeeded"),
    (CLEARING, "suspense", "payment.suspended"),
    ("orders:unearned", CLEARING, "payment.refunded"),
    ("revenue:goods", CLEARING, "payment.refunded"),
    ("suspense", CLEARING, "payment.refunded"),
    ("suspense", "revenue:other", "payment.suspense_kept"),
    ("orders:unearned", "revenue:goods", "payment.earned"),
    ("expense:payment_fee", CLEARING, "payment.fee"),
    (CLEARING, "expense:payment_fee", "payment.fee_returned"),
    ("expense:write_off", CLEARING, "money.write_off"),
    (CLEARING, "revenue:other", "money.adjustment"),
)


async def a_life(db: Db, travel: Travel, seed: int) -> None:
    """Some weeks of money: first enough of each, then anything, at any hour of the merchant's days."""
    chance = Random(seed)
    moments = sorted(chance.uniform(0, DAYS * 24) for _ in range(60))
    start = datetime.combine(FIRST, time(), CHINA)
    for number, hours in enumerate(moments):
        travel.now = start + timedelta(hours=hours)
        debit, credit, code = MOVES[number % 3] if number < 6 else chance.choice(MOVES)
        amount = 9_999_999 if number < 6 else chance.choice([1, 3, 99, 100, 1_990, 123_456])
        async with db.merchant("demo") as tx:
            await ledger.post(tx, [Transfer(debit, credit, amount, code, "R", f"k{number}")])


async def check(db: Db, made: Statement, by: By) -> None:
    """Each line opens where the last one closed and closes at what the ledger held at its end."""
    opening = made.lines[0].opening_fen
    for line in made.lines:
        assert line.opening_fen == opening
        opening = line.closing_fen
        came = line.orders_fen + line.suspense_fen + line.other_fen
        went = line.refunds_fen + line.suspense_back_fen + line.fees_fen
        assert line.opening_fen + came - went == line.closing_fen
        after = line.period + timedelta(days=1)
        if by is By.MONTH:
            after = (line.period + timedelta(days=32)).replace(day=1)
        end = datetime.combine(after, time(), CHINA) - timedelta(microseconds=1)
        async with db.merchant("demo") as tx:
            held = (await ledger.balance(tx, CLEARING, at=end)).balance_fen
            waiting = (await ledger.balance(tx, "suspense", at=end)).balance_fen
        assert (line.closing_fen, line.suspense_held_fen) == (held, waiting), line.period
    total = made.total
    assert (total.opening_fen, total.closing_fen) == (made.lines[0].opening_fen, opening)
    for name in ("orders_fen", "suspense_fen", "refunds_fen", "suspense_back_fen", "fees_fen", "other_fen"):  # fmt: skip
        assert getattr(total, name) == sum(getattr(line, name) for line in made.lines)


@pytest.mark.parametrize("seed", range(3))
async def test_every_line_is_the_ledgers_own_by_day_and_by_month(
    db: Db, travel: Travel, seed: int
) -> None:
    await a_life(db, travel, seed)
    chance = Random(seed + 100)
    for by in By:
        first = FIRST + timedelta(days=chance.randint(0, 20))
        last = first + timedelta(days=chance.randint(0, 25))
        async with db.merchant("demo") as tx:
            made = await service.statement(tx, first, last, by)
        await check(db, made, by)


@pytest.mark.parametrize("bug", ["days of Greenwich", "a kind forgotten", "opens a day late"])
async def test_control_a_wrong_statement_would_be_caught(
    db: Db, travel: Travel, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    await a_life(db, travel, 1)
    if bug == "days of Greenwich":
        cut = posting._MOVEMENTS.text.replace("'Asia/Shanghai'", "'UTC'")
        monkeypatch.setattr(posting, "_MOVEMENTS", text(cut))
    elif bug == "a kind forgotten":
        real = ledger.movements

        async def most(*of: Any) -> Any:
            return [one for one in await real(*of) if one.code != "payment.fee"]

        monkeypatch.setattr(ledger, "movements", most)
    else:
        monkeypatch.setattr(
            rules, "statement",
            lambda days, opening, held, moves, others, real=rules.statement: real(
                days, opening + 1, held, moves, others),
        )  # fmt: skip
    async with db.merchant("demo") as tx:
        made = await service.statement(tx, FIRST, FIRST + timedelta(days=DAYS), By.DAY)
    with pytest.raises(AssertionError):
        await check(db, made, By.DAY)


async def test_the_pages_and_files_say_the_same(
    db: Db, travel: Travel, staff_client: StaffClient
) -> None:
    await a_life(db, travel, 2)
    clerk = await staff_client([Permission.MONEY_READ])
    query = "first=2026-04-01&last=2026-04-30&by=day"
    shown = (await clerk.get(f"/api/console/money-statement?{query}")).json()
    assert len(shown["lines"]) == 30
    table = await clerk.get(f"/api/console/money-statement/file?{query}&form=xlsx")
    rows = sheets.read(table.content)
    closing = shown["total"]["closing_fen"]
    assert (rows[0][0], rows[-1][0]) == ("期间", "合计")
    assert round(float(rows[-1][10]) * 100) == closing
    sheet = load_workbook(io.BytesIO(table.content)).active
    assert sheet.freeze_panes == "A2"
    assert {cell.number_format for cell in sheet["A"][1:-1]} == {"yyyy-mm-dd"}
    assert all(cell.is_date for cell in sheet["A"][1:-1])
    amounts = [cell for row in sheet.iter_rows(min_row=2, min_col=2) for cell in row]
    assert {(cell.data_type, cell.number_format) for cell in amounts} == {("n", "0.00")}
    paper = await clerk.get(f"/api/console/money-statement/file?{query}&form=pdf")
    assert paper.content.startswith(b"%PDF")
    for wrong in (
        "first=2026-04-02&last=2026-04-01",
        "first=2020-01-01&last=2026-04-01",
        "first=x&last=y",
    ):
        assert (await clerk.get(f"/api/console/money-statement?{wrong}")).status_code == 422
    nobody = await staff_client([Permission.ORDERS_READ])
    assert (await nobody.get(f"/api/console/money-statement?{query}")).status_code == 403


async def test_the_journal_is_double_entry_and_its_seal_stays(
    db: Db, travel: Travel, staff_client: StaffClient
) -> None:
    await a_life(db, travel, 3)
    async with db.merchant("demo") as tx:
        await ledger.post(
            tx, [Transfer("points:issued", "fan:1:points", 5, "points.given", "R", "p1")]
        )
    clerk = await staff_client([Permission.MONEY_READ])
    path = "/api/console/ledger/journal?first=2026-04-01&last=2026-04-20&form="
    table = await clerk.get(path + "xlsx")
    rows = sheets.read(table.content)
    entries = [row for row in rows[1:] if row and row[0].startswith("2026")]
    debits, credited = ([float(row[place]) for row in entries if row[place]] for place in (5, 6))
    assert len(debits) == len(credited) == len(entries) / 2 > 5
    assert round(sum(debits) * 100) == round(sum(credited) * 100)
    assert all(row[3] for row in entries), "every line has an account number; points are no money"
    assert {row[2] for row in entries} <= set(SUMMARIES.values()), "words, not our codes"
    said = {row[0]: row[1] for row in rows[-5:]}
    assert said["锁定"].startswith("已锁定")
    assert (await clerk.get(path + "csv")).text.splitlines()[-1] == f"校验码,{said['校验码']}"
    travel.now += timedelta(days=3)
    async with db.merchant("demo") as tx:
        await ledger.post(
            tx, [Transfer(CLEARING, "revenue:other", 7, "money.adjustment", "R", "later")]
        )
    clerk = await staff_client([Permission.MONEY_READ])
    assert (await clerk.get(path + "csv")).text.splitlines()[-1] == f"校验码,{said['校验码']}"
    now = travel.now.astimezone(CHINA).date()
    growing = (await clerk.get(f"/api/console/ledger/journal?first={now}&last={now}&form=csv")).text
    assert "未锁定" in growing


async def test_the_browser_filters_by_account_day_and_reference_and_exports_with_the_balance(
    db: Db, travel: Travel, staff_client: StaffClient
) -> None:
    await a_life(db, travel, 4)
    clerk = await staff_client([Permission.MONEY_READ])
    path = "/api/console/ledger/transfers"
    query = f"account={CLEARING}&first=2026-04-01&last=2026-04-20&limit=100"
    items = (await clerk.get(f"{path}?{query}")).json()["items"]
    assert items
    for one in items:
        assert CLEARING in (one["debit"], one["credit"])
        assert (
            date(2026, 4, 1)
            <= datetime.fromisoformat(one["posted_at"]).astimezone(CHINA).date()
            <= date(2026, 4, 20)
        )
    async with db.merchant("demo") as tx:
        end = datetime.combine(date(2026, 4, 21), time(), CHINA) - timedelta(microseconds=1)
        held = (await ledger.balance(tx, CLEARING, at=end)).balance_fen
    newest = items[0]
    side = "debit" if newest["debit"] == CLEARING else "credit"
    assert newest[f"{side}_balance_fen"] == held
    lines = (await clerk.get(f"{path}/file?{query}&form=csv")).text.splitlines()
    assert len(lines) == len(items) + 1
    assert round(float(lines[1].rsplit(",", 1)[1]) * 100) == held
    assert (await clerk.get(f"{path}?reference=nothing")).json()["items"] == []
    liabilities = (await clerk.get("/api/console/ledger/accounts?kind=liability")).json()["items"]
    assert {one["name"] for one in liabilities} == {"orders:unearned", "suspense"}
    assert {one["number"] for one in liabilities} == {"2203.01", "2241.01"}
