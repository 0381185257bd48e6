"""Routes of orders."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AwareDatetime

from tiefen.kernel.auth import FanActor, StaffActor, anyone, fan, staff
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
    TxDep,
)
from tiefen.kernel.idempotency import IdemDep
from tiefen.kernel.routing import Routes
from tiefen.orders import queries, service
from tiefen.orders.errors import KeyMissing
from tiefen.orders.queries import OrderFilter
from tiefen.orders.schemas import (
    AddressIn,
    AddressOut,
    CartAdd,
    CartFill,
    CartFilledOut,
    CartOut,
    CartSet,
    CheckIn,
    ConsoleOrder,
    ConsoleOrderRow,
    DepositBackIn,
    ParcelIn,
    PayIn,
    PaymentStateOut,
    PayOut,
    PaySheetOut,
    PlacedOut,
    PlaceIn,
    PriceIn,
    QuoteOut,
    ReceiverOut,
    RegionOut,
    ReplayOut,
    SearchFillOut,
    ShopOrder,
    ShopOrderRow,
)
from tiefen.orders.values import OrderStatus
from tiefen.payments.values import PaymentState
from tiefen.team.values import Permission
from tiefen.wechat.values import PayClientKind

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
OutwardFan = Annotated[FanActor, Depends(fan(outward=True))]
Reader = Annotated[StaffActor, Depends(staff(Permission.ORDERS_READ))]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
Refunder = Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
AfterSaleNo = Annotated[str, Path(pattern=r"^A[0-9]{19}$")]


# ── cart and addresses ───────────────────────────────────────────────────────────────────────


@router.get("/api/shop/cart", operation_id="getCart")
async def get_cart(tx: TxDep, who: Fan) -> CartOut:
    """The cart with today's prices, stock and limits."""
    return await queries.cart(tx, who.id)


@router.post("/api/shop/cart/items", operation_id="addCartItem", status_code=201)
async def add_cart_item(tx: TxDep, who: Fan, wanted: CartAdd) -> CartOut:
    """Put pieces in the cart."""
    await service.add_to_cart(tx, who.id, wanted.sku_id, wanted.quantity)
    return await queries.cart(tx, who.id)


@router.patch("/api/shop/cart/items/{sku_id}", operation_id="setCartItem")
async def set_cart_item(tx: TxDep, who: Fan, sku_id: IdPath, wanted: CartSet) -> CartOut:
    """Set the pieces of a cart line."""
    await service.set_in_cart(tx, who.id, sku_id, wanted.quantity)
    return await queries.cart(tx, who.id)


@router.delete("/api/shop/cart/items/{sku_id}", operation_id="removeCartItem")
async def remove_cart_item(tx: TxDep, who: Fan, sku_id: IdPath) -> CartOut:
    """Take a line out of the cart."""
    await service.remove_from_cart(tx, who.id, [sku_id])
    return await queries.cart(tx, who.id)


@router.post("/api/shop/cart/merge", operation_id="mergeCart")
async def merge_cart(tx: TxDep, who: Fan, wanted: CartFill) -> CartFilledOut:
    """A visitor's cart joins the fan's; of a line in both the larger number holds."""
    left_out = await service.fill_cart(tx, who.id, service.merged(wanted.lines))
    return await queries.cart_filled(tx, who.id, left_out)


@router.post("/api/shop/cart/mend", operation_id="mendCart")
async def mend_cart(tx: TxDep, who: Fan) -> CartOut:
    """Make every line what can be bought now: fewer pieces, out of the cart, today's price."""
    await service.mend_cart(tx, who.id, await queries.mendable(tx, who.id))
    return await queries.cart(tx, who.id)


@router.post("/api/shop/orders/{order_no}/again", operation_id="buyAgain")
async def buy_again(tx: TxDep, who: Fan, order_no: OrderNo) -> CartFilledOut:
    """Put what was bought with an order back in the cart; says what is not sold any more."""
    left_out = await service.buy_again(tx, who.id, order_no)
    return await queries.cart_filled(tx, who.id, left_out)


@router.get("/api/shop/regions", operation_id="listRegions", dependencies=[Depends(anyone())])
async def list_regions(response: Response) -> list[RegionOut]:
    """Provinces, cities and districts by their standard codes; changes about once a year."""
    response.headers["Cache-Control"] = "public, max-age=86400"
    return service.region_tree()


@router.get("/api/shop/addresses", operation_id="listAddresses")
async def list_addresses(tx: TxDep, who: Fan) -> list[AddressOut]:
    """The fan's addresses, the default first."""
    return await queries.addresses(tx, who.id)


