"""Pure decisions of the team room: passwords, codes, grants, the sign-in limit, audit bodies."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyotp.totp import TOTP
from pyotp.utils import strings_equal

from tiefen.team.errors import BeyondYourself, LastOwner, PasswordWeak
from tiefen.team.values import ALL_PERMISSIONS, OWNER_ROLE

MIN_PASSWORD = 10
MAX_PASSWORD = 200
"""Beyond this a password only costs us hashing time."""
COMMON = frozenset(
    {
        "1234567890",
        "0123456789",
        "1111111111",
        "0000000000",
        "8888888888",
        "qwertyuiop",
        "password12",
        "password123",
        "administrator",
        "1q2w3e4r5t",
        "abcdefghij",
        "iloveyou1314",
        "woaini1314",
        "woaini5201314",
        "5201314520",
        "changeme123",
    }
)
TOTP_STEP = 30
"""Seconds one code lives (RFC 6238); one step of clock drift either way is accepted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` failed sign-ins in `window`; then nothing until the window has passed."""

    tries: int
    window: timedelta


PER_ACCOUNT_AND_IP = Limit(8, timedelta(minutes=10))
"""Never per account alone: a stranger must not be able to lock the owner out."""
PER_IP = Limit(60, timedelta(minutes=10))


def normal_account(account: str) -> str:
    """The account as stored and compared."""
    return account.strip().lower()


def check_password(password: str, account: str, *, field: str = "password") -> None:
    """Raise PasswordWeak unless `password` may be used by `account`."""
    lowered = password.lower()
    too_simple = lowered in COMMON or len(set(lowered)) < 4
    names_account = len(account) >= 4 and account.lower() in lowered
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or too_simple or names_account:
        raise PasswordWeak(field=field)


def totp_step(secret: str, code: str, at: datetime) -> int | None:
    """The time step `code` belongs to, or None when it is wrong at `at` (±1 step)."""
    if not re.fullmatch(r"[0-9]{6}", code):
        return None
    totp = TOTP(secret, interval=TOTP_STEP)
    current = int(at.timestamp()) // TOTP_STEP
    for step in (current, current - 1, current + 1):
        if strings_equal(totp.at(step * TOTP_STEP), code):
            return step
    return None


def totp_uri(secret: str, account: str, merchant: str) -> str:
    """What the authenticator scans."""
    return TOTP(secret, interval=TOTP_STEP).provisioning_uri(
        name=account, issuer_name=f"Tiefen {merchant}"
    )


def permissions_of(roles: Iterable[tuple[str, Collection[str]]]) -> frozenset[str]:
    """The union over (key, permissions) of roles; the owner role holds everything there is."""
    held: set[str] = set()
    for key, permissions in roles:
        if key == OWNER_ROLE:
            return ALL_PERMISSIONS
        held.update(permissions)
    return frozenset(held & ALL_PERMISSIONS)


def check_grant(mine: Collection[str], granted: Collection[str]) -> None:
    """Raise BeyondYourself when `granted` holds something `mine` does not."""
    beyond = sorted(set(granted) - set(mine))
    if beyond:
        raise BeyondYourself(needs=", ".join(beyond))


def check_owner_remains(owners: Collection[int], staff_id: int, *, stays_owner: bool) -> None:
    """Raise LastOwner when `staff_id` is the only active owner and would cease to be one."""
    if not stays_owner and set(owners) == {staff_id}:
        raise LastOwner


def retry_after(first_at: datetime, limit: Limit, now: datetime) -> int:
    """Whole seconds until the window that began at `first_at` has passed, at least 1."""
    left = (first_at + limit.window - now).total_seconds()
    return max(1, int(left) + 1)


def canonical(body: Mapping[str, Any]) -> str:
    """One text for one content: sorted keys, no spaces. This is what the audit chain hashes."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the fields that differ, from both sides, so that an audit row shows the change."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
