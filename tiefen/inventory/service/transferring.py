"""调拨: goods on their way between locations. What left one place arrives, is called back, or is missing."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.errors import SkuUnknown, TransferEnded, TransferMissing
from tiefen.inventory.models import StockTransfer, StockTransferLine
from tiefen.inventory.schemas import ArrivalInput, TransferInput
from tiefen.inventory.service.moving import change, need_locations, need_own_stock
from tiefen.inventory.values import MovementReason, TransferState
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team


async def start_transfer(tx: Tx, actor: StaffActor, wanted: TransferInput) -> str:
    """Goods leave one location for another; returns the transfer's number.

    Raises LocationMissing, SkuUnknown, BundleHasNoStock, SamePlace, DuplicateSku, WouldCutReserved.
    """
    pieces = {line.sku_id: line.quantity for line in wanted.lines}
    rules.check_transfer(wanted.from_id, wanted.to_id, [line.sku_id for line in wanted.lines])
    await need_locations(tx, [wanted.from_id, wanted.to_id])
    await need_own_stock(tx, sorted(pieces))
    if set(pieces) - set(await catalog.skus(tx, pieces)):
        raise SkuUnknown(field="lines")
    made = StockTransfer(
        transfer_no=ids.number("D", tx.now),
        from_id=wanted.from_id,
        to_id=wanted.to_id,
        state=TransferState.IN_TRANSIT,
        note=wanted.note,
        made_by=f"staff:{actor.id}",
        made_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    tx.add_all(
        StockTransferLine(transfer_id=made.id, sku_id=sku_id, quantity=quantity)
        for sku_id, quantity in pieces.items()
    )
    await _move(tx, actor, made, wanted.from_id, {sku: -many for sku, many in pieces.items()})
    await _audit(tx, actor, "inventory.start_transfer", made, pieces)
    return made.transfer_no


async def arrive(
    tx: Tx, actor: StaffActor, transfer_no: str, wanted: ArrivalInput
) -> StockTransfer:
    """Goods arrived: the pieces named, or all that is still on its way.

    With `last` nothing more is expected: what did not come is missing, which the transfer goes on
    to say. Raises TransferMissing, TransferEnded, DuplicateSku, TooManyArrived.
    """
    found, lines = await _locked(tx, transfer_no)
    if found.state is not TransferState.IN_TRANSIT:
        raise TransferEnded
    rules.check_named_once([line.sku_id for line in wanted.lines])
    left = {line.sku_id: line.quantity - line.arrived - line.back for line in lines}
    named = {line.sku_id: line.quantity for line in wanted.lines}
    rules.check_arrival(left, named)
    came = named or left
    for line in lines:
        line.arrived += came.get(line.sku_id, 0)
    await tx.flush()
    await _move(tx, actor, found, found.to_id, came)
    if wanted.last or came == left:
        _end(tx, actor, found, TransferState.ENDED)
    await _audit(tx, actor, "inventory.arrive", found, came)
    return found


async def call_back(tx: Tx, actor: StaffActor, transfer_no: str) -> StockTransfer:
    """What has not arrived lies where it came from again. Asking twice is no error.

    Raises TransferMissing, TransferEnded (it has arrived).
    """
    found, lines = await _locked(tx, transfer_no)
    if found.state is TransferState.CALLED_BACK:
        return found
    if found.state is not TransferState.IN_TRANSIT:
        raise TransferEnded
    back = {line.sku_id: line.quantity - line.arrived - line.back for line in lines}
    for line in lines:
        line.back += back[line.sku_id]
    await tx.flush()
    await _move(tx, actor, found, found.from_id, back)
    _end(tx, actor, found, TransferState.CALLED_BACK)
    await _audit(tx, actor, "inventory.call_back", found, back)
    return found


async def _locked(tx: Tx, transfer_no: str) -> tuple[StockTransfer, Sequence[StockTransferLine]]:
    found = await tx.scalar(
        select(StockTransfer)
        .where(StockTransfer.transfer_no == transfer_no)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise TransferMissing
    lines = await tx.scalars(
        select(StockTransferLine)
        .where(StockTransferLine.transfer_id == found.id)
        .order_by(StockTransferLine.sku_id)
        .execution_options(populate_existing=True)
    )
    return found, lines.all()


async def _move(
    tx: Tx, actor: StaffActor, found: StockTransfer, at: int, pieces: Mapping[int, int]
) -> None:
    changes = {(sku_id, at): quantity for sku_id, quantity in pieces.items()}
    await change(
        tx, changes, MovementReason.MOVED, found.transfer_no, f"staff:{actor.id}", found.note
    )


def _end(tx: Tx, actor: StaffActor, found: StockTransfer, state: TransferState) -> None:
    found.state = state
    found.ended_at = tx.now
    found.ended_by = f"staff:{actor.id}"


async def _audit(
    tx: Tx, actor: StaffActor, action: str, found: StockTransfer, pieces: Mapping[int, int]
) -> None:
    await team.record_audit(
        tx,
        actor,
        action,
        f"transfer:{found.transfer_no}",
        after={"state": str(found.state), "pieces": sum(pieces.values())},
    )
