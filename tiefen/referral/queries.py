"""Reads of referral for its own HTTP."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.fans.values import FanBrief
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language
from tiefen.kernel.http import Page, decode_cursor, newest, paged
from tiefen.promotion import service as promotion
from tiefen.referral.models import ReferralBond, ReferralReward
from tiefen.referral.schemas import (
    BroughtOut,
    LandingOut,
    MyFriend,
    MyReferral,
    OddOut,
    ReferralSums,
    ReferrerRow,
    RewardOut,
    TreeOut,
)
from tiefen.referral.values import EVER, BondState, FlagKind, RewardSide, RewardState, Rules, Span
from tiefen.team import service as team

LATEST = 50
TREE = 200
"""Friends shown of one referrer, the newest."""
_SUMS = text(
    """
    SELECT p.*, o.orders, o.paid_fen, o.refunded_fen, w.*
    FROM (SELECT
            count(DISTINCT referrer_id) FILTER (WHERE bound_at >= :since AND bound_at < :until)
                AS referrers,
            count(*) FILTER (WHERE NOT lapsed AND bound_at >= :since AND bound_at < :until)
                AS friends,
            count(*) FILTER (WHERE bought_at >= :since AND bought_at < :until) AS buyers
        FROM referral_bond) p,
        (SELECT count(*) AS orders, coalesce(sum(paid_fen), 0)::bigint AS paid_fen,
            coalesce(sum(refunded_fen), 0)::bigint AS refunded_fen FROM referral_order
        WHERE paid_at >= :since AND paid_at < :until) o,
        (SELECT count(*) FILTER (WHERE state = 'given') AS given,
            count(*) FILTER (WHERE state = 'waiting') AS waiting,
            count(*) FILTER (WHERE state = 'held') AS held,
            count(*) FILTER (WHERE state IN ('failed', 'limited')) AS failed,
            count(*) FILTER (WHERE state = 'taken_back') AS taken_back,
            count(*) FILTER (WHERE state = 'owed') AS owed,
            coalesce(sum(owed_fen) FILTER (WHERE state = 'owed'), 0)::bigint AS owed_fen
        FROM referral_reward JOIN referral_order USING (order_no)
        WHERE paid_at >= :since AND paid_at < :until) w
    """
)
# Friends count by the day they were bound, money by the day it was paid; what went back since is
# taken off. `chain`: also what the friends of friends bought.
_RANKING = text(
    """
    WITH bought AS (
        SELECT bond_id, count(*) AS orders, sum(paid_fen - refunded_fen) AS value_fen
        FROM referral_order WHERE paid_at >= :since AND paid_at < :until GROUP BY bond_id
    ), own AS (
        SELECT b.referrer_id AS fan_id,
            count(*) FILTER (WHERE b.bound_at >= :since AND b.bound_at < :until) AS friends,
            count(*) FILTER (WHERE b.bought_at >= :since AND b.bought_at < :until) AS buyers,
            coalesce(sum(o.orders), 0)::bigint AS orders,
            coalesce(sum(o.value_fen), 0)::bigint AS value_fen
        FROM referral_bond b LEFT JOIN bought o ON o.bond_id = b.id
        WHERE NOT b.lapsed GROUP BY b.referrer_id
    ), further AS (
        SELECT b.referrer_id AS fan_id, sum(own.orders) AS orders,
            sum(own.value_fen)::bigint AS value_fen
        FROM referral_bond b JOIN own ON own.fan_id = b.friend_id
        WHERE NOT b.lapsed GROUP BY b.referrer_id
    ), worth AS (
        SELECT own.*, (own.value_fen + coalesce(f.value_fen, 0))::bigint AS chain_value_fen
        FROM own LEFT JOIN further f USING (fan_id)
        WHERE own.friends + own.buyers + own.orders + coalesce(f.orders, 0) > 0
    )
    SELECT * FROM worth
    WHERE (CAST(:value AS bigint) IS NULL OR (value_fen, fan_id) < (:value, :fan))
    ORDER BY value_fen DESC, fan_id DESC LIMIT :most
    """
)
# What the friends of one person bought, and theirs: read by index, whatever others brought.
_WORTH = text(
    """
    WITH own AS MATERIALIZED (
        SELECT id, friend_id FROM referral_bond WHERE referrer_id = ANY(:ids) AND NOT lapsed
    ), further AS MATERIALIZED (
        SELECT b.id FROM own JOIN referral_bond b ON b.referrer_id = own.friend_id
        WHERE NOT b.lapsed
    )
    SELECT (SELECT coalesce(sum(o.paid_fen - o.refunded_fen), 0)::bigint
            FROM own JOIN referral_order o ON o.bond_id = own.id) AS value_fen,
        (SELECT coalesce(sum(o.paid_fen - o.refunded_fen), 0)::bigint
            FROM further JOIN referral_order o ON o.bond_id = further.id) AS further_fen
    """
)
_EARNED = text(
    """
    SELECT fan_id, count(*) FILTER (WHERE state = 'given') AS given,
        coalesce(sum(owed_fen) FILTER (WHERE state = 'owed'), 0)::bigint AS owed_fen
    FROM referral_reward JOIN referral_order USING (order_no)
    WHERE side = 'referrer' AND fan_id = ANY(:fans) AND paid_at >= :since AND paid_at < :until
    GROUP BY fan_id
    """
)
_BROUGHT = text(
    """
    SELECT b.id, b.friend_id, b.bound_at, b.until, b.lapsed, b.state, b.bought_at,
        coalesce(o.orders, 0) AS orders, coalesce(o.value_fen, 0)::bigint AS value_fen,
        coalesce(d.friends, 0) AS friends, coalesce(d.value_fen, 0)::bigint AS friends_value_fen
    FROM referral_bond b
    LEFT JOIN LATERAL (SELECT count(*) AS orders, sum(paid_fen - refunded_fen) AS value_fen
        FROM referral_order WHERE bond_id = b.id) o ON true
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT b2.id) AS friends, sum(o2.paid_fen - o2.refunded_fen) AS value_fen
        FROM referral_bond b2 LEFT JOIN referral_order o2 ON o2.bond_id = b2.id
        WHERE b2.referrer_id = b.friend_id AND NOT b2.lapsed) d ON true
    WHERE b.referrer_id = ANY(:ids) ORDER BY b.id DESC LIMIT :most
    """
)
_REWARDS = text(
    """
    SELECT o.bond_id, w.order_no, w.side, w.template_id, w.state, w.due_at, w.given_at, w.owed_fen,
        w.trouble, w.fan_id
    FROM referral_reward w JOIN referral_order o USING (order_no)
    WHERE o.bond_id = ANY(:bonds) ORDER BY o.paid_at DESC, w.side
    """
)
_MINE = text(
    """
    SELECT count(*) FILTER (WHERE state = 'given') AS rewarded,
        count(*) FILTER (WHERE state IN ('waiting', 'held')) AS waiting,
        coalesce(sum(owed_fen) FILTER (WHERE state = 'owed'), 0)::bigint AS owed_fen
    FROM referral_reward WHERE side = 'referrer' AND fan_id = ANY(:ids)
    """
)
_MY_COUNTS = text(
    """
    SELECT count(*) AS friends, count(bought_at) AS bought FROM referral_bond
    WHERE referrer_id = ANY(:ids) AND NOT lapsed
    """
)
_GIVEN_TEMPLATES = text(
    """
    SELECT DISTINCT order_no, side FROM referral_reward JOIN referral_order USING (order_no)
    WHERE state IN ('given', 'owed') AND paid_at >= :since AND paid_at < :until
    """
)


async def sums(tx: Tx, span: Span = EVER) -> ReferralSums:
    """What referral brought in a span of time, rewards by the day of their purchase; three
    statements."""
    row = (await tx.execute(_SUMS, span.bounds)).one()
    given = await tx.execute(_GIVEN_TEMPLATES, span.bounds)
    keys = [f"referral:{one.order_no}:{one.side}" for one in given]
    fates = await promotion.coupons_by_key(tx, keys)
    cost_fen = sum(one.saved_fen for one in fates.values())
    return ReferralSums(**row._mapping, cost_fen=cost_fen)


async def ranking(
    tx: Tx, span: Span = EVER, *, cursor: str | None, limit: int
) -> Page[ReferrerRow]:
    """Referrers by what their friends' purchases are worth; three statements."""
    after = decode_cursor(cursor, tuple[int, int]) if cursor else None
    found = await referrers(tx, span, after=after, most=limit + 1)
    return paged(found, found, limit, lambda row: (row.value_fen, row.fan_id))


