"""The few statements that move points: the account's guarded change, the log, the lots."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.members.errors import PointsShort
from tiefen.members.models import HELD_SQL, PointsLot, PointsMove
from tiefen.members.values import PointsKind

_HOLD = text(
    """
    INSERT INTO points_account AS a (fan_id, available, frozen, debt)
    SELECT CASE WHEN :living THEN coalesce(merged_into, id) ELSE id END, 0, 0, 0
    FROM fan WHERE id = :fan
    ON CONFLICT (fan_id) DO UPDATE SET fan_id = a.fan_id
    RETURNING fan_id, available, frozen, debt
    """
)
_READ = text(HELD_SQL)
_CHANGE = text(
    """
    UPDATE points_account SET available = available + :available, frozen = frozen + :frozen,
        debt = debt + :debt
    WHERE fan_id = :fan AND available + :available >= 0 AND frozen + :frozen >= 0
      AND debt + :debt >= 0
    RETURNING fan_id, available, frozen, debt
    """
)
_TAKE = text(
    """
    WITH lot AS (
        SELECT id, remaining,
               sum(remaining) OVER (ORDER BY expires_at NULLS LAST, id) - remaining AS before
        FROM points_lot WHERE fan_id = :fan AND freed_at IS NOT NULL AND remaining > 0
    ), taken AS (
        UPDATE points_lot AS l SET remaining = l.remaining - least(l.remaining, :points - lot.before)
        FROM lot WHERE lot.id = l.id AND lot.before < :points
        RETURNING l.id, least(lot.remaining, :points - lot.before) AS points
    )
    INSERT INTO points_use (move_id, lot_id, points) SELECT :move, id, points FROM taken
    RETURNING points
    """
)
_TAKEN = text("INSERT INTO points_use (move_id, lot_id, points) VALUES (:move, :lot, :points)")


@dataclass(frozen=True, slots=True)
class Account:
    """What a person has."""

    fan_id: int
    available: int = 0
    frozen: int = 0
    debt: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement that was written, and what the person has after it."""

    id: int
    account: Account


async def hold(tx: Tx, fan_id: int, *, living: bool = True) -> Account:
    """Lock the account of the person behind a record, opened if new; `living` False: the record's
    own. The person is held first, as everybody does who writes rows of theirs."""
    await fans.hold_people(tx, [fan_id])
    return Account(*(await tx.execute(_HOLD, {"fan": fan_id, "living": living})).one())


async def account_of(tx: Tx, fan_id: int) -> Account:
    """What a person has, without a lock."""
    row = (await tx.execute(_READ, {"fan": fan_id})).first()
    return Account(*row) if row else Account(fan_id)


async def done(tx: Tx, key: str) -> bool:
    """Whether this movement was written before; ask under the account's lock."""
    return await tx.scalar(select(PointsMove.id).where(PointsMove.key == key)) is not None


async def move(
    tx: Tx,
    fan_id: int,
    kind: PointsKind,
    key: str,
    *,
    available: int = 0,
    frozen: int = 0,
    debt: int = 0,
    order_no: str = "",
) -> Moved:
    """Change an account and note why. Raises PointsShort when any of it would fall below zero."""
    change = {"fan": fan_id, "available": available, "frozen": frozen, "debt": debt}
    row = (await tx.execute(_CHANGE, change)).first()
    if row is None:
        raise PointsShort
    made = PointsMove(
        key=key,
        fan_id=fan_id,
        kind=kind,
        available=available,
        frozen=frozen,
        debt=debt,
        rest=row.available,
        order_no=order_no,
        at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    return Moved(made.id, Account(*row))


async def add_lot(
    tx: Tx,
    moved: Moved,
    fan_id: int,
    record_id: int,
    kind: PointsKind,
    points: int,
    at: datetime,
    *,
    order_no: str = "",
    freed_at: datetime | None = None,
    expires_at: datetime | None = None,
    owed: int = 0,
) -> None:
    """Points that came together; `owed` of them pay a debt at once."""
    lot = PointsLot(
        fan_id=fan_id,
        record_id=record_id,
        kind=kind,
        order_no=order_no,
        granted=points,
        remaining=points - owed,
        earned_at=at,
        freed_at=freed_at,
        expires_at=expires_at,
    )
    tx.add(lot)
    await tx.flush()
    await take(tx, moved, fan_id, owed, lot_id=lot.id)


async def take(
    tx: Tx, moved: Moved, fan_id: int, points: int, *, lot_id: int | None = None
) -> None:
    """Note what a movement takes out of a lot that was lessened; without one, take it out of the
    lots that end first. Raises RuntimeError when lots hold less than the account: `audit` tells."""
    if not points:
        return
    await tx.flush()
    if lot_id is not None:
        await tx.execute(_TAKEN, {"move": moved.id, "lot": lot_id, "points": points})
        return
    found = await tx.scalars(_TAKE, {"fan": fan_id, "points": points, "move": moved.id})
    if sum(found.all()) != points:
        raise RuntimeError(f"lots of fan {fan_id} hold less than the account")


async def pay_debt(tx: Tx, fan_id: int, points: int, key: str) -> None:
    """Pay a debt from what there is."""
    if points:
        paid = await move(tx, fan_id, PointsKind.TAKEN_BACK, key, available=-points, debt=-points)
        await take(tx, paid, fan_id, points)
