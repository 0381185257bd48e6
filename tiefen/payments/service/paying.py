"""Asking for money: the intent, the attempt, the call; and asking whether it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.json import encode
from sqlalchemy import select, update

from tiefen.kernel import ids
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Invalid
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.money import MAX_FEN
from tiefen.payments import rules
from tiefen.payments.errors import (
    AlreadyPaid,
    IntentChanged,
    PayerMissing,
    PaymentClosed,
    PaymentNotFound,
    ProviderBusy,
    ProviderRefused,
    ProviderUnknown,
)
from tiefen.payments.models import Payment, PaymentAttempt, PaymentCharge
from tiefen.payments.service.asking import ask, close_soon, newest
from tiefen.payments.service.settling import CURRENCY
from tiefen.payments.values import Ask, AttemptState, PaidBy, PaymentIntent, PaymentState, PayParams
from tiefen.wechat import service as wechat
from tiefen.wechat.values import H5Prepay, NativePrepay, PayAnswer, PayClientKind, Prepay, Verdict

ASK_GAP = timedelta(seconds=2)


_START = """
    INSERT INTO payment
        (order_no, stage, purpose, fan_id, amount_fen, currency, description, state, expires_at,
        created_at)
    SELECT a.order_no, a.stage, a.purpose, a.fan_id, a.amount_fen, $2, a.description, 'open',
        a.expires_at, $3
    FROM jsonb_to_recordset($1) AS a(order_no text, stage int, purpose text, fan_id bigint,
        amount_fen bigint, description text, expires_at timestamptz)
    ON CONFLICT (order_no, stage) DO NOTHING
    RETURNING order_no
"""


async def start(
    tx: Tx,
    order_no: str,
    fan_id: int,
    amount_fen: int,
    description: str,
    expires_at: datetime,
    stage: int = 1,
) -> PaymentIntent:
    """Write down what an order asks for, in the order's own transaction. The same again is the same.

    `stage` 2 is the balance of an order whose deposit is paid: from then on it is what counts.

    Raises Invalid for an amount WeChat cannot take (it must be 1 fen or more), IntentChanged.
    """
    await start_all(tx, [Ask(order_no, fan_id, amount_fen, description, expires_at, stage)])
    return await intent(tx, order_no)


async def start_all(tx: Tx, asks: Sequence[Ask]) -> None:
    """`start` for orders that are placed together: one statement. Raises what `start` raises."""
    for one in asks:
        if not 0 < one.amount_fen <= MAX_FEN:
            raise Invalid(field="amount_fen")
    made = {
        row["order_no"] for row in await tx.rows(_START, encode(asks).decode(), CURRENCY, tx.now)
    }
    for one in asks:
        if one.order_no not in made:
            before = await intent(tx, one.order_no)
            if before.amount_fen != one.amount_fen:
                raise IntentChanged(order_no=one.order_no)


async def intent(tx: Tx, order_no: str) -> PaymentIntent:
    """What an order asked for and where it stands. Raises PaymentNotFound."""
    row = (
        await tx.execute(
            select(Payment, PaymentCharge.refunding_fen, PaymentCharge.refunded_fen)
            .outerjoin(
                PaymentCharge, (PaymentCharge.payment_id == Payment.id) & PaymentCharge.applied
            )
            .where(Payment.order_no == order_no)
            .order_by(Payment.stage.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise PaymentNotFound(order_no=order_no)
    payment, refunding_fen, refunded_fen = row
    return PaymentIntent(
        id=payment.id,
        order_no=order_no,
        amount_fen=payment.amount_fen,
        state=payment.state,
        expires_at=payment.expires_at,
        refunding_fen=refunding_fen or 0,
        refunded_fen=refunded_fen or 0,
        paid_at=payment.paid_at,
        transaction_id=payment.transaction_id,
    )


async def paid_by(tx: Tx, order_no: str) -> PaidBy | None:
    """The charge that paid an order, and whose wallet it came from; None: nothing was to be paid, or is not.

    The wallet is WeChat's word, not whom we asked: a code may be scanned by anybody.
    """
    found = await paid_parts(tx, order_no)
    return found[-1] if found else None


async def paid_parts(tx: Tx, order_no: str) -> list[PaidBy]:
    """All charges that paid an order, the deposit before the balance."""
    rows = await tx.execute(
        select(
            PaymentCharge.transaction_id,
            PaymentAttempt.client,
            PaymentCharge.app_id,
            PaymentCharge.openid,
            Payment.stage,
        )
        .join(Payment, Payment.id == PaymentCharge.payment_id)
        .join(PaymentAttempt, PaymentAttempt.id == PaymentCharge.attempt_id)
        .where(Payment.order_no == order_no, PaymentCharge.applied)
        .order_by(Payment.stage)
    )
    return [PaidBy(row[0], row[1], row[2], row[3] or "", row[4]) for row in rows]


Made = Prepay | NativePrepay | H5Prepay


@dataclass(frozen=True, slots=True)
class _Try:
    """An attempt as written down before the call."""

    id: int
    out_trade_no: str
    amount_fen: int
    description: str
    expires_at: datetime
    prepay_id: str | None
    code_url: str | None
    h5_url: str | None
    again: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """How and as whom somebody wants to pay."""

    client: PayClientKind
    mchid: str
    app_id: str
    openid: str | None
    payer_ip: str | None

    @property
    def mark(self) -> str | None:
        """The payer's address so that it can be compared and not read."""
        return blind(self.payer_ip) if self.payer_ip else None


