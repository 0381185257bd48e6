"""Staff and roles: who works here and what they may do."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel.auth import StaffActor, close_sessions_of
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish
from tiefen.team import rules
from tiefen.team.errors import (
    AccountTaken,
    RoleFixed,
    RoleInUse,
    RoleMissing,
    RoleNameTaken,
    StaffMissing,
)
from tiefen.team.events import StaffChanged
from tiefen.team.models import Role, Staff, StaffRole
from tiefen.team.service import passwords
from tiefen.team.service.audit import record_audit
from tiefen.team.service.signin import clear_totp
from tiefen.team.values import BUILT_IN_ROLES, OWNER_ROLE, Actor, StaffBrief

_ACTOR = """
    SELECT s.name, r.key, r.permissions FROM staff AS s
    LEFT JOIN staff_role AS sr ON sr.staff_id = s.id
    LEFT JOIN role AS r ON r.id = sr.role_id
    WHERE s.id = $1 AND s.active
"""


async def load_staff(tx: Tx, staff_id: int) -> StaffActor | None:
    """The actor of a staff session; None when the person was switched off."""
    rows = await tx.rows(_ACTOR, staff_id)
    if not rows:
        return None
    held = rules.permissions_of((row["key"] or "", row["permissions"] or ()) for row in rows)
    return StaffActor(staff_id, rows[0]["name"], held)


async def found_team(tx: Tx, *, account: str, name: str, password: str) -> int:
    """The first owner of a new merchant, and the roles it begins with. Returns the staff id."""
    account = rules.normal_account(account)
    rules.check_password(password, account)
    owner_role = await tx.scalar(select(Role.id).where(Role.key == OWNER_ROLE))
    if owner_role is None:
        owner = Role(key=OWNER_ROLE, name="店主", permissions=[])
        tx.add_all(
            [
                owner,
                *(
                    Role(key="", name=role, permissions=[p.value for p in permissions])
                    for role, permissions in BUILT_IN_ROLES
                ),
            ]
        )
        await tx.flush()
        owner_role = owner.id
    person = await _insert(tx, account, name, "", await passwords.hash_password(password))
    tx.add(StaffRole(staff_id=person, role_id=owner_role))
    await record_audit(tx, Actor.system("found_team"), "team.staff_added", f"staff:{person}")
    publish(tx, StaffChanged(person, name, "", True, tx.now), aggregate=f"staff:{person}")
    return person


async def add_staff(
    tx: Tx,
    actor: StaffActor,
    *,
    account: str,
    name: str,
    password: str,
    department: str = "",
    role_ids: Sequence[int],
) -> int:
    """A new login. Raises AccountTaken, RoleMissing, PasswordWeak, BeyondYourself."""
    account = rules.normal_account(account)
    rules.check_password(password, account)
    roles = await _roles(tx, role_ids)
    rules.check_grant(actor.permissions, _held(roles))
    hashed = await passwords.hash_password(password)
    person = await _insert(tx, account, name, department, hashed)
    tx.add_all(StaffRole(staff_id=person, role_id=role.id) for role in roles)
    await record_audit(
        tx,
        actor,
        "team.staff_added",
        f"staff:{person}",
        after={"account": account, "name": name, "roles": sorted(r.name for r in roles)},
    )
    publish(tx, StaffChanged(person, name, department, True, tx.now), aggregate=f"staff:{person}")
    return person


async def edit_staff(
    tx: Tx,
    actor: StaffActor,
    staff_id: int,
    *,
    name: str | None = None,
    department: str | None = None,
    role_ids: Sequence[int] | None = None,
    active: bool | None = None,
) -> None:
    """Change a member of staff. Switching off ends their sessions.

    Raises StaffMissing, RoleMissing, BeyondYourself, LastOwner.
    """
    owners = await _owners(tx)
    person = await _person(tx, staff_id)
    now_held = await _roles_of(tx, staff_id)
    rules.check_grant(actor.permissions, _held(now_held))
    then_held = now_held if role_ids is None else await _roles(tx, role_ids)
    rules.check_grant(actor.permissions, _held(then_held))
    stays_active = person.active if active is None else active
    stays_owner = stays_active and any(role.key == OWNER_ROLE for role in then_held)
    rules.check_owner_remains(owners, staff_id, stays_owner=stays_owner)

    before = _state(person, now_held)
    person.name = name or person.name
    person.department = person.department if department is None else department
    person.active = stays_active
    if role_ids is not None:
        await tx.execute(delete(StaffRole).where(StaffRole.staff_id == staff_id))
        tx.add_all(StaffRole(staff_id=staff_id, role_id=role.id) for role in then_held)
    if not person.active:
        await close_sessions_of(tx, "staff", staff_id)
    changes = rules.changed(before, _state(person, then_held))
    await record_audit(tx, actor, "team.staff_edited", f"staff:{staff_id}", *changes)
    changed = StaffChanged(staff_id, person.name, person.department, person.active, tx.now)
    publish(tx, changed, aggregate=f"staff:{staff_id}")


async def reset_password(tx: Tx, actor: StaffActor, staff_id: int, password: str) -> None:
    """Give somebody a new password and end their sessions. Raises as `edit_staff`."""
    person = await _managed(tx, actor, staff_id)
    rules.check_password(password, person.account)
    person.password_hash = await passwords.hash_password(password)
    await close_sessions_of(tx, "staff", staff_id)
    await record_audit(tx, actor, "team.password_reset", f"staff:{staff_id}")


async def reset_totp(tx: Tx, actor: StaffActor, staff_id: int) -> None:
    """Switch somebody's second step off, for a lost phone. Raises as `edit_staff`."""
    person = await _managed(tx, actor, staff_id)
    await clear_totp(tx, person)
    await close_sessions_of(tx, "staff", staff_id)
    await record_audit(tx, actor, "team.totp_reset", f"staff:{staff_id}")


