"""Prepay in its four products, query and close."""

import json
import re
from typing import Any

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import parse_time, rfc3339
from tiefen.sandbox.errors import PayError, param_error
from tiefen.sandbox.models import Merchant, Order, Prepay

from .gateway import Answer, PayApi, PayCall

NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
PREPAY_SECONDS = 7200.0
H5_SECONDS = 300.0
UNPAID_DAYS = 7
MINUTE, NINETY_DAYS = 60.0, 90 * 86400.0
KNOWN = {
    "appid",
    "mchid",
    "description",
    "out_trade_no",
    "time_expire",
    "attach",
    "notify_url",
    "goods_tag",
    "support_fapiao",
    "amount",
    "payer",
    "detail",
    "scene_info",
    "settle_info",
}
INNER = {
    "amount": {"total", "currency"},
    "payer": {"openid"},
    "detail": {"cost_price", "invoice_id", "goods_detail"},
    "scene_info": {"payer_client_ip", "device_id", "store_info", "h5_info"},
    "settle_info": {"profit_sharing"},
}
DESCRIBED = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
    "PAYERROR": "支付失败",
}


def _text(body: dict[str, Any], name: str, most: int, *, required: bool = True) -> str:
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value:
        raise param_error(name, "为空" if value in (None, "") else "类型错误")
    if len(value) > most:
        raise param_error(name, f"超过{most}个字符", number=268435464)
    return value


def _known_fields(body: dict[str, Any]) -> None:
    extra = [f for f in body if f not in KNOWN]
    for name, known in INNER.items():
        inner = body.get(name)
        if inner is not None and not isinstance(inner, dict):
            raise param_error(name, "不是对象")
        extra += [f"{name}/{f}" for f in inner or {} if f not in known]
    if extra:
        raise param_error(extra[0], "是多余的参数", number=270924358)


def _amount(body: dict[str, Any]) -> int:
    amount = body.get("amount") or {}
    total = amount.get("total")
    if not isinstance(total, int) or isinstance(total, bool):
        raise param_error("amount/total", "不是整数")
    if not 1 <= total <= 10**10:
        raise param_error("amount/total", "超出范围", number=268435464, value=total)
    if amount.get("currency", "CNY") != "CNY":
        raise param_error("amount/currency", "只支持 CNY")
    return total


def notify_address(url: str) -> str:
    """Raises PARAM_ERROR for what the platform could not call."""
    if not re.fullmatch(r"https?://[^\s?#]+", url) or len(url) > 255:
        raise param_error("notify_url", "必须是不带参数的 http(s) 地址")
    return url


def _expiry(box: Box, body: dict[str, Any]) -> float | None:
    given = body.get("time_expire")
    if given is None:
        return None
    try:
        at = parse_time(given)
    except (TypeError, ValueError) as error:
        raise param_error("time_expire", "不是带时区的 RFC3339 时间") from error
    now = box.clock.time()
    return min(max(at, now + MINUTE), now + NINETY_DAYS)


def _payer(box: Box, app_id: str, body: dict[str, Any]) -> str:
    openid = (body.get("payer") or {}).get("openid")
    if not openid:
        raise param_error("payer/openid", "为空", number=268501013)
    relation = box.relations.get(str(openid))
    if relation is None or relation.app_id != app_id:
        raise PayError(400, "PARAM_ERROR", "无效的openid", 268501013)
    return str(openid)


def _read(call: PayCall, product: str) -> Order:
    """The order this request describes. Raises for every rule of the interface it breaks."""
    body, box = call.json(), call.box
    _known_fields(body)
    call.own_mchid(body.get("mchid"))
    app_id = _text(body, "appid", 32)
    if app_id not in call.merchant.app_ids:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配", 268445527)
    number = _text(body, "out_trade_no", 32)
    if not NUMBER.fullmatch(number):
        raise param_error("out_trade_no", "只能是6到32位的数字、字母、_-|*")
    scene = body.get("scene_info") or {}
    if product == "MWEB" and not (
        scene.get("payer_client_ip") and (scene.get("h5_info") or {}).get("type")
    ):
        raise param_error("scene_info", "H5 支付需要 payer_client_ip 和 h5_info.type")
    return Order(
        mchid=call.merchant.mchid,
        out_trade_no=number,
        app_id=app_id,
        product=product,  # type: ignore[arg-type]
        description=_text(body, "description", 127),
        amount_fen=_amount(body),
        openid=_payer(box, app_id, body) if product == "JSAPI" else "",
        notify_url=notify_address(_text(body, "notify_url", 255)),
        attach=_text(body, "attach", 128, required=False),
        created_at=box.clock.time(),
        time_expire=_expiry(box, body),
        params=json.dumps([product, body], sort_keys=True, ensure_ascii=False),
        prepays=[],
        scene_info={"device_id": scene["device_id"]} if scene.get("device_id") else {},
    )


def refresh(box: Box, order: Order) -> None:
    """Close what stayed unpaid for seven days."""
    if order.state == "NOTPAY" and box.clock.time() - order.created_at > UNPAID_DAYS * 86400:
        order.state = "CLOSED"
        save(box, order)


def expired(box: Box, order: Order) -> bool:
    return order.time_expire is not None and order.time_expire <= box.clock.time()


