"""The fan's actions over HTTP."""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from tiefen.sandbox import mini, phone, push
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import iso
from tiefen.sandbox.errors import ControlError
from tiefen.sandbox.models import App, Code, Message, Relation
from tiefen.sandbox.oa import media, oauth
from tiefen.sandbox.oa.media import sniff
from tiefen.sandbox.pay import pages
from tiefen.sandbox.push import Push
from tiefen.sandbox.world import shown

from .gateway import Ask, Handler, invalid

HOPS = 10


async def _told(ask: Ask, told: Push | None, **more: Any) -> dict[str, Any]:
    """Send the push, waiting for it unless asked not to."""
    if told is None:
        return more | {"push": None}
    if ask.body.get("wait", True):
        await push.deliver(ask.box, told)
    else:

        async def later() -> None:
            await push.deliver(ask.box, told)

        if ask.box.agenda.auto:
            ask.box.agenda.behind(later())
        else:
            ask.box.agenda.add(ask.box.clock.time(), later, f"push {told.event}")
    return more | {"push": told.shown()}


def _app(ask: Ask) -> App:
    return ask.box.app(ask.text("app_id"))


async def follow(ask: Ask) -> dict[str, Any]:
    box, fan = ask.box, ask.box.fan(ask.path("fan"))
    ticket, scene = ask.body.get("ticket"), ask.body.get("scene")
    code: Code | None = None
    if ticket:
        code = phone.usable_code(box, str(ticket))
    elif scene is not None:
        code = phone.code_of_scene(box, phone.oa_app(box, ask.text("app_id")), str(scene))
    app = phone.oa_app(box, code.app_id if code else ask.text("app_id"))
    told = phone.follow(box, fan, app, code=code, how=str(ask.body.get("how") or "search"))
    return await _told(ask, told, following=True, already=told is None)


async def unfollow(ask: Ask) -> dict[str, Any]:
    box = ask.box
    told = phone.unfollow(box, box.fan(ask.path("fan")), phone.oa_app(box, ask.text("app_id")))
    return await _told(ask, told, following=False, already=told is None)


def _code_asked(ask: Ask) -> Code | None:
    """The code that was scanned; None when it is something else."""
    box = ask.box
    if ask.body.get("ticket"):
        return phone.usable_code(box, ask.text("ticket"))
    if ask.body.get("scene") is not None:
        return phone.code_of_scene(box, box.app(ask.text("app_id")), str(ask.body["scene"]))
    ticket = box.code_texts.get(ask.text("text"))
    return phone.usable_code(box, ticket) if ticket else None


async def scan(ask: Ask) -> dict[str, Any]:
    box, fan = ask.box, ask.box.fan(ask.path("fan"))
    code = _code_asked(ask)
    if code is None:
        return _scan_text(box, ask.text("text"))
    if code.kind == "mini":
        return {"kind": "mini", "app_id": code.app_id, "page": code.page, "scene": code.scene}
    app, relation = box.app(code.app_id), box.relation(code.app_id, fan.id)
    more: dict[str, Any] = {"app_id": app.app_id, "scene": code.scene}
    if relation.subscribed:
        return await _told(ask, phone.scan(box, fan, code), kind="scan", **more)
    if ask.body.get("then_follow", True):
        return await _told(
            ask, phone.follow(box, fan, app, code=code, how="qr"), kind="follow", **more
        )
    return {"kind": "profile", "ticket": code.ticket, "push": None} | more


def _scan_text(box: Box, text: str) -> dict[str, Any]:
    if text in box.code_urls:
        return {"kind": "pay", "prepay_id": box.code_urls[text]}
    if text.startswith(pages.OPENS):
        prepay_id = text.removeprefix(pages.OPENS)
        if prepay_id in box.prepays:
            return {"kind": "pay", "prepay_id": prepay_id}
    if text.startswith(("http://", "https://")):
        return {"kind": "url", "url": text}
    return {"kind": "text", "text": text}


async def text(ask: Ask) -> dict[str, Any]:
    content = ask.text("content")
    if not content:
        raise invalid("content", "is empty")
    fan, option = ask.box.fan(ask.path("fan")), ask.text("option", "")
    message, told = phone.text(ask.box, fan, _app(ask), content, option=option)
    return await _told(ask, told, message=shown(message))


# A grey square, for a picture nobody chose.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAE0lEQVR4nGM8ceIEAzbAhFV00EoAAGx6Ads1yMzWAAAAAElFTkSuQmCC"
)


