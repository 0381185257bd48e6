"""Channel codes: making them, having the platform draw their QR codes, changing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from tiefen.channels import rules
from tiefen.channels.errors import CodeMissing, NameTaken, OwnerMissing, PermanentSpent
from tiefen.channels.events import CodeSaved
from tiefen.channels.models import ChannelCode, FormerOwner, Link, LiveCode
from tiefen.channels.queries import usage
from tiefen.channels.service.costs import book_first
from tiefen.channels.service.keeping import keep_file
from tiefen.channels.service.live import given_to
from tiefen.channels.values import (
    SCENE_PREFIX,
    CodeForm,
    CodeKind,
    CodeState,
    CodeWish,
    Greeting,
    Lifetime,
)
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit, staff_briefs
from tiefen.team.values import Actor
from tiefen.wechat import service as wechat

MINT = "channels.mint"
OUR_OWN = frozenset({CodeForm.LINK, CodeForm.BOTTLE})
"""Forms whose picture is ours; a temporary one has a QR code of the platform's beside it."""


async def create_code(tx: Tx, actor: StaffActor | Actor, name: str, wish: CodeWish) -> int:
    """A channel code; a job asks the platform for its QR code, where the platform draws it.

    Links and bottles are drawn by ourselves.
    Raises NameTaken, OwnerMissing, ValidityMalformed, WelcomeTooLong, PermanentSpent.
    """
    await _check_owner(tx, wish.owner_staff_id)
    await check_wish(tx, wish, 1)
    drawn_by_us = wish.form in OUR_OWN and wish.lifetime is Lifetime.PERMANENT
    code_id: int | None = await tx.scalar(
        insert(ChannelCode)
        .values(
            **columns(wish),
            name=name,
            owner_staff_id=wish.owner_staff_id,
            cost_fen=wish.cost_fen,
            scene=SCENE_PREFIX + ids.token(12),
            state=CodeState.READY if drawn_by_us else CodeState.PENDING,
            created_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["name"], index_where=text("archived_at IS NULL"))
        .returning(ChannelCode.id)
    )
    if code_id is None:
        raise NameTaken(name=name, field="name")
    day = rules.day_of_cost(wish.starts_at, tx.now)
    await book_first(tx, actor, [(code_id, wish.cost_fen)], day)
    if not drawn_by_us:
        later(tx, MINT, code_id=code_id, key=f"code:{code_id}")
    after = {"name": name, "kind": wish.kind.value, "owner_staff_id": wish.owner_staff_id}
    await record_audit(tx, actor, "channels.code_created", f"channel_code:{code_id}", after=after)
    known = tuple(rules.clean_tags(wish.tags))
    saved = CodeSaved(code_id, name, wish.kind.value, wish.owner_staff_id, tx.now, known)
    publish(tx, saved, aggregate=f"channel_code:{code_id}")
    return code_id


async def bottle_code(tx: Tx, name: str, number: int) -> str:
    """The channel code of a batch of bottles: its scene. `number` tells batches of one name apart.

    Bottles carry codes of their own; the platform's temporary one is shown after a scan, to follow by.
    """
    taken = await tx.scalar(
        select(ChannelCode.id).where(ChannelCode.name == name, ChannelCode.archived_at.is_(None))
    )
    made = await create_code(
        tx,
        Actor.system("bottles"),
        f"{name} #{number}" if taken else name,
        CodeWish(kind=CodeKind.PACKAGE, form=CodeForm.BOTTLE, lifetime=Lifetime.TEMPORARY),
    )
    scene: str | None = await tx.scalar(select(ChannelCode.scene).where(ChannelCode.id == made))
    assert scene
    return scene


async def follow_url(tx: Tx, scene: str) -> str:
    """What a QR code to follow by a scene says; empty while the platform has not drawn one."""
    url: str | None = await tx.scalar(
        select(ChannelCode.url).where(
            ChannelCode.scene == scene,
            ChannelCode.state == CodeState.READY,
            ChannelCode.ticket != "",
            ChannelCode.archived_at.is_(None),
        )
    )
    return url or ""


