"""A caller who comes too often is told when to come again; others do not notice."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import StaffClient
from tiefen.analytics import http as analytics
from tiefen.catalog.http import shop
from tiefen.fans import service as fans
from tiefen.fans.http import people
from tiefen.kernel import limits
from tiefen.kernel.clock import Travel
from tiefen.kernel.errors import TooMany
from tiefen.kernel.limits import Limit
from tiefen.wechat import http as wechat


def test_the_window_begins_with_the_first_and_then_all_is_well(travel: Travel) -> None:
    limit = Limit(3, 60.0)
    for _ in range(3):
        limit.take("a")
    limit.take("b")
    travel.move(timedelta(seconds=20))
    for _ in range(2):
        with pytest.raises(TooMany) as refused:
            limit.take("a")
        assert refused.value.retry_after == 40
    travel.move(timedelta(seconds=40))
    limit.take("a")


def test_a_clock_set_back_locks_nobody_out(travel: Travel) -> None:
    limit = Limit(1, 60.0)
    limit.take("a")
    travel.move(-timedelta(days=1))
    limit.take("a")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 100)
    limit = Limit(1, 60.0)
    for n in range(1_000):
        limit.take(str(n))
    assert len(limit._seen) == 100


def phone(app: FastAPI, address: str) -> httpx.AsyncClient:
    """A client that comes from this address."""
    transport = httpx.ASGITransport(app=app, client=(address, 4321))
    return httpx.AsyncClient(transport=transport, base_url="http://test/m/demo")


async def test_hits_are_limited_by_visitor_and_by_address(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analytics.PER_VISITOR, "often", 2)
    monkeypatch.setattr(analytics.PER_ADDRESS, "often", 4)

    async def send(address: str, visitor: str) -> httpx.Response:
        async with phone(app, address) as client:
            body = {"visitor": visitor, "hits": [{"page": "/"}]}
            return await client.post("/api/shop/hits", json=body)

    first = [(await send("10.1.0.1", "visitor-a")).status_code for _ in range(3)]
    assert first == [200, 200, 429]
    assert (await send("10.1.0.1", "visitor-b")).status_code == 200, "another browser, same address"
    flood = await send("10.1.0.1", "visitor-c")
    assert flood.status_code == 429, "the address has had its four"
    assert 1 <= int(flood.headers["retry-after"]) <= 60
    assert flood.json()["error"]["code"] == "too_many"
    assert (await send("10.1.0.2", "visitor-a")).status_code == 200, "another address"


async def test_made_up_codes_do_not_use_up_wechats_quota(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people.SIGN_INS, "often", 3)
    asked = 0

    async def refuse(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1
        raise TooMany

    monkeypatch.setattr(fans, "recognise_mini", refuse)
    async with phone(app, "10.2.0.1") as client:
        for n in range(6):
            answer = await client.post("/api/shop/session/mini", json={"code": f"made-up-{n}"})
            assert answer.status_code == 429
    assert asked == 3, "after that nobody asks WeChat"


async def test_searches_and_signatures_are_limited_by_address(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.SEARCHES, "often", 2)
    monkeypatch.setattr(wechat.SIGNATURES, "often", 2)
    async with phone(app, "10.3.0.1") as client:
        searched = [
            (await client.get("/api/shop/products", params={"q": f"茶{n}"})).status_code
            for n in range(3)
        ]
        shelf = await client.get("/api/shop/products")
        signed = [
            (await client.get("/api/shop/jssdk", params={"url": f"https://s.test/{n}"})).status_code
            for n in range(3)
        ]
    assert searched == [200, 200, 429]
    assert shelf.status_code == 200, "looking without words is not searching"
    assert (signed[0] == 429, signed[2]) == (False, 429)
    async with phone(app, "10.3.0.2") as client:
        assert (await client.get("/api/shop/products", params={"q": "茶9"})).status_code == 200


async def test_tables_are_limited_by_who_takes_them(
    staff_client: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.TABLES, "often", 2)
    rights = ["goods.read", "fans.read", "fans.write", "results.read"]
    one = await staff_client(rights)
    goods = "/api/console/goods-export"
    days = {"first": "2026-04-01", "last": "2026-04-02"}
    assert (await one.get(goods, params={"form": "csv"})).status_code == 200
    assert (await one.get(goods, params={"template": "true"})).status_code == 200, "an empty one"
    made = await one.post("/api/console/segments", json={"name": "名单", "note": "", "fan_ids": []})
    segment = f"/api/console/segments/{made.json()['id']}/export"
    assert (await one.post(segment)).status_code == 200
    assert (await one.post(segment)).status_code == 429
    assert (await one.get(goods)).status_code == 429
    results = await one.get("/api/console/results/export", params=days)
    assert results.status_code == 429, results.text
