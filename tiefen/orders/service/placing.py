"""Placing an order: price, stock, order, payment and deadline in one commit."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tiefen.inventory import service as inventory
from tiefen.kernel import crypto, ids
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.text import folded, grams
from tiefen.orders import rules
from tiefen.orders.errors import DuplicateLine, LineGone, QuoteChanged
from tiefen.orders.events import OrderPlaced
from tiefen.orders.models import Address, Order, OrderLine
from tiefen.orders.schemas import LineIn, PlacedOut, PlaceIn, quote_out
from tiefen.orders.service.cart import own_address, remove_from_cart
from tiefen.orders.service.paying import become_paid
from tiefen.orders.values import OrderStatus, Receiver
from tiefen.payments import service as payments
from tiefen.promotion import service as promotion
from tiefen.promotion.values import ProblemKind, Quote


async def place(tx: Tx, fan_id: int, checkout_key: str, wanted: PlaceIn) -> PlacedOut:
    """Order `wanted.lines` at the price of `wanted.digest`.

    The same fan and key give the same order ever after. Stock is taken last, so that the hot row is
    held for the shortest time. Raises LineGone, LimitReached, QuoteChanged, StockShort,
    AddressMissing, DuplicateLine.
    """
    lines = merged(wanted.lines)
    address = await own_address(tx, fan_id, wanted.address_id)
    quote = await promotion.quote(tx, fan_id, lines, tx.now)
    _check_gone(quote)
    if quote.digest != wanted.digest:
        raise QuoteChanged(
            quote=quote_out(quote).model_dump(mode="json"),
            changes=[asdict(change) for change in promotion.changes(wanted.digest, quote)],
        )
    order = await _write_order(tx, fan_id, checkout_key, wanted, address, quote)
    if order is None:
        return await _placed_before(tx, fan_id, checkout_key)
    await promotion.take_limits(tx, fan_id, quote.basis.lines)
    failpoint("orders.place.ordered")
    if order.total_fen:
        await payments.start(
            tx,
            order.order_no,
            fan_id,
            order.total_fen,
            _description(quote),
            order.pay_until,
        )
        later(tx, "orders.close_unpaid", run_at=order.pay_until, order_no=order.order_no)
    await remove_from_cart(tx, fan_id, [sku_id for sku_id, _ in lines])
    await inventory.reserve(tx, order.order_no, lines, order.pay_until)
    failpoint("orders.place.reserved")
    event = OrderPlaced(order.id, order.order_no, fan_id, order.total_fen, tx.now)
    publish(tx, event, aggregate=f"order:{order.id}")
    if not order.total_fen:
        await become_paid(tx, order, None, tx.now)
    return _answer(order)


def merged(lines: list[LineIn]) -> list[tuple[int, int]]:
    """Wanted lines in SKU order, each SKU once. Raises DuplicateLine."""
    seen: dict[int, int] = {}
    for place, line in enumerate(lines):
        if line.sku_id in seen:
            raise DuplicateLine(field=f"lines.{place}.sku_id")
        seen[line.sku_id] = line.quantity
    return sorted(seen.items())


def _check_gone(quote: Quote) -> None:
    """Refuse lines that are off the shelf; limits are refused where they are counted."""
    for problem in quote.problems:
        if problem.kind is ProblemKind.GONE:
            raise LineGone(field="lines", sku_id=problem.sku_id, name=problem.product_name)


async def _write_order(
    tx: Tx, fan_id: int, checkout_key: str, wanted: PlaceIn, address: Address, quote: Quote
) -> Order | None:
    """Insert order and lines; None when the key already has an order (waits for it to commit)."""
    texts = [f"{line.product_name} {line.spec_text}" for line in quote.lines]
    receiver = Receiver(address.name, address.phone, address.detail)
    new_id = await tx.scalar(
        insert(Order)
        .values(
            order_no=ids.number("O", tx.now),
            fan_id=fan_id,
            checkout_key=checkout_key,
            status=OrderStatus.UNPAID,
            goods_fen=quote.goods_fen,
            freight_fen=quote.freight_fen,
            discount_fen=quote.discount_fen,
            total_fen=quote.total_fen,
            paid_fen=0,
            quantity=sum(line.quantity for line in quote.lines),
            receiver=receiver.kept(),
            phone_blind=crypto.blind(address.phone),
            region_code=address.region_code,
            region=" ".join(filter(None, [address.province, address.city, address.district])),
            note=wanted.note,
            quote=promotion.stored(quote),
            grams=grams(*texts),
            folded=folded(*texts),
            placed_at=tx.now,
            pay_until=tx.now + rules.PAY_WITHIN,
        )
        .on_conflict_do_nothing(index_elements=["fan_id", "checkout_key"])
        .returning(Order.id)
    )
    if new_id is None:
        return None
    costs = {line.sku_id: line for line in quote.basis.lines}
    tx.add_all(
        OrderLine(
            order_id=new_id,
            sku_id=line.sku_id,
            product_id=line.product_id,
            product_name=line.product_name,
            spec_text=line.spec_text,
            image_url=line.image_url,
            unit_price_fen=line.unit_price_fen,
            cost_fen=costs[line.sku_id].cost_fen,
            quantity=line.quantity,
            list_fen=line.list_fen,
            discount_fen=line.discount_fen,
            pay_fen=line.pay_fen,
            freight_fen=line.freight_fen,
            limit_held=line.quantity if costs[line.sku_id].purchase_limit else 0,
        )
        for line in quote.lines
    )
    return (await tx.execute(select(Order).where(Order.id == new_id))).scalar_one()


async def _placed_before(tx: Tx, fan_id: int, checkout_key: str) -> PlacedOut:
    order = await tx.scalar(
        select(Order).where(Order.fan_id == fan_id, Order.checkout_key == checkout_key)
    )
    assert order is not None, "the key's order was there a moment ago"
    return _answer(order)


def _answer(order: Order) -> PlacedOut:
    until: datetime | None = order.pay_until if order.status is OrderStatus.UNPAID else None
    return PlacedOut(
        order_no=order.order_no,
        status=order.status,
        total_fen=order.total_fen,
        pay_until=until,
    )


def _description(quote: Quote) -> str:
    """What WeChat shows beside the amount (at most 127 bytes are allowed)."""
    first = quote.lines[0].product_name[:30]
    return first if len(quote.lines) == 1 else f"{first} 等{len(quote.lines)}件"
