"""Appeals on where a fan came from: made by one, decided by another, kept with both."""

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import rules
from tiefen.channels.errors import (
    AppealDecided,
    AppealMissing,
    AppealOpen,
    AppealRefused,
    OwnAppeal,
)
from tiefen.channels.models import Appeal, Attribution, ChannelCode, FanSource, Ruling
from tiefen.channels.service import sharing, sources
from tiefen.channels.values import AppealState
from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit
from tiefen.team.values import Permission


async def open_appeal(tx: Tx, actor: StaffActor, *, fan_id: int, code_id: int, reason: str) -> int:
    """Say that a fan came through `code_id`, one's own code unless one manages codes.

    Raises AppealRefused, AppealOpen.
    """
    people = await sharing.lock_people(tx, [fan_id])
    person = people[fan_id][0]
    stands = await _check(tx, actor, people[fan_id], code_id)
    appeal_id: int | None = await tx.scalar(
        insert(Appeal)
        .values(
            fan_id=person,
            code_id=code_id,
            stands_code_id=stands,
            reason=reason,
            opened_by=actor.id,
            opened_at=tx.now,
            due_at=tx.now + rules.APPEAL_LIFE,
            state=AppealState.OPEN,
            decision="",
        )
        .on_conflict_do_nothing(index_elements=["fan_id"], index_where=text("state = 'open'"))
        .returning(Appeal.id)
    )
    if appeal_id is None:
        raise AppealOpen
    after = {"fan_id": person, "code_id": code_id, "stands_code_id": stands}
    await record_audit(
        tx, actor, "channels.appeal_opened", f"appeal:{appeal_id}", after=after, reason=reason
    )
    return appeal_id


async def decide_appeal(
    tx: Tx, actor: StaffActor, appeal_id: int, *, grant: bool, decision: str
) -> None:
    """Grant or reject; a grant is a ruling that reports follow, the touch log stays as it is.

    Raises AppealMissing, AppealDecided, OwnAppeal.
    """
    appeal = await _open(tx, appeal_id)
    if appeal.opened_by == actor.id:
        raise OwnAppeal
    appeal.state = AppealState.GRANTED if grant else AppealState.REJECTED
    appeal.decided_by, appeal.decided_at, appeal.decision = actor.id, tx.now, decision
    target = f"appeal:{appeal_id}"
    after = {"state": appeal.state.value, "fan_id": appeal.fan_id, "code_id": appeal.code_id}
    await record_audit(
        tx, actor, "channels.appeal_decided", target, {"state": "open"}, after, reason=decision
    )
    if not grant:
        return
    people = await sharing.lock_people(tx, [appeal.fan_id])
    records = people[appeal.fan_id]
    tx.add(Ruling(fan_id=records[0], code_id=appeal.code_id, appeal_id=appeal.id, at=tx.now))
    await tx.flush()
    await sharing.share_orders(tx, await sharing.orders_since(tx, records, None))
    await sources.place(tx, [records])


async def withdraw_appeal(tx: Tx, actor: StaffActor, appeal_id: int) -> None:
    """Take one's own appeal back. Raises AppealMissing, AppealDecided."""
    appeal = await _open(tx, appeal_id)
    if appeal.opened_by != actor.id:
        raise AppealMissing
    appeal.state, appeal.decided_at = AppealState.WITHDRAWN, tx.now
    await record_audit(tx, actor, "channels.appeal_withdrawn", f"appeal:{appeal_id}")


async def _open(tx: Tx, appeal_id: int) -> Appeal:
    appeal = await tx.scalar(select(Appeal).where(Appeal.id == appeal_id).with_for_update())
    if appeal is None:
        raise AppealMissing
    if appeal.state is not AppealState.OPEN:
        raise AppealDecided
    return appeal


async def _check(tx: Tx, actor: StaffActor, records: list[int], code_id: int) -> int:
    """The code that stands now; raises AppealRefused when the appeal cannot be made."""
    code = await tx.get(ChannelCode, code_id)
    theirs = code is not None and code.owner_staff_id == actor.id
    if code is None or not (theirs or Permission.CHANNELS_WRITE in actor.permissions):
        raise _refuse("code_id", "只能为自己的渠道码申诉", "Only your own code can be claimed")
    known = await tx.scalars(select(Attribution.first_at).where(Attribution.fan_id.in_(records)))
    first_at = min(known, default=None)
    if first_at is None or not await fans.brief(tx, records[:1]):
        raise _refuse(
            "fan_id", "没有这位粉丝的来源记录", "There is no source of this fan to dispute"
        )
    if tx.now - first_at > rules.APPEAL_WINDOW:
        days = rules.APPEAL_WINDOW.days
        raise _refuse(
            "fan_id",
            f"粉丝到来超过 {days} 天, 不能再申诉",
            f"The fan came more than {days} days ago",
        )
    source = await tx.get(FanSource, records[0], populate_existing=True)
    stands = source.code_id if source else 0
    if stands == code_id:
        raise _refuse(
            "code_id", "这位粉丝的来源已经是这个渠道码", "The source is this code already"
        )
    return stands


def _refuse(field: str, zh: str, en: str) -> AppealRefused:
    return AppealRefused(field=field, zh_reason=zh, en_reason=en)
