"""The counter: staff show a code for an order, anybody pays it, the result is seen at once."""

from datetime import timedelta

from sqlalchemy import text

from tests.conftest import Drain, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.orders.values import OrderStatus
from tiefen.team.values import Permission


async def test_a_code_at_the_counter_is_paid_once_and_seen_at_once(
    db: Db, wechat: FakeWeChat, drain: Drain, staff_client: StaffClient, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    _, order_no = await make.placed(db, (sku_id, 2))
    staff = await staff_client([Permission.ORDERS_READ, Permission.ORDERS_SHIP])
    path = f"/api/console/orders/{order_no}"
    first = (await staff.post(f"{path}/pay-code")).json()
    again = (await staff.post(f"{path}/pay-code")).json()
    assert (first["total_fen"], first["picture"]) == (3_980, again["picture"])
    assert first["picture"].startswith("data:image/svg+xml")
    waiting = (await staff.get(f"{path}/payment")).json()
    assert waiting == {"paid": False, "order_status": "unpaid"}
    async with db.merchant("demo") as tx:
        numbers = (await tx.execute(text("SELECT out_trade_no FROM payment_attempt"))).scalars()
        (number,) = numbers.all()
    wechat.pay(number, openid="o-passer-by")  # whoever stands at the counter
    travel.move(timedelta(seconds=3))
    seen = (await staff.get(f"{path}/payment")).json()
    assert seen["paid"] is True
    await drain()
    assert (await make.order(db, order_no)).status is OrderStatus.PAID
    assert (await staff.post(f"{path}/pay-code")).status_code == 409


async def test_no_code_is_shown_after_the_deadline_or_without_the_right(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient, travel: Travel
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
    _, order_no = await make.placed(db, (sku_id, 1))
    path = f"/api/console/orders/{order_no}/pay-code"
    reader = await staff_client([Permission.ORDERS_READ])
    assert (await reader.post(path)).status_code == 403
    travel.move(timedelta(minutes=31))
    staff = await staff_client([Permission.ORDERS_SHIP])
    assert (await staff.post(path)).status_code == 409
