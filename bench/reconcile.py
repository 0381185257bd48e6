"""A day's bill of a million lines against a million charges, beside the database's own join of the two.

The bill is unpacked, checked, read, kept, learned from and compared as `tiefen` does it each morning;
its fees go into the ledger afterwards. The first line is the whole of it, the second the fees alone. Memory is this process's growth.
"""

import asyncio
import gzip
import os
import time
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import AsyncMock, patch

import asyncpg

from bench.harness import MERCHANT, Installation, Result, installation, peak_memory
from tiefen.kernel.clock import utcnow
from tiefen.kernel.days import day_of
from tiefen.payments import service
from tiefen.payments.service.fees import post_fees
from tiefen.wechat.service import pay
from tiefen.wechat.values import BillFile, PayAnswer, Verdict

LINES = int(os.environ.get("TIEFEN_BENCH_LINES", "1000000"))
UNTOLD, DIFFERENT = 200, 100
"""Charges whose notice never came, and charges whose amount differs."""
MCHID = "1900009999"
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
LINE = (
    "`{day} 10:30:00,`wx1,`1900009999,`0,`,`42{n:018d},`P{n:019d},`oFan{n:024d},`JSAPI,`SUCCESS,`OTHERS,`CNY,"
    "`50.00,`0.00,`0,`0,`0.00,`0.00,`,`,`龙井茶叶 250 克,`,`0.30000,`0.60%,`50.00,`0.00,`\r\n"
)
CHARGES = """
    INSERT INTO payment_charge (mchid, transaction_id, out_trade_no, app_id, openid, amount_fen,
        currency, applied, refunding_fen, refunded_fen, source, paid_at, recorded_at)
    SELECT $1, '42' || lpad(n::text, 18, '0'), 'P' || lpad(n::text, 19, '0'), 'wx1', 'o',
        CASE WHEN n <= $3 THEN 4999 ELSE 5000 END, 'CNY', false, 0, 0, 'notice', $4, $4
    FROM generate_series(1, $2::int) AS n
"""
JOIN = """
    SELECT count(*) FROM payment_bill_line l JOIN payment_charge c
    ON c.transaction_id = l.transaction_id AND c.amount_fen = l.amount_fen
"""


class Bill:
    """WeChat, for one bill."""

    mchid = MCHID

    def __init__(self, packed: Path) -> None:
        self.packed = packed

    async def fund_bill(self, day: date) -> PayAnswer[BillFile]:
        """Whichever file it has been given."""
        return await self.trade_bill(day)

    async def trade_bill(self, day: date) -> PayAnswer[BillFile]:
        """The file unpacked, as the client of WeChat does it."""
        with self.packed.open("rb") as packed:
            found = await asyncio.to_thread(pay._unpacked, packed)
        assert found is not None
        return PayAnswer(Verdict.OK, BillFile(found[0], found[1][1]))


async def run() -> list[Result]:
    """One line for the whole, one for the fees in it."""
    async with installation() as home:
        day = day_of(utcnow()) - timedelta(days=1)
        packed = _write(home.data_dir / "bill.gz", day)
        admin = await asyncpg.connect(home.url.replace("+asyncpg", ""))
        await admin.execute(f'SET search_path TO "m_{MERCHANT}"')
        paid_at = utcnow() - timedelta(days=1)
        await admin.execute(CHARGES, MCHID, LINES - UNTOLD, DIFFERENT, paid_at)
        await admin.execute("VACUUM ANALYZE payment_charge")
        results = await _measure(home, packed, day, admin)
        await admin.close()
        return results


async def _measure(
    home: Installation, packed: Path, day: date, admin: asyncpg.Connection
) -> list[Result]:

    where = "tiefen.payments.service.billing"
    before = peak_memory()
    with (
        patch(f"{where}.wechat.pay_client", AsyncMock(return_value=Bill(packed))),
        patch(f"{where}.post_fees", AsyncMock()),
    ):
        began = time.perf_counter()
        await service.fetch_bill(home.db, MERCHANT, day)
        took = time.perf_counter() - began
    grown = peak_memory() - before
    began = time.perf_counter()
    await post_fees(home.db, MERCHANT)
    fees = time.perf_counter() - began
    began = time.perf_counter()
    await admin.fetchval(JOIN)
    limit = time.perf_counter() - began
    breaks = dict(await admin.fetch("SELECT kind, count(*) FROM payment_break GROUP BY 1"))
    command = "make bench ONLY=reconcile"
    note = f"{LINES:,} lines, fees posted; memory grew {grown} MB; differences: {breaks}; limit: one join of the two"
    return [
        Result("reconcile", took + fees, "s", limit, limit / (took + fees), command, note),
        Result("reconcile_fees", fees, "s", limit, limit / fees, command,
               f"{LINES:,} fees into the ledger; memory grew {peak_memory() - before} MB"),
    ]  # fmt: skip


def _write(file: Path, day: date) -> Path:
    with gzip.open(file, "wb", compresslevel=1) as packed:
        packed.write(("\ufeff" + HEAD + "\r\n").encode())
        for n in range(1, LINES + 1):
            packed.write(LINE.format(day=day, n=n).encode())
        total = f"{LINES * 50}.00"
        fees = f"{LINES * 30 // 100}.{LINES * 30 % 100:02d}000"
        said = [LINES, total, "0.00", "0.00", fees, total, "0.00"]
        packed.write((SUMMARY + "\r\n" + ",".join(f"`{one}" for one in said) + "\r\n").encode())
    return file


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(line.line(), flush=True)
