"""小程序: login, phone number, code images, shipping information of paid orders."""

import base64
import string
from typing import Any

from starlette.responses import Response

from .box import Box
from .errors import WxError
from .gateway import Api, Call, Result, ok
from .models import App, Code, Fan
from .oa.oauth import check_secret
from .oa.qrcode import png

CODE_SECONDS = 300.0
LOGINS_A_MINUTE = 100
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


async def unlimited_code(call: Call) -> Result:
    body = call.json()
    scene, page = body.get("scene"), str(body.get("page") or "")
    if not isinstance(scene, str) or not 1 <= len(scene) <= 32 or not set(scene) <= SCENE:
        raise WxError(40169)
    if page.startswith("/") or "?" in page:
        raise WxError(41030)
    if body.get("check_path", True) and page and call.app.pages and page not in call.app.pages:
        raise WxError(41030)
    width = body.get("width", 430)
    if not isinstance(width, int) or not 280 <= width <= 1280:
        raise WxError(40097)
    box = call.box
    text = f"wxacode:{call.app.app_id}/{page}#{scene}"
    if text not in box.code_texts:
        ticket = f"wxa{box.chance.text(40)}"
        code = Code(
            "mini", call.app.app_id, ticket, text, scene, 0, True, box.clock.time(), None, page
        )
        box.codes[ticket], box.code_texts[text] = code, ticket
        box.store.later("code", ticket, code)
    return Response(png(text, scale=max(width // 41, 6)), media_type="image/png")


_MINI = ("mini",)
APIS = [
    Api("GET", "/sns/jscode2session", jscode2session, token=False),
    Api("POST", "/wxa/business/getuserphonenumber", phone_number, daily=1_000_000, kinds=_MINI),
    Api("POST", "/wxa/getwxacodeunlimit", unlimited_code, daily=1_000_000, kinds=_MINI),
]
