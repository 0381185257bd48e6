"""The touch log, first sources, and what is counted from them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels.events import TouchRecorded
from tiefen.channels.models import (
    RECOUNT_SQL,
    Attribution,
    ChannelCode,
    Credit,
    LiveCode,
    LivePick,
    Touch,
)
from tiefen.channels.service.live import give
from tiefen.channels.service.sharing import (
    lock_people,
    orders_since,
    rebuild_income,
    share_next,
    share_orders,
)
from tiefen.channels.service.sources import count_touch, place, place_next, rebuild_reach
from tiefen.channels.values import FOLLOWS, TouchKind
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.kernel.events import publish

_REBUILD = text(
    f"""
    UPDATE channel_code AS c SET
        scans = r.scans, follows = r.follows, fans = r.fans, unfollows = r.unfollows,
        orders = r.orders, received_orders = r.received_orders, paid_fen = r.paid_fen,
        refunded_fen = r.refunded_fen, cost_fen = r.cost_fen
    FROM ({RECOUNT_SQL}) AS r
    WHERE r.id = c.id AND
        (c.scans, c.follows, c.fans, c.unfollows, c.orders, c.received_orders, c.paid_fen,
         c.refunded_fen, c.cost_fen)
     <> (r.scans, r.follows, r.fans, r.unfollows, r.orders, r.received_orders, r.paid_fen,
         r.refunded_fen, r.cost_fen)
    RETURNING c.id
    """  # noqa: S608 our own text
)


async def record_touch(
    tx: Tx, *, fan_id: int, scene: str | None, kind: TouchKind, ref: str, at: datetime
) -> bool:
    """Add a line to the touch log, once per `ref`; returns whether it is new.

    The first line of a fan fixes where they came from, for ever; the last one is kept beside it.
    An unknown scene counts as no code.
    """
    code_id, live = await _code_of(tx, scene)
    if code_id is None:
        if kind is not TouchKind.FOLLOW:
            return False
        kind = TouchKind.ORGANIC
    records = (await lock_people(tx, [fan_id])).get(fan_id, [fan_id])
    touch_id: int | None = await tx.scalar(
        insert(Touch)
        .values(fan_id=fan_id, code_id=code_id, kind=kind, ref=ref, at=at)
        .on_conflict_do_nothing()
        .returning(Touch.id)
    )
    if touch_id is None:
        return False
    # Who came by a link may follow nobody yet; every other touch is a follower's.
    following = kind is not TouchKind.VISIT or bool(await fans.followers_of(tx, [fan_id]))
    first = await _attribute(tx, fan_id, touch_id, code_id, at, following=following)
    given = await give(tx, code_id, fan_id, records, at) if code_id and live else None
    staff_id = given[0] if given and given[1] <= at else 0
    await count_touch(tx, code_id=code_id, at=at, follow=kind in FOLLOWS, staff_id=staff_id)
    await share_orders(tx, await orders_since(tx, records, at))
    await place(tx, [records])
    if code_id is None:
        return True
    follows = int(kind is TouchKind.FOLLOW)
    await _count(tx, code_id, scans=1, follows=follows, fans=int(first))
    if first:
        await _claim_orders(tx, fan_id, code_id, at, staff_id)
    touched = TouchRecorded(fan_id, code_id, kind.value, first, at)
    publish(tx, touched, aggregate=f"fan:{fan_id}")
    return True


async def fan_left(tx: Tx, fan_id: int) -> None:
    """A fan left: counted for the code they first came through."""
    records = (await lock_people(tx, [fan_id])).get(fan_id, [fan_id])
    code_id = await tx.scalar(
        update(Attribution)
        .where(Attribution.fan_id == fan_id)
        .values(following=False, unfollows=Attribution.unfollows + 1)
        .returning(Attribution.first_code_id)
    )
    if code_id is not None:
        await _count(tx, code_id, unfollows=1)
    await _follow_state(tx, fan_id, following=False)
    await place(tx, [records])


async def fan_came_back(tx: Tx, fan_id: int) -> None:
    """A fan follows (again)."""
    records = (await lock_people(tx, [fan_id])).get(fan_id, [fan_id])
    await _follow_state(tx, fan_id, following=True)
    await place(tx, [records])


async def credit_order(
    tx: Tx, *, order_id: int, order_no: str, fan_id: int, paid_fen: int, at: datetime
) -> None:
    """Count a paid order for the buyer's first code and that code's owner now; once per order."""
    records = (await lock_people(tx, [fan_id])).get(fan_id, [fan_id])
    code_id, owner_staff_id = await _source_of(tx, fan_id)
    fresh = await tx.scalar(
        insert(Credit)
        .values(
            order_id=order_id,
            order_no=order_no,
            fan_id=fan_id,
            code_id=code_id,
            owner_staff_id=owner_staff_id,
            paid_fen=paid_fen,
            refunded_fen=0,
            paid_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Credit.order_id)
    )
    if fresh is not None and code_id is not None:
        await _count(tx, code_id, orders=1, paid_fen=paid_fen)
    await share_orders(tx, [order_id])
    await place(tx, [records])


async def part_people(tx: Tx, winner_id: int, loser_id: int, since: datetime) -> None:
    """A join was undone: orders paid while it stood are credited by each side's own source."""
    people = await lock_people(tx, [winner_id, loser_id])
    once = {records[0]: records for records in people.values()}
    for records in once.values():
        await _credit_anew(tx, records, since)
        await share_orders(tx, await orders_since(tx, records, None))
    await place(tx, list(once.values()))


