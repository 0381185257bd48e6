"""What the demo shop's staff do with money and stock themselves, whatever the world's size.

Codes at the counter, links that others pay, WeChat's bills, what two people agree on, stock by table.
The last deeds stop half-way, so that whoever looks finds something to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tiefen.demo.agenda import STAFF
from tiefen.demo.shopkeeping import FINANCE, MANAGER, OWNER, WAREHOUSE
from tiefen.demo.storytelling import Line, Story, Teller, after
from tiefen.kernel.days import CHINA

BILLS = 10
"""Of how many days WeChat's bills are here."""
TILL = (
    ("散装龙井 半斤", 6_600), ("自提 腊肠两根", 4_500), ("试喝杯 三只", 2_700), ("称重果干", 3_850),
)  # fmt: skip
"""What was asked for at the counter: paid, paid and partly given back, paid, taken back."""
RECEIVED = "规格编码,增减,预警线\nXL0000,24,10\nXL0001,12,\nXL0200,30,8\n"
"""What the tea garden has sent."""
CHECKED = "规格编码,增减,安全库存\nXL0300,三箱,0\nXL0400,-2,5\nXL9999,12,\nXL0500,6,5\nXL0400,3,5\n"
"""A sheet written by hand, with what such sheets have wrong."""


class Backoffice(Teller):
    """Deeds of staff, and of those who pay for others."""

    def plan(self, cast: Sequence[int], until: datetime) -> None:
        """Put them on the agenda, by days before the end; a world without fans has none."""
        if not cast:
            return
        stories = (
            (7, self._refunded_by_hand), (3, self._paid_by_a_friend),
            (2.2, self._paid_twice), (0.2, self._at_the_counter),
            (0.012, self._to_be_paid_by_a_friend), (0.009, self._code_shown), (0.008, self._cheaper),
        )  # fmt: skip
        for number, (ago, story) in enumerate(stories):
            fan = cast[number % len(cast)]
            self.tell(fan, story(fan), until - timedelta(days=ago))
        for ago, deed in (
            (12, partial(self._stock, RECEIVED, "春茶补货")), (5, self._money_by_hand),
            (4, self._withdrawn), (0.3, partial(self._stock, CHECKED, "货架三")),
            (0.05, self._at_the_till), (0.02, partial(self._bills, until)), (0.006, self._till_waits),
        ):  # fmt: skip
            self.agenda.plan(until - timedelta(days=ago), STAFF, deed)

    # ── what is paid by scanning ─────────────────────────────────────────────────────────────

    async def _scan(self, payer: int) -> None:
        """Somebody scans the code that is on a screen, and pays."""
        shown = await self.doors.phone("GET", "orders?product=NATIVE&state=NOTPAY&limit=1000")
        path = f"pay/{shown['items'][-1]['prepay_ids'][0]}"
        await self.doors.phone("POST", path, fan=self.phones.ids[payer], outcome="success")

    async def _at_the_counter(self, fan: int) -> Story:
        """Staff show the order's code on their screen; the fan's friend scans and pays."""
        number = await self.order(fan, self.line("白茶"), self.line("陈皮普洱", 1))
        await self.doors.console(MANAGER, "POST", f"orders/{number}/pay-code")
        yield after(minutes=1)
        await self._scan(fan)

    async def _paid_twice(self, fan: int) -> Story:
        """The fan pays on the phone while a friend scans the code at the counter: one of them gets it back."""
        yield after(minutes=1)
        number = await self.order(fan, self.line("桂花乌龙"))
        await self.doors.console(MANAGER, "POST", f"orders/{number}/pay-code")
        await self.phones.settle(fan, number)
        await self._scan(fan)
        self.send(number)

    async def _code_shown(self, fan: int) -> Story:
        yield after(minutes=1)
        number = await self.order(fan, self.line("龙井"))
        await self.doors.console(MANAGER, "POST", f"orders/{number}/pay-code")

    async def _cheaper(self, fan: int) -> Story:
        """The manager changes the price of an order before it is paid."""
        yield after(minutes=1)
        number = await self.order(fan, self.line("四季有礼", 1))
        before = (await self.doors.console(MANAGER, "GET", f"orders/{number}"))["total_fen"]
        await self.doors.console(
            OWNER, "POST", f"orders/{number}/price",
            before_fen=before, total_fen=before - 2_000, reason="老客人，抹个零头",
        )  # fmt: skip

    async def _link(self, fan: int, *items: Line) -> str:
        """An order that somebody else shall pay; its link's token."""
        number = await self.order(fan, *items)
        made = await self.doors.shop(fan, "POST", f"orders/{number}/pay-link")
        return str(made["token"])

    async def _paid_by_a_friend(self, fan: int) -> Story:
        """The friend opens the link on a computer and scans what it shows."""
        yield after(minutes=1)
        token = await self._link(fan, self.line("无患子"), self.line("护手霜"))
        await self.doors.shop(fan, "GET", f"pay-links/{token}")
        await self.doors.shop(fan, "POST", f"pay-links/{token}/pay", client="native")
        await self._scan(fan)

    async def _to_be_paid_by_a_friend(self, fan: int) -> Story:
        yield after(minutes=1)
        await self._link(fan, self.line("白茶"), self.line("挂耳咖啡"))

    async def _ask(self, note: str, fen: int) -> str:
        """The manager asks for an amount; its number."""
        made = await self.doors.console(
            MANAGER, "POST", "counter-charges", amount_fen=fen, note=note
        )
        await self.doors.console(MANAGER, "POST", f"counter-charges/{made['number']}/code")
        return str(made["number"])

    async def _at_the_till(self) -> None:
        """Three pay, one of them is given back what was too much; the fourth goes away."""
        for place, (note, fen) in enumerate(TILL):
            number = await self._ask(note, fen)
            path = f"counter-charges/{number}"
            if place == len(TILL) - 1:
                await self.doors.console(MANAGER, "POST", f"{path}/close")
                continue
            await self._scan(place % len(self.phones.ids))
            await self.doors.console(MANAGER, "GET", f"{path}/payment")
            if place == 1:
                await self.doors.console(
                    MANAGER, "POST", f"{path}/refunds", amount_fen=500, reason="多称了一根"
                )

    async def _till_waits(self) -> None:
        await self._ask("手作点心 一盒", 3_200)

    # ── WeChat's bills, and money by hand ────────────────────────────────────────────────────

    async def _refunded_by_hand(self, fan: int) -> Story:
        """Somebody gives money back on WeChat's own pages: this shop's books do not know."""
        number = await self.buy(fan, self.line("护手霜"))
        self.send(number)
        yield after(days=1)
        paid = (await self.doors.console(FINANCE, "GET", f"payments?order_no={number}"))["items"]
        path = f"charges/{paid[0]['transaction_id']}/refund"
        await self.doors.phone("POST", path, amount_fen=500, reason="客服补偿")

    async def _withdrawn(self) -> None:
        """The owner has money paid out to the bank."""
        accounts = (await self.doors.phone("GET", "accounts"))["items"]
        mchid = next(one["mchid"] for one in accounts if "mchid" in one)
        await self.doors.phone("POST", "withdrawals", mchid=mchid, amount_fen=200_000)

    async def _bills(self, until: datetime) -> None:
        """Each day's bills are here; what was refunded by hand is written off by two."""
        today = until.astimezone(CHINA).date()
        for back in range(BILLS + 1, 1, -1):
            day = today - timedelta(days=back)
            await self.doors.console(FINANCE, "POST", "bills", day=str(day))
        found = await self.doors.console(FINANCE, "GET", "bill-breaks?closed=false")
        for one in found["items"]:
            path = f"bill-breaks/{one['id']}/decide"
            await self.doors.console(
                FINANCE, "POST", path, decision="take", note="问过客服，是在商户平台手工退的"
            )
            await self._wish(
                "客服补偿，记为损失", "approve", "已与客服核实", kind="write_off",
                break_id=one["id"], amount_fen=one["theirs_fen"],
            )  # fmt: skip

    async def _wish(self, reason: str, decision: str | None, answer: str, **body: Any) -> None:
        """Finance wishes a move of money; the owner agrees, refuses or has not looked yet."""
        await self.doors.console(FINANCE, "POST", "money-moves", reason=reason, **body)
        if decision:
            newest = (await self.doors.console(OWNER, "GET", "money-moves?limit=1"))["items"][0]
            path = f"money-moves/{newest['id']}/decide"
            await self.doors.console(OWNER, "POST", path, decision=decision, answer=answer)

    async def _money_by_hand(self) -> None:
        """Finance wishes, the owner agrees to one, not to another, and one waits."""
        wishes = (
            (123, "上月手续费多计，平台已补", "approve", "已核对平台的说明"),
            (8_800, "把样品记作其他收入", "refuse", "样品没有收钱，不记收入"),
            (46, "手续费尾差", None, ""),
        )
        for fen, reason, decision, answer in wishes:
            await self._wish(
                reason, decision, answer, kind="adjustment", debit="wechat:clearing",
                credit="expense:payment_fee", amount_fen=fen,
            )  # fmt: skip

    # ── stock by table ───────────────────────────────────────────────────────────────────────

    async def _stock(self, table: str, reference: str) -> None:
        """The warehouse hands in a sheet; one that has faults is left tried out."""
        made = await self.doors.hand_in(
            WAREHOUSE, "stock-imports", f"{reference}.csv", table.encode("utf-8-sig"),
            mode="add", reference=reference,
        )  # fmt: skip
        await self.doors.work()
        if table == RECEIVED:
            await self.doors.console(WAREHOUSE, "POST", f"stock-imports/{made['id']}/run")
