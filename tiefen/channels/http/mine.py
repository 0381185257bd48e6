"""Routes of one's own codes and results, and appeals on where a fan came from."""

from datetime import datetime, timedelta
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Response

from tiefen.catalog import service as catalog
from tiefen.channels import queries, service
from tiefen.channels.errors import CodeMissing, CodeNotReady
from tiefen.channels.http.codes import picture_of
from tiefen.channels.models import Appeal, ChannelCode
from tiefen.channels.schemas import (
    AppealDecision,
    AppealIn,
    AppealOut,
    MyCode,
    MyFan,
    MyFigures,
    MyResults,
)
from tiefen.channels.values import AppealState, Grouping
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.crypto import mask_name
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.http import (
    OK,
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Ok,
    Page,
    PathId,
    QueryId,
    StorageDep,
    TxDep,
    decode_cursor,
    last_id,
    paged,
)
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

router = Routes(prefix="/api/console", tags=["channels"], responses=REFUSALS)

Anybody = Annotated[StaffActor, Depends(staff())]
Outward = Annotated[StaffActor, Depends(staff(outward=True))]
Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Decider = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_DECIDE))]


@router.get("/my/results", operation_id="getMyResults")
async def get_my_results(tx: TxDep, actor: Anybody) -> MyResults:
    """What one's own codes brought today and this month, and one's place among all."""
    today = day_of(tx.now)
    month = await service.results(tx, today.replace(day=1), today)
    mine = next((one for one in month if one.staff_id == actor.id), None)
    day = await service.results(tx, today, today)
    ended = today.replace(day=1) - timedelta(days=1)
    before = await service.results(tx, ended.replace(day=1), ended)
    codes = await queries.codes_owned(tx, actor.id)
    return MyResults(
        as_of=tx.now,
        today=_figures(next((one for one in day if one.staff_id == actor.id), None)),
        month=_figures(mine),
        before=_figures(next((one for one in before if one.staff_id == actor.id), None)),
        rank=mine.rank if mine else None,
        of=len(month),
        codes=[MyCode.model_validate(one) for one in codes],
    )


