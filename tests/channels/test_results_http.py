"""Attribution, results, one's own page and appeals over HTTP: numbers, rows behind them, rights."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.channels.factories import boss, code, fake_qr
from tests.conftest import Drain, StaffClient
from tests.counting import statements
from tests.fans.factories import APP, say
from tests.team.factories import clerk
from tiefen.channels.models import Appeal
from tiefen.channels.values import AppealState
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor, open_session
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db
from tiefen.kernel.money import yuan_cell
from tiefen.orders.events import OrderPaid, OrderReceived, OrderRefunded
from tiefen.wechat.events import Followed

READ = ["channels.read", "results.read", "fans.read"]


async def signed_in(db: Db, client: httpx.AsyncClient, who: StaffActor) -> httpx.AsyncClient:
    async with db.merchant("demo") as tx:
        token = await open_session(tx, "staff", who.id, timedelta(hours=1))
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def bring(db: Db, drain: Drain, scene: str, openid: str, order: int, travel: Travel) -> int:
    """A fan comes through a code, buys for ten yuan and receives it."""
    await say(db, Followed(APP, openid, scene, "t", travel.now), aggregate=f"openid:{openid}")
    await drain()
    async with db.merchant("demo") as tx:
        fan_id = await fans.resolve(tx, APP, openid)
        await fans.edit_profile(tx, fan_id, {"nickname": f"林大山{order}"})
    number = f"T{order}"
    await say(
        db,
        OrderPaid(order, number, fan_id, 1000, 1, travel.now),
        OrderReceived(order, number, fan_id, 1000, travel.now),
        aggregate=f"order:{order}",
    )
    await drain()
    return fan_id


@pytest.fixture
async def town(
    db: Db, drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Two employees with a code each; 小林 brought two buyers, 大壮 one."""
    fake_qr(monkeypatch)
    by = await boss(db)
    lin = await clerk(db, by, "lin", "仓库", name="=小林")
    big = await clerk(db, by, "big", "仓库", name="大壮")
    codes = {
        "lin": await code(db, by, "小林", owner_staff_id=lin.id, cost_fen=500),
        "big": await code(db, by, "大壮", owner_staff_id=big.id),
    }
    await drain()
    people = [
        await bring(db, drain, codes["lin"].scene, "o1", 1, travel),
        await bring(db, drain, codes["lin"].scene, "o2", 2, travel),
        await bring(db, drain, codes["big"].scene, "o3", 3, travel),
    ]
    return {"by": by, "lin": lin, "big": big, "codes": codes, "people": people}


async def test_the_report_its_rows_and_the_employees_table_agree(
    db: Db, drain: Drain, staff_client: StaffClient, town: dict[str, Any], travel: Travel
) -> None:
    client = await staff_client(READ)
    today = day_of(travel.now).isoformat()
    days = {"first": today, "last": today}
    seen = (await client.get("/api/console/attribution", params={**days, "by": "code"})).json()
    first = seen["rows"][0]
    assert (first["name"], first["people"]["fans"], first["people"]["keepers"]) == ("小林", 2, 2)
    assert {model: one["net_fen"] for model, one in first["money"].items()} == dict.fromkeys(
        ("first", "last", "linear", "rule"), 2000
    )
    assert first["cost"] == {
        "cost_fen": 500, "per_fan_fen": 250, "per_buyer_fen": 250, "total_fen": 500,
        "payback_days": 0,
    }  # fmt: skip
    assert seen["total"]["money"]["linear"]["net_fen"] == 3000
    asked = {**days, "by": "code", "key": first["key"]}
    orders = await client.get("/api/console/attribution/orders", params={**asked, "model": "rule"})
    assert sum(one["paid_fen"] for one in orders.json()["items"]) == 2000
    brought = await client.get("/api/console/attribution/fans", params=asked)
    assert [one["keeper"] for one in brought.json()["items"]] == [True, True]
    for by in ("kind", "owner"):
        other = (await client.get("/api/console/attribution", params={**days, "by": by})).json()
        assert other["total"] == {**seen["total"]}

    table = (await client.get("/api/console/results", params=days)).json()
    best = table["rows"][0]
    assert (best["rank"], best["fans"], best["orders"], best["received_orders"]) == (1, 2, 2, 2)
    assert (best["paid_fen"], best["net_fen"], best["following"]) == (2000, 2000, 2)
    assert table["departments"][0]["net_fen"] == 3000
    await say(
        db, OrderRefunded(1, "T1", town["people"][0], 400, False, travel.now), aggregate="order:1"
    )
    await drain()
    table = (await client.get("/api/console/results", params=days)).json()
    assert (table["rows"][0]["refunded_fen"], table["rows"][0]["net_fen"]) == (400, 1600)


async def test_the_export_holds_no_formula_and_is_audited(
    staff_client: StaffClient, town: dict[str, Any], travel: Travel
) -> None:
    client = await staff_client([*READ, "team.read"])
    today = day_of(travel.now).isoformat()
    answer = await client.get(f"/api/console/results/export?first={today}&last={today}")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[1].startswith("1,'=小林,")
    assert lines[1].endswith("20.00,20.00,0.00,20.00")
    audit = (await client.get("/api/console/audit?action=channels.results_exported")).json()
    assert len(audit["items"]) == 1


