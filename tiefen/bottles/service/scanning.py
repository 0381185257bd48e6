"""A scan: genuine or not, first or not, the reward once, and whether something is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, text, update

from tiefen.bottles import rules
from tiefen.bottles.events import BottleScanned
from tiefen.bottles.models import BottleBatch, BottleRange, BottleReward, BottleScan
from tiefen.bottles.queries import limits_now, opened_by, reward_of
from tiefen.bottles.service.making import give_scene
from tiefen.bottles.values import BottleRewardState, RewardKind, Scan, Sight, Verdict
from tiefen.channels import service as channels
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.orders import service as orders
from tiefen.promotion import service as promotion

_TOUCH = text(
    """
    INSERT INTO bottle AS b (batch_id, serial, first_fan_id, first_at, scans, remind_at)
    VALUES (:batch, :serial, :fan, :now, 1, CAST(:remind AS timestamptz))
    ON CONFLICT (batch_id, serial) DO UPDATE SET scans = b.scans
    RETURNING first_fan_id, first_at, scans, rewarded_at, (xmax = 0) AS fresh
    """
)
"""Take the bottle's row, made when this is its first scan: scans of one bottle go one by one."""
_COUNT = text(
    "UPDATE bottle SET scans = scans + 1 WHERE batch_id = :batch AND serial = :serial RETURNING scans"
)
_TAKE = text(
    """
    UPDATE bottle SET rewarded_at = :now
    WHERE batch_id = :batch AND serial = :serial AND rewarded_at IS NULL RETURNING serial
    """
)
"""The one reward of a bottle: whoever gets a row back gives it, nobody else."""
_ALARM = text(
    """
    INSERT INTO bottle_alarm AS a (batch_id, serial, kind, evidence, at, last_at, closed_by, note)
    VALUES (:batch, :serial, :kind, CAST(:evidence AS jsonb), :now, :now, '', '')
    ON CONFLICT (batch_id, serial, kind) WHERE closed_at IS NULL
    DO UPDATE SET evidence = excluded.evidence, last_at = excluded.last_at
    """
)
SIGHTS = 100
"""Scans of one bottle that are looked at: the first, and the newest."""


@dataclass(frozen=True, slots=True)
class Told:
    """Where the fan says they are; a place only when they allowed it, to two decimals (a kilometre)."""

    region: str = ""
    place: tuple[float, float] | None = None


async def scan(tx: Tx, fan_id: int, code: str, told: Told) -> Scan:
    """A fan scanned a bottle.

    Looking again within ten minutes is the same scan, to which they may add where they are. The
    first scan of a bottle that was handed out gives its reward, once. Raises BottleUnknown.
    """
    batch, serial = await opened_by(tx, code)
    if told.region:
        orders.region(told.region)
    whole = await _range_of(tx, batch.id, serial)
    mark = {"batch": batch.id, "serial": serial}
    remind = tx.now + timedelta(days=batch.cycle_days) if batch.cycle_days and whole else None
    bottle = (
        await tx.execute(_TOUCH, {**mark, "fan": fan_id, "now": tx.now, "remind": remind})
    ).one()
    outside = bool(
        whole and whole.territory and told.region and not rules.inside(told.region, whole.territory)
    )
    scans = bottle.scans
    before = await _same_scan(tx, batch.id, serial, fan_id)
    if before is not None:
        _add(before, told, outside)
    else:
        tx.add(_line(batch.id, serial, fan_id, told, whole, bottle.fresh, outside, tx.now))
        if not bottle.fresh:
            scans = (await tx.execute(_COUNT, mark)).scalar_one()
    await tx.flush()
    records = await fans.person_ids(tx, fan_id)
    mine = bottle.first_fan_id in records
    rewarded = 0
    if mine and whole and batch.reward is not RewardKind.NONE and bottle.rewarded_at is None:
        rewarded = await _reward(tx, batch, serial, bottle.first_fan_id)
    sights = await _sights(tx, batch.id, serial)
    await _look(tx, mark, sights, whole)
    scene = await _scene_of(tx, batch)
    if before is None:
        came = BottleScanned(batch.id, serial, fan_id, scene, tx.now)
        publish(tx, came, aggregate=f"fan:{fan_id}")
    await _count(
        tx, batch.id, opened=int(bottle.fresh), scans=int(before is None), rewarded=rewarded
    )
    return Scan(
        verdict=_verdict(active=whole is not None, first=bottle.fresh, mine=mine),
        batch_id=batch.id,
        serial=serial,
        sku_id=batch.sku_id,
        batch_name=batch.name,
        words=batch.words,
        scans=scans,
        first_at=bottle.first_at,
        first_region=_province(sights[0].region),
        reward=await reward_of(tx, batch.id, serial) if mine else None,
        asks_region=not (told.region or (before is not None and before.region)),
        follow=not await fans.follows(tx, records) and bool(await channels.follow_url(tx, scene)),
    )


async def give(tx: Tx, reward: BottleReward) -> None:
    """Give what a reward is; what has run out stays owed and is tried again."""
    assert reward.coupon_template_id is not None
    key = f"bottle:{reward.batch_id}:{reward.serial}"
    try:
        reward.coupon_id = await promotion.give_coupon(
            tx, reward.fan_id, reward.coupon_template_id, key, "扫瓶身码"
        )
    except Refusal as refusal:
        reward.state, reward.failure = BottleRewardState.OWED, refusal.message("zh")[:200]
        return
    reward.state, reward.failure = BottleRewardState.GIVEN, ""


