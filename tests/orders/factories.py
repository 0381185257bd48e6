"""Fans who buy, through the rooms' own verbs."""

from itertools import count
from typing import Any

from tests.catalog.factories import STAFF
from tests.payments.factories import APP_ID, FakeWeChat, evidence
from tiefen.fans import service as fans
from tiefen.kernel.db import Db, Tx
from tiefen.orders import queries, service
from tiefen.orders.schemas import (
    AddressIn,
    AfterSaleIn,
    AfterSaleOut,
    AfterSalePieceIn,
    ApproveIn,
    ConsoleAfterSaleDetail,
    ConsoleOrder,
    InspectedIn,
    InspectIn,
    LineIn,
    ParcelIn,
    PieceIn,
    PlacedOut,
    PlaceIn,
    SentBackIn,
)
from tiefen.orders.schemas.after_sales import AskedKind
from tiefen.orders.values import AfterSaleKind, AfterSaleReason
from tiefen.payments import service as payments
from tiefen.promotion.values import FreightPlan, FreightUnit, Zone
from tiefen.wechat.values import PayClientKind

HOME = AddressIn(
    name="林小满", phone="13800001234", region_code="330106", detail="文三路 100 号 3 幢 501"
)
_numbers = count(1)


def flat_freight(fee_fen: int, free_from_fen: int | None) -> FreightPlan:
    """The default template with one fee for everything and everywhere."""
    return FreightPlan(1, "", FreightUnit.PIECE, Zone((), 1, fee_fen, free_from_fen=free_from_fen))


async def fan(tx: Tx) -> int:
    """A follower."""
    openid = f"o-buyer-{next(_numbers)}"
    return await fans.follow(tx, app_id=APP_ID, openid=openid, scene=None, at=tx.now)


async def form(tx: Tx, fan_id: int, *lines: tuple[int, int], note: str = "") -> PlaceIn:
    """An order form for these SKUs at today's price, to the fan's address."""
    known = await queries.addresses(tx, fan_id)
    address_id = known[0].id if known else (await service.add_address(tx, fan_id, HOME)).id
    quote = await queries.checkout(tx, fan_id, sorted(lines))
    return PlaceIn(
        lines=[LineIn(sku_id=sku_id, quantity=quantity) for sku_id, quantity in lines],
        address_id=address_id,
        digest=quote.digest,
        coupon_id=quote.coupon_id,
        note=note,
        answers=[],
    )


async def place(tx: Tx, fan_id: int, *lines: tuple[int, int], key: str = "") -> PlacedOut:
    """An order at today's price."""
    wanted = await form(tx, fan_id, *lines)
    return await service.place(tx, fan_id, key or f"key-{next(_numbers):06d}", wanted)


async def placed(db: Db, *lines: tuple[int, int], fan_id: int = 0) -> tuple[int, str]:
    """A committed unpaid order: (fan, order number)."""
    async with db.merchant("demo") as tx:
        buyer = fan_id or await fan(tx)
        return buyer, (await place(tx, buyer, *lines)).order_no


async def money(db: Db, wechat: FakeWeChat, fan_id: int, order_no: str) -> Any:
    """The fan pays in the pay sheet; nobody is told yet. WeChat's record of it."""
    params = await service.pay(db, "demo", fan_id, order_no, PayClientKind.JSAPI)
    return wechat.pay(params.out_trade_no)


async def tell(db: Db, transaction: Any) -> str:
    """The notice of a payment is settled; hearers run when drained."""
    async with db.merchant("demo") as tx:
        return (await payments.settle(tx, evidence(transaction))).value


async def paid(
    db: Db, wechat: FakeWeChat, drain: Any, *lines: tuple[int, int], fan_id: int = 0
) -> tuple[int, str]:
    """A paid order: (fan, order number)."""
    buyer, order_no = await placed(db, *lines, fan_id=fan_id)
    await tell(db, await money(db, wechat, buyer, order_no))
    await drain()
    return buyer, order_no


async def order(db: Db, order_no: str) -> ConsoleOrder:
    """The order as the console sees it."""
    async with db.merchant("demo") as tx:
        return await queries.console_order(tx, order_no)


async def ship(db: Db, order_no: str, *pieces: tuple[int, int]) -> None:
    """A parcel with (line, pieces), or with everything left."""
    wanted = ParcelIn(
        courier="顺丰",
        tracking_no=f"SF{next(_numbers):010d}",
        lines=[PieceIn(line_id=line_id, quantity=quantity) for line_id, quantity in pieces],
    )
    async with db.merchant("demo") as tx:
        await service.ship(tx, STAFF, order_no, wanted)


async def ask(
    db: Db,
    fan_id: int,
    order_no: str,
    *pieces: tuple[int, int],
    kind: AskedKind = AfterSaleKind.REFUND,
    reason: AfterSaleReason = AfterSaleReason.CHANGED_MIND,
    amounts: dict[int, int] | None = None,
) -> AfterSaleOut:
    """A request for (line, pieces) or everything left; `amounts`: line → fen, if not all of it."""
    wanted = AfterSaleIn(
        kind=kind,
        reason=reason,
        pictures=[],
        lines=[
            AfterSalePieceIn(
                line_id=line_id, quantity=quantity, amount_fen=(amounts or {}).get(line_id)
            )
            for line_id, quantity in pieces
        ],
    )
    async with db.merchant("demo") as tx:
        made = await service.request_after_sale(tx, fan_id, order_no, wanted)
        await tx.flush()
        return await queries.shop_after_sale(tx, fan_id, made.after_sale_no)


async def approve(db: Db, after_sale_no: str, **choices: Any) -> None:
    """The merchant says yes."""
    async with db.merchant("demo") as tx:
        await service.approve(tx, STAFF, after_sale_no, ApproveIn(**choices))


async def back(db: Db, fan_id: int, after_sale_no: str) -> None:
    """The fan sends the goods back."""
    parcel = SentBackIn(courier="中通", tracking_no=f"ZT{next(_numbers):010d}")
    async with db.merchant("demo") as tx:
        await service.send_back(tx, fan_id, after_sale_no, parcel)


async def inspect(
    db: Db,
    after_sale_no: str,
    found: tuple[int, int, int] | None = None,
    amount_fen: int | None = None,
) -> None:
    """What came back of the first line: sellable, damaged, missing; nothing said: all is well."""
    async with db.merchant("demo") as tx:
        seen = await queries.console_after_sale(tx, after_sale_no)
        lines = []
        if found is not None or amount_fen is not None:
            sellable, damaged, lost = found or (seen.lines[0].shipped, 0, 0)
            lines = [
                InspectedIn(
                    line_id=seen.lines[0].line_id,
                    sellable=sellable,
                    damaged=damaged,
                    lost=lost,
                    amount_fen=amount_fen,
                )
            ]
        await service.inspect(tx, STAFF, after_sale_no, InspectIn(lines=lines, answer="已验货"))


async def resend(db: Db, after_sale_no: str) -> None:
    """The replacement is sent."""
    parcel = SentBackIn(courier="顺丰", tracking_no=f"SF{next(_numbers):010d}")
    async with db.merchant("demo") as tx:
        await service.resend(tx, STAFF, after_sale_no, parcel)


async def after_sale(db: Db, after_sale_no: str) -> ConsoleAfterSaleDetail:
    """The after-sale as the console sees it."""
    async with db.merchant("demo") as tx:
        return await queries.console_after_sale(tx, after_sale_no)
