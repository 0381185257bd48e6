"""Payment v3 on the wire: sign over exactly what is sent, believe only what is signed, know which key signed it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import urlencode

import httpx
from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel import clock, ids, log
from tiefen.kernel.db import Db, Tx
from tiefen.wechat import credentials, crypto, rules, wire
from tiefen.wechat.credentials import PayCredentials
from tiefen.wechat.errors import WeChatAway
from tiefen.wechat.models import PayAccount, PlatformCertificate
from tiefen.wechat.values import PayAnswer, Verdict, instant

logger = log.get("wechat")

BILL_SECONDS = 120.0
FETCH_AGAIN = timedelta(minutes=5)
"""An unknown serial makes us fetch the certificates at most this often, however many requests carry it."""


async def request(
    db: Db,
    merchant: str,
    pay: PayCredentials,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> PayAnswer[dict[str, Any]]:
    """One signed call. Everything but a verified answer below 500 is UNKNOWN: it may have happened.

    A verified 2xx is OK with its JSON (an empty object for 204); a verified 4xx is REFUSED with WeChat's code.
    """
    content = (
        b"" if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    )
    try:
        response = await _send(pay, method, path, query, content)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        wire.calls.labels(_name(path), "away").inc()
        logger.warning("no answer", api=_name(path), kind=type(error).__name__)
        return PayAnswer(Verdict.UNKNOWN, code="NO_ANSWER", message=type(error).__name__)
    data = _read(response.content)
    code = str(data.get("code") or "") if data else ""
    message = str(data.get("message") or "") if data else ""
    wire.calls.labels(_name(path), code or str(response.status_code)).inc()
    if response.status_code >= 500 or data is None:
        return PayAnswer(
            Verdict.UNKNOWN, None, code or "BROKEN_ANSWER", message, response.status_code
        )
    if not await _signed_by_wechat(db, merchant, pay, response):
        logger.warning(
            "answer without a good signature",
            api=_name(path),
            status=response.status_code,
            code=code,
        )
        return PayAnswer(
            Verdict.UNKNOWN, None, code or "UNSIGNED_ANSWER", message, response.status_code
        )
    if response.status_code >= 400:
        return PayAnswer(Verdict.REFUSED, None, code, message, response.status_code)
    return PayAnswer(Verdict.OK, data, "", "", response.status_code)


async def download(pay: PayCredentials, address: str, into: BinaryIO) -> bool:
    """Fetch a bill from the address WeChat gave; its answer carries no signature, its hash is checked by the caller."""
    try:
        request = _signed(pay, "GET", httpx.URL(address).raw_path.decode(), None, b"")
        return await wire.receive(pay.base, request, into, within=BILL_SECONDS) == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def sheet(pay: PayCredentials, app_id: str, package: str) -> tuple[str, str, str]:
    """Timestamp, nonce and signature of a pay sheet."""
    timestamp, nonce = str(int(clock.utcnow().timestamp())), ids.token(24)
    message = crypto.sheet_message(app_id, timestamp, nonce, package)
    return timestamp, nonce, crypto.sign(crypto.private_key(pay.private_key), message)


async def key_for(db: Db, merchant: str, pay: PayCredentials, serial: str) -> str | None:
    """WeChat's key named by a `Wechatpay-Serial` header, or None. An unknown certificate is fetched, but not each time."""
    known = pay.keys.get(serial)
    if known or serial.startswith(crypto.PUBLIC_KEY_ID_PREFIX) or not _looks_like_serial(serial):
        return known
    async with db.merchant(merchant) as tx:
        turn = await tx.scalar(
            update(PayAccount)
            .where(
                PayAccount.mchid == pay.mchid,
                or_(
                    PayAccount.certificates_tried_at.is_(None),
                    PayAccount.certificates_tried_at <= tx.now - FETCH_AGAIN,
                ),
            )
            .values(certificates_tried_at=tx.now)
            .returning(PayAccount.id)
        )
        fresh = None if turn else await credentials.load_pay(tx)
    if fresh is not None:
        return fresh.keys.get(serial)
    found = await fetch_certificates(db, merchant, pay)
    return found.get(serial)


