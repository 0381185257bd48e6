"""Followers from before: a first source for each, in a few statements for a page of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import rules
from tiefen.channels.models import Attribution, ChannelCode, Touch
from tiefen.channels.service.attribution import record_touch
from tiefen.channels.service.sharing import lock_people, orders_since, share_orders
from tiefen.channels.service.sources import place
from tiefen.channels.values import TouchKind
from tiefen.fans import service as fans
from tiefen.fans.values import ImportedFan
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx

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
    touches = [
        {
            "fan_id": one.fan_id,
            "code_id": None,
            "kind": TouchKind.ORGANIC,
            "ref": _ref(app_id, one),
            "at": one.at,
        }
        for one in people
    ]
    fresh = await tx.execute(
        insert(Touch)
        .values(touches)
        .on_conflict_do_nothing()
        .returning(Touch.id, Touch.fan_id, Touch.at)
    )
    new = [(row.id, row.fan_id, row.at) for row in fresh]
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


async def _attribute(tx: Tx, touches: Sequence[tuple[int, int, Any]]) -> None:
    """Fix first sources; whoever has one keeps it, and only the last touch may move."""
    there = await fans.followers_of(tx, [fan_id for _, fan_id, _ in touches])
    rows = [
        {
            "fan_id": fan_id,
            "first_touch_id": touch_id,
            "first_code_id": None,
            "first_at": at,
            "last_code_id": None,
            "last_at": at,
            "following": fan_id in there,
            "unfollows": 0,
        }
        for touch_id, fan_id, at in touches
    ]
    made = set(
        await tx.scalars(
            insert(Attribution)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["fan_id"])
            .returning(Attribution.fan_id)
        )
    )
    for _, fan_id, at in touches:
        if fan_id not in made:
            await tx.execute(
                update(Attribution)
                .where(Attribution.fan_id == fan_id)
                .values(last_at=func.greatest(Attribution.last_at, at))
            )


def _ref(app_id: str, one: ImportedFan) -> str:
    """As for a follow that a push told of, so that it is one touch whoever tells first."""
    return f"follow:{app_id}:{one.openid}:{int(one.at.timestamp())}"
