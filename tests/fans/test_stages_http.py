"""Stages over HTTP: the board, preview, publishing, rights, bad rules."""

from typing import Any

from tests.conftest import Drain, StaffClient
from tests.fans.factories import follower
from tiefen.fans import service
from tiefen.fans.values import Happening
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db

READ, WRITE = "fans.read", "stages.write"


async def test_the_merchant_previews_publishes_and_sees_why(
    db: Db, staff_client: StaffClient, drain: Drain, travel: Travel
) -> None:
    fan_id = await follower(db, at=travel.now)
    async with db.merchant("demo") as tx:
        for kind in (Happening.ORDER_PAID, Happening.ORDER_RECEIVED):
            await service.record(tx, fan_id, kind, "order:1", at=tx.now, amount_fen=900)
    client = await staff_client([READ, WRITE])
    board = (await client.get("/api/console/stages")).json()
    assert {one["stage"]: one["fans"] for one in board["stages"]}["user"] == 1
    assert board["core"]["target_bp"] == 2000
    found = (await client.get("/api/console/stages/rules")).json()
    assert found["version"] == 0
    rules: dict[str, Any] = found["rules"]
    for name in ("fan", "core"):
        rules[name] = {"every": [{"measure": "received", "at_least": 1, "within_days": 30}]}
    seen = (await client.post("/api/console/stages/preview", json=rules)).json()
    assert (seen["fans"], seen["moving"]) == (1, 1)
    assert seen["moves"][0] | {"day": None} == {
        "before": "user",
        "after": "core",
        "fans": 1,
        "day": None,
    }
    assert seen["core"]["share_bp"] == 10_000
    body = {"rules": rules, "note": "试一试", "based_on": 0}
    answer = await client.post("/api/console/stages/rules", json=body)
    assert answer.status_code == 201
    again = await client.post("/api/console/stages/rules", json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "fans.stage_rules_moved")
    await drain()
    history = (await client.get("/api/console/stages/rules")).json()["history"]
    assert (history[0]["looked_at"], history[0]["moved"]) == (1, 1)
    standing = (await client.get(f"/api/console/fans/{fan_id}")).json()["standing"]
    assert standing["stage"] == "core"
    assert standing["because"][0]["within_days"] == 30
    moves = (await client.get(f"/api/console/fans/{fan_id}/moves")).json()["items"]
    assert [(one["after"], one["cause"]) for one in moves] == [
        ("core", "rules"), ("user", "event"), ("customer", "event"), ("follower", "event"),
    ]  # fmt: skip
    days = (await client.get("/api/console/stages/moves?days=7")).json()
    assert sum(one["fans"] for one in days["moves"]) == 4


async def test_wrong_rules_are_refused_by_field(staff_client: StaffClient) -> None:
    client = await staff_client([READ, WRITE])
    rules = (await client.get("/api/console/stages/rules")).json()["rules"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"silent_days": 0}, "silent_days"),
        ({"sleeping_days": 200}, "sleeping_days"),
        ({"core_target_bp": "20%"}, "core_target_bp"),
        ({"user": {"every": []}}, "user.every"),
        ({"user": {"every": [{"measure": "luck", "at_least": 1}]}}, "user.every.0.measure"),
        ({"user": {"every": [{"measure": "orders", "at_least": 1, "within_days": 9}]}}, "user.every.0.within_days"),
        ({"user": {"every": [{"measure": "received", "at_least": -1}]}}, "user.every.0.at_least"),
        ({"more": 1}, "more"),
    ]  # fmt: skip
    for change, field in wrong:
        answer = await client.post("/api/console/stages/preview", json={**rules, **change})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), change


async def test_reading_is_not_publishing(staff_client: StaffClient) -> None:
    client = await staff_client([READ])
    rules = (await client.get("/api/console/stages/rules")).json()["rules"]
    assert (await client.post("/api/console/stages/preview", json=rules)).status_code == 403
    body = {"rules": rules, "based_on": 0}
    assert (await client.post("/api/console/stages/rules", json=body)).status_code == 403