async def fetch_certificates(db: Db, merchant: str, pay: PayCredentials) -> dict[str, str]:
    """Download, open and store the platform certificates; returns serial → PEM, empty when there is no good answer.

    The APIv3 key proves who made them (AES-GCM); the answer's own signature is then checked with the one it names.
    """
    try:
        response = await _send(pay, "GET", "/v3/certificates", None, b"")
    except (httpx.HTTPError, httpx.InvalidURL):
        return {}
    data = _read(response.content)
    if response.status_code != 200 or not data:
        logger.warning(
            "no certificates", status=response.status_code, code=str((data or {}).get("code"))
        )
        return {}
    try:
        rows = [_open_certificate(pay, item) for item in data["data"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        logger.warning("certificates can not be opened", kind=type(error).__name__)
        return {}
    pems = {row["serial_no"]: row["pem"] for row in rows}
    signer = pems.get(response.headers.get("Wechatpay-Serial", "")) or pay.keys.get(
        response.headers.get("Wechatpay-Serial", "")
    )
    if signer is None or not headers_verify(response.headers, response.content, signer):
        logger.warning("certificates came without a good signature")
        return {}
    async with db.merchant(merchant) as tx:
        await _store(tx, rows)
    return pems


def headers_verify(headers: Mapping[str, str], body: bytes, pem: str) -> bool:
    """Whether the Wechatpay-* headers carry a good, timely signature of exactly these bytes. Absent is invalid."""
    timestamp, nonce = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Nonce", "")
    scheme = headers.get("Wechatpay-Signature-Type", crypto.PAY_SCHEME)
    if not timestamp or not nonce or scheme != crypto.PAY_SCHEME:
        return False
    if not rules.within_skew(timestamp, clock.utcnow()):
        return False
    message = crypto.answer_message(timestamp, nonce, body)
    return crypto.verify(crypto.public_key(pem), message, headers.get("Wechatpay-Signature"))


async def _send(
    pay: PayCredentials,
    method: str,
    path: str,
    query: Mapping[str, str] | None,
    content: bytes,
) -> httpx.Response:
    return await wire.send(pay.base, _signed(pay, method, path, query, content))


def _signed(
    pay: PayCredentials, method: str, path: str, query: Mapping[str, str] | None, content: bytes
) -> httpx.Request:
    target = f"{path}?{urlencode(query)}" if query else path
    outgoing = wire.client(pay.base).build_request(method, target, content=content or None)
    # What really goes on the wire is what is signed.
    raw_target = outgoing.url.raw_path.decode("ascii")
    timestamp, nonce = str(int(clock.utcnow().timestamp())), ids.token(24)
    message = crypto.request_message(method, raw_target, timestamp, nonce, content)
    signature = crypto.sign(crypto.private_key(pay.private_key), message)
    outgoing.headers["Authorization"] = crypto.authorization(
        pay.mchid, pay.serial_no, timestamp, nonce, signature
    )
    outgoing.headers["Accept"] = "application/json"
    outgoing.headers["User-Agent"] = wire.USER_AGENT
    if content:
        outgoing.headers["Content-Type"] = "application/json"
    if pay.public_key_id:
        outgoing.headers["Wechatpay-Serial"] = pay.public_key_id
    return outgoing


async def _signed_by_wechat(
    db: Db, merchant: str, pay: PayCredentials, response: httpx.Response
) -> bool:
    try:
        pem = await key_for(db, merchant, pay, response.headers.get("Wechatpay-Serial", ""))
    except WeChatAway:
        return False
    return pem is not None and headers_verify(response.headers, response.content, pem)


def _open_certificate(pay: PayCredentials, item: Mapping[str, Any]) -> dict[str, Any]:
    sealed = item["encrypt_certificate"]
    pem = crypto.open_resource(
        pay.api_v3_key, sealed["nonce"], sealed.get("associated_data") or "", sealed["ciphertext"]
    ).decode()
    serial = crypto.certificate_serial(pem)
    if serial.lstrip("0") != str(item["serial_no"]).upper().lstrip("0"):
        raise ValueError("the certificate has another serial than its list entry")
    effective, expires = instant(item["effective_time"]), instant(item["expire_time"])
    if effective is None or expires is None:
        raise ValueError("the certificate has no validity")
    return {
        "serial_no": str(item["serial_no"]),
        "mchid": pay.mchid,
        "pem": pem,
        "effective_at": effective,
        "expires_at": expires,
    }


async def _store(tx: Tx, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert(PlatformCertificate).values(rows)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["serial_no"],
            set_={
                name: statement.excluded[name]
                for name in ("mchid", "pem", "effective_at", "expires_at")
            },
        )
    )
    credentials.changed(tx)


def _looks_like_serial(serial: str) -> bool:
    return 8 <= len(serial) <= 64 and all(c in "0123456789abcdefABCDEF" for c in serial)


def _read(content: bytes) -> dict[str, Any] | None:
    if not content:
        return {}
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _name(path: str) -> str:
    """The interface without its numbers, so that a metric has few labels."""
    parts = [
        "{no}" if any(c.isdigit() for c in part) and part != "v3" else part
        for part in path.split("/")
    ]
    return "/".join(parts)
