"""Routes of short links: the console's, the short address itself, and how a fan came."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Cookie, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tiefen.catalog import service as catalog
from tiefen.channels import queries, rules, service
from tiefen.channels.errors import LinkMissing
from tiefen.channels.http.codes import code_out, owners_of, wish_of
from tiefen.channels.http.page import missing_page, page_of
from tiefen.channels.queries import LinkRow, Opens
from tiefen.channels.schemas import (
    ArrivalIn,
    ChannelLinkDetail,
    ChannelLinkIn,
    ChannelLinkOut,
    ChannelLinkPatch,
    LinkDayOut,
)
from tiefen.channels.values import Knock, LinkPlatform, LinkWish, Opening
from tiefen.kernel import ids
from tiefen.kernel.auth import FanActor, StaffActor, anyone, fan, staff
from tiefen.kernel.crypto import blind
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
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
    SettingsDep,
    TxDep,
    last_id,
    paged,
)
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

VISITOR_COOKIE = "tiefen_visitor"
OFTEN = Rate(1_200, 60.0)
"""Openings a minute from one address: a crowd behind one gateway fits, a flood does not."""
DAYS = 30
_WISH = frozenset(LinkWish.__slots__)
_WORDS = frozenset({"product_id", "utm_source", "utm_medium", "utm_campaign", "title", "words"})

router = Routes(tags=["channels"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.CHANNELS_WRITE))]
Fan = Annotated[FanActor, Depends(fan())]
Slug = Annotated[str, Path(min_length=1, max_length=40)]
_LINKS = "/api/console/channel-links"


@router.get("/l/{slug}", include_in_schema=False, dependencies=[Depends(anyone()), Depends(OFTEN)])
async def open_link(
    request: Request,
    slug: Slug,
    db: DbDep,
    merchant: MerchantDep,
    settings: SettingsDep,
    s: Annotated[str, Query(max_length=4)] = "",
    tiefen_visitor: Annotated[str | None, Cookie(max_length=100)] = None,
) -> Response:
    """A short link: straight to the shop inside WeChat, else a light page with a QR code."""
    headers = request.headers
    agent = headers.get("user-agent", "")
    purpose = f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')}"
    program = rules.is_program(agent, purpose)
    # The sandbox's phone shows pages in a frame; nowhere else does one stand for WeChat.
    framed = bool(settings.sandbox_url) and headers.get("sec-fetch-dest") == "iframe"
    inside = framed or rules.in_wechat(agent)
    visitor = tiefen_visitor or ids.token(16)
    try:
        known = blind(visitor, merchant=merchant)
        knock = Knock(slug.lower(), known, inside=inside, program=program, scanned=s == "1")
        opened = await service.open_link(db, merchant, knock)
    except LinkMissing:
        return _html(missing_page(language.get()), 404, ids.token(12))
    if opened.opening is Opening.GO:
        answer: Response = RedirectResponse(
            opened.path, status_code=302, headers={"Cache-Control": "no-store"}
        )
    else:
        status, nonce = 410 if opened.opening is Opening.OVER else 200, ids.token(12)
        answer = _html(page_of(opened, language.get(), nonce), status, nonce)
    if inside and not program:
        answer.set_cookie(
            VISITOR_COOKIE,
            visitor,
            max_age=int(rules.VISIT_WINDOW.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
            path="/",
        )
    return answer


def _html(page: str, status: int, nonce: str) -> Response:
    policy = (
        "default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'; "
        f"script-src 'nonce-{nonce}'; frame-ancestors 'self'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(page, status_code=status, headers=headers)


@router.post("/api/shop/arrivals", operation_id="tellArrival")
async def tell_arrival(
    body: ArrivalIn,
    tx: TxDep,
    who: Fan,
    tiefen_visitor: Annotated[str | None, Cookie(max_length=100)] = None,
) -> Ok:
    """A fan who was signed in already came by a link or a mini-program code."""
    if tiefen_visitor:
        await service.join_visits(tx, who.id, blind(tiefen_visitor))
    if body.scene:
        await service.record_arrival(tx, who.id, body.scene)
    return OK


@router.get(_LINKS, operation_id="listChannelLinks")
async def list_links(
    tx: TxDep,
    _: Reader,
    platform: LinkPlatform | None = None,
    owner_staff_id: QueryId = None,
    archived: bool = False,
    query: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ChannelLinkOut]:
    """Links with how often they were opened and what their fans did, newest first."""
    rows = await queries.link_list(
        tx,
        platform=platform,
        owner_staff_id=owner_staff_id,
        archived=archived,
        query=query,
        before_id=last_id(cursor),
        limit=limit,
    )
    shown = [ChannelLinkOut.model_validate(one) for one in await _out(tx, rows)]
    return paged(shown, rows, limit, lambda row: (row.link.code_id,))


@router.post(_LINKS, operation_id="createChannelLink", status_code=201)
async def create_link(body: ChannelLinkIn, tx: TxDep, actor: Writer) -> ChannelLinkDetail:
    """A short link for another platform."""
    link = LinkWish(**{name: getattr(body, name) for name in _WISH})
    made = await service.create_link(tx, actor, body.name, link, wish_of(body))
    return await _detail(tx, made)


@router.get(_LINKS + "/{code_id}", operation_id="getChannelLink")
async def get_link(code_id: PathId, tx: TxDep, _: Reader) -> ChannelLinkDetail:
    """One link with its last thirty days."""
    return await _detail(tx, code_id)


@router.patch(_LINKS + "/{code_id}", operation_id="editChannelLink")
async def edit_link(
    code_id: PathId, body: ChannelLinkPatch, tx: TxDep, actor: Writer
) -> ChannelLinkDetail:
    """Change a link."""
    given = body.model_dump(exclude_unset=True)
    words = {name: given.pop(name) for name in _WORDS if name in given}
    await service.edit_link(tx, actor, code_id, given, words)
    await tx.flush()
    return await _detail(tx, code_id)


async def _detail(tx: Tx, code_id: int) -> ChannelLinkDetail:
    row = await queries.one_link(tx, code_id)
    today = day_of(tx.now)
    days = await queries.link_days(tx, code_id, today, DAYS)
    known, unknown = await queries.visitors_of(tx, code_id)
    series = [
        LinkDayOut(day=day, hits=one.hits, entered=one.entered, bots=one.bots)
        for day in (today - timedelta(days=n) for n in range(DAYS - 1, -1, -1))
        for one in (days.get(day, Opens()),)
    ]
    (shown,) = await _out(tx, [row])
    return ChannelLinkDetail(**shown, days=series, known=known, unknown=unknown)


async def _out(tx: Tx, rows: Sequence[LinkRow]) -> list[dict[str, Any]]:
    owners = await owners_of(tx, [row.code for row in rows])
    products = await catalog.product_names(
        tx, {row.link.product_id for row in rows if row.link.product_id}
    )
    return [
        {
            **{
                name: getattr(row.link, name)
                for name in (
                    *("platform", "target", "product_id", "slug", "title", "words"),
                    *("utm_source", "utm_medium", "utm_campaign"),
                )
            },
            "code": code_out(row.code, owners),
            "product_name": products.get(row.link.product_id or 0, ""),
            "address": row.code.url,
            "follow_ready": bool(row.link.follow_url),
            "hits": row.opens.hits,
            "entered": row.opens.entered,
            "bots": row.opens.bots,
        }
        for row in rows
    ]