async def test_the_attribution_file_says_what_the_page_says_and_is_audited(
    db: Db, staff_client: StaffClient, town: dict[str, Any], travel: Travel
) -> None:
    await code(db, town["by"], "=HYPERLINK(1)", cost_fen=700)
    client = await staff_client([*READ, "team.read"])
    today = day_of(travel.now).isoformat()
    asked = {"first": today, "last": today, "model": "linear"}
    page = (await client.get("/api/console/attribution", params=asked)).json()
    answer = await client.get("/api/console/attribution/export", params=asked)
    assert f"attribution-code-linear-{today}" in answer.headers["content-disposition"]
    assert answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row["渠道码"].lstrip("'") for row in rows] == [one["name"] for one in page["rows"]]
    assert "'=HYPERLINK(1)" in {row["渠道码"] for row in rows}, "no formula"
    for row, one in zip(rows, page["rows"], strict=True):
        people, money, cost = one["people"], one["money"], one["cost"] or {}
        assert (row["开始日期"], row["结束日期"], row["口径"]) == (today, today, "平均分摊")
        assert (row["扫码"], row["新增粉丝"]) == (str(people["scans"]), str(people["fans"]))
        assert (row["付款人数"], row["留存"]) == (str(people["buyers"]), str(people["keepers"]))
        assert int(row["付款订单"]) * 10_000 == money["linear"]["orders_bp"]
        for name, fen in {
            "付款金额(元)": money["linear"]["paid_fen"],
            "退款(元)": money["linear"]["refunded_fen"],
            "净额(元)": money["linear"]["net_fen"],
            "净额: 首次来源(元)": money["first"]["net_fen"],
            "净额: 自定义(元)": money["rule"]["net_fen"],
            "成本(元)": cost.get("cost_fen"),
            "单粉成本(元)": cost.get("per_fan_fen"),
        }.items():
            assert row[name] == ("" if fen is None else yuan_cell(fen)), name
    best = rows[0]
    assert (best["类型"], best["回本天数"], best["净额(元)"]) == ("员工", "0", "20.00")
    assert rows[-1]["回本天数"] == "未回本"
    for by in ("kind", "owner", "campaign"):
        answer = await client.get(
            "/api/console/attribution/export",
            params={**asked, "by": by},
            headers={"Accept-Language": "en"},
        )
        told = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
        assert all(row["Model"] == "Linear" and None not in row.values() for row in told), by
    audit = (await client.get("/api/console/audit?action=channels.attribution_exported")).json()
    assert len(audit["items"]) == 4
    stranger = await staff_client(["results.read"])
    refused = await stranger.get("/api/console/attribution/export", params=asked)
    assert refused.status_code == 403


async def test_an_employee_sees_their_own_and_nothing_else(
    db: Db, client: httpx.AsyncClient, town: dict[str, Any], travel: Travel
) -> None:
    mine = await signed_in(db, client, town["lin"])
    seen = (await mine.get("/api/console/my/results")).json()
    assert (seen["rank"], seen["month"]["fans"], seen["today"]["net_fen"]) == (1, 2, 2000)
    assert seen["before"]["fans"] == 0
    assert [one["name"] for one in seen["codes"]] == ["小林"]
    own, other = town["codes"]["lin"].id, town["codes"]["big"].id
    image = await mine.get(f"/api/console/my/codes/{own}/image")
    assert image.headers["content-type"] == "image/png"
    assert (await mine.get(f"/api/console/my/codes/{other}/image")).status_code == 404
    people = (await mine.get("/api/console/my/fans")).json()["items"]
    assert {one["fan_id"] for one in people} == set(town["people"][:2])
    assert all("大山" not in one["name"] for one in people)
    today = day_of(travel.now).isoformat()
    for path in ("results", "results/export", "attribution"):
        answer = await mine.get(f"/api/console/{path}?first={today}&last={today}")
        assert answer.status_code == 403, path
    assert (await mine.get("/api/console/appeals")).status_code == 403
    travel.move(timedelta(days=32 - day_of(travel.now).day))  # some day of the next month
    mine = await signed_in(db, client, town["lin"])
    later = (await mine.get("/api/console/my/results")).json()
    assert (later["before"], later["month"]["fans"]) == (seen["month"], 0)


