"""Routes of the bottles room."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Path, Query, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from tiefen.bottles import queries, service
from tiefen.bottles.errors import FollowCodeMissing
from tiefen.bottles.models import BottleBatch
from tiefen.bottles.schemas import (
    AlarmClose,
    BottleAlarmOut,
    BottleBatchIn,
    BottleBatchOut,
    BottleLimitsIn,
    BottleLimitsOut,
    BottleRangeOut,
    BottleScanOut,
    BottleShown,
    BottlesWhere,
    BottleTold,
    HandOut,
    PlaceOut,
)
from tiefen.bottles.values import Limits
from tiefen.catalog import service as catalog
from tiefen.channels import service as channels
from tiefen.fans import service as fans
from tiefen.kernel import limits
from tiefen.kernel.auth import FanActor, StaffActor, anyone, fan, staff
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
    TxDep,
    last_id,
    paged,
)
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(tags=["bottles"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.BOTTLES_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.BOTTLES_WRITE))]
Printer = Annotated[StaffActor, Depends(staff(Permission.BOTTLES_WRITE, outward=True))]
Fan = Annotated[FanActor, Depends(fan())]
Code = Annotated[str, Path(min_length=1, max_length=40)]
OFTEN = limits.Limit(60, 60)
"""Scans of one address: a fan scans one bottle at a time, a guesser many."""
_BATCHES = "/api/console/bottle-batches"


@router.get("/b/{code}", include_in_schema=False, dependencies=[Depends(anyone())])
async def land(code: Code) -> RedirectResponse:
    """What is printed on the bottle: leads to its page in the shop. Tells nothing about the code."""
    kept = "".join(char for char in code if char.isalnum() and char.isascii())
    return RedirectResponse(f"../shop/#/b/{kept}", status_code=302)


@router.post(
    "/api/shop/bottles/{code}/scan", operation_id="scanBottle", dependencies=[Depends(OFTEN)]
)
async def scan(code: Code, body: BottleTold, tx: TxDep, who: Fan) -> BottleShown:
    """A fan scanned a bottle; the first scan of it gives its reward, once."""
    both = body.lat is not None and body.lng is not None
    place = (body.lat or 0.0, body.lng or 0.0) if both else None
    told = service.Told(body.region_code or "", place)
    found = await service.scan(tx, who.id, code, told)
    sku = (await catalog.skus(tx, [found.sku_id]))[found.sku_id]
    image = f"/api/shop/bottles/{code}/follow-code" if found.follow else ""
    shown = {**asdict(found), "number": found.serial, "follow_image": image, **asdict(sku)}
    return BottleShown.model_validate(shown)


@router.get(
    "/api/shop/bottles/{code}/follow-code",
    operation_id="getBottleFollowCode",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
    dependencies=[Depends(anyone()), Depends(OFTEN)],
)
async def follow_code(code: Code, tx: TxDep) -> Response:
    """The QR code to follow by, for whoever holds the bottle: a follow counts for its batch."""
    batch, _ = await queries.opened_by(tx, code)
    url = await channels.follow_url(tx, batch.scene)
    if not url:
        raise FollowCodeMissing
    drawn = await anyio.to_thread.run_sync(channels.code_picture, url, "")
    return Response(drawn, media_type="image/png", headers={"Cache-Control": "max-age=3600"})


@router.get(_BATCHES, operation_id="listBottleBatches")
async def list_batches(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 20
) -> Page[BottleBatchOut]:
    """Batches of bottle codes, newest first."""
    found = await queries.batch_list(tx, before_id=last_id(cursor), limit=limit)
    return paged(await _batches(tx, found), found, limit, lambda one: (one[0].id,))


@router.post(_BATCHES, operation_id="createBottleBatch", status_code=201)
async def create_batch(body: BottleBatchIn, tx: TxDep, actor: Writer) -> BottleBatchOut:
    """Up to a million codes at once; the print file is made when it is fetched."""
    return await _one(tx, await service.create_batch(tx, actor, **dict(body)))


@router.get(_BATCHES + "/{batch_id}", operation_id="getBottleBatch")
async def get_batch(batch_id: PathId, tx: TxDep, _: Reader) -> BottleBatchOut:
    """One batch."""
    return await _one(tx, batch_id)


@router.post(
    _BATCHES + "/{batch_id}/print-file",
    operation_id="printBottleBatch",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
async def print_file(
    batch_id: PathId,
    db: DbDep,
    merchant: MerchantDep,
    actor: Printer,
    roll: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> StreamingResponse:
    """The codes of a batch or of one roll, streamed; who took them is audited."""
    lines = await service.print_lines(db, merchant, batch_id, roll)
    async with db.merchant(merchant) as tx:
        await service.note_download(tx, actor, batch_id, roll)
    name = f"bottles-{batch_id}{f'-roll-{roll}' if roll else ''}.csv"
    return StreamingResponse(
        _bytes(lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get(_BATCHES + "/{batch_id}/where", operation_id="getBottlesWhere")
async def where(batch_id: PathId, tx: TxDep, _: Reader) -> BottlesWhere:
    """Who got which bottles, and where they were scanned: territory against what fans told."""
    await queries.one_batch(tx, batch_id)
    return BottlesWhere(
        ranges=[
            BottleRangeOut.model_validate(one) for one in await queries.ranges_of(tx, batch_id)
        ],
        places=[PlaceOut.model_validate(one) for one in await queries.places_of(tx, batch_id)],
    )


@router.post(_BATCHES + "/{batch_id}/ranges", operation_id="handOutBottles", status_code=201)
async def activate(batch_id: PathId, body: HandOut, tx: TxDep, actor: Writer) -> Ok:
    """Hand out a range of bottles: from now on they give their reward."""
    await service.activate(tx, actor, batch_id, **dict(body))
    return OK


@router.post(_BATCHES + "/{batch_id}/ranges/{range_id}/withdraw", operation_id="withdrawBottles")
async def withdraw(batch_id: PathId, range_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Take a range out of use."""
    await service.withdraw(tx, actor, batch_id, range_id)
    return OK


