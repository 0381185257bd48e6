"""The account's menu."""

from typing import Any

from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result, ok

TOP, SUB = 3, 5
KEYED = {
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
}
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(KEYED, ("key",)),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "media_id": ("media_id",),
    "view_limited": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}


def _check(button: Any, *, top: bool) -> None:
    """Raises the errcode of the first thing wrong with this button."""
    if not isinstance(button, dict):
        raise WxError(40017)
    name = str(button.get("name", ""))
    if not name or len(name.encode()) > (16 if top else 60):
        raise WxError(40018)
    below = button.get("sub_button") or []
    if below:
        if not top or not isinstance(below, list) or len(below) > SUB:
            raise WxError(40023)
        for one in below:
            _check(one, top=False)
        return
    needs = NEEDS.get(str(button.get("type")))
    if needs is None:
        raise WxError(40017)
    for field in needs:
        _check_field(field, str(button.get(field, "")), top=top)


def _check_field(field: str, value: str, *, top: bool) -> None:
    size = len(value.encode())
    if field == "key" and not 1 <= size <= 128:
        raise WxError(40019)
    if field == "url" and not 1 <= size <= 1024:
        raise WxError(40020)
    if field == "url" and not value.startswith(("http://", "https://")):
        raise WxError(40055 if top else 40054)
    if not value:
        raise WxError(40035)


async def create(call: Call) -> Result:
    buttons = call.json().get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= TOP:
        raise WxError(40016)
    for button in buttons:
        _check(button, top=True)
    call.app.menu = {"button": buttons}
    call.app.menu_id += 1
    call.box.store.later("app", call.app.app_id, call.app)
    return ok()


async def get(call: Call) -> Result:
    if call.app.menu is None:
        raise WxError(46003)
    shown = [{"sub_button": [], **button} for button in call.app.menu["button"]]
    return {"menu": {"button": shown, "menuid": call.app.menu_id}}


async def selfmenu(call: Call) -> Result:
    if call.app.menu is None:
        return {"is_menu_open": 0}

    def shown(button: dict[str, Any]) -> dict[str, Any]:
        below = button.get("sub_button") or []
        return (
            button | {"sub_button": {"list": below}}
            if below
            else {k: v for k, v in button.items() if v != []}
        )

    return {
        "is_menu_open": 1,
        "selfmenu_info": {"button": [shown(b) for b in call.app.menu["button"]]},
    }


async def delete(call: Call) -> Result:
    call.app.menu = None
    call.box.store.later("app", call.app.app_id, call.app)
    return ok()


APIS = [
    Api("POST", "/cgi-bin/menu/create", create, daily=1000, kinds=("oa",)),
    Api("GET", "/cgi-bin/menu/get", get, daily=10_000, kinds=("oa",)),
    Api("GET", "/cgi-bin/menu/delete", delete, daily=1000, kinds=("oa",)),
    Api("GET", "/cgi-bin/get_current_selfmenu_info", selfmenu, daily=10_000, kinds=("oa",)),
]
