"""On which WeChat a member of staff gets notices, and how it is bound."""

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor, open_session
from tiefen.kernel.db import Tx
from tiefen.team.errors import (
    BindCodeMissing,
    NotByKey,
    StaffMissing,
    TotpRequired,
    WechatTaken,
    WechatUnknown,
)
from tiefen.team.models import BindCode, Role, Staff, StaffRole, StaffWechat
from tiefen.team.service.audit import record_audit
from tiefen.team.values import (
    BIND_CODE_LIFE,
    BIND_PREFIX,
    SESSION_LIFE,
    Actor,
    ActorKind,
    Permission,
    StaffContact,
)


async def make_bind_code(tx: Tx, actor: StaffActor) -> str:
    """A scene for a temporary QR code; whoever scans it within ten minutes is bound to `actor`."""
    if not actor.id:
        raise NotByKey(needs="staff")
    await tx.execute(delete(BindCode).where(BindCode.staff_id == actor.id))
    scene = BIND_PREFIX + ids.token(18)
    expires_at = tx.now + BIND_CODE_LIFE
    tx.add(BindCode(scene=scene, staff_id=actor.id, expires_at=expires_at))
    return scene


async def bind_by_scene(tx: Tx, *, app_id: str, openid: str, scene: str) -> int:
    """Bind whoever scanned a binding code; returns the staff id.

    Raises BindCodeMissing, WechatTaken.
    """
    staff_id: int | None = await tx.scalar(
        update(BindCode)
        .where(BindCode.scene == scene, BindCode.used_at.is_(None), BindCode.expires_at > tx.now)
        .values(used_at=tx.now)
        .returning(BindCode.staff_id)
    )
    if staff_id is None:
        raise BindCodeMissing
    await bind_wechat(tx, staff_id, app_id=app_id, openid=openid)
    return staff_id


async def bind_wechat(tx: Tx, staff_id: int, *, app_id: str, openid: str) -> None:
    """Send this person's notices to this WeChat account. Raises StaffMissing, WechatTaken."""
    name = await tx.scalar(select(Staff.name).where(Staff.id == staff_id, Staff.active))
    if name is None:
        raise StaffMissing
    taken = select(StaffWechat.staff_id).where(
        StaffWechat.app_id == app_id, StaffWechat.openid == openid
    )
    holder = await tx.scalar(taken)
    if holder not in (None, staff_id):
        raise WechatTaken
    row = insert(StaffWechat).values(
        staff_id=staff_id, app_id=app_id, openid=openid, bound_at=tx.now
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["staff_id", "app_id"],
            set_={"openid": row.excluded.openid, "bound_at": row.excluded.bound_at},
        )
    )
    actor = Actor(ActorKind.STAFF, staff_id, name)
    await record_audit(tx, actor, "team.wechat_bound", f"staff:{staff_id}")


async def enter_by_wechat(tx: Tx, *, app_id: str, openid: str) -> str:
    """Open a session for the member of staff bound to this WeChat account; returns its token.

    Who has a second step still takes it, with the password. Raises WechatUnknown, TotpRequired.
    """
    person = await tx.scalar(
        select(Staff)
        .join(StaffWechat, StaffWechat.staff_id == Staff.id)
        .where(StaffWechat.app_id == app_id, StaffWechat.openid == openid, Staff.active)
    )
    if person is None:
        raise WechatUnknown
    if person.totp_secret:
        raise TotpRequired
    person.last_seen_at = tx.now
    actor = Actor(ActorKind.STAFF, person.id, person.name)
    await record_audit(tx, actor, "team.signed_in", f"staff:{person.id}", reason="wechat")
    return await open_session(tx, "staff", person.id, SESSION_LIFE)


async def unbind_wechat(tx: Tx, actor: StaffActor) -> None:
    """Send one's own notices nowhere; safe to repeat."""
    await tx.execute(delete(StaffWechat).where(StaffWechat.staff_id == actor.id))
    await record_audit(tx, actor, "team.wechat_unbound", f"staff:{actor.id}")


async def order_contacts(tx: Tx) -> list[StaffContact]:
    """Whom to tell of a paid order: bound, active, willing, and allowed to see orders."""
    rows = (
        await tx.execute(
            select(StaffWechat.staff_id, StaffWechat.app_id, StaffWechat.openid)
            .join(Staff, Staff.id == StaffWechat.staff_id)
            .join(StaffRole, StaffRole.staff_id == Staff.id)
            .join(Role, Role.id == StaffRole.role_id)
            .where(
                Staff.active,
                Staff.order_push,
                (Role.key == "owner") | Role.permissions.contains([Permission.ORDERS_READ.value]),
            )
            .distinct()
            .order_by(StaffWechat.staff_id)
        )
    ).all()
    return [StaffContact(row.staff_id, row.app_id, row.openid) for row in rows]
