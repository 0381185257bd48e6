"""Rewards on their way back: the preview is what happens, once, whoever else is at it at that moment."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.conftest import Drain
from tests.orders import factories as make
from tests.orders.test_after_sale_races import effects
from tests.orders.test_races import at_once
from tests.payments.factories import FakeWeChat
from tests.referral.factories import buys, refunds, states, world
from tiefen.kernel import audit
from tiefen.kernel.db import Db, Tx
from tiefen.orders import service as orders
from tiefen.orders.values import AfterSaleKind, Refunded
from tiefen.promotion import service as promotion
from tiefen.referral import queries, rules, service
from tiefen.referral.models import ReferralReward
from tiefen.referral.service import going_back
from tiefen.referral.values import RewardState, RewardWhen

MINE = ("referral_credit", "referral_reward")


async def _said(db: Db, after_sale_no: str) -> dict[str, str]:
    """What the preview says of referral: sentence → (before → after)."""
    async with db.merchant("demo") as tx:
        seen = await orders.preview(tx, after_sale_no)
    return {
        one.text: f"{one.kind} {one.before} → {one.after}"
        for one in seen.consequences
        if one.kind in MINE
    }


async def _done(db: Db, after_sale_no: str) -> list[str]:
    noted = await effects(db, after_sale_no)
    return sorted(f"{kind} {before} → {after}" for kind, before, after in noted if kind in MINE)


async def test_staff_see_before_they_agree_which_rewards_go(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    referrer, friend, sku_id = await world(db)
    order_no = await buys(db, wechat, drain, friend, sku_id)
    await make.placed(db, (sku_id, 1), fan_id=referrer)  # with the reward on it
    asked = await make.ask(db, friend, order_no)
    said = await _said(db, asked.after_sale_no)
    assert list(said) == [
        "推荐业绩 ¥60.00 → ¥0.00",
        "收回好友的奖励券“好友 10 元”",
        "推荐人的奖励券“推荐人 10 元”已经用掉，记为待追回 ¥10.00",
    ]
    assert await _done(db, asked.after_sale_no) == []
    assert set((await states(db)).values()) == {"given"}
    await make.approve(db, asked.after_sale_no)
    await drain()
    assert await _done(db, asked.after_sale_no) == sorted(set(said.values()))
    assert await states(db) == {(order_no, "friend"): "taken_back", (order_no, "referrer"): "owed"}
    assert await audit.run(db) == []


async def test_what_is_not_given_yet_is_said_to_fall_away(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    _, friend, sku_id = await world(db, reward_when=RewardWhen.KEPT)
    order_no = await buys(db, wechat, drain, friend, sku_id, 2)
    (line,) = (await make.order(db, order_no)).lines
    part = await make.ask(db, friend, order_no, (line.id, 1))
    assert list(await _said(db, part.after_sale_no)) == ["推荐业绩 ¥120.00 → ¥60.00"]
    await make.approve(db, part.after_sale_no)
    await drain()
    rest = await make.ask(db, friend, order_no)
    assert "推荐人的奖励还没发放，不再发放" in await _said(db, rest.after_sale_no)
    await make.approve(db, rest.after_sale_no)
    await drain()
    assert set((await states(db)).values()) == {"cancelled"}
    assert await audit.run(db) == []


async def test_goods_sent_instead_and_orders_of_nobodys_friend_concern_no_reward(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    referrer, friend, sku_id = await world(db)
    order_no = await buys(db, wechat, drain, friend, sku_id)
    await make.ship(db, order_no)
    again = await make.ask(db, friend, order_no, kind=AfterSaleKind.RESEND)
    assert await _said(db, again.after_sale_no) == {}
    own = await buys(db, wechat, drain, referrer, sku_id)
    asked = await make.ask(db, referrer, own)
    assert await _said(db, asked.after_sale_no) == {}


@pytest.mark.parametrize("planted", [False, True])
async def test_two_refunds_told_many_times_at_once_take_back_once(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    planted: bool,
) -> None:
    """Planted: what is taken back is counted off again each time somebody looks."""
    referrer, friend, sku_id = await world(db, min_paid_fen=10_000, per_total=5)
    order_no = await buys(db, wechat, drain, friend, sku_id, 3)
    (line,) = (await make.order(db, order_no)).lines
    asked = [await make.ask(db, friend, order_no, (line.id, 1)) for _ in range(2)]
    if planted:
        monkeypatch.setattr(rules, "goes", lambda state, kept, least, *, whole: kept < least)
        settled = going_back._settled

        async def carelessly(tx: Tx, reward: ReferralReward) -> None:
            await settled(tx, reward)

        monkeypatch.setattr(going_back, "_take_back", carelessly)
    for one in asked:
        await make.approve(db, one.after_sale_no)
    await asyncio.gather(drain(), drain(), drain())
    async with db.merchant("demo") as tx:
        counted = list(await tx.scalars(text("SELECT given FROM referral_tally")))
        tree = await queries.tree(tx, referrer)
    assert tree.value_fen == await _kept(db, order_no)
    if planted:
        assert await audit.run(db) != []
        return
    assert set((await states(db)).values()) == {"taken_back"}
    assert counted == [0, 0]
    assert await audit.run(db) == []


async def _kept(db: Db, order_no: str) -> int:
    async with db.merchant("demo") as tx:
        kept = text("SELECT paid_fen - refunded_fen FROM orders WHERE order_no = :no")
        return int(await tx.scalar(kept, {"no": order_no}) or 0)


async def test_refunding_while_the_reward_is_being_used_ends_in_one_of_two_ways(
    db: Db, drain: Drain, wechat: FakeWeChat
) -> None:
    """Either the coupon is gone and the order refused, or the order stands and its saving is owed."""
    seen = set()
    for _ in range(4):
        referrer, friend, sku_id = await world(db)
        order_no = await buys(db, wechat, drain, friend, sku_id)
        asked = await make.ask(db, friend, order_no)
        async with db.merchant("demo") as tx:
            wanted = await make.form(tx, referrer, (sku_id, 1))
        await make.approve(db, asked.after_sale_no)

        async def use() -> None:
            async with db.merchant("demo") as tx:
                await orders.place(tx, referrer, "用券", wanted)  # noqa: B023 awaited in this turn

        told = await at_once(use(), drain())
        mine = (await states(db))[order_no, "referrer"]
        seen.add((told["done"], mine))
        assert not [one for one in told if one.startswith("bug")]
        assert await audit.run(db) == []
    assert seen <= {(2, "owed"), (1, "taken_back"), (2, "taken_back")}


@pytest.mark.parametrize("planted", [False, True])
async def test_a_payment_heard_after_its_refund_rewards_nobody(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    planted: bool,
) -> None:
    """Planted: who hears of the payment does not look whether the order still stands."""
    referrer, friend, sku_id = await world(db)
    async with db.merchant("demo") as tx:
        known = await service.load(tx)
        await service.save_rules(tx, STAFF, replace(known, enabled=False))
    order_no = await buys(db, wechat, drain, friend, sku_id)
    async with db.merchant("demo") as tx:  # as if the payment had not been heard of yet
        await tx.execute(text("DELETE FROM referral_order"))
        await service.save_rules(tx, STAFF, replace(known, edits=2))
    await refunds(db, drain, friend, order_no)
    if planted:

        async def blind(_tx: Tx, _order_no: str) -> Refunded:
            return Refunded(0, whole=False)

        monkeypatch.setattr("tiefen.orders.service.refunded", blind)
    async with db.merchant("demo") as tx:
        await service.credit(tx, order_no, friend, 6_000, tx.now)
    async with db.merchant("demo") as tx:
        held = await promotion.held_count(tx, referrer)
        value_fen = (await queries.tree(tx, referrer)).value_fen
    if planted:
        assert (held, value_fen) == (1, 6_000)
        return
    assert (held, value_fen) == (0, 0)
    assert await states(db) == {}
    assert await audit.run(db) == []


@pytest.mark.slow
@pytest.mark.parametrize("planted", [False, True])
async def test_random_lives_of_purchases_end_as_the_model_says(
    db: Db,
    drain: Drain,
    wechat: FakeWeChat,
    monkeypatch: pytest.MonkeyPatch,
    planted: bool,
) -> None:
    """Parts given back in any order, rewards given before or between: what is kept decides.

    Planted: the least amount is not looked at again when something goes back.
    """
    if planted:
        monkeypatch.setattr(rules, "goes", lambda state, kept, least, *, whole: whole)
    wrong = 0
    for seed in range(3 if planted else 6):
        chance = Random(seed)
        when = chance.choice(list(RewardWhen))
        _, friend, sku_id = await world(db, reward_when=when, min_paid_fen=12_000)
        pieces = chance.randint(2, 4)
        order_no = await buys(db, wechat, drain, friend, sku_id, pieces)
        (line,) = (await make.order(db, order_no)).lines
        given = when is RewardWhen.PAID
        lost: str | None = None
        for back in range(1, chance.randint(1, pieces) + 1):
            if chance.random() < 0.4 and not given and lost is None:
                async with db.merchant("demo") as tx:
                    await tx.execute(text("UPDATE referral_reward SET due_at = now()"))
                    await service.give_due(tx)
                given = True
            asked = await make.ask(db, friend, order_no, (line.id, 1))
            said = await _said(db, asked.after_sale_no)
            await make.approve(db, asked.after_sale_no)
            await drain()
            assert await _done(db, asked.after_sale_no) == sorted(set(said.values()))
            if lost is None and (pieces - back) * 6_000 < 12_000:
                lost = "taken_back" if given else "cancelled"
        expected = lost or ("given" if given else "waiting")
        mine = {state for (number, _), state in (await states(db)).items() if number == order_no}
        wrong += mine != {expected}
    broken = {breach.invariant for breach in await audit.run(db)}
    assert (wrong > 0, "R2" in broken) == (planted, planted)


@given(
    state=st.sampled_from(RewardState),
    kept=st.integers(0, 10**9),
    back=st.integers(0, 10**9),
    least=st.integers(0, 10**9),
    whole=st.booleans(),
)
def test_a_reward_goes_only_if_it_stands_and_is_not_earned(
    state: RewardState, kept: int, back: int, least: int, whole: bool
) -> None:
    left = rules.kept_after(kept, back)
    assert 0 <= left <= kept
    goes = rules.goes(state, left, least, whole=whole)
    if goes:
        assert state in (RewardState.HELD, RewardState.WAITING, RewardState.GIVEN)
        assert whole or left < least
        assert rules.goes(state, rules.kept_after(left, 1), least, whole=whole)
    elif state is RewardState.GIVEN:
        assert not whole
        assert left >= least
