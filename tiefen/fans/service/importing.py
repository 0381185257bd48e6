"""The import of an account's followers: pages of the list, then of what the platform tells of them.

A page is a commit, and the row of the import moves in that commit, so it goes on after a kill
where it stood. The network is called between transactions. Several jobs may hold the same import
for a moment; whichever commits a page first has done it, and the others find that they are late.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text, update

from tiefen.fans import rules
from tiefen.fans.errors import SyncRunning
from tiefen.fans.events import FollowersImported
from tiefen.fans.models import FollowerImport, ListedFollower
from tiefen.fans.service import arrivals
from tiefen.fans.service.imports import IMPORT
from tiefen.fans.service.platform_tags import start_pull
from tiefen.fans.service.segments import refresh_touching
from tiefen.fans.values import Change, FollowerImportState, Heard, ImportStep
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import ApiError, NotConfigured, ReceiverOut, Retry, WeChatAway
from tiefen.wechat.values import UserInfo

CALL = 100
CALLS_AT_ONCE = 4
SLICE_SECONDS = 15.0
"""How long one job works before the next one takes over: others wait in the same lane."""
RESTARTS = 3
TIDY_AT_ONCE = 50_000
_LIST = text(
    """
    INSERT INTO fan_import_openid (import_id, openid, place)
    SELECT :id, p.openid, :place + p.n
    FROM unnest(CAST(:openids AS text[])) WITH ORDINALITY AS p(openid, n)
    ON CONFLICT (import_id, openid) DO NOTHING RETURNING place
    """
)
_MISSING = text(
    """
    SELECT i.id, i.openid FROM fan_identity AS i
    WHERE i.app_id = :app AND i.following AND i.id > :place
      AND NOT EXISTS (SELECT 1 FROM fan_import_openid AS l
                      WHERE l.import_id = :id AND l.openid = i.openid)
    ORDER BY i.id LIMIT :limit
    """
)
_TIDY = text(
    """
    DELETE FROM fan_import_openid WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM fan_import_openid WHERE import_id <= :id LIMIT :limit)) RETURNING place
    """
)


class TakenOver(Exception):
    """Another job did this page, or a person stopped the import: what was at hand is dropped."""


@dataclass(frozen=True, slots=True)
class Hand:
    """An import in a job's hand."""

    db: Db
    merchant: str
    id: int
    turn: int
    app_id: str
    began: datetime

    async def hold(self, tx: Tx, step: ImportStep | None = None) -> FollowerImport:
        """The import's row, locked, if it is still ours and (if given) at that step. Raises TakenOver.

        A place means nothing without its step: each step counts its places from the start.
        """
        row = await tx.scalar(
            select(FollowerImport)
            .where(FollowerImport.id == self.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is None or row.turn != self.turn or row.state is not FollowerImportState.RUNNING:
            raise TakenOver
        if step is not None and row.step is not step:
            raise TakenOver
        return row


async def work(
    db: Db, merchant: str, import_id: int, turn: int, seconds: float = SLICE_SECONDS
) -> None:
    """Do a slice of an import, then leave the rest to the next job; what the platform refuses is
    waited for or told."""
    hand = await _take(db, merchant, import_id, turn)
    if hand is None:
        return
    until = time.monotonic() + seconds
    try:
        while await _go_on(hand, until):
            if time.monotonic() >= until:
                await _hand_over(hand)
                return
    except TakenOver:
        return
    except (ApiError, WeChatAway, NotConfigured) as refusal:
        with suppress(TakenOver):
            await _refused(hand, refusal)


async def _take(db: Db, merchant: str, import_id: int, turn: int) -> Hand | None:
    async with db.merchant(merchant) as tx:
        row = await tx.get(FollowerImport, import_id, with_for_update=True)
        if row is None or row.turn != turn:
            return None
        if row.state is FollowerImportState.WAITING:
            row.state, row.wait_until, row.trouble = FollowerImportState.RUNNING, None, ""
            row.moved_at = tx.now
        if row.state is not FollowerImportState.RUNNING:
            return None
        return Hand(db, merchant, import_id, turn, row.app_id, row.started_at)


async def _go_on(hand: Hand, until: float) -> bool:
    """The next page of whatever the import is at. False = all done."""
    async with hand.db.merchant(hand.merchant) as tx:
        step = (await hand.hold(tx)).step
    match step:
        case ImportStep.LISTING:
            await _list(hand)
        case ImportStep.ASKING:
            await _ask(hand, until)
        case ImportStep.LEAVERS:
            await _ask_missing(hand)
        case ImportStep.TIDYING:
            return await _tidy(hand)
    return True


async def _list(hand: Hand) -> None:
    """Keep one page of the list."""
    async with hand.db.merchant(hand.merchant) as tx:
        after = (await hand.hold(tx, ImportStep.LISTING)).next_openid
    try:
        page = await wechat.follower_page(hand.db, hand.merchant, after)
    except ReceiverOut:
        await _list_again(hand)
        return
    failpoint("fans.import.listed")
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.LISTING)
        if row.next_openid != after:
            raise TakenOver
        given = {"id": row.id, "place": row.place, "openids": list(page.openids)}
        fresh = len(list(await tx.scalars(_LIST, given))) if page.openids else 0
        row.place += len(page.openids)
        row.listed += fresh
        row.total, row.next_openid = page.total, page.after
        _moved(row, tx)
        if not page.after:
            row.step, row.place = ImportStep.ASKING, 0


async def _list_again(hand: Hand) -> None:
    """Where the list was to go on has left: read it from the first page."""
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.LISTING)
        row.restarts += 1
        if row.restarts > RESTARTS:
            row.state, row.trouble, row.ended_at = FollowerImportState.FAILED, "list", tx.now
            return
        await tx.execute(delete(ListedFollower).where(ListedFollower.import_id == row.id))
        row.next_openid, row.place, row.listed = "", 0, 0
        _moved(row, tx)


