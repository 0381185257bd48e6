"""Points of a real order: earned with its payment, told in the preview, taken back with the money."""

import pytest

from tests.conftest import Drain
from tests.inventory.factories import stocked
from tests.members.test_points import held, rule
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import service


@pytest.mark.parametrize("early", [False, True], ids=["earned", "before it was earned"])
async def test_a_refund_tells_and_takes_points(
    db: Db, drain: Drain, wechat: FakeWeChat, *, early: bool
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50, skus=[{"price_fen": 30_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
    if not early:
        await rule(db)
    _, order_no = await make.paid(db, wechat, drain, (sku_id, 2), fan_id=fan_id)
    await drain()
    if early:  # what is paid before points are switched on brings none, and owes none
        await rule(db)
    assert await held(db, fan_id) == (0, 0 if early else 600, 0)
    asked = await make.ask(db, fan_id, order_no)
    async with db.merchant("demo") as tx:
        told = (await service.preview(tx, asked.after_sale_no)).model_dump_json()
    assert ("退掉的部分不再得积分" if early else "扣回所得积分 600") in told
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await held(db, fan_id) == (0, 0, 0)
    assert await audit.run(db) == []
