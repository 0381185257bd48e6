"""Routes of the room: what WeChat calls, and what the console and the shop ask."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse

from tiefen.kernel.auth import StaffActor, anyone, signed, staff
from tiefen.kernel.db import Db
from tiefen.kernel.directory import Directory
from tiefen.kernel.edge import BodyTooLarge
from tiefen.kernel.errors import Refusal
from tiefen.kernel.http import (
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Page,
    TxDep,
    decode_cursor,
    paged,
)
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.routing import Direct, Routes
from tiefen.team.values import Permission
from tiefen.wechat import callbacks, queries, service
from tiefen.wechat.callbacks import Signature
from tiefen.wechat.errors import TooLarge
from tiefen.wechat.schemas import (
    BilingualOut,
    DoctorOut,
    FindingOut,
    JssdkOut,
    MenuIn,
    MenuOut,
    SentMessageOut,
    WechatIn,
    WechatOut,
)
from tiefen.wechat.values import AccountKind, Finding, Level, MessageState

router = Routes(tags=["wechat"], responses=REFUSALS)
pushed = Routes(tags=["wechat"], responses=REFUSALS, route_class=Direct)

FromWeChat = [Depends(signed("wechat"))]
Reader = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE))]
CallingReader = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_READ, outward=True))]
CallingWriter = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE, outward=True))]
Word = Annotated[str, Query(max_length=256)]


def _signature(request: Request) -> Signature:
    given = request.query_params.get
    return Signature(
        timestamp=given("timestamp", ""),
        nonce=given("nonce", ""),
        signature=given("signature", ""),
        msg_signature=given("msg_signature", ""),
        encrypt_type=given("encrypt_type", ""),
    )


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except BodyTooLarge:
        raise TooLarge from None


async def _owner(request: Request, account: str) -> tuple[Db, str]:
    """Database and merchant of an app id or merchant number."""
    directory: Directory = request.app.state.directory
    return request.app.state.db, await directory.by_account(account)


# ── what WeChat calls ────────────────────────────────────────────────────────────────────────


@router.get("/wechat/oa/{app_id}", operation_id="verifyOfficialAddress", dependencies=FromWeChat)
@router.get("/wechat/mini/{app_id}", operation_id="verifyMiniAddress", dependencies=FromWeChat)
async def verify_address(app_id: str, request: Request, echostr: Word = "") -> PlainTextResponse:
    """WeChat checks that this address is ours: the echo comes back if the signature is right."""
    db, merchant = await _owner(request, app_id)
    echo = await callbacks.verify_address(db, merchant, app_id, _signature(request), echostr)
    return PlainTextResponse(echo)


@pushed.post("/wechat/oa/{app_id}", operation_id="receiveOfficialPush", dependencies=FromWeChat)
@pushed.post("/wechat/mini/{app_id}", operation_id="receiveMiniPush", dependencies=FromWeChat)
async def receive_push(request: Request, app_id: str) -> Response:
    """A message or event: stored once, answered with the passive reply or "success"."""
    body = await _body(request)
    db, merchant = await _owner(request, app_id)
    answer = await callbacks.receive_push(db, merchant, app_id, _signature(request), body)
    kind = {"<": "text/xml", "{": "application/json"}.get(answer[:1], "text/plain")
    return Response(answer.encode(), media_type=kind)


@pushed.post(
    "/wechat/pay/{mchid}/notify",
    operation_id="receivePayNotice",
    dependencies=FromWeChat,
    status_code=204,
    response_class=Response,
)
async def receive_notice(request: Request, mchid: str) -> Response:
    """A payment or refund notice: 204 once it is stored, 4xx when it is not WeChat's."""
    try:
        body = await _body(request)
        db, merchant = await _owner(request, mchid)
        await callbacks.receive_notice(db, merchant, mchid, request.headers, body)
    except Refusal as refusal:
        return Response(
            callbacks.problem(refusal.message()),
            status_code=refusal.status,
            media_type="application/json",
        )
    return Response(status_code=204)


