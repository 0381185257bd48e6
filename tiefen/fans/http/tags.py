"""Routes of tags and of deeds done to many fans."""

from typing import Annotated, Any

from fastapi import Depends

from tiefen.fans import queries, service
from tiefen.fans.errors import BulkUnclear
from tiefen.fans.models import Bulk, TagSync
from tiefen.fans.schemas import (
    BulkIn,
    BulkOut,
    BulkSize,
    TagCode,
    TaggingIn,
    TaggingOut,
    TagIn,
    TagMerge,
    TagOut,
    TagPage,
    TagPatch,
    TagRuleIn,
    TagRuleOut,
    TagSyncOut,
)
from tiefen.fans.values import BulkDeed
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import OK, REFUSALS, Ok, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
_ABOUT = {
    BulkDeed.TAG: "tag_id",
    BulkDeed.UNTAG: "tag_id",
    BulkDeed.LIST: "segment_id",
    BulkDeed.UNLIST: "segment_id",
    BulkDeed.OWN: "owner_staff_id",
}
"""What each deed names."""


@console.get("/tags", operation_id="listTags")
async def list_tags(tx: TxDep, _: Reader) -> TagPage:
    """All tags: who wears them, what gives them, how the last reading of the 公众号 went."""
    return await _page(tx)


@console.post("/tags", operation_id="makeTag", status_code=201)
async def make_tag(body: TagIn, tx: TxDep, actor: Writer) -> TagPage:
    """A new tag."""
    await service.make_tag(tx, actor, body.name, body.group_name, shared=body.shared)
    return await _page(tx)


@console.patch("/tags/{tag_id}", operation_id="editTag")
async def edit_tag(tag_id: PathId, body: TagPatch, tx: TxDep, actor: Writer) -> TagPage:
    """Rename a tag, move it to another group, share it with the 公众号 or stop that."""
    await service.edit_tag(tx, actor, tag_id, body.model_dump(exclude_none=True))
    await tx.flush()
    return await _page(tx)


