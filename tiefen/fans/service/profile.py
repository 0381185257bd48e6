"""What is known about a fan: the profile, sealed personal data, names for other rooms."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from tiefen.fans import queries
from tiefen.fans.errors import NothingToReveal
from tiefen.fans.models import Fan, Member, Source
from tiefen.fans.rules import clean_phone, display_name
from tiefen.fans.service import shown
from tiefen.fans.service.attaching import look_for_past
from tiefen.fans.service.facts import note_change
from tiefen.fans.service.timeline import add_line, hold, lock_person, record
from tiefen.fans.values import (
    FanBrief,
    Happening,
    PersonalField,
    QuietFan,
    Stage,
    StageCount,
    TradeFacts,
)
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit


async def edit_profile(tx: Tx, fan_id: int, changes: Mapping[str, Any]) -> None:
    """What a fan says about themselves: nickname, avatar_url, phone, real_name.

    Raises FanMissing, PhoneMalformed.
    """
    person, record = await hold(tx, fan_id)
    told = {name: value for name, value in changes.items() if value is not None}
    if "phone" in told:
        told["phone"] = clean_phone(told["phone"])
    for name, value in told.items():
        shown.say(person, record, name, value)
    if told:
        data = {"fields": sorted(told), "by": "fan"}
        kind = Happening.PROFILE
        await add_line(tx, person, kind, ids.token(9), by=record.id, at=tx.now, data=data)
    if "phone" in told:
        await tx.flush()
        await look_for_past(tx, [person.id])


async def edit_remark(tx: Tx, actor: StaffActor, fan_id: int, remark: str) -> None:
    """What staff note about a fan. Raises FanMissing."""
    person = await lock_person(tx, fan_id)
    before = len(person.remark)
    shown.say(person, person, "remark", remark)
    await record_audit(  # the words themselves may be personal, and the log is for ever
        tx,
        actor,
        "fans.remarked",
        f"fan:{person.id}",
        {"characters": before},
        {"characters": len(remark)},
    )


async def reveal(tx: Tx, actor: StaffActor, fan_id: int, field: PersonalField, reason: str) -> str:
    """One personal field in clear, audited. Raises FanMissing, NothingToReveal."""
    person = await lock_person(tx, fan_id)
    value: str | None = getattr(person, field.value)
    if not value:
        raise NothingToReveal
    await record_audit(
        tx,
        actor,
        "fans.revealed",
        f"fan:{person.id}",
        after={"field": field.value},
        reason=reason,
    )
    return value


async def brief(tx: Tx, fan_ids: Iterable[int]) -> dict[int, FanBrief]:
    """What other rooms show of fans, by the id they asked with; one statement."""
    wanted = set(fan_ids)
    if not wanted:
        return {}
    living = aliased(Fan)
    rows = await tx.execute(
        select(
            Fan.id.label("asked"),
            living.id,
            living.nickname,
            living.avatar_url,
            living.stage,
            Source.name.label("source"),
        )
        .join(living, living.id == func.coalesce(Fan.merged_into, Fan.id))
        .outerjoin(Source, Source.code_id == living.source_code_id)
        .where(Fan.id.in_(wanted))
    )
    return {
        row.asked: FanBrief(
            id=row.id,
            name=display_name(row.id, row.nickname),
            avatar_url=row.avatar_url,
            stage=row.stage,
            source=row.source or "",
        )
        for row in rows
    }


async def standings(
    tx: Tx, fan_ids: Iterable[int], segment_ids: Iterable[int]
) -> dict[int, tuple[str, frozenset[int]]]:
    """Each fan's stage and which of these segments they are in, by the id asked with; one statement."""
    living = aliased(Fan)
    inside = (
        select(func.array_agg(Member.segment_id))
        .where(Member.fan_id == living.id, Member.segment_id.in_(set(segment_ids)))
        .scalar_subquery()
    )
    rows = await tx.execute(
        select(Fan.id, living.stage, inside)
        .join(living, living.id == func.coalesce(Fan.merged_into, Fan.id))
        .where(Fan.id.in_(set(fan_ids)))
    )
    return {asked: (stage.value, frozenset(found or ())) for asked, stage, found in rows}


async def trade_facts(tx: Tx, fan_ids: Iterable[int]) -> dict[int, TradeFacts]:
    """When fans joined and how often they bought, by the id they were asked with; one statement."""
    living = aliased(Fan)
    rows = await tx.execute(
        select(Fan.id, living.joined_at, living.orders - living.whole_refunds)
        .join(living, living.id == func.coalesce(Fan.merged_into, Fan.id))
        .where(Fan.id.in_(set(fan_ids)))
    )
    return {asked: TradeFacts(joined_at, orders) for asked, joined_at, orders in rows}


async def stage_counts(tx: Tx) -> list[StageCount]:
    """How many fans stand where, all stages named."""
    rows = await tx.execute(
        select(Fan.stage, func.count()).where(Fan.merged_into.is_(None)).group_by(Fan.stage)
    )
    counted: dict[Stage, int] = {row[0]: row[1] for row in rows}
    return [StageCount(stage, counted.get(stage, 0)) for stage in Stage]


async def core_target_bp(tx: Tx) -> int:
    """The share of core fans the merchant aims at, in basis points."""
    _, rules = await queries.current_rules(tx)
    return rules.core_target_bp


