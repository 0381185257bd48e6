"""What happens once or twice in the demo world, whatever its size: presales, services, each after-sale.

The last stories stop half-way, so that whoever looks finds something to do.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tiefen.demo import specials
from tiefen.demo.aftermath import Aftermath
from tiefen.demo.agenda import STAFF
from tiefen.demo.phones import Phones
from tiefen.demo.shopkeeping import FINANCE, MANAGER, OWNER, WAREHOUSE
from tiefen.demo.storytelling import Line, Story, Teller, after
from tiefen.kernel.days import CHINA

CAST = 12
"""How many fans these things happen to."""
COMPANY = {"kind": "company", "title": "杭州拾光茶器有限公司", "tax_no": "91330106MA2KK6XT3P",
           "email": "bills@shiguang.example"}  # fmt: skip
PERSON = {"kind": "personal", "title": "个人", "email": "home@mail.example"}


class Showcase(Teller):
    """The stories, and who they happen to."""

    def __init__(
        self, phones: Phones, aftermath: Aftermath, cast: Sequence[int], seed: int
    ) -> None:
        super().__init__(phones, aftermath)
        self.cast = random.Random(f"cast {seed}").sample(cast, min(CAST, len(cast)))

    def plan(self, until: datetime) -> None:
        """Put every story on the agenda, by days before the end; a world without fans has none."""
        if not self.cast:
            return
        stories: tuple[tuple[float, Callable[[int], Story]], ...] = (
            (40, self._crab), (36, self._crab), (35, self._forgotten), (26, self._ham),
            (24, self._ham), (20, self._left_open), (2, self._tea), (1, self._tea),
            (33, self._class), (16, self._course), (11, self._cards), (6, self._cards),
            (18, self._crock), (9, self._breakfast), (21, self._bill_and_refund), (0.4, self._bill),
            (30, self._exchange), (13, self._rejected), (15, self._withdrawn), (14, self._compensated),
            (10, self._on_its_way_back), (8, self._to_send_back), (7, self._waiting),
            (28, self._wants_cups), (27, self._takes_cups),
        )  # fmt: skip
        for number, (ago, story) in enumerate(stories):
            fan = self.cast[number % len(self.cast)]
            self.tell(fan, story(fan), until - timedelta(days=ago))
        over = until + timedelta(days=specials.CRAB_WINDOW.closes, hours=2)
        self.agenda.plan(over, STAFF, self._season_over)

    # ── presales ─────────────────────────────────────────────────────────────────────────────

    async def _crab(self, fan: int) -> Story:
        said = await self.answers(specials.CRAB, 贺卡="给爸妈，秋天快乐")
        number = await self.buy(fan, self.special(specials.CRAB), answers=said)
        yield await self.balance_opens(fan, number) + after(hours=7)
        await self.phones.enter(fan)
        await self.phones.settle(fan, number)
        self.send(number)
        yield after(days=5)
        await self.aftermath.receive(fan, number)

    async def _season_over(self) -> None:
        product, _ = self.shop.specials[specials.CRAB]
        await self.doors.console(OWNER, "POST", f"products/{product}/shelf", on=False)

    async def _forgotten(self, fan: int) -> Story:
        """The deposit is paid, the balance never."""
        yield after(minutes=1)
        await self.buy(fan, self.special(specials.CRAB))

    async def _ham(self, fan: int) -> Story:
        number = await self.buy(fan, self.special(specials.HAM, 2))
        yield await self.balance_opens(fan, number) + after(hours=5)
        await self.phones.enter(fan)
        await self.phones.settle(fan, number)

    async def _left_open(self, fan: int) -> Story:
        """Its balance can be paid on the last day of the world."""
        yield after(minutes=1)
        await self.buy(fan, self.special(specials.HAM))

    async def _tea(self, fan: int) -> Story:
        yield after(minutes=1)
        await self.buy(fan, self.special(specials.TEA))

    # ── what is not sent in a parcel, and what is sent otherwise ─────────────────────────────

    async def _class(self, fan: int) -> Story:
        """A card for three lessons is used up, another one begun; one slip is taken back."""
        first = self.doors.clock.now.astimezone(CHINA).date() + timedelta(days=3)
        said = await self.answers(specials.CLASS, 第一次=str(first), 想先喝="白茶")
        used_up = await self.buy(fan, self.special(specials.CLASS), answers=said)
        for _ in range(3):
            yield after(days=7, hours=1)
            await self._use(used_up)
        begun = await self.buy(fan, self.special(specials.CLASS), answers=said)
        yield after(days=3)
        await self._use(begun)
        yield after(minutes=5)
        used = await self._ticket(begun)
        await self.doors.console(MANAGER, "POST", f"ticket-uses/{used['uses'][0]['id']}/undo")
        await self._use(begun)

    async def _ticket(self, number: str) -> dict[str, list[dict[str, int]]]:
        found: list[dict[str, list[dict[str, int]]]] = await self.doors.console(
            MANAGER, "GET", f"orders/{number}/tickets"
        )
        return found[0]

    async def _use(self, number: str) -> None:
        code = (await self._ticket(number))["code"]
        await self.doors.console(MANAGER, "POST", f"tickets/{code}/uses", count=1)

    async def _course(self, fan: int) -> Story:
        yield after(minutes=1)
        await self.buy(fan, self.special(specials.COURSE))

    async def _cards(self, fan: int) -> Story:
        yield after(minutes=1)
        await self.buy(fan, self.special(specials.CARD, 2))

    async def _crock(self, fan: int) -> Story:
        """Too heavy for the usual freight, and a company pays for it."""
        number = await self.buy(fan, self.special(specials.CROCK), invoice=COMPANY)
        self.send(number)
        yield after(days=2)
        await self.issue(number, "26332000000071234501")

    async def _breakfast(self, fan: int) -> Story:
        yield after(minutes=1)
        self.send(await self.buy(fan, self.special(specials.BREAKFAST)))

    async def _wants_cups(self, fan: int) -> Story:
        """In the cart for long: by now somebody else has bought them."""
        yield after(minutes=1)
        await self.phones.enter(fan)
        for line in (self.special(specials.CUP), self.line("龙井"), self.line("护手霜", 1)):
            sku, quantity = line["sku_id"], line["quantity"]
            await self.doors.shop(fan, "POST", "cart/items", sku_id=sku, quantity=quantity)

    async def _takes_cups(self, fan: int) -> Story:
        yield after(minutes=1)
        self.send(await self.buy(fan, self.special(specials.CUP, specials.CUPS)))

    # ── invoices ─────────────────────────────────────────────────────────────────────────────

    async def _bill_and_refund(self, fan: int) -> Story:
        """Part of what an invoice says goes back: a red-letter invoice is missing."""
        number = await self.buy(fan, self.line("山茶油", 0, 2), invoice=COMPANY)
        self.send(number)
        yield after(days=5)
        await self.aftermath.receive(fan, number)
        await self.issue(number, "26332000000071234502")
        asked = await self.ask(fan, number, "refund", "damaged", "一瓶的瓶口有点渗油")
        yield after(hours=3)
        await self.decide(asked, "approve", answer="抱歉，退您一瓶的钱，油不用寄回")

    async def _bill(self, fan: int) -> Story:
        """Asked for a while after paying, not written yet."""
        number = await self.buy(fan, self.line("身体乳"))
        yield after(hours=1)
        await self.phones.enter(fan)
        await self.doors.shop(fan, "PUT", f"orders/{number}/invoice", **PERSON)

    # ── after-sales ──────────────────────────────────────────────────────────────────────────

    async def _received(self, fan: int, line: Line) -> tuple[str, timedelta]:
        number = await self.buy(fan, line)
        self.send(number)
        return number, after(days=4, hours=2)

    async def _exchange(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("马赛皂", 0, 2))
        yield wait
        await self.aftermath.receive(fan, number)
        asked = await self.ask(fan, number, "exchange", "wrong_goods", "想要薰衣草的，寄来的是无香")
        yield after(hours=2)
        await self.doors.console(
            FINANCE, "POST", f"after-sales/{asked}/messages", words="收到，换一块薰衣草可以吗？"
        )
        yield after(minutes=20)
        await self.say(fan, asked, "可以的，谢谢")
        yield after(minutes=10)
        await self.decide(asked, "approve", answer="同意换货，麻烦把无香的寄回来")
        yield after(hours=9)
        await self.send_back(fan, asked)
        yield after(days=2)
        await self.decide(asked, "inspect", answer="收到了，没拆过")
        parcel = self.aftermath.parcel(random.Random(f"again {asked}"))
        await self.doors.console(WAREHOUSE, "POST", f"after-sales/{asked}/resend", **parcel)

    async def _rejected(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("每日坚果", 1))
        yield wait
        await self.aftermath.receive(fan, number)
        asked = await self.ask(fan, number, "return", "changed_mind", "吃了三袋，不太喜欢")
        yield after(hours=5)
        await self.decide(asked, "reject", answer="开过袋的坚果不能再卖，这次没法退，给您补一张券")

    async def _withdrawn(self, fan: int) -> Story:
        number = await self.buy(fan, self.line("挂耳咖啡"))
        self.send(number)
        yield after(days=2)
        asked = await self.ask(fan, number, "refund", "not_received", "两天没到")
        yield after(hours=4)
        await self.say(fan, asked, "刚刚收到了，不用退")
        yield after(minutes=2)
        await self.doors.shop(fan, "POST", f"after-sales/{asked}/withdraw")

    async def _compensated(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("柿饼", 1))
        yield wait
        await self.aftermath.receive(fan, number)
        await self.doors.console(
            FINANCE, "POST", f"orders/{number}/compensation",
            amount_fen=600, reason="路上压坏了两个，补您六元",
        )  # fmt: skip

    async def _on_its_way_back(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("无患子", 1))
        yield wait
        await self.aftermath.receive(fan, number)
        asked = await self.ask(fan, number, "return", "not_as_described", "香味比说的浓")
        yield after(hours=3)
        await self.decide(asked, "approve", answer="同意，运费我们出")
        yield after(days=1)
        await self.send_back(fan, asked)

    async def _to_send_back(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("护手霜", 1))
        yield wait
        await self.aftermath.receive(fan, number)
        asked = await self.ask(fan, number, "return", "changed_mind", "买重了，没有拆")
        yield after(hours=6)
        await self.decide(asked, "approve", answer="同意，麻烦寄回")

    async def _waiting(self, fan: int) -> Story:
        number, wait = await self._received(fan, self.line("四季有礼"))
        yield wait + after(days=2)
        asked = await self.ask(fan, number, "return", "damaged", "外盒压扁了，送人拿不出手")
        yield after(minutes=30)
        await self.say(fan, asked, "里面的东西还没有动过")
