"""The merchant's statement: what WeChat held for them, what came, what went, period by period."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan, yuan_number
from tiefen.kernel.pdf import Paper
from tiefen.kernel.sheets import write_xlsx
from tiefen.ledger import service as ledger
from tiefen.ledger.errors import PeriodBackwards, PeriodTooLong
from tiefen.ledger.values import By
from tiefen.payments import rules
from tiefen.payments.values import Statement, StatementLine
from tiefen.team import service as team

MOST = {By.DAY: 366, By.MONTH: 60}
"""Periods of one statement."""
HEAD = ("期间", "期初余额", "订单收款", "收款码", "挂账收款", "退款", "挂账退回", "手续费", "提现",
        "其他", "期末余额", "期末挂账")  # fmt: skip
A4_ACROSS = (297.0, 210.0)
MARGIN, WIDE, ROW = 12.0, 22.75, 6.2


async def statement(tx: Tx, first: date, last: date, by: By) -> Statement:
    """The merchant's money at WeChat from the day `first` to the day `last`, by day or month.

    Months are whole. Every figure is the ledger's own: opening, what moved, closing.
    Raises PeriodBackwards, PeriodTooLong.
    """
    if last < first:
        raise PeriodBackwards(field="last")
    days = rules.periods(first, last, by)
    if len(days) > MOST[by]:
        raise PeriodTooLong(most=str(MOST[by]), field="first")
    since, until = days[0], _after(days[-1], by)
    just_before = datetime.combine(since, time(), CHINA) - timedelta(microseconds=1)
    return rules.statement(
        days,
        (await ledger.balance(tx, "wechat:clearing", at=just_before)).balance_fen,
        (await ledger.balance(tx, "suspense", at=just_before)).balance_fen,
        await ledger.movements(tx, "wechat:clearing", since, until, by),
        await ledger.movements(tx, "suspense", since, until, by),
    )


async def statement_file(
    tx: Tx, actor: StaffActor, first: date, last: date, by: By, *, pdf: bool
) -> bytes:
    """The statement to print or to open as a table; the audit log keeps who took it."""
    made = await statement(tx, first, last, by)
    await team.record_audit(
        tx,
        actor,
        "payments.statement",
        f"statement:{first}:{last}",
        after={"by": by.value, "closing_fen": made.total.closing_fen},
    )
    if pdf:
        at = tx.now.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        return await asyncio.to_thread(_drawn, made, first, last, by, at)
    rows = [HEAD, *(_row(line, by, yuan_number) for line in made.lines),
            ("合计", *_row(made.total, by, yuan_number)[1:])]  # fmt: skip
    return await asyncio.to_thread(write_xlsx, "对账单", rows)


def _after(day: date, by: By) -> date:
    if by is By.DAY:
        return day + timedelta(days=1)
    return (day + timedelta(days=32)).replace(day=1)


def _row(line: StatementLine, by: By, write: Callable[[int], object]) -> tuple[object, ...]:
    period = line.period if by is By.DAY else line.period.strftime("%Y-%m")
    return (
        period,
        write(line.opening_fen),
        write(line.orders_fen),
        write(line.counter_fen),
        write(line.suspense_fen),
        write(-line.refunds_fen),
        write(-line.suspense_back_fen),
        write(-line.fees_fen),
        write(-line.withdrawn_fen),
        write(line.other_fen),
        write(line.closing_fen),
        write(line.suspense_held_fen),
    )


def _drawn(made: Statement, first: date, last: date, by: By, at: str) -> bytes:
    paper = Paper(*A4_ACROSS)
    paper.text(MARGIN, 12, 6, "商户资金对账单")
    paper.text(MARGIN, 20, 3.4, f"{first} 至 {last} · 微信支付账户 · 单位：元 · 制表时间 {at}")
    y = _drawn_row(paper, 28.0, HEAD)
    paper.rule(MARGIN, y - 1, WIDE * len(HEAD))
    for line in made.lines:
        if y > 185:
            paper.next_page()
            y = _drawn_row(paper, 14.0, HEAD)
            paper.rule(MARGIN, y - 1, WIDE * len(HEAD))
        y = _drawn_row(paper, y, _row(line, by, yuan))
    paper.rule(MARGIN, y, WIDE * len(HEAD))
    y = _drawn_row(paper, y + 1.5, ("合计", *_row(made.total, by, yuan)[1:]))
    words = "期初余额 + 收款 − 退款 − 手续费 − 提现 + 其他 = 期末余额；全部数字取自复式账本，账本只增不改。"
    paper.text(MARGIN, y + 4, 3.2, words)
    return paper.save()


def _drawn_row(paper: Paper, y: float, cells: tuple[object, ...]) -> float:
    for place, cell in enumerate(map(str, cells)):
        x = MARGIN + WIDE * place
        if place:  # amounts end at the right edge of their column
            x += WIDE - 2 - paper.width(cell, 3.3)
        paper.text(x, y, 3.3, cell, wide=WIDE)
    return y + ROW
