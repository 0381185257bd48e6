"""A day's fund bill of a million lines, every charge and its fee, beside the database's own join of the two.

Its trade bill has been read before, as each morning. Memory is this process's growth.
"""

import asyncio
import gzip
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from unittest.mock import AsyncMock, patch

import asyncpg

from bench.harness import MERCHANT, Result, installation, peak_memory
from bench.reconcile import LINES, MCHID, Bill
from tiefen.kernel.clock import utcnow
from tiefen.kernel.days import day_of
from tiefen.payments import service

UNKNOWN = 200
"""Charges that neither the trade bill nor our books have."""
CHARGED_FEN, FEE_FEN = 5_000, 30
HEAD = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
LINE = (
    "`{day} 10:30:00,`42{n:018d},`{way}42{n:018d},`{name},`{name},`{sign},`{yuan},`{left},"
    "`system,`,`P{n:019d}\r\n"
)
TRADED = """
    WITH bill AS (
        INSERT INTO payment_bill (mchid, bill_date, sha1, lines, paid_fen, refunded_fen, fee_fen,
            fetched_at, fees_posted_at)
        VALUES ($1::text, $2, 'x', $3::int, 0, 0, 0, $4, $4) RETURNING id
    ), line AS (
        INSERT INTO payment_bill_line (bill_id, line, kind, transaction_id, out_trade_no, amount_fen,
            fee_fen, state, at)
        SELECT bill.id, n, 'pay', '42' || lpad(n::text, 18, '0'), 'P' || lpad(n::text, 19, '0'),
            $6::bigint, $7::bigint, 'SUCCESS', $4
        FROM bill, generate_series($5::int + 1, $3::int) AS n
    )
    INSERT INTO payment_charge (mchid, transaction_id, out_trade_no, app_id, openid, amount_fen,
        currency, applied, refunding_fen, refunded_fen, source, paid_at, recorded_at)
    SELECT $1::text, '42' || lpad(n::text, 18, '0'), 'P' || lpad(n::text, 19, '0'), 'wx1', 'o',
        $6::bigint, 'CNY', false, 0, 0, 'notice', $4, $4
    FROM generate_series($5::int + 1, $3::int) AS n
"""
JOIN = """
    SELECT count(*) FROM payment_fund_line l JOIN payment_charge c
    ON c.transaction_id = l.business_no AND c.amount_fen = l.amount_fen
"""
FOUND = "SELECT kind, count(*) FROM payment_break WHERE fund_id IS NOT NULL GROUP BY 1"


async def run() -> list[Result]:
    """One line: unpacked, read, kept and compared."""
    async with installation() as home:
        day = day_of(utcnow()) - timedelta(days=1)
        packed = _write(home.data_dir / "fund.gz", day)
        admin = await asyncpg.connect(home.url.replace("+asyncpg", ""))
        await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
        paid_at = datetime.combine(day, clock_time(4), UTC)
        await admin.execute(TRADED, MCHID, day, LINES // 2, paid_at, UNKNOWN, CHARGED_FEN, FEE_FEN)
        await admin.execute("VACUUM ANALYZE payment_charge, payment_bill_line")
        before = peak_memory()
        where = "tiefen.payments.service.billing.wechat.pay_client"
        with patch(where, AsyncMock(return_value=Bill(packed))):
            began = time.perf_counter()
            await service.fetch_fund_bill(home.db, MERCHANT, day)
            took = time.perf_counter() - began
        grown = peak_memory() - before
        began = time.perf_counter()
        await admin.fetchval(JOIN)
        limit = time.perf_counter() - began
        breaks = dict(await admin.fetch(FOUND))
        await admin.close()
    note = f"{LINES:,} lines; memory grew {grown} MB; differences: {breaks}; limit: one join of the two"
    command = "make bench ONLY=reconcile_fund"
    return [Result("reconcile_fund", took, "s", limit, limit / took, command, note)]


def _write(file: Path, day: date) -> Path:
    moves = (("1", "交易", "收入", CHARGED_FEN), ("2", "扣除交易手续费", "支出", -FEE_FEN))
    left, trades = 0, LINES // 2
    with gzip.open(file, "wb", compresslevel=1) as packed:
        packed.write(("\ufeff" + HEAD + "\r\n").encode())
        for n in range(1, trades + 1):
            for way, name, sign, fen in moves:
                left += fen
                said = {"way": way, "name": name, "sign": sign}
                row = LINE.format(day=day, n=n, yuan=_yuan(abs(fen)), left=_yuan(left), **said)
                packed.write(row.encode())
        ins, outs = _yuan(trades * CHARGED_FEN), _yuan(trades * FEE_FEN)
        total = ",".join(f"`{one}" for one in (2 * trades, trades, ins, trades, outs))
        packed.write(f"{SUMMARY}\r\n{total}\r\n".encode())
    return file


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line(), flush=True)
