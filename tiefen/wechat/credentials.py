"""A merchant's credentials, opened for use: loaded with one read, kept in the process for a few seconds.

These values never cross the room's doors and never show themselves in a repr.
"""

import time
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import select

from tiefen.kernel import db as database
from tiefen.kernel.db import Db, Tx
from tiefen.wechat import wire
from tiefen.wechat.errors import NotConfigured, UnknownApp
from tiefen.wechat.models import Account, PayAccount, PlatformCertificate
from tiefen.wechat.values import AccountKind, PushMode

KEEP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Everything needed to speak for one 公众号 or 小程序, and to recognise what it sends."""

    kind: AccountKind
    app_id: str
    base: str
    push_mode: PushMode
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_keys: tuple[str, ...] = field(repr=False)
    """the current EncodingAESKey first, then the previous one"""


@dataclass(frozen=True, slots=True)
class PayCredentials:
    """Everything needed to sign for one merchant number, and to verify what comes back."""

    mchid: str
    base: str
    serial_no: str
    notify_url: str
    app_ids: dict[AccountKind, str]
    public_key_id: str
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    keys: dict[str, str] = field(repr=False)
    """serial or public-key id → PEM of WeChat's key"""


T = TypeVar("T")
_kept: WeakKeyDictionary[Db, dict[tuple[str, str], tuple[float, object]]] = WeakKeyDictionary()


async def app(db: Db, merchant: str, kind: AccountKind) -> AppCredentials:
    """The account of a kind, fit for calls. Raises NotConfigured."""
    hit = _recall(db, merchant, kind.value, AppCredentials)
    if hit is None:
        async with db.merchant(merchant) as tx:
            hit = _keep(db, merchant, kind.value, await load_app(tx, kind))
    return hit


async def app_by_id(db: Db, merchant: str, app_id: str) -> AppCredentials:
    """The account with this app id. Raises UnknownApp."""
    hit = _recall(db, merchant, app_id, AppCredentials)
    if hit is None:
        async with db.merchant(merchant) as tx:
            row = await tx.scalar(select(Account).where(Account.app_id == app_id))
            if row is None:
                raise UnknownApp
            hit = _keep(db, merchant, app_id, _of(row))
    return hit


async def pay(db: Db, merchant: str) -> PayCredentials:
    """The merchant's payment account. Raises NotConfigured."""
    hit = _recall(db, merchant, "pay", PayCredentials)
    if hit is None:
        async with db.merchant(merchant) as tx:
            hit = _keep(db, merchant, "pay", await load_pay(tx))
    return hit


async def load_app(tx: Tx, kind: AccountKind, *, secret: bool = True) -> AppCredentials:
    """The account of a kind, read now. Raises NotConfigured when it (or, if needed, its secret) is missing."""
    row = await tx.scalar(select(Account).where(Account.kind == kind))
    if row is None or (secret and not row.secret):
        raise NotConfigured(what="公众号" if kind is AccountKind.OFFICIAL else "小程序")
    return _of(row)


async def load_pay(tx: Tx) -> PayCredentials:
    """The payment account, read now. Raises NotConfigured when it or one of its keys is missing."""
    row = await tx.scalar(select(PayAccount))
    if row is None or not (row.private_key and row.api_v3_key and row.serial_no):
        raise NotConfigured(what="微信支付")
    certificates = await tx.execute(
        select(PlatformCertificate.serial_no, PlatformCertificate.pem).where(
            PlatformCertificate.mchid == row.mchid, PlatformCertificate.expires_at > tx.now
        )
    )
    keys = dict(certificates.all())
    if row.public_key_id and row.public_key:
        keys[row.public_key_id] = row.public_key
    apps = await tx.execute(select(Account.kind, Account.app_id))
    return PayCredentials(
        mchid=row.mchid,
        base=wire.pay_base(row.api_base),
        serial_no=row.serial_no,
        notify_url=f"{wire.public_base(row.notify_base)}/wechat/pay/{row.mchid}/notify",
        app_ids=dict(apps.all()),
        public_key_id=row.public_key_id,
        private_key=row.private_key,
        api_v3_key=row.api_v3_key,
        keys=keys,
    )


def changed(tx: Tx) -> None:
    """Credentials change with this transaction: forget the kept ones when it commits."""
    tx.info["wechat.changed"] = True


def forget(db: Db, merchant: str) -> None:
    """Drop what is kept of a merchant in this process."""
    kept = _kept.get(db, {})
    for key in [key for key in kept if key[0] == merchant]:
        del kept[key]


def _of(row: Account) -> AppCredentials:
    return AppCredentials(
        kind=row.kind,
        app_id=row.app_id,
        base=wire.api_base(row.api_base),
        push_mode=row.push_mode,
        secret=row.secret or "",
        token=row.token or "",
        aes_keys=tuple(key for key in (row.aes_key, row.previous_aes_key) if key),
    )


def _recall(db: Db, merchant: str, name: str, kind: type[T]) -> T | None:
    until, value = _kept.get(db, {}).get((merchant, name), (0.0, None))
    return value if until > time.monotonic() and isinstance(value, kind) else None


def _keep(db: Db, merchant: str, name: str, value: T) -> T:
    kept = _kept.setdefault(db, {})
    if len(kept) > 5_000:
        kept.clear()
    kept[(merchant, name)] = (time.monotonic() + KEEP_SECONDS, value)
    return value


def _after_commit(db: Db, tx: Tx) -> None:
    if tx.info.pop("wechat.changed", False):
        forget(db, tx.merchant)


database.after_commit.append(_after_commit)
