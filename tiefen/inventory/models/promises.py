"""What must always be true of stock: statements that find the rows that break it."""

from tiefen.kernel.audit import invariant

invariant(
    "S1-reserved",
    "reserved = sum of open reservations, and on_hand >= reserved >= 0",
    """
    SELECT s.sku_id, s.location_id, s.on_hand, s.reserved, coalesce(r.held, 0) AS held
    FROM stock s LEFT JOIN (
        SELECT sku_id, location_id, sum(quantity) AS held FROM reservation
        WHERE state = 'open' GROUP BY sku_id, location_id
    ) r USING (sku_id, location_id)
    WHERE s.reserved <> coalesce(r.held, 0) OR s.reserved < 0 OR s.on_hand < s.reserved
    """,
)
invariant(
    "S1-on-hand",
    "on_hand = sum of movements: sold = received - on_hand - loss",
    """
    SELECT s.sku_id, s.location_id, s.on_hand, coalesce(m.moved, 0) AS moved
    FROM stock s LEFT JOIN (
        SELECT sku_id, location_id, sum(quantity) AS moved FROM movement
        GROUP BY sku_id, location_id
    ) m USING (sku_id, location_id)
    WHERE s.on_hand <> coalesce(m.moved, 0)
    """,
)
invariant(
    "S2-sold-once",
    "a converted reservation was sold exactly once, any other never",
    """
    SELECT reference, sku_id, location_id, coalesce(r.converted, 0) AS converted,
        coalesce(m.sold, 0) AS sold
    FROM (
        SELECT reference, sku_id, location_id, sum(quantity) AS converted FROM reservation
        WHERE state = 'converted' GROUP BY reference, sku_id, location_id
    ) r FULL JOIN (
        SELECT reference, sku_id, location_id, -sum(quantity) AS sold FROM movement
        WHERE reason = 'sold' GROUP BY reference, sku_id, location_id
    ) m USING (reference, sku_id, location_id)
    WHERE coalesce(m.sold, 0) <> coalesce(r.converted, 0)
    """,
)
invariant(
    "A1-stock",
    "each change of stock by a member of staff has its row in the audit log, of the same moment",
    """
    SELECT m.id, m.sku_id, m.actor FROM movement m
    WHERE m.actor LIKE 'staff:%' AND NOT EXISTS (SELECT FROM audit_entry a
        WHERE a.at = m.at AND (a.action LIKE 'inventory.%' OR a.action LIKE 'orders.%'))
    """,
)

invariant(
    "S4-transfers",
    "what left for a transfer is what its lines say, and what came, or came back, is what moved",
    """
    SELECT t.transfer_no, l.sku_id FROM stock_transfer t
    JOIN stock_transfer_line l ON l.transfer_id = t.id
    LEFT JOIN LATERAL (
        SELECT -coalesce(sum(quantity) FILTER (WHERE quantity < 0), 0) AS gone,
            coalesce(sum(quantity) FILTER (WHERE quantity > 0 AND location_id = t.to_id), 0) AS came,
            coalesce(sum(quantity) FILTER (WHERE quantity > 0 AND location_id = t.from_id), 0) AS back
        FROM movement m WHERE m.sku_id = l.sku_id AND m.reference = t.transfer_no
    ) m ON true
    WHERE m.gone <> l.quantity OR m.came <> l.arrived OR m.back <> l.back
        OR (t.state = 'called_back' AND l.arrived + l.back <> l.quantity)
        OR (t.state <> 'called_back' AND l.back <> 0)
    """,
)
invariant(
    "S5-bundles",
    "a bundle has no pieces of its own, and no part of it is a bundle",
    """
    SELECT b.bundle_id, b.part_id FROM bundle_part b
    WHERE EXISTS (SELECT FROM stock s WHERE s.sku_id = b.bundle_id AND s.on_hand <> 0)
        OR EXISTS (SELECT FROM bundle_part n WHERE n.bundle_id = b.part_id)
    """,
)
invariant(
    "S6-counts",
    "a posted count booked each of its differences once, any other none",
    """
    SELECT c.sheet_no, l.sku_id FROM count_sheet c JOIN count_line l ON l.sheet_id = c.id
    LEFT JOIN LATERAL (
        SELECT sum(quantity) AS booked, count(*) AS times FROM movement m
        WHERE m.sku_id = l.sku_id AND m.reference = c.sheet_no AND m.location_id = c.location_id
    ) m ON true
    WHERE coalesce(m.booked, 0) <> CASE c.state WHEN 'posted' THEN
        coalesce(l.counted - l.book, 0) ELSE 0 END OR m.times > 1
    """,
)

invariant(
    "S7-imports",
    "what the lines of an import of stock changed is what was moved for it, taken back or not",
    """
    SELECT i.import_no, l.changed, coalesce(m.moved, 0) AS moved
    FROM stock_import i
    JOIN (SELECT import_id, coalesce(sum(change) FILTER (WHERE fate IN ('changed', 'stuck')), 0)
              AS changed FROM stock_import_line GROUP BY import_id) l ON l.import_id = i.id
    LEFT JOIN (SELECT split_part(reference, '-', 1) AS import_no, sum(quantity) AS moved
               FROM movement WHERE reference LIKE 'I%' GROUP BY 1) m ON m.import_no = i.import_no
    WHERE l.changed <> coalesce(m.moved, 0)
    """,
)
