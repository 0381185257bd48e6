"""A stand-in for WeChat Pay that keeps its own truth, and short ways to start payments."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from tiefen.kernel import clock
from tiefen.kernel.db import Db, Tx
from tiefen.payments import service
from tiefen.payments.models import PaymentAttempt, PaymentRefund
from tiefen.payments.values import ChargeEvidence, PaymentIntent, PayParams, Source
from tiefen.wechat.values import (
    BillFile,
    H5Prepay,
    NativePrepay,
    PayAnswer,
    PayClientKind,
    PaySheet,
    Prepay,
    Refund,
    RefundStatus,
    TradeState,
    Transaction,
    Verdict,
)

MCHID, APP_ID, MINI_ID, OPENID = "1900000001", "wx00000000000000aa", "wx00000000000000bb", "o-fan-1"
_numbers = count(1)


@dataclass
class FakeWeChat:
    """WeChat's side: orders, charges, refunds, and what goes wrong on the way to it."""

    mchid: str = MCHID
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    charges: dict[str, Transaction] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    refund_status: RefundStatus = RefundStatus.PROCESSING
    bill: bytes | None = None
    funds: bytes | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    trouble: dict[str, list[str]] = field(default_factory=dict)
    """verb → what happens to its next calls: "lost" (no effect, no answer), "deaf" (effect, no answer), or a code."""
    on_call: Callable[[str, str], None] | None = None

    def app_id(self, client: PayClientKind) -> str:
        return MINI_ID if client is PayClientKind.MINI else APP_ID

    def sheet(self, client: PayClientKind, prepay_id: str) -> PaySheet:
        return PaySheet(self.app_id(client), "1", "n", f"prepay_id={prepay_id}", "RSA", "s")

    def _go(self, verb: str, number: str, act: Callable[[], PayAnswer[Any]]) -> PayAnswer[Any]:
        self.calls.append((verb, number))
        if self.on_call:
            self.on_call(verb, number)
        trouble = self.trouble.get(verb) or []
        what = trouble.pop(0) if trouble else ""
        if what == "lost":
            return PayAnswer(Verdict.UNKNOWN, code="NO_ANSWER")
        if what and what != "deaf":
            return PayAnswer(Verdict.REFUSED, code=what, status=403)
        answer = act()
        return PayAnswer(Verdict.UNKNOWN, code="NO_ANSWER") if what == "deaf" else answer

    async def jsapi(
        self, *, client: PayClientKind, out_trade_no: str, **facts: Any
    ) -> PayAnswer[Prepay]:
        facts["app_id"] = self.app_id(client)
        return self._go("jsapi", out_trade_no, lambda: self._prepare(out_trade_no, facts, client))

    async def native(self, *, out_trade_no: str, **facts: Any) -> PayAnswer[NativePrepay]:
        facts["app_id"] = self.app_id(PayClientKind.NATIVE)
        return self._go("native", out_trade_no, lambda: self._prepare(out_trade_no, facts, None))

    async def h5(self, *, out_trade_no: str, **facts: Any) -> PayAnswer[H5Prepay]:
        facts["app_id"] = self.app_id(PayClientKind.H5)
        kind = PayClientKind.H5
        return self._go("h5", out_trade_no, lambda: self._prepare(out_trade_no, facts, kind))

    def _prepare(
        self, number: str, facts: dict[str, Any], client: PayClientKind | None
    ) -> PayAnswer[Any]:
        known = self.orders.setdefault(number, {**facts, "state": "NOTPAY"})
        if known["state"] == "SUCCESS":
            return PayAnswer(Verdict.REFUSED, code="ORDER_PAID")
        if known["state"] == "CLOSED":
            return PayAnswer(Verdict.REFUSED, code="ORDER_CLOSED")
        if {name: known[name] for name in facts} != facts:
            return PayAnswer(Verdict.REFUSED, code="INVALID_REQUEST")
        if client is None:
            return PayAnswer(Verdict.OK, NativePrepay(f"weixin://wxpay/bizpayurl?pr={number}"))
        prepay_id = f"wx{next(_numbers)}"
        if client is PayClientKind.H5:
            return PayAnswer(Verdict.OK, H5Prepay(f"https://wx.test/h5?prepay_id={prepay_id}"))
        return PayAnswer(Verdict.OK, Prepay(prepay_id, self.sheet(client, prepay_id)))

    def pay(self, number: str, **changes: Any) -> Transaction:
        """A fan pays; nobody is told."""
        order = self.orders[number]
        assert order["state"] == "NOTPAY", order["state"]
        order["state"] = "SUCCESS"
        return self.charge(number, **{"app_id": order["app_id"], "total_fen": order["amount_fen"],
                                      "openid": order.get("openid", OPENID)} | changes)  # fmt: skip

    def charge(self, number: str, **changes: Any) -> Transaction:
        """Money taken under any number."""
        facts: dict[str, Any] = {
            "app_id": APP_ID, "mchid": self.mchid, "out_trade_no": number,
            "transaction_id": f"42000{next(_numbers):020d}", "state": TradeState.SUCCESS,
            "total_fen": 100,
            "currency": "CNY", "openid": OPENID, "success_time": clock.utcnow(), "attach": "",
        } | changes  # fmt: skip
        made = Transaction(**facts)
        assert made.transaction_id
        self.charges[made.transaction_id] = made
        return made

    async def query(self, out_trade_no: str) -> PayAnswer[Transaction]:
        def act() -> PayAnswer[Any]:
            order = self.orders.get(out_trade_no)
            if order is None:
                return PayAnswer(Verdict.REFUSED, code="ORDER_NOT_EXIST", status=404)
            for charge in self.charges.values():
                if charge.out_trade_no == out_trade_no:
                    return PayAnswer(Verdict.OK, charge)
            state = TradeState(order["state"])
            return PayAnswer(
                Verdict.OK,
                Transaction(
                    order["app_id"],
                    self.mchid,
                    out_trade_no,
                    None,
                    state,
                    total_fen=None,
                    currency=None,
                    openid=None,
                    success_time=None,
                    attach="",
                ),
            )

        return self._go("query", out_trade_no, act)

    async def query_transaction(self, transaction_id: str) -> PayAnswer[Transaction]:
        def act() -> PayAnswer[Any]:
            found = self.charges.get(transaction_id)
            if found is None or found.mchid != self.mchid:
                return PayAnswer(Verdict.REFUSED, code="ORDER_NOT_EXIST", status=404)
            return PayAnswer(Verdict.OK, found)

        return self._go("query_transaction", transaction_id, act)

    async def close(self, out_trade_no: str) -> PayAnswer[bool]:
        def act() -> PayAnswer[Any]:
            order = self.orders.get(out_trade_no)
            if order is None:
                return PayAnswer(Verdict.REFUSED, code="ORDER_NOT_EXIST", status=404)
            if order["state"] == "SUCCESS":
                return PayAnswer(Verdict.REFUSED, code="ORDER_PAID")
            order["state"] = "CLOSED"
            return PayAnswer(Verdict.OK, True)

        return self._go("close", out_trade_no, act)

    async def refund(
        self,
        *,
        out_refund_no: str,
        refund_fen: int,
        total_fen: int,
        transaction_id: str,
        reason: str,
    ) -> PayAnswer[Refund]:
        def act() -> PayAnswer[Any]:
            charge = self.charges[transaction_id]
            known = self.refunds.get(out_refund_no)
            if known is None:
                before = sum(
                    r.refund_fen or 0 for r in self.refunds.values()
                    if r.transaction_id == transaction_id and r.status is not RefundStatus.CLOSED
                )  # fmt: skip
                if before + refund_fen > (charge.total_fen or 0) or total_fen != charge.total_fen:
                    return PayAnswer(Verdict.REFUSED, code="NOT_ENOUGH")
                known = Refund(
                    refund_id=f"50{next(_numbers):010d}", out_refund_no=out_refund_no,
                    transaction_id=transaction_id, out_trade_no=charge.out_trade_no,
                    status=self.refund_status, refund_fen=refund_fen, total_fen=total_fen,
                    success_time=None, mchid=None,
                )  # fmt: skip
                self.refunds[out_refund_no] = known
            return PayAnswer(Verdict.OK, known)

        return self._go("refund", out_refund_no, act)

    async def query_refund(self, out_refund_no: str) -> PayAnswer[Refund]:
        def act() -> PayAnswer[Any]:
            found = self.refunds.get(out_refund_no)
            if found is None:
                return PayAnswer(Verdict.REFUSED, code="RESOURCE_NOT_EXISTS", status=404)
            return PayAnswer(Verdict.OK, found)

        return self._go("query_refund", out_refund_no, act)

    def end_refund(self, out_refund_no: str, status: RefundStatus) -> Refund:
        """A refund ends; nobody is told."""
        old = self.refunds[out_refund_no]
        facts = {name: getattr(old, name) for name in Refund.__slots__}
        made = Refund(**facts | {"status": status, "success_time": clock.utcnow()})
        self.refunds[out_refund_no] = made
        return made

    async def trade_bill(self, day: Any, kind: str = "ALL") -> PayAnswer[BillFile]:
        def act() -> PayAnswer[Any]:
            if self.bill is None:
                return PayAnswer(Verdict.REFUSED, code="NO_STATEMENT_EXIST", status=400)
            return PayAnswer(Verdict.OK, BillFile(io.BytesIO(self.bill), "sha"))

        return self._go("trade_bill", str(day), act)

    async def fund_bill(self, day: Any) -> PayAnswer[BillFile]:
        def act() -> PayAnswer[Any]:
            if self.funds is None:
                return PayAnswer(Verdict.REFUSED, code="NO_STATEMENT_EXIST", status=400)
            return PayAnswer(Verdict.OK, BillFile(io.BytesIO(self.funds), "sha"))

        return self._go("fund_bill", str(day), act)

    def refunded_fen(self) -> int:
        """What WeChat has truly given back."""
        return sum(
            r.refund_fen or 0 for r in self.refunds.values() if r.status is RefundStatus.SUCCESS
        )


