"""Who of the team looks after a fan: given by the first source, handed over by staff."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.errors import OwnerUnfit, PersonErased
from tiefen.fans.models import Fan, Line
from tiefen.fans.service import shown
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.timeline import lock_person
from tiefen.fans.values import Happening
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit, staff_briefs


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
) -> list[int]:
    """Hand fans over; returns those whom somebody else, or nobody, looked after before.

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
