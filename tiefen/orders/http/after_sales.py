"""Routes of after-sales, for both sides."""

from typing import Annotated

from fastapi import Depends, Path, Query, UploadFile
from pydantic import Field

from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, MerchantDep, Page, StorageDep, TxDep
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.limits import Limit as Often
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.schemas import (
    AfterSaleIn,
    AfterSaleOut,
    AfterSalePreview,
    ApproveIn,
    CompensateIn,
    ConsoleAfterSale,
    ConsoleAfterSaleDetail,
    InspectIn,
    MessageIn,
    PictureOut,
    PolicyIn,
    PolicyOut,
    RefundLinesIn,
    RefundPlanOut,
    RejectIn,
    SentBackIn,
    ShopAfterSaleDetail,
    plan_out,
)
from tiefen.orders.values import AfterSaleKind, AfterSalePolicy, AfterSaleStatus
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
OutwardFan = Annotated[FanActor, Depends(fan(outward=True))]
Reader = Annotated[StaffActor, Depends(staff(Permission.ORDERS_READ))]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
Refunder = Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
AfterSaleNo = Annotated[str, Path(pattern=r"^A[0-9]{19}$")]
PICTURES = Often(60, 3_600)
"""Pictures one fan may send in an hour."""


# ── the fan's ────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/api/shop/orders/{order_no}/after-sales/preview", operation_id="previewAfterSaleRequest"
)
async def preview_request(
    tx: TxDep, who: Fan, order_no: OrderNo, wanted: RefundLinesIn
) -> RefundPlanOut:
    """What a request would bring back. Nothing is held yet."""
    return plan_out(await service.plan_after_sale(tx, who.id, order_no, wanted))


@router.post(
    "/api/shop/orders/{order_no}/after-sales",
    operation_id="requestAfterSale",
    status_code=201,
)
async def request_after_sale(
    tx: TxDep, idem: IdemDep, who: Fan, order_no: OrderNo, wanted: AfterSaleIn
) -> ShopAfterSaleDetail:
    """Ask for money back, for some pieces or (without `lines`) all that is left."""

    async def ask() -> ShopAfterSaleDetail:
        made = await service.request_after_sale(tx, who.id, order_no, wanted)
        await tx.flush()
        return await queries.shop_after_sale(tx, who.id, made.after_sale_no)

    return await idem.once(tx, wanted, ShopAfterSaleDetail, ask)


@router.get("/api/shop/after-sales", operation_id="listShopAfterSales")
async def list_shop_after_sales(
    tx: TxDep, who: Fan, cursor: Cursor = None, limit: Limit = 20
) -> Page[AfterSaleOut]:
    """The fan's after-sales, newest first."""
    return await queries.shop_after_sales(tx, who.id, cursor=cursor, limit=limit)


@router.get("/api/shop/after-sales/{after_sale_no}", operation_id="getShopAfterSale")
async def get_shop_after_sale(
    tx: TxDep, who: Fan, after_sale_no: AfterSaleNo
) -> ShopAfterSaleDetail:
    """One of the fan's after-sales."""
    return await queries.shop_after_sale(tx, who.id, after_sale_no)


@router.post("/api/shop/after-sales/{after_sale_no}/withdraw", operation_id="withdrawAfterSale")
async def withdraw_after_sale(
    tx: TxDep, who: Fan, after_sale_no: AfterSaleNo
) -> ShopAfterSaleDetail:
    """Take a request back."""
    await service.withdraw(tx, who.id, after_sale_no)
    await tx.flush()
    return await queries.shop_after_sale(tx, who.id, after_sale_no)


@router.post("/api/shop/after-sales/{after_sale_no}/parcel", operation_id="sendBackAfterSale")
async def send_back(
    tx: TxDep, who: Fan, after_sale_no: AfterSaleNo, wanted: SentBackIn
) -> ShopAfterSaleDetail:
    """The goods are on their way back; sending the number again corrects it."""
    await service.send_back(tx, who.id, after_sale_no, wanted)
    await tx.flush()
    return await queries.shop_after_sale(tx, who.id, after_sale_no)


@router.post("/api/shop/after-sales/{after_sale_no}/messages", operation_id="tellMerchant")
async def tell_merchant(
    tx: TxDep, who: Fan, after_sale_no: AfterSaleNo, wanted: MessageIn
) -> ShopAfterSaleDetail:
    """Add words or pictures."""
    await service.tell_merchant(tx, who.id, after_sale_no, wanted)
    await tx.flush()
    return await queries.shop_after_sale(tx, who.id, after_sale_no)


@router.post(
    "/api/shop/after-sale-pictures", operation_id="uploadAfterSalePicture", status_code=201
)
async def upload_picture(
    storage: StorageDep, merchant: MerchantDep, who: OutwardFan, file: UploadFile
) -> PictureOut:
    """Store a fan's picture: decoded and encoded anew. No transaction is held meanwhile."""
    PICTURES.take(f"{merchant}|{who.id}")
    stored = await storage.put_picture(merchant, await file.read())
    return PictureOut(key=stored.key, url=queries.picture_url(stored.key))


# ── console ──────────────────────────────────────────────────────────────────────────────────


