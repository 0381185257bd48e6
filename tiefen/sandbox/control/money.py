"""The pay sheet and the sandbox's own truth of money."""

import asyncio
import hashlib
from typing import Any

from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import ControlError, PayError, missing
from tiefen.sandbox.models import Order
from tiefen.sandbox.pay import charge as charging
from tiefen.sandbox.pay import notices, refunds, sign

from .gateway import Ask, Handler, invalid

OUTCOMES = {"success", "cancel", "insufficient", "error"}


async def sheet(ask: Ask) -> dict[str, Any]:
    return charging.show_sheet(ask.box, ask.path("prepay_id"))


async def sheet_of_code(ask: Ask) -> dict[str, Any]:
    prepay_id = ask.box.code_urls.get(ask.query("code_url"))
    if prepay_id is None:
        raise ControlError(404, "sandbox.code_missing", "no such code_url")
    return charging.show_sheet(ask.box, prepay_id)


def _params(ask: Ask, *, required: bool) -> dict[str, str] | None:
    params = ask.body.get("params")
    if params is None and not required:
        return None
    if not isinstance(params, dict):
        raise invalid("params", "is an object")
    return params


async def pay(ask: Ask) -> dict[str, Any]:
    box, outcome = ask.box, ask.text("outcome", "success")
    if outcome not in OUTCOMES:
        raise invalid("outcome", f"is one of {', '.join(sorted(OUTCOMES))}")
    fan = box.fan(ask.body.get("fan") or _payer(box, ask.path("prepay_id")))
    done = charging.pay(box, ask.path("prepay_id"), fan, outcome, _params(ask, required=False))
    if done.notice is not None:
        if not ask.body.get("wait", True):
            notices.start(box, done.notice)
        else:
            await asyncio.shield(notices.attempt(box, done.notice))
    return {
        "result": done.result,
        "err_msg": done.err_msg,
        "signature": done.signature,
        "charge": charging.show(done.charge) if done.charge else None,
        "notice": notices.show(done.notice) if done.notice else None,
    }


def _payer(box: Box, prepay_id: str) -> str:
    """The fan a JSAPI order was made for; other products need to be told who pays."""
    order, _ = charging.sheet(box, prepay_id)
    if not order.openid:
        raise invalid("fan", "is required: this product does not name a payer")
    return order.openid


async def check(ask: Ask) -> dict[str, Any]:
    good, reason, string = sign.check_pay_sign(ask.box, _params(ask, required=True) or {})
    return {"ok": good, "reason": reason, "string": string}


async def jssdk_check(ask: Ask) -> dict[str, Any]:
    """What wx.config would say to these parameters on this page."""
    app = ask.box.app(ask.text("app_id"))
    state = ask.box.token_states.get(app.app_id)
    ticket = state.ticket if state and state.ticket_expires_at > ask.box.clock.time() else ""
    url = ask.text("url").partition("#")[0]
    nonce, stamp = ask.text("nonceStr"), str(ask.body.get("timestamp", ""))
    string = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={stamp}&url={url}"
    host = url.partition("://")[2].partition("/")[0].partition("?")[0]
    if app.js_domains and not {host, host.partition(":")[0]} & set(app.js_domains):
        return {"ok": False, "err_msg": "config:invalid url domain", "string": string}
    wanted = hashlib.sha1(string.encode(), usedforsecurity=False).hexdigest()
    good = bool(ticket) and wanted == ask.text("signature")
    return {
        "ok": good,
        "err_msg": "config:ok" if good else "config:invalid signature",
        "string": string,
    }


# -- truth ----------------------------------------------------------------------------------------------------------


def _asked(ask: Ask, entity: Any, number: str) -> bool:
    return ask.query("mchid") in {"", entity.mchid} and ask.query("out_trade_no") in {"", number}


def _show_order(order: Order) -> dict[str, Any]:
    return {
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "app_id": order.app_id,
        "product": order.product,
        "description": order.description,
        "amount_fen": order.amount_fen,
        "openid": order.openid,
        "notify_url": order.notify_url,
        "state": order.state,
        "transaction_id": order.transaction_id,
        "prepay_ids": [p.prepay_id for p in order.prepays],
    }


