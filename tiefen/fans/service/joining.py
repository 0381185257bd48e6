"""Several records are one person, and that word taken back. No row of any room moves by either.

Rows stay with the record whose deed they are, and a person is read over all their records. So a
join is a pointer and a recount, and undoing it gives each record its own history: what it had
before, and what its identities did since.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from tiefen.fans import rules
from tiefen.fans.errors import MergeMissing, MergeUndone, PersonErased, SamePerson, SameUnionid
from tiefen.fans.events import FansMerged, FansParted
from tiefen.fans.models import Fan, Identity, Line, Merge
from tiefen.fans.service import shown
from tiefen.fans.service.facts import note_change, refold
from tiefen.fans.service.segments import back_on_lists, leave_all
from tiefen.fans.service.tags import inherit_tags, shed_tags
from tiefen.fans.service.timeline import add_line, lock_person, recount, restage
from tiefen.fans.values import SEEN, FactKind, Happening
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.team.service import record_audit

BY_UNIONID = "unionid"
"""The reason of a join that the platform's own word asked for."""
_TOUCHED = ["person", "source", "tag", *(f"did:{one}" for one in FactKind)]
_SHARED_UNIONID = text(
    """
    SELECT 1 FROM fan_identity AS a JOIN fan_identity AS b ON b.unionid = a.unionid
    WHERE a.fan_id = ANY(:ours) AND b.fan_id = ANY(:theirs) LIMIT 1
    """
)
_LIVING = text(
    "SELECT DISTINCT coalesce(merged_into, id) AS id FROM fan WHERE id IN (:one, :other)"
)


async def merge(
    tx: Tx, one: int, other: int, *, reason: str, staff: StaffActor | None = None
) -> int:
    """Join two people; the older record lives on. Returns the living record's id.

    Rows are locked in the order of their ids. Two who are one already stay as they are.
    """
    found = [await lock_person(tx, fan_id) for fan_id in await _sorted(tx, one, other)]
    pair = {fan.id: fan for fan in found}
    if len(pair) == 1:
        return found[0].id
    winner, loser = (pair[fan_id] for fan_id in sorted(pair))
    records = await _records(tx, loser)
    await _be_oneself(tx, loser, [one.id for one in records])
    for record in records:
        record.merged_into = winner.id
    lists = await leave_all(tx, loser.id, then=winner.id)
    tx.add(
        Merge(
            winner_id=winner.id,
            loser_id=loser.id,
            moved=[one.id for one in records if one is not loser],
            lists=lists,
            reason=reason,
            staff_name=staff.name if staff else "",
            at=tx.now,
        )
    )
    await tx.flush()
    await _show(tx, winner, records)
    _take_over(winner, loser)
    await _settle(tx, winner, loser, Happening.MERGED)
    merged = FansMerged(winner.id, loser.id, tx.now)
    publish(tx, merged, aggregate=f"fan:{winner.id}")
    return winner.id


async def join(tx: Tx, actor: StaffActor, fan_id: int, other_id: int, reason: str) -> int:
    """Staff say that two are one person. Raises FanMissing, SamePerson."""
    before = await _sorted(tx, fan_id, other_id)
    if len(before) == 1:
        raise SamePerson
    for one in before:
        if (await lock_person(tx, one)).erased_at is not None:
            raise PersonErased
    person = await merge(tx, fan_id, other_id, reason=reason, staff=actor)
    await record_audit(
        tx, actor, "fans.merged", f"fan:{person}", after={"records": before}, reason=reason
    )
    return person


async def part(tx: Tx, actor: StaffActor, merge_id: int, reason: str) -> tuple[int, int]:
    """Undo a join: its two sides are people of their own again. Returns (stays, leaves).

    Raises MergeMissing, MergeUndone, and SameUnionid when the platform says that both sides are
    one person.
    """
    undone, person, staying, leaving = await _sides(tx, merge_id, locked=True)
    leaver = next(one for one in leaving if one.id == undone.loser_id)
    gone = frozenset(one.id for one in leaving)
    undone.undone_at, undone.undone_by, undone.undo_reason = tx.now, actor.name, reason
    for record in leaving:
        record.merged_into = None if record is leaver else leaver.id
    shown.take_back(person, gone)
    await shown.take_back_answers(tx, person, gone)
    await tx.flush()
    for one, others in ((person, staying), (leaver, leaving)):
        group = [record for record in others if record is not one]
        await shed_tags(tx, one.id, {record.id for record in group}, since=undone.at)
        await _show(tx, one, group)
        await _restore(tx, one, others)
    await back_on_lists(tx, undone.lists, winner_id=person.id, loser_id=leaver.id)
    await _settle(tx, person, leaver, Happening.PARTED)
    await restage(tx, leaver, tx.now)
    await note_change(tx, leaver.id, _TOUCHED)
    parted = FansParted(person.id, leaver.id, undone.at, tx.now)
    publish(tx, parted, aggregate=f"fan:{person.id}")
    records = {"stays": [one.id for one in staying], "leaves": sorted(gone)}
    await record_audit(tx, actor, "fans.parted", f"fan:{person.id}", records, reason=reason)
    return person.id, leaver.id


async def sides(tx: Tx, merge_id: int) -> tuple[Merge, list[int], list[int]]:
    """A standing join, the records that would stay and those that would leave.

    Raises as `part`.
    """
    found, _, staying, leaving = await _sides(tx, merge_id, locked=False)
    return found, [one.id for one in staying], [one.id for one in leaving]


