"""Orders against a stand-in for WeChat Pay that refunds at once."""

import pytest

from tests.payments.factories import FakeWeChat
from tiefen.kernel.db import Db
from tiefen.wechat import service as wechat_service
from tiefen.wechat.values import RefundStatus


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch) -> FakeWeChat:
    """WeChat Pay of merchant demo."""
    fake = FakeWeChat(refund_status=RefundStatus.SUCCESS)

    async def pay_client(_db: Db, merchant: str) -> FakeWeChat:
        assert merchant == "demo"
        return fake

    monkeypatch.setattr(wechat_service, "pay_client", pay_client)
    return fake
