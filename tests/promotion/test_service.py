"""Promotions at work: published, used by orders, given back, remembered."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF, sku
from tests.conftest import Drain
from tests.counting import statements
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.orders import queries as order_queries
from tiefen.orders import service as orders
from tiefen.orders.errors import QuoteChanged
from tiefen.orders.service import replaying
from tiefen.promotion import queries, service
from tiefen.promotion.errors import ApprovalForbidden, GroupInUse, LosesMoney, UsedUp
from tiefen.promotion.schemas import PromotionIn
from tiefen.promotion.service import uses
from tiefen.promotion.values import Costs, Group, LossRule, Mode, Status, Target
from tiefen.team.values import Permission


async def breaches(db: Db) -> list[audit.Breach]:
    return await audit.run(db)


OFF_10 = {"from_fen": 9_900, "off_fen": 1_000}
APPROVER = StaffActor(900_002, "王店长", frozenset({Permission.PROMOTIONS_APPROVE}))


def wanted(kind: str, terms: dict[str, Any], group_id: int = 2, **more: Any) -> PromotionIn:
    """A promotion on everything."""
    return PromotionIn.model_validate(
        {
            "kind": kind,
            "name": more.pop("name", "双十一"),
            "group_id": group_id,
            "scope": more.pop("scope", {"all": True}),
            "terms": terms,
            "conditions": more,
        }
    )


async def publish(tx: Tx, form: PromotionIn, who: StaffActor = STAFF, because: str = "") -> int:
    """A promotion in force."""
    made = await service.create(tx, who, form.rule())
    await service.publish(tx, who, made.id, because)
    await tx.flush()
    return made.id


async def test_a_published_promotion_prices_orders_until_it_ends(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        form = wanted("off", {"tiers": [OFF_10]})
        made = await service.create(tx, STAFF, form.rule())
        before = await service.quote(tx, fan_id, [(one, 4)], tx.now)
        assert (before.total_fen, before.discount_fen) == (12_000, 0)
        await service.publish(tx, STAFF, made.id, "")
        short = await order_queries.checkout(tx, fan_id, [(one, 3)])
        assert [step.text for step in short.missed] == ["还差 ¥9.00，满 ¥99.00 减 ¥10.00（双十一）"]
        answer = await make.place(tx, fan_id, (one, 4))
        assert answer.total_fen == 11_000
        shown = await order_queries.console_order(tx, answer.order_no)
        assert [step.text for step in shown.trace] == [
            "单价 ¥30.00 × 4",
            "双十一：满 ¥99.00 减 ¥10.00",
        ]
        assert shown.margin_fen == 11_000 - 400 - 66
        (offers,) = shown.offers.values()
        assert [offer.amount_fen for offer in offers] == [1_000]
        await service.end(tx, STAFF, made.id)
        await tx.flush()
        after = await service.quote(tx, fan_id, [(one, 4)], tx.now)
        assert after.total_fen == 12_000
        given = await queries.performance(tx, made.id)
        assert (given.orders, given.discount_fen) == (1, 1_000)
    assert await breaches(db) == []


async def test_the_price_may_change_between_quote_and_order(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        form = await make.form(tx, fan_id, (one, 4))
        await publish(tx, wanted("off", {"tiers": [OFF_10]}))
        with pytest.raises(QuoteChanged) as refused:
            await orders.place(tx, fan_id, "key-000001", form)
    assert {
        (change["what"], change["before"], change["after"])
        for change in refused.value.details["changes"]
    } == {("discount", 0, 1_000), ("total", 12_000, 11_000)}


async def test_an_order_is_computed_again_years_later(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        number = await publish(tx, wanted("off", {"tiers": [OFF_10]}))
        priced = await service.quote(tx, fan_id, [(one, 4)], tx.now)
        kept = service.stored(priced)
        row = await queries.promotion(tx, number)
        bigger = wanted("off", {"tiers": [{"from_fen": 9_900, "off_fen": 2_000}]})
        await service.save(tx, STAFF, number, row.edits, bigger.rule(number))
        assert (await service.quote(tx, fan_id, [(one, 4)], tx.now)).discount_fen == 1_000
        await service.publish(tx, STAFF, number, "")
        await tx.flush()
        assert (await service.quote(tx, fan_id, [(one, 4)], tx.now)).discount_fen == 2_000
        again = await service.replay(tx, kept)
    assert (again.digest, again.trace, again.lines) == (priced.digest, priced.trace, priced.lines)


async def test_a_gift_is_a_line_of_stock_that_costs_nothing(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """Bought and given in one order, and gone back together when nothing else is kept."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, skus=[{"price_fen": 6_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        gift = {"from_pieces": 2, "gifts": [{"sku_id": one, "quantity": 1}]}
        await publish(tx, wanted("gift", {"tiers": [gift]}, 3, name="买二送一"))
    _, order_no = await make.paid(db, wechat, drain, (one, 2), fan_id=fan_id)
    found = await make.order(db, order_no)
    assert [(line.gift, line.quantity, line.pay_fen) for line in found.lines] == [
        (False, 2, 12_000),
        (True, 1, 0),
    ]
    async with db.merchant("demo") as tx:
        assert (await order_queries.checkout(tx, fan_id, [(one, 6)])).lines[-1].gift
        out = await order_queries.checkout(tx, fan_id, [(one, 7)])
    assert out.can_place is False or not out.lines[-1].gift
    bought = next(line for line in found.lines if not line.gift)
    asked = await make.ask(db, fan_id, order_no, (bought.id, 2))
    assert (asked.amount_fen, asked.quantity) == (12_000, 3)
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await breaches(db) == []


