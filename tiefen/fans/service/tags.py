"""Tags: making and merging them, putting them on fans and taking them off, always with a why."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import TextClause, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import rules
from tiefen.fans.errors import TagInUse, TagMissing, TagNameTaken, TagRuleMissing, TooManyTags
from tiefen.fans.models import CodeTag, Segment, Source, Tag, Tagging, TagRule
from tiefen.fans.service.facts import note_change, watch_word
from tiefen.fans.service.timeline import lock_person
from tiefen.fans.values import Author, FactKind
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

PUSH_TAG = "fans.push_tag"
DROP_TAG = "fans.drop_tag"
PUSH_WEARERS = "fans.push_wearers"
EXPIRE_AT_ONCE = 500

_GIVE = text(
    """
    WITH wearer AS (
        SELECT id FROM fan WHERE id = ANY(:fans) AND merged_into IS NULL ORDER BY id FOR UPDATE
    ), given AS (
        INSERT INTO fan_tagging AS t (tag_id, fan_id, author, staff_id, reason, at, expires_at)
        SELECT CAST(:tag AS bigint), id, :author, CAST(:staff AS bigint), :reason,
               CAST(:at AS timestamptz), CAST(:expires AS timestamptz) FROM wearer
        ON CONFLICT (tag_id, fan_id) DO UPDATE SET
            expires_at = excluded.expires_at, author = excluded.author,
            staff_id = excluded.staff_id, reason = excluded.reason
        WHERE t.author = 'merge' AND excluded.author <> 'merge'
           OR t.expires_at < coalesce(excluded.expires_at, 'infinity')
        RETURNING fan_id, (xmax = 0) AS fresh
    ), noted AS (
        INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
        SELECT fan_id, 'tagged', :ref, CAST(:at AS timestamptz), 0, false, CAST(:data AS jsonb) FROM given WHERE fresh
        ON CONFLICT DO NOTHING
    ), told AS (
        INSERT INTO fan_tag_change (tag_id, fan_id, wears, at)
        SELECT CAST(:tag AS bigint), fan_id, true, CAST(:at AS timestamptz) FROM given
        WHERE fresh AND CAST(:shared AS boolean)
        ON CONFLICT (tag_id, fan_id) DO UPDATE SET wears = true, at = excluded.at
    )
    SELECT fan_id FROM given WHERE fresh ORDER BY fan_id
    """
)
_TAKE = text(
    """
    WITH wearer AS (
        SELECT id FROM fan WHERE id = ANY(:fans) ORDER BY id FOR UPDATE
    ), taken AS (
        DELETE FROM fan_tagging USING wearer
        WHERE tag_id = :tag AND fan_id = wearer.id RETURNING fan_id
    ), noted AS (
        INSERT INTO fan_line (fan_id, kind, ref, at, amount_fen, whole, data)
        SELECT fan_id, 'untagged', :ref, CAST(:at AS timestamptz), 0, false, CAST(:data AS jsonb) FROM taken
        ON CONFLICT DO NOTHING
    ), told AS (
        INSERT INTO fan_tag_change (tag_id, fan_id, wears, at)
        SELECT CAST(:tag AS bigint), fan_id, false, CAST(:at AS timestamptz) FROM taken
        WHERE CAST(:shared AS boolean)
        ON CONFLICT (tag_id, fan_id) DO UPDATE SET wears = false, at = excluded.at
    )
    SELECT fan_id FROM taken ORDER BY fan_id
    """
)
_TELL = text(
    """
    INSERT INTO fan_tag_change (tag_id, fan_id, wears, at)
    SELECT CAST(:tag AS bigint), fan, true, CAST(:at AS timestamptz) FROM unnest(CAST(:fans AS bigint[])) AS fan
    ON CONFLICT (tag_id, fan_id) DO UPDATE SET wears = true, at = excluded.at
    """
)
_TELL_ALL = text(
    """
    INSERT INTO fan_tag_change (tag_id, fan_id, wears, at)
    SELECT tag.id, CAST(:fan AS bigint), EXISTS (
        SELECT 1 FROM fan_tagging AS t WHERE t.tag_id = tag.id AND t.fan_id = :fan), :at
    FROM fan_tag AS tag WHERE tag.shared
    ON CONFLICT (tag_id, fan_id) DO UPDATE SET wears = excluded.wears, at = excluded.at
    """
)
_FORGET = (
    "DELETE FROM fan_tag_change WHERE tag_id = :tag",
    "DELETE FROM fan_tag_seen WHERE tag_id = :tag",
    "DELETE FROM fan_code_tag WHERE tag_id = :tag",
    "DELETE FROM fan_tag_rule WHERE tag_id = :tag",
    "DELETE FROM fan_tagging WHERE tag_id = :tag",
)


async def make_tag(
    tx: Tx, actor: StaffActor, name: str, group: str = "", *, shared: bool = False
) -> Tag:
    """A new tag; a shared one is kept in the 公众号 too. Raises TagNameTaken, TooManyTags."""
    tag = await _insert(tx, name, group)
    if tag is None:
        raise TagNameTaken(field="name", name=name)
    if shared:
        _share(tx, tag, shared)
    await record_audit(tx, actor, "fans.tag_made", f"tag:{tag.id}", after={"name": name})
    return tag


async def edit_tag(tx: Tx, actor: StaffActor, tag_id: int, changes: Mapping[str, Any]) -> Tag:
    """Change name, group_name or shared. Raises TagMissing, TagNameTaken."""
    tag = await lock_tag(tx, tag_id)
    before = {"name": tag.name, "group": tag.group_name, "shared": tag.shared}
    name = changes.get("name", tag.name)
    if name != tag.name:
        if await tx.scalar(select(Tag.id).where(Tag.name == name)):
            raise TagNameTaken(field="name", name=name)
        tag.name = name
        if tag.shared:
            later(tx, PUSH_TAG, tag_id=tag.id)
    tag.group_name = changes.get("group_name", tag.group_name)
    if "shared" in changes and changes["shared"] != tag.shared:
        _share(tx, tag, changes["shared"])
    after = {"name": tag.name, "group": tag.group_name, "shared": tag.shared}
    await record_audit(tx, actor, "fans.tag_edited", f"tag:{tag.id}", before, after)
    return tag


async def delete_tag(tx: Tx, actor: StaffActor, tag_id: int) -> None:
    """Take a tag off everybody and away. Raises TagMissing, TagInUse (a segment looks at it)."""
    tag = await lock_tag(tx, tag_id)
    await _check_unused(tx, tag_id)
    if tag.shared and tag.platform_id is not None:
        later(tx, DROP_TAG, platform_id=tag.platform_id)
    await _forget(tx, tag)
    await record_audit(tx, actor, "fans.tag_deleted", f"tag:{tag_id}", before={"name": tag.name})


async def merge_tags(tx: Tx, actor: StaffActor, tag_id: int, into_id: int) -> Tag:
    """Everybody who wears one tag wears the other; the first is gone. Raises TagMissing, TagInUse."""
    ids = sorted({tag_id, into_id})
    found = {one: await lock_tag(tx, one) for one in ids}
    if len(ids) == 1:
        raise TagMissing(field="into_id")
    loser, winner = found[tag_id], found[into_id]
    await _check_unused(tx, tag_id)
    moved = select(
        literal(into_id),
        Tagging.fan_id,
        Tagging.author,
        Tagging.staff_id,
        Tagging.reason,
        Tagging.at,
        Tagging.expires_at,
    ).where(Tagging.tag_id == tag_id)
    names = ["tag_id", "fan_id", "author", "staff_id", "reason", "at", "expires_at"]
    fresh = list(
        await tx.scalars(
            insert(Tagging)
            .from_select(names, moved)
            .on_conflict_do_nothing()
            .returning(Tagging.fan_id)
        )
    )
    if winner.shared and fresh:
        await tx.execute(_TELL, {"tag": into_id, "fans": fresh, "at": tx.now})
        later(tx, PUSH_WEARERS, key="all")
    codes = select(CodeTag.code_id, literal(into_id)).where(CodeTag.tag_id == tag_id)
    await tx.execute(
        insert(CodeTag).from_select(["code_id", "tag_id"], codes).on_conflict_do_nothing()
    )
    await tx.execute(update(TagRule).where(TagRule.tag_id == tag_id).values(tag_id=into_id))
    if loser.shared and loser.platform_id is not None:
        later(tx, DROP_TAG, platform_id=loser.platform_id)
    before = {"name": loser.name}
    await _forget(tx, loser)
    await record_audit(tx, actor, "fans.tag_merged", f"tag:{tag_id}", before, {"into": winner.name})
    return winner


async def tag_fans(
    tx: Tx,
    tag: Tag,
    fan_ids: Sequence[int],
    *,
    author: Author,
    reason: str,
    staff: StaffActor | None = None,
    expires_at: datetime | None = None,
) -> list[int]:
    """Put a tag on fans; returns those who did not wear it. A later expiry prolongs an earlier.

    The caller tells rules of segments by `note_change`, or refreshes them when it is done.
    """
    return await _move(_GIVE, tx, tag, fan_ids, author, reason, staff, expires_at)


async def untag_fans(
    tx: Tx,
    tag: Tag,
    fan_ids: Sequence[int],
    *,
    author: Author,
    reason: str,
    staff: StaffActor | None = None,
) -> list[int]:
    """Take a tag off fans; returns those who wore it."""
    return await _move(_TAKE, tx, tag, fan_ids, author, reason, staff, None)


async def tag_by_hand(
    tx: Tx, actor: StaffActor, fan_id: int, tag_id: int, *, wears: bool, reason: str = ""
) -> None:
    """Staff put a tag on one fan, or take it off. Raises TagMissing."""
    tag = await lock_tag(tx, tag_id)
    move = tag_fans if wears else untag_fans
    changed = await move(tx, tag, [fan_id], author=Author.STAFF, reason=reason, staff=actor)
    for one in changed:
        await note_change(tx, one, ["tag"])


async def tag_by_code(tx: Tx, fan_id: int, code_id: int, *, at: datetime) -> None:
    """Whoever comes through a channel code gets its tags."""
    found = await tx.scalars(
        select(Tag)
        .join(CodeTag, CodeTag.tag_id == Tag.id)
        .where(CodeTag.code_id == code_id)
        .order_by(Tag.id)
    )
    name = await tx.scalar(select(Source.name).where(Source.code_id == code_id)) or ""
    person = await lock_person(tx, fan_id)
    for tag in found.all():
        if person.id == fan_id:
            author, why = Author.CODE, name
        else:  # the record's own, and the person wears it because of the record
            author, why = Author.MERGE, f"fan:{fan_id}"
            await tx.execute(
                insert(Tagging)
                .values(tag_id=tag.id, fan_id=fan_id, author=Author.CODE, reason=name, at=tx.now)
                .on_conflict_do_nothing()
            )
        if await tag_fans(tx, tag, [person.id], author=author, reason=why):
            await note_change(tx, person.id, ["tag"])


async def name_code_tags(tx: Tx, code_id: int, names: Sequence[str]) -> None:
    """The tags of a channel code, by name; new names become tags."""
    await tx.execute(delete(CodeTag).where(CodeTag.code_id == code_id))
    for name in dict.fromkeys(names):
        tag = await tx.scalar(select(Tag).where(Tag.name == name)) or await _insert(tx, name, "")
        if tag is not None:
            await tx.execute(insert(CodeTag).values(code_id=code_id, tag_id=tag.id))


async def make_tag_rule(tx: Tx, actor: StaffActor, wanted: Mapping[str, Any]) -> TagRule:
    """Behaviour that gives a tag from now on: as the fields of TagRule. Raises TagMissing."""
    tag = await lock_tag(tx, wanted["tag_id"])
    asked = wanted["fact"] is FactKind.ASKED and wanted["subject"]
    subject = wanted["subject"].lower() if asked else wanted["subject"]
    if asked:
        await watch_word(tx, subject)
    rule = TagRule(**{**wanted, "subject": subject}, active=True, created_at=tx.now)
    tx.add(rule)
    await tx.flush()
    after = {"tag": tag.name, "fact": rule.fact.value, "subject": subject}
    await record_audit(tx, actor, "fans.tag_rule_made", f"tag_rule:{rule.id}", after=after)
    return rule


async def drop_tag_rule(tx: Tx, actor: StaffActor, rule_id: int) -> None:
    """The behaviour gives the tag no more; who wears it keeps it. Raises TagRuleMissing."""
    rule = await tx.get(TagRule, rule_id)
    if rule is None:
        raise TagRuleMissing
    await tx.delete(rule)
    await record_audit(tx, actor, "fans.tag_rule_dropped", f"tag_rule:{rule_id}")


async def expire_tags(tx: Tx) -> int:
    """Take off tags past their time; returns how many, at most 500 a call."""
    due = await tx.execute(
        select(Tagging.tag_id, Tagging.fan_id)
        .where(Tagging.expires_at <= tx.now)
        .order_by(Tagging.expires_at)
        .limit(EXPIRE_AT_ONCE)
    )
    by_tag: dict[int, list[int]] = {}
    for tag_id, fan_id in due:
        by_tag.setdefault(tag_id, []).append(fan_id)
    for tag_id, fan_ids in sorted(by_tag.items()):
        tag = await lock_tag(tx, tag_id)
        for fan_id in await untag_fans(tx, tag, fan_ids, author=Author.RULE, reason="expired"):
            await note_change(tx, fan_id, ["tag"])
    return sum(len(fan_ids) for fan_ids in by_tag.values())


async def inherit_tags(tx: Tx, winner_id: int, loser_id: int) -> None:
    """The living record wears what the joined one wears. Nothing is taken off."""
    theirs = await tx.scalars(
        select(Tag)
        .join(Tagging, Tagging.tag_id == Tag.id)
        .where(Tagging.fan_id == loser_id)
        .order_by(Tag.id)
    )
    for tag in theirs.all():
        await tag_fans(tx, tag, [winner_id], author=Author.MERGE, reason=f"fan:{loser_id}")


async def shed_tags(
    tx: Tx, fan_id: int, staying: Collection[int], *, since: datetime | None
) -> None:
    """Take off what came with records that are not among `staying` any more.

    Also what behaviour gave since a moment: it was the behaviour of all, and is judged anew. The
    platform is told of every shared tag, for a push may have told it of the whole person.
    """
    rows = await tx.execute(
        select(Tag, Tagging)
        .join(Tagging, Tagging.tag_id == Tag.id)
        .where(Tagging.fan_id == fan_id)
        .order_by(Tag.id)
    )
    kept = {f"fan:{one}" for one in staying}
    for tag, tagging in rows.all():
        came = tagging.author is Author.MERGE and tagging.reason not in kept
        earned = tagging.author is Author.RULE and since is not None and tagging.at >= since
        if came or earned:
            await untag_fans(tx, tag, [fan_id], author=Author.MERGE, reason="parted")
    if since is not None:
        await tx.execute(_TELL_ALL, {"fan": fan_id, "at": tx.now})
        later(tx, PUSH_WEARERS, key="all")


async def lock_tag(tx: Tx, tag_id: int) -> Tag:
    """A tag that nobody renames or deletes meanwhile. Raises TagMissing."""
    tag = await tx.scalar(select(Tag).where(Tag.id == tag_id).with_for_update())
    if tag is None:
        raise TagMissing
    return tag


async def _insert(tx: Tx, name: str, group: str) -> Tag | None:
    """A tag with a name nobody took; None when it is taken. Raises TooManyTags."""
    if (await tx.scalar(select(func.count()).select_from(Tag)) or 0) >= rules.MAX_TAGS:
        raise TooManyTags(limit=rules.MAX_TAGS)
    made: Tag | None = await tx.scalar(
        insert(Tag)
        .values(name=name, group_name=group, created_at=tx.now)
        .on_conflict_do_nothing()
        .returning(Tag)
    )
    return made


def _share(tx: Tx, tag: Tag, shared: bool) -> None:
    tag.shared = shared
    if shared:
        later(tx, PUSH_TAG, tag_id=tag.id)
        return
    if tag.platform_id is not None:
        later(tx, DROP_TAG, platform_id=tag.platform_id)
    tag.platform_id, tag.platform_name, tag.trouble = None, "", ""


async def _check_unused(tx: Tx, tag_id: int) -> None:
    looking = await tx.scalars(
        select(Segment).where(Segment.archived_at.is_(None), Segment.touches.contains(["tag"]))
    )
    for segment in looking:
        if segment.rule and tag_id in rules.mentioned(segment.rule, "tag"):
            raise TagInUse(name=segment.name)


async def _forget(tx: Tx, tag: Tag) -> None:
    await tx.flush()
    for statement in _FORGET:
        await tx.execute(text(statement), {"tag": tag.id})
    await tx.delete(tag)
    await tx.flush()


async def _move(
    statement: TextClause,
    tx: Tx,
    tag: Tag,
    fan_ids: Sequence[int],
    author: Author,
    reason: str,
    staff: StaffActor | None,
    expires_at: datetime | None,
) -> list[int]:
    data = {
        "tag": tag.name,
        "tag_id": tag.id,
        "author": author.value,
        "reason": reason,
        "staff": staff.name if staff else "",
    }
    shared = tag.shared and author is not Author.PLATFORM
    await tx.flush()
    changed = await tx.scalars(
        statement,
        {
            "fans": sorted(set(fan_ids)),
            "tag": tag.id,
            "author": author.value,
            "staff": staff.id if staff else None,
            "reason": reason,
            "at": tx.now,
            "expires": expires_at,
            "ref": f"tag:{tag.id}:{tx.now.isoformat()}",
            "data": msgspec.json.encode(data).decode(),
            "shared": shared,
        },
    )
    moved = list(changed)
    if moved and shared:
        later(tx, PUSH_WEARERS, key="all")
    return moved
