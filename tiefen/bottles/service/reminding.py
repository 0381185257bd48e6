"""What comes after the scan: the reminder when a bottle is empty, and rewards that are still owed."""

from sqlalchemy import select

from tiefen.bottles.models import Bottle, BottleBatch, BottleReward
from tiefen.bottles.service.making import public_address
from tiefen.bottles.service.scanning import give
from tiefen.bottles.values import BottleRewardState
from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import NotConfigured

TEMPLATE = "bottle_reorder"
"""The key of the merchant's template for this notice: thing1 goods, time2 opened, thing3 words."""
AT_ONCE = 200
WORDS = "算算日子快用完了，需要再来一瓶吗"


async def remind_due(tx: Tx) -> int:
    """Remind who opened a bottle a cycle ago, once a bottle; how many were looked at.

    Who does not follow the account, or asked us not to write, is marked as reminded without a
    message.
    """
    rows = await tx.execute(
        select(Bottle, BottleBatch)
        .join(BottleBatch, BottleBatch.id == Bottle.batch_id)
        .where(
            Bottle.remind_at <= tx.now, Bottle.remind_at.is_not(None), Bottle.reminded_at.is_(None)
        )
        .order_by(Bottle.remind_at)
        .limit(AT_ONCE)
        .with_for_update(of=Bottle, skip_locked=True)
    )
    due = rows.all()
    app_id = await _app_id(tx) if due else ""
    quiet = await fans.without_contact(tx, [bottle.first_fan_id for bottle, _ in due])
    for bottle, batch in due:
        bottle.reminded_at = tx.now
        if not app_id or bottle.first_fan_id in quiet:
            continue
        openid = await fans.openid_of(tx, bottle.first_fan_id, app_id)
        if not openid or not await fans.follows(tx, await fans.person_ids(tx, bottle.first_fan_id)):
            continue
        sku = (await catalog.skus(tx, [batch.sku_id])).get(batch.sku_id)
        if sku is None or not sku.on_shelf:
            continue
        data = {
            "thing1": sku.product_name[:20],
            "time2": f"{bottle.first_at:%Y-%m-%d}",
            "thing3": (batch.remind_words or WORDS)[:20],
        }
        url = f"{public_address(tx)}/shop/#/products/{sku.product_id}"
        await wechat.send_template(tx, openid, TEMPLATE, data, url)
    return len(due)


async def _app_id(tx: Tx) -> str:
    """The account notices come from; "" without one."""
    try:
        return await wechat.own_app_id(tx)
    except NotConfigured:
        return ""


async def pay_owed(tx: Tx) -> int:
    """Give rewards that had run out, the oldest first; how many were given."""
    owed = await tx.scalars(
        select(BottleReward)
        .where(BottleReward.state == BottleRewardState.OWED)
        .order_by(BottleReward.at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    given = 0
    for reward in owed:
        await give(tx, reward)
        given += reward.state is BottleRewardState.GIVEN
    return given
