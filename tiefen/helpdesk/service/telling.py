"""Notices to fans about themselves: what closes soon, each step of an after-sale, another level.

These are service notices of a deal the fan made, so who asked not to be written to hears of
after-sales and receipts too; the nudge to pay is not part of a deal and is left out for them.
"""

from datetime import datetime

from tiefen.fans import service as fans
from tiefen.helpdesk.service.notifying import public_link
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import NotConfigured

ORDER_UNPAID = "order_unpaid"
"""Keys of templates; their fields are described in docs/domain/helpdesk.md."""
RECEIPT_SOON = "receipt_soon"
AFTER_SALE = "after_sale"
LEVEL_CHANGED = "level_changed"
_LEVEL_TOLD = frozenset({"earned", "review", "refund", "locked"})
_STEPS = {
    "request": "已提交，等待商家处理",
    "reject": "商家没有同意，点开看原因",
    "approve": "商家已同意，正在退款",
    "await_return": "已同意，请按地址寄回商品",
    "await_resend": "商家已同意，将为您补发",
    "lapse": "超时没有寄回，申请已关闭",
    "accept": "退回的商品已验收，正在退款",
    "accept_exchange": "退回的商品已验收，将补发",
    "resend": "补发的商品已寄出",
    "pay_instead": "不能补发，改为退款",
    "settle": "退款已到账",
}
"""What the other side did, in at most twenty signs; what the fan did needs no notice."""


async def remind_fan(
    tx: Tx,
    *,
    order_no: str,
    fan_id: int,
    about: str,
    until: datetime,
    total_fen: int,
    name: str,
) -> bool:
    """Queue the reminder of an order; False when there is nobody to tell."""
    paying = about == "pay"
    if paying and await fans.without_contact(tx, [fan_id]):
        return False
    openid = await _openid(tx, fan_id)
    if not openid:
        return False
    words = "付款后才会为您留货" if paying else "没收到货请点开延长收货"
    data = {
        "character_string1": order_no,
        "thing2": name[:20],
        "amount3": yuan(total_fen),
        "time4": until.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
        "thing5": words,
    }
    key = ORDER_UNPAID if paying else RECEIPT_SOON
    await wechat.send_template(tx, openid, key, data, public_link(tx, f"shop/#/orders/{order_no}"))
    return True


async def tell_after_sale(
    tx: Tx,
    *,
    after_sale_no: str,
    fan_id: int,
    action: str,
    amount_fen: int,
    at: datetime,
) -> bool:
    """Queue the notice of a step; False when it is the fan's own or there is nobody to tell."""
    words = _STEPS.get(action)
    if words is None:
        return False
    openid = await _openid(tx, fan_id)
    if not openid:
        return False
    data = {
        "character_string1": after_sale_no,
        "phrase2": words[:20],
        "amount3": yuan(amount_fen),
        "time4": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    await wechat.send_template(
        tx, openid, AFTER_SALE, data, public_link(tx, f"shop/#/after-sales/{after_sale_no}")
    )
    return True


async def tell_level(tx: Tx, *, fan_id: int, name: str, up: bool, cause: str, at: datetime) -> bool:
    """Queue the notice of another member level; False when nobody is to be told.

    What the merchant's own changes and joined records move says nothing to a fan. A level is no part
    of a deal: who asked not to be written to is left out.
    """
    if cause not in _LEVEL_TOLD or await fans.without_contact(tx, [fan_id]):
        return False
    openid = await _openid(tx, fan_id)
    if not openid:
        return False
    data = {
        "thing1": name[:20],
        "thing2": "恭喜升级，点开看您的权益" if up else "等级有变化，点开看怎样升回来",
        "time3": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    url = public_link(tx, "shop/#/mine/level/index")
    await wechat.send_template(tx, openid, LEVEL_CHANGED, data, url)
    return True


async def _openid(tx: Tx, fan_id: int) -> str | None:
    """The fan's id in the account notices come from."""
    try:
        app_id = await wechat.own_app_id(tx)
    except NotConfigured:
        return None
    return await fans.openid_of(tx, fan_id, app_id)
