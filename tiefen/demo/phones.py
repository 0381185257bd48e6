"""What a fan's phone can do: tap in the account, open the shop and look around."""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tiefen.demo.doors import Doors, MovedOn
from tiefen.demo.plan import CENTRES, Person
from tiefen.demo.shopkeeping import Shop

PHONES_AT_ONCE = 1_000
VISITOR = "tiefen_visitor"
AWAY = 0.06
"""So many degrees around the middle of their district people are: some kilometres."""
SIGNED_IN = timedelta(days=29)
"""The shop's page keeps its session on the phone; one older than this signs in anew."""


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


class Phones:
    """Everybody's phone, by the fan's place in the world."""

    def __init__(
        self, doors: Doors, shop: Shop, people: list[Person], ids: list[int], seed: int
    ) -> None:
        self.doors, self.shop, self.people, self.ids, self.seed = doors, shop, people, ids, seed
        self.addresses: dict[int, int] = {}
        self.followers: set[int] = set()
        """Who follows now: they can write to the shop."""
        self.visitors: dict[int, str] = {}
        """What a link's page has left in a browser that is not signed in yet."""

    def draw(self, fan: int) -> random.Random:
        """Chance for what a fan does now: the same however the others hurry."""
        return random.Random(f"life {self.seed} {fan} {self.doors.clock.now.isoformat()}")

    async def tap(self, fan: int, what: str, **body: Any) -> None:
        """A quick act in the account."""
        path = f"fans/{self.ids[fan]}/{what}"
        await self.doors.phone("POST", path, app_id=self.doors.app_id, **body)

    async def enter(self, fan: int) -> None:
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
            f"fans/{self.ids[fan]}/oauth",
            app_id=self.doors.app_id,
            scope=asked["scope"][0],
            redirect_uri=asked["redirect_uri"][0],
            state=asked["state"][0],
        )
        kept = dict(answer.cookies) | self._visitor(fan)
        browser = "; ".join(f"{name}={value}" for name, value in kept.items())
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

    async def say_where(self, fan: int) -> None:
        """Agree that the shop keeps roughly where one is, then send a place in the account."""
        await self.enter(fan)
        await self.doors.shop(fan, "PUT", "me/place", agreed=True)
        city, draw = self.people[fan].city, self.draw(fan)
        latitude, longitude = (one + draw.uniform(-AWAY, AWAY) for one in CENTRES[city[0]])
        await self.tap(fan, "location", latitude=latitude, longitude=longitude, label=city[3])

    def _visitor(self, fan: int) -> dict[str, str]:
        visitor = self.visitors.pop(fan, None)
        return {VISITOR: visitor} if visitor else {}

    async def follow_link(self, fan: int, address: str) -> None:
        """Open a short link that was seen elsewhere; the shop learns who came by it."""
        page = await self.doors.product.get(
            urlsplit(address).path, headers={"User-Agent": self.doors.browser(fan)}
        )
        self.visitors[fan] = page.cookies[VISITOR]
        if fan in self.doors.tokens:
            cookie = f"{VISITOR}={self.visitors.pop(fan)}"
            await self.doors.shop(fan, "POST", "arrivals", cookie=cookie, scene="")

    async def visit(self, fan: int, goods: tuple[int, ...]) -> None:
        """Look at the front page and some goods (places in GOODS)."""
        await self.enter(fan)
        await self.doors.shop(fan, "GET", "home")
        for place in goods:
            await self.doors.shop(fan, "GET", f"products/{self.shop.products[place]}")
        seen = [{"page": "/pages/index/index"}] + [
            {"page": "/pages/product/index", "target": f"product:{self.shop.products[place]}"}
            for place in goods
        ]
        await self.doors.shop(fan, "POST", "hits", visitor=f"demo-visitor-{fan}", hits=seen)

    async def address(self, fan: int) -> int:
        """Where it is sent to, written down once."""
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
            if fan % 2:  # some tell the shop who they are while they are at it
                known = {"phone": person.phone, "real_name": person.nickname}
                await self.doors.shop(fan, "PATCH", "me", **known)
            if fan in self.followers and fan % 5:  # and many where they are
                await self.say_where(fan)
        return self.addresses[fan]

    async def order(self, fan: int, items: list[dict[str, int]], **more: Any) -> str | None:
        """Place an order at the price that is shown; its number, or None if something is gone."""
        address = await self.address(fan)
        quote = await self.doors.shop(fan, "POST", "checkout/quote", lines=items)
        if not quote["can_place"]:
            return None
        with_points = bool(quote["points"]) and fan % 3 > 0  # a third saves them up
        if with_points:
            quote = await self.doors.shop(
                fan, "POST", "checkout/quote", lines=items, use_points=True
            )
        try:
            order = await self.doors.shop(
                fan,
                "POST",
                "orders",
                key=f"demo-order-{fan}-{self.doors.clock.now.timestamp():.0f}",
                lines=items,
                address_id=address,
                digest=quote["digest"],
                coupon_id=quote["coupon_id"],
                use_points=with_points,
                **more,
            )
        except MovedOn:
            return None
        return str(order["order_no"])

    async def settle(self, fan: int, order_no: str, outcome: str = "success") -> None:
        """Pay what is due of an order; the pay sheet ends as `outcome` says."""
        paying = await self.doors.shop(fan, "POST", f"orders/{order_no}/pay", client="jsapi")
        await self.pay(fan, paying["sheet"], outcome)

    async def pay(self, fan: int, sheet: dict[str, str], outcome: str) -> None:
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
            "POST", f"pay/{prepay}", fan=self.ids[fan], outcome=outcome, params=params
        )
