"""A scripted platform in place of WeChat's hosts."""

from collections.abc import Iterator

import pytest

from tests.wechat.factories import BASE, Platform
from tiefen.kernel import http
from tiefen.wechat import service


@pytest.fixture
def platform() -> Iterator[Platform]:
    made = Platform()
    http.outward_mounts[BASE] = made
    yield made
    del http.outward_mounts[BASE]


@pytest.fixture(autouse=True)
def _composed() -> Iterator[None]:
    service.configure(sandbox_url="", public_url="http://test")
    service.register_reply(None)
    yield
    service.register_reply(None)
