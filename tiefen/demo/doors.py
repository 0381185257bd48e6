"""The doors the demo world goes through: our HTTP, the sandbox's phones, and the worker's due jobs.

Both applications run in this process with one injected clock, so that months pass in a minute and
the same seed gives the same world. Nothing else is different from two servers and a network. What
follows from a deed may be worked on in another process, as a worker's is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from tiefen.kernel import worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.jobs import LANES

SIDE_BY_SIDE = 4
"""How many money jobs run at once; what they do does not depend on their order."""
NOBODY_WAITS = 1.0
"""Seconds a shared transaction of the worker may take while no request is under way."""
SIGNED_OUT, MOVED_ON = 401, 409
PHONE = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"
"""What everybody's browser says of itself; each adds a phone of its own."""


class DemoRefused(RuntimeError):
    """A door refused what the script wanted: the script or the product is wrong."""


class MovedOn(DemoRefused):
    """Somebody was quicker, as it happens in a shop: the last piece is gone."""


_own: ContextVar[datetime | None] = ContextVar("own_time", default=None)


class Watch(Travel):
    """The world's clock. Who acts side by side with others has a time of their own, in their task."""

    def __init__(self, start: datetime) -> None:
        self._world = start

    @property
    def now(self) -> datetime:
        """The time of whoever asks."""
        return _own.get() or self._world

    @now.setter
    def now(self, to: datetime) -> None:
        if _own.get():
            _own.set(to)
        else:
            self._world = to

    @contextmanager
    def own(self, at: datetime) -> Iterator[None]:
        """Let this task live at a time of its own."""
        mark = _own.set(at)
        try:
            yield
        finally:
            _own.reset(mark)


@dataclass(slots=True)
class Doors:
    """Everything a demo world can touch. `product` and `sandbox` are clients on the two programs."""

    product: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    db: Db
    clock: Watch
    app_id: str
    say: Callable[[str], None]
    lanes: Sequence[str] = tuple(LANES)
    """The worker's lanes that are worked on in this process."""
    hand: Callable[[datetime], Awaitable[int]] | None = None
    """Whoever does what is due by a moment in the other lanes; how many jobs it did."""
    tokens: dict[int, str] = field(default_factory=dict)
    """Shop sessions by fan's place."""
    entered: dict[int, datetime] = field(default_factory=dict)
    """When each of them began."""
    staff: dict[str, str] = field(default_factory=dict)
    """Console cookies by account."""
    passwords: dict[str, str] = field(default_factory=dict)
    """What each member of staff signs in with, again when a session has ended."""

    def at(self, when: datetime) -> None:
        """Let time pass until `when`; it never goes back."""
        self.clock.now = max(self.clock.now, when)

    async def work(self) -> None:
        """Let the worker do what is due, and the sandbox send what is due."""
        while True:
            ran = worker.drain(
                self.db, at_once=SIDE_BY_SIDE, seconds=NOBODY_WAITS, lanes=self.lanes
            )
            others = [self.hand(self.clock.now)] if self.hand else []
            done = await asyncio.gather(ran, *others)
            sent = (await self.phone("POST", "clock/run-due"))["ran"]
            if not any(done) and not sent:
                return

    async def phone(self, method: str, path: str, **body: Any) -> Any:
        """Something happens on a fan's phone, through the sandbox's control API."""
        answer = await self.sandbox.request(method, f"/sandbox/api/{path}", json=body or None)
        return _checked(answer)

    async def _at_the_desk(self, who: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """What the console answers a member of staff, who signs in again when the session has ended."""
        if who not in self.staff:
            await self.sign_in(who, self.passwords[who])
        for again in (False, True):
            if again:
                await self.sign_in(who, self.passwords[who])
            answer = await self.product.request(
                method,
                f"/api/console/{path}",
                headers={"Cookie": f"tiefen_staff={self.staff[who]}"},
                **sent,
            )
            if answer.status_code != SIGNED_OUT:
                break
        return answer

    async def console(self, who: str, method: str, path: str, /, **body: Any) -> Any:
        """A member of staff does something in the console."""
        sent = None if method == "GET" else body
        return _checked(await self._at_the_desk(who, method, path, json=sent))

    async def table(self, who: str, path: str) -> str:
        """A member of staff takes a table away."""
        answer = await self._at_the_desk(who, "POST", path)
        if answer.status_code >= 400:
            _checked(answer)
        return answer.text

    async def upload(self, who: str, picture: bytes) -> dict[str, Any]:
        """A member of staff uploads a picture."""
        return await self.hand_in(who, "files", "picture.png", picture, "image/png")

    async def hand_in(
        self,
        who: str,
        path: str,
        name: str,
        content: bytes,
        kind: str = "text/csv",
        **fields: str,
    ) -> dict[str, Any]:
        """A member of staff hands in a file, with the fields of its form."""
        file = {"file": (name, content, kind)}
        answer = await self._at_the_desk(who, "POST", path, data=fields, files=file)
        stored: dict[str, Any] = _checked(answer)
        return stored

    def browser(self, fan: int) -> str:
        """What a fan's browser says of itself."""
        return f"{PHONE} demo-phone/{fan}"

    async def sign_in(self, account: str, password: str) -> None:
        """A member of staff signs in to the console."""
        answer = await self.product.post(
            "/api/console/session", json={"account": account, "password": password}
        )
        _checked(answer)
        self.staff[account] = answer.cookies["tiefen_staff"]
        self.passwords[account] = password

    async def shop(
        self,
        fan: int,
        method: str,
        path: str,
        *,
        key: str | None = None,
        cookie: str | None = None,
        **body: Any,
    ) -> Any:
        """A fan does something in the shop."""
        headers = {"User-Agent": self.browser(fan)}
        if fan in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[fan]}"
        if key:
            headers["Idempotency-Key"] = key
        if cookie:
            headers["Cookie"] = cookie
        answer = await self.product.request(
            method, f"/api/shop/{path}", json=body or None, headers=headers
        )
        return _checked(answer)

    async def photo(self, fan: int, path: str, picture: bytes) -> dict[str, Any]:
        """A fan shows a picture."""
        answer = await self.product.post(
            f"/api/shop/{path}",
            files={"file": ("photo.png", picture, "image/png")},
            headers={"Authorization": f"Bearer {self.tokens[fan]}"},
        )
        stored: dict[str, Any] = _checked(answer)
        return stored


def _checked(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        what = f"{answer.request.method} {answer.request.url.path}"
        refused = MovedOn if answer.status_code == MOVED_ON else DemoRefused
        raise refused(f"{what}: {answer.status_code} {answer.text[:600]}")
    return answer.json() if answer.content else None