@router.get("/api/console/after-sales", operation_id="listAfterSales")
async def list_after_sales(
    tx: TxDep,
    _: Reader,
    status: AfterSaleStatus | None = None,
    kind: AfterSaleKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ConsoleAfterSale]:
    """After-sales, newest first."""
    return await queries.after_sales(tx, status=status, kind=kind, cursor=cursor, limit=limit)


@router.get("/api/console/after-sales/{after_sale_no}", operation_id="getAfterSale")
async def get_after_sale(
    tx: TxDep, _: Reader, after_sale_no: AfterSaleNo
) -> ConsoleAfterSaleDetail:
    """One after-sale."""
    return await queries.console_after_sale(tx, after_sale_no)


@router.get("/api/console/after-sales/{after_sale_no}/preview", operation_id="previewAfterSale")
async def preview_after_sale(
    tx: TxDep,
    _: Reader,
    after_sale_no: AfterSaleNo,
    refund_freight: bool | None = None,
    sellable: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9]{1,18}:[0-9]{1,4}$")]], Query(max_length=100)
    ] = [],  # noqa: B006 — FastAPI copies it
) -> AfterSalePreview:
    """What going on with these choices would do; `sellable` is `line:pieces`. Nothing is changed."""
    pieces = {int(line): int(count) for line, count in (one.split(":") for one in sellable)}
    return await service.preview(
        tx, after_sale_no, refund_freight=refund_freight, sellable=pieces or None
    )


@router.post("/api/console/after-sales/{after_sale_no}/approve", operation_id="approveAfterSale")
async def approve_after_sale(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo, wanted: ApproveIn
) -> ConsoleAfterSaleDetail:
    """Say yes; approving twice is one refund."""
    await service.approve(tx, who, after_sale_no, wanted)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/reject", operation_id="rejectAfterSale")
async def reject_after_sale(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo, wanted: RejectIn
) -> ConsoleAfterSaleDetail:
    """Say no, with words for the fan."""
    await service.reject(tx, who, after_sale_no, wanted.answer)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/retry", operation_id="retryRefund")
async def retry_refund(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo
) -> ConsoleAfterSaleDetail:
    """Ask the provider again for a refund it could not pay out."""
    await service.retry_refund(tx, who, after_sale_no)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/inspect", operation_id="inspectAfterSale")
async def inspect_after_sale(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo, wanted: InspectIn
) -> ConsoleAfterSaleDetail:
    """Say what came back; the money goes, or others are sent."""
    await service.inspect(tx, who, after_sale_no, wanted)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/resend", operation_id="resendAfterSale")
async def resend_after_sale(
    tx: TxDep, who: Shipper, after_sale_no: AfterSaleNo, wanted: SentBackIn
) -> ConsoleAfterSaleDetail:
    """The replacement is on its way."""
    await service.resend(tx, who, after_sale_no, wanted)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/pay-instead", operation_id="payInstead")
async def pay_instead(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo, wanted: RejectIn
) -> ConsoleAfterSaleDetail:
    """Nothing can be sent: give the money back instead, with words for the fan."""
    await service.pay_instead(tx, who, after_sale_no, wanted.answer)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post("/api/console/after-sales/{after_sale_no}/messages", operation_id="tellFan")
async def tell_fan(
    tx: TxDep, who: Refunder, after_sale_no: AfterSaleNo, wanted: MessageIn
) -> ConsoleAfterSaleDetail:
    """Add words or pictures; the fan sees them."""
    await service.tell_fan(tx, who, after_sale_no, wanted)
    await tx.flush()
    return await queries.console_after_sale(tx, after_sale_no)


@router.post(
    "/api/console/after-sale-pictures",
    operation_id="uploadStaffPicture",
    status_code=201,
    dependencies=[Depends(staff(Permission.ORDERS_REFUND, outward=True))],
)
async def upload_staff_picture(
    storage: StorageDep, merchant: MerchantDep, file: UploadFile
) -> PictureOut:
    """Store a picture of the merchant's side."""
    stored = await storage.put_picture(merchant, await file.read())
    return PictureOut(key=stored.key, url=queries.picture_url(stored.key))


@router.post(
    "/api/console/orders/{order_no}/compensation",
    operation_id="compensateOrder",
    status_code=201,
)
async def compensate_order(
    tx: TxDep, idem: IdemDep, who: Refunder, order_no: OrderNo, wanted: CompensateIn
) -> ConsoleAfterSaleDetail:
    """Pay the fan something without goods coming back; above the limit another one approves it."""

    async def pay() -> ConsoleAfterSaleDetail:
        made = await service.compensate(tx, who, order_no, wanted)
        await tx.flush()
        return await queries.console_after_sale(tx, made.after_sale_no)

    return await idem.once(tx, wanted, ConsoleAfterSaleDetail, pay)


@router.get("/api/console/after-sale-policy", operation_id="getAfterSalePolicy")
async def get_policy(tx: TxDep, _: Reader) -> PolicyOut:
    """How after-sales are handled."""
    return await queries.policy(tx)


@router.put("/api/console/after-sale-policy", operation_id="saveAfterSalePolicy")
async def save_policy(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE))],
    wanted: PolicyIn,
) -> PolicyOut:
    """Change how after-sales are handled; running deadlines stay."""
    saved = await service.save_policy(tx, who, AfterSalePolicy(**wanted.model_dump()))
    return PolicyOut.model_validate(saved)
