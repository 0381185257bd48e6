"""Cart, addresses and the price before ordering."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.catalog.values import SkuBrief
from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Tx
from tiefen.orders.errors import AddressMissing
from tiefen.orders.models import Address, CartItem
from tiefen.orders.schemas import (
    AddressOut,
    CartFilledOut,
    CartItemOut,
    CartOut,
    LeftOutOut,
    ProblemOut,
    QuoteOut,
    limit_words,
    quote_out,
    say,
    short_words,
)
from tiefen.orders.values import CartState
from tiefen.promotion import service as promotion

SHOWN_AT_MOST = 999


async def cart(tx: Tx, fan_id: int) -> CartOut:
    """The cart with today's prices, stock and limits. Seven statements at most."""
    records = await fans.person_ids(tx, fan_id)
    found = await tx.scalars(
        select(CartItem)
        .where(CartItem.fan_id.in_(records))
        .order_by(CartItem.added_at.desc(), CartItem.sku_id)
    )
    items = _once(found.all())
    sku_ids = [item.sku_id for item in items]
    briefs = await catalog.skus(tx, sku_ids)
    free = await inventory.available(tx, sku_ids)
    left = await promotion.limits_left(tx, fan_id, _limits(briefs.values()))
    shut = (await promotion.shut_out(tx, [(fan_id, sku_ids)], briefs)).get(fan_id, frozenset())
    rows = [
        _cart_row(item, briefs.get(item.sku_id), free[item.sku_id], left, shut) for item in items
    ]
    ready = [row for row in rows if row.state is CartState.OK]
    return CartOut(
        items=rows,
        quantity=sum(row.quantity for row in rows),
        goods_fen=sum(row.price_fen * row.quantity for row in ready),
    )


async def cart_filled(
    tx: Tx, fan_id: int, left_out: Sequence[tuple[int, str, str]]
) -> CartFilledOut:
    """The cart, and what could not go in it."""
    now = await cart(tx, fan_id)
    said = [LeftOutOut.of(one) for one in left_out]
    return CartFilledOut(**dict(now), left_out=said)


async def mendable(tx: Tx, fan_id: int) -> dict[int, tuple[int, int]]:
    """Cart lines that are not as they were put there: SKU → (pieces that can be had, price now)."""
    return {
        row.sku_id: (min(row.quantity, row.available), row.price_fen)
        for row in (await cart(tx, fan_id)).items
        if row.state is not CartState.REFUSED
        and (row.state is not CartState.OK or row.price_changed)
    }


async def checkout(
    tx: Tx,
    fan_id: int,
    lines: Sequence[tuple[int, int]],
    coupon_id: int | None = None,
    address_id: int | None = None,
    *,
    use_points: bool = False,
) -> QuoteOut:
    """What an order of these lines would cost now, and what stands in its way.

    `coupon_id`: the coupon the fan picked; None takes the best, 0 takes none.
    `address_id`: where it goes; None takes the first one of `addresses`. Raises AddressMissing.
    """
    region_code = await _region_code(tx, fan_id, address_id)
    chosen = await promotion.choose(
        tx, fan_id, lines, tx.now, coupon_id, region_code, with_points=use_points
    )
    quote = chosen.quote
    free = await inventory.available(tx, [line.sku_id for line in quote.lines])
    short = [
        ProblemOut(
            kind=CartState.SHORT,
            sku_id=line.sku_id,
            available=min(free[line.sku_id], SHOWN_AT_MOST),
            message=short_words(free[line.sku_id]),
        )
        for line in quote.lines
        if line.quantity > free[line.sku_id]
    ]
    return quote_out(quote, short, chosen.choices, chosen.best_id)


async def _region_code(tx: Tx, fan_id: int, address_id: int | None) -> str:
    """Where the order goes; empty when the fan has no address yet."""
    mine = Address.fan_id.in_(await fans.person_ids(tx, fan_id))
    if address_id is not None:
        found = await tx.scalar(select(Address.region_code).where(Address.id == address_id, mine))
        if found is None:
            raise AddressMissing(field="address_id")
        return found
    first = (Address.is_default.desc(), (Address.fan_id == fan_id).desc(), Address.id.desc())
    found = await tx.scalar(select(Address.region_code).where(mine).order_by(*first).limit(1))
    return found or ""


async def addresses(tx: Tx, fan_id: int) -> list[AddressOut]:
    """The person's own addresses, the default first; of several records' defaults this record's."""
    found = await tx.scalars(
        select(Address)
        .where(Address.fan_id.in_(await fans.person_ids(tx, fan_id)))
        .order_by(Address.is_default.desc(), (Address.fan_id == fan_id).desc(), Address.id.desc())
    )
    shown = [AddressOut.model_validate(address) for address in found]
    return [
        one.model_copy(update={"is_default": one.is_default and place == 0})
        for place, one in enumerate(shown)
    ]


def _once(found: Sequence[CartItem]) -> list[CartItem]:
    """Each SKU once: what several records of a person wanted of it is shown as the newest."""
    kept: dict[int, CartItem] = {}
    for item in found:
        kept.setdefault(item.sku_id, item)
    return list(kept.values())


def _limits(briefs: Iterable[SkuBrief]) -> dict[int, int]:
    return {sku.product_id: sku.purchase_limit for sku in briefs if sku.purchase_limit is not None}


def _cart_row(
    item: CartItem,
    sku: SkuBrief | None,
    free: int,
    left: Mapping[int, int],
    shut: frozenset[int],
) -> CartItemOut:
    """One cart line as it stands, with why it cannot be ordered or what changed."""
    price_fen = sku.price_fen if sku else item.price_seen_fen
    allowed = left.get(sku.product_id, free) if sku else 0
    state, message = CartState.OK, ""
    if sku is None or not sku.on_shelf:
        state, message, free = CartState.GONE, say("已下架", "no longer on the shelf"), 0
    elif sku.id in shut:
        state, message = CartState.REFUSED, say("仅限会员购买", "for members only")
    elif free < item.quantity:
        state, message = CartState.SHORT, short_words(free)
    elif allowed < item.quantity:
        state, message = CartState.LIMITED, limit_words(sku.purchase_limit or 0, allowed)
    elif price_fen != item.price_seen_fen:
        message = say("价格有变化", "the price has changed")
    return CartItemOut(
        sku_id=item.sku_id,
        product_id=sku.product_id if sku else 0,
        product_name=sku.product_name if sku else "",
        spec_text=sku.spec_text if sku else "",
        image_url=sku.image_url if sku else "",
        quantity=item.quantity,
        price_fen=price_fen,
        price_seen_fen=item.price_seen_fen,
        price_changed=price_fen != item.price_seen_fen,
        available=max(0, min(free, allowed, SHOWN_AT_MOST)),
        state=state,
        message=message,
    )
