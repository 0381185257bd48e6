"""Referral at work: who brought whom, what their purchases are worth, and the rewards for them.

Every verb that touches an order's rewards locks its `referral_order` first, so that rewarding and
refunding the same purchase wait for each other.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.crypto import sign
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.orders import service as orders
from tiefen.payments import service as payments
from tiefen.promotion import service as promotion
from tiefen.promotion.errors import CouponEnded, CouponGone, TemplateMissing
from tiefen.promotion.values import CouponStatus
from tiefen.referral import rules
from tiefen.referral.errors import BondMissing, DebtMissing, RulesEdited
from tiefen.referral.models import (
    ReferralBond,
    ReferralFlag,
    ReferralOrder,
    ReferralReward,
    ReferralRules,
)
from tiefen.referral.values import Arrival, BondState, FlagKind, RewardSide, RewardState, Rules
from tiefen.team import service as team

GRACE = timedelta(hours=1)
"""An order placed in time may be paid a little later."""
AT_ONCE = 100
ALL_DAYS = date.fromisoformat(rules.ALL_DAYS)
_ABOVE = text(
    """
    WITH RECURSIVE up AS (
        SELECT referrer_id, 1 AS depth FROM referral_bond WHERE friend_id = ANY(:ids) AND NOT lapsed
        UNION
        SELECT b.referrer_id, up.depth + 1 FROM up
        JOIN referral_bond b ON b.friend_id = up.referrer_id AND NOT b.lapsed
        WHERE up.depth < :most
    )
    SELECT referrer_id FROM up
    """
)
_LAPSE = text(
    """
    UPDATE referral_bond SET lapsed = true
    WHERE friend_id = ANY(:ids) AND NOT lapsed AND bought_at IS NULL AND until <= :now
    """
)
"""The guard: only a bond whose time is over, and that brought nothing, gives way."""
_BIND = text(
    """
    INSERT INTO referral_bond (friend_id, referrer_id, bound_at, until, lapsed, state, product_id,
        device, decided_by, decided_because)
    VALUES (:friend, :referrer, :now, :until, false, 'clear', :product, :device, '', '')
    ON CONFLICT (friend_id) WHERE NOT lapsed DO NOTHING RETURNING id
    """
)
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
    SELECT :order_no, :bond, :friend, :referrer, :paid, 0, :at,
        NOT EXISTS (SELECT FROM referral_order o WHERE o.bond_id = :bond AND o.is_first), false
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
_UNCOUNT = text(
    """
    UPDATE referral_tally SET given = given - 1
    WHERE referrer_id = :fan AND day IN (:day, DATE '1970-01-01')
    """
)
_SAME_DEVICE = text(
    "SELECT EXISTS (SELECT FROM referral_device WHERE fan_id = ANY(:ids) AND device = :device)"
)
_NOTE_DEVICE = text(
    """
    INSERT INTO referral_device (fan_id, device, seen_at) VALUES (:fan, :device, :now)
    ON CONFLICT (fan_id, device) DO UPDATE SET seen_at = :now
    """
)


async def load(tx: Tx, *, lock: bool = False) -> Rules:
    """The merchant's rules; off until some are saved."""
    chosen = select(ReferralRules).where(ReferralRules.id == 1)
    row = await tx.scalar(chosen.with_for_update() if lock else chosen)
    if row is None:
        return Rules()
    return Rules(**{name: getattr(row, name) for name in asdict(Rules())})


async def save_rules(tx: Tx, actor: StaffActor, wanted: Rules) -> Rules:
    """Change the rules; purchases paid before keep theirs. `edits` is the number they were opened
    at. Raises BadRules, RulesEdited."""
    rules.check(wanted)
    before = await load(tx, lock=True)
    if wanted.edits != before.edits:
        raise RulesEdited(field="edits")
    after = replace(wanted, edits=before.edits + 1)
    if before.edits:
        row = await tx.get_one(ReferralRules, 1)
        for name, value in asdict(after).items():
            setattr(row, name, value)
        row.updated_at = tx.now
    else:
        tx.add(ReferralRules(id=1, updated_at=tx.now, **asdict(after)))
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "referral.save_rules",
        "referral_rules",
        before=_plain(before),
        after=_plain(after),
    )
    return after


