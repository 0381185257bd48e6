"""How a story of one fan is told in the demo world: step by step, through the doors, with its staff.

A story yields how long until its next step; in between the worker does what follows.
"""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tiefen.demo.aftermath import Aftermath
from tiefen.demo.goods import GOODS
from tiefen.demo.phones import Phones
from tiefen.demo.shopkeeping import FINANCE, OWNER
from tiefen.kernel import pdf

Story = AsyncIterator[timedelta]
Line = dict[str, int]
"""A SKU and how many of it."""


def after(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    """How long until the next step."""
    return timedelta(days=days, hours=hours, minutes=minutes)


class Teller:
    """Takes stories on, and knows the steps that several of them have."""

    def __init__(self, phones: Phones, aftermath: Aftermath) -> None:
        self.phones, self.aftermath, self.agenda = phones, aftermath, aftermath.agenda
        self.doors, self.shop = phones.doors, phones.shop
        self.orders = 0

    def tell(self, fan: int, story: Story, at: datetime) -> None:
        """Let a story begin at a time; any of its steps may wait for money."""
        self.agenda.plan(at, fan, partial(self._step, fan, story), buys=True)

    async def _step(self, fan: int, story: Story) -> None:
        wait = await anext(story, None)
        if wait is not None:
            self.tell(fan, story, self.doors.clock.now + wait)

    def special(self, label: str, quantity: int = 1) -> Line:
        """Something that is sold beside the shelves."""
        return {"sku_id": self.shop.special(label), "quantity": quantity}

    def line(self, label: str, variant: int = 0, quantity: int = 1) -> Line:
        """Something from the shelves."""
        place = next(place for place, one in enumerate(GOODS) if one.label == label)
        return {"sku_id": self.shop.skus[place, variant], "quantity": quantity}

    async def order(self, fan: int, *items: Line, **more: Any) -> str:
        """Place an order that nothing stands in the way of; its number."""
        await self.phones.enter(fan)
        number = await self.phones.order(fan, list(items), **more)
        assert number, f"the demo sells what it cannot deliver: {items}"
        self.orders += 1
        return number

    async def buy(self, fan: int, *items: Line, **more: Any) -> str:
        """Place an order and pay what is due of it; its number."""
        number = await self.order(fan, *items, **more)
        await self.phones.settle(fan, number)
        return number

    def send(self, number: str) -> None:
        """The van takes it in the evening."""
        self.aftermath.to_ship.append(number)

    async def answers(self, product: str, **said: str) -> list[dict[str, Any]]:
        """Answers to the shop's questions, by how these begin."""
        asked = await self.doors.console(OWNER, "GET", "form-fields")
        mine = [one for one in asked if one["product_id"] == self.shop.specials[product][0]]
        return [
            {"field_id": one["id"], "value": words}
            for begin, words in said.items()
            for one in mine
            if one["label"].startswith(begin)
        ]

    async def balance_opens(self, fan: int, number: str) -> timedelta:
        """How long until the balance of a presale can be paid."""
        order = await self.doors.shop(fan, "GET", f"orders/{number}")
        opens = datetime.fromisoformat(order["presale"]["balance_from"])
        return opens - self.doors.clock.now

    async def ask(self, fan: int, number: str, kind: str, reason: str, note: str) -> str:
        """Ask for something after the sale of the first line, with a picture; its number."""
        await self.phones.enter(fan)
        shown = await self.doors.photo(fan, "after-sale-pictures", self.shop.photo)
        order = await self.doors.shop(fan, "GET", f"orders/{number}")
        lines = [{"line_id": order["lines"][0]["id"], "quantity": 1}]
        if kind == "exchange":
            lines[0]["replacement_id"] = self.line("马赛皂", 1)["sku_id"]
        asked = await self.doors.shop(
            fan, "POST", f"orders/{number}/after-sales",
            kind=kind, lines=lines, reason=reason, note=note, pictures=[shown["key"]],
        )  # fmt: skip
        return str(asked["after_sale_no"])

    async def decide(self, number: str, what: str, **body: Any) -> None:
        """Finance goes on with an after-sale."""
        await self.doors.console(FINANCE, "POST", f"after-sales/{number}/{what}", **body)

    async def say(self, fan: int, number: str, words: str) -> None:
        """The fan adds something to an after-sale."""
        await self.phones.enter(fan)
        await self.doors.shop(fan, "POST", f"after-sales/{number}/messages", words=words)

    async def send_back(self, fan: int, number: str) -> None:
        """The fan takes it to the courier."""
        await self.phones.enter(fan)
        parcel = self.aftermath.parcel(random.Random(f"back {number}"))
        await self.doors.shop(fan, "POST", f"after-sales/{number}/parcel", **parcel)

    async def issue(self, number: str, bill: str) -> None:
        """Finance writes the invoice and notes it, with its file."""
        waiting = (await self.doors.console(FINANCE, "GET", "invoices?limit=100"))["items"]
        one = next(row for row in waiting if row["order_no"] == number)
        paper = pdf.Paper(210, 140)
        paper.text(20, 20, 8, "电子发票 样张")
        paper.text(20, 40, 5, f"{one['title']}  {one['tax_no']}")
        paper.text(20, 50, 5, f"发票号码 {bill}")
        await self.doors.hand_in(
            FINANCE, f"invoices/{one['id']}/issue", f"{bill}.pdf", paper.save(), "application/pdf",
            number=bill,
        )  # fmt: skip
