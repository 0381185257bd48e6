"""The shopkeeper's part of the demo world: people, goods, codes, words, through the console."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tiefen.demo import pictures
from tiefen.demo.doors import DemoRefused, Doors
from tiefen.demo.goods import CATEGORIES, GOODS, Goods
from tiefen.kernel.money import yuan

OWNER, MANAGER, WAREHOUSE, FINANCE = "owner", "manager", "dazhuang", "sujie"
FRESH = "水果"
"""A category that is not sent everywhere."""
NINE = {"四季有礼": ("龙井", "柿饼", "土蜂蜜", "每日坚果")}
"""Whose share kit also shows what is in it."""
ROLES: dict[str, list[str]] = {
    "店长": [
        "overview.read", "fans.read", "fans.write", "fans.reveal", "channels.read", "channels.write",
        "goods.read", "goods.write", "goods.cost", "stock.write", "orders.read", "orders.ship", "orders.refund",
        "money.read", "helpdesk.read", "helpdesk.write", "team.read",
    ],
    "导购": ["fans.read", "channels.read", "goods.read", "orders.read"],
    "客服": ["fans.read", "orders.read", "helpdesk.read", "helpdesk.write", "goods.read"],
    "仓库": ["goods.read", "stock.write", "orders.read", "orders.ship"],
    "财务": ["overview.read", "orders.read", "orders.refund", "money.read"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of the demo team."""

    account: str
    name: str
    department: str
    roles: tuple[str, ...]