async def referrers(
    tx: Tx, span: Span, *, after: tuple[int, int] | None = None, most: int | None = None
) -> list[ReferrerRow]:
    """Up to `most` referrers (None: all), those of the highest value first; three statements."""
    value, fan = after or (None, 0)
    asked = {**span.bounds, "value": value, "fan": fan, "most": most}
    rows = (await tx.execute(_RANKING, asked)).all()
    ids = [row.fan_id for row in rows]
    briefs = await fans.brief(tx, set(ids))
    rewards = await tx.execute(_EARNED, {**span.bounds, "fans": ids})
    earned = {row.fan_id: row for row in rewards}
    return [
        ReferrerRow(
            **row._mapping,
            name=_name(briefs, row.fan_id),
            avatar_url=_face(briefs, row.fan_id),
            given=earned[row.fan_id].given if row.fan_id in earned else 0,
            owed_fen=earned[row.fan_id].owed_fen if row.fan_id in earned else 0,
        )
        for row in rows
    ]


async def tree(tx: Tx, fan_id: int) -> TreeOut:
    """Whom a fan brought, what they bought, and whom those brought; at most 200 friends."""
    ids = await fans.person_ids(tx, fan_id)
    rows = (await tx.execute(_BROUGHT, {"ids": ids, "most": TREE})).all()
    rewards = await _rewards(tx, [row.id for row in rows])
    flags = await _flags(tx, [row.id for row in rows])
    above = await tx.scalar(
        select(ReferralBond.referrer_id).where(
            ReferralBond.friend_id.in_(ids), ~ReferralBond.lapsed
        )
    )
    briefs = await fans.brief(
        tx, {fan_id, *(row.friend_id for row in rows), *([above] if above else [])}
    )
    worth = (await tx.execute(_WORTH, {"ids": ids})).one()
    return TreeOut(
        fan_id=fan_id,
        name=_name(briefs, fan_id),
        avatar_url=_face(briefs, fan_id),
        brought_by=above,
        brought_by_name=_name(briefs, above) if above else "",
        value_fen=worth.value_fen,
        chain_value_fen=worth.value_fen + worth.further_fen,
        friends=[
            BroughtOut(
                bond_id=row.id,
                fan_id=row.friend_id,
                name=_name(briefs, row.friend_id),
                avatar_url=_face(briefs, row.friend_id),
                bound_at=row.bound_at,
                until=row.until,
                lapsed=row.lapsed or (row.bought_at is None and row.until <= tx.now),
                state=BondState(row.state),
                flags=flags.get(row.id, []),
                orders=row.orders,
                value_fen=row.value_fen,
                rewards=rewards.get(row.id, []),
                friends=row.friends,
                friends_value_fen=row.friends_value_fen,
            )
            for row in rows
        ],
    )


