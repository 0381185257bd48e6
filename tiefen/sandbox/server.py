"""A sandbox on a free loopback port in a thread of its own, for tests and scripts."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette

from .app import create_app
from .box import Box
from .clock import Clock

START_SECONDS = 15.0


class SandboxServer(uvicorn.Server):
    """uvicorn, but live event streams end at once when it is told to stop."""

    def __init__(self, app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=3
            )
        )
        self.box: Box = app.state.box

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.box.wire.end()
        await super().shutdown(sockets)


@dataclass(frozen=True, slots=True)
class Running:
    """Where it listens, its clock, and a client for the control API."""

    url: str
    app: Starlette
    clock: Clock
    api: httpx.Client

    @property
    def box(self) -> Box:
        """The state behind it; read it only, since it lives on another thread."""
        box: Box = self.app.state.box
        return box


@contextlib.contextmanager
def start_sandbox(
    data_dir: Path | None = None,
    *,
    clock: Clock | None = None,
    seed: int = 1,
    port: int = 0,
    push_timeout: float = 5.0,
    auto: bool = True,
) -> Iterator[Running]:
    """Serve on 127.0.0.1 until the end of the block; `port` 0 takes a free one."""
    clock = clock or Clock()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(data_dir, clock, seed=seed, push_timeout=push_timeout, auto=auto)
    server = SandboxServer(app)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True
    )
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            listener.close()
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=f"{url}/sandbox/api", trust_env=False, timeout=30) as api:
            yield Running(url, app, clock, api)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()
        app.state.box.store.close()
