"""Referral from the link to the reward and back, under rushes, with every guard seen to hold."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.referral.factories import bind, buys, refunds, running, states, world
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.orders import service as orders
from tiefen.promotion import service as promotion
from tiefen.referral import queries, service
from tiefen.referral.errors import BondMissing, DebtMissing, RulesEdited
from tiefen.referral.service import binding, rewarding
from tiefen.referral.values import Arrival, BondState, FlagKind, RewardSide, RewardWhen

GIVEN = {"friend": "given", "referrer": "given"}


async def sides(db: Db) -> dict[str, str]:
    return {side: state for (_, side), state in (await states(db)).items()}


async def test_a_friend_buys_and_both_are_rewarded_once(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    referrer, friend, sku_id = await world(db)
    assert await states(db) == {}
    first = await buys(db, wechat, drain, friend, sku_id)
    assert await sides(db) == GIVEN
    second = await buys(db, wechat, drain, friend, sku_id)
    assert {order_no for order_no, _ in await states(db)} == {first}
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, referrer) == 1
        tree = await queries.tree(tx, referrer)
        (row,) = (await queries.ranking(tx, cursor=None, limit=30)).items
        found = await queries.sums(tx)
    assert tree.value_fen == tree.chain_value_fen == 6_000 + 5_000
    assert (row.fan_id, row.value_fen, row.given) == (referrer, 11_000, 1)
    assert (found.buyers, found.orders, found.given, found.cost_fen) == (1, 2, 2, 1_000)
    assert second != first
    assert await audit.run(db) == []


async def test_sharing_and_following_bring_nothing(db: Db, drain: Drain) -> None:
    referrer, friend, _ = await world(db)
    await drain()
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, referrer) == 0
        assert await promotion.held_count(tx, friend) == 0
    assert await states(db) == {}


async def test_who_may_not_be_brought(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    referrer, friend, sku_id = await world(db)
    async with db.merchant("demo") as tx:
        third, twin = await make.fan(tx), await make.fan(tx)
        await fans.merge(tx, twin, referrer, reason="同一个人")
    async with db.merchant("demo") as tx:
        assert await bind(tx, referrer, referrer) is Arrival.SELF
        assert await bind(tx, referrer, twin) is Arrival.SELF
        assert await bind(tx, friend, third) is Arrival.BOUND
        assert await bind(tx, third, friend) is Arrival.LOOP
        assert await bind(tx, third, referrer) is Arrival.LOOP
        assert await bind(tx, third, friend) is Arrival.LOOP
        assert await bind(tx, referrer, third) is Arrival.ALREADY
        buyer = await make.fan(tx)
    await buys(db, wechat, drain, buyer, sku_id)
    async with db.merchant("demo") as tx:
        assert await bind(tx, referrer, buyer) is Arrival.KNOWN
        tree = await queries.tree(tx, referrer)
        assert [(one.fan_id, one.friends) for one in tree.friends] == [(friend, 1)]
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_the_first_of_many_referrers_wins(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: a bond gives way to whoever comes next."""
    if planted:
        careless = str(binding._LAPSE).replace(" AND bought_at IS NULL AND until <= :now", "")
        assert careless != str(binding._LAPSE)
        monkeypatch.setattr(binding, "_LAPSE", text(careless))
    async with db.merchant("demo") as tx:
        await running(tx)
        friend = await make.fan(tx)
        others = [await make.fan(tx) for _ in range(8)]

    async def visit(referrer: int) -> Arrival:
        async with db.merchant("demo") as tx:
            return await bind(tx, referrer, friend)

    answers = await asyncio.gather(*(visit(one) for one in others for _ in range(2)))
    if planted:
        assert answers.count(Arrival.BOUND) > 1
        return
    assert answers.count(Arrival.BOUND) == 1
    assert set(answers) == {Arrival.BOUND, Arrival.ALREADY}
    assert await audit.run(db) == []