async def test_uses_are_counted_and_given_back_once(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        number = await publish(tx, wanted("off", {"tiers": [OFF_10]}, per_fan=1, first_order=True))
        first = await make.place(tx, fan_id, (one, 4))
        again = await order_queries.checkout(tx, fan_id, [(one, 4)])
        assert again.discount_fen == 0
        assert [step.step for step in again.missed] == ["first_order"]
        await orders.cancel(tx, fan_id, first.order_no)
        await tx.flush()
        await service.give_back_uses(tx, first.order_no)
        assert (await order_queries.checkout(tx, fan_id, [(one, 4)])).discount_fen == 1_000
        given = await queries.performance(tx, number)
        assert (given.orders, given.given_back) == (0, 1)
    assert await breaches(db) == []


async def test_orders_at_once_use_a_promotion_once(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight orders of one fan for a promotion once a person; then without the guard."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 500, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        await publish(tx, wanted("off", {"tiers": [OFF_10]}, per_fan=1))

    async def rush() -> int:
        async with db.merchant("demo") as tx:
            fan_id = await make.fan(tx)
            form = await make.form(tx, fan_id, (one, 4))
        ready = asyncio.Barrier(8)

        async def order(place: int) -> bool:
            await ready.wait()
            try:
                async with db.merchant("demo") as tx:
                    await orders.place(tx, fan_id, f"rush-{fan_id}-{place:04d}", form)
            except (UsedUp, QuoteChanged):
                return False
            return True

        return sum(await asyncio.gather(*(order(place) for place in range(8))))

    for _ in range(5):
        assert await rush() == 1
    assert await breaches(db) == []
    loose = uses._TAKE.text.replace("promotion_use.used < (SELECT", "0 <= (SELECT")
    monkeypatch.setattr(uses, "_TAKE", text(loose))
    assert max([await rush() for _ in range(5)]) > 1


async def test_windows_and_new_fans(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 50, skus=[{"price_fen": 10_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        soon = (tx.now + timedelta(hours=1)).isoformat()
        await publish(tx, wanted("limited", {"off_bp": 1_000}, 1, starts_at=soon))
        await publish(tx, wanted("limited", {"off_bp": 500}, 1, new_fan_days=7, name="新人"))
        now = await service.quote(tx, fan_id, [(one, 1)], tx.now)
        later = await service.quote(tx, fan_id, [(one, 1)], tx.now + timedelta(hours=2))
        old = await service.quote(tx, fan_id, [(one, 1)], tx.now + timedelta(days=30))
    assert [one.total_fen for one in (now, later, old)] == [9_500, 9_000, 9_000]


async def test_a_loss_needs_a_named_approver(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await sku(tx, name="成本高", skus=[{"price_fen": 1_000, "cost_fen": 950}])
        made = await service.create(tx, STAFF, wanted("limited", {"off_bp": 1_000}, 1).rule())
        with pytest.raises(LosesMoney) as refused:
            await service.publish(tx, STAFF, made.id, "")
        assert refused.value.details["count"] == 1
        with pytest.raises(ApprovalForbidden):
            await service.publish(tx, STAFF, made.id, "清库存")
        await service.publish(tx, APPROVER, made.id, "清库存")
        await tx.flush()
        (version,) = (await queries.promotion(tx, made.id)).versions
        assert (version.floor_fen, version.approved_because) == (900 - 950 - 6, "清库存")
        assert (await service.at_risk(tx, with_drafts=True)).below == 1


async def test_an_order_at_a_loss_is_listed_or_refused(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, skus=[{"price_fen": 1_000, "cost_fen": 950}])
        fan_id = await make.fan(tx)
        await publish(tx, wanted("limited", {"off_bp": 1_000}, 1), APPROVER, "清库存")
        order_no = (await make.place(tx, fan_id, (one, 1))).order_no
        listed = await queries.losses(tx, cursor=None, limit=10)
        assert [(row.order_no, row.loss_fen) for row in listed.items] == [(order_no, 55)]
        await service.save_costs(tx, APPROVER, Costs(60, 0, LossRule.REFUSE))
        assert (await order_queries.checkout(tx, fan_id, [(one, 1)])).can_place is False


async def test_commission_makes_a_fair_price_a_loss(db: Db) -> None:
    """30 % to those who sell, of the goods' money and not of the freight."""
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, skus=[{"price_fen": 1_000, "cost_fen": 750}])
        fan_id = await make.fan(tx)
        await service.save_freight(tx, APPROVER, make.flat_freight(500, None))
        await service.save_costs(tx, APPROVER, Costs(60, 500, LossRule.FLAG))
        assert (await service.at_risk(tx, with_drafts=True)).below == 0
        await service.save_costs(tx, APPROVER, Costs(60, 500, LossRule.FLAG, 3_000))
        assert (await service.at_risk(tx, with_drafts=True)).below == 1
        order_no = (await make.place(tx, fan_id, (one, 1))).order_no
        (listed,) = (await queries.losses(tx, cursor=None, limit=10)).items
        assert (listed.order_no, listed.loss_fen) == (order_no, 750 + 500 + 9 + 300 - 1_500)


async def test_groups_cannot_go_from_under_a_promotion(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await service.create(tx, STAFF, wanted("off", {"tiers": [OFF_10]}, 2).rule())
        only = [Group(1, "单品", Target.ITEM, Mode.BEST)]
        with pytest.raises(GroupInUse):
            await service.save_groups(tx, STAFF, only)
        kept = [
            *only,
            Group(2, "订单", Target.ORDER, Mode.SEQUENCE),
            Group(0, "新", Target.ORDER, Mode.BEST),
        ]
        assert [group.id for group in await service.save_groups(tx, STAFF, kept)] == [1, 2, 4]
        assert (await service.groups(tx))[1].mode is Mode.SEQUENCE


async def test_many_promotions_cost_no_more_statements(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 9, skus=[{"price_fen": 3_000, "cost_fen": 100}])
        fan_id = await make.fan(tx)
        await publish(tx, wanted("off", {"tiers": [OFF_10]}))

    async def count() -> int:
        async with db.merchant("demo") as tx:
            await service.quote(tx, fan_id, [(one, 1)], tx.now)
            with statements(db) as sent:
                await service.quote(tx, fan_id, [(one, 1)], tx.now)
            return len(sent)

    few = await count()
    async with db.merchant("demo") as tx:
        for number in range(30):
            await publish(tx, wanted("off", {"tiers": [OFF_10]}, name=f"活动{number}"))
    assert await count() == few
    async with db.merchant("demo") as tx:
        page = await queries.promotions(
            tx, status=Status.PUBLISHED, kind=None, q="活动", cursor=None, limit=10
        )
        assert len(page.items) == 10
        assert page.next


async def test_a_draft_is_tried_on_real_orders(
    db: Db, drain: Drain, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of two over five paid orders; what was never paid is not counted."""
    monkeypatch.setattr(replaying, "BATCH", 2)
    async with db.merchant("demo") as tx:
        one = await stocked(tx, 90, skus=[{"price_fen": 3_000, "cost_fen": 1_000}])
        await publish(tx, wanted("limited", {"off_bp": 1_000}, 1))
        form = wanted("off", {"tiers": [OFF_10]}, starts_at="2030-01-01T00:00:00Z")
        draft = (await service.create(tx, STAFF, form.rule())).id
    for pieces in (1, 2, 4, 5, 6):
        await make.paid(db, wechat, drain, (one, pieces))
    await make.placed(db, (one, 9))
    async with db.merchant("demo") as tx:
        await orders.start_replay(tx, STAFF, draft)
    await drain()
    async with db.merchant("demo") as tx:
        found = await order_queries.replay(tx, draft)
        assert await order_queries.replay(tx, draft + 1) is None
    assert found is not None
    assert found.finished_at
    assert (found.orders, found.changed, found.unknown) == (5, 3, 0)
    assert (found.before_fen, found.after_fen) == (18 * 2_700, 18 * 2_700 - 3_000)
    assert found.margin_after_fen - found.margin_before_fen == -3_000 + 18
    assert {(one.before_fen, one.after_fen) for one in found.winners} == {
        (10_800, 9_800),
        (13_500, 12_500),
        (16_200, 15_200),
    }
    assert found.losers == []
