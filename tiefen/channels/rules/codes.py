"""Pure decisions of the channels room."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tiefen.channels.errors import ValidityMalformed, WelcomeTooLong

TEMPORARY_LIFE = timedelta(days=30)
"""The platform's limit for a temporary code."""
RENEW_BEFORE = timedelta(days=3)
WELCOME_BYTES = 4 * 2048
"""One passive reply and the three customer messages a follow opens."""


def check_validity(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raise ValidityMalformed when the end does not lie after the start."""
    if starts_at and ends_at and ends_at <= starts_at:
        raise ValidityMalformed(field="ends_at")


def check_welcome(welcome: str) -> None:
    """Raise WelcomeTooLong when more than one follow allows us to send."""
    if len(welcome.encode()) > WELCOME_BYTES:
        raise WelcomeTooLong(field="welcome", limit=WELCOME_BYTES, characters=WELCOME_BYTES // 3)


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
