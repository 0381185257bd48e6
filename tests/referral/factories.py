"""Fans who bring friends who buy."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.promotion.coupons import opened
from tiefen.kernel.db import Db, Tx
from tiefen.referral import service
from tiefen.referral.values import Arrival, RewardWhen, Rules


async def running(tx: Tx, **more: Any) -> Rules:
    """Rewards for both sides, at once, for anybody who has not bought yet."""
    known = await service.load(tx)
    wanted = replace(
        known,
        **{
            "enabled": True,
            "reward_when": RewardWhen.PAID,
            "hold_odd": False,
            "referrer_template_id": await opened(tx, name="推荐人 10 元", claimable=False),
            "friend_template_id": await opened(tx, name="好友 10 元", claimable=False),
            **more,
        },
    )
    return await service.save_rules(tx, STAFF, wanted)


async def world(db: Db, **more: Any) -> tuple[int, int, int]:
    """(referrer, friend, SKU at ¥60): the friend is bound."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 500, skus=[{"price_fen": 6_000, "cost_fen": 100}])
        await running(tx, **more)
        referrer, friend = await make.fan(tx), await make.fan(tx)
    async with db.merchant("demo") as tx:
        assert await bind(tx, referrer, friend) is Arrival.BOUND
    return referrer, friend, sku_id


async def bind(tx: Tx, referrer: int, friend: int, device: str = "") -> Arrival:
    """The friend opens the referrer's link."""
    return await service.arrive(tx, friend, service.link_code(tx, referrer), device=device)


async def buys(
    db: Db, wechat: FakeWeChat, drain: Any, friend: int, sku_id: int, pieces: int = 1
) -> str:
    """A paid order of the friend."""
    _, order_no = await make.paid(db, wechat, drain, (sku_id, pieces), fan_id=friend)
    return order_no


async def refunds(db: Db, drain: Any, friend: int, order_no: str, pieces: int = 0) -> None:
    """The friend gives pieces (0: all) back and the merchant agrees."""
    (line,) = (await make.order(db, order_no)).lines
    asked = await make.ask(db, friend, order_no, *([(line.id, pieces)] if pieces else []))
    await make.approve(db, asked.after_sale_no)
    await drain()


async def states(db: Db) -> dict[tuple[str, str], str]:
    """(order, side) → state of every reward."""
    async with db.merchant("demo") as tx:
        rows = await tx.execute(text("SELECT order_no, side, state FROM referral_reward"))
        return {(row.order_no, row.side): row.state for row in rows}
