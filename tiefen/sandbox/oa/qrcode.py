"""Scene QR codes: tickets and their images."""

import io
from typing import Any

import segno
from starlette.responses import Response

from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result
from tiefen.sandbox.models import App, Code

TEMPORARY = {"QR_SCENE", "QR_STR_SCENE"}
PERMANENT = {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
DEFAULT_SECONDS = 30
MOST_SECONDS = 2_592_000
MOST_PERMANENT = 100_000


def _scene(action: str, body: dict[str, Any]) -> tuple[int, str]:
    """(scene id, 0 for text scenes; the scene as text). Raises 40053."""
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise WxError(40053)
    if action in {"QR_STR_SCENE", "QR_LIMIT_STR_SCENE"}:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not text or (action in PERMANENT and len(text) > 64):
            raise WxError(40053)
        return 0, text
    number = scene.get("scene_id")
    most = MOST_PERMANENT if action in PERMANENT else 2**32 - 1
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise WxError(40053)
    return number, str(number)


def make(box: Box, app: App, action: str, scene_id: int, scene: str, seconds: int) -> Code:
    """A new ticket; a permanent scene that has one gets the same again."""
    permanent = action in PERMANENT
    key = f"{app.app_id}/{scene_id}/{scene}"
    if permanent:
        for code in box.codes.values():
            if code.permanent and f"{code.app_id}/{code.scene_id}/{code.scene}" == key:
                return code
        if app.permanent_codes >= MOST_PERMANENT:
            raise WxError(45009)
        app.permanent_codes += 1
        box.store.later("app", app.app_id, app)
    now = box.clock.time()
    code = Code(
        "oa",
        app.app_id,
        f"gQ{box.chance.text(92)}==",
        f"http://weixin.qq.com/q/{box.chance.text(24)}",
        scene,
        scene_id,
        permanent,
        now,
        None if permanent else now + seconds,
    )
    box.codes[code.ticket] = code
    box.code_texts[code.text] = code.ticket
    box.store.later("code", code.ticket, code)
    return code


async def create(call: Call) -> Result:
    body = call.json()
    action = body.get("action_name")
    if action not in TEMPORARY | PERMANENT:
        raise WxError(40053)
    scene_id, scene = _scene(str(action), body)
    seconds = body.get("expire_seconds", DEFAULT_SECONDS)
    if not isinstance(seconds, int) or seconds < 1:
        raise WxError(40035)
    seconds = min(seconds, MOST_SECONDS)
    code = make(call.box, call.app, str(action), scene_id, scene, seconds)
    answer: dict[str, Any] = {"ticket": code.ticket, "url": code.text}
    if not code.permanent:
        answer["expire_seconds"] = seconds
    return answer


def png(text: str, scale: int = 10) -> bytes:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=scale, border=2)
    return out.getvalue()


async def show(call: Call) -> Result:
    code = call.box.codes.get(call.query.get("ticket", ""))
    if code is None or (code.expires_at is not None and code.expires_at <= call.box.clock.time()):
        return Response(status_code=404)
    return Response(png(code.text), media_type="image/png")


APIS = [
    Api("POST", "/cgi-bin/qrcode/create", create, daily=100_000, kinds=("oa",)),
    Api("GET", "/cgi-bin/showqrcode", show, token=False),
]
