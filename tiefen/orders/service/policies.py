"""How the merchant handles after-sales."""

from dataclasses import asdict

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.orders.models import AfterSaleRules
from tiefen.orders.values import AfterSalePolicy
from tiefen.team import service as team

_ONE = 1
_SAID = "return_to"
"""A person's name and phone: not for the audit log."""


async def policy(tx: Tx) -> AfterSalePolicy:
    """The rules in force; those of the house as long as none were saved."""
    row = await tx.get(AfterSaleRules, _ONE)
    return row.value if row else AfterSalePolicy()


async def save_policy(tx: Tx, actor: StaffActor, wanted: AfterSalePolicy) -> AfterSalePolicy:
    """Change them. Deadlines that are running already stay as they are."""
    before = await policy(tx)
    row = await tx.get(AfterSaleRules, _ONE, with_for_update=True)
    if row is None:
        row = AfterSaleRules(id=_ONE)
        tx.add(row)
    for name, value in asdict(wanted).items():
        setattr(row, name, value)
    row.updated_at = tx.now
    await team.record_audit(
        tx,
        actor,
        "orders.save_after_sale_policy",
        "after_sale_policy",
        before={name: value for name, value in asdict(before).items() if name != _SAID},
        after={name: value for name, value in asdict(wanted).items() if name != _SAID},
    )
    return wanted
