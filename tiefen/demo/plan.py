"""Who does what when: the demo world's script, drawn from a seed before anything happens.

Sizes follow the numbers of the source documents, scaled to the number of fans: of 8,000 fans 30 %
visit and 10 % buy; 5 to 10 orders on a normal day; 405 orders worth about ¥58,000 on the shop's
festival day; a part of the fans leaves again. Most fans followed long before the shop opened here,
as a shop's do: they are imported on the opening day, and nobody knows where they came from.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiefen.demo.goods import GOODS

DAYS = 60
EARLIER_SHARE = 0.84
"""How many of the fans followed before the shop opened here."""
EARLIER_DAYS = 700
FESTIVAL_DAYS_AGO = 11
NORMAL_ORDERS_A_DAY = 7
FESTIVAL_ORDERS = 405
FESTIVAL_FEN = 5_800_000
VISIT_SHARE = 0.30
LEAVE_SHARE = 0.06
ASK_SHARE = 0.05
CALIBRATED_FANS = 8_000
REGULAR_SHARE = 0.0025
"""How many of the fans come back again and again."""
REGULARS_ORDERS_SHARE = 0.2
"""How many of the orders on a normal day are theirs."""
NEWCOMERS_ORDERS_SHARE = 0.35
"""How many of the other orders are the first one of a fan who followed since the shop opened here:
a scan brings somebody who is about to buy, so a small world's employees have results to show too."""
REGULARS_WORDS = 5
REFERRED_SHARE = 0.35
"""How many of the newcomers who buy came by the link of a regular."""
CLAIM_SHARE = 0.4
LINKS = 2
"""How many short links lie on other platforms."""
LINK_SHARE = 0.12
"""How many of the visits come by one."""
RUSH_SHARE = 0.85
"""How many of the festival's orders fall into its two rush hours."""
RUSHES = ((2, 20), (12, 40))
"""UTC hours at which the festival's half price opens (10:00 and 20:00 in Shanghai), minutes it lasts."""

QUESTIONS = (
    "发货", "优惠", "地址", "怎么保存", "龙井怎么泡", "有没有大箱的橙子", "快递到哪了", "可以开发票吗",
    "礼盒能写贺卡吗", "客服", "蜂蜜结晶了还能吃吗", "你们家在哪", "体验装还有吗", "咖啡有低因的吗",
)  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "晓雨思远梓涵佳怡子轩若曦明哲欣然浩宇雅静志强丽娜建国秀英海燕文博嘉慧一诺安然可心星辰沐阳"
CITIES = (
    ("330106", "浙江省", "杭州市", "西湖区"), ("310115", "上海市", "上海市", "浦东新区"),
    ("320508", "江苏省", "苏州市", "姑苏区"), ("110105", "北京市", "北京市", "朝阳区"),
    ("440305", "广东省", "深圳市", "南山区"), ("510107", "四川省", "成都市", "武侯区"),
    ("420106", "湖北省", "武汉市", "武昌区"), ("610113", "陕西省", "西安市", "雁塔区"),
)  # fmt: skip
CENTRES = {
    "330106": (30.266, 120.130), "310115": (31.222, 121.544), "320508": (31.336, 120.617),
    "110105": (39.921, 116.443), "440305": (22.533, 113.930), "510107": (30.642, 104.043),
    "420106": (30.554, 114.316), "610113": (34.223, 108.960),
}  # fmt: skip
"""About the middle of each district, in degrees of latitude and longitude."""
STREETS = ("文三路", "长安里", "梧桐街", "西溪北苑", "翠柏路", "望江花园", "青年路", "解放大道")


@dataclass(frozen=True, slots=True)
class Complaint:
    """An after-sale to be: refund, return or resend, with its reason and the buyer's words."""

    kind: str
    reason: str
    words: str


