"""Followers from before, made fans: strangers by the hundred in a few statements, others one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, text

from tiefen.fans import rules
from tiefen.fans.models import Identity
from tiefen.fans.service import stages
from tiefen.fans.service.attaching import look_for_past
from tiefen.fans.service.facts import topic_ids
from tiefen.fans.service.identity import follow, resolve, unfollow
from tiefen.fans.service.shown import say
from tiefen.fans.service.timeline import hold
from tiefen.fans.values import Change, DayCount, FactKind, FanFacts, Heard, ImportedFan, KnownId
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.wechat.values import UserInfo

_KNOWN = text(
    """
    SELECT openid, following, followed_at, unfollowed_at, unionid, asked_at IS NOT NULL AS asked
    FROM fan_identity WHERE app_id = :app AND openid = ANY(:openids)
    """
)
_UNIONS = text("SELECT unionid FROM fan_union WHERE unionid = ANY(:unionids)")
_FANS = text(
    """
    INSERT INTO fan (nickname, grams, avatar_url, remark, stage, stage_at, following, ever_followed,
                     joined_at, last_seen_at, orders, received_orders, whole_refunds, paid_fen,
                     refunded_fen, interactions, next_check_on)
    SELECT '', p.grams, '', p.remark, p.stage, p.at, true, true, p.at, p.at, 0, 0, 0, 0, 0, 1, p.due
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS p(n int, at timestamptz, remark text, grams text[], stage text, due date)
    ORDER BY p.n RETURNING id
    """
)
_CLAIM = text(
    """
    INSERT INTO fan_union (unionid, fan_id)
    SELECT p.unionid, p.fan_id
    FROM unnest(CAST(:unionids AS text[]), CAST(:fan_ids AS bigint[])) AS p(unionid, fan_id)
    ORDER BY 1 ON CONFLICT DO NOTHING RETURNING fan_id
    """
)
_IDENTITIES = text(
    """
    INSERT INTO fan_identity (fan_id, app_id, openid, unionid, following, followed_at, asked_at,
                              created_at)
    SELECT p.fan_id, :app, p.openid, p.unionid, true, p.at, :now, :now
    FROM unnest(CAST(:fan_ids AS bigint[]), CAST(:openids AS text[]), CAST(:unionids AS text[]),
                CAST(:ats AS timestamptz[])) AS p(fan_id, openid, unionid, at)
    ORDER BY p.openid ON CONFLICT DO NOTHING RETURNING fan_id, id
    """
)
_TELL = text(
    """
    WITH p AS (
        SELECT p.*, (p.at AT TIME ZONE 'Asia/Shanghai')::date AS day
        FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS p(fan_id bigint, ref text, at timestamptz, data jsonb)
    ), lines AS (
        INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
        SELECT fan_id, 'joined', 'fan:' || fan_id, at, 0, false, '{"imported": true}' FROM p
        UNION ALL SELECT fan_id, 'followed', ref, at, 0, false, data FROM p
    ), days AS (
        INSERT INTO fan_day (fan_id, day, interactions, received, friends)
        SELECT fan_id, day, 1, 0, 0 FROM p
    )
    INSERT INTO fan_fact (fan_id, topic_id, day, times) SELECT fan_id, :topic, day, 1 FROM p
    """
)
_FORGET_UNIONS = text("DELETE FROM fan_union WHERE fan_id = ANY(:fan_ids)")
_FORGET_FANS = text("DELETE FROM fan WHERE id = ANY(:fan_ids)")
_ASKED = text(
    """
    UPDATE fan_identity SET asked_at = :now
    WHERE app_id = :app AND openid = ANY(:openids) AND asked_at IS NULL
    """
)


async def known_ids(tx: Tx, app_id: str, openids: Sequence[str]) -> dict[str, KnownId]:
    """What we know of these openids, those alone that we met."""
    rows = await tx.execute(_KNOWN, {"app": app_id, "openids": list(openids)})
    return {
        row.openid: KnownId(
            row.following, row.followed_at, row.unfollowed_at, row.unionid, row.asked
        )
        for row in rows
    }


async def followers_of(tx: Tx, fan_ids: Sequence[int]) -> set[int]:
    """Which of these records have an identity that follows now."""
    rows = await tx.scalars(
        select(Identity.fan_id).where(Identity.fan_id.in_(fan_ids), Identity.following).distinct()
    )
    return set(rows)


async def known_unionids(tx: Tx, unionids: Sequence[str]) -> set[str]:
    """Which of these are people we know, from another app."""
    return set(await tx.scalars(_UNIONS, {"unionids": list(unionids)}))


async def note_asked(tx: Tx, app_id: str, openids: Sequence[str]) -> None:
    """Nobody needs to ask the platform for these one by one."""
    await tx.execute(_ASKED, {"app": app_id, "openids": list(openids), "now": tx.now})


async def take_in(
    tx: Tx, app_id: str, people: Sequence[tuple[UserInfo, datetime]]
) -> list[ImportedFan]:
    """Make fans of strangers, as of when each followed, with timeline, days, facts and stage.

    Whoever turned out to be known in the same moment is not among the answer: a push was first.
    """
    rows = await _insert_fans(tx, people)
    kept = await _claim(tx, rows)
    made = await _insert_identities(tx, app_id, kept)
    lost = [fan_id for fan_id in rows if fan_id not in made]
    if lost:
        await tx.execute(_FORGET_UNIONS, {"fan_ids": lost})
        await tx.execute(_FORGET_FANS, {"fan_ids": lost})
    told = [
        {
            "fan_id": fan_id,
            "ref": f"{identity_id}:{int(kept[fan_id][1].timestamp())}",
            "at": kept[fan_id][1],
            "data": line_data(kept[fan_id][0]),
        }
        for fan_id, identity_id in made.items()
    ]
    if told:
        topic = (await topic_ids(tx, {(FactKind.FOLLOWED, ""): ""}))[0]
        await tx.execute(_TELL, {"rows": _json(told), "topic": topic})
        await look_for_past(tx, list(made))
    return [
        ImportedFan(fan_id, kept[fan_id][0].openid, kept[fan_id][0].qr_scene, kept[fan_id][1])
        for fan_id in made
    ]


async def apply(tx: Tx, app_id: str, told: UserInfo, heard: Heard) -> None:
    """Take over what is news about one openid, through the same verbs that pushes go through."""
    if heard.change is Change.LEFT:
        await unfollow(tx, app_id=app_id, openid=told.openid, at=heard.at)
        return
    fan_id = await resolve(tx, app_id, told.openid, told.unionid, at=heard.at)
    if heard.change in {Change.NEW, Change.FOLLOWS}:
        await follow(
            tx,
            app_id=app_id,
            openid=told.openid,
            scene=told.qr_scene,
            at=heard.at,
            more=line_data(told),
        )
    person, record = await hold(tx, fan_id)
    if told.remark and not person.remark:
        say(person, record, "remark", told.remark)


def line_data(told: UserInfo) -> dict[str, Any]:
    """What a line of a timeline says about an imported follow."""
    data: dict[str, Any] = {"imported": True}
    if told.qr_scene:
        data["scene"] = told.qr_scene
    if told.subscribe_scene:
        data["how"] = told.subscribe_scene
    if told.language:
        data["language"] = told.language
    return data


async def _insert_fans(
    tx: Tx, people: Sequence[tuple[UserInfo, datetime]]
) -> dict[int, tuple[UserInfo, datetime]]:
    """Rows for all of them, by their new ids, in order: ids are given in the order of the rows."""
    seen = await stages.look(tx, [])
    rows = []
    for n, (told, at) in enumerate(people):
        facts = FanFacts(
            following=True,
            ever_followed=True,
            orders=0,
            received_orders=0,
            whole_refunds=0,
            returned_orders=0,
            paid_fen=0,
            refunded_fen=0,
            interactions=1,
            friends=0,
            last_seen_at=at,
            last_paid_at=None,
        )
        days = [DayCount(day_of(at), 1, 0, 0)]
        standing = rules.stage(seen.rules, facts, days, seen.today)
        rows.append(
            {
                "n": n,
                "at": at,
                "remark": told.remark,
                "grams": rules.grams("", told.remark),
                "stage": standing.stage.value,
                "due": standing.due,
            }
        )
    ids = sorted(await tx.scalars(_FANS, {"rows": _json(rows)}))
    return dict(zip(ids, people, strict=True))


async def _claim(
    tx: Tx, rows: dict[int, tuple[UserInfo, datetime]]
) -> dict[int, tuple[UserInfo, datetime]]:
    """Take their unionids; without those that somebody else took meanwhile."""
    named = {fan_id: told.unionid for fan_id, (told, _) in rows.items() if told.unionid}
    if not named:
        return rows
    given = {"unionids": list(named.values()), "fan_ids": list(named)}
    claimed = set(await tx.scalars(_CLAIM, given))
    return {one: row for one, row in rows.items() if one in claimed or one not in named}


async def _insert_identities(
    tx: Tx, app_id: str, rows: dict[int, tuple[UserInfo, datetime]]
) -> dict[int, int]:
    """Their identities, by fan; without those that a push made meanwhile."""
    given = {
        "app": app_id,
        "now": tx.now,
        "fan_ids": list(rows),
        "openids": [told.openid for told, _ in rows.values()],
        "unionids": [told.unionid for told, _ in rows.values()],
        "ats": [at for _, at in rows.values()],
    }
    return {row.fan_id: row.id for row in await tx.execute(_IDENTITIES, given)}


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