async def test_two_cannot_bring_each_other_at_once(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await running(tx)
        ring = [await make.fan(tx) for _ in range(4)]

    async def visit(place: int) -> Arrival:
        async with db.merchant("demo") as tx:
            return await bind(tx, ring[place], ring[(place + 1) % len(ring)])

    answers = await asyncio.gather(*(visit(place) for place in range(len(ring))))
    assert answers.count(Arrival.LOOP) == 1
    assert await audit.run(db) == []


async def test_a_bond_without_a_purchase_lapses(db: Db) -> None:
    referrer, friend, _ = await world(db)
    async with db.merchant("demo") as tx:
        other = await make.fan(tx)
        assert await bind(tx, other, friend) is Arrival.ALREADY
        await tx.execute(text("UPDATE referral_bond SET until = now() - interval '1 minute'"))
        assert await bind(tx, other, friend) is Arrival.BOUND
        assert (await queries.tree(tx, referrer)).friends[0].lapsed
        assert (await queries.tree(tx, friend)).brought_by == other
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_a_payment_told_many_times_counts_once(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: what is told again is added again."""
    if planted:
        careless = str(rewarding._CREDIT).replace(
            "DO NOTHING", "DO UPDATE SET paid_fen = referral_order.paid_fen + excluded.paid_fen"
        )
        monkeypatch.setattr(rewarding, "_CREDIT", text(careless))
    referrer, friend, _ = await world(db)
    if planted:  # without rewards, whose own key would catch it first
        async with db.merchant("demo") as tx:
            await service.save_rules(tx, STAFF, replace(await service.load(tx), enabled=False))

    async def told() -> None:
        async with db.merchant("demo") as tx:
            await service.credit(tx, "T1", friend, 6_000, tx.now)

    await asyncio.gather(*(told() for _ in range(8)))
    async with db.merchant("demo") as tx:
        value = (await queries.tree(tx, referrer)).value_fen
        held = await promotion.held_count(tx, friend)
    if planted:
        assert value != 6_000
        return
    assert (value, held) == (6_000, 1)
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_rewarding_and_refunding_at_once_end_the_same(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    planted: bool,
) -> None:
    """Planted: rewards are handed over without looking at the purchase again."""
    _, friend, sku_id = await world(db, reward_when=RewardWhen.KEPT)
    order_no = await buys(db, wechat, drain, friend, sku_id)
    assert set((await sides(db)).values()) == {"waiting"}
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE referral_reward SET due_at = now() - interval '1 minute'"))
    if planted:
        await refunds(db, drain, friend, order_no)
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE referral_order SET is_first = true, whole = false"))
            await tx.execute(text("UPDATE referral_reward SET state = 'waiting'"))
            await service.give(tx, order_no)
            await tx.execute(text("UPDATE referral_order SET whole = true"))
        assert {breach.invariant for breach in await audit.run(db)} >= {"R2"}
        return

    async def reward() -> None:
        async with db.merchant("demo") as tx:
            await service.give(tx, order_no)

    asked = await make.ask(db, friend, order_no)
    await make.approve(db, asked.after_sale_no)
    await asyncio.gather(reward(), drain(), reward(), reward())
    assert set((await sides(db)).values()) <= {"cancelled", "taken_back"}
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, friend) == 0
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_limits_of_a_referrer_hold_under_a_rush(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: the count goes up whatever the limit is."""
    if planted:
        careless = str(rewarding._COUNT).replace("t.given < :most", "true")
        monkeypatch.setattr(rewarding, "_COUNT", text(careless))
    async with db.merchant("demo") as tx:
        await running(tx, per_day=3, per_total=5)
        referrer = await make.fan(tx)
        friends = [await make.fan(tx) for _ in range(8)]
        for friend in friends:
            await bind(tx, referrer, friend)

    async def buy(place: int) -> None:
        async with db.merchant("demo") as tx:
            await service.credit(tx, f"T{place}", friends[place], 6_000, tx.now)

    await asyncio.gather(*(buy(place) for place in range(8)))
    mine = [state for (_, side), state in (await states(db)).items() if side == "referrer"]
    if planted:
        assert mine.count("given") > 3
        return
    assert sorted(mine) == ["given"] * 3 + ["limited"] * 5
    assert await audit.run(db) == []


async def test_a_refund_takes_both_back_and_the_next_purchase_may_earn(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    referrer, friend, sku_id = await world(db)
    first = await buys(db, wechat, drain, friend, sku_id, 2)
    await refunds(db, drain, friend, first, 1)
    assert await sides(db) == GIVEN
    await refunds(db, drain, friend, first, 1)
    assert await sides(db) == {"friend": "taken_back", "referrer": "taken_back"}
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, referrer) == 0
        assert (await queries.tree(tx, referrer)).value_fen == 0
    assert await audit.run(db) == []
    again = await buys(db, wechat, drain, friend, sku_id)
    assert (await states(db))[again, "referrer"] == "given"
    assert await audit.run(db) == []


async def test_a_used_reward_is_a_debt_until_its_own_order_falls(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    referrer, friend, sku_id = await world(db)
    first = await buys(db, wechat, drain, friend, sku_id)
    _, spent = await make.placed(db, (sku_id, 1), fan_id=referrer)
    await refunds(db, drain, friend, first)
    assert await sides(db) == {"friend": "taken_back", "referrer": "owed"}
    async with db.merchant("demo") as tx:
        (debt,) = await queries.debts(tx)
        page = await queries.mine(tx, referrer, await service.load(tx), "x")
        assert (debt.owed_fen, debt.coupon) == (1_000, "推荐人 10 元")
        assert (page.owed_fen, page.latest[0].owed_fen) == (1_000, 1_000)
        assert await service.settle_debts(tx) == 0
    assert await audit.run(db) == []
    async with db.merchant("demo") as tx:
        await orders.cancel(tx, referrer, spent)
    async with db.merchant("demo") as tx:
        assert await promotion.held_count(tx, referrer) == 0
        assert await service.settle_debts(tx) == 1
    assert (await sides(db))["referrer"] == "taken_back"
    assert await audit.run(db) == []


async def test_a_debt_may_be_forgiven(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    referrer, friend, sku_id = await world(db)
    first = await buys(db, wechat, drain, friend, sku_id)
    await make.placed(db, (sku_id, 1), fan_id=referrer)
    await refunds(db, drain, friend, first)
    async with db.merchant("demo") as tx:
        await service.forgive(tx, STAFF, first, RewardSide.REFERRER, "老客户")
        await tx.flush()
        with pytest.raises(DebtMissing):
            await service.forgive(tx, STAFF, first, RewardSide.REFERRER, "再来")
    assert (await sides(db))["referrer"] == "forgiven"
    assert await audit.run(db) == []


async def test_what_is_kept_is_rewarded_when_nothing_can_go_back(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    _, friend, sku_id = await world(db, reward_when=RewardWhen.KEPT)
    order_no = await buys(db, wechat, drain, friend, sku_id)
    async with db.merchant("demo") as tx:
        assert await service.give_due(tx) == 0
    await make.ship(db, order_no)
    async with db.merchant("demo") as tx:
        await orders.receive(tx, friend, order_no)
    await drain()
    async with db.merchant("demo") as tx:
        days = await tx.scalar(
            text("SELECT extract(day FROM max(due_at) - now()) FROM referral_reward")
        )
        assert days == 14
        assert await service.give_due(tx) == 0
        await tx.execute(text("UPDATE referral_reward SET due_at = now()"))
        assert await service.give_due(tx) == 1
        assert await service.give_due(tx) == 0
    assert await sides(db) == GIVEN
    assert await audit.run(db) == []


async def test_small_purchases_and_empty_stocks(db: Db, drain: Drain, wechat: FakeWeChat) -> None:
    _, friend, sku_id = await world(db, min_paid_fen=10_000)
    await buys(db, wechat, drain, friend, sku_id)
    assert await states(db) == {}
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE coupon_template SET stock = 1, issued = 0"))
        await tx.execute(
            text("UPDATE coupon_template SET status = 'ended' WHERE name LIKE '好友%'")
        )
    await buys(db, wechat, drain, friend, sku_id, 2)
    assert await sides(db) == {"friend": "failed", "referrer": "given"}
    assert await audit.run(db) == []


@pytest.mark.parametrize("approve", [True, False])
async def test_what_looks_odd_waits_for_staff(
    db: Db, drain: Drain, wechat: FakeWeChat, approve: bool
) -> None:
    referrer, friend, sku_id = await world(db, hold_odd=True)
    await make.placed(db, (sku_id, 1), fan_id=referrer)
    await buys(db, wechat, drain, friend, sku_id)
    assert set((await sides(db)).values()) == {"held"}
    async with db.merchant("demo") as tx:
        (row,) = (await queries.odd(tx, state=BondState.HELD, cursor=None, limit=30)).items
        assert FlagKind.RECEIVER in row.flags
        await service.decide(tx, STAFF, row.bond_id, approve=approve, reason="同住一家")
        await tx.flush()
        with pytest.raises(BondMissing):
            await service.decide(tx, STAFF, row.bond_id, approve=approve, reason="再来")
    assert set((await sides(db)).values()) == {"given" if approve else "cancelled"}
    assert await audit.run(db) == []


async def test_a_friend_on_the_referrers_phone_is_flagged(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await running(tx, hold_odd=True)
        referrer, friend = await make.fan(tx), await make.fan(tx)
        await service.note_device(tx, referrer, "mark")
        await bind(tx, referrer, friend, "mark")
    async with db.merchant("demo") as tx:
        await service.credit(tx, "T1", friend, 6_000, tx.now)
        found = await queries.odd(tx, state=None, cursor=None, limit=30)
        assert [row.flags for row in found.items] == [[FlagKind.DEVICE]]


async def test_rules_are_saved_by_one_at_a_time(db: Db) -> None:
    async with db.merchant("demo") as tx:
        saved = await running(tx)
        assert (saved.edits, await service.load(tx)) == (1, saved)
        await service.save_rules(tx, STAFF, saved)
        with pytest.raises(RulesEdited):
            await service.save_rules(tx, STAFF, saved)