async def image(ask: Ask) -> dict[str, Any]:
    app, media_id = _app(ask), ask.body.get("media_id")
    if not media_id:
        try:
            data = base64.b64decode(ask.body.get("data_base64") or "", validate=True) or PICTURE
        except (binascii.Error, ValueError, TypeError) as error:
            raise invalid("data_base64", "is not base64") from error
        kept = media.keep(ask.box, app, "image", sniff(data[:16]) or "image/jpeg", data)
        media_id = kept.media_id
    elif media_id not in ask.box.media:
        raise ControlError(404, "sandbox.media_missing", f"no media {media_id}")
    url = f"{ask.base()}/sandbox/media/{media_id}"
    message, told = phone.image(ask.box, ask.box.fan(ask.path("fan")), app, str(media_id), url)
    return await _told(ask, told, message=shown(message))


def _degrees(ask: Ask, name: str, most: float) -> float:
    value = ask.body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > most:
        raise invalid(name, f"is a number between {-most} and {most}")
    return float(value)


async def location(ask: Ask) -> dict[str, Any]:
    latitude, longitude = _degrees(ask, "latitude", 90), _degrees(ask, "longitude", 180)
    label, scale = ask.text("label", ""), int(ask.body.get("scale") or 16)
    fan = ask.box.fan(ask.path("fan"))
    message, told = phone.location(ask.box, fan, _app(ask), latitude, longitude, label, scale)
    return await _told(ask, told, message=shown(message))


async def report_location(ask: Ask) -> dict[str, Any]:
    latitude, longitude = _degrees(ask, "latitude", 90), _degrees(ask, "longitude", 180)
    precision = float(ask.body.get("precision") or 30.0)
    fan = ask.box.fan(ask.path("fan"))
    return await _told(
        ask, phone.report_location(ask.box, fan, _app(ask), latitude, longitude, precision)
    )


async def menu(ask: Ask) -> dict[str, Any]:
    box, app = ask.box, _app(ask)
    tapped = phone.button(app, ask.body.get("path"), str(ask.body.get("key") or ""))
    told = phone.tap(box, box.fan(ask.path("fan")), app, tapped)
    kind = str(tapped.get("type") or "open")
    more: dict[str, Any] = {"kind": "mini" if kind == "miniprogram" else kind, "button": tapped}
    if kind == "view":
        more["url"] = tapped["url"]
    if kind == "miniprogram":
        more |= {
            "app_id": tapped.get("appid"),
            "page": tapped.get("pagepath"),
            "url": tapped.get("url"),
        }
    return await _told(ask, told, **more)


async def open_url(ask: Ask) -> dict[str, Any]:
    """Follow a link as this fan would: authorize pages are answered with consent, other redirects followed."""
    box, fan, url = ask.box, ask.box.fan(ask.path("fan")), ask.text("url")
    hops: list[dict[str, Any]] = []
    # The browser of the fan's phone: cookies, but redirects one by one to see them.
    browser = httpx.AsyncClient(transport=box.out(), timeout=box.push_timeout, trust_env=False)
    # Not closed: that would close the way out, which it only borrows.
    for _ in range(HOPS):
        found = urlsplit(url)
        if found.path == "/connect/oauth2/authorize":
            status, target = (
                302,
                _authorized(ask, fan.id, dict(parse_qsl(found.query, keep_blank_values=True))),
            )
        else:
            try:
                response = await browser.get(url)
            except httpx.HTTPError as error:
                raise ControlError(502, "sandbox.open_failed", f"{url}: {error}") from error
            status, target = response.status_code, response.headers.get("location", "")
        hops.append({"url": url, "status": status})
        if not 300 <= status < 400 or not target:
            return {"url": url, "status": status, "hops": hops}
        url = urljoin(url, target)
    raise ControlError(502, "sandbox.open_failed", f"more than {HOPS} redirects")


def _authorized(ask: Ask, fan_id: int, query: dict[str, str]) -> str:
    try:
        app, redirect = oauth.check_request(ask.box, query)
    except oauth.PageError as error:
        raise ControlError(
            409, "sandbox.authorize_refused", f"{error.number} {error.text}"
        ) from error
    snapshot = bool(ask.body.get("snapshot"))
    code = oauth.issue_code(ask.box, app, ask.box.fans[fan_id], query["scope"], snapshot=snapshot)
    return oauth.back(redirect, code, query.get("state"))


async def authorize(ask: Ask) -> dict[str, Any]:
    query = {
        "appid": ask.text("app_id"),
        "redirect_uri": ask.text("redirect_uri"),
        "response_type": "code",
        "scope": ask.text("scope", "snsapi_base"),
        "state": ask.text("state", ""),
    }
    target = _authorized(ask, ask.box.fan(ask.path("fan")).id, query)
    return {"code": dict(parse_qsl(urlsplit(target).query))["code"], "location": target}


