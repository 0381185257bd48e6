"""Routes of the fans room: sign-in of fans, one's own profile, the console's fan pages."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Cookie, Depends, Query, Request, Response

from tiefen.fans import queries, rules, service
from tiefen.fans.models import Fan, Identity, Line, Rfm, Source, Tag, Tagging
from tiefen.fans.schemas import (
    ChipOut,
    EvidenceOut,
    FanDetail,
    FanOwnerIn,
    FanOwnerOut,
    FanPatch,
    FanRow,
    FanSession,
    IdentityOut,
    LineOut,
    MiniSignIn,
    OAuthSignIn,
    OAuthUrl,
    PastKind,
    Reveal,
    Revealed,
    RfmOut,
    ShopFan,
    ShopFanPatch,
    SourceOut,
    StageCountOut,
    StandingOut,
    WecomIn,
)
from tiefen.fans.service.stages import judge, look
from tiefen.fans.values import FanSort, Happening, RfmGroup, Stage
from tiefen.kernel import ids
from tiefen.kernel.auth import FanActor, StaffActor, anyone, close_session, fan, staff, token_of
from tiefen.kernel.crypto import mask_name, mask_phone, opened
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
    SettingsDep,
    TxDep,
    decode_cursor,
    paged,
)
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind

NONCE_COOKIE = "tiefen_oauth"
SIGN_INS = Rate(600, 60.0)
"""Sign-ins a minute from one address: each asks WeChat, so made-up codes would use up our quota."""
_POSITIONS: dict[FanSort, Any] = {
    FanSort.NEWEST: tuple[Literal["newest"], int, int],
    FanSort.LAST_SEEN: tuple[Literal["last_seen"], datetime, int],
    FanSort.SPEND: tuple[Literal["spend"], int, int],
    FanSort.ORDERS: tuple[Literal["orders"], int, int],
}
"""What a cursor of each order holds: the order's name, the last key, the last id."""
PAST: PastKind = "past_purchase"

shop = Routes(prefix="/api/shop", tags=["fans"], responses=REFUSALS)
console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Shopper = Annotated[FanActor, Depends(fan())]
Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
Revealer = Annotated[StaffActor, Depends(staff(Permission.FANS_REVEAL))]


