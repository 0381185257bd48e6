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
