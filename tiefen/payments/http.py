"""Payments, refunds and suspense in the console. Nothing here can say "paid": only WeChat's evidence does."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import segno
from fastapi import Depends, Path, Query, Response

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import CHINA
from tiefen.kernel.http import OK, Cursor, DbDep, Limit, MerchantDep, Ok, Page, TxDep, paged
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.routing import Routes
from tiefen.ledger.values import By
from tiefen.payments import queries, service
from tiefen.payments.schemas import (
    BillDayIn,
    BillOut,
    BillPage,
    BreakIn,
    BreakNoteOut,
    BreakOut,
    BreakTotalOut,
    BreakTotals,
    CounterCodeOut,
    CounterIn,
    CounterOut,
    CounterPage,
    CounterRefundIn,
    FundBillOut,
    MoveDecideIn,
    MoveIn,
    MoveOut,
    PaymentOut,
    ProofOut,
    RefundOut,
    ResolveIn,
    StatementOut,
    SuspenseOut,
    SuspensePage,
)
from tiefen.payments.values import (
    BreakKind,
    MoveState,
    PaymentState,
    RefundState,
    SuspenseState,
    Wish,
)
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["payments"])
_READ = [Depends(staff(Permission.MONEY_READ))]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Day = Annotated[date, Query(description="a day of the merchant's")]
Mover = Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))]
_FETCH = [Depends(staff(Permission.ORDERS_REFUND, outward=True))]


class PaperForm(StrEnum):
    """What kind of file a statement is."""

    PDF = "pdf"
    XLSX = "xlsx"


PAPERS = {
    PaperForm.PDF: "application/pdf",
    PaperForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
OrderNo = Annotated[str | None, Query(max_length=40)]


@router.get("/payments", operation_id="listPayments", dependencies=_READ)
async def list_payments(
    tx: TxDep,
    state: PaymentState | None = None,
    order_no: OrderNo = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PaymentOut]:
    """Payments, newest first."""
    lines = await queries.payments(tx, state=state, order_no=order_no, cursor=cursor, limit=limit)
    return paged([PaymentOut.model_validate(line) for line in lines], lines, limit)


@router.get("/refunds", operation_id="listRefunds", dependencies=_READ)
async def list_refunds(
    tx: TxDep,
    state: RefundState | None = None,
    order_no: OrderNo = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RefundOut]:
    """Refunds, newest first."""
    lines = await queries.refunds(tx, state=state, order_no=order_no, cursor=cursor, limit=limit)
    return paged([RefundOut.model_validate(line) for line in lines], lines, limit)


@router.get("/suspense", operation_id="listSuspense", dependencies=_READ)
async def list_suspense(
    tx: TxDep,
    state: SuspenseState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuspensePage:
    """Money in suspense, newest first, with its reason, owner and age."""
    lines = await queries.suspense(tx, state=state, cursor=cursor, limit=limit)
    found = paged([SuspenseOut.model_validate(line) for line in lines], lines, limit)
    total = await queries.suspense_total(tx)
    return SuspensePage(
        items=found.items,
        next=found.next,
        undecided_count=total.count,
        undecided_fen=total.amount_fen,
        oldest_at=total.oldest_at,
    )


@router.post("/suspense/{suspense_id}/resolve", operation_id="resolveSuspense")
async def resolve_suspense(
    suspense_id: PathId,
    body: ResolveIn,
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))],
) -> Ok:
    """Take it over, or ask for it to be sent back or kept as other income: that waits for a second person."""
    await service.resolve(tx, who, suspense_id, body.decision, body.reason)
    return OK


@router.get("/bills", operation_id="listBills", dependencies=_READ)
async def list_bills(tx: TxDep, limit: Limit = 50, cursor: Cursor = None) -> BillPage:
    """The daily runs against WeChat's bill, the last fetched first."""
    lines = await queries.bills(tx, cursor=cursor, limit=limit)
    found = paged([BillOut.model_validate(line) for line in lines], lines, limit)
    total = await queries.bill_total(tx)
    return BillPage(
        items=found.items,
        next=found.next,
        paid_fen=total.paid_fen,
        refunded_fen=total.refunded_fen,
        fee_fen=total.fee_fen,
        open_breaks=total.open_breaks,
        oldest_break_at=total.oldest_break_at,
    )


