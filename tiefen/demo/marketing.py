"""The shopkeeper's plans in the demo world: activities, coupons, 老带新, groups of fans, lids."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

from tiefen.demo import plan
from tiefen.demo.doors import Doors
from tiefen.demo.goods import BOTTLED, GOODS
from tiefen.demo.shopkeeping import OWNER, WAREHOUSE, Shop
from tiefen.kernel.days import day_of

BOTTLES = 600
AD_DAYS, AD_FEN = 31, 560_000
"""How long the advertisement ran, and what it cost."""
WARNED = ((0, 2, 90), (14, 1, 100), (22, 1, 80), (8, 0, 50), (12, 0, 60))
"""Place in GOODS, variant, and with how many pieces left the warehouse is told; three are fewer."""


async def make_plans(doors: Doors, shop: Shop, now: datetime) -> None:
    """Everything beside goods and words that a shop like this sets up. Raises DemoRefused."""
    await _describe_fans(doors, shop)
    await _open_activities(doors, shop, now)
    await _open_coupons(doors, shop)
    await _make_levels(doors)
    await _start_points(doors, shop)
    await _print_lids(doors, shop)
    await _go_elsewhere(doors, shop)
    await _pay_for_the_ad(doors, shop, now)
    await doors.work()
    doors.say("activities, coupons, segments and bottle codes are ready")


async def _describe_fans(doors: Doors, shop: Shop) -> None:
    """What the shop asks its fans, how it groups them, and which tags come by themselves."""
    await doors.console(
        OWNER, "POST", "fan-attributes", key="birthday", kind="date", label="生日", in_form=True,
        hint="生日那天有一份小心意",
    )  # fmt: skip
    await doors.console(
        OWNER, "POST", "fan-attributes", key="taste", kind="choices", label="平时爱", in_form=True,
        options=["爱喝茶", "爱吃甜", "咖啡党", "做饭的人"],
    )  # fmt: skip
    teas = [str(shop.products[place]) for place, one in enumerate(GOODS) if one.category == "茶"]
    traffic = [str(shop.products[place]) for place, one in enumerate(GOODS) if one.limit == 1]
    bought = {"did": "bought", "op": "at_least", "times": 1}
    rules: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("近 60 天买过茶", "上新时先告诉他们", bought | {"of": teas, "days": 60}),
        ("买过体验装, 没买过别的", "发一张新人券请回来", {
            "all": [bought | {"of": traffic}, {"field": "orders", "op": "le", "value": 1}]
        }),
        ("买过两次以上", "种子群的候选", {"field": "orders", "op": "ge", "value": 2}),
        ("关注了, 还没下过单", "", {
            "all": [
                {"field": "following", "op": "is", "value": True},
                {"field": "orders", "op": "le", "value": 0},
            ]
        }),
    )  # fmt: skip
    for name, note, rule in rules:
        await doors.console(OWNER, "POST", "segments", name=name, note=note, rule=rule)
    await _name_places(doors)
    known = (await doors.console(OWNER, "GET", "tags"))["tags"]
    tea = next(one["id"] for one in known if one["name"] == "爱喝茶")
    await doors.console(
        OWNER, "POST", "tag-rules", tag_id=tea, fact="bought", subject=teas[0], times=1
    )


async def _name_places(doors: Doors) -> None:
    """Where the shop sells and shows, who agrees is kept roughly, and who is near the store."""
    await doors.console(OWNER, "PUT", "places", kept=True, days=90)
    made = [
        await doors.console(
            OWNER, "POST", "places/points", name=name, latitude=latitude, longitude=longitude
        )
        for name, latitude, longitude in (
            ("文三路店", 30.27641, 120.12893),
            ("浦东快闪店", 31.23529, 121.54420),
        )
    ]
    near = {"field": "distance", "op": "near", "value": {"point": made[0]["id"], "km": 10}}
    await doors.console(
        OWNER, "POST", "segments", name="文三路店 10 公里内", note="到店活动请他们", rule=near
    )


async def _open_activities(doors: Doors, shop: Shop, now: datetime) -> None:
    """Two activities after the festival, at prices that still earn."""
    after = now - timedelta(days=plan.FESTIVAL_DAYS_AGO - 2)
    runs = {"starts_at": after.isoformat(), "ends_at": (now + timedelta(days=20)).isoformat()}
    soap, coffee = _products(shop, "马赛皂", "冻干咖啡")
    forms: tuple[dict[str, Any], ...] = (
        {"kind": "nth", "name": "橄榄皂第二件半价", "group_id": 1,
         "scope": {"product_ids": [soap]}, "terms": {"nth": 2, "off_bp": 5_000}},
        {"kind": "off", "name": "咖啡满 99 减 12", "group_id": 2,
         "scope": {"product_ids": [coffee]}, "terms": {"tiers": [{"from_fen": 9_900, "off_fen": 1_200}]}},
    )  # fmt: skip
    for form in forms:
        made = await doors.console(OWNER, "POST", "promotions", conditions=runs, **form)
        await doors.console(OWNER, "POST", f"promotions/{made['id']}/publish")


def _products(shop: Shop, *labels: str) -> list[int]:
    known = {one.label: shop.products[place] for place, one in enumerate(GOODS)}
    return [known[label] for label in labels]


async def _open_coupons(doors: Doors, shop: Shop) -> None:
    """One for new friends, one in the lids of bottles, one for both sides of 老带新."""
    sample = _products(shop, "体验装")
    scope = {"all": True, "without_product_ids": sample}
    forms: tuple[dict[str, Any], ...] = (
        {"name": "新朋友券", "kind": "amount", "days": 30, "claimable": True, "stock": 3_000,
         "budget_fen": 2_000_000, "terms": {"from_fen": 5_900, "off_fen": 500, "scope": scope}},
        {"name": "开盖礼券", "kind": "amount", "days": 45, "claimable": False, "per_fan": 20,
         "terms": {"from_fen": 4_900, "off_fen": 300, "scope": scope}},
        {"name": "老带新礼券", "kind": "amount", "days": 60, "claimable": False, "per_fan": 20,
         "terms": {"from_fen": 7_900, "off_fen": 800, "scope": scope}},
    )  # fmt: skip
    made = []
    for form in forms:
        one = await doors.console(OWNER, "POST", "coupons", **form)
        await doors.console(OWNER, "POST", f"coupons/{one['id']}/open")
        made.append(one["id"])
    shop.welcome_coupon, shop.lid_coupon, thanks = made
    rules = await doors.console(OWNER, "GET", "referral/rules")
    rules |= {"enabled": True, "referrer_template_id": thanks, "friend_template_id": thanks}
    await doors.console(OWNER, "PUT", "referral/rules", **rules)


async def _make_levels(doors: Doors) -> None:
    """Four member levels; the orders of the months before count."""
    known = await doors.console(OWNER, "GET", "levels")
    levels: tuple[tuple[str, int, int, str, str], ...] = (
        ("银卡会员", 150, 200, "#8e9aaf", "生日月双份小礼"),
        ("金卡会员", 400, 400, "#d4a017", "生日月双份小礼\n专属客服\n新品先试"),
        ("铂金会员", 900, 600, "#6d7fcc", "生日月双份小礼\n专属客服\n新品先试\n每季一次免费试饮"),
    )
    made = [
        {
            "name": name,
            "threshold_fen": yuan * 100,
            "off_bp": off,
            "colour": colour,
            "rights": rights,
        }
        for name, yuan, off, colour, rights in levels
    ]
    first = {key: value for key, value in known["levels"][0].items() if key != "fans"}
    body = {"levels": [first, *made], "rules": known["rules"], "edits": known["edits"]}
    body["because"] = "体验装是引流品, 会员再便宜一点也值得"
    await doors.console(OWNER, "PUT", "levels", **body)


async def _start_points(doors: Doors, shop: Shop) -> None:
    """Orders earn points, and points pay up to a tenth of an order's goods; not of samples."""
    known = await doors.console(OWNER, "GET", "points-rules")
    known |= {"earning": True, "spending": True, "cap_bp": 1_000}
    known["without_product_ids"] = _products(shop, "体验装")
    known["because"] = "体验装是引流品, 本来就亏一点; 积分不抵它"
    await doors.console(OWNER, "PUT", "points-rules", **known)