# ── the console ──────────────────────────────────────────────────────────────────────────────


@router.get("/api/console/wechat", operation_id="getWechatSettings")
async def get_settings(tx: TxDep, who: Reader) -> WechatOut:
    """The WeChat settings; secrets show only whether they are set."""
    return WechatOut.model_validate(await queries.settings(tx))


@router.put("/api/console/wechat", operation_id="putWechatSettings")
async def put_settings(body: WechatIn, tx: TxDep, who: Writer) -> WechatOut:
    """Change the sections that are given."""
    for kind, section in ((AccountKind.OFFICIAL, body.official), (AccountKind.MINI, body.mini)):
        if section is not None:
            await service.set_app(tx, kind, **section.model_dump(), by=who)
    if body.pay is not None:
        await service.set_pay(tx, **body.pay.model_dump(), by=who)
    if body.templates is not None:
        await service.set_templates(tx, body.templates, by=who)
    await tx.flush()
    return WechatOut.model_validate(await queries.settings(tx))


@router.get("/api/console/doctor", operation_id="runDoctor")
async def run_doctor(db: DbDep, merchant: MerchantDep, who: CallingReader) -> DoctorOut:
    """Check the WeChat connection now; every finding says how to fix it."""
    order = [Level.FAIL, Level.WARN, Level.OK]
    found = sorted(await service.diagnose(db, merchant), key=lambda one: order.index(one.level))
    items = [_finding(one) for one in found]
    return DoctorOut(items=items, worst=found[0].level if found else Level.OK)


@router.get("/api/console/wechat/menu", operation_id="getWechatMenu")
async def get_menu(tx: TxDep, who: Reader) -> MenuOut:
    """The menu as last published from here."""
    return MenuOut.model_validate(await queries.menu(tx))


@router.put("/api/console/wechat/menu", operation_id="putWechatMenu")
async def put_menu(body: MenuIn, db: DbDep, merchant: MerchantDep, who: CallingWriter) -> MenuOut:
    """Publish the whole menu."""
    buttons = [button.model_dump(exclude_none=True) for button in body.button]
    for button in buttons:
        if not button["sub_button"]:
            del button["sub_button"]
    await service.publish_menu(db, merchant, buttons, by=who)
    async with db.merchant(merchant) as tx:
        return MenuOut.model_validate(await queries.menu(tx))


@router.get("/api/console/wechat/messages", operation_id="listWechatMessages")
async def list_messages(
    tx: TxDep,
    who: Reader,
    state: MessageState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SentMessageOut]:
    """Messages that went out, were dropped or failed, newest first."""
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = await queries.messages(tx, state=state, limit=limit, after=after)
    items = [SentMessageOut.model_validate(one) for one in found]
    return paged(items, found, limit, lambda one: (one.created_at, one.id))


# ── the shop ─────────────────────────────────────────────────────────────────────────────────


SIGNATURES = Rate(1_200, 60.0)
"""Pages signed a minute for one address: the first of an hour asks WeChat for a ticket."""


@router.get(
    "/api/shop/jssdk",
    operation_id="getJssdkConfig",
    dependencies=[Depends(anyone()), Depends(SIGNATURES)],
)
async def get_jssdk(
    db: DbDep,
    merchant: MerchantDep,
    url: Annotated[str, Query(min_length=8, max_length=2048, pattern=r"^https?://")],
) -> JssdkOut:
    """Sign a page of the shop for the JS-SDK; `url` is the page's address without its fragment."""
    return JssdkOut.model_validate(await service.jssdk_config(db, merchant, url))


def _finding(one: Finding) -> FindingOut:
    return FindingOut(
        level=one.level,
        subject=one.subject,
        what=BilingualOut.model_validate(one.what),
        how_to_fix=BilingualOut.model_validate(one.how_to_fix),
    )
