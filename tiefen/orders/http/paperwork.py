"""Routes of the merchant's own questions at checkout, and of invoices."""

import asyncio
from typing import Annotated

from fastapi import Depends, Form, Path, Response, UploadFile

from tiefen.kernel import sheets
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import (
    OK,
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Ok,
    Page,
    PathId,
    StorageDep,
    TxDep,
)
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.errors import NotAnInvoice
from tiefen.orders.schemas import (
    FieldsAsk,
    FormFieldIn,
    FormFieldOut,
    InvoiceIn,
    InvoiceRow,
    IssueIn,
    OrderAnswerOut,
    PaperworkOut,
)
from tiefen.orders.values import InvoiceState
from tiefen.team import service as team
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
Reader = Annotated[StaffActor, Depends(staff(Permission.ORDERS_READ))]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
Writer = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE))]
Cashier = Annotated[StaffActor, Depends(staff(Permission.MONEY_READ))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
MAX_PDF = 5_000_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADING = (
    "订单号", "类型", "抬头", "税号", "邮箱", "应开金额", "状态", "已开金额", "需红冲", "发票号码",
    "红字发票号码", "申请时间",
)  # fmt: skip
_PDF = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'"}


@router.get("/api/console/form-fields", operation_id="listFormFields")
async def list_fields(tx: TxDep, _: Reader) -> list[FormFieldOut]:
    """What is asked at checkout."""
    return await queries.fields(tx)


@router.post("/api/console/form-fields", operation_id="createFormField", status_code=201)
async def create_field(tx: TxDep, who: Writer, wanted: FormFieldIn) -> list[FormFieldOut]:
    """Ask something more."""
    await service.save_field(tx, who, None, wanted)
    return await queries.fields(tx)


@router.put("/api/console/form-fields/{field_id}", operation_id="saveFormField")
async def save_field(
    tx: TxDep, who: Writer, field_id: PathId, wanted: FormFieldIn
) -> list[FormFieldOut]:
    """Change a question; orders keep what was asked then."""
    await service.save_field(tx, who, field_id, wanted)
    return await queries.fields(tx)


@router.delete("/api/console/form-fields/{field_id}", operation_id="dropFormField")
async def drop_field(tx: TxDep, who: Writer, field_id: PathId) -> list[FormFieldOut]:
    """Ask no more."""
    await service.drop_field(tx, who, field_id)
    return await queries.fields(tx)


@router.post("/api/shop/checkout/fields", operation_id="listCheckoutFields")
async def checkout_fields(tx: TxDep, _: Fan, wanted: FieldsAsk) -> list[FormFieldOut]:
    """What the merchant asks of an order with these products."""
    return await queries.fields_asked(tx, wanted.product_ids)


@router.get("/api/shop/orders/{order_no}/paperwork", operation_id="getPaperwork")
async def shop_paperwork(tx: TxDep, who: Fan, order_no: OrderNo) -> PaperworkOut:
    """What the fan answered, and the invoice of the order."""
    return await queries.paperwork(tx, order_no, who.id)


@router.put("/api/shop/orders/{order_no}/invoice", operation_id="requestInvoice")
async def request_invoice(
    tx: TxDep, who: Fan, order_no: OrderNo, wanted: InvoiceIn
) -> PaperworkOut:
    """Ask for the invoice, or correct what was asked while it is not written yet."""
    await service.request_invoice(tx, who.id, order_no, wanted)
    return await queries.paperwork(tx, order_no, who.id)


@router.get(
    "/api/shop/orders/{order_no}/invoice-file",
    operation_id="getInvoiceFile",
    response_class=Response,
)
async def shop_invoice_file(
    db: DbDep,
    merchant: MerchantDep,
    storage: StorageDep,
    who: Annotated[FanActor, Depends(fan(outward=True))],
    order_no: OrderNo,
) -> Response:
    """The invoice as the merchant uploaded it."""
    async with db.merchant(merchant) as tx:
        key = await service.invoice_file(tx, order_no, who.id)
    return Response(await storage.get(key), media_type="application/pdf", headers=_PDF)


@router.get("/api/console/orders/{order_no}/paperwork", operation_id="getOrderPaperwork")
async def console_paperwork(tx: TxDep, _: Reader, order_no: OrderNo) -> PaperworkOut:
    """Answers and invoice of an order; what is personal is masked."""
    return await queries.paperwork(tx, order_no, None)


@router.post("/api/console/orders/{order_no}/answers", operation_id="revealAnswers")
async def reveal_answers(tx: TxDep, who: Shipper, order_no: OrderNo) -> list[OrderAnswerOut]:
    """The answers in clear; the look is noted in the audit log."""
    found = await service.reveal_answers(tx, who, order_no)
    return [OrderAnswerOut.model_validate(one) for one in found]


@router.get("/api/console/invoices", operation_id="listInvoices")
async def list_invoices(
    tx: TxDep,
    _: Cashier,
    state: InvoiceState | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[InvoiceRow]:
    """Invoices that are wanted, written, or to be taken back; newest first."""
    return await queries.invoices(tx, state=state, cursor=cursor, limit=limit)


@router.get("/api/console/invoices-export", operation_id="exportInvoices", response_class=Response)
async def export_invoices(
    tx: TxDep, who: Annotated[StaffActor, Depends(staff(Permission.MONEY_READ))]
) -> Response:
    """All invoices as a table, titles and e-mails in clear; who took it is audited."""
    await team.record_audit(tx, who, "orders.export_invoices", "invoices")
    lines = await queries.invoice_lines(tx)
    raw = await asyncio.to_thread(sheets.write_xlsx, "发票", [list(_HEADING), *lines])
    return Response(
        raw,
        media_type=_XLSX,
        headers={"Content-Disposition": 'attachment; filename="invoices.xlsx"'},
    )


@router.post("/api/console/invoices/{invoice_id}/issue", operation_id="issueInvoice")
async def issue_invoice(
    db: DbDep,
    merchant: MerchantDep,
    storage: StorageDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND, outward=True))],
    invoice_id: PathId,
    number: Annotated[str, Form(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z-]+$")],
    file: UploadFile | None = None,
) -> Ok:
    """Note the invoice that was written, with its PDF if there is one."""
    key = ""
    if file is not None:
        raw = await file.read()
        if not raw.startswith(b"%PDF-") or len(raw) > MAX_PDF:
            raise NotAnInvoice(field="file")
        key = await storage.put(merchant, raw, suffix="pdf")
    async with db.merchant(merchant) as tx:
        await service.issue_invoice(tx, who, invoice_id, number, key)
    return OK


@router.post("/api/console/invoices/{invoice_id}/reverse", operation_id="reverseInvoice")
async def reverse_invoice(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))],
    invoice_id: PathId,
    wanted: IssueIn,
) -> Ok:
    """Note the red-letter invoice that was written for what went back."""
    await service.take_back_invoice(tx, who, invoice_id, wanted.number)
    return OK
