"""Kinds of coupons from draft to open to ended, and the codes that are worth one.

Once a kind is open fans hold coupons of it, so its terms stay. How many there are, who may take
them and when, and the budget may change at any time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.promotion import rules
from tiefen.promotion.errors import (
    BadPromotion,
    CouponEnded,
    TemplateEdited,
    TemplateMissing,
    TermsFixed,
)
from tiefen.promotion.models import CouponTemplate
from tiefen.promotion.service import book
from tiefen.promotion.service.guarding import Verdict, need_approval, template_rule, verdict
from tiefen.promotion.service.issuing import CODE_LENGTH, CODE_LETTERS
from tiefen.promotion.values import CouponKind, CouponTerms, TemplateStatus
from tiefen.team import service as team

_CODES = text(
    """
    INSERT INTO coupon_code (template_id, code, most, redeemed, created_at)
    SELECT :template, code, :most, 0, :now FROM unnest(CAST(:codes AS text[])) AS c(code)
    ON CONFLICT (code) DO NOTHING RETURNING code
    """
)


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of coupon as its editor sends it."""

    kind: CouponKind
    name: str
    terms: CouponTerms
    days: int
    starts_at: datetime | None
    ends_at: datetime | None
    claimable: bool
    claim_from: datetime | None
    claim_until: datetime | None
    stock: int
    per_fan: int
    budget_fen: int


async def create_template(tx: Tx, actor: StaffActor, wanted: Template) -> CouponTemplate:
    """A new kind of coupon as a draft. Raises BadPromotion."""
    await check_template(tx, wanted)
    made = CouponTemplate(
        status=TemplateStatus.DRAFT,
        kind=wanted.kind,
        body=rules.terms_body(wanted.terms),
        created_at=tx.now,
        updated_at=tx.now,
        **_changeable(wanted),
        **_fixed(wanted),
    )
    tx.add(made)
    await tx.flush()
    await team.record_audit(tx, actor, "promotion.create_coupon", _target(made), after=_shown(made))
    return made


async def save_template(
    tx: Tx, actor: StaffActor, template_id: int, edits: int, wanted: Template
) -> CouponTemplate:
    """Change a kind of coupon that was opened in the editor at `edits`.

    Raises TemplateMissing, TemplateEdited, TermsFixed (it is open), CouponEnded, BadPromotion.
    """
    row = await _locked(tx, template_id)
    if row.status is TemplateStatus.ENDED:
        raise CouponEnded(name=row.name)
    if row.edits != edits:
        raise TemplateEdited(field="edits")
    await check_template(tx, wanted)
    before, fixed = _shown(row), {**_fixed(wanted), "kind": wanted.kind}
    if row.status is TemplateStatus.OPEN:
        changed = [name for name, value in fixed.items() if getattr(row, name) != value]
        if rules.terms_of(row.body) != wanted.terms:
            changed.append("terms")
        if changed:
            raise TermsFixed(field=changed[0])
        if wanted.stock and wanted.stock < row.issued:
            raise _bad("stock", f"已发出 {row.issued} 张", f"{row.issued} are issued already")
    row.body = rules.terms_body(wanted.terms)
    for name, value in {**fixed, **_changeable(wanted)}.items():
        setattr(row, name, value)
    row.edits += 1
    row.updated_at = tx.now
    await team.record_audit(
        tx, actor, "promotion.save_coupon", _target(row), before=before, after=_shown(row)
    )
    return row


async def open_template(
    tx: Tx, actor: StaffActor, template_id: int, because: str
) -> CouponTemplate:
    """Let coupons of this kind be issued; its terms are fixed from now on. Twice is no error.

    Raises TemplateMissing, CouponEnded, BadPromotion, LosesMoney, ApprovalForbidden.
    """
    row = await _locked(tx, template_id)
    if row.status is TemplateStatus.OPEN:
        return row
    if row.status is TemplateStatus.ENDED or (row.ends_at and row.ends_at <= tx.now):
        raise CouponEnded(name=row.name)
    rules.check_coupon(row.kind, rules.terms_of(row.body), await book.groups(tx))
    found = await guard_template(tx, row)
    if found.below:
        need_approval(actor, found, because)
    row.status = TemplateStatus.OPEN
    row.opened_at = row.updated_at = tx.now
    row.floor_fen = found.floor_fen
    row.approved_because = because if found.below else ""
    await team.record_audit(
        tx,
        actor,
        "promotion.open_coupon",
        _target(row),
        after={"floor_fen": found.floor_fen, "below_cost": found.below},
        reason=row.approved_because,
    )
    return row


