"""What orders does when others announce something, and what it does later."""

from datetime import timedelta

from tiefen.catalog.events import CodesAdded
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job, outward_job
from tiefen.orders import service
from tiefen.payments.events import PaymentSucceeded, RefundSettled


@on(PaymentSucceeded, lane="pay")
async def mark_paid(tx: Tx, event: PaymentSucceeded) -> None:
    """Verified money makes an order real."""
    await service.mark_paid(tx, event.order_no, event.payment_id, event.amount_fen, event.paid_at)


@on(RefundSettled, lane="pay")
async def refund_settled(tx: Tx, event: RefundSettled) -> None:
    """Only the provider's word ends an after-sale."""
    await service.refund_settled(
        tx, event.reference, success=event.status == "success", reason=event.status
    )


@outward_job("orders.close_unpaid", lane="pay", attempts=40)
async def close_unpaid(db: Db, merchant: str, order_no: str) -> None:
    """The deadline for paying has come."""
    await service.close_unpaid(db, merchant, order_no)


@job("orders.remind_balance")
async def remind_balance(tx: Tx, order_no: str) -> None:
    """The balance of a presale can be paid, or soon no more."""
    await service.remind_balance(tx, order_no)


@on(CodesAdded)
async def give_waiting(tx: Tx, event: CodesAdded) -> None:
    """Orders that wait for codes get theirs."""
    await service.give_waiting(tx, event.sku_id)


@job("orders.replay", lane="bulk")
async def replay(tx: Tx, replay_id: int) -> None:
    """The next orders a draft promotion is tried on."""
    await service.replay_batch(tx, replay_id)


@job("orders.receive_shipped", alone=True)
async def receive_shipped(tx: Tx, order_no: str) -> None:
    """Shipped long ago, and nobody objected."""
    await service.receive_shipped(tx, order_no)


@job("orders.remind_receipt", alone=True)
async def remind_receipt(tx: Tx, order_no: str) -> None:
    """A day before an order is received by itself."""
    await service.remind_receipt(tx, order_no)


@cron("orders.remind_unpaid", every=timedelta(minutes=1))
async def remind_unpaid(db: Db, merchant: str) -> None:
    """Minutes before an unpaid order closes."""
    async with db.merchant(merchant) as tx:
        await service.remind_unpaid(tx)


@job("orders.after_sale_due", alone=True)
async def after_sale_due(tx: Tx, after_sale_no: str) -> None:
    """Whose turn it was let the time pass."""
    await service.go_on(tx, after_sale_no)


@cron("orders.after_sales_due", every=timedelta(minutes=1))
async def after_sales_due(db: Db, merchant: str) -> None:
    """Queue after-sales whose time is over."""
    async with db.merchant(merchant) as tx:
        await service.overdue(tx)


@outward_job("orders.upload_shipping", lane="send", attempts=20)
async def upload_shipping(db: Db, merchant: str, order_no: str) -> None:
    """小程序 is told of parcels (发货信息录入)."""
    await service.upload_shipping(db, merchant, order_no)


@outward_job("orders.report_presale", lane="send", attempts=20)
async def report_presale(db: Db, merchant: str, order_no: str, stage: int) -> None:
    """小程序 is told that a presale is sent late (特殊发货报备)."""
    await service.report_late(db, merchant, order_no, stage)


@job(service.FILL, lane="bulk", alone=True)
async def fill_search(tx: Tx, below_id: int | None) -> None:
    """Some orders from before get what they are found by."""
    await service.fill_step(tx, below_id)


@cron("orders.begin_fill", every=timedelta(minutes=5), lane="bulk")
async def begin_fill(db: Db, merchant: str) -> None:
    """Go on where a fill was left."""
    async with db.merchant(merchant) as tx:
        await service.begin_fill(tx)
