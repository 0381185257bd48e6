"""What a fan does on the phone, as pushes to the account's server. The demo may call these in process too."""

from typing import Any

from . import push, windows, xml
from .box import Box
from .errors import ControlError
from .models import App, Code, Fan, Message, Relation
from .oa.users import HOW
from .push import Push


def _event(box: Box, relation: Relation, event: str, **fields: xml.Value) -> Push:
    return push.compose(box, box.apps[relation.app_id], relation, "event", Event=event, **fields)


def oa_app(box: Box, app_id: str) -> App:
    app = box.app(app_id)
    if app.kind != "oa":
        raise ControlError(
            422, "sandbox.not_an_account", f"{app_id} is a mini program; this needs a 公众号"
        )
    return app


def follow(box: Box, fan: Fan, app: App, *, code: Code | None, how: str) -> Push | None:
    """Follow, by a code or otherwise. None when the fan follows already."""
    relation = box.relation(app.app_id, fan.id)
    if relation.subscribed:
        return None
    relation.subscribed, relation.subscribed_at = True, box.clock.time()
    relation.how = HOW["qr"] if code else HOW.get(how, HOW["other"])
    relation.qr_scene = code.scene_id if code else 0
    relation.qr_scene_str = code.scene if code and not code.scene_id else ""
    box.followers.setdefault(app.app_id, {})[relation.openid] = None
    windows.open_window(box, relation, "follow")
    box.say(relation, "note", "system", "event", text=f"你已关注{app.name}")
    if code is None:
        return _event(box, relation, "subscribe", EventKey="")
    windows.open_window(box, relation, "scan")
    return _event(box, relation, "subscribe", EventKey=f"qrscene_{code.scene}", Ticket=code.ticket)


def unfollow(box: Box, fan: Fan, app: App) -> Push | None:
    """None when the fan does not follow. Tags and remark are forgotten, as WeChat does."""
    relation = box.relation(app.app_id, fan.id)
    if not relation.subscribed:
        return None
    relation.subscribed, relation.tags, relation.remark = False, [], ""
    relation.windows.clear()
    box.followers[app.app_id].pop(relation.openid, None)
    box.say(relation, "note", "system", "event", text=f"你已取消关注{app.name}")
    return _event(box, relation, "unsubscribe", EventKey="")


def scan(box: Box, fan: Fan, code: Code) -> Push:
    """A follower scans a scene code: the SCAN event."""
    relation = box.relation(code.app_id, fan.id)
    windows.open_window(box, relation, "scan")
    box.say(relation, "note", "system", "event", text="扫描了二维码")
    return _event(box, relation, "SCAN", EventKey=code.scene, Ticket=code.ticket)


def usable_code(box: Box, ticket: str) -> Code:
    """Raises 404 for a ticket nobody made, 410 for one whose time is over."""
    code = box.codes.get(ticket)
    if code is None:
        raise ControlError(404, "sandbox.code_missing", f"no code {ticket}")
    if code.expires_at is not None and code.expires_at <= box.clock.time():
        raise ControlError(410, "sandbox.code_expired", "this code has expired")
    return code


def code_of_scene(box: Box, app: App, scene: str) -> Code:
    """The newest usable code of this scene."""
    now = box.clock.time()
    found = [c for c in box.codes.values() if c.app_id == app.app_id and c.scene == scene]
    live = [c for c in found if c.expires_at is None or c.expires_at > now]
    if not live:
        raise ControlError(404, "sandbox.code_missing", f"no usable code with scene {scene}")
    return live[-1]


def _reachable(box: Box, fan: Fan, app: App) -> Relation:
    """A 公众号 can be written to only by its followers; a mini program's chat is open to all."""
    relation = box.relation(app.app_id, fan.id)
    if app.kind == "oa" and not relation.subscribed:
        raise ControlError(
            409, "sandbox.not_following", f"fan {fan.id} does not follow {app.app_id}"
        )
    return relation


