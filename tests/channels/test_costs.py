"""What codes cost: counted by the day, taken away once, told beside what it brought."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from tests.channels.factories import boss, code, fake_qr, reload
from tests.conftest import StaffClient
from tiefen.channels import queries, rules, service
from tiefen.channels.errors import CostMissing, PeriodMalformed
from tiefen.channels.models import CodeCost
from tiefen.channels.values import CodeKind, CodeWish, Grouping, Line, Model
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.team.values import Permission

MARCH = date(2026, 3, 1)
READ = [Permission.CHANNELS_READ]
WRITE = [*READ, Permission.CHANNELS_WRITE]


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_qr(monkeypatch)


def test_a_cost_is_for_at_least_a_day_and_at_most_three_years() -> None:
    rules.check_days(MARCH, MARCH)
    rules.check_days(MARCH, MARCH + timedelta(days=rules.LONGEST - 1))
    for last in (MARCH - timedelta(days=1), MARCH + timedelta(days=rules.LONGEST)):
        with pytest.raises(PeriodMalformed):
            rules.check_days(MARCH, last)


async def test_periods_that_follow_one_another_add_up_to_every_cost(db: Db) -> None:
    by = await boss(db)
    ad = await code(db, by, "广告", kind=CodeKind.AD)
    given = ((0, 0, 999), (0, 6, 1000), (3, 33, 100), (5, 8, 1), (40, 41, 7))
    async with db.merchant("demo") as tx:
        for first, last, fen in given:
            days = {"first": MARCH + timedelta(days=first), "last": MARCH + timedelta(days=last)}
            await service.add_cost(tx, by, ad.id, **days, amount_fen=fen, note="")

        async def spent(first: int, last: int) -> int:
            days = MARCH + timedelta(days=first), MARCH + timedelta(days=last)
            found = await queries.costs(tx, Grouping.CODE, Model.FIRST, *days)
            return found[str(ad.id)].period_fen

        total = sum(fen for _, _, fen in given)
        assert await spent(-5, 50) == total
        for length in (1, 2, 5, 7):
            cuts = range(-1, 43, length)
            assert sum([await spent(at, at + length - 1) for at in cuts]) == total
        assert await spent(0, 0) == 999 + 1000 // 7
        assert await spent(42, 60) == 0
    assert (await reload(db, ad.id)).cost_fen == total


async def test_one_of_many_who_take_a_cost_away_does(db: Db) -> None:
    by = await boss(db)
    ad = await code(db, by, "广告", cost_fen=300)
    async with db.merchant("demo") as tx:
        cost_id = await service.add_cost(
            tx, by, ad.id, first=MARCH, last=MARCH, amount_fen=200, note="加投"
        )

    async def remove() -> bool:
        try:
            async with db.merchant("demo") as tx:
                await service.remove_cost(tx, by, ad.id, cost_id)
        except CostMissing:
            return False
        return True

    assert sorted(await asyncio.gather(*(remove() for _ in range(6)))) == [*[False] * 5, True]
    assert (await reload(db, ad.id)).cost_fen == 300


async def test_what_codes_are_made_with_is_booked_and_a_drift_is_mended(
    db: Db, travel: Travel
) -> None:
    by = await boss(db)
    starts = travel.now + timedelta(days=40)
    wish = CodeWish(kind=CodeKind.EXHIBITION, cost_fen=50, starts_at=starts)
    async with db.merchant("demo") as tx:
        lines = [Line("甲"), Line("乙", cost_fen=70), Line("丙", cost_fen=0)]
        await service.create_batch(tx, by, lines, wish)
        booked = list(await tx.scalars(select(CodeCost).order_by(CodeCost.id)))
        assert [one.amount_fen for one in booked] == [50, 70]
        assert {one.first for one in booked} == {rules.day_of_cost(starts, travel.now)}
        await tx.execute(text("UPDATE channel_code SET cost_fen = 1"))  # nobody does that
        assert await service.rebuild_counters(tx) == 3
    assert [(await reload(db, one.code_id)).cost_fen for one in booked] == [50, 70]


async def test_costs_are_booked_listed_and_taken_away_by_http(
    db: Db, staff_client: StaffClient
) -> None:
    by = await boss(db)
    ad = await code(db, by, "广告", kind=CodeKind.AD)
    quiet = await code(db, by, "没投过")
    client = await staff_client(WRITE)
    path = f"/api/console/channel-codes/{ad.id}/costs"
    days = {"first": "2026-03-01", "last": "2026-03-31"}
    wrong = [
        ({**days, "amount_fen": 0}, "amount_fen"),
        ({**days, "amount_fen": 1.5}, "amount_fen"),
        ({**days, "amount_fen": 10**14}, "amount_fen"),
        ({"first": "2026-03-02", "last": "2026-03-01", "amount_fen": 5}, "last"),
        ({"first": "2026-03-02", "last": "2036-03-01", "amount_fen": 5}, "last"),
        ({"first": "soon", "last": "2026-03-01", "amount_fen": 5}, "first"),
    ]
    for body, field in wrong:
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
    made = await client.post(path, json={**days, "amount_fen": 3100, "note": "三月投放"})
    assert made.status_code == 201
    (line,) = (await client.get(path)).json()["items"]
    assert (line["amount_fen"], line["note"], line["last"]) == (3100, "三月投放", "2026-03-31")
    assert (await client.get(f"/api/console/channel-codes/{ad.id}")).json()["cost_fen"] == 3100

    asked = {"by": "code", "first": "2026-03-10", "last": "2026-03-11"}
    told = (await client.get("/api/console/attribution", params=asked)).json()
    (row,) = told["rows"]  # nobody came of it, and it is told all the same
    assert (row["name"], row["people"]["fans"]) == ("广告", 0)
    assert row["cost"] == told["total"]["cost"] == {
        "cost_fen": 200, "per_fan_fen": None, "per_buyer_fen": None, "total_fen": 3100,
        "payback_days": None,
    }  # fmt: skip

    other = f"/api/console/channel-codes/{quiet.id}/costs/{line['id']}"
    assert (await client.delete(other)).status_code == 404
    reader = await staff_client(READ)
    assert (await reader.delete(f"{path}/{line['id']}")).status_code == 403
    assert (await reader.post(path, json={**days, "amount_fen": 1})).status_code == 403
    assert (await client.delete(f"{path}/{line['id']}")).status_code == 200
    assert (await client.get(path)).json()["items"] == []
    assert (await client.delete(f"{path}/{line['id']}")).status_code == 404
    assert (
        await client.post("/api/console/channel-codes/999/costs", json={**days, "amount_fen": 1})
    ).status_code == 404
