"""小程序: login, phone number, code images, shipping information of paid orders."""

import base64
import string
from typing import Any

from starlette.responses import Response

from .box import Box
from .errors import WxError
from .gateway import Api, Call, Result, ok
from .models import App, Charge, Code, Fan, Shipment
from .oa.oauth import check_secret
from .oa.qrcode import png

CODE_SECONDS = 300.0
LOGINS_A_MINUTE = 100
CODES_A_MINUTE = 5_000
SCENE = set(string.ascii_letters + string.digits + "!#$&'()*+,/:;=?@-._~")


def login_code(box: Box, app: App, fan: Fan) -> str:
    """What wx.login gives."""
    code = f"0{box.chance.text(31)}"
    box.remember(f"js/{code}", {"app_id": app.app_id, "fan": fan.id, "used": False}, CODE_SECONDS)
    return code


def phone_code(box: Box, app: App, fan: Fan) -> str:
    """What the getPhoneNumber button gives."""
    code = box.chance.hex(64)
    box.remember(
        f"phone/{code}", {"app_id": app.app_id, "fan": fan.id, "used": False}, CODE_SECONDS
    )
    return code


def _redeem(call: Call, key: str, app_id: str) -> dict[str, Any]:
    """Use a code up. Raises 40029, 40163."""
    kept = call.box.recall(key)
    if kept is None or kept[0]["app_id"] != app_id or (not kept[1] and not kept[0]["used"]):
        raise WxError(40029)
    if kept[0]["used"]:
        raise WxError(40163)
    kept[0]["used"] = True
    found: dict[str, Any] = kept[0]
    return found


def _too_often(box: Box, app: App, fan_id: int) -> bool:
    key = f"logins/{app.app_id}/{fan_id}"
    kept = box.recall(key)
    times = kept[0] if kept is not None and kept[1] else []
    if not times:
        box.remember(key, times, 60.0)
    times.append(box.clock.time())
    return len(times) > LOGINS_A_MINUTE


async def jscode2session(call: Call) -> Result:
    app = call.box.apps.get(call.query.get("appid", ""))
    if app is None or app.kind != "mini":
        raise WxError(40013)
    check_secret(app, call.query.get("secret"))
    if call.query.get("grant_type") != "authorization_code":
        raise WxError(40002)
    code = call.query.get("js_code")
    if not code:
        raise WxError(41008)
    found = _redeem(call, f"js/{code}", app.app_id)
    if _too_often(call.box, app, found["fan"]):
        raise WxError(45011)
    relation = call.box.relation(app.app_id, found["fan"])
    relation.session_key = base64.b64encode(call.box.chance.bytes(16)).decode()
    call.box.save_relation(relation)
    answer: dict[str, Any] = {"session_key": relation.session_key, "openid": relation.openid}
    return answer | ({"unionid": call.box.fans[found["fan"]].unionid} if app.bound else {})


async def phone_number(call: Call) -> Result:
    code = call.json().get("code")
    if not code:
        raise WxError(40029)
    found = _redeem(call, f"phone/{code}", call.app.app_id)
    phone = call.box.fans[found["fan"]].phone
    return ok(
        phone_info={
            "phoneNumber": phone,
            "purePhoneNumber": phone,
            "countryCode": 86,
            "watermark": {"timestamp": int(call.box.clock.time()), "appid": call.app.app_id},
        }
    )


def _codes_this_minute(box: Box, app: App) -> int:
    key = f"wxacodes/{app.app_id}"
    kept = box.recall(key)
    drawn = kept[0] if kept is not None and kept[1] else []
    if not drawn:
        box.remember(key, drawn, 60.0)
    drawn.append(1)
    return len(drawn)


