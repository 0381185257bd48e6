"""Tables of the team room."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed
from tiefen.kernel.db import Base, Id, Utc, text_enum
from tiefen.kernel.personal import no_person
from tiefen.team.values import ActorKind


class Staff(Base):
    """A person with a login."""

    __tablename__ = "staff"

    id: Mapped[Id]
    account: Mapped[str] = mapped_column(Text, unique=True)
    """lower case; see rules.normal_account"""
    name: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str] = mapped_column(Text)
    totp_secret: Mapped[str | None] = mapped_column(Sealed)
    totp_waiting: Mapped[str | None] = mapped_column(Sealed)
    """a secret shown but not yet confirmed"""
    totp_last_step: Mapped[int] = mapped_column(default=0)
    """the newest time step whose code was used; older and equal ones are refused"""
    order_push: Mapped[bool] = mapped_column(default=True)
    """gets a template message for each paid order, when bound to a WeChat account"""
    created_at: Mapped[Utc]
    last_seen_at: Mapped[datetime | None]


class Role(Base):
    """A named set of permissions."""

    __tablename__ = "role"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text, default="")
    """`owner` for the built-in role, else empty"""
    name: Mapped[str] = mapped_column(Text, unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (Index("uq_role_key", "key", unique=True, postgresql_where=text("key <> ''")),)


class StaffRole(Base):
    """Who holds which role."""

    __tablename__ = "staff_role"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True
    )
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True, index=True)


class SignInTry(Base):
    """Failed sign-ins of one key (account and address, or address) in the current window."""

    __tablename__ = "sign_in_try"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    """a blind hash: neither account nor address can be read from it"""
    tries: Mapped[int]
    first_at: Mapped[Utc]


class RecoveryCode(Base):
    """A one-time code for the day the authenticator is lost."""

    __tablename__ = "staff_recovery_code"

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class StaffWechat(Base):
    """The WeChat account on which a member of staff gets notices."""

    __tablename__ = "staff_wechat"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True
    )
    app_id: Mapped[str] = mapped_column(Text, primary_key=True)
    openid: Mapped[str] = mapped_column(Text)
    bound_at: Mapped[Utc]

    __table_args__ = (UniqueConstraint("app_id", "openid", name="uq_staff_wechat_identity"),)


class BindCode(Base):
    """A scene that binds the WeChat account that scans it to a member of staff, once."""

    __tablename__ = "staff_bind_code"

    scene: Mapped[str] = mapped_column(Text, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[Utc]
    used_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key for programs. Only its hash is kept; it never holds more than its maker holds now."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    """the first characters, to recognise it by"""
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[Utc]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One act. Never changed, never deleted; each row's hash covers the row before it."""

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Utc]
    actor_kind: Mapped[ActorKind] = mapped_column(text_enum(ActorKind))
    actor_id: Mapped[int]
    actor_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    """`room.verb`, such as `orders.refund_approved`"""
    target: Mapped[str] = mapped_column(Text)
    """`kind:id`, such as `order:17`"""
    body: Mapped[str] = mapped_column(Text)
    """canonical JSON of everything above plus before, after, reason and request; what is hashed"""
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_audit_entry_target", "target", "seq"),
        Index("ix_audit_entry_actor", "actor_kind", "actor_id", "seq"),
        Index("ix_audit_entry_action", "action", "seq"),
        {"info": {"append_only": True}},
    )


class AuditHead(Base):
    """The end of the chain: one row, locked for one round trip at the end of a transaction."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("id = 1", name="single"),)


invariant(
    "A1.chain",
    "audit rows are gapless and each hash covers the row before it and its own body",
    """
    SELECT e.seq FROM audit_entry AS e
    LEFT JOIN audit_entry AS p ON p.seq = e.seq - 1
    WHERE e.hash <> sha256(coalesce(p.hash, ''::bytea) || sha256(convert_to(e.body, 'UTF8')))
       OR (e.seq > 1 AND p.seq IS NULL)
       OR e.body::jsonb ->> 'action' <> e.action
       OR e.body::jsonb ->> 'target' <> e.target
       OR (e.body::jsonb ->> 'actor_id')::bigint <> e.actor_id
    """,
)
invariant(
    "A1.head",
    "the end of the audit chain is its newest row",
    """
    SELECT h.seq AS head, (SELECT max(seq) FROM audit_entry) AS newest FROM audit_head AS h
    WHERE h.seq <> coalesce((SELECT max(seq) FROM audit_entry), 0)
       OR h.hash <> coalesce((SELECT hash FROM audit_entry ORDER BY seq DESC LIMIT 1), ''::bytea)
    """,
)
invariant(
    "A1.owner",
    "once there are staff, an active owner remains",
    """
    SELECT count(*) AS staff FROM staff
    HAVING count(*) > 0 AND NOT EXISTS (
        SELECT 1 FROM staff AS s
        JOIN staff_role AS sr ON sr.staff_id = s.id JOIN role AS r ON r.id = sr.role_id
        WHERE s.active AND r.key = 'owner')
    """,
)

for _table in ("staff", "staff_wechat"):
    no_person(_table, "members of staff, not fans")
