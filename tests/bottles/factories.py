"""Batches of bottle codes for tests, made through the room's own verbs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.catalog.factories import sku
from tests.channels.factories import boss
from tests.fans.factories import follower
from tiefen.bottles import queries, rules, service
from tiefen.bottles.values import Scan
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db


@dataclass(frozen=True, slots=True)
class Made:
    """A batch with the codes of its first bottles."""

    id: int
    sku_id: int
    codes: list[str]
    by: StaffActor


async def batch(db: Db, *, handed: bool = True, by: StaffActor | None = None, **more: Any) -> Made:
    """A batch of a hundred bottles, all handed out."""
    by = by or await boss(db)
    async with db.merchant("demo") as tx:
        sku_id = await sku(tx)
    async with db.merchant("demo") as tx:
        given = {"name": "春季 50g", "size": 100, **more}
        made = await service.create_batch(tx, by, sku_id=sku_id, **given)
        if handed:
            await service.activate(tx, by, made, first=1, last=given["size"])
        key = await queries.key_of(tx, (await queries.one_batch(tx, made)).key_id)
    return Made(made, sku_id, rules.codes(key, made, 1, 10), by)


async def fans(db: Db, count: int) -> list[int]:
    """Fans who follow the account."""
    return [await follower(db, f"o{n}") for n in range(count)]


async def scan(
    db: Db, fan_id: int, code: str, region: str = "", place: tuple[float, float] | None = None
) -> Scan:
    """A fan scans a bottle."""
    async with db.merchant("demo") as tx:
        return await service.scan(tx, fan_id, code, service.Told(region, place))


async def alarms(db: Db, batch_id: int) -> Sequence[str]:
    """Kinds of open alarms."""
    async with db.merchant("demo") as tx:
        found = await queries.alarm_list(
            tx, batch_id=batch_id, closed=False, before_id=None, limit=50
        )
    return sorted(alarm.kind.value for alarm, _ in found)