@shop.get("/oauth-url", operation_id="getOAuthUrl", dependencies=[Depends(anyone())])
async def oauth_url(
    request: Request,
    response: Response,
    tx: TxDep,
    settings: SettingsDep,
    redirect: Annotated[str, Query(max_length=1000)],
    scope: Literal["snsapi_base", "snsapi_userinfo"] = "snsapi_base",
    tiefen_oauth: Annotated[str | None, Cookie(max_length=100)] = None,
) -> OAuthUrl:
    """Where to send the browser to sign in; it returns to `redirect`, a page of this shop."""
    own = str(request.base_url).rstrip("/")
    target = rules.check_redirect(redirect, frozenset({own, settings.public_url}))
    if target.startswith("/"):
        target = own + target
    nonce = tiefen_oauth or ids.token()
    url = await service.oauth_url(tx, redirect=target, scope=scope, nonce=nonce)
    response.set_cookie(
        NONCE_COOKIE,
        nonce,
        max_age=int(rules.STATE_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return OAuthUrl(url=url)


@shop.post(
    "/session/oauth",
    operation_id="signInByOAuth",
    dependencies=[Depends(anyone()), Depends(SIGN_INS)],
)
async def sign_in_oauth(
    body: OAuthSignIn,
    db: DbDep,
    merchant: MerchantDep,
    tiefen_oauth: Annotated[str | None, Cookie(max_length=100)] = None,
    tiefen_visitor: Annotated[str | None, Cookie(max_length=100)] = None,
) -> FanSession:
    """Exchange what WeChat put in the address for a session; the state works once."""
    identity = await service.recognise(
        db, merchant, code=body.code, state=body.state, nonce=tiefen_oauth or ""
    )
    async with db.merchant(merchant) as tx:
        token, fan_id = await service.enter(tx, identity, visitor=tiefen_visitor or "")
        return FanSession(token=token, fan=await _shop_fan(tx, fan_id))


@shop.post(
    "/session/mini",
    operation_id="signInByMini",
    dependencies=[Depends(anyone()), Depends(SIGN_INS)],
)
async def sign_in_mini(body: MiniSignIn, db: DbDep, merchant: MerchantDep) -> FanSession:
    """Exchange a `wx.login` code for a session."""
    identity = await service.recognise_mini(db, merchant, code=body.code)
    async with db.merchant(merchant) as tx:
        token, fan_id = await service.enter(tx, identity, scene=body.scene)
        return FanSession(token=token, fan=await _shop_fan(tx, fan_id))


@shop.delete("/session", operation_id="signOutFan")
async def sign_out(request: Request, tx: TxDep, _: Shopper) -> Ok:
    """End the session."""
    await close_session(tx, token_of(request) or "")
    return OK


@shop.get("/me", operation_id="getShopMe")
async def get_me(tx: TxDep, actor: Shopper) -> ShopFan:
    """The signed-in fan."""
    return await _shop_fan(tx, actor.id)


@shop.patch("/me", operation_id="editShopMe")
async def edit_me(body: ShopFanPatch, tx: TxDep, actor: Shopper) -> ShopFan:
    """What fans say about themselves."""
    await service.edit_profile(tx, actor.id, body.model_dump(exclude_unset=True))
    await tx.flush()
    return await _shop_fan(tx, actor.id)


@console.get("/fans", operation_id="listFans")
async def list_fans(
    tx: TxDep,
    _: Reader,
    *,
    query: Annotated[str | None, Query(max_length=64)] = None,
    stage: Stage | None = None,
    following: bool | None = None,
    source_code_id: QueryId = None,
    tag_id: QueryId = None,
    segment_id: QueryId = None,
    rfm_group: RfmGroup | None = None,
    owner_staff_id: QueryId = None,
    level_id: QueryId = None,
    rule: Annotated[str | None, Query(max_length=12_000)] = None,
    sort: FanSort = FanSort.NEWEST,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[FanRow]:
    """Fans, the newest (or most) first. `query`: part of a name, a whole phone number, or `#id`;
    `rule`: the rule of a segment as JSON."""
    after = after_of(cursor, sort)
    wanted = queries.Filter(
        query,
        stage,
        following,
        source_code_id,
        tag_id,
        segment_id,
        rfm_group,
        owner_staff_id,
        level_id,
    )
    raw = _json(rule)
    read = await service.read_rule(tx, raw) if raw is not None else None
    rows = await queries.fan_list(tx, wanted, sort, after=after, limit=limit, rule=read)
    return paged(
        await rows_of(tx, rows[:limit]),
        rows,
        limit,
        lambda row: (sort.value, queries.sort_key(row[0], sort), row[0].id),
    )


@console.get("/fans/stages", operation_id="countStages")
async def count_stages(tx: TxDep, _: Reader) -> list[StageCountOut]:
    """How many fans stand where."""
    return [StageCountOut.model_validate(one) for one in await service.stage_counts(tx)]


@console.get("/fans/{fan_id}", operation_id="getFan")
async def get_fan(fan_id: PathId, tx: TxDep, _: Reader) -> FanDetail:
    """A fan's page; a record that was joined into another shows that one."""
    return await detail(tx, fan_id)


@console.patch("/fans/{fan_id}", operation_id="editFan")
async def edit_fan(fan_id: PathId, body: FanPatch, tx: TxDep, actor: Writer) -> FanDetail:
    """Note something about a fan."""
    await service.edit_remark(tx, actor, fan_id, body.remark)
    await tx.flush()
    return await detail(tx, fan_id)


@console.put("/fans/{fan_id}/owner", operation_id="setFanOwner")
async def set_owner(fan_id: PathId, body: FanOwnerIn, tx: TxDep, actor: Writer) -> FanDetail:
    """Say who of the team looks after a fan from now on, or that nobody does."""
    await service.give_fan(tx, actor, fan_id, body.owner_staff_id, body.reason)
    await tx.flush()
    return await detail(tx, fan_id)


@console.get("/fans/{fan_id}/timeline", operation_id="getFanTimeline")
async def get_timeline(
    fan_id: PathId,
    tx: TxDep,
    actor: Reader,
    kind: Annotated[list[Happening | PastKind] | None, Query(max_length=30)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LineOut]:
    """Everything that happened with a fan, newest first; `kind` may be given several times.

    What was said is shown to whom may read messages (`helpdesk.read`), else `data.hidden` is true.
    """
    return await lines_of(tx, actor, fan_id, kind, cursor, limit)


@console.post("/fans/{fan_id}/reveal", operation_id="revealFan")
async def reveal(fan_id: PathId, body: Reveal, tx: TxDep, actor: Revealer) -> Revealed:
    """One personal field in clear; the look and its reason are audited."""
    value = await service.reveal(tx, actor, fan_id, body.field, body.reason)
    return Revealed(field=body.field, value=value)


@console.post("/fans/{fan_id}/wecom", operation_id="addFanWecom", status_code=201)
async def add_wecom(fan_id: PathId, body: WecomIn, tx: TxDep, actor: Writer) -> IdentityOut:
    """Note which external contact of 企业微信 a fan is."""
    made = await service.add_wecom(tx, actor, fan_id, **dict(body))
    return identity_out(made, {})


@console.delete("/fans/{fan_id}/wecom/{identity_id}", operation_id="dropFanWecom")
async def drop_wecom(fan_id: PathId, identity_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Take it off again."""
    await service.drop_wecom(tx, actor, fan_id, identity_id)
    return OK


async def lines_of(
    tx: Tx,
    actor: StaffActor,
    fan_id: int,
    kind: list[Happening | PastKind] | None,
    cursor: str | None,
    limit: int,
) -> Page[LineOut]:
    """A page of a fan's timeline, as this member of staff may read it. Raises FanMissing."""
    person, _source = await queries.one_fan(tx, fan_id)
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    everyone = [person.id, *await queries.merged_ids(tx, person.id)]
    reads = Permission.HELPDESK_READ in actor.permissions
    wanted = [one for one in kind or () if isinstance(one, Happening)]
    told: list[LineOut] = []
    if wanted or not kind:
        lines = await queries.timeline(tx, everyone, kinds=wanted, after=after, limit=limit)
        told += [_line(line, reads_messages=reads) for line in lines]
    if person.past_orders and (not kind or PAST in kind):
        past = await queries.past_moments(tx, everyone, after=after, limit=limit)
        told += [_past_line(one) for one in past]
    told.sort(key=lambda one: (one.at, one.id), reverse=True)
    return paged(told, told, limit, lambda one: (one.at, one.id))


def _past_line(one: queries.PastMoment) -> LineOut:
    """A purchase made elsewhere, among the lines."""
    data = {"source": one.source, "number": one.number, "quantity": one.quantity}
    more = {"product": one.product, "category": one.category, "note": one.note}
    return LineOut(
        id=one.id,
        kind=PAST,
        at=one.at,
        ref=f"past:{one.number}",
        amount_fen=one.amount_fen,
        data=data | {key: text for key, text in more.items() if text},
    )


def _line(line: Line, *, reads_messages: bool) -> LineOut:
    """A line as it is shown; what was said only to whom may read messages."""
    told = LineOut.model_validate(line)
    kept = told.data.get("text")
    if not kept:
        return told
    said = {"text": opened(kept) if reads_messages else "", "hidden": not reads_messages}
    return told.model_copy(update={"data": told.data | said})


def after_of(cursor: str | None, sort: FanSort) -> tuple[Any, int] | None:
    """A position only fits the order it was made for."""
    if not cursor:
        return None
    position: tuple[Any, ...] = decode_cursor(cursor, _POSITIONS[sort])
    _, key, fan_id = position
    return key, fan_id


async def rows_of(tx: Tx, found: Sequence[tuple[Fan, Source | None]]) -> list[FanRow]:
    """Fans as lists show them, with their tags, groups of buyers and owners; three statements more."""
    worn: dict[int, list[ChipOut]] = {}
    fan_ids = [person.id for person, _ in found]
    groups = await queries.rfm_groups(tx, fan_ids)
    owners = await _owners(tx, [person for person, _ in found])
    for tagging, tag in await queries.taggings(tx, fan_ids):
        worn.setdefault(tagging.fan_id, []).append(_chip(tagging, tag))
    return [
        FanRow(
            **_row(person, source),
            owner=owners.get(person.owner_staff_id or 0),
            rfm_group=groups.get(person.id),
            tags=worn.get(person.id, []),
        )
        for person, source in found
    ]


async def _owners(tx: Tx, people: Sequence[Fan]) -> dict[int, FanOwnerOut]:
    """Who looks after these fans, by staff id."""
    found = await staff_briefs(tx, {one.owner_staff_id for one in people if one.owner_staff_id})
    return {number: FanOwnerOut.model_validate(one) for number, one in found.items()}


def _chip(tagging: Tagging, tag: Tag) -> ChipOut:
    return ChipOut(
        tag_id=tag.id,
        name=tag.name,
        author=tagging.author,
        reason=tagging.reason,
        at=tagging.at,
    )


def _json(raw: str | None) -> Any:
    """A rule in an address; what is no JSON is no rule either."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw


async def detail(tx: Tx, fan_id: int) -> FanDetail:
    """A fan's page; a record that was joined into another shows that one. Raises FanMissing."""
    person, source = await queries.one_fan(tx, fan_id)
    merged = await queries.merged_ids(tx, person.id)
    found = await queries.identities(tx, [person.id, *merged])
    standing = judge(person, await look(tx, [person.id]))
    score = await queries.rfm_of(tx, person.id)
    kinds = await wechat.app_kinds(tx)
    return FanDetail(
        **_row(person, source),
        owner=(await _owners(tx, [person])).get(person.owner_staff_id or 0),
        region_code=person.region_code,
        rfm_group=score.kind if score else None,
        tags=[_chip(*one) for one in await queries.taggings(tx, [person.id])],
        real_name_masked=mask_name(person.real_name) if person.real_name else None,
        identities=[identity_out(one, kinds) for one in found],
        standing=StandingOut(
            stage=standing.stage,
            since=person.stage_at,
            because=[EvidenceOut.model_validate(one) for one in standing.because],
            next_stage=standing.next_stage,
            missing=[EvidenceOut.model_validate(one) for one in standing.missing],
            due=standing.due,
        ),
        merged_ids=merged,
        past_orders=person.past_orders,
        past_fen=person.past_fen,
        past_first_at=person.past_first_at,
        past_last_at=person.past_last_at,
        rfm=_rfm(score),
    )


def _rfm(found: Rfm | None) -> RfmOut | None:
    if found is None:
        return None
    return RfmOut(
        r=found.r,
        f=found.f,
        m=found.m,
        group=found.kind,
        last_on=found.last_on,
        frequency=found.frequency,
        monetary_fen=found.monetary_fen,
        since=found.since,
    )


def _row(person: Fan, source: Source | None) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": rules.display_name(person.id, person.nickname),
        "avatar_url": person.avatar_url,
        "stage": person.stage,
        "following": person.following,
        "source": SourceOut.model_validate(source) if source else None,
        "phone_masked": mask_phone(person.phone) if person.phone else None,
        "remark": person.remark,
        "joined_at": person.joined_at,
        "last_seen_at": person.last_seen_at,
        "last_paid_at": person.last_paid_at,
        "follow_up_on": person.follow_up_on,
        "follow_up_note": person.follow_up_note,
        "orders": person.orders,
        "received_orders": person.received_orders,
        "paid_fen": person.paid_fen,
        "refunded_fen": person.refunded_fen,
        "interactions": person.interactions,
        "level_id": person.level_id,
    }


def identity_out(one: Identity, kinds: Mapping[str, AccountKind]) -> IdentityOut:
    """An id as the console shows it: its last characters alone. `kinds`: of the merchant's apps."""
    return IdentityOut(
        id=one.id,
        platform=rules.platform_of(one.openid, kinds.get(one.app_id)),
        app_id=one.app_id,
        openid_tail=one.openid[-4:],
        has_unionid=one.unionid is not None,
        following=one.following,
        followed_at=one.followed_at,
        unfollowed_at=one.unfollowed_at,
    )


async def _shop_fan(tx: Tx, fan_id: int) -> ShopFan:
    person, _ = await queries.one_fan(tx, fan_id)
    return ShopFan(
        id=person.id,
        name=rules.display_name(person.id, person.nickname),
        nickname=person.nickname,
        avatar_url=person.avatar_url,
        phone_masked=mask_phone(person.phone) if person.phone else None,
        following=person.following,
        orders=person.orders,
    )
