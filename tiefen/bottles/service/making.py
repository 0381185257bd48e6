"""Batches of codes: making them, their print file, handing them out."""

import secrets
from collections.abc import Iterator, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.bottles import rules
from tiefen.bottles.errors import (
    AlarmMissing,
    RangeMissing,
    RangeTaken,
    RangeWrong,
    RewardWrong,
    SkuMissing,
)
from tiefen.bottles.models import BottleAlarm, BottleBatch, BottleKey, BottleLimits, BottleRange
from tiefen.bottles.queries import batch_locked, key_of
from tiefen.bottles.values import Limits, RewardKind
from tiefen.catalog import service as catalog
from tiefen.channels import service as channels
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.team.service import record_audit

AT_ONCE = 10_000
"""Codes of one piece of the print file: what is in memory at one time."""
_LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended('bottles.key', 0))")
_public: list[str] = []


def configure(*, public_url: str) -> None:
    """Set once at composition: the installation's public address, which codes lead to."""
    _public[:] = [public_url.rstrip("/")]


def public_address(tx: Tx) -> str:
    """Where this merchant's pages are."""
    return f"{_public[0]}/m/{tx.merchant}"


async def create_batch(
    tx: Tx,
    actor: StaffActor,
    *,
    name: str,
    sku_id: int,
    size: int,
    per_roll: int = 0,
    reward: RewardKind = RewardKind.NONE,
    coupon_template_id: int | None = None,
    words: str = "",
    cycle_days: int | None = None,
    remind_words: str = "",
) -> int:
    """A batch of up to a million codes: one row, however many. Raises SkuMissing, RewardWrong."""
    if (reward is RewardKind.COUPON) != (coupon_template_id is not None):
        raise RewardWrong(field="coupon_template_id")
    if sku_id not in await catalog.skus(tx, [sku_id]):
        raise SkuMissing(field="sku_id")
    batch = BottleBatch(
        key_id=await _key(tx),
        name=name,
        sku_id=sku_id,
        size=size,
        per_roll=min(per_roll, size),
        reward=reward,
        coupon_template_id=coupon_template_id,
        words=words,
        cycle_days=cycle_days,
        remind_words=remind_words,
        staff_name=actor.name,
        created_at=tx.now,
    )
    tx.add(batch)
    await tx.flush()
    after = {"name": name, "size": size, "sku_id": sku_id, "reward": reward.value}
    await record_audit(tx, actor, "bottles.batch_created", f"bottle_batch:{batch.id}", after=after)
    return batch.id


async def note_download(tx: Tx, actor: StaffActor, batch_id: int, roll: int | None) -> None:
    """Who took a print file: whoever holds it holds the codes."""
    after = {"roll": roll or "all"}
    await record_audit(tx, actor, "bottles.printed", f"bottle_batch:{batch_id}", after=after)


async def print_lines(db: Db, merchant: str, batch_id: int, roll: int | None) -> Iterator[str]:
    """The print file of a batch, or of one roll, piece by piece: number, code, address.

    The same file every time. Raises BatchMissing, RangeWrong.
    """
    async with db.merchant(merchant) as tx:
        batch = await batch_locked(tx, batch_id)
        key = await key_of(tx, batch.key_id)
        first, last = _roll(batch, roll)
    return _lines(key, batch_id, first, last, f"{_public[0]}/m/{merchant}/b/")


