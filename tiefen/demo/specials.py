"""What the demo shop sells beside its shelves: presales, services, codes, a bundle, and what they need.

They are few and the same in a world of any size, so that every page of the shop and of the console
has something to show. What happens to them is in `showcase`.
"""

import asyncio
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from tiefen.demo import film, pictures
from tiefen.demo.doors import Doors
from tiefen.demo.goods import GOODS, Goods, Variant
from tiefen.demo.shopkeeping import OWNER, Shop, open_freight, share_texts
from tiefen.kernel.days import CHINA

CRAB, HAM, TEA = "蟹礼盒", "腊味", "碧螺春"
CLASS, COURSE, CARD = "品茶课", "咖啡课", "听书卡"
CROCK, BREAKFAST, CUP = "酱油缸", "早餐组合", "陶杯"
CUPS = 3
SEVERAL = 30
"""How many cards lie in the pool."""
LESSONS = (
    "<h2>六节短课</h2><ol><li>豆子与水</li><li>磨多细</li><li>闷蒸三十秒</li><li>分三段注水</li>"
    "<li>太酸与太苦</li><li>洗好收好</li></ol><p>每节五分钟，照着做一遍再看下一节。</p>"
)


@dataclass(frozen=True, slots=True)
class Window:
    """When the balance of a presale is paid, in days after the world's end; negative: before it."""

    opens: int
    closes: int
    ships: int


CRAB_WINDOW, HAM_WINDOW, TEA_WINDOW = Window(-14, -8, -6), Window(-3, 6, 10), Window(12, 19, 25)

SPECIALS: tuple[Goods, ...] = (
    Goods("开湖大闸蟹礼盒", CRAB, "礼盒", "profit", "box", "#5d7486", "四对八只，捆好带姜茶，开湖后发",
          ("规格",), (Variant(("四对",), 29800, 16800, 40),), 3),
    Goods("柴火腊味", HAM, "粮油", "profit", "bag", "#8a4b32", "腊肠与腊肉，熏足二十天再寄",
          ("规格",), (Variant(("1 千克",), 12800, 6900, 60),), 3),
    Goods("头采碧螺春", TEA, "茶", "profit", "tin", "#5f8a4a", "先订后采，采下三天内寄出",
          ("规格",), (Variant(("100 克",), 26800, 11800, 80),), 3),
    Goods("到店品茶课 三次卡", CLASS, "茶", "profit", "cup", "#6f8f7a", "文三路店，每次一小时，周末可约",
          ("规格",), (Variant(("三次",), 19800, 6000, 50),), 3),
    Goods("手冲咖啡入门课", COURSE, "咖啡", "profit", "cup", "#a5754f", "六节短课，付款后就能看",
          (), (Variant((), 4900, 600, 999),), 3),
    Goods("听书月卡", CARD, "礼盒", "regular", "box", "#7c6aa0", "付款后直接给卡号，一个月内激活",
          (), (Variant((), 1800, 1200, 0),), 3),
    Goods("头道酱油 整缸", CROCK, "粮油", "profit", "jar", "#4a3a30", "晒足一年，缸可以留着养花",
          ("净含量",), (Variant(("10 升",), 36800, 18800, 12),), 3),
    Goods("早餐组合 米与肉酱", BREAKFAST, "粮油", "profit", "bag", "#b9925a", "一袋新米配一瓶原味肉酱",
          (), (Variant((), 7900, 4700, 0),), 3),
    Goods("手作粗陶杯", CUP, "礼盒", "profit", "cup", "#8f7b6b", "一窑只有几只，每只都不一样",
          (), (Variant((), 12800, 5200, CUPS),), 3),
)  # fmt: skip


async def open_specials(doors: Doors, shop: Shop, now: datetime) -> None:
    """Put them on the shelf, with freight and questions of their own. Raises DemoRefused."""
    drawn = await asyncio.gather(*map(_picture, SPECIALS))
    said = await _terms(doors, shop, now)
    known = await doors.console(OWNER, "GET", "categories")
    categories = {one["name"]: one["id"] for one in known}
    for number, (one, picture) in enumerate(zip(SPECIALS, drawn, strict=True)):
        key = (await doors.upload(OWNER, picture))["key"]
        more = said.get(one.label, {}) | {"share_texts": share_texts(one), "share_images": [key]}
        if one.label == CUP:
            shop.photo = picture
            moving = await asyncio.to_thread(film.of, [picture, drawn[0], drawn[3]])
            made = await doors.hand_in(OWNER, "videos", "cup.mp4", moving, "video/mp4")
            more["video_key"] = made["key"]
        await _sell(doors, shop, one, f"XS{number:02}", categories[one.category], [key], more)
    await doors.console(
        OWNER, "PUT", f"stock/{shop.special(BREAKFAST)}/parts",
        parts=[{"sku_id": sku, "quantity": 1} for sku in _parts(shop)],
    )  # fmt: skip
    cards = [
        f"TS{place:03}-{place * 7919 % 9973:04}-{place * 6007 % 9967:04}"
        for place in range(SEVERAL)
    ]
    await doors.console(OWNER, "POST", f"skus/{shop.special(CARD)}/codes", codes=cards)
    await _ask(doors, shop)
    await _return_to(doors)
    await doors.work()
    doors.say("presales, services, codes and a bundle are on the shelf")