@router.post("/bills", operation_id="fetchBill", dependencies=_FETCH)
async def fetch_bill(body: BillDayIn, db: DbDep, merchant: MerchantDep) -> Ok:
    """Fetch one day's bills now, of trade and of funds, and compare them: for a day the daily run has missed.

    A day that was fetched before stays as it is.
    """
    await service.fetch_bill(db, merchant, body.day)
    await service.fetch_fund_bill(db, merchant, body.day)
    return OK


@router.get("/fund-bills", operation_id="listFundBills", dependencies=_READ)
async def list_fund_bills(tx: TxDep, limit: Limit = 30, cursor: Cursor = None) -> Page[FundBillOut]:
    """The daily runs against WeChat's fund bill, the last fetched first, with what moved by class."""
    lines = await queries.fund_bills(tx, cursor=cursor, limit=limit)
    return paged([FundBillOut.model_validate(line) for line in lines], lines, limit)


@router.get("/bill-breaks", operation_id="listBillBreaks", dependencies=_READ)
async def list_breaks(
    tx: TxDep,
    closed: bool | None = None,
    kind: BreakKind | None = None,
    bill_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BreakOut]:
    """Where bills and our books differ, newest first, with both amounts, owner and age."""
    lines = await queries.breaks(
        tx, closed=closed, kind=kind, bill_id=bill_id, cursor=cursor, limit=limit
    )
    return paged([BreakOut.model_validate(line) for line in lines], lines, limit)


@router.post("/bill-breaks/{break_id}/decide", operation_id="decideBillBreak")
async def decide_break(
    break_id: PathId,
    body: BreakIn,
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))],
) -> Ok:
    """Take a difference over, or close it with an explanation where nothing of ours is wrong."""
    await service.decide_break(tx, who, break_id, body.decision, body.note, body.owner_id)
    return OK


@router.get("/bill-breaks/totals", operation_id="countBillBreaks", dependencies=_READ)
async def count_breaks(tx: TxDep) -> BreakTotals:
    """The open differences by kind: how many, how old, how much, how many nobody looks after."""
    found = await queries.break_totals(tx)
    return BreakTotals(items=[BreakTotalOut.model_validate(one) for one in found])


@router.get("/bill-breaks/{break_id}/notes", operation_id="listBillBreakNotes", dependencies=_READ)
async def list_break_notes(break_id: PathId, tx: TxDep) -> list[BreakNoteOut]:
    """What was done and written about a difference, oldest first."""
    return [BreakNoteOut.model_validate(one) for one in await queries.break_notes(tx, break_id)]


@router.get("/bills/{bill_id}/proof", operation_id="proveBill", dependencies=_READ)
async def prove_bill(bill_id: PathId, tx: TxDep) -> ProofOut:
    """Count every line of a bill against the books again, now."""
    return ProofOut.model_validate(await queries.proof(tx, bill_id))


@router.get("/money-moves", operation_id="listMoneyMoves", dependencies=_READ)
async def list_moves(
    tx: TxDep,
    state: MoveState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MoveOut]:
    """Moves of money by hand, newest first: who asked, who decided, why."""
    lines = await queries.moves(tx, state=state, cursor=cursor, limit=limit)
    return paged([MoveOut.model_validate(line) for line in lines], lines, limit)


@router.post("/money-moves", operation_id="askMoneyMove")
async def ask_move(body: MoveIn, tx: TxDep, who: Mover) -> Ok:
    """Ask for a move; nothing moves until a second person has approved it."""
    await service.ask_move(tx, who, Wish(**body.model_dump()))
    return OK


@router.post("/money-moves/{move_id}/decide", operation_id="decideMoneyMove")
async def decide_move(move_id: PathId, body: MoveDecideIn, tx: TxDep, who: Mover) -> Ok:
    """Approve or refuse what a colleague asked for, or take back one's own."""
    await service.decide_move(tx, who, move_id, body.decision, body.answer)
    return OK


@router.get("/money-statement", operation_id="readMoneyStatement", dependencies=_READ)
async def read_statement(tx: TxDep, first: Day, last: Day, by: By = By.DAY) -> StatementOut:
    """What WeChat held, what came, what went, by day or month; every figure is the ledger's own."""
    return StatementOut.model_validate(await service.statement(tx, first, last, by))