COMPLAINTS = (
    Complaint("refund", "damaged", "有一袋漏气了"),
    Complaint("return", "changed_mind", "买多了"),
    Complaint("return", "changed_mind", "拍错规格"),
    Complaint("resend", "damaged", "坏了两个果"),
    Complaint("refund", "not_as_described", "和描述不太一样"),
    Complaint("refund", "other", "家人已经买过"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A fan to be: what the sandbox and the shop will be told."""

    nickname: str
    phone: str
    city: tuple[str, str, str, str]
    street: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Follows by a channel code (its place among the demo's codes), or by searching (None)."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Ask:
    """Sends a text to the account."""

    text: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Opens the shop and looks at some goods (places in GOODS), perhaps by a link seen elsewhere."""

    goods: tuple[int, ...]
    link: int | None = None


@dataclass(frozen=True, slots=True)
class Buy:
    """Buys SKUs: (place in GOODS, variant, quantity); pays unless `outcome` says otherwise."""

    basket: tuple[tuple[int, int, int], ...]
    outcome: str = "success"
    complaint: Complaint | None = None
    """What is asked for after receipt, if anything."""
    claims: bool = False
    """Takes the coupon for new friends first."""


@dataclass(frozen=True, slots=True)
class Share:
    """Sends the own link of 老带新 to friends."""


@dataclass(frozen=True, slots=True)
class Arrive:
    """Opens the link of a friend (the fan's place)."""

    referrer: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Unfollows."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing one fan does at one time."""

    at: datetime
    fan: int
    deed: Follow | Ask | Visit | Buy | Share | Arrive | Leave


def people(seed: int, count: int) -> list[Person]:
    """The first `count` people of a seed."""
    draw = random.Random(f"people {seed}")
    return [
        Person(
            nickname=draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 1, 2)))),
            phone=f"1{draw.choice('3578')}{draw.randrange(10**9):09d}",
            city=draw.choice(CITIES),
            street=f"{draw.choice(STREETS)} {draw.randrange(1, 400)} 号 {draw.randrange(1, 30)} 室",
        )
        for _ in range(count)
    ]


def earlier(seed: int, count: int, opening: datetime) -> list[tuple[datetime, int]]:
    """Who of `count` fans followed before the shop opened, and when, in order of time."""
    draw = random.Random(f"earlier {seed} {count}")
    span = EARLIER_DAYS * 86_400
    return sorted(
        (opening - timedelta(seconds=draw.randrange(3600, span)), fan)
        for fan in draw.sample(range(count), int(count * EARLIER_SHARE))
    )


def acts(seed: int, count: int, codes: int, now: datetime) -> list[Act]:
    """Everything that `count` fans do in the days before `now`, in order of time.

    `codes` is how many channel codes there are; the first ones bring more. Those who followed
    `earlier` are fans from the first day.
    """
    draw = random.Random(f"acts {seed} {count}")
    start = now - timedelta(days=DAYS)
    there = {fan for _, fan in earlier(seed, count, start)}
    joined = [
        start if fan in there else _moment(draw, start, _join_day(draw)) for fan in range(count)
    ]
    weights = [1 / (place + 1.5) for place in range(codes)] + [0.35]
    plan = [
        Act(at, fan, Follow(_code(draw, weights, codes)))
        for fan, at in enumerate(joined)
        if fan not in there
    ]
    regulars = sorted(draw.sample(sorted(there), round(count * REGULAR_SHARE))) if there else []
    for fan, at in enumerate(joined):
        last = at
        if draw.random() < ASK_SHARE:
            last = _after(draw, at, now)
            plan.append(Act(last, fan, Ask(draw.choice(QUESTIONS))))
        if draw.random() < LEAVE_SHARE and fan not in regulars:  # who left cannot ask any more
            plan.append(Act(_after(draw, last, now), fan, Leave()))
    plan += [
        Act(_after(draw, start, now), fan, Ask(draw.choice(QUESTIONS)))
        for fan in regulars
        for _ in range(REGULARS_WORDS)
    ]
    buyers = _purchases(draw, joined, now, count, regulars, there)
    plan += buyers
    plan += _referrals(draw, regulars, joined, buyers, start, there)
    bought = {act.fan for act in buyers}
    for fan in draw.sample(range(count), int(count * VISIT_SHARE)):
        if fan not in bought:
            goods = tuple(_good(draw) for _ in range(draw.randint(1, 3)))
            link = draw.randrange(LINKS) if draw.random() < LINK_SHARE else None
            plan.append(Act(_after(draw, joined[fan], now), fan, Visit(goods, link)))
    return sorted((act for act in plan if act.at < now), key=lambda act: (act.at, act.fan))