async def odd(tx: Tx, *, state: BondState | None, cursor: str | None, limit: int) -> Page[OddOut]:
    """Bonds that look odd, the newest first."""
    chosen = select(ReferralBond).where(ReferralBond.state != BondState.CLEAR)
    if state is not None:
        chosen = select(ReferralBond).where(ReferralBond.state == state)
    rows = (await tx.scalars(newest(chosen, ReferralBond.id, cursor, limit))).all()
    flags = await _flags(tx, [row.id for row in rows])
    briefs = await fans.brief(tx, {one for row in rows for one in (row.friend_id, row.referrer_id)})
    actors = await team.actor_names(tx, [row.decided_by for row in rows if row.decided_by])
    shown = [
        OddOut(
            bond_id=row.id,
            friend_id=row.friend_id,
            friend_name=_name(briefs, row.friend_id),
            referrer_id=row.referrer_id,
            referrer_name=_name(briefs, row.referrer_id),
            flags=flags.get(row.id, []),
            state=row.state,
            bound_at=row.bound_at,
            decided_by=actors.get(row.decided_by, ""),
            decided_because=row.decided_because,
        )
        for row in rows
    ]
    return paged(shown, rows, limit)


async def debts(tx: Tx) -> list[RewardOut]:
    """Rewards that are owed, the newest first; at most a hundred."""
    rows = (
        await tx.scalars(
            select(ReferralReward)
            .where(ReferralReward.state == RewardState.OWED)
            .order_by(ReferralReward.given_at.desc())
            .limit(100)
        )
    ).all()
    names = await promotion.coupon_names(tx, {row.template_id for row in rows})
    return [
        RewardOut(
            order_no=row.order_no,
            side=row.side,
            coupon=names.get(row.template_id, ""),
            state=row.state,
            due_at=row.due_at,
            given_at=row.given_at,
            owed_fen=row.owed_fen,
            trouble=row.trouble,
        )
        for row in rows
    ]


