"""What follows from a purchase: the van, receipt, a review, the bottle's code, an after-sale.

Each has a time of its own on the agenda, in its fan's line: what staff decide for one fan need not
wait for the others. Most parcels are confirmed by their buyer, some are left
to time; what is sent back is inspected, what is missing is sent again.
"""

import random
from datetime import timedelta
from functools import partial

from tiefen.demo.agenda import Agenda
from tiefen.demo.goods import BOTTLED
from tiefen.demo.phones import Phones
from tiefen.demo.plan import Buy, Complaint
from tiefen.demo.shopkeeping import FINANCE, OWNER, WAREHOUSE

APPROVED_SHARE = 0.85
CONFIRMED_SHARE = 0.85
REVIEWED_SHARE = 0.2
SCANNED_SHARE = 0.5
TOLD_SHARE = 0.1
"""How many buyers fill in the shop's form about themselves."""
COURIERS = (("顺丰速运", "SF"), ("中通快递", "7"), ("圆通速递", "YT"))
WORDS = (
    (5, "包得很仔细，味道比想的还好，已经推荐给同事。"),
    (5, "第三次买了，家里老人也喜欢。"),
    (5, "发货快，分量足。"),
    (4, "东西不错，希望下次有大一点的规格。"),
    (4, "和图片一样，物流慢了一天。"),
    (3, "还可以，略甜。"),
    (5, ""),
)
ANSWERS = {
    5: "谢谢你的喜欢，下次给你多塞一包试吃。",
    4: "谢谢提醒，我们在找更快的快递。",
    3: "谢谢直说，下一批会少放一点糖。",
}
ANSWERED_SHARE = 0.4
TASTES = ("爱喝茶", "爱吃甜", "咖啡党", "做饭的人")