async def orders(ask: Ask) -> dict[str, Any]:
    """Those of a merchant, of a number, in a state, of a product; the oldest first."""
    found = [
        o
        for o in ask.box.orders.values()
        if _asked(ask, o, o.out_trade_no)
        and ask.query("state") in {"", o.state}
        and ask.query("product") in {"", o.product}
    ]
    return ask.paged(found, _show_order)


async def charges(ask: Ask) -> dict[str, Any]:
    found = [c for c in ask.box.charges.values() if _asked(ask, c, c.out_trade_no)]
    return ask.paged(found, charging.show)


async def refunded(ask: Ask) -> dict[str, Any]:
    found = [r for r in ask.box.refund_ids.values() if _asked(ask, r, r.out_trade_no)]
    return ask.paged(found, refunds.show)


async def told(ask: Ask) -> dict[str, Any]:
    found = [n for n in ask.box.notices.values() if _asked(ask, n, n.resource["out_trade_no"])]
    return ask.paged(found, notices.show)


async def settle(ask: Ask) -> dict[str, Any]:
    refund = ask.box.refund_ids.get(ask.path("refund_id"))
    if refund is None:
        raise ControlError(404, "sandbox.refund_missing", "no such refund")
    status = ask.text("status")
    if status not in refunds.STATUSES:
        raise invalid("status", f"is one of {', '.join(refunds.STATUSES)}")
    if refund.status not in {"PROCESSING", "ABNORMAL"}:
        raise ControlError(409, "sandbox.refund_settled", f"this refund is {refund.status} already")
    refunds.settle(ask.box, refund, status)
    return refunds.show(refund)


async def give_back(ask: Ask) -> dict[str, Any]:
    """A refund made by hand on the merchant platform: the merchant's system is not told."""
    charge = ask.box.charges.get(ask.path("transaction_id"))
    if charge is None:
        raise missing("charge", ask.path("transaction_id"))
    amount = ask.body.get("amount_fen")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
        raise invalid("amount_fen", "is a positive number of fen")
    try:
        made = refunds.by_hand(ask.box, charge, amount, ask.text("reason", ""))
    except PayError as refused:
        raise ControlError(409, "sandbox.refund_refused", refused.message) from refused
    return refunds.show(made)


async def withdraw(ask: Ask) -> dict[str, Any]:
    """The merchant has money paid out to the bank: the fund bill shows it."""
    box, fen = ask.box, ask.body.get("amount_fen")
    merchant = box.merchant(ask.text("mchid"))
    if not isinstance(fen, int) or isinstance(fen, bool) or fen <= 0:
        raise invalid("amount_fen", "is a whole number of fen above zero")
    flow = f"5{box.chance.digits(27)}"
    merchant.withdrawals.append((box.clock.time(), flow, fen))
    box.store.now(("merchant", merchant.mchid, merchant))
    return {"flow_no": flow, "amount_fen": fen}


async def resend(ask: Ask) -> dict[str, Any]:
    notice = ask.box.notices.get(ask.path("id"))
    if notice is None:
        raise ControlError(404, "sandbox.notice_missing", "no such notice")
    notice.state, notice.next_at = "waiting", ask.box.clock.time()
    await asyncio.shield(notices.attempt(ask.box, notice))
    return notices.show(notice)


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/pay", sheet_of_code),
    ("POST", "/pay/check", check),
    ("GET", "/pay/{prepay_id}", sheet),
    ("POST", "/pay/{prepay_id}", pay),
    ("POST", "/jssdk/check", jssdk_check),
    ("GET", "/orders", orders),
    ("GET", "/charges", charges),
    ("POST", "/charges/{transaction_id}/refund", give_back),
    ("GET", "/refunds", refunded),
    ("GET", "/notices", told),
    ("POST", "/refunds/{refund_id}/settle", settle),
    ("POST", "/notices/{id}/resend", resend),
    ("POST", "/withdrawals", withdraw),
]
