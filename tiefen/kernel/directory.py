"""The merchant directory: who lives here, under which hosts, with which app ids."""

import time
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.db import APP_ROLE, Db, PlatformBase, Tx
from tiefen.kernel.errors import NotFound

CACHE_SECONDS = 10.0


class Merchant(PlatformBase):
    """One merchant of this installation; its schema is `m_` + slug."""

    __tablename__ = "merchant"
    slug: Mapped[str] = mapped_column(String(31), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


invariant(
    "T1.walls",
    "no key leads out of a merchant's schema, and the serving role owns nothing in it",
    f"""
    SELECT c.relname AS relation, k.conname AS name FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class other ON other.oid = k.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND other.relnamespace <> c.relnamespace
    UNION ALL
    SELECT c.relname, 'owner' FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace
        AND pg_get_userbyid(c.relowner) = '{APP_ROLE}'
    """,  # noqa: S608 a constant of the kernel
)
invariant(
    "T1.platform",
    "what is shared names a merchant that exists",
    """
    SELECT 'job' AS kind, id, merchant FROM platform.job
    WHERE merchant <> '' AND merchant NOT IN (SELECT slug FROM platform.merchant)
    UNION ALL
    SELECT 'event', id, merchant FROM platform.event
    WHERE merchant <> '' AND merchant NOT IN (SELECT slug FROM platform.merchant)
    """,
)


class Host(PlatformBase):
    """A host name that belongs to one merchant."""

    __tablename__ = "merchant_host"
    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("platform.merchant.slug"))


class Account(PlatformBase):
    """An outside account (app id, mch id) whose callbacks belong to one merchant."""

    __tablename__ = "merchant_account"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    merchant: Mapped[str] = mapped_column(ForeignKey("platform.merchant.slug"))


class MerchantUnknown(NotFound):
    """No merchant lives at this address."""

    code = "platform.merchant_unknown"
    zh = "这个地址没有对应的商户"
    en = "No merchant lives at this address"


class Directory:
    """Address → merchant, cached in the process for a few seconds."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._cache: dict[tuple[str, str], tuple[float, str]] = {}

    async def by_slug(self, slug: str) -> str:
        """The slug itself if it is a live merchant's. Raises MerchantUnknown."""
        return await self._cached(("slug", slug))

    async def by_host(self, host: str) -> str:
        """The merchant of a host name, or the only merchant there is. Raises MerchantUnknown."""
        return await self._cached(("host", host.lower()))

    async def by_account(self, account: str) -> str:
        """The merchant of an app id or mch id. Raises MerchantUnknown."""
        return await self._cached(("account", account))

    def forget(self) -> None:
        """Drop the cache after a change in this process."""
        self._cache.clear()

    async def _cached(self, key: tuple[str, str]) -> str:
        hit = self._cache.get(key)
        if hit and hit[0] > time.monotonic():
            return hit[1]
        async with self._db.platform() as tx:
            slug = await _look_up(tx, *key)
        if slug is None:
            raise MerchantUnknown
        if len(self._cache) > 10_000:
            self._cache.clear()
        self._cache[key] = (time.monotonic() + CACHE_SECONDS, slug)
        return slug


async def _look_up(tx: Tx, kind: str, value: str) -> str | None:
    live = select(Merchant.slug).where(Merchant.active)
    if kind == "slug":
        return await tx.scalar(live.where(Merchant.slug == value))
    if kind == "account":
        return await tx.scalar(
            live.join(Account, Account.merchant == Merchant.slug).where(Account.account == value)
        )
    by_name = await tx.scalar(
        live.join(Host, Host.merchant == Merchant.slug).where(Host.host == value)
    )
    if by_name:
        return by_name
    few = list(await tx.scalars(live.limit(2)))
    return few[0] if len(few) == 1 else None


async def claim_account(tx: Tx, account: str, merchant: str) -> bool:
    """Bind an app id or mch id to a merchant; False when another merchant holds it."""
    await tx.execute(
        insert(Account).values(account=account, merchant=merchant).on_conflict_do_nothing()
    )
    holder = await tx.scalar(select(Account.merchant).where(Account.account == account))
    return holder == merchant


async def release_account(tx: Tx, account: str, merchant: str) -> None:
    """Take an app id or mch id away from the merchant that holds it; safe to run twice."""
    await tx.execute(
        delete(Account).where(Account.account == account, Account.merchant == merchant)
    )