@router.get(
    "/my/codes/{code_id}/image",
    operation_id="getMyCodeImage",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def get_my_image(code_id: PathId, tx: TxDep, actor: Anybody) -> Response:
    """The QR code of one's own code, as PNG to show or print."""
    return await picture_of(await _my_code(tx, actor, code_id))


@router.get(
    "/my/codes/{code_id}/posters/{product_id}",
    operation_id="getMyProductPoster",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def get_my_poster(
    code_id: PathId,
    product_id: PathId,
    db: DbDep,
    merchant: MerchantDep,
    storage: StorageDep,
    actor: Outward,
) -> Response:
    """A product with one's own code on one picture: who scans it counts for oneself."""
    async with db.merchant(merchant) as tx:
        code = await _my_code(tx, actor, code_id)
        if not code.url:
            raise CodeNotReady
        kit = await catalog.share_kit(tx, product_id)
    picture = await storage.get(kit.cover)
    poster = service.poster_of(kit, code.url, actor.name)
    drawn = await anyio.to_thread.run_sync(service.product_poster, poster, picture)
    return Response(
        drawn, media_type="image/png", headers={"Cache-Control": "private, max-age=300"}
    )


@router.get("/my/fans", operation_id="listMyFans")
async def list_my_fans(
    tx: TxDep, actor: Anybody, cursor: Cursor = None, limit: Limit = 50
) -> Page[MyFan]:
    """The people one's own codes brought, newest first; names are masked."""
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = await queries.sources(
        tx, Grouping.OWNER, str(actor.id or -1), None, None, after=after, limit=limit
    )
    shown = found[:limit]
    briefs = await fans.brief(tx, {one.fan_id for one in shown})
    items = [
        MyFan(
            fan_id=one.fan_id,
            name=mask_name(briefs[one.fan_id].name),
            stage=briefs[one.fan_id].stage,
            at=one.at,
            following=not one.gone,
            buyer=one.buyer,
            ruled=one.ruled,
        )
        for one in shown
    ]
    return paged(items, found, limit, lambda one: (one.at, one.fan_id))


@router.get("/my/appeals", operation_id="listMyAppeals")
async def list_my_appeals(
    tx: TxDep, actor: Anybody, cursor: Cursor = None, limit: Limit = 50
) -> Page[AppealOut]:
    """One's own appeals, newest first."""
    found = await queries.appeals_of(tx, actor.id, before_id=last_id(cursor), limit=limit)
    return paged(await _shown(tx, actor, found[:limit], masked=True), found, limit)


@router.post("/my/appeals", operation_id="openAppeal", status_code=201)
async def open_appeal(body: AppealIn, tx: TxDep, actor: Anybody) -> AppealOut:
    """Say that a fan came through one's own code; somebody else decides."""
    made = await service.open_appeal(
        tx, actor, fan_id=body.fan_id, code_id=body.code_id, reason=body.reason
    )
    appeal = await tx.get(Appeal, made, populate_existing=True)
    assert appeal is not None
    return (await _shown(tx, actor, [appeal], masked=True))[0]


@router.post("/my/appeals/{appeal_id}/withdraw", operation_id="withdrawAppeal")
async def withdraw_appeal(appeal_id: PathId, tx: TxDep, actor: Anybody) -> Ok:
    """Take one's own appeal back."""
    await service.withdraw_appeal(tx, actor, appeal_id)
    return OK


@router.get("/appeals", operation_id="listAppeals")
async def list_appeals(
    tx: TxDep,
    actor: Reader,
    state: AppealState | None = None,
    fan_id: QueryId = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AppealOut]:
    """Open appeals, the nearest deadline first, then decided ones, newest first."""
    after = decode_cursor(cursor, tuple[datetime | None, int]) if cursor else None
    found = await queries.appeals(tx, state=state, fan_id=fan_id, after=after, limit=limit)
    items = await _shown(tx, actor, found[:limit], masked=False)
    return paged(items, found, limit, _place)


@router.post("/appeals/{appeal_id}/decide", operation_id="decideAppeal")
async def decide_appeal(
    appeal_id: PathId, body: AppealDecision, tx: TxDep, actor: Decider
) -> AppealOut:
    """Grant or reject somebody else's appeal; reports follow a grant at once."""
    await service.decide_appeal(tx, actor, appeal_id, grant=body.grant, decision=body.decision)
    await tx.flush()
    appeal = await tx.get(Appeal, appeal_id, populate_existing=True)
    assert appeal is not None
    return (await _shown(tx, actor, [appeal], masked=False))[0]


async def _my_code(tx: Tx, actor: StaffActor, code_id: int) -> ChannelCode:
    code = await queries.one_code(tx, code_id)
    if code.owner_staff_id != actor.id:
        raise CodeMissing
    return code


def _figures(mine: service.Result | None) -> MyFigures:
    names = MyFigures.model_fields
    return MyFigures(**{name: getattr(mine, name) if mine else 0 for name in names})


def _place(one: Appeal) -> tuple[datetime | None, int]:
    return (one.due_at if one.state is AppealState.OPEN else None, one.id)


async def _shown(
    tx: Tx, actor: StaffActor, appeals: list[Appeal], *, masked: bool
) -> list[AppealOut]:
    """With names; three statements."""
    briefs = await fans.brief(tx, {one.fan_id for one in appeals})
    ids = [id_ for one in appeals for id_ in (one.code_id, one.stands_code_id)]
    codes = await queries.code_names(tx, ids)
    people = await staff_briefs(
        tx, {id_ for one in appeals for id_ in (one.opened_by, one.decided_by) if id_}
    )

    def person(staff_id: int | None) -> str:
        return people[staff_id].name if staff_id in people else ""

    def fan(fan_id: int) -> str:
        name = briefs[fan_id].name if fan_id in briefs else ""
        return mask_name(name) if masked else name

    return [
        AppealOut(
            id=one.id,
            fan_id=one.fan_id,
            fan_name=fan(one.fan_id),
            code_id=one.code_id,
            code_name=codes[one.code_id].name,
            stands_name=codes[one.stands_code_id].name if one.stands_code_id in codes else "",
            reason=one.reason,
            opened_by=person(one.opened_by),
            opened_at=one.opened_at,
            due_at=one.due_at,
            overdue=one.state is AppealState.OPEN and one.due_at < tx.now,
            state=one.state,
            decided_by=person(one.decided_by),
            decided_at=one.decided_at,
            decision=one.decision,
            mine=one.opened_by == actor.id,
        )
        for one in appeals
    ]
