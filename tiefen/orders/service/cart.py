"""The cart and the address book of a fan.

Both are a person's: read over all their records. What is written stays with the record that wrote
it, so that it goes with that record when a join is undone.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.orders import rules
from tiefen.orders.errors import (
    AddressMissing,
    CartFull,
    CartItemMissing,
    LineGone,
    TooManyAddresses,
)
from tiefen.orders.models import Address, CartItem, OrderLine
from tiefen.orders.schemas import AddressIn
from tiefen.orders.service.book import seen
from tiefen.orders.service.regions import region

_MOST_PIECES = 9999


async def add_to_cart(tx: Tx, fan_id: int, sku_id: int, quantity: int) -> None:
    """Put pieces in the cart, on top of those there, whichever record of the person put them; the price seen now is noted.

    Raises LineGone, CartFull.
    """
    sku = (await catalog.skus(tx, [sku_id])).get(sku_id)
    if sku is None or not sku.on_shelf:
        raise LineGone(field="sku_id", sku_id=sku_id, name=sku.product_name if sku else "")
    await fans.hold_people(tx, [fan_id])  # the lines are counted, then one is added
    mine = CartItem.fan_id.in_(await fans.person_ids(tx, fan_id))
    this = CartItem.sku_id == sku_id
    lying = await tx.execute(
        select(
            func.count(CartItem.sku_id.distinct()).filter(~this),
            func.coalesce(func.max(CartItem.quantity).filter(this, CartItem.fan_id != fan_id), 0),
        ).where(mine)
    )
    others, elsewhere = lying.one()
    if others >= rules.MAX_CART:
        raise CartFull(most=rules.MAX_CART)
    row = insert(CartItem).values(
        fan_id=fan_id,
        sku_id=sku_id,
        quantity=min(elsewhere + quantity, _MOST_PIECES),
        price_seen_fen=sku.price_fen,
        added_at=tx.now,
    )
    own = CartItem.__table__.c.quantity
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["fan_id", "sku_id"],
            set_={
                "quantity": func.least(func.greatest(own, elsewhere) + quantity, _MOST_PIECES),
                "price_seen_fen": row.excluded.price_seen_fen,
                "added_at": row.excluded.added_at,
            },
        )
    )


async def fill_cart(
    tx: Tx, fan_id: int, lines: Sequence[tuple[int, int]]
) -> list[tuple[int, str, str]]:
    """Put several lines (sku_id, quantity) in the cart at once; what is there keeps the larger number.

    So a visitor's cart may be sent twice, and an order bought again on top of a full cart. Answers
    what could not go in as (sku_id, name, why: `gone` or `full`).
    """
    briefs = await catalog.skus(tx, [sku_id for sku_id, _ in lines])
    await fans.hold_people(tx, [fan_id])  # the lines are counted, then some are added
    mine = CartItem.fan_id.in_(await fans.person_ids(tx, fan_id))
    most = func.max(CartItem.quantity).label("most")
    lying = await tx.execute(select(CartItem.sku_id, most).where(mine).group_by(CartItem.sku_id))
    there: dict[int, int] = {row.sku_id: row.most for row in lying}
    left_out, rows = [], []
    for sku_id, quantity in dict(lines).items():
        sku = briefs.get(sku_id)
        if sku is None or not sku.on_shelf:
            left_out.append((sku_id, sku.product_name if sku else "", "gone"))
        elif sku_id not in there and len(there) >= rules.MAX_CART:
            left_out.append((sku_id, sku.product_name, "full"))
        else:
            there[sku_id] = max(quantity, there.get(sku_id, 0))
            rows.append(
                {
                    "fan_id": fan_id,
                    "sku_id": sku_id,
                    "quantity": there[sku_id],
                    "price_seen_fen": sku.price_fen,
                    "added_at": tx.now,
                }
            )
    if rows:
        fresh = insert(CartItem).values(sorted(rows, key=lambda row: row["sku_id"]))
        larger = func.greatest(CartItem.__table__.c.quantity, fresh.excluded.quantity)
        await tx.execute(
            fresh.on_conflict_do_update(
                index_elements=["fan_id", "sku_id"],
                set_={
                    "quantity": larger,
                    "price_seen_fen": fresh.excluded.price_seen_fen,
                    "added_at": fresh.excluded.added_at,
                },
            )
        )
    return left_out


async def buy_again(tx: Tx, fan_id: int, order_no: str) -> list[tuple[int, str, str]]:
    """Put what was bought with an order back in the cart; gifts are not bought.

    Answers what could not go in, as `fill_cart`. Raises OrderMissing.
    """
    order = await seen(tx, order_no, fan_id)
    rows = await tx.execute(
        select(OrderLine.sku_id, OrderLine.quantity, OrderLine.product_name)
        .where(OrderLine.order_id == order.id, ~OrderLine.gift)
        .order_by(OrderLine.sku_id)
    )
    bought = rows.all()
    names = {row.sku_id: row.product_name for row in bought}
    left_out = await fill_cart(tx, fan_id, [(row.sku_id, row.quantity) for row in bought])
    return [(sku_id, name or names[sku_id], why) for sku_id, name, why in left_out]


async def mend_cart(tx: Tx, fan_id: int, possible: Mapping[int, tuple[int, int]]) -> None:
    """Make cart lines what can be bought now: SKU → (pieces, price seen); no pieces: out of it."""
    await remove_from_cart(tx, fan_id, [one for one, (pieces, _) in possible.items() if not pieces])
    mine = CartItem.fan_id.in_(await fans.person_ids(tx, fan_id))
    for sku_id, (pieces, price_fen) in sorted(possible.items()):
        if pieces:
            await tx.execute(
                update(CartItem)
                .where(mine, CartItem.sku_id == sku_id)
                .values(quantity=pieces, price_seen_fen=price_fen)
            )


async def set_in_cart(tx: Tx, fan_id: int, sku_id: int, quantity: int) -> None:
    """Set the pieces of a cart line. Raises CartItemMissing."""
    records = await fans.person_ids(tx, fan_id)
    mine = (CartItem.fan_id.in_(records), CartItem.sku_id == sku_id)
    found = list(await tx.scalars(select(CartItem.fan_id).where(*mine).with_for_update()))
    if not found:
        raise CartItemMissing
    kept = fan_id if fan_id in found else found[0]
    await tx.execute(
        update(CartItem)
        .where(CartItem.fan_id == kept, CartItem.sku_id == sku_id)
        .values(quantity=quantity)
    )
    if len(found) > 1:
        await tx.execute(delete(CartItem).where(*mine, CartItem.fan_id != kept))


async def remove_from_cart(tx: Tx, fan_id: int, sku_ids: list[int]) -> None:
    """Take lines out of the cart; safe to run twice."""
    records = await fans.person_ids(tx, fan_id)
    await tx.execute(
        delete(CartItem).where(CartItem.fan_id.in_(records), CartItem.sku_id.in_(sku_ids))
    )


async def add_address(tx: Tx, fan_id: int, wanted: AddressIn) -> Address:
    """A new address; the first one is the default. Raises UnknownRegion, TooManyAddresses."""
    await fans.hold_people(tx, [fan_id])  # they are counted, then one is added
    records = await fans.person_ids(tx, fan_id)
    have = await tx.scalar(
        select(func.count()).select_from(Address).where(Address.fan_id.in_(records))
    )
    if (have or 0) >= rules.MAX_ADDRESSES:
        raise TooManyAddresses(most=rules.MAX_ADDRESSES)
    address = Address(fan_id=fan_id)
    await _write(tx, address, wanted, default=wanted.is_default or not have)
    tx.add(address)
    await tx.flush()
    return address


async def save_address(tx: Tx, fan_id: int, address_id: int, wanted: AddressIn) -> Address:
    """Change an address; orders keep the address they were placed with."""
    address = await own_address(tx, fan_id, address_id)
    await _write(tx, address, wanted, default=wanted.is_default or address.is_default)
    await tx.flush()
    return address


async def delete_address(tx: Tx, fan_id: int, address_id: int) -> None:
    """Forget an address; safe to run twice."""
    records = await fans.person_ids(tx, fan_id)
    await tx.execute(delete(Address).where(Address.fan_id.in_(records), Address.id == address_id))


async def own_address(tx: Tx, fan_id: int, address_id: int) -> Address:
    """The fan's own address. Raises AddressMissing for any other."""
    records = await fans.person_ids(tx, fan_id)
    address = await tx.scalar(
        select(Address).where(Address.id == address_id, Address.fan_id.in_(records))
    )
    if address is None:
        raise AddressMissing(field="address_id")
    return address


async def _write(tx: Tx, address: Address, wanted: AddressIn, *, default: bool) -> None:
    place = region(wanted.region_code)
    if default:
        await tx.execute(
            update(Address)
            .where(Address.fan_id == address.fan_id, Address.is_default)
            .values(is_default=False)
        )
    address.name = wanted.name
    address.phone = wanted.phone
    address.region_code = place.code
    address.province = place.province
    address.city = place.city
    address.district = place.district
    address.detail = wanted.detail
    address.is_default = default
    address.updated_at = tx.now
