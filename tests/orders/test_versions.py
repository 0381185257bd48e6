"""The version before, beside a schema that a newer one has migrated."""

import asyncpg
import httpx
from fastapi import Depends, FastAPI

from tests.conftest import Drain, StaffClient
from tests.databases import raw_url
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.auth import anyone
from tiefen.kernel.db import Db
from tiefen.kernel.http import OK, Ok, TxDep
from tiefen.team.values import Permission

LISTS = (
    "orders", "after-sales", "fans", "products", "stock", "payments", "refunds", "channel-codes",
    "coupons", "promotions", "overview", "jobs",
)  # fmt: skip
_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname IN ('m_demo', 'platform')
"""


async def _sale(db: Db, wechat: FakeWeChat, drain: Drain, clerk: httpx.AsyncClient) -> None:
    """From the shelf to the refund, and a look at every list."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 5)
    fan_id, order_no = await make.paid(db, wechat, drain, (sku_id, 2))
    await make.ship(db, order_no)
    asked = await make.ask(db, fan_id, order_no)
    await make.approve(db, asked.after_sale_no)
    await drain()
    for name in LISTS:
        answer = await clerk.get(f"/api/console/{name}")
        assert answer.status_code == 200, (name, answer.text)
    async with db.platform() as tx:
        assert list(await tx.rows("SELECT name, error FROM platform.job WHERE error <> ''")) == []


async def test_old_code_goes_on_beside_new_columns(
    app: FastAPI,
    db: Db,
    database_url: str,
    wechat: FakeWeChat,
    drain: Drain,
    staff_client: StaffClient,
) -> None:
    """Its connections and their prepared statements are those of before the migration."""

    @app.get("/all-columns", dependencies=[Depends(anyone())])
    async def all_columns(tx: TxDep) -> Ok:
        await tx.rows("SELECT * FROM session")
        return OK

    clerk = await staff_client(list(Permission))
    await _sale(db, wechat, drain, clerk)
    assert (await clerk.get("/all-columns")).status_code == 200
    newer = await asyncpg.connect(raw_url(database_url))
    for (table,) in await newer.fetch(_TABLES):
        await newer.execute(f"ALTER TABLE {table} ADD COLUMN newer text")
    await newer.close()
    planted = [(await clerk.get("/all-columns")).status_code for _ in range(2)]
    assert planted == [503, 200], "what takes all columns is asked to come again, once"
    await _sale(db, wechat, drain, clerk)
    assert await audit.run(db) == []
