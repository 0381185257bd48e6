"""The connection is cut before and after every statement of place, settle, ship and refund.

What a cut leaves is nothing, or whole transactions that the audit finds in order; and the verb,
tried again after each cut, is done once in the end. (`tests/faults` kills whole processes.)
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.stepping import Cutter, Verb
from tests.orders.test_races import breaches
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.orders import service
from tiefen.orders.schemas import AfterSaleIn, ParcelIn
from tiefen.orders.service import fulfilling, paying
from tiefen.orders.values import AfterSaleReason
from tiefen.payments import service as payments
from tiefen.payments.service import refunding
from tiefen.payments.values import Source
from tiefen.wechat.values import RefundStatus

pytestmark = pytest.mark.slow
MOST = 80
TABLES = (
    "orders", "order_line", "order_transition", "reservation", "stock", "movement", "payment",
    "payment_attempt", "payment_charge", "payment_refund", "ledger_account", "ledger_transfer",
    "after_sale", "after_sale_line", "after_sale_effect", "parcel", "parcel_line", "purchase_count",
    "platform.job", "platform.event",
)  # fmt: skip
STATE = text(
    "SELECT concat_ws(' ', "
    + ", ".join(
        f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t)" for name in TABLES
    )
    + ")"
)
COUNTS = text("""
    SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM payment) AS payments,
        (SELECT count(*) FROM payment_charge) AS charges, (SELECT count(*) FROM parcel) AS parcels,
        (SELECT count(*) FROM payment_refund) AS refunds,
        (SELECT coalesce(sum(amount_fen), 0)::int FROM ledger_transfer) AS moved,
        (SELECT string_agg(status, ',') FROM orders) AS status
""")


async def state(db: Db) -> str:
    async with db.merchant("demo") as tx:
        return str(await tx.scalar(STATE))


async def counts(db: Db) -> dict[str, Any]:
    """What there is, and how many fen the ledger moved."""
    async with db.merchant("demo") as tx:
        return dict((await tx.execute(COUNTS)).one()._mapping)


async def cut_everywhere(db: Db, verb: Verb) -> int:
    """Cut at each statement in turn, before and after it, then let it through; how often it was cut."""
    cutter = Cutter()
    before = await state(db)
    for place in range(1, MOST):
        struck = False
        for after in (False, True):
            struck |= await cutter.strike(verb, place, after=after)
            found = await state(db)
            if found != before:
                assert await breaches(db) == [], f"cut at statement {place}"
                before = found
        if not struck:
            return place - 1
    raise AssertionError("it never got through")


class Story:
    """A fan buys two pieces; each verb on its own, to be tried as often as one likes."""

    def __init__(self, db: Db, wechat: FakeWeChat) -> None:
        self.db, self.wechat = db, wechat
        self.order_no = ""
        self.transaction: Any = None

    async def begin(self) -> None:
        """A shop, a fan, a filled form."""
        async with self.db.merchant("demo") as tx:
            self.sku_id, self.fan_id = await stocked(tx, 5, purchase_limit=3), await make.fan(tx)
            self.form = await make.form(tx, self.fan_id, (self.sku_id, 2))

    async def place(self) -> None:
        """Check out, always under the same key."""
        async with self.db.merchant("demo") as tx:
            made = await service.place(tx, self.fan_id, "cut-and-again", self.form)
        self.order_no = made.order_no

    async def charge(self) -> None:
        """The fan pays at WeChat."""
        self.transaction = await make.money(self.db, self.wechat, self.fan_id, self.order_no)

    async def settle(self) -> None:
        """The notice is settled."""
        await make.tell(self.db, self.transaction)

    async def hear(self) -> None:
        """The order is told of its money."""
        async with self.db.merchant("demo") as tx:
            paid = await payments.intent(tx, self.order_no)
            await service.mark_paid(tx, self.order_no, paid.id, paid.amount_fen, tx.now)

    async def ship(self) -> None:
        """One parcel with everything, always the same."""
        parcel = ParcelIn(courier="顺丰", tracking_no="SF0000000001", lines=[])
        async with self.db.merchant("demo") as tx:
            await service.ship(tx, STAFF, self.order_no, parcel)

    async def ask(self) -> None:
        """The fan asks for everything back."""
        wanted = AfterSaleIn(reason=AfterSaleReason.CHANGED_MIND, lines=[], pictures=[])
        async with self.db.merchant("demo") as tx:
            await service.request_after_sale(tx, self.fan_id, self.order_no, wanted)

    async def approve(self) -> None:
        """The merchant says yes."""
        await make.approve(self.db, await self._one("SELECT after_sale_no FROM after_sale"))

    async def send_refund(self) -> None:
        """WeChat is told, or asked when it may know already."""
        refund_id = int(await self._one("SELECT id::text FROM payment_refund"))
        await refunding.send_refund(self.db, "demo", refund_id)

    async def settle_refund(self) -> None:
        """WeChat's notice of the refund."""
        (back,) = self.wechat.refunds.values()
        back = self.wechat.end_refund(back.out_refund_no, RefundStatus.SUCCESS)
        async with self.db.merchant("demo") as tx:
            evidence = payments.refund_evidence_of(back, Source.NOTICE)
            await payments.settle_refund(tx, evidence)

    async def hear_refund(self) -> None:
        """The order is told that its money is back."""
        reference = await self._one("SELECT after_sale_no FROM after_sale") + "-1"
        async with self.db.merchant("demo") as tx:
            await service.refund_settled(tx, reference, success=True)

    async def _one(self, sql: str) -> str:
        async with self.db.merchant("demo") as tx:
            return str(await tx.scalar(text(sql)))


