"""Pure decisions of the channels room."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tiefen.channels.errors import ValidityMalformed, WelcomeTooLong

TEMPORARY_LIFE = timedelta(days=30)
"""The platform's limit for a temporary code."""
RENEW_BEFORE = timedelta(days=3)
PERMANENT_LIMIT = 100_000
"""Codes for print that an account can have; the platform never takes one back."""
WELCOME_BYTES = 4 * 2048
"""One passive reply and the three customer messages a follow opens."""


def check_validity(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raise ValidityMalformed when the end does not lie after the start."""
    if starts_at and ends_at and ends_at <= starts_at:
        raise ValidityMalformed(field="ends_at")


def check_welcome(welcome: str, field: str = "welcome") -> None:
    """Raise WelcomeTooLong when more than one follow allows us to send."""
    if len(welcome.encode()) > WELCOME_BYTES:
        raise WelcomeTooLong(field=field, limit=WELCOME_BYTES, characters=WELCOME_BYTES // 3)


def greets(
    *, archived: bool, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> bool:
    """Whether a code still says its own welcome; touches are facts and recorded either way."""
    return (
        not archived
        and (starts_at is None or starts_at <= now)
        and (ends_at is None or now < ends_at)
    )


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags once each, in the order given."""
    return list(dict.fromkeys(tags))


_CLEARABLE = frozenset({"owner_staff_id", "starts_at", "ends_at", "archived_at"})


def wanted(
    changes: Mapping[str, Any], now: datetime, archived_at: datetime | None = None
) -> dict[str, Any]:
    """Changes as asked for, as columns: archived becomes a moment, what means nothing is left out."""
    found = dict(changes)
    if "archived" in found:
        archive = found.pop("archived")
        found["archived_at"] = (archived_at or now) if archive else None
    if found.get("tags") is not None:
        found["tags"] = clean_tags(found["tags"])
    return {name: value for name, value in found.items() if value is not None or name in _CLEARABLE}
