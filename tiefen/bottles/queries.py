"""Reads of the bottles room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from tiefen.bottles import rules
from tiefen.bottles.errors import BatchMissing, BottleUnknown
from tiefen.bottles.models import (
    Bottle,
    BottleAlarm,
    BottleBatch,
    BottleKey,
    BottleLimits,
    BottleRange,
    BottleReward,
    BottleScan,
)
from tiefen.bottles.values import Limits, Reward
from tiefen.kernel.db import Tx
from tiefen.promotion import service as promotion


@dataclass(frozen=True, slots=True)
class Place:
    """Scans told from one province; code "" = nobody said."""

    province: str
    scans: int
    bottles: int
    outside: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A range with what became of its bottles."""

    id: int
    first: int
    last: int
    dealer: str
    territory: list[str]
    staff_name: str
    activated_at: datetime
    withdrawn_at: datetime | None
    scans: int
    bottles: int
    outside: int


async def opened_by(tx: Tx, code: str) -> tuple[BottleBatch, int]:
    """The batch and number behind a code, proved by a key of ours. Raises BottleUnknown."""
    for key_id in await tx.scalars(select(BottleKey.id).order_by(BottleKey.id.desc())):
        found = rules.read(await key_of(tx, key_id), code)
        if found is None:
            continue
        batch = await tx.get(BottleBatch, found[0])
        if batch is not None and batch.key_id == key_id and found[1] <= batch.size:
            return batch, found[1]
    raise BottleUnknown


async def key_of(tx: Tx, key_id: int) -> bytes:
    """A key, opened."""
    secret = await tx.scalar(select(BottleKey.secret).where(BottleKey.id == key_id))
    return bytes.fromhex(secret or "")


async def batch_locked(tx: Tx, batch_id: int) -> BottleBatch:
    """A batch, held against changes of its ranges. Raises BatchMissing."""
    batch = await tx.scalar(
        select(BottleBatch).where(BottleBatch.id == batch_id).with_for_update(key_share=True)
    )
    if batch is None:
        raise BatchMissing
    return batch


async def one_batch(tx: Tx, batch_id: int) -> BottleBatch:
    """One batch. Raises BatchMissing."""
    batch = await tx.get(BottleBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchMissing
    return batch


async def batch_list(
    tx: Tx, *, before_id: int | None, limit: int
) -> list[tuple[BottleBatch, int, int]]:
    """Batches with how many bottles are handed out and how many alarms are open; one statement."""
    out = (
        select(func.coalesce(func.sum(BottleRange.last - BottleRange.first + 1), 0))
        .where(BottleRange.batch_id == BottleBatch.id, BottleRange.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    alarms = (
        select(func.count())
        .where(BottleAlarm.batch_id == BottleBatch.id, BottleAlarm.closed_at.is_(None))
        .scalar_subquery()
    )
    wanted = select(BottleBatch, out, alarms)
    if before_id is not None:
        wanted = wanted.where(BottleBatch.id < before_id)
    rows = await tx.execute(wanted.order_by(BottleBatch.id.desc()).limit(limit + 1))
    return [(batch, int(active), int(open_)) for batch, active, open_ in rows]


async def ranges_of(tx: Tx, batch_id: int) -> list[Handed]:
    """Ranges of a batch with their scans, in order; one statement."""
    seen = (
        select(
            BottleScan.range_id,
            func.count().label("scans"),
            func.count(BottleScan.serial.distinct()).label("bottles"),
            func.count().filter(BottleScan.outside).label("outside"),
        )
        .where(BottleScan.batch_id == batch_id)
        .group_by(BottleScan.range_id)
        .subquery()
    )
    rows = await tx.execute(
        select(BottleRange, seen.c.scans, seen.c.bottles, seen.c.outside)
        .outerjoin(seen, seen.c.range_id == BottleRange.id)
        .where(BottleRange.batch_id == batch_id)
        .order_by(BottleRange.first, BottleRange.id)
    )
    return [
        Handed(
            id=one.id, first=one.first, last=one.last, dealer=one.dealer, territory=one.territory,
            staff_name=one.staff_name, activated_at=one.activated_at,
            withdrawn_at=one.withdrawn_at, scans=scans or 0, bottles=bottles or 0,
            outside=outside or 0,
        )
        for one, scans, bottles, outside in rows
    ]  # fmt: skip


async def places_of(tx: Tx, batch_id: int) -> list[Place]:
    """Where the scans of a batch were told from, by province; one statement."""
    province = func.substr(BottleScan.region, 1, 2)
    rows = await tx.execute(
        select(
            province.label("province"),
            func.count().label("scans"),
            func.count(BottleScan.serial.distinct()).label("bottles"),
            func.count().filter(BottleScan.outside).label("outside"),
        )
        .where(BottleScan.batch_id == batch_id)
        .group_by(province)
        .order_by(func.count().desc(), province)
    )
    return [
        Place(f"{row.province}0000" if row.province else "", row.scans, row.bottles, row.outside)
        for row in rows
    ]


async def alarm_list(
    tx: Tx, *, batch_id: int | None, closed: bool, before_id: int | None, limit: int
) -> list[tuple[BottleAlarm, str]]:
    """Alarms with the name of their batch, newest first, one more than `limit`."""
    wanted = select(BottleAlarm, BottleBatch.name).join(
        BottleBatch, BottleBatch.id == BottleAlarm.batch_id
    )
    state = BottleAlarm.closed_at
    wanted = wanted.where(state.is_not(None) if closed else state.is_(None))
    if batch_id is not None:
        wanted = wanted.where(BottleAlarm.batch_id == batch_id)
    if before_id is not None:
        wanted = wanted.where(BottleAlarm.id < before_id)
    rows = await tx.execute(wanted.order_by(BottleAlarm.id.desc()).limit(limit + 1))
    return [(alarm, name) for alarm, name in rows]


async def scans_of(tx: Tx, batch_id: int, serial: int) -> Sequence[BottleScan]:
    """The newest hundred scans of one bottle. Raises BottleUnknown for one nobody scanned."""
    if await tx.get(Bottle, (batch_id, serial)) is None:
        raise BottleUnknown
    found = await tx.scalars(
        select(BottleScan)
        .where(BottleScan.batch_id == batch_id, BottleScan.serial == serial)
        .order_by(BottleScan.at.desc(), BottleScan.id.desc())
        .limit(100)
    )
    return list(found)


async def limits_now(tx: Tx) -> Limits:
    """When a bottle is suspicious: what the merchant set, or what we start with."""
    row = await tx.get(BottleLimits, 1)
    return Limits(row.window_hours, row.scans, row.fans, row.far_km) if row else Limits()


async def reward_of(tx: Tx, batch_id: int, serial: int) -> Reward | None:
    """A bottle's reward as its fan sees it."""
    found = await tx.get(BottleReward, (batch_id, serial))
    if found is None:
        return None
    key = f"bottle:{batch_id}:{serial}"
    coupon = (await promotion.coupons_by_key(tx, [key])).get(key)
    return Reward(found.kind, found.state, coupon.name if coupon else "")