async def _ask(hand: Hand, until: float) -> None:
    """Ask about the next pages, and write each while the next is on its way."""
    began = time.monotonic()
    async with hand.db.merchant(hand.merchant) as tx:
        batch = await _next(tx, hand.id, (await hand.hold(tx, ImportStep.ASKING)).place)
    answer = _asking(hand, batch)
    try:
        while batch:
            told = await answer
            failpoint("fans.import.told")
            async with hand.db.merchant(hand.merchant) as tx:
                behind = await _next(tx, hand.id, batch[-1][0])
            last = not behind or time.monotonic() >= until
            answer = _asking(hand, [] if last else behind)
            await _take_page(hand, batch, told, began)
            began = time.monotonic()
            if last and behind:
                return
            batch = behind
    finally:
        answer.cancel()
        with suppress(asyncio.CancelledError, Refusal):
            await answer
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.ASKING)
        row.step, row.place = ImportStep.LEAVERS, 0


def _asking(hand: Hand, batch: Sequence[tuple[int, str]]) -> "asyncio.Task[dict[str, UserInfo]]":
    return asyncio.create_task(_told(hand, [openid for _, openid in batch]))


async def _next(tx: Tx, import_id: int, place: int) -> list[tuple[int, str]]:
    rows = await tx.execute(
        select(ListedFollower.place, ListedFollower.openid)
        .where(
            ListedFollower.import_id == import_id,
            ListedFollower.place > place,
        )
        .order_by(ListedFollower.place)
        .limit(CALL * CALLS_AT_ONCE)
    )
    return [(row.place, row.openid) for row in rows]


async def _told(hand: Hand, openids: Sequence[str]) -> dict[str, UserInfo]:
    """What the platform tells about these; about somebody it does not know, that they do not follow."""
    parts = [openids[start : start + CALL] for start in range(0, len(openids), CALL)]
    found = await asyncio.gather(*(_call(hand, part) for part in parts), return_exceptions=True)
    told = {one: UserInfo(one, subscribed=False) for one in openids}
    for part in found:
        if isinstance(part, BaseException):
            raise part
        told |= {one.openid: one for one in part if one.openid in told}
    return told


