"""What payments hear: WeChat's notices, verified and stored before they come here; and received orders."""

from tiefen.kernel import log
from tiefen.kernel.db import Tx
from tiefen.kernel.events import on
from tiefen.orders.events import OrderReceived
from tiefen.payments import service
from tiefen.payments.values import Source
from tiefen.wechat.events import PayNotified
from tiefen.wechat.values import Refund, Transaction

logger = log.get("payments")


@on(PayNotified, lane="pay")
async def settle_notice(tx: Tx, e: PayNotified) -> None:
    """Settle what a payment or refund notice tells. A notice that makes no sense is logged, never retried."""
    try:
        if e.kind == "transaction":
            evidence = service.evidence_of(Transaction.from_wire(e.resource), Source.NOTICE)
            if evidence:
                await service.settle(tx, evidence)
        elif e.kind == "refund":
            refund = service.refund_evidence_of(Refund.from_wire(e.resource), Source.NOTICE)
            await service.settle_refund(tx, refund)
    except ValueError as error:
        logger.error("unreadable notice", kind=e.kind, problem=str(error))


@on(OrderReceived, alone=True)
async def recognise_revenue(tx: Tx, e: OrderReceived) -> None:
    """Goods received: what their payment holds is earned."""
    await service.recognise(tx, e.order_no)
