"""Codes that are sold, and what buyers read after paying."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select, text

from tiefen.catalog.errors import NoCodes, ProductMissing
from tiefen.catalog.events import CodesAdded
from tiefen.catalog.models import CardCode, Product, Sku
from tiefen.catalog.values import ProductKind
from tiefen.kernel import crypto
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.team import service as team

TAKE = """
    UPDATE card_code SET order_no = $1, taken_at = $4
    WHERE id IN (
        SELECT id FROM card_code
        WHERE sku_id = $2 AND order_no IS NULL AND voided_at IS NULL
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
    AND order_no IS NULL
    RETURNING id
"""
"""The guard: a code is taken by one order, and those who come at once take others."""
_ADD = """
    INSERT INTO card_code (sku_id, code, blind, added_at)
    SELECT $1, c.code, c.blind, $4 FROM unnest($2::text[], $3::text[]) AS c(code, blind)
    ON CONFLICT (sku_id, blind) DO NOTHING
    RETURNING id
"""


async def add_codes(tx: Tx, actor: StaffActor, sku_id: int, codes: Sequence[str]) -> int:
    """Load codes into a SKU's pool, sealed; those it has already are passed over.

    Returns how many are new; stock grows by as many. Raises ProductMissing, NoCodes.
    """
    kind = await tx.scalar(
        select(Product.kind).join(Sku, Sku.product_id == Product.id).where(Sku.id == sku_id)
    )
    if kind is None:
        raise ProductMissing
    if kind is not ProductKind.CODES:
        raise NoCodes
    wanted = list(dict.fromkeys(codes))
    added = await tx.rows(
        _ADD,
        sku_id,
        [crypto.seal(code) for code in wanted],
        [crypto.blind(code) for code in wanted],
        tx.now,
    )
    if added:
        publish(tx, CodesAdded(sku_id, len(added), tx.now), aggregate=f"sku:{sku_id}")
    await team.record_audit(
        tx, actor, "catalog.add_codes", f"sku:{sku_id}", after={"added": len(added)}
    )
    return len(added)


async def take_codes(tx: Tx, order_no: str, sku_id: int, quantity: int) -> int:
    """Give an order so many codes of a SKU; returns how many there were. Safe to run twice."""
    held = await tx.scalar(
        select(func.count())
        .select_from(CardCode)
        .where(CardCode.order_no == order_no, CardCode.sku_id == sku_id)
    )
    missing = quantity - (held or 0)
    if missing <= 0:
        return quantity
    taken = await tx.rows(TAKE, order_no, sku_id, missing, tx.now)
    return (held or 0) + len(taken)


async def codes_of(tx: Tx, order_no: str) -> dict[int, list[str]]:
    """SKU → the codes an order was given and may use, in clear: for its buyer alone."""
    found = await tx.scalars(
        select(CardCode)
        .where(CardCode.order_no == order_no, CardCode.voided_at.is_(None))
        .order_by(CardCode.id)
    )
    codes: dict[int, list[str]] = {}
    for one in found:
        codes.setdefault(one.sku_id, []).append(one.code)
    return codes


async def void_codes(tx: Tx, order_no: str) -> None:
    """The order was refunded: its codes were seen, so nobody gets them again."""
    await tx.execute(
        text("UPDATE card_code SET voided_at = :now WHERE order_no = :order AND voided_at IS NULL"),
        {"now": tx.now, "order": order_no},
    )


async def codes_left(tx: Tx, sku_ids: Iterable[int]) -> dict[int, int]:
    """SKU → codes nobody has."""
    rows = await tx.execute(
        select(CardCode.sku_id, func.count())
        .where(
            CardCode.sku_id.in_(set(sku_ids)),
            CardCode.order_no.is_(None),
            CardCode.voided_at.is_(None),
        )
        .group_by(CardCode.sku_id)
    )
    return dict(rows.all())


async def given_to_buyers(tx: Tx, product_ids: Iterable[int]) -> dict[int, str]:
    """Product → what its buyers read after paying, where there is anything."""
    rows = await tx.execute(
        select(Product.id, Product.given_html).where(
            Product.id.in_(set(product_ids)), Product.given_html != ""
        )
    )
    return dict(rows.all())
