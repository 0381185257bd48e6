"""64 hands at once, twenty rounds: cancel, refund, and goods that change while they are ordered."""

import re
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import text

from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.stepping import forget_to_lock
from tests.orders.test_races import at_once, breaches, owner_runs
from tests.payments.factories import FakeWeChat
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Db
from tiefen.orders import service
from tiefen.orders.schemas import AfterSaleIn
from tiefen.orders.service import claims
from tiefen.orders.values import AfterSaleReason
from tiefen.payments import service as payments

pytestmark = pytest.mark.slow
HANDS, ROUNDS, PIECES = 64, 20, 2
EVERYTHING = AfterSaleIn(reason=AfterSaleReason.CHANGED_MIND, lines=[], pictures=[])


class Hands:
    """Many hands on one paid and one unpaid order."""

    def __init__(self, db: Db, wechat: FakeWeChat) -> None:
        self.db, self.wechat = db, wechat

    async def begin(self) -> None:
        """A shop and a fan."""
        async with self.db.merchant("demo") as tx:
            self.sku_id, self.fan_id = await stocked(tx, 500), await make.fan(tx)

    async def cancel(self, order_no: str) -> None:
        async with self.db.merchant("demo") as tx:
            await service.cancel(tx, self.fan_id, order_no)

    async def refund(self, order_no: str) -> None:
        async with self.db.merchant("demo") as tx:
            await service.request_after_sale(tx, self.fan_id, order_no, EVERYTHING)

    async def round(self) -> Counter[str]:
        """Half of them cancel the one, half want the money of the other back."""
        paid, unpaid = [
            (await make.placed(self.db, (self.sku_id, PIECES), fan_id=self.fan_id))[1]
            for _ in range(2)
        ]
        transaction = await make.money(self.db, self.wechat, self.fan_id, paid)
        await make.tell(self.db, transaction)
        async with self.db.merchant("demo") as tx:
            money = await payments.intent(tx, paid)
            await service.mark_paid(tx, paid, money.id, money.amount_fen, tx.now)
        calls: list[Awaitable[Any]] = []
        for _ in range(HANDS // 2):
            calls += [self.cancel(unpaid), self.refund(paid)]
        return await at_once(*calls)


async def test_64_at_once_cancel_and_refund_in_twenty_rounds(db: Db, wechat: FakeWeChat) -> None:
    hands = Hands(db, wechat)
    await hands.begin()
    for _ in range(ROUNDS):
        assert await hands.round() == {"done": 33, "orders.nothing_left": 31}
    async with db.merchant("demo") as tx:
        left = (await inventory.available(tx, [hands.sku_id]))[hands.sku_id]
        asked = await tx.scalar(text("SELECT count(*) FROM after_sale"))
    assert (left, asked) == (500 - ROUNDS * PIECES, ROUNDS)
    assert await breaches(db) == []


async def test_control_without_guards_and_constraints_the_rush_takes_too_much(
    db: Db, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted bug: orders are not locked, and their money is claimed without a look at what is left."""
    for name in ("CLAIM_LINE", "CLAIM_ORDER"):
        unguarded = re.sub(
            r"(WHERE id = :\w+) AND .*(?=RETURNING)",
            r"\1 ",
            getattr(claims, name).text,
            flags=re.DOTALL,
        )
        monkeypatch.setattr(claims, name, text(unguarded))
    for table, check in (
        ("order_line", "refunds"),
        ("order_line", "pieces"),
        ("orders", "refunds"),
    ):
        await owner_runs(db, f"ALTER TABLE m_demo.{table} DROP CONSTRAINT ck_{table}_{check}")
    forget_to_lock(monkeypatch, "orders")
    hands = Hands(db, wechat)
    await hands.begin()
    assert (await hands.round())["done"] > 33
    assert "P5-orders" in await breaches(db)


async def test_the_price_changes_and_the_product_goes_while_64_order(db: Db) -> None:
    """Who is placed pays the price that was shown; the rest are told why not."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 500)
        forms = []
        for _ in range(HANDS - 2):
            fan_id = await make.fan(tx)
            forms.append((fan_id, await make.form(tx, fan_id, (one, 1))))

    async def change(sql: str) -> None:
        async with db.merchant("demo") as tx:
            await tx.execute(text(sql))
            await tx.execute(text("UPDATE product SET (price_min_fen, price_max_fen)"
                                  " = (SELECT min(price_fen), max(price_fen) FROM sku)"))  # fmt: skip

    async def buy(place: int) -> None:
        fan_id, form = forms[place]
        async with db.merchant("demo") as tx:
            await service.place(tx, fan_id, f"going-{place:04d}", form)

    buyers = [buy(place) for place in range(len(forms))]
    third = len(buyers) // 3
    outcomes = await at_once(
        *buyers[:third],
        change("UPDATE sku SET price_fen = 2_500"),
        *buyers[third : 2 * third],
        change("UPDATE product SET status = 'off_shelf'"),
        *buyers[2 * third :],
    )
    bought = outcomes.pop("done") - 2
    assert 0 < bought < len(buyers)
    assert set(outcomes) <= {"orders.quote_changed", "orders.line_gone"}, outcomes
    async with db.merchant("demo") as tx:
        assert set(await tx.scalars(text("SELECT DISTINCT total_fen FROM orders"))) <= {1_990}
    assert await breaches(db) == []
