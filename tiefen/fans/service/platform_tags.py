"""Shared tags and the 公众号: our changes pushed, theirs pulled; both go on after a stop.

Pushing keeps the newest word on each (tag, fan) until the platform has taken it. Pulling reads one
tag after another into a table beside, and takes the differences over at the end of each.
"""

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import rules
from tiefen.fans.errors import SyncRunning
from tiefen.fans.models import Tag, TagChange, TagSeen, TagSync
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.tags import PUSH_WEARERS, lock_tag, tag_fans, untag_fans
from tiefen.fans.values import Author, SyncState
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit
from tiefen.wechat import service as wechat
from tiefen.wechat.errors import ApiError, Retry

PULL_TAGS = "fans.pull_tags"
AT_ONCE = wechat.TAG_MEMBERS_AT_ONCE
APPLY_AT_ONCE = 1_000
NAME_TAKEN = 45157
GONE = 45159
_SEEN = text(
    """
    INSERT INTO fan_tag_seen (tag_id, fan_id)
    SELECT DISTINCT CAST(:tag AS bigint), coalesce(f.merged_into, f.id)
    FROM fan_identity AS i JOIN fan AS f ON f.id = i.fan_id
    WHERE i.app_id = :app AND i.openid = ANY(:openids)
    ON CONFLICT DO NOTHING
    """
)
_MET = text("SELECT count(*) FROM fan_identity WHERE app_id = :app AND openid = ANY(:openids)")
_NEW = text(
    """
    SELECT s.fan_id FROM fan_tag_seen AS s
    WHERE s.tag_id = :tag
      AND NOT EXISTS (SELECT 1 FROM fan_tagging AS t WHERE (t.tag_id, t.fan_id) = (s.tag_id, s.fan_id))
      AND NOT EXISTS (SELECT 1 FROM fan_tag_change AS c WHERE (c.tag_id, c.fan_id) = (s.tag_id, s.fan_id))
    ORDER BY 1 LIMIT :limit
    """
)
_OLD = text(
    """
    SELECT t.fan_id FROM fan_tagging AS t
    WHERE t.tag_id = :tag AND t.at < :started
      AND EXISTS (SELECT 1 FROM fan AS f JOIN fan_identity AS i ON i.fan_id = f.id
                  WHERE (f.id = t.fan_id OR f.merged_into = t.fan_id)
                    AND i.app_id = :app AND i.following)
      AND NOT EXISTS (SELECT 1 FROM fan_tag_seen AS s WHERE (s.tag_id, s.fan_id) = (t.tag_id, t.fan_id))
      AND NOT EXISTS (SELECT 1 FROM fan_tag_change AS c WHERE (c.tag_id, c.fan_id) = (t.tag_id, t.fan_id))
    ORDER BY 1 LIMIT :limit
    """
)


async def push_tag(db: Db, merchant: str, tag_id: int) -> None:
    """Make the platform know a shared tag by its present name. What it refuses stands on the tag."""
    async with db.merchant(merchant) as tx:
        tag = await tx.get(Tag, tag_id)
        if tag is None or not tag.shared:
            return
        name, platform_id, known = tag.name, tag.platform_id, tag.platform_name
    try:
        if platform_id is None:
            platform_id = await _create(db, merchant, name)
        elif known != name:
            await wechat.rename_tag(db, merchant, platform_id, name)
    except ApiError as error:
        if error.retry in (Retry.BUSY, Retry.TOMORROW):
            raise
        async with db.merchant(merchant) as tx:
            (await lock_tag(tx, tag_id)).trouble = f"{error.errcode}"
        return
    async with db.merchant(merchant) as tx:
        tag = await lock_tag(tx, tag_id)
        first = tag.platform_id is None
        tag.platform_id, tag.platform_name, tag.trouble = platform_id, name, ""
        if first:
            await tx.execute(_EVERYBODY, {"tag": tag_id, "at": tx.now})
            later(tx, PUSH_WEARERS, key="all")


async def drop_platform_tag(db: Db, merchant: str, platform_id: int) -> None:
    """Take a tag off the platform; one that is gone already is no error."""
    try:
        await wechat.delete_tag(db, merchant, platform_id)
    except ApiError as error:
        if error.errcode != GONE:
            raise


