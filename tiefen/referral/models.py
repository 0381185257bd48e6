"""Tables of referral."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Ref, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows
from tiefen.referral.values import (
    BondState,
    FlagKind,
    FriendRule,
    RewardSide,
    RewardState,
    RewardWhen,
)


class ReferralRules(Base):
    """One row: the merchant's rules."""

    __tablename__ = "referral_rules"
    __table_args__ = (
        CheckConstraint("id = 1", "one"),
        CheckConstraint(
            "window_days BETWEEN 1 AND 365 AND min_paid_fen >= 0 AND per_day >= 0"
            " AND per_total >= 0 AND edits >= 1",
            "ranges",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    enabled: Mapped[bool]
    who: Mapped[FriendRule] = mapped_column(text_enum(FriendRule))
    window_days: Mapped[int]
    reward_when: Mapped[RewardWhen] = mapped_column(text_enum(RewardWhen))
    min_paid_fen: Mapped[Fen]
    referrer_template_id: Mapped[int | None] = mapped_column(BigInteger)
    friend_template_id: Mapped[int | None] = mapped_column(BigInteger)
    per_day: Mapped[int]
    per_total: Mapped[int]
    hold_odd: Mapped[bool]
    edits: Mapped[int]
    updated_at: Mapped[Utc]


class ReferralBond(Base):
    """A friend came through a fan's link. Until they buy it may lapse; then it stays."""

    __tablename__ = "referral_bond"
    __table_args__ = (
        CheckConstraint("friend_id <> referrer_id", "self"),
        Index(
            "uq_referral_bond_friend",
            "friend_id",
            unique=True,
            postgresql_where=text("NOT lapsed"),
        ),
        Index("ix_referral_bond_referrer", "referrer_id", text("id DESC")),
        Index("ix_referral_bond_state", "state", text("id DESC")),
    )

    id: Mapped[Id]
    friend_id: Mapped[Ref]
    referrer_id: Mapped[Ref]
    bound_at: Mapped[Utc]
    until: Mapped[Utc]
    lapsed: Mapped[bool] = mapped_column(default=False)
    """Nothing was bought in time, and somebody else brought the fan."""
    bought_at: Mapped[datetime | None]
    state: Mapped[BondState] = mapped_column(text_enum(BondState))
    product_id: Mapped[int | None] = mapped_column(BigInteger)
    """What the link showed."""
    device: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_because: Mapped[str] = mapped_column(default="")


class ReferralOrder(Base):
    """A paid order of a friend, with the referrer it is credited to for good."""

    __tablename__ = "referral_order"
    __table_args__ = (
        CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", "refunded"),
        Index("uq_referral_order_first", "bond_id", unique=True, postgresql_where=text("is_first")),
        Index("ix_referral_order_bond", "bond_id"),
        Index("ix_referral_order_referrer", "referrer_id"),
    )

    order_no: Mapped[str] = mapped_column(primary_key=True)
    bond_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("referral_bond.id"))
    friend_id: Mapped[Ref]
    referrer_id: Mapped[Ref]
    paid_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    paid_at: Mapped[Utc]
    is_first: Mapped[bool]
    """The purchase that is rewarded; when all of it goes back, the next one may be."""
    whole: Mapped[bool] = mapped_column(default=False)
    """All of it went back."""


class ReferralReward(Base):
    """What one side gets for one purchase, as the rules stood when it was paid."""

    __tablename__ = "referral_reward"
    __table_args__ = (
        CheckConstraint("owed_fen >= 0", "owed"),
        Index("ix_referral_reward_fan", "fan_id"),
        Index(
            "ix_referral_reward_due",
            "due_at",
            postgresql_where=text("state = 'waiting' AND due_at IS NOT NULL"),
        ),
        Index("ix_referral_reward_state", "state"),
    )

    order_no: Mapped[str] = mapped_column(ForeignKey("referral_order.order_no"), primary_key=True)
    side: Mapped[RewardSide] = mapped_column(text_enum(RewardSide, "side"), primary_key=True)
    fan_id: Mapped[Ref]
    template_id: Mapped[Ref]
    min_paid_fen: Mapped[Fen]
    state: Mapped[RewardState] = mapped_column(text_enum(RewardState))
    due_at: Mapped[datetime | None]
    """None: the goods have not arrived yet."""
    given_at: Mapped[datetime | None]
    owed_fen: Mapped[Fen] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]


class ReferralTally(Base):
    """Rewards a referrer was given: on a day, and in all (day 1970-01-01)."""

    __tablename__ = "referral_tally"
    __table_args__ = (CheckConstraint("given >= 0", "given"),)

    referrer_id: Mapped[Ref] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    given: Mapped[int]


class ReferralFlag(Base):
    """Something odd about a bond."""

    __tablename__ = "referral_flag"

    bond_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("referral_bond.id"), primary_key=True
    )
    kind: Mapped[FlagKind] = mapped_column(text_enum(FlagKind), primary_key=True)
    at: Mapped[Utc]


class ReferralDevice(Base):
    """Network and phone a referrer's link was opened from by themself; a keyed digest, no address."""

    __tablename__ = "referral_device"

    fan_id: Mapped[Ref] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[Utc]


invariant(
    "R1",
    "nobody brought themself, in however many steps",
    """
    WITH RECURSIVE chain AS (
        SELECT friend_id AS start, referrer_id AS up, 1 AS depth FROM referral_bond WHERE NOT lapsed
        UNION ALL
        SELECT c.start, b.referrer_id, c.depth + 1 FROM chain c
        JOIN referral_bond b ON b.friend_id = c.up AND NOT b.lapsed
        WHERE c.depth < 30 AND c.up <> c.start
    )
    SELECT start, depth FROM chain WHERE up = start
    """,
)
invariant(
    "R2",
    "no reward stands for a purchase that went back, nor for one below the least amount",
    """
    SELECT w.order_no, w.side, w.state FROM referral_reward w
    JOIN referral_order o USING (order_no)
    WHERE w.state IN ('held', 'waiting', 'given')
        AND (o.whole OR NOT o.is_first OR o.paid_fen - o.refunded_fen < w.min_paid_fen)
    """,
)
invariant(
    "R3",
    "what counts against a referrer's limits is what they were given and keep",
    """
    SELECT referrer_id, t.given, coalesce(g.there, 0) AS there
    FROM (SELECT referrer_id, given FROM referral_tally WHERE day = '1970-01-01') t
    FULL JOIN (
        SELECT fan_id AS referrer_id, count(*) AS there FROM referral_reward
        WHERE side = 'referrer' AND state IN ('given', 'owed', 'forgiven') GROUP BY fan_id
    ) g USING (referrer_id)
    WHERE coalesce(t.given, 0) <> coalesce(g.there, 0)
    """,
)
invariant(
    "R4",
    "a given reward is a coupon under its key, and a taken one is gone",
    """
    SELECT w.order_no, w.side, w.state, c.status FROM referral_reward w
    LEFT JOIN coupon c ON c.key = 'referral:' || w.order_no || ':' || w.side
    WHERE (w.state = 'given' AND (c.id IS NULL OR c.revoked))
        OR (w.state = 'taken_back' AND c.status NOT IN ('taken_back', 'expired'))
    """,
)

person_rows("referral_device", "设备", "devices", erased=Erased.GONE)
person_rows("referral_reward", "推荐奖励", "rewards of referrals", clear={"trouble": ""})
