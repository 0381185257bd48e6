"""kill -9 of the server between every two steps of place, pay, settle and refund, and of the worker in mid-job."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import ROOT, SECRET
from tests.faults.rig import connect, count_events, ledger_says, truth
from tiefen.catalog import service as catalog
from tiefen.catalog.schemas import ProductInput
from tiefen.fans import service as fans
from tiefen.fans.models import Fan, FollowerImport
from tiefen.fans.values import FollowerImportState
from tiefen.inventory import service as inventory
from tiefen.inventory.values import MovementReason
from tiefen.kernel import audit, heartbeat, worker
from tiefen.kernel.auth import StaffActor, open_session
from tiefen.kernel.db import Db
from tiefen.payments import service as payments
from tiefen.payments.service import asking
from tiefen.sandbox.server import Running, start_sandbox
from tiefen.wechat import service as wechat

pytestmark = pytest.mark.slow

STAFF = StaffActor(900_001, "小林", frozenset())
MOST_STEPS = 60


class Zygote:
    """The process that forks servers."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdout
        assert self.process.stdout.readline()

    def ask(self, **order: Any) -> dict[str, Any]:
        """One order and its answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with start_sandbox(auto=False, push_timeout=5.0) as running:
        yield running


@dataclass
class Stage:
    """A merchant with goods, a fan who buys, WeChat, and a server that may be killed."""

    db: Db
    url: str
    zygote: Zygote
    box: Running
    folder: Path
    account: dict[str, Any]
    openid: str
    sku_id: int
    token: str
    address_id: int
    http: httpx.AsyncClient
    plant: str = ""
    work: bool = False
    pid: int = 0
    port: int = 0
    deaths: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    # ── the server ──

    def start(self, *, die_at: int = 0, failpoint: str = "") -> None:
        """Fork a server on our port."""
        made = self.zygote.ask(
            do="fork", url=self.url, port=self.port, data_dir=str(self.folder), secret=SECRET,
            log=str(self.folder / "server.log"), work=self.work, plant=self.plant, die_at=die_at,
            failpoint=failpoint,
        )  # fmt: skip
        self.pid, self.port = made["pid"], made["port"]

    def end(self, patience: float = 0.0) -> bool:
        """Kill the server if it lives; True when it died by itself, now or within `patience` seconds."""
        if not self.pid:
            return False
        died: bool = self.zygote.ask(do="end", pid=self.pid, patience=patience)["died"]
        self.pid = 0
        return died

    async def revive(self) -> None:
        """The server died: what it had leased is free after a lease, and another is started."""
        assert self.end(5.0), (self.folder / "server.log").read_text()[-2000:]
        self.deaths += 1
        await self.rescue()
        self.start()

    async def rescue(self) -> None:
        """Let the leases of the dead run out."""
        async with self.db.platform() as tx:
            await tx.execute(
                text(
                    "UPDATE platform.job SET lease_until = now() - interval '1 s' WHERE state = 'running'"
                )
            )
            await tx.execute(heartbeat._RESCUE)

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request that is made again when the server dies under it, as any client would."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        for _ in range(3):
            try:
                return await self.http.request(
                    method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **more
                )
            except httpx.TransportError:
                await self.revive()
        raise AssertionError("the server keeps dying")

    async def shop(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """A shop call that must succeed in the end."""
        answer = await self.call(method, f"/m/demo/api/shop{path}", **more)
        if answer.status_code == 503:  # no answer from WeChat, or a dead connection: try again
            answer = await self.call(method, f"/m/demo/api/shop{path}", **more)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def drain(self) -> None:
        """Let the server do the money lanes' jobs, however often it dies of it; deliver notices; to the end."""
        for _ in range(6):
            ran = int((await self.call("POST", "/levers/drain")).text)
            sent = await self.deliver()
            if not ran + sent:
                return

    async def deliver(self) -> int:
        """Let the sandbox's time pass until it has nothing left to send; a dead server is revived for it."""
        ran: int = (await self.sandbox("POST", "/clock/run-due", until_idle=True))["ran"]
        return ran

    async def finish(self) -> None:
        """All remaining jobs of all lanes, in this process: the other server of the installation."""
        for _ in range(6):
            if not await worker.drain(self.db) + await self.deliver():
                return

    async def sandbox(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """A control call, from a thread: the sandbox may call our server meanwhile."""
        answer = await asyncio.to_thread(self.box.api.request, method, path, json=body or None)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    # ── the story ──

    async def place(self) -> str:
        """An order over HTTP under one idempotency key."""
        lines = [{"sku_id": self.sku_id, "quantity": 1}]
        quote = await self.shop("POST", "/checkout/quote", json={"lines": lines})
        placed = await self.shop(
            "POST", "/orders", headers={"Idempotency-Key": f"key-{next(self.numbers):08d}"},
            json={"lines": lines, "address_id": self.address_id, "digest": quote["digest"]},
        )  # fmt: skip
        return str(placed["order_no"])

    async def pay(self, order_no: str) -> None:
        """Tap pay, pay in the sheet; the notice's first try may find the server dying."""
        sheet = (await self.shop("POST", f"/orders/{order_no}/pay", json={"client": "jsapi"}))[
            "sheet"
        ]
        prepay_id = sheet["package"].removeprefix("prepay_id=")
        done = await self.sandbox("POST", f"/pay/{prepay_id}", fan=self.openid)
        assert done["result"] == "ok"
        if not self.work:
            await self.live()

    async def live(self) -> None:
        """Make sure that a server is there."""
        await self.call("GET", "/live")

    async def buy(self) -> str:
        """Place, pay, settle."""
        order_no = await self.place()
        await self.pay(order_no)
        await self.drain()
        return order_no

    async def agree(self) -> None:
        """Nothing lost, nothing twice, no promise broken, and WeChat tells the same story."""
        assert await audit.run(self.db) == []
        mchid = self.account["mchid"]
        charges = (await self.sandbox("GET", f"/charges?mchid={mchid}&limit=500"))["items"]
        refunds = (await self.sandbox("GET", f"/refunds?mchid={mchid}&limit=500"))["items"]
        books = await ledger_says(self.db)
        assert books["wechat:clearing"] == truth(charges, refunds), (books, charges, refunds)
        assert await count_events(self.db, "payments.succeeded") == len(charges)
        assert await count_events(self.db, "orders.paid") == len(charges)
        async with self.db.platform() as tx:
            left = (
                await tx.execute(
                    text("SELECT name, state, error FROM platform.job WHERE run_at <= now()")
                )
            ).all()
        assert not left, left


@pytest.fixture
async def stage(
    db: Db, database_url: str, zygote: Zygote, box: Running, tmp_path: Path
) -> AsyncIterator[Stage]:
    """Goods on the shelf, a fan with an address, accounts at WeChat."""
    key = tmp_path.name
    made = {}
    for kind in ("pay", "oa"):
        answer = box.api.post("/accounts", json={"kind": kind, "key": key, "name": "小林好物"})
        made[kind] = answer.json()
    account, oa = made["pay"], made["oa"]
    box.api.patch(
        f"/accounts/{account['mchid']}", json={"app_ids": [oa["app_id"]], "probe_every": 0}
    )
    fan = box.api.post("/fans", json={"fans": [{"key": key}]}).json()["items"][0]
    openid = fan["openids"][oa["app_id"]]
    async with db.merchant("demo") as tx:
        product = await catalog.create_product(
            tx, STAFF,
            ProductInput.model_validate(
                {"name": "手工酸奶", "subtitle": "每天早晨现做", "images": ["demo/AAAAAAAAAAAAAAAA.webp"],
                 "skus": [{"price_fen": 1_990, "cost_fen": 800}]}
            ),
        )  # fmt: skip
        await catalog.shelve(tx, STAFF, product.id, on=True)
        await tx.flush()
        (sku_id,) = await catalog.sku_ids_of(tx, product.id)
        await inventory.open_rows(tx, [sku_id])
        await inventory.adjust(tx, STAFF, sku_id, 1_000, MovementReason.RECEIVED, "")
        fan_id = await fans.resolve(tx, oa["app_id"], openid)
        token = await open_session(tx, "fan", fan_id, timedelta(hours=1))
    # No connection is kept: the next request meets the next server.
    client = httpx.AsyncClient(
        timeout=60, trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
    staged = Stage(
        db, database_url, zygote, box, tmp_path, account, openid, sku_id, token, 0, client
    )
    staged.start()
    await connect(db, account, oa, notify_base=f"http://127.0.0.1:{staged.port}", api_base=box.url)
    address = await staged.shop(
        "POST", "/addresses",
        json={"name": "林小满", "phone": "13800001234", "region_code": "330106", "detail": "文三路 100 号"},
    )  # fmt: skip
    staged.address_id = address["id"]
    yield staged
    staged.end()
    await client.aclose()


async def at_every_step(
    stage: Stage,
    story: Callable[[], Awaitable[None]],
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Run the story with a server that dies at its first step, its second …; answers how many it has.

    What comes before the story, `prepare` does with the server that outlived the last one.
    """
    for die_at in range(1, MOST_STEPS):
        if prepare:
            await prepare()
        stage.end()
        stage.deaths = 0
        stage.start(die_at=die_at)
        await story()
        died = stage.deaths
        await stage.finish()
        try:
            await stage.agree()
        except AssertionError as error:
            raise AssertionError(f"after a death at step {die_at}: {error}") from error
        if not died:
            return die_at - 1
    raise AssertionError("the story has no end")


async def test_kill_the_server_between_every_two_steps_of_place_pay_and_settle(
    stage: Stage,
) -> None:
    async def story() -> None:
        order_no = await stage.buy()
        await stage.finish()
        async with stage.db.merchant("demo") as tx:
            assert (await payments.intent(tx, order_no)).state.value == "paid"

    steps = await at_every_step(stage, story)
    assert steps >= 12, (
        "place, intent, call, answer, notice, settle, mark paid: each has a before and an after"
    )


async def ask_refund(stage: Stage, order_no: str, reference: str) -> None:
    """Reserve a part of an order's money for going back."""
    async with stage.db.merchant("demo") as tx:
        intent = await payments.intent(tx, order_no)
        await payments.request_refund(tx, intent.id, 90, reference, "不想要了")


async def older(stage: Stage) -> None:
    """Make what is unknown old enough for the sweep, and sweep."""
    async with stage.db.merchant("demo") as tx:
        await tx.execute(text("UPDATE payment_refund SET check_at = now()"))
    await asking.sweep(stage.db, "demo")


async def test_kill_the_server_between_every_two_steps_of_a_refund(stage: Stage) -> None:
    order_no = await stage.buy()

    async def story() -> None:
        await ask_refund(stage, order_no, f"A{next(stage.numbers)}")
        await stage.drain()
        await older(stage)
        await stage.drain()

    steps = await at_every_step(stage, story)
    assert steps >= 6, "told, call, answer, notice, settled: each has a before and an after"
    back = (steps + 1) * 90
    assert (await ledger_says(stage.db))["orders:unearned"] == 1_990 - back, "each refund once"


async def abandoned(stage: Stage) -> str:
    """An order whose pay sheet was opened and left, long enough ago for everything."""
    order_no = await stage.place()
    await stage.shop("POST", f"/orders/{order_no}/pay", json={"client": "jsapi"})
    async with stage.db.merchant("demo") as tx:
        await tx.execute(
            text("UPDATE payment_attempt SET created_at = created_at - interval '1 h'")
        )
        await tx.execute(text("UPDATE orders SET pay_until = now() WHERE status = 'unpaid'"))
    return order_no


async def overdue(stage: Stage) -> None:
    """The hour has come for what was put off; the server does it, however often it dies of it."""
    async with stage.db.platform() as tx:
        await tx.execute(
            text(
                "UPDATE platform.job SET run_at = now() WHERE state = 'ready'"
                " AND name IN ('orders.close_unpaid', 'payments.close_attempt')"
            )
        )
    await stage.drain()
    await stage.live()


async def closed(stage: Stage, order_no: str) -> None:
    """The order is closed on all sides: here, in stock, in the payment, at WeChat."""
    async with stage.db.merchant("demo") as tx:
        assert (await payments.intent(tx, order_no)).state.value == "closed"
        status = await tx.scalar(
            text("SELECT status FROM orders WHERE order_no = :no"), {"no": order_no}
        )
        assert status == "closed"
        live = await tx.scalar(
            text("SELECT count(*) FROM payment_attempt WHERE state NOT IN ('closed', 'refused')")
        )
        assert not live, "a number that somebody could still pay"
        assert await inventory.available(tx, [stage.sku_id]) == {stage.sku_id: 1_000}
        orders = await tx.scalar(text("SELECT count(*) FROM orders"))
    assert await count_events(stage.db, "orders.closed") == orders, "each told once"


@pytest.mark.parametrize(("how", "least"), [("deadline", 11), ("cancel", 8)])
async def test_kill_the_server_between_every_two_steps_of_closing(
    stage: Stage, how: str, least: int
) -> None:
    orders: list[str] = []

    async def prepare() -> None:
        orders.append(await abandoned(stage))

    async def story() -> None:
        if how == "cancel":
            await stage.shop("POST", f"/orders/{orders[-1]}/cancel")
        await overdue(stage)
        await stage.finish()
        await closed(stage, orders[-1])

    steps = await at_every_step(stage, story, prepare)
    assert steps >= least, (
        "stop, call, number closed, order closed, job gone: each has a before and an after"
    )


async def test_control_a_kill_catches_a_close_in_two_commits(stage: Stage) -> None:
    stage.plant = "close in two commits"
    stage.end()
    stage.start(failpoint="planted.between:kill")
    await abandoned(stage)
    await overdue(stage)
    assert stage.deaths == 1
    await stage.finish()
    found = {breach.invariant for breach in await audit.run(stage.db)}
    assert found >= {"O1-stock", "E1-orders"}, (
        "stock is held for a closed order, and nobody was told"
    )


@pytest.mark.parametrize(
    ("bug", "point"),
    [
        ("ack before work", "payments.settle.after_charge"),
        ("settle in two commits", "payments.settle.after_apply"),
        ("a new refund number each time", "payments.refund.after_call"),
    ],
)
async def test_control_a_kill_catches_a_planted_bug(stage: Stage, bug: str, point: str) -> None:
    stage.plant = bug
    stage.end()
    stage.start(failpoint=f"{point}:kill" if "refund" not in bug else "")
    order_no = await stage.buy()
    if "refund" in bug:
        await ask_refund(stage, order_no, "A1")
        stage.end()
        stage.start(failpoint=f"{point}:kill")
        await stage.drain()
    assert stage.deaths == 1
    await stage.finish()
    with pytest.raises(AssertionError):
        await stage.agree()


SHARED_COMMIT = "together.committed:kill:2"
"""The first is the look-up of the fan's session, the second the order's."""


async def count_orders(stage: Stage) -> int:
    """Orders there are."""
    async with stage.db.merchant("demo") as tx:
        return int(await tx.scalar(text("SELECT count(*) FROM orders")) or 0)


async def test_kill_between_a_shared_commit_and_its_replies_then_the_same_key_again(
    stage: Stage,
) -> None:
    stage.end()
    stage.start(failpoint=SHARED_COMMIT)
    order_no = await stage.place()
    assert stage.deaths == 1
    assert await stage.shop("GET", f"/orders/{order_no}")
    assert await count_orders(stage) == 1
    await stage.finish()
    await stage.agree()


async def test_control_a_replay_that_lost_its_key_is_caught(stage: Stage) -> None:
    """Planted bug: the key is not what decides."""
    stage.plant = "forgets keys"
    stage.end()
    stage.start(failpoint=SHARED_COMMIT)
    await stage.place()
    assert stage.deaths == 1
    assert await count_orders(stage) == 2


@pytest.mark.parametrize(
    "point",
    ["payments.settle.after_charge", "payments.settle.after_apply", "payments.settle.after_post",
     "orders.paid.converted"],
)  # fmt: skip
async def test_kill_a_worker_in_mid_job_and_another_takes_over(stage: Stage, point: str) -> None:
    stage.work = True
    stage.end()
    stage.start(failpoint=f"{point}:kill")
    order_no = await stage.place()
    await stage.pay(order_no)
    await until(lambda: dead(stage))
    stage.start()
    began = time.monotonic()

    async def done() -> bool:
        return await count_events(stage.db, "orders.paid") == 1

    await until(done)
    assert time.monotonic() - began < 15, "within a lease (a second here)"
    stage.end()
    await stage.rescue()
    await stage.finish()
    await stage.agree()


FOLLOWERS = 450


@pytest.mark.parametrize(
    "point",
    ["fans.import.listed:kill", "fans.import.told:kill:2", "fans.import.page:kill:2",
     "fans.import.left:kill"],
)  # fmt: skip
async def test_kill_a_worker_in_mid_import_and_another_goes_on(stage: Stage, point: str) -> None:
    async with stage.db.merchant("demo") as tx:
        app_id = await wechat.own_app_id(tx)
        gone = await fans.resolve(tx, app_id, "oGoneBeforeWeAsked")
        await fans.follow(tx, app_id=app_id, openid="oGoneBeforeWeAsked", scene=None, at=tx.now)
    await stage.sandbox("POST", f"/accounts/{app_id}/followers", count=FOLLOWERS)
    stage.work = True
    stage.end()
    stage.start(failpoint=point)
    async with stage.db.merchant("demo") as tx:
        began = await fans.start_import(tx, STAFF)
    await until(lambda: dead(stage))
    stage.start()

    async def over() -> bool:
        async with stage.db.merchant("demo") as tx:
            row = await tx.get_one(FollowerImport, began.id)
            return row.state is FollowerImportState.DONE

    await until(over, seconds=40)
    stage.end()
    await stage.rescue()
    await stage.finish()
    async with stage.db.merchant("demo") as tx:
        row = await tx.get_one(FollowerImport, began.id)
        assert (row.listed, row.asked, row.added, row.left_us) == (
            FOLLOWERS,
            FOLLOWERS,
            FOLLOWERS,
            1,
        )
        told = "SELECT count(*), count(DISTINCT openid) FROM fan_identity WHERE following"
        assert tuple((await tx.execute(text(told))).one()) == (FOLLOWERS, FOLLOWERS)
        assert not (await tx.get_one(Fan, gone)).following
    await stage.agree()


async def dead(stage: Stage) -> bool:
    """Whether the server has died; reaps it."""
    try:
        await stage.http.get(f"http://127.0.0.1:{stage.port}/live")
    except httpx.TransportError:
        return stage.end(5.0)
    return False


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.05)