async def activate(
    tx: Tx,
    actor: StaffActor,
    batch_id: int,
    *,
    first: int,
    last: int,
    dealer: str = "",
    territory: Sequence[str] = (),
) -> int:
    """Hand out bottles `first` to `last`, perhaps to a dealer and for a territory.

    Raises BatchMissing, RangeWrong, RangeTaken.
    """
    batch = await batch_locked(tx, batch_id)
    if not 1 <= first <= last <= batch.size:
        raise RangeWrong(field="last", size=batch.size)
    taken = await tx.scalar(
        select(BottleRange)
        .where(
            BottleRange.batch_id == batch_id,
            BottleRange.withdrawn_at.is_(None),
            BottleRange.first <= last,
            BottleRange.last >= first,
        )
        .limit(1)
    )
    if taken:
        raise RangeTaken(first=taken.first, last=taken.last, dealer=taken.dealer or "—")
    made = BottleRange(
        batch_id=batch_id,
        first=first,
        last=last,
        dealer=dealer,
        territory=list(dict.fromkeys(territory)),
        staff_name=actor.name,
        activated_at=tx.now,
    )
    tx.add(made)
    await give_scene(tx, batch)
    after = {"first": first, "last": last, "dealer": dealer, "territory": made.territory}
    await record_audit(tx, actor, "bottles.activated", f"bottle_batch:{batch_id}", after=after)
    return made.id


async def give_scene(tx: Tx, batch: BottleBatch) -> None:
    """Make the channel code of a locked batch, once: when it is handed out, or first scanned."""
    if not batch.scene:
        batch.scene = await channels.bottle_code(tx, batch.name, batch.id)
    await tx.flush()


async def withdraw(tx: Tx, actor: StaffActor, batch_id: int, range_id: int) -> None:
    """Take a range out of use: its bottles give nothing any more. Raises RangeMissing."""
    await batch_locked(tx, batch_id)
    found = await tx.scalar(
        select(BottleRange).where(BottleRange.id == range_id, BottleRange.batch_id == batch_id)
    )
    if found is None:
        raise RangeMissing
    if found.withdrawn_at is None:
        found.withdrawn_at = tx.now
        target = f"bottle_batch:{batch_id}"
        after = {"first": found.first, "last": found.last}
        await record_audit(tx, actor, "bottles.withdrawn", target, after=after)


async def save_limits(tx: Tx, actor: StaffActor, wanted: Limits) -> None:
    """When a bottle becomes suspicious, from the next scan on."""
    values = {
        "window_hours": wanted.window_hours,
        "scans": wanted.scans,
        "fans": wanted.fans,
        "far_km": wanted.far_km,
    }
    row = insert(BottleLimits).values(id=1, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    await record_audit(tx, actor, "bottles.limits_saved", "bottle_limits", after=values)


async def close_alarm(tx: Tx, actor: StaffActor, alarm_id: int, note: str) -> None:
    """Somebody has looked into it. A further scan may open another. Raises AlarmMissing."""
    alarm = await tx.scalar(select(BottleAlarm).where(BottleAlarm.id == alarm_id).with_for_update())
    if alarm is None:
        raise AlarmMissing
    if alarm.closed_at is None:
        alarm.closed_at, alarm.closed_by, alarm.note = tx.now, actor.name, note
        target = f"bottle_alarm:{alarm_id}"
        await record_audit(tx, actor, "bottles.alarm_closed", target, reason=note)


async def _key(tx: Tx) -> int:
    """The newest key, made when there is none; who makes one takes turns."""
    await tx.execute(_LOCK_KEY)
    newest: int | None = await tx.scalar(
        select(BottleKey.id).order_by(BottleKey.id.desc()).limit(1)
    )
    if newest is not None:
        return newest
    made = BottleKey(secret=secrets.token_hex(16), created_at=tx.now)
    tx.add(made)
    await tx.flush()
    return made.id


def _roll(batch: BottleBatch, roll: int | None) -> tuple[int, int]:
    if roll is None:
        return 1, batch.size
    each = batch.per_roll or batch.size
    first = (roll - 1) * each + 1
    if first > batch.size:
        raise RangeWrong(field="roll", size=-(-batch.size // each))
    return first, min(first + each - 1, batch.size)


def _lines(key: bytes, batch_id: int, first: int, last: int, address: str) -> Iterator[str]:
    yield "\ufeffnumber,code,url\r\n"
    for start in range(first, last + 1, AT_ONCE):
        made = rules.codes(key, batch_id, start, min(start + AT_ONCE - 1, last))
        yield "".join(
            f"{serial},{code},{address}{code}\r\n" for serial, code in enumerate(made, start)
        )
