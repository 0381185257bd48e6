"""Questions at checkout with their answers, and invoices."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.kernel.crypto import mask_email
from tiefen.kernel.days import china_time
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, newest, paged
from tiefen.kernel.money import yuan_number
from tiefen.orders import rules
from tiefen.orders.errors import OrderMissing
from tiefen.orders.models import FormField, Invoice, Order, OrderAnswer
from tiefen.orders.queries.after_sales import fan_out
from tiefen.orders.schemas import FormFieldOut, InvoiceOut, InvoiceRow, OrderAnswerOut, PaperworkOut
from tiefen.orders.values import InvoiceState, TitleKind

EXPORTED = 20_000
_TITLE_KINDS = {TitleKind.PERSONAL: "个人", TitleKind.COMPANY: "企业"}
_INVOICE_STATES = {
    InvoiceState.REQUESTED: "待开票",
    InvoiceState.ISSUED: "已开票",
    InvoiceState.RED: "需红冲",
    InvoiceState.REVERSED: "已冲销",
}
_PAYABLE = and_(Order.status.not_in(rules.NOT_INVOICED), Order.paid_fen > Order.refunded_fen)
"""`rules.may_invoice`, as the database says it."""


async def fields(tx: Tx) -> list[FormFieldOut]:
    """All questions that are asked, those of every order first."""
    found = await tx.scalars(
        select(FormField)
        .where(FormField.active)
        .order_by(FormField.product_id.nulls_first(), FormField.position, FormField.id)
    )
    rows = found.all()
    names = await catalog.product_names(tx, {row.product_id for row in rows if row.product_id})
    return [_field(row, names.get(row.product_id or 0, "")) for row in rows]


async def fields_asked(tx: Tx, product_ids: Sequence[int]) -> list[FormFieldOut]:
    """The questions asked of an order with these products."""
    found = await tx.scalars(
        select(FormField)
        .where(
            FormField.active,
            or_(FormField.product_id.is_(None), FormField.product_id.in_(product_ids)),
        )
        .order_by(FormField.position, FormField.id)
    )
    return [_field(row, "") for row in found]


async def paperwork(tx: Tx, order_no: str, fan_id: int | None) -> PaperworkOut:
    """Answers and invoice of an order: in clear for its fan, masked for staff (None)."""
    chosen = select(Order).where(Order.order_no == order_no)
    if fan_id is not None:
        chosen = chosen.where(Order.fan_id.in_(await fans.person_ids(tx, fan_id)))
    order = await tx.scalar(chosen)
    if order is None:
        raise OrderMissing
    rows = await tx.scalars(
        select(OrderAnswer).where(OrderAnswer.order_id == order.id).order_by(OrderAnswer.field_id)
    )
    invoice = await tx.scalar(select(Invoice).where(Invoice.order_id == order.id))
    late = order.received_at and tx.now > order.received_at + rules.INVOICE_WITHIN
    open_yet = invoice is None or invoice.state is InvoiceState.REQUESTED
    return PaperworkOut(
        answers=[
            OrderAnswerOut(
                field_id=row.field_id,
                label=row.label,
                kind=row.kind,
                value=row.value if fan_id else rules.masked_answer(row.kind, row.value),
            )
            for row in rows
        ],
        invoice=InvoiceOut(**_invoice(invoice, shown=fan_id is not None)) if invoice else None,
        can_invoice=open_yet
        and not late
        and rules.may_invoice(order.status, order.paid_fen - order.refunded_fen),
    )


async def invoices(
    tx: Tx, *, state: InvoiceState | None, cursor: str | None, limit: int
) -> Page[InvoiceRow]:
    """Invoices of paid orders, newest first. Three statements."""
    chosen = select(Invoice, Order).join(Order, Order.id == Invoice.order_id)
    if state is not None:
        chosen = chosen.where(Invoice.state == state)
    if state is InvoiceState.REQUESTED:
        chosen = chosen.where(_PAYABLE)
    found = (await tx.execute(newest(chosen, Invoice.id, cursor, limit))).all()
    buyers = await fans.brief(tx, [invoice.fan_id for invoice, _ in found])
    rows = [
        InvoiceRow(
            **_invoice(invoice, shown=False),
            id=invoice.id,
            order_no=order.order_no,
            fan=fan_out(buyers, invoice.fan_id),
            payable_fen=_payable(order),
            red_number=invoice.red_number,
        )
        for invoice, order in found
    ]
    return paged(rows, found, limit, lambda one: (one[0].id,))


async def invoice_lines(tx: Tx) -> list[list[object]]:
    """All invoices as lines of a table, newest first, for who writes them."""
    found = await tx.execute(
        select(Invoice, Order)
        .join(Order, Order.id == Invoice.order_id)
        .where(or_(_PAYABLE, Invoice.state != InvoiceState.REQUESTED))
        .order_by(Invoice.id.desc())
        .limit(EXPORTED)
    )
    return [
        [
            order.order_no,
            _TITLE_KINDS[invoice.kind],
            invoice.title,
            invoice.tax_no,
            invoice.email,
            yuan_number(_payable(order)),
            _INVOICE_STATES[invoice.state],
            yuan_number(invoice.amount_fen),
            yuan_number(invoice.red_fen),
            invoice.number,
            invoice.red_number,
            china_time(invoice.requested_at),
        ]
        for invoice, order in found
    ]


def _payable(order: Order) -> int:
    kept_fen = order.paid_fen - order.refunded_fen
    return kept_fen if rules.may_invoice(order.status, kept_fen) else 0


def _field(row: FormField, product_name: str) -> FormFieldOut:
    return FormFieldOut(
        id=row.id,
        product_id=row.product_id,
        product_name=product_name,
        label=row.label,
        kind=row.kind,
        required=row.required,
        options=row.options,
        position=row.position,
    )


def _invoice(row: Invoice, *, shown: bool) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "title": row.title,
        "tax_no": row.tax_no,
        "email": row.email if shown else mask_email(row.email),
        "state": row.state,
        "amount_fen": row.amount_fen,
        "red_fen": row.red_fen,
        "number": row.number,
        "has_file": bool(row.file_key),
        "requested_at": row.requested_at,
        "issued_at": row.issued_at,
    }
