"""Processes that keep each other: restarts, ends, orphans. Real processes, no mocks."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests import ports
from tiefen.commands import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
STAY = [sys.executable, "-c", "import sys; sys.stdin.read()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True);"
    " time.sleep(60)",
]


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def children(told: list[str]) -> serving.Children:
    return serving.Children(dict(os.environ), say=told.append)


def watched(
    children: serving.Children, monkeypatch: pytest.MonkeyPatch
) -> tuple[threading.Thread, list[int]]:
    codes: list[int] = []
    monkeypatch.setattr(children, "end_on_signals", lambda: None)  # signals are pytest's here
    thread = threading.Thread(target=lambda: codes.append(children.watch()))
    thread.start()
    return thread, codes


def test_a_child_that_dies_is_started_again(
    children: serving.Children, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    children.start("one", STAY)
    first = children.pid("one")
    thread, codes = watched(children, monkeypatch)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: children.pid("one") != first)
    assert "one ended (-9); starting it again" in told
    children._ending.set()
    thread.join()
    assert codes == [0]


def test_a_child_that_always_dies_ends_the_whole(
    children: serving.Children, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    children.start("one", [sys.executable, "-c", "raise SystemExit(3)"])
    thread, codes = watched(children, monkeypatch)
    thread.join(30)
    assert codes == [1]
    assert told[-1] == "one ends again and again (3); giving up"


def test_stop_ends_all_and_kills_the_stubborn(
    children: serving.Children, told: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.5)
    children.start("good", STAY)
    children.start("bad", STUBBORN, log=tmp_path / "log")
    wait_until(lambda: (tmp_path / "log").read_bytes() == b"up\n")
    pids = [children.pid("good"), children.pid("bad")]
    children.stop()
    assert all(map(gone, pids))
    assert told == [f"bad does not stop; killing process {pids[1]}"]


def test_a_childs_signals_are_its_own(children: serving.Children) -> None:
    children.start("one", STAY)
    assert os.getpgid(children.pid("one")) != os.getpgid(0)
    children.stop()


def test_children_do_not_outlive_a_killed_parent() -> None:
    code = (
        "import os, sys, time\nfrom tiefen.commands import serving\n"
        "box = serving.Children(dict(os.environ), say=print)\n"
        "child = 'import time; from tiefen.commands import serving; serving.stop_at_end_of_input();"
        ' print("up", flush=True); time.sleep(60)\'\n'
        "box.start('one', [sys.executable, '-c', child])\n"
        "print(box.pid('one'), flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout
    with parent.stdout:
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        parent.wait()
    wait_until(lambda: gone(child))


def test_a_taken_port_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            serving.listen("127.0.0.1", other.getsockname()[1])


Run = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def tiefen(database_url: str, tmp_path: Path) -> Iterator[Run]:
    """Start `tiefen …` on the fresh database; what still runs at the end is killed."""
    env = os.environ | {
        "TIEFEN_DATABASE_URL": database_url,
        "TIEFEN_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    running: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        running.append(
            subprocess.Popen([sys.executable, "-m", "tiefen", *arguments], env=env, cwd=ROOT)
        )
        return running[-1]

    yield run
    for one in running:
        one.kill()
        one.wait()


@pytest.mark.parametrize(("workers", "ending"), [(1, signal.SIGTERM), (2, signal.SIGINT)])
def test_serve_answers_and_ends_well(tiefen: Run, workers: int, ending: signal.Signals) -> None:
    port = ports.pair()
    server = tiefen("serve", "--port", str(port), "--workers", str(workers))
    with httpx.Client(trust_env=False) as client:

        def ready() -> bool:
            assert server.poll() is None
            try:
                return client.get(f"http://127.0.0.1:{port}/ready").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, 180)
    begun = half_asked(port)
    with asking(port) as answers:
        server.send_signal(ending)
        wait_until(lambda: refused(port))
        begun.sendall(b"}" + b" " * 9)
        assert begun.recv(9_999).startswith(b"HTTP/1.1 4"), "what had begun is answered"
        begun.close()
    assert server.wait(60) == 0
    assert answers
    assert max(answers) < 500, "others are answered as ever, or find the door closed"


def half_asked(port: int) -> socket.socket:
    """A request whose body has not all come yet."""
    made = socket.create_connection(("127.0.0.1", port))
    made.settimeout(60)
    made.sendall(
        b"POST /m/demo/api/console/session HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: 11\r\n\r\n{"
    )
    return made


@contextmanager
def asking(port: int) -> Iterator[list[int]]:
    """Two who ask again and again, each time anew, until nobody opens; what they were answered."""
    answers: list[int] = []

    def ask() -> None:
        anew = {"Connection": "close"}
        with httpx.Client(trust_env=False, headers=anew) as client, suppress(httpx.TransportError):
            while True:
                answers.append(client.get(f"http://127.0.0.1:{port}/live").status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 5)
    yield answers
    for thread in threads:
        thread.join()


def refused(port: int) -> bool:
    """Whether nobody takes a call any more."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


def test_a_worker_alone_does_a_job_and_ends_well(tiefen: Run, database_url: str) -> None:
    async def ask(sql: str) -> Any:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    asyncio.run(
        ask(
            "INSERT INTO platform.job (merchant, lane, name, args, run_at, max_attempts)"
            " VALUES ('demo', 'bulk', 'kernel.housekeeping', '{}', now(), 3)"
        )
    )
    worker = tiefen("worker")
    undone = (
        "SELECT count(*) FROM platform.job WHERE name = 'kernel.housekeeping' AND merchant = 'demo'"
    )
    wait_until(lambda: asyncio.run(ask(undone)) == 0, 180)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert asyncio.run(ask("SELECT count(*) FROM platform.worker")) == 0
