"""The fans' part of the demo world: following, asking, browsing, buying, returning, leaving.

Each deed goes through the door a person would use. What follows from a purchase (shipping by the
warehouse, receipt, a refund) is put on the agenda with its own time.
"""

import asyncio
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tiefen.demo.doors import Doors, MovedOn
from tiefen.demo.plan import Act, Ask, Buy, Follow, Leave, Person, Visit
from tiefen.demo.shopkeeping import Shop

WAREHOUSE, FINANCE = "dazhuang", "sujie"
STAFF = -1
"""On the agenda: not a fan."""
COURIERS = (("顺丰速运", "SF"), ("中通快递", "7"), ("圆通速递", "YT"))
APPROVED_SHARE = 0.85
AT_ONCE = 16
"""How many fans act side by side."""
MOST = 128
"""How many deeds share one round of the worker."""
BUYING = timedelta(minutes=3)
"""Deeds share a round with a purchase only this long: its payment is not to wait for its deadline."""
PHONES_AT_ONCE = 1_000
SIGNED_IN = timedelta(days=29)
"""The shop's page keeps its session on the phone; one older than this signs in anew."""
SHIPPING_HOUR_UTC = 9
"""17:00 in Shanghai: the van comes."""


@dataclass(order=True, slots=True)
class Entry:
    """Something on the agenda."""

    at: datetime
    fan: int
    """Who does it; -1 for staff, who act with nobody else."""
    turn: int
    do: Callable[[], Any] = field(compare=False)
    buys: bool = field(default=False, compare=False)


async def get_phones(doors: Doors, people: list[Person]) -> list[int]:
    """Every person gets a phone at the sandbox; their ids."""
    phones: list[int] = []
    for start in range(0, len(people), PHONES_AT_ONCE):
        some = enumerate(people[start : start + PHONES_AT_ONCE], start=start)
        fans = [
            {
                "key": f"demo-{place}",
                "nickname": person.nickname,
                "phone": person.phone,
                "city": person.city[2],
            }
            for place, person in some
        ]
        made = await doors.phone("POST", "fans", fans=fans)
        phones += [one["id"] for one in made["items"]]
    return phones