async def _go_elsewhere(doors: Doors, shop: Shop) -> None:
    """Short links on other platforms, and employees who take turns at the fair's code."""
    (sample,) = _products(shop, "体验装")
    forms: tuple[dict[str, Any], ...] = (
        {"name": "小红书笔记：秋天喝什么", "platform": "xiaohongshu", "target": "shop",
         "utm_campaign": "autumn-tea", "cost_fen": 30_000, "owner_staff_id": shop.staff["achen"]},
        {"name": "微博置顶", "platform": "weibo", "target": "product", "product_id": sample,
         "utm_campaign": "sample"},
    )  # fmt: skip
    for form in forms:
        made = await doors.console(OWNER, "POST", "channel-links", **form)
        shop.links.append(made["address"])
    fair = next(code for code in shop.codes if code["name"] == "茶博会")
    turns = [{"staff_id": shop.staff[name]} for name in ("xiaolin", "achen", "laowu")]
    await doors.console(
        OWNER, "PUT", f"channel-codes/{fair['id']}/live", rotation="equal", members=turns
    )


async def _pay_for_the_ad(doors: Doors, shop: Shop, now: datetime) -> None:
    """What the advertisement costs counts on each of its days."""
    ad = next(code for code in shop.codes if code["kind"] == "ad")
    first = day_of(now) - timedelta(days=plan.DAYS - 8)
    last = first + timedelta(days=AD_DAYS - 1)
    await doors.console(
        OWNER, "POST", f"channel-codes/{ad['id']}/costs", first=first.isoformat(),
        last=last.isoformat(), amount_fen=AD_FEN, note="朋友圈广告投放",
    )  # fmt: skip