async def edit_code(tx: Tx, actor: StaffActor, code_id: int, changes: Mapping[str, Any]) -> None:
    """Change a code: any of name, owner_staff_id, welcome, tags, note, starts_at,
    late_words, ends_at, archived. Raises CodeMissing, NameTaken, OwnerMissing, ValidityMalformed."""
    code = await _locked(tx, code_id)
    wanted = rules.wanted(changes, tx.now, code.archived_at)
    rules.check_welcome(wanted.get("welcome", ""))
    rules.check_welcome(wanted.get("late_words", ""), "late_words")
    rules.check_validity(
        wanted.get("starts_at", code.starts_at), wanted.get("ends_at", code.ends_at)
    )
    if "owner_staff_id" in wanted and wanted["owner_staff_id"] != code.owner_staff_id:
        await _check_owner(tx, wanted["owner_staff_id"])
        tx.add(FormerOwner(code_id=code_id, owner_staff_id=code.owner_staff_id, until=tx.now))
    await _check_name(tx, code, wanted)
    before = {name: _plain(getattr(code, name)) for name in wanted}
    for name, value in wanted.items():
        setattr(code, name, value)
    after = {name: _plain(value) for name, value in wanted.items()}
    target = f"channel_code:{code_id}"
    await record_audit(tx, actor, "channels.code_edited", target, before, after)
    saved = CodeSaved(
        code_id, code.name, code.kind.value, code.owner_staff_id, tx.now, tuple(code.tags)
    )
    publish(tx, saved, aggregate=target)


async def ask_again(tx: Tx, code_id: int) -> None:
    """Ask the platform once more for a QR code that is still pending. Raises CodeMissing."""
    code = await _locked(tx, code_id)
    if code.state is CodeState.PENDING:
        later(tx, MINT, code_id=code_id, key=f"code:{code_id}")


async def mint(db: Db, merchant: str, code_id: int) -> None:
    """Have the platform make the QR code and keep its ticket; safe to repeat.

    Raises what WeChat refused, after noting it on the code, so that the job tries again.
    """
    async with db.merchant(merchant) as tx:
        code = await tx.get(ChannelCode, code_id)
        if code is None or not _needs_minting(code, tx.now):
            return
        wanted = Wanted(code.id, code.form, code.scene, code.page, code.lifetime)
    try:
        made = await draw_code(db, merchant, wanted)
    except Refusal as refusal:
        async with db.merchant(merchant) as tx:
            code = await _locked(tx, code_id)
            code.failure = refusal.message("zh")[:200]
        raise
    async with db.merchant(merchant) as tx:
        await drawn(tx, code_id, made)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code the platform should draw."""

    id: int
    form: CodeForm
    scene: str
    page: str
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the platform drew: what a QR code says, or the picture of a mini-program code."""

    ticket: str = ""
    url: str = ""
    image_key: str = ""


async def draw_code(db: Db, merchant: str, wanted: Wanted) -> Drawn:
    """Have the platform draw a code. Raises what WeChat refused."""
    if wanted.form is CodeForm.MINI:
        raw = await wechat.create_mini_code(db, merchant, wanted.scene, wanted.page)
        return Drawn(image_key=await keep_file(merchant, raw, "png"))
    seconds = int(rules.TEMPORARY_LIFE.total_seconds())
    ticket = await wechat.create_qrcode(
        db, merchant, wanted.scene, seconds if wanted.lifetime is Lifetime.TEMPORARY else None
    )
    return Drawn(ticket.ticket, ticket.url)


async def drawn(tx: Tx, code_id: int, made: Drawn) -> None:
    """Keep what the platform drew. A link keeps its own address; WeChat's is what it shows."""
    code = await _locked(tx, code_id)
    code.state, code.failure = CodeState.READY, ""
    code.ticket, code.image_key = made.ticket, made.image_key
    if code.form is CodeForm.LINK:
        await tx.execute(update(Link).where(Link.code_id == code_id).values(follow_url=made.url))
    else:
        code.url = made.url
    temporary = code.lifetime is Lifetime.TEMPORARY
    code.runs_out_at = tx.now + rules.TEMPORARY_LIFE if temporary else None


_LOCK_ALLOWANCE = text("SELECT pg_advisory_xact_lock(hashtextextended('channels.permanent', 0))")


