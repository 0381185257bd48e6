"""Tables of what channels brought: shares of orders, sums by day, sources as reports see them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import AppealState, Model
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.kernel.personal import Joined, person_rows

# In these tables code 0 means "came by themselves" and staff 0 "nobody's": sums group by both.


class FormerOwner(Base):
    """Whose a code was until it changed hands. The owner of a moment is found from these."""

    __tablename__ = "channel_former_owner"

    id: Mapped[Id]
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_code.id"))
    owner_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    until: Mapped[Utc]

    __table_args__ = (
        Index("ix_channel_former_owner_code", "code_id", "until"),
        {"info": {"append_only": True}},
    )


class Share(Base):
    """What a code gets of a paid order under a model. Over the codes of an order it adds up."""

    __tablename__ = "channel_share"

    order_id: Mapped[int] = mapped_column(
        ForeignKey("channel_credit.order_id"), primary_key=True, autoincrement=False
    )
    model: Mapped[Model] = mapped_column(text_enum(Model), primary_key=True)
    code_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_staff_id: Mapped[int]
    """whose the code was when the order was paid"""
    day: Mapped[date] = mapped_column(Date)
    """the merchant's day of the payment; what happens to the order later counts for it too"""
    weight_bp: Mapped[int]
    paid_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen]
    received: Mapped[bool]

    __table_args__ = (
        Index("ix_channel_share_code", "model", "code_id", "day", "order_id"),
        Index("ix_channel_share_owner", "model", "owner_staff_id", "day", "order_id"),
        CheckConstraint("weight_bp BETWEEN 0 AND 10000", name="weight"),
        CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="refunded"),
    )


class Income(Base):
    """Shares of a day's paid orders, summed by model, code and owner."""

    __tablename__ = "channel_income"

    model: Mapped[Model] = mapped_column(text_enum(Model), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    code_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_staff_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    orders_bp: Mapped[int]
    """orders, in ten-thousandths: several codes may share one"""
    received_bp: Mapped[int]
    paid_fen: Mapped[Fen]
    received_fen: Mapped[Fen]
    """of what was paid, the orders that have been received"""
    refunded_fen: Mapped[Fen]


class FanAct(Base):
    """When a person last visited the shop and last placed an order."""

    __tablename__ = "channel_fan_act"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    visited_at: Mapped[datetime | None]
    ordered_at: Mapped[datetime | None]


class FanSource(Base):
    """Where a person came from as reports see it, and how far they have come since.

    The first touch, or what a ruling put in its place; always to be made anew from the rest.
    """

    __tablename__ = "channel_fan_source"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True, autoincrement=False)
    code_id: Mapped[int]
    owner_staff_id: Mapped[int]
    """whose the code was at the first touch"""
    at: Mapped[Utc]
    day: Mapped[date] = mapped_column(Date)
    ruled: Mapped[bool]
    """a decision on an appeal put the code in place of the first touch"""
    gone: Mapped[bool]
    """follows no account now"""
    visited: Mapped[bool]
    ordered: Mapped[bool]
    buyer: Mapped[bool]
    receiver: Mapped[bool]
    keeper: Mapped[bool]
    """kept at least one received order"""

    __table_args__ = (
        Index("ix_channel_fan_source_code", "code_id", "at", "fan_id"),
        Index("ix_channel_fan_source_owner", "owner_staff_id", "at", "fan_id"),
    )


class Reach(Base):
    """The touches of a day, and how far the people who came on it have come since."""

    __tablename__ = "channel_reach"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    code_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_staff_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scans: Mapped[int]
    """touches of a code, of any kind"""
    follows: Mapped[int]
    """touches that were a follow"""
    fans: Mapped[int]
    """people whose source this is, by the day of their first touch"""
    ruled: Mapped[int]
    gone: Mapped[int]
    visited: Mapped[int]
    ordered: Mapped[int]
    buyers: Mapped[int]
    receivers: Mapped[int]
    keepers: Mapped[int]


class AttributionRules(Base):
    """A published version of the merchant's own model. The newest counts."""

    __tablename__ = "channel_attribution_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(Text, default="")
    published_by: Mapped[int]
    """of the staff; 0 = a program with a key"""
    published_at: Mapped[Utc]
    orders: Mapped[int] = mapped_column(default=0)
    """how many are to be shared anew"""
    looked_at: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("version > 0", name="version"),)


class Appeal(Base):
    """Somebody says that a fan came from elsewhere; somebody else decides."""

    __tablename__ = "channel_appeal"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"))
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_code.id"), index=True)
    """where the fan came from, as they say"""
    stands_code_id: Mapped[int]
    """the source when the appeal was made"""
    reason: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[int]
    """of the staff; 0 = a program with a key"""
    opened_at: Mapped[Utc]
    due_at: Mapped[Utc]
    """until then it should be decided"""
    state: Mapped[AppealState] = mapped_column(text_enum(AppealState))
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(Text, default="")
    """why it was decided so"""

    __table_args__ = (
        Index(
            "uq_channel_appeal_open", "fan_id", unique=True, postgresql_where=text("state = 'open'")
        ),
        Index("ix_channel_appeal_state", "state", "id"),
        Index("ix_channel_appeal_opener", "opened_by", "id"),
        Index("ix_channel_appeal_fan", "fan_id", "id"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    )


class Ruling(Base):
    """A granted appeal: in reports the fan came through this code. The touch log stays as it is."""

    __tablename__ = "channel_ruling"

    id: Mapped[Id]
    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), index=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_code.id"), index=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("channel_appeal.id"), unique=True)
    at: Mapped[Utc]

    __table_args__ = ({"info": {"append_only": True}},)


