"""What purchases from before come to: for the customer, for the fan they are, for days and facts.

Always counted anew from the purchases, in a few statements for any number of people, so that an
import, its undoing and a customer who appears as a fan are the same thing.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from tiefen.fans.models import ABOUT_SQL, PEOPLE_SQL, SUMS_SQL
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx

_CUSTOMERS = text(
    f"""
    UPDATE fan_past_customer AS c SET
        purchases = coalesce(s.purchases, 0), amount_fen = coalesce(s.amount_fen, 0),
        first_at = s.first_at, last_at = s.last_at
    FROM fan_past_customer AS k
    LEFT JOIN ({SUMS_SQL.format(where="WHERE customer_id = ANY(:customers)")}) AS s
           ON s.customer_id = k.id
    WHERE c.id = k.id AND k.id = ANY(:customers)
    RETURNING c.fan_id
    """  # noqa: S608 our own text
)
_LIVING = text(
    "SELECT DISTINCT coalesce(merged_into, id) AS id FROM fan WHERE id = ANY(:records) ORDER BY 1"
)
_HOLD = text("SELECT id FROM fan WHERE id = ANY(:people) ORDER BY id FOR NO KEY UPDATE")
_RECORDS = text(
    """
    SELECT id FROM fan WHERE id = ANY(:people)
    UNION ALL SELECT id FROM fan WHERE merged_into = ANY(:people)
    """
)
_SET = f"""
    UPDATE fan SET
        past_orders = coalesce(s.past_orders, 0), past_fen = coalesce(s.past_fen, 0),
        past_first_at = s.past_first_at, past_last_at = s.past_last_at{{more}}
    FROM fan AS k
    LEFT JOIN ({PEOPLE_SQL.format(where="WHERE f.id = ANY(:records)")}) AS s ON s.fan_id = k.id
    WHERE fan.id = k.id AND k.id = ANY(:people) AND k.merged_into IS NULL AND (
        (k.past_orders, k.past_fen) <> (coalesce(s.past_orders, 0), coalesce(s.past_fen, 0))
        OR (k.past_first_at, k.past_last_at) IS DISTINCT FROM (s.past_first_at, s.past_last_at))
    RETURNING fan.id
