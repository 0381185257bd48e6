"""Lines of purchases made elsewhere: which column is what, and what a line says."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from tiefen.fans.errors import PastColumnsWrong, PhoneMalformed
from tiefen.fans.rules.people import clean_phone
from tiefen.fans.values import (
    KEYS,
    Columns,
    Dates,
    Decimals,
    Dialect,
    PastFault,
    PastField,
    PastLine,
    WrongLine,
)
from tiefen.kernel.days import CHINA

MAX_NUMBER, MAX_KEY, MAX_WORDS = 64, 128, 200
MAX_FEN, MAX_QUANTITY = 10**12, 10**6
EARLIEST = date(1980, 1, 1)
_AHEAD = timedelta(days=1)
"""A file made just now may be a few hours ahead of our clock, no more."""
_KNOWN: dict[PastField, tuple[str, ...]] = {
    PastField.NUMBER: (
        *("订单号", "订单编号", "订单id", "订单单号", "交易单号", "主订单号", "单号", "编号"),
        *("order_number", "order_no", "order_id", "orderid", "order_sn", "number", "order"),
    ),
    PastField.AT: (
        *("付款时间", "支付时间", "买家付款时间", "订单付款时间", "成交时间", "下单时间"),
        *("订单创建时间", "创建时间", "购买时间", "交易时间", "时间", "日期", "下单日期"),
        *("paid_at", "pay_time", "paytime", "time", "date", "created_at", "add_time"),
    ),
    PastField.AMOUNT: (
        *("实付金额", "订单实付金额", "实付款", "买家实付金额", "支付金额", "实际支付金额"),
        *("实收金额", "订单金额", "应付金额", "成交金额", "金额", "总价", "订单总价"),
        *("pay_price", "paid_amount", "amount", "total", "total_price", "spend"),
    ),
    PastField.QUANTITY: (
        *("商品数量", "商品总数", "商品件数", "购买数量", "数量", "件数", "总数量"),
        *("quantity", "qty", "total_num", "num", "count"),
    ),
    PastField.CUSTOMER: (
        *("客户编号", "客户id", "会员编号", "会员id", "会员号", "会员卡号", "用户id", "用户编号"),
        *("买家id", "顾客编号", "uid", "user_id", "member_id", "customer_id", "customer"),
    ),
    PastField.PHONE: (
        *("买家手机号", "买家手机", "会员手机号", "客户手机号", "用户手机号", "下单人手机号"),
        *("手机号", "手机号码", "手机", "联系电话", "联系方式", "收货人手机号", "收货人手机"),
        *("收货人手机号/提货人手机号", "phone", "mobile", "user_phone", "tel"),
    ),
    PastField.OPENID: ("openid", "微信openid", "open_id", "公众号openid", "买家openid"),
    PastField.UNIONID: ("unionid", "微信unionid", "union_id"),
    PastField.PRODUCT: (
        *("商品名称", "全部商品名称", "商品", "商品标题", "宝贝标题", "商品信息"),
        *("product", "product_name", "goods", "goods_name", "store_name"),
    ),
    PastField.CATEGORY: (
        *("商品分类", "商品类目", "类目", "分类", "商品分组", "一级类目", "品类"),
        *("category", "category_name", "cate_name", "product_category"),
    ),
    PastField.NOTE: ("备注", "商家备注", "买家备注", "订单备注", "note", "remark", "mark"),
}
"""What 有赞, 微盟, CRMEB and people with spreadsheets call these columns, the better names first."""
_FULL = str.maketrans("０１２３４５６７８９．，：／－　", "0123456789.,:/- ")
_AMOUNT = re.compile(r"(-?)(?:rmb|cny|[¥￥$])?(-?)([0-9.,' ]+)(?:元|rmb|cny)?", re.IGNORECASE)
_DAY = re.compile(
    r"(?:([0-9]{8})|([0-9]{1,4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,4})日?)"
    r"(?:[T ]*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?)?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def guess_columns(heading: Sequence[str]) -> dict[PastField, int]:
    """Which column of a file is what, by its heading; what is not recognised is left out."""
    bare = [re.sub(r"[\s_()（）:：]", "", cell).lower() for cell in heading]
    found: dict[PastField, int] = {}
    for field, names in _KNOWN.items():
        for name in names:
            known = name.replace("_", "")
            places = [n for n, cell in enumerate(bare) if cell in (known, f"{known}元")]
            if places and places[0] not in found.values():
                found[field] = places[0]
                break
    return found


def check_columns(columns: Columns, width: int) -> None:
    """Raise PastColumnsWrong unless the needed columns are named, each once and in the file."""
    for needed, zh, en in (
        (PastField.NUMBER, "订单号", "the order number"),
        (PastField.AT, "时间", "the time"),
        (PastField.AMOUNT, "金额", "the amount"),
    ):
        if needed not in columns:
            _refuse(f"columns.{needed}", f"请指出哪一列是{zh}", f"say which column is {en}")
    if not any(key in columns for key in KEYS):
        _refuse(
            "columns.customer",
            "请至少指出一列用来认顾客：客户编号、手机号、openid 或 unionid",
            "name a column that tells customers apart: customer number, phone, openid or unionid",
        )
    for field, place in columns.items():
        if not 0 <= place < width:
            _refuse(f"columns.{field}", "文件里没有这一列", "the file has no such column")
    if len(set(columns.values())) < len(columns):
        _refuse("columns", "同一列不能用两次", "a column cannot be used twice")


def read_past_line(
    line: int, cells: Sequence[str], columns: Columns, dialect: Dialect, now: datetime
) -> PastLine | WrongLine:
    """What a line says, or everything that is wrong with it. `cells` are trimmed text."""

    def cell(field: PastField) -> str:
        place = columns.get(field)
        return bare_cell(cells[place]) if place is not None and place < len(cells) else ""

    faults: list[PastFault] = []
    number = cell(PastField.NUMBER)
    if not number or len(number) > MAX_NUMBER:
        faults.append(PastFault.NUMBER_LONG if number else PastFault.NUMBER_MISSING)
    at = _at(cell(PastField.AT), dialect.dates, now, faults)
    amount = _amount(cell(PastField.AMOUNT), dialect.decimals, faults)
    quantity = _quantity(cell(PastField.QUANTITY))
    if quantity is None:
        faults.append(PastFault.QUANTITY)
    keys = _keys({field: cell(field) for field in KEYS}, faults)
    if faults or at is None or amount is None or quantity is None:
        return WrongLine(line, tuple(faults))
    kind = next(field for field in KEYS if field in keys)
    return PastLine(
        line,
        number,
        at,
        amount,
        quantity,
        kind,
        keys[kind],
        keys.get(PastField.OPENID),
        keys.get(PastField.UNIONID),
        keys.get(PastField.PHONE),
        cell(PastField.PRODUCT)[:MAX_WORDS],
        cell(PastField.CATEGORY)[:MAX_WORDS],
        cell(PastField.NOTE)[:MAX_WORDS],
    )


def bare_cell(text: str) -> str:
    """A cell without what exports put around numbers so that spreadsheets leave them alone."""
    bare = text.replace("\x00", "").strip().translate(_FULL)
    if bare.startswith('="') and bare.endswith('"'):
        bare = bare[2:-1]
    return bare.strip("'`’ \t")


def masked_cell(text: str) -> str:
    """A cell as it is shown to whoever maps columns: long numbers and names of ids are cut."""
    bare = text.strip()
    if re.fullmatch(r"[0-9+ ()-]{8,}", bare) and not _DAY.fullmatch(bare):
        return f"{bare[:3]}****{bare[-4:]}"
    return f"{bare[:24]}…" if len(bare) > 25 else bare


def _keys(cells: dict[PastField, str], faults: list[PastFault]) -> dict[PastField, str]:
    """Who the customer is, in every way the line knows; a bad phone matters if there is nothing else."""
    keys = {field: text for field, text in cells.items() if text}
    if any(len(text) > MAX_KEY for text in keys.values()):
        faults.append(PastFault.CUSTOMER_LONG)
        return keys
    if PastField.PHONE in keys:
        try:
            keys[PastField.PHONE] = clean_phone(keys[PastField.PHONE].removesuffix(".0"))
        except PhoneMalformed:
            del keys[PastField.PHONE]
            if not keys:
                faults.append(PastFault.PHONE)
                return keys
    if not keys:
        faults.append(PastFault.CUSTOMER_MISSING)
    return keys


def _quantity(text: str) -> int | None:
    if not text:
        return 1
    whole = re.fullmatch(r"([0-9]{1,7})(?:\.0+)?件?", text)
    return int(whole[1]) if whole and int(whole[1]) <= MAX_QUANTITY else None


def _amount(text: str, decimals: Decimals, faults: list[PastFault]) -> int | None:
    """Fen. Groups of three may be set apart; more than two decimals are refused, not rounded."""
    if not text:
        faults.append(PastFault.AMOUNT_MISSING)
        return None
    found = _AMOUNT.fullmatch(text.replace(" ", ""))
    point, group = (".", ",") if decimals is Decimals.POINT else (",", ".")
    if found:
        whole, _, part = found[3].replace("'", "").partition(point)
        grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+", whole)
        bare = whole.replace(group, "") if grouped else whole
        part = part.rstrip("0") if len(part) > 2 else part
        if (
            re.fullmatch(r"[0-9]{1,12}", bare or "0")
            and re.fullmatch(r"[0-9]{0,2}", part)
            and bare + part
        ):
            fen = int(bare or "0") * 100 + int(part.ljust(2, "0"))
            if fen and (found[1] or found[2]):
                faults.append(PastFault.AMOUNT_BELOW)
                return None
            if fen <= MAX_FEN:
                return fen
    faults.append(PastFault.AMOUNT)
    return None


def _at(text: str, dates: Dates, now: datetime, faults: list[PastFault]) -> datetime | None:
    """The moment, in the merchant's time unless the text says otherwise; a bare day is its noon."""
    if not text:
        faults.append(PastFault.TIME_MISSING)
        return None
    found = _DAY.fullmatch(text)
    try:
        at = _moment(found, dates) if found else None
    except (ValueError, OverflowError):
        at = None
    if at is None or at.date() < EARLIEST:
        faults.append(PastFault.TIME)
        return None
    if at > now + _AHEAD:
        faults.append(PastFault.TIME_AHEAD)
        return None
    return at


def _moment(found: re.Match[str], dates: Dates) -> datetime | None:
    packed, one, two, three, hour, minute, second, zone = found.groups()
    if packed:
        day = date(int(packed[:4]), int(packed[4:6]), int(packed[6:]))
    elif len(one) == 4:
        day = date(int(one), int(two), int(three))
    elif len(three) == 4 and dates is not Dates.YMD:
        low, high = (two, one) if dates is Dates.DMY else (one, two)
        day = date(int(three), int(low), int(high))
    else:
        return None
    clock = time(int(hour), int(minute), int(second or 0)) if hour else time(12)
    if zone is None:
        return datetime.combine(day, clock, CHINA).astimezone(UTC)
    if zone == "Z":
        return datetime.combine(day, clock, UTC)
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    at = datetime.combine(day, clock, UTC)
    return at - away if zone[0] == "+" else at + away


def _refuse(field: str, zh: str, en: str) -> None:
    raise PastColumnsWrong(field=field, zh_reason=zh, en_reason=en)