def link_code(tx: Tx, fan_id: int) -> str:
    """The text of a fan's link."""
    return rules.make_code(fan_id, _signer(tx))


async def owner_of(tx: Tx, code: str) -> int:
    """The living record of whose link it is. Raises BadCode."""
    return (await fans.person_ids(tx, rules.read_code(code, _signer(tx))))[0]


async def note_device(tx: Tx, fan_id: int, device: str) -> None:
    """Remember from where a referrer looks at their own page."""
    await tx.execute(_NOTE_DEVICE, {"fan": fan_id, "device": device, "now": tx.now})


async def arrive(
    tx: Tx, fan_id: int, code: str, *, product_id: int | None = None, device: str = ""
) -> Arrival:
    """A signed-in fan opened somebody's link: bind them, if the law allows. Raises BadCode.

    Snapshot visitors have no session, so they never come here. Binding is rare and takes turns
    (the rules' row is locked), so that no loop closes between two of them.
    """
    referrer = await owner_of(tx, code)
    mine = await fans.person_ids(tx, fan_id)
    wanted = await load(tx, lock=True)
    referrers = await fans.person_ids(tx, referrer)
    above = list(await tx.scalars(_ABOVE, {"ids": referrers, "most": rules.MOST_UP}))
    facts = (await fans.trade_facts(tx, [fan_id])).get(fan_id)
    found = rules.judge(
        wanted,
        friend=mine,
        referrer=referrer,
        above=above,
        joined_at=facts.joined_at if facts else None,
        orders=facts.orders if facts else 0,
        now=tx.now,
    )
    if found is not Arrival.BOUND:
        return found
    await tx.execute(_LAPSE, {"ids": mine, "now": tx.now})
    bond_id = await tx.scalar(
        _BIND,
        {
            "friend": mine[0],
            "referrer": referrer,
            "now": tx.now,
            "until": tx.now + timedelta(days=wanted.window_days),
            "product": product_id,
            "device": device,
        },
    )
    return Arrival.BOUND if bond_id is not None else Arrival.ALREADY


