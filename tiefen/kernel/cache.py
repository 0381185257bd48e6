"""A short memory for public reads: the same answer for everyone, kept for a moment in the process.

It sits behind the edge and before routing, so a hit costs no transaction and no serialisation. Only
GETs whose path matches a pattern are kept, only 200s, never anything that depends on who asks.
What decides money is always read anew: a quote never comes from here.
"""

import asyncio
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiefen.kernel.errors import language

SECONDS = 2.0
MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    start: Message
    body: Message
    route: Any
    """The route that made the answer: what is counted and timed per route counts hits too."""


class ShortMemory:
    """Answers GETs that match `patterns` from memory for two seconds; one reader refreshes."""

    def __init__(self, app: ASGIApp, patterns: tuple[str, ...]) -> None:
        self.app = app
        self._pattern = re.compile("|".join(patterns))
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
        self._reading: dict[tuple[str, ...], asyncio.Lock] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or let one request through and remember."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not self._pattern.fullmatch(scope["path"])
        ):
            await self.app(scope, receive, send)
            return
        key = self._key(scope)
        kept = self._fresh(key)
        if kept is None:
            async with self._reading.setdefault(key, asyncio.Lock()):
                kept = self._fresh(key)
                if kept is None:
                    try:
                        await self._read(key, scope, receive, send)
                    finally:
                        self._reading.pop(key, None)
                    return
        scope["route"] = kept.route
        await send({**kept.start, "headers": list(kept.start["headers"])})
        await send(kept.body)

    def _key(self, scope: Scope) -> tuple[str, ...]:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        merchant = scope.get("merchant") or host.decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return (merchant, scope["path"], query, language.get())

    def _fresh(self, key: tuple[str, ...]) -> _Kept | None:
        kept = self._kept.get(key)
        return kept if kept and kept.until > time.monotonic() else None

    async def _read(self, key: tuple[str, ...], scope: Scope, receive: Receive, send: Send) -> None:
        sent: list[Message] = []

        async def noting(message: Message) -> None:
            sent.append(dict(message))  # the edge adds its own headers to what goes out
            await send(message)

        await self.app(scope, receive, noting)
        match sent:
            case [{"status": 200} as start, {"type": "http.response.body"} as body] if not body.get(
                "more_body"
            ):
                self._kept[key] = _Kept(time.monotonic() + SECONDS, start, body, scope.get("route"))
                self._kept.move_to_end(key)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
