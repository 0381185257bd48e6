"""Levels through the API: rights, bad input, what the console and the shop are told."""

from datetime import timedelta
from typing import Any

import pytest

from tests.catalog.factories import sku
from tests.conftest import FanClient, StaffClient
from tests.fans.factories import follower
from tiefen.kernel.db import Db

RULES = {
    "counts": "received",
    "window_days": 365,
    "keep_days": 365,
    "downgrade": "step",
    "grace_days": 30,
    "refund_lowers": True,
}
BASE = {"id": 0, "name": "普通会员", "threshold_fen": 0, "colour": "#888888"}
GOLD = {"name": "金卡", "threshold_fen": 100_000, "off_bp": 500, "colour": "#d4a017"}


def body(**more: Any) -> dict[str, Any]:
    return {"levels": [BASE, {**GOLD, "rights": "专属客服\n\n生日礼"}], "rules": RULES, **more}


async def test_levels_are_saved_shown_and_locked(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    fan_id = await follower(db)
    desk = await staff_client({"members.read", "members.write"})
    shop = await fan_client(fan_id)
    assert (await shop.get("/api/shop/level")).json()["levels"] == []
    told = await desk.post("/api/console/levels/preview", json=body())
    assert told.json() == {"up": 0, "down": 0, "short": 0, "after": [1, 0]}
    saved = (await desk.put("/api/console/levels", json=body(edits=0))).json()
    assert [one["fans"] for one in saved["levels"]] == [1, 0]
    stale = await desk.put("/api/console/levels", json=body(edits=0))
    assert (stale.status_code, stale.json()["error"]["code"]) == (
        409,
        "members.levels_edited_elsewhere",
    )
    gold = saved["levels"][1]["id"]
    async with db.merchant("demo") as tx:
        until = (tx.now + timedelta(days=30)).date().isoformat()
    lock = {"level_id": gold, "until": until, "reason": "贵客"}
    url = f"/api/console/fans/{fan_id}/level"
    locked = (await desk.put(f"{url}-lock", json=lock)).json()
    assert (locked["level"]["name"], locked["locked_until"]) == ("金卡", until)
    mine = (await shop.get("/api/shop/level")).json()
    assert (mine["level_id"], mine["short_fen"]) == (gold, 100_000)
    assert mine["levels"][1]["rights"] == ["专属客服", "生日礼"]
    freed = (await desk.post(f"{url}-unlock", json={"reason": "到期"})).json()
    assert [one["cause"] for one in freed["moves"]] == ["unlocked", "locked"]
    assert (await desk.get("/api/console/fans/987654/level")).status_code == 404
    gone = {**lock, "level_id": 987654}
    assert (await desk.put(f"{url}-lock", json=gone)).status_code == 404
    far = {**lock, "until": "2999-01-01"}
    assert (await desk.put(f"{url}-lock", json=far)).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"levels": [BASE, {**GOLD, "threshold_fen": 0}]}, "levels.1.threshold_fen"),
        ({"levels": [BASE, {**GOLD, "name": "普通会员"}]}, "levels.1.name"),
        ({"levels": [GOLD]}, "levels"),
        ({"levels": [BASE, {**GOLD, "id": 987654}]}, "levels.1.id"),
        ({"levels": [BASE, {**GOLD, "off_bp": 10_000}]}, "levels.1.off_bp"),
        ({"levels": [BASE, {**GOLD, "colour": "red"}]}, "levels.1.colour"),
        ({"rules": {**RULES, "window_days": 0}}, "rules.window_days"),
    ],
)
async def test_levels_that_make_no_sense_name_their_field(
    staff_client: StaffClient, wrong: dict[str, Any], field: str
) -> None:
    desk = await staff_client({"members.write"})
    refused = await desk.put("/api/console/levels", json=body(edits=0, **wrong))
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert field in {error["field"], *(one["field"] for one in error["fields"])}


async def test_a_level_that_a_segment_looks_at_does_not_go(
    db: Db, staff_client: StaffClient
) -> None:
    desk = await staff_client({"members.read", "members.write", "fans.read", "fans.write"})
    saved = (await desk.put("/api/console/levels", json=body(edits=0))).json()
    gold = saved["levels"][1]["id"]
    rule = {"not": {"field": "level_id", "op": "in", "value": [gold]}}
    made = await desk.post("/api/console/segments", json={"name": "还不是金卡", "rule": rule})
    assert made.status_code == 201
    less = {"levels": [BASE], "rules": RULES}
    for refused in (
        await desk.post("/api/console/levels/preview", json=less),
        await desk.put("/api/console/levels", json={**less, "edits": 1}),
    ):
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (409, "members.level_in_use")
        assert "还不是金卡" in error["message"]
        assert "金卡" in error["message"]
        assert error["field"] == "levels"
    url = f"/api/console/segments/{made.json()['id']}"
    assert (await desk.patch(url, json={"archived": True})).status_code == 200
    done = await desk.put("/api/console/levels", json={**less, "edits": 1})
    assert done.status_code == 200


async def test_a_level_price_below_cost_takes_a_reason_and_the_right(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        await sku(tx, skus=[{"price_fen": 10_000, "cost_fen": 6_000}])
    desk = await staff_client({"members.write"})
    boss = await staff_client({"members.write", "promotions.approve"})
    dear = body(levels=[BASE, {**GOLD, "off_bp": 5_000}], edits=0)
    refused = (await desk.put("/api/console/levels", json=dear)).json()["error"]
    assert (refused["code"], refused["field"]) == ("promotion.loses_money", "because")
    assert refused["details"]["count"] == 1
    forbidden = await desk.put("/api/console/levels", json={**dear, "because": "清仓"})
    assert forbidden.status_code == 403
    saved = await boss.put("/api/console/levels", json={**dear, "because": "清仓"})
    assert saved.status_code == 200
    less = body(levels=[{**one, "gift_template_id": None} for one in _kept(saved.json())], edits=1)
    less["levels"][1]["off_bp"] = 4_000
    assert (await desk.put("/api/console/levels", json=less)).status_code == 200, "no worse"


def _kept(saved: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in one if key != "fans"} for one in saved["levels"]]


async def test_who_may_not(db: Db, staff_client: StaffClient, client: Any) -> None:
    fan_id = await follower(db)
    reader = await staff_client({"members.read"})
    assert (await reader.put("/api/console/levels", json=body(edits=0))).status_code == 403
    nobody = await staff_client({"fans.read"})
    assert (await nobody.get(f"/api/console/fans/{fan_id}/level")).status_code == 403
    assert (await client.get("/api/shop/level")).status_code == 401
