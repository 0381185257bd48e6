"""A backup of yesterday is restored while WeChat went on: the bill tells what was lost."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.engine import make_url

from tests.databases import clone, drop, with_database
from tests.payments.bills import trade_bill
from tests.payments.factories import FakeWeChat, attempts, begin, paid, settle, start
from tiefen.kernel import audit, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.ledger import service as ledger
from tiefen.payments import queries, service
from tiefen.payments.models import PaymentBreak, PaymentRefund
from tiefen.payments.values import PaymentState
from tiefen.wechat.values import RefundStatus

DAY = date(2026, 4, 1)


async def test_the_bill_names_each_payment_that_a_restored_backup_has_lost(
    db: Db, server_url: str, database_url: str, wechat: FakeWeChat, travel: Travel
) -> None:
    wechat.refund_status = RefundStatus.SUCCESS
    sold = await paid(db, wechat)
    asked = await start(db)
    number = (await begin(db, asked.order_no)).out_trade_no
    await db.close()
    backup = await clone(server_url, make_url(database_url).database or "")

    told = wechat.pay(number)  # what happens after the backup
    await settle(db, told)
    unknown = await paid(db, wechat, 250)
    async with db.merchant("demo") as tx:
        await service.request_refund(tx, sold.id, 30, "A1", "x")
    await worker.drain(db)
    (lost,) = wechat.refunds
    lines = [
        {"transaction_id": one.transaction_id, "out_trade_no": one.out_trade_no, "fee_fen": 1,
         "amount_fen": one.total_fen or 0}
        for one in wechat.charges.values()
    ]  # fmt: skip
    gave = lines[0] | {"out_refund_no": lost, "amount_fen": 30, "fee_fen": 0,
                       "refund_id": wechat.refunds[lost].refund_id}  # fmt: skip
    wechat.bill = trade_bill(*lines, gave)

    restored = Db(with_database(server_url, backup))
    try:
        assert await audit.run(restored) == []
        await service.fetch_bill(restored, "demo", DAY)
        async with restored.merchant("demo") as tx:
            breaks = {
                row.subject: (row.kind.value, row.ours_fen, row.theirs_fen, bool(row.closed_at))
                for row in await tx.scalars(select(PaymentBreak))
            }
            assert breaks == {
                told.transaction_id: ("theirs_only", 100, 100, True),
                unknown.transaction_id: ("theirs_only", 250, 250, True),
                f"refund:{lost}": ("theirs_only", None, 30, False),
            }
            assert (await service.intent(tx, asked.order_no)).state is PaymentState.PAID
            (orphan,) = await queries.suspense(tx)
            assert (orphan.reason, orphan.state, orphan.amount_fen) == ("orphan", "open", 250)
            assert (await ledger.balance(tx, "wechat:clearing")).balance_fen == 447, "less fees"
        assert await audit.run(restored) == []
        await _numbers_are_never_used_again(restored, sold.id, lost, set(wechat.orders))
    finally:
        await restored.close()
        await drop(server_url, backup)


async def _numbers_are_never_used_again(
    restored: Db, payment_id: int, lost: str, used: set[str]
) -> None:
    """The rows after the backup get their ids once more; what WeChat knows them by is another."""
    async with restored.merchant("demo") as tx:
        await service.request_refund(tx, payment_id, 20, "A2", "y")
        row = (await tx.scalars(select(PaymentRefund))).one()
        assert row.out_refund_no != lost
    again = await start(restored, amount_fen=250)
    await begin(restored, again.order_no)
    async with restored.merchant("demo") as tx:
        assert (await attempts(tx, again.id))[0].out_trade_no not in used