@router.get(_BATCHES + "/{batch_id}/bottles/{serial}", operation_id="getBottleScans")
async def bottle_scans(
    batch_id: PathId, serial: PathId, tx: TxDep, _: Reader
) -> list[BottleScanOut]:
    """The newest scans of one bottle."""
    await queries.one_batch(tx, batch_id)
    lines = await queries.scans_of(tx, batch_id, serial)
    briefs = await fans.brief(tx, {line.fan_id for line in lines})
    return [
        BottleScanOut(
            id=line.id,
            fan_id=briefs[line.fan_id].id,
            fan_name=briefs[line.fan_id].name,
            region=line.region,
            first=line.first,
            outside=line.outside,
            at=line.at,
        )
        for line in lines
    ]


@router.get("/api/console/bottle-alarms", operation_id="listBottleAlarms")
async def list_alarms(
    tx: TxDep,
    _: Reader,
    batch_id: QueryId = None,
    closed: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BottleAlarmOut]:
    """Suspicious bottles, newest first."""
    found = await queries.alarm_list(
        tx, batch_id=batch_id, closed=closed, before_id=last_id(cursor), limit=limit
    )
    items = [
        BottleAlarmOut.model_validate(
            {
                **{column.key: getattr(alarm, column.key) for column in alarm.__table__.columns},
                "batch_name": name,
            }
        )
        for alarm, name in found
    ]
    return paged(items, items, limit)


@router.post("/api/console/bottle-alarms/{alarm_id}/close", operation_id="closeBottleAlarm")
async def close_alarm(alarm_id: PathId, body: AlarmClose, tx: TxDep, actor: Writer) -> Ok:
    """Somebody has looked into it."""
    await service.close_alarm(tx, actor, alarm_id, body.note)
    return OK


@router.get("/api/console/bottle-limits", operation_id="getBottleLimits")
async def get_limits(tx: TxDep, _: Reader) -> BottleLimitsOut:
    """When a bottle becomes suspicious."""
    return BottleLimitsOut.model_validate(await queries.limits_now(tx))


@router.put("/api/console/bottle-limits", operation_id="saveBottleLimits")
async def save_limits(body: BottleLimitsIn, tx: TxDep, actor: Writer) -> BottleLimitsOut:
    """Change when a bottle becomes suspicious, from the next scan on."""
    await service.save_limits(tx, actor, Limits(**dict(body)))
    return BottleLimitsOut(**dict(body))


def _bytes(lines: Iterator[str]) -> Iterator[bytes]:
    for piece in lines:
        yield piece.encode()


async def _one(tx: Tx, batch_id: int) -> BottleBatchOut:
    await queries.one_batch(tx, batch_id)
    found = await queries.batch_list(tx, before_id=batch_id + 1, limit=1)
    return (await _batches(tx, found[:1]))[0]


async def _batches(tx: Tx, found: Sequence[tuple[BottleBatch, int, int]]) -> list[BottleBatchOut]:
    skus = await catalog.skus(tx, {batch.sku_id for batch, _, _ in found})
    return [
        BottleBatchOut.model_validate(
            {
                **{column.key: getattr(batch, column.key) for column in batch.__table__.columns},
                "product_name": skus[batch.sku_id].product_name,
                "spec_text": skus[batch.sku_id].spec_text,
                "handed_out": active,
                "open_alarms": alarms,
            }
        )
        for batch, active, alarms in found
    ]
