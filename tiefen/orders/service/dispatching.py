"""Many parcels at once from a table, a wrong number put right, the fan who waits, and what 小程序 is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select, text

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.crypto import mask_phone
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal, language
from tiefen.kernel.jobs import later
from tiefen.orders import rules
from tiefen.orders.errors import (
    BadTable,
    DuplicateParcel,
    OrderMissing,
    ParcelMissing,
    UrgedAlready,
)
from tiefen.orders.models import Order, OrderLine, Parcel, ParcelLine, ShippingUpload
from tiefen.orders.schemas import ParcelEdit, ParcelIn, ParcelTableLineOut, ParcelTableOut
from tiefen.orders.service.book import lines_of, locked
from tiefen.orders.service.fulfilling import check_sendable, ship, tell_platform
from tiefen.orders.values import OrderStatus, UploadState
from tiefen.payments import service as payments
from tiefen.payments.values import PaidBy
from tiefen.team import service as team
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import ApiError, Retry
from tiefen.wechat.values import PayClientKind, ShippedItem, ShippingNotice

COLUMNS = ("订单号", "快递公司", "运单号")
MOST_LINES = 500
_URGE = text(
    "UPDATE orders SET urged_at = :now WHERE id = :id"
    " AND (urged_at IS NULL OR urged_at <= :before) RETURNING id"
)
"""The guard: one request a day, however often it is tapped."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    order_no: str
    courier: str
    tracking_no: str


async def ship_table(
    tx: Tx, actor: StaffActor, table: Sequence[Sequence[str]], *, dry: bool
) -> ParcelTableOut:
    """Send everything that is left of each order in a table, a line an order; `dry` only says what
    would be. A line that was entered before is no error, so the same file may come twice.

    Raises BadTable.
    """
    rows = _rows(table)
    done: dict[int, ParcelTableLineOut] = {}
    seen: set[tuple[str, str]] = set()
    for row in sorted(rows, key=lambda one: (one.order_no, one.line)):
        key = (row.order_no, row.tracking_no)
        done[row.line] = await _ship_row(tx, actor, row, dry=dry or key in seen)
        seen.add(key)
    lines = [done[row.line] for row in rows]
    return ParcelTableOut(
        dry=dry,
        good=sum(line.state in ("ready", "shipped") for line in lines),
        already=sum(line.state == "already" for line in lines),
        wrong=sum(line.state == "wrong" for line in lines),
        lines=lines,
    )


async def edit_parcel(
    tx: Tx, actor: StaffActor, order_no: str, parcel_id: int, wanted: ParcelEdit
) -> None:
    """Put a wrong courier or number right. Raises OrderMissing, ParcelMissing, BadTracking,
    DuplicateParcel."""
    order = await locked(tx, order_no)
    parcel = await tx.scalar(
        select(Parcel).where(Parcel.id == parcel_id, Parcel.order_id == order.id)
    )
    if parcel is None:
        raise ParcelMissing
    courier = rules.courier_of(wanted.courier)
    rules.check_tracking(courier, wanted.tracking_no)
    other = await tx.scalar(
        select(Parcel.id).where(
            Parcel.order_id == order.id,
            Parcel.tracking_no == wanted.tracking_no,
            Parcel.id != parcel_id,
        )
    )
    if other is not None:
        raise DuplicateParcel(field="tracking_no", tracking_no=wanted.tracking_no)
    before = {"courier": parcel.courier, "tracking_no": parcel.tracking_no}
    parcel.courier = courier.name if courier else wanted.courier
    parcel.courier_code = courier.code if courier else ""
    parcel.tracking_no = wanted.tracking_no
    after = {"courier": parcel.courier, "tracking_no": parcel.tracking_no}
    if before == after:
        return
    upload = await tx.get(ShippingUpload, order.id)
    if upload is not None:
        upload.told = upload.deposit_told = (
            0  # all of it is told once more, which the platform allows once
        )
    await tell_platform(tx, order)
    await team.record_audit(
        tx, actor, "orders.edit_parcel", f"order:{order_no}", before=before, after=after
    )


async def urge(tx: Tx, fan_id: int, order_no: str) -> None:
    """The fan asks to have the order sent: staff see it first. Raises OrderMissing, IllegalStep,
    NothingTravels, UrgedAlready (once in 24 hours)."""
    order = await locked(tx, order_no, fan_id)
    check_sendable(order)
    before = tx.now - rules.URGE_AGAIN
    asked = await tx.scalar(_URGE, {"id": order.id, "now": tx.now, "before": before})
    if asked is None:
        raise UrgedAlready(retry_after=int(rules.URGE_AGAIN.total_seconds()))
    await tx.refresh(order, ["urged_at"])


async def upload_shipping(db: Db, merchant: str, order_no: str) -> None:
    """Tell 小程序 of the parcels it does not know yet (发货信息录入). Safe to run twice.

    The platform keeps the money of each payment until it knows of the parcels under that payment's
    own number: of a deposit and a balance it is told twice, and what one payment knows is written
    down before the other is told. A refusal that waiting does not heal is kept with the order,
    where staff see it.
    """
    async with db.merchant(merchant) as tx:
        parts = await payments.paid_parts(tx, order_no)
    order_id = newest = 0
    error = ""
    for part in parts:
        deposit = part is not parts[-1]
        async with db.merchant(merchant) as tx:
            found = await _notice(tx, order_no, part, deposit=deposit)
        if found is None:
            continue
        notice, order_id, newest = found
        try:
            await wechat.upload_shipping(db, merchant, notice)
        except ApiError as refused:
            if refused.retry is not Retry.FINAL:
                raise
            error = error or f"{refused.errmsg} ({refused.errcode})"
            continue
        async with db.merchant(merchant) as tx:
            upload = await tx.get_one(ShippingUpload, order_id, with_for_update=True)
            if deposit:
                upload.deposit_told = newest
            else:
                upload.told = newest
    if newest:
        async with db.merchant(merchant) as tx:
            await _ended(tx, order_no, order_id, newest, error)


