"""Payments: what was asked of a fan, what WeChat says was paid, and what went back.

owns: payment, payment_attempt, payment_charge, payment_suspense, payment_refund, payment_counter,
    payment_bill, payment_bill_line, payment_fund_bill, payment_fund_line, payment_break
promises: one WeChat transaction has one effect, for ever, by whichever way we learn of it; only
    evidence that agrees in merchant, app, number, currency, amount and payer pays an order; money
    that fits no open order stands in suspense and goes back by rule; refunded and refunding never
    exceed what was paid; no answer means unknown, and unknown is asked again under the same
    number. Audit P1, P2, P3, P4, P5, P7
publishes: PaymentSucceeded, RefundSettled
hears: wechat.PayNotified, orders.OrderReceived
"""
