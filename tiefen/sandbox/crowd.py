"""Followers by the hundred thousand, at the price of one row: worked out when asked for, kept when touched.

Whoever of a crowd does something (or is done something to) becomes an ordinary fan, and leaves the crowd.
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .models import App, Crowd, Fan, Relation

if TYPE_CHECKING:
    from .box import Box

HOWS = ("ADD_SCENE_SEARCH", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_PAID", "ADD_SCENE_QR_CODE")
DAY = 86_400
REMARK_EVERY = 50
_MARK = "C"
_DIGITS = slice(7, 14)


def grow(box: "Box", app: App, count: int, days: int) -> Crowd:
    """So many more, who followed at some moment of the `days` before now."""
    crowd = box.crowds.get(app.app_id)
    if crowd is None:
        crowd = Crowd(app.app_id, since=int(box.clock.time()) - days * DAY, days=days)
        box.crowds[app.app_id] = crowd
    crowd.count += count
    _save(box, crowd)
    return crowd


def leave(box: "Box", app: App, count: int) -> int:
    """The first so many of them leave, and no push tells of it. Returns how many there were to leave."""
    crowd = box.crowds.get(app.app_id)
    if crowd is None:
        return 0
    going = [n for n, _ in zip(_there(crowd, 0), range(count), strict=False)]
    crowd.gone.update(going)
    _save(box, crowd)
    return len(going)


def size(box: "Box", app_id: str) -> int:
    """How many of the crowd follow."""
    crowd = box.crowds.get(app_id)
    return crowd.count - len(crowd.gone) if crowd else 0


def openids(box: "Box", app_id: str, after: int = -1) -> Iterator[str]:
    """Those behind number `after`, in order."""
    crowd = box.crowds.get(app_id)
    return (openid(box, app_id, n) for n in _there(crowd, after + 1)) if crowd else iter(())


def openid(box: "Box", app_id: str, n: int) -> str:
    """28 characters as the platform's; its number stands in it, and the rest proves it."""
    head = box.chance.openid(app_id, 0)[:6]
    return f"{head}{_MARK}{n:07d}{_digest(box, app_id, n)[:14]}"


def number(box: "Box", app_id: str, one: str) -> int | None:
    """Whose number an openid is; None when it is nobody's of this crowd, or they left it."""
    crowd, digits = box.crowds.get(app_id), one[_DIGITS]
    if crowd is None or len(one) != 28 or not digits.isdecimal():
        return None
    n = int(digits)
    known = n < crowd.count and n not in crowd.gone and openid(box, app_id, n) == one
    return n if known else None


def info(box: "Box", app: App, n: int, lang: str) -> dict[str, Any]:
    """What the platform tells of one of them."""
    crowd = box.crowds[app.app_id]
    data: dict[str, Any] = {
        "subscribe": 1,
        "openid": openid(box, app.app_id, n),
        "nickname": "",
        "sex": 0,
        "language": lang,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": _since(box, crowd, n),
        "remark": _remark(n),
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": HOWS[n % len(HOWS)],
        "qr_scene": 0,
        "qr_scene_str": "",
    }
    return data | ({"unionid": _unionid(box, app.app_id, n)} if app.bound else {})


def meet(box: "Box", app: App, one: str) -> Relation | None:
    """Make one of the crowd an ordinary fan who follows; None for somebody else's openid."""
    n = number(box, app.app_id, one)
    if n is None:
        return None
    crowd, fan_id = box.crowds[app.app_id], box.meta.next_fan
    box.meta.next_fan += 1
    unionid = _unionid(box, app.app_id, n)
    fan = Fan(fan_id, "", f"粉丝{n}", "#07c160", f"139{n:08d}", "杭州", unionid)
    since = float(_since(box, crowd, n))
    relation = Relation(app.app_id, fan_id, one, True, since, HOWS[n % len(HOWS)])
    relation.remark = _remark(n)
    box.fans[fan_id], box.relations[one] = fan, relation
    box.openids[app.app_id, fan_id] = one
    box.followers.setdefault(app.app_id, {})[one] = None
    crowd.gone.add(n)
    box.store.later("fan", str(fan_id), fan)
    box.store.later("meta", "meta", box.meta)
    box.save_relation(relation)
    _save(box, crowd)
    return relation


def _there(crowd: Crowd, first: int) -> Iterator[int]:
    return (n for n in range(first, crowd.count) if n not in crowd.gone)


def _since(box: "Box", crowd: Crowd, n: int) -> int:
    return crowd.since + int(_digest(box, crowd.app_id, n)[18:], 36) % (crowd.days * DAY)


def _remark(n: int) -> str:
    return "" if n % REMARK_EVERY else f"老客户{n}"


def _unionid(box: "Box", app_id: str, n: int) -> str:
    return f"oUnioC{n:07d}{_digest(box, app_id, n)[:15]}"


def _digest(box: "Box", app_id: str, n: int) -> str:
    """18 characters of a name, then 8 of hexadecimal."""
    made = hashlib.blake2b(f"{box.chance.seed}/{app_id}/crowd/{n}".encode(), digest_size=18)
    return base64.b32encode(made.digest()[:12]).decode()[:18] + made.hexdigest()[-8:]


def _save(box: "Box", crowd: Crowd) -> None:
    box.store.later("crowd", crowd.app_id, crowd)