async def begin(
    db: Db,
    merchant: str,
    order_no: str,
    client: PayClientKind,
    openid: str | None = None,
    *,
    payer_ip: str | None = None,
) -> PayParams:
    """Let a fan pay: write the attempt down, commit, call WeChat, write its answer down.

    Called again for the same way of paying it uses the same number, so however often a fan taps,
    however the first call ended, there is one order at WeChat. `openid` is the payer's at the app
    of `client`; a code and a browser outside WeChat take none, and H5 takes the payer's real
    address in its place.
    Raises PaymentNotFound, AlreadyPaid, PaymentClosed, PayerMissing, ProviderUnknown (503, try
    again), ProviderBusy (503), ProviderRefused.
    """
    named = client in (PayClientKind.JSAPI, PayClientKind.MINI)
    if (named and not openid) or (client is PayClientKind.H5 and not payer_ip):
        raise PayerMissing(field="openid" if named else "payer_ip")
    pay = await wechat.pay_client(db, merchant)
    way = _Way(
        client,
        pay.mchid,
        pay.app_id(client),
        openid if named else None,
        payer_ip if client is PayClientKind.H5 else None,
    )
    async with db.merchant(merchant) as tx:
        attempt = await _attempt(tx, order_no, way)
    failpoint("payments.begin.after_intent")
    if known := _known(pay, client, attempt):
        return _params(client, attempt, known)
    answer = await _prepare(pay, way, attempt)
    failpoint("payments.begin.after_call")
    if answer.verdict is Verdict.REFUSED and await _paid_meanwhile(db, merchant, attempt):
        raise AlreadyPaid(order_no=order_no)
    async with db.merchant(merchant) as tx:
        await _record(tx, attempt, answer)
    if answer.verdict is Verdict.UNKNOWN:
        raise ProviderUnknown(order_no=order_no)
    if answer.verdict is Verdict.REFUSED:
        if answer.code in rules.RETRY_CODES:
            raise ProviderBusy(order_no=order_no)
        raise ProviderRefused(reason=answer.code)
    return _params(client, attempt, answer.get())


def _known(pay: wechat.PayClient, client: PayClientKind, attempt: _Try) -> Made | None:
    """What WeChat prepared for an earlier tap, while it is good."""
    if attempt.prepay_id:
        return Prepay(attempt.prepay_id, pay.sheet(client, attempt.prepay_id))
    if attempt.code_url:
        return NativePrepay(attempt.code_url)
    return H5Prepay(attempt.h5_url) if attempt.h5_url else None


async def _prepare(
    pay: wechat.PayClient, way: _Way, attempt: _Try
) -> PayAnswer[Prepay] | PayAnswer[NativePrepay] | PayAnswer[H5Prepay]:
    """Ask WeChat for the product of this way of paying."""
    if way.payer_ip is not None:
        return await pay.h5(
            out_trade_no=attempt.out_trade_no,
            amount_fen=attempt.amount_fen,
            description=attempt.description,
            expires_at=attempt.expires_at,
            payer_ip=way.payer_ip,
        )
    if way.openid is None:
        return await pay.native(
            out_trade_no=attempt.out_trade_no,
            amount_fen=attempt.amount_fen,
            description=attempt.description,
            expires_at=attempt.expires_at,
        )
    return await pay.jsapi(
        client=way.client,
        openid=way.openid,
        out_trade_no=attempt.out_trade_no,
        amount_fen=attempt.amount_fen,
        description=attempt.description,
        expires_at=attempt.expires_at,
    )


async def poll(db: Db, merchant: str, order_no: str) -> PaymentIntent:
    """Where an order's payment stands, asking WeChat if it is still open: for a waiting page.

    A number is asked for at most every two seconds, however many pages wait. No answer is no news.
    """
    async with db.merchant(merchant) as tx:
        found = await intent(tx, order_no)
        due = await tx.scalars(
            update(PaymentAttempt)
            .where(
                PaymentAttempt.payment_id == found.id,
                PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS),
                PaymentAttempt.asked_at.is_(None) | (PaymentAttempt.asked_at <= tx.now - ASK_GAP),
            )
            .values(asked_at=tx.now)
            .returning(PaymentAttempt.id)
        )
        attempts = [] if found.state is PaymentState.PAID else list(due)
    for attempt_id in attempts:
        await ask(db, merchant, attempt_id)
    if not attempts:
        return found
    async with db.merchant(merchant) as tx:
        return await intent(tx, order_no)


