"""发货信息录入 and 特殊发货报备: what the 小程序 is told of parcels, so that the money is set free."""

from datetime import UTC, datetime
from typing import Any

from tiefen.kernel.db import Db
from tiefen.wechat import credentials, tokens
from tiefen.wechat.values import AccountKind, ShippedItem, ShippingNotice

EXPRESS, VIRTUAL = 1, 3
UNIFIED, SPLIT = 1, 2
MOST_WORDS = 120
PRESALE = 1


async def upload_shipping(db: Db, merchant: str, notice: ShippingNotice) -> None:
    """Tell of an order's parcels. Raises ApiError (10060001 not known yet, 10060003 told twice
    already, 268485216 an older moment …), WeChatAway, NotConfigured."""
    app = await credentials.app(db, merchant, AccountKind.MINI)
    body: dict[str, Any] = {
        "order_key": {"order_number_type": 2, "transaction_id": notice.transaction_id},
        "logistics_type": EXPRESS if notice.travels else VIRTUAL,
        "delivery_mode": UNIFIED if notice.whole else SPLIT,
        "shipping_list": [_listed(item) for item in notice.items]
        if notice.travels
        else [{"item_desc": "；".join(item.words for item in notice.items)[:MOST_WORDS]}],
        "upload_time": notice.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "payer": {"openid": notice.openid},
    }
    if not notice.whole:
        body["is_all_delivered"] = notice.last
    await tokens.call(db, merchant, app, "POST", "/wxa/sec/order/upload_shipping_info", body=body)


def _listed(item: ShippedItem) -> dict[str, Any]:
    return {
        "tracking_no": item.tracking_no,
        "express_company": item.courier_code,
        "item_desc": item.words[:MOST_WORDS],
        "contact": {"receiver_contact": item.phone},
    }


async def report_presale(db: Db, merchant: str, transaction_id: str, ships_until: datetime) -> None:
    """Tell that what was paid will be sent later than within fifteen days (特殊发货报备); the fan is told
    by the platform. Raises ApiError, WeChatAway, NotConfigured."""
    app = await credentials.app(db, merchant, AccountKind.MINI)
    body = {
        "order_id": transaction_id,
        "type": PRESALE,
        "delay_to": int(ships_until.timestamp()),
    }
    await tokens.call(db, merchant, app, "POST", "/wxa/sec/order/opspecialorder", body=body)
