"""Routes of the helpdesk room."""

from typing import Annotated, Any

import segno
from fastapi import Cookie, Depends, Request, Response

from tiefen.fans import service as fans
from tiefen.helpdesk import queries, service
from tiefen.helpdesk.schemas import (
    AutoReplyIn,
    AutoReplyOut,
    BindCode,
    ChatMessageOut,
    PartIn,
    PartOut,
    QuestionOut,
    TryIn,
    TryOut,
    WechatAddress,
    WechatAnswer,
    WelcomeIn,
    WelcomeOut,
)
from tiefen.helpdesk.values import Part, Trigger
from tiefen.kernel import ids
from tiefen.kernel.auth import STAFF_COOKIE, StaffActor, anyone, staff
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
    TxDep,
    decode_cursor,
    last_id,
    paged,
)
from tiefen.kernel.routing import Routes
from tiefen.team.values import SESSION_LIFE, Permission

router = Routes(prefix="/api/console", tags=["helpdesk"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.HELPDESK_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.HELPDESK_WRITE))]
Anybody = Annotated[StaffActor, Depends(staff(outward=True))]
Nonce = Annotated[str | None, Cookie(max_length=100)]
NONCE_COOKIE = "tiefen_oauth"


@router.get("/auto-replies", operation_id="listAutoReplies")
async def list_replies(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[AutoReplyOut]:
    """Keyword replies in the order they are tried."""
    after = decode_cursor(cursor, tuple[int, int]) if cursor else None
    rows = await queries.replies(tx, after=after, limit=limit)
    items = [AutoReplyOut.model_validate(row) for row in rows]
    return paged(items, rows, limit, lambda row: (-row.priority, row.id))


@router.post("/auto-replies", operation_id="createAutoReply", status_code=201)
async def create_reply(body: AutoReplyIn, tx: TxDep, actor: Writer) -> AutoReplyOut:
    """A keyword reply; in force at once."""
    made = await service.add_reply(tx, actor, _wanted(body))
    return AutoReplyOut.model_validate(await queries.one_reply(tx, made))


@router.post("/auto-replies/try", operation_id="tryAutoReply")
async def try_reply(body: TryIn, tx: TxDep, _: Reader) -> TryOut:
    """What would be answered to a message now; nothing is counted."""
    answer = await service.find_answer(tx, Trigger.MESSAGE, body.text)
    name = (await queries.one_reply(tx, answer.rule_id)).name if answer.rule_id else ""
    parts = [PartOut.model_validate(part) for part in answer.parts]
    return TryOut(source=answer.source, rule_id=answer.rule_id, rule_name=name, parts=parts)


@router.get("/auto-replies/{reply_id}", operation_id="getAutoReply")
async def get_reply(reply_id: PathId, tx: TxDep, _: Reader) -> AutoReplyOut:
    """One keyword reply."""
    return AutoReplyOut.model_validate(await queries.one_reply(tx, reply_id))


@router.put("/auto-replies/{reply_id}", operation_id="editAutoReply")
async def edit_reply(reply_id: PathId, body: AutoReplyIn, tx: TxDep, actor: Writer) -> AutoReplyOut:
    """Replace a keyword reply."""
    await service.edit_reply(tx, actor, reply_id, _wanted(body))
    return AutoReplyOut.model_validate(await queries.one_reply(tx, reply_id))


@router.delete("/auto-replies/{reply_id}", operation_id="deleteAutoReply")
async def delete_reply(reply_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Delete a keyword reply."""
    await service.delete_reply(tx, actor, reply_id)
    return OK


@router.get("/welcome", operation_id="getWelcome")
async def get_welcome(tx: TxDep, _: Reader) -> WelcomeOut:
    """The welcome and the default reply."""
    return await _welcome(tx)


@router.put("/welcome", operation_id="setWelcome")
async def set_welcome(body: WelcomeIn, tx: TxDep, actor: Writer) -> WelcomeOut:
    """Set the welcome and the default reply; in force at once."""
    await service.set_welcome(
        tx,
        actor,
        welcome=[_part(part) for part in body.welcome],
        default_reply=[_part(part) for part in body.default_reply],
    )
    await tx.flush()
    return await _welcome(tx)


@router.get("/unanswered", operation_id="listUnanswered")
async def list_questions(
    tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[QuestionOut]:
    """Questions that found no keyword, the most asked first."""
    after = decode_cursor(cursor, tuple[int, int]) if cursor else None
    rows = await queries.questions(tx, after=after, limit=limit)
    items = [QuestionOut.model_validate(row) for row in rows]
    return paged(items, rows, limit, lambda row: (row.count, row.id))


@router.post("/unanswered/{question_id}/resolve", operation_id="resolveUnanswered")
async def resolve_question(question_id: PathId, tx: TxDep, _: Writer) -> Ok:
    """Take a question off the list; it comes back when it is asked again."""
    await service.resolve_question(tx, question_id)
    return OK


@router.get("/fans/{fan_id}/messages", operation_id="listFanMessages")
async def list_messages(
    fan_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[ChatMessageOut]:
    """What a fan and we said to each other, newest first."""
    everyone = await fans.person_ids(tx, fan_id)
    rows = await queries.messages(tx, everyone, before_id=last_id(cursor), limit=limit)
    return paged([ChatMessageOut.model_validate(row) for row in rows], rows, limit)


@router.post("/me/wechat", operation_id="bindMyWechat")
async def bind_wechat(db: DbDep, merchant: MerchantDep, actor: Anybody) -> BindCode:
    """A QR code that binds whoever scans it within ten minutes to the signed-in person."""
    url, expires_at = await service.bind_code(db, merchant, actor)
    image = segno.make(url, error="m").svg_data_uri(scale=5, border=2)
    return BindCode(url=url, image=image, expires_at=expires_at)


@router.get("/session/wechat", operation_id="getStaffWechatUrl", dependencies=[Depends(anyone())])
async def wechat_address(
    request: Request, response: Response, tx: TxDep, tiefen_oauth: Nonce = None
) -> WechatAddress:
    """Where to send the staff phone so that WeChat tells who holds it; it returns to the phone's page."""
    nonce = tiefen_oauth or ids.token()
    target = f"{str(request.base_url).rstrip('/')}/m/{tx.merchant}/phone/"
    url = await fans.oauth_url(tx, redirect=target, scope="snsapi_base", nonce=nonce)
    _remember(request, response, NONCE_COOKIE, nonce, 600)
    return WechatAddress(url=url)


@router.post("/session/wechat", operation_id="signInByWechat", dependencies=[Depends(anyone())])
async def sign_in_by_wechat(
    body: WechatAnswer,
    request: Request,
    response: Response,
    db: DbDep,
    merchant: MerchantDep,
    tiefen_oauth: Nonce = None,
) -> Ok:
    """Sign in the member of staff bound to this WeChat; sets the staff cookie."""
    token = await service.enter(
        db, merchant, code=body.code, state=body.state, nonce=tiefen_oauth or ""
    )
    _remember(request, response, STAFF_COOKIE, token, int(SESSION_LIFE.total_seconds()))
    return OK


@router.post("/me/wechat/here", operation_id="bindThisWechat")
async def bind_here(
    body: WechatAnswer,
    db: DbDep,
    merchant: MerchantDep,
    actor: Anybody,
    tiefen_oauth: Nonce = None,
) -> Ok:
    """Bind the WeChat in which this page is open to the signed-in person."""
    await service.bind_here(
        db, merchant, actor, code=body.code, state=body.state, nonce=tiefen_oauth or ""
    )
    return OK


def _remember(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


async def _welcome(tx: Tx) -> WelcomeOut:
    row = await queries.setting(tx)
    if row is None:
        return WelcomeOut(welcome=[], default_reply=[])
    return WelcomeOut.model_validate(row)


def _wanted(body: AutoReplyIn) -> dict[str, Any]:
    return {**dict(body), "answer": [_part(part) for part in body.answer]}


def _part(part: PartIn) -> Part:
    return Part(part.kind, part.text, part.title, part.picture_url, part.url)
