"""Routes of segments: the rule book, live counts, members, why, export."""

import csv
import io
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from tiefen.fans import queries, rules, service
from tiefen.fans.http.people import rows_of
from tiefen.fans.models import Segment
from tiefen.fans.schemas import (
    DeedOut,
    FieldOut,
    ListChanged,
    ListPatch,
    MemberOut,
    NodeOut,
    RuleBook,
    RuleCount,
    RuleOnly,
    SegmentIn,
    SegmentOut,
    SegmentPatch,
    SubjectOut,
    WhyOut,
)
from tiefen.fans.values import AttributeKind, FactKind, RfmGroup, SegmentState, Stage, Verdict
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db
from tiefen.kernel.http import (
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Page,
    PathId,
    TxDep,
    last_id,
    paged,
)
from tiefen.kernel.limits import table_taken
from tiefen.kernel.money import yuan_cell
from tiefen.kernel.routing import Routes
from tiefen.kernel.text import plain_cell
from tiefen.team.values import Permission

SAMPLE = 5
EXPORT_PAGE = 1_000
BOM = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""
_HEAD = [
    "编号",
    "昵称",
    "阶段",
    "关注",
    "来源",
    "订单",
    "实付(元)",
    "最近活跃",
    "加入人群",
    "标签",
    "负责人",
]
_STAGES = {
    Stage.VISITOR: "访客",
    Stage.FOLLOWER: "关注者",
    Stage.CUSTOMER: "客户",
    Stage.USER: "用户",
    Stage.FAN: "粉丝",
    Stage.CORE: "铁粉",
    Stage.LOST: "流失",
}

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
Exporter = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE, outward=True))]


@console.get("/segments/rule-book", operation_id="getRuleBook")
async def rule_book(tx: TxDep, _: Reader) -> RuleBook:
    """Everything a rule can be made of here."""
    sources = {one.kind for one in await queries.sources(tx)}
    words: dict[str, list[str]] = {
        "stage": list(Stage),
        "source_kind": sorted(sources),
        "rfm_group": list(RfmGroup),
    }
    fields = [
        FieldOut(
            field=name,
            type=kind,
            ops=sorted(rules.OPS[kind]),
            label="",
            kind=None,
            options=words.get(name, []),
        )
        for name, kind in rules.FIELDS.items()
    ]
    fields += [
        FieldOut(
            field=f"attribute:{row.key}",
            type=rules.TYPES[row.kind],
            ops=sorted(rules.OPS[rules.TYPES[row.kind]]),
            label=row.label,
            kind=row.kind,
            options=row.options if row.kind is not AttributeKind.TEXT else [],
        )
        for row in await queries.attributes(tx)
        if not row.personal
    ]
    deeds = []
    for fact in FactKind:
        found = await queries.topics_of(tx, fact)
        subjects = [SubjectOut(subject=one.subject, name=one.name) for one in found]
        deeds.append(DeedOut(fact=fact, subjects=subjects))
    return RuleBook(fields=fields, deeds=deeds)


@console.post("/segments/count", operation_id="countRule")
async def count(body: RuleOnly, tx: TxDep, _: Reader) -> RuleCount:
    """How many fans a rule holds for now, and the newest of them; `quick` may answer by a sample."""
    rule = await service.read_rule(tx, body.rule)
    counting = queries.quick_count if body.quick else queries.full_count
    began = time.monotonic()
    found = await counting(tx, rule, show=SAMPLE)
    took = time.monotonic() - began
    return RuleCount(
        fans=found.of.fans,
        exact=found.of.exact,
        low=found.of.low,
        high=found.of.high,
        everyone=await queries.everyone(tx),
        milliseconds=int(took * 1000),
        sample=await rows_of(tx, await queries.fans_by_id(tx, found.newest)),
    )


@console.get("/segments", operation_id="listSegments")
async def list_segments(
    tx: TxDep, _: Reader, archived: Annotated[bool, Query()] = False
) -> list[SegmentOut]:
    """All segments, the newest first."""
    return [_out(one) for one in await queries.saved_segments(tx, archived=archived)]


@console.post("/segments", operation_id="saveSegment", status_code=201)
async def save(body: SegmentIn, tx: TxDep, actor: Writer) -> SegmentOut:
    """A new segment; a rule's members are found by a job."""
    made = await service.save_segment(
        tx, actor, name=body.name, note=body.note, raw=body.rule, fan_ids=body.fan_ids
    )
    await tx.flush()
    return _out(made)


@console.get("/segments/{segment_id}", operation_id="getSegment")
async def get_segment(segment_id: PathId, tx: TxDep, _: Reader) -> SegmentOut:
    """One segment."""
    return _out(await queries.one_segment(tx, segment_id))


