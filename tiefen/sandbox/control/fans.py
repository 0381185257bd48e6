"""Fans: made, listed, switched."""

from typing import Any

from tiefen.sandbox import crowd, phone
from tiefen.sandbox.box import Box
from tiefen.sandbox.models import Fan
from tiefen.sandbox.world import show_fan

from .gateway import Ask, Handler, invalid, reply

MOST_AT_ONCE = 20_000
MOST_IN_A_CROWD = 9_999_999
COLOURS = (
    "#07c160",
    "#576b95",
    "#fa9d3b",
    "#e64340",
    "#10aeff",
    "#9a6bcc",
    "#2aae67",
    "#c87d2f",
    "#3a7afe",
    "#d4537e",
)
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
GIVEN = "子轩梓涵雨桐一诺欣怡浩然思远佳琪嘉懿宇航诗涵明哲静怡俊杰可馨天佑语嫣博文若曦建国秀英志强丽娟晓燕海波春梅永红小军玉兰晨曦安琪俊豪梦琪子墨悦然书瑶景行知夏星野云舒清欢南笙"
CITIES = (
    "北京",
    "上海",
    "广州",
    "深圳",
    "杭州",
    "成都",
    "重庆",
    "武汉",
    "西安",
    "南京",
    "苏州",
    "长沙",
    "郑州",
    "青岛",
    "厦门",
    "昆明",
)


def _nickname(box: Box) -> str:
    chance = box.chance
    given = "".join(GIVEN[chance.below(len(GIVEN))] for _ in range(1 + chance.below(2)))
    return FAMILY[chance.below(len(FAMILY))] + given


def make(box: Box, asked: dict[str, Any]) -> Fan:
    """A new fan, or the one that has this key."""
    key = str(asked.get("key") or "")
    if key in box.fan_keys:
        return box.fans[box.fan_keys[key]]
    chance, fan_id = box.chance, box.meta.next_fan
    box.meta.next_fan += 1
    fan = Fan(
        id=fan_id,
        key=key,
        nickname=str(asked.get("nickname") or _nickname(box)),
        avatar_color=str(asked.get("avatar_color") or COLOURS[chance.below(len(COLOURS))]),
        phone=str(asked.get("phone") or f"1{'3578'[chance.below(4)]}{chance.digits(9)}"),
        city=str(asked.get("city") or CITIES[chance.below(len(CITIES))]),
        unionid=chance.unionid(fan_id),
    )
    box.fans[fan_id] = fan
    if key:
        box.fan_keys[key] = fan_id
    box.store.later("fan", str(fan_id), fan)
    box.store.later("meta", "meta", box.meta)
    return fan


async def create(ask: Ask) -> dict[str, Any]:
    asked = ask.body.get("fans")
    if asked is None:
        count = ask.body.get("count")
        if not isinstance(count, int) or not 1 <= count <= MOST_AT_ONCE:
            raise invalid("count", f"is a number from 1 to {MOST_AT_ONCE}")
        asked = [{}] * count
    if (
        not isinstance(asked, list)
        or len(asked) > MOST_AT_ONCE
        or not all(isinstance(a, dict) for a in asked)
    ):
        raise invalid("fans", f"is a list of at most {MOST_AT_ONCE} objects")
    made = [show_fan(ask.box, make(ask.box, one)) for one in asked]
    if ask.box.wire.watched:
        ask.box.wire.publish("fan", {"made": len(made)})
    return {"items": made, "next": None}


async def crowd_in(ask: Ask) -> dict[str, Any]:
    """Followers from before anybody listened: no pushes, and next to no room."""
    app = phone.oa_app(ask.box, ask.path("account"))
    most = MOST_IN_A_CROWD - crowd.size(ask.box, app.app_id)
    crowd.grow(ask.box, app, _number(ask, "count", None, most), _number(ask, "days", 700, 3650))
    return {"followers": crowd.size(ask.box, app.app_id)}


async def crowd_out(ask: Ask) -> dict[str, Any]:
    """Some of a crowd leave, and no push tells of it."""
    app = phone.oa_app(ask.box, ask.path("account"))
    left = crowd.leave(ask.box, app, _number(ask, "count", None, MOST_IN_A_CROWD))
    return {"left": left, "followers": crowd.size(ask.box, app.app_id)}


def _number(ask: Ask, name: str, default: int | None, most: int) -> int:
    found = ask.body.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= most:
        raise invalid(name, f"is a number from 1 to {most}")
    return found


async def listed(ask: Ask) -> dict[str, Any]:
    box, q, follows = ask.box, ask.query("q"), ask.query("follows")
    fans = list(box.fans.values())
    if follows:
        following = box.followers.get(follows, {})
        fans = [f for f in fans if box.openids.get((follows, f.id)) in following]
    if q:
        fans = [f for f in fans if q in f.nickname or q in f.phone or q == str(f.id) or q == f.key]
    return ask.paged(fans, lambda fan: show_fan(box, fan))


async def one(ask: Ask) -> dict[str, Any]:
    return show_fan(ask.box, ask.box.fan(ask.path("fan")))


async def switch(ask: Ask) -> Any:
    fan = ask.box.fan(ask.path("fan"))
    response = reply(show_fan(ask.box, fan))
    response.set_cookie("sandbox_fan", str(fan.id), path="/", samesite="lax")
    return response


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/fans", create),
    ("GET", "/fans", listed),
    ("GET", "/fans/{fan}", one),
    ("POST", "/fans/{fan}/switch", switch),
    ("POST", "/accounts/{account}/followers", crowd_in),
    ("POST", "/accounts/{account}/followers/leave", crowd_out),
]
