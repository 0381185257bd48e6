"""Routes of the channels room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Query, Response

from tiefen.channels import queries, service
from tiefen.channels.errors import CodeNotReady
from tiefen.channels.models import ChannelCode
from tiefen.channels.schemas import (
    CodeFan,
    CodeIn,
    CodeOut,
    CodePatch,
    CommonIn,
    OwnerOut,
    TouchOut,
)
from tiefen.channels.values import CodeForm, CodeKind, CodeState, CodeWish
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import (
    REFUSALS,
    Cursor,
    Limit,
    Page,
    PathId,
    QueryId,
    TxDep,
    decode_cursor,
    last_id,
    paged,
)
from tiefen.kernel.money import average
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission, StaffBrief

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_WRITE))]


@router.get("/channel-codes", operation_id="listChannelCodes")
async def list_codes(
    tx: TxDep,
    _: Reader,
    kind: CodeKind | None = None,
    owner_staff_id: QueryId = None,
    form: CodeForm | None = None,
    archived: bool = False,
    query: Annotated[str | None, Query(max_length=40)] = None,
    batch_id: QueryId = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CodeOut]:
    """Channel codes with what their fans did, newest first."""
    codes = await queries.code_list(
        tx,
        kind=kind,
        owner_staff_id=owner_staff_id,
        archived=archived,
        query=query,
        batch_id=batch_id,
        form=form,
        before_id=last_id(cursor),
        limit=limit,
    )
    shown = codes[:limit]
    owners = await owners_of(tx, shown)
    live = await queries.live_codes(tx, [code.id for code in shown])
    items = [code_out(code, owners, live=code.id in live) for code in shown]
    return paged(items, codes, limit)


@router.post("/channel-codes", operation_id="createChannelCode", status_code=201)
async def create_code(body: CodeIn, tx: TxDep, actor: Writer) -> CodeOut:
    """A channel code; its QR code is ready a moment later."""
    return await _one(tx, await service.create_code(tx, actor, body.name, wish_of(body)))


@router.get("/channel-codes/{code_id}", operation_id="getChannelCode")
async def get_code(code_id: PathId, tx: TxDep, _: Reader) -> CodeOut:
    """One channel code."""
    return await _one(tx, code_id)


@router.patch("/channel-codes/{code_id}", operation_id="editChannelCode")
async def edit_code(code_id: PathId, body: CodePatch, tx: TxDep, actor: Writer) -> CodeOut:
    """Change a channel code."""
    await service.edit_code(tx, actor, code_id, body.model_dump(exclude_unset=True))
    await tx.flush()
    return await _one(tx, code_id)


@router.post("/channel-codes/{code_id}/mint", operation_id="mintChannelCode")
async def mint_code(code_id: PathId, tx: TxDep, _: Writer) -> CodeOut:
    """Ask the platform again for a QR code that is still pending."""
    await service.ask_again(tx, code_id)
    return await _one(tx, code_id)


@router.get(
    "/channel-codes/{code_id}/image",
    operation_id="getChannelCodeImage",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def get_image(code_id: PathId, tx: TxDep, _: Reader) -> Response:
    """The QR code with its name, as PNG to print."""
    code = await queries.one_code(tx, code_id)
    return await picture_of(code)


@router.get("/channel-codes/{code_id}/fans", operation_id="listChannelCodeFans")
async def list_fans(
    code_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[CodeFan]:
    """Fans whose first source is the code, newest first."""
    await queries.one_code(tx, code_id)
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = await queries.fans_of(tx, code_id, after=after, limit=limit)
    shown = found[:limit]
    fan_ids = [row.fan_id for row in shown]
    briefs = await fans.brief(tx, fan_ids)
    bought = await queries.bought_by(tx, code_id, fan_ids)
    items = [
        CodeFan(
            fan_id=briefs[row.fan_id].id,
            name=briefs[row.fan_id].name,
            avatar_url=briefs[row.fan_id].avatar_url,
            stage=briefs[row.fan_id].stage,
            first_at=row.first_at,
            following=row.following,
            orders=(spent := bought.get(row.fan_id, queries.Bought())).orders,
            paid_fen=spent.paid_fen,
            refunded_fen=spent.refunded_fen,
        )
        for row in shown
    ]
    return paged(items, found, limit, lambda row: (row.first_at, row.fan_id))


@router.get("/fans/{fan_id}/touches", operation_id="listFanTouches")
async def list_touches(
    fan_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[TouchOut]:
    """The attribution log of one fan, newest first."""
    everyone = await fans.person_ids(tx, fan_id)
    lines = await queries.touches_of(tx, everyone, before_id=last_id(cursor), limit=limit)
    return paged([TouchOut.model_validate(one) for one in lines], lines, limit)


def wish_of(body: CommonIn) -> CodeWish:
    """What a code, a batch or a link is to be made with."""
    given = {name: value for name, value in dict(body).items() if name in CodeWish.__slots__}
    return CodeWish(**{**given, "form": CodeForm(given.get("form", CodeForm.QR))})


async def picture_of(code: ChannelCode) -> Response:
    """The picture of a code. Raises CodeNotReady."""
    if code.form is CodeForm.BOTTLE or (
        code.state is not CodeState.READY and code.form is not CodeForm.LINK
    ):
        raise CodeNotReady
    raw = await service.read_file(code.image_key) if code.image_key else b""
    drawn = await anyio.to_thread.run_sync(service.code_picture, code.url, code.name, "", raw)
    return Response(
        drawn, media_type="image/png", headers={"Cache-Control": "private, max-age=300"}
    )


async def _one(tx: Tx, code_id: int) -> CodeOut:
    code = await queries.one_code(tx, code_id)
    live = await queries.live_codes(tx, [code_id])
    return code_out(code, await owners_of(tx, [code]), live=bool(live))


async def owners_of(tx: Tx, codes: Sequence[ChannelCode]) -> dict[int, StaffBrief]:
    """Who the codes belong to, by id; one statement."""
    return await staff_briefs(tx, {code.owner_staff_id for code in codes if code.owner_staff_id})


def code_out(code: ChannelCode, owners: dict[int, StaffBrief], *, live: bool = False) -> CodeOut:
    """A code as the console shows it."""
    owner = owners.get(code.owner_staff_id or 0)
    columns = {column.key: getattr(code, column.key) for column in ChannelCode.__table__.columns}
    return CodeOut.model_validate(
        {
            **columns,
            "owner": OwnerOut.model_validate(owner) if owner else None,
            "cost_per_fan_fen": average(code.cost_fen, code.fans),
            "live": live,
        }
    )
