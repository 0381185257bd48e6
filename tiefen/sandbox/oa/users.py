"""Followers: what one account may know of them."""

import itertools
from typing import Any

from tiefen.sandbox import crowd
from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result, ok
from tiefen.sandbox.models import App, Relation

BATCH = 100
PAGE = 10_000
REMARK = 30

HOW = {
    "search": "ADD_SCENE_SEARCH",
    "migration": "ADD_SCENE_ACCOUNT_MIGRATION",
    "card": "ADD_SCENE_PROFILE_CARD",
    "qr": "ADD_SCENE_QR_CODE",
    "link": "ADD_SCENE_PROFILE_LINK",
    "item": "ADD_SCENE_PROFILE_ITEM",
    "paid": "ADD_SCENE_PAID",
    "ad": "ADD_SCENE_WECHAT_ADVERTISEMENT",
    "reprint": "ADD_SCENE_REPRINT",
    "live": "ADD_SCENE_LIVESTREAM",
    "channels": "ADD_SCENE_CHANNELS",
    "mini": "ADD_SCENE_WXA",
    "other": "ADD_SCENE_OTHERS",
}


def relation_or_fail(box: Box, app: App, openid: object) -> Relation:
    """Raises 41009 without an openid, 40003 for one that is not this account's."""
    if not openid:
        raise WxError(41009)
    relation = box.relation_of(app, str(openid))
    if relation is None:
        raise WxError(40003)
    return relation


def info(box: Box, app: App, relation: Relation, lang: str) -> dict[str, Any]:
    if not relation.subscribed:
        return {"subscribe": 0, "openid": relation.openid}
    data: dict[str, Any] = {
        "subscribe": 1,
        "openid": relation.openid,
        "nickname": "",
        "sex": 0,
        "language": lang,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": int(relation.subscribed_at),
        "remark": relation.remark,
        "groupid": relation.tags[0] if relation.tags else 0,
        "tagid_list": relation.tags,
        "subscribe_scene": relation.how,
        "qr_scene": relation.qr_scene,
        "qr_scene_str": relation.qr_scene_str,
    }
    if app.bound:
        data["unionid"] = box.fans[relation.fan_id].unionid
    return data


def look_up(box: Box, app: App, openid: object, lang: str) -> dict[str, Any]:
    """What the platform tells of an openid; one of the crowd stays in the crowd."""
    n = crowd.number(box, app.app_id, str(openid))
    if n is not None:
        return crowd.info(box, app, n, lang)
    return info(box, app, relation_or_fail(box, app, openid), lang)


async def user_info(call: Call) -> Result:
    lang = call.query.get("lang", "zh_CN")
    return look_up(call.box, call.app, call.query.get("openid"), lang)


async def batchget(call: Call) -> Result:
    wanted = call.json().get("user_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= BATCH:
        raise WxError(40035)
    found = []
    for item in wanted:
        if not isinstance(item, dict):
            raise WxError(47001)
        lang = str(item.get("lang", "zh_CN"))
        found.append(look_up(call.box, call.app, item.get("openid"), lang))
    return {"user_info_list": found}


def page_of(openids: list[str], after: str, total: int) -> dict[str, Any]:
    """One page in the platform's shape: the openids behind `after`."""
    if after:
        if after not in openids:
            raise WxError(40003)
        openids = openids[openids.index(after) + 1 :]
    shown = openids[:PAGE]
    data: dict[str, Any] = {"total": total, "count": len(shown)}
    if shown:
        data["data"] = {"openid": shown}
    return data | {"next_openid": shown[-1] if shown else ""}


async def user_get(call: Call) -> Result:
    """First the crowd, then those who followed since."""
    box, app_id = call.box, call.app.app_id
    followers = box.followers.get(app_id, {})
    after, total = call.query.get("next_openid", ""), len(followers) + crowd.size(box, app_id)
    n = crowd.number(box, app_id, after) if after else -1
    if n is None:
        return page_of(list(followers), after, total)
    everyone = itertools.chain(crowd.openids(box, app_id, n), followers)
    return page_of(list(itertools.islice(everyone, PAGE)), "", total)


async def update_remark(call: Call) -> Result:
    body = call.json()
    relation = relation_or_fail(call.box, call.app, body.get("openid"))
    remark = str(body.get("remark", ""))
    if len(remark) >= REMARK:
        raise WxError(40035)
    relation.remark = remark
    call.box.save_relation(relation)
    return ok()


APIS = [
    Api("GET", "/cgi-bin/user/info", user_info, daily=5_000_000, kinds=("oa",)),
    Api("POST", "/cgi-bin/user/info/batchget", batchget, daily=5_000_000, kinds=("oa",)),
    Api("GET", "/cgi-bin/user/get", user_get, daily=500, kinds=("oa",)),
    Api("POST", "/cgi-bin/user/info/updateremark", update_remark, daily=10_000, kinds=("oa",)),
]