async def end_template(tx: Tx, actor: StaffActor, template_id: int) -> CouponTemplate:
    """No more are issued; fans keep theirs. Twice is no error. Raises TemplateMissing."""
    row = await _locked(tx, template_id)
    if row.status is not TemplateStatus.ENDED:
        row.status = TemplateStatus.ENDED
        row.ended_at = row.updated_at = tx.now
        await team.record_audit(tx, actor, "promotion.end_coupon", _target(row))
    return row


async def copy_template(tx: Tx, actor: StaffActor, template_id: int) -> CouponTemplate:
    """A new draft with the same terms; a window that has passed is left to be set anew."""
    row = await tx.get(CouponTemplate, template_id)
    if row is None:
        raise TemplateMissing
    over = row.ends_at is not None and row.ends_at <= tx.now
    wanted = Template(
        row.kind,
        f"{row.name[:36]} 副本",
        rules.terms_of(row.body),
        30 if over else row.days,
        None if over else row.starts_at,
        None if over else row.ends_at,
        row.claimable,
        None,
        None,
        row.stock,
        row.per_fan,
        row.budget_fen,
    )
    return await create_template(tx, actor, wanted)


async def guard_template(tx: Tx, row: CouponTemplate) -> Verdict:
    """What the margin guard says of this kind of coupon beside the promotions in force."""
    return await verdict(tx, template_rule(row))


async def make_codes(
    tx: Tx, actor: StaffActor, template_id: int, count: int, most: int, word: str = ""
) -> list[str]:
    """So many codes, each worth `most` coupons of the kind; `word` is one code to print on posters.

    Raises TemplateMissing, CouponEnded, BadPromotion (the word is taken).
    """
    row = await _locked(tx, template_id)
    if row.status is TemplateStatus.ENDED:
        raise CouponEnded(name=row.name)
    made: list[str] = []
    wanted = [word] if word else []
    while len(made) < (1 if word else count):
        chance = ids.randomness()
        more = wanted or [
            "".join(chance.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
            for _ in range(count - len(made))
        ]
        asked = {"template": row.id, "most": most, "now": tx.now, "codes": more}
        new = list(await tx.scalars(_CODES, asked))
        if word and not new:
            raise _bad("word", "这个口令已被使用", "this word is taken")
        made += new
    await team.record_audit(
        tx, actor, "promotion.make_codes", _target(row), after={"codes": len(made), "most": most}
    )
    return made


async def check_template(tx: Tx, wanted: Template) -> None:
    """Raises BadPromotion with the field and the reason."""
    rules.check_coupon(wanted.kind, wanted.terms, await book.groups(tx))
    if (wanted.days > 0) == (wanted.ends_at is not None):
        raise _bad("days", "请填写有效天数，或起止时间", "give a number of days, or an end")
    if wanted.ends_at and wanted.starts_at and wanted.ends_at <= wanted.starts_at:
        raise _bad("ends_at", "结束时间要晚于开始时间", "the end must be after the start")
    if wanted.claim_from and wanted.claim_until and wanted.claim_until <= wanted.claim_from:
        raise _bad("claim_until", "结束时间要晚于开始时间", "the end must be after the start")


def _fixed(wanted: Template) -> dict[str, Any]:
    """What stays once coupons are out, besides the terms."""
    return {
        "name": wanted.name,
        "days": wanted.days,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
    }


def _changeable(wanted: Template) -> dict[str, Any]:
    return {
        "claimable": wanted.claimable,
        "claim_from": wanted.claim_from,
        "claim_until": wanted.claim_until,
        "stock": wanted.stock,
        "per_fan": wanted.per_fan,
        "budget_fen": wanted.budget_fen,
    }


def _shown(row: CouponTemplate) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind.value,
        "body": row.body,
        "stock": row.stock,
        "per_fan": row.per_fan,
        "budget_fen": row.budget_fen,
        "claimable": row.claimable,
        "days": row.days,
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
    }


async def _locked(tx: Tx, template_id: int) -> CouponTemplate:
    row = await tx.get(CouponTemplate, template_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise TemplateMissing
    return row


def _target(row: CouponTemplate) -> str:
    return f"coupon_template:{row.id}"


def _bad(field: str, why_zh: str, why_en: str) -> BadPromotion:
    return BadPromotion(field=field, why_zh=why_zh, why_en=why_en)