"""  # noqa: S608 our own text
_PEOPLE = text(_SET.format(more=", next_check_on = CAST(:today AS date)"))
_RECOUNT = text(_SET.format(more=""))
_EVERYBODY = text(
    """
    SELECT fan.id FROM fan WHERE fan.merged_into IS NULL AND (fan.past_orders > 0 OR EXISTS (
        SELECT 1 FROM fan_past_customer AS c JOIN fan AS f ON f.id = c.fan_id
        WHERE coalesce(f.merged_into, f.id) = fan.id))
    """
)
_DAYS = """
    SELECT c.fan_id, (p.at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS times
    FROM fan_past_customer AS c
    CROSS JOIN LATERAL (SELECT at FROM fan_past_purchase WHERE customer_id = c.id OFFSET 0) AS p
    WHERE c.fan_id = ANY(:records) GROUP BY 1, 2
"""
"""Days of these records; OFFSET 0: customer by customer, so that a part costs the same in any table."""
_ADD_DAYS = text(
    f"""
    INSERT INTO fan_day AS d (fan_id, day, interactions, received, friends, past)
    SELECT fan_id, day, 0, 0, 0, times FROM ({_DAYS}) AS r
    ON CONFLICT (fan_id, day) DO UPDATE SET past = excluded.past WHERE d.past <> excluded.past
    """  # noqa: S608 our own text
)
_DROP_DAYS = text(
    f"""
    UPDATE fan_day AS d SET past = 0 WHERE d.past > 0 AND d.fan_id = ANY(:records)
    AND NOT EXISTS (SELECT 1 FROM ({_DAYS}) AS r WHERE (r.fan_id, r.day) = (d.fan_id, d.day))
    """  # noqa: S608 our own text
)
_BOUGHT = f"""
    FROM fan_past_customer AS c
    CROSS JOIN LATERAL (SELECT at, product, category FROM fan_past_purchase
                        WHERE customer_id = c.id OFFSET 0) AS p
    {ABOUT_SQL}
"""  # noqa: S608 our own text
_TOPICS = text(
    f"""
    INSERT INTO fan_topic (kind, subject, name)
    SELECT DISTINCT 'past_bought', about.subject, substr(about.subject, 1 + strpos(about.subject, ':'))
    {_BOUGHT} WHERE c.fan_id = ANY(:records) ORDER BY 2 ON CONFLICT DO NOTHING
    """
)
_FACTS = f"""
    SELECT coalesce(f.merged_into, f.id) AS fan_id, t.id AS topic_id,
           (p.at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS times
    {_BOUGHT}
    JOIN fan_topic AS t ON t.kind = 'past_bought' AND t.subject = about.subject
    JOIN fan AS f ON f.id = c.fan_id
    WHERE c.fan_id = ANY(:records) GROUP BY 1, 2, 3
"""
_ADD_FACTS = text(
    f"""
    INSERT INTO fan_fact AS f (fan_id, topic_id, day, times)
    SELECT fan_id, topic_id, day, times FROM ({_FACTS}) AS r
    ON CONFLICT (fan_id, topic_id, day) DO UPDATE SET times = excluded.times
    WHERE f.times <> excluded.times
    """  # noqa: S608 our own text
)
_DROP_FACTS = text(
    f"""
    DELETE FROM fan_fact AS f USING fan_topic AS t
    WHERE f.fan_id = ANY(:people) AND t.id = f.topic_id AND t.kind = 'past_bought'
    AND NOT EXISTS (SELECT 1 FROM ({_FACTS}) AS r
                    WHERE (r.fan_id, r.topic_id, r.day) = (f.fan_id, f.topic_id, f.day))
    """  # noqa: S608 our own text
)


async def settle(tx: Tx, customers: Iterable[int], *, dropped: bool = False) -> list[int]:
    """Count these customers and the people they are anew; returns the people, locked.

    `dropped`: purchases may have gone, so days and facts may have to go too. Who is counted anew is
    due to have their stage judged.
    """
    found = await tx.scalars(_CUSTOMERS, {"customers": sorted(set(customers))})
    people = await _hold(tx, [record for record in found if record is not None])
    if not people:
        return []
    records = list(await tx.scalars(_RECORDS, {"people": people}))
    given = {"people": people, "records": records, "today": day_of(tx.now)}
    await tx.execute(_PEOPLE, given)
    await tx.execute(_ADD_DAYS, given)
    await tx.execute(_TOPICS, given)
    await tx.execute(_ADD_FACTS, given)
    if dropped:
        await tx.execute(_DROP_DAYS, given)
        await tx.execute(_DROP_FACTS, given)
    return people


async def recount_past(tx: Tx, people: Sequence[int]) -> None:
    """Count these (locked) people anew from the customers they are."""
    await _recount(tx, people)


async def rebuild_past(tx: Tx) -> list[int]:
    """Count everybody anew who bought elsewhere; returns who had drifted."""
    everybody = list(await tx.scalars(_EVERYBODY))
    return await _recount(tx, everybody)


async def _recount(tx: Tx, people: Sequence[int]) -> list[int]:
    records = list(await tx.scalars(_RECORDS, {"people": list(people)}))
    return list(await tx.scalars(_RECOUNT, {"people": list(people), "records": records}))


async def _hold(tx: Tx, records: Sequence[int]) -> list[int]:
    """Lock the people behind these records, in the order of ids; who is who may change meanwhile."""
    people: list[int] = []
    while records:
        living = list(await tx.scalars(_LIVING, {"records": list(records)}))
        if living == people:
            break
        people = living
        await tx.scalars(_HOLD, {"people": people})
    return people