async def start(db: Db, order_no: str = "", amount_fen: int = 100, **more: Any) -> PaymentIntent:
    """An order asks for money."""
    async with db.merchant("demo") as tx:
        return await service.start(
            tx,
            order_no or f"D{next(_numbers):06d}",
            more.get("fan_id", 1),
            amount_fen,
            "茶叶 250g",
            more.get("expires_at", tx.now + timedelta(minutes=30)),
        )


async def begin(db: Db, order_no: str, client: PayClientKind = PayClientKind.JSAPI) -> PayParams:
    """The fan taps pay."""
    return await service.begin(db, "demo", order_no, client, OPENID)


async def attempts(tx: Tx, payment_id: int) -> list[PaymentAttempt]:
    """A payment's numbers, oldest first."""
    rows = await tx.scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.payment_id == payment_id)
        .order_by(PaymentAttempt.id)
    )
    return list(rows)


async def refund_state(tx: Tx, reference: str) -> str:
    """Where the refund asked for under this reference stands."""
    row = await tx.scalar(select(PaymentRefund).where(PaymentRefund.reference == reference))
    assert row
    return row.state.value


def evidence(transaction: Transaction, source: Source = Source.NOTICE) -> ChargeEvidence:
    """What a transaction proves."""
    made = service.evidence_of(transaction, source)
    assert made
    return made


async def settle(db: Db, transaction: Transaction, source: Source = Source.NOTICE) -> str:
    """One settlement in its own transaction."""
    async with db.merchant("demo") as tx:
        return (await service.settle(tx, evidence(transaction, source))).value


async def paid(db: Db, wechat: FakeWeChat, amount_fen: int = 100, **changes: Any) -> PaymentIntent:
    """A payment that is paid and settled."""
    intent = await start(db, amount_fen=amount_fen, **changes)
    params = await begin(db, intent.order_no)
    await settle(db, wechat.pay(params.out_trade_no))
    async with db.merchant("demo") as tx:
        return await service.intent(tx, intent.order_no)
