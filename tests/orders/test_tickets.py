"""核销: a service is used as often as it was bought, by a code, taken back only in time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.orders import queries, service
from tiefen.orders.errors import TicketExpired, TicketUsedUp, UndoTooLate
from tiefen.orders.service import ticketing
from tiefen.orders.values import LinePieces
from tiefen.team.values import Permission


async def bought(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    quantity: int = 1,
    uses: int = 3,
    days: int | None = 30,
) -> tuple[int, str, str]:
    """A paid times-card: (fan, order number, code)."""
    async with db.merchant("demo") as tx:
        skus = [{"price_fen": 9_000}]
        sku_id = await stocked(
            tx, 20, kind="service", skus=skus, service_uses=uses, service_days=days
        )
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, quantity))
    async with db.merchant("demo") as tx:
        (ticket,) = await queries.shop_tickets(tx, fan_id, order_no)
    assert ticket.qr.startswith("data:image/png;base64,")
    return fan_id, order_no, ticket.code


async def use(db: Db, code: str, count: int = 1) -> None:
    async with db.merchant("demo") as tx:
        await service.use(tx, STAFF, code, count)


async def test_a_card_is_used_up_time_by_time_and_the_first_use_hands_it_over(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    fan_id, order_no, code = await bought(db, wechat, drain, quantity=2)
    await use(db, code)
    assert [str((await make.order(db, order_no)).status)] == ["partly_shipped"]
    line = (await make.order(db, order_no)).lines[0].id
    asked = await make.ask(db, fan_id, order_no, (line, 1))  # the second piece was not begun
    await make.approve(db, asked.after_sale_no)
    await drain()
    async with db.merchant("demo") as tx:
        (ticket,) = await queries.shop_tickets(tx, fan_id, order_no)
    assert (ticket.total, ticket.used, ticket.left) == (3, 1, 2)
    await use(db, code, 2)
    with pytest.raises(TicketUsedUp):
        await use(db, code)
    assert await audit.run(db) == []


async def test_a_slip_is_taken_back_in_time_only(
    db: Db, wechat: FakeWeChat, drain: Drain, travel: Travel
) -> None:
    _, _, code = await bought(db, wechat, drain)
    await use(db, code)
    async with db.merchant("demo") as tx:
        (taken,) = (await queries.console_ticket(tx, code)).uses
        for _ in range(2):
            assert await service.undo(tx, STAFF, taken.id) == code
            await tx.flush()
        assert (await queries.console_ticket(tx, code)).left == 3
    await use(db, code)
    travel.move(timedelta(minutes=31))
    async with db.merchant("demo") as tx:
        taken = (await queries.console_ticket(tx, code)).uses[0]
        assert not taken.can_undo
        with pytest.raises(UndoTooLate):
            await service.undo(tx, STAFF, taken.id)
    travel.move(timedelta(days=30))
    with pytest.raises(TicketExpired):
        await use(db, code)
    assert await audit.run(db) == []


async def test_codes_are_shown_to_their_fan_and_taken_by_staff(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    fan_client: FanClient,
    staff_client: StaffClient,
) -> None:
    fan_id, order_no, code = await bought(db, wechat, drain)
    async with db.merchant("demo") as tx:
        stranger = await make.fan(tx)
    path = f"/api/shop/orders/{order_no}/tickets"
    assert (await (await fan_client(fan_id)).get(path)).json()[0]["code"] == code
    assert (await (await fan_client(stranger)).get(path)).status_code == 404
    reader = await staff_client([Permission.ORDERS_READ])
    assert (await reader.get(f"/api/console/tickets/{code}")).status_code == 403
    staff = await staff_client([Permission.ORDERS_SHIP])
    assert (await staff.get("/api/console/tickets/000000000000")).status_code == 404
    key = {"Idempotency-Key": "one-tap-0001"}
    for _ in range(2):
        said = await staff.post(f"/api/console/tickets/{code}/uses", json={"count": 1}, headers=key)
        assert (said.status_code, said.json()["left"]) == (200, 2), "a second tap is the first"
    use_id = said.json()["uses"][0]["id"]
    back = await staff.post(f"/api/console/ticket-uses/{use_id}/undo")
    assert (back.json()["left"], back.json()["uses"][0]["can_undo"]) == (3, False)


@pytest.mark.slow
@pytest.mark.parametrize("planted", [False, True])
async def test_sixteen_at_once_use_it_as_often_as_it_was_bought(
    db: Db,
    wechat: FakeWeChat,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
    *,
    planted: bool,
) -> None:
    """Planted: the use is counted without its guard and without the order's lock."""
    _, _, code = await bought(db, wechat, drain)
    if planted:
        careless = "UPDATE service_ticket SET used = used + :count WHERE id = :ticket RETURNING id"
        monkeypatch.setattr(ticketing, "TAKE", text(careless))
        monkeypatch.setattr(LinePieces, "uses_left", lambda *_: 1)

    async def one() -> str:
        try:
            await use(db, code)
        except Refusal as refusal:
            return refusal.code
        return "done"

    said = await asyncio.gather(*(one() for _ in range(16)))
    found = [breach.invariant for breach in await audit.run(db)]
    if planted:
        assert "V1-tickets" in found
    else:
        assert (said.count("done"), found) == (3, [])
