"""Tags and the blacklist."""

from typing import Any

from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result, ok
from tiefen.sandbox.models import Relation

from .users import page_of

SYSTEM = {2: "星标组"}
NAME = 30
TAGS = 100
PER_FAN = 20
BATCH = 50
BLACK_BATCH = 20


def _tag(call: Call) -> dict[str, Any]:
    tag = call.json().get("tag")
    if not isinstance(tag, dict):
        raise WxError(47001)
    return tag


def _name(call: Call, tag: dict[str, Any], *, but: int = -1) -> str:
    name = str(tag.get("name", ""))
    if not name:
        raise WxError(40035)
    if len(name) > NAME:
        raise WxError(45158)
    if any(known == name and tag_id != but for tag_id, known in call.app.tags.items()):
        raise WxError(45157)
    return name


def _own(call: Call, tag_id: object) -> int:
    if tag_id in {0, 1, 2}:
        raise WxError(45058)
    if not isinstance(tag_id, int) or tag_id not in call.app.tags:
        raise WxError(45159)
    return tag_id


def _save(call: Call) -> None:
    call.box.store.later("app", call.app.app_id, call.app)


def _followers(call: Call) -> list[Relation]:
    return [call.box.relations[o] for o in call.box.followers.get(call.app.app_id, {})]


async def create(call: Call) -> Result:
    if len(call.app.tags) >= TAGS:
        raise WxError(45056)
    name = _name(call, _tag(call))
    tag_id = call.app.next_tag
    call.app.next_tag += 1
    call.app.tags[tag_id] = name
    _save(call)
    return {"tag": {"id": tag_id, "name": name}}


async def listed(call: Call) -> Result:
    counts: dict[int, int] = {}
    for relation in _followers(call):
        for tag_id in relation.tags:
            counts[tag_id] = counts.get(tag_id, 0) + 1
    known = SYSTEM | call.app.tags
    return {
        "tags": [{"id": i, "name": name, "count": counts.get(i, 0)} for i, name in known.items()]
    }


async def update(call: Call) -> Result:
    tag = _tag(call)
    tag_id = _own(call, tag.get("id"))
    call.app.tags[tag_id] = _name(call, tag, but=tag_id)
    _save(call)
    return ok()


async def delete(call: Call) -> Result:
    tag_id = _own(call, _tag(call).get("id"))
    del call.app.tags[tag_id]
    for relation in _followers(call):
        if tag_id in relation.tags:
            relation.tags.remove(tag_id)
            call.box.save_relation(relation)
    _save(call)
    return ok()


def _members(call: Call, limit: int) -> list[Relation]:
    """The named followers; refuses the whole call for one that is not this account's."""
    openids = call.json().get("openid_list")
    if not isinstance(openids, list) or not 1 <= len(openids) <= limit:
        raise WxError(40035)
    found = []
    for openid in openids:
        relation = call.box.relation_of(call.app, str(openid))
        if relation is None:
            raise WxError(49003)
        found.append(relation)
    return found


async def batch_tag(call: Call) -> Result:
    tag_id = call.json().get("tagid")
    if tag_id != 2:
        tag_id = _own(call, tag_id)
    members = _members(call, BATCH)
    if any(not m.subscribed for m in members):
        raise WxError(40003)
    if any(tag_id not in m.tags and len(m.tags) >= PER_FAN for m in members):
        raise WxError(45059)
    for member in members:
        if tag_id not in member.tags:
            member.tags.append(tag_id)
            call.box.save_relation(member)
    return ok()


async def batch_untag(call: Call) -> Result:
    tag_id = call.json().get("tagid")
    for member in _members(call, BATCH):
        if tag_id in member.tags:
            member.tags.remove(tag_id)
            call.box.save_relation(member)
    return ok()


async def tag_fans(call: Call) -> Result:
    body = call.json()
    tag_id = body.get("tagid")
    openids = [r.openid for r in _followers(call) if tag_id in r.tags]
    page = page_of(openids, str(body.get("next_openid") or ""), len(openids))
    del page["total"]
    return page


async def fan_tags(call: Call) -> Result:
    relation = call.box.relation_of(call.app, str(call.json().get("openid")))
    if relation is None:
        raise WxError(40003)
    return {"tagid_list": relation.tags}


async def blacklist(call: Call) -> Result:
    openids = [
        r.openid
        for r in call.box.relations.values()
        if r.app_id == call.app.app_id and r.blacklisted
    ]
    return page_of(openids, str(call.json().get("begin_openid") or ""), len(openids))


async def set_black(call: Call) -> Result:
    for member in _members(call, BLACK_BATCH):
        member.blacklisted = True
        call.box.save_relation(member)
    return ok()


async def unset_black(call: Call) -> Result:
    for member in _members(call, BLACK_BATCH):
        member.blacklisted = False
        call.box.save_relation(member)
    return ok()


_OA = ("oa",)
APIS = [
    Api("POST", "/cgi-bin/tags/create", create, daily=1000, kinds=_OA),
    Api("GET", "/cgi-bin/tags/get", listed, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/update", update, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/delete", delete, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/user/tag/get", tag_fans, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/members/batchtagging", batch_tag, daily=100_000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/members/batchuntagging", batch_untag, daily=100_000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/getidlist", fan_tags, daily=500_000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/members/getblacklist", blacklist, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/members/batchblacklist", set_black, daily=1000, kinds=_OA),
    Api("POST", "/cgi-bin/tags/members/batchunblacklist", unset_black, daily=1000, kinds=_OA),
]