async def push_wearers(db: Db, merchant: str) -> int:
    """Tell the platform who wears its tags now, 50 a call; returns how many changes it took.

    A call refused for one follower is told one by one; who cannot be told is let go, because
    somebody who does not follow wears no tag there.
    """
    told = 0
    app_id = await wechat.official_app_id(db, merchant)
    while True:
        async with db.merchant(merchant) as tx:
            batch = await _next_batch(tx, app_id)
        if batch is None:
            return told
        tag_id, platform_id, wears, openids = batch
        known = [openid for openid in openids.values() if openid]
        await _tell(db, merchant, platform_id, known, wears=wears)
        told += len(openids)
        async with db.merchant(merchant) as tx:
            await tx.execute(
                delete(TagChange).where(
                    TagChange.tag_id == tag_id,
                    TagChange.wears == wears,
                    TagChange.fan_id.in_(list(openids)),
                )
            )


async def start_pull(tx: Tx, actor: StaffActor) -> TagSync:
    """Read the platform's tags and take the differences over. Raises SyncRunning."""
    sync: TagSync | None = await tx.scalar(
        insert(TagSync)
        .values(state=SyncState.RUNNING, todo={}, started_at=tx.now)
        .on_conflict_do_nothing()
        .returning(TagSync)
    )
    if sync is None:
        raise SyncRunning
    later(tx, PULL_TAGS, sync_id=sync.id, key=f"sync:{sync.id}")
    await record_audit(tx, actor, "fans.tags_pulled", f"tag_sync:{sync.id}")
    return sync


async def pull_tags(db: Db, merchant: str, sync_id: int) -> None:
    """Go on with a reading from where it stands; each page is kept before the next is asked for."""
    async with db.merchant(merchant) as tx:
        sync = await tx.get(TagSync, sync_id)
        if sync is None or sync.state is not SyncState.RUNNING:
            return
        listed = "tags" in sync.todo
    try:
        if not listed:
            await _list(db, merchant, sync_id)
        while await _page(db, merchant, sync_id):
            pass
    except ApiError as error:
        if error.retry in (Retry.BUSY, Retry.TOMORROW):
            raise
        async with db.merchant(merchant) as tx:
            sync = await _locked(tx, sync_id)
            sync.state, sync.trouble, sync.ended_at = SyncState.FAILED, str(error.errcode), tx.now


async def _list(db: Db, merchant: str, sync_id: int) -> None:
    found = await wechat.list_tags(db, merchant)
    async with db.merchant(merchant) as tx:
        sync = await _locked(tx, sync_id)
        ids = []
        for one in found:
            tag = await tx.scalar(
                select(Tag).where((Tag.platform_id == one.id) | (Tag.name == one.name)).limit(1)
            )
            if tag is None:
                tag = Tag(name=one.name, group_name="", created_at=tx.now)
                tx.add(tag)
            if tag.platform_id not in (None, one.id):
                continue
            if tag.platform_id is not None and tag.platform_name == tag.name:
                tag.name = one.name  # renamed over there
            tag.shared, tag.platform_id, tag.platform_name = True, one.id, one.name
            tag.trouble = ""
            await tx.flush()
            ids.append(one.id)
        gone = await tx.scalars(
            select(Tag).where(Tag.shared, Tag.platform_id.is_not(None), Tag.platform_id.not_in(ids))
        )
        for tag in gone:
            tag.shared, tag.platform_id, tag.platform_name = False, None, ""
        sync.todo = {"tags": ids}


async def _page(db: Db, merchant: str, sync_id: int) -> bool:
    """Read one page of the first tag to do; at its end take the differences over. False = all done."""
    async with db.merchant(merchant) as tx:
        sync = await _locked(tx, sync_id)
        todo = sync.todo["tags"]
        if not todo:
            sync.state, sync.ended_at = SyncState.DONE, tx.now
            return False
        platform_id, place = todo[0], sync.place
        tag_id = await tx.scalar(select(Tag.id).where(Tag.platform_id == platform_id))
        if not place and tag_id is not None:
            await tx.execute(delete(TagSeen).where(TagSeen.tag_id == tag_id))
    openids, after = await wechat.tag_page(db, merchant, platform_id, place)
    app_id = await wechat.official_app_id(db, merchant)
    async with db.merchant(merchant) as tx:
        sync = await _locked(tx, sync_id)
        if tag_id is not None and openids:
            known = {"tag": tag_id, "app": app_id, "openids": openids}
            await tx.execute(_SEEN, known)
            met = await tx.scalar(_MET, {"app": app_id, "openids": openids}) or 0
            sync.read += len(openids)
            sync.unknown += len(openids) - met
        sync.place = after
    if not after:
        if tag_id is not None:
            await _apply(db, merchant, sync_id, tag_id, app_id)
        async with db.merchant(merchant) as tx:
            sync = await _locked(tx, sync_id)
            sync.todo, sync.place = {"tags": sync.todo["tags"][1:]}, ""
    return True


