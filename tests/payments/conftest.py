"""Payments against a stand-in for WeChat."""

import pytest

from tests.payments.factories import FakeWeChat
from tiefen.kernel import events
from tiefen.kernel.db import Db
from tiefen.wechat import service as wechat_service


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> FakeWeChat:
    """WeChat Pay of merchant demo."""
    fake = FakeWeChat()

    async def pay_client(db: Db, merchant: str) -> FakeWeChat:
        assert merchant == "demo"
        return fake

    monkeypatch.setattr(wechat_service, "pay_client", pay_client)
    return fake


@pytest.fixture(autouse=True)
def _nobody_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments of these tests belong to no order: the rooms above do not hear of them."""
    for name in ("payments.succeeded", "payments.refund_settled"):
        monkeypatch.setitem(events.subscriptions(), name, [])
