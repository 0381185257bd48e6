"""The helpdesk's pages: replies, welcome, questions, messages; rights and bad input."""

from typing import Any

import httpx
import pytest

from tests.channels.factories import boss
from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP
from tests.helpdesk.factories import add, push, said, text, welcome
from tiefen.fans import service as fans
from tiefen.kernel.db import Db
from tiefen.team import service as team
from tiefen.wechat.values import QrTicket

PATH = "/api/console/auto-replies"
RIGHTS = ["helpdesk.read", "helpdesk.write"]
GOOD: dict[str, Any] = {
    "name": "价格",
    "match": "contains",
    "patterns": ["价格", "多少钱"],
    "answer": [{"text": "一瓶 99 元"}],
}


async def test_a_reply_is_made_tried_changed_and_deleted(staff_client: StaffClient) -> None:
    client = await staff_client(RIGHTS)
    made = await client.post(PATH, json=GOOD)
    assert made.status_code == 201, made.text
    one = made.json()
    assert one["answer"][0]["kind"] == "text"
    assert one["hits"] == 0
    tried = (await client.post(f"{PATH}/try", json={"text": "请问多少钱呀"})).json()
    assert tried["source"] == "keyword"
    assert tried["rule_name"] == "价格"
    assert tried["parts"][0]["text"] == "一瓶 99 元"
    changed = await client.put(f"{PATH}/{one['id']}", json={**GOOD, "active": False})
    assert changed.json()["active"] is False
    tried = (await client.post(f"{PATH}/try", json={"text": "多少钱"})).json()
    assert tried["source"] == "none"
    assert (await client.delete(f"{PATH}/{one['id']}")).status_code == 200
    assert (await client.get(f"{PATH}/{one['id']}")).status_code == 404


async def test_replies_are_paged_in_the_order_they_are_tried(
    db: Db, staff_client: StaffClient
) -> None:
    for n, priority in enumerate([5, 100, 100, 300, 0]):
        await add(db, f"词{n}", priority=priority)
    client = await staff_client(RIGHTS)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"{PATH}?limit=2&cursor={cursor}")).json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next"]
    assert seen == ["词3", "词1", "词2", "词0", "词4"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"match": "fuzzy"}, "match"),
    ({"patterns": []}, "patterns"),
    ({"patterns": [""]}, "patterns.0"),
    ({"patterns": ["好", " \u3000 "]}, "patterns.1"),
    ({"patterns": ["x"] * 51}, "patterns"),
    ({"patterns": ["x" * 201]}, "patterns.0"),
    ({"match": "regex", "patterns": ["(a+)+(?=b)"]}, "patterns.0"),
    ({"match": "regex", "patterns": ["("]}, "patterns.0"),
    ({"priority": -1}, "priority"),
    ({"priority": True}, "priority"),
    ({"priority": "1"}, "priority"),
    ({"from_minute": 60}, "to_minute"),
    ({"from_minute": 60, "to_minute": 1440}, "to_minute"),
    ({"answer": []}, "answer"),
    ({"answer": [{"text": ""}]}, "answer.0"),
    ({"answer": [{"kind": "article", "title": "x"}]}, "answer.0"),
    ({"answer": [{"kind": "article", "title": "x", "url": "javascript:1"}]}, "answer.0.url"),
    ({"answer": [{"text": "a\u0000b"}]}, "answer.0.text"),
    ({"answer": [{"text": "好" * 5000}]}, "answer"),
    ({"hits": 5}, "hits"),
]


async def test_bad_replies_are_refused_naming_the_field(staff_client: StaffClient) -> None:
    client = await staff_client(RIGHTS)
    for wrong, field in BAD:
        answer = await client.post(PATH, json={**GOOD, **wrong})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), wrong


async def test_the_welcome_is_set_and_read(staff_client: StaffClient) -> None:
    client = await staff_client([*RIGHTS, "team.read"])
    assert (await client.get("/api/console/welcome")).json() == {"welcome": [], "default_reply": []}
    body = {"welcome": [{"text": "欢迎"}], "default_reply": [{"text": "稍后回复"}]}
    answer = await client.put("/api/console/welcome", json=body)
    assert answer.json()["welcome"][0]["text"] == "欢迎"
    assert (await client.get("/api/console/welcome")).json() == answer.json()
    long = {**body, "welcome": [{"text": "好" * 3000}]}
    refused = await client.put("/api/console/welcome", json=long)
    assert refused.status_code == 422
    assert refused.json()["error"]["field"] == "welcome"
    log = (await client.get("/api/console/audit?action=helpdesk.welcome_set")).json()["items"]
    assert len(log) == 1


async def test_questions_and_messages_are_listed(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    await welcome(db, default=(text("稍后"),))
    for n in range(3):
        await push(db, said(f"问{n % 2}", msg_id=n + 1))
    await drain()
    client = await staff_client(RIGHTS)
    page = (await client.get("/api/console/unanswered?limit=1")).json()
    assert page["items"][0]["sample"] == "问0"
    assert page["items"][0]["count"] == 2
    rest = (await client.get(f"/api/console/unanswered?cursor={page['next']}")).json()
    assert [row["sample"] for row in rest["items"]] == ["问1"]
    resolve = f"/api/console/unanswered/{page['items'][0]['id']}/resolve"
    assert (await client.post(resolve)).status_code == 200
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, "o1")
    lines = (await client.get(f"/api/console/fans/{fan_id}/messages")).json()["items"]
    assert [line["direction"] for line in lines] == ["out", "in"] * 3


async def test_staff_bind_their_wechat_by_a_code(
    db: Db, staff_client: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = []

    async def create(_db: Any, _m: str, scene: str, expires_in: int) -> QrTicket:
        scenes.append((scene, expires_in))
        return QrTicket("t", f"http://weixin.test/q/{scene}", "")

    monkeypatch.setattr("tiefen.wechat.service.create_qrcode", create)
    by = await boss(db)
    client = await staff_client(staff_id=by.id)
    made = (await client.post("/api/console/me/wechat")).json()
    assert made["image"].startswith("data:image/svg")
    assert scenes[0][1] == 600
    async with db.merchant("demo") as tx:
        await team.bind_by_scene(tx, app_id=APP, openid="o9", scene=scenes[0][0])
    assert (await client.get("/api/console/me")).json()["wechat_bound"] is True
    assert (await client.delete("/api/console/me/wechat")).status_code == 200
    assert (await client.get("/api/console/me")).json()["wechat_bound"] is False


async def test_rights_and_foreign_replies(
    db: Db, staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    reply_id = await add(db, "价格")
    reader = await staff_client(["helpdesk.read"])
    nothing = await staff_client(["fans.read"])
    other = await staff_client(RIGHTS, merchant="other")
    for path in (PATH, f"{PATH}/{reply_id}", "/api/console/welcome", "/api/console/unanswered"):
        assert (await reader.get(path)).status_code == 200
        assert (await nothing.get(path)).status_code == 403
        assert (await client.get(path)).status_code == 401
    assert (await reader.post(PATH, json=GOOD)).status_code == 403
    assert (await reader.delete(f"{PATH}/{reply_id}")).status_code == 403
    assert (await other.get(f"{PATH}/{reply_id}")).status_code == 404
    assert (await other.put(f"{PATH}/{reply_id}", json=GOOD)).status_code == 404
    assert (await other.delete(f"{PATH}/{reply_id}")).status_code == 404
