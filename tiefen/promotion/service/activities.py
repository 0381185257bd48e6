"""Promotions from draft to published to ended, and the stacking groups they stand in.

A published version never changes: saving works on the draft beside it, publishing adds a version.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import delete, select, text

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import (
    BadPromotion,
    GroupInUse,
    NothingToPublish,
    PromotionEdited,
    PromotionMissing,
    PromotionOver,
)
from tiefen.promotion.models import Promotion, PromotionVersion, StackingGroup
from tiefen.promotion.service import book
from tiefen.promotion.service.guarding import need_approval, verdict
from tiefen.promotion.values import Group, Rule, Status
from tiefen.team import service as team

_LEVEL_GROUP = text("UPDATE promotion_book SET level_group_id = :group WHERE id = 1")


async def create(tx: Tx, actor: StaffActor, wanted: Rule) -> Promotion:
    """A new promotion as a draft. Raises BadPromotion."""
    rules.check(wanted, await book.groups(tx))
    made = Promotion(
        kind=wanted.kind,
        status=Status.DRAFT,
        name=wanted.name,
        body=rules.body_of(wanted),
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    await team.record_audit(tx, actor, "promotion.create", _target(made), after=made.body)
    return made


async def save(tx: Tx, actor: StaffActor, promotion_id: int, edits: int, wanted: Rule) -> Promotion:
    """Change the draft opened at `edits`; what is in force stays until it is published.

    Raises PromotionMissing, PromotionEdited, PromotionOver, BadPromotion.
    """
    row = await _locked(tx, promotion_id)
    if row.status is Status.ENDED:
        raise PromotionOver
    if row.edits != edits:
        raise PromotionEdited(field="edits")
    wanted = replace(wanted, kind=row.kind)
    rules.check(wanted, await book.groups(tx))
    before, row.body = row.body, rules.body_of(wanted)
    row.name = wanted.name
    row.changed = True
    row.edits += 1
    row.updated_at = tx.now
    await team.record_audit(
        tx, actor, "promotion.save", _target(row), before=before, after=row.body
    )
    return row


async def publish(tx: Tx, actor: StaffActor, promotion_id: int, because: str) -> Promotion:
    """Put the draft in force as a new version.

    A promotion that may lose money is refused, unless somebody with the right to gives a reason.
    Raises LosesMoney, ApprovalForbidden, NothingToPublish, PromotionOver, BadPromotion.
    """
    row = await _locked(tx, promotion_id)
    if row.status is Status.ENDED:
        raise PromotionOver
    if not row.changed:
        raise NothingToPublish
    wanted = draft_rule(row)
    rules.check(wanted, await book.groups(tx))
    found = await verdict(tx, wanted)
    if found.below:
        need_approval(actor, found, because)
    row.version += 1
    row.status = Status.PUBLISHED
    row.changed = False
    row.updated_at = tx.now
    tx.add(
        PromotionVersion(
            promotion_id=row.id,
            version=row.version,
            body=row.body,
            published_at=tx.now,
            published_by=actor.id,
            floor_fen=found.floor_fen,
            approved_because=because if found.below else "",
        )
    )
    await book.bump(tx)
    await team.record_audit(
        tx,
        actor,
        "promotion.publish",
        _target(row),
        after={"version": row.version, "floor_fen": found.floor_fen, "below_cost": found.below},
        reason=because if found.below else "",
    )
    return row


async def end(tx: Tx, actor: StaffActor, promotion_id: int) -> Promotion:
    """Take a promotion out of force for good; orders keep what they got. Twice is no error."""
    row = await _locked(tx, promotion_id)
    if row.status is Status.ENDED:
        return row
    if row.status is Status.DRAFT:
        raise PromotionOver
    row.status = Status.ENDED
    row.ended_at = row.updated_at = tx.now
    await book.bump(tx)
    await team.record_audit(
        tx, actor, "promotion.end", _target(row), after={"version": row.version}
    )
    return row


async def copy(tx: Tx, actor: StaffActor, promotion_id: int) -> Promotion:
    """A new draft with the same text."""
    row = await tx.get(Promotion, promotion_id)
    if row is None:
        raise PromotionMissing
    wanted = draft_rule(row)
    return await create(tx, actor, replace(wanted, name=f"{wanted.name[:36]} 副本"))


async def save_groups(
    tx: Tx, actor: StaffActor, wanted: Sequence[Group], level_group_id: int | None = None
) -> tuple[Group, ...]:
    """Make the stacking groups these, in this order; id 0 is a new one. `level_group_id`: where
    level prices stand; None, or a group that goes: the first that looks at items.

    Raises GroupInUse when a group goes, or changes what it decides on, while promotions stand in it.
    """
    before = await book.groups(tx)
    named = [group.id for group in wanted if group.id]
    if len(set(named)) < len(named) or set(named) - {group.id for group in before}:
        raise BadPromotion(
            field="groups", why_zh="叠加组有重复或已不存在，请刷新", why_en="reload the groups"
        )
    taken = max((group.id for group in (*before, *wanted)), default=0)
    kept = []
    for group in wanted:
        taken += group.id == 0
        kept.append(group if group.id else replace(group, id=taken))
    await _check_groups(tx, before, kept)
    await tx.execute(delete(StackingGroup))
    tx.add_all(
        StackingGroup(
            id=group.id, position=place, name=group.name, target=group.target, mode=group.mode
        )
        for place, group in enumerate(kept)
    )
    await tx.flush()
    await book.bump(tx)
    await tx.execute(_LEVEL_GROUP, {"group": level_group_id})
    await team.record_audit(
        tx,
        actor,
        "promotion.save_groups",
        "stacking_groups",
        before={"groups": [_group(group) for group in before]},
        after={
            "groups": [_group(group) for group in kept],
            "level_group": rules.level_group(kept, level_group_id).name,
        },
    )
    return tuple(kept)


def draft_rule(row: Promotion) -> Rule:
    """The text staff work on, as the rule it would be when published."""
    return rules.rule_of(row.id, row.version + 1, row.body)


async def _check_groups(tx: Tx, before: Sequence[Group], kept: Sequence[Group]) -> None:
    """Every standing promotion must still make sense in the groups as they will be."""
    now = {group.id: group for group in kept}
    rows = await tx.scalars(select(Promotion).where(Promotion.status != Status.ENDED))
    standing = [(row.name, draft_rule(row)) for row in rows]
    standing += [(rule.name, rule) for rule in await book.published(tx)]
    for name, rule in standing:
        for group in before:
            after = now.get(group.id)
            gone = after is None or after.target is not group.target
            if rule.group_id == group.id and gone:
                raise GroupInUse(name=group.name, promotion=name)


async def _locked(tx: Tx, promotion_id: int) -> Promotion:
    row = await tx.get(Promotion, promotion_id, with_for_update=True)
    if row is None:
        raise PromotionMissing
    return row


def _target(row: Promotion) -> str:
    return f"promotion:{row.id}"


def _group(group: Group) -> list[object]:
    return [group.id, group.name, group.target.value, group.mode.value]
