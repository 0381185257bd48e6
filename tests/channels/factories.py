"""Channel codes for tests, made through the room's own verbs."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.team.factories import cheap_hashing, owner
from tiefen.channels import service
from tiefen.channels.models import ChannelCode
from tiefen.channels.values import CodeKind, CodeWish
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Away
from tiefen.wechat.values import QrTicket


@dataclass
class FakeQr:
    """The platform as far as QR codes go; fails `failures` times first."""

    failures: int = 0
    asked: list[tuple[str, int | None]] = field(default_factory=list)

    async def create(
        self, _db: Any, _merchant: str, scene: str, expires_in: int | None = None
    ) -> QrTicket:
        """Answer as the platform would."""
        self.asked.append((scene, expires_in))
        if self.failures:
            self.failures -= 1
            raise Away
        return QrTicket(f"ticket-{scene}", f"http://weixin.test/q/{scene}", "http://i")


def fake_qr(monkeypatch: pytest.MonkeyPatch) -> FakeQr:
    """Put the fake in the platform's place."""
    fake = FakeQr()
    monkeypatch.setattr("tiefen.wechat.service.create_qrcode", fake.create)
    return fake


async def boss(db: Db) -> StaffActor:
    """The merchant's owner."""
    cheap_hashing()
    return await owner(db)


async def code(db: Db, by: StaffActor, name: str = "小林", **more: Any) -> ChannelCode:
    """A channel code, as it stands in the database."""
    async with db.merchant("demo") as tx:
        given = {"kind": CodeKind.EMPLOYEE, "owner_staff_id": by.id, **more}
        made = await service.create_code(tx, by, name, CodeWish(**given))
    return await reload(db, made)


async def reload(db: Db, code_id: int) -> ChannelCode:
    """The code as it is now."""
    async with db.merchant("demo") as tx:
        found = await tx.get(ChannelCode, code_id)
        assert found
        return found