async def mine(tx: Tx, fan_id: int, rules: Rules, code: str) -> MyReferral:
    """A fan's own page: the law in words, their link, their friends."""
    ids = await fans.person_ids(tx, fan_id)
    counts = (await tx.execute(_MY_COUNTS, {"ids": ids})).one()
    got = (await tx.execute(_MINE, {"ids": ids})).one()
    rows = (await tx.execute(_BROUGHT, {"ids": ids, "most": LATEST})).all()
    rewards = await _rewards(tx, [row.id for row in rows])
    briefs = await fans.brief(tx, {ids[0], *(row.friend_id for row in rows)})
    gifts = await gift_words(tx, rules)
    latest = []
    for row in rows:
        own = [one for one in rewards.get(row.id, []) if one.side is RewardSide.REFERRER]
        latest.append(
            MyFriend(
                name=_name(briefs, row.friend_id),
                avatar_url=_face(briefs, row.friend_id),
                bound_at=row.bound_at,
                bought=row.bought_at is not None,
                reward=own[0].state if own else None,
                owed_fen=own[0].owed_fen if own and own[0].state is RewardState.OWED else 0,
            )
        )
    return MyReferral(
        running=rules.enabled,
        code=code,
        name=_name(briefs, ids[0]),
        referrer_gift=gifts[RewardSide.REFERRER],
        friend_gift=gifts[RewardSide.FRIEND],
        min_paid_fen=rules.min_paid_fen,
        reward_when=rules.reward_when,
        friends=counts.friends,
        bought=counts.bought,
        rewarded=got.rewarded,
        waiting=got.waiting,
        owed_fen=got.owed_fen,
        latest=latest,
    )


async def landing(tx: Tx, referrer_id: int, rules: Rules) -> LandingOut:
    """What a friend sees of who sent the link."""
    briefs = await fans.brief(tx, {referrer_id})
    return LandingOut(
        name=_name(briefs, referrer_id),
        avatar_url=_face(briefs, referrer_id),
        running=rules.enabled,
        gift=(await gift_words(tx, rules))[RewardSide.FRIEND],
        min_paid_fen=rules.min_paid_fen,
    )


async def name_of(tx: Tx, fan_id: int) -> str:
    """What a fan is called before strangers; may be empty."""
    return _name(await fans.brief(tx, {fan_id}), fan_id)


async def gift_words(tx: Tx, rules: Rules) -> dict[RewardSide, str]:
    """What each side gets, in a few words; empty: nothing."""
    wanted = {
        RewardSide.REFERRER: rules.referrer_template_id,
        RewardSide.FRIEND: rules.friend_template_id,
    }
    known = await promotion.coupon_labels(tx, {one for one in wanted.values() if one})
    place = 1 if language.get() == "en" else 0
    return {side: known[one][place] if one and one in known else "" for side, one in wanted.items()}


async def _rewards(tx: Tx, bonds: Sequence[int]) -> dict[int, list[RewardOut]]:
    rows = (await tx.execute(_REWARDS, {"bonds": list(bonds)})).all()
    names = await promotion.coupon_names(tx, {row.template_id for row in rows})
    found: dict[int, list[RewardOut]] = {}
    for row in rows:
        found.setdefault(row.bond_id, []).append(
            RewardOut(
                order_no=row.order_no,
                side=RewardSide(row.side),
                coupon=names.get(row.template_id, ""),
                state=RewardState(row.state),
                due_at=row.due_at,
                given_at=row.given_at,
                owed_fen=row.owed_fen,
                trouble=row.trouble,
            )
        )
    return found


async def _flags(tx: Tx, bonds: Iterable[int]) -> dict[int, list[FlagKind]]:
    rows = await tx.execute(
        text("SELECT bond_id, kind FROM referral_flag WHERE bond_id = ANY(:bonds) ORDER BY kind"),
        {"bonds": list(bonds)},
    )
    found: dict[int, list[FlagKind]] = {}
    for row in rows:
        found.setdefault(row.bond_id, []).append(FlagKind(row.kind))
    return found


def _name(briefs: Mapping[int, FanBrief], fan_id: int) -> str:
    return briefs[fan_id].name if fan_id in briefs else ""


def _face(briefs: Mapping[int, FanBrief], fan_id: int) -> str:
    return briefs[fan_id].avatar_url if fan_id in briefs else ""
