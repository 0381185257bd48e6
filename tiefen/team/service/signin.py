"""Signing in and out, and what people do to their own login."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, select, text, update

from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor, close_session, close_sessions_of, open_session
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Db, Tx
from tiefen.team import rules
from tiefen.team.errors import (
    NotByKey,
    PasswordWrong,
    SignInRefused,
    SignInTooOften,
    StaffMissing,
    TotpAlreadyOn,
    TotpNotStarted,
    TotpRefused,
    TotpRequired,
)
from tiefen.team.models import RecoveryCode, SignInTry, Staff
from tiefen.team.service import passwords
from tiefen.team.service.audit import record_audit
from tiefen.team.values import SESSION_LIFE, Actor, ActorKind

RECOVERY_CODES = 8

_TAKE_TRY = text(
    """
    INSERT INTO sign_in_try AS t (key, tries, first_at) VALUES (:key, 1, :now)
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN t.first_at <= :window_start THEN 1 ELSE t.tries + 1 END,
        first_at = CASE WHEN t.first_at <= :window_start THEN excluded.first_at ELSE t.first_at END
    RETURNING tries, first_at
    """
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found of an account before the slow hash is computed."""

    id: int | None
    password_hash: str | None


async def sign_in(
    db: Db, merchant: str, *, account: str, password: str, totp: str | None, ip: str
) -> str:
    """Open a staff session and return its token.

    The try is counted and committed before the password is looked at, so that a hundred tries at
    once are a hundred tries. Raises SignInTooOften, SignInRefused, TotpRequired, TotpRefused.
    """
    account = rules.normal_account(account)
    async with db.merchant(merchant) as tx:
        wait = await _take_tries(tx, account, ip)
        known = await _known(tx, account)
    if wait:
        raise SignInTooOften(retry_after=wait)
    if not await passwords.verify(known.password_hash, password):
        raise SignInRefused
    fresh = None
    if known.password_hash and passwords.outdated(known.password_hash):
        fresh = await passwords.hash_password(password)
    async with db.merchant(merchant) as tx:
        person = await tx.scalar(
            select(Staff).where(Staff.id == known.id, Staff.active).with_for_update()
        )
        if person is None or person.password_hash != known.password_hash:
            raise SignInRefused
        if person.totp_secret:
            if not totp:
                raise TotpRequired
            await _use_code(tx, person, totp)
        person.password_hash = fresh or person.password_hash
        person.last_seen_at = tx.now
        await _forget_tries(tx, account, ip)
        token = await open_session(tx, "staff", person.id, SESSION_LIFE)
        await record_audit(tx, _self(person), "team.signed_in", f"staff:{person.id}")
    return token


async def sign_out(tx: Tx, token: str) -> None:
    """End the session; safe to repeat."""
    await close_session(tx, token)


async def change_password(tx: Tx, actor: StaffActor, *, current: str, new: str, token: str) -> None:
    """Change one's own password and end one's other sessions. Raises PasswordWrong/Weak."""
    person = await _me(tx, actor)
    if not await passwords.verify(person.password_hash, current):
        raise PasswordWrong(field="current")
    rules.check_password(new, person.account, field="new")
    person.password_hash = await passwords.hash_password(new)
    await close_sessions_of(tx, "staff", person.id, but=token)
    await record_audit(tx, actor, "team.password_changed", f"staff:{person.id}")


async def start_totp(tx: Tx, actor: StaffActor, merchant: str) -> tuple[str, str]:
    """A secret and its URI to put in an authenticator. Raises TotpAlreadyOn."""
    person = await _me(tx, actor)
    if person.totp_secret:
        raise TotpAlreadyOn
    secret = pyotp.random_base32()
    person.totp_waiting = secret
    return secret, rules.totp_uri(secret, person.account, merchant)