async def quiet_fans(
    tx: Tx, *, lost: bool, after: tuple[datetime, int] | None, limit: int
) -> list[QuietFan]:
    """Fans who sleep, or who are lost, the most recently seen first, one more than `limit`."""
    _, rules = await queries.current_rules(tx)
    seen_before = tx.now - timedelta(days=rules.sleeping_days)
    stage = Stage.LOST if lost else None
    found = await queries.quiet(tx, stage, seen_before, after=after, limit=limit)
    return [
        QuietFan(
            id=one.fan.id,
            name=display_name(one.fan.id, one.fan.nickname),
            avatar_url=one.fan.avatar_url,
            stage=one.fan.stage,
            following=one.fan.following,
            last_seen_at=one.fan.last_seen_at,
            orders=one.fan.orders,
            paid_fen=one.fan.paid_fen,
            last_kind=one.last_kind,
            last_at=one.last_at,
        )
        for one in found
    ]


async def name_source(
    tx: Tx, code_id: int, *, name: str, kind: str, owner_staff_id: int | None
) -> None:
    """Keep the name of a channel code for our lists."""
    row = insert(Source).values(
        code_id=code_id, name=name, kind=kind, owner_staff_id=owner_staff_id
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["code_id"],
            set_={
                "name": row.excluded.name,
                "kind": row.excluded.kind,
                "owner_staff_id": row.excluded.owner_staff_id,
            },
        )
    )


async def set_source(tx: Tx, fan_id: int, code_id: int, *, at: datetime) -> None:
    """Channels found where the fan came from first; shown in lists, kept if one is there.

    Whose code it is looks after the fan, unless somebody does already.
    """
    person, record = await hold(tx, fan_id)
    source = await tx.get(Source, code_id)
    owner = source.owner_staff_id if source else None
    if record.source_code_id is None and record is not person:
        record.source_code_id = code_id
        record.owner_staff_id = record.owner_staff_id or owner
    if person.source_code_id is not None:
        if record is person:
            shown.keep(person, "source_code_id", code_id)
            shown.keep(person, "owner_staff_id", owner)
        return
    shown.say(person, record, "source_code_id", code_id)
    if owner is not None and person.owner_staff_id is None:
        shown.say(person, record, "owner_staff_id", owner)
    await add_line(
        tx,
        person,
        Happening.SOURCED,
        f"code:{code_id}",
        by=record.id,
        at=at,
        data={"code_id": code_id, "name": source.name if source else ""},
    )
    await note_change(tx, person.id, ["source"])


async def set_region(tx: Tx, fan_id: int, region_code: str) -> None:
    """Where the fan's newest paid order goes."""
    person, record = await hold(tx, fan_id)
    before = person.region_code
    shown.say(person, record, "region_code", region_code)
    if before != region_code:
        await note_change(tx, person.id, ["person"])


async def look_again(tx: Tx, fan_id: int) -> None:
    """The person's own fields changed, such as the stage: rules look again."""
    person = await lock_person(tx, fan_id)
    await note_change(tx, person.id, ["person"])


def note_visit(tx: Tx, fan_id: int, product_ids: Iterable[int]) -> None:
    """A fan looked at products; a job notes it, once a day and product."""
    for product_id in set(product_ids):
        later(
            tx,
            "fans.visited",
            fan_id=fan_id,
            product_id=product_id,
            at=tx.now.isoformat(),
            key=f"{fan_id}:{product_id}:{day_of(tx.now)}",
        )


async def record_visit(tx: Tx, fan_id: int, product_id: int, at: datetime) -> None:
    """One line of the timeline a day and product."""
    ref = f"product:{product_id}:{day_of(at)}"
    data = {"product_id": product_id}
    await record(tx, fan_id, Happening.VISITED, ref, at=at, data=data)


async def set_contact(
    tx: Tx, fan_id: int, *, wanted: bool, by: StaffActor | None = None, reason: str = ""
) -> None:
    """A fan says whether we may write to them of our own accord, or staff do for them (`by`).

    Answers to what they ask, and news of their orders, are sent all the same. Raises FanMissing.
    """
    person, own = await hold(tx, fan_id)
    if by is not None:
        own = person
    if own.no_contact is not wanted and person.no_contact is not wanted:
        return
    shown.say(person, own, "no_contact", not wanted)
    data = {"wanted": wanted, "by": "staff" if by else "fan", "staff": by.name if by else ""}
    kind = Happening.CONTACT
    await add_line(tx, person, kind, ids.token(9), by=own.id, at=tx.now, data=data)
    if by is not None:
        after = {"wanted": wanted}
        await record_audit(
            tx, by, "fans.contact_set", f"fan:{person.id}", after=after, reason=reason
        )


async def without_contact(tx: Tx, fan_ids: Iterable[int]) -> set[int]:
    """Those of these who asked us not to write to them: what a send of ours must leave out.

    A person of several records is left out when any of them asked.
    """
    living = aliased(Fan)
    rows = await tx.scalars(
        select(Fan.id)
        .join(living, living.id == func.coalesce(Fan.merged_into, Fan.id))
        .where(Fan.id.in_(set(fan_ids)), living.no_contact)
    )
    return set(rows)