async def unlimited_code(call: Call) -> Result:
    body = call.json()
    scene, page = body.get("scene"), str(body.get("page") or "")
    if not isinstance(scene, str) or not 1 <= len(scene) <= 32 or not set(scene) <= SCENE:
        raise WxError(40169)
    if page.startswith("/") or "?" in page:
        raise WxError(41030)
    if body.get("check_path", True) and page and call.app.pages and page not in call.app.pages:
        raise WxError(41030)
    width, version = body.get("width", 430), body.get("env_version", "release")
    if not isinstance(width, int) or not 280 <= width <= 1280:
        raise WxError(40097)
    if version not in ("release", "trial", "develop"):
        raise WxError(40097)
    box = call.box
    if _codes_this_minute(box, call.app) > CODES_A_MINUTE:
        raise WxError(45009)
    text = f"wxacode:{call.app.app_id}/{page}#{scene}"
    if text not in box.code_texts:
        ticket = f"wxa{box.chance.text(40)}"
        code = Code(
            "mini", call.app.app_id, ticket, text, scene, 0, True, box.clock.time(), None, page
        )
        box.codes[ticket], box.code_texts[text] = code, ticket
        box.store.later("code", ticket, code)
    return Response(png(text, scale=max(width // 41, 6)), media_type="image/png")


def _charge_of(call: Call, key: dict[str, Any]) -> Charge:
    charges = call.box.charges
    if key.get("order_number_type", 2) == 2:
        found = charges.get(str(key.get("transaction_id")))
    else:
        number = (key.get("mchid"), key.get("out_trade_no"))
        found = next((c for c in charges.values() if (c.mchid, c.out_trade_no) == number), None)
    if found is None or found.app_id != call.app.app_id:
        raise WxError(10060001)
    return found


def _listed(body: dict[str, Any]) -> list[dict[str, str]]:
    listed = body.get("shipping_list")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 15:
        raise WxError(10060014)
    for one in listed:
        words = str(one.get("item_desc") or "")
        if not words:
            raise WxError(10060008)
        if len(words) > 120:
            raise WxError(10060009)
        express = body.get("logistics_type") == 1
        if express and not (one.get("tracking_no") and one.get("express_company")):
            raise WxError(10060014)
        if one.get("express_company") == "SF" and not one.get("contact"):
            raise WxError(10060014)
    return [
        {name: str(one.get(name) or "") for name in ("tracking_no", "express_company")}
        for one in listed
    ]


async def upload_shipping(call: Call) -> Result:
    body = call.json()
    charge = _charge_of(call, body.get("order_key") or {})
    if (body.get("payer") or {}).get("openid") != charge.openid:
        raise WxError(10060031)
    if charge.refunded_fen >= charge.amount_fen:
        raise WxError(10060004)
    listed, mode, at = _listed(body), body.get("delivery_mode"), str(body.get("upload_time") or "")
    if mode == 2 and body.get("logistics_type") != 1:
        raise WxError(10060006)
    if mode == 2 and not isinstance(body.get("is_all_delivered"), bool):
        raise WxError(10060007)
    if mode not in (1, 2) or not at:
        raise WxError(10060014)
    known = call.box.shipments.get(charge.transaction_id)
    if known is None:
        known = Shipment(charge.transaction_id, mode, False, False, "", [])
    elif at <= known.upload_time:
        raise WxError(268485216)
    elif known.done or known.mode != mode:
        if known.reshipped:
            raise WxError(10060003)
        known.reshipped, known.parcels = True, []
    known.mode, known.upload_time = mode, at
    known.parcels = listed if mode == 1 else [*known.parcels, *listed]
    known.done = mode == 1 or body["is_all_delivered"]
    call.box.shipments[charge.transaction_id] = known
    call.box.store.later("shipment", charge.transaction_id, known)
    return ok()


async def shipped_order(call: Call) -> Result:
    body = call.json()
    key = (
        dict(body)
        if body.get("transaction_id")
        else {
            "order_number_type": 1,
            "mchid": body.get("merchant_id"),
            "out_trade_no": body.get("merchant_trade_no"),
        }
    )
    charge = _charge_of(call, key)
    known = call.box.shipments.get(charge.transaction_id)
    state = 5 if charge.refunded_fen >= charge.amount_fen else 2 if known and known.done else 1
    shipping = (
        {
            "delivery_mode": known.mode,
            "finish_shipping": known.done,
            "shipping_list": known.parcels,
        }
        if known
        else {}
    )
    return ok(
        order={
            "transaction_id": charge.transaction_id,
            "merchant_id": charge.mchid,
            "merchant_trade_no": charge.out_trade_no,
            "paid_amount": charge.amount_fen,
            "openid": charge.openid,
            "order_state": state,
            "in_complaint": False,
            "shipping": shipping,
        }
    )


PRESALE, TEST_ORDER = 1, 2
SOONEST, LATEST = 15 * 86_400, 330 * 86_400
"""How long after its payment a presale may be announced to be sent, in seconds."""


async def special_order(call: Call) -> Result:
    """特殊发货报备: an order that will be sent late, or never because it was a test."""
    body = call.json()
    number = str(body.get("order_id") or "")
    charges = call.box.charges
    found = charges.get(number) or next(
        (one for one in charges.values() if one.out_trade_no == number), None
    )
    if found is None or found.app_id != call.app.app_id:
        raise WxError(10060001)
    known = call.box.shipments.get(found.transaction_id)
    if (known and known.done) or found.refunded_fen >= found.amount_fen:
        raise WxError(10060004)
    kind, until = body.get("type"), body.get("delay_to")
    if kind not in (PRESALE, TEST_ORDER):
        raise WxError(10060014)
    if kind == PRESALE:
        wait = until - found.charged_at if isinstance(until, int) else 0
        if not SOONEST < wait <= LATEST:
            raise WxError(10060014)
    return ok()


_MINI = ("mini",)
APIS = [
    Api("GET", "/sns/jscode2session", jscode2session, token=False),
    Api("POST", "/wxa/business/getuserphonenumber", phone_number, daily=1_000_000, kinds=_MINI),
    Api(
        "POST", "/wxa/sec/order/upload_shipping_info", upload_shipping, daily=1_000_000, kinds=_MINI
    ),
    Api("POST", "/wxa/sec/order/opspecialorder", special_order, daily=1_000_000, kinds=_MINI),
    Api("POST", "/wxa/sec/order/get_order", shipped_order, daily=1_000_000, kinds=_MINI),
    Api("POST", "/wxa/getwxacodeunlimit", unlimited_code, daily=1_000_000, kinds=_MINI),
]