class Aftermath:
    """The warehouse's and the buyer's part after a payment."""

    def __init__(self, phones: Phones, agenda: Agenda, draw: random.Random) -> None:
        self.phones, self.agenda, self.draw = phones, agenda, draw
        self.doors, self.shop = phones.doors, phones.shop
        self.to_ship: list[str] = []
        self.told: set[int] = set()
        self.unread = 0
        """Reviews since the owner looked last."""

    def paid(self, fan: int, order_no: str, buy: Buy, draw: random.Random) -> None:
        """Plan what follows: three or four days after the van it is there."""
        self.to_ship.append(order_no)
        now = self.doors.clock.now
        arrives = now + timedelta(days=1, hours=draw.randint(44, 90))
        if buy.complaint or draw.random() < CONFIRMED_SHARE:
            self.agenda.plan(arrives, fan, partial(self.receive, fan, order_no))
            if draw.random() < REVIEWED_SHARE:
                later = arrives + timedelta(hours=draw.randint(2, 60))
                self.agenda.plan(later, fan, partial(self._review, fan, order_no))
        if any(place == BOTTLED for place, _, _ in buy.basket) and draw.random() < SCANNED_SHARE:
            opened = arrives + timedelta(hours=draw.randint(3, 90))
            self.agenda.plan(opened, fan, partial(self._scan, fan))
        if buy.complaint:
            asked = arrives + timedelta(hours=draw.randint(1, 30))
            self.agenda.plan(asked, fan, partial(self._complain, fan, order_no, buy.complaint))

    async def ship_all(self) -> None:
        """The van comes: everything paid is packed."""
        batch, self.to_ship = sorted(self.to_ship), []
        for number in batch:
            await self.doors.console(
                WAREHOUSE, "POST", f"orders/{number}/parcels", **self.parcel(self.draw)
            )

    def parcel(self, draw: random.Random) -> dict[str, str]:
        """A courier and a tracking number."""
        courier, prefix = draw.choice(COURIERS)
        number = f"{prefix}{draw.randrange(10**11, 10**12)}"
        return {"courier": courier, "tracking_no": number}

    async def receive(self, fan: int, order_no: str) -> None:
        """The parcel is here; now and then its buyer also says something about themselves."""
        await self.phones.enter(fan)
        await self.doors.shop(fan, "POST", f"orders/{order_no}/receive")
        draw = self.phones.draw(fan)
        if fan not in self.told and draw.random() < TOLD_SHARE:
            self.told.add(fan)
            born = f"{draw.randint(1962, 2004)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
            answers = {"birthday": born, "taste": sorted(set(draw.choices(TASTES, k=2)))}
            await self.doors.shop(fan, "PUT", "me/form", values=answers)

    async def _review(self, fan: int, order_no: str) -> None:
        await self.phones.enter(fan)
        order = await self.doors.shop(fan, "GET", f"orders/{order_no}")
        if order["status"] != "received":  # all of it went back meanwhile
            return
        draw = self.phones.draw(fan)
        stars, words = draw.choice(WORDS)
        path = f"orders/{order_no}/lines/{order['lines'][0]['id']}/review"
        await self.doors.shop(fan, "POST", path, stars=stars, words=words)
        self.unread += 1

    async def answer_reviews(self) -> None:
        """The owner reads what is new, and answers some of it."""
        if not self.unread:
            return
        self.unread = 0
        found = await self.doors.console(OWNER, "GET", "reviews?unanswered=true&limit=5")
        for review in found["items"]:
            if self.draw.random() < ANSWERED_SHARE:
                words = ANSWERS[review["stars"]]
                await self.doors.console(
                    OWNER, "POST", f"reviews/{review['id']}/reply", words=words
                )

    async def _scan(self, fan: int) -> None:
        """The code inside the lid; now and then somebody else has scanned it before."""
        draw = self.phones.draw(fan)
        code = draw.choice(self.shop.bottles)
        await self.phones.enter(fan)
        region = self.phones.people[fan].city[0]
        await self.doors.shop(fan, "POST", f"bottles/{code}/scan", region_code=region)

    async def _complain(self, fan: int, order_no: str, complaint: Complaint) -> None:
        await self.phones.enter(fan)
        order = await self.doors.shop(fan, "GET", f"orders/{order_no}")
        asked = await self.doors.shop(
            fan,
            "POST",
            f"orders/{order_no}/after-sales",
            kind=complaint.kind,
            lines=[{"line_id": order["lines"][0]["id"], "quantity": 1}],
            reason=complaint.reason,
            note=complaint.words,
        )
        draw = self.phones.draw(fan)
        if draw.random() < APPROVED_SHARE:
            number = asked["after_sale_no"]
            later = self.doors.clock.now + timedelta(hours=draw.randint(1, 20))
            answer = partial(self._approve, fan, number, complaint.kind)
            self.agenda.plan(later, fan, answer)

    async def _approve(self, fan: int, number: str, kind: str) -> None:
        await self.doors.console(FINANCE, "GET", f"after-sales/{number}/preview")
        words = {"refund": "已退款，抱歉", "return": "同意，麻烦寄回", "resend": "今天给您补一份"}
        await self.doors.console(
            FINANCE, "POST", f"after-sales/{number}/approve", answer=words[kind]
        )
        now, draw = self.doors.clock.now, random.Random(f"after {number}")
        if kind == "return":
            sent = now + timedelta(hours=draw.randint(5, 40))
            self.agenda.plan(sent, fan, partial(self._send_back, fan, number, draw))
        elif kind == "resend":
            sent = now + timedelta(hours=draw.randint(2, 20))
            self.agenda.plan(sent, fan, partial(self._resend, number, draw))

    async def _send_back(self, fan: int, number: str, draw: random.Random) -> None:
        await self.phones.enter(fan)
        await self.doors.shop(fan, "POST", f"after-sales/{number}/parcel", **self.parcel(draw))
        there = self.doors.clock.now + timedelta(hours=draw.randint(40, 80))
        self.agenda.plan(there, fan, partial(self._inspect, number))

    async def _inspect(self, number: str) -> None:
        await self.doors.console(
            FINANCE, "POST", f"after-sales/{number}/inspect", answer="已验货，退款"
        )

    async def _resend(self, number: str, draw: random.Random) -> None:
        await self.doors.console(
            WAREHOUSE, "POST", f"after-sales/{number}/resend", **self.parcel(draw)
        )
