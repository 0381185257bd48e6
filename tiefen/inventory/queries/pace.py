"""What runs low: under a line that somebody drew, or gone within days at the pace it sells."""

from sqlalchemy import func, select

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.models import StockPace
from tiefen.inventory.queries.stock import in_transit, paces_of
from tiefen.inventory.schemas import RunningLowOut, RunningLowRow
from tiefen.kernel.db import Tx

SHOWN = 200
_LOW = """
    WITH low AS (
        SELECT sku_id FROM low_stock WHERE low_since IS NOT NULL
        UNION SELECT sku_id FROM stock_pace WHERE days_left <= $1
    )
"""
_COUNT = f"{_LOW} SELECT count(*) AS skus FROM low"  # noqa: S608 constants of this file
_LIST = f"""
    {_LOW}
    SELECT low.sku_id, coalesce(s.free, 0)::bigint AS free, coalesce(w.under, '{{}}') AS under
    FROM low LEFT JOIN stock_pace p USING (sku_id)
    LEFT JOIN LATERAL (SELECT sum(on_hand - reserved) AS free FROM stock s
        WHERE s.sku_id = low.sku_id) s ON true
    LEFT JOIN LATERAL (SELECT array_agg(l.name ORDER BY l.rank, l.id) AS under FROM low_stock w
        JOIN location l ON l.id = w.location_id
        WHERE w.sku_id = low.sku_id AND w.low_since IS NOT NULL) w ON true
    ORDER BY p.days_left NULLS LAST, p.sold DESC NULLS LAST, low.sku_id LIMIT $2
"""  # noqa: S608 put together from constants of this file


async def running_low(tx: Tx) -> int:
    """How many SKUs are under their line somewhere, or last no week."""
    return int((await tx.rows(_COUNT, rules.COVER_DAYS))[0]["skus"])


async def running_low_list(tx: Tx) -> RunningLowOut:
    """Those SKUs, the most urgent first, at most 200. Six statements."""
    rows = await tx.rows(_LIST, rules.COVER_DAYS, SHOWN)
    sku_ids = [row["sku_id"] for row in rows]
    briefs = await catalog.skus(tx, sku_ids)
    paces, moving = await paces_of(tx, sku_ids), await in_transit(tx, sku_ids)
    items = []
    for row in rows:
        brief, pace = briefs[row["sku_id"]], paces.get(row["sku_id"])
        sold, days = (pace.sold, pace.days) if pace else (0, rules.PACE_DAYS)
        coming = moving.get(brief.id, 0)
        items.append(
            RunningLowRow(
                sku_id=brief.id,
                product_id=brief.product_id,
                product_name=brief.product_name,
                spec_text=brief.spec_text,
                code=brief.code,
                image_url=brief.image_url,
                on_shelf=brief.on_shelf,
                available=row["free"],
                in_transit=coming,
                sold=sold,
                sold_days=days,
                days_left=rules.days_left(row["free"], sold, days),
                to_order=rules.to_order(row["free"] + coming, sold, days),
                under=row["under"],
            )
        )
    as_of = await tx.scalar(select(func.max(StockPace.counted_at)))
    return RunningLowOut(items=items, total=await running_low(tx), as_of=as_of)