async def check_wish(tx: Tx, wish: CodeWish, count: int) -> None:
    """Whether so many codes may be made so; who makes permanent ones takes turns.

    Mini-program codes are without number, links and bottles cost nothing.
    Raises ValidityMalformed, WelcomeTooLong, PermanentSpent.
    """
    rules.check_validity(wish.starts_at, wish.ends_at)
    rules.check_welcome(wish.welcome)
    rules.check_welcome(wish.late_words, "late_words")
    if wish.form is not CodeForm.QR or wish.lifetime is not Lifetime.PERMANENT:
        return
    await tx.execute(_LOCK_ALLOWANCE)
    used = await usage(tx)
    if count > used.left:
        raise PermanentSpent(limit=used.limit, left=used.left, field="lifetime")


def columns(wish: CodeWish) -> dict[str, Any]:
    """What every code made with a wish has in common, as it is kept."""
    return {
        "kind": wish.kind,
        "form": wish.form,
        "page": wish.page if wish.form is CodeForm.MINI else "",
        "lifetime": wish.lifetime,
        "welcome": wish.welcome,
        "late_words": wish.late_words,
        "tags": rules.clean_tags(wish.tags),
        "note": wish.note,
        "starts_at": wish.starts_at,
        "ends_at": wish.ends_at,
    }


async def renew(tx: Tx) -> int:
    """Queue the remaking of temporary codes that run out soon; returns how many."""
    soon = tx.now + rules.RENEW_BEFORE
    codes = await tx.scalars(
        select(ChannelCode.id).where(
            ChannelCode.lifetime == Lifetime.TEMPORARY,
            ChannelCode.runs_out_at < soon,
            ChannelCode.archived_at.is_(None),
            (ChannelCode.ends_at.is_(None)) | (ChannelCode.ends_at > tx.now),
        )
    )
    count = 0
    for code_id in codes:
        later(tx, MINT, code_id=code_id, key=f"code:{code_id}")
        count += 1
    return count


async def greeting(
    tx: Tx, scene: str, who: tuple[str, str, datetime] | None = None
) -> Greeting | None:
    """What the code of a scene says to whoever comes through it; one indexed read.

    `who`: app id, openid and the moment. A live code gives them to an employee here, so that the
    welcome names the one whose fan they become.
    """
    found = await tx.execute(
        select(ChannelCode, LiveCode.active)
        .outerjoin(LiveCode, LiveCode.code_id == ChannelCode.id)
        .where(ChannelCode.scene == scene)
    )
    row = found.one_or_none()
    if row is None:
        return None
    code, live = row
    greets = rules.greets(
        archived=code.archived_at is not None,
        starts_at=code.starts_at,
        ends_at=code.ends_at,
        now=tx.now,
    )
    given = await given_to(tx, code.id, *who) if live and who else None
    if greets:
        name, contact = (given.name, given.contact) if given else ("", "")
        return Greeting(code.id, rules.fill_welcome(code.welcome, name, contact))
    early = code.starts_at is not None and tx.now < code.starts_at
    return Greeting(code.id, "" if early else code.late_words)


async def _locked(tx: Tx, code_id: int) -> ChannelCode:
    code = await tx.scalar(select(ChannelCode).where(ChannelCode.id == code_id).with_for_update())
    if code is None:
        raise CodeMissing
    return code


async def _check_owner(tx: Tx, staff_id: int | None) -> None:
    if staff_id is None:
        return
    owner = (await staff_briefs(tx, [staff_id])).get(staff_id)
    if owner is None or not owner.active:
        raise OwnerMissing(field="owner_staff_id")


async def _check_name(tx: Tx, code: ChannelCode, wanted: Mapping[str, Any]) -> None:
    """A friendlier answer than the unique index, which decides."""
    lives = wanted.get("archived_at", code.archived_at) is None
    name = wanted.get("name", code.name)
    taken = await tx.scalar(
        select(ChannelCode.id).where(
            ChannelCode.name == name,
            ChannelCode.archived_at.is_(None),
            ChannelCode.id != code.id,
        )
    )
    if lives and taken:
        raise NameTaken(name=name, field="name")


def _needs_minting(code: ChannelCode, now: datetime) -> bool:
    if code.state is CodeState.PENDING:
        return True
    return code.runs_out_at is not None and code.runs_out_at < now + rules.RENEW_BEFORE


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
