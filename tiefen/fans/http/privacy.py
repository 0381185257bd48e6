"""Routes about one person's data: a copy of it, removing it, and whether we may write to them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Response

from tiefen.fans import queries, service
from tiefen.fans.models import PersonRequest
from tiefen.fans.schemas.places import MyPlace
from tiefen.fans.schemas.privacy import (
    AskIn,
    ContactIn,
    EffectOut,
    HoldOut,
    MyPrivacy,
    PrivacyOut,
    RequestOut,
)
from tiefen.fans.values import DAYS_BY_DEFAULT, Effect, Hold
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.http import OK, REFUSALS, Ok, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

console = Routes(prefix="/api/console/fans/{fan_id}", tags=["fans"], responses=REFUSALS)
shop = Routes(prefix="/api/shop/me", tags=["fans"], responses=REFUSALS)

Keeper = Annotated[StaffActor, Depends(staff(Permission.FANS_PRIVACY))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
Shopper = Annotated[FanActor, Depends(fan())]


@console.get("/privacy", operation_id="getFanPrivacy")
async def get_privacy(fan_id: PathId, tx: TxDep, _: Keeper) -> PrivacyOut:
    """What was asked about a fan's data, and what erasing it would do."""
    person, _source = await queries.one_fan(tx, fan_id)
    told, held = await service.effects(tx, person.id)
    return PrivacyOut(
        no_contact=person.no_contact,
        erased_at=person.erased_at,
        requests=await _requests(tx, person.id),
        effects=_effects(told),
        holds=_holds(held),
    )


@console.post("/privacy/export", operation_id="exportFan", status_code=201)
async def export(fan_id: PathId, body: AskIn, tx: TxDep, actor: Keeper) -> RequestOut:
    """Have a copy made of everything known of a fan; it can be fetched for a day."""
    return _out(await service.ask_export(tx, fan_id, by=actor, reason=body.reason))


@console.post("/privacy/erase", operation_id="eraseFan", status_code=201)
async def erase(fan_id: PathId, body: AskIn, tx: TxDep, actor: Keeper) -> RequestOut:
    """Have a fan's personal data removed; until it begins it can be taken back."""
    return _out(await service.ask_erase(tx, fan_id, by=actor, reason=body.reason))


@console.post("/privacy/{request_id}/withdraw", operation_id="withdrawFanErasure")
async def withdraw(fan_id: PathId, request_id: PathId, tx: TxDep, actor: Keeper) -> RequestOut:
    """Take an erasure back."""
    return _out(await service.withdraw(tx, fan_id, request_id, by=actor))


@console.get(
    "/privacy/{request_id}/file",
    operation_id="fetchFanExport",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
async def fetch(fan_id: PathId, request_id: PathId, tx: TxDep, actor: Keeper) -> Response:
    """The copy; each look is audited."""
    return _file(await service.fetch_export(tx, fan_id, request_id, by=actor), request_id)


@console.put("/contact", operation_id="setFanContact")
async def set_contact(fan_id: PathId, body: ContactIn, tx: TxDep, actor: Writer) -> Ok:
    """Whether we may write to a fan of our own accord, as they told staff."""
    await service.set_contact(tx, fan_id, wanted=body.wanted, by=actor, reason=body.reason)
    return OK


@shop.get("/privacy", operation_id="getMyPrivacy")
async def my_privacy(tx: TxDep, actor: Shopper) -> MyPrivacy:
    """What is kept of me, my requests about it, and what an erasure would wait for."""
    person, _source = await queries.one_fan(tx, actor.id)
    told, held = await service.effects(tx, person.id)
    return MyPrivacy(
        no_contact=person.no_contact,
        place=await _place(tx, person.id),
        kept=_effects(told),
        requests=await _requests(tx, person.id),
        holds=_holds(held),
    )


@shop.post("/privacy/export", operation_id="exportMe", status_code=201)
async def export_me(tx: TxDep, actor: Shopper) -> RequestOut:
    """Have a copy made of everything known of me."""
    return _out(await service.ask_export(tx, actor.id))


@shop.post("/privacy/erase", operation_id="eraseMe", status_code=201)
async def erase_me(tx: TxDep, actor: Shopper) -> RequestOut:
    """Have my personal data removed; until it begins I can take it back."""
    return _out(await service.ask_erase(tx, actor.id))


@shop.post("/privacy/{request_id}/withdraw", operation_id="withdrawMyErasure")
async def withdraw_mine(request_id: PathId, tx: TxDep, actor: Shopper) -> RequestOut:
    """Take my erasure back."""
    return _out(await service.withdraw(tx, actor.id, request_id))


@shop.get(
    "/privacy/{request_id}/file",
    operation_id="fetchMyExport",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
async def fetch_mine(request_id: PathId, tx: TxDep, actor: Shopper) -> Response:
    """My copy."""
    return _file(await service.fetch_export(tx, actor.id, request_id), request_id)


@shop.put("/contact", operation_id="setMyContact")
async def set_mine(body: ContactIn, tx: TxDep, actor: Shopper) -> Ok:
    """Whether the shop may write to me of its own accord."""
    await service.set_contact(tx, actor.id, wanted=body.wanted)
    return OK


async def _requests(tx: Tx, fan_id: int) -> list[RequestOut]:
    records = await service.person_ids(tx, fan_id)
    return [_out(one) for one in await queries.person_requests(tx, records)]


async def _place(tx: Tx, person_id: int) -> MyPlace:
    setting = await queries.place_setting(tx)
    rows = await queries.places_of(tx, person_id)
    return MyPlace(
        offered=setting is not None and setting.kept,
        days=setting.days if setting else DAYS_BY_DEFAULT,
        agreed=bool(rows),
        at=rows[0].at if rows else None,
    )


def _out(one: PersonRequest) -> RequestOut:
    return RequestOut(
        id=one.id,
        kind=one.kind,
        state=one.state,
        staff_name=one.staff_name,
        reason=one.reason,
        created_at=one.created_at,
        due_at=one.due_at,
        held_by=one.held_by,
        ready=one.file is not None,
        ended_at=one.ended_at,
    )


def _effects(told: Sequence[Effect]) -> list[EffectOut]:
    return [
        EffectOut(table=one.table, name=_say(one.zh, one.en), rows=one.rows, gone=one.gone)
        for one in told
    ]


def _holds(held: Sequence[Hold]) -> list[HoldOut]:
    return [HoldOut(name=_say(one.zh, one.en), ref=one.ref) for one in held]


def _say(zh: str, en: str) -> str:
    return en if language.get() == "en" else zh


def _file(made: bytes, request_id: int) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="personal-data-{request_id}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(made, media_type="application/zip", headers=headers)
