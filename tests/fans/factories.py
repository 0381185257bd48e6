"""Fans for tests, made through the room's own verbs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from tiefen.fans import service
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import publish

APP = "wx_official"
MINI = "wx_mini"
AT = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)


async def follower(
    db: Db, openid: str = "o1", *, scene: str | None = None, at: datetime = AT
) -> int:
    """A fan who follows the account."""
    async with db.merchant("demo") as tx:
        return await service.follow(tx, app_id=APP, openid=openid, scene=scene, at=at)


async def say(db: Db, *events: object, aggregate: str = "test:1", merchant: str = "demo") -> None:
    """Publish events as the room that owns them would."""
    async with db.merchant(merchant) as tx:
        for one in events:
            publish(tx, one, aggregate=aggregate)


@contextmanager
def statements(tx: Tx) -> Iterator[list[str]]:
    """The SQL statements a transaction sends while the block runs."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = tx.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
