"""The overview and the hits route."""

from datetime import timedelta
from typing import Any

import httpx

from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, follower, say, statements
from tiefen.analytics import service
from tiefen.analytics.values import FactKind
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.wechat.events import Followed

ALL = ["overview.read", "orders.read", "money.read", "helpdesk.read", "jobs.read"]


async def test_the_overview_tells_days_weeks_loop_and_todos(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    for n in range(12):
        await say(db, Followed(APP, f"o{n}", "c.x", "t", travel.now), aggregate=f"openid:o{n}")
    await drain()
    async with db.merchant("demo") as tx:
        for days in (0, 1, 6, 7, 20):
            at = travel.now - timedelta(days=days)
            service.note_fact(tx, FactKind.PAID, f"order:{days}", fan_id=1, at=at, amount_fen=100)
    client = await staff_client(ALL)
    found = (await client.get("/api/console/overview")).json()
    assert found["today"]["new_fans"] == 12
    assert found["today"]["paid_fen"] == 100
    assert found["yesterday"]["paid_fen"] == 100
    assert (found["week"]["paid_fen"], found["week"]["buyers"]) == (300, 1)
    assert found["last_week"]["paid_fen"] == 100
    assert found["month"] == {
        "active_fans": 12,
        "payments": 5,
        "paid_fen": 500,
        "refunded_fen": 0,
    }
    assert len(found["trend"]) == 30
    assert found["trend"][-1]["new_fans"] == 12
    steps = {row["step"]: row for row in found["loop"]["rows"]}
    assert steps["scan"]["fans"] == 12
    assert steps["follow"]["kept_bp"] == 10_000
    assert found["loop"]["worst"] == "visit"
    assert {todo["kind"] for todo in found["todos"]} == {
        "ship",
        "after_sale",
        "unanswered",
        "dead_jobs",
        "suspense",
        "breaks",
    }
    assert all(todo["count"] == 0 for todo in found["todos"])
    assert {row["stage"]: row["fans"] for row in found["stages"]}["follower"] == 12
    assert found["core"] == {"core": 0, "fans": 12, "share_bp": 0, "target_bp": 2000}
    loop = (await client.get("/api/console/overview/loop?days=30")).json()
    assert loop["days"] == 30


async def test_todos_show_only_what_the_reader_may_see(staff_client: StaffClient) -> None:
    client = await staff_client(["overview.read", "helpdesk.read"])
    found = (await client.get("/api/console/overview")).json()
    assert [todo["kind"] for todo in found["todos"]] == ["unanswered"]


async def test_hits_of_a_visitor_and_of_a_fan(
    db: Db, client: httpx.AsyncClient, fan_client: FanClient, staff_client: StaffClient
) -> None:
    fan_id = await follower(db)
    body = {"visitor": "a1b2c3d4", "hits": [{"page": "/shop/"}, {"page": "/p", "kind": "share"}]}
    assert (await client.post("/api/shop/hits", json=body)).status_code == 200
    assert (await (await fan_client(fan_id)).post("/api/shop/hits", json=body)).status_code == 200
    found = (await (await staff_client(ALL)).get("/api/console/overview")).json()
    assert (found["today"]["hits"], found["today"]["visitors"]) == (4, 2)
    assert found["month"]["active_fans"] == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"visitor": "short"}, "visitor"),
    ({"visitor": "x" * 65}, "visitor"),
    ({"visitor": "a b c d e f"}, "visitor"),
    ({"hits": []}, "hits"),
    ({"hits": [{"page": "/"}] * 51}, "hits"),
    ({"hits": [{"page": "/a?phone=138"}]}, "hits.0.page"),
    ({"hits": [{"page": "https://evil.example/"}]}, "hits.0.page"),
    ({"hits": [{"page": "/", "kind": "buy"}]}, "hits.0.kind"),
    ({"hits": [{"page": "/", "target": "<script>"}]}, "hits.0.target"),
    ({"hits": [{"page": "/", "at": "2020-01-01T00:00:00Z"}]}, "hits.0.at"),
    ({"fan_id": 1}, "fan_id"),
]


async def test_bad_hits_are_refused_naming_the_field(client: httpx.AsyncClient) -> None:
    for wrong, field in BAD:
        body = {"visitor": "a1b2c3d4", "hits": [{"page": "/"}], **wrong}
        answer = await client.post("/api/shop/hits", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), wrong


async def test_bad_periods_are_refused(staff_client: StaffClient) -> None:
    client = await staff_client(ALL)
    for query in ("loop_days=0", "loop_days=91", "loop_days=x"):
        answer = await client.get(f"/api/console/overview?{query}")
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == "loop_days"


async def test_rights(db: Db, staff_client: StaffClient, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/console/overview")).status_code == 401
    without = await staff_client([one for one in ALL if one != "overview.read"])
    assert (await without.get("/api/console/overview")).status_code == 403


async def test_the_overview_costs_the_same_however_much_there_is(
    db: Db, staff_client: StaffClient, travel: Travel
) -> None:
    client = await staff_client(ALL)
    await client.get("/api/console/overview")
    counts = []
    for size in (1, 30):
        async with db.merchant("demo") as tx:
            for n in range(size):
                service.note_fact(
                    tx, FactKind.PAID, f"order:{size}:{n}", fan_id=n, at=travel.now, amount_fen=1
                )
        async with db.merchant("demo") as tx:
            with statements(tx) as sent:
                assert (await client.get("/api/console/overview")).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 25
