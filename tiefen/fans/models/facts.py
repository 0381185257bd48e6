"""What fans did, folded by day: the rows that segments and tag rules count."""

from datetime import date

from sqlalchemy import ForeignKey, Identity, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.fans.models.past import ABOUT_SQL
from tiefen.fans.values import FactKind
from tiefen.kernel.audit import invariant
from tiefen.kernel.db import Base, text_enum
from tiefen.kernel.personal import Joined, person_rows


class Topic(Base):
    """What a fact is about: a kind and its subject, such as (bought, product 17).

    Subject "" of a kind counts every fact of the kind, so that "bought anything" reads one topic.
    """

    __tablename__ = "fan_topic"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[FactKind] = mapped_column(text_enum(FactKind))
    subject: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="")
    """what people call the subject"""

    __table_args__ = (UniqueConstraint("kind", "subject", name="uq_fan_topic_subject"),)


class Fact(Base):
    """How often a fan did it on a day of the merchant's calendar. A fold of the timeline.

    Narrow on purpose: there are many, and a window is one range of the index by topic.
    """

    __tablename__ = "fan_fact"

    fan_id: Mapped[int] = mapped_column(ForeignKey("fan.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(Integer, ForeignKey("fan_topic.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    times: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        Index("ix_fan_fact_topic", "topic_id", "day", "fan_id", postgresql_include=["times"]),
    )


def folded(only: str = "") -> str:
    """The facts as the timeline and purchases from before tell them; `only` narrows the records `f`
    whose rows are read.

    A fact without a topic is a fault that F4 shows.
    """
    return f"""
    WITH line AS (
        SELECT coalesce(f.merged_into, f.id) AS fan_id, l.kind, l.ref, l.data,
               (l.at AT TIME ZONE 'Asia/Shanghai')::date AS day
        FROM fan_line AS l JOIN fan AS f ON f.id = l.fan_id
        WHERE l.kind IN ('order_placed', 'order_paid', 'order_received', 'order_refunded', 'visited',
                         'followed', 'unfollowed', 'scanned', 'message_in', 'menu', 'after_sale')
              {only}
    ), fact AS (
        SELECT fan_id, day, CASE kind
                   WHEN 'order_placed' THEN 'placed' WHEN 'order_paid' THEN 'bought'
                   WHEN 'order_received' THEN 'received' WHEN 'order_refunded' THEN 'refunded'
                   WHEN 'message_in' THEN 'wrote' ELSE kind END AS kind, '' AS subject
        FROM line
        UNION ALL
        SELECT fan_id, day, CASE kind WHEN 'order_paid' THEN 'bought'
                   WHEN 'order_received' THEN 'received' ELSE 'refunded' END, product ->> 0
        FROM line CROSS JOIN LATERAL jsonb_array_elements(coalesce(data -> 'products', '[]')) AS product
        WHERE kind IN ('order_paid', 'order_received', 'order_refunded')
        UNION ALL
        SELECT fan_id, day, 'visited', data ->> 'product_id' FROM line WHERE kind = 'visited'
        UNION ALL
        SELECT fan_id, day, 'menu', data ->> 'key' FROM line
        WHERE kind = 'menu' AND data ->> 'key' <> ''
        UNION ALL
        SELECT fan_id, day, 'asked', word
        FROM line CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(data -> 'asked', '[]'))
             AS asked(word)
        WHERE kind = 'message_in'
        UNION ALL
        SELECT coalesce(f.merged_into, f.id), (p.at AT TIME ZONE 'Asia/Shanghai')::date,
               'past_bought', about.subject
        FROM fan_past_purchase AS p {ABOUT_SQL}
        JOIN fan_past_customer AS c ON c.id = p.customer_id
        JOIN fan AS f ON f.id = c.fan_id
        WHERE true {only}
    )
    SELECT topic.id AS topic_id, fact.day, fact.fan_id, count(*) AS times
    FROM fact LEFT JOIN fan_topic AS topic ON (topic.kind, topic.subject) = (fact.kind, fact.subject)
    GROUP BY 1, 2, 3
"""  # noqa: S608 our own text


invariant(
    "F4.facts",
    "what segments count equals a fold of the timeline",
    f"""
    SELECT coalesce(kept.fan_id, folded.fan_id) AS id
    FROM (SELECT fact.* FROM fan_fact AS fact JOIN fan ON fan.id = fact.fan_id
          WHERE fan.merged_into IS NULL) AS kept
    FULL JOIN ({folded()}) AS folded
         ON (kept.topic_id, kept.day, kept.fan_id) = (folded.topic_id, folded.day, folded.fan_id)
    WHERE kept.times IS DISTINCT FROM folded.times
    """,  # noqa: S608 our own text
)

person_rows("fan_fact", "行为统计", "facts by day", joined=Joined.PERSON)
