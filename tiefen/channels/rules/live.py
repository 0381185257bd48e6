"""Pure decisions about live codes: who may be given a fan now, and whose turn it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tiefen.channels.errors import LiveMalformed
from tiefen.channels.values import Member, Rotation, Shift, Turn
from tiefen.kernel.days import CHINA

MEMBERS = 100
DAY_MINUTES = 24 * 60
NAME_MARKS = ("{员工}", "{name}")
CONTACT_MARKS = ("{联系方式}", "{contact}")


def check_members(rotation: Rotation, members: Sequence[Member]) -> None:
    """Raise LiveMalformed, naming the field, for a rotation that makes no sense."""
    if not members or len(members) > MEMBERS:
        raise LiveMalformed(
            field="members", zh_reason=f"请选择 1 到 {MEMBERS} 位员工", en_reason="choose employees"
        )
    if len({one.staff_id for one in members}) < len(members):
        raise LiveMalformed(
            field="members",
            zh_reason="同一位员工只能出现一次",
            en_reason="an employee stands twice",
        )
    for place, one in enumerate(members):
        for shift in one.shifts:
            right = 0 <= shift.start < shift.end <= DAY_MINUTES and 1 <= shift.weekday <= 7
            if not right:
                raise LiveMalformed(
                    field=f"members.{place}.shifts",
                    zh_reason="班次的结束时间必须晚于开始时间",
                    en_reason="a shift must end after it begins",
                )
    if rotation is Rotation.DUTY and not any(one.shifts for one in members):
        raise LiveMalformed(
            field="members.0.shifts",
            zh_reason="按排班轮换时，至少给一位员工排班",
            en_reason="give at least one employee a shift",
        )


def on_duty(shifts: Sequence[Shift], at: datetime) -> bool:
    """Whether somebody is on duty at a moment, by the merchant's clock; without shifts always."""
    local = at.astimezone(CHINA)
    minute = local.hour * 60 + local.minute
    return not shifts or any(
        shift.weekday == local.isoweekday() and shift.start <= minute < shift.end
        for shift in shifts
    )


def choose(turns: Sequence[Turn]) -> tuple[int, dict[int, int]]:
    """Whose turn it is, and what the rotation owes each of these after it.

    Each is owed their weight anew, the one who is owed most gets the fan and pays for all: equal
    weights go round, others are spread evenly, and whoever was away takes up where they were.
    """
    whole = sum(turn.weight for turn in turns)
    owed = {turn.staff_id: turn.credit + turn.weight for turn in turns}
    chosen = min(owed, key=lambda staff_id: (-owed[staff_id], staff_id))
    owed[chosen] -= whole
    return chosen, owed


def weight_of(rotation: Rotation, weight: int) -> int:
    """What a weight counts for: only one rotation is by weights."""
    return weight if rotation is Rotation.WEIGHT else 1


def fill_welcome(welcome: str, name: str, contact: str) -> str:
    """A welcome with the employee's name and contact in their places; empty ones leave no mark."""
    filled: Mapping[str, str] = {
        **dict.fromkeys(NAME_MARKS, name),
        **dict.fromkeys(CONTACT_MARKS, contact),
    }
    for mark, words in filled.items():
        welcome = welcome.replace(mark, words)
    return welcome
