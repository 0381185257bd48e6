"""Outgoing messages: the intent is kept, the outcome written down, nothing sent twice."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import Drain
from tests.wechat import factories as f
from tests.wechat.test_callbacks import post
from tiefen.kernel.db import Db
from tiefen.wechat import service
from tiefen.wechat.service import sending
from tiefen.wechat.values import Article

TEMPLATE, CUSTOM = "/cgi-bin/message/template/send", "/cgi-bin/message/custom/send"


@pytest.fixture
async def ready(db: Db, platform: f.Platform) -> f.Platform:
    await f.configure(db)
    async with db.merchant("demo") as tx:
        await service.set_templates(tx, {"order_paid": "tmpl-1"})
    platform.answers["/cgi-bin/stable_token"] = {"access_token": "t", "expires_in": 7200}
    platform.answers[TEMPLATE] = {"errcode": 0, "errmsg": "ok", "msgid": 200228332}
    platform.answers[CUSTOM] = {"errcode": 0, "errmsg": "ok"}
    return platform


async def template(db: Db) -> int:
    async with db.merchant("demo") as tx:
        return await service.send_template(
            tx,
            "oStaff",
            "order_paid",
            {"thing1": "面膜 🙂", "amount2": "¥99.00"},
            "http://shop/o/1",
        )


async def texted(db: Db, words: str = "你好") -> int:
    async with db.merchant("demo") as tx:
        return await service.send_text(tx, f.APP, "oFan0001", words)


async def fate(db: Db, message: int) -> tuple[str, str, int]:
    async with db.merchant("demo") as tx:
        row = await tx.execute(
            text("SELECT state, reason, attempts FROM wechat_message WHERE id = :id"),
            {"id": message},
        )
        state, reason, attempts = row.one()
        return state, reason, attempts


async def again(db: Db) -> None:
    """The worker's back-off is over."""
    async with db.platform() as tx:
        await tx.execute(text("UPDATE platform.job SET run_at = now() WHERE state = 'ready'"))


async def test_a_template_message(
    ready: f.Platform, db: Db, drain: Drain, client: httpx.AsyncClient
) -> None:
    message = await template(db)
    assert (await fate(db, message))[0] == "queued"
    await drain()
    assert await fate(db, message) == ("sent", "", 1)
    sent = ready.asked[-1]
    assert "面膜 🙂".encode() in sent.content  # real characters, no \u escapes
    body = json.loads(sent.content)
    assert body.pop("client_msg_id")
    assert body == {
        "touser": "oStaff",
        "template_id": "tmpl-1",
        "data": {"thing1": {"value": "面膜 🙂"}, "amount2": {"value": "¥99.00"}},
        "url": "http://shop/o/1",
    }
    receipt = f.event_push("TEMPLATESENDJOBFINISH", MsgID=200228332, Status="failed:user block")
    await post(client, f.sealed(receipt))
    async with db.merchant("demo") as tx:
        assert await tx.scalar(text("SELECT receipt FROM wechat_message")) == "failed:user block"


