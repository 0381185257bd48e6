"""Fixtures of the team's tests."""

import pytest

from tests.team.factories import cheap_hashing


@pytest.fixture(autouse=True)
def _cheap() -> None:
    cheap_hashing()
