"""The sandbox's truth of money under any sequence and under races; each checker is seen to catch a planted bug."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiefen.sandbox.app import create_app
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import Clock
from tiefen.sandbox.pay import charge as charging
from tiefen.sandbox.pay import refunds

from .conftest import START, Recorder, World
from .merchant import Shop, open_shop

pytestmark = pytest.mark.slow


def wrong(box: Box) -> list[str]:
    """Every broken rule of the books, by name."""
    found = []
    for charge in box.charges.values():
        mine = [r for r in box.refund_ids.values() if r.transaction_id == charge.transaction_id]
        live = sum(r.amount_fen for r in mine if r.status != "CLOSED")
        if live > charge.amount_fen:
            found.append("refunded more than charged")
        if live != charge.refunded_fen:
            found.append("refunded_fen is not the sum of the refunds")
        if len({r.out_refund_no for r in mine}) != len(mine):
            found.append("one number, two refunds")
    paid = [(c.mchid, c.out_trade_no) for c in box.charges.values()]
    if len(set(paid)) != len(paid):
        found.append("charged twice")
    return found


def run(story: Callable[[Shop], Awaitable[None]]) -> Box:
    """Play a story in a sandbox of its own; returns the books."""

    async def play() -> Box:
        app = create_app(None, Clock(START, ticking=False), seed=7, auto=False)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
            world = World(app.state.box, app.state.box.clock, http, Recorder())
            await story(await open_shop(world, refund_seconds=60))
        box: Box = app.state.box
        await box.stop()
        box.store.close()
        return box

    return asyncio.run(play())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(0, 5), st.integers(1, 120)),
        st.tuples(
            st.just("settle"), st.integers(0, 5), st.sampled_from(["SUCCESS", "CLOSED", "ABNORMAL"])
        ),
        st.tuples(st.just("wait"), st.just(0), st.integers(1, 90)),
    ),
    min_size=3,
    max_size=12,
)
CALM = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def walk(steps: list[tuple[str, int, Any]]) -> list[str]:
    async def story(shop: Shop) -> None:
        number, _ = await shop.paid()
        for kind, which, value in steps:
            if kind == "refund":
                await shop.refund(number, f"r{which}", value)
            elif kind == "settle":
                known = shop.world.box.refunds.get((shop.account["mchid"], f"r{which}"))
                path = f"/sandbox/api/refunds/{known.refund_id if known else 'none'}/settle"
                await shop.world.http.post(path, json={"status": value})
            else:
                shop.world.clock.move(value)
                await shop.world.post("/clock/run-due")

    return wrong(run(story))


@CALM
@given(STEPS)
def test_no_sequence_of_refunds_exceeds_the_charge(steps: list[tuple[str, int, Any]]) -> None:
    assert walk(steps) == []


def test_the_checker_sees_a_missing_refund_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunds, "_may_refund", lambda *_: None)
    assert "refunded more than charged" in walk([("refund", 0, 60), ("refund", 1, 60)])


async def rush(shop: Shop) -> None:
    number, _ = await shop.paid()
    await asyncio.gather(*(shop.refund(number, f"r{i}", 10) for i in range(20)))
    _, first = await shop.prepay("race00000001")
    _, second = await shop.prepay("race00000001")
    pay = shop.world.post
    await asyncio.gather(*(pay(f"/pay/{p}") for p in (first, second) * 5))


def test_twenty_refunds_and_ten_payments_at_once_keep_the_books() -> None:
    box = run(rush)
    assert wrong(box) == []
    assert len(box.refund_ids) == 10
    assert len(box.charges) == 2


def test_the_checker_sees_a_second_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging, "_refusal", lambda *_: "")
    assert "charged twice" in wrong(run(rush))