@console.patch("/segments/{segment_id}", operation_id="editSegment")
async def edit(segment_id: PathId, body: SegmentPatch, tx: TxDep, actor: Writer) -> SegmentOut:
    """Change a segment; another rule is filled anew."""
    changed = await service.edit_segment(tx, actor, segment_id, body.model_dump(exclude_none=True))
    return _out(changed)


@console.get("/segments/{segment_id}/members", operation_id="listMembers")
async def members(
    segment_id: PathId, tx: TxDep, _: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberOut]:
    """Who is in, the newest fans first."""
    await queries.one_segment(tx, segment_id)
    found = await queries.members(tx, segment_id, after=last_id(cursor), limit=limit)
    shown = found[:limit]
    people = await queries.fans_by_id(tx, [fan_id for fan_id, _since in shown])
    since = dict(shown)
    items = [
        MemberOut(**row.model_dump(), since=since[row.id]) for row in await rows_of(tx, people)
    ]
    return paged(items, found, limit, lambda one: (one[0],))


@console.put("/segments/{segment_id}/members", operation_id="listByHand")
async def list_by_hand(
    segment_id: PathId, body: ListPatch, tx: TxDep, actor: Writer
) -> ListChanged:
    """Put fans on a list kept by hand, or take them off; unknown ids are left out."""
    changed = await service.list_by_hand(tx, actor, segment_id, body.fan_ids, there=body.there)
    return ListChanged(changed=changed)


@console.get("/segments/{segment_id}/why/{fan_id}", operation_id="whyInSegment")
async def why(segment_id: PathId, fan_id: PathId, tx: TxDep, _: Reader) -> WhyOut:
    """Why a fan is in, or not: each node of the rule, judged now."""
    segment = await queries.one_segment(tx, segment_id)
    person, _source = await queries.one_fan(tx, fan_id)
    picture = await queries.picture(tx, person)
    verdict = None
    if segment.rule is not None:
        rule = await service.read_rule(tx, segment.rule)
        verdict = _node(rules.judge(rule, picture, day_of(tx.now)))
    return WhyOut(inside=segment_id in picture.segments, node=verdict)


@console.post(
    "/segments/{segment_id}/export",
    operation_id="exportSegment",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export(
    segment_id: PathId, db: DbDep, merchant: MerchantDep, actor: Exporter
) -> StreamingResponse:
    """The members as a table for Excel; who took it is audited. No personal data is in it."""
    table_taken(merchant, actor)
    async with db.merchant(merchant) as tx:
        segment = await queries.one_segment(tx, segment_id)
        await service.note_export(tx, actor, segment)
    headers = {"Content-Disposition": f'attachment; filename="segment-{segment_id}.csv"'}
    return StreamingResponse(
        _table(db, merchant, segment_id), media_type="text/csv; charset=utf-8", headers=headers
    )


async def _table(db: Db, merchant: str, segment_id: int) -> AsyncIterator[str]:
    yield BOM + _csv([_HEAD])
    after: int | None = None
    while True:
        async with db.merchant(merchant) as tx:
            found = await queries.members(tx, segment_id, after=after, limit=EXPORT_PAGE)
            page = found[:EXPORT_PAGE]
            people = await queries.fans_by_id(tx, [fan_id for fan_id, _ in page])
            rows = await rows_of(tx, people)
        since = dict(page)
        yield _csv(
            [
                [
                    str(row.id),
                    row.name,
                    _STAGES[row.stage],
                    "是" if row.following else "否",
                    row.source.name if row.source else "",
                    str(row.orders),
                    yuan_cell(row.paid_fen),
                    day_of(row.last_seen_at).isoformat(),
                    day_of(since[row.id]).isoformat(),
                    " ".join(tag.name for tag in row.tags),
                    row.owner.name if row.owner else "",
                ]
                for row in rows
            ]
        )
        if len(found) <= EXPORT_PAGE:
            return
        after = page[-1][0]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([plain_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _node(verdict: Verdict) -> NodeOut:
    return NodeOut(
        path=verdict.path,
        holds=verdict.holds,
        have=verdict.have,
        nodes=[_node(one) for one in verdict.nodes],
    )


def _out(one: Segment) -> SegmentOut:
    return SegmentOut(
        id=one.id,
        name=one.name,
        note=one.note,
        kind=one.kind,
        rule=one.rule,
        state=SegmentState(one.state),
        members=one.members,
        moves=one.moves,
        trouble=one.trouble,
        refreshed_at=one.refreshed_at,
        created_at=one.created_at,
        archived=one.archived_at is not None,
    )