async def _apply(db: Db, merchant: str, sync_id: int, tag_id: int, app_id: str) -> None:
    while True:
        async with db.merchant(merchant) as tx:
            sync, tag = await _locked(tx, sync_id), await lock_tag(tx, tag_id)
            asked = {
                "tag": tag_id,
                "app": app_id,
                "started": sync.started_at,
                "limit": APPLY_AT_ONCE,
            }
            new = list(await tx.scalars(_NEW, {"tag": tag_id, "limit": APPLY_AT_ONCE}))
            old = list(await tx.scalars(_OLD, asked))
            why = "公众号"
            added = await tag_fans(tx, tag, new, author=Author.PLATFORM, reason=why)
            removed = await untag_fans(tx, tag, old, author=Author.PLATFORM, reason=why)
            for fan_id in (*added, *removed):
                await note_change(tx, fan_id, ["tag"])
            sync.added += len(added)
            sync.removed += len(removed)
            if len(new) < APPLY_AT_ONCE and len(old) < APPLY_AT_ONCE:
                await tx.execute(delete(TagSeen).where(TagSeen.tag_id == tag_id))
                return


async def _create(db: Db, merchant: str, name: str) -> int:
    """The platform's id of a name; one that is there already is ours now."""
    try:
        return await wechat.create_tag(db, merchant, name[: rules.PLATFORM_NAME])
    except ApiError as error:
        if error.errcode != NAME_TAKEN:
            raise
        return next(one.id for one in await wechat.list_tags(db, merchant) if one.name == name)


async def _tell(
    db: Db, merchant: str, platform_id: int, openids: list[str], *, wears: bool
) -> None:
    if not openids:
        return
    try:
        await wechat.set_tag(db, merchant, platform_id, openids, wears=wears)
    except ApiError as error:
        if error.retry in (Retry.BUSY, Retry.TOMORROW):
            raise
        if len(openids) > 1:
            for one in openids:
                await _tell(db, merchant, platform_id, [one], wears=wears)


async def _next_batch(tx: Tx, app_id: str) -> tuple[int, int, bool, dict[int, str | None]] | None:
    """Up to 50 changes of one tag in one direction: (tag, platform's id, wears, fan → openid)."""
    first = (
        await tx.execute(
            select(TagChange.tag_id, TagChange.wears, Tag.platform_id)
            .join(Tag, Tag.id == TagChange.tag_id)
            .where(Tag.platform_id.is_not(None))
            .order_by(TagChange.tag_id, TagChange.wears)
            .limit(1)
        )
    ).one_or_none()
    if first is None:
        return None
    tag_id, wears, platform_id = first
    rows = await tx.execute(
        _OPENIDS, {"tag": tag_id, "wears": wears, "app": app_id, "limit": AT_ONCE}
    )
    assert platform_id is not None  # the statement asks for it
    return tag_id, platform_id, wears, {row.fan_id: row.openid for row in rows}


async def _locked(tx: Tx, sync_id: int) -> TagSync:
    found = await tx.scalars(select(TagSync).where(TagSync.id == sync_id).with_for_update())
    return found.one()


_EVERYBODY = text(
    """
    INSERT INTO fan_tag_change (tag_id, fan_id, wears, at)
    SELECT tag_id, fan_id, true, CAST(:at AS timestamptz) FROM fan_tagging WHERE tag_id = :tag
    ON CONFLICT (tag_id, fan_id) DO UPDATE SET wears = true, at = excluded.at
    """
)
_OPENIDS = text(
    """
    SELECT c.fan_id, (
        SELECT i.openid FROM fan AS f JOIN fan_identity AS i ON i.fan_id = f.id
        WHERE (f.id = c.fan_id OR f.merged_into = c.fan_id) AND i.following AND i.app_id = :app
        ORDER BY i.id DESC LIMIT 1) AS openid
    FROM fan_tag_change AS c WHERE c.tag_id = :tag AND c.wears = :wears
    ORDER BY c.fan_id LIMIT :limit
    """
)
