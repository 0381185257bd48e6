"""What an open after-sale holds of its order: pieces and money, under guards, given back when it ends
without a refund."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.orders import rules
from tiefen.orders.errors import AfterSaleMissing, TooMuchRefunded
from tiefen.orders.models import AfterSale, AfterSaleLine, Order, OrderLine
from tiefen.orders.service.book import lines_of, locked
from tiefen.orders.values import OPEN_AFTER_SALES, RefundPlan

CLAIM_LINE = text(
    """
    UPDATE order_line SET cancelled = cancelled + :unshipped, holding = holding + :unshipped,
        returned = returned + :shipped, refunding_fen = refunding_fen + :amount,
        kept_fen = kept_fen + :kept
    WHERE id = :line AND shipped + cancelled + :unshipped <= quantity
        AND returned + :shipped <= shipped
        AND refunding_fen + refunded_fen + :amount <= pay_fen
    RETURNING id
    """
)
"""The guard on a line: no piece and no fen twice."""
CLAIM_ORDER = text(
    """
    UPDATE orders SET refunding_fen = refunding_fen + :amount,
        freight_claimed_fen = freight_claimed_fen + :freight
    WHERE id = :order AND refunding_fen + refunded_fen + :amount <= paid_fen
        AND freight_claimed_fen + :freight <= freight_fen
    RETURNING id
    """
)
"""The guard on the order."""


async def after_sale_locked(
    tx: Tx, after_sale_no: str, fan_id: int | None = None
) -> tuple[Order, AfterSale]:
    """The after-sale and its order; the order is locked first, always. Raises AfterSaleMissing."""
    chosen = (
        select(Order.order_no)
        .join(AfterSale, AfterSale.order_id == Order.id)
        .where(AfterSale.after_sale_no == after_sale_no)
    )
    if fan_id is not None:
        chosen = chosen.where(AfterSale.fan_id.in_(await fans.person_ids(tx, fan_id)))
    order_no = await tx.scalar(chosen)
    if order_no is None:
        raise AfterSaleMissing
    order = await locked(tx, order_no)
    found = await tx.scalars(
        select(AfterSale)
        .where(AfterSale.after_sale_no == after_sale_no)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return order, found.one()


async def parts_of(tx: Tx, after_sale: AfterSale) -> Sequence[AfterSaleLine]:
    """The lines of a locked after-sale, read anew."""
    found = await tx.scalars(
        select(AfterSaleLine)
        .where(AfterSaleLine.after_sale_id == after_sale.id)
        .order_by(AfterSaleLine.order_line_id)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def claim(
    tx: Tx,
    order: Order,
    after_sale: AfterSale,
    found: RefundPlan,
    replacements: Mapping[int, int],
) -> None:
    """Hold the pieces and money of a plan. Raises TooMuchRefunded when somebody was faster."""
    for part in sorted(found.parts, key=lambda part: part.line_id):
        held = await tx.scalar(
            CLAIM_LINE,
            {
                "line": part.line_id,
                "unshipped": part.unshipped,
                "shipped": part.shipped,
                "amount": part.amount_fen,
                "kept": part.kept_fen,
            },
        )
        if held is None:
            raise TooMuchRefunded(name=order.order_no, left=0)
        tx.add(
            AfterSaleLine(
                after_sale_id=after_sale.id,
                order_line_id=part.line_id,
                unshipped=part.unshipped,
                shipped=part.shipped,
                amount_fen=part.amount_fen,
                kept_fen=part.kept_fen,
                replacement_id=replacements.get(part.line_id),
            )
        )
    await claim_order(tx, order, found.amount_fen, found.freight_fen)


async def claim_order(tx: Tx, order: Order, amount_fen: int, freight_fen: int) -> None:
    """Hold (or with negative amounts: free) money of the order."""
    held = await tx.scalar(
        CLAIM_ORDER, {"order": order.id, "amount": amount_fen, "freight": freight_fen}
    )
    if held is None:
        raise TooMuchRefunded(name=order.order_no, left=0)
    await tx.refresh(order, ["refunding_fen", "freight_claimed_fen"])


async def unclaim(tx: Tx, order: Order, after_sale: AfterSale) -> None:
    """Give back what an after-sale holds that ends without a refund."""
    lines = {line.id: line for line in await lines_of(tx, order)}
    for part in await parts_of(tx, after_sale):
        line = lines[part.order_line_id]
        line.cancelled -= part.unshipped
        line.holding -= part.unshipped
        line.returned -= part.shipped
        line.refunding_fen -= part.amount_fen
        line.kept_fen -= part.kept_fen
    await tx.flush()
    await claim_order(tx, order, -after_sale.amount_fen, -after_sale.freight_fen)


async def pay_less(tx: Tx, order: Order, after_sale: AfterSale, amounts: Mapping[int, int]) -> None:
    """Lower what lines (line id → fen) bring; the difference stays with the merchant."""
    lines = {line.id: line for line in await lines_of(tx, order)}
    less = 0
    for part in await parts_of(tx, after_sale):
        line = lines[part.order_line_id]
        cut = part.amount_fen - amounts.get(line.id, part.amount_fen)
        part.amount_fen -= cut
        part.kept_fen += cut
        line.refunding_fen -= cut
        line.kept_fen += cut
        less += cut
    if less:
        after_sale.goods_fen -= less
        after_sale.amount_fen -= less
        await tx.flush()
        await claim_order(tx, order, -less, 0)


async def leaves_nothing(
    tx: Tx, order: Order, after_sale: AfterSale, lines: Sequence[OrderLine]
) -> bool:
    """Whether nothing of the order is left once this after-sale is paid."""
    if after_sale.kind in rules.SENDS or any(rules.left_to_refund(line.pieces) for line in lines):
        return False
    still_open = await tx.scalar(
        select(AfterSale.id)
        .where(
            AfterSale.order_id == order.id,
            AfterSale.id != after_sale.id,
            AfterSale.status.in_(OPEN_AFTER_SALES),
        )
        .limit(1)
    )
    return still_open is None
