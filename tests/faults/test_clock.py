"""A host whose clock is wrong: the database's clock decides, and nobody is believed or lost meanwhile."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.faults.rig import Shop, count_events
from tiefen.fans import service as fans
from tiefen.fans.errors import OAuthStateRefused
from tiefen.kernel import clock, heartbeat, worker
from tiefen.kernel.auth import open_session
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.payments.values import PaymentState

SOURCE = Path(clock.__file__).parents[1]
OWN_TIME = {"sandbox", "demo", "commands"}
"""WeChat's side, a world's own time, and what an operator starts by hand."""
HOST = {
    "kernel/clock.py",
    "kernel/limits.py",  # windows of seconds, in memory; a jump only begins a new one
    "payments/service/billing.py",  # how old a bill one may ask for, in months
    "wechat/callbacks.py",  # WeChat's five minutes, against its own time in the message
    "wechat/paywire.py",
    "wechat/service/diagnose.py",  # tells how wrong the clock is
    "wechat/service/official.py",
}


def test_only_these_ask_the_hosts_clock() -> None:
    asked = re.compile(r"(?<!def )\b(utcnow|datetime\.now|time\.time|today)\(")
    places = {path.relative_to(SOURCE): path for path in SOURCE.rglob("*.py")}
    found = {
        place.as_posix()
        for place, path in places.items()
        if place.parts[0] not in OWN_TIME and asked.search(path.read_text())
    }
    assert found == HOST


class Wrong:
    """Stands in for `datetime` where the kernel asks the host for the time."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.by


@pytest.mark.parametrize("hours", [1, -1, 24])
async def test_a_clock_that_jumps_during_a_sale_decides_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    order_no = await shop.order()
    params = await shop.begin(order_no)
    async with shop.db.merchant("demo") as tx:
        url = await fans.oauth_url(
            tx, redirect="http://test/shop/", scope="snsapi_base", nonce="browser"
        )
        (state,) = parse_qs(urlsplit(url).query)["state"]
        alive = await open_session(tx, "fan", 1, timedelta(minutes=5))
        over = await open_session(tx, "fan", 1, timedelta(seconds=-1))
        later(tx, "orders.close_unpaid", order_no="due", run_at=tx.now)
        later(tx, "orders.close_unpaid", order_no="not yet", run_at=tx.now + timedelta(minutes=30))
    await heartbeat.keep(shop.db, "w")
    with monkeypatch.context() as jumped:
        jumped.setattr(clock, "datetime", Wrong(timedelta(hours=hours)))
        assert abs(clock.utcnow() - datetime.now(UTC)) > timedelta(minutes=59)
        transport = httpx.ASGITransport(app=shop.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            for token, status in ((alive, 200), (over, 401)):
                signed = {"Authorization": f"Bearer {token}"}
                answer = await http.get("/m/demo/api/shop/orders", headers=signed)
                assert answer.status_code == status
            assert (await http.get("/ready")).json()["checks"]["worker"]
        claimed = await worker.claim(shop.db, ["pay", "default"], "w")
        assert {"due"} == {one.args["order_no"] for one in claimed if "order_no" in one.args}
        with pytest.raises(Refusal) as said:
            await fans.recognise(shop.db, "demo", code="none", state=state, nonce="browser")
        assert not isinstance(said.value, OAuthStateRefused), "WeChat's own word on the code"
        await shop.pay(params)
        assert (await shop.statuses())[-1] >= 400, "too old or too new to be believed"
        await shop.wait(timedelta(minutes=6))
        await shop.sweep()
        assert await shop.state(order_no) is PaymentState.OPEN
    await shop.run_sandbox()
    await shop.drain()
    assert await shop.state(order_no) is PaymentState.PAID, "WeChat tells again"
    assert await count_events(shop.db, "payments.succeeded") == 1
    await shop.agree()
