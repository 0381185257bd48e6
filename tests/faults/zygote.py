"""A process with everything imported that forks real servers, so that a kill -9 costs milliseconds.

It reads one JSON order a line and answers with one JSON line. A forked server runs the real app on
a port of its own; it may be told to die by SIGKILL at its n-th step, a step being what can be told
apart from outside: before and after each commit that wrote something, before and after each call
outward. `plant` puts a bug in it, for the controls.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from tiefen.commands import serving
from tiefen.inventory import service as inventory
from tiefen.kernel import db as database
from tiefen.kernel import failpoints, heartbeat, http, ids, worker
from tiefen.kernel.auth import anyone
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.settings import Settings
from tiefen.main import create_app
from tiefen.orders import service as orders
from tiefen.payments.service import refunding, settling

WRITES = ("INSERT", "UPDATE", "DELETE")


class Steps:
    """Counts steps, and dies at one."""

    def __init__(self, die_at: int) -> None:
        self.die_at, self.done, self.wrote = die_at, 0, False

    def step(self) -> None:
        self.done += 1
        if self.done == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, db: Db) -> None:
        """Hook into commits and outward calls of this process."""

        @event.listens_for(db.engine.sync_engine, "before_cursor_execute")
        def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
            self.wrote = self.wrote or statement.lstrip().upper().startswith(WRITES)

        async def before(_: Tx) -> None:
            if self.wrote:
                self.step()

        def after(_: Db, __: Tx) -> None:
            if self.wrote:
                self.wrote = False
                self.step()

        database.before_commit.append(before)
        database.after_commit.append(after)
        real = http.Outward.send

        async def send(
            client: http.Outward, request: httpx.Request, **options: Any
        ) -> httpx.Response:
            self.step()
            answer = await real(client, request, **options)
            self.step()
            return answer

        setattr(http.Outward, "send", send)  # noqa: B010 a plant, unseen by types


def plant(bug: str) -> None:
    """Put a bug in this process."""
    if bug:
        PLANTS[bug]()


def ack_before_work() -> None:
    """A job's row goes first, in a commit of its own."""
    real_run = worker.run

    async def run(db: Db, claimed: Any, name: str) -> None:
        mark = {"id": claimed.id, "worker": name, "attempts": claimed.attempts}
        async with db.platform() as tx:
            await tx.execute(worker._ACK, mark)
        with contextlib.suppress(worker.LeaseLost):
            await real_run(db, claimed, name)

    setattr(worker, "run", run)  # noqa: B010


def settle_in_two_commits() -> None:
    """What was charged is committed before it is applied."""
    real_apply = settling._apply

    async def apply(tx: Tx, *rest: Any) -> None:
        await tx.commit()
        for hook in database.after_commit:
            hook(Db.__new__(Db), tx)
        await AsyncSession.execute(tx, database._ENTER_ANEW, {"path": f'"m_{tx.merchant}"'})
        await real_apply(tx, *rest)

    setattr(settling, "_apply", apply)  # noqa: B010


def a_new_refund_number_each_time() -> None:
    """A refund that is asked for again has another number."""
    real_begin = refunding._begin_sending

    async def begin(tx: Tx, refund_id: int) -> Any:
        sending = await real_begin(tx, refund_id)
        if sending is None:
            return None
        facts = {name: getattr(sending, name) for name in type(sending).__slots__}
        return type(sending)(**facts | {"told": False, "out_refund_no": ids.number("R", tx.now)})

    setattr(refunding, "_begin_sending", begin)  # noqa: B010


def forgets_keys() -> None:
    """The key of a checkout is not what decides."""
    real_checkout = orders.checkout

    async def checkout(db: Db, merchant: str, fan_id: int, key: str, wanted: Any) -> Any:
        return await real_checkout(db, merchant, fan_id, key + ids.token(4), wanted)

    setattr(orders, "checkout", checkout)  # noqa: B010


def close_in_two_commits() -> None:
    """The order is closed in one commit, its stock given back in another."""
    real_release = inventory.release

    async def release(tx: Tx, order_no: str) -> bool:
        await tx.commit()
        failpoints.failpoint("planted.between")
        await AsyncSession.execute(tx, database._ENTER_ANEW, {"path": f'"m_{tx.merchant}"'})
        return await real_release(tx, order_no)

    setattr(inventory, "release", release)  # noqa: B010


PLANTS = {
    "ack before work": ack_before_work,
    "settle in two commits": settle_in_two_commits,
    "a new refund number each time": a_new_refund_number_each_time,
    "forgets keys": forgets_keys,
    "close in two commits": close_in_two_commits,
}


apps: dict[str, tuple[Db, FastAPI]] = {}
"""The app of a database, made before any fork: composing it is most of a start."""


def app_name(order: dict[str, Any]) -> str:
    """What an app is kept under."""
    return f"{order['url']} {order['work']}"


def compose(order: dict[str, Any]) -> tuple[Db, FastAPI]:
    """The real app on a database, with one lever."""
    settings = Settings(data_dir=Path(order["data_dir"]), secret_key=SecretStr(order["secret"]))
    db = Db(order["url"], pool_size=5)
    app = create_app(settings, db, work=order["work"])

    @app.post("/levers/drain", dependencies=[Depends(anyone())], include_in_schema=False)
    async def drain() -> int:
        """Run due jobs of the money lanes in this process, one after another."""
        ran = 0
        while claimed := await worker.claim(db, ["callback", "pay"], "lever", most=9):
            for one in claimed:
                await worker.run(db, one, "lever")
            ran += len(claimed)
        return ran

    server_of(app).load()  # what serves is imported here, once
    serving.make_ready(app)  # and what a sweep of memory looks at, a fork would have to copy
    return db, app


def server_of(app: FastAPI) -> uvicorn.Config:
    """How an app is served here."""
    return uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none")


async def serve(order: dict[str, Any], bound: socket.socket) -> None:
    """Run the real app until killed."""
    db, app = apps[app_name(order)]
    plant(order["plant"])
    failpoints.arm(order["failpoint"])
    Steps(order["die_at"]).watch(db)
    await uvicorn.Server(server_of(app)).serve(sockets=[bound])


def fork(order: dict[str, Any]) -> dict[str, Any]:
    """Start a server; its socket listens before we answer."""
    name = app_name(order)
    if name not in apps:
        apps.clear()
        apps[name] = compose(order)
        gc.enable()
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", order["port"]))
    bound.listen(64)
    port = bound.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        with Path(order["log"]).open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        if order["work"]:
            heartbeat.LEASE, heartbeat.SECONDS = timedelta(seconds=1), 0.3
        try:
            asyncio.run(serve(order, bound))
        finally:
            os._exit(0)
    bound.close()
    return {"pid": pid, "port": port}


def end(pid: int, patience: float) -> dict[str, Any]:
    """Give a dying server `patience` seconds to be gone, then kill it; tell whether it had died by itself."""
    deadline = time.monotonic() + patience
    while True:
        gone, _ = os.waitpid(pid, os.WNOHANG)
        if gone or time.monotonic() >= deadline:
            break
        time.sleep(0.005)
    if not gone:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return {"died": bool(gone)}


def tell(answer: dict[str, Any]) -> None:
    """One line to who asked."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve orders until the end of input."""
    tell({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        answer = end(order["pid"], order["patience"]) if order["do"] == "end" else fork(order)
        tell(answer)


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing is left to tidy, and taking down all that was imported takes seconds
