"""Customers from before become the fans they are: at once when the fan is known, else on appearing.

A customer is a fan by openid or unionid; a phone decides where neither is known. Where the ways lead
to more than one person, nobody is taken.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from tiefen.fans.service.facts import note_change
from tiefen.fans.service.past_counts import settle
from tiefen.fans.service.stages import judge_recounted
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later

ATTACH = "fans.past_attach"
# OFFSET 0 keeps each look-up one walk down an index, whatever the planner believes of the tables:
# what a part of a file costs must not grow with them.
_FOUND = """
    apps AS (
        SELECT min(app_id) AS app_id FROM fan_identity
        UNION ALL
        SELECT (SELECT min(i.app_id) FROM fan_identity AS i WHERE i.app_id > apps.app_id)
        FROM apps WHERE apps.app_id IS NOT NULL
    ), way AS (
        SELECT a.n, 1 AS rank, i.fan_id FROM asked AS a CROSS JOIN apps
        CROSS JOIN LATERAL (SELECT fan_id FROM fan_identity
                            WHERE app_id = apps.app_id AND openid = a.openid OFFSET 0) AS i
        WHERE a.openid IS NOT NULL
        UNION ALL
        SELECT a.n, 1, u.fan_id FROM asked AS a
        CROSS JOIN LATERAL (SELECT fan_id FROM fan_union WHERE unionid = a.unionid OFFSET 0) AS u
        WHERE a.unionid IS NOT NULL
        UNION ALL
        SELECT a.n, 2, f.id FROM asked AS a
        CROSS JOIN LATERAL (SELECT id FROM fan WHERE phone_blind = a.phone_blind
                            AND merged_into IS NULL AND erased_at IS NULL OFFSET 0) AS f
        WHERE a.phone_blind IS NOT NULL
    ), best AS (
        SELECT way.*, f.person, min(rank) OVER (PARTITION BY n) AS first
        FROM way CROSS JOIN LATERAL (SELECT coalesce(merged_into, id) AS person FROM fan
                                     WHERE id = way.fan_id OFFSET 0) AS f
    ), found AS (
        SELECT n, min(fan_id) AS fan_id FROM best WHERE rank = first
        GROUP BY n HAVING count(DISTINCT person) = 1
    )
"""
_WHO = text(
    f"""
    WITH RECURSIVE asked AS (
        SELECT * FROM unnest(CAST(:openids AS text[]), CAST(:unionids AS text[]),
                             CAST(:phones AS text[])) WITH ORDINALITY
             AS a(openid, unionid, phone_blind, n)
    ), {_FOUND}
    SELECT n FROM found
    """  # noqa: S608 our own text
)
_THERE = text(
    """
    SELECT p.n FROM unnest(CAST(:kinds AS text[]), CAST(:scopes AS text[]),
                           CAST(:blinds AS text[])) WITH ORDINALITY AS p(kind, scope, blind, n)
    JOIN fan_past_customer AS c ON (c.kind, c.scope, c.blind) = (p.kind, p.scope, p.blind)
    WHERE c.fan_id IS NOT NULL
    """
)
_ATTACH = text(
    f"""
    WITH RECURSIVE asked AS (
        SELECT id AS n, openid, unionid, phone_blind FROM fan_past_customer
        WHERE id = ANY(:customers) AND fan_id IS NULL
    ), {_FOUND}
    UPDATE fan_past_customer AS c SET fan_id = found.fan_id FROM found
    WHERE c.id = found.n AND c.fan_id IS NULL RETURNING c.id
    """  # noqa: S608 our own text
)
_ATTACHED = text(
    "SELECT id FROM fan_past_customer WHERE id = ANY(:customers) AND fan_id IS NOT NULL"
)
_WAITING = text(
    """
    SELECT c.id FROM fan_identity AS i
    JOIN fan_past_customer AS c ON c.openid = i.openid AND c.fan_id IS NULL
    WHERE i.fan_id = ANY(:fans)
    UNION
    SELECT c.id FROM fan_union AS u
    JOIN fan_past_customer AS c ON c.unionid = u.unionid AND c.fan_id IS NULL
    WHERE u.fan_id = ANY(:fans)
    UNION
    SELECT c.id FROM fan AS f
    JOIN fan_past_customer AS c ON c.phone_blind = f.phone_blind AND c.fan_id IS NULL
    WHERE f.id = ANY(:fans) OR f.id IN (SELECT merged_into FROM fan WHERE id = ANY(:fans))
    """
)
_UNFOUND = text(
    """
    SELECT id FROM fan_past_customer
    WHERE id > :after AND fan_id IS NULL
      AND (openid IS NOT NULL OR unionid IS NOT NULL OR phone_blind IS NOT NULL)
    ORDER BY id LIMIT :limit
    """
)
_SWEEP = 5_000

Ways = tuple[str | None, str | None, str | None]
"""An openid, a unionid, a blinded phone."""
Key = tuple[str, str, str]
"""Of a customer: kind, scope, blinded key."""


async def who_are(tx: Tx, ways: Mapping[Key, Ways]) -> set[Key]:
    """Which of these customers are fans, or would be; nothing changes."""
    keys = list(ways)
    asked = {
        "openids": [ways[key][0] for key in keys],
        "unionids": [ways[key][1] for key in keys],
        "phones": [ways[key][2] for key in keys],
    }
    there = {
        "kinds": [key[0] for key in keys],
        "scopes": [key[1] for key in keys],
        "blinds": [key[2] for key in keys],
    }
    found = {*await tx.scalars(_WHO, asked), *await tx.scalars(_THERE, there)}
    return {keys[n - 1] for n in found}


async def attach_customers(tx: Tx, customers: Sequence[int]) -> set[int]:
    """Make these customers the fans they are, where that is known; which are fans now.

    The caller settles them.
    """
    await tx.execute(_ATTACH, {"customers": list(customers)})
    return set(await tx.scalars(_ATTACHED, {"customers": list(customers)}))


async def look_for_past(tx: Tx, fans: Sequence[int]) -> None:
    """These records have become findable in a new way: a job attaches who waited for them.

    One indexed statement; nearly nobody is waited for.
    """
    if fans and list(await tx.scalars(_WAITING, {"fans": list(fans)})):
        later(tx, ATTACH, fans=sorted(fans))


async def attach_past(tx: Tx, fans: Sequence[int]) -> None:
    """Attach customers who waited for these records; stage, facts and rules follow."""
    waiting = list(await tx.scalars(_WAITING, {"fans": list(fans)}))
    found = await attach_customers(tx, waiting)
    people = await settle(tx, found)
    if people:
        await judge_recounted(tx, people)
    for fan_id in people:
        await note_change(tx, fan_id, ["person", "did:past_bought"])


async def sweep_past(tx: Tx, after: int) -> int | None:
    """Look for the next customers who are no fans yet, once a day, whatever was missed.

    Returns where to go on; None = all looked at.
    """
    some = list(await tx.scalars(_UNFOUND, {"after": after, "limit": _SWEEP}))
    found = await attach_customers(tx, some)
    await settle(tx, found)
    return some[-1] if len(some) == _SWEEP else None
