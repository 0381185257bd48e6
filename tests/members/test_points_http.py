"""Points through the API: rights, bad input, what the console and the shop are told."""

from tests.conftest import FanClient, StaffClient
from tests.fans.factories import follower
from tiefen.kernel.db import Db

RULES = {
    "earning": True,
    "per_100": 100,
    "hold_days": 7,
    "live_days": 365,
    "warn_days": 30,
    "worth_fen": 100,
}


async def test_points_are_ruled_given_taken_and_shown(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    fan_id = await follower(db)
    desk = await staff_client({"members.read", "members.write"})
    shop = await fan_client(fan_id)
    assert (await shop.get("/api/shop/points")).json()["earning"] is False
    saved = await desk.put("/api/console/points-rules", json={**RULES, "edits": 0})
    assert (saved.status_code, saved.json()["edits"]) == (200, 1)
    stale = await desk.put("/api/console/points-rules", json={**RULES, "edits": 0})
    assert stale.json()["error"]["code"] == "members.points_edited_elsewhere"
    url = f"/api/console/fans/{fan_id}/points"
    key = {"Idempotency-Key": "give-100-once"}
    gift = {"points": 100, "reason": "晒单"}
    for _ in range(2):
        given = await desk.post(url, json=gift, headers=key)
        assert (given.status_code, given.json()["available"]) == (201, 100)
    short = await desk.post(url, json={"points": -101, "reason": "多发"})
    assert (short.status_code, short.json()["error"]["code"]) == (409, "members.points_short")
    for bad in ({"points": 0, "reason": "x"}, {"points": 5, "reason": ""}, {"points": 1.5}):
        assert (await desk.post(url, json=bad)).status_code == 422
    assert (await desk.post("/api/console/fans/987654/points", json=gift)).status_code == 404
    log = (await desk.get(f"/api/console/points-moves?fan_id={fan_id}")).json()
    assert [(one["available"], one["reason"]) for one in log["items"]] == [(100, "晒单")]
    report = (await desk.get("/api/console/points-report")).json()
    assert (report["available"], report["liability_fen"], report["fans"]) == (100, 100, 1)
    assert report["months"][0]["given"] == 100
    mine = (await shop.get("/api/shop/points")).json()
    assert (mine["available"], mine["worth_fen"], mine["per_100"]) == (100, 100, 100)
    moves = (await shop.get("/api/shop/points/moves")).json()["items"]
    assert [(one["kind"], one["reason"]) for one in moves] == [("given", "")]
