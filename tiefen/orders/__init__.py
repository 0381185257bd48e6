"""orders 交易: from the cart to the last refund.

owns: cart_item, address, orders, order_line, order_transition, order_price_change, parcel,
parcel_line, after_sale, after_sale_line, after_sale_effect, after_sale_message, after_sale_policy,
after_sale_payout, order_replay, form_field, order_answer, invoice, service_ticket, ticket_use,
order_name, sold_name, order_search_fill.
promises: price, reservation, order and deadline are one commit; only legal transitions, each once;
per order and per line refunded + refunding ≤ paid; a piece is shipped or refunded, never both
outside the return flow; refunds of all parts add up to what was paid; what an after-sale takes back
is what its preview said, once.
publishes: OrderPlaced, OrderPaid, OrderShipped, OrderReceived, OrderClosed, OrderRefunded,
AfterSaleRequested, AfterSaleMoved, OrderNudged.
hears: catalog.CodesAdded, payments.PaymentSucceeded, payments.RefundSettled.
"""
