"""Routes of joining two fans and of undoing it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Query

from tiefen.fans import queries, rules, service
from tiefen.fans.errors import MergeMissing, SamePerson
from tiefen.fans.http.people import identity_out
from tiefen.fans.models import Merge
from tiefen.fans.queries.joining import Side
from tiefen.fans.schemas.joining import (
    HoldingOut,
    JoinPreview,
    Merged,
    MergeIn,
    MergeList,
    MergeOut,
    Parted,
    PartPreview,
    SideOut,
    UndoIn,
)
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.crypto import mask_phone
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.http import REFUSALS, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind

console = Routes(prefix="/api/console/fans/{fan_id}/merges", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
OtherId = Annotated[int, Query(ge=1, le=2**63 - 1)]


@console.get("", operation_id="listFanMerges")
async def list_merges(fan_id: PathId, tx: TxDep, _: Reader) -> MergeList:
    """All joins of a fan, also those undone."""
    person, _source = await queries.one_fan(tx, fan_id)
    found = await queries.merges(tx, await service.person_ids(tx, person.id))
    return MergeList(items=[MergeOut.model_validate(one) for one in found])


@console.get("/preview", operation_id="previewFanMerge")
async def preview_merge(fan_id: PathId, tx: TxDep, _: Writer, other_id: OtherId) -> JoinPreview:
    """What joining two fans would bring together; the older record lives on."""
    one, _source = await queries.one_fan(tx, fan_id)
    other, _source = await queries.one_fan(tx, other_id)
    if one.id == other.id:
        raise SamePerson
    first, second = sorted((one.id, other.id))
    return JoinPreview(stays=await _of(tx, first), joins=await _of(tx, second))


@console.post("", operation_id="mergeFans", status_code=201)
async def merge(fan_id: PathId, body: MergeIn, tx: TxDep, actor: Writer) -> Merged:
    """Say that two fans are one person; nothing is lost, and it can be undone."""
    return Merged(id=await service.join(tx, actor, fan_id, body.other_id, body.reason))


@console.get("/{merge_id}/preview", operation_id="previewFanUnmerge")
async def preview_undo(fan_id: PathId, merge_id: PathId, tx: TxDep, _: Writer) -> PartPreview:
    """What would go where if this join were undone."""
    await _check(tx, fan_id, merge_id)
    found, staying, leaving = await service.sides(tx, merge_id)
    kinds = await wechat.app_kinds(tx)
    return PartPreview(
        merge_id=found.id,
        at=found.at,
        stays=_side(await queries.side(tx, staying[0], staying, found.at), kinds),
        leaves=_side(await queries.side(tx, found.loser_id, leaving, found.at), kinds),
    )


@console.post("/{merge_id}/undo", operation_id="unmergeFans")
async def undo(fan_id: PathId, merge_id: PathId, body: UndoIn, tx: TxDep, actor: Writer) -> Parted:
    """Undo a join: each side has its own history again, with what its identities did since."""
    await _check(tx, fan_id, merge_id)
    stays, leaves = await service.part(tx, actor, merge_id, body.reason)
    return Parted(stays_id=stays, leaves_id=leaves)


async def _check(tx: Tx, fan_id: int, merge_id: int) -> Merge:
    """The join must be one of this fan's."""
    found = await queries.merges(tx, await service.person_ids(tx, fan_id))
    for one in found:
        if one.id == merge_id:
            return one
    raise MergeMissing


async def _of(tx: Tx, fan_id: int) -> SideOut:
    found = await queries.side(tx, fan_id, await service.person_ids(tx, fan_id), None)
    return _side(found, await wechat.app_kinds(tx))


def _side(found: Side, kinds: Mapping[str, AccountKind]) -> SideOut:
    fan = found.fan
    return SideOut(
        id=fan.id,
        name=rules.display_name(fan.id, fan.nickname),
        records=found.records,
        identities=[identity_out(one, kinds) for one in found.identities],
        phone_masked=mask_phone(fan.phone) if fan.phone else None,
        joined_at=fan.joined_at,
        orders=found.orders,
        paid_fen=found.paid_fen,
        orders_since=found.orders_since,
        lines_since=found.lines_since,
        holdings=[
            HoldingOut(table=table, name=en if language.get() == "en" else zh, rows=rows)
            for table, zh, en, rows in found.holdings
        ],
    )