async def _print_lids(doors: Doors, shop: Shop) -> None:
    """A batch of honey with a code in each lid; the dealer in the west of the city took half."""
    batch = await doors.console(
        OWNER, "POST", "bottle-batches", name="秦岭土蜂蜜 今年的", size=BOTTLES, per_roll=300,
        sku_id=shop.skus[BOTTLED, 1], words="这罐蜜割自秦岭北坡，冬天结晶是正常的。", cycle_days=45,
        reward="coupon", coupon_template_id=shop.lid_coupon,
    )  # fmt: skip
    await doors.work()
    table = await doors.table(OWNER, f"bottle-batches/{batch['id']}/print-file")
    rows = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    shop.bottles = [row["code"] for row in rows]
    await doors.console(
        OWNER, "POST", f"bottle-batches/{batch['id']}/ranges",
        first=1, last=BOTTLES // 2, dealer="城西经销商 老郑", territory=["330000", "310000", "320000", "440000"],
    )  # fmt: skip


async def open_store(doors: Doors, shop: Shop) -> None:
    """A store opens at the corner; some goods are driven there, and counted on arrival."""
    store = await doors.console(
        OWNER, "POST", "locations", name="文三路店", kind="store", region_code="330106",
        address="文三路 88 号一楼", contact="周明", sells=False,
    )  # fmt: skip
    places = await doors.console(OWNER, "GET", "locations")
    main = next(one for one in places if one["id"] != store["id"])
    lines = [{"sku_id": shop.skus[place, 0], "quantity": 12} for place in range(0, 12, 3)]
    moved = await doors.console(
        WAREHOUSE, "POST", "stock-transfers", from_id=main["id"], to_id=store["id"], lines=lines,
        note="开店铺货",
    )  # fmt: skip
    number = moved["transfer_no"]
    await doors.console(WAREHOUSE, "POST", f"stock-transfers/{number}/arrive", last=True)
    sheet = await doors.console(
        WAREHOUSE, "POST", "count-sheets", location_id=store["id"], note="开店盘点"
    )
    counted = [{"sku_id": one["sku_id"], "counted": one["quantity"]} for one in lines]
    counted[0]["counted"] -= 1
    path = f"count-sheets/{sheet['sheet_no']}"
    await doors.console(WAREHOUSE, "POST", f"{path}/lines", lines=counted)
    await doors.console(WAREHOUSE, "POST", f"{path}/post")
    more = [{"sku_id": shop.skus[place, 1], "quantity": 6} for place in (0, 4, 17)]
    await doors.console(
        WAREHOUSE, "POST", "stock-transfers", from_id=main["id"], to_id=store["id"], lines=more,
        note="补货，在路上",
    )  # fmt: skip
    await doors.console(
        WAREHOUSE, "POST", "count-sheets", location_id=main["id"], note="月底抽盘",
        sku_ids=[shop.skus[place, 0] for place in (1, 5, 9)],
    )  # fmt: skip
    for place, variant, warn_at in WARNED:
        await doors.console(
            WAREHOUSE, "POST", f"stock/{shop.skus[place, variant]}/warning",
            location_id=main["id"], warn_at=warn_at,
        )  # fmt: skip