async def follows(tx: Tx, records: Sequence[int]) -> bool:
    """Whether any identity of these records follows."""
    following = select(Identity.id).where(Identity.fan_id.in_(records), Identity.following).limit(1)
    return await tx.scalar(following) is not None


async def _sorted(tx: Tx, one: int, other: int) -> list[int]:
    """The living records behind two ids, the older first. Raises FanMissing."""
    found = sorted(await tx.scalars(_LIVING, {"one": one, "other": other}))
    for fan_id in {one, other} if not found else ():
        await lock_person(tx, fan_id)  # says that there is no such fan
    return found


async def _records(tx: Tx, person: Fan) -> list[Fan]:
    """All records of a locked person, the living one first, locked."""
    rows = await tx.scalars(
        select(Fan)
        .where((Fan.id == person.id) | (Fan.merged_into == person.id))
        .order_by(Fan.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return sorted(rows, key=lambda one: (one.id != person.id, one.id))


async def _sides(tx: Tx, merge_id: int, *, locked: bool) -> tuple[Merge, Fan, list[Fan], list[Fan]]:
    wanted = select(Merge).where(Merge.id == merge_id)
    found = await tx.scalar(wanted)
    if found is None:
        raise MergeMissing
    person = await lock_person(tx, found.winner_id)
    if person.erased_at is not None:
        raise PersonErased
    if locked:  # after the person, as every other verb locks
        fresh = wanted.with_for_update().execution_options(populate_existing=True)
        found = (await tx.scalars(fresh)).one()
    if found.undone_at is not None:
        raise MergeUndone
    records = await _records(tx, person)
    standing = await tx.execute(
        select(Merge.winner_id, Merge.loser_id).where(
            Merge.undone_at.is_(None), Merge.loser_id.in_([one.id for one in records])
        )
    )
    gone = rules.under([(row[0], row[1]) for row in standing], found.loser_id)
    staying = [one for one in records if one.id not in gone]
    leaving = [one for one in records if one.id in gone]
    both = {"ours": [one.id for one in staying], "theirs": sorted(gone)}
    if await tx.scalar(_SHARED_UNIONID, both) is not None:
        raise SameUnionid
    return found, person, staying, leaving


async def _be_oneself(tx: Tx, person: Fan, records: Iterable[int]) -> None:
    """A living record shows only itself again, because another will show it."""
    others = frozenset(records) - {person.id}
    shown.take_back(person, others)
    await shown.take_back_answers(tx, person, others)
    person.last_seen_at = shown.own_seen(person, alone=True)
    await shed_tags(tx, person.id, set(), since=None)
    await tx.flush()


async def _show(tx: Tx, person: Fan, records: Sequence[Fan]) -> None:
    """The living record shows what these records know and wear."""
    for record in records:
        shown.lend(person, record)
        await shown.lend_answers(tx, person, record.id)
        await inherit_tags(tx, person.id, record.id)


def _take_over(winner: Fan, loser: Fan) -> None:
    """The person counts what the joined one counted."""
    for name in (
        "orders",
        "received_orders",
        "whole_refunds",
        "paid_fen",
        "refunded_fen",
        "interactions",
        "returned_orders",
        "friends",
        "past_orders",
        "past_fen",
    ):
        setattr(winner, name, getattr(winner, name) + getattr(loser, name))
    winner.following = winner.following or loser.following
    winner.ever_followed = winner.ever_followed or loser.ever_followed
    winner.joined_at = min(winner.joined_at, loser.joined_at)
    paid = [at for at in (winner.last_paid_at, loser.last_paid_at) if at]
    winner.last_paid_at = max(paid, default=None)
    first = [at for at in (winner.past_first_at, loser.past_first_at) if at]
    last = [at for at in (winner.past_last_at, loser.past_last_at) if at]
    winner.past_first_at, winner.past_last_at = min(first, default=None), max(last, default=None)


async def _restore(tx: Tx, person: Fan, records: Sequence[Fan]) -> None:
    """Count one side of a join that was undone by itself."""
    ids = [one.id for one in records]
    own = shown.own_seen(person, alone=len(records) == 1)
    others = [one.last_seen_at for one in records if one is not person]
    row = (
        await tx.execute(
            select(
                func.min(Line.at).filter(Line.kind == Happening.JOINED),
                func.max(Line.at).filter(Line.kind.in_(SEEN)),
                func.count().filter(Line.kind == Happening.FOLLOWED),
            ).where(Line.fan_id.in_(ids))
        )
    ).one()
    joined_at: datetime | None = row[0]
    seen_at: datetime | None = row[1]
    if joined_at is not None:
        person.joined_at = joined_at
    person.last_seen_at = max(one for one in (own, seen_at, *others) if one is not None)
    person.ever_followed = row[2] > 0
    person.following = await follows(tx, ids)
    await tx.flush()
    await recount(tx, ids)
    await tx.refresh(person)


async def _settle(tx: Tx, winner: Fan, loser: Fan, kind: Happening) -> None:
    """Note what happened in the timeline; facts, stage and rules look at the person anew."""
    ref, data = f"fan:{loser.id}:{tx.now.isoformat()}", {"fan_id": loser.id}
    await add_line(tx, winner, kind, ref, at=tx.now, data=data)
    if kind is Happening.PARTED:
        ref, data = f"fan:{winner.id}:{tx.now.isoformat()}", {"fan_id": winner.id}
        await add_line(tx, loser, kind, ref, at=tx.now, data=data)
    await restage(tx, winner, tx.now)
    await tx.flush()
    await refold(tx, [winner.id, loser.id])
    await note_change(tx, winner.id, _TOUCHED)