async def mini_login(ask: Ask) -> dict[str, Any]:
    app = _mini(ask)
    return {"code": mini.login_code(ask.box, app, ask.box.fan(ask.path("fan")))}


async def phone_code(ask: Ask) -> dict[str, Any]:
    app = _mini(ask)
    return {"code": mini.phone_code(ask.box, app, ask.box.fan(ask.path("fan")))}


async def enter(ask: Ask) -> dict[str, Any]:
    return await _told(ask, phone.enter(ask.box, ask.box.fan(ask.path("fan")), _mini(ask)))


def _mini(ask: Ask) -> App:
    app = _app(ask)
    if app.kind != "mini":
        raise ControlError(422, "sandbox.not_a_mini", f"{app.app_id} is not a mini program")
    return app


async def subscribe(ask: Ask) -> dict[str, Any]:
    """The fan answers the subscription dialog: one permission for each accepted template."""
    box, app, ids = ask.box, _app(ask), ask.body.get("template_ids")
    if not isinstance(ids, list) or not ids:
        raise invalid("template_ids", "is a list of template ids")
    relation = box.relation(app.app_id, box.fan(ask.path("fan")).id)
    for template_id in ids:
        if not any(t.template_id == template_id for t in app.templates):
            raise ControlError(404, "sandbox.template_missing", f"no template {template_id}")
        if ask.body.get("accept", True):
            relation.grants[template_id] = relation.grants.get(template_id, 0) + 1
    box.save_relation(relation)
    return {"grants": relation.grants}


# -- what the phone shows -------------------------------------------------------------------------------------------


def _allowance(box: Box, relation: Relation) -> list[dict[str, Any]]:
    now = box.clock.time()
    live = {action: w for action, w in relation.windows.items() if w.until > now}
    return [{"action": action, "left": w.left, "until": iso(w.until)} for action, w in live.items()]


def _last(thread: list[Message]) -> dict[str, Any] | None:
    return shown(thread[-1]) if thread else None


async def chats(ask: Ask) -> dict[str, Any]:
    box, fan = ask.box, ask.box.fan(ask.path("fan"))
    items = []
    for app in box.apps.values():
        relation = box.relation(app.app_id, fan.id)
        thread = box.chats.get(relation.openid, [])
        if not thread and not relation.subscribed:
            continue
        items.append(
            {
                "app_id": app.app_id,
                "kind": app.kind,
                "name": app.name,
                "at": iso(thread[-1].at if thread else relation.subscribed_at),
                "last": _last(thread),
                "unread": relation.unread,
                "following": relation.subscribed,
            }
        )
    items.sort(key=lambda item: str(item["at"]), reverse=True)
    return {"items": items, "next": None}


async def chat(ask: Ask) -> dict[str, Any]:
    box, app = ask.box, ask.box.app(ask.path("app_id"))
    relation = box.relation(app.app_id, box.fan(ask.path("fan")).id)
    after, limit = ask.number("after", 0), min(ask.number("limit", 200), 1000)
    thread = [m for m in box.chats.get(relation.openid, []) if m.seq > after]
    thread = thread[:limit] if after else thread[-limit:]
    relation.unread = 0
    return {
        "items": [shown(m) for m in thread],
        "menu": app.menu,
        "name": app.name,
        "following": relation.subscribed,
        "openid": relation.openid,
        "allowance": _allowance(box, relation),
    }


async def notifications(ask: Ask) -> dict[str, Any]:
    fan, after = ask.box.fan(ask.path("fan")), ask.number("after", 0)
    kept = [n for n in ask.box.notifications.get(fan.id, []) if n["seq"] > after]
    return {"items": kept[::-1][:200], "next": None}


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/fans/{fan}/follow", follow),
    ("POST", "/fans/{fan}/unfollow", unfollow),
    ("POST", "/fans/{fan}/scan", scan),
    ("POST", "/fans/{fan}/text", text),
    ("POST", "/fans/{fan}/image", image),
    ("POST", "/fans/{fan}/location", location),
    ("POST", "/fans/{fan}/report-location", report_location),
    ("POST", "/fans/{fan}/menu", menu),
    ("POST", "/fans/{fan}/enter", enter),
    ("POST", "/fans/{fan}/open", open_url),
    ("POST", "/fans/{fan}/oauth", authorize),
    ("POST", "/fans/{fan}/mini-login", mini_login),
    ("POST", "/fans/{fan}/phone-code", phone_code),
    ("POST", "/fans/{fan}/subscribe", subscribe),
    ("GET", "/fans/{fan}/chats", chats),
    ("GET", "/fans/{fan}/chats/{app_id}", chat),
    ("GET", "/fans/{fan}/notifications", notifications),
]