async def test_an_appeal_is_made_by_one_and_decided_by_another(
    db: Db, client: httpx.AsyncClient, staff_client: StaffClient, town: dict[str, Any]
) -> None:
    mine = await signed_in(db, client, town["lin"])
    fan_id, code_id = town["people"][2], town["codes"]["lin"].id
    body = {"fan_id": fan_id, "code_id": code_id, "reason": "我在展会上介绍的"}
    made = await mine.post("/api/console/my/appeals", json=body)
    assert made.status_code == 201
    assert made.json()["stands_name"] == "大壮"
    assert (await mine.post("/api/console/my/appeals", json=body)).status_code == 409
    path = f"/api/console/appeals/{made.json()['id']}/decide"
    verdict = {"grant": True, "decision": "展会签到表为证"}
    assert (await mine.post(path, json=verdict)).status_code == 403
    judge = await staff_client(["channels.read", "channels.decide"])
    listed = (await judge.get("/api/console/appeals?state=open")).json()["items"]
    assert [one["reason"] for one in listed] == ["我在展会上介绍的"]
    assert (await judge.post(path, json=verdict)).json()["state"] == "granted"
    assert (await judge.post(path, json=verdict)).status_code == 409
    seen = (await mine.get("/api/console/my/results")).json()
    assert (seen["month"]["fans"], seen["month"]["net_fen"]) == (3, 3000)
    assert (await mine.get("/api/console/my/appeals")).json()["items"][0]["decision"]


async def test_the_next_deadline_stands_first_on_whichever_page(
    db: Db, staff_client: StaffClient, town: dict[str, Any]
) -> None:
    due = [("open", 2), ("open", 1), ("open", 1), ("rejected", 9), ("granted", 1)]
    async with db.merchant("demo") as tx:
        for place, (state, days) in enumerate(due):
            tx.add(
                Appeal(
                    fan_id=town["people"][place % 3], code_id=town["codes"]["lin"].id,
                    stands_code_id=0, reason=f"第 {place} 个", opened_by=town["lin"].id,
                    opened_at=tx.now, due_at=tx.now + timedelta(days=days),
                    state=AppealState(state), decided_at=None if state == "open" else tx.now,
                )
            )  # fmt: skip
            await tx.flush()
    judge = await staff_client(["channels.read"])

    async def walk(asked: str, limit: int) -> list[int]:
        seen, cursor = [], ""
        while cursor is not None:
            query = f"{asked}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            page = (await judge.get(f"/api/console/appeals?{query}")).json()
            seen += [int(one["reason"].split()[1]) for one in page["items"]]
            cursor = page["next"]
        return seen

    for limit in (1, 2, 3, 4, 50):
        assert await walk("", limit) == [1, 2, 0, 4, 3], limit
        assert await walk("state=open", limit) == [1, 2, 0], limit
    assert await walk(f"state=granted&fan_id={town['people'][1]}", 1) == [4]
    wrong = await judge.get("/api/console/appeals?cursor=WzFd")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "cursor")


async def test_weights_are_published_by_who_may_decide(
    staff_client: StaffClient, drain: Drain, town: dict[str, Any]
) -> None:
    client = await staff_client(["channels.read", "channels.decide"])
    found = (await client.get("/api/console/attribution/weights")).json()
    body = {"weights": {**found["weights"], "first": 90}, "based_on": 0}
    wrong = {"weights": {**found["weights"], "kinds": {"luck": 1}}, "based_on": 0}
    refused = await client.post("/api/console/attribution/weights", json=wrong)
    assert refused.status_code == 422
    assert (await client.post("/api/console/attribution/weights", json=body)).status_code == 201
    again = await client.post("/api/console/attribution/weights", json=body)
    assert again.json()["error"]["code"] == "channels.weights_moved"
    await drain()
    history = (await client.get("/api/console/attribution/weights")).json()["history"]
    assert (history[0]["looked_at"], history[0]["orders"]) == (3, 3)
    reader = await staff_client(["channels.read"])
    assert (await reader.post("/api/console/attribution/weights", json=body)).status_code == 403


async def test_sleeping_fans_show_the_last_code_they_met(
    staff_client: StaffClient, town: dict[str, Any], travel: Travel
) -> None:
    client = await staff_client(READ)
    assert (await client.get("/api/console/quiet-fans")).json()["items"] == []
    travel.move(timedelta(days=61))
    client = await staff_client(READ)
    items = (await client.get("/api/console/quiet-fans?limit=2")).json()
    assert items["next"]
    assert {one["last_code"] for one in items["items"]} <= {"小林", "大壮"}
    assert (await client.get("/api/console/quiet-fans?lost=true")).json()["items"] == []


async def test_reports_cost_a_fixed_number_of_statements(
    db: Db, staff_client: StaffClient, town: dict[str, Any], travel: Travel
) -> None:
    client = await staff_client(READ)
    today = day_of(travel.now)
    sent = []
    for first in (today, today - timedelta(days=300)):
        with statements(db) as seen:
            await client.get(f"/api/console/attribution?first={first}&last={today}")
            await client.get(f"/api/console/results?first={first}&last={today}")
        sent.append(len(seen))
    assert sent[1] <= sent[0] < 24


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first=2026-04-02&last=2026-04-01", "last"),
        ("first=2020-01-01&last=2026-04-01", "last"),
        ("first=x&last=2026-04-01", "first"),
        ("first=2026-04-01&last=2026-04-02&by=luck", "by"),
    ],
)
async def test_wrong_periods_are_refused(staff_client: StaffClient, query: str, field: str) -> None:
    client = await staff_client(READ)
    answer = await client.get(f"/api/console/attribution?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
