"""Taking money: the moment a fan confirms the pay sheet."""

from dataclasses import dataclass
from typing import Any

from tiefen.sandbox import windows
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import BEIJING, iso
from tiefen.sandbox.errors import ControlError
from tiefen.sandbox.models import Charge, Fan, Notice, Order, Prepay

from . import notices, orders, sign


@dataclass(slots=True)
class Outcome:
    """What the client's pay call is told, and what happened behind it."""

    result: str
    err_msg: str
    signature: str
    charge: Charge | None = None
    notice: Notice | None = None


def sheet(box: Box, prepay_id: str) -> tuple[Order, Prepay]:
    """The order behind a prepay id. Raises 404."""
    order = box.prepays.get(prepay_id)
    if order is None:
        raise ControlError(404, "sandbox.prepay_missing", f"no prepay {prepay_id}")
    orders.refresh(box, order)
    return order, next(p for p in order.prepays if p.prepay_id == prepay_id)


def show_sheet(box: Box, prepay_id: str) -> dict[str, Any]:
    order, prepay = sheet(box, prepay_id)
    return {
        "prepay_id": prepay_id,
        "product": order.product,
        "state": order.state,
        "amount_fen": order.amount_fen,
        "currency": "CNY",
        "description": order.description,
        "payee": box.merchants[order.mchid].name,
        "mchid": order.mchid,
        "app_id": order.app_id,
        "out_trade_no": order.out_trade_no,
        "openid": order.openid,
        "expires_at": iso(_until(order, prepay)),
        "paid": order.state in {"SUCCESS", "REFUND"},
    }


def _until(order: Order, prepay: Prepay) -> float:
    return (
        prepay.expires_at
        if order.time_expire is None
        else min(prepay.expires_at, order.time_expire)
    )


def _refusal(box: Box, order: Order, prepay: Prepay, fan: Fan) -> str:
    """Why this sheet cannot be paid now; "" when it can."""
    if order.state in {"SUCCESS", "REFUND"}:
        return "该订单已支付"
    if order.state != "NOTPAY":
        return "该订单已关闭"
    if _until(order, prepay) <= box.clock.time():
        return "订单已超过支付时间"
    if order.openid and box.relation(order.app_id, fan.id).openid != order.openid:
        return "下单账号与支付账号不一致"
    return ""


def pay(box: Box, prepay_id: str, fan: Fan, outcome: str, params: dict[str, str] | None) -> Outcome:
    """Confirm, cancel or fail the sheet. The charge is on disk before this returns; the notice is on its way after."""
    order, prepay = sheet(box, prepay_id)
    signature = "not given"
    if params is not None:
        good, reason, _ = sign.check_pay_sign(box, params)
        signature = "valid" if good else f"invalid: {reason}"
        if not good or params.get("package") != f"prepay_id={prepay_id}":
            return Outcome("fail", "get_brand_wcpay_request:fail 支付验证签名失败", signature)
    if outcome == "cancel":
        return Outcome("cancel", "get_brand_wcpay_request:cancel", signature)
    if outcome == "insufficient":
        return Outcome("fail", "get_brand_wcpay_request:fail 零钱余额不足", signature)
    if outcome != "success":
        return Outcome("fail", "get_brand_wcpay_request:fail 系统繁忙", signature)
    refusal = _refusal(box, order, prepay, fan)
    if refusal:
        return Outcome("fail", f"get_brand_wcpay_request:fail {refusal}", signature)
    charge = _charge(box, order, fan)
    notice = notices.for_order(box, order)
    box.store.now(
        ("order", f"{order.mchid}/{order.out_trade_no}", order),
        ("charge", charge.transaction_id, charge),
        ("notice", notice.id, notice),
    )
    _tell_phone(box, order, charge)
    return Outcome("ok", "get_brand_wcpay_request:ok", signature, charge, notice)


def fee(amount_fen: int, fee_bp: int) -> int:
    """The platform's fee, rounded half up to the fen."""
    return (amount_fen * fee_bp + 5000) // 10000


def _charge(box: Box, order: Order, fan: Fan) -> Charge:
    now = box.clock.now()
    day = now.astimezone(BEIJING).strftime("%Y%m%d")
    relation = box.relation(order.app_id, fan.id)
    charge = Charge(
        transaction_id=f"42000{box.chance.digits(5)}{day}{box.chance.digits(10)}",
        mchid=order.mchid,
        out_trade_no=order.out_trade_no,
        app_id=order.app_id,
        openid=relation.openid,
        fan_id=fan.id,
        product=order.product,
        amount_fen=order.amount_fen,
        fee_fen=fee(order.amount_fen, box.merchants[order.mchid].fee_bp),
        refunded_fen=0,
        charged_at=box.clock.time(),
    )
    order.state, order.transaction_id, order.paid_at = (
        "SUCCESS",
        charge.transaction_id,
        charge.charged_at,
    )
    order.openid = relation.openid
    box.charges[charge.transaction_id] = charge
    windows.open_window(box, relation, "pay")
    return charge


def _tell_phone(box: Box, order: Order, charge: Charge) -> None:
    rows = [
        {"label": "付款金额", "value": f"¥{order.amount_fen // 100}.{order.amount_fen % 100:02d}"},
        {"label": "收款方", "value": box.merchants[order.mchid].name},
        {"label": "商品", "value": order.description},
        {"label": "交易单号", "value": charge.transaction_id},
    ]
    box.notify(charge.fan_id, "微信支付", "支付凭证", rows)
    if box.wire.watched:
        box.wire.publish("charge", show(charge), charge.fan_id)


def show(charge: Charge) -> dict[str, Any]:
    return {
        "transaction_id": charge.transaction_id,
        "mchid": charge.mchid,
        "out_trade_no": charge.out_trade_no,
        "app_id": charge.app_id,
        "openid": charge.openid,
        "fan": charge.fan_id,
        "product": charge.product,
        "amount_fen": charge.amount_fen,
        "fee_fen": charge.fee_fen,
        "refunded_fen": charge.refunded_fen,
        "charged_at": iso(charge.charged_at),
    }
