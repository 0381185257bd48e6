"""Reads of the team room."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from tiefen.kernel.db import Tx
from tiefen.kernel.directory import Merchant
from tiefen.team.errors import StaffMissing
from tiefen.team.models import ApiKey, AuditEntry, Role, Staff, StaffRole, StaffWechat
from tiefen.team.values import OWNER_ROLE


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role held by somebody."""

    id: int
    name: str
    owner: bool


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A member of staff with roles."""

    id: int
    account: str
    name: str
    department: str
    active: bool
    order_push: bool
    totp: bool
    wechat_bound: bool
    created_at: datetime
    last_seen_at: datetime | None
    roles: list[RoleLine]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role with how many hold it."""

    id: int
    name: str
    owner: bool
    permissions: list[str]
    staff: int


async def staff_list(
    tx: Tx, *, after: int | None, limit: int, active: bool | None = None
) -> list[StaffLine]:
    """Staff by id, one more than `limit`; two statements whatever the length."""
    wanted = select(Staff, StaffWechat.staff_id).outerjoin(
        StaffWechat, StaffWechat.staff_id == Staff.id
    )
    if after:
        wanted = wanted.where(Staff.id > after)
    if active is not None:
        wanted = wanted.where(Staff.active == active)
    rows = (await tx.execute(wanted.distinct().order_by(Staff.id).limit(limit + 1))).all()
    return await _lines(tx, [(row[0], row[1] is not None) for row in rows])


async def one_staff(tx: Tx, staff_id: int) -> StaffLine:
    """One member of staff. Raises StaffMissing."""
    row = (
        await tx.execute(
            select(Staff, StaffWechat.staff_id)
            .outerjoin(StaffWechat, StaffWechat.staff_id == Staff.id)
            .where(Staff.id == staff_id)
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        raise StaffMissing
    return (await _lines(tx, [(row[0], row[1] is not None)]))[0]


async def roles(tx: Tx) -> list[RoleRow]:
    """All roles, the owner first; one statement."""
    rows = await tx.execute(
        select(Role, func.count(StaffRole.staff_id))
        .outerjoin(StaffRole, StaffRole.role_id == Role.id)
        .group_by(Role.id)
        .order_by(Role.key.desc(), Role.id)
    )
    return [
        RoleRow(role.id, role.name, role.key == OWNER_ROLE, role.permissions, count)
        for role, count in rows
    ]


async def api_keys(tx: Tx) -> list[tuple[ApiKey, str]]:
    """All API keys, newest first, each with its maker's name."""
    rows = await tx.execute(
        select(ApiKey, Staff.name)
        .join(Staff, Staff.id == ApiKey.created_by)
        .order_by(ApiKey.id.desc())
        .limit(500)
    )
    return [(key, name) for key, name in rows]


async def audit_log(
    tx: Tx,
    *,
    before_seq: int | None,
    limit: int,
    action: str | None = None,
    target: str | None = None,
    actor_id: int | None = None,
) -> list[dict[str, Any]]:
    """Audit rows, newest first, one more than `limit`."""
    wanted = select(AuditEntry.seq, AuditEntry.body)
    if before_seq is not None:
        wanted = wanted.where(AuditEntry.seq < before_seq)
    if action:
        wanted = wanted.where(AuditEntry.action == action)
    if target:
        wanted = wanted.where(AuditEntry.target == target)
    if actor_id is not None:
        wanted = wanted.where(AuditEntry.actor_kind == "staff", AuditEntry.actor_id == actor_id)
    rows = await tx.execute(wanted.order_by(AuditEntry.seq.desc()).limit(limit + 1))
    return [{**json.loads(row.body), "seq": row.seq} for row in rows]


async def merchant_name(tx: Tx) -> str:
    """The name of the merchant in scope."""
    name = await tx.scalar(select(Merchant.name).where(Merchant.slug == tx.merchant))
    return name or tx.merchant


async def _lines(tx: Tx, people: Sequence[tuple[Staff, bool]]) -> list[StaffLine]:
    held: dict[int, list[RoleLine]] = {}
    if people:
        rows = await tx.execute(
            select(StaffRole.staff_id, Role.id, Role.name, Role.key)
            .join(Role, Role.id == StaffRole.role_id)
            .where(StaffRole.staff_id.in_([person.id for person, _ in people]))
            .order_by(Role.id)
        )
        for row in rows:
            line = RoleLine(row.id, row.name, row.key == OWNER_ROLE)
            held.setdefault(row.staff_id, []).append(line)
    return [
        StaffLine(
            id=person.id,
            account=person.account,
            name=person.name,
            department=person.department,
            active=person.active,
            order_push=person.order_push,
            totp=person.totp_secret is not None,
            wechat_bound=bound,
            created_at=person.created_at,
            last_seen_at=person.last_seen_at,
            roles=held.get(person.id, []),
        )
        for person, bound in people
    ]