@pytest.fixture
async def story(db: Db, wechat: FakeWeChat) -> Story:
    """Ready to place."""
    wechat.refund_status = RefundStatus.PROCESSING
    made = Story(db, wechat)
    await made.begin()
    return made


STEPS = {"place": 12, "charge": 0, "settle": 14, "hear": 12, "ship": 14, "ask": 14, "approve": 26,
         "send_refund": 6, "settle_refund": 10, "hear_refund": 10}  # fmt: skip
"""Each verb of the story, and the fewest statements at which it must have been cut."""


async def test_cut_at_every_statement_each_verb_is_done_once(db: Db, story: Story) -> None:
    cuts = {}
    for name, fewest in STEPS.items():
        verb: Verb = getattr(story, name)
        if fewest:
            cuts[name] = await cut_everywhere(db, verb)
        with suppress(Refusal):  # what cannot be done twice says so
            await verb()
    assert {name for name, most in cuts.items() if most < STEPS[name]} == set(), cuts
    assert await counts(db) == {
        "orders": 1,
        "payments": 1,
        "charges": 1,
        "parcels": 1,
        "refunds": 1,
        "moved": 2 * 3_980,
        "status": "refunded",
    }
    assert len(story.wechat.refunds) == 1
    async with db.merchant("demo") as tx:
        assert (await inventory.available(tx, [story.sku_id]))[story.sku_id] == 3
    assert await breaches(db) == []


@pytest.mark.parametrize(("verb", "module", "door"), [
    ("hear", paying, "convert"), ("ship", fulfilling, "send"),
])  # fmt: skip
async def test_control_stock_that_leaves_in_a_commit_of_its_own_is_caught(
    db: Db, story: Story, monkeypatch: pytest.MonkeyPatch, verb: str, module: Any, door: str
) -> None:
    """Planted bug: a door below commits before its caller does."""
    real: Callable[..., Awaitable[Any]] = getattr(inventory, door)

    async def own_commit(_tx: Tx, *args: Any) -> Any:
        async with db.merchant("demo") as tx:
            return await real(tx, *args)

    await story.place()
    await story.charge()
    await story.settle()
    if verb == "ship":
        await story.hear()
    monkeypatch.setattr(module.inventory, door, own_commit)
    with pytest.raises(AssertionError, match="cut at statement"):
        await cut_everywhere(db, getattr(story, verb))
