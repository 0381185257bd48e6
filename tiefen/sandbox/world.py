"""Bringing the state back from the file, and showing it to the control API."""

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from .clock import iso
from .models import (
    AccessToken,
    App,
    Charge,
    Code,
    Crowd,
    Fan,
    Media,
    Merchant,
    Message,
    Meta,
    Notice,
    Order,
    Refund,
    Relation,
    Shipment,
    TokenState,
    Usage,
)

if TYPE_CHECKING:
    from .box import Box


def load(box: "Box") -> None:
    """Fill an empty box from its store."""
    box.meta = next((meta for _, meta in box.store.load("meta", Meta)), Meta())
    box.apps = dict(box.store.load("app", App))
    box.merchants = dict(box.store.load("merchant", Merchant))
    _load_fans(box)
    box.tokens = dict(box.store.load("token", AccessToken))
    box.token_states = dict(box.store.load("token_state", TokenState))
    box.usage = dict(box.store.load("usage", Usage))
    # Lists run from the oldest on; the store knows only keys.
    for ticket, code in sorted(box.store.load("code", Code), key=lambda pair: pair[1].created_at):
        box.codes[ticket] = code
        box.code_texts[code.text] = ticket
    box.media = dict(box.store.load("media", Media))
    _load_money(box)


def _load_fans(box: "Box") -> None:
    for _, fan in sorted(box.store.load("fan", Fan), key=lambda pair: pair[1].id):
        box.fans[fan.id] = fan
        if fan.key:
            box.fan_keys[fan.key] = fan.id
    box.meta.next_fan = max([box.meta.next_fan, *(i + 1 for i in box.fans)])
    following: dict[str, list[tuple[float, str]]] = {}
    for openid, relation in box.store.load("relation", Relation):
        box.relations[openid] = relation
        box.openids[relation.app_id, relation.fan_id] = openid
        if relation.subscribed:
            following.setdefault(relation.app_id, []).append((relation.subscribed_at, openid))
    for app_id, pairs in following.items():
        box.followers[app_id] = dict.fromkeys(openid for _, openid in sorted(pairs))
    box.crowds = dict(box.store.load("crowd", Crowd))
    for key, message in box.store.load("message", Message):
        box.chats.setdefault(key.partition("/")[0], []).append(message)
    for openid, thread in box.chats.items():
        # Messages and relations are written behind together, but a kill may keep one and lose the other.
        if openid in box.relations:
            box.relations[openid].next_seq = max(box.relations[openid].next_seq, thread[-1].seq + 1)


def _load_money(box: "Box") -> None:
    for _, order in sorted(box.store.load("order", Order), key=lambda pair: pair[1].created_at):
        box.orders[order.mchid, order.out_trade_no] = order
        for prepay in order.prepays:
            box.prepays[prepay.prepay_id] = order
            if prepay.code_url:
                box.code_urls[prepay.code_url] = prepay.prepay_id
    box.shipments.update(box.store.load("shipment", Shipment))
    charges = sorted(box.store.load("charge", Charge), key=lambda pair: pair[1].charged_at)
    box.charges = dict(charges)
    refunds = sorted(box.store.load("refund", Refund), key=lambda pair: pair[1].created_at)
    for _, refund in refunds:
        box.refunds[refund.mchid, refund.out_refund_no] = refund
        box.refund_ids[refund.refund_id] = refund
        box.refunds_by_charge.setdefault(refund.transaction_id, []).append(refund)
    notices = sorted(box.store.load("notice", Notice), key=lambda pair: pair[1].created_at)
    box.notices = dict(notices)


# -- shown ----------------------------------------------------------------------------------------------------------


def shown(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(message)
    data["at"] = iso(message.at)
    return data


def avatar_svg(fan: Fan) -> str:
    """A drawn avatar: the first character on the fan's colour."""
    letter = (fan.nickname[:1] or "?").replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" '
        f'fill="{fan.avatar_color}"/><text x="32" y="43" font-size="30" text-anchor="middle" fill="#fff" '
        f'font-family="sans-serif">{letter}</text></svg>'
    )


def avatar(fan: Fan) -> str:
    """The avatar as a data URI."""
    return "data:image/svg+xml;base64," + base64.b64encode(avatar_svg(fan).encode()).decode()


def show_fan(box: "Box", fan: Fan) -> dict[str, Any]:
    openids = {app_id: box.relation(app_id, fan.id).openid for app_id in box.apps}
    return {
        "id": fan.id,
        "key": fan.key,
        "unionid": fan.unionid,
        "nickname": fan.nickname,
        "avatar_color": fan.avatar_color,
        "avatar_url": f"/mmhead/{fan.id}/132",
        "phone": fan.phone,
        "city": fan.city,
        "openids": openids,
        "following": [
            app_id for app_id, openid in openids.items() if openid in box.followers.get(app_id, {})
        ],
    }


def show_app(app: App) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(app)
    for inner in (
        "menu",
        "menu_id",
        "tags",
        "next_tag",
        "next_msg",
        "permanent_codes",
        "limits",
        "old_aes_key",
    ):
        data.pop(inner)
    return data


def show_merchant(merchant: Merchant) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(merchant)
    for inner in ("platform_private_key", "public_private_key", "notices_sent", "former"):
        data.pop(inner)
    return {"kind": "pay"} | data