async def credit(tx: Tx, order_no: str, fan_id: int, paid_fen: int, at: datetime) -> None:
    """A paid order counts for who brought the fan; the first one may be rewarded. Safe to repeat."""
    ids = await fans.person_ids(tx, fan_id)
    asked = {"ids": ids, "at": at, "grace": at - GRACE}
    bond = (await tx.execute(_BOND_OF, asked)).one_or_none()
    if bond is None or bond.referrer_id in ids:
        return
    first = await tx.scalar(
        _CREDIT,
        {
            "order_no": order_no,
            "bond": bond.id,
            "friend": bond.friend_id,
            "referrer": bond.referrer_id,
            "paid": paid_fen,
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
    if not earns or paid_fen < max(wanted.min_paid_fen, 1):  # the next purchase may be rewarded
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
    order = await _locked(tx, order_no)
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


async def went_back(tx: Tx, order_no: str, refund_fen: int, *, whole: bool) -> None:
    """Money of an order went back: it is credited less, and rewards it no longer earns go.

    A coupon that was used is owed: what it saved is noted, and if its own order falls through the
    coupon is gone and the debt with it.
    """
    order = await _locked(tx, order_no)
    if order is None:
        return
    order.refunded_fen = min(order.refunded_fen + refund_fen, order.paid_fen)
    order.whole = order.whole or whole
    kept_fen = order.paid_fen - order.refunded_fen
    lost = False
    for reward in await _rewards(tx, order_no):
        if order.whole or kept_fen < reward.min_paid_fen:
            await _take_back(tx, reward)
            lost = True
    if order.whole or lost:
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
    fates = await promotion.coupons_by_key(tx, [_key(row.order_no, row.side) for row in rows])
    settled = 0
    for row in rows:
        fate = fates.get(_key(row.order_no, row.side))
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
        await _locked(tx, order_no)
        for reward in await _rewards(tx, order_no):
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
        await promotion.give_coupon(tx, fan_id, template_id, _key(order_no, side), reason)
    except (CouponGone, CouponEnded, TemplateMissing) as refusal:
        if counted:
            await tx.execute(_UNCOUNT, {"fan": fan_id, "day": day_of(tx.now)})
        return RewardState.FAILED, refusal.message("zh")
    return RewardState.GIVEN, ""


async def _count(tx: Tx, wanted: Rules, fan_id: int) -> bool:
    """Count a reward against the referrer's limits; False when one is reached."""
    if await tx.scalar(_COUNT, {"fan": fan_id, "day": ALL_DAYS, "most": wanted.per_total}) is None:
        return False
    today = day_of(tx.now)
    if await tx.scalar(_COUNT, {"fan": fan_id, "day": today, "most": wanted.per_day}) is not None:
        return True
    await tx.execute(_UNCOUNT, {"fan": fan_id, "day": ALL_DAYS})
    return False


async def _take_back(tx: Tx, reward: ReferralReward) -> None:
    if reward.state in (RewardState.HELD, RewardState.WAITING):
        reward.state, reward.settled_at = RewardState.CANCELLED, tx.now
    elif reward.state is RewardState.GIVEN:
        answer = await promotion.take_back_coupon(tx, _key(reward.order_no, reward.side))
        if answer.status is CouponStatus.USED:
            reward.state, reward.owed_fen = RewardState.OWED, answer.owed_fen
        else:
            await _settled(tx, reward)


async def _settled(tx: Tx, reward: ReferralReward) -> None:
    """The coupon is gone: it counts against no limit any more."""
    reward.state, reward.settled_at = RewardState.TAKEN_BACK, tx.now
    if reward.side is RewardSide.REFERRER and reward.given_at is not None:
        asked = {"fan": reward.fan_id, "day": day_of(reward.given_at)}
        await tx.execute(_UNCOUNT, asked)


async def _flag(tx: Tx, bond: Any, order_no: str) -> bool:
    """Note what looks odd about a friend's first purchase; whether anything does."""
    referrers = await fans.person_ids(tx, bond.referrer_id)
    found = []
    if await orders.same_receiver(tx, order_no, referrers):
        found.append(FlagKind.RECEIVER)
    paid_by = await payments.payer(tx, order_no)
    if paid_by and await fans.openid_of(tx, bond.referrer_id, paid_by[0]) == paid_by[1]:
        found.append(FlagKind.PAYER)
    asked = {"ids": referrers, "device": bond.device}
    if bond.device and await tx.scalar(_SAME_DEVICE, asked):
        found.append(FlagKind.DEVICE)
    tx.add_all(ReferralFlag(bond_id=bond.id, kind=kind, at=tx.now) for kind in found)
    await tx.flush()
    return bool(found)


async def _locked(tx: Tx, order_no: str) -> ReferralOrder | None:
    return await tx.get(ReferralOrder, order_no, with_for_update=True, populate_existing=True)


async def _rewards(tx: Tx, order_no: str) -> Sequence[ReferralReward]:
    found = await tx.scalars(
        select(ReferralReward)
        .where(ReferralReward.order_no == order_no)
        .order_by(ReferralReward.side)
        .execution_options(populate_existing=True)
    )
    return found.all()


def _key(order_no: str, side: RewardSide) -> str:
    return f"referral:{order_no}:{side.value}"


def _signer(tx: Tx) -> Any:
    return partial(sign, f"referral:{tx.merchant}")


def _plain(wanted: Rules) -> dict[str, Any]:
    return {
        name: value.value if hasattr(value, "value") else value
        for name, value in asdict(wanted).items()
    }