@console.delete("/tags/{tag_id}", operation_id="deleteTag")
async def delete_tag(tag_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Take a tag off everybody and away."""
    await service.delete_tag(tx, actor, tag_id)
    return OK


@console.post("/tags/{tag_id}/merge", operation_id="mergeTag")
async def merge_tag(tag_id: PathId, body: TagMerge, tx: TxDep, actor: Writer) -> TagPage:
    """Everybody who wears this tag wears the other one instead."""
    await service.merge_tags(tx, actor, tag_id, body.into_id)
    return await _page(tx)


@console.post("/tag-rules", operation_id="makeTagRule", status_code=201)
async def make_rule(body: TagRuleIn, tx: TxDep, actor: Writer) -> TagPage:
    """Behaviour that gives a tag from now on."""
    await service.make_tag_rule(tx, actor, body.model_dump())
    return await _page(tx)


@console.delete("/tag-rules/{rule_id}", operation_id="dropTagRule")
async def drop_rule(rule_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """The behaviour gives the tag no more; who wears it keeps it."""
    await service.drop_tag_rule(tx, actor, rule_id)
    return OK


@console.post("/tags/pull", operation_id="pullTags", status_code=202)
async def pull(tx: TxDep, actor: Writer) -> TagSyncOut:
    """Read the 公众号's tags and who wears them, and take the differences over."""
    return _sync(await service.start_pull(tx, actor))


@console.get("/fans/{fan_id}/tags", operation_id="getFanTags")
async def get_tags(fan_id: PathId, tx: TxDep, _: Reader) -> list[TaggingOut]:
    """The tags a fan wears: who gave them, when and why."""
    return await _worn(tx, fan_id)


@console.post("/fans/{fan_id}/tags", operation_id="setFanTag")
async def set_tag(fan_id: PathId, body: TaggingIn, tx: TxDep, actor: Writer) -> list[TaggingOut]:
    """Put a tag on a fan, or take it off."""
    person, _source = await queries.one_fan(tx, fan_id)
    await service.tag_by_hand(
        tx, actor, person.id, body.tag_id, wears=body.wears, reason=body.reason
    )
    return await _worn(tx, person.id)


@console.post("/fan-bulks", operation_id="startBulk", status_code=202)
async def start_bulk(body: BulkIn, tx: TxDep, actor: Writer) -> BulkOut:
    """Do something to the picked fans, or to all whom a filter and a rule find now."""
    args = _args(body)
    bulk = await service.start_bulk(tx, actor, body.deed, args, **_whom(body))
    return (await _bulks(tx, [bulk]))[0]


@console.post("/fan-bulks/preview", operation_id="previewBulk")
async def preview_bulk(body: BulkIn, tx: TxDep, _: Writer) -> BulkSize:
    """How many fans the deed would take up if it began now."""
    return BulkSize(fans=await service.bulk_size(tx, _args(body), **_whom(body)))


@console.get("/fan-bulks", operation_id="listBulks")
async def list_bulks(tx: TxDep, _: Reader) -> list[BulkOut]:
    """What was done to many fans lately, and what still runs."""
    return await _bulks(tx, await queries.bulks(tx, limit=20))


@console.post("/fan-bulks/{bulk_id}/stop", operation_id="stopBulk")
async def stop_bulk(bulk_id: PathId, tx: TxDep, actor: Writer) -> BulkOut:
    """Stop after the present piece; what is done stays."""
    return (await _bulks(tx, [await service.stop_bulk(tx, actor, bulk_id)]))[0]


def _args(body: BulkIn) -> dict[str, Any]:
    about = _ABOUT[body.deed]
    target = getattr(body, about)
    if target is None and body.deed is not BulkDeed.OWN:
        raise BulkUnclear(field=about)
    if body.by_source and (body.deed is not BulkDeed.OWN or target is not None):
        raise BulkUnclear(field="by_source")
    if body.fan_ids is None and body.filter is None and body.rule is None:
        raise BulkUnclear(field="fan_ids")
    given = {about: target, "reason": body.reason}
    return given | {"by_source": True} if body.by_source else given


def _whom(body: BulkIn) -> dict[str, Any]:
    wanted = queries.Filter(**body.filter.model_dump()) if body.filter else None
    return {"fan_ids": body.fan_ids, "wanted": wanted, "raw": body.rule}


async def _page(tx: Tx) -> TagPage:
    counts = await queries.wearers(tx)
    codes: dict[int, list[TagCode]] = {}
    for tag_id, code_id, name in await queries.tag_codes(tx):
        codes.setdefault(tag_id, []).append(TagCode(code_id=code_id, name=name))
    rules: dict[int, list[TagRuleOut]] = {}
    for rule in await queries.tag_rules(tx):
        rules.setdefault(rule.tag_id, []).append(TagRuleOut.model_validate(rule))
    sync = await queries.last_sync(tx)
    return TagPage(
        tags=[
            TagOut(
                id=tag.id,
                name=tag.name,
                group_name=tag.group_name,
                shared=tag.shared,
                platform_id=tag.platform_id,
                trouble=tag.trouble,
                fans=counts.get(tag.id, 0),
                codes=codes.get(tag.id, []),
                rules=rules.get(tag.id, []),
            )
            for tag in await queries.tags(tx)
        ],
        sync=_sync(sync) if sync else None,
    )


def _sync(one: TagSync) -> TagSyncOut:
    return TagSyncOut(
        id=one.id,
        state=one.state,
        left=len(one.todo.get("tags", [])),
        read=one.read,
        added=one.added,
        removed=one.removed,
        unknown=one.unknown,
        trouble=one.trouble,
        started_at=one.started_at,
        ended_at=one.ended_at,
    )


async def _worn(tx: Tx, fan_id: int) -> list[TaggingOut]:
    person, _ = await queries.one_fan(tx, fan_id)
    found = await queries.taggings(tx, [person.id])
    named = await staff_briefs(tx, {one.staff_id for one, _ in found if one.staff_id})
    return [
        TaggingOut(
            tag_id=tag.id,
            name=tag.name,
            group_name=tag.group_name,
            author=one.author,
            staff_name=named[one.staff_id].name if one.staff_id in named else "",
            reason=one.reason,
            at=one.at,
            expires_at=one.expires_at,
        )
        for one, tag in found
    ]


async def _bulks(tx: Tx, found: list[Bulk]) -> list[BulkOut]:
    tags = {tag.id: tag.name for tag in await queries.tags(tx)}
    lists = {one.id: one.name for one in await queries.saved_segments(tx, archived=True)}
    given = {int(one.args["owner_staff_id"]) for one in found if one.args.get("owner_staff_id")}
    owners = {number: one.name for number, one in (await staff_briefs(tx, given)).items()}

    def what(one: Bulk) -> str:
        args: dict[str, Any] = one.args
        return (
            tags.get(args.get("tag_id", 0))
            or lists.get(args.get("segment_id", 0))
            or owners.get(args.get("owner_staff_id") or 0, "")
        )

    return [
        BulkOut(
            id=one.id,
            deed=one.deed,
            what=what(one),
            state=one.state,
            total=one.total,
            done=one.done,
            changed=one.changed,
            trouble=one.trouble,
            staff_name=one.staff_name,
            created_at=one.created_at,
            ended_at=one.ended_at,
        )
        for one in found
    ]
