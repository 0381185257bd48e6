"""Reads of live codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ScalarSelect, func, select

from tiefen.channels.errors import LiveMissing
from tiefen.channels.models import ChannelCode, LiveCode, LiveMember, LivePick
from tiefen.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An employee of a live code, and how many fans they were given on a day."""

    member: LiveMember
    today: int


async def one_live(tx: Tx, code_id: int) -> LiveCode:
    """The rotation of a code. Raises LiveMissing."""
    live = await tx.get(LiveCode, code_id, populate_existing=True)
    if live is None:
        raise LiveMissing
    return live


async def live_codes(tx: Tx, code_ids: Sequence[int]) -> set[int]:
    """Which of these codes give their fans to employees in turn; one statement."""
    return set(
        await tx.scalars(
            select(LiveCode.code_id).where(LiveCode.code_id.in_(code_ids), LiveCode.active)
        )
    )


async def live_members(tx: Tx, code_id: int, today: date) -> list[MemberRow]:
    """Everybody the code gives or gave fans to, those in the rotation first; one statement."""
    wanted = (
        select(LiveMember, _given_on(today))
        .where(LiveMember.code_id == code_id)
        .order_by(LiveMember.listed.desc(), LiveMember.staff_id)
    )
    rows = await tx.execute(wanted.execution_options(populate_existing=True))
    return [MemberRow(member, int(today)) for member, today in rows]


async def lives_of(tx: Tx, staff_id: int, today: date) -> list[tuple[ChannelCode, MemberRow]]:
    """The living codes that give fans to an employee, newest first; one statement."""
    wanted = (
        select(ChannelCode, LiveMember, _given_on(today))
        .join(LiveMember, LiveMember.code_id == ChannelCode.id)
        .join(LiveCode, LiveCode.code_id == ChannelCode.id)
        .where(
            LiveMember.staff_id == staff_id,
            LiveMember.listed,
            LiveCode.active,
            ChannelCode.archived_at.is_(None),
        )
        .order_by(ChannelCode.id.desc())
        .limit(50)
    )
    rows = await tx.execute(wanted.execution_options(populate_existing=True))
    return [(code, MemberRow(member, int(today))) for code, member, today in rows]


def _given_on(day: date) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(
            LivePick.staff_id == LiveMember.staff_id,
            LivePick.code_id == LiveMember.code_id,
            LivePick.day == day,
        )
        .correlate(LiveMember)
        .scalar_subquery()
    )
