"""Trade and fund-flow bills, in yuan, as the platform writes them."""

import datetime as dt
import gzip
import hashlib
from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.responses import Response

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import BEIJING
from tiefen.sandbox.errors import PayError, param_error
from tiefen.sandbox.models import Charge, Merchant, Refund

from .gateway import Answer, PayApi, PayCall

READY_HOUR = 10
MONTHS_DAYS = 92
LIFE = 300.0

COMMON = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"
BACK = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
# Which columns each kind of trade bill has.
TRADE = {
    "ALL": f"{COMMON},{BACK},商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
    "SUCCESS": f"{COMMON},商品名称,商户数据包,手续费,费率,订单金额,费率备注",
    "REFUND": f"{COMMON},退款申请时间,退款成功时间,{BACK},商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
}
TRADE_SUM = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
FLOW = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FLOW_SUM = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def yuan(fen: int, places: int = 2) -> str:
    sign, fen = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}" + "0" * (places - 2)


def _line(values: Iterable[object]) -> str:
    # A comma inside a value would shift the columns; the platform replaces it.
    return ",".join("`" + str(v).replace(",", "，").replace("\n", " ") for v in values)


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _day(call: PayCall) -> tuple[float, float]:
    """The bill's day as [start, end). Raises for a day that has no bill yet or any more."""
    text = call.query.get("bill_date", "")
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise param_error("bill_date", "不是 YYYY-MM-DD") from error
    now = call.box.clock.now().astimezone(BEIJING)
    ready = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(READY_HOUR), BEIJING)
    if now < ready:
        raise PayError(400, "STATEMENT_CREATING", "账单生成中，请于次日10点后获取", 268435461)
    if (now.date() - day).days > MONTHS_DAYS:
        raise param_error("bill_date", "超过三个月")
    start = dt.datetime.combine(day, dt.time(), BEIJING).timestamp()
    return start, start + 86400


def _none() -> PayError:
    return PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在", 268435461)


def _trade_row(
    box: Box, merchant: Merchant, charge: Charge, refund: Refund | None
) -> dict[str, object]:
    """One trade by column, whichever of them the bill has."""
    order = box.orders[charge.mchid, charge.out_trade_no]
    amount = charge.amount_fen if refund is None else 0
    row: dict[str, object] = {
        "交易时间": _moment(charge.charged_at if refund is None else refund.created_at),
        "公众账号ID": charge.app_id,
        "商户号": charge.mchid,
        "特约商户号": "0",
        "设备号": order.scene_info.get("device_id", ""),
        "微信订单号": charge.transaction_id,
        "商户订单号": charge.out_trade_no,
        "用户标识": charge.openid,
        "交易类型": charge.product,
        "交易状态": "SUCCESS" if refund is None else "REFUND",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": yuan(amount),
        "代金券金额": "0.00",
        "商品名称": order.description,
        "商户数据包": order.attach,
        "手续费": yuan(charge.fee_fen if refund is None else -refund.fee_fen, 5),
        "费率": f"{merchant.fee_bp // 100}.{merchant.fee_bp % 100:02d}%",
        "订单金额": yuan(amount),
        "费率备注": "",
    }
    return row | _back_columns(refund)


def _back_columns(refund: Refund | None) -> dict[str, object]:
    return {
        "退款申请时间": _moment(refund.created_at) if refund else "",
        "退款成功时间": _moment(refund.settled_at) if refund and refund.status == "SUCCESS" else "",
        "微信退款单号": refund.refund_id if refund else "0",
        "商户退款单号": refund.out_refund_no if refund else "0",
        "退款金额": yuan(refund.amount_fen if refund else 0),
        "充值券退款金额": "0.00",
        "退款类型": "ORIGINAL" if refund else "",
        "退款状态": refund.status if refund else "",
        "申请退款金额": yuan(refund.amount_fen if refund else 0),
    }


def _trades(
    box: Box, merchant: Merchant, start: float, end: float, kind: str
) -> tuple[list[Charge], list[Refund]]:
    charges = [
        c for c in box.charges.values() if c.mchid == merchant.mchid and start <= c.charged_at < end
    ]
    refunds = [
        r
        for r in box.refund_ids.values()
        if r.mchid == merchant.mchid and start <= r.created_at < end
    ]
    refunds = [r for r in refunds if r.status != "CLOSED"]
    return ([] if kind == "REFUND" else charges), ([] if kind == "SUCCESS" else refunds)


