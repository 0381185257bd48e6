"""Routes for sheets and posters."""

from typing import Annotated

from fastapi import Depends, Path, Response

from tiefen.channels import queries, service
from tiefen.channels.errors import PrintMissing
from tiefen.channels.models import CodePrint
from tiefen.channels.schemas import PrintIn, PrintOut
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, PathId, TxDep, last_id, paged
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
_TYPES = {"pdf": "application/pdf", "png": "image/png", "zip": "application/zip"}


@router.post("/channel-code-prints", operation_id="printChannelCodes", status_code=201)
async def start_print(body: PrintIn, tx: TxDep, actor: Reader) -> PrintOut:
    """Have sheets or posters of up to a thousand codes drawn."""
    print_id = await service.start_print(tx, actor, **dict(body))
    return _out(await queries.one_print(tx, print_id))


@router.get("/channel-code-prints", operation_id="listChannelCodePrints")
async def list_prints(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 20
) -> Page[PrintOut]:
    """Prints of the last week, newest first."""
    found = await queries.print_list(tx, before_id=last_id(cursor), limit=limit)
    return paged([_out(one) for one in found], found, limit)


@router.get("/channel-code-prints/{print_id}", operation_id="getChannelCodePrint")
async def get_print(print_id: PathId, tx: TxDep, _: Reader) -> PrintOut:
    """How far a print is."""
    return _out(await queries.one_print(tx, print_id))


@router.get(
    "/channel-code-prints/{print_id}/parts/{part}",
    operation_id="getChannelCodePrintPart",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in _TYPES.values()}}},
)
async def get_part(
    print_id: PathId, part: Annotated[int, Path(ge=1, le=1000)], tx: TxDep, _: Reader
) -> Response:
    """One finished file."""
    found = await queries.one_print(tx, print_id)
    if part > len(found.parts):
        raise PrintMissing
    key = found.parts[part - 1]["key"]
    suffix = key.rsplit(".", 1)[1]
    name = f"codes-{print_id}-{part}.{suffix}"
    return Response(
        await service.read_file(key),
        media_type=_TYPES[suffix],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _out(found: CodePrint) -> PrintOut:
    columns = {column.key: getattr(found, column.key) for column in CodePrint.__table__.columns}
    return PrintOut.model_validate({**columns, "total": len(found.code_ids)})
