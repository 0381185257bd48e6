"""The freight rule over HTTP."""

from sqlalchemy import text

from tests.conftest import StaffClient
from tiefen.kernel.db import Db
from tiefen.team.values import Permission


async def test_the_freight_rule_is_saved_with_a_trace(db: Db, staff_client: StaffClient) -> None:
    reader = await staff_client([Permission.GOODS_READ])
    writer = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    assert (await reader.get("/api/console/freight")).json() == {
        "fee_fen": 0,
        "free_from_fen": None,
    }
    rule = {"fee_fen": 800, "free_from_fen": 9_900}
    assert (await reader.put("/api/console/freight", json=rule)).status_code == 403
    assert (await writer.put("/api/console/freight", json=rule)).json() == rule
    assert (await reader.get("/api/console/freight")).json() == rule
    async with db.merchant("demo") as tx:
        trail = await tx.scalar(
            text("SELECT count(*) FROM audit_entry WHERE action = 'promotion.save_freight'")
        )
    assert trail == 1
