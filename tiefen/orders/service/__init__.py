"""The verbs of orders, by chapter."""

from tiefen.orders.service.after_sale import (
    approve,
    plan_after_sale,
    refund_settled,
    reject,
    request_after_sale,
    retry_refund,
    withdraw,
)
from tiefen.orders.service.cart import (
    add_address,
    add_to_cart,
    delete_address,
    remove_from_cart,
    save_address,
    set_in_cart,
)
from tiefen.orders.service.fulfilling import receive, receive_shipped, reveal_receiver, ship
from tiefen.orders.service.paying import cancel, close_unpaid, mark_paid, pay, poll
from tiefen.orders.service.placing import checkout, merged, place
from tiefen.orders.service.regions import region, region_tree
from tiefen.orders.service.replaying import replay_batch, start_replay
from tiefen.orders.service.waiting import waiting

__all__ = [
    "add_address",
    "add_to_cart",
    "approve",
    "cancel",
    "checkout",
    "close_unpaid",
    "delete_address",
    "mark_paid",
    "merged",
    "pay",
    "place",
    "plan_after_sale",
    "poll",
    "receive",
    "receive_shipped",
    "refund_settled",
    "region",
    "region_tree",
    "reject",
    "remove_from_cart",
    "replay_batch",
    "request_after_sale",
    "retry_refund",
    "reveal_receiver",
    "save_address",
    "set_in_cart",
    "ship",
    "start_replay",
    "waiting",
    "withdraw",
]