async def _attempt(tx: Tx, order_no: str, way: _Way) -> _Try:
    """The attempt to use: the live one for this way of paying, or a new one, committed before any call."""
    payment = await tx.scalar(newest(order_no).with_for_update())
    if payment is None:
        raise PaymentNotFound(order_no=order_no)
    if payment.state is PaymentState.PAID:
        raise AlreadyPaid(order_no=order_no)
    if payment.state is not PaymentState.OPEN or payment.expires_at <= tx.now:
        raise PaymentClosed(order_no=order_no)
    live = await tx.scalar(
        select(PaymentAttempt)
        .where(
            PaymentAttempt.payment_id == payment.id,
            PaymentAttempt.client == way.client,
            PaymentAttempt.mchid == way.mchid,
            PaymentAttempt.app_id == way.app_id,
            PaymentAttempt.openid.is_not_distinct_from(way.openid),
            PaymentAttempt.payer_mark.is_not_distinct_from(way.mark),
            PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS),
            ~PaymentAttempt.spent,
        )
        .order_by(PaymentAttempt.id.desc())
        .limit(1)
    )
    fresh = live is not None and rules.fresh(way.client, live.prepaid_at, tx.now)
    if live is None and way.mark is not None:
        await _leave_addresses(tx, payment.id)
    attempt = live or PaymentAttempt(
        payment_id=payment.id,
        out_trade_no=ids.number("P", tx.now),
        client=way.client,
        mchid=way.mchid,
        app_id=way.app_id,
        openid=way.openid,
        payer_mark=way.mark,
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        state=AttemptState.INTENT,
        expires_at=payment.expires_at,
        created_at=tx.now,
        check_at=tx.now + rules.SWEEP_AFTER,
    )
    tx.add(attempt)
    await tx.flush()
    return _Try(
        id=attempt.id,
        out_trade_no=attempt.out_trade_no,
        amount_fen=attempt.amount_fen,
        description=payment.description,
        expires_at=attempt.expires_at,
        prepay_id=attempt.prepay_id if fresh else None,
        code_url=attempt.code_url if fresh else None,
        h5_url=attempt.h5_url if fresh else None,
        again=live is not None,
    )


async def _leave_addresses(tx: Tx, payment_id: int) -> None:
    """A browser whose address changed takes a new number: its older ones are not handed out again
    and are closed at WeChat soon."""
    left = await tx.execute(
        update(PaymentAttempt)
        .where(
            PaymentAttempt.payment_id == payment_id,
            PaymentAttempt.client == PayClientKind.H5,
            PaymentAttempt.state.in_(rules.LIVE_ATTEMPTS),
            ~PaymentAttempt.spent,
        )
        .values(spent=True)
        .returning(PaymentAttempt.id, PaymentAttempt.created_at)
    )
    for attempt_id, created_at in left.all():
        close_soon(tx, attempt_id, created_at)


async def _paid_meanwhile(db: Db, merchant: str, attempt: _Try) -> bool:
    """Whether WeChat refused because the number is paid: then that is settled now."""
    return attempt.again and await ask(db, merchant, attempt.id)


async def _record(
    tx: Tx,
    tried: _Try,
    answer: PayAnswer[Prepay] | PayAnswer[NativePrepay] | PayAnswer[H5Prepay],
) -> None:
    attempt = await tx.get(PaymentAttempt, tried.id, with_for_update=True)
    if attempt is None or attempt.state not in rules.LIVE_ATTEMPTS:
        return
    attempt.error_code = answer.code
    if answer.verdict is Verdict.OK:
        made = answer.get()
        attempt.state = AttemptState.PREPAID
        attempt.prepaid_at = tx.now
        attempt.prepay_id = made.prepay_id if isinstance(made, Prepay) else None
        attempt.code_url = made.code_url if isinstance(made, NativePrepay) else None
        attempt.h5_url = made.h5_url if isinstance(made, H5Prepay) else None
    elif answer.verdict is Verdict.UNKNOWN:
        attempt.state = AttemptState.UNKNOWN
    elif answer.code in rules.CLOSED_CODES:
        attempt.state = AttemptState.CLOSED
    elif answer.code not in rules.RETRY_CODES:
        # Refused at the first try it does not exist there. A number that was tried before may exist,
        # or be paid, whatever this answer says: it is asked for until WeChat tells its end.
        if tried.again or answer.code in rules.PAID_CODES:
            attempt.spent = True
        else:
            attempt.state = AttemptState.REFUSED


def _params(client: PayClientKind, attempt: _Try, made: Made) -> PayParams:
    return PayParams(
        client=client,
        out_trade_no=attempt.out_trade_no,
        expires_at=attempt.expires_at,
        sheet=made.sheet if isinstance(made, Prepay) else None,
        code_url=made.code_url if isinstance(made, NativePrepay) else None,
        h5_url=made.h5_url if isinstance(made, H5Prepay) else None,
    )
