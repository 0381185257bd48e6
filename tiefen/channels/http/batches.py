"""Routes for many codes at once."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends

from tiefen.channels import queries, service
from tiefen.channels.http.codes import wish_of
from tiefen.channels.models import CodeBatch
from tiefen.channels.schemas import BatchIn, BatchOut, CodesChanged, CodesPatch, UsageOut
from tiefen.channels.values import Line
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep, last_id, paged
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_WRITE))]


@router.get("/channel-code-usage", operation_id="getChannelCodeUsage")
async def get_usage(tx: TxDep, _: Reader) -> UsageOut:
    """How many permanent codes are used, and how many are left."""
    used = await queries.usage(tx)
    return UsageOut(**asdict(used), left=used.left)


@router.post("/channel-code-batches", operation_id="createChannelCodeBatch", status_code=201)
async def create_batch(body: BatchIn, tx: TxDep, actor: Writer) -> BatchOut:
    """Up to a thousand codes at once, all or none; they are drawn at the platform's pace."""
    lines = [Line(**dict(line)) for line in body.lines]
    batch_id = await service.create_batch(tx, actor, lines, wish_of(body))
    return _out(await queries.one_batch(tx, batch_id))


@router.get("/channel-code-batches", operation_id="listChannelCodeBatches")
async def list_batches(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 20
) -> Page[BatchOut]:
    """Batches, newest first, with how far each is."""
    found = await queries.batch_list(tx, before_id=last_id(cursor), limit=limit)
    return paged([_out(one) for one in found], found, limit, lambda one: (one[0].id,))


@router.get("/channel-code-batches/{batch_id}", operation_id="getChannelCodeBatch")
async def get_batch(batch_id: PathId, tx: TxDep, _: Reader) -> BatchOut:
    """How far a batch is."""
    return _out(await queries.one_batch(tx, batch_id))


@router.post("/channel-code-batches/{batch_id}/resume", operation_id="resumeChannelCodeBatch")
async def resume_batch(batch_id: PathId, tx: TxDep, actor: Writer) -> BatchOut:
    """Ask the platform now instead of after the pause."""
    await service.resume_batch(tx, actor, batch_id)
    return _out(await queries.one_batch(tx, batch_id))


@router.post("/channel-code-batches/{batch_id}/stop", operation_id="stopChannelCodeBatch")
async def stop_batch(batch_id: PathId, tx: TxDep, actor: Writer) -> BatchOut:
    """Draw no more codes of a batch."""
    await service.stop_batch(tx, actor, batch_id)
    await tx.flush()
    return _out(await queries.one_batch(tx, batch_id))


@router.patch("/channel-codes", operation_id="editChannelCodes")
async def edit_codes(body: CodesPatch, tx: TxDep, actor: Writer) -> CodesChanged:
    """The same change for up to a thousand codes, all or none."""
    changes = body.model_dump(exclude_unset=True, exclude={"code_ids"})
    return CodesChanged(changed=await service.edit_codes(tx, actor, body.code_ids, changes))


def _out(found: tuple[CodeBatch, int]) -> BatchOut:
    batch, drawn = found
    columns = {column.key: getattr(batch, column.key) for column in CodeBatch.__table__.columns}
    return BatchOut.model_validate({**columns, "drawn": drawn})
