"""What payments do when they hear of something."""

from tests.payments.factories import FakeWeChat, begin, paid, start
from tiefen.kernel import worker
from tiefen.kernel.db import Db
from tiefen.kernel.events import publish
from tiefen.ledger import service as ledger
from tiefen.orders.events import OrderReceived
from tiefen.payments import service
from tiefen.payments.values import PaymentState
from tiefen.wechat.events import PayNotified


async def test_notices_settle_and_received_orders_are_earned(db: Db, wechat: FakeWeChat) -> None:
    intent = await start(db)
    charge = wechat.pay((await begin(db, intent.order_no)).out_trade_no)
    wire = {
        "appid": charge.app_id, "mchid": charge.mchid, "out_trade_no": charge.out_trade_no,
        "transaction_id": charge.transaction_id, "trade_state": "SUCCESS",
        "success_time": charge.success_time.isoformat() if charge.success_time else "",
        "amount": {"total": 100, "currency": "CNY"}, "payer": {"openid": charge.openid},
    }  # fmt: skip
    earned = await paid(db, wechat, 250)
    async with db.merchant("demo") as tx:
        for resource in (wire, wire | {"amount": "lots"}, {"trade_state": 7}):
            publish(tx, PayNotified(charge.mchid, "transaction", resource, tx.now), aggregate="pay")
        publish(
            tx,
            PayNotified(charge.mchid, "refund", {"refund_status": "??"}, tx.now),
            aggregate="pay",
        )
        received = OrderReceived(1, earned.order_no, 1, 250, tx.now)
        publish(tx, received, aggregate="order:1")
    await worker.drain(db)
    async with db.merchant("demo") as tx:
        assert (await service.intent(tx, intent.order_no)).state is PaymentState.PAID
        assert (await ledger.balance(tx, "orders:unearned")).balance_fen == 100
        assert (await ledger.balance(tx, "revenue:goods")).balance_fen == 250