async def _reward(tx: Tx, batch: BottleBatch, serial: int, fan_id: int) -> int:
    """Give the bottle's one reward, if nobody took it; how many were given."""
    mark = {"batch": batch.id, "serial": serial, "now": tx.now}
    if (await tx.execute(_TAKE, mark)).one_or_none() is None:
        return 0
    reward = BottleReward(
        batch_id=batch.id,
        serial=serial,
        fan_id=fan_id,
        kind=batch.reward,
        state=BottleRewardState.OWED,
        coupon_template_id=batch.coupon_template_id,
        at=tx.now,
    )
    await give(tx, reward)
    tx.add(reward)
    await tx.flush()
    return 1


async def _scene_of(tx: Tx, batch: BottleBatch) -> str:
    """The channel code of a batch, made at its first scan; scans at once make one."""
    if not batch.scene:
        held = await tx.scalar(
            select(BottleBatch)
            .where(BottleBatch.id == batch.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        assert held is not None
        await give_scene(tx, held)
    return batch.scene


async def _same_scan(tx: Tx, batch_id: int, serial: int, fan_id: int) -> BottleScan | None:
    found: BottleScan | None = await tx.scalar(
        select(BottleScan)
        .where(
            BottleScan.batch_id == batch_id,
            BottleScan.serial == serial,
            BottleScan.fan_id == fan_id,
            BottleScan.at > tx.now - rules.SAME_SCAN,
        )
        .order_by(BottleScan.at.desc())
        .limit(1)
    )
    return found


def _add(line: BottleScan, told: Told, outside: bool) -> None:
    """What a fan tells a moment later; what they said first stands."""
    if told.region and not line.region:
        line.region, line.outside = told.region, outside
    if told.place and line.lat_hundredths is None:
        line.lat_hundredths, line.lng_hundredths = _hundredths(told.place)


def _line(
    batch_id: int,
    serial: int,
    fan_id: int,
    told: Told,
    whole: BottleRange | None,
    first: bool,
    outside: bool,
    at: datetime,
) -> BottleScan:
    lat, lng = _hundredths(told.place) if told.place else (None, None)
    return BottleScan(
        batch_id=batch_id,
        serial=serial,
        fan_id=fan_id,
        region=told.region,
        lat_hundredths=lat,
        lng_hundredths=lng,
        range_id=whole.id if whole else None,
        first=first,
        outside=outside,
        at=at,
    )


async def _range_of(tx: Tx, batch_id: int, serial: int) -> BottleRange | None:
    """The range a bottle was handed out with; None while it is not in use."""
    found: BottleRange | None = await tx.scalar(
        select(BottleRange).where(
            BottleRange.batch_id == batch_id,
            BottleRange.first <= serial,
            BottleRange.last >= serial,
            BottleRange.withdrawn_at.is_(None),
        )
    )
    return found


async def _sights(tx: Tx, batch_id: int, serial: int) -> list[Sight]:
    """The first scan and the newest ones, oldest first."""
    of = select(BottleScan).where(BottleScan.batch_id == batch_id, BottleScan.serial == serial)
    first = await tx.scalar(of.where(BottleScan.first))
    newest = list(
        await tx.scalars(of.order_by(BottleScan.at.desc(), BottleScan.id.desc()).limit(SIGHTS))
    )
    lines = newest[::-1]
    if first is not None and first.id not in {line.id for line in lines}:
        lines.insert(0, first)
    return [
        Sight(
            line.fan_id,
            line.at,
            line.region,
            _place(line.lat_hundredths, line.lng_hundredths),
        )
        for line in lines
    ]


async def _look(
    tx: Tx, mark: dict[str, int], sights: list[Sight], whole: BottleRange | None
) -> None:
    """Raise what is suspicious, one open alarm a reason."""
    territory = whole.territory if whole else None
    for kind in rules.suspicions(sights, await limits_now(tx), territory=territory):
        evidence: dict[str, Any] = {
            "scans": len(sights),
            "fans": len({one.fan_id for one in sights}),
            "regions": sorted({one.region for one in sights if one.region}),
            "dealer": whole.dealer if whole else "",
        }
        encoded = msgspec.json.encode(evidence).decode()
        await tx.execute(_ALARM, {**mark, "kind": kind.value, "evidence": encoded, "now": tx.now})


async def _count(tx: Tx, batch_id: int, **more: int) -> None:
    """Add to the batch's counters, last: everybody who scans a bottle of it wants this row."""
    added = {name: getattr(BottleBatch, name) + by for name, by in more.items() if by}
    if added:
        await tx.execute(update(BottleBatch).where(BottleBatch.id == batch_id).values(**added))


def _hundredths(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0] * 100), round(place[1] * 100)


def _place(lat: int | None, lng: int | None) -> tuple[float, float] | None:
    return None if lat is None or lng is None else (lat / 100, lng / 100)


def _verdict(*, active: bool, first: bool, mine: bool) -> Verdict:
    if not active:
        return Verdict.INACTIVE
    if first:
        return Verdict.FIRST
    return Verdict.MINE if mine else Verdict.SEEN


def _province(region: str) -> str:
    return orders.region(region).province if region else ""
