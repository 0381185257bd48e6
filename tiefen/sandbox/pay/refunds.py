"""Refunds: asked, settled, told."""

import json
from typing import Any

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import BEIJING, iso, rfc3339
from tiefen.sandbox.errors import PayError, param_error
from tiefen.sandbox.models import Charge, Merchant, Refund

from . import charge as charging
from . import notices
from .gateway import Answer, PayApi, PayCall
from .orders import notify_address

YEAR = 365 * 86400.0
PARTS = 50
KNOWN = {
    "transaction_id",
    "out_trade_no",
    "out_refund_no",
    "reason",
    "notify_url",
    "funds_account",
    "amount",
    "goods_detail",
}
STATUSES = ("SUCCESS", "ABNORMAL", "CLOSED")


def _amounts(body: dict[str, Any]) -> tuple[int, int]:
    """(refund, total) in fen."""
    amount = body.get("amount")
    if not isinstance(amount, dict):
        raise param_error("amount", "为空")
    for name in amount:
        if name not in {"refund", "total", "currency", "from"}:
            raise param_error(f"amount/{name}", "是多余的参数", number=270924358)
    for name in ("refund", "total"):
        value = amount.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise param_error(f"amount/{name}", "不是正整数", value=value)
    if amount.get("currency") != "CNY":
        raise param_error("amount/currency", "只支持 CNY")
    return amount["refund"], amount["total"]


def _charge_of(box: Box, merchant: Merchant, body: dict[str, Any]) -> Charge:
    transaction_id, number = body.get("transaction_id"), body.get("out_trade_no")
    if not transaction_id and not number:
        raise param_error("transaction_id", "transaction_id 和 out_trade_no 必须有一个")
    if number and not transaction_id:
        order = box.orders.get((merchant.mchid, str(number)))
        if order is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在", 268512771)
        transaction_id = order.transaction_id
        if not transaction_id:
            raise PayError(400, "INVALID_REQUEST", "订单未支付", 268435461)
    found = box.charges.get(str(transaction_id))
    if found is None or found.mchid != merchant.mchid:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在", 268512771)
    return found


def taken(box: Box, charge: Charge) -> int:
    """What is refunded or being refunded of this charge."""
    return sum(r.amount_fen for r in _of(box, charge) if r.status != "CLOSED")


def _of(box: Box, charge: Charge) -> list[Refund]:
    return box.refunds_by_charge.get(charge.transaction_id, [])


def _may_refund(box: Box, charge: Charge, amount: int, total: int) -> None:
    if total != charge.amount_fen:
        raise PayError(
            400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试", 268435461
        )
    if box.clock.time() - charge.charged_at > YEAR:
        raise PayError(403, "TRADE_ERROR", "订单已超过可退款的最大期限", 268435464)
    if len(_of(box, charge)) >= PARTS:
        raise PayError(403, "RULE_LIMIT", "部分退款次数超限", 268435464)
    if taken(box, charge) + amount > charge.amount_fen:
        raise PayError(400, "INVALID_REQUEST", "申请退款金额大于订单可退金额", 268435461)


async def create(call: PayCall) -> Answer:
    body, box = call.json(), call.box
    for name in body:
        if name not in KNOWN:
            raise param_error(name, "是多余的参数", number=270924358)
    number = body.get("out_refund_no")
    if not isinstance(number, str) or not 1 <= len(number) <= 64:
        raise param_error("out_refund_no", "必须是1到64个字符")
    if len(str(body.get("reason") or "")) > 80:
        raise param_error("reason", "超过80个字符", number=268435464)
    url = body.get("notify_url") or ""
    amount, total = _amounts(body)
    params = json.dumps(body, sort_keys=True, ensure_ascii=False)
    old = box.refunds.get((call.merchant.mchid, number))
    if old is not None:
        if old.params != params:
            raise PayError(
                400, "INVALID_REQUEST", "商户退款单号重复，且请求参数与原退款单不一致", 268498688
            )
        return 200, shown(box, old)
    charge = _charge_of(box, call.merchant, body)
    _may_refund(box, charge, amount, total)
    refund = give_back(
        box,
        charge,
        amount,
        number,
        reason=str(body.get("reason") or ""),
        notify_url=notify_address(url) if url else "",
        params=params,
    )
    return 200, shown(box, refund)


def give_back(
    box: Box,
    charge: Charge,
    amount: int,
    number: str,
    *,
    reason: str = "",
    notify_url: str = "",
    params: str = "",
) -> Refund:
    """A refund of part of a charge, settled after the merchant's delay.

    Without `notify_url` nobody is told, as with one made by hand on the merchant platform.
    """
    merchant = box.merchants[charge.mchid]
    refund = Refund(
        refund_id=f"50{box.chance.digits(9)}{box.clock.now().astimezone(BEIJING):%Y%m%d}{box.chance.digits(10)}",
        mchid=charge.mchid,
        out_refund_no=number,
        transaction_id=charge.transaction_id,
        out_trade_no=charge.out_trade_no,
        amount_fen=amount,
        total_fen=charge.amount_fen,
        fee_fen=charging.fee(amount, merchant.fee_bp),
        reason=reason,
        notify_url=notify_url,
        params=params,
        created_at=box.clock.time(),
        outcome=merchant.refund_outcome,
    )
    order = box.orders[charge.mchid, charge.out_trade_no]
    order.state = "REFUND"
    keep(box, refund)
    charge.refunded_fen = taken(box, charge)
    box.store.now(
        ("refund", refund.refund_id, refund),
        ("charge", charge.transaction_id, charge),
        ("order", f"{order.mchid}/{order.out_trade_no}", order),
    )
    schedule(box, merchant, refund)
    _publish(box, refund)
    return refund


