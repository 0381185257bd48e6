"""A copy of what is known of a person, and forgetting them. Both walk the registry of the kernel."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select, text, update

from tiefen.fans import rules
from tiefen.fans.errors import PersonErased, RequestMissing, RequestOpen, RequestOver
from tiefen.fans.events import FanErased
from tiefen.fans.models import Fan, Identity, Merge, PersonRequest
from tiefen.fans.service.identity import person_ids
from tiefen.fans.service.segments import leave_lists
from tiefen.fans.service.timeline import add_line, lock_person
from tiefen.fans.values import (
    COOLING,
    LINK_LIFE,
    LOOK_AGAIN,
    Effect,
    Happening,
    Hold,
    RequestKind,
    RequestState,
)
from tiefen.kernel import personal
from tiefen.kernel.auth import StaffActor, close_sessions_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.personal import Erased, Person
from tiefen.team.service import record_audit

EXPORT, ERASE = "fans.export_person", "fans.erase_person"
_KEPT_IN = {
    "nickname": "昵称",
    "avatar_url": "头像",
    "remark": "备注",
    "follow_up_on": "跟进日期",
    "follow_up_note": "跟进事项",
    "phone": "手机号",
    "real_name": "姓名",
    "stage": "阶段",
    "joined_at": "首次接触",
    "last_seen_at": "最近活跃",
    "orders": "付款订单",
    "paid_fen": "实付（分）",
    "no_contact": "不接收主动消息",
}


async def ask_export(
    tx: Tx, fan_id: int, *, by: StaffActor | None = None, reason: str = ""
) -> PersonRequest:
    """Have a copy made of all that is known of a person. Raises FanMissing, RequestOpen."""
    made = await _ask(tx, RequestKind.EXPORT, fan_id, by, reason)
    made.due_at = tx.now + LINK_LIFE
    later(tx, EXPORT, request_id=made.id)
    return made


async def ask_erase(
    tx: Tx, fan_id: int, *, by: StaffActor | None = None, reason: str = ""
) -> PersonRequest:
    """Have a person's data removed when the time to think it over has passed.

    Raises FanMissing, RequestOpen.
    """
    made = await _ask(tx, RequestKind.ERASE, fan_id, by, reason)
    made.due_at = tx.now + COOLING
    later(tx, ERASE, request_id=made.id, run_at=made.due_at)
    return made


async def withdraw(
    tx: Tx, fan_id: int, request_id: int, *, by: StaffActor | None = None
) -> PersonRequest:
    """Take an erasure back that has not begun. Raises RequestMissing, RequestOver."""
    found = await _own(tx, fan_id, request_id)
    if found.kind is not RequestKind.ERASE or found.state is not RequestState.WAITING:
        raise RequestOver
    found.state, found.ended_at = RequestState.WITHDRAWN, tx.now
    if by is not None:
        await record_audit(tx, by, "fans.erase_withdrawn", f"fan:{found.fan_id}")
    return found


async def fetch_export(
    tx: Tx, fan_id: int, request_id: int, *, by: StaffActor | None = None
) -> bytes:
    """The copy, as long as it can be fetched; a look of staff is audited.

    Raises RequestMissing, RequestOver.
    """
    found = await _own(tx, fan_id, request_id)
    if found.file is None or found.due_at <= tx.now:
        raise RequestOver
    if by is not None:
        await record_audit(tx, by, "fans.export_fetched", f"fan:{found.fan_id}")
    return base64.b64decode(found.file)


async def effects(tx: Tx, fan_id: int) -> tuple[list[Effect], list[Hold]]:
    """What erasing would do to each kind of rows, and what it would wait for."""
    person = await _person(tx, fan_id)
    told = []
    for one in personal.holdings():
        rows = await personal.amount(tx, one, person)
        if rows:
            told.append(Effect(one.table, one.zh, one.en, rows, one.erased is Erased.GONE))
    held = await personal.open_things(tx, person.records)
    return told, [Hold(one.zh, one.en, ref) for one, ref in held]


async def export_person(tx: Tx, request_id: int) -> None:
    """Make the copy that was asked for. Safe to run twice."""
    found = await tx.get(PersonRequest, request_id, with_for_update=True)
    if found is None or found.state is not RequestState.WAITING:
        return
    person = await _person(tx, found.fan_id)
    chapters: list[rules.Chapter] = [("fan", "档案", await _records_told(tx, person.records))]
    for one in personal.holdings():
        if one.exported:
            chapters.append((one.table, one.zh, await personal.rows_of(tx, one, person)))
    about = f"截至 {tx.now.isoformat()} 系统保存的全部个人信息。金额单位为分，时间为 UTC。"
    made = rules.package(f"个人信息副本 · 粉丝{found.fan_id}", about, chapters)
    found.file = base64.b64encode(made).decode()
    found.state, found.ended_at, found.due_at = RequestState.DONE, tx.now, tx.now + LINK_LIFE


async def drop_exports(tx: Tx) -> None:
    """Copies that are too old to be fetched are not kept."""
    old = (PersonRequest.file.is_not(None), PersonRequest.due_at <= tx.now)
    await tx.execute(update(PersonRequest).where(*old).values(file=None))


async def erase_person(tx: Tx, request_id: int) -> None:
    """The next step of an erasure, with its successor: each is a commit, and safe to run twice.

    First who they are is unbound, so that a new follow is a new fan; then table by table; last the
    log of events. Money stays, under the record's number.
    """
    found = await tx.get(PersonRequest, request_id, with_for_update=True)
    if found is None or found.state not in (RequestState.WAITING, RequestState.RUNNING):
        return
    if found.state is RequestState.WAITING:
        if found.due_at > tx.now or not await _begin(tx, found):
            later(tx, ERASE, request_id=request_id, run_at=max(found.due_at, tx.now))
            return
    else:
        person = msgspec.json.decode(found.subject or "{}", type=Person)
        left = [one for one in personal.holdings() if one.table > found.step]
        if not left:
            await _end(tx, found, person)
            return
        await personal.erase(tx, left[0], person)
        await personal.erase_late(tx, left[0], person)
        found.step = left[0].table
    failpoint("fans.erase.step")
    later(tx, ERASE, request_id=request_id)


async def erase_late(tx: Tx) -> None:
    """Of people who were erased: what had to be kept for a time, and need not be any more."""
    records = tuple(await tx.scalars(select(Fan.id).where(Fan.erased_at.is_not(None))))
    if records:
        for one in personal.holdings():
            await personal.erase_late(tx, one, Person(records, ()))


async def _ask(
    tx: Tx, kind: RequestKind, fan_id: int, by: StaffActor | None, reason: str
) -> PersonRequest:
    person = await lock_person(tx, fan_id)
    if person.erased_at is not None:
        raise PersonErased
    there = await tx.scalar(
        select(PersonRequest.id).where(
            PersonRequest.fan_id == person.id,
            PersonRequest.kind == kind,
            PersonRequest.state.in_((RequestState.WAITING, RequestState.RUNNING)),
        )
    )
    if there is not None:
        raise RequestOpen
    made = PersonRequest(
        fan_id=person.id,
        kind=kind,
        state=RequestState.WAITING,
        staff_id=by.id if by else None,
        staff_name=by.name if by else "",
        reason=reason,
        created_at=tx.now,
        due_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    if by is not None:
        action = f"fans.{kind.value}_asked"
        await record_audit(tx, by, action, f"fan:{person.id}", reason=reason)
    return made


async def _own(tx: Tx, fan_id: int, request_id: int) -> PersonRequest:
    records = await person_ids(tx, fan_id)
    found = await tx.scalar(
        select(PersonRequest)
        .where(PersonRequest.id == request_id, PersonRequest.fan_id.in_(records))
        .with_for_update()
    )
    if found is None:
        raise RequestMissing
    return found


async def _person(tx: Tx, fan_id: int) -> Person:
    records = tuple(await person_ids(tx, fan_id))
    openids = await tx.scalars(select(Identity.openid).where(Identity.fan_id.in_(records)))
    return Person(records, tuple(openids))


async def _records_told(tx: Tx, records: Sequence[int]) -> list[dict[str, Any]]:
    rows = await tx.scalars(select(Fan).where(Fan.id.in_(records)).order_by(Fan.id))
    return [
        {"编号": one.id} | {word: getattr(one, name) for name, word in _KEPT_IN.items()}
        for one in rows
    ]


async def _begin(tx: Tx, found: PersonRequest) -> bool:
    """Unbind who they are, unless something open must be waited for; whether it began."""
    living = await lock_person(tx, found.fan_id)
    person = await _person(tx, living.id)
    held = await personal.open_things(tx, person.records)
    if held:
        found.held_by = "、".join(f"{one.zh} {ref}" for one, ref in held)[:500]
        found.due_at = tx.now + LOOK_AGAIN
        return False
    await leave_lists(tx, person.records)
    await tx.execute(delete(Identity).where(Identity.fan_id.in_(person.records)))
    await tx.execute(
        text("DELETE FROM fan_union WHERE fan_id = ANY(:records)"), {"records": [*person.records]}
    )
    nothing: dict[str, Any] = {
        "nickname": "",
        "avatar_url": "",
        "remark": "",
        "follow_up_on": None,
        "follow_up_note": "",
        "grams": [],
        "phone": None,
        "phone_blind": None,
        "real_name": None,
        "real_name_blind": None,
        "region_code": "",
        "own": None,
        "no_contact": True,
        "following": False,
        "erased_at": tx.now,
    }
    await tx.execute(update(Fan).where(Fan.id.in_(person.records)).values(nothing))
    merges = Merge.winner_id.in_(person.records) | Merge.loser_id.in_(person.records)
    await tx.execute(update(Merge).where(merges).values(reason="", undo_reason=""))
    for record in person.records:
        await close_sessions_of(tx, "fan", record)
    await tx.refresh(living)
    await add_line(tx, living, Happening.ERASED, f"request:{found.id}", at=tx.now)
    found.subject = msgspec.json.encode(person).decode()
    found.state, found.held_by = RequestState.RUNNING, ""
    return True


async def _end(tx: Tx, found: PersonRequest, person: Person) -> None:
    await personal.forget_events(tx, person)
    mine = PersonRequest.fan_id.in_(person.records)
    await tx.execute(update(PersonRequest).where(mine).values(file=None, reason=""))
    found.state, found.subject, found.ended_at = RequestState.DONE, None, tx.now
    erased = FanErased(found.fan_id, list(person.records), tx.now)
    publish(tx, erased, aggregate=f"fan:{found.fan_id}")
