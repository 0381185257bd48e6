"""Who of the team looks after a fan, given by the first source or by staff, and what they plan."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import queries
from tiefen.fans.errors import FanMissing, FollowUpUnfit, NothingPlanned, OwnerUnfit, PersonErased
from tiefen.fans.models import Fan, Line, Source
from tiefen.fans.service import shown
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.timeline import add_line, lock_person
from tiefen.fans.values import Happening
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit, staff_briefs

AHEAD = timedelta(days=366)


async def check_owner(tx: Tx, owner_staff_id: int | None) -> None:
    """Only who works here may be given fans; nobody is fine. Raises OwnerUnfit."""
    if owner_staff_id is None:
        return
    known = (await staff_briefs(tx, [owner_staff_id])).get(owner_staff_id)
    if known is None or not known.active:
        raise OwnerUnfit(field="owner_staff_id")


async def give_fan(
    tx: Tx, actor: StaffActor, fan_id: int, owner_staff_id: int | None, reason: str = ""
) -> None:
    """Staff say who looks after one fan. Raises FanMissing, OwnerUnfit, PersonErased."""
    await check_owner(tx, owner_staff_id)
    person = await lock_person(tx, fan_id)
    if person.erased_at is not None:
        raise PersonErased
    before = {"owner_staff_id": person.owner_staff_id}
    if await give_fans(tx, [person.id], owner_staff_id, staff=actor, reason=reason):
        await note_change(tx, person.id, ["source"])
        after = {"owner_staff_id": owner_staff_id}
        await record_audit(
            tx, actor, "fans.owner_set", f"fan:{person.id}", before, after, reason=reason
        )


async def give_fans(
    tx: Tx,
    fan_ids: Sequence[int],
    owner_staff_id: int | None,
    *,
    staff: StaffActor,
    reason: str,
    only_free: bool = False,
) -> list[int]:
    """Hand fans over (`only_free`: whom nobody looks after); returns whom this changed.

    The word is about the person: it stays with the living record when a join is undone. The caller
    tells rules of segments by `note_change`, or refreshes them when it is done.
    """
    await tx.flush()
    found = await tx.scalars(
        select(Fan)
        .where(
            Fan.id.in_(fan_ids),
            Fan.merged_into.is_(None),
            Fan.erased_at.is_(None),
            Fan.owner_staff_id.is_distinct_from(owner_staff_id),
            *([Fan.owner_staff_id.is_(None)] if only_free else []),
        )
        .order_by(Fan.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    people = found.all()
    if not people:
        return []
    before = {one.id: one.owner_staff_id for one in people}
    known = await staff_briefs(tx, {one for one in (owner_staff_id, *before.values()) if one})
    names = {number: one.name for number, one in known.items()}
    told = {"after": names.get(owner_staff_id or 0, ""), "reason": reason, "staff": staff.name}
    ref = f"owner:{ids.token(9)}"
    lines = [
        {
            "fan_id": one.id,
            "kind": Happening.OWNED,
            "ref": ref,
            "at": tx.now,
            "data": told | {"before": names.get(before[one.id] or 0, "")},
        }
        for one in people
    ]
    for one in people:
        shown.say(one, one, "owner_staff_id", owner_staff_id)
    await tx.flush()
    await tx.execute(insert(Line).values(lines))
    return [one.id for one in people]


async def check_own(tx: Tx, actor: StaffActor, fan_id: int, permission: str) -> int:
    """The living record of a fan whom this member of staff looks after, or anybody's with the
    permission. Raises FanMissing, also for a fan of somebody else's."""
    person, _source = await queries.one_fan(tx, fan_id)
    if person.owner_staff_id != actor.id and not actor.may(permission):
        raise FanMissing
    return person.id


async def hold_own(tx: Tx, actor: StaffActor, fan_id: int, permission: str) -> Fan:
    """As `check_own`, and nobody hands the fan over until the end. Raises FanMissing, PersonErased."""
    person = await lock_person(tx, fan_id)
    if person.owner_staff_id != actor.id and not actor.may(permission):
        raise FanMissing
    if person.erased_at is not None:
        raise PersonErased
    return person


async def plan_follow_up(
    tx: Tx, actor: StaffActor, fan_id: int, due_on: date, note: str, permission: str
) -> None:
    """Say what is to be done for a fan, and when; it replaces what was planned.

    Raises FanMissing, FollowUpUnfit, PersonErased.
    """
    today = day_of(tx.now)
    if not today <= due_on <= today + AHEAD:
        raise FollowUpUnfit(field="due_on")
    person = await hold_own(tx, actor, fan_id, permission)
    shown.say(person, person, "follow_up_on", due_on)
    shown.say(person, person, "follow_up_note", note)


async def end_follow_up(
    tx: Tx, actor: StaffActor, fan_id: int, permission: str, *, result: str | None
) -> None:
    """What was planned is done, with what came of it; `result` None: it is called off.

    Raises FanMissing, NothingPlanned, PersonErased.
    """
    person = await hold_own(tx, actor, fan_id, permission)
    if person.follow_up_on is None:
        raise NothingPlanned
    told = {"note": person.follow_up_note, "result": result or "", "staff": actor.name}
    shown.say(person, person, "follow_up_on", None)
    shown.say(person, person, "follow_up_note", "")
    if result is not None:
        ref = f"follow_up:{ids.token(9)}"
        await add_line(tx, person, Happening.FOLLOWED_UP, ref, at=tx.now, data=told)


async def waiting_for_owner(tx: Tx) -> list[ColumnElement[bool]]:
    """Conditions on a fan: nobody looks after them, and whose first code it was works here."""
    owners = await tx.scalars(
        select(Source.owner_staff_id).where(Source.owner_staff_id.is_not(None)).distinct()
    )
    briefs = await staff_briefs(tx, [one for one in owners if one])
    active = [number for number, one in briefs.items() if one.active]
    codes = select(Source.code_id).where(Source.owner_staff_id.in_(active))
    return [
        Fan.owner_staff_id.is_(None),
        Fan.erased_at.is_(None),
        Fan.source_code_id.in_(codes),
    ]


async def give_by_source(
    tx: Tx, fan_ids: Sequence[int], *, staff: StaffActor, reason: str
) -> list[int]:
    """Give whom nobody looks after to whose first code it was; returns whom this changed.

    Who has somebody keeps them, so doing it again does nothing.
    """
    found = await tx.execute(
        select(Fan.id, Source.owner_staff_id)
        .join(Source, Source.code_id == Fan.source_code_id)
        .where(Fan.id.in_(fan_ids), *await waiting_for_owner(tx))
    )
    theirs: dict[int, list[int]] = {}
    for fan_id, owner in found:
        if owner is not None:
            theirs.setdefault(owner, []).append(fan_id)
    given: list[int] = []
    for owner in sorted(theirs):
        given += await give_fans(
            tx, theirs[owner], owner, staff=staff, reason=reason, only_free=True
        )
    return given
