"""What the audit promises of an order's life is broken by hand, row by row: it names exactly that."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from tests.conftest import Drain
from tests.databases import raw_url
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import service

pytestmark = pytest.mark.slow


async def caught(db: Db, promise: str, *acts: str) -> list[dict[str, Any]]:
    """What the audit says of demo after `acts` of the tables' owner, which are then taken back."""
    (sql,) = [one.sql for one in audit.registered() if one.id == promise]
    connection = await asyncpg.connect(raw_url(db.url))
    try:
        await connection.execute("BEGIN; SET LOCAL search_path TO m_demo")
        for act in acts:
            await connection.execute(act)
        return [dict(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def life(db: Db, drain: Drain, wechat: FakeWeChat) -> dict[str, str]:
    """One order received, one cancelled, one paid back; their numbers by that."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9)
    fan_id, received = await make.paid(db, wechat, drain, (one, 1))
    await make.ship(db, received)
    async with db.merchant("demo") as tx:
        await service.receive(tx, fan_id, received)
    fan_id, cancelled = await make.placed(db, (one, 1))
    async with db.merchant("demo") as tx:
        await service.cancel(tx, fan_id, cancelled)
    fan_id, paid_back = await make.paid(db, wechat, drain, (one, 2))
    asked = await make.ask(db, fan_id, paid_back)
    await make.approve(db, asked.after_sale_no)
    await drain()
    return {"received": received, "cancelled": cancelled, "paid_back": paid_back}


async def ids_of(db: Db, numbers: dict[str, str]) -> dict[str, int]:
    """The orders' ids."""
    async with db.merchant("demo") as tx:
        rows = await tx.execute(text("SELECT order_no, id FROM orders"))
        known = {row.order_no: int(row.id) for row in rows}
    return {name: known[number] for name, number in numbers.items()}


async def test_the_audit_names_each_breach_of_an_orders_life(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    numbers = await life(db, drain, wechat)
    assert await audit.run(db) == []
    ids = await ids_of(db, numbers)
    cancelled = ids["cancelled"]
    step = (
        "INSERT INTO order_transition (order_id, subject, action, before, after, actor, reason, at)"
    )

    async def named(promise: str, field: str, *acts: str) -> list[Any]:
        return [row[field] for row in await caught(db, promise, *acts)]

    assert len(await named("M5-after-sales", "id", "UPDATE after_sale SET goods_fen = 1, amount_fen = 1")) == 1  # fmt: skip
    for told in (
        f"({cancelled}, 'order', 'pay', 'closed', 'paid', 'wechat', '', now())",
        f"({cancelled}, 'order', 'close', 'unpaid', 'closed', 'system', '', now())",
    ):
        assert await named("O1-legal", "order_id", f"{step} VALUES {told}") == [ids["cancelled"]]
    stands = f"UPDATE orders SET status = 'paid' WHERE id = {cancelled}"
    assert await named("O1-steps", "id", stands) == [ids["cancelled"]]
    assert len(await named("O1-steps", "id", "UPDATE after_sale SET status = 'refunding'")) == 1
    twin = f"""INSERT INTO orders SELECT (jsonb_populate_record(o, '{{"id": 99, "order_no": "X"}}')).*
               FROM orders o WHERE id = {cancelled}"""
    free = "ALTER TABLE orders DROP CONSTRAINT uq_orders_fan_id_checkout_key"
    assert await named("O2", "count", free, twin) == [2]
    early = f"UPDATE orders SET close_reason = 'unpaid' WHERE id = {cancelled}"
    assert await named("K1-orders", "id", early) == [ids["cancelled"]]
    hasty = "UPDATE order_transition SET actor = 'system' WHERE action = 'receive'"
    assert await named("K1-orders", "id", hasty) == [ids["received"]]
    late = "UPDATE payment_attempt SET created_at = expires_at"
    assert len(await named("K1.attempts", "out_trade_no", late)) == 2
    silent = f"DELETE FROM audit_entry WHERE target = 'order:{numbers['received']}'"
    assert await named("A1-orders", "order_id", silent) == [ids["received"]]
    unseen = "DELETE FROM audit_entry WHERE action = 'inventory.adjust'"
    assert len(await named("A1-stock", "sku_id", unseen)) == 1
    lost = "INSERT INTO idempotency_key (caller, key, request_hash, created_at) VALUES ('c', 'k', 'h', now())"  # fmt: skip
    assert await named("O2.answers", "key", lost) == ["k"]


async def test_the_audit_names_what_was_not_told_or_told_for_nothing(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    numbers = await life(db, drain, wechat)
    received = (await ids_of(db, numbers))["received"]
    mine = f"merchant = 'demo' AND aggregate = 'order:{received}'"
    copy = "INSERT INTO platform.event (merchant, name, aggregate, payload, at) SELECT merchant,"
    for name, act, taken, told in [
        ("orders.paid", f"DELETE FROM platform.event WHERE name = 'orders.paid' AND {mine}", 1, 0),
        ("orders.shipped", f"{copy} name, aggregate, payload, at FROM platform.event WHERE name = 'orders.shipped' AND {mine}", 1, 2),
        ("orders.closed", f"{copy} 'orders.closed', aggregate, payload, at FROM platform.event WHERE name = 'orders.paid' AND {mine}", 0, 1),
    ]:  # fmt: skip
        rows = await caught(db, "E1-orders", act)
        assert rows == [{"order_id": received, "name": name, "taken": taken, "told": told}]
    unsaid = f"DELETE FROM platform.event WHERE payload->>'order_no' = '{numbers['received']}'"
    (row,) = await caught(db, "E1.payments", unsaid)
    assert row == {"order_no": numbers["received"], "paid": 1, "told": 0}


async def test_what_is_told_beside_the_steps_is_no_step(db: Db, drain: Drain) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    await make.placed(db, (sku_id, 1))
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE orders SET pay_until = now() + interval '5 minutes'"))
    async with db.merchant("demo") as tx:
        assert await service.remind_unpaid(tx) == 1
    await drain()
    assert await caught(db, "E1-orders") == []


@pytest.mark.parametrize(
    ("promise", "acts", "row"),
    [
        (
            "T1.walls",
            ["ALTER TABLE address ADD CONSTRAINT astray FOREIGN KEY (fan_id) REFERENCES m_other.fan (id)"],
            {"relation": "address", "name": "astray"},
        ),
        (
            "T1.walls",
            ["GRANT CREATE ON SCHEMA m_demo TO tiefen_app", "ALTER TABLE address OWNER TO tiefen_app"],
            {"relation": "address", "name": "owner"},
        ),
        ("M4.grants", ["GRANT UPDATE ON movement TO tiefen_app"], {"relation": "movement"}),
        ("M4.grants", ["GRANT DELETE ON audit_entry TO tiefen_app"], {"relation": "audit_entry"}),
        (
            "T1.platform",
            ["INSERT INTO platform.event (id, merchant, name, aggregate, payload, at)"
             " VALUES (7, 'nobody', 'orders.paid', 'order:1', '{}', now())"],
            {"kind": "event", "id": 7, "merchant": "nobody"},
        ),
    ],
)  # fmt: skip
async def test_the_audit_names_a_hole_in_a_wall(
    db: Db, promise: str, acts: list[str], row: dict[str, Any]
) -> None:
    assert await caught(db, promise) == []
    assert row in await caught(db, promise, *acts)