@router.post("/api/shop/addresses", operation_id="createAddress", status_code=201)
async def create_address(tx: TxDep, who: Fan, wanted: AddressIn) -> AddressOut:
    """A new address."""
    return AddressOut.model_validate(await service.add_address(tx, who.id, wanted))


@router.put("/api/shop/addresses/{address_id}", operation_id="saveAddress")
async def save_address(tx: TxDep, who: Fan, address_id: IdPath, wanted: AddressIn) -> AddressOut:
    """Change an address."""
    return AddressOut.model_validate(await service.save_address(tx, who.id, address_id, wanted))


@router.delete("/api/shop/addresses/{address_id}", operation_id="deleteAddress")
async def delete_address(tx: TxDep, who: Fan, address_id: IdPath) -> Ok:
    """Forget an address."""
    await service.delete_address(tx, who.id, address_id)
    return OK


# ── checkout and the fan's orders ────────────────────────────────────────────────────────────


@router.post("/api/shop/checkout/quote", operation_id="quoteCheckout")
async def quote_checkout(tx: TxDep, who: Fan, wanted: CheckIn) -> QuoteOut:
    """What an order would cost, why, and what stands in its way. Nothing is held yet."""
    lines = service.merged(wanted.lines)
    return await queries.checkout(
        tx, who.id, lines, wanted.coupon_id, wanted.address_id, use_points=wanted.use_points
    )


@router.post("/api/shop/orders", operation_id="placeOrder", status_code=201)
async def place_order(
    db: DbDep, merchant: MerchantDep, idem: IdemDep, who: OutwardFan, wanted: PlaceIn
) -> PlacedOut:
    """Place an order at the price of `digest`. The header `Idempotency-Key` is required."""
    if idem.key is None:
        raise KeyMissing(field="Idempotency-Key")
    return await service.checkout(db, merchant, who.id, idem.key, wanted)


