"""Whose wallet paid."""

from sqlalchemy import text

from tiefen.kernel.db import Tx

_PAYER = text(
    """
    SELECT c.app_id, c.openid FROM payment p
    JOIN payment_charge c ON c.payment_id = p.id AND c.applied
    WHERE p.order_no = :order_no AND c.openid IS NOT NULL
    """
)


async def payer(tx: Tx, order_no: str) -> tuple[str, str] | None:
    """(app id, openid) of who paid for an order, by WeChat's word; None: nothing was paid."""
    row = (await tx.execute(_PAYER, {"order_no": order_no})).one_or_none()
    return (row.app_id, row.openid) if row else None
