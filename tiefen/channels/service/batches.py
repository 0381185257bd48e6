"""Many codes at once: making them, having the platform draw them at its own pace, changing them."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import rules
from tiefen.channels.errors import BatchMissing, CodeMissing, NamesTaken, OwnerMissing
from tiefen.channels.events import CodeSaved
from tiefen.channels.models import ChannelCode, CodeBatch, FormerOwner
from tiefen.channels.service.codes import Drawn, Wanted, check_wish, columns, draw_code, drawn
from tiefen.channels.service.costs import book_first
from tiefen.channels.values import SCENE_PREFIX, BatchState, CodeState, CodeWish, Line
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit, staff_briefs
from tiefen.wechat.errors import ApiError, Retry

MINT_BATCH = "channels.mint_batch"
AT_ONCE = 40
"""Codes drawn between two looks at the batch."""
BESIDE = 4
"""Calls to the platform at one time: other messages of the merchant use the same allowance."""
PAUSES = {Retry.BUSY: timedelta(minutes=1), Retry.TOMORROW: timedelta(hours=6)}
PAUSE = timedelta(minutes=5)
SHOWN = 20
"""Taken names that are told."""


async def create_batch(tx: Tx, actor: StaffActor, lines: Sequence[Line], wish: CodeWish) -> int:
    """Make up to a thousand codes in one commit, all or none; a job has them drawn.

    Raises NamesTaken, OwnerMissing, ValidityMalformed, WelcomeTooLong, PermanentSpent.
    """
    await _check_owners(tx, [wish.owner_staff_id, *(line.owner_staff_id for line in lines)])
    await check_wish(tx, wish, len(lines))
    await _check_names(tx, [line.name for line in lines])
    batch = CodeBatch(
        kind=wish.kind,
        lifetime=wish.lifetime,
        total=len(lines),
        state=BatchState.MAKING,
        staff_id=actor.id,
        staff_name=actor.name,
        created_at=tx.now,
    )
    tx.add(batch)
    await tx.flush()
    common = {**columns(wish), "batch_id": batch.id, "created_at": tx.now}
    rows = [
        {
            **common,
            "name": line.name,
            "owner_staff_id": line.owner_staff_id or wish.owner_staff_id,
            "cost_fen": wish.cost_fen if line.cost_fen is None else line.cost_fen,
            "scene": SCENE_PREFIX + ids.token(12),
        }
        for line in lines
    ]
    made = await _insert(tx, rows)
    await book_first(tx, actor, made, rules.day_of_cost(wish.starts_at, tx.now))
    later(tx, MINT_BATCH, batch_id=batch.id, key=f"batch:{batch.id}")
    after = {"codes": len(lines), "kind": wish.kind.value, "first": lines[0].name}
    await record_audit(
        tx, actor, "channels.batch_created", f"channel_batch:{batch.id}", after=after
    )
    return batch.id


async def mint_batch(db: Db, merchant: str, batch_id: int) -> None:
    """Have the next codes of a batch drawn, then come back for more; safe to repeat.

    What the platform refuses is kept on the batch, which goes on after a pause.
    """
    async with db.merchant(merchant) as tx:
        batch = await _locked(tx, batch_id)
        if batch.state is not BatchState.MAKING:
            return
        waiting = await tx.execute(
            select(
                ChannelCode.id,
                ChannelCode.form,
                ChannelCode.scene,
                ChannelCode.page,
                ChannelCode.lifetime,
            )
            .where(
                ChannelCode.batch_id == batch_id,
                ChannelCode.state == CodeState.PENDING,
                ChannelCode.archived_at.is_(None),
            )
            .order_by(ChannelCode.id)
            .limit(AT_ONCE)
        )
        piece = [Wanted(*row) for row in waiting]
    tickets, refusal = await _draw(db, merchant, piece)
    async with db.merchant(merchant) as tx:
        batch = await _locked(tx, batch_id)
        for code_id, ticket in sorted(tickets.items()):
            await drawn(tx, code_id, ticket)
        if batch.state is not BatchState.MAKING:
            return
        batch.failure, batch.resumes_at = "", None
        if refusal:
            batch.failure = refusal.message("zh")[:200]
            batch.resumes_at = tx.now + _pause(refusal)
        elif len(piece) < AT_ONCE:
            batch.state, batch.ended_at = BatchState.DONE, tx.now
            return
        later(tx, MINT_BATCH, batch_id=batch_id, run_at=batch.resumes_at)


async def resume_batch(tx: Tx, actor: StaffActor, batch_id: int) -> None:
    """Ask the platform at once rather than after the pause. Raises BatchMissing."""
    batch = await _locked(tx, batch_id)
    if batch.state is BatchState.MAKING:
        batch.resumes_at = None
        later(tx, MINT_BATCH, batch_id=batch_id, key=f"batch:{batch_id}")
        await record_audit(tx, actor, "channels.batch_resumed", f"channel_batch:{batch_id}")


async def stop_batch(tx: Tx, actor: StaffActor, batch_id: int) -> None:
    """Draw no more: what is drawn stays, what is not goes to the archive. Raises BatchMissing."""
    batch = await _locked(tx, batch_id)
    if batch.state is not BatchState.MAKING:
        return
    batch.state, batch.ended_at, batch.resumes_at = BatchState.STOPPED, tx.now, None
    await tx.execute(
        update(ChannelCode)
        .where(
            ChannelCode.batch_id == batch_id,
            ChannelCode.state == CodeState.PENDING,
            ChannelCode.archived_at.is_(None),
        )
        .values(archived_at=tx.now)
    )
    await record_audit(tx, actor, "channels.batch_stopped", f"channel_batch:{batch_id}")


async def edit_codes(
    tx: Tx, actor: StaffActor, code_ids: Sequence[int], changes: Mapping[str, Any]
) -> int:
    """Change up to a thousand codes alike, all or none: any of owner_staff_id, welcome,
    late_words, tags, note, starts_at, ends_at, archived. Returns how many.

    Raises CodeMissing, NamesTaken, OwnerMissing, ValidityMalformed, WelcomeTooLong.
    """
    found = await tx.scalars(
        select(ChannelCode)
        .where(ChannelCode.id.in_(code_ids))
        .order_by(ChannelCode.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    codes = list(found)
    if len(codes) < len(set(code_ids)):
        raise CodeMissing
    wanted = rules.wanted(changes, tx.now)
    rules.check_welcome(wanted.get("welcome", ""))
    rules.check_welcome(wanted.get("late_words", ""), "late_words")
    await _check_owners(tx, [wanted.get("owner_staff_id")])
    if "archived_at" in wanted and wanted["archived_at"] is None:
        back = [code for code in codes if code.archived_at is not None]
        await _check_names(tx, [code.name for code in back])
    for code in codes:
        rules.check_validity(
            wanted.get("starts_at", code.starts_at), wanted.get("ends_at", code.ends_at)
        )
        if "owner_staff_id" in wanted and wanted["owner_staff_id"] != code.owner_staff_id:
            former = FormerOwner(code_id=code.id, owner_staff_id=code.owner_staff_id, until=tx.now)
            tx.add(former)
        for name, value in wanted.items():
            setattr(code, name, value)
        saved = CodeSaved(
            code.id, code.name, code.kind.value, code.owner_staff_id, tx.now, tuple(code.tags)
        )
        publish(tx, saved, aggregate=f"channel_code:{code.id}")
    after = {name: str(value) for name, value in wanted.items()} | {"codes": len(codes)}
    await record_audit(tx, actor, "channels.codes_edited", "channel_codes", after=after)
    return len(codes)


async def _insert(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Write the codes, in one statement, and tell of each; what each cost. Raises NamesTaken."""
    made = await tx.execute(
        insert(ChannelCode)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["name"], index_where=text("archived_at IS NULL"))
        .returning(
            ChannelCode.id, ChannelCode.name, ChannelCode.owner_staff_id, ChannelCode.cost_fen
        )
    )
    codes = made.all()
    if len(codes) < len(rows):  # somebody took a name since we looked
        there = {code.name for code in codes}
        raise _taken([row["name"] for row in rows if row["name"] not in there])
    kind, tags = rows[0]["kind"].value, tuple(rows[0]["tags"])
    for code in codes:
        saved = CodeSaved(code.id, code.name, kind, code.owner_staff_id, tx.now, tags)
        publish(tx, saved, aggregate=f"channel_code:{code.id}")
    return [(code.id, code.cost_fen) for code in codes]


