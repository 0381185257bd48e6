"""The sandbox's state and the few things every platform needs: accounts, fans, chats, time, chance, the way out."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from . import crowd, keys, world
from .chance import Chance
from .clock import BEIJING, Agenda, Clock, iso
from .errors import missing
from .faults import Faults
from .models import (
    AccessToken,
    App,
    Charge,
    Code,
    Crowd,
    Fan,
    Media,
    Merchant,
    Message,
    Meta,
    Notice,
    Order,
    Refund,
    Relation,
    Shipment,
    TokenState,
    Usage,
)
from .store import Store
from .wire import Wire

FLUSH_SECONDS = 0.5


class Box:
    """One running sandbox. All of it lives on one event loop; nothing awaits between a check and its effect."""

    def __init__(
        self,
        data_dir: Path | None,
        clock: Clock,
        *,
        seed: int,
        public_url: str | None,
        transport: httpx.AsyncBaseTransport | None,
        push_timeout: float,
        auto: bool,
    ) -> None:
        self.clock = clock
        self.store = Store(data_dir)
        self.public_url = public_url
        self.push_timeout = push_timeout
        self.agenda = Agenda(clock, auto=auto)
        self.wire = Wire()
        self.faults = Faults()
        self._transport = transport
        self._out: httpx.AsyncBaseTransport | None = transport
        self._out_loop: asyncio.AbstractEventLoop | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._empty()
        world.load(self)
        self.meta.boots += 1
        self.store.now(("meta", "meta", self.meta))
        self.chance = Chance(seed, self.meta.boots)

    def _empty(self) -> None:
        self.meta = Meta()
        self.apps: dict[str, App] = {}
        self.merchants: dict[str, Merchant] = {}
        self.fans: dict[int, Fan] = {}
        self.fan_keys: dict[str, int] = {}
        self.relations: dict[str, Relation] = {}  # by openid
        self.openids: dict[tuple[str, int], str] = {}  # (app id, fan id) → openid
        self.followers: dict[str, dict[str, None]] = {}  # app id → openids in order of following
        self.crowds: dict[str, Crowd] = {}  # by app id
        self.chats: dict[str, list[Message]] = {}  # by openid
        self.notifications: dict[int, list[dict[str, Any]]] = {}  # by fan id
        self.tokens: dict[str, AccessToken] = {}
        self.token_states: dict[str, TokenState] = {}
        self.usage: dict[str, Usage] = {}
        self.codes: dict[str, Code] = {}  # by ticket
        self.code_texts: dict[str, str] = {}  # what the image says → ticket
        self.media: dict[str, Media] = {}
        self.orders: dict[tuple[str, str], Order] = {}  # (mchid, out_trade_no)
        self.prepays: dict[str, Order] = {}
        self.code_urls: dict[str, str] = {}  # code_url → prepay_id
        self.charges: dict[str, Charge] = {}  # by transaction_id
        self.shipments: dict[str, Shipment] = {}  # by transaction_id
        self.refunds: dict[tuple[str, str], Refund] = {}  # (mchid, out_refund_no)
        self.refunds_by_charge: dict[str, list[Refund]] = {}
        self.refund_ids: dict[str, Refund] = {}
        self.notices: dict[str, Notice] = {}
        # Pushes and notices held until the next one that goes the same way, by account.
        self.held: dict[str, list[Callable[[], Awaitable[None]]]] = {}
        self.rates: dict[str, tuple[int, int]] = {}  # mchid → (second, calls in it)
        self._stranger = ""
        self.transient: dict[
            str, Any
        ] = {}  # short-lived codes and the like; a restart loses them, as minutes would

    # -- life ---------------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Make sure the background work runs on this loop."""
        self.agenda.ensure_running()
        loop = asyncio.get_running_loop()
        if self._flusher is None or self._flusher.done() or self._flusher.get_loop() is not loop:
            self._flusher = loop.create_task(self._flush_behind())

    async def _flush_behind(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.store.flush()

    async def stop(self) -> None:
        await self.agenda.stop()
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.gather(self._flusher, return_exceptions=True)
            self._flusher = None
        if self._out is not None:
            await self._out.aclose()
        self.store.flush()

    def reset(self) -> None:
        boots = self.meta.boots
        self.store.clear()
        self._empty()
        self.meta.boots = boots
        self.store.now(("meta", "meta", self.meta))
        self.wire.clear()
        self.faults.rules.clear()
        self.agenda.clear()

    def out(self) -> httpx.AsyncBaseTransport:
        """The way out, one pool of connections a loop.

        The bare transport: a client above it would add redirects, cookies and proxies, which the
        platform's servers do not have, at twice the cost.
        """
        if self._transport is not None:
            return self._transport
        loop = asyncio.get_running_loop()
        if self._out is None or self._out_loop is not loop:
            self._out, self._out_loop = httpx.AsyncHTTPTransport(trust_env=False), loop
        return self._out

    def stranger(self) -> str:
        """A private key nobody trusts, to forge with."""
        if not self._stranger:
            self._stranger = keys.private_pem(keys.new_private_key())
        return self._stranger

    # -- time -----------------------------------------------------------------------------------------------------

    def day(self) -> str:
        """Today in Beijing, where daily quotas turn."""
        return self.clock.now().astimezone(BEIJING).date().isoformat()

    def remember(self, key: str, value: Any, seconds: float) -> None:
        """Keep a short-lived thing until `seconds` from now."""
        self.transient[key] = (self.clock.time() + seconds, value)
        if len(self.transient) > 20_000:
            now = self.clock.time()
            self.transient = {k: v for k, v in self.transient.items() if v[0] > now}

    def recall(self, key: str) -> tuple[Any, bool] | None:
        """The thing and whether it is still fresh, or None when it never was."""
        kept = self.transient.get(key)
        return None if kept is None else (kept[1], kept[0] > self.clock.time())

    # -- finding ----------------------------------------------------------------------------------------------------

    def app(self, app_id: str) -> App:
        found = self.apps.get(app_id)
        if found is None:
            raise missing("app", app_id)
        return found

    def merchant(self, mchid: str) -> Merchant:
        found = self.merchants.get(mchid)
        if found is None:
            raise missing("merchant", mchid)
        return found

    def fan(self, reference: str | int) -> Fan:
        """A fan by id or by any of its openids."""
        text = str(reference)
        fan = self.fans.get(int(text)) if text.isdecimal() else None
        if fan is None:
            known = self.relations.get(text) or self._of_crowds(text)
            fan = self.fans.get(known.fan_id) if known else None
        if fan is None:
            raise missing("fan", reference)
        return fan

    def relation(self, app_id: str, fan_id: int) -> Relation:
        """The fan as this app knows them; made when first asked for."""
        openid = self.openids.get((app_id, fan_id))
        if openid is None:
            openid = self.chance.openid(app_id, fan_id)
            self.relations[openid] = Relation(app_id, fan_id, openid)
            self.openids[app_id, fan_id] = openid
            self.save_relation(self.relations[openid])
        return self.relations[openid]

    def relation_of(self, app: App, openid: str) -> Relation | None:
        relation = self.relations.get(openid)
        if relation is None:
            return crowd.meet(self, app, openid)
        return relation if relation.app_id == app.app_id else None

    def _of_crowds(self, openid: str) -> Relation | None:
        met = (crowd.meet(self, self.apps[app_id], openid) for app_id in self.crowds)
        return next((one for one in met if one), None)

    def save_relation(self, relation: Relation) -> None:
        self.store.later("relation", relation.openid, relation)

    # -- chats ------------------------------------------------------------------------------------------------------

    def say(
        self, relation: Relation, direction: str, via: str, kind: str, **fields: Any
    ) -> Message:
        """Put a message into the fan's thread with this app and tell live listeners."""
        message = Message(relation.next_seq, self.clock.time(), direction, via, kind, **fields)  # type: ignore[arg-type]
        relation.next_seq += 1
        if direction == "out":
            relation.unread += 1
        self.chats.setdefault(relation.openid, []).append(message)
        self.save_relation(relation)
        self.store.later("message", f"{relation.openid}/{message.seq:08d}", message)
        if self.wire.watched:
            shown = {
                "fan": relation.fan_id,
                "app_id": relation.app_id,
                "message": world.shown(message),
            }
            self.wire.publish("message", shown, relation.fan_id)
        return message

    def notify(
        self, fan_id: int, source: str, title: str, rows: list[dict[str, str]], **more: Any
    ) -> None:
        """A system notification on the fan's phone."""
        kept = self.notifications.setdefault(fan_id, [])
        item = {
            "seq": len(kept) + 1,
            "at": iso(self.clock.time()),
            "source": source,
            "title": title,
            "rows": rows,
        }
        kept.append(item | more)
