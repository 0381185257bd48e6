"""Promotions and prices in plain sentences, in both languages.

What is stored are steps and numbers; the sentence is made when it is read, so a wording that gets
better gets better for old orders too.
"""

from collections.abc import Mapping

from tiefen.kernel.money import yuan
from tiefen.promotion.values import PromotionKind, Rule, Scope, Terms, Tier

_STEPS: Mapping[str, tuple[str, str]] = {
    "list_price": ("单价 {unit_fen} × {quantity}", "{unit_fen} × {quantity}"),
    "freight": ("{of}运费 {fee_fen}", "{of_en}freight {fee_fen}"),
    "freight_pieces": (
        "{of}运费：共 {units} 件，首 {first} 件 {first_fen}，每续 {next} 件 {next_fen}",
        "{of_en}freight: {units} pieces; {first_fen} up to {first}, {next_fen} for each {next} more",
    ),
    "freight_weight": (
        "{of}运费：共 {units_kg} kg，首 {first_kg} kg {first_fen}，每续 {next_kg} kg {next_fen}",
        "{of_en}freight: {units_kg} kg; {first_fen} up to {first_kg} kg,"
        " {next_fen} for each {next_kg} kg more",
    ),
    "freight_volume": (
        "{of}运费：共 {units_m3} m³，首 {first_m3} m³ {first_fen}，每续 {next_m3} m³ {next_fen}",
        "{of_en}freight: {units_m3} m³; {first_fen} up to {first_m3} m³,"
        " {next_fen} for each {next_m3} m³ more",
    ),
    "freight_further": (
        "{of}运费：首重首件已计，只收续费 {fee_fen}",
        "{of_en}freight: {fee_fen}, the first fee is paid with other goods",
    ),
    "freight_free": ("{of}满 {free_from_fen} 免运费", "{of_en}free freight from {free_from_fen}"),
    "freight_free_pieces": (
        "{of}满 {free_from_pieces} 件免运费",
        "{of_en}free freight from {free_from_pieces} pieces",
    ),
    "limited": ("{name}：{fold}", "{name}: {fold_en}"),
    "limited_price": ("{name}：特价 {price_fen}", "{name}: {price_fen} each"),
    "off": ("{name}：{from}减 {off_fen}{times}", "{name}: {off_fen} off {from_en}{times_en}"),
    "percent": ("{name}：{from}{fold}", "{name}: {fold_en} {from_en}"),
    "gift": ("{name}：{from}送赠品 {pieces} 件", "{name}: {pieces} gift(s) {from_en}"),
    "nth": ("{name}：第 {nth} 件{fold}", "{name}: every {nth}th piece {fold_en}"),
    "package": (
        "{name}：{pieces} 件一口价 {price_fen}{times}",
        "{name}: {pieces} pieces for {price_fen}{times_en}",
    ),
    "add_on": ("{name}：{from}加价购", "{name}: cheaper add-ons {from_en}"),
    "exchanged": ("{name}：{from}免费兑换", "{name}: free {from_en}"),
    "freight_waived": ("{name}：{from}包邮", "{name}: free freight {from_en}"),
    "short_fen": (
        "还差 {missing_fen}，{from}{gives}（{name}）",
        "{missing_fen} short of {gives_en} {from_en} ({name})",
    ),
    "short_pieces": (
        "还差 {missing} 件，{gives}（{name}）",
        "{missing} piece(s) short of {gives_en} ({name})",
    ),
    "beaten": (
        "{name}：同组有更优惠的活动",
        "{name}: another offer of its group is better for you",
    ),
    "closed": (
        "{name}：商品已参加不可叠加的活动",
        "{name}: the goods are in an offer that stands alone",
    ),
    "new_fans": (
        "{name}：仅限加入 {days} 天内的新粉丝",
        "{name}: only for fans of the last {days} days",
    ),
    "first_order": ("{name}：仅限首单", "{name}: only for a first order"),
    "used_up": ("{name}：您已用完次数", "{name}: you have used it as often as you may"),
    "gift_out": ("{name}：赠品已送完", "{name}: the gift is out of stock"),
    "presale_bonus": (
        "定金 {deposit_fen} 抵 {worth_fen}",
        "deposit of {deposit_fen} counts for {worth_fen}",
    ),
    "level": ("{name}：{fold}", "{name}: {fold_en}"),
    "level_out": ("{name}：所选商品不参加", "{name}: not for these goods"),
    "points": ("使用 {points} 积分", "{points} points"),
    "points_short": (
        "商品满 {from_fen} 可用积分抵扣，还差 {missing_fen}",
        "points may be used from {from_fen}; {missing_fen} short",
    ),
    "deposit": (
        "现在付定金 {deposit_fen}，之后付尾款 {balance_fen}",
        "deposit {deposit_fen} now, balance {balance_fen} later",
    ),
    "no_gain": ("{name}：现在的价格已经更低", "{name}: the price is lower already"),
}


