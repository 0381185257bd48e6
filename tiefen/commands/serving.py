"""The long-running processes: one HTTP server, several of them, a worker alone; and how they end."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from tiefen.commands.installation import Installation, database
from tiefen.kernel.worker import Worker
from tiefen.main import create_app

GRACE_SECONDS = 25
"""How long a child may take to stop. It answers what was asked, then its worker finishes, then it
gives its connections back: one after the other, so the parts must fit into the whole."""
ANSWER_SECONDS = 10
CANCEL_AGAIN_SECONDS = 5.0
"""What was cancelled has so long to tidy up before it is cancelled once more."""
_PACKAGE = Path(__file__).resolve().parents[1]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it; asyncio sets it itself only where the protocol number is given.
    # Without it small answers on kept connections wait 40 ms for the other side's acknowledgement.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def inherited(fd: int) -> socket.socket:
    """The listening socket a parent process handed over."""
    return socket.socket(fileno=fd)


def serve(installation: Installation, bound: socket.socket, *, work: bool) -> None:
    """Serve HTTP on a listening socket until SIGINT or SIGTERM, with a worker inside when `work`."""
    with asyncio.Runner(loop_factory=fast_loop) as runner:
        runner.run(_serve(installation, bound, work=work))


def fast_loop() -> asyncio.AbstractEventLoop:
    """uvloop where there is one: less work for each packet, from clients and from the database."""
    factory = uvicorn.Config("", loop="auto").get_loop_factory()
    return factory() if factory else asyncio.new_event_loop()


async def _serve(installation: Installation, bound: socket.socket, *, work: bool) -> None:
    settings = installation.settings
    async with database(installation.url, pool_size=settings.pool_size) as db:
        app = create_app(settings, db, work=work)
        make_ready(app)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            timeout_graceful_shutdown=ANSWER_SECONDS,
            lifespan="on",
        )
        server = uvicorn.Server(config)

        def end(_: int, __: FrameType | None) -> None:
            server.should_exit = True

        # uvicorn's own handlers raise each signal once more when it is done; that must not kill us
        # before the database is given back. These also catch a signal before uvicorn has started.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, end)
        await server.serve(sockets=[bound])


def make_ready(app: FastAPI) -> None:
    """Do before the first request what would make it wait, and leave all there is by now out of every
    sweep of memory: each look at what stays held up whoever asked just then.
    """
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.router.routes:  # the first match prepares the routes of a router
        route.matches({**nowhere, "query_string": b"", "app": app})
    gc.freeze()


async def until_told(doing: Coroutine[Any, Any, None]) -> bool:
    """Do something unless SIGINT or SIGTERM comes first; False when one came, done or not.

    A cancellation can get lost on its way down (whatever takes any error for an ordinary one
    loses it), so it is sent until it has arrived. Nothing is raised out of the loop's own callbacks,
    where an exception of a signal would be noted and forgotten.
    """
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    heard = False

    def hear(_: int, __: FrameType | None) -> None:
        nonlocal heard
        heard = True
        loop.call_soon_threadsafe(told.set)

    before = {name: signal.signal(name, hear) for name in (signal.SIGINT, signal.SIGTERM)}
    task, waiting = asyncio.ensure_future(doing), asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)
    finally:
        waiting.cancel()
        for name, handler in before.items():
            signal.signal(name, handler)
    if heard:
        if not task.cancelled():
            task.exception()  # looked at: what a cut causes is nobody's error
        return False
    await task
    return True


def work(installation: Installation) -> None:
    """Run jobs until SIGINT or SIGTERM."""
    with asyncio.Runner(loop_factory=fast_loop) as runner:
        runner.run(_work(installation))


async def _work(installation: Installation) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with database(installation.url, pool_size=installation.settings.pool_size) as db:
        worker = Worker(db)
        await worker.start()
        await ended.wait()
        await worker.stop()


def serve_many(bound: socket.socket, count: int, environment: dict[str, str], *, work: bool) -> int:
    """Keep `count` server processes on one socket; one that dies is started again. Returns 0."""
    command = _on_socket(bound, work=work)
    children = Children(environment, say=_to_stderr, before_stop=bound.close)
    for number in range(count):
        children.start(f"server {number + 1}", command, pass_fds=(bound.fileno(),))
    return children.watch()


def serve_reloading(bound: socket.socket, environment: dict[str, str], *, work: bool) -> int:
    """Serve in a child that is replaced whenever a Python file of the package changes."""
    command = _on_socket(bound, work=work)
    children = Children(environment, say=_to_stderr, before_stop=bound.close)
    children.start("server", command, pass_fds=(bound.fileno(),))
    seen = _newest_source()

    def changed() -> bool:
        nonlocal seen
        newest = _newest_source()
        if newest <= seen:
            return False
        seen = newest
        return True

    return children.watch(restart_when=changed)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


def _on_socket(bound: socket.socket, *, work: bool) -> list[str]:
    also = "--work" if work else "--no-work"
    return [sys.executable, "-m", "tiefen", "serve", also, "--fd", str(bound.fileno())]


def _newest_source() -> float:
    return max(path.stat().st_mtime for path in _PACKAGE.rglob("*.py"))


class Children:
    """Processes that live no longer than we do: each in a group of its own, ended by its number.

    A child's standard input is a pipe from us. When we die, however hard, it reads the end of it
    and stops (see `stop_at_end_of_input`).
    """

    def __init__(
        self,
        environment: dict[str, str],
        *,
        say: Callable[[str], None],
        before_stop: Callable[[], None] | None = None,
    ) -> None:
        """`before_stop`: gives up what we hold open for them, such as a door at which callers would
        wait in vain while they end."""
        self._environment = environment
        self._say = say
        self._before_stop = before_stop
        self._commands: dict[str, tuple[list[str], tuple[int, ...], Path | None]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: list[float] = []
        self._ending = threading.Event()

    def start(
        self,
        name: str,
        command: list[str],
        *,
        pass_fds: tuple[int, ...] = (),
        log: Path | None = None,
    ) -> None:
        """Start a process; its output goes to `log`, or where ours goes."""
        self._commands[name] = (command, pass_fds, log)
        output = log.open("ab") if log else None
        try:
            self._running[name] = subprocess.Popen(  # noqa: S603 our own program
                command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        finally:
            if output:
                output.close()

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return self._running[name].pid

    def ended(self, name: str) -> bool:
        """Whether a child is gone."""
        return self._running[name].poll() is not None

    def end_on_signals(self) -> None:
        """From now on SIGINT and SIGTERM make `watch` return instead of killing us."""

        def end(_: int, __: FrameType | None) -> None:
            self._ending.set()

        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, end)

    def watch(self, *, restart_when: Callable[[], bool] | None = None) -> int:
        """Wait for a signal, starting again what dies; then stop all. 1 if a child would not stay."""
        self.end_on_signals()
        try:
            while not self._ending.wait(0.5):
                for name, child in list(self._running.items()):
                    if child.poll() is None:
                        continue
                    self._deaths = [at for at in self._deaths if at > time.monotonic() - 60]
                    self._deaths.append(time.monotonic())
                    self._close(child)
                    if len(self._deaths) > 5:
                        self._say(f"{name} ends again and again ({child.returncode}); giving up")
                        return 1
                    self._say(f"{name} ended ({child.returncode}); starting it again")
                    self._again(name)
                if restart_when and restart_when():
                    self._say("code changed; restarting")
                    for name in list(self._running):
                        self._stop([name])
                        self._again(name)
            return 0
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask every child to stop, wait, and kill what does not."""
        if self._before_stop:
            self._before_stop()
        self._stop(list(self._running))

    def _again(self, name: str) -> None:
        command, pass_fds, log = self._commands[name]
        self.start(name, command, pass_fds=pass_fds, log=log)

    def _stop(self, names: list[str]) -> None:
        for name in names:
            if self._running[name].poll() is None:
                self._running[name].terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for name in names:
            child = self._running.pop(name)
            try:
                child.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self._say(f"{name} does not stop; killing process {child.pid}")
                child.kill()
                child.wait()
            self._close(child)

    @staticmethod
    def _close(child: subprocess.Popen[bytes]) -> None:
        if child.stdin:
            child.stdin.close()


def stop_at_end_of_input() -> None:
    """Stop this process when whoever holds the other end of its standard input is gone."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
