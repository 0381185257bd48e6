"""Goods for members: who may not buy sees why, in the quote, in the cart and at the order."""

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.counting import statements
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tiefen.fans import service as fans
from tiefen.kernel.db import Db, Tx
from tiefen.orders import queries, service
from tiefen.orders.errors import MembersOnly
from tiefen.orders.values import CartState


async def raised(tx: Tx, fan_id: int, stage: str) -> None:
    await tx.execute(
        text("UPDATE fan SET stage = :stage WHERE id = :fan"), {"stage": stage, "fan": fan_id}
    )


async def test_only_members_may_buy_what_is_for_them(db: Db) -> None:
    async with db.merchant("demo") as tx:
        closed = await stocked(tx, 9, only_stages=["fan", "core"])
        opened = await stocked(tx, 9)
        guest, member = await make.fan(tx), await make.fan(tx)
    async with db.merchant("demo") as tx:
        await raised(tx, member, "core")
    async with db.merchant("demo") as tx:
        quote = await queries.checkout(tx, guest, [(closed, 1), (opened, 1)])
        assert [(one.sku_id, one.kind, one.message) for one in quote.problems] == [
            (closed, CartState.REFUSED, "仅限会员购买")
        ]
        assert quote.total_fen == 1_990
        await service.add_to_cart(tx, guest, closed, 1)
        assert (await queries.cart(tx, guest)).items[0].state is CartState.REFUSED
    async with db.merchant("demo") as tx:
        with pytest.raises(MembersOnly):
            await make.place(tx, guest, (closed, 1), (opened, 1))
    async with db.merchant("demo") as tx:
        assert (await make.place(tx, member, (closed, 1), (opened, 1))).total_fen == 2 * 1_990


async def test_a_segment_opens_the_door_too(db: Db) -> None:
    async with db.merchant("demo") as tx:
        guest, member = await make.fan(tx), await make.fan(tx)
        made = await fans.save_segment(tx, STAFF, name="会员", fan_ids=[member])
        segment = made.id
        closed = await stocked(tx, 9, only_segments=[segment])
        standing = await fans.standings(tx, [guest, member], [segment])
        assert (standing[guest][1], standing[member][1]) == (frozenset(), frozenset({segment}))
        with pytest.raises(MembersOnly):
            await make.place(tx, guest, (closed, 1))
        assert (await make.place(tx, member, (closed, 1))).order_no


async def test_goods_for_everybody_cost_no_statement_more(db: Db) -> None:
    async with db.merchant("demo") as tx:
        opened, fan_id = await stocked(tx, 9), await make.fan(tx)
        with statements(db) as seen:
            await queries.checkout(tx, fan_id, [(opened, 1)])
    assert not any("fan_segment_member" in statement for statement in seen)
