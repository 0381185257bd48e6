"""WeChat's own account of a day: when it is fetched, and that it is fetched once."""

from contextlib import closing
from datetime import date, time, timedelta
from io import TextIOWrapper

from sqlalchemy import func, select

from tiefen.kernel.clock import utcnow
from tiefen.kernel.days import CHINA, day_of
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import cron
from tiefen.payments.errors import BillGone, BillNotReady, ProviderUnknown
from tiefen.payments.models import Payment, PaymentBill, PaymentFundBill
from tiefen.payments.service import comparing
from tiefen.payments.service.fees import post_fees
from tiefen.payments.service.funding import reconcile_fund
from tiefen.wechat import service as wechat
from tiefen.wechat.values import Verdict

READY = time(10, 30)
"""Beijing time from which yesterday's bill is asked for; WeChat promises it from 10:00."""
LOOK_BACK = 3
KEPT = timedelta(days=92)
"""How long WeChat keeps bills: three months."""


@cron("payments.bill", every=timedelta(hours=1), lane="bulk")
async def fetch_bills(db: Db, merchant: str) -> None:
    """Fetch and reconcile the bills of recent days that are still missing."""
    async with db.merchant(merchant) as tx:
        if await tx.scalar(select(func.count()).select_from(Payment)) == 0:
            return
    pay = await wechat.pay_client(db, merchant)
    async with db.merchant(merchant) as tx:
        days = await _missing_days(tx, pay.mchid)
    for day in days:
        await fetch_bill(db, merchant, day)
    await post_fees(db, merchant)
    async with db.merchant(merchant) as tx:
        days = await _unfunded_days(tx, pay.mchid)
    for day in days:
        await fetch_fund_bill(db, merchant, day)


async def fetch_bill(db: Db, merchant: str, day: date) -> None:
    """Download, check, read and reconcile one day's trade bill; the same day again changes nothing.

    Raises BillNotReady, BillGone, ProviderUnknown when WeChat does not answer, BadBill when it cannot
    be read exactly.
    """
    if day < day_of(utcnow()) - KEPT:
        raise BillGone(day=str(day))
    pay = await wechat.pay_client(db, merchant)
    answer = await pay.trade_bill(day)
    if answer.verdict is Verdict.OK:
        bill = answer.get()
        with closing(TextIOWrapper(bill.file, "utf-8-sig")) as rows:
            await comparing.reconcile(db, merchant, pay.mchid, day, rows, bill.hash_value)
    elif answer.code == "NO_STATEMENT_EXIST":
        await comparing.reconcile(db, merchant, pay.mchid, day, None, "")
    elif answer.code == "STATEMENT_CREATING":
        raise BillNotReady(day=str(day))
    else:
        raise ProviderUnknown(day=str(day), reason=answer.code)
    await post_fees(db, merchant)


async def fetch_fund_bill(db: Db, merchant: str, day: date) -> None:
    """Download, check, read and compare one day's fund bill, after its trade bill; the same day again
    changes nothing. Raises ProviderUnknown, BadBill."""
    pay = await wechat.pay_client(db, merchant)
    answer = await pay.fund_bill(day)
    if answer.verdict is Verdict.OK:
        bill = answer.get()
        with closing(TextIOWrapper(bill.file, "utf-8-sig")) as rows:
            await reconcile_fund(db, merchant, pay.mchid, day, rows, bill.hash_value)
    elif answer.code == "NO_STATEMENT_EXIST":
        await reconcile_fund(db, merchant, pay.mchid, day, None, "")
    else:
        raise ProviderUnknown(day=str(day), reason=answer.code)


async def _unfunded_days(tx: Tx, mchid: str) -> list[date]:
    """Recent days whose trade bill is here and whose fund bill is not, the oldest first."""
    have = select(PaymentFundBill.bill_date).where(PaymentFundBill.mchid == mchid)
    days = await tx.scalars(
        select(PaymentBill.bill_date)
        .where(PaymentBill.mchid == mchid, PaymentBill.bill_date.not_in(have))
        .order_by(PaymentBill.bill_date.desc())
        .limit(LOOK_BACK)
    )
    return sorted(days)


async def _missing_days(tx: Tx, mchid: str) -> list[date]:
    here = tx.now.astimezone(CHINA)
    newest = here.date() - timedelta(days=1 if here.time() >= READY else 2)
    first = await tx.scalar(select(func.min(Payment.created_at)))
    have = set(await tx.scalars(select(PaymentBill.bill_date).where(PaymentBill.mchid == mchid)))
    days = [newest - timedelta(days=back) for back in reversed(range(LOOK_BACK))]
    begun = first.astimezone(CHINA).date() if first else newest
    return [day for day in days if day not in have and day >= begun]
