"""Payment and refund notices: composed, signed, sent, sent again by the documented schedule, spoilt on request."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import iso, rfc3339
from tiefen.sandbox.faults import SENDING, WRONG_FACTS, Rule
from tiefen.sandbox.models import Attempt, Notice, Order, Refund
from tiefen.sandbox.sender import Sent, send

from . import sign
from .gateway import forge_headers

# Seconds between one try and the next: 15 more after the first, 24 h 4 min in all.
RETRIES = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
KINDS = SENDING | WRONG_FACTS | {"forge"}


def _transaction(order: Order) -> dict[str, Any]:
    return {
        "transaction_id": order.transaction_id,
        "amount": {
            "payer_total": order.amount_fen,
            "total": order.amount_fen,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
        "mchid": order.mchid,
        "trade_state": "SUCCESS",
        "bank_type": "OTHERS",
        "promotion_detail": [],
        "success_time": rfc3339(order.paid_at),
        "payer": {"openid": order.openid},
        "out_trade_no": order.out_trade_no,
        "appid": order.app_id,
        "trade_state_desc": "支付成功",
        "trade_type": order.product,
        "attach": order.attach,
    } | ({"scene_info": order.scene_info} if order.scene_info else {})


def for_order(box: Box, order: Order) -> Notice:
    return _new(
        box,
        order.mchid,
        "TRANSACTION.SUCCESS",
        "transaction",
        order.notify_url,
        _transaction(order),
        "支付成功",
        order.out_trade_no,
    )


REFUND_SUMMARY = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


def for_refund(box: Box, refund: Refund) -> Notice | None:
    """None when no address was given for it."""
    url = refund.notify_url
    if not url:
        return None
    resource: dict[str, Any] = {
        "mchid": refund.mchid,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.status,
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": refund.total_fen,
            "refund": refund.amount_fen,
            "payer_total": refund.total_fen,
            "payer_refund": refund.amount_fen,
        },
    }
    if refund.status == "SUCCESS":
        resource["success_time"] = rfc3339(refund.settled_at)
    return _new(
        box,
        refund.mchid,
        f"REFUND.{refund.status}",
        "refund",
        url,
        resource,
        REFUND_SUMMARY[refund.status],
        refund.out_refund_no,
    )


def _new(
    box: Box,
    mchid: str,
    event: str,
    kind: str,
    url: str,
    resource: dict[str, Any],
    summary: str,
    reference: str,
) -> Notice:
    now = box.clock.time()
    notice = Notice(
        box.chance.uuid(), mchid, event, kind, url, resource, summary, now, reference, next_at=now
    )
    box.notices[notice.id] = notice
    return notice


# -- sending --------------------------------------------------------------------------------------------------------


def start(box: Box, notice: Notice) -> None:
    """Put the next try on the agenda."""
    if notice.next_at is None:
        return

    async def run() -> None:
        await attempt(box, notice)

    box.agenda.add(notice.next_at, run, f"notice {notice.event} {notice.reference}")


async def attempt(box: Box, notice: Notice) -> None:
    """One try by the schedule, as the armed faults will have it."""
    if notice.state not in {"waiting", "held"}:
        return
    facts = {
        "account": notice.mchid,
        "event": notice.event,
        "out_trade_no": notice.resource["out_trade_no"],
    }
    facts["openid"] = notice.resource.get("payer", {}).get("openid", "")
    rules = box.faults.take("notice", facts, KINDS)
    await _spoilt(box, notice, rules)
    by_kind = {rule.kind: rule for rule in rules}
    if "drop" in by_kind and not by_kind["drop"].retries:
        notice.state, notice.next_at = "dropped", None
    elif "drop" in by_kind or any(r.only for r in rules if r.kind in WRONG_FACTS | {"forge"}):
        _plan_next(box, notice)
    elif "delay" in by_kind:
        notice.next_at = box.clock.time() + (by_kind["delay"].seconds or 60.0)
        start(box, notice)
    elif "reorder" in by_kind:
        notice.state, notice.next_at = "held", None
        box.held.setdefault(notice.mchid, []).append(lambda: _send(box, notice, None))
    else:
        await _send(box, notice, by_kind.get("duplicate"))
        for release in box.held.pop(notice.mchid, []):
            await release()
    save(box, notice)


def save(box: Box, notice: Notice) -> None:
    box.store.later("notice", notice.id, notice)
    if box.wire.watched:
        box.wire.publish("notice", show(notice))


async def _spoilt(box: Box, notice: Notice, rules: list[Rule]) -> None:
    """Send the forgeries and wrong facts that were armed; they never count as the true notice."""
    for rule in rules:
        if rule.kind == "forge":
            await _one(box, notice, notice.resource, how=rule.how, skew=rule.seconds)
        elif rule.kind in WRONG_FACTS:
            await _one(box, notice, _wrong(box, notice.resource, rule), how="", kind=rule.kind)


def _wrong(box: Box, resource: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """The resource with one fact changed."""
    spoilt: dict[str, Any] = json.loads(json.dumps(resource))
    if rule.kind == "wrong_amount":
        for name in spoilt["amount"]:
            if isinstance(spoilt["amount"][name], int):
                spoilt["amount"][name] += rule.delta
    elif rule.kind == "wrong_order":
        spoilt["out_trade_no"] = rule.value or f"X{spoilt['out_trade_no'][1:]}"
    elif rule.kind == "wrong_merchant":
        spoilt["mchid"] = rule.value or f"19{box.chance.digits(8)}"
    elif rule.kind == "wrong_currency":
        spoilt["amount"]["currency"] = spoilt["amount"]["payer_currency"] = rule.value or "USD"
    elif rule.kind == "second_transaction":
        spoilt["transaction_id"] = rule.value or f"42000{box.chance.digits(23)}"
    return spoilt


async def _send(box: Box, notice: Notice, duplicate: Rule | None) -> None:
    """The true notice, once or as often as the duplicate fault says; then the next try is planned."""
    merchant = box.merchants[notice.mchid]
    merchant.notices_sent += 1
    if merchant.probe_every and merchant.notices_sent % merchant.probe_every == 0:
        await _one(box, notice, notice.resource, how="signtest")
    copies = duplicate.copies if duplicate else 1
    sending: list[Awaitable[bool]] = [
        _one(box, notice, notice.resource, how="") for _ in range(copies)
    ]
    if duplicate and duplicate.concurrent:
        accepted = any(await asyncio.gather(*sending))
    else:
        accepted = any([await one for one in sending])
    if accepted:
        notice.state, notice.next_at = "delivered", None
    else:
        notice.state = "waiting"
        _plan_next(box, notice)
    save(box, notice)


def _plan_next(box: Box, notice: Notice) -> None:
    if notice.tries >= len(RETRIES):
        notice.state, notice.next_at = "given up", None
        return
    notice.next_at = box.clock.time() + RETRIES[notice.tries]
    notice.tries += 1
    start(box, notice)


async def _one(
    box: Box,
    notice: Notice,
    resource: dict[str, Any],
    *,
    how: str,
    skew: float | None = None,
    kind: str = "",
) -> bool:
    """One HTTP request. Returns whether it was accepted."""
    merchant = box.merchants[notice.mchid]
    plain = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = sign.seal(box, merchant, plain, notice.original_type)
    if how == "bad_tag":
        sealed["ciphertext"] = ("A" if sealed["ciphertext"][0] != "A" else "B") + sealed[
            "ciphertext"
        ][1:]
    body = json.dumps(
        {
            "id": notice.id,
            "create_time": rfc3339(notice.created_at),
            "resource_type": "encrypt-resource",
            "event_type": notice.event,
            "summary": notice.summary,
            "resource": {"original_type": notice.original_type, **sealed},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    signer = sign.platform_signer(box, merchant)
    off = (360.0 if skew is None else skew) if how == "skew" else 0.0
    headers = forge_headers(box, dict(sign.signed_headers(box, signer, body, skew=off)), body, how)
    if how == "altered_body":
        body = body.replace(notice.summary.encode(), notice.summary.encode() + b" ")
    sent = await send(
        box,
        platform="pay",
        account=notice.mchid,
        method="POST",
        url=notice.url,
        headers=[
            ("Content-Type", "application/json"),
            ("Accept", "*/*"),
            ("User-Agent", "Mozilla/4.0"),
            ("Pragma", "no-cache"),
            *headers.items(),
        ],
        body=body,
        decoded=plain.decode(),
        signature=f"forged: {how}" if how else "signed",
        fault=f"forge {how}" if how else kind,
    )
    return _record(box, notice, sent, how or kind)


def _record(box: Box, notice: Notice, sent: Sent, kind: str) -> bool:
    accepted = sent.status in {200, 204}
    notice.attempts.append(
        Attempt(box.clock.time(), sent.status, sent.error, kind or "true", accepted)
    )
    return accepted


def show(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "mchid": notice.mchid,
        "event": notice.event,
        "reference": notice.reference,
        "out_trade_no": notice.resource["out_trade_no"],
        "url": notice.url,
        "state": notice.state,
        "created_at": iso(notice.created_at),
        "next_at": iso(notice.next_at) if notice.next_at is not None else None,
        "resource": notice.resource,
        "attempts": [
            {
                "at": iso(a.at),
                "status": a.status,
                "error": a.error,
                "kind": a.kind,
                "accepted": a.accepted,
            }
            for a in notice.attempts
        ],
    }