def save(box: Box, order: Order) -> None:
    box.store.now(("order", f"{order.mchid}/{order.out_trade_no}", order))


def _again(box: Box, old: Order, new: Order) -> Order:
    """The idempotency rule of prepay: the same order again, or why not."""
    refresh(box, old)
    if old.state in {"SUCCESS", "REFUND"}:
        raise PayError(400, "ORDER_PAID", "该订单已支付", 268449538)
    if old.state == "CLOSED" or expired(box, old):
        raise PayError(400, "ORDER_CLOSED", "该订单已关闭", 268447914)
    if old.params != new.params:
        raise PayError(
            400, "INVALID_REQUEST", "商户订单号重复，且请求参数与原订单不一致", 268498688
        )
    return old


def _prepay(call: PayCall, product: str, **more: str) -> tuple[Order, Prepay]:
    box = call.box
    new = _read(call, product)
    key = (new.mchid, new.out_trade_no)
    order = _again(box, box.orders[key], new) if key in box.orders else new
    now = box.clock.time()
    prepay = Prepay(
        f"wx{box.chance.digits(2)}{int(now)}{box.chance.hex(22)}"[:36], now + PREPAY_SECONDS, **more
    )
    order.prepays.append(prepay)
    box.orders[key] = order
    box.prepays[prepay.prepay_id] = order
    if prepay.code_url:
        box.code_urls[prepay.code_url] = prepay.prepay_id
    save(box, order)
    return order, prepay


async def jsapi(call: PayCall) -> Answer:
    _, prepay = _prepay(call, "JSAPI")
    return 200, {"prepay_id": prepay.prepay_id}


async def app(call: PayCall) -> Answer:
    _, prepay = _prepay(call, "APP")
    return 200, {"prepay_id": prepay.prepay_id}


async def native(call: PayCall) -> Answer:
    code_url = f"weixin://wxpay/bizpayurl?pr={call.box.chance.text(9)}"
    _, prepay = _prepay(call, "NATIVE", code_url=code_url)
    return 200, {"code_url": prepay.code_url}


async def h5(call: PayCall) -> Answer:
    order, prepay = _prepay(call, "MWEB")
    prepay.expires_at = call.box.clock.time() + H5_SECONDS
    path = "/cgi-bin/mmpayweb-bin/checkmweb"
    prepay.h5_url = (
        f"{call.base()}{path}?prepay_id={prepay.prepay_id}&package={call.box.chance.digits(10)}"
    )
    save(call.box, order)
    return 200, {"h5_url": prepay.h5_url}


def shown(order: Order) -> dict[str, Any]:
    """The order as query and notice tell it."""
    data: dict[str, Any] = {
        "appid": order.app_id,
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state,
        "trade_state_desc": DESCRIBED[order.state],
        "attach": order.attach,
        "amount": {"total": order.amount_fen, "currency": "CNY"},
        "promotion_detail": [],
    }
    if order.openid:
        data["payer"] = {"openid": order.openid}
    if order.scene_info:
        data["scene_info"] = order.scene_info
    if order.transaction_id:
        data |= {
            "transaction_id": order.transaction_id,
            "trade_type": order.product,
            "bank_type": "OTHERS",
            "success_time": rfc3339(order.paid_at),
        }
        data["amount"] |= {"payer_total": order.amount_fen, "payer_currency": "CNY"}
    return data


def _missing() -> PayError:
    return PayError(404, "ORDER_NOT_EXIST", "订单不存在", 268512771)


def find(box: Box, merchant: Merchant, out_trade_no: str) -> Order:
    order = box.orders.get((merchant.mchid, out_trade_no))
    if order is None:
        raise _missing()
    refresh(box, order)
    return order


async def by_number(call: PayCall) -> Answer:
    call.own_mchid(call.query.get("mchid"))
    return 200, shown(find(call.box, call.merchant, call.path["out_trade_no"]))


async def by_transaction(call: PayCall) -> Answer:
    call.own_mchid(call.query.get("mchid"))
    charge = call.box.charges.get(call.path["transaction_id"])
    if charge is None or charge.mchid != call.merchant.mchid:
        raise _missing()
    return 200, shown(find(call.box, call.merchant, charge.out_trade_no))


async def close(call: PayCall) -> Answer:
    call.own_mchid(call.json().get("mchid"))
    order = find(call.box, call.merchant, call.path["out_trade_no"])
    if order.state in {"SUCCESS", "REFUND"}:
        raise PayError(400, "ORDER_PAID", "该订单已支付，不能关闭", 268449538)
    if order.state != "CLOSED":
        order.state = "CLOSED"
        save(call.box, order)
    return 204, None


APIS = [
    PayApi("POST", "/v3/pay/transactions/jsapi", jsapi),
    PayApi("POST", "/v3/pay/transactions/app", app),
    PayApi("POST", "/v3/pay/transactions/native", native),
    PayApi("POST", "/v3/pay/transactions/h5", h5),
    PayApi("GET", "/v3/pay/transactions/out-trade-no/{out_trade_no}", by_number),
    PayApi("GET", "/v3/pay/transactions/id/{transaction_id}", by_transaction),
    PayApi("POST", "/v3/pay/transactions/out-trade-no/{out_trade_no}/close", close),
]
