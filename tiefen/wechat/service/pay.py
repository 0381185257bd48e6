"""微信支付 v3 for one merchant: prepare, query, close, refund, bills.

Every verb answers with a PayAnswer and never raises for what WeChat says or fails to say: OK, REFUSED with WeChat's code, or
UNKNOWN. After UNKNOWN ask again under the same number; a new number could charge or refund a second time.
"""

import asyncio
import hashlib
import hmac
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, TypeVar

from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db
from tiefen.wechat import credentials, paywire, rules
from tiefen.wechat.credentials import PayCredentials
from tiefen.wechat.errors import NotConfigured
from tiefen.wechat.values import (
    AccountKind,
    BillFile,
    H5Prepay,
    NativePrepay,
    PayAnswer,
    PayClientKind,
    PaySheet,
    Prepay,
    Refund,
    Transaction,
    Verdict,
)

T = TypeVar("T")
_BILL_CAP = 2 * 1024**3
"""A bill of a million lines is a sixth of it."""
_BILL_PART = 1024 * 1024


async def pay_client(db: Db, merchant: str) -> "PayClient":
    """The merchant's payment client. Raises NotConfigured."""
    return PayClient(db, merchant, await credentials.pay(db, merchant))


@dataclass(frozen=True, slots=True)
class PayClient:
    """Payment calls in one merchant's name. Never used inside a transaction."""

    db: Db
    merchant: str
    _pay: PayCredentials

    @property
    def mchid(self) -> str:
        """The merchant number that all calls are signed for."""
        return self._pay.mchid

    def app_id(self, client: PayClientKind) -> str:
        """The app id that a client pays under. Raises NotConfigured."""
        kind = AccountKind.MINI if client is PayClientKind.MINI else AccountKind.OFFICIAL
        app_id = self._pay.app_ids.get(kind)
        if app_id is None and client in (PayClientKind.NATIVE, PayClientKind.H5):
            app_id = self._pay.app_ids.get(AccountKind.MINI)
        if app_id is None:
            raise NotConfigured(what="小程序" if kind is AccountKind.MINI else "公众号")
        return app_id

    async def jsapi(
        self,
        *,
        client: PayClientKind,
        openid: str,
        out_trade_no: str,
        amount_fen: int,
        description: str,
        expires_at: datetime,
        attach: str = "",
    ) -> PayAnswer[Prepay]:
        """Prepare a payment in a page or the mini program. The same number with the same facts is no second order."""
        app_id = self.app_id(client)
        body = self._order(app_id, out_trade_no, amount_fen, description, expires_at, attach)
        body["payer"] = {"openid": openid}
        answer = await self._request("POST", "/v3/pay/transactions/jsapi", body=body)
        return _read(answer, lambda data: self._prepay(app_id, data))

    async def native(
        self,
        *,
        out_trade_no: str,
        amount_fen: int,
        description: str,
        expires_at: datetime,
        attach: str = "",
    ) -> PayAnswer[NativePrepay]:
        """Prepare a payment by scanning a code."""
        app_id = self.app_id(PayClientKind.NATIVE)
        body = self._order(app_id, out_trade_no, amount_fen, description, expires_at, attach)
        answer = await self._request("POST", "/v3/pay/transactions/native", body=body)
        return _read(answer, lambda data: NativePrepay(_text(data, "code_url")))

    async def h5(
        self,
        *,
        out_trade_no: str,
        amount_fen: int,
        description: str,
        expires_at: datetime,
        payer_ip: str,
        attach: str = "",
    ) -> PayAnswer[H5Prepay]:
        """Prepare a payment in a browser outside WeChat. `payer_ip` is the payer's real address:
        WeChat compares it with who opens the page, and another one is another order to it."""
        app_id = self.app_id(PayClientKind.H5)
        body = self._order(app_id, out_trade_no, amount_fen, description, expires_at, attach)
        body["scene_info"] = {"payer_client_ip": payer_ip, "h5_info": {"type": "Wap"}}
        answer = await self._request("POST", "/v3/pay/transactions/h5", body=body)
        return _read(answer, lambda data: H5Prepay(_text(data, "h5_url")))

    def sheet(self, client: PayClientKind, prepay_id: str) -> PaySheet:
        """Sign the pay sheet of a prepay id (again): timestamp and nonce are new each time."""
        return self._sheet(self.app_id(client), prepay_id)

    async def query(self, out_trade_no: str) -> PayAnswer[Transaction]:
        """How a payment stands, by our number. Unknown there: REFUSED with ORDER_NOT_EXIST."""
        path = f"/v3/pay/transactions/out-trade-no/{rules.check_out_trade_no(out_trade_no)}"
        return _read(
            await self._request("GET", path, query={"mchid": self.mchid}), Transaction.from_wire
        )

    async def query_transaction(self, transaction_id: str) -> PayAnswer[Transaction]:
        """How a payment stands, by WeChat's number."""
        path = f"/v3/pay/transactions/id/{transaction_id}"
        return _read(
            await self._request("GET", path, query={"mchid": self.mchid}), Transaction.from_wire
        )

    async def close(self, out_trade_no: str) -> PayAnswer[bool]:
        """Take no more money for a number; may be repeated. A payment that was faster: REFUSED with ORDERPAID."""
        path = f"/v3/pay/transactions/out-trade-no/{rules.check_out_trade_no(out_trade_no)}/close"
        return _read(await self._request("POST", path, body={"mchid": self.mchid}), lambda _: True)

    async def refund(
        self,
        *,
        out_refund_no: str,
        refund_fen: int,
        total_fen: int,
        transaction_id: str | None = None,
        out_trade_no: str | None = None,
        reason: str = "",
    ) -> PayAnswer[Refund]:
        """Ask for a refund. Accepted (PROCESSING) is not refunded: the notice or a query tells the end."""
        body: dict[str, Any] = {
            "out_refund_no": out_refund_no,
            "amount": {"refund": refund_fen, "total": total_fen, "currency": "CNY"},
            "notify_url": self._pay.notify_url,
        }
        if transaction_id:
            body["transaction_id"] = transaction_id
        elif out_trade_no:
            body["out_trade_no"] = rules.check_out_trade_no(out_trade_no)
        else:
            raise ValueError("a refund names its payment")
        if reason:
            body["reason"] = rules.clip_bytes(reason, 80)
        return _read(
            await self._request("POST", "/v3/refund/domestic/refunds", body=body), Refund.from_wire
        )

    async def query_refund(self, out_refund_no: str) -> PayAnswer[Refund]:
        """How a refund stands. Unknown there: REFUSED with RESOURCE_NOT_EXISTS."""
        path = f"/v3/refund/domestic/refunds/{out_refund_no}"
        return _read(await self._request("GET", path), Refund.from_wire)

    async def trade_bill(self, day: date, kind: str = "ALL") -> PayAnswer[BillFile]:
        """The day's trade bill (ALL, SUCCESS or REFUND), ready from 10:00 of the next day. None: NO_STATEMENT_EXIST."""
        query = {"bill_date": day.isoformat(), "bill_type": kind, "tar_type": "GZIP"}
        return await self._bill("/v3/bill/tradebill", query)

    async def fund_bill(self, day: date, account: str = "BASIC") -> PayAnswer[BillFile]:
        """The day's fund-flow bill of an account (BASIC, OPERATION or FEES)."""
        query = {"bill_date": day.isoformat(), "account_type": account, "tar_type": "GZIP"}
        return await self._bill("/v3/bill/fundflowbill", query)

    async def _bill(self, path: str, query: Mapping[str, str]) -> PayAnswer[BillFile]:
        answer = await self._request("GET", path, query=query)
        if answer.verdict is not Verdict.OK or answer.value is None:
            return PayAnswer(answer.verdict, None, answer.code, answer.message, answer.status)
        try:
            address, expected = (
                _text(answer.value, "download_url"),
                _text(answer.value, "hash_value"),
            )
        except ValueError as error:
            return PayAnswer(Verdict.UNKNOWN, None, "BROKEN_ANSWER", str(error), answer.status)
        with tempfile.TemporaryFile() as packed:
            fetched = await paywire.download(self._pay, address, packed)
            bill = await asyncio.to_thread(_unpacked, packed) if fetched else None
        if bill is None:
            return PayAnswer(Verdict.UNKNOWN, None, "NO_ANSWER", "the bill could not be downloaded")
        content, made = bill
        # The hash is of the file; whether WeChat means it packed or not differs by bill, so both are tried.
        if any(hmac.compare_digest(one, expected.lower()) for one in made):
            return PayAnswer(Verdict.OK, BillFile(content, expected), "", "", 200)
        content.close()
        return PayAnswer(
            Verdict.UNKNOWN, None, "HASH_MISMATCH", "the bill is not what was announced"
        )

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> PayAnswer[dict[str, Any]]:
        return await paywire.request(
            self.db, self.merchant, self._pay, method, path, query=query, body=body
        )

    def _order(
        self,
        app_id: str,
        out_trade_no: str,
        amount_fen: int,
        description: str,
        expires_at: datetime,
        attach: str,
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "appid": app_id,
            "mchid": self.mchid,
            "description": rules.clip_bytes(description, rules.DESCRIPTION_CAP),
            "out_trade_no": rules.check_out_trade_no(out_trade_no),
            "time_expire": expires_at.astimezone(CHINA).replace(microsecond=0).isoformat(),
            "notify_url": self._pay.notify_url,
            "amount": {"total": amount_fen, "currency": "CNY"},
        }
        if attach:
            body["attach"] = attach
        return body

    def _prepay(self, app_id: str, data: Mapping[str, Any]) -> Prepay:
        prepay_id = _text(data, "prepay_id")
        return Prepay(prepay_id, self._sheet(app_id, prepay_id))

    def _sheet(self, app_id: str, prepay_id: str) -> PaySheet:
        package = f"prepay_id={prepay_id}"
        timestamp, nonce, signature = paywire.sheet(self._pay, app_id, package)
        return PaySheet(app_id, timestamp, nonce, package, "RSA", signature)


