"""What orders know of people, and what becomes of it."""

from tiefen.kernel.personal import Erased, erasure_waits, no_person, person_rows
from tiefen.orders.values import NOBODY

person_rows("address", "收货地址", "addresses", erased=Erased.GONE, hidden=["updated_at"])
person_rows("cart_item", "购物车", "cart", erased=Erased.GONE)
person_rows(
    "orders",
    "订单",
    "orders",
    clear={"phone_blind": "", "receiver_key": None, "note": ""},
    late={"receiver": NOBODY.kept()},
    late_from="placed_at",
    hidden=[
        "grams",
        "folded",
        "quote",
        "request_hash",
        "checkout_key",
        "phone_blind",
        "receiver_key",
    ],
)
person_rows("after_sale", "售后", "after-sales", clear={"note": ""})
erasure_waits(
    "未完成的订单",
    "an open order",
    "SELECT order_no FROM orders WHERE fan_id = ANY(:records)"
    " AND status IN ('unpaid', 'deposited', 'paid', 'partly_shipped', 'shipped')",
)
erasure_waits(
    "未完成的售后",
    "an open after-sale",
    "SELECT after_sale_no FROM after_sale WHERE fan_id = ANY(:records)"
    " AND status NOT IN ('withdrawn', 'rejected', 'lapsed', 'done', 'refunded')",
)
person_rows(
    "after_sale_message",
    "售后留言",
    "what was said in after-sales",
    by="after_sale_id",
    via="after_sale",
    through="erase_after_sale_messages",
)
person_rows(
    "order_answer",
    "下单时填写的信息",
    "answers at checkout",
    by="order_id",
    via="orders",
    erased=Erased.GONE,
)
person_rows(
    "invoice",
    "发票",
    "invoices",
    late={"title": "", "tax_no": "", "email": ""},
    late_from="requested_at",
    hidden=["file_key", "issued_by"],
)
no_person("after_sale_policy", "where the merchant wants goods sent back to")