@router.get("/api/shop/orders", operation_id="listShopOrders")
async def list_shop_orders(
    tx: TxDep,
    who: Fan,
    status: Annotated[list[OrderStatus], Query(max_length=len(OrderStatus))] = [],  # noqa: B006 — FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ShopOrderRow]:
    """The fan's orders, newest first; `status` may be given more than once."""
    return await queries.shop_orders(tx, who.id, states=status, cursor=cursor, limit=limit)


@router.get("/api/shop/orders/{order_no}", operation_id="getShopOrder")
async def get_shop_order(tx: TxDep, who: Fan, order_no: OrderNo) -> ShopOrder:
    """One of the fan's orders."""
    return await queries.shop_order(tx, who.id, order_no)


@router.post("/api/shop/orders/{order_no}/pay", operation_id="payOrder")
async def pay_order(
    db: DbDep, merchant: MerchantDep, who: OutwardFan, order_no: OrderNo, wanted: PayIn
) -> PayOut:
    """What the face needs to open the pay sheet. Tapping twice is one payment."""
    params = await service.pay(db, merchant, who.id, order_no, PayClientKind(wanted.client))
    return PayOut(
        client=wanted.client,
        expires_at=params.expires_at,
        sheet=PaySheetOut.model_validate(params.sheet) if params.sheet else None,
        code_url=params.code_url,
    )


@router.get("/api/shop/orders/{order_no}/payment", operation_id="getOrderPayment")
async def get_order_payment(
    db: DbDep, merchant: MerchantDep, who: OutwardFan, order_no: OrderNo
) -> PaymentStateOut:
    """Whether the money has come; asks the provider if its notice is late."""
    state = await service.poll(db, merchant, who.id, order_no)
    async with db.merchant(merchant) as tx:
        order = await queries.shop_order(tx, who.id, order_no)
    return PaymentStateOut(paid=state in (None, PaymentState.PAID), order_status=order.status)


@router.post("/api/shop/orders/{order_no}/cancel", operation_id="cancelOrder")
async def cancel_order(tx: TxDep, who: Fan, order_no: OrderNo) -> ShopOrder:
    """Cancel an unpaid order."""
    await service.cancel(tx, who.id, order_no)
    await tx.flush()
    return await queries.shop_order(tx, who.id, order_no)


@router.post("/api/shop/orders/{order_no}/receive", operation_id="receiveOrder")
async def receive_order(tx: TxDep, who: Fan, order_no: OrderNo) -> ShopOrder:
    """Confirm that the goods have come."""
    await service.receive(tx, who.id, order_no)
    await tx.flush()
    return await queries.shop_order(tx, who.id, order_no)


@router.post("/api/shop/orders/{order_no}/extend", operation_id="extendReceipt")
async def extend_receipt(tx: TxDep, who: Fan, order_no: OrderNo) -> ShopOrder:
    """Ask for more time before the order is received by itself; once."""
    await service.extend_receipt(tx, who.id, order_no)
    await tx.flush()
    return await queries.shop_order(tx, who.id, order_no)


# ── console ──────────────────────────────────────────────────────────────────────────────────


@router.get("/api/console/orders", operation_id="listOrders")
async def list_orders(
    tx: TxDep,
    _: Reader,
    status: OrderStatus | None = None,
    fan_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    placed_from: AwareDatetime | None = None,
    placed_until: AwareDatetime | None = None,
    q: Annotated[str, Query(max_length=60)] = "",
    in_after_sale: bool = False,
    waiting_longest: bool = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ConsoleOrderRow]:
    """Orders, newest first. `q`: a number of an order or parcel, a whole phone, a receiver's whole name,
    a fan's name, or words of the goods."""
    wanted = OrderFilter(
        status, fan_id, placed_from, placed_until, q, in_after_sale, waiting_longest
    )
    return await queries.console_orders(tx, wanted, cursor=cursor, limit=limit)


@router.get("/api/console/order-search", operation_id="getOrderSearch")
async def get_order_search(tx: TxDep, _: Reader) -> SearchFillOut:
    """How far orders from before can be found by names."""
    return await queries.search_fill(tx)


@router.get("/api/console/orders/{order_no}", operation_id="getOrder")
async def get_order(tx: TxDep, _: Reader, order_no: OrderNo) -> ConsoleOrder:
    """One order; the receiver is masked."""
    return await queries.console_order(tx, order_no)


@router.post("/api/console/orders/{order_no}/receiver", operation_id="revealReceiver")
async def reveal_receiver(tx: TxDep, who: Shipper, order_no: OrderNo) -> ReceiverOut:
    """Who gets the goods, in clear; the look is noted in the audit log."""
    return queries.receiver(await service.reveal_receiver(tx, who, order_no))


@router.post("/api/console/orders/{order_no}/price", operation_id="changeOrderPrice")
async def change_price(
    db: DbDep,
    merchant: MerchantDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND, outward=True))],
    order_no: OrderNo,
    wanted: PriceIn,
) -> ConsoleOrder:
    """Lower the price of an unpaid order, or take that back; the fan sees it and pays the new one."""
    await service.change_price(db, merchant, who, order_no, wanted)
    async with db.merchant(merchant) as tx:
        return await queries.console_order(tx, order_no)


@router.post("/api/console/orders/{order_no}/deposit/return", operation_id="returnDeposit")
async def return_deposit(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.ORDERS_REFUND))],
    order_no: OrderNo,
    wanted: DepositBackIn,
) -> ConsoleOrder:
    """Give a presale's deposit back before its balance, whatever was agreed; the order closes."""
    await service.return_deposit(tx, who, order_no, wanted.reason)
    await tx.flush()
    return await queries.console_order(tx, order_no)


@router.post("/api/console/orders/{order_no}/parcels", operation_id="shipOrder", status_code=201)
async def ship_order(
    tx: TxDep, idem: IdemDep, who: Shipper, order_no: OrderNo, wanted: ParcelIn
) -> ConsoleOrder:
    """Send a parcel with some pieces, or (without `lines`) all that is left to send."""

    async def send() -> ConsoleOrder:
        await service.ship(tx, who, order_no, wanted)
        await tx.flush()
        return await queries.console_order(tx, order_no)

    return await idem.once(tx, wanted, ConsoleOrder, send)


@router.get("/api/console/promotions/{promotion_id}/replay", operation_id="getPromotionReplay")
async def get_replay(
    tx: TxDep,
    _: Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_READ))],
    promotion_id: PathId,
) -> ReplayOut | None:
    """The newest replay of a promotion; null when there was none."""
    return await queries.replay(tx, promotion_id)


@router.post(
    "/api/console/promotions/{promotion_id}/replay",
    operation_id="startPromotionReplay",
    status_code=201,
)
async def start_replay(
    tx: TxDep,
    who: Annotated[StaffActor, Depends(staff(Permission.PROMOTIONS_WRITE))],
    promotion_id: PathId,
) -> ReplayOut | None:
    """Try the draft on the real orders of the last ninety days; the sums grow as it works."""
    await service.start_replay(tx, who, promotion_id)
    return await queries.replay(tx, promotion_id)