def trade_csv(box: Box, merchant: Merchant, start: float, end: float, kind: str) -> str:
    """The whole file. Raises NO_STATEMENT_EXIST when the day is empty."""
    charges, refunds = _trades(box, merchant, start, end, kind)
    if not charges and not refunds:
        raise _none()
    rows = [(c.charged_at, _trade_row(box, merchant, c, None)) for c in charges]
    rows += [
        (r.created_at, _trade_row(box, merchant, box.charges[r.transaction_id], r)) for r in refunds
    ]
    rows.sort(key=lambda pair: pair[0])
    columns = TRADE[kind].split(",")
    taken, back = sum(c.amount_fen for c in charges), sum(r.amount_fen for r in refunds)
    fees = sum(c.fee_fen for c in charges) - sum(r.fee_fen for r in refunds)
    total = [len(rows), yuan(taken), yuan(back), "0.00", yuan(fees, 5), yuan(taken), yuan(back)]
    body = [_line(row[name] for name in columns) for _, row in rows]
    lines = [TRADE[kind], *body, TRADE_SUM, _line(total)]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _movements(box: Box, merchant: Merchant) -> list[tuple[float, str, str, str, int, str, str]]:
    """Every movement of the merchant's basic account: (when, flow id, business id, name, fen, remark, reference)."""
    found = []
    for c in box.charges.values():
        if c.mchid != merchant.mchid:
            continue
        found.append(
            (
                c.charged_at,
                f"1{c.transaction_id}",
                c.transaction_id,
                "交易",
                c.amount_fen,
                "",
                c.out_trade_no,
            )
        )
        if c.fee_fen:
            fee = f"2{c.transaction_id}"
            found.append(
                (
                    c.charged_at,
                    fee,
                    c.transaction_id,
                    "扣除交易手续费",
                    -c.fee_fen,
                    "",
                    c.out_trade_no,
                )
            )
    for r in box.refund_ids.values():
        if r.mchid != merchant.mchid or r.status == "CLOSED":
            continue
        remark = f"退款总金额{yuan(r.amount_fen)}元;含手续费{yuan(r.fee_fen)}元"
        net = -(r.amount_fen - r.fee_fen)
        found.append(
            (r.created_at, f"3{r.refund_id}", r.refund_id, "退款", net, remark, r.out_refund_no)
        )
    for at, flow, fen in merchant.withdrawals:
        found.append((at, flow, flow, "提现", -fen, "", ""))
    return sorted(found)


def flow_csv(box: Box, merchant: Merchant, start: float, end: float) -> str:
    balance = 0
    rows: list[str] = []
    inward: list[int] = []
    outward: list[int] = []
    for at, flow, business, name, fen, remark, reference in _movements(box, merchant):
        balance += fen
        if not start <= at < end:
            continue
        (inward if fen > 0 else outward).append(abs(fen))
        way = "收入" if fen > 0 else "支出"
        values = [
            _moment(at),
            business,
            flow,
            name,
            name,
            way,
            yuan(abs(fen)),
            yuan(balance),
            "system",
        ]
        rows.append(_line([*values, remark, reference]))
    if not rows:
        raise _none()
    total = [len(rows), len(inward), yuan(sum(inward)), len(outward), yuan(sum(outward))]
    return "\ufeff" + "\r\n".join([FLOW, *rows, FLOW_SUM, _line(total)]) + "\r\n"


def _offer(call: PayCall, text: str) -> Answer:
    """Keep the file for a while and answer where it is."""
    plain = text.encode()
    zipped = call.query.get("tar_type") == "GZIP"
    if call.query.get("tar_type") not in {None, "", "GZIP"}:
        raise param_error("tar_type", "只支持 GZIP")
    data = gzip.compress(plain, mtime=0) if zipped else plain
    token = call.box.chance.text(64)
    call.box.remember(f"bill/{token}", (call.merchant.mchid, data), LIFE)
    query = {"token": token} | ({"tartype": "gzip"} if zipped else {})
    return 200, {
        "hash_type": "SHA1",
        # The digest is of the bill itself, before any compression.
        "hash_value": hashlib.sha1(plain, usedforsecurity=False).hexdigest(),
        "download_url": f"{call.base()}/v3/billdownload/file?{urlencode(query)}",
    }


async def trade(call: PayCall) -> Answer:
    kind = call.query.get("bill_type") or "ALL"
    if kind not in TRADE:
        raise param_error("bill_type", "只能是 ALL、SUCCESS、REFUND")
    start, end = _day(call)
    return _offer(call, trade_csv(call.box, call.merchant, start, end, kind))


async def flow(call: PayCall) -> Answer:
    account = call.query.get("account_type") or "BASIC"
    if account not in {"BASIC", "OPERATION", "FEES"}:
        raise param_error("account_type", "只能是 BASIC、OPERATION、FEES")
    start, end = _day(call)
    if account != "BASIC":
        raise _none()
    return _offer(call, flow_csv(call.box, call.merchant, start, end))


async def download(call: PayCall) -> Response:
    kept = call.box.recall(f"bill/{call.query.get('token', '')}")
    if kept is None or not kept[1] or kept[0][0] != call.merchant.mchid:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "下载链接已失效", 268512771)
    return Response(kept[0][1], media_type="application/octet-stream")


APIS = [
    PayApi("GET", "/v3/bill/tradebill", trade),
    PayApi("GET", "/v3/bill/fundflowbill", flow),
    PayApi("GET", "/v3/billdownload/file", download),
]
