"""What is forgotten after half a year, what stays for ever, and the room's invariants."""

from datetime import timedelta

from sqlalchemy import text

from tests.wechat import factories as f
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.wechat import service

_PUSH = text(
    "INSERT INTO wechat_inbox (vendor_key, source, kind, mode, fields, received_at)"
    " VALUES (:key, 'x', 'text', '', '{}', :at)"
)


async def test_old_pushes_go_and_old_notices_stay(db: Db) -> None:
    async with db.merchant("demo") as tx:
        old, new = tx.now - timedelta(days=181), tx.now - timedelta(days=179)
        for key, at in (("push:a:1", old), ("push:a:2", new), ("pay:1:EV", old)):
            await tx.execute(_PUSH, {"key": key, "at": at})
        await service.send_template(tx, "oStaff", "nothing", {})
        await tx.execute(text("UPDATE wechat_message SET created_at = :at"), {"at": old})
    await service.forget_old(db, "demo")
    async with db.merchant("demo") as tx:
        left = await tx.scalars(text("SELECT vendor_key FROM wechat_inbox ORDER BY 1"))
        assert list(left) == ["pay:1:EV", "push:a:2"]
        assert await tx.scalar(text("SELECT count(*) FROM wechat_message")) == 0


async def test_the_invariants_hold_and_see_what_breaks_them(db: Db) -> None:
    await f.configure(db)
    async with db.merchant("demo") as tx:
        await service.send_text(tx, f.APP, "oFan", "hi")
    assert await audit.run(db) == []
    async with db.platform() as tx:
        await tx.execute(text("DELETE FROM platform.job"))
        await tx.execute(
            text("DELETE FROM platform.merchant_account WHERE account = :a"), {"a": f.MCHID}
        )
    assert [(one.merchant, one.invariant) for one in await audit.run(db)] == [
        ("demo", "W1"),
        ("demo", "W2"),
    ]
