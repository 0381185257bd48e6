"""What a friend's purchase is worth, what looks odd about it, and the rewards for it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.orders import service as orders
from tiefen.payments import service as payments
from tiefen.promotion import service as promotion
from tiefen.promotion.errors import CouponEnded, CouponGone, TemplateMissing
from tiefen.referral import rules
from tiefen.referral.errors import BondMissing
from tiefen.referral.models import ReferralBond, ReferralFlag, ReferralOrder, ReferralReward
from tiefen.referral.service.binding import load, same_device
from tiefen.referral.service.book import (
    ALL_DAYS,
    key_of,
    locked,
    rewards_of,
    uncount,
    uncount_all_days,
)
from tiefen.referral.values import BondState, FlagKind, RewardSide, RewardState, Rules
from tiefen.team import service as team

GRACE = timedelta(hours=1)
"""An order placed in time may be paid a little later."""
AT_ONCE = 100
_BOND_OF = text(
    """
    SELECT id, friend_id, referrer_id, device FROM referral_bond
    WHERE friend_id = ANY(:ids) AND NOT lapsed AND bound_at <= :at
        AND (bought_at IS NOT NULL OR until > :grace)
    ORDER BY bound_at LIMIT 1 FOR UPDATE
    """
)
_CREDIT = text(
    """
    INSERT INTO referral_order (order_no, bond_id, friend_id, referrer_id, paid_fen, refunded_fen,
        paid_at, is_first, whole)
    SELECT :order_no, :bond, :friend, :referrer, :paid, :refunded, :at, NOT :whole AND
        NOT EXISTS (SELECT FROM referral_order o WHERE o.bond_id = :bond AND o.is_first), :whole
    ON CONFLICT (order_no) DO NOTHING RETURNING is_first
    """
)
"""Once per order, however often its payment is told; the caller holds the bond."""
_CLAIM = text(
    """
    UPDATE referral_reward SET state = 'given', given_at = :now
    WHERE order_no = :order_no AND side = :side AND state = 'waiting' AND due_at <= :now
    RETURNING fan_id, template_id
    """
)
"""The guard: a reward is given once."""
_COUNT = text(
    """
    INSERT INTO referral_tally AS t (referrer_id, day, given) VALUES (:fan, :day, 1)
    ON CONFLICT (referrer_id, day) DO UPDATE SET given = t.given + 1
    WHERE :most = 0 OR t.given < :most RETURNING given
    """
)
"""The guard on a referrer's limits."""


async def credit(tx: Tx, order_no: str, fan_id: int, paid_fen: int, at: datetime) -> None:
    """A paid order counts for who brought the fan; the first one may be rewarded. Safe to repeat.

    Some of it may have gone back before this was heard: that is looked at under the order's lock, so
    either it is seen here, or whoever refunds sees what is written here.
    """
    ids = await fans.person_ids(tx, fan_id)
    asked = {"ids": ids, "at": at, "grace": at - GRACE}
    bond = (await tx.execute(_BOND_OF, asked)).one_or_none()
    if bond is None or bond.referrer_id in ids:
        return
    back = await orders.refunded(tx, order_no)
    refunded_fen = min(back.refunded_fen, paid_fen)
    first = await tx.scalar(
        _CREDIT,
        {
            "order_no": order_no,
            "bond": bond.id,
            "friend": bond.friend_id,
            "referrer": bond.referrer_id,
            "paid": paid_fen,
            "refunded": refunded_fen,
            "whole": back.whole,
            "at": at,
        },
    )
    if first is None:
        return
    row = await tx.get_one(ReferralBond, bond.id)
    row.bought_at = row.bought_at or at
    if not first:
        return
    await fans.brought_friend(tx, bond.referrer_id, bond.friend_id, at)
    wanted = await load(tx)
    earns = wanted.enabled and row.state is not BondState.REFUSED
    if not earns or paid_fen - refunded_fen < max(
        wanted.min_paid_fen, 1
    ):  # the next purchase may be rewarded
        (await tx.get_one(ReferralOrder, order_no)).is_first = False
        return
    odd = await _flag(tx, bond, order_no)
    held = odd and wanted.hold_odd and row.state is not BondState.APPROVED
    if held and row.state is BondState.CLEAR:
        row.state = BondState.HELD
    _promise(tx, wanted, bond, order_no, at, RewardState.HELD if held else RewardState.WAITING)
    await tx.flush()
    await give(tx, order_no)


async def arrived(tx: Tx, order_no: str, at: datetime) -> None:
    """The goods are there: rewards that wait for that are due when nothing can be given back."""
    await tx.execute(
        text(
            "UPDATE referral_reward SET due_at = :due"
            " WHERE order_no = :order_no AND state IN ('waiting', 'held') AND due_at IS NULL"
        ),
        {"due": at + orders.AFTER_SALE_WITHIN, "order_no": order_no},
    )


