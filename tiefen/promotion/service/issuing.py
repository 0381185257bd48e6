"""Coupons come to fans and go: each verb is one guarded statement on the kind, then the coupon.

The kind's row is taken by `issued = issued + 1 WHERE there is one left`; a coupon's key is unique.
So the last coupon goes to one fan, and what is given twice under one key is given once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import CodeWrong, CouponEnded, CouponGone, CouponLimit, TemplateMissing
from tiefen.promotion.models import CouponTemplate
from tiefen.promotion.values import (
    CouponBrief,
    CouponKind,
    CouponStatus,
    CouponWay,
    TakenBack,
    TemplateStatus,
)
from tiefen.team import service as team

CODE_LENGTH = 12
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are read as one another."""
_TAKE_ONE = text(
    """
    UPDATE coupon_template SET issued = issued + 1
    WHERE id = :template AND status = 'open' AND (stock = 0 OR issued < stock)
        AND (budget_fen = 0 OR spent_fen < budget_fen)
        AND (ends_at IS NULL OR ends_at > :now)
        AND (NOT :claimed OR (claimable AND (claim_from IS NULL OR claim_from <= :now)
            AND (claim_until IS NULL OR claim_until > :now)))
    RETURNING days, starts_at, ends_at
    """
)
"""The guard: one of those that are left."""
_PUT_BACK = text("UPDATE coupon_template SET issued = issued - 1 WHERE id = :template")
_COUNT_FAN = text(
    """
    INSERT INTO coupon_holder AS h (template_id, fan_id, received)
    SELECT id, :fan, 1 FROM coupon_template WHERE id = :template
    ON CONFLICT (template_id, fan_id) DO UPDATE SET received = h.received + 1
    WHERE (SELECT t.per_fan = 0 OR h.received < t.per_fan FROM coupon_template t
        WHERE t.id = h.template_id)
    RETURNING received
    """
)
"""The guard per fan."""
_MAKE = text(
    """
    INSERT INTO coupon (template_id, fan_id, status, way, key, reason, received_at, starts_at,
        ends_at, saved_fen, returned_from, revoked)
    VALUES (:template, :fan, 'held', :way, :key, :reason, :now, :starts, :ends, 0, '', false)
    ON CONFLICT (key) DO NOTHING RETURNING id
    """
)
_BY_KEY = text("SELECT id FROM coupon WHERE key = :key")
_REDEEM = text(
    """
    UPDATE coupon_code SET redeemed = redeemed + 1 WHERE code = :code AND redeemed < most
    RETURNING template_id
    """
)
_TAKE_BACK = text(
    """
    UPDATE coupon SET
        status = CASE WHEN status = 'held' THEN 'taken_back' ELSE status END,
        ended_at = CASE WHEN status = 'held' THEN :now ELSE ended_at END,
        revoked = true
    WHERE key = :key RETURNING status, order_no, saved_fen
    """
)
_EXPIRE = text(
    """
    UPDATE coupon SET status = 'expired', ended_at = ends_at WHERE id IN (
        SELECT id FROM coupon WHERE status = 'held' AND ends_at <= :now
        ORDER BY ends_at LIMIT 5000 FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)
_KINDS = text("SELECT id, name, kind, status, body FROM coupon_template WHERE id = ANY(:ids)")
_BRIEFS = text(
    """
    SELECT c.id, c.key, c.fan_id, t.name, c.status, c.saved_fen, c.order_no, c.revoked, c.ends_at
    FROM coupon c JOIN coupon_template t ON t.id = c.template_id WHERE c.key = ANY(:keys)
    """
)
_HELD_BRIEFS = text(f"{_BRIEFS} ORDER BY c.id FOR UPDATE OF c")
"""Rows are taken in the order of their numbers, as where they are used."""


async def claim_coupon(tx: Tx, fan_id: int, template_id: int) -> int:
    """A fan takes a coupon in the shop. Raises TemplateMissing, CouponEnded, CouponGone,
    CouponLimit; the caller's transaction must then end."""
    return await _issue(tx, fan_id, template_id, CouponWay.CLAIM)


async def redeem_code(tx: Tx, fan_id: int, code: str) -> int:
    """A fan types a code. Raises CodeWrong, and what `claim_coupon` raises; then the transaction
    must end."""
    plain = "".join(code.upper().replace("-", "").split())
    template_id = await tx.scalar(_REDEEM, {"code": plain})
    if template_id is None:
        raise CodeWrong(field="code")
    return await _issue(tx, fan_id, template_id, CouponWay.CODE, reason=plain)


async def give_coupon(tx: Tx, fan_id: int, template_id: int, key: str, reason: str) -> int:
    """Give a fan a coupon for something they did; the same key gives once, ever, and answers the
    same id.

    `key` names the deed for the whole house (`referral:12:friend`). Limits per fan are the
    giver's own; stock, budget and the kind's end count. Raises TemplateMissing, CouponEnded,
    CouponGone, before anything is written: the caller may go on in its transaction.
    """
    known: int | None = await tx.scalar(_BY_KEY, {"key": key})
    if known is not None:
        return known
    return await _issue(tx, fan_id, template_id, CouponWay.REWARD, key=key, reason=reason)


async def take_back_coupon(tx: Tx, key: str) -> TakenBack:
    """Take back what `give_coupon` gave under `key`; safe to run twice.

    A coupon on an order stays there: the answer says what it saved. When that order is closed or
    wholly refunded the coupon does not come back to the fan.
    """
    row = (await tx.execute(_TAKE_BACK, {"key": key, "now": tx.now})).one_or_none()
    if row is None:
        return TakenBack(None)
    return TakenBack(CouponStatus(row.status), row.saved_fen, row.order_no)


async def coupons_by_key(
    tx: Tx, keys: Iterable[str], *, hold: bool = False
) -> dict[str, CouponBrief]:
    """How coupons fare that were given under these keys; `hold`: and go on faring until the commit."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await tx.execute(_HELD_BRIEFS if hold else _BRIEFS, {"keys": wanted})
    return {
        row.key: CouponBrief(
            row.id,
            row.key,
            row.fan_id,
            row.name,
            CouponStatus(row.status),
            row.saved_fen,
            row.order_no,
            row.revoked,
            row.ends_at,
        )
        for row in rows
    }


async def take_back_by_staff(tx: Tx, actor: StaffActor, coupon_id: int, reason: str) -> None:
    """A member of staff takes an unused coupon away; one that is used or over stays as it is."""
    row = (
        await tx.execute(
            text(
                "UPDATE coupon SET status = 'taken_back', ended_at = :now, revoked = true"
                " WHERE id = :id AND status = 'held' RETURNING template_id, fan_id"
            ),
            {"id": coupon_id, "now": tx.now},
        )
    ).one_or_none()
    if row is not None:
        await team.record_audit(
            tx,
            actor,
            "promotion.take_back_coupon",
            f"coupon:{coupon_id}",
            after={"template_id": row.template_id, "fan_id": row.fan_id},
            reason=reason,
        )


async def expire_coupons(tx: Tx) -> int:
    """Mark coupons whose time has run out; how many of at most 5,000."""
    return len((await tx.execute(_EXPIRE, {"now": tx.now})).all())


async def _issue(
    tx: Tx,
    fan_id: int,
    template_id: int,
    way: CouponWay,
    *,
    key: str | None = None,
    reason: str = "",
) -> int:
    """One coupon, by the guards. A fan's own limit counts what they took themselves."""
    claimed = way is CouponWay.CLAIM
    asked = {"template": template_id, "now": tx.now, "claimed": claimed}
    kind = (await tx.execute(_TAKE_ONE, asked)).one_or_none()
    if kind is None:
        raise await _why_not(tx, template_id, claimed=claimed)
    if way in (CouponWay.CLAIM, CouponWay.CODE):
        counted = await tx.scalar(_COUNT_FAN, {"template": template_id, "fan": fan_id})
        if counted is None:
            raise await _limit_reached(tx, template_id)
    starts, ends = window(kind, tx.now)
    made: int | None = await tx.scalar(
        _MAKE,
        {
            "template": template_id,
            "fan": fan_id,
            "way": way.value,
            "key": key,
            "reason": reason,
            "now": tx.now,
            "starts": starts,
            "ends": ends,
        },
    )
    if made is not None:
        return made
    await tx.execute(_PUT_BACK, {"template": template_id})  # somebody else gave it a moment ago
    there: int = (await tx.execute(_BY_KEY, {"key": key})).scalar_one()
    return there


def window(kind: Any, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a coupon received now is good."""
    if kind.days:
        return now, now + timedelta(days=kind.days)
    return kind.starts_at or now, kind.ends_at


async def _why_not(
    tx: Tx, template_id: int, *, claimed: bool
) -> TemplateMissing | CouponEnded | CouponGone:
    row = await tx.get(CouponTemplate, template_id, populate_existing=True)
    if row is None:
        return TemplateMissing()
    over = row.status is not TemplateStatus.OPEN or (row.ends_at and row.ends_at <= tx.now)
    early = claimed and (
        not row.claimable
        or (row.claim_from and row.claim_from > tx.now)
        or (row.claim_until and row.claim_until <= tx.now)
    )
    if over or early:
        return CouponEnded(name=row.name)
    return CouponGone(name=row.name)


async def _limit_reached(tx: Tx, template_id: int) -> CouponLimit:
    row = (
        await tx.execute(
            text("SELECT name, per_fan FROM coupon_template WHERE id = :id"), {"id": template_id}
        )
    ).one()
    return CouponLimit(name=row.name, limit=row.per_fan)


async def held_count(tx: Tx, fan_id: int) -> int:
    """Coupons the person holds that are good now or later."""
    ids: Sequence[int] = await fans.person_ids(tx, fan_id)
    found: int = (
        await tx.execute(
            text(
                "SELECT count(*) FROM coupon WHERE fan_id = ANY(:ids) AND status = 'held'"
                " AND ends_at > :now"
            ),
            {"ids": list(ids), "now": tx.now},
        )
    ).scalar_one()
    return found


async def coupon_names(tx: Tx, template_ids: Iterable[int]) -> dict[int, str]:
    """Names of kinds of coupons, by number."""
    rows = await tx.execute(_KINDS, {"ids": list(template_ids)})
    return {row.id: row.name for row in rows}


async def coupon_labels(tx: Tx, template_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """What kinds of coupons give, in a few words of both languages; only those that are open."""
    rows = await tx.execute(_KINDS, {"ids": list(template_ids)})
    return {
        row.id: rules.coupon_label(CouponKind(row.kind), rules.terms_of(row.body))
        for row in rows
        if row.status == TemplateStatus.OPEN
    }
