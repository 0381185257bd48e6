"""What must always be true of payments."""

from tiefen.kernel.audit import invariant

invariant(
    "M6-moves",
    "a move by hand is in the ledger exactly once when a second person approved it, else not at all",
    """
    SELECT m.id AS move_id, m.state, m.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT *, 'move:' || id AS key FROM payment_move
          WHERE state = 'approved' AND kind IN ('write_off', 'adjustment')) AS m
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'move:%') AS t ON t.key = m.key
    WHERE m.id IS NULL OR t.id IS NULL OR m.amount_fen <> t.amount_fen
       OR m.decided_by_id IS NULL OR m.decided_by_id = m.asked_by_id
    """,
)
invariant(
    "P1",
    "each WeChat charge is in the ledger exactly once, with its amount",
    """
    SELECT c.id AS charge_id, c.transaction_id, c.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT *, 'charge:' || mchid || ':' || transaction_id AS key
          FROM payment_charge WHERE currency = 'CNY') AS c
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'charge:%') AS t ON t.key = c.key
    WHERE c.id IS NULL OR t.id IS NULL OR c.amount_fen <> t.amount_fen
    """,
)
invariant(
    "P2",
    "a charge that paid an order agrees with what was asked: merchant, app, number, currency, amount, payer",
    """
    SELECT c.id AS charge_id, c.out_trade_no FROM payment_charge c
    LEFT JOIN payment_attempt a ON a.id = c.attempt_id
    LEFT JOIN payment p ON p.id = c.payment_id
    WHERE c.applied AND (
        a.id IS NULL OR p.id IS NULL OR a.payment_id <> p.id OR a.out_trade_no <> c.out_trade_no
        OR a.mchid <> c.mchid OR a.app_id <> c.app_id OR a.currency <> c.currency
        OR a.amount_fen <> c.amount_fen OR p.amount_fen <> c.amount_fen
        OR (a.openid IS NOT NULL AND c.openid IS NOT NULL AND a.openid <> c.openid))
    """,
)
invariant(
    "P3",
    "each line of a fetched bill is in our books with the same amount, or is an open break",
    """
    SELECT l.id AS line_id, l.kind, l.transaction_id, l.out_refund_no, l.amount_fen
    FROM payment_bill_line l JOIN payment_bill b ON b.id = l.bill_id
    LEFT JOIN payment_charge c ON c.mchid = b.mchid AND c.transaction_id = l.transaction_id
    LEFT JOIN payment_refund r ON r.out_refund_no = l.out_refund_no
    WHERE (CASE l.kind WHEN 'pay' THEN c.id IS NULL OR c.amount_fen <> l.amount_fen
                       ELSE r.id IS NULL OR r.amount_fen <> l.amount_fen END)
      AND NOT EXISTS (SELECT FROM payment_break k WHERE k.bill_id = l.bill_id AND k.subject =
          CASE l.kind WHEN 'pay' THEN l.transaction_id ELSE 'refund:' || l.out_refund_no END)
    """,
)
invariant(
    "P3.fees",
    "what a bill's fees add up to is in the ledger once its fees are posted, and nothing else is",
    """
    SELECT b.id AS bill_id, b.charged, b.returned, b.posted, b.posted_back
    FROM (
        SELECT b.id, b.fees_posted_at, coalesce(l.charged, 0) AS charged,
               coalesce(l.returned, 0) AS returned,
               coalesce(l.posted, 0) + coalesce(f.amount_fen, 0) AS posted,
               coalesce(l.posted_back, 0) + coalesce(r.amount_fen, 0) AS posted_back
        FROM payment_bill b
        LEFT JOIN (
            SELECT l.bill_id, sum(l.fee_fen) FILTER (WHERE l.fee_fen > 0) AS charged,
                   -sum(l.fee_fen) FILTER (WHERE l.fee_fen < 0) AS returned,
                   sum(t.amount_fen) FILTER (WHERE t.code = 'payment.fee') AS posted,
                   sum(t.amount_fen) FILTER (WHERE t.code = 'payment.fee_returned') AS posted_back
            FROM payment_bill_line l
            LEFT JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'fee:%') AS t
                   ON t.key = 'fee:' || l.id
            GROUP BY l.bill_id
        ) AS l ON l.bill_id = b.id
        LEFT JOIN ledger_transfer f ON f.key = 'bill-fee:' || b.id AND f.code = 'payment.fee'
        LEFT JOIN ledger_transfer r
               ON r.key = 'bill-fee-returned:' || b.id AND r.code = 'payment.fee_returned'
    ) AS b
    WHERE b.fees_posted_at IS NOT NULL
          AND (b.charged <> b.posted OR b.returned <> b.posted_back)
       OR b.fees_posted_at IS NULL AND (b.posted > b.charged OR b.posted_back > b.returned)
    UNION ALL
    SELECT NULL, NULL, NULL, t.amount_fen, NULL FROM ledger_transfer t
    WHERE t.code IN ('payment.fee', 'payment.fee_returned') AND NOT EXISTS (
        SELECT FROM payment_bill b
        WHERE t.key IN ('bill-fee:' || b.id, 'bill-fee-returned:' || b.id)
        UNION ALL SELECT FROM payment_bill_line l WHERE t.key = 'fee:' || l.id)
    """,
)
invariant(
    "P4",
    "each charge paid its order or stands in suspense, and the suspense account holds what is undecided",
    """
    SELECT c.id AS charge_id, NULL AS held_fen, NULL AS booked_fen FROM payment_charge c
    LEFT JOIN payment_suspense s ON s.charge_id = c.id
    WHERE c.applied = (s.id IS NOT NULL) OR s.amount_fen <> c.amount_fen
    UNION ALL
    SELECT NULL, held.fen, booked.fen
    FROM (SELECT coalesce(sum(amount_fen), 0)::bigint AS fen FROM payment_suspense
          WHERE currency = 'CNY' AND state IN ('open', 'refunding')) AS held,
         (SELECT coalesce(sum(credited_fen - debited_fen), 0)::bigint AS fen FROM ledger_account
          WHERE name = 'suspense') AS booked
    WHERE held.fen <> booked.fen
    """,
)
invariant(
    "P5",
    "refunding and refunded are the sums of their refunds, and together never exceed the charge",
    """
    SELECT c.id AS charge_id, c.amount_fen, c.refunding_fen, c.refunded_fen, r.refunding, r.refunded
    FROM payment_charge c LEFT JOIN (
        SELECT charge_id,
               sum(amount_fen) FILTER (WHERE state IN ('reserved', 'unknown', 'processing', 'abnormal'))
                   AS refunding,
               sum(amount_fen) FILTER (WHERE state = 'success') AS refunded
        FROM payment_refund GROUP BY charge_id
    ) AS r ON r.charge_id = c.id
    WHERE c.refunding_fen <> coalesce(r.refunding, 0) OR c.refunded_fen <> coalesce(r.refunded, 0)
       OR c.refunding_fen + c.refunded_fen > c.amount_fen
    """,
)
invariant(
    "P5.books",
    "each refund that reached the fan is in the ledger exactly once, and no other is",
    """
    SELECT r.id AS refund_id, r.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT r.*, 'refund:' || r.out_refund_no AS key
          FROM payment_refund r JOIN payment_charge c ON c.id = r.charge_id
          WHERE r.state = 'success' AND c.currency = 'CNY') AS r
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'refund:%') AS t ON t.key = r.key
    WHERE r.id IS NULL OR t.id IS NULL OR r.amount_fen <> t.amount_fen
    """,
)
invariant(
    "P7",
    "a payment is paid exactly when a charge of its own, on WeChat's evidence, paid it",
    """
    SELECT p.id AS payment_id, p.state, c.id AS charge_id FROM payment p
    LEFT JOIN payment_charge c ON c.payment_id = p.id AND c.applied
    WHERE (p.state = 'paid') <> (c.id IS NOT NULL) OR p.transaction_id <> c.transaction_id
    """,
)
invariant(
    "P4.unearned",
    "the unearned account holds exactly what paid, not yet received orders still hold",
    """
    SELECT owed.fen AS owed_fen, booked.fen AS booked_fen
    FROM (SELECT coalesce(sum(c.amount_fen - c.refunded_fen), 0)::bigint AS fen
          FROM payment_charge c JOIN payment p ON p.id = c.payment_id
          WHERE c.applied AND c.currency = 'CNY' AND p.earned_at IS NULL) AS owed,
         (SELECT coalesce(sum(credited_fen - debited_fen), 0)::bigint AS fen FROM ledger_account
          WHERE name = 'orders:unearned') AS booked
    WHERE owed.fen <> booked.fen
    """,
)
invariant(
    "K1.attempts",
    "no number is given out after its order's time to pay is over",
    "SELECT id, out_trade_no, created_at, expires_at FROM payment_attempt WHERE created_at >= expires_at",
)
invariant(
    "E1.payments",
    "a month back, each charge that paid its order was announced exactly once, and no other",
    """
    SELECT coalesce(c.order_no, e.order_no) AS order_no, coalesce(c.paid, 0) AS paid,
           coalesce(e.told, 0) AS told
    FROM (SELECT p.order_no, count(*) AS paid FROM payment_charge c JOIN payment p ON p.id = c.payment_id
          WHERE c.applied AND p.purpose = 'order'
            AND c.recorded_at > now() - interval '30 days' GROUP BY 1) AS c
    FULL JOIN (SELECT p.order_no, count(*) AS told
          FROM platform.event v JOIN payment p ON p.transaction_id = v.payload->>'transaction_id'
          WHERE v.merchant = substr(current_schema(), 3) AND v.name = 'payments.succeeded'
            AND v.at > now() - interval '30 days' GROUP BY 1) AS e ON e.order_no = c.order_no
    WHERE coalesce(c.paid, 0) <> coalesce(e.told, 0)
    """,
)
invariant(
    "P3.funds",
    "each withdrawal of a fund bill is in the ledger exactly once, and no other is",
    """
    SELECT l.flow_no, l.amount_fen, t.amount_fen AS posted_fen, t.key
    FROM (SELECT l.flow_no, -l.amount_fen AS amount_fen, 'fund:' || b.mchid || ':' || l.flow_no AS key
          FROM payment_fund_line l JOIN payment_fund_bill b ON b.id = l.fund_id
          WHERE l.kind = 'withdrawal') AS l
    FULL JOIN (SELECT * FROM ledger_transfer WHERE key LIKE 'fund:%') AS t ON t.key = l.key
    WHERE l.flow_no IS NULL OR t.id IS NULL OR l.amount_fen <> t.amount_fen
    """,
)