def sentence(step: str, numbers: Mapping[str, int], name: str = "") -> tuple[str, str]:
    """One stored step as (中文, English)."""
    shown: dict[str, object] = {
        key: yuan(value) if key.endswith("_fen") else value for key, value in numbers.items()
    }
    for key in ("units", "first", "next"):
        size = numbers.get(key, 0)
        shown |= {f"{key}_kg": f"{size / 1_000:g}", f"{key}_m3": f"{size / 1_000_000:g}"}
    repeated = numbers.get("times", 1) > 1
    shown |= {
        "name": name,
        "of": f"{name}：" if name else "",
        "of_en": f"{name}: " if name else "",
        "fold": fold(numbers.get("off_bp", 0))[0],
        "fold_en": fold(numbers.get("off_bp", 0))[1],
        "from": _from(numbers)[0],
        "from_en": _from(numbers)[1],
        "gives": _gives(numbers)[0],
        "gives_en": _gives(numbers)[1],
        "times": f" × {numbers['times']}" if repeated else "",
        "times_en": f" × {numbers['times']}" if repeated else "",
    }
    zh, en = _STEPS[step]
    return zh.format(**shown), en.format(**shown)


def fold(off_bp: int) -> tuple[str, str]:
    """A percent off as people say it: 2,000 → (打 8 折, 20% off)."""
    if off_bp >= 10_000:
        return "免费", "free"
    if off_bp == 5_000:
        return "半价", "half price"
    keep = f"{(10_000 - off_bp) / 1_000:.2f}".rstrip("0").rstrip(".")
    return f"打 {keep} 折", f"{off_bp / 100:g}% off"


def summary(rule: Rule) -> tuple[str, str]:
    """The whole promotion in one sentence: what it gives, to whom, when."""
    gives = _SUMMARIES[rule.kind](rule.terms)
    zh = [_scope(rule.scope, rule)[0] + gives[0]]
    en = [f"{gives[1]} {_scope(rule.scope, rule)[1]}".strip()]
    when = rule.conditions
    if when.hours:
        zh.append("仅限指定时段")
        en.append("at certain hours only")
    if when.first_order:
        zh.append("仅限首单")
        en.append("first order only")
    if when.new_fan_days:
        zh.append(f"仅限加入 {when.new_fan_days} 天内的新粉丝")
        en.append(f"fans of the last {when.new_fan_days} days only")
    if when.per_fan:
        zh.append(f"每人 {when.per_fan} 次")
        en.append(f"{when.per_fan} time(s) a person")
    return "，".join(zh), ", ".join(en)


def tag(rule: Rule) -> tuple[str, str]:
    """What stands on a small label."""
    return _SUMMARIES[rule.kind](rule.terms)


def _off(terms: Terms) -> tuple[str, str]:
    every_zh, every_en = ("每", "every ") if terms.repeat else ("", "from ")
    zh = "、".join(f"{every_zh}{_at(tier)[0]}减 {plain(tier.off_fen)}" for tier in terms.tiers)
    en = ", ".join(f"{yuan(tier.off_fen)} off {every_en}{_at(tier)[1]}" for tier in terms.tiers)
    if terms.cap_fen:
        zh, en = f"{zh}（最多减 {plain(terms.cap_fen)}）", f"{en} (at most {yuan(terms.cap_fen)})"
    return zh, en


def _percent(terms: Terms) -> tuple[str, str]:
    zh = "、".join(f"{_at(tier)[0]}{fold(tier.off_bp)[0]}" for tier in terms.tiers)
    en = ", ".join(f"{fold(tier.off_bp)[1]} from {_at(tier)[1]}" for tier in terms.tiers)
    if terms.cap_fen:
        zh, en = f"{zh}（最多减 {plain(terms.cap_fen)}）", f"{en} (at most {yuan(terms.cap_fen)})"
    return zh, en


