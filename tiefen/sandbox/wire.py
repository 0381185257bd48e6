"""The wire log: every platform request that came in and every push that went out, and the live event stream."""

import asyncio
import shlex
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clock import iso

KEPT = 3000
BODY_SHOWN = 64 * 1024

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Entry:
    id: int
    at: float
    direction: str
    platform: str
    account: str
    method: str
    url: str
    request_headers: Headers
    request_body: bytes
    status: int = 0
    response_headers: Headers = ()
    response_body: bytes = b""
    decoded: str | None = None
    response_decoded: str | None = None
    signature: str = "none"
    ms: float = 0.0
    fault: str = ""
    error: str = ""
    rid: str = ""


def _text(body: bytes) -> str:
    if len(body) > BODY_SHOWN:
        return f"({len(body)} bytes)"
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes, not text)"


def curl(entry: Entry) -> str:
    """The request as a shell command. Headers a client adds by itself are left out."""
    own = {"host", "content-length", "accept-encoding", "connection", "transfer-encoding"}
    parts = ["curl", "-X", entry.method]
    for name, value in entry.request_headers:
        if name.lower() not in own:
            parts += ["-H", f"{name}: {value}"]
    if entry.request_body:
        parts += ["--data-binary", _text(entry.request_body)]
    return shlex.join([*parts, entry.url])


def summary(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "direction": entry.direction,
        "platform": entry.platform,
        "account": entry.account,
        "method": entry.method,
        "url": entry.url,
        "status": entry.status,
        "signature": entry.signature,
        "ms": round(entry.ms, 2),
        "fault": entry.fault,
        "error": entry.error,
    }


def whole(entry: Entry) -> dict[str, Any]:
    return summary(entry) | {
        "request": {"headers": dict(entry.request_headers), "body": _text(entry.request_body)},
        "response": {
            "status": entry.status,
            "headers": dict(entry.response_headers),
            "body": _text(entry.response_body),
        },
        "decoded": entry.decoded,
        "response_decoded": entry.response_decoded,
        "curl": curl(entry),
    }


class Wire:
    def __init__(self) -> None:
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._next = 1
        self._streams: set[Stream] = set()

    def open(
        self,
        at: float,
        direction: str,
        platform: str,
        account: str,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
    ) -> Entry:
        entry = Entry(self._next, at, direction, platform, account, method, url, headers, body)
        self._next += 1
        self._entries[entry.id] = entry
        if len(self._entries) > KEPT:
            self._entries.popitem(last=False)
        return entry

    def close(self, entry: Entry) -> None:
        """The answer is known: tell whoever listens."""
        if self._streams:
            self.publish("wire", whole(entry))

    def get(self, entry_id: int) -> Entry | None:
        return self._entries.get(entry_id)

    def by_rid(self, rid: str) -> Entry | None:
        return next((e for e in reversed(self._entries.values()) if e.rid == rid), None)

    def listed(self, *, after: int, limit: int, account: str, direction: str) -> list[Entry]:
        """Oldest first; without `after` the newest `limit`."""
        found = [
            e
            for e in self._entries.values()
            if e.id > after
            and (not account or e.account == account)
            and (not direction or e.direction == direction)
        ]
        return found[:limit] if after else found[-limit:]

    def clear(self) -> None:
        self._entries.clear()

    def publish(self, event: str, data: Mapping[str, Any], fan_id: int | None = None) -> None:
        for stream in self._streams:
            stream.offer(event, data, fan_id)

    @property
    def watched(self) -> bool:
        return bool(self._streams)

    def stream(self, fan_id: int | None) -> "Stream":
        made = Stream(self, fan_id)
        self._streams.add(made)
        return made

    def end(self) -> None:
        """Let every listener go: the sandbox is about to stop."""
        for stream in list(self._streams):
            stream.end()

    def forget(self, stream: "Stream") -> None:
        self._streams.discard(stream)


class Stream:
    """One listener; a slow one loses the oldest events rather than holding up the sandbox."""

    def __init__(self, wire: Wire, fan_id: int | None) -> None:
        self._wire = wire
        self._fan_id = fan_id
        self._queue: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue(500)

    def offer(self, event: str, data: Mapping[str, Any], fan_id: int | None) -> None:
        if self._fan_id is not None and fan_id is not None and fan_id != self._fan_id:
            return
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait((event, data))

    def end(self) -> None:
        self.offer("", {}, None)

    async def next(self, patience: float) -> tuple[str, Mapping[str, Any]] | None:
        """The next event, or None after `patience` real seconds of silence; a nameless one is the end."""
        try:
            return await asyncio.wait_for(self._queue.get(), patience)
        except TimeoutError:
            return None

    def close(self) -> None:
        self._wire.forget(self)
