"""Invoices 发票: asked for by the fan, written by the merchant, taken back when money goes back."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan
from tiefen.orders import rules
from tiefen.orders.errors import InvoiceIssued, InvoiceMissing, InvoiceTooLate, NotYetPaid
from tiefen.orders.models import Invoice, Order
from tiefen.orders.schemas import InvoiceIn
from tiefen.orders.service.book import locked, seen
from tiefen.orders.service.reversing import Reversal
from tiefen.orders.values import Case, Effect, InvoiceState, Phase
from tiefen.team import service as team

_RED = text(
    "UPDATE invoice SET red_fen = red_fen + :amount, state = 'red', updated_at = :now"
    " WHERE order_id = :order AND state <> 'requested' RETURNING id"
)


async def request_invoice(tx: Tx, fan_id: int, order_no: str, wanted: InvoiceIn) -> None:
    """Ask for the invoice of an order, or correct what was asked while it is not written yet.

    Raises OrderMissing, NotYetPaid, InvoiceTooLate, InvoiceIssued.
    """
    order = await locked(tx, order_no, fan_id)
    if not rules.may_invoice(order.status, order.paid_fen - order.refunded_fen):
        raise NotYetPaid
    if order.received_at and tx.now > order.received_at + rules.INVOICE_WITHIN:
        raise InvoiceTooLate(days=rules.INVOICE_WITHIN.days)
    await keep_invoices(tx, {order.id: (order.fan_id, wanted)})
    row = await tx.scalar(select(Invoice).where(Invoice.order_id == order.id))
    if row is not None and row.state is not InvoiceState.REQUESTED:
        raise InvoiceIssued


async def keep_invoices(tx: Tx, wanted: Mapping[int, tuple[int, InvoiceIn]]) -> None:
    """Write requests by order, over those that are not answered yet."""
    rows = [
        {
            "order_id": order_id,
            "fan_id": fan_id,
            "kind": one.kind,
            "title": one.title,
            "tax_no": one.tax_no,
            "email": one.email,
            "state": InvoiceState.REQUESTED,
            "amount_fen": 0,
            "red_fen": 0,
            "number": "",
            "red_number": "",
            "file_key": "",
            "requested_at": tx.now,
            "updated_at": tx.now,
        }
        for order_id, (fan_id, one) in sorted(wanted.items())
    ]
    if not rows:
        return
    fresh = insert(Invoice).values(rows)
    changed = ("kind", "title", "tax_no", "email", "updated_at")
    await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=["order_id"],
            set_={name: fresh.excluded[name] for name in changed},
            where=Invoice.state == InvoiceState.REQUESTED,
        )
    )


async def issue_invoice(
    tx: Tx, actor: StaffActor, invoice_id: int, number: str, file_key: str = ""
) -> None:
    """Note the invoice that was written, for what is paid and not refunded.

    Raises InvoiceMissing, InvoiceIssued, NotYetPaid.
    """
    row, order = await _both(tx, invoice_id)
    if row.state is not InvoiceState.REQUESTED:
        raise InvoiceIssued
    amount_fen = order.paid_fen - order.refunded_fen
    if not rules.may_invoice(order.status, amount_fen):
        raise NotYetPaid
    row.state, row.number, row.amount_fen = InvoiceState.ISSUED, number, amount_fen
    row.file_key, row.issued_at, row.issued_by = file_key, tx.now, actor.id
    row.updated_at = tx.now
    await team.record_audit(
        tx,
        actor,
        "orders.issue_invoice",
        f"order:{order.order_no}",
        after={"number": number, "amount_fen": amount_fen},
    )


async def take_back_invoice(tx: Tx, actor: StaffActor, invoice_id: int, number: str) -> None:
    """Note the red-letter invoice that was written for what has been refunded.

    Raises InvoiceMissing, InvoiceIssued.
    """
    row, order = await _both(tx, invoice_id)
    if row.state is not InvoiceState.RED:
        raise InvoiceIssued
    row.state = InvoiceState.REVERSED if row.red_fen == row.amount_fen else InvoiceState.ISSUED
    row.red_number, row.updated_at = number, tx.now
    await team.record_audit(
        tx,
        actor,
        "orders.reverse_invoice",
        f"order:{order.order_no}",
        after={"number": number, "red_fen": row.red_fen},
    )


async def invoice_file(tx: Tx, order_no: str, fan_id: int | None) -> str:
    """The key of an invoice's file, for its fan or (None) for staff. Raises InvoiceMissing."""
    order = await locked(tx, order_no) if fan_id is None else await seen(tx, order_no, fan_id)
    key = await tx.scalar(select(Invoice.file_key).where(Invoice.order_id == order.id))
    if not key:
        raise InvoiceMissing
    return key


async def plan_invoice(tx: Tx, case: Case) -> list[Effect]:
    """An invoice that was written needs a red-letter one for what goes back."""
    row = await tx.scalar(select(Invoice).where(Invoice.order_id == case.order_id))
    if row is None or row.state is InvoiceState.REQUESTED or not case.amount_fen:
        return []
    after = min(row.red_fen + case.amount_fen, row.amount_fen)
    if after == row.red_fen:
        return []
    more = yuan(after - row.red_fen)
    return [
        Effect(
            "invoice",
            row.id,
            row.red_fen,
            after,
            f"已开发票需要红冲 {more}",
            f"{more} of the invoice has to be taken back by a red-letter one",
        )
    ]


async def flag_invoice(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Put it among those that wait for a red-letter invoice."""
    amount_fen = sum(one.after - one.before for one in effects)
    await tx.execute(_RED, {"amount": amount_fen, "now": tx.now, "order": case.order_id})


INVOICE = Reversal("invoice", Phase.MONEY, plan_invoice, flag_invoice)


async def _both(tx: Tx, invoice_id: int) -> tuple[Invoice, Order]:
    """The invoice with its order, both locked, the order first."""
    order_no = await tx.scalar(
        select(Order.order_no)
        .join(Invoice, Invoice.order_id == Order.id)
        .where(Invoice.id == invoice_id)
    )
    if order_no is None:
        raise InvoiceMissing
    order = await locked(tx, order_no)
    row = await tx.get_one(Invoice, invoice_id, with_for_update=True)
    return row, order
