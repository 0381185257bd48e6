"""Messages the account sends: customer service, template, subscription notices."""

import re
from typing import Any

from tiefen.sandbox import push, windows
from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result, ok
from tiefen.sandbox.models import App, Message, Relation, Template

from .users import relation_or_fail

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
TEMPLATES = 25
DEDUPE_SECONDS = 600
CUSTOM_TEXT_BYTES = 2048


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name)
    if not isinstance(part, dict):
        raise WxError(47001)
    return part


def _custom_fields(box: Box, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the thread shows of a customer-service message. Raises for what the platform would not take."""
    part = _part(body, kind)
    if kind == "text":
        text = str(part.get("content") or "")
        if not text:
            raise WxError(44002)
        if len(text.encode()) > CUSTOM_TEXT_BYTES:
            raise WxError(45002)
        return {"text": text}
    if kind in {"image", "voice", "video"}:
        media = box.media.get(str(part.get("media_id")))
        if media is None:
            raise WxError(40007)
        return {"media_url": f"/sandbox/media/{media.media_id}", "media_id": media.media_id}
    if kind in {"news", "link"}:
        items = part.get("articles") if kind == "news" else [part]
        if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
            raise WxError(45002)
        keys = ("title", "description", "url", "picurl")
        return {"articles": [{k: str(items[0].get(k) or "") for k in keys}]}
    if kind == "msgmenu":
        options = [
            {"id": str(o.get("id", "")), "content": str(o.get("content", ""))}
            for o in part.get("list") or []
        ]
        text = f"{part.get('head_content', '')}\n{part.get('tail_content', '')}".strip()
        return {"text": text, "options": options}
    return {"card": {k: v for k, v in part.items() if isinstance(v, str)}}


SHOWN_AS = {"msgmenu": "menu", "miniprogrampage": "miniprogram", "link": "news"}
CUSTOM_KINDS = {
    "text",
    "image",
    "voice",
    "video",
    "music",
    "news",
    "msgmenu",
    "miniprogrampage",
    "wxcard",
    "link",
}


async def custom_send(call: Call) -> Result:
    body = call.json()
    kind = str(body.get("msgtype", ""))
    relation = relation_or_fail(call.box, call.app, body.get("touser"))
    if kind not in CUSTOM_KINDS:
        raise WxError(40035)
    fields = _custom_fields(call.box, kind, body)
    if call.app.kind == "oa" and not relation.subscribed and "pay" not in relation.windows:
        raise WxError(45015)
    windows.spend(call.box, relation)
    call.box.say(relation, "out", "custom", SHOWN_AS.get(kind, kind), **fields)
    return ok()


async def custom_typing(call: Call) -> Result:
    body = call.json()
    relation_or_fail(call.box, call.app, body.get("touser"))
    if body.get("command") not in {"Typing", "CancelTyping"}:
        raise WxError(40035)
    return ok()


# -- templates ------------------------------------------------------------------------------------------------------


def template_or_fail(app: App, template_id: object) -> Template:
    found = next((t for t in app.templates if t.template_id == template_id), None)
    if found is None:
        raise WxError(40037)
    return found


def render(template: Template, data: dict[str, Any]) -> list[dict[str, str]]:
    """The card's rows: each line of the template with its keyword filled in."""
    rows = []
    for line in template.content.splitlines():
        found = PLACEHOLDER.search(line)
        if found is None:
            continue
        value = data.get(found[1])
        text = value.get("value") if isinstance(value, dict) else None
        rows.append(
            {
                "label": line[: found.start()].strip().rstrip(":："),
                "value": str(text or ""),
                "key": found[1],
            }
        )
    return rows


def _say_template(
    box: Box, relation: Relation, via: str, template: Template, body: dict[str, Any]
) -> Message:
    mini = body.get("miniprogram")
    rows = render(template, body["data"])
    card = {
        "title": template.title,
        "rows": rows,
        "url": str(body.get("url") or ""),
        "mini": mini if isinstance(mini, dict) else {},
    }
    message = box.say(relation, "out", via, "template", template=card)
    box.notify(
        relation.fan_id, box.apps[relation.app_id].name, template.title, rows, url=card["url"]
    )
    return message


def _data(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    if not isinstance(data, dict) or not data:
        raise WxError(47001)
    return data


async def template_send(call: Call) -> Result:
    body, box, app = call.json(), call.box, call.app
    relation = relation_or_fail(box, app, body.get("touser"))
    template = template_or_fail(app, body.get("template_id"))
    _data(body)
    if not relation.subscribed:
        raise WxError(43004)
    mini = body.get("miniprogram")
    if isinstance(mini, dict) and mini.get("appid") and mini["appid"] not in box.apps:
        raise WxError(40013)
    known = f"client_msg/{app.app_id}/{body.get('client_msg_id')}"
    if body.get("client_msg_id") and (kept := box.recall(known)) is not None and kept[1]:
        return ok(msgid=kept[0])
    msgid = 3_000_000_000_000_000_000 + box.chance.below(10**17)
    box.remember(known, msgid, DEDUPE_SECONDS)
    blocked = relation.blacklisted
    if not blocked:
        _say_template(box, relation, "template", template, body)
    status = "failed:user block" if blocked else "success"
    told = push.compose(
        box, app, relation, "event", Event="TEMPLATESENDJOBFINISH", MsgID=msgid, Status=status
    )
    told.repliable = False

    async def tell() -> None:
        await push.deliver(box, told)

    box.agenda.add(box.clock.time(), tell, "template receipt")
    return ok(msgid=msgid)


async def add_template(call: Call) -> Result:
    body = call.json()
    short = str(body.get("template_id_short") or "")
    if not short:
        raise WxError(40037)
    if len(call.app.templates) >= TEMPLATES:
        raise WxError(45026)
    words = [str(w) for w in body.get("keyword_name_list") or []]
    content = "\n".join(f"{word}:{{{{thing{i}.DATA}}}}" for i, word in enumerate(words, 1))
    made = Template(call.box.chance.token(43), f"模板 {short}", content)
    call.app.templates.append(made)
    call.box.store.later("app", call.app.app_id, call.app)
    return ok(template_id=made.template_id)


async def all_templates(call: Call) -> Result:
    return {
        "template_list": [
            {
                "template_id": t.template_id,
                "title": t.title,
                "primary_industry": "",
                "deputy_industry": "",
                "content": t.content,
                "example": "",
            }
            for t in call.app.templates
        ]
    }


async def del_template(call: Call) -> Result:
    found = template_or_fail(call.app, call.json().get("template_id"))
    call.app.templates.remove(found)
    call.box.store.later("app", call.app.app_id, call.app)
    return ok()


# -- subscription notices ------------------------------------------------------------------------------------------

# keyword type → most characters of its value
VALUE_LENGTH = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "phrase": 5,
    "name": 20,
}


def check_values(data: dict[str, Any]) -> None:
    """Raises 47003 naming the first value that does not fit its keyword's type."""
    for key, value in data.items():
        text = value.get("value") if isinstance(value, dict) else None
        if text is None or str(text) == "":
            raise WxError(47003, detail=f"data.{key}.value is empty")
        most = VALUE_LENGTH.get(key.rstrip("0123456789"))
        if most is not None and len(str(text)) > most:
            raise WxError(47003, detail=f"data.{key}.value invalid")


async def subscribe_send(call: Call) -> Result:
    body, box = call.json(), call.box
    relation = relation_or_fail(box, call.app, body.get("touser"))
    template = template_or_fail(call.app, body.get("template_id"))
    check_values(_data(body))
    page = str(body.get("page") or "").partition("?")[0]
    if page and call.app.pages and page not in call.app.pages:
        raise WxError(41030)
    if relation.grants.get(template.template_id, 0) < 1:
        raise WxError(43101)
    relation.grants[template.template_id] -= 1
    _say_template(box, relation, "subscribe", template, body)
    return ok(msgid=box.chance.below(10**18))


APIS = [
    Api("POST", "/cgi-bin/message/custom/send", custom_send, daily=500_000),
    Api("POST", "/cgi-bin/message/custom/typing", custom_typing, daily=500_000),
    Api("POST", "/cgi-bin/message/template/send", template_send, daily=100_000, kinds=("oa",)),
    Api("POST", "/cgi-bin/template/api_add_template", add_template, daily=1000, kinds=("oa",)),
    Api(
        "GET",
        "/cgi-bin/template/get_all_private_template",
        all_templates,
        daily=10_000,
        kinds=("oa",),
    ),
    Api("POST", "/cgi-bin/template/del_private_template", del_template, daily=1000, kinds=("oa",)),
    Api("POST", "/cgi-bin/message/subscribe/bizsend", subscribe_send, daily=100_000, kinds=("oa",)),
    Api(
        "POST", "/cgi-bin/message/subscribe/send", subscribe_send, daily=10_000_000, kinds=("mini",)
    ),
]