TEAM = (
    Colleague("manager", "周明", "门店", ("店长",)),
    Colleague("xiaolin", "小林", "市场部", ("导购",)),
    Colleague("achen", "阿晨", "市场部", ("导购",)),
    Colleague("laowu", "老吴", "市场部", ("导购",)),
    Colleague("tangtang", "棠棠", "客服部", ("客服",)),
    Colleague("dazhuang", "大壮", "物流部", ("仓库",)),
    Colleague("sujie", "苏姐", "财务部", ("财务",)),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A channel code of the demo: kind, owner's account, cost in fen."""

    name: str
    kind: str
    owner: str | None = None
    cost_fen: int = 0
    tags: tuple[str, ...] = ()
    welcome: str = ""


CODES = (
    Code("小林", "employee", "xiaolin", tags=("小林的客人",),
         welcome="你好呀，我是小林。想喝茶、想吃点好的都可以找我，回复「体验装」看新朋友专享。"),
    Code("门店收银台", "poster", None, 12_000, ("到店",)),
    Code("阿晨", "employee", "achen", tags=("阿晨的客人",)),
    Code("蜂蜜瓶身", "package", None, 38_000, ("买过蜂蜜",),
         "扫到瓶身啦！这罐蜂蜜割自秦岭，冬天结晶是正常的。回复「蜂蜜」看怎么保存。"),
    Code("朋友圈广告 10 月", "ad", None, 0, ("广告",)),
    Code("老吴", "employee", "laowu"),
    Code("茶博会", "exhibition", None, 180_000, ("茶博会", "爱喝茶")),
    Code("微博主页", "platform", None, 0, ("微博",)),
    Code("公众号文章：冬天怎么喝茶", "content", None, 0, ("爱喝茶",)),
    Code("城西经销商 老郑", "dealer", None, 60_000),
)  # fmt: skip

WELCOME = (
    "欢迎来到小林好物！\n这里卖我们自己每天在吃在用的东西。\n\n"
    "回复「体验装」看新朋友专享\n回复「发货」问物流\n回复「客服」找真人\n\n点下方菜单「逛商店」就能下单。"
)
ANSWERS: tuple[tuple[str, str, str], ...] = (
    (
        "exact",
        "体验装",
        "新朋友体验装 9.9 元：茶包、坚果、蜂蜜各一份，每人一份。点菜单「逛商店」，首页第一个就是。",
    ),
    (
        "contains",
        "发货",
        "我们每天 17:00 前的订单当天发出，冷链水果次日发。\n在「我的订单」里可以看到快递单号。",
    ),
    ("contains", "优惠", "现在没有花哨的活动，价格就是实在价。满 99 元包邮。"),
    (
        "contains",
        "蜂蜜",
        "蜂蜜放阴凉处，不用进冰箱。冬天结晶是真蜜的样子，40 度温水泡一会儿就化开。",
    ),
    (
        "contains",
        "龙井",
        "龙井用 85 度的水，先倒水后放茶，不盖盖子。三克茶配一杯水，喝到剩三分之一再续。",
    ),
    ("contains", "保存", "茶：密封避光；坚果：开袋两周内吃完；水果：收到先摊开透气。"),
    ("exact", "地址", "杭州市西湖区文三路 88 号一楼，9:00–21:00，欢迎来喝杯茶。"),
    ("contains", "客服", "已经帮你叫了棠棠，她 10 分钟内回你。"),
)
QUIET = "收到啦，小林好物的人看到会回你。着急的话回复「客服」。"


@dataclass(slots=True)
class Shop:
    """What the shopkeeper made: ids by the script's places."""

    skus: dict[tuple[int, int], int] = field(default_factory=dict)
    """(place in GOODS, variant) → SKU id."""
    products: dict[int, int] = field(default_factory=dict)
    codes: list[dict[str, Any]] = field(default_factory=list)
    staff: dict[str, int] = field(default_factory=dict)
    welcome_coupon: int | None = None
    lid_coupon: int | None = None
    """The coupon for new friends."""
    links: list[str] = field(default_factory=list)
    """Short addresses on other platforms."""
    bottles: list[str] = field(default_factory=list)
    """Codes inside the lids of one batch."""
    specials: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Label of what is sold beside the shelves → product, SKU."""
    photo: bytes = b""
    """A picture to show to somebody."""

    def special(self, label: str) -> int:
        """The SKU of what is sold beside the shelves."""
        return self.specials[label][1]


async def open_shop(
    doors: Doors,
    password: str,
    *,
    goods: Sequence[Goods] = GOODS,
    team: Sequence[Colleague] = TEAM,
    codes: Sequence[Code] = CODES,
) -> Shop:
    """Hire, stock, print codes and write the answers. The owner exists; everyone gets `password`."""
    shop = Shop()
    await doors.sign_in(OWNER, password)
    await asyncio.gather(_hire(doors, shop, password, team), _stock(doors, shop, goods))
    doors.say(f"people hired, {len(shop.products)} products on the shelf")
    await _print_codes(doors, shop, codes)
    await _write_answers(doors)
    await _menu(doors)
    await _bind_manager(doors)
    await doors.work()
    doors.say("channel codes printed, answers written")
    return shop


async def import_followers(doors: Doors) -> None:
    """Make those fans who followed before. Raises DemoRefused when it does not end."""
    await doors.console(OWNER, "POST", "follower-imports")
    await doors.work()
    done = (await doors.console(OWNER, "GET", "follower-imports"))["imports"][0]
    if done["state"] != "done":
        raise DemoRefused(f"the import of followers is {done['state']}: {done['trouble']}")
    doors.say(f"{done['added']:,} followers from before imported")


async def _hire(doors: Doors, shop: Shop, password: str, team: Sequence[Colleague]) -> None:
    roles = {
        one["name"]: one["id"] for one in (await doors.console(OWNER, "GET", "roles"))["items"]
    }
    for name, permissions in ROLES.items():
        if name not in roles:
            made = await doors.console(OWNER, "POST", "roles", name=name, permissions=permissions)
            roles[name] = made["id"]
    for one in team:
        hired = await doors.console(
            OWNER, "POST", "staff",
            account=one.account, name=one.name, password=password, department=one.department,
            role_ids=[roles[role] for role in one.roles],
        )  # fmt: skip
        shop.staff[one.account] = hired["id"]
        doors.passwords[one.account] = password


async def _stock(doors: Doors, shop: Shop, goods: Sequence[Goods]) -> None:
    rate = {"first_fen": 1000, "free_from_fen": 9900}
    await doors.console(OWNER, "PUT", "freight/1", rest=rate)
    fresh = await open_freight(
        doors, "生鲜冷链", rate,
        [{"regions": ["150000", "630000"], "first_fen": 1_800, "free_from_fen": 19_900},
         {"regions": ["540000", "650000"], "first_fen": 0, "closed": True}],
    )  # fmt: skip
    categories = {}
    for position, name in enumerate(CATEGORIES):
        made = await doors.console(OWNER, "POST", "categories", name=name, position=position)
        categories[name] = made["id"]
    drawn = [asyncio.create_task(_views(place, one)) for place, one in enumerate(goods)]
    kept: dict[str, list[str]] = {}
    for place, one in enumerate(goods):
        kept[one.label] = [(await doors.upload(OWNER, view))["key"] for view in await drawn[place]]
        form = _product(place, one, categories, kept)
        form["freight_template_id"] = fresh if one.category == FRESH else None
        product = await doors.console(OWNER, "POST", "products", **form)
        shop.products[place] = product["id"]
        for number, sku in enumerate(product["skus"]):
            shop.skus[place, number] = sku["id"]
            await doors.console(
                OWNER, "POST", f"stock/{sku['id']}/adjust",
                quantity=one.variants[number].stock, reason="received", note="首批入库",
            )  # fmt: skip
        await doors.console(OWNER, "POST", f"products/{product['id']}/shelf", on=True)


async def _views(place: int, goods: Goods) -> list[bytes]:
    """Two pictures of it, from the side and from another."""
    return await asyncio.gather(
        *(
            asyncio.to_thread(pictures.draw, goods.kind, goods.colour, goods.label, turn)
            for turn in (place % 3, (place + 1) % 3)
        )
    )


async def open_freight(
    doors: Doors,
    name: str,
    rest: dict[str, Any],
    zones: list[dict[str, Any]],
    *,
    unit: str = "piece",
) -> int:
    """A freight template beside the default; its id."""
    form = {"name": name, "unit": unit, "rest": rest, "zones": zones}
    made = await doors.console(OWNER, "POST", "freight", **form)
    return next(int(one["id"]) for one in made["items"] if one["name"] == name)


def share_texts(goods: Goods) -> list[str]:
    """What employees may copy when they show it to friends."""
    first = goods.variants[0]
    size = " ".join(first.values)
    return [
        f"最近在喝在用的{goods.label}：{goods.summary}。{size} {yuan(first.price_fen)}，想要的找我。",
        f"{goods.name}\n{goods.summary}。\n自家人也在用，不合适随时找我。",
    ]


def _product(
    place: int, goods: Goods, categories: dict[str, int], kept: dict[str, list[str]]
) -> dict[str, Any]:
    images = kept[goods.label]
    shown = [
        key for label in (goods.label, *NINE.get(goods.label, ())) for key in kept.get(label, ())
    ]
    specs = [
        {"name": name, "values": list(dict.fromkeys(one.values[at] for one in goods.variants))}
        for at, name in enumerate(goods.specs)
    ]
    skus = [
        {
            "values": list(one.values),
            "code": f"XL{place:02}{number:02}",
            "price_fen": one.price_fen,
            "cost_fen": one.cost_fen,
        }
        for number, one in enumerate(goods.variants)
    ]
    return {
        "name": goods.name,
        "subtitle": goods.summary,
        "category_id": categories[goods.category],
        "role": goods.role,
        "images": images,
        "detail_html": _detail(goods),
        "specs": specs,
        "skus": skus,
        "purchase_limit": goods.limit,
        "position": goods.pull,
        "share_texts": share_texts(goods),
        "share_images": shown[:9],
    }


def _detail(goods: Goods) -> str:
    sizes = "、".join(dict.fromkeys(" ".join(one.values) for one in goods.variants))
    return (
        f"<h2>{goods.label}</h2><p>{goods.summary}。</p>"
        f"<ul><li>规格：{sizes}</li><li>产地直发，坏了包赔</li><li>签收后七天内可以退</li></ul>"
        "<p>我们只卖自己每天在吃在用的东西。</p>"
    )


async def _print_codes(doors: Doors, shop: Shop, codes: Sequence[Code]) -> None:
    made = []
    for code in codes:
        made.append(
            await doors.console(
                OWNER,
                "POST",
                "channel-codes",
                name=code.name,
                kind=code.kind,
                owner_staff_id=shop.staff.get(code.owner or ""),
                welcome=code.welcome,
                tags=list(code.tags),
                cost_fen=code.cost_fen,
            )
        )
    await doors.work()
    shop.codes = [await doors.console(OWNER, "GET", f"channel-codes/{code['id']}") for code in made]


async def _write_answers(doors: Doors) -> None:
    await doors.console(
        OWNER, "PUT", "welcome", welcome=[{"text": WELCOME}], default_reply=[{"text": QUIET}]
    )
    for priority, (match, keyword, reply) in enumerate(ANSWERS):
        await doors.console(
            OWNER,
            "POST",
            "auto-replies",
            name=keyword,
            match=match,
            patterns=[keyword],
            answer=[{"text": reply}],
            priority=priority,
        )


async def _menu(doors: Doors) -> None:
    home = f"{str(doors.product.base_url).rstrip('/')}/shop/"
    await doors.console(
        OWNER, "PUT", "wechat/menu",
        button=[
            {"type": "view", "name": "逛商店", "url": home},
            {"type": "view", "name": "我的订单", "url": f"{home}#/trade/orders/index"},
            {"type": "click", "name": "找客服", "key": "客服"},
        ],
    )  # fmt: skip


async def _bind_manager(doors: Doors) -> None:
    """The manager scans the binding code with their own phone: paid orders are pushed there."""
    made = await doors.phone(
        "POST", "fans", fans=[{"key": "staff-manager", "nickname": "周明 店长"}]
    )
    code = await doors.console(MANAGER, "POST", "me/wechat")
    phone = made["items"][0]["id"]
    await doors.phone(
        "POST", f"fans/{phone}/scan", app_id=doors.app_id, text=code["url"], then_follow=True
    )