def text(box: Box, fan: Fan, app: App, content: str, *, option: str = "") -> tuple[Message, Push]:
    """Write to the account; `option` is the id of a tapped choice in a menu message, which counts as a menu tap."""
    relation = _reachable(box, fan, app)
    windows.open_window(box, relation, "menu" if option else "message")
    message = box.say(relation, "in", "fan", "text", text=content)
    fields: dict[str, xml.Value] = {"Content": content}
    if option:
        fields["bizmsgmenuid"] = option
    return message, push.compose(box, app, relation, "text", **fields)


def image(box: Box, fan: Fan, app: App, media_id: str, url: str) -> tuple[Message, Push]:
    relation = _reachable(box, fan, app)
    windows.open_window(box, relation, "message")
    message = box.say(
        relation, "in", "fan", "image", media_id=media_id, media_url=f"/sandbox/media/{media_id}"
    )
    return message, push.compose(box, app, relation, "image", PicUrl=url, MediaId=media_id)


def location(
    box: Box, fan: Fan, app: App, latitude: float, longitude: float, label: str, scale: int
) -> tuple[Message, Push]:
    relation = _reachable(box, fan, app)
    windows.open_window(box, relation, "message")
    place = {"latitude": latitude, "longitude": longitude, "label": label, "scale": scale}
    message = box.say(relation, "in", "fan", "location", location=place)
    fields: dict[str, xml.Value] = {
        "Location_X": latitude,
        "Location_Y": longitude,
        "Scale": scale,
        "Label": label,
    }
    return message, push.compose(box, app, relation, "location", **fields)


def report_location(
    box: Box, fan: Fan, app: App, latitude: float, longitude: float, precision: float
) -> Push:
    relation = _reachable(box, fan, app)
    return _event(
        box, relation, "LOCATION", Latitude=latitude, Longitude=longitude, Precision=precision
    )


def enter(box: Box, fan: Fan, app: App) -> Push:
    """Open a mini program's customer-service chat."""
    relation = box.relation(app.app_id, fan.id)
    windows.open_window(box, relation, "enter")
    return _event(box, relation, "user_enter_tempsession", SessionFrom="sandbox")


def button(app: App, path: list[int] | None, key: str) -> dict[str, Any]:
    """The menu button at a path, or with a key. Raises 404."""
    top: list[dict[str, Any]] = (app.menu or {}).get("button", [])
    flat = [b for t in top for b in (t.get("sub_button") or [t])]
    found: dict[str, Any] | None
    if path:
        level = top
        found = None
        for index in path:
            if not 0 <= index < len(level):
                raise ControlError(404, "sandbox.button_missing", f"no menu button at {path}")
            button = level[index]
            found, level = button, button.get("sub_button") or []
    else:
        found = next((b for b in flat if b.get("key") == key), None)
    if found is None:
        raise ControlError(404, "sandbox.button_missing", f"no menu button with key {key!r}")
    return found


def tap(box: Box, fan: Fan, app: App, tapped: dict[str, Any]) -> Push | None:
    """Tap a menu button: its event. None for a button that only opens below it, or sends nothing."""
    relation = _reachable(box, fan, app)
    kind, menu_id = str(tapped.get("type", "")), app.menu_id
    if kind == "view":
        return _event(box, relation, "VIEW", EventKey=str(tapped["url"]), MenuId=menu_id)
    if kind == "miniprogram":
        return _event(
            box, relation, "view_miniprogram", EventKey=str(tapped["pagepath"]), MenuId=menu_id
        )
    if kind == "click":
        windows.open_window(box, relation, "menu")
        box.say(relation, "note", "system", "event", text=f"点击菜单：{tapped.get('name', '')}")
        return _event(box, relation, "CLICK", EventKey=str(tapped["key"]), MenuId=menu_id)
    if kind in {"scancode_push", "scancode_waitmsg"}:
        windows.open_window(box, relation, "menu")
        info: dict[str, xml.Value] = {"ScanType": "qrcode", "ScanResult": "1"}
        return _event(
            box, relation, kind, EventKey=str(tapped["key"]), MenuId=menu_id, ScanCodeInfo=info
        )
    return None