INCOME_SQL = """
    SELECT model, day, code_id, owner_staff_id, sum(weight_bp)::bigint AS orders_bp,
           coalesce(sum(weight_bp) FILTER (WHERE received), 0)::bigint AS received_bp,
           sum(paid_fen)::bigint AS paid_fen,
           coalesce(sum(paid_fen) FILTER (WHERE received), 0)::bigint AS received_fen,
           sum(refunded_fen)::bigint AS refunded_fen
    FROM channel_share GROUP BY 1, 2, 3, 4
"""
"""A recount of every day's income from the shares."""
PEOPLE_SQL = """
    SELECT day, code_id, owner_staff_id, count(*) AS fans, count(*) FILTER (WHERE ruled) AS ruled,
           count(*) FILTER (WHERE gone) AS gone, count(*) FILTER (WHERE visited) AS visited,
           count(*) FILTER (WHERE ordered) AS ordered, count(*) FILTER (WHERE buyer) AS buyers,
           count(*) FILTER (WHERE receiver) AS receivers, count(*) FILTER (WHERE keeper) AS keepers
    FROM channel_fan_source GROUP BY 1, 2, 3
"""
"""A recount of the people of every day."""

invariant(
    "C3.shares",
    "under every model the shares of an order add up to the order, to the fen",
    """
    SELECT c.order_id, s.model
    FROM channel_credit AS c
    CROSS JOIN (VALUES ('first'), ('last'), ('linear'), ('rule')) AS m(name)
    LEFT JOIN LATERAL (
        SELECT m.name AS model, sum(weight_bp) AS weight_bp, sum(paid_fen) AS paid_fen,
               sum(refunded_fen) AS refunded_fen, bool_and(received) AS received
        FROM channel_share AS s WHERE s.order_id = c.order_id AND s.model = m.name
    ) AS s ON true
    WHERE (s.weight_bp, s.paid_fen, s.refunded_fen, s.received)
          IS DISTINCT FROM (10000, c.paid_fen, c.refunded_fen, c.received_at IS NOT NULL)
    """,
)
invariant(
    "C4.income",
    "a day's income equals a recount of the shares",
    f"""
    SELECT coalesce(i.model, r.model) AS model, coalesce(i.day, r.day) AS day
    FROM channel_income AS i FULL JOIN ({INCOME_SQL}) AS r
      ON (r.model, r.day, r.code_id, r.owner_staff_id)
       = (i.model, i.day, i.code_id, i.owner_staff_id)
    WHERE (coalesce(i.orders_bp, 0), coalesce(i.received_bp, 0), coalesce(i.paid_fen, 0),
           coalesce(i.received_fen, 0), coalesce(i.refunded_fen, 0))
       <> (coalesce(r.orders_bp, 0), coalesce(r.received_bp, 0), coalesce(r.paid_fen, 0),
           coalesce(r.received_fen, 0), coalesce(r.refunded_fen, 0))
    """,  # noqa: S608 our own text
)
invariant(
    "C5.people",
    "the people of a day equal a recount of the sources",
    f"""
    SELECT coalesce(i.day, r.day) AS day, coalesce(i.code_id, r.code_id) AS code_id
    FROM channel_reach AS i FULL JOIN ({PEOPLE_SQL}) AS r
      ON (r.day, r.code_id, r.owner_staff_id) = (i.day, i.code_id, i.owner_staff_id)
    WHERE (coalesce(i.fans, 0), coalesce(i.ruled, 0), coalesce(i.gone, 0), coalesce(i.visited, 0),
           coalesce(i.ordered, 0), coalesce(i.buyers, 0), coalesce(i.receivers, 0),
           coalesce(i.keepers, 0))
       <> (coalesce(r.fans, 0), coalesce(r.ruled, 0), coalesce(r.gone, 0), coalesce(r.visited, 0),
           coalesce(r.ordered, 0), coalesce(r.buyers, 0), coalesce(r.receivers, 0),
           coalesce(r.keepers, 0))
    """,  # noqa: S608 our own text
)
invariant(
    "C6.touches",
    "the scans and follows of a code equal a recount of the touch log",
    """
    SELECT coalesce(r.code_id, t.code_id) AS code_id
    FROM (SELECT code_id, sum(scans) AS scans, sum(follows) AS follows FROM channel_reach
          GROUP BY 1) AS r
    FULL JOIN (SELECT coalesce(code_id, 0) AS code_id, count(code_id) AS scans,
                      count(*) FILTER (WHERE kind IN ('follow', 'organic')) AS follows
               FROM channel_touch GROUP BY 1) AS t ON t.code_id = r.code_id
    WHERE (coalesce(r.scans, 0), coalesce(r.follows, 0))
       <> (coalesce(t.scans, 0), coalesce(t.follows, 0))
    """,
)

person_rows("channel_fan_act", "到店与下单", "how far they came")
person_rows("channel_fan_source", "来源结果", "source in reports", joined=Joined.PERSON)
person_rows("channel_appeal", "来源申诉", "appeals", clear={"reason": "", "decision": ""})
person_rows("channel_ruling", "来源裁定", "rulings")
