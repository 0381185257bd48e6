"""Random stories of paying, closing and refunding, with lost answers and odd notices; and bugs they must catch.

Whatever happens in whatever order, after WeChat has been asked about everything: our books hold
exactly what WeChat says was charged and not given back, each charge paid its order or was sent
back, and no promise of `tiefen audit` is broken.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.payments.factories import FakeWeChat, begin, settle, start
from tiefen.kernel import audit, worker
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.ledger import service as ledger
from tiefen.payments import rules, service
from tiefen.payments.service import refunding
from tiefen.payments.values import PaymentState, Source
from tiefen.wechat.values import PayClientKind, RefundStatus

pytestmark = pytest.mark.slow

STEPS = {
    "buy": 2, "order": 3, "begin": 6, "pay": 6, "notice": 7, "refund": 6, "end": 4, "drain": 3,
    "wait": 2, "receive": 2, "stop": 1, "close": 1,
}  # fmt: skip
"""How often each step is taken."""
TROUBLES = ("lost", "deaf", "FREQUENCY_LIMITED", "PARAM_ERROR")


@dataclass
class Story:
    """One random program on a fresh merchant."""

    db: Db
    wechat: FakeWeChat
    travel: Travel
    chance: random.Random
    orders: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    async def tell(self) -> None:
        """One step, chosen by chance; only refusals may stop it."""
        (name,) = self.chance.choices(list(STEPS), list(STEPS.values()))
        try:
            await getattr(self, name)()
            self.counts[name] += 1
        except Refusal as refusal:
            self.counts[refusal.code] += 1

    def some_order(self) -> str:
        """An order, the newest most often."""
        return self.chance.choice(self.orders[-4:])

    async def order(self) -> None:
        """A new order asks for money."""
        intent = await start(self.db, amount_fen=self.chance.randrange(1, 500),
                             expires_at=self.travel.now + timedelta(hours=2))  # fmt: skip
        self.orders.append(intent.order_no)

    async def buy(self) -> None:
        """An order that goes well, so that there is something to refund."""
        await self.order()
        params = await begin(self.db, self.orders[-1])
        await settle(self.db, self.wechat.pay(params.out_trade_no))

    async def begin(self) -> None:
        """A tap on pay, in one of two ways; the call may go wrong."""
        if self.chance.random() < 0.3:
            self.wechat.trouble.setdefault(self.chance.choice(["jsapi", "native"]), []).append(
                self.chance.choice(TROUBLES)
            )
        client = self.chance.choice([PayClientKind.JSAPI, PayClientKind.NATIVE])
        await begin(self.db, self.some_order(), client)

    async def pay(self) -> None:
        """A fan pays a number that can be paid; sometimes it is not what was asked."""
        payable = [
            number for number, order in self.wechat.orders.items() if order["state"] == "NOTPAY"
        ]
        if payable:
            wrong: dict[str, Any] = {}
            if self.chance.random() < 0.1:
                wrong = self.chance.choice(
                    [{"total_fen": 501}, {"openid": "o-x"}, {"out_trade_no": "P-x"}]
                )
            charge = self.wechat.pay(self.chance.choice(payable), **wrong)
            if (
                "out_trade_no" in wrong
            ):  # nobody would ask for it: only its notice, or the bill, tells
                await settle(self.db, charge)

    async def notice(self) -> None:
        """A notice of any charge there is, once more, sometimes with other facts, sometimes invented."""
        if not self.wechat.charges:
            return
        charge = self.chance.choice(list(self.wechat.charges.values()))
        facts: dict[str, Any] = {name: getattr(charge, name) for name in type(charge).__slots__}
        if self.chance.random() < 0.25:
            facts |= self.chance.choice(
                [{"total_fen": 77}, {"transaction_id": f"4200{self.chance.randrange(10**9)}"},
                 {"out_trade_no": self.chance.choice(list(self.wechat.orders))}, {"openid": "o-y"}]
            )  # fmt: skip
            # An invented transaction that fits an open order in all it says cannot be told from a true
            # one: that takes WeChat's own key, and the day's bill is what finds it.
            if facts["transaction_id"] != charge.transaction_id and not await self.over(facts):
                return
        await settle(self.db, type(charge)(**facts))

    async def over(self, facts: dict[str, Any]) -> bool:
        """Whether the order under this number takes no more money."""
        async with self.db.merchant("demo") as tx:
            state = await tx.scalar(
                text(
                    "SELECT p.state FROM payment p JOIN payment_attempt a ON a.payment_id = p.id WHERE out_trade_no = :no"
                ),
                {"no": facts["out_trade_no"]},
            )
        return state not in ("open", "closing")

    async def stop(self) -> None:
        """The fan cancels."""
        async with self.db.merchant("demo") as tx:
            await service.stop(tx, self.some_order())

    async def close(self) -> None:
        """The order's time is over."""
        await service.close(self.db, "demo", self.some_order())

    async def refund(self) -> None:
        """Part of an order's money is to go back; the call may go wrong."""
        if self.chance.random() < 0.3:
            self.wechat.trouble.setdefault("refund", []).append(
                self.chance.choice((*TROUBLES, "NOT_ENOUGH"))
            )
        async with self.db.merchant("demo") as tx:
            intent = await service.intent(tx, self.some_order())
            amount_fen = self.chance.choice(
                [intent.amount_fen, self.chance.randrange(1, intent.amount_fen + 2)]
            )
            await service.request_refund(
                tx, intent.id, amount_fen, f"A{self.chance.randrange(10**6)}", "x"
            )

    async def end(self) -> None:
        """WeChat finishes a refund; its notice may get lost, or come twice."""
        running = [no for no, one in self.wechat.refunds.items()
                   if one.status in (RefundStatus.PROCESSING, RefundStatus.ABNORMAL)]  # fmt: skip
        if not running:
            return
        status = self.chance.choice(
            [RefundStatus.SUCCESS, RefundStatus.SUCCESS, RefundStatus.CLOSED, RefundStatus.ABNORMAL]
        )
        ended = self.wechat.end_refund(self.chance.choice(running), status)
        for _ in range(self.chance.randrange(3)):
            async with self.db.merchant("demo") as tx:
                await service.settle_refund(tx, service.refund_evidence_of(ended, Source.NOTICE))

    async def receive(self) -> None:
        """The goods have come."""
        async with self.db.merchant("demo") as tx:
            await service.recognise(tx, self.some_order())

    async def wait(self) -> None:
        """Time passes, and everything periodic happens."""
        if self.chance.random() < 0.3:
            self.wechat.trouble.setdefault("query", []).append("lost")
        self.travel.move(timedelta(minutes=self.chance.choice((1, 3, 6, 20))))
        await worker.drain(self.db, crons=True)

    async def drain(self) -> None:
        """The worker catches up."""
        await worker.drain(self.db)

    async def finish(self) -> None:
        """No more trouble; WeChat ends its refunds; all is asked; and then both sides must agree."""
        self.wechat.trouble = {}
        for _ in range(8):
            for number, refund in list(self.wechat.refunds.items()):
                if refund.status in (RefundStatus.PROCESSING, RefundStatus.ABNORMAL):
                    ended = self.wechat.end_refund(number, RefundStatus.SUCCESS)
                    async with self.db.merchant("demo") as tx:
                        await service.settle_refund(
                            tx, service.refund_evidence_of(ended, Source.NOTICE)
                        )
            self.travel.move(timedelta(hours=7))
            await worker.drain(self.db, crons=True)
        await self.check()

    async def check(self) -> None:
        """What must hold at the end."""
        breaches = await audit.run(self.db)
        assert breaches == [], breaches
        charged = sum(charge.total_fen or 0 for charge in self.wechat.charges.values())
        async with self.db.merchant("demo") as tx:
            clearing = (await ledger.balance(tx, "wechat:clearing")).balance_fen
            assert clearing == charged - self.wechat.refunded_fen()
            unsettled = await tx.scalar(
                text("SELECT count(*) FROM payment_refund WHERE state NOT IN ('success', 'closed')")
            )
            assert unsettled == 0, "a refund without an end"
            open_ = await tx.scalar(
                text("SELECT count(*) FROM payment_suspense WHERE state = 'open' AND refunds = 0")
            )
            assert open_ == 0, "money in suspense that nobody sends back"
            for order_no in self.orders:
                assert (await service.intent(tx, order_no)).state is not PaymentState.CLOSING
        async with self.db.platform() as tx:
            assert (
                await tx.scalar(text("SELECT count(*) FROM platform.job WHERE state = 'dead'")) == 0
            )