async def _draw(
    db: Db, merchant: str, piece: Sequence[Wanted]
) -> tuple[dict[int, Drawn], Refusal | None]:
    """What was drawn of these codes, a few calls at a time; after a refusal no further call begins."""
    tickets: dict[int, Drawn] = {}
    refused: list[Refusal] = []
    left = list(reversed(piece))

    async def draw() -> None:
        while left and not refused:
            wanted = left.pop()
            try:
                tickets[wanted.id] = await draw_code(db, merchant, wanted)
            except Refusal as refusal:
                refused.append(refusal)

    await asyncio.gather(*(draw() for _ in range(BESIDE)))
    return tickets, refused[0] if refused else None


def _pause(refusal: Refusal) -> timedelta:
    return PAUSES.get(refusal.retry, PAUSE) if isinstance(refusal, ApiError) else PAUSE


async def _locked(tx: Tx, batch_id: int) -> CodeBatch:
    batch = await tx.scalar(
        select(CodeBatch)
        .where(CodeBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise BatchMissing
    return batch


async def _check_owners(tx: Tx, staff_ids: Sequence[int | None]) -> None:
    wanted = {one for one in staff_ids if one is not None}
    if wanted:
        known = await staff_briefs(tx, wanted)
        if any(one not in known or not known[one].active for one in wanted):
            raise OwnerMissing(field="owner_staff_id")


async def _check_names(tx: Tx, names: Sequence[str]) -> None:
    """A friendlier answer than the unique index, which decides."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    taken = await tx.scalars(
        select(ChannelCode.name).where(
            ChannelCode.name.in_(names), ChannelCode.archived_at.is_(None)
        )
    )
    bad = list(dict.fromkeys([*twice, *taken]))
    if bad:
        raise _taken(bad)


def _taken(names: Sequence[str]) -> NamesTaken:
    shown = "、".join(names[:SHOWN]) + ("…" if len(names) > SHOWN else "")
    return NamesTaken(count=len(names), names=shown, field="lines")