def by_hand(box: Box, charge: Charge, amount: int, reason: str) -> Refund:
    """What somebody gives back on the merchant platform, past the merchant's own system."""
    _may_refund(box, charge, amount, charge.amount_fen)
    return give_back(box, charge, amount, f"MANUAL{box.chance.digits(16)}", reason=reason)


def keep(box: Box, refund: Refund) -> None:
    box.refunds[refund.mchid, refund.out_refund_no] = refund
    box.refund_ids[refund.refund_id] = refund
    box.refunds_by_charge.setdefault(refund.transaction_id, []).append(refund)


def schedule(box: Box, merchant: Merchant, refund: Refund) -> None:
    """Settle it after the merchant's delay, as its outcome says."""

    async def run() -> None:
        if refund.status == "PROCESSING":
            settle(box, refund, refund.outcome)

    box.agenda.add(
        refund.created_at + merchant.refund_seconds, run, f"settle refund {refund.out_refund_no}"
    )


def settle(box: Box, refund: Refund, status: str) -> None:
    """Bring a refund to its final state and send the notice."""
    refund.status = status  # type: ignore[assignment]
    refund.settled_at = box.clock.time()
    charge = box.charges[refund.transaction_id]
    charge.refunded_fen = taken(box, charge)
    notice = notices.for_refund(box, refund)
    rows: list[tuple[str, str, Any]] = [
        ("refund", refund.refund_id, refund),
        ("charge", charge.transaction_id, charge),
    ]
    if notice is not None:
        rows.append(("notice", notice.id, notice))
    box.store.now(*rows)
    if status == "SUCCESS":
        text = f"¥{refund.amount_fen // 100}.{refund.amount_fen % 100:02d}"
        told = [
            {"label": "退款金额", "value": text},
            {"label": "退款单号", "value": refund.refund_id},
        ]
        box.notify(charge.fan_id, "微信支付", "退款到账通知", told)
    if notice is not None:
        notices.start(box, notice)
    _publish(box, refund)


def _publish(box: Box, refund: Refund) -> None:
    if box.wire.watched:
        box.wire.publish("refund", show(refund), box.charges[refund.transaction_id].fan_id)


def shown(box: Box, refund: Refund) -> dict[str, Any]:
    """The refund as the interface tells it."""
    data: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(refund.created_at),
        "status": refund.status,
        "funds_account": "AVAILABLE",
        "amount": {
            "total": refund.total_fen,
            "refund": refund.amount_fen,
            "payer_total": refund.total_fen,
            "payer_refund": refund.amount_fen,
            "settlement_refund": refund.amount_fen,
            "settlement_total": refund.total_fen,
            "discount_refund": 0,
            "currency": "CNY",
            "refund_fee": refund.fee_fen,
        },
        "promotion_detail": [],
    }
    if refund.status == "SUCCESS":
        data["success_time"] = rfc3339(refund.settled_at)
    return data


def show(refund: Refund) -> dict[str, Any]:
    """The refund as the control API tells it."""
    return {
        "refund_id": refund.refund_id,
        "mchid": refund.mchid,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "amount_fen": refund.amount_fen,
        "fee_fen": refund.fee_fen,
        "reason": refund.reason,
        "status": refund.status,
        "created_at": iso(refund.created_at),
        "settled_at": iso(refund.settled_at) if refund.settled_at else None,
    }


async def query(call: PayCall) -> Answer:
    refund = call.box.refunds.get((call.merchant.mchid, call.path["out_refund_no"]))
    if refund is None:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在", 268512771)
    return 200, shown(call.box, refund)


async def abnormal(call: PayCall) -> Answer:
    """Send an ABNORMAL refund to a bank card instead."""
    body, refund = call.json(), call.box.refund_ids.get(call.path["refund_id"])
    if (
        refund is None
        or refund.mchid != call.merchant.mchid
        or refund.out_refund_no != body.get("out_refund_no")
    ):
        raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在", 268512771)
    if body.get("type") not in {"USER_BANK_CARD", "MERCHANT_BANK_CARD"}:
        raise param_error("type", "只能是 USER_BANK_CARD 或 MERCHANT_BANK_CARD")
    if refund.status != "ABNORMAL":
        raise PayError(
            400, "INVALID_REQUEST", "退款单状态不是异常，不能发起异常退款处理", 268435461
        )
    refund.status, refund.outcome = "PROCESSING", "SUCCESS"
    call.box.store.now(("refund", refund.refund_id, refund))
    schedule(call.box, call.merchant, refund)
    return 200, shown(call.box, refund)


APIS = [
    PayApi("POST", "/v3/refund/domestic/refunds", create),
    PayApi("GET", "/v3/refund/domestic/refunds/{out_refund_no}", query),
    PayApi("POST", "/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund", abnormal),
]
