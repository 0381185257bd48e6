"""Tables of the room, in each merchant's schema. Every credential is sealed with the merchant's own key."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.crypto import Sealed, SealedJson
from tiefen.kernel.db import Base, Id, Json, text_enum
from tiefen.kernel.personal import Erased, no_person, person_rows
from tiefen.wechat.values import AccountKind, MessageKind, MessageState, PushMode, TokenKind


class Account(Base):
    """The merchant's 公众号 or 小程序; at most one of each."""

    __tablename__ = "wechat_account"
    id: Mapped[Id]
    kind: Mapped[AccountKind] = mapped_column(text_enum(AccountKind), unique=True)
    app_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    secret: Mapped[str | None] = mapped_column(Sealed)
    token: Mapped[str | None] = mapped_column(Sealed)
    aes_key: Mapped[str | None] = mapped_column(Sealed)
    previous_aes_key: Mapped[str | None] = mapped_column(Sealed)
    push_mode: Mapped[PushMode] = mapped_column(text_enum(PushMode))
    oauth_domain: Mapped[str] = mapped_column(String(255), server_default="")
    js_domain: Mapped[str] = mapped_column(String(255), server_default="")
    api_base: Mapped[str | None] = mapped_column(String(255))
    menu: Mapped[Json | None]
    menu_published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Template(Base):
    """Which template message of the account stands behind a key of ours ("order_paid")."""

    __tablename__ = "wechat_template"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    template_id: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class PayAccount(Base):
    """The merchant's 微信支付 account: one row. A public key id means 公钥模式 (the certificates are still accepted)."""

    __tablename__ = "wechat_pay_account"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mchid: Mapped[str] = mapped_column(String(32), unique=True)
    serial_no: Mapped[str] = mapped_column(String(64))
    private_key: Mapped[str | None] = mapped_column(Sealed)
    api_v3_key: Mapped[str | None] = mapped_column(Sealed)
    public_key_id: Mapped[str] = mapped_column(String(80), server_default="")
    public_key: Mapped[str | None] = mapped_column(Text)
    notify_base: Mapped[str | None] = mapped_column(String(255))
    api_base: Mapped[str | None] = mapped_column(String(255))
    certificates_tried_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class PlatformCertificate(Base):
    """A platform certificate (证书模式), downloaded and opened with the APIv3 key."""

    __tablename__ = "wechat_platform_certificate"
    serial_no: Mapped[str] = mapped_column(String(64), primary_key=True)
    mchid: Mapped[str] = mapped_column(String(32))
    pem: Mapped[str] = mapped_column(Text)
    effective_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Token(Base):
    """A token that all processes share. Whoever holds the lease refreshes it, outside of any transaction."""

    __tablename__ = "wechat_token"
    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[TokenKind] = mapped_column(text_enum(TokenKind), primary_key=True)
    value: Mapped[str | None] = mapped_column(Sealed)
    expires_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """grows with each refresh: who has seen an older one may not refresh again"""
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]


class InboxItem(Base):
    """A push or notice as it came in, once each: `vendor_key` is the platform's own name for it."""

    __tablename__ = "wechat_inbox"
    id: Mapped[Id]
    vendor_key: Mapped[str] = mapped_column(String(400), unique=True)
    source: Mapped[str] = mapped_column(String(64))
    """app id or mchid"""
    kind: Mapped[str] = mapped_column(String(80))
    """text, event.subscribe, TRANSACTION.SUCCESS …"""
    mode: Mapped[str] = mapped_column(String(8), server_default="")
    """how a push came: plain or sealed; empty for notices"""
    openid: Mapped[str | None] = mapped_column(String(128))
    """whom it is about, so that one person's can be found"""
    fields: Mapped[Json] = mapped_column(SealedJson)
    reply: Mapped[str | None] = mapped_column(Text)
    """the passive reply in plain XML: a repeated push gets the same one"""
    received_at: Mapped[datetime]
    __table_args__ = (
        Index(None, "source", "received_at"),
        Index(None, "received_at"),
        Index("ix_wechat_inbox_openid", "openid", postgresql_where=text("openid IS NOT NULL")),
    )


class OutgoingMessage(Base):
    """A template or customer-service message: the intent first, then what became of it."""

    __tablename__ = "wechat_message"
    id: Mapped[Id]
    kind: Mapped[MessageKind] = mapped_column(text_enum(MessageKind))
    app_id: Mapped[str] = mapped_column(String(64))
    openid: Mapped[str] = mapped_column(String(128))
    body: Mapped[Json] = mapped_column(SealedJson)
    state: Mapped[MessageState] = mapped_column(text_enum(MessageState))
    reason: Mapped[str] = mapped_column(String(200), server_default="")
    errcode: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    client_msg_id: Mapped[str] = mapped_column(String(64), unique=True)
    vendor_id: Mapped[str | None] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(String(80), server_default="")
    """what TEMPLATESENDJOBFINISH said"""
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name="settled"),
        Index(None, "openid", "created_at"),
        Index(None, "created_at", "id"),
        Index(
            "ix_wechat_message_vendor",
            "app_id",
            "vendor_id",
            postgresql_where=text("vendor_id IS NOT NULL"),
        ),
    )


invariant(
    "W1",
    "a message that waits to be sent has a job that will send it, or a dead one that people see",
    """
    SELECT m.id FROM wechat_message m WHERE m.state = 'queued' AND NOT EXISTS (
        SELECT 1 FROM platform.job j
        WHERE j.name = 'wechat.send' AND j.merchant = substr(current_schema(), 3)
          AND j.args @> jsonb_build_object('message_id', m.id))
    """,
)
invariant(
    "W2",
    "an app id or merchant number that is configured here leads callbacks here",
    """
    SELECT a.account FROM (
        SELECT app_id AS account FROM wechat_account UNION ALL SELECT mchid FROM wechat_pay_account
    ) a WHERE NOT EXISTS (
        SELECT 1 FROM platform.merchant_account p
        WHERE p.account = a.account AND p.merchant = substr(current_schema(), 3))
    """,
)

invariant(
    "W3",
    "what came from WeChat and what goes out to fans lies sealed",
    """
    SELECT id FROM wechat_inbox WHERE jsonb_typeof(fields) <> 'string'
    UNION ALL SELECT id FROM wechat_message WHERE jsonb_typeof(body) <> 'string'
    """,
)

# A push that was taken stays for its half year as a name nobody can read: what came once counts once.
person_rows(
    "wechat_inbox",
    "收到的推送",
    "pushes received",
    by="openid",
    clear={
        "fields": {},
        "reply": None,
        "openid": None,
        "vendor_key": "=CASE WHEN vendor_key LIKE 'push:%' THEN 'push:erased:' || id ELSE vendor_key END",
    },
    hidden=["vendor_key", "reply"],
)
person_rows(
    "wechat_message",
    "发出的消息",
    "messages sent",
    by="openid",
    erased=Erased.GONE,
    hidden=["client_msg_id", "vendor_id", "receipt"],
)

for _table in ("wechat_account", "wechat_pay_account", "wechat_token"):
    no_person(_table, "credentials of the merchant")
