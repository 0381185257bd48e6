"""Who is asking: sessions, and the right each route declares.

A route has exactly one right, a FastAPI dependency made by `staff()`, `fan()`, `anyone()` or
`signed()`. A test walks the live router and fails for a route without one. Actors come from the
session alone: no id of a person is ever taken from a parameter.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy import BigInteger, Index, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel import ids
from tiefen.kernel.db import Base, Glance, Tx
from tiefen.kernel.errors import Forbidden, Unauthorised
from tiefen.kernel.http import DbDep, MerchantDep, TxDep
from tiefen.kernel.together import Together, glance

STAFF_COOKIE = "tiefen_staff"
API_KEY_PREFIX = "tk_"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Kind: TypeAlias = Literal["fan", "staff"]


@dataclass(frozen=True, slots=True)
class StaffActor:
    """A member of staff, or an API key acting for the merchant (id 0)."""

    id: int
    name: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether this permission is held."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class FanActor:
    """A fan on the shop's side."""

    id: int


class Session(Base):
    """One signed-in browser or phone; only the token's hash is kept."""

    __tablename__ = "session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    __table_args__ = (Index(None, "kind", "subject_id"), Index(None, "expires_at"))


class _Signed(NamedTuple):
    """Whose a live session is."""

    kind: str
    subject_id: int


StaffLoader: TypeAlias = Callable[[Tx, int], Awaitable[StaffActor | None]]
KeyLoader: TypeAlias = Callable[[Tx, str], Awaitable[StaffActor | None]]


@dataclass(frozen=True, slots=True)
class Loaders:
    """How the room above turns a session or an API key into an actor; set in main, on app.state."""

    staff: StaffLoader
    api_key: KeyLoader


_OPEN = """
    INSERT INTO session (token_hash, kind, subject_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5)
"""


async def open_session(tx: Tx, kind: Kind, subject_id: int, ttl: timedelta) -> str:
    """Start a session; returns its token, which is not kept."""
    token = ids.token()
    await tx.rows(_OPEN, ids.digest(token), kind, subject_id, tx.now, tx.now + ttl)
    return token


async def close_session(tx: Tx, token: str) -> None:
    """End a session; safe to run twice."""
    await tx.execute(delete(Session).where(Session.token_hash == ids.digest(token)))


async def close_sessions_of(tx: Tx, kind: Kind, subject_id: int, *, but: str = "") -> None:
    """End all sessions of one person, except the one of token `but`."""
    await tx.execute(
        delete(Session).where(
            Session.kind == kind,
            Session.subject_id == subject_id,
            Session.token_hash != ids.digest(but),
        )
    )


def token_of(request: Request) -> str | None:
    """The bearer token, or the staff cookie if the request comes from our own pages."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer.strip()
    cookie = request.cookies.get(STAFF_COOKIE)
    if cookie and request.method not in SAFE_METHODS and not same_origin(request):
        raise CrossOrigin
    return cookie


class CrossOrigin(Forbidden):
    """A cookie was sent along by a foreign page."""

    code = "auth.cross_origin"
    zh = "请求来自其他网站，已拒绝"
    en = "The request came from another site and was refused"


def same_origin(request: Request) -> bool:
    """Whether a browser says the request was made by a page of this host."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


class Right:
    """Who may enter a route. `who` and `permissions` are what the matrix test reads."""

    def __init__(self, who: str, permissions: frozenset[str] = frozenset()) -> None:
        self.who = who
        self.permissions = permissions

    def __repr__(self) -> str:
        return f"{self.who}({', '.join(sorted(self.permissions))})"


class _Staff(Right):
    async def __call__(self, request: Request, tx: TxDep) -> StaffActor:
        return await _staff(request, tx, self.permissions)


class _StaffOutward(Right):
    async def __call__(self, request: Request, db: DbDep, merchant: MerchantDep) -> StaffActor:
        async with db.merchant(merchant) as tx:
            return await _staff(request, tx, self.permissions)


class _Fan(Right):
    async def __call__(self, request: Request, tx: TxDep) -> FanActor:
        return await _fan(request, tx)


class _FanOutward(Right):
    async def __call__(self, request: Request, db: DbDep, merchant: MerchantDep) -> FanActor:
        token = token_of(request)
        if not token:
            raise Unauthorised
        subject_id = await _FANS.run(db, merchant, ids.digest(token))
        if subject_id is None:
            raise Unauthorised
        return FanActor(subject_id)


class _MaybeFan(Right):
    async def __call__(self, request: Request, tx: TxDep) -> FanActor | None:
        session = await _session(tx, token_of(request))
        return FanActor(session.subject_id) if session and session.kind == "fan" else None


class _Anyone(Right):
    async def __call__(self) -> None:
        return None


def staff(*permissions: str, outward: bool = False) -> Any:
    """Signed-in staff holding all `permissions` (none named: any staff). `outward`: the route
    calls out, so the right is checked in a short transaction of its own."""
    return (_StaffOutward if outward else _Staff)("staff", frozenset(map(str, permissions)))


def fan(*, outward: bool = False) -> Any:
    """A signed-in fan."""
    return (_FanOutward if outward else _Fan)("fan")


def maybe_fan() -> Any:
    """Anyone; the fan if one is signed in, else None."""
    return _MaybeFan("anyone")


def anyone() -> Any:
    """No sign-in needed."""
    return _Anyone("anyone")


def signed(by: str) -> Any:
    """A message that the route itself verifies by signature, e.g. `signed("wechat")`."""
    return _Anyone(f"signed:{by}")


async def _session(tx: Tx, token: str | None) -> _Signed | None:
    if not token or len(token) > 200:
        return None
    rows = await tx.rows(_SIGNED, ids.digest(token), tx.now)
    return _Signed(*rows[0]) if rows else None


async def _fans(look: Glance, hashes: Sequence[bytes]) -> list[int | None]:
    """The fans whose live sessions these are."""
    found: dict[bytes, int] = dict(await look.rows(_LIVE_FANS, list(set(hashes)), look.now))
    return [found.get(token_hash) for token_hash in hashes]


_SIGNED = "SELECT kind, subject_id FROM session WHERE token_hash = $1 AND expires_at > $2"
_LIVE_FANS = """
    SELECT token_hash, subject_id FROM {m}.session
    WHERE token_hash = ANY($1) AND kind = 'fan' AND expires_at > coalesce($2::timestamptz, now())
"""
_FANS = Together(_fans, begin=glance)
"""Fans who come at the same moment are looked up together."""


async def _staff(request: Request, tx: Tx, needs: frozenset[str]) -> StaffActor:
    loaders: Loaders = request.app.state.loaders
    token = token_of(request)
    actor = None
    if token and token.startswith(API_KEY_PREFIX):
        actor = await loaders.api_key(tx, token)
    else:
        session = await _session(tx, token)
        if session and session.kind == "staff":
            actor = await loaders.staff(tx, session.subject_id)
    if actor is None:
        raise Unauthorised
    missing = needs - actor.permissions
    if missing:
        raise Forbidden(needs="、".join(sorted(missing)))
    return actor


async def _fan(request: Request, tx: Tx) -> FanActor:
    session = await _session(tx, token_of(request))
    if session is None or session.kind != "fan":
        raise Unauthorised
    return FanActor(session.subject_id)