async def _call(hand: Hand, openids: Sequence[str]) -> list[UserInfo]:
    try:
        return await wechat.followers_info(hand.db, hand.merchant, openids)
    except ReceiverOut:
        if len(openids) == 1:
            return []
        middle = len(openids) // 2
        return await _call(hand, openids[:middle]) + await _call(hand, openids[middle:])


async def _take_page(
    hand: Hand, batch: Sequence[tuple[int, str]], told: dict[str, UserInfo], began: float
) -> None:
    """Take a page over: those we know with news one by one, then all the rest in one commit."""
    while True:
        async with hand.db.merchant(hand.merchant) as tx:
            row = await hand.hold(tx, ImportStep.ASKING)
            if row.place >= batch[-1][0]:
                raise TakenOver
            heard = await _hear(tx, hand, batch, told)
            strangers, news = await _sort(tx, told, heard)
            if not news:
                await _write(tx, hand, row, told, heard, strangers)
                row.place = batch[-1][0]
                row.active_ms += round((time.monotonic() - began) * 1000)
                _moved(row, tx)
                failpoint("fans.import.page")
                return
        for openid in news:
            await _take_one(hand, openid, told[openid])


async def _hear(
    tx: Tx, hand: Hand, batch: Sequence[tuple[int, str]], told: dict[str, UserInfo]
) -> dict[str, Heard]:
    """What the page means for those of it who are not done."""
    done = set(
        await tx.scalars(
            select(ListedFollower.openid).where(
                ListedFollower.import_id == hand.id,
                ListedFollower.place.between(batch[0][0], batch[-1][0]),
                ListedFollower.done,
            )
        )
    )
    openids = [openid for _, openid in batch if openid not in done]
    known = await arrivals.known_ids(tx, hand.app_id, openids)
    unasked = [one for one in openids if one in known and not known[one].asked]
    if unasked:
        await arrivals.note_asked(tx, hand.app_id, unasked)
    return {one: rules.hear(known.get(one), told[one], hand.began) for one in openids}


async def _sort(
    tx: Tx, told: dict[str, UserInfo], heard: dict[str, Heard]
) -> tuple[list[str], list[str]]:
    """Strangers, who are made fans together, and those with news about somebody we know."""
    fresh = [one for one, what in heard.items() if what.change is Change.NEW]
    taken = await arrivals.known_unionids(tx, [told[one].unionid or "" for one in fresh])
    strangers = []
    for one in fresh:
        unionid = told[one].unionid
        if unionid is None or unionid not in taken:
            strangers.append(one)
            taken.add(unionid or "")
    rest = {*heard} - {*strangers}
    quiet = {Change.SAME, Change.NOBODY}
    return strangers, [one for one in heard if one in rest and heard[one].change not in quiet]


async def _write(
    tx: Tx,
    hand: Hand,
    row: FollowerImport,
    told: dict[str, UserInfo],
    heard: dict[str, Heard],
    strangers: Sequence[str],
) -> None:
    made = await arrivals.take_in(
        tx, hand.app_id, [(told[one], heard[one].at) for one in strangers]
    )
    if made:
        happened = FollowersImported(hand.app_id, tuple(made))
        publish(tx, happened, aggregate=f"import:{row.id}")
    lost = {*strangers} - {one.openid for one in made}
    for openid in sorted(lost):  # a push, or a sign-in, was first
        await arrivals.apply(tx, hand.app_id, told[openid], heard[openid])
    nobody = sum(one.change is Change.NOBODY for one in heard.values())
    row.asked += len(heard)
    row.added += len(made)
    row.updated += len(lost)
    row.skipped += nobody
    row.unchanged += len(heard) - len(strangers) - nobody


