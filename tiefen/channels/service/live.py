"""Live codes: who rotates, and giving each new fan to one employee."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import msgspec
from sqlalchemy import select, text, update

from tiefen.channels import rules
from tiefen.channels.errors import CodeMissing, LiveMissing, OwnerMissing
from tiefen.channels.models import ChannelCode, LiveCode, LiveMember, LivePick
from tiefen.channels.values import Given, Member, Rotation, Shift, Turn
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit, staff_briefs

_HOLD = text("SELECT rotation FROM channel_live WHERE code_id = :code_id AND active FOR UPDATE")
"""Whoever holds the rotation has it to themselves until they commit; the next sees what they gave."""
_STANDING = """
    SELECT m.staff_id, m.weight, m.credit, m.shifts, m.most_a_day,
           (SELECT count(*) FROM channel_live_pick AS p
            WHERE p.staff_id = m.staff_id AND p.code_id = m.code_id AND p.day = $2) AS today
    FROM channel_live_member AS m WHERE m.code_id = $1 AND m.listed AND NOT m.resting
"""
_GIVE = text(
    """
    WITH picked AS (
        INSERT INTO channel_live_pick (code_id, fan_id, staff_id, day, at)
        VALUES (:code_id, :fan_id, :staff_id, CAST(:day AS date), :at)
    ), turned AS (
        UPDATE channel_live SET turns = turns + 1 WHERE code_id = :code_id
    )
    UPDATE channel_live_member AS m
    SET credit = o.credit, given = m.given + (m.staff_id = :staff_id)::int
    FROM unnest(CAST(:staff AS bigint[]), CAST(:credits AS bigint[])) AS o(staff_id, credit)
    WHERE m.code_id = :code_id AND m.staff_id = o.staff_id
    """
)


async def save_live(
    tx: Tx,
    actor: StaffActor,
    code_id: int,
    *,
    rotation: Rotation,
    members: Sequence[Member],
    active: bool = True,
) -> None:
    """Let a code give its fans to these employees, from now on; the rotation begins anew.

    Who is no longer named keeps the fans they were given. Raises CodeMissing, LiveMalformed,
    OwnerMissing.
    """
    rules.check_members(rotation, members)
    code = await tx.get(ChannelCode, code_id, with_for_update=True, populate_existing=True)
    if code is None:
        raise CodeMissing
    known = await staff_briefs(tx, {one.staff_id for one in members})
    for place, one in enumerate(members):
        if one.staff_id not in known or not known[one.staff_id].active:
            raise OwnerMissing(field=f"members.{place}.staff_id")
    live = await tx.get(LiveCode, code_id, with_for_update=True, populate_existing=True)
    if live is None:
        live = LiveCode(code_id=code_id, rotation=rotation, active=active, turns=0)
        tx.add(live)
        await tx.flush()
    live.rotation, live.active = rotation, active
    there = {one.staff_id: one for one in await _members(tx, code_id)}
    for member in there.values():
        member.listed, member.credit = False, 0
    for one in members:
        row = there.get(one.staff_id)
        if row is None:
            row = LiveMember(
                code_id=code_id, staff_id=one.staff_id, given=0, credit=0, resting=False
            )
            tx.add(row)
        row.weight, row.most_a_day, row.contact = one.weight, one.most_a_day, one.contact
        row.shifts, row.listed = [asdict(shift) for shift in one.shifts], True
    await tx.flush()
    after = {"rotation": rotation.value, "active": active, "members": [m.staff_id for m in members]}
    await record_audit(tx, actor, "channels.live_saved", f"channel_code:{code_id}", after=after)


async def give(
    tx: Tx, code_id: int, fan_id: int, records: Sequence[int], at: datetime
) -> tuple[int, datetime] | None:
    """The employee a person was given to by a live code, and since when; chosen if there is none.

    A person stays with whom they were given to. None when nobody may be given a fan now, or the
    code rotates no longer: then the code's own owner stands for it.
    """
    rotation = await tx.scalar(_HOLD, {"code_id": code_id})
    before = await tx.execute(
        select(LivePick.staff_id, LivePick.at)
        .where(LivePick.code_id == code_id, LivePick.fan_id.in_(records))
        .order_by(LivePick.id)
        .limit(1)
    )
    kept = before.one_or_none()
    if kept is not None:
        return kept.staff_id, kept.at
    if rotation is None:
        return None
    turns = await _turns(tx, code_id, Rotation(rotation), at)
    if not turns:
        return None
    staff_id, owed = rules.choose(turns)
    await tx.execute(
        _GIVE,
        {
            "code_id": code_id,
            "fan_id": fan_id,
            "staff_id": staff_id,
            "day": day_of(at),
            "at": at,
            "staff": list(owed),
            "credits": list(owed.values()),
        },
    )
    return staff_id, at


async def given_to(tx: Tx, code_id: int, app_id: str, openid: str, at: datetime) -> Given | None:
    """Who greets the person who has just come through a live code; the fan is made if new."""
    fan_id = await fans.resolve(tx, app_id, openid, at=at)
    given = await give(tx, code_id, fan_id, await fans.person_ids(tx, fan_id), at)
    if given is None:
        return None
    member = await tx.get(LiveMember, (code_id, given[0]))
    brief = (await staff_briefs(tx, [given[0]]))[given[0]]
    return Given(given[0], brief.name, member.contact if member else "")


async def rest(tx: Tx, staff_id: int, code_id: int, *, resting: bool) -> None:
    """An employee takes no new fans of a live code for now, or takes them again. Raises LiveMissing."""
    done = await tx.scalar(
        update(LiveMember)
        .where(LiveMember.code_id == code_id, LiveMember.staff_id == staff_id, LiveMember.listed)
        .values(resting=resting)
        .returning(LiveMember.staff_id)
    )
    if done is None:
        raise LiveMissing


async def _turns(tx: Tx, code_id: int, rotation: Rotation, at: datetime) -> list[Turn]:
    """Who may be given a fan at a moment: works here, is on duty, has had fewer than their most."""
    rows = await tx.rows(_STANDING, code_id, day_of(at))
    briefs = await staff_briefs(tx, {row["staff_id"] for row in rows})
    found = []
    for row in rows:
        brief = briefs.get(row["staff_id"])
        raw = row["shifts"]
        shifts = [
            msgspec.convert(one, Shift)
            for one in (msgspec.json.decode(raw) if isinstance(raw, str) else raw)
        ]
        # Only one rotation goes by the timetable.
        there = rotation is not Rotation.DUTY or rules.on_duty(shifts, at)
        full = row["most_a_day"] is not None and row["today"] >= row["most_a_day"]
        if brief is not None and brief.active and there and not full:
            weight = rules.weight_of(rotation, row["weight"])
            found.append(Turn(row["staff_id"], weight, row["credit"]))
    return found


async def _members(tx: Tx, code_id: int) -> Sequence[LiveMember]:
    rows = await tx.scalars(
        select(LiveMember)
        .where(LiveMember.code_id == code_id)
        .order_by(LiveMember.staff_id)
        .execution_options(populate_existing=True)
    )
    return rows.all()
