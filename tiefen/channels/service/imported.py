"""Followers from before: a first source for each, in a few statements for a page of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text

from tiefen.channels import rules
from tiefen.channels.models import ChannelCode
from tiefen.channels.service.attribution import record_touch
from tiefen.channels.service.sharing import lock_people, orders_since, share_orders
from tiefen.channels.service.sources import place
from tiefen.channels.values import TouchKind
from tiefen.fans import service as fans
from tiefen.fans.values import ImportedFan
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx

# As text over arrays: built as rows of VALUES, a page costs more to write down than to run.
_TOUCHES = text(
    """
    INSERT INTO channel_touch (fan_id, code_id, kind, ref, at)
    SELECT p.fan_id, NULL, :kind, p.ref, p.at
    FROM unnest(CAST(:fan_ids AS bigint[]), CAST(:refs AS text[]), CAST(:ats AS timestamptz[]))
         AS p(fan_id, ref, at)
    ON CONFLICT DO NOTHING RETURNING id, fan_id, at
    """
)
_FIRSTS = text(
    """
    INSERT INTO channel_attribution (fan_id, first_touch_id, first_at, last_at, following, unfollows)
    SELECT p.fan_id, p.touch_id, p.at, p.at, p.following, 0
    FROM unnest(CAST(:fan_ids AS bigint[]), CAST(:touch_ids AS bigint[]),
                CAST(:ats AS timestamptz[]), CAST(:following AS bool[]))
         AS p(fan_id, touch_id, at, following)
    ON CONFLICT (fan_id) DO NOTHING RETURNING fan_id
    """
)
_LASTS = text(
    """
    UPDATE channel_attribution AS a SET last_at = greatest(a.last_at, p.at)
    FROM (SELECT fan_id, max(at) AS at
          FROM unnest(CAST(:fan_ids AS bigint[]), CAST(:ats AS timestamptz[])) AS u(fan_id, at)
          WHERE fan_id <> ALL(CAST(:made AS bigint[])) GROUP BY 1) AS p
    WHERE a.fan_id = p.fan_id
    """
)
_COUNT = text(
    """
    INSERT INTO channel_reach AS r (day, code_id, owner_staff_id, scans, follows, fans, ruled, gone,
                                    visited, ordered, buyers, receivers, keepers)
    SELECT p.day, 0, :nobody, 0, count(*), 0, 0, 0, 0, 0, 0, 0, 0
    FROM unnest(CAST(:days AS date[])) AS p(day) GROUP BY 1 ORDER BY 1
    ON CONFLICT (day, code_id, owner_staff_id) DO UPDATE
    SET follows = r.follows + excluded.follows
    """
)


async def record_imported(tx: Tx, app_id: str, people: Sequence[ImportedFan]) -> None:
    """Add a touch for each imported follow, as of when it was; once per follow.

    Who has a first source keeps it. A scene of our own code is a touch with that code; all others
    came by themselves, before we could see where from.
    """
    scenes = {one.scene for one in people if one.scene}
    rows = await tx.scalars(select(ChannelCode.scene).where(ChannelCode.scene.in_(scenes)))
    ours = set(rows) if scenes else set()
    alone = [one for one in people if one.scene not in ours]
    if alone:
        await _by_themselves(tx, app_id, alone)
    for one in people:
        if one.scene in ours:
            await record_touch(
                tx,
                fan_id=one.fan_id,
                scene=one.scene,
                kind=TouchKind.FOLLOW,
                ref=_ref(app_id, one),
                at=one.at,
            )


async def _by_themselves(tx: Tx, app_id: str, people: Sequence[ImportedFan]) -> None:
    records = await lock_people(tx, [one.fan_id for one in people])
    given = {
        "kind": TouchKind.ORGANIC.value,
        "fan_ids": [one.fan_id for one in people],
        "refs": [_ref(app_id, one) for one in people],
        "ats": [one.at for one in people],
    }
    new = [(row.id, row.fan_id, row.at) for row in await tx.execute(_TOUCHES, given)]
    if not new:
        return
    await _attribute(tx, new)
    nobody = rules.owner_at([], None, new[0][2])
    await tx.execute(_COUNT, {"nobody": nobody, "days": [day_of(at) for _, _, at in new]})
    once = {records[fan_id][0]: records[fan_id] for _, fan_id, _ in new}
    first = min(at for _, _, at in new)
    everyone = [one for several in once.values() for one in several]
    await share_orders(tx, await orders_since(tx, everyone, first))
    await place(tx, list(once.values()))


async def _attribute(tx: Tx, touches: Sequence[tuple[int, int, datetime]]) -> None:
    """Fix first sources; whoever has one keeps it, and only the last touch may move."""
    fan_ids, ats = [fan_id for _, fan_id, _ in touches], [at for *_, at in touches]
    there = await fans.followers_of(tx, fan_ids)
    given = {
        "fan_ids": fan_ids,
        "touch_ids": [touch_id for touch_id, *_ in touches],
        "ats": ats,
        "following": [fan_id in there for fan_id in fan_ids],
    }
    made = list(await tx.scalars(_FIRSTS, given))
    if len(made) < len(set(fan_ids)):
        await tx.execute(_LASTS, {"fan_ids": fan_ids, "ats": ats, "made": made})


def _ref(app_id: str, one: ImportedFan) -> str:
    """As for a follow that a push told of, so that it is one touch whoever tells first."""
    return f"follow:{app_id}:{one.openid}:{int(one.at.timestamp())}"
