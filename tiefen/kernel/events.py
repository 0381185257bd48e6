"""Events: what happened, as a row in the same commit as the change.

`publish()` notes the event on the transaction; just before the commit one statement writes all
event rows and one job for each subscriber. The worker delivers to each subscriber at least once and
in order per aggregate; because the job's acknowledgement commits together with the subscriber's
own rows, the effect happens exactly once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, dataclass_transform

import msgspec
from sqlalchemy import BigInteger, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel import crypto, jobs
from tiefen.kernel import db as database
from tiefen.kernel.db import Json, PlatformBase, Tx
from tiefen.kernel.jobs import DEFAULT_ATTEMPTS, LANES, Pending, pending, register


class EventRow(PlatformBase):
    """The log of all events of all merchants; kept for a month for inspection and replay."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    merchant: Mapped[str] = mapped_column(String(31))
    name: Mapped[str] = mapped_column(String(80))
    aggregate: Mapped[str] = mapped_column(String(120))
    payload: Mapped[Json]
    at: Mapped[datetime]
    __table_args__ = (Index(None, "merchant", "aggregate", "id"), Index(None, "at"))


@dataclass(frozen=True, slots=True)
class Subscription:
    """One hearer of one event."""

    subscriber: str
    event: str
    lane: str

    @property
    def room(self) -> str:
        """`on:room`: a room hears all events of an aggregate in order, whichever function does."""
        return self.subscriber.partition(".")[0]


_names: dict[type, str] = {}
_types: dict[str, type] = {}
_sealed: dict[str, tuple[str, ...]] = {}
_subscriptions: dict[str, list[Subscription]] = {}


T = TypeVar("T")
E = TypeVar("E")


@dataclass_transform(frozen_default=True)
def event(name: str, *, sealed: tuple[str, ...] = ()) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass of plain values as the event `name` (`room.past_tense`).

    Texts named in `sealed` lie encrypted in the log and in what waits of it: people's own words.
    """

    def declare(cls: type[T]) -> type[T]:
        made: type[T] = dataclass(frozen=True, slots=True)(cls)
        if name in _types:
            raise ValueError(f"event {name} is declared twice")
        _names[made] = name
        _types[name] = made
        _sealed[name] = sealed
        return made

    return declare


def on(
    kind: type[E], *, lane: str = "default", alone: bool = False
) -> Callable[[Callable[[Tx, E], Awaitable[None]]], Callable[[Tx, E], Awaitable[None]]]:
    """Subscribe a coroutine function of a `subscribers.py` to an event.

    It may share its transaction with other deliveries of its lane, unless it is `alone`.
    """
    assert lane in LANES

    def subscribe(
        handler: Callable[[Tx, E], Awaitable[None]],
    ) -> Callable[[Tx, E], Awaitable[None]]:
        room = handler.__module__.split(".")[-2]
        subscriber = f"on:{room}.{handler.__name__}"
        name = _names[kind]

        async def deliver(tx: Tx, event: dict[str, Any]) -> None:
            told = event | {field: crypto.opened(event[field]) for field in _sealed[name]}
            await handler(tx, msgspec.convert(told, kind, strict=False))

        attempts = DEFAULT_ATTEMPTS
        register(subscriber, deliver, lane=lane, outward=False, attempts=attempts, alone=alone)
        _subscriptions.setdefault(name, []).append(Subscription(subscriber, name, lane))
        return handler

    return subscribe


def publish(tx: Tx, event: object, *, aggregate: str) -> None:
    """Note that `event` happened to `aggregate` (`order:17`); written with the commit of `tx`."""
    name = _names[type(event)]
    payload = msgspec.to_builtins(event)
    for field in _sealed[name]:
        payload[field] = payload[field] and crypto.seal(payload[field], merchant=tx.merchant)
    tx.info.setdefault("events", []).append(
        {"name": name, "aggregate": aggregate, "payload": payload, "at": tx.now}
    )
    for subscription in _subscriptions.get(name, ()):
        pending(
            tx,
            Pending(
                name=subscription.subscriber,
                lane=subscription.lane,
                args={"event": payload},
                run_at=tx.now,
                order_key=f"{tx.merchant}|{subscription.room}|{aggregate}",
                key=None,
                max_attempts=DEFAULT_ATTEMPTS,
            ),
        )


def subscriptions() -> dict[str, list[Subscription]]:
    """Event name → who hears it."""
    return _subscriptions


def declared() -> dict[str, type]:
    """Event name → its class."""
    return _types


_INSERT = """
    INSERT INTO platform.event (merchant, name, aggregate, payload, at)
    SELECT $1, e.name, e.aggregate, e.payload, e.at
    FROM jsonb_to_recordset($2::jsonb)
         AS e(name text, aggregate text, payload jsonb, at timestamptz)
"""
_INSERT_WITH_JOBS = f"WITH told AS ({_INSERT}) {jobs.insert(rows='$3')}"


async def _write(tx: Tx) -> None:
    """The events, and in the same round trip the jobs: an event that is heard makes some."""
    events = tx.info.pop("events", None)
    if events:
        rows = msgspec.json.encode(events).decode()
        asked = jobs.noted(tx)
        if asked:
            await tx.rows(_INSERT_WITH_JOBS, tx.merchant, rows, asked)
        else:
            await tx.rows(_INSERT, tx.merchant, rows)


database.before_commit.insert(0, _write)
