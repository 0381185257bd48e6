"""Tables of short links: where each leads, how often it was opened, and by whom once they are known."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import LinkPlatform, LinkTarget
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import Erased, person_rows


class Link(Base):
    """What a channel code in the form of a link has besides: its address, its target, its UTM."""

    __tablename__ = "channel_link"

    code_id: Mapped[int] = mapped_column(
        ForeignKey("channel_code.id"), primary_key=True, autoincrement=False
    )
    slug: Mapped[str] = mapped_column(Text, unique=True)
    """the last part of the address; never changes, because it is out in the world"""
    platform: Mapped[LinkPlatform] = mapped_column(text_enum(LinkPlatform))
    target: Mapped[LinkTarget] = mapped_column(text_enum(LinkTarget))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    utm_source: Mapped[str] = mapped_column(Text)
    utm_medium: Mapped[str] = mapped_column(Text)
    utm_campaign: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    """on its page; empty = the product's name, or the merchant's"""
    words: Mapped[str] = mapped_column(Text)
    follow_url: Mapped[str] = mapped_column(Text, default="")
    """what WeChat's QR code to follow by says; empty while it is being drawn, or leads elsewhere"""

    __table_args__ = (
        CheckConstraint("(target = 'product') = (product_id IS NOT NULL)", name="product"),
        Index("ix_channel_link_platform", "platform", "code_id"),
    )


class LinkDay(Base):
    """How often a link was opened on a day. Several rows a day, so that a rush does not queue."""

    __tablename__ = "channel_link_day"

    code_id: Mapped[int] = mapped_column(
        ForeignKey("channel_link.code_id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hits: Mapped[int]
    """opened by people"""
    entered: Mapped[int]
    """of these and of scans of its page: came on inside WeChat"""
    bots: Mapped[int]
    """opened by programs"""


class Visit(Base):
    """A browser that came by a link: one row a browser, link and day.

    Without a fan nobody knows whose browser it is; such rows are cleared away after the window in
    which they could still be joined.
    """

    __tablename__ = "channel_visit"

    id: Mapped[Id]
    visitor: Mapped[str] = mapped_column(Text)
    """a keyed hash of what the browser's cookie says"""
    code_id: Mapped[int] = mapped_column(ForeignKey("channel_link.code_id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[Utc]
    fan_id: Mapped[int | None] = mapped_column(ForeignKey("fan.id"))
    joined_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_channel_visit_visitor", "visitor", "code_id", "day", unique=True),
        Index("ix_channel_visit_fan", "fan_id", postgresql_where=text("fan_id IS NOT NULL")),
        Index("ix_channel_visit_waiting", "at", postgresql_where=text("fan_id IS NULL")),
        CheckConstraint("(fan_id IS NULL) = (joined_at IS NULL)", name="joined"),
    )


invariant(
    "C8.visits",
    "every visit that was joined to a fan stands in the touch log",
    """
    SELECT v.id FROM channel_visit AS v WHERE v.fan_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM channel_touch AS t
        WHERE t.fan_id = v.fan_id AND t.code_id = v.code_id AND t.kind = 'visit')
    """,
)

person_rows("channel_visit", "链接访问", "visits by links", erased=Erased.GONE, hidden=["visitor"])