async def credit_received(tx: Tx, *, order_id: int, at: datetime) -> None:
    """A credited order arrived; once."""
    records = await _hold(tx, order_id)
    code_id = await tx.scalar(
        update(Credit)
        .where(Credit.order_id == order_id, Credit.received_at.is_(None))
        .values(received_at=at)
        .returning(Credit.code_id)
    )
    if code_id is not None:
        await _count(tx, code_id, received_orders=1)
    await _see_order(tx, order_id, records)


async def credit_refunded(tx: Tx, *, order_id: int, refund_fen: int) -> None:
    """Money of a credited order went back. The caller hears each refund once."""
    records = await _hold(tx, order_id)
    code_id = await tx.scalar(
        update(Credit)
        .where(Credit.order_id == order_id)
        .values(refunded_fen=Credit.refunded_fen + refund_fen)
        .returning(Credit.code_id)
    )
    if code_id is not None:
        await _count(tx, code_id, refunded_fen=refund_fen)
    await _see_order(tx, order_id, records)


async def rebuild_counters(tx: Tx) -> int:
    """Recount every code and the sums of every day; how many rows had drifted (0 is the promise).

    Shares and sources are what the sums are made of: see them anew first, with `see_again`.
    """
    drifted = len(list(await tx.scalars(_REBUILD)))
    return drifted + await rebuild_income(tx) + await rebuild_reach(tx)


async def see_again(tx: Tx, part: str = "orders", after_id: int = 0) -> tuple[str, int] | None:
    """Share the next orders, then see the next people anew; where to go on, None at the end.

    In short transactions, because each holds the locks of the people it looks at.
    """
    if part == "orders":
        last, count = await share_next(tx, after_id)
        return ("orders", last) if count else ("people", 0)
    last, count, _ = await place_next(tx, after_id)
    return ("people", last) if count else None


async def _follow_state(tx: Tx, fan_id: int, *, following: bool) -> None:
    """A record follows, or not; a person is gone when no record of theirs follows."""
    await tx.execute(
        update(Attribution).where(Attribution.fan_id == fan_id).values(following=following)
    )


async def _hold(tx: Tx, order_id: int) -> list[int]:
    """Lock the buyer of a credited order; their records, none for an order we do not know."""
    fan_id = await tx.scalar(select(Credit.fan_id).where(Credit.order_id == order_id))
    if fan_id is None:
        return []
    return (await lock_people(tx, [fan_id])).get(fan_id, [fan_id])


async def _see_order(tx: Tx, order_id: int, records: Sequence[int]) -> None:
    if records:
        await share_orders(tx, [order_id])
        await place(tx, [records])


async def _code_of(tx: Tx, scene: str | None) -> tuple[int | None, bool]:
    """The code of a scene, and whether it gives its fans to employees in turn."""
    if not scene:
        return None, False
    found = await tx.execute(
        select(ChannelCode.id, LiveCode.code_id)
        .outerjoin(LiveCode, LiveCode.code_id == ChannelCode.id)
        .where(ChannelCode.scene == scene)
    )
    row = found.one_or_none()
    return (row[0], row[1] is not None) if row else (None, False)


