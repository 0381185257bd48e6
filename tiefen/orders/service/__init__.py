"""The verbs of orders, by chapter."""

from tiefen.orders.rules import AFTER_SALE_WITHIN
from tiefen.orders.service.after_sale import (
    approve,
    compensate,
    pay_instead,
    plan_after_sale,
    refund_settled,
    reject,
    request_after_sale,
    retry_refund,
    withdraw,
)
from tiefen.orders.service.asking import drop_field, reveal_answers, save_field
from tiefen.orders.service.book import refunded, same_receiver
from tiefen.orders.service.cart import (
    add_address,
    add_to_cart,
    buy_again,
    delete_address,
    fill_cart,
    mend_cart,
    remove_from_cart,
    save_address,
    set_in_cart,
)
from tiefen.orders.service.consequences import HERE
from tiefen.orders.service.dispatching import edit_parcel, ship_table, upload_shipping, urge
from tiefen.orders.service.finding import FILL, begin_fill, fill_step
from tiefen.orders.service.fulfilling import (
    extend_receipt,
    give_waiting,
    receive,
    receive_shipped,
    remind_receipt,
    remind_unpaid,
    reveal_receiver,
    ship,
)
from tiefen.orders.service.invoicing import (
    INVOICE,
    invoice_file,
    issue_invoice,
    request_invoice,
    take_back_invoice,
)
from tiefen.orders.service.pay_links import linked_order, pay_by_link, pay_link, poll_link
from tiefen.orders.service.paying import (
    cancel,
    close_unpaid,
    counter_code,
    counter_state,
    mark_paid,
    pay,
    poll,
    return_deposit,
)
from tiefen.orders.service.placing import checkout, merged, place
from tiefen.orders.service.policies import policy, save_policy
from tiefen.orders.service.presale import configure, remind_balance, report_late
from tiefen.orders.service.previewing import preview
from tiefen.orders.service.printing import labels, picking_list
from tiefen.orders.service.regions import region, region_tree
from tiefen.orders.service.replaying import replay_batch, start_replay
from tiefen.orders.service.repricing import change_price, reprice
from tiefen.orders.service.returning import go_on, inspect, overdue, resend, send_back
from tiefen.orders.service.reversing import Reversal, case_of, planned, register
from tiefen.orders.service.reviewing import given, review, reviewed
from tiefen.orders.service.talking import tell_fan, tell_merchant
from tiefen.orders.service.ticketing import serve, undo, use
from tiefen.orders.service.waiting import waiting

for _reversal in (*HERE, INVOICE):
    register(_reversal)

__all__ = [
    "AFTER_SALE_WITHIN",
    "FILL",
    "Reversal",
    "add_address",
    "add_to_cart",
    "approve",
    "begin_fill",
    "buy_again",
    "cancel",
    "case_of",
    "change_price",
    "checkout",
    "close_unpaid",
    "compensate",
    "configure",
    "counter_code",
    "counter_state",
    "delete_address",
    "drop_field",
    "edit_parcel",
    "extend_receipt",
    "fill_cart",
    "fill_step",
    "give_waiting",
    "given",
    "go_on",
    "inspect",
    "invoice_file",
    "issue_invoice",
    "labels",
    "linked_order",
    "mark_paid",
    "mend_cart",
    "merged",
    "overdue",
    "pay",
    "pay_by_link",
    "pay_instead",
    "pay_link",
    "picking_list",
    "place",
    "plan_after_sale",
    "planned",
    "policy",
    "poll",
    "poll_link",
    "preview",
    "receive",
    "receive_shipped",
    "refund_settled",
    "refunded",
    "region",
    "region_tree",
    "register",
    "reject",
    "remind_balance",
    "remind_receipt",
    "remind_unpaid",
    "remove_from_cart",
    "replay_batch",
    "report_late",
    "reprice",
    "request_after_sale",
    "request_invoice",
    "resend",
    "retry_refund",
    "return_deposit",
    "reveal_answers",
    "reveal_receiver",
    "review",
    "reviewed",
    "same_receiver",
    "save_address",
    "save_field",
    "save_policy",
    "send_back",
    "serve",
    "set_in_cart",
    "ship",
    "ship_table",
    "start_replay",
    "take_back_invoice",
    "tell_fan",
    "tell_merchant",
    "undo",
    "upload_shipping",
    "urge",
    "use",
    "waiting",
    "withdraw",
]