async def _ended(tx: Tx, order_no: str, order_id: int, newest: int, error: str) -> None:
    """How telling went; another parcel that left meanwhile is told after it."""
    upload = await tx.get_one(ShippingUpload, order_id, with_for_update=True)
    upload.state = UploadState.FAILED if error else UploadState.DONE
    upload.error, upload.updated_at = error, tx.now
    if error:
        return
    last = await tx.scalar(
        select(Parcel.id).where(Parcel.order_id == order_id).order_by(Parcel.id.desc()).limit(1)
    )
    if last is not None and last > newest:
        later(tx, "orders.upload_shipping", order_no=order_no)


def _rows(table: Sequence[Sequence[str]]) -> list[_Row]:
    head = [cell.strip() for cell in table[0]] if table else []
    if any(name not in head for name in COLUMNS) or len(table) > MOST_LINES + 1:
        raise BadTable(field="file", most=MOST_LINES)
    at = [head.index(name) for name in COLUMNS]
    rows = []
    for line, cells in enumerate(table[1:], start=2):
        padded = [*cells, *[""] * len(head)]
        order_no, courier, tracking_no = (padded[place].strip() for place in at)
        if order_no or courier or tracking_no:
            rows.append(_Row(line, order_no, courier, tracking_no.upper()))
    return rows


async def _ship_row(tx: Tx, actor: StaffActor, row: _Row, *, dry: bool) -> ParcelTableLineOut:
    try:
        order = await tx.scalar(select(Order).where(Order.order_no == row.order_no))
        if order is None:
            raise OrderMissing
        known = await tx.scalar(
            select(Parcel.id).where(
                Parcel.order_id == order.id, Parcel.tracking_no == row.tracking_no
            )
        )
        if known is not None:
            return _said(row, "already", "")
        wanted = ParcelIn(courier=row.courier or "?", tracking_no=row.tracking_no or "?", lines=[])
        if dry:
            await _try(tx, order, wanted)
            return _said(row, "ready", "")
        async with tx.begin_nested():
            await ship(tx, actor, row.order_no, wanted)
    except Refusal as refusal:
        return _said(row, "wrong", refusal.message(language.get()))
    except ValueError:
        words = ("快递公司或运单号不对", "courier or tracking number is wrong")
        return _said(row, "wrong", words[language.get() == "en"])
    return _said(row, "shipped", "")


async def _try(tx: Tx, order: Order, wanted: ParcelIn) -> None:
    """Refuse what shipping would refuse, changing nothing."""
    check_sendable(order)
    rules.check_tracking(rules.courier_of(wanted.courier), wanted.tracking_no)
    lines = await lines_of(tx, order)
    if not any(rules.left_to_ship(line.pieces) for line in lines):
        rules.check_shipping(
            {line.id: line.title for line in lines},
            {line.id: line.pieces for line in lines},
            {lines[0].id: 1},
        )


def _said(row: _Row, state: str, message: str) -> ParcelTableLineOut:
    return ParcelTableLineOut.model_validate(
        {
            "line": row.line,
            "order_no": row.order_no,
            "courier": row.courier,
            "tracking_no": row.tracking_no,
            "state": state,
            "message": message,
        }
    )


async def _notice(
    tx: Tx, order_no: str, paid: PaidBy, *, deposit: bool
) -> tuple[ShippingNotice, int, int] | None:
    """What is to be told now under one payment, of which order, up to which parcel."""
    order = await tx.scalar(select(Order).where(Order.order_no == order_no))
    upload = await tx.get(ShippingUpload, order.id) if order else None
    if order is None or upload is None:
        return None
    told = upload.deposit_told if deposit else upload.told
    parcels = (
        await tx.scalars(
            select(Parcel)
            .where(Parcel.order_id == order.id, Parcel.id > told)
            .order_by(Parcel.id)
            .limit(15)
        )
    ).all()
    if paid.client is not PayClientKind.MINI or not parcels:
        return None
    if told and not order.travels:  # what does not travel is told once: it cannot come in parts
        return None
    rows = await tx.execute(
        select(ParcelLine.parcel_id, OrderLine.product_name, ParcelLine.quantity)
        .join(OrderLine, OrderLine.id == ParcelLine.order_line_id)
        .where(ParcelLine.parcel_id.in_([parcel.id for parcel in parcels]))
    )
    words: dict[int, list[str]] = {}
    for parcel_id, name, quantity in rows:
        words.setdefault(parcel_id, []).append(f"{name}*{quantity}")
    phone = mask_phone(order.receiver_value.phone)
    items = tuple(
        ShippedItem(
            parcel.courier_code or "OTHERS",
            parcel.tracking_no,
            "；".join(words.get(parcel.id, ["商品"])),
            phone,
        )
        for parcel in parcels
    )
    complete = order.status not in (OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED)
    notice = ShippingNotice(
        transaction_id=paid.transaction_id,
        openid=paid.openid,
        items=items,
        whole=not order.travels or (complete and len(items) == 1 and told == 0),
        last=complete,
        at=tx.now,
        travels=order.travels,
    )
    return replace(notice), order.id, parcels[-1].id