async def _terms(doors: Doors, shop: Shop, now: datetime) -> dict[str, dict[str, Any]]:
    """What each of them says beyond what all goods say."""
    crab = {"deposit_fen": 5_000, "worth_fen": 8_000, "forfeits": True}
    ham = {"deposit_bp": 2_000}
    tea = {"deposit_fen": 3_000, "worth_fen": 5_000, "forfeits": True}
    heavy = await open_freight(
        doors, "大件按重量", {"first": 3_000, "first_fen": 1_500, "next": 1_000, "next_fen": 300},
        [{"regions": ["540000", "650000"], "first": 1_000, "first_fen": 2_800, "next": 1_000, "next_fen": 1_200},
         {"regions": ["460000"], "first_fen": 0, "closed": True}],
        unit="weight",
    )  # fmt: skip
    return {
        CRAB: {"presale": crab | _when(now, CRAB_WINDOW)},
        HAM: {"presale": ham | _when(now, HAM_WINDOW)},
        TEA: {"presale": tea | _when(now, TEA_WINDOW), "purchase_limit": 3},
        CLASS: {"kind": "service", "service_uses": 3, "service_days": 180},
        COURSE: {"kind": "course", "given_html": LESSONS},
        CARD: {"kind": "codes", "given_html": "<p>打开听书应用，在「我的 · 兑换」里输入卡号。</p>"},
        CROCK: {"freight_template_id": heavy, "weight_g": 14_500, "purchase_limit": 2},
    }


def _when(now: datetime, window: Window) -> dict[str, str]:
    opens, closes, ships = (now + timedelta(days=days) for days in astuple(window))
    return {
        "balance_from": opens.isoformat(),
        "balance_until": closes.isoformat(),
        "ships_by": f"{ships.astimezone(CHINA):%Y-%m-%d}",
    }


async def _sell(
    doors: Doors,
    shop: Shop,
    one: Goods,
    code: str,
    category: int,
    images: list[str],
    more: dict[str, Any],
) -> None:
    (variant,) = one.variants
    sku = {
        "code": code,
        "values": list(variant.values),
        "price_fen": variant.price_fen,
        "cost_fen": variant.cost_fen,
        "weight_g": more.pop("weight_g", None),
    }
    specs = [
        {"name": name, "values": [value]}
        for name, value in zip(one.specs, variant.values, strict=True)
    ]
    made = await doors.console(
        OWNER, "POST", "products",
        name=one.name, subtitle=one.summary, category_id=category, role=one.role, images=images,
        detail_html=f"<h2>{one.label}</h2><p>{one.summary}。</p>", specs=specs, skus=[sku],
        position=one.pull, **more,
    )  # fmt: skip
    shop.specials[one.label] = made["id"], made["skus"][0]["id"]
    if variant.stock:
        await doors.console(
            OWNER, "POST", f"stock/{shop.special(one.label)}/adjust",
            quantity=variant.stock, reason="received", note="首批入库",
        )  # fmt: skip
    await doors.console(OWNER, "POST", f"products/{made['id']}/shelf", on=True)


def _parts(shop: Shop) -> list[int]:
    """The smallest bag of rice and a jar of sauce."""
    wanted = ("五常大米", "黑猪肉酱")
    return [shop.skus[place, 0] for place, one in enumerate(GOODS) if one.label in wanted]


async def _ask(doors: Doors, shop: Shop) -> None:
    """What the shop wants to know at checkout, of these goods alone."""
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        (CRAB, {"label": "贺卡上写什么", "kind": "text", "required": False}),
        (CLASS, {"label": "第一次想来的日子", "kind": "date"}),
        (CLASS, {"label": "想先喝哪一种", "kind": "choice", "options": ["龙井", "白茶", "乌龙", "都可以"]}),
        (CLASS, {"label": "到店联系电话", "kind": "phone", "required": False}),
    )  # fmt: skip
    for position, (label, one) in enumerate(asked):
        product, _ = shop.specials[label]
        await doors.console(
            OWNER, "POST", "form-fields", product_id=product, position=position, **one
        )


async def _return_to(doors: Doors) -> None:
    """Where goods come back to, and from when on a compensation needs a second person."""
    policy = await doors.console(OWNER, "GET", "after-sale-policy")
    policy |= {
        "return_to": "大壮 0571-5550 1234 杭州市余杭区良睦路 9 号仓",
        "second_above_fen": 5_000,
    }
    await doors.console(OWNER, "PUT", "after-sale-policy", **policy)


async def _picture(one: Goods) -> bytes:
    return await asyncio.to_thread(pictures.draw, one.kind, one.colour, one.label)
