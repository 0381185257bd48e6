"""Trade bills as WeChat writes them, from a few facts a line."""

from typing import Any

from tests.payments.factories import APP_ID, MCHID, OPENID

HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)


def trade_bill(*lines: dict[str, Any], mchid: str = MCHID) -> bytes:
    """A day's bill: back-ticks, yuan, byte-order mark, summary."""
    rows = [_ticked(_row(mchid=mchid, **line)) for line in lines]
    pays = sum(line["amount_fen"] for line in lines if "out_refund_no" not in line)
    backs = sum(line["amount_fen"] for line in lines if "out_refund_no" in line)
    fees = sum(line["fee_fen"] for line in lines)
    total = [
        len(lines),
        _yuan(pays),
        _yuan(backs),
        "0.00",
        _yuan(fees) + "000",
        _yuan(pays),
        _yuan(backs),
    ]
    return ("\ufeff" + "\r\n".join([HEAD, *rows, SUMMARY, _ticked(total)]) + "\r\n").encode()


def _row(
    *, mchid: str, transaction_id: str, out_trade_no: str, amount_fen: int, fee_fen: int,
    out_refund_no: str = "", refund_id: str = "", state: str = "SUCCESS", at: str = "2026-04-01 10:30:00",
    rate: str = "0.60%",
) -> list[object]:  # fmt: skip
    back = bool(out_refund_no)
    pay_yuan, back_yuan = _yuan(0 if back else amount_fen), _yuan(amount_fen if back else 0)
    return [
        at, APP_ID, mchid, "0", "", transaction_id, out_trade_no, OPENID, "JSAPI",
        "REFUND" if back else "SUCCESS", "OTHERS", "CNY", pay_yuan, "0.00", refund_id or "0",
        out_refund_no or "0", back_yuan, "0.00", "ORIGINAL" if back else "", state if back else "",
        "茶叶, 250g", "", _yuan(fee_fen) + "000", rate, pay_yuan, back_yuan, "",
    ]  # fmt: skip


def _ticked(values: list[object]) -> str:
    return ",".join(f"`{str(value).replace(',', '，')}" for value in values)


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


FLOW = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FLOW_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def fund_bill(*moves: tuple[str, str, int], opening_fen: int = 0, day: str = "2026-04-01") -> bytes:
    """A day's fund bill from (name, business number, fen; out: below zero)."""
    rows, left = [], opening_fen
    for place, (name, business, fen) in enumerate(moves):
        left += fen
        way = "收入" if fen > 0 else "支出"
        rows.append(_ticked([f"{day} 10:30:00", business, f"{day}-{place}", name, name, way,
                             _yuan(abs(fen)), _yuan(left), "system", "", ""]))  # fmt: skip
    ins = [fen for _, _, fen in moves if fen > 0]
    outs = [-fen for _, _, fen in moves if fen < 0]
    total = [len(moves), len(ins), _yuan(sum(ins)), len(outs), _yuan(sum(outs))]
    return ("\ufeff" + "\r\n".join([FLOW, *rows, FLOW_SUMMARY, _ticked(total)]) + "\r\n").encode()