async def give(tx: Tx, order_no: str) -> None:
    """Give the rewards of a purchase that are due, if it still stands. Safe to repeat."""
    order = await locked(tx, order_no)
    if order is None or order.whole or not order.is_first:
        return
    wanted = await load(tx)
    for side in (RewardSide.FRIEND, RewardSide.REFERRER):
        asked = {"order_no": order_no, "side": side.value, "now": tx.now}
        row = (await tx.execute(_CLAIM, asked)).one_or_none()
        if row is None:
            continue
        state, trouble = await _hand_over(tx, wanted, order_no, side, row.fan_id, row.template_id)
        if state is not RewardState.GIVEN:
            reward = await tx.get_one(ReferralReward, (order_no, side), populate_existing=True)
            reward.state, reward.trouble, reward.settled_at = state, trouble, tx.now
            await tx.flush()


async def give_due(tx: Tx) -> int:
    """Give what is due by now, of at most a hundred purchases; how many were looked at."""
    found = list(
        await tx.scalars(
            text(
                "SELECT DISTINCT order_no FROM referral_reward"
                " WHERE state = 'waiting' AND due_at <= :now ORDER BY order_no LIMIT :most"
            ),
            {"now": tx.now, "most": AT_ONCE},
        )
    )
    for order_no in found:
        await give(tx, order_no)
    return len(found)


async def decide(tx: Tx, actor: StaffActor, bond_id: int, *, approve: bool, reason: str) -> None:
    """Staff say whether what looks odd is honest. Refused: this friend earns nothing.

    Raises BondMissing.
    """
    bond = await tx.get(ReferralBond, bond_id, with_for_update=True)
    if bond is None or bond.state is not BondState.HELD:
        raise BondMissing
    bond.state = BondState.APPROVED if approve else BondState.REFUSED
    bond.decided_at, bond.decided_by, bond.decided_because = tx.now, f"staff:{actor.id}", reason
    await team.record_audit(
        tx,
        actor,
        "referral.approve" if approve else "referral.refuse",
        f"referral_bond:{bond_id}",
        after={"friend_id": bond.friend_id, "referrer_id": bond.referrer_id},
        reason=reason,
    )
    chosen = select(ReferralOrder.order_no).where(
        ReferralOrder.bond_id == bond_id, ReferralOrder.is_first
    )
    for order_no in list(await tx.scalars(chosen)):
        await locked(tx, order_no)
        for reward in await rewards_of(tx, order_no):
            if reward.state is RewardState.HELD:
                reward.state = RewardState.WAITING if approve else RewardState.CANCELLED
                reward.settled_at = None if approve else tx.now
        await tx.flush()
        await give(tx, order_no)


def _promise(
    tx: Tx, wanted: Rules, bond: Any, order_no: str, at: datetime, state: RewardState
) -> None:
    """Note what both sides get by the rules of this moment."""
    sides = (
        (RewardSide.REFERRER, bond.referrer_id, wanted.referrer_template_id),
        (RewardSide.FRIEND, bond.friend_id, wanted.friend_template_id),
    )
    for side, fan_id, template_id in sides:
        if template_id:
            tx.add(
                ReferralReward(
                    order_no=order_no,
                    side=side,
                    fan_id=fan_id,
                    template_id=template_id,
                    min_paid_fen=wanted.min_paid_fen,
                    state=state,
                    due_at=rules.due_at(wanted.reward_when, at, None, orders.AFTER_SALE_WITHIN),
                )
            )


async def _hand_over(
    tx: Tx, wanted: Rules, order_no: str, side: RewardSide, fan_id: int, template_id: int
) -> tuple[RewardState, str]:
    """The coupon itself, within the referrer's limits."""
    counted = side is RewardSide.REFERRER
    if counted and not await _count(tx, wanted, fan_id):
        return RewardState.LIMITED, ""
    try:
        reason = "老带新：推荐好友购买" if counted else "老带新：好友推荐首单"
        await promotion.give_coupon(tx, fan_id, template_id, key_of(order_no, side), reason)
    except (CouponGone, CouponEnded, TemplateMissing) as refusal:
        if counted:
            await uncount(tx, fan_id, tx.now)
        return RewardState.FAILED, refusal.message("zh")
    return RewardState.GIVEN, ""


async def _count(tx: Tx, wanted: Rules, fan_id: int) -> bool:
    """Count a reward against the referrer's limits; False when one is reached."""
    if await tx.scalar(_COUNT, {"fan": fan_id, "day": ALL_DAYS, "most": wanted.per_total}) is None:
        return False
    today = day_of(tx.now)
    if await tx.scalar(_COUNT, {"fan": fan_id, "day": today, "most": wanted.per_day}) is not None:
        return True
    await uncount_all_days(tx, fan_id)
    return False


async def _flag(tx: Tx, bond: Any, order_no: str) -> bool:
    """Note what looks odd about a friend's first purchase; whether anything does."""
    referrers = await fans.person_ids(tx, bond.referrer_id)
    found = []
    if await orders.same_receiver(tx, order_no, referrers):
        found.append(FlagKind.RECEIVER)
    paid = await payments.paid_by(tx, order_no)
    if paid and paid.openid == await fans.openid_of(tx, bond.referrer_id, paid.app_id):
        found.append(FlagKind.PAYER)
    if await same_device(tx, referrers, bond.device):
        found.append(FlagKind.DEVICE)
    tx.add_all(ReferralFlag(bond_id=bond.id, kind=kind, at=tx.now) for kind in found)
    await tx.flush()
    return bool(found)
