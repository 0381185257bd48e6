"""What was charged outlives a kill of the process; the rest comes back from a clean stop."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ports
from tiefen.sandbox.app import create_app
from tiefen.sandbox.clock import Clock

from .conftest import START, Recorder, World
from .merchant import Shop, open_shop

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def process(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The sandbox as a process of its own, up and answering."""
    command = [sys.executable, "-m", "tiefen.sandbox", "--port", str(port), "--data", str(data)]
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        for _ in range(200):
            with contextlib.suppress(httpx.HTTPError):
                if (
                    httpx.get(
                        f"http://127.0.0.1:{port}/sandbox/health", trust_env=False
                    ).status_code
                    == 200
                ):
                    break
            time.sleep(0.05)
        yield running
    finally:
        running.kill()
        running.wait(10)


@pytest.mark.slow
async def test_a_charge_answered_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    port = ports.pair()
    url = f"http://127.0.0.1:{port}"
    answered: list[str] = []
    with process(tmp_path, port) as running:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
            world = World(None, Clock(), http, Recorder())  # type: ignore[arg-type]
            shop = await open_shop(world)
            account, app, fan = shop.account, shop.app, shop.fan
            for index in range(20):
                _, told = await shop.paid(f"kill{index:08d}", notify_url="http://127.0.0.1:9/never")
                answered.append(told["charge"]["transaction_id"])
            refund = await shop.refund(
                "kill00000000", "r1", 100, notify_url="http://127.0.0.1:9/never"
            )
            assert refund.status_code == 200
            running.send_signal(signal.SIGKILL)
            running.wait(10)
    with process(tmp_path, port):
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
            world = World(None, Clock(), http, Recorder())  # type: ignore[arg-type]
            found = (await world.do("GET", "/charges"))["items"]
            assert {c["transaction_id"] for c in found} == set(answered)
            again = await world.post("/accounts", kind="pay", key="pay")
            assert again["merchant_private_key"] == account["merchant_private_key"]
            shop = Shop(world, app, account, fan)
            query = await shop.send("GET", "/v3/refund/domestic/refunds/r1")
            assert query.json()["amount"]["refund"] == 100
            (notice,) = (await world.do("GET", "/notices?out_trade_no=kill00000001"))["items"]
            assert notice["state"] == "waiting"


async def test_a_clean_stop_keeps_everything(tmp_path: Path) -> None:
    clock = Clock(START, ticking=False)
    seen: dict[str, Any] = {}
    for turn in (1, 2):
        app = create_app(tmp_path, clock, seed=7, auto=False)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
            world = World(app.state.box, clock, http, Recorder())
            if turn == 1:
                oa = await world.oa(callback_url="")
                fan = await world.fan(key="lin", nickname="小林")
                path = f"/fans/{fan['id']}"
                await world.post(f"{path}/follow", app_id=oa["app_id"])
                await world.post(f"{path}/text", app_id=oa["app_id"], content="你好")
                token = await world.token(oa)
                await world.call(token, "/cgi-bin/tags/create", {"tag": {"name": "铁粉"}})
                seen = {"oa": oa, "token": token, "fan": await world.do("GET", path)}
                seen["chat"] = await world.do("GET", f"{path}/chats/{oa['app_id']}")
            else:
                oa = await world.oa(callback_url="")
                assert oa == seen["oa"]
                fan = await world.fan(key="lin")
                assert fan == seen["fan"]
                path = f"/fans/{fan['id']}/chats/{oa['app_id']}"
                assert await world.do("GET", path) == seen["chat"]
                assert (await world.call(seen["token"], "/cgi-bin/user/get"))["total"] == 1
                assert (await world.call(seen["token"], "/cgi-bin/tags/get"))["tags"][-1][
                    "name"
                ] == "铁粉"
                assert (await world.fan(nickname="新"))["id"] == fan["id"] + 1
        await app.state.box.stop()
        app.state.box.store.close()


async def test_lists_keep_their_order_over_a_restart(tmp_path: Path) -> None:
    clock = Clock(START, ticking=False)
    seen: list[Any] = []
    for turn in (1, 2):
        app = create_app(tmp_path, clock, seed=7, auto=False)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
            world = World(app.state.box, clock, http, Recorder())
            if turn == 1:
                shop = await open_shop(world)
                await world.post("/fans", count=12)
                for _ in range(6):
                    clock.move(60)
                    await shop.paid()
            paths = ("/fans", "/orders", "/charges", "/notices")
            seen.append([await world.do("GET", path) for path in paths])
        await app.state.box.stop()
        app.state.box.store.close()
    assert seen[0] == seen[1]


async def test_a_second_start_does_not_repeat_identifiers(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        app = create_app(tmp_path, Clock(START, ticking=False), seed=7, auto=False)
        seen.append(app.state.box.chance.text(20))
        app.state.box.store.close()
    assert len(set(seen)) == 2


async def test_the_same_seed_gives_the_same_world() -> None:
    seen = []
    for _ in range(2):
        app = create_app(None, Clock(START, ticking=False), seed=7, auto=False)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://x.test"
        ) as http:
            world = World(app.state.box, app.state.box.clock, http, Recorder())
            seen.append((await world.oa(), await world.post("/fans", count=50)))
        await app.state.box.stop()
        app.state.box.store.close()
    assert seen[0] == seen[1]


async def test_a_reset_forgets_everything(world: World) -> None:
    shop = await open_shop(world)
    await shop.paid()
    await world.post("/reset")
    counts = (await world.do("GET", "/"))["counts"]
    assert all(not v for v in counts.values())