async def confirm_totp(tx: Tx, actor: StaffActor, code: str) -> list[str]:
    """Switch the second step on and return the recovery codes, which are shown once."""
    person = await _me(tx, actor)
    if person.totp_secret:
        raise TotpAlreadyOn
    if not person.totp_waiting:
        raise TotpNotStarted
    step = rules.totp_step(person.totp_waiting, code, tx.now)
    if step is None:
        raise TotpRefused
    person.totp_secret, person.totp_waiting = person.totp_waiting, None
    person.totp_last_step = step
    codes = [
        f"{secrets.randbelow(10**5):05d}-{secrets.randbelow(10**5):05d}"
        for _ in range(RECOVERY_CODES)
    ]
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    tx.add_all(
        RecoveryCode(staff_id=person.id, code_hash=ids.digest(f"{person.id}:{one}"))
        for one in codes
    )
    await record_audit(tx, actor, "team.totp_on", f"staff:{person.id}")
    return codes


async def remove_totp(tx: Tx, actor: StaffActor, password: str) -> None:
    """Switch one's own second step off. Raises PasswordWrong."""
    person = await _me(tx, actor)
    if not await passwords.verify(person.password_hash, password):
        raise PasswordWrong(field="password")
    await clear_totp(tx, person)
    await record_audit(tx, actor, "team.totp_off", f"staff:{person.id}")


async def clear_totp(tx: Tx, person: Staff) -> None:
    """Forget the authenticator and the recovery codes."""
    person.totp_secret = person.totp_waiting = None
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))


async def edit_me(tx: Tx, actor: StaffActor, *, name: str | None, order_push: bool | None) -> None:
    """What people may change about themselves."""
    person = await _me(tx, actor)
    person.name = name or person.name
    person.order_push = person.order_push if order_push is None else order_push


async def _take_tries(tx: Tx, account: str, ip: str) -> int:
    """Count a try under both keys; seconds to wait, 0 = go on."""
    wait = 0
    for key, limit in (
        (blind(f"{account}|{ip}"), rules.PER_ACCOUNT_AND_IP),
        (blind(f"|{ip}"), rules.PER_IP),
    ):
        row = (
            await tx.execute(
                _TAKE_TRY, {"key": key, "now": tx.now, "window_start": tx.now - limit.window}
            )
        ).one()
        first_at: datetime = row.first_at
        if row.tries > limit.tries:
            wait = max(wait, rules.retry_after(first_at, limit, tx.now))
    return wait


async def _forget_tries(tx: Tx, account: str, ip: str) -> None:
    """A good sign-in clears its own tries and gives one back to the address."""
    await tx.execute(delete(SignInTry).where(SignInTry.key == blind(f"{account}|{ip}")))
    await tx.execute(
        update(SignInTry).where(SignInTry.key == blind(f"|{ip}")).values(tries=SignInTry.tries - 1)
    )


async def _known(tx: Tx, account: str) -> _Known:
    row = (
        await tx.execute(
            select(Staff.id, Staff.password_hash).where(Staff.account == account, Staff.active)
        )
    ).one_or_none()
    return _Known(row.id, row.password_hash) if row else _Known(None, None)


async def _use_code(tx: Tx, person: Staff, code: str) -> None:
    """Use a six-digit or a recovery code, once. The caller holds the row's lock."""
    step = rules.totp_step(person.totp_secret or "", code, tx.now)
    if step is not None and step > person.totp_last_step:
        person.totp_last_step = step
        return
    used = await tx.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == person.id,
            RecoveryCode.code_hash == ids.digest(f"{person.id}:{code}"),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=tx.now)
        .returning(RecoveryCode.id)
    )
    if used is None:
        raise TotpRefused
    await record_audit(tx, _self(person), "team.recovery_code_used", f"staff:{person.id}")


async def _me(tx: Tx, actor: StaffActor) -> Staff:
    if not actor.id:
        raise NotByKey(needs="staff")
    person = await tx.scalar(select(Staff).where(Staff.id == actor.id).with_for_update())
    if person is None:
        raise StaffMissing
    return person


def _self(person: Staff) -> Actor:
    return Actor(ActorKind.STAFF, person.id, person.name)