async def _attribute(
    tx: Tx, fan_id: int, touch_id: int, code_id: int | None, at: datetime, *, following: bool
) -> bool:
    """Fix the first source, or move the last one; returns whether it was the first touch."""
    fresh = await tx.scalar(
        insert(Attribution)
        .values(
            fan_id=fan_id,
            first_touch_id=touch_id,
            first_code_id=code_id,
            first_at=at,
            last_code_id=code_id,
            last_at=at,
            following=following,
            unfollows=0,
        )
        .on_conflict_do_nothing(index_elements=["fan_id"])
        .returning(Attribution.fan_id)
    )
    if fresh is not None:
        return True
    await tx.execute(
        update(Attribution)
        .where(Attribution.fan_id == fan_id, Attribution.last_at <= at)
        .values(last_code_id=func.coalesce(code_id, Attribution.last_code_id), last_at=at)
    )
    return False


async def _source_of(tx: Tx, fan_id: int) -> tuple[int | None, int | None]:
    """First code and its owner of a person, over all records that were joined into one."""
    everyone = await fans.person_ids(tx, fan_id)
    row = (
        await tx.execute(
            select(
                Attribution.first_code_id,
                func.coalesce(LivePick.staff_id, ChannelCode.owner_staff_id).label("owner"),
            )
            .outerjoin(ChannelCode, ChannelCode.id == Attribution.first_code_id)
            .outerjoin(
                LivePick,
                (LivePick.code_id == Attribution.first_code_id)
                & (LivePick.fan_id == Attribution.fan_id),
            )
            .where(Attribution.fan_id.in_(everyone))
            .order_by(Attribution.first_at, Attribution.first_touch_id)
            .limit(1)
        )
    ).one_or_none()
    return (row.first_code_id, row.owner) if row else (None, None)


async def _credit_anew(tx: Tx, records: Sequence[int], since: datetime) -> None:
    """Credit a person's orders paid since a moment to their first code, if it was first by then."""
    code_id, owner_staff_id = await _source_of(tx, records[0])
    first_at = await tx.scalar(
        select(func.min(Attribution.first_at)).where(Attribution.fan_id.in_(records))
    )
    paid = await tx.scalars(
        select(Credit)
        .where(Credit.fan_id.in_(records), Credit.paid_at >= since)
        .order_by(Credit.order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for credit in paid.all():
        known = code_id if first_at is not None and first_at <= credit.paid_at else None
        if credit.code_id == known:
            continue
        for code, sign in ((credit.code_id, -1), (known, 1)):
            if code is not None:
                await _count(
                    tx,
                    code,
                    orders=sign,
                    received_orders=sign * (credit.received_at is not None),
                    paid_fen=sign * credit.paid_fen,
                    refunded_fen=sign * credit.refunded_fen,
                )
        credit.code_id, credit.owner_staff_id = known, owner_staff_id if known else None
    await tx.flush()


async def _claim_orders(tx: Tx, fan_id: int, code_id: int, since: datetime, staff_id: int) -> None:
    """Orders paid after the first touch, heard of before it."""
    now = select(ChannelCode.owner_staff_id).where(ChannelCode.id == code_id).scalar_subquery()
    owner = staff_id or now
    claimed = (
        await tx.execute(
            update(Credit)
            .where(Credit.fan_id == fan_id, Credit.code_id.is_(None), Credit.paid_at >= since)
            .values(code_id=code_id, owner_staff_id=owner)
            .returning(Credit.paid_fen, Credit.refunded_fen, Credit.received_at)
        )
    ).all()
    if claimed:
        await _count(
            tx,
            code_id,
            orders=len(claimed),
            received_orders=sum(row.received_at is not None for row in claimed),
            paid_fen=sum(row.paid_fen for row in claimed),
            refunded_fen=sum(row.refunded_fen for row in claimed),
        )


async def _count(tx: Tx, code_id: int, **more: int) -> None:
    """Add to counters of a code."""
    added = {name: getattr(ChannelCode, name) + by for name, by in more.items() if by}
    if added:
        await tx.execute(update(ChannelCode).where(ChannelCode.id == code_id).values(**added))