async def tell(db: Db, wechat: FakeWeChat, travel: Travel, seed: int, steps: int = 120) -> Story:
    """A whole story."""
    story = Story(db, wechat, travel, random.Random(seed))
    await story.order()
    for _ in range(steps):
        await story.tell()
    for order_no in story.orders:  # an interrupted close is taken up again by the order's own job
        async with db.merchant("demo") as tx:
            if (await service.intent(tx, order_no)).state is PaymentState.CLOSING:
                await service.stop(tx, order_no)
    await story.finish()
    return story


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_both_sides_agree_in_the_end(
    db: Db, wechat: FakeWeChat, travel: Travel, seed: int
) -> None:
    story = await tell(db, wechat, travel, seed)
    for step in ("order", "begin", "pay", "notice", "refund", "end"):
        assert story.counts[step], f"vacuous: {story.counts}"
    assert wechat.charges
    assert wechat.refunds


def _believe_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "judge", lambda evidence, asked: None)


def _refund_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "may", lambda table, old, new: True)


def _keep_the_reservation(monkeypatch: pytest.MonkeyPatch) -> None:
    real = refunding._close

    async def forgetful(tx: Any, refund: Any, charge: Any) -> None:
        before = charge.refunding_fen
        await real(tx, refund, charge)
        charge.refunding_fen = before

    monkeypatch.setattr(refunding, "_close", forgetful)


def _take_no_answer_for_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """The classic: a time-out is taken for a failure."""
    real = refunding._record_answer

    async def hasty(tx: Any, refund_id: int, answer: Any) -> None:
        if answer.verdict.value == "unknown":
            refund, charge = await refunding._lock_refund(tx, refund_id)
            if refund.state in rules.ASKABLE_REFUNDS:
                await refunding._close(tx, refund, charge)
            return
        await real(tx, refund_id, answer)

    monkeypatch.setattr(refunding, "_record_answer", hasty)


@pytest.mark.parametrize(
    "bug", [_believe_everything, _refund_twice, _keep_the_reservation, _take_no_answer_for_no]
)
async def test_the_stories_catch_a_planted_bug(
    db: Db, wechat: FakeWeChat, travel: Travel, monkeypatch: pytest.MonkeyPatch, bug: Any
) -> None:
    bug(monkeypatch)
    with pytest.raises(Exception) as caught:  # noqa: PT011 an assertion, a constraint, a refused posting: all are red
        for seed in range(5):
            await tell(db, wechat, travel, seed)
    assert not isinstance(caught.value, AttributeError | TypeError | NameError)
