"""Answers at once, the log, the counts, the order push."""

import asyncio
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import create_async_engine

from tests.channels.factories import boss, code
from tests.conftest import Drain
from tests.fans.factories import APP, AT, say, statements
from tests.helpdesk.factories import TESTER, add, event, push, said, text, welcome
from tests.team.factories import clerk
from tiefen.fans import service as fans
from tiefen.helpdesk import queries, service
from tiefen.helpdesk.models import AutoReply, Message, Question
from tiefen.helpdesk.values import Direction, Match, Part, PartKind
from tiefen.kernel import audit, crypto
from tiefen.kernel.db import Db
from tiefen.kernel.migrate import config
from tiefen.members.events import LevelChanged
from tiefen.orders.events import OrderPaid
from tiefen.team import service as team
from tiefen.wechat.events import MessageReceived
from tiefen.wechat.models import InboxItem, OutgoingMessage
from tiefen.wechat.values import Article, MessageKind, MessageState, NewsReply, TextReply


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was handed to wechat to send."""
    queued: list[tuple[Any, ...]] = []

    def taker(kind: str) -> Any:
        async def take(_tx: Any, *args: Any) -> int:
            queued.append((kind, *args))
            return len(queued)

        return take

    for kind in ("send_text", "send_news", "send_template"):
        monkeypatch.setattr(f"tiefen.wechat.service.{kind}", taker(kind))
    return queued


async def history(db: Db, openid: str = "o1") -> list[tuple[Direction, str]]:
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, openid)
        rows = await queries.messages(tx, [fan_id], before_id=None, limit=50)
        return [(row.direction, row.content) for row in reversed(rows)]


async def test_a_keyword_is_answered_logged_and_counted(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    reply_id = await add(db, "价格", answer=[text("一瓶 99 元")])
    assert await push(db, said("价格")) == TextReply("一瓶 99 元")
    await say(db, MessageReceived(APP, "o1", 1, "text", "价格", AT), aggregate="openid:o1")
    await drain()
    assert await history(db) == [(Direction.IN, "价格"), (Direction.OUT, "一瓶 99 元")]
    async with db.merchant("demo") as tx:
        row = await queries.one_reply(tx, reply_id)
        assert row.hits == 1
        assert row.last_hit_at == AT
        assert await service.unanswered_count(tx) == 0
    assert sent == []
    assert await audit.run(db) == []


async def test_a_long_answer_comes_in_full(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    words = "干货" * 1000
    card = Part(PartKind.ARTICLE, "说明", "标题", "", "https://shop.example/a")
    await add(db, "攻略", answer=[text(words), card])
    first = await push(db, said("攻略"))
    assert isinstance(first, TextReply)
    assert len(first.content.encode()) <= 2048
    await drain()
    assert [row[0] for row in sent] == ["send_text", "send_text", "send_news"]
    assert first.content + sent[0][3] + sent[1][3] == words
    assert all(len(row[3].encode()) <= 2048 for row in sent[:2])
    assert sent[2][3] == Article("标题", "说明", "", "https://shop.example/a")


async def test_a_repeated_push_is_one_line_and_one_hit(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    await add(db, "价格")
    await push(db, said("价格"))
    await say(db, *[MessageReceived(APP, "o1", 1, "text", "价格", AT)] * 2, aggregate="openid:o1")
    await drain()
    assert len(await history(db)) == 2


async def test_unmatched_questions_are_counted_by_what_they_say(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    await welcome(db, default=(text("客服稍后回复您"),))
    for n, words in enumerate(["能开发票吗", "能开发票吗 ", "能开發票吗", "🍎"]):
        assert await push(db, said(words, msg_id=n + 1)) == TextReply("客服稍后回复您")
    await drain()
    async with db.merchant("demo") as tx:
        rows = await queries.questions(tx, after=None, limit=9)
        assert (rows[0].sample, rows[0].count) == ("能开发票吗 ", 2)
        assert await service.unanswered_count(tx) == 3
        await service.resolve_question(tx, rows[0].id)
    async with db.merchant("demo") as tx:
        assert await service.unanswered_count(tx) == 2
    await push(db, said("能开发票吗", msg_id=9))
    await drain()
    async with db.merchant("demo") as tx:
        assert await service.unanswered_count(tx) == 3


async def test_questions_of_before_are_sealed_counted_on_and_known_by_who_asked(db: Db) -> None:
    """Migration 0035 over rows of before and of after; a second run changes nothing."""
    step = ScriptDirectory.from_config(config("merchant")).get_revision("0035").module
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "oFan", at=tx.now)
        log = sql(
            "INSERT INTO helpdesk_message"
            " (fan_id, app_id, direction, kind, content, ref, place, at)"
            " VALUES (:fan_id, 'a', 'in', 'text', '能开发票吗？', 'msg:1', 0, :now)"
        )
        await tx.execute(log, {"fan_id": fan_id, "now": tx.now})
        old = sql(
            "INSERT INTO unanswered_question (question, sample, count, first_at, last_at)"
            " VALUES (:question, :sample, :count, :now, :now)"
        )
        for question, sample, count in (("能开发票吗", "能开发票吗？", 3), ("我是谁", "我是谁", 1)):
            named = {"question": question, "sample": sample, "count": count, "now": tx.now}
            await tx.execute(old, named)
        new = {
            "question": crypto.blind("能开发票吗"),
            "sample": crypto.seal("能开发票吗"),
            "count": 2,
        }
        await tx.execute(old, new | {"now": tx.now})
        sent = OutgoingMessage(
            kind=MessageKind.CUSTOMER, app_id="a", openid="oFan", body={}, reason="x",
            state=MessageState.DROPPED, client_msg_id="1", created_at=tx.now, settled_at=tx.now,
        )  # fmt: skip
        tx.add(sent)
        await tx.flush()
        plain = sql("UPDATE wechat_message SET body = CAST(:body AS jsonb)")
        await tx.execute(plain, {"body": '{"text": {"content": "陈皮皮"}}'})
        pushed = sql(
            "INSERT INTO wechat_inbox (vendor_key, source, kind, mode, fields, received_at)"
            " VALUES (:key, 'x', 'text', '', CAST(:fields AS jsonb), :now)"
        )
        for key, fields in (
            ("push:1", '{"FromUserName": "oFan", "Content": "陈皮皮"}'),
            ("pay:1", '{"resource": {"payer": {"openid": "oFan"}}}'),
        ):
            await tx.execute(pushed, {"key": key, "fields": fields, "now": tx.now})
    assert {line.partition(":")[0] for line in map(str, await audit.run(db))} != set()

    def run(connection: Connection) -> None:
        connection.execute(sql("SET search_path TO m_demo"))
        with Operations.context(MigrationContext.configure(connection)):
            for read, write in (step.SAID, step.PUSHES, step.SENT):
                step._seal(read, write)
            step._seal_questions()

    for _ in range(2):
        engine = create_async_engine(db.url)
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()
        assert await audit.run(db) == []
        async with db.merchant("demo") as tx:
            kept = select(Question.sample, Question.count, Question.fan_id).order_by(Question.count)
            rows = [tuple(row) for row in await tx.execute(kept)]
            assert rows == [(None, 1, None), ("能开发票吗", 5, None)]
            (one,) = await queries.questions(tx, after=None, limit=9)
            assert one.sample == "能开发票吗"
            bodies = await tx.scalars(select(OutgoingMessage.body))
            assert list(bodies) == [{"text": {"content": "陈皮皮"}}]
            inbox = await tx.execute(select(InboxItem.openid, InboxItem.fields))
            assert {row.openid for row in inbox} == {"oFan"}


async def test_who_follows_hears_the_codes_welcome_else_the_merchants(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    by = await boss(db)
    own = await code(db, by, "小林", welcome="我是小林")
    plain = await code(db, by, "海报")
    await welcome(db, text("欢迎"), text("第二条"))
    assert await push(db, event("subscribe", own.scene)) == TextReply("我是小林")
    assert await push(db, event("subscribe", plain.scene, openid="o2")) == TextReply("欢迎")
    assert await push(db, event("subscribe", openid="o3")) == TextReply("欢迎")
    assert await push(db, event("subscribe", "b.unknown", openid="o4")) == TextReply("欢迎")
    assert await push(db, event("scan", own.scene, openid="o5")) == TextReply("我是小林")
    assert await push(db, event("scan", plain.scene, openid="o6")) is None
    assert await push(db, event("unsubscribe", openid="o6")) is None
    await drain()
    assert [row[2:] for row in sent] == [(o, "第二条") for o in ("o2", "o3", "o4")]


async def test_an_archived_code_leaves_the_default_welcome(db: Db) -> None:
    by = await boss(db)
    own = await code(db, by, "小林", welcome="我是小林")
    await welcome(db, text("欢迎"))
    async with db.merchant("demo") as tx:
        from_channels = own.id
        await tx.execute(
            code_table().update().where(code_table().c.id == from_channels).values(archived_at=AT)
        )
    assert await push(db, event("subscribe", own.scene)) == TextReply("欢迎")


def code_table() -> Any:
    return AutoReply.metadata.tables["channel_code"]


async def test_a_menu_key_finds_its_answer_and_a_picture_finds_none(db: Db) -> None:
    await add(db, "menu:help", answer=[Part(PartKind.ARTICLE, "", "帮助", "", "/shop/help")])
    await welcome(db, default=(text("没听懂"),))
    assert await push(db, event("click", "menu:help")) == NewsReply(
        Article("帮助", "", "", "/shop/help")
    )
    assert await push(db, event("click", "other")) is None
    picture = said("", msg_id=5)
    object.__setattr__(picture, "kind", "image")
    assert await push(db, picture) is None


async def test_a_change_holds_at_once_in_every_process(db: Db) -> None:
    """Two handles on the database stand for two processes; each keeps its own compiled book."""
    elsewhere = Db(db.url)
    reply_id = await add(db, "价格", answer=[text("旧")])
    assert await push(elsewhere, said("价格")) == TextReply("旧")
    wanted = {
        "name": "价格",
        "match": Match.EXACT,
        "patterns": ["价格"],
        "answer": [text("新")],
    }
    async with db.merchant("demo") as tx:
        await service.edit_reply(tx, TESTER, reply_id, wanted)  # type: ignore[arg-type]
    assert await push(elsewhere, said("价格")) == TextReply("新")
    async with db.merchant("demo") as tx:
        await service.delete_reply(tx, TESTER, reply_id)  # type: ignore[arg-type]
    assert await push(elsewhere, said("价格")) is None
    await elsewhere.close()


async def test_merchants_answer_each_with_their_own(db: Db) -> None:
    await add(db, "价格", answer=[text("我家")])
    assert await push(db, said("价格"), merchant="other") is None
    await add(db, "价格", answer=[text("别家")], merchant="other")
    assert await push(db, said("价格"), merchant="other") == TextReply("别家")
    assert await push(db, said("价格")) == TextReply("我家")


async def test_an_answer_costs_one_read_and_a_batch_of_them_too(db: Db) -> None:
    for n in range(30):
        await add(db, f"词{n}")
    await push(db, said("词3"))
    async with db.merchant("demo") as tx:
        with statements(tx) as seen:
            for n in range(10):
                assert await service.reply(tx, said(f"词{n}", msg_id=100 + n))
        assert len(seen) == 1


async def test_changes_at_once_lose_no_version(db: Db) -> None:
    await asyncio.gather(*(add(db, f"词{n}") for n in range(8)))
    async with db.merchant("demo") as tx:
        row = await queries.setting(tx)
        assert row
        assert row.version == 8
    assert await push(db, said("词7")) == TextReply("答词7")


async def test_managers_hear_of_a_paid_order(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]]
) -> None:
    by = await boss(db)
    warehouse = await clerk(db, by, "store", "仓库")
    support = await clerk(db, by, "quiet", "运营")
    async with db.merchant("demo") as tx:
        await team.bind_wechat(tx, by.id, app_id=APP, openid="boss-openid")
        await team.bind_wechat(tx, warehouse.id, app_id=APP, openid="store-openid")
        await team.bind_wechat(tx, support.id, app_id=APP, openid="no-orders-openid")
        await team.edit_me(tx, warehouse, name=None, order_push=False)
        fan_id = await fans.resolve(tx, APP, "o1")
    await say(db, OrderPaid(7, "T7", fan_id, 123_400, 3, AT), aggregate="order:7")
    await drain()
    assert len(sent) == 1
    kind, openid, key, data, url = sent[0]
    assert (kind, openid, key) == ("send_template", "boss-openid", "order_paid")
    assert data["character_string1"] == "T7"
    assert data["amount2"] == "¥1,234.00"
    assert data["time4"] == "2026-04-01 12:00"
    assert "3 件" in data["thing3"]
    assert url.endswith("/m/demo/phone/#/orders/T7")


async def test_a_fan_hears_of_a_level_they_earned_and_not_of_what_the_merchant_moved(
    db: Db, drain: Drain, sent: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ours(_tx: Any) -> str:
        return APP

    monkeypatch.setattr("tiefen.wechat.service.own_app_id", ours)
    async with db.merchant("demo") as tx:
        told, quiet = [await fans.resolve(tx, APP, openid) for openid in ("o1", "o2")]
        await fans.set_contact(tx, quiet, wanted=False)
    moves = [
        LevelChanged(told, 0, 1, "银卡", True, "earned", AT),
        LevelChanged(told, 1, 0, "普通会员", False, "review", AT),
        LevelChanged(told, 0, 1, "银卡", True, "rules", AT),
        LevelChanged(told, 0, 1, "银卡", True, "merged", AT),
        LevelChanged(quiet, 0, 1, "银卡", True, "earned", AT),
    ]
    await say(db, *moves, aggregate=f"fan:{told}")
    await drain()
    assert [(one[1], one[2], one[3]["thing1"]) for one in sent] == [
        ("o1", "level_changed", "银卡"),
        ("o1", "level_changed", "普通会员"),
    ]
    up, down = (one[3]["thing2"] for one in sent)
    assert up != down
    assert max(len(up), len(down)) <= 20, "the platform takes no more of a thing"
    assert sent[0][4].endswith("/m/demo/shop/#/mine/level/index")


async def test_two_messages_of_the_same_words_are_two_lines(db: Db, drain: Drain) -> None:
    """Positive control of the repeat test: what tells messages apart is their number."""
    await push(db, said("甲", msg_id=1))
    await push(db, said("甲", msg_id=2))
    await drain()
    assert len(await history(db)) == 2


async def test_what_was_said_is_sealed_at_rest_and_older_rows_are_sealed_later(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migration 0008 in small batches, over rows of before and of after; a second run changes nothing."""
    step = ScriptDirectory.from_config(config("merchant")).get_revision("0008").module
    monkeypatch.setattr(step, "BATCH", 2)
    words = [f"我的电话 1380013800{n}" for n in range(5)] + ["v1.不是密文"]
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "oFan", at=tx.now)
        for place, content in enumerate(words):
            log = insert(Message).values(
                fan_id=fan_id, app_id=APP, direction=Direction.IN, kind="text", content=content,
                ref="msg:1", place=place, at=tx.now,
            )  # fmt: skip
            await tx.execute(log)
    kept = sql("SELECT content FROM helpdesk_message ORDER BY id")
    async with db.merchant("demo") as tx:
        sealed = list(await tx.scalars(kept))
        assert not any("电话" in one for one in sealed)
        for place in (0, 3, 5):  # as an older version wrote them
            plain = {"said": words[place], "place": place}
            await tx.execute(
                sql("UPDATE helpdesk_message SET content = :said WHERE place = :place"), plain
            )
        read = select(Message.content).order_by(Message.id)
        assert list(await tx.scalars(read)) == words

    def run(connection: Connection) -> None:
        connection.execute(sql("SET search_path TO m_demo"))
        with Operations.context(MigrationContext.configure(connection)):
            step._seal(*step.MESSAGES)

    for _ in range(2):
        engine = create_async_engine(db.url)
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()
        async with db.merchant("demo") as tx:
            now = list(await tx.scalars(kept))
            assert all(one.startswith("v1.") and "不是" not in one for one in now)
            assert [now[place] for place in (1, 2, 4)] == [sealed[place] for place in (1, 2, 4)]
            assert list(await tx.scalars(read)) == words