def _gift(terms: Terms) -> tuple[str, str]:
    zh = "、".join(
        f"{_at(tier)[0]}送赠品 {sum(gift.quantity for gift in tier.gifts)} 件"
        for tier in terms.tiers
    )
    en = ", ".join(
        f"{sum(gift.quantity for gift in tier.gifts)} gift(s) from {_at(tier)[1]}"
        for tier in terms.tiers
    )
    return zh, en


def _limited(terms: Terms) -> tuple[str, str]:
    if terms.prices:
        return "限时特价", "limited-time price"
    return f"限时{fold(terms.off_bp)[0]}", f"{fold(terms.off_bp)[1]} for a limited time"


def _nth(terms: Terms) -> tuple[str, str]:
    zh, en = fold(terms.off_bp)
    return f"第 {terms.nth} 件{zh}", f"every {_ordinal(terms.nth)} piece {en}"


def _package(terms: Terms) -> tuple[str, str]:
    pieces = terms.pieces or sum(item.quantity for item in terms.items)
    any_zh, any_en = ("任选", "any ") if terms.pieces else ("套餐", "set of ")
    return (
        f"{any_zh} {pieces} 件 {plain(terms.price_fen)}",
        f"{any_en}{pieces} for {yuan(terms.price_fen)}",
    )


def _add_on(terms: Terms) -> tuple[str, str]:
    least = min((price.price_fen for price in terms.prices), default=0)
    at = _at(terms.tiers[0]) if terms.tiers else ("", "")
    return f"{at[0]}加 {plain(least)}换购", f"add-ons from {yuan(least)} from {at[1]}"


def _freight(terms: Terms) -> tuple[str, str]:
    if not terms.tiers or not (terms.tiers[0].from_fen or terms.tiers[0].from_pieces):
        return "包邮", "free freight"
    return f"{_at(terms.tiers[0])[0]}包邮", f"free freight from {_at(terms.tiers[0])[1]}"


_SUMMARIES = {
    PromotionKind.LIMITED: _limited,
    PromotionKind.OFF: _off,
    PromotionKind.PERCENT: _percent,
    PromotionKind.GIFT: _gift,
    PromotionKind.NTH: _nth,
    PromotionKind.PACKAGE: _package,
    PromotionKind.ADD_ON: _add_on,
    PromotionKind.FREIGHT: _freight,
}


def _scope(scope: Scope, rule: Rule) -> tuple[str, str]:
    """Which goods, roughly; everything is not worth a word."""
    own = rule.terms.prices if rule.kind is PromotionKind.LIMITED else rule.terms.items
    if own:
        return f"{len(own)} 个 SKU ", f"on {len(own)} SKU(s)"
    if scope.all:
        return "全场", "on everything"
    return "指定商品", "on chosen goods"


def _at(tier: Tier) -> tuple[str, str]:
    if tier.from_pieces:
        return f"满 {tier.from_pieces} 件", f"{tier.from_pieces} pieces"
    return f"满 {plain(tier.from_fen)} ", yuan(tier.from_fen)


def _from(numbers: Mapping[str, int]) -> tuple[str, str]:
    if numbers.get("from_pieces"):
        return f"满 {numbers['from_pieces']} 件", f"from {numbers['from_pieces']} pieces"
    if numbers.get("from_fen"):
        return f"满 {yuan(numbers['from_fen'])} ", f"from {yuan(numbers['from_fen'])}"
    return "", ""


def _gives(numbers: Mapping[str, int]) -> tuple[str, str]:
    """What a threshold not reached yet would give."""
    if numbers.get("off_fen"):
        return f"减 {yuan(numbers['off_fen'])}", f"{yuan(numbers['off_fen'])} off"
    if numbers.get("nth"):
        shown = fold(numbers.get("off_bp", 0))
        return (
            f"第 {numbers['nth']} 件{shown[0]}",
            f"the {_ordinal(numbers['nth'])} piece {shown[1]}",
        )
    if numbers.get("off_bp"):
        return fold(numbers["off_bp"])
    if "price_fen" in numbers:
        pieces, price = numbers.get("pieces", 0), yuan(numbers["price_fen"])
        return f"{pieces} 件一口价 {price}", f"{pieces} for {price}"
    return "可享", "the offer"


def plain(amount_fen: int) -> str:
    """¥99 rather than ¥99.00, for short sentences."""
    return yuan(amount_fen).removesuffix(".00")


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")