def _read(
    answer: PayAnswer[dict[str, Any]], build: Callable[[Mapping[str, Any]], T]
) -> PayAnswer[T]:
    """The answer with its value built; an OK answer that does not hold what it must is UNKNOWN."""
    if answer.verdict is not Verdict.OK or answer.value is None:
        return PayAnswer(answer.verdict, None, answer.code, answer.message, answer.status)
    try:
        return PayAnswer(Verdict.OK, build(answer.value), "", "", answer.status)
    except ValueError as error:
        return PayAnswer(Verdict.UNKNOWN, None, "BROKEN_ANSWER", str(error), answer.status)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text")
    return value


def _unpacked(packed: BinaryIO) -> tuple[BinaryIO, list[str]] | None:
    """A file of what is packed, and the SHA-1 of both; None when it cannot be unpacked. Part by part."""
    packed.seek(0)
    reader = zlib.decompressobj(31) if packed.read(2) == b"\x1f\x8b" else None
    packed.seek(0)
    content = tempfile.TemporaryFile()  # noqa: SIM115 handed on, open
    hashes = [hashlib.sha1(usedforsecurity=False) for _ in range(2)]
    left = _BILL_CAP
    try:
        while part := packed.read(_BILL_PART):
            hashes[0].update(part)
            while part:
                plain = reader.decompress(part, _BILL_PART) if reader else part
                part = reader.unconsumed_tail if reader else b""
                hashes[1].update(plain)
                content.write(plain)
                left -= len(plain)
                if left < 0:
                    raise zlib.error("too long")
    except zlib.error:
        content.close()
        return None
    content.seek(0)
    return content, [made.hexdigest() for made in hashes]
