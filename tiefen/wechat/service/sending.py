"""Messages to fans: template messages, and customer-service messages inside the window a fan's action opens.

The intent is a row in the caller's transaction; a job sends it afterwards and writes down what became of it. A message that
WeChat may already have taken is never sent a second time: template messages carry an id by which WeChat drops repeats,
customer messages are left UNCERTAIN.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update

from tiefen.kernel import ids, log
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import later, outward_job
from tiefen.wechat import credentials, rules, tokens, wire
from tiefen.wechat.errors import ApiError, Retry, WeChatAway
from tiefen.wechat.models import Account, OutgoingMessage, Template
from tiefen.wechat.values import AccountKind, Article, MessageKind, MessageState

logger = log.get("wechat")

_PATHS = {
    MessageKind.TEMPLATE: "/cgi-bin/message/template/send",
    MessageKind.CUSTOMER: "/cgi-bin/message/custom/send",
}


async def send_template(
    tx: Tx,
    openid: str,
    template_key: str,
    data: Mapping[str, str],
    url: str | None = None,
    *,
    mini_page: str | None = None,
) -> int:
    """Queue a template message of the 公众号; returns its id. Service notices only, never advertising.

    Without an account or a template behind the key the message is recorded as DROPPED: nothing that hangs on a notice
    should fail for want of one. With `mini_page` the mini program opens, and `url` in old clients.
    """
    app_id = await tx.scalar(select(Account.app_id).where(Account.kind == AccountKind.OFFICIAL))
    template = await tx.scalar(select(Template.template_id).where(Template.key == template_key))
    body: dict[str, Any] = {
        "touser": openid,
        "template_id": template or "",
        "data": {name: {"value": value} for name, value in data.items()},
    }
    if url:
        body["url"] = wire.absolute(url)
    if mini_page:
        mini = await tx.scalar(select(Account.app_id).where(Account.kind == AccountKind.MINI))
        if mini:
            body["miniprogram"] = {"appid": mini, "pagepath": mini_page}
    why = (
        ""
        if app_id and template
        else f"{rules.NO_TEMPLATE}{template_key}"
        if app_id
        else "no account"
    )
    return await _queue(tx, MessageKind.TEMPLATE, app_id or "", openid, body, why)


async def send_text(tx: Tx, app_id: str, openid: str, text: str) -> int:
    """Queue a customer-service text; returns its id."""
    content = rules.clip_bytes(text, rules.TEXT_CAP_BYTES)
    return await _customer(tx, app_id, openid, "text", {"content": content})


async def send_news(tx: Tx, app_id: str, openid: str, article: Article) -> int:
    """Queue a customer-service card with one article; returns its id."""
    item = {
        "title": article.title,
        "description": article.description,
        "url": wire.absolute(article.url),
        "picurl": wire.absolute(article.picture_url),
    }
    return await _customer(tx, app_id, openid, "news", {"articles": [item]})


@outward_job("wechat.send", lane="send")
async def send(db: Db, merchant: str, message_id: int) -> None:
    """Send one queued message and record the outcome; safe to run again."""
    taken = await _take(db, merchant, message_id)
    if taken is None:
        return
    kind, app_id, body = taken
    try:
        app = await credentials.app_by_id(db, merchant, app_id)
        answer = await tokens.call(db, merchant, app, "POST", _PATHS[kind], body=body)
    except WeChatAway as error:
        if error.reached and kind is MessageKind.CUSTOMER:
            await _settle(db, merchant, message_id, MessageState.UNCERTAIN, "no answer came")
            return
        await _give_back(db, merchant, message_id, "no answer came")
        raise
    except ApiError as error:
        await _refused(db, merchant, message_id, error)
        return
    vendor_id = answer.get("msgid")
    await _settle(
        db,
        merchant,
        message_id,
        MessageState.SENT,
        "",
        vendor_id=str(vendor_id) if vendor_id else None,
    )


async def _customer(tx: Tx, app_id: str, openid: str, kind: str, content: dict[str, Any]) -> int:
    body = {"touser": openid, "msgtype": kind, kind: content}
    return await _queue(tx, MessageKind.CUSTOMER, app_id, openid, body, "")


async def _queue(
    tx: Tx, kind: MessageKind, app_id: str, openid: str, body: dict[str, Any], dropped: str
) -> int:
    message = OutgoingMessage(
        kind=kind,
        app_id=app_id,
        openid=openid,
        body=body,
        state=MessageState.DROPPED if dropped else MessageState.QUEUED,
        reason=dropped,
        client_msg_id=ids.token(18),
        created_at=tx.now,
        settled_at=tx.now if dropped else None,
    )
    tx.add(message)
    await tx.flush()
    if not dropped:
        later(tx, "wechat.send", aggregate=f"openid:{openid}", message_id=message.id)
    return message.id


async def _take(
    db: Db, merchant: str, message_id: int
) -> tuple[MessageKind, str, dict[str, Any]] | None:
    """Claim the message for one try. A customer message that a dead worker had already taken may have been sent."""
    async with db.merchant(merchant) as tx:
        message = await tx.scalar(
            select(OutgoingMessage).where(OutgoingMessage.id == message_id).with_for_update()
        )
        if message is None or message.state is not MessageState.QUEUED:
            return None
        if message.attempts and message.kind is MessageKind.CUSTOMER and not message.reason:
            message.state, message.settled_at = MessageState.UNCERTAIN, tx.now
            message.reason = "the worker died while sending"
            return None
        message.attempts += 1
        message.reason = ""
        body = dict(message.body)
        if message.kind is MessageKind.TEMPLATE:
            body["client_msg_id"] = message.client_msg_id
        return message.kind, message.app_id, body


async def _refused(db: Db, merchant: str, message_id: int, error: ApiError) -> None:
    reason = f"{error.errcode} {error.errmsg}"[:200]
    if error.retry in (Retry.BUSY, Retry.REFRESH):
        await _give_back(db, merchant, message_id, reason)
        raise error
    if error.retry is Retry.TOMORROW:
        async with db.merchant(merchant) as tx:
            await _note(tx, message_id, reason)
            later(
                tx,
                "wechat.send",
                run_at=_tomorrow(tx.now),
                key=f"tomorrow:{message_id}",
                message_id=message_id,
            )
        return
    state = MessageState.DROPPED if error.retry is Retry.DROP else MessageState.FAILED
    if state is MessageState.FAILED:
        logger.warning("message refused", message=message_id, errcode=error.errcode)
    await _settle(db, merchant, message_id, state, reason, errcode=error.errcode)


async def _give_back(db: Db, merchant: str, message_id: int, reason: str) -> None:
    async with db.merchant(merchant) as tx:
        await _note(tx, message_id, reason)


async def _note(tx: Tx, message_id: int, reason: str) -> None:
    await tx.execute(
        update(OutgoingMessage).where(OutgoingMessage.id == message_id).values(reason=reason)
    )


async def _settle(
    db: Db,
    merchant: str,
    message_id: int,
    state: MessageState,
    reason: str,
    *,
    errcode: int | None = None,
    vendor_id: str | None = None,
) -> None:
    async with db.merchant(merchant) as tx:
        await tx.execute(
            update(OutgoingMessage)
            .where(OutgoingMessage.id == message_id)
            .values(
                state=state, reason=reason, errcode=errcode, vendor_id=vendor_id, settled_at=tx.now
            )
        )


def _tomorrow(now: datetime) -> datetime:
    """A few minutes after midnight in China, when daily quotas begin anew."""
    day = now.astimezone(CHINA).date() + timedelta(days=1)
    return datetime.combine(day, time(0, 5), CHINA)
