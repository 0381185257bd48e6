"""Payments, refunds and suspense in the console. Nothing here can say "paid": only WeChat's evidence does."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import OK, Cursor, Limit, Ok, Page, TxDep, decode_cursor, page
from tiefen.payments import queries, service
from tiefen.payments.schemas import (
    BillOut,
    BillPage,
    BreakIn,
    BreakOut,
    PaymentOut,
    RefundOut,
    ResolveIn,
    SuspenseOut,
    SuspensePage,
)
from tiefen.payments.values import BreakKind, PaymentState, RefundState, SuspenseState
from tiefen.team.values import Permission

router = APIRouter(prefix="/api/console", tags=["payments"])
_READ = [Depends(staff(Permission.MONEY_READ))]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
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
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.payments(tx, state=state, order_no=order_no, before=before, limit=limit)
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    return page([PaymentOut.model_validate(line) for line in lines], limit, last)


@router.get("/refunds", operation_id="listRefunds", dependencies=_READ)
async def list_refunds(
    tx: TxDep,
    state: RefundState | None = None,
    order_no: OrderNo = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RefundOut]:
    """Refunds, newest first."""
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.refunds(tx, state=state, order_no=order_no, before=before, limit=limit)
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    return page([RefundOut.model_validate(line) for line in lines], limit, last)


@router.get("/suspense", operation_id="listSuspense", dependencies=_READ)
async def list_suspense(
    tx: TxDep,
    state: SuspenseState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SuspensePage:
    """Money in suspense, newest first, with its reason, owner and age."""
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.suspense(tx, state=state, before=before, limit=limit)
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    found = page([SuspenseOut.model_validate(line) for line in lines], limit, last)
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
    """Take it over, send it back now, or keep it as other income; the reason is kept in the audit log."""
    await service.resolve(tx, who, suspense_id, body.decision, body.reason)
    return OK


@router.get("/bills", operation_id="listBills", dependencies=_READ)
async def list_bills(tx: TxDep, limit: Limit = 50, cursor: Cursor = None) -> BillPage:
    """The daily runs against WeChat's bill, the last fetched first."""
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.bills(tx, before=before, limit=limit)
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    found = page([BillOut.model_validate(line) for line in lines], limit, last)
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
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.breaks(
        tx, closed=closed, kind=kind, bill_id=bill_id, before=before, limit=limit
    )
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    return page([BreakOut.model_validate(line) for line in lines], limit, last)


@router.post("/bill-breaks/{break_id}/decide", operation_id="decideBillBreak")
async def decide_break(
    break_id: PathId,
    body: BreakIn,
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))],
) -> Ok:
    """Take a difference over, or close it with an explanation where nothing of ours is wrong."""
    await service.decide_break(tx, who, break_id, body.decision, body.note)
    return OK
