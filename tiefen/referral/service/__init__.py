"""Referral at work: who brought whom, what their purchases are worth, and the rewards for them.

Every verb that touches an order's rewards locks its `referral_order` first, so that rewarding and
refunding the same purchase wait for each other.
"""

from tiefen.orders import service as orders
from tiefen.orders.values import Phase
from tiefen.referral.service.binding import (
    arrive,
    link_code,
    load,
    note_device,
    owner_of,
    save_rules,
)
from tiefen.referral.service.exporting import export_referrers
from tiefen.referral.service.going_back import forgive, plan, settle_debts, take_back
from tiefen.referral.service.rewarding import arrived, credit, decide, give, give_due

orders.register(orders.Reversal("referral", Phase.MONEY, plan, take_back))

__all__ = [
    "arrive",
    "arrived",
    "credit",
    "decide",
    "export_referrers",
    "forgive",
    "give",
    "give_due",
    "link_code",
    "load",
    "note_device",
    "owner_of",
    "save_rules",
    "settle_debts",
]