@router.get(
    "/money-statement/file",
    operation_id="exportMoneyStatement",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in PAPERS.values()}}},
)
async def export_statement(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.MONEY_READ))],
    first: Day,
    last: Day,
    by: By = By.DAY,
    form: PaperForm = PaperForm.PDF,
) -> Response:
    """The statement as PDF or XLSX; the audit log keeps who took it."""
    made = await service.statement_file(tx, who, first, last, by, pdf=form is PaperForm.PDF)
    name = f"statement-{first}-{last}.{form.value}"
    return Response(
        made,
        media_type=PAPERS[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# ── the counter ──────────────────────────────────────────────────────────────────────────────

_COUNTER = "/counter-charges"
Number = Annotated[str, Path(pattern=r"^C[0-9]{19}$")]
Cashier = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
_CASHIER_OUT = [Depends(staff(Permission.ORDERS_SHIP, outward=True))]


@router.get(_COUNTER, operation_id="listCounterCharges")
async def list_counter(
    tx: TxDep, _: Cashier, day: date | None = None, limit: Limit = 50, cursor: Cursor = None
) -> CounterPage:
    """What was collected at the counter on a day (today by default), newest first, with its sums."""
    chosen = day or tx.now.astimezone(CHINA).date()
    lines = await queries.counter_lines(tx, day=chosen, cursor=cursor, limit=limit)
    found = paged([CounterOut.model_validate(line) for line in lines], lines, limit)
    total = await queries.counter_total(tx, chosen)
    return CounterPage(
        items=found.items,
        next=found.next,
        day=chosen,
        paid_count=total.count,
        paid_fen=total.paid_fen,
        refunded_fen=total.refunded_fen,
    )


@router.post(_COUNTER, operation_id="openCounterCharge", status_code=201)
async def open_counter(tx: TxDep, idem: IdemDep, who: Cashier, wanted: CounterIn) -> CounterOut:
    """Ask whoever stands at the counter for an amount; its code comes by the next call."""

    async def ask() -> CounterOut:
        number = await service.open_counter(tx, who, wanted.amount_fen, wanted.note)
        return CounterOut.model_validate(await queries.counter_line(tx, number))

    return await idem.once(tx, wanted, CounterOut, ask)


@router.post(_COUNTER + "/{number}/code", operation_id="showCounterCode", dependencies=_CASHIER_OUT)
async def show_counter(db: DbDep, merchant: MerchantDep, number: Number) -> CounterCodeOut:
    """The code to scan; asked for again it is the same one. Anybody may scan and pay."""
    code = await service.show_counter(db, merchant, number)
    picture = segno.make(code.url, error="m").svg_data_uri(scale=8, border=2)
    return CounterCodeOut(picture=picture, expires_at=code.expires_at)


@router.get(
    _COUNTER + "/{number}/payment", operation_id="getCounterCharge", dependencies=_CASHIER_OUT
)
async def read_counter(db: DbDep, merchant: MerchantDep, number: Number) -> CounterOut:
    """Where it stands; asks the provider if its notice is late."""
    await service.poll_counter(db, merchant, number)
    async with db.merchant(merchant) as tx:
        return CounterOut.model_validate(await queries.counter_line(tx, number))


@router.post(_COUNTER + "/{number}/close", operation_id="closeCounterCharge")
async def close_counter(tx: TxDep, who: Cashier, number: Number) -> CounterOut:
    """Take an unpaid amount back; money that still comes goes back by itself."""
    await service.close_counter(tx, who, number)
    await tx.flush()
    return CounterOut.model_validate(await queries.counter_line(tx, number))


@router.post(_COUNTER + "/{number}/refunds", operation_id="refundCounterCharge", status_code=201)
async def refund_counter(
    tx: TxDep, idem: IdemDep, who: Mover, number: Number, wanted: CounterRefundIn
) -> CounterOut:
    """Send money back to whoever paid, all or part; the audit log keeps who and why."""

    async def send() -> CounterOut:
        await service.refund_counter(tx, who, number, wanted.amount_fen, wanted.reason)
        await tx.flush()
        return CounterOut.model_validate(await queries.counter_line(tx, number))

    return await idem.once(tx, wanted, CounterOut, send)
