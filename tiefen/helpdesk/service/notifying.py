"""Telling managers of a paid order on their WeChat, and binding that WeChat."""

from datetime import datetime

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.money import yuan
from tiefen.team.service import make_bind_code, order_contacts
from tiefen.team.values import BIND_CODE_LIFE
from tiefen.wechat import service as wechat

ORDER_PAID = "order_paid"
"""Key of the template; its fields are described in docs/domain/helpdesk.md."""

STOCK_LOW = "stock_low"
"""Key of the template for goods that run low."""

_links = {"public": "http://127.0.0.1:8000"}
"""Where the links we send lead to."""


def configure(*, public_url: str) -> None:
    """Set once at composition: the installation's public address."""
    _links["public"] = public_url.rstrip("/")


def public_link(tx: Tx, path: str) -> str:
    """The whole address of a page of this merchant."""
    return f"{_links['public']}/m/{tx.merchant}/{path}"


async def push_order(
    tx: Tx, *, order_no: str, fan_id: int, total_fen: int, quantity: int, at: datetime
) -> int:
    """Queue the push of a paid order to each manager who wants it; returns how many."""
    contacts = await order_contacts(tx)
    if not contacts:
        return 0
    buyer = (await fans.brief(tx, [fan_id])).get(fan_id)
    data = {
        "character_string1": order_no,
        "amount2": yuan(total_fen),
        "thing3": f"{buyer.name if buyer else '粉丝'} 买了 {quantity} 件"[:20],
        "time4": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    url = f"{_links['public']}/m/{tx.merchant}/phone/#/orders/{order_no}"
    for contact in contacts:
        await wechat.send_template(tx, contact.openid, ORDER_PAID, data, url)
    return len(contacts)


async def bind_code(db: Db, merchant: str, actor: StaffActor) -> tuple[str, datetime]:
    """What a QR code says that binds whoever scans it to this person, and until when it does."""
    async with db.merchant(merchant) as tx:
        scene = await make_bind_code(tx, actor)
        expires_at = tx.now + BIND_CODE_LIFE
    seconds = int(BIND_CODE_LIFE.total_seconds())
    ticket = await wechat.create_qrcode(db, merchant, scene, seconds)
    return ticket.url, expires_at


async def push_low_stock(
    tx: Tx, *, name: str, location: str, free: int, warn_at: int, at: datetime
) -> int:
    """Queue the push of goods that run low to each manager who wants pushes; returns how many."""
    contacts = await order_contacts(tx)
    data = {
        "thing1": name[:20],
        "thing2": location[:20],
        "number3": str(free),
        "number4": str(warn_at),
        "time5": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    url = f"{_links['public']}/m/{tx.merchant}/phone/"
    for contact in contacts:
        await wechat.send_template(tx, contact.openid, STOCK_LOW, data, url)
    return len(contacts)
