"""Routes of the counter: a code on the staff's screen that a fan scans and pays."""

from typing import Annotated

import segno
from fastapi import Depends, Path

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.schemas import PayCodeOut, PaymentStateOut
from tiefen.payments.values import PaymentState
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Cashier = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP, outward=True))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]


@router.post("/api/console/orders/{order_no}/pay-code", operation_id="showPayCode")
async def show_pay_code(
    db: DbDep, merchant: MerchantDep, who: Cashier, order_no: OrderNo
) -> PayCodeOut:
    """A code for an unpaid order; asked for again it is the same code. Anybody may scan and pay."""
    code = await service.counter_code(db, merchant, who, order_no)
    picture = segno.make(code.url, error="m").svg_data_uri(scale=8, border=2)
    return PayCodeOut(
        picture=picture,
        total_fen=code.total_fen,
        expires_at=code.expires_at,
    )


@router.get("/api/console/orders/{order_no}/payment", operation_id="getCounterPayment")
async def counter_payment(
    db: DbDep, merchant: MerchantDep, _: Cashier, order_no: OrderNo
) -> PaymentStateOut:
    """Whether the money has come; asks the provider if its notice is late."""
    state = await service.counter_state(db, merchant, order_no)
    async with db.merchant(merchant) as tx:
        order = await queries.console_order(tx, order_no)
    return PaymentStateOut(paid=state in (None, PaymentState.PAID), order_status=order.status)