async def test_customer_messages_of_all_kinds_in_order(
    ready: f.Platform, db: Db, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        await service.send_text(tx, f.APP, "oFan0001", "一")
        await service.send_news(
            tx, f.APP, "oFan0001", Article("题", "述", "/files/demo/1.webp", "http://u")
        )
    await drain()
    bodies = [json.loads(one.content) for one in ready.asked if one.url.path == CUSTOM]
    assert bodies == [
        {"touser": "oFan0001", "msgtype": "text", "text": {"content": "一"}},
        {
            "touser": "oFan0001",
            "msgtype": "news",
            "news": {
                "articles": [
                    {
                        "title": "题",
                        "description": "述",
                        "url": "http://u",
                        "picurl": "http://test/files/demo/1.webp",
                    }
                ]
            },
        },
    ]


async def test_without_a_template_the_message_is_dropped_and_says_so(
    ready: f.Platform, db: Db, drain: Drain
) -> None:
    async with db.merchant("demo") as tx:
        message = await service.send_template(tx, "oStaff", "no_such", {}, None)
    async with db.merchant("other") as tx:
        await service.send_template(tx, "oStaff", "order_paid", {}, None)
    await drain()
    assert await fate(db, message) == ("dropped", "no template for no_such", 0)
    assert ready.asked == []


async def test_each_refusal_has_its_fate(ready: f.Platform, db: Db, drain: Drain) -> None:
    for code, state in (
        (45015, "dropped"),
        (45047, "dropped"),
        (43004, "dropped"),
        (48002, "dropped"),
        (40037, "failed"),
        (47001, "failed"),
        (48001, "failed"),
    ):
        ready.answers[CUSTOM] = {"errcode": code, "errmsg": "said so rid: 1-2-3"}
        message = await texted(db)
        await drain()
        assert await fate(db, message) == (state, f"{code} said so", 1), code


async def test_busy_is_tried_again(ready: f.Platform, db: Db, drain: Drain) -> None:
    ready.answers[CUSTOM] = {"errcode": -1, "errmsg": "system error"}
    message = await texted(db)
    await drain()
    assert (await fate(db, message))[0] == "queued"
    ready.answers[CUSTOM] = {"errcode": 0}
    await again(db)
    await drain()
    assert await fate(db, message) == ("sent", "", 2)


async def test_a_spent_quota_waits_for_tomorrow(ready: f.Platform, db: Db, drain: Drain) -> None:
    ready.answers[CUSTOM] = {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    message = await texted(db)
    await drain()
    async with db.platform() as tx:
        jobs = (await tx.execute(text("SELECT run_at - now() AS wait FROM platform.job"))).all()
    assert len(jobs) == 1
    assert 0 < jobs[0].wait.total_seconds() <= 86_700
    assert (await fate(db, message))[0] == "queued"


async def test_no_answer_to_a_chat_message_is_never_a_second_message(
    ready: f.Platform, db: Db, drain: Drain
) -> None:
    ready.answers[CUSTOM] = httpx.ReadTimeout("slow")
    message = await texted(db)
    await drain()
    assert await fate(db, message) == ("uncertain", "no answer came", 1)
    ready.answers[CUSTOM] = httpx.ConnectError("down")  # this one certainly never left
    message = await texted(db)
    await drain()
    assert (await fate(db, message))[0] == "queued"


async def test_a_template_without_an_answer_goes_again_under_the_same_id(
    ready: f.Platform, db: Db, drain: Drain
) -> None:
    ready.answers[TEMPLATE] = httpx.ReadTimeout("slow")
    message = await template(db)
    await drain()
    ready.answers[TEMPLATE] = {"errcode": 0, "msgid": 1}
    await again(db)
    await drain()
    assert (await fate(db, message))[0] == "sent"
    ids = {
        json.loads(one.content)["client_msg_id"] for one in ready.asked if one.url.path == TEMPLATE
    }
    assert len(ids) == 1


async def test_a_worker_that_died_while_sending_sends_no_chat_twice(
    ready: f.Platform, db: Db, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sending._settle

    async def dies(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed between the call and its record")

    monkeypatch.setattr(sending, "_settle", dies)
    message = await texted(db)
    await drain()
    monkeypatch.setattr(sending, "_settle", real)
    await again(db)
    await drain()
    assert (await fate(db, message))[0] == "uncertain"
    assert ready.paths().count(CUSTOM) == 1


async def test_a_job_run_twice_sends_once(ready: f.Platform, db: Db, drain: Drain) -> None:
    message = await template(db)
    await drain()
    await sending.send(db, "demo", message_id=message)
    assert ready.paths().count(TEMPLATE) == 1


async def test_a_message_of_an_undone_transaction_is_never_sent(
    ready: f.Platform, db: Db, drain: Drain
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.merchant("demo") as tx:
            await service.send_text(tx, f.APP, "oFan0001", "no")
            raise ZeroDivisionError
    assert await drain() == 0
