"""Coupons given by staff to many fans: batch by batch, each a commit, each fan once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.promotion.errors import (
    CouponEnded,
    CouponGone,
    GiftMissing,
    NobodyThere,
    TemplateMissing,
)
from tiefen.promotion.models import CouponGift, CouponTemplate
from tiefen.promotion.service.issuing import window
from tiefen.promotion.values import GiftState, TemplateStatus
from tiefen.team import service as team

GIVE = "promotion.give_coupons"
AT_ONCE = 500
_GIVE = text(
    """
    INSERT INTO coupon (template_id, fan_id, status, way, key, reason, received_at, starts_at,
        ends_at, saved_fen, returned_from, revoked)
    SELECT :template, f.fan_id, 'held', 'staff', 'gift:' || :gift || ':' || f.fan_id, :reason,
        :now, :starts, :ends, 0, '', false
    FROM (
        SELECT fan_id FROM unnest(CAST(:fans AS bigint[])) AS u(fan_id)
        WHERE NOT :skip OR NOT EXISTS (SELECT FROM coupon c WHERE c.template_id = :template
            AND c.fan_id = u.fan_id AND c.status = 'held' AND c.ends_at > :now)
        ORDER BY fan_id LIMIT :left
    ) f
    ON CONFLICT (key) DO NOTHING RETURNING id
    """
)
_COUNT = text("UPDATE coupon_template SET issued = issued + :given WHERE id = :template")


async def start_gift(
    tx: Tx, actor: StaffActor, template_id: int, audience: Mapping[str, Any], reason: str
) -> CouponGift:
    """Give one coupon each to the picked fans, or to all whom a rule finds.

    Raises TemplateMissing, CouponEnded, NobodyThere, and what the rule's reading raises.
    """
    row = await tx.get(CouponTemplate, template_id)
    if row is None:
        raise TemplateMissing
    if row.status is not TemplateStatus.OPEN:
        raise CouponEnded(name=row.name)
    picked = audience.get("fan_ids")
    total = len(picked) if picked is not None else await fans.audience_size(tx, audience["rule"])
    if not total:
        raise NobodyThere(field="fan_ids")
    gift = CouponGift(
        template_id=row.id,
        state=GiftState.RUNNING,
        audience=dict(audience),
        reason=reason,
        total=total,
        staff_id=actor.id,
        staff_name=actor.name,
        created_at=tx.now,
    )
    tx.add(gift)
    await tx.flush()
    later(tx, GIVE, gift_id=gift.id)
    await team.record_audit(
        tx,
        actor,
        "promotion.give_coupons",
        f"coupon_template:{row.id}",
        after={"gift_id": gift.id, "fans": total},
        reason=reason,
    )
    return gift


async def stop_gift(tx: Tx, actor: StaffActor, gift_id: int) -> CouponGift:
    """Stop after the present batch; who has one keeps it. Raises GiftMissing."""
    gift = await _locked(tx, gift_id)
    if gift.state is GiftState.RUNNING:
        gift.state, gift.ended_at = GiftState.STOPPED, tx.now
        await team.record_audit(
            tx, actor, "promotion.stop_gift", f"coupon_template:{gift.template_id}"
        )
    return gift


async def give_batch(tx: Tx, gift_id: int) -> None:
    """The next five hundred fans, and the next job; a kill loses and repeats nothing."""
    gift = await _locked(tx, gift_id)
    if gift.state is not GiftState.RUNNING:
        return
    try:
        piece = await _next(tx, gift)
        given = await _give(tx, gift, piece)
    except Refusal as refusal:  # all gone, ended, or the tag of the rule is no more
        gift.trouble = refusal.message("zh")
        gift.state, gift.ended_at = GiftState.FAILED, tx.now
        return
    gift.given += given
    gift.done += len(piece)
    gift.place = piece[-1] if piece else gift.place
    if len(piece) < AT_ONCE:
        gift.state, gift.ended_at = GiftState.DONE, tx.now
    else:
        later(tx, GIVE, gift_id=gift.id)


async def _next(tx: Tx, gift: CouponGift) -> list[int]:
    picked = gift.audience.get("fan_ids")
    if picked is not None:
        return [one for one in picked if one > gift.place][:AT_ONCE]
    return await fans.audience(tx, gift.audience["rule"], gift.place, AT_ONCE)


async def _give(tx: Tx, gift: CouponGift, piece: list[int]) -> int:
    """One each to `piece`, as long as there are any. Raises CouponEnded, CouponGone."""
    row = await tx.get(
        CouponTemplate, gift.template_id, with_for_update=True, populate_existing=True
    )
    if (
        row is None
        or row.status is not TemplateStatus.OPEN
        or (row.ends_at and row.ends_at <= tx.now)
    ):
        raise CouponEnded(name=row.name if row else "")
    spent = row.budget_fen and row.spent_fen >= row.budget_fen
    left = row.stock - row.issued if row.stock else len(piece)
    if spent or (left <= 0 and piece):
        raise CouponGone(name=row.name)
    starts, ends = window(row, tx.now)
    made = await tx.execute(
        _GIVE,
        {
            "template": row.id,
            "gift": str(gift.id),
            "reason": gift.reason,
            "fans": piece,
            "skip": bool(gift.audience.get("skip_holders")),
            "left": left,
            "now": tx.now,
            "starts": starts,
            "ends": ends,
        },
    )
    given = len(made.all())
    if row.stock and given == left and given < len(piece):
        gift.trouble = CouponGone(name=row.name).message("zh")  # some of them go without
    await tx.execute(_COUNT, {"given": given, "template": row.id})
    return given


async def _locked(tx: Tx, gift_id: int) -> CouponGift:
    gift = await tx.scalar(select(CouponGift).where(CouponGift.id == gift_id).with_for_update())
    if gift is None:
        raise GiftMissing
    return gift
