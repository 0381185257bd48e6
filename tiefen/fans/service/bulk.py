"""Deeds done to many fans: the fans are chosen once, then done piece by piece, each piece a commit."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import queries
from tiefen.fans.errors import BulkMissing, NotByHand
from tiefen.fans.models import Bulk, BulkTarget, Fan
from tiefen.fans.service.owning import check_owner, give_by_source, give_fans, waiting_for_owner
from tiefen.fans.service.segments import list_fans, lock_segment, read_rule, refresh_touching
from tiefen.fans.service.tags import lock_tag, tag_fans, untag_fans
from tiefen.fans.values import Author, BulkDeed, BulkState, SegmentKind
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

BULK = "fans.bulk"
AT_ONCE = 1_000


async def start_bulk(
    tx: Tx,
    actor: StaffActor,
    deed: BulkDeed,
    args: Mapping[str, Any],
    *,
    fan_ids: Sequence[int] | None = None,
    wanted: queries.Filter | None = None,
    raw: Mapping[str, Any] | None = None,
) -> Bulk:
    """Do something to the picked fans, or to all whom a filter and a rule find now.

    `args`: {"tag_id"}, {"segment_id"}, {"owner_staff_id"} or {"by_source"}, and "reason". By source
    means: whom nobody looks after goes to whose first code it was. Raises TagMissing,
    SegmentMissing, NotByHand, OwnerUnfit, RuleWrong.
    """
    if deed in (BulkDeed.TAG, BulkDeed.UNTAG):
        await lock_tag(tx, args["tag_id"])
    elif deed is BulkDeed.OWN:
        await check_owner(tx, args.get("owner_staff_id"))
    elif (await lock_segment(tx, args["segment_id"])).kind is not SegmentKind.FIXED:
        raise NotByHand(field="segment_id")
    bulk = Bulk(
        deed=deed,
        args=dict(args),
        chosen={"picked": len(fan_ids)} if fan_ids is not None else {"rule": raw},
        state=BulkState.RUNNING,
        staff_id=actor.id,
        staff_name=actor.name,
        created_at=tx.now,
    )
    tx.add(bulk)
    await tx.flush()
    chosen = await _chosen(tx, args, fan_ids, wanted, raw)
    found = chosen.subquery()
    await tx.execute(
        insert(BulkTarget).from_select(["bulk_id", "fan_id"], select(literal(bulk.id), found.c.id))
    )
    bulk.total = await tx.scalar(select(func.count()).where(BulkTarget.bulk_id == bulk.id)) or 0
    later(tx, BULK, bulk_id=bulk.id)
    after = {"deed": deed.value, **dict(args), "fans": bulk.total}
    await record_audit(tx, actor, "fans.bulk_started", f"bulk:{bulk.id}", after=after)
    return bulk


async def bulk_size(
    tx: Tx,
    args: Mapping[str, Any],
    *,
    fan_ids: Sequence[int] | None = None,
    wanted: queries.Filter | None = None,
    raw: Mapping[str, Any] | None = None,
) -> int:
    """How many fans such a deed would take up now. Raises RuleWrong."""
    found = (await _chosen(tx, args, fan_ids, wanted, raw)).subquery()
    return await tx.scalar(select(func.count()).select_from(found)) or 0


async def _chosen(
    tx: Tx,
    args: Mapping[str, Any],
    fan_ids: Sequence[int] | None,
    wanted: queries.Filter | None,
    raw: Mapping[str, Any] | None,
) -> Select[int]:
    if fan_ids is not None:
        chosen = select(Fan.id).where(Fan.id.in_(fan_ids), Fan.merged_into.is_(None))
    else:
        rule = await read_rule(tx, raw) if raw is not None else None
        chosen = await queries.chosen_ids(tx, wanted or queries.Filter(), rule)
    return chosen.where(*await waiting_for_owner(tx)) if args.get("by_source") else chosen


async def audience(tx: Tx, raw: Mapping[str, Any], after: int, most: int) -> list[int]:
    """The next fans a rule finds, by number: for a room that does something to all of them.

    Raises RuleWrong, also when a tag or segment it names has gone.
    """
    found = await queries.chosen_ids(tx, queries.Filter(), await read_rule(tx, raw))
    return list(await tx.scalars(found.where(Fan.id > after).order_by(Fan.id).limit(most)))


async def audience_size(tx: Tx, raw: Mapping[str, Any]) -> int:
    """How many fans a rule finds now. Raises RuleWrong."""
    found = (await queries.chosen_ids(tx, queries.Filter(), await read_rule(tx, raw))).subquery()
    return await tx.scalar(select(func.count()).select_from(found)) or 0


async def stop_bulk(tx: Tx, actor: StaffActor, bulk_id: int) -> Bulk:
    """Stop after the present piece; what is done stays. Raises BulkMissing."""
    bulk = await _locked(tx, bulk_id)
    if bulk.state is BulkState.RUNNING:
        await _end(tx, bulk, BulkState.STOPPED)
        await record_audit(tx, actor, "fans.bulk_stopped", f"bulk:{bulk.id}")
    return bulk


async def bulk_step(tx: Tx, bulk_id: int) -> None:
    """The next thousand fans, and the next job; a kill loses and repeats nothing."""
    bulk = await _locked(tx, bulk_id)
    if bulk.state is not BulkState.RUNNING:
        return
    piece = list(
        await tx.scalars(
            select(BulkTarget.fan_id)
            .where(BulkTarget.bulk_id == bulk.id, BulkTarget.fan_id > bulk.place)
            .order_by(BulkTarget.fan_id)
            .limit(AT_ONCE)
        )
    )
    if not piece:
        await _end(tx, bulk, BulkState.DONE)
        return
    try:
        bulk.changed += len(await _do(tx, bulk, piece))
    except Refusal as refusal:  # the tag, the list or who was to have them is gone
        bulk.trouble = refusal.message("zh")
        await _end(tx, bulk, BulkState.FAILED)
        return
    bulk.done += len(piece)
    bulk.place = piece[-1]
    if len(piece) < AT_ONCE:
        await _end(tx, bulk, BulkState.DONE)
    else:
        later(tx, BULK, bulk_id=bulk.id)


async def _do(tx: Tx, bulk: Bulk, piece: Sequence[int]) -> list[int]:
    staff = StaffActor(bulk.staff_id, bulk.staff_name, frozenset())
    reason = str(bulk.args.get("reason") or "")
    match bulk.deed:
        case BulkDeed.TAG | BulkDeed.UNTAG:
            tag = await lock_tag(tx, bulk.args["tag_id"])
            move = tag_fans if bulk.deed is BulkDeed.TAG else untag_fans
            return await move(tx, tag, piece, author=Author.BULK, reason=reason, staff=staff)
        case BulkDeed.OWN:
            if bulk.args.get("by_source"):
                return await give_by_source(tx, piece, staff=staff, reason=reason)
            owner = bulk.args["owner_staff_id"]
            await check_owner(tx, owner)
            return await give_fans(tx, piece, owner, staff=staff, reason=reason)
        case BulkDeed.LIST | BulkDeed.UNLIST:
            segment = await lock_segment(tx, bulk.args["segment_id"])
            return await list_fans(tx, segment, piece, there=bulk.deed is BulkDeed.LIST)


async def _end(tx: Tx, bulk: Bulk, state: BulkState) -> None:
    bulk.state, bulk.ended_at = state, tx.now
    await tx.execute(delete(BulkTarget).where(BulkTarget.bulk_id == bulk.id))
    if bulk.changed:
        if bulk.deed in (BulkDeed.TAG, BulkDeed.UNTAG):
            await refresh_touching(tx, "tag", named=bulk.args["tag_id"])
        elif bulk.deed is BulkDeed.OWN:
            await refresh_touching(tx, "source")
        else:
            await refresh_touching(tx, "segment", named=bulk.args["segment_id"])


async def _locked(tx: Tx, bulk_id: int) -> Bulk:
    bulk = await tx.scalar(select(Bulk).where(Bulk.id == bulk_id).with_for_update())
    if bulk is None:
        raise BulkMissing
    return bulk
