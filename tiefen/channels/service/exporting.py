"""The attribution report put together, for the page and as a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tiefen.channels import queries
from tiefen.channels.queries import Cost, Row
from tiefen.channels.values import CodeKind, Grouping, Model
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.money import average, yuan_cell
from tiefen.kernel.sheets import write_csv
from tiefen.team.service import record_audit, staff_briefs

KINDS = {
    CodeKind.EMPLOYEE: ("员工", "Employee"),
    CodeKind.DEALER: ("经销商", "Dealer"),
    CodeKind.PACKAGE: ("瓶体/包装", "Bottle/package"),
    CodeKind.EXHIBITION: ("展会/培训", "Fair/training"),
    CodeKind.AD: ("媒体/广告", "Media/ad"),
    CodeKind.PLATFORM: ("其他平台", "Other platform"),
    CodeKind.CONTENT: ("内容", "Content"),
    CodeKind.REFERRAL: ("老带新", "Referral"),
    CodeKind.POSTER: ("海报", "Poster"),
}
MODELS = {
    Model.FIRST: ("首次来源", "First touch"),
    Model.LAST: ("末次来源", "Last touch"),
    Model.LINEAR: ("平均分摊", "Linear"),
    Model.RULE: ("自定义", "Own weights"),
}
_BYS = {
    Grouping.CODE: ("渠道码", "Code"),
    Grouping.KIND: ("类型", "Kind"),
    Grouping.OWNER: ("负责员工", "Owner"),
    Grouping.CAMPAIGN: ("活动", "Campaign"),
}
_NOBODY = {
    Grouping.CODE: ("自然到来", "By themselves"),
    Grouping.KIND: ("自然到来", "By themselves"),
    Grouping.OWNER: ("无负责人", "Nobody’s"),
    Grouping.CAMPAIGN: ("没有活动名的链接", "Links without a campaign"),
}
_PEOPLE = {
    "scans": ("扫码", "Scans"),
    "follows": ("关注", "Follows"),
    "fans": ("新增粉丝", "New fans"),
    "ruled": ("其中申诉改判", "of them by appeal"),
    "visited": ("进店", "Visited"),
    "ordered": ("下单", "Ordered"),
    "buyers": ("付款人数", "Buyers"),
    "receivers": ("收货人数", "Receivers"),
    "keepers": ("留存", "Kept"),
}
_OPENS = {"hits": ("打开", "Opened"), "entered": ("进微信", "Into WeChat")}
_MONEY = (
    ("付款订单", "Orders paid"), ("收货订单", "Orders received"), ("付款金额(元)", "Paid (yuan)"),
    ("收货金额(元)", "Received (yuan)"), ("退款(元)", "Refunded (yuan)"), ("净额(元)", "Net (yuan)"),
    ("成本(元)", "Cost (yuan)"), ("单粉成本(元)", "Cost per fan (yuan)"),
    ("单客成本(元)", "Cost per buyer (yuan)"), ("回本天数", "Payback (days)"),
)  # fmt: skip
_NOT_YET = ("未回本", "not yet")


@dataclass(frozen=True, slots=True)
class Source:
    """A row of the report: what it is called, what it brought, what it cost."""

    row: Row
    name: str
    kind: CodeKind | None
    cost: Cost | None


async def attribution(tx: Tx, by: Grouping, first: date, last: date) -> list[Source]:
    """Every source of a period, the most kept first; also what cost money and brought nobody."""
    rows = await queries.report(tx, by, first, last)
    costs = await queries.costs(tx, by, Model.FIRST, first, last)
    for key, cost in costs.items():
        if cost.period_fen:
            rows.setdefault(key, Row(key))
    names = await _names(tx, by, rows)
    ordered = sorted(
        rows.values(), key=lambda row: (-net_fen(row, Model.FIRST), -row.people["fans"], row.key)
    )
    return [Source(row, *names.get(row.key, ("", None)), costs.get(row.key)) for row in ordered]


async def export_attribution(
    tx: Tx, actor: StaffActor, by: Grouping, model: Model, first: date, last: date
) -> str:
    """All sources as CSV, each line with its period and model; audited. Its lines add up."""
    found = await attribution(tx, by, first, last)
    english = language.get() == "en"
    about = (first.isoformat(), last.isoformat(), MODELS[model][english])
    lines = [(*about, *_cells(one, by, model, english=english)) for one in found]
    after = {
        "first": about[0], "last": about[1], "by": by.value, "model": model.value,
        "rows": len(lines),
    }  # fmt: skip
    await record_audit(tx, actor, "channels.attribution_exported", "attribution", after=after)
    return write_csv([_headings(by, english=english), *lines])


def net_fen(row: Row, model: Model) -> int:
    """Paid and not refunded, under a model."""
    return row.money[model]["paid_fen"] - row.money[model]["refunded_fen"]


def per_head_fen(cost: Cost, people: int) -> int | None:
    """What one of `people` cost in the period; None without a cost or anybody."""
    return average(cost.period_fen, people) if cost.period_fen else None


def payback_days(cost: Cost) -> int | None:
    """From the first cost until all of it was covered; None = not yet."""
    back = cost.paid_back_on
    return max((back - cost.since).days, 0) if back else None


def _headings(by: Grouping, *, english: bool) -> list[str]:
    pairs = [("开始日期", "First day"), ("结束日期", "Last day"), ("口径", "Model"), _BYS[by]]
    if by is Grouping.CODE:
        pairs.append(("类型", "Kind"))
    if by is Grouping.CAMPAIGN:
        pairs += _OPENS.values()
    pairs += (*_PEOPLE.values(), *_MONEY)
    nets = ((f"净额: {zh}(元)", f"Net: {en} (yuan)") for zh, en in MODELS.values())
    return [pair[english] for pair in (*pairs, *nets)]


def _cells(one: Source, by: Grouping, model: Model, *, english: bool) -> list[object]:
    row, cost, sums = one.row, one.cost, one.row.money[model]
    kind = KINDS[one.kind][english] if one.kind else ""
    named = kind if by is Grouping.KIND else one.name
    cells: list[object] = [named or _NOBODY[by][english]]
    if by is Grouping.CODE:
        cells.append(kind)
    if by is Grouping.CAMPAIGN:
        cells += (row.opens[name] for name in _OPENS)
    cells += (row.people[name] for name in _PEOPLE)
    cells += (_orders(sums["orders_bp"]), _orders(sums["received_bp"]))
    cells += _yuan([sums["paid_fen"], sums["received_fen"], sums["refunded_fen"]])
    cells.append(yuan_cell(net_fen(row, model)))
    if cost:
        cells += _yuan(
            [cost.period_fen, per_head_fen(cost, cost.fans), per_head_fen(cost, cost.buyers)]
        )
        days = payback_days(cost)
        cells.append(_NOT_YET[english] if days is None else days)
    else:
        cells += [""] * 4
    return [*cells, *_yuan(net_fen(row, each) for each in MODELS)]


def _yuan(amounts_fen: Iterable[int | None]) -> list[str]:
    return ["" if fen is None else yuan_cell(fen) for fen in amounts_fen]


def _orders(bp: int) -> str:
    """Ten-thousandths as whole orders are written: `3`, or `2.5` where several sources share one."""
    return format(Decimal(bp).scaleb(-4).normalize(), "f")


async def _names(
    tx: Tx, by: Grouping, rows: Iterable[str]
) -> dict[str, tuple[str, CodeKind | None]]:
    """What to call each row; one statement."""
    if by is Grouping.CAMPAIGN:
        return {key: (key, None) for key in rows}
    if by is Grouping.KIND:
        return {key: ("", CodeKind(key) if key else None) for key in rows}
    ids = [int(key) for key in rows if key != "0"]
    if by is Grouping.OWNER:
        people = await staff_briefs(tx, ids)
        return {str(one.id): (one.name, None) for one in people.values()}
    codes = await queries.code_names(tx, ids)
    return {str(one.id): (one.name, one.kind) for one in codes.values()}