async def _take_one(hand: Hand, openid: str, told: UserInfo) -> None:
    """Take over what is news about one of the list, and note that it is done."""
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.ASKING)
        fresh = await tx.scalar(
            update(ListedFollower)
            .where(
                ListedFollower.import_id == row.id,
                ListedFollower.openid == openid,
                ListedFollower.done.is_(False),
            )
            .values(done=True)
            .returning(ListedFollower.place)
        )
        if fresh is None:
            return
        known = await arrivals.known_ids(tx, hand.app_id, [openid])
        heard = rules.hear(known.get(openid), told, hand.began)
        row.asked += 1
        if heard.change is Change.SAME:
            row.unchanged += 1
        elif heard.change is Change.NOBODY:
            row.skipped += 1
        else:
            await arrivals.apply(tx, hand.app_id, told, heard)
            row.updated += 1
        _moved(row, tx)
    failpoint("fans.import.one")


async def _ask_missing(hand: Hand) -> None:
    """Ask about the next of those who follow as far as we know, and were not in the list."""
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.LEAVERS)
        place = row.place
        given = {"app": hand.app_id, "id": hand.id, "place": place, "limit": CALL}
        missing = [(one.id, one.openid) for one in await tx.execute(_MISSING, given)]
        if not missing:
            row.step, row.place = ImportStep.TIDYING, 0
            return
    told = await _told(hand, [openid for _, openid in missing])
    for _, openid in missing:
        await _take_missing(hand, openid, told[openid])
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.LEAVERS)
        if row.place != place:
            raise TakenOver
        row.place = missing[-1][0]
        _moved(row, tx)


async def _take_missing(hand: Hand, openid: str, told: UserInfo) -> None:
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.LEAVERS)
        known = await arrivals.known_ids(tx, hand.app_id, [openid])
        heard = rules.hear(known.get(openid), told, hand.began)
        if heard.change in {Change.SAME, Change.NOBODY}:
            return
        await arrivals.apply(tx, hand.app_id, told, heard)
        row.left_us += heard.change is Change.LEFT
        _moved(row, tx)
    failpoint("fans.import.left")


async def _tidy(hand: Hand) -> bool:
    """Forget the list, then be done: tags are read next, and segments look at everybody."""
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx, ImportStep.TIDYING)
        given = {"id": row.id, "limit": TIDY_AT_ONCE}
        if list(await tx.scalars(_TIDY, given)):
            _moved(row, tx)
            return True
        row.state, row.ended_at = FollowerImportState.DONE, tx.now
        _moved(row, tx)
        for family in ("person", "did:followed", "did:unfollowed"):
            await refresh_touching(tx, family)
        with suppress(SyncRunning):
            await start_pull(tx, StaffActor(row.staff_id, row.staff_name, frozenset()))
        return False


async def _hand_over(hand: Hand) -> None:
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx)
        row.turn += 1
        later(tx, IMPORT, import_id=row.id, turn=row.turn)


async def _refused(hand: Hand, refusal: ApiError | WeChatAway | NotConfigured) -> None:
    """Wait as long as the refusal asks for, or stop for a person to see."""
    async with hand.db.merchant(hand.merchant) as tx:
        row = await hand.hold(tx)
        row.trouble = str(refusal.errcode) if isinstance(refusal, ApiError) else refusal.code
        row.refusals += 1
        row.turn += 1
        retry = refusal.retry if isinstance(refusal, ApiError) else Retry.BUSY
        if isinstance(refusal, NotConfigured) or retry in {Retry.FINAL, Retry.DROP}:
            row.state, row.ended_at = FollowerImportState.FAILED, tx.now
            return
        until = (
            rules.next_day(tx.now)
            if retry is Retry.TOMORROW
            else tx.now + rules.short_wait(row.refusals)
        )
        row.state, row.wait_until = FollowerImportState.WAITING, until
        later(tx, IMPORT, run_at=until, import_id=row.id, turn=row.turn)


def _moved(row: FollowerImport, tx: Tx) -> None:
    row.moved_at, row.refusals = tx.now, 0
