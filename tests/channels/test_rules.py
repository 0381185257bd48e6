"""Validity and welcomes: pure."""

from datetime import UTC, datetime, timedelta

import pytest

from tiefen.channels import rules
from tiefen.channels.errors import ValidityMalformed, WelcomeTooLong

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_end_lies_after_the_start() -> None:
    rules.check_validity(None, NOW)
    rules.check_validity(NOW, None)
    rules.check_validity(NOW, NOW + DAY)
    for end in (NOW, NOW - DAY):
        with pytest.raises(ValidityMalformed):
            rules.check_validity(NOW, end)


def test_a_welcome_fits_what_one_follow_allows() -> None:
    rules.check_welcome("好" * (rules.WELCOME_BYTES // 3))
    with pytest.raises(WelcomeTooLong):
        rules.check_welcome("好" * (rules.WELCOME_BYTES // 3 + 1))


@pytest.mark.parametrize(
    ("archived", "starts", "ends", "greets"),
    [
        (False, None, None, True),
        (True, None, None, False),
        (False, NOW, None, True),
        (False, NOW + DAY, None, False),
        (False, None, NOW, False),
        (False, None, NOW + DAY, True),
    ],
)
def test_a_code_greets_while_it_is_valid(
    archived: bool, starts: datetime | None, ends: datetime | None, greets: bool
) -> None:
    found = rules.greets(archived=archived, starts_at=starts, ends_at=ends, now=NOW)
    assert found is greets


def test_tags_come_once_each_in_order() -> None:
    assert rules.clean_tags(["b", "a", "b"]) == ["b", "a"]