async def add_role(tx: Tx, actor: StaffActor, *, name: str, permissions: Iterable[str]) -> int:
    """A new role. Raises RoleNameTaken, BeyondYourself."""
    held = sorted(set(permissions))
    rules.check_grant(actor.permissions, held)
    made: int | None = await tx.scalar(
        insert(Role)
        .values(key="", name=name, permissions=held)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Role.id)
    )
    if made is None:
        raise RoleNameTaken(name=name, field="name")
    after = {"name": name, "permissions": held}
    await record_audit(tx, actor, "team.role_added", f"role:{made}", after=after)
    return made


async def edit_role(
    tx: Tx, actor: StaffActor, role_id: int, *, name: str, permissions: Iterable[str]
) -> None:
    """Replace a role. Raises RoleMissing, RoleFixed, RoleNameTaken, BeyondYourself."""
    role = await _role(tx, role_id)
    held = sorted(set(permissions))
    rules.check_grant(actor.permissions, set(held) | set(role.permissions))
    taken = await tx.scalar(select(Role.id).where(Role.name == name, Role.id != role_id))
    if taken:
        raise RoleNameTaken(name=name, field="name")
    before = {"name": role.name, "permissions": role.permissions}
    role.name, role.permissions = name, held
    changes = rules.changed(before, {"name": name, "permissions": held})
    await record_audit(tx, actor, "team.role_edited", f"role:{role_id}", *changes)


async def delete_role(tx: Tx, actor: StaffActor, role_id: int) -> None:
    """Delete a role nobody holds. Raises RoleMissing, RoleFixed, RoleInUse, BeyondYourself."""
    role = await _role(tx, role_id)
    rules.check_grant(actor.permissions, role.permissions)
    count = await tx.scalar(
        select(func.count()).select_from(StaffRole).where(StaffRole.role_id == role_id)
    )
    if count:
        raise RoleInUse(count=count)
    await tx.delete(role)
    await record_audit(
        tx, actor, "team.role_deleted", f"role:{role_id}", before={"name": role.name}
    )


async def staff_briefs(tx: Tx, staff_ids: Iterable[int]) -> dict[int, StaffBrief]:
    """What other rooms show of staff, by id; unknown ids are absent."""
    wanted = set(staff_ids)
    if not wanted:
        return {}
    rows = await tx.execute(
        select(Staff.id, Staff.name, Staff.department, Staff.active).where(Staff.id.in_(wanted))
    )
    return {row.id: StaffBrief(row.id, row.name, row.department, row.active) for row in rows}


async def actor_names(tx: Tx, actors: Iterable[str]) -> dict[str, str]:
    """The books' "staff:7" → the person's name. Fans, the system and WeChat have none here."""
    numbers = {
        actor: int(number)
        for actor in set(actors)
        if (number := actor.removeprefix("staff:")) != actor and number.isdigit()
    }
    briefs = await staff_briefs(tx, numbers.values())
    return {actor: briefs[one].name for actor, one in numbers.items() if one in briefs}


async def _insert(tx: Tx, account: str, name: str, department: str, hashed: str) -> int:
    made: int | None = await tx.scalar(
        insert(Staff)
        .values(
            account=account,
            name=name,
            department=department,
            password_hash=hashed,
            created_at=tx.now,
            active=True,
            totp_last_step=0,
            order_push=True,
        )
        .on_conflict_do_nothing(index_elements=["account"])
        .returning(Staff.id)
    )
    if made is None:
        raise AccountTaken(account=account, field="account")
    return made


async def _managed(tx: Tx, actor: StaffActor, staff_id: int) -> Staff:
    """Somebody the actor may manage: one who holds nothing the actor does not."""
    person = await _person(tx, staff_id)
    rules.check_grant(actor.permissions, _held(await _roles_of(tx, staff_id)))
    return person


async def _person(tx: Tx, staff_id: int) -> Staff:
    person = await tx.scalar(select(Staff).where(Staff.id == staff_id).with_for_update())
    if person is None:
        raise StaffMissing
    return person


async def _role(tx: Tx, role_id: int) -> Role:
    role = await tx.scalar(select(Role).where(Role.id == role_id).with_for_update())
    if role is None:
        raise RoleMissing
    if role.key == OWNER_ROLE:
        raise RoleFixed
    return role


async def _roles(tx: Tx, role_ids: Sequence[int]) -> list[Role]:
    roles = list(
        await tx.scalars(select(Role).where(Role.id.in_(role_ids)).with_for_update(read=True))
    )
    if len(roles) != len(set(role_ids)):
        raise RoleMissing(field="role_ids")
    return roles


async def _roles_of(tx: Tx, staff_id: int) -> list[Role]:
    held = select(Role).join(StaffRole).where(StaffRole.staff_id == staff_id)
    return list(await tx.scalars(held))


async def _owners(tx: Tx) -> set[int]:
    """Active owners, read under a lock that makes changes of owners take turns."""
    role_id = await tx.scalar(select(Role.id).where(Role.key == OWNER_ROLE).with_for_update())
    owners = select(Staff.id).join(StaffRole).where(StaffRole.role_id == role_id, Staff.active)
    return set(await tx.scalars(owners))


def _held(roles: Iterable[Role]) -> frozenset[str]:
    return rules.permissions_of((role.key, role.permissions) for role in roles)


def _state(person: Staff, roles: Iterable[Role]) -> dict[str, object]:
    return {
        "name": person.name,
        "department": person.department,
        "active": person.active,
        "roles": sorted(role.name for role in roles),
    }
