"""What a friend gives back: rewards it no longer earns go, as one of the consequences of an after-sale.

`plan` says what would go, `take_back` does it; both are registered with orders, so the preview that
staff see and the decision are one list.
"""

from collections.abc import Sequence

from sqlalchemy import select

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan
from tiefen.orders.values import Case, Effect
from tiefen.promotion import service as promotion
from tiefen.promotion.values import CouponBrief, CouponStatus
from tiefen.referral import rules
from tiefen.referral.errors import DebtMissing
from tiefen.referral.models import ReferralOrder, ReferralReward
from tiefen.referral.service.book import key_of, locked, rewards_of, uncount
from tiefen.referral.values import RewardSide, RewardState
from tiefen.team import service as team

CREDIT, REWARD = "referral_credit", "referral_reward"
_WHOSE = {
    RewardSide.REFERRER: ("推荐人", "who brought them"),
    RewardSide.FRIEND: ("好友", "the friend"),
}


async def plan(tx: Tx, case: Case) -> list[Effect]:
    """What of a friend's purchase would no longer be credited, and which rewards would go.

    Once somebody has said yes the purchase and its coupons are held, so that nothing else happens
    to them before `take_back`.
    """
    if not case.amount_fen:
        return []
    order = await (locked(tx, case.order_no) if case.held else tx.get(ReferralOrder, case.order_no))
    if order is None:
        return []
    kept_fen = order.paid_fen - order.refunded_fen
    left_fen = rules.kept_after(kept_fen, case.amount_fen)
    effects = [
        Effect(
            CREDIT,
            order.bond_id,
            kept_fen,
            left_fen,
            f"推荐业绩 {yuan(kept_fen)} → {yuan(left_fen)}",
            f"credited to who brought them: {yuan(kept_fen)}, then {yuan(left_fen)}",
        )
    ]
    going = [
        reward
        for reward in await rewards_of(tx, case.order_no)
        if rules.goes(reward.state, left_fen, reward.min_paid_fen, whole=case.whole)
    ]
    keys = [key_of(case.order_no, reward.side) for reward in going]
    coupons = await promotion.coupons_by_key(tx, keys, hold=case.held)
    return effects + [_told(one, coupons.get(key_of(case.order_no, one.side))) for one in going]


async def take_back(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Credit less, and take the rewards that were named.

    A coupon that was used is owed: what it saved is noted, and if its own order falls through the
    coupon is gone and the debt with it.
    """
    order = await locked(tx, case.order_no)
    assert order is not None, "it was planned under this lock"
    (credit,) = (one for one in effects if one.kind == CREDIT)
    order.refunded_fen = order.paid_fen - credit.after
    order.whole = order.whole or case.whole
    named = {one.subject for one in effects if one.kind == REWARD}
    for reward in await rewards_of(tx, case.order_no):
        if reward.fan_id in named:
            await _take_back(tx, reward)
    if order.whole or named:
        order.is_first = False
    await tx.flush()


async def settle_debts(tx: Tx) -> int:
    """Debts whose coupon came back from its order after all are debts no more; how many."""
    rows = (
        await tx.scalars(
            select(ReferralReward)
            .where(ReferralReward.state == RewardState.OWED)
            .with_for_update(skip_locked=True)
        )
    ).all()
    fates = await promotion.coupons_by_key(tx, [key_of(row.order_no, row.side) for row in rows])
    settled = 0
    for row in rows:
        fate = fates.get(key_of(row.order_no, row.side))
        if fate is not None and fate.status is not CouponStatus.USED:
            await _settled(tx, row)
            settled += 1
    await tx.flush()
    return settled


async def forgive(tx: Tx, actor: StaffActor, order_no: str, side: RewardSide, reason: str) -> None:
    """The merchant lets a debt go. Raises DebtMissing."""
    row = await tx.get(ReferralReward, (order_no, side), with_for_update=True)
    if row is None or row.state is not RewardState.OWED:
        raise DebtMissing
    row.state, row.settled_at = RewardState.FORGIVEN, tx.now
    await team.record_audit(
        tx,
        actor,
        "referral.forgive",
        f"referral_reward:{order_no}:{side.value}",
        after={"owed_fen": row.owed_fen, "fan_id": row.fan_id},
        reason=reason,
    )


def _told(reward: ReferralReward, coupon: CouponBrief | None) -> Effect:
    """What becomes of one reward, in words."""
    zh, en = _WHOSE[reward.side]
    if reward.state is not RewardState.GIVEN or coupon is None:
        words = (f"{zh}的奖励还没发放，不再发放", f"the reward of {en} is not given any more")
        return Effect(REWARD, reward.fan_id, 0, 0, *words)
    name = coupon.name
    if coupon.status is CouponStatus.USED:
        saved = yuan(coupon.saved_fen)
        words = (
            f"{zh}的奖励券“{name}”已经用掉，记为待追回 {saved}",
            f"the reward of {en}, {name}, was used: {saved} is owed",
        )
        return Effect(REWARD, reward.fan_id, 1, 1, *words)
    if coupon.status is CouponStatus.HELD:
        words = (f"收回{zh}的奖励券“{name}”", f"the reward of {en}, {name}, is taken back")
    else:
        words = (f"{zh}的奖励券“{name}”已失效，不再计数", f"the reward of {en}, {name}, is over")
    return Effect(REWARD, reward.fan_id, 1, 0, *words)


async def _take_back(tx: Tx, reward: ReferralReward) -> None:
    if reward.state in (RewardState.HELD, RewardState.WAITING):
        reward.state, reward.settled_at = RewardState.CANCELLED, tx.now
    elif reward.state is RewardState.GIVEN:
        answer = await promotion.take_back_coupon(tx, key_of(reward.order_no, reward.side))
        if answer.status is CouponStatus.USED:
            reward.state, reward.owed_fen = RewardState.OWED, answer.owed_fen
        else:
            await _settled(tx, reward)


async def _settled(tx: Tx, reward: ReferralReward) -> None:
    """The coupon is gone: it counts against no limit any more."""
    reward.state, reward.settled_at = RewardState.TAKEN_BACK, tx.now
    if reward.side is RewardSide.REFERRER and reward.given_at is not None:
        await uncount(tx, reward.fan_id, reward.given_at)