def _purchases(
    draw: random.Random,
    joined: list[datetime],
    now: datetime,
    count: int,
    regulars: Sequence[int],
    there: Collection[int],
) -> list[Act]:
    scale = count / CALIBRATED_FANS
    made: list[Act] = []
    bought: set[int] = set()
    for ago in range(DAYS, -1, -1):
        day = (now - timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        here = [fan for fan, at in enumerate(joined) if at < day]
        if not here:
            continue
        newcomers = [fan for fan in here if fan not in there and fan not in bought]
        festival = ago == FESTIVAL_DAYS_AGO
        number = FESTIVAL_ORDERS if festival else NORMAL_ORDERS_A_DAY + draw.randint(-2, 3)
        number = int(number * scale + draw.random())
        baskets = [_basket(draw) for _ in range(number)]
        if festival and baskets:
            baskets = _worth(draw, baskets, round(FESTIVAL_FEN * scale))
        for basket in baskets:
            again = regulars and not festival and draw.random() < REGULARS_ORDERS_SHARE
            young = newcomers and not again and draw.random() < NEWCOMERS_ORDERS_SHARE
            fan = draw.choice(regulars if again else newcomers if young else here)
            bought.add(fan)
            second = _rush(draw) if festival else _second_of_day(draw)
            made.append(Act(day + timedelta(seconds=second), fan, _buy(draw, basket, festival)))
    return made


def _buy(draw: random.Random, basket: tuple[tuple[int, int, int], ...], festival: bool) -> Buy:
    """How a purchase goes: nobody walks away from the festival's price."""
    chance = draw.random()
    outcome = "success"
    if not festival and chance <= 0.12:
        outcome = "cancel" if chance > 0.04 else "insufficient"
    complains = outcome == "success" and draw.random() < 0.05
    complaint = draw.choice(COMPLAINTS) if complains else None
    return Buy(basket, outcome, complaint, claims=draw.random() < CLAIM_SHARE)


def _referrals(
    draw: random.Random,
    regulars: Sequence[int],
    joined: list[datetime],
    buyers: Sequence[Act],
    start: datetime,
    there: Collection[int],
) -> list[Act]:
    """Regulars share on the first day; some newcomers open such a link before their first order."""
    if not regulars:
        return []
    plan = [Act(start + timedelta(hours=2), fan, Share()) for fan in regulars]
    first: dict[int, datetime] = {}
    for act in buyers:
        first[act.fan] = min(act.at, first.get(act.fan, act.at))
    for fan in sorted(first.keys() - set(there) - set(regulars)):
        if draw.random() < REFERRED_SHARE:
            between = (first[fan] - joined[fan]) / 2
            plan.append(Act(joined[fan] + between, fan, Arrive(draw.choice(regulars))))
    return plan


def _basket(draw: random.Random) -> tuple[tuple[int, int, int], ...]:
    lines: dict[int, tuple[int, int, int]] = {}
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3))):
        place = _good(draw)
        variants = GOODS[place].variants
        variant = min(int(draw.expovariate(1.4)), len(variants) - 1)
        most = min(GOODS[place].limit or 3, 3)
        lines[place] = (place, variant, min(draw.choice((1, 1, 1, 2)), most))
    return tuple(lines.values())


def _worth(
    draw: random.Random, baskets: list[tuple[tuple[int, int, int], ...]], target_fen: int
) -> list[tuple[tuple[int, int, int], ...]]:
    """Draw baskets anew until together they are worth about `target_fen` (within half a percent)."""
    for _ in range(20_000):
        off = sum(map(worth_fen, baskets)) - target_fen
        if abs(off) * 200 < target_fen:
            break
        place = draw.randrange(len(baskets))
        other = _basket(draw)
        if abs(off + worth_fen(other) - worth_fen(baskets[place])) < abs(off):
            baskets[place] = other
    return baskets


def worth_fen(basket: tuple[tuple[int, int, int], ...]) -> int:
    """The list price of a basket, in fen."""
    return sum(
        GOODS[place].variants[variant].price_fen * quantity for place, variant, quantity in basket
    )


def _good(draw: random.Random) -> int:
    return draw.choices(range(len(GOODS)), [one.pull for one in GOODS])[0]


def _code(draw: random.Random, weights: list[float], codes: int) -> int | None:
    chosen = draw.choices(range(codes + 1), weights)[0]
    return chosen if chosen < codes else None


def _join_day(draw: random.Random) -> float:
    """Days after the start: most come early, a wave on the days around the festival."""
    if draw.random() < 0.18:
        return max(0.0, min(DAYS - 0.2, draw.gauss(DAYS - FESTIVAL_DAYS_AGO, 2.0)))
    share: float = draw.random() ** 1.6
    return DAYS * share * 0.995


def _moment(draw: random.Random, start: datetime, day: float) -> datetime:
    whole = int(day)
    return (start + timedelta(days=whole)).replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(seconds=_second_of_day(draw))


def _second_of_day(draw: random.Random) -> int:
    """UTC second at which people in Shanghai are awake: busiest at noon and in the evening."""
    hour = draw.choices(range(8, 24), [2, 3, 4, 5, 7, 6, 4, 4, 4, 4, 5, 7, 9, 10, 8, 4])[0]
    return ((hour - 8) % 24) * 3600 + draw.randrange(3600)


def _rush(draw: random.Random) -> int:
    """UTC second of the festival's day: most wait for the hour at which the price opens."""
    if draw.random() >= RUSH_SHARE:
        return _second_of_day(draw)
    hour, minutes = draw.choices(RUSHES, [1, 2])[0]
    return hour * 3600 + draw.randrange(minutes * 60)


def _after(draw: random.Random, at: datetime, now: datetime) -> datetime:
    """Some time after `at`: often minutes, sometimes weeks."""
    span = max((now - at).total_seconds(), 120)
    return at + timedelta(seconds=60 + min(draw.expovariate(1 / (span / 4)), span))
