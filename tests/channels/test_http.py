"""The channel pages: list, create, edit, picture, fans; rights and bad input."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.channels.factories import boss, code, fake_qr
from tests.conftest import Drain, StaffClient
from tests.fans.factories import APP, AT, say, statements
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid
from tiefen.wechat.events import Followed

PATH = "/api/console/channel-codes"
RIGHTS = ["channels.read", "channels.write"]


async def test_a_code_is_made_drawn_and_followed(
    db: Db, staff_client: StaffClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qr(monkeypatch)
    by = await boss(db)
    client = await staff_client(RIGHTS)
    body = {
        "name": "小林的码",
        "kind": "employee",
        "owner_staff_id": by.id,
        "welcome": "我是小林，{昵称}你好",
        "tags": ["门店", "门店", "四月"],
        "cost_fen": 900,
    }
    made = await client.post(PATH, json=body)
    assert made.status_code == 201, made.text
    one = made.json()
    assert one["state"] == "pending"
    assert one["tags"] == ["门店", "四月"]
    assert one["owner"]["name"] == "林老板"
    picture = f"{PATH}/{one['id']}/image"
    early = await client.get(picture)
    assert early.status_code == 409
    assert early.json()["error"]["code"] == "channels.code_not_ready"
    await drain()
    drawn = await client.get(picture)
    assert drawn.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(drawn.content)) as image:
        assert image.width == 720
        assert image.height > 720
        below = image.convert("L").crop((0, 690, 720, image.height)).tobytes()
    assert min(below) < 64  # the name is really written

    for n in range(3):
        await say(db, Followed(APP, f"o{n}", one["scene"], "t", AT), aggregate=f"openid:o{n}")
    await drain()
    await say(db, OrderPaid(1, "T1", 1, 5000, 1, AT), aggregate="order:1")
    await drain()
    now = (await client.get(f"{PATH}/{one['id']}")).json()
    assert (now["scans"], now["follows"], now["fans"]) == (3, 3, 3)
    assert (now["orders"], now["paid_fen"], now["cost_per_fan_fen"]) == (1, 5000, 300)
    first = (await client.get(f"{PATH}/{one['id']}/fans?limit=2")).json()
    rest = (await client.get(f"{PATH}/{one['id']}/fans?limit=2&cursor={first['next']}")).json()
    found = first["items"] + rest["items"]
    assert len({row["fan_id"] for row in found}) == 3
    assert rest["next"] is None
    assert sorted(row["paid_fen"] for row in found) == [0, 0, 5000]
    touches = await (await staff_client(RIGHTS)).get("/api/console/fans/1/touches")
    assert touches.json()["items"][0]["first"] is True


async def test_editing_changes_what_was_sent_and_is_audited(
    db: Db, staff_client: StaffClient
) -> None:
    by = await boss(db)
    made = await code(db, by)
    client = await staff_client([*RIGHTS, "team.read"])
    answer = await client.patch(f"{PATH}/{made.id}", json={"name": "小林二号", "note": "换岗"})
    assert answer.json()["name"] == "小林二号"
    assert answer.json()["owner"]["id"] == by.id
    answer = await client.patch(f"{PATH}/{made.id}", json={"owner_staff_id": None})
    assert answer.json()["owner"] is None
    log = (await client.get("/api/console/audit?action=channels.code_edited")).json()["items"]
    assert log[0]["before"] == {"owner_staff_id": by.id}
    assert log[0]["after"] == {"owner_staff_id": None}
    archived = await client.patch(f"{PATH}/{made.id}", json={"archived": True})
    assert archived.json()["archived_at"]
    assert (await client.get(PATH)).json()["items"] == []
    assert len((await client.get(f"{PATH}?archived=true")).json()["items"]) == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x" * 41}, "name"),
    ({"name": "a\u0000"}, "name"),
    ({"kind": "alien"}, "kind"),
    ({"cost_fen": -1}, "cost_fen"),
    ({"cost_fen": 1.5}, "cost_fen"),
    ({"cost_fen": "100"}, "cost_fen"),
    ({"cost_fen": True}, "cost_fen"),
    ({"cost_fen": 2**63}, "cost_fen"),
    ({"owner_staff_id": 0}, "owner_staff_id"),
    ({"owner_staff_id": 777}, "owner_staff_id"),
    ({"tags": ["x"] * 21}, "tags"),
    ({"tags": ["x" * 31]}, "tags.0"),
    ({"welcome": "好" * 3000}, "welcome"),
    ({"starts_at": "2026-04-01T00:00:00"}, "starts_at"),
    (
        {"starts_at": "2026-04-02T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"},
        "ends_at",
    ),
    ({"scene": "c.mine"}, "scene"),
    ({"paid_fen": 1}, "paid_fen"),
    ({"fans": 1}, "fans"),
]


async def test_bad_codes_are_refused_naming_the_field(staff_client: StaffClient) -> None:
    client = await staff_client(RIGHTS)
    for wrong, field in BAD:
        answer = await client.post(PATH, json={"name": "码", "kind": "ad", **wrong})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), wrong


async def test_rights_and_foreign_codes(
    db: Db, staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    made = await code(db, await boss(db))
    reader = await staff_client(["channels.read"])
    nothing = await staff_client(["fans.read"])
    other = await staff_client(RIGHTS, merchant="other")
    for path in (PATH, f"{PATH}/{made.id}", f"{PATH}/{made.id}/fans"):
        assert (await reader.get(path)).status_code == 200
        assert (await nothing.get(path)).status_code == 403
        assert (await client.get(path)).status_code == 401
    for tail in ("", "/fans", "/image"):
        assert (await other.get(f"{PATH}/{made.id}{tail}")).status_code == 404
    assert (await other.patch(f"{PATH}/{made.id}", json={"name": "x"})).status_code == 404
    assert (await reader.patch(f"{PATH}/{made.id}", json={"name": "x"})).status_code == 403
    assert (await reader.post(PATH, json={"name": "x", "kind": "ad"})).status_code == 403


async def test_the_list_sends_the_same_statements_for_one_or_many(
    db: Db, staff_client: StaffClient
) -> None:
    by = await boss(db)
    client = await staff_client(RIGHTS)
    await code(db, by, "第一")
    await client.get(PATH)
    counts: list[int] = []
    for size in (1, 10):
        while len((await client.get(f"{PATH}?limit=100")).json()["items"]) < size:
            await code(db, by, f"码{size}-{len(counts)}-{await _count(client)}")
        async with db.merchant("demo") as tx:
            with statements(tx) as sent:
                assert len((await client.get(PATH)).json()["items"]) == size
        counts.append(len(sent))
    assert counts[0] == counts[1]


async def _count(client: httpx.AsyncClient) -> int:
    return len((await client.get(f"{PATH}?limit=100")).json()["items"])
