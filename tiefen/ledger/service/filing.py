"""The books as files: transfers as they are, and journal entries as an accountant enters them."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA, china_time
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan_number as yuan
from tiefen.kernel.sheets import write_csv, write_xlsx
from tiefen.ledger import queries, rules
from tiefen.ledger.errors import PeriodBackwards, PeriodTooLong
from tiefen.ledger.queries import TransferLine
from tiefen.ledger.values import Asset
from tiefen.team import service as team

MOST = 50_000
"""Transfers of one file: what a spreadsheet still opens, and memory holds."""
TRANSFERS_HEAD = ("时间", "编号", "借方账户", "贷方账户", "金额", "资产", "事由", "单据",
                  "冲正编号", "账户余额")  # fmt: skip
JOURNAL_HEAD = ("日期", "凭证号", "摘要", "科目编码", "科目名称", "借方金额", "贷方金额", "单据")


async def transfers_file(
    tx: Tx,
    actor: StaffActor,
    *,
    account: str | None,
    reference: str | None,
    since: datetime | None,
    until: datetime | None,
    xlsx: bool,
) -> bytes:
    """What the browser shows as a file, newest first. Raises PeriodTooLong."""
    found = await queries.transfers(
        tx, account=account, reference=reference, since=since, until=until, limit=MOST
    )
    _fits(found)
    await team.record_audit(
        tx,
        actor,
        "ledger.export",
        "ledger:transfers",
        after={"account": account, "reference": reference, "rows": len(found)},
    )
    rows = [TRANSFERS_HEAD, *(_transfer(line, account) for line in found)]
    return await asyncio.to_thread(_written, "分录", rows, xlsx)


async def journal_file(tx: Tx, actor: StaffActor, first: date, last: date, *, xlsx: bool) -> bytes:
    """Journal entries of some days, double entry with account numbers, and a note on the period.

    Raises PeriodBackwards, PeriodTooLong.
    """
    if last < first:
        raise PeriodBackwards(field="last")
    since, until = (
        datetime.combine(first, time(), CHINA),
        datetime.combine(last + timedelta(days=1), time(), CHINA),
    )
    found = await queries.journal(tx, since, until, MOST)
    _fits(found)
    await team.record_audit(
        tx,
        actor,
        "ledger.journal",
        f"ledger:{first}:{last}",
        after={"entries": len(found)},
    )
    return await asyncio.to_thread(
        lambda: _written("凭证", [*journal(found), *note(found, first, last, tx.now)], xlsx)
    )


def journal(found: Sequence[TransferLine]) -> list[Sequence[object]]:
    """The head and two lines an entry: what is debited, what is credited, the same amount."""
    rows: list[Sequence[object]] = [JOURNAL_HEAD]
    for line in found:
        day = line.posted_at.astimezone(CHINA).date()
        amount = yuan(line.amount_fen)
        for account, debit, credit in ((line.debit, amount, ""), (line.credit, "", amount)):
            entry = rules.entry_of(account)
            rows.append((
                day, line.id, rules.SUMMARIES.get(line.code, line.code), entry.number if entry else "",
                f"{entry.zh if entry else account}（{account}）", debit, credit, line.reference,
            ))  # fmt: skip
    return rows


def note(
    found: Sequence[TransferLine], first: date, last: date, now: datetime
) -> list[Sequence[object]]:
    """What an accountant must know of the period: sums, whether it can still grow, and a seal.

    Transfers are never changed and are dated by the database's clock, so a period that is over is
    locked by itself: a correction is a new entry of a later day. The seal is over every entry's
    number, accounts, amount and time: the same period taken again later has the same one.
    """
    total = yuan(sum(line.amount_fen for line in found))
    over = now >= datetime.combine(last + timedelta(days=1), time(), CHINA)
    state = (
        "已锁定：分录只增不改，本期已结束，不会再有新的分录；更正记在更正当天"
        if over
        else "未锁定：本期尚未结束，之后还会有新的分录"
    )
    seal = hashlib.sha256(
        "".join(
            f"{line.id}|{line.debit}|{line.credit}|{line.amount_fen}|{line.posted_at.isoformat()};"
            for line in found
        ).encode()
    ).hexdigest()
    return [
        (),
        ("期间", f"{first} 至 {last}"),
        ("分录数", len(found)),
        ("借方合计", total, "贷方合计", total),
        ("锁定", state),
        ("校验码", seal),
    ]


def _transfer(line: TransferLine, account: str | None) -> Sequence[object]:
    money = line.asset is Asset.CNY
    after = {line.debit: line.debit_balance_fen, line.credit: line.credit_balance_fen}.get(
        account or ""
    )
    return (
        china_time(line.posted_at),
        line.id,
        line.debit,
        line.credit,
        yuan(line.amount_fen) if money else line.amount_fen,
        line.asset.value,
        line.code,
        line.reference,
        line.reverses_id or "",
        "" if after is None else yuan(after) if money else after,
    )


def _fits(found: Sequence[TransferLine]) -> None:
    if len(found) > MOST:
        raise PeriodTooLong(most=f"{MOST:,}", field="first")


def _written(title: str, rows: Sequence[Sequence[object]], xlsx: bool) -> bytes:
    return write_xlsx(title, rows) if xlsx else write_csv(rows).encode()
