"""What must always be true of orders: statements that find the rows that break it."""

from tiefen.kernel.audit import invariant
from tiefen.orders import rules


def _legal() -> str:
    """The room's tables of steps as rows of SQL: kind, before, action, after."""
    orders = [("order", *one, after) for one, after in rules.ORDER.items()]
    asked = [("after_sale", *one, after) for one, after in rules.AFTER_SALE.items()]
    return ", ".join(str(tuple(map(str, one))) for one in [*orders, *asked])


invariant(
    "M5-lines",
    "the lines of an order add up to its goods, discount and freight",
    """
    SELECT o.id FROM orders o JOIN order_line l ON l.order_id = o.id
    GROUP BY o.id, o.goods_fen, o.discount_fen, o.freight_fen, o.quantity
    HAVING sum(l.list_fen) <> o.goods_fen OR sum(l.discount_fen) <> o.discount_fen
        OR sum(l.freight_fen) <> o.freight_fen OR sum(l.quantity) <> o.quantity
    """,
)
invariant(
    "M6-quote",
    "an order costs what its stored quote says, less what the merchant took off before payment",
    """
    SELECT id FROM orders WHERE total_fen <> (quote->>'total_fen')::bigint - reduced_fen
        OR total_fen <> goods_fen + freight_fen - discount_fen OR total_fen < 0
    """,
)
invariant(
    "C3-orders",
    "an order that is paid in part with points took exactly these",
    """
    SELECT o.order_no FROM orders o LEFT JOIN points_move m ON m.key = 'spend:' || o.order_no
    WHERE coalesce((o.quote->'points'->>'used')::boolean, false)
        IS DISTINCT FROM (m.id IS NOT NULL)
        OR -m.available <> (o.quote->'points'->>'points')::bigint
    """,
)
invariant(
    "C3-returned",
    "points that paid an order came back with it: all of a closed or refunded one, else what its lines say",
    """
    SELECT o.order_no, l.spent, l.back FROM orders o JOIN (
        SELECT order_no, sum(spent) AS spent, sum(spent_back) AS back
        FROM points_line GROUP BY order_no
    ) l ON l.order_no = o.order_no
    WHERE (o.status IN ('closed', 'refunded') AND l.back <> l.spent)
        OR l.back <> (SELECT coalesce(sum(m.available - m.debt), 0) FROM points_move m
            WHERE m.order_no = o.order_no AND m.kind = 'returned')
    """,
)
invariant(
    "P5-orders",
    "per order: refunding and refunded are the sums of its after-sales, and never exceed paid",
    """
    SELECT o.id, o.refunding_fen, o.refunded_fen FROM orders o LEFT JOIN (
        SELECT order_id,
            sum(amount_fen) FILTER (WHERE status IN ('requested', 'returning', 'sent_back',
                'resending', 'refunding', 'abnormal')) AS open,
            sum(amount_fen) FILTER (WHERE status = 'refunded') AS done,
            sum(freight_fen) FILTER (WHERE status NOT IN ('rejected', 'withdrawn', 'lapsed', 'done'))
                AS freight
        FROM after_sale GROUP BY order_id
    ) a ON a.order_id = o.id
    WHERE o.refunding_fen <> coalesce(a.open, 0) OR o.refunded_fen <> coalesce(a.done, 0)
        OR o.refunding_fen + o.refunded_fen > o.paid_fen
        OR o.freight_claimed_fen <> coalesce(a.freight, 0)
    """,
)
invariant(
    "P5-lines",
    "per line: claimed pieces and money are the sums of its after-sale lines",
    """
    SELECT l.id FROM order_line l LEFT JOIN (
        SELECT s.order_line_id,
            sum(s.unshipped) AS unshipped,
            sum(s.unshipped) FILTER (WHERE a.status IN ('requested', 'returning', 'sent_back'))
                AS holding,
            sum(s.kept_fen) AS kept,
            sum(s.shipped) AS shipped,
            sum(s.amount_fen) FILTER (WHERE a.status <> 'refunded') AS open,
            sum(s.amount_fen) FILTER (WHERE a.status = 'refunded') AS done
        FROM after_sale_line s JOIN after_sale a ON a.id = s.after_sale_id
        WHERE a.status NOT IN ('rejected', 'withdrawn', 'lapsed', 'done') GROUP BY s.order_line_id
    ) c ON c.order_line_id = l.id
    WHERE l.cancelled <> coalesce(c.unshipped, 0) OR l.holding <> coalesce(c.holding, 0)
        OR l.returned <> coalesce(c.shipped, 0) OR l.refunding_fen <> coalesce(c.open, 0)
        OR l.refunded_fen <> coalesce(c.done, 0) OR l.refunding_fen + l.refunded_fen > l.pay_fen
        OR l.kept_fen <> coalesce(c.kept, 0)
    """,
)
invariant(
    "P5-payouts",
    "the shares of an after-sale's refund never exceed it, and add up to it once it is refunded",
    """
    SELECT a.after_sale_no, a.amount_fen, p.live, p.done FROM after_sale a JOIN (
        SELECT after_sale_id, sum(amount_fen) FILTER (WHERE state <> 'failed') AS live,
            sum(amount_fen) FILTER (WHERE state = 'done') AS done
        FROM after_sale_payout GROUP BY after_sale_id
    ) p ON p.after_sale_id = a.id
    WHERE coalesce(p.live, 0) > a.amount_fen
        OR a.status = 'refunded' AND coalesce(p.done, 0) <> a.amount_fen
    """,
)
invariant(
    "M5-stages",
    "an order in presale holds exactly what its stage says was paid, and each stage its payment",
    """
    SELECT id, status, paid_fen, deposit_fen, total_fen FROM orders
    WHERE deposit_fen > 0 AND CASE status
        WHEN 'unpaid' THEN paid_fen <> 0 OR deposit_payment_id IS NOT NULL
        WHEN 'deposited' THEN paid_fen <> deposit_fen OR deposit_payment_id IS NULL
        WHEN 'closed' THEN paid_fen NOT IN (0, deposit_fen) OR (paid_fen > 0
            AND NOT (forfeits AND close_reason = 'balance_unpaid'))
        ELSE paid_fen <> total_fen OR payment_id IS NULL OR deposit_payment_id IS NULL END
    """,
)
invariant(
    "O1-shipped",
    "pieces sent are the sums of the parcels; none is both sent and refunded unsent",
    """
    SELECT l.id FROM order_line l LEFT JOIN (
        SELECT order_line_id, sum(quantity) AS sent FROM parcel_line GROUP BY order_line_id
    ) p ON p.order_line_id = l.id
    WHERE l.shipped <> coalesce(p.sent, 0) OR l.shipped + l.cancelled > l.quantity
    """,
)
invariant(
    "O1-steps",
    "an order, and an after-sale, stands where its last step left it",
    """
    SELECT o.id, o.status FROM orders o LEFT JOIN LATERAL (
        SELECT after FROM order_transition t WHERE t.order_id = o.id AND t.subject = 'order'
        ORDER BY t.id DESC LIMIT 1
    ) t ON true
    WHERE o.status <> coalesce(t.after, 'unpaid')
    UNION ALL
    SELECT a.id, a.status FROM after_sale a WHERE a.status <> coalesce((
        SELECT after FROM order_transition t WHERE t.order_id = a.order_id
        AND t.subject = a.after_sale_no ORDER BY t.id DESC LIMIT 1), 'requested')
    """,
)
invariant(
    "O1-stock",
    "an unpaid order holds its stock, a paid one sold it, a closed one gave it back",
    """
    SELECT o.id, o.status FROM orders o JOIN (
        SELECT order_id, sku_id, sum(quantity) AS quantity FROM order_line GROUP BY order_id, sku_id
    ) l ON l.order_id = o.id
    LEFT JOIN (
        SELECT reference, coalesce(nullif(bundle_id, 0), sku_id) AS sold, sku_id, min(each) AS each,
            sum(quantity) FILTER (WHERE state = 'open') AS held,
            sum(quantity) FILTER (WHERE state = 'converted') AS sold_pieces
        FROM reservation WHERE state <> 'released' GROUP BY 1, 2, 3
    ) r ON r.reference = o.order_no AND r.sold = l.sku_id
    WHERE CASE o.status
        WHEN 'unpaid' THEN coalesce(r.sold_pieces, 0) <> 0
            OR (o.pay_until > now() AND coalesce(r.held, 0) <> l.quantity * coalesce(r.each, 1))
        WHEN 'deposited' THEN coalesce(r.sold_pieces, 0) <> 0 OR (o.balance_until > now()
            AND coalesce(r.held, 0) <> l.quantity * coalesce(r.each, 1))
        WHEN 'closed' THEN coalesce(r.held, 0) + coalesce(r.sold_pieces, 0) <> 0
        ELSE coalesce(r.sold_pieces, 0) <> l.quantity * coalesce(r.each, 1) END
    """,
)
invariant(
    "O1-sent",
    "what left the shelves for an order, or went back to them unsent, is what its lines say",
    """
    SELECT o.id, r.sku_id, r.sent, r.back FROM (
        SELECT order_id, sku_id, sum(shipped) AS sent, sum(cancelled - holding) AS back
        FROM order_line GROUP BY order_id, sku_id
    ) l JOIN orders o ON o.id = l.order_id
    JOIN (
        SELECT reference, coalesce(nullif(bundle_id, 0), sku_id) AS sold, sku_id, min(each) AS each,
            sum(sent) AS sent, sum(back) AS back
        FROM reservation WHERE state = 'converted' GROUP BY 1, 2, 3
    ) r ON r.reference = o.order_no AND r.sold = l.sku_id
    WHERE r.sent <> l.sent * r.each OR r.back <> l.back * r.each
    """,
)
invariant(
    "S3-counts",
    "what counts against purchase limits is what the order lines say",
    """
    SELECT fan_id, product_id, c.quantity, coalesce(h.held, 0) AS held
    FROM purchase_count c FULL JOIN (
        SELECT o.fan_id, l.product_id, sum(l.limit_held) AS held
        FROM order_line l JOIN orders o ON o.id = l.order_id
        WHERE l.limit_held > 0 GROUP BY o.fan_id, l.product_id
    ) h USING (fan_id, product_id)
    WHERE coalesce(c.quantity, 0) <> coalesce(h.held, 0)
    """,
)
invariant(
    "M5-after-sales",
    "the lines of an after-sale add up to its goods",
    """
    SELECT a.id FROM after_sale a LEFT JOIN after_sale_line l ON l.after_sale_id = a.id
    GROUP BY a.id, a.goods_fen HAVING a.goods_fen <> coalesce(sum(l.amount_fen), 0)
    """,
)
invariant(
    "O1-legal",
    "each step of an order or after-sale is in its table and starts where the one before ended",
    f"""
    SELECT t.id, t.order_id, t.subject, t.before, t.action, t.after FROM (
        SELECT *, CASE subject WHEN 'order' THEN 'order' ELSE 'after_sale' END AS kind,
            lag(after) OVER (PARTITION BY order_id, subject ORDER BY id) AS came
        FROM order_transition
    ) t LEFT JOIN (VALUES {_legal()}) AS legal (kind, before, action, after)
        USING (kind, before, action, after)
    WHERE legal.kind IS NULL
        OR t.before <> coalesce(t.came, CASE t.kind WHEN 'order' THEN 'unpaid' ELSE 'requested' END)
    """,  # noqa: S608 put together from the room's own tables
)
invariant(
    "O2",
    "one checkout key of a fan is one order",
    "SELECT fan_id, checkout_key, count(*) FROM orders GROUP BY 1, 2 HAVING count(*) > 1",
)
invariant(
    "K1-orders",
    "an order is closed for want of money after its deadline, and received by itself after its days",
    f"""
    SELECT id, status FROM orders
    WHERE status = 'closed' AND close_reason = 'unpaid' AND closed_at < pay_until
        OR close_reason = 'balance_unpaid' AND closed_at < balance_until
    UNION ALL
    SELECT o.id, o.status FROM orders o JOIN order_transition t ON t.order_id = o.id
    WHERE t.action = 'receive' AND t.actor = 'system'
        AND t.at < o.shipped_at + interval '{rules.RECEIVE_AFTER.days} days'
    """,  # noqa: S608 the room's own number of days
)
invariant(
    "E1-orders",
    "a month back, each step that others are to hear of was announced exactly once, and no other",
    """
    SELECT order_id, name, coalesce(t.taken, 0) AS taken, coalesce(e.told, 0) AS told FROM (
        SELECT order_id, 'orders.' || CASE action WHEN 'pay' THEN 'paid' WHEN 'close' THEN 'closed'
            WHEN 'ship_rest' THEN 'shipped' WHEN 'receive' THEN 'received' ELSE 'refunded' END AS name,
            count(*) AS taken
        FROM order_transition WHERE at > now() - interval '30 days'
            AND action IN ('pay', 'close', 'ship_rest', 'receive', 'settle') GROUP BY 1, 2
        UNION ALL
        SELECT id, 'orders.placed', 1 FROM orders WHERE placed_at > now() - interval '30 days'
    ) t FULL JOIN (
        SELECT o.id AS order_id, v.name, count(*) AS told
        FROM platform.event v JOIN orders o ON o.order_no = v.payload->>'order_no'
        WHERE v.merchant = substr(current_schema(), 3) AND v.at > now() - interval '30 days'
            AND v.aggregate = 'order:' || o.id AND v.name IN ('orders.placed', 'orders.paid',
                'orders.closed', 'orders.shipped', 'orders.received', 'orders.refunded')
        GROUP BY 1, 2
    ) e USING (order_id, name)
    WHERE coalesce(t.taken, 0) <> coalesce(e.told, 0)
    """,
)
invariant(
    "A1-orders",
    "each step a member of staff takes has its row in the audit log, of the same moment",
    """
    SELECT t.id, t.order_id, t.action, t.actor FROM order_transition t
    WHERE t.actor LIKE 'staff:%' AND NOT EXISTS (
        SELECT FROM audit_entry a WHERE a.at = t.at AND a.action LIKE 'orders.%')
    """,
)
invariant(
    "O1-goods-back",
    "what came back on sale with an after-sale is what was unsent or found fit for sale, once",
    """
    SELECT a.after_sale_no, c.sku_id, c.due, coalesce(m.moved, 0) AS moved FROM (
        SELECT s.after_sale_id, l.sku_id, sum(s.unshipped + s.sellable) AS due
        FROM after_sale_line s JOIN order_line l ON l.id = s.order_line_id
        WHERE EXISTS (SELECT FROM order_transition t JOIN after_sale n ON n.after_sale_no = t.subject
            WHERE n.id = s.after_sale_id AND t.action IN ('approve', 'accept', 'accept_exchange'))
        GROUP BY 1, 2
    ) c JOIN after_sale a ON a.id = c.after_sale_id
    LEFT JOIN (
        SELECT reference, sku_id, sum(quantity) AS moved FROM movement
        WHERE reason = 'returned' GROUP BY 1, 2
    ) m ON m.reference = a.after_sale_no AND m.sku_id = c.sku_id
    WHERE a.inspected_at IS NOT NULL AND c.due <> coalesce(m.moved, 0)
        AND NOT EXISTS (SELECT FROM after_sale_line s JOIN order_line l ON l.id = s.order_line_id
            JOIN bundle_part b ON b.bundle_id = l.sku_id WHERE s.after_sale_id = a.id)
    """,
)
invariant(
    "O1-replacement",
    "a replacement is held while it is to be sent, and sold once when it was sent",
    """
    SELECT a.after_sale_no, a.status, w.quantity, r.held, r.sold FROM after_sale a
    JOIN (
        SELECT s.after_sale_id, coalesce(s.replacement_id, l.sku_id) AS sku_id,
            sum(s.shipped) AS quantity
        FROM after_sale_line s JOIN order_line l ON l.id = s.order_line_id GROUP BY 1, 2
    ) w ON w.after_sale_id = a.id
    LEFT JOIN (
        SELECT reference, coalesce(nullif(bundle_id, 0), sku_id) AS sku_id,
            min(quantity / each) FILTER (WHERE state = 'open') AS held,
            min(quantity / each) FILTER (WHERE state = 'converted') AS sold
        FROM reservation GROUP BY 1, 2
    ) r ON r.reference = a.after_sale_no AND r.sku_id = w.sku_id
    WHERE a.kind IN ('exchange', 'resend') AND CASE a.status
        WHEN 'done' THEN coalesce(r.sold, 0) <> w.quantity
        ELSE coalesce(r.sold, 0) <> 0 END
        OR a.status IN ('rejected', 'withdrawn', 'lapsed', 'refunded') AND coalesce(r.held, 0) <> 0
    """,
)
invariant(
    "K1-after-sales",
    "an after-sale goes on by itself only when its time was over",
    """
    SELECT t.id, t.subject, t.action FROM order_transition t
    JOIN after_sale a ON a.after_sale_no = t.subject
    WHERE t.actor = 'system' AND t.action = 'lapse' AND t.at < a.decided_at + interval '1 day'
    """,
)
