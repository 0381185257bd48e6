"""The fans' part of the demo world: following, asking, browsing, buying, sharing, leaving.

Each deed goes through the door a person would use. What follows from a purchase is in `aftermath`.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tiefen.demo.aftermath import Aftermath
from tiefen.demo.agenda import STAFF, Agenda
from tiefen.demo.doors import Doors, MovedOn
from tiefen.demo.marketing import open_store
from tiefen.demo.phones import Phones
from tiefen.demo.plan import Act, Arrive, Ask, Buy, Follow, Leave, Person, Share, Visit
from tiefen.demo.shopkeeping import Shop

SHIPPING_HOUR_UTC = 9
"""17:00 in Shanghai: the van comes."""
STORE_DAYS_AGO = 40
"""When the store at the corner opened."""


class Life:
    """What the script's people do, in order of time."""

    def __init__(
        self, doors: Doors, shop: Shop, people: list[Person], phones: list[int], seed: int
    ) -> None:
        self.doors, self.shop, self.people = doors, shop, people
        self.agenda = Agenda(doors)
        self.phones = Phones(doors, shop, people, phones, seed)
        self.after = Aftermath(self.phones, self.agenda, random.Random(f"life {seed}"))
        self.links: dict[int, str] = {}
        """Referrers' codes, once they have looked at their own page."""
        self.orders = 0

    async def live(self, acts: list[Act], until: datetime, tick: Callable[[int], None]) -> None:
        """Live through all acts and what follows from them, up to `until`."""
        for act in acts:
            buys = isinstance(act.deed, Buy)
            self.agenda.plan(act.at, act.fan, partial(self._deed, act), buys=buys)
        day = (acts[0].at if acts else until).replace(
            hour=SHIPPING_HOUR_UTC, minute=0, second=0, microsecond=0
        )
        while day < until:
            self.agenda.plan(day, STAFF, self._evening)
            day += timedelta(days=1)
        self.agenda.plan(until - timedelta(days=STORE_DAYS_AGO), STAFF, self._open_store)
        await self.agenda.run(until, tick)

    async def _evening(self) -> None:
        """The van comes, and the owner reads what fans have written."""
        await self.after.ship_all()
        await self.after.answer_reviews()

    async def _open_store(self) -> None:
        await open_store(self.doors, self.shop)

    async def _deed(self, act: Act) -> None:
        match act.deed:
            case Follow(code):
                await self._follow(act.fan, code)
            case Ask(text):
                await self.phones.tap(act.fan, "text", content=text)
            case Leave():
                self.phones.followers.discard(act.fan)
                await self.phones.tap(act.fan, "unfollow")
            case Visit(goods, link):
                if link is not None:
                    await self.phones.follow_link(act.fan, self.shop.links[link])
                await self.phones.visit(act.fan, goods)
            case Buy():
                await self._buy(act.fan, act.deed)
            case Share():
                await self._share(act.fan)
            case Arrive(referrer):
                await self._arrive(act.fan, referrer)

    async def _follow(self, fan: int, code: int | None) -> None:
        how = {"how": "search"} if code is None else {"scene": self.shop.codes[code]["scene"]}
        await self.phones.tap(fan, "follow", **how)
        self.phones.followers.add(fan)

    async def _share(self, fan: int) -> None:
        """Open one's own page of 老带新 and send the link on."""
        await self.phones.enter(fan)
        mine = await self.doors.shop(fan, "GET", "referral/mine")
        self.links[fan] = mine["code"]

    async def _arrive(self, fan: int, referrer: int) -> None:
        """Open the link a friend has sent."""
        if referrer not in self.links:
            return
        code = self.links[referrer]
        await self.phones.enter(fan)
        await self.doors.shop(fan, "GET", f"referral/landing/{code}")
        await self.doors.shop(fan, "POST", "referral/arrive", code=code)

    async def _buy(self, fan: int, buy: Buy) -> None:
        await self.phones.visit(fan, tuple(place for place, _, _ in buy.basket))
        if buy.claims and self.shop.welcome_coupon:
            await self._claim(fan)
        items = [
            {"sku_id": self.shop.skus[place, variant], "quantity": quantity}
            for place, variant, quantity in buy.basket
        ]
        draw = self.phones.draw(fan)
        number = await self.phones.order(fan, items)
        if number is None:
            return
        self.orders += 1
        self.doors.at(self.doors.clock.now + timedelta(seconds=draw.randint(5, 40)))
        await self.phones.settle(fan, number, buy.outcome)
        if buy.outcome == "success":
            self.after.paid(fan, number, buy, draw)

    async def _claim(self, fan: int) -> None:
        """Take the coupon for new friends, if there is one left for this fan."""
        try:
            await self.doors.shop(fan, "POST", f"coupons/{self.shop.welcome_coupon}/claim")
        except MovedOn:
            return