class Life:
    """Lets the script happen in order of time.

    Fans are independent: deeds of different fans happen side by side, each at its own time. One
    fan's deeds keep their order, and the worker has done what follows from one before the next:
    it works on a round while other fans do the next one.
    """

    def __init__(
        self, doors: Doors, shop: Shop, people: list[Person], phones: list[int], seed: int
    ) -> None:
        self.doors, self.shop, self.people, self.phones = doors, shop, people, phones
        self.seed, self.draw = seed, random.Random(f"life {seed}")
        self.addresses: dict[int, int] = {}
        self.to_ship: list[str] = []
        self.orders = 0
        self._agenda: list[Entry] = []
        self._busy: set[int] = set()
        """whose deeds of the round before are still being worked on"""
        self._working: asyncio.Task[None] | None = None
        self._turn = count()

    def plan(self, at: datetime, fan: int, do: Callable[[], Any], *, buys: bool = False) -> None:
        """Put something on the agenda."""
        heapq.heappush(self._agenda, Entry(at, fan, next(self._turn), do, buys))

    async def live(self, acts: list[Act], until: datetime, tick: Callable[[int], None]) -> None:
        """Live through all acts and what follows from them, up to `until`."""
        for act in acts:
            self.plan(act.at, act.fan, partial(self._deed, act), buys=isinstance(act.deed, Buy))
        day = (acts[0].at if acts else until).replace(
            hour=SHIPPING_HOUR_UTC, minute=0, second=0, microsecond=0
        )
        while day < until:
            self.plan(day, STAFF, self._ship_all)
            day += timedelta(days=1)
        done = 0
        while self._agenda and self._agenda[0].at < until:
            if self._agenda[0].fan in self._busy | {STAFF}:
                await self._worked()
            entries = self._next(until)
            await self._side_by_side(entries)
            done += len(entries)
            tick(done)
        await self._worked()
        self.doors.at(until)
        await self.doors.work()

    def _next(self, until: datetime) -> list[Entry]:
        """The next deeds that may happen side by side: of one day, at most one of each fan."""
        taken = [heapq.heappop(self._agenda)]
        fans, end = {taken[0].fan, *self._busy}, until
        while self._agenda and len(taken) < MOST and taken[0].fan != STAFF:
            entry, last = self._agenda[0], taken[-1]
            if last.buys:
                end = min(end, last.at + BUYING)
            if entry.at >= end or entry.at.date() != last.at.date() or entry.fan in fans | {STAFF}:
                break
            taken.append(heapq.heappop(self._agenda))
            fans.add(entry.fan)
        return taken

    async def _side_by_side(self, entries: list[Entry]) -> None:
        """Let them happen, each at its own time; then the worker begins with what they caused."""
        self.doors.at(entries[0].at)
        places = asyncio.Semaphore(AT_ONCE)

        async def happen(entry: Entry) -> datetime:
            async with places:
                with self.doors.clock.own(entry.at):
                    await entry.do()
                    return self.doors.clock.now

        end = max(await asyncio.gather(*map(happen, entries)))
        self.doors.at(end)
        await self._worked()
        self._busy = {entry.fan for entry in entries}
        self._working = asyncio.create_task(self._work(end))

    async def _work(self, at: datetime) -> None:
        """What follows from a round, by its end: the world may be further by then."""
        with self.doors.clock.own(at):
            await self.doors.work()

    async def _worked(self) -> None:
        """Wait until everything has followed from the round before."""
        working, self._working = self._working, None
        if working:
            await working
        self._busy = set()

    async def _deed(self, act: Act) -> None:
        match act.deed:
            case Follow(None):
                await self._tap(act.fan, "follow", how="search")
            case Follow(int(code)):
                await self._tap(act.fan, "follow", scene=self.shop.codes[code]["scene"])
            case Ask(text):
                await self._tap(act.fan, "text", content=text)
            case Leave():
                await self._tap(act.fan, "unfollow")
            case Visit(goods):
                await self._visit(act.fan, goods)
            case Buy():
                await self._buy(act.fan, act.deed)

    async def _tap(self, fan: int, what: str, **body: Any) -> None:
        """A quick act on a phone."""
        path = f"fans/{self.phones[fan]}/{what}"
        await self.doors.phone("POST", path, app_id=self.doors.app_id, **body)

    def _draw(self, fan: int) -> random.Random:
        """Chance for what a fan does now: the same however the others hurry."""
        return random.Random(f"life {self.seed} {fan} {self.doors.clock.now.isoformat()}")

    async def _visit(self, fan: int, goods: tuple[int, ...]) -> None:
        await self._enter_shop(fan)
        await self.doors.shop(fan, "GET", "home")
        for place in goods:
            product = self.shop.products[place]
            await self.doors.shop(fan, "GET", f"products/{product}")
        seen = [{"page": "/pages/index/index"}] + [
            {"page": "/pages/product/index", "target": f"product:{self.shop.products[place]}"}
            for place in goods
        ]
        await self.doors.shop(fan, "POST", "hits", visitor=f"demo-visitor-{fan}", hits=seen)

    async def _enter_shop(self, fan: int) -> None:
        """Open the shop from the menu: OAuth, as the page does it."""
        entered = self.doors.entered.get(fan)
        first = entered is None
        if entered and self.doors.clock.now - entered < SIGNED_IN:
            return
        self.doors.tokens.pop(fan, None)
        page = f"{str(self.doors.product.base_url).rstrip('/')}/shop/"
        answer = await self.doors.product.get("/api/shop/oauth-url", params={"redirect": page})
        asked = parse_qs(urlsplit(answer.json()["url"]).query)
        code = await self.doors.phone(
            "POST",
            f"fans/{self.phones[fan]}/oauth",
            app_id=self.doors.app_id,
            scope=asked["scope"][0],
            redirect_uri=asked["redirect_uri"][0],
            state=asked["state"][0],
        )
        browser = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        session = await self.doors.shop(
            fan,
            "POST",
            "session/oauth",
            cookie=browser,
            code=code["code"],
            state=asked["state"][0],
        )
        self.doors.tokens[fan] = session["token"]
        self.doors.entered[fan] = self.doors.clock.now
        if first:
            await self.doors.shop(fan, "PATCH", "me", nickname=self.people[fan].nickname)

    async def _buy(self, fan: int, buy: Buy) -> None:
        await self._visit(fan, tuple(place for place, _, _ in buy.basket))
        items = [
            {"sku_id": self.shop.skus[place, variant], "quantity": quantity}
            for place, variant, quantity in buy.basket
        ]
        address = await self._address(fan)
        quote = await self.doors.shop(fan, "POST", "checkout/quote", lines=items)
        if not quote["can_place"]:
            return
        draw = self._draw(fan)
        try:
            order = await self.doors.shop(
                fan,
                "POST",
                "orders",
                key=f"demo-order-{fan}-{self.doors.clock.now.timestamp():.0f}",
                lines=items,
                address_id=address,
                digest=quote["digest"],
            )
        except MovedOn:
            return
        self.orders += 1
        self.doors.at(self.doors.clock.now + timedelta(seconds=draw.randint(5, 40)))
        number = order["order_no"]
        paying = await self.doors.shop(fan, "POST", f"orders/{number}/pay", client="jsapi")
        await self._pay(fan, paying["sheet"], buy.outcome)
        if buy.outcome == "success":
            self.to_ship.append(number)
            self._plan_receipt(fan, number, buy.refund, draw)

    async def _pay(self, fan: int, sheet: dict[str, str], outcome: str) -> None:
        """The pay sheet comes up on the phone."""
        prepay = sheet["package"].removeprefix("prepay_id=")
        params = {
            "appId": sheet["app_id"],
            "timeStamp": sheet["time_stamp"],
            "nonceStr": sheet["nonce_str"],
            "package": sheet["package"],
            "signType": sheet["sign_type"],
            "paySign": sheet["pay_sign"],
        }
        await self.doors.phone(
            "POST", f"pay/{prepay}", fan=self.phones[fan], outcome=outcome, params=params
        )

    async def _address(self, fan: int) -> int:
        if fan not in self.addresses:
            person = self.people[fan]
            made = await self.doors.shop(
                fan,
                "POST",
                "addresses",
                name=person.nickname,
                phone=person.phone,
                region_code=person.city[0],
                detail=person.street,
                is_default=True,
            )
            self.addresses[fan] = made["id"]
        return self.addresses[fan]

    async def _ship_all(self) -> None:
        """The van comes: everything paid is packed."""
        batch, self.to_ship = sorted(self.to_ship), []
        for number in batch:
            courier, prefix = self.draw.choice(COURIERS)
            await self.doors.console(
                WAREHOUSE,
                "POST",
                f"orders/{number}/parcels",
                courier=courier,
                tracking_no=f"{prefix}{self.draw.randrange(10**11, 10**12)}",
            )

    def _plan_receipt(
        self, fan: int, order_no: str, refund: tuple[str, str] | None, draw: random.Random
    ) -> None:
        """Three or four days after the van; most people confirm, the rest is left to time."""
        van = self.doors.clock.now + timedelta(days=1)
        arrives = van + timedelta(hours=draw.randint(44, 90))
        if draw.random() < 0.85 or refund:
            self.plan(arrives, fan, lambda: self._receive(fan, order_no))
        if refund:
            asked = arrives + timedelta(hours=draw.randint(1, 30))
            self.plan(asked, fan, lambda: self._ask_refund(fan, order_no, refund))

    async def _receive(self, fan: int, order_no: str) -> None:
        await self._enter_shop(fan)
        await self.doors.shop(fan, "POST", f"orders/{order_no}/receive")

    async def _ask_refund(self, fan: int, order_no: str, reason: tuple[str, str]) -> None:
        await self._enter_shop(fan)
        order = await self.doors.shop(fan, "GET", f"orders/{order_no}")
        line = order["lines"][0]
        asked = await self.doors.shop(
            fan,
            "POST",
            f"orders/{order_no}/after-sales",
            lines=[{"line_id": line["id"], "quantity": 1}],
            reason=reason[0],
            note=reason[1],
        )
        draw = self._draw(fan)
        if draw.random() < APPROVED_SHARE:
            later = self.doors.clock.now + timedelta(hours=draw.randint(1, 20))
            self.plan(later, STAFF, lambda: self._approve(asked["after_sale_no"]))

    async def _approve(self, number: str) -> None:
        await self.doors.console(FINANCE, "GET", f"after-sales/{number}/preview")
        await self.doors.console(
            FINANCE, "POST", f"after-sales/{number}/approve", answer="已退款，抱歉"
        )
