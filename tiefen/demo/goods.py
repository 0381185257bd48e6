"""What the demo merchant sells: a shop of good things to eat, drink and wash with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """One SKU: its spec values in the order of the product's specs, price and cost in fen, stock."""

    values: tuple[str, ...]
    price_fen: int
    cost_fen: int
    stock: int


@dataclass(frozen=True, slots=True)
class Goods:
    """One product. `role` is traffic 引流品, profit 利润品 or repeat 复购品; `pull` its share of demand."""

    name: str
    label: str
    category: str
    role: str
    kind: str
    colour: str
    summary: str
    specs: tuple[str, ...]
    variants: tuple[Variant, ...]
    pull: int = 5
    cycle_days: int | None = None
    limit: int | None = None


CATEGORIES = ("茶", "蜜与果干", "粮油", "水果", "咖啡", "洗护", "礼盒")

GOODS: tuple[Goods, ...] = (
    Goods("明前龙井 2026 春茶", "龙井", "茶", "profit", "tin", "#2f6b4f", "清明前三天采，一芽一叶，锅炒",
          ("规格",), (Variant(("50 克",), 12800, 5200, 400), Variant(("100 克",), 23800, 9900, 300),
                     Variant(("250 克",), 56800, 23000, 80)), 8, 45),
    Goods("老白茶饼 2019", "白茶", "茶", "profit", "box", "#8d7b5c", "福鼎磻溪，存七年，煮着喝有枣香",
          ("规格",), (Variant(("100 克",), 9800, 3600, 300), Variant(("357 克",), 26800, 10500, 120)), 4, 60),
    Goods("桂花乌龙茶包", "桂花乌龙", "茶", "repeat", "box", "#b98a2f", "三角茶包，冷泡四小时",
          ("规格",), (Variant(("15 包",), 3900, 1400, 900), Variant(("30 包",), 6900, 2600, 600)), 9, 30),
    Goods("陈皮普洱小方砖", "陈皮普洱", "茶", "repeat", "tin", "#6b4226", "新会陈皮十年，一块一泡",
          ("规格",), (Variant(("12 块",), 5800, 2100, 500), Variant(("24 块",), 10800, 4000, 260)), 5, 40),
    Goods("秦岭土蜂蜜", "土蜂蜜", "蜜与果干", "repeat", "jar", "#e0a030", "一年割一次，冬天自然结晶",
          ("净含量",), (Variant(("250 克",), 4900, 1900, 700), Variant(("500 克",), 8800, 3500, 520),
                       Variant(("1 千克",), 16800, 6800, 160)), 10, 45),
    Goods("枸杞原浆", "枸杞原浆", "蜜与果干", "repeat", "bottle", "#b8322a", "中宁鲜果，不加水不加糖",
          ("规格",), (Variant(("7 袋",), 5900, 2400, 600), Variant(("30 袋",), 19900, 8600, 240)), 8, 30),
    Goods("柿饼 富平吊晒", "柿饼", "蜜与果干", "profit", "bag", "#c4622d", "自然出霜，溏心",
          ("规格",), (Variant(("500 克",), 4600, 1800, 600), Variant(("1 千克",), 8600, 3400, 300)), 6, 40),
    Goods("每日坚果 七日装", "每日坚果", "蜜与果干", "traffic", "bag", "#7a8f5a", "六种坚果，无添加糖",
          ("规格",), (Variant(("7 袋",), 2990, 1900, 1500), Variant(("30 袋",), 10900, 7200, 500)), 14, 21, 5),
    Goods("五常稻花香 2 号", "五常大米", "粮油", "repeat", "bag", "#c9a66b", "当季新米，现磨现发",
          ("规格",), (Variant(("2.5 千克",), 5900, 3400, 700), Variant(("5 千克",), 10900, 6500, 500)), 12, 30),
    Goods("低温压榨山茶油", "山茶油", "粮油", "profit", "bottle", "#5a7d3c", "野生油茶籽，烟点高",
          ("净含量",), (Variant(("500 毫升",), 8900, 4100, 400), Variant(("1 升",), 16800, 7900, 200)), 6, 50),
    Goods("黑猪肉酱 三种口味", "黑猪肉酱", "粮油", "repeat", "jar", "#8b3a2b", "大块肉丁，拌面拌饭",
          ("口味", "规格"), (Variant(("原味", "单瓶"), 2800, 1300, 800), Variant(("微辣", "单瓶"), 2800, 1300, 800),
                            Variant(("特辣", "单瓶"), 2800, 1300, 600), Variant(("原味", "三瓶"), 7500, 3700, 300),
                            Variant(("微辣", "三瓶"), 7500, 3700, 300), Variant(("特辣", "三瓶"), 7500, 3700, 200)),
          9, 30),
    Goods("手工红薯粉", "红薯粉", "粮油", "traffic", "bag", "#a08a78", "三斤红薯一斤粉，耐煮",
          ("规格",), (Variant(("1 千克",), 2590, 1500, 1200),), 8, 45, 6),
    Goods("赣南脐橙", "赣南脐橙", "水果", "traffic", "fruit", "#e8762c", "现摘现发，坏果包赔",
          ("规格",), (Variant(("2.5 千克",), 3290, 2300, 1600), Variant(("5 千克",), 5690, 4100, 900)), 16, 14, 4),
    Goods("阿克苏冰糖心苹果", "冰糖心", "水果", "traffic", "fruit", "#c6463c", "果径 80 以上",
          ("规格",), (Variant(("2.5 千克",), 3690, 2500, 1200), Variant(("5 千克",), 6490, 4700, 700)), 12, 14, 4),
    Goods("丹东九九草莓", "草莓", "水果", "profit", "fruit", "#d43c4f", "顺丰冷链，次日达",
          ("规格",), (Variant(("1 千克",), 9900, 5600, 200), Variant(("1.5 千克 礼装",), 15900, 8800, 90)), 5, 14),
    Goods("冻干咖啡 云南小粒", "冻干咖啡", "咖啡", "repeat", "cup", "#7aa6b8", "三秒即溶，冷热都行",
          ("口味", "规格"), (Variant(("中烘", "12 颗"), 4900, 2000, 700), Variant(("深烘", "12 颗"), 4900, 2000, 700),
                            Variant(("中烘", "36 颗"), 12900, 5600, 300), Variant(("深烘", "36 颗"), 12900, 5600, 300)),
          10, 25),
    Goods("挂耳咖啡 普洱日晒", "挂耳咖啡", "咖啡", "repeat", "box", "#5c4033", "烘后三天内寄出",
          ("规格",), (Variant(("10 片",), 5900, 2500, 500), Variant(("30 片",), 15900, 7000, 200)), 7, 25),
    Goods("马赛橄榄皂", "马赛皂", "洗护", "repeat", "soap", "#d8c7a8", "橄榄油七成二，洗脸洗手都可以",
          ("香味",), (Variant(("无香",), 2900, 1000, 900), Variant(("薰衣草",), 2900, 1000, 700),
                     Variant(("柚子",), 2900, 1000, 700)), 7, 35),
    Goods("山茶花护手霜", "护手霜", "洗护", "profit", "tin", "#c98a94", "不黏手，留香浅",
          ("规格",), (Variant(("30 克",), 3900, 1200, 800), Variant(("30 克 三支",), 9900, 3500, 300)), 6, 40),
    Goods("无患子洗发水", "无患子", "洗护", "repeat", "bottle", "#8a6f4d", "无硅油，孕妇可用",
          ("净含量",), (Variant(("300 毫升",), 6900, 2600, 400), Variant(("500 毫升",), 9900, 3900, 300)), 5, 50),
    Goods("燕麦身体乳", "身体乳", "洗护", "repeat", "bottle", "#b7a48c", "干皮秋冬用，推开即吸收",
          ("净含量",), (Variant(("250 毫升",), 7900, 2900, 400),), 5, 45),
    Goods("小林好物 体验装", "体验装", "礼盒", "traffic", "box", "#d77f4a", "茶包、坚果、蜂蜜各一份，新朋友专享",
          ("规格",), (Variant(("一份",), 990, 1600, 2000),), 18, None, 1),
    Goods("四季有礼 茶食礼盒", "四季有礼", "礼盒", "profit", "box", "#b5503c", "龙井、柿饼、蜂蜜、坚果",
          ("规格",), (Variant(("标准",), 26800, 12800, 160), Variant(("尊享",), 49800, 23500, 60)), 4),
    Goods("年货大礼包", "年货", "礼盒", "profit", "bag", "#a8322d", "十二样，一家人的年",
          ("规格",), (Variant(("一份",), 19900, 10800, 240),), 4),
)  # fmt: skip

BOTTLED = next(place for place, one in enumerate(GOODS) if one.label == "土蜂蜜")
"""Each jar of it has a code of its own inside the lid."""
