"""Sheets and posters to print."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.channels.values import PrintForm, PrintLayout, PrintState
from tiefen.kernel.db import Base, Id, Utc, text_enum


class CodePrint(Base):
    """Codes as files for a print shop, drawn part by part; cleared away after a week."""

    __tablename__ = "channel_print"

    id: Mapped[Id]
    layout: Mapped[PrintLayout] = mapped_column(text_enum(PrintLayout))
    form: Mapped[PrintForm] = mapped_column(text_enum(PrintForm))
    title: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    picture_key: Mapped[str] = mapped_column(Text)
    code_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    done: Mapped[int] = mapped_column(default=0)
    """codes drawn"""
    parts: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    """finished files: key, codes, bytes"""
    state: Mapped[PrintState] = mapped_column(text_enum(PrintState))
    failure: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int]
    staff_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Utc]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("cardinality(code_ids) BETWEEN 1 AND 1000", name="codes"),
        CheckConstraint("done BETWEEN 0 AND cardinality(code_ids)", name="done"),
        CheckConstraint("(state = 'making') = (ended_at IS NULL)", name="ended"),
    )
