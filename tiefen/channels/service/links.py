"""Short links: making them, changing them, and what happens when somebody opens one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update

from tiefen.catalog import service as catalog
from tiefen.channels import rules
from tiefen.channels.errors import LinkMissing, SlugTaken, TargetMissing
from tiefen.channels.models import ChannelCode, Link, Visit
from tiefen.channels.service.attribution import record_touch
from tiefen.channels.service.codes import create_code, edit_code
from tiefen.channels.service.keeping import short_address
from tiefen.channels.values import (
    CodeForm,
    CodeWish,
    Lifetime,
    LinkTarget,
    LinkWish,
    Opened,
    Opening,
    TouchKind,
)
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.team.service import merchant_name

SHARDS = 8
"""Rows of one link and day: so many people may open it at once without waiting for each other."""
FORGET_AT_ONCE = 10_000
_OPENED = text(
    """
    WITH seen AS (
        INSERT INTO channel_visit (visitor, code_id, day, at)
        SELECT :visitor, :code_id, CAST(:day AS date), :now WHERE :visitor <> ''
        ON CONFLICT (visitor, code_id, day) DO NOTHING
    )
    INSERT INTO channel_link_day AS d (code_id, day, shard, hits, entered, bots)
    VALUES (:code_id, CAST(:day AS date), :shard, :hits, :entered, :bots)
    ON CONFLICT (code_id, day, shard) DO UPDATE SET
        hits = d.hits + excluded.hits, entered = d.entered + excluded.entered,
        bots = d.bots + excluded.bots
    """
)
_FORGET = text(
    """
    DELETE FROM channel_visit WHERE id IN (
        SELECT id FROM channel_visit WHERE fan_id IS NULL AND at < :before
        ORDER BY at LIMIT :most)
    RETURNING 1
    """
)


async def create_link(
    tx: Tx, actor: StaffActor, name: str, wish: LinkWish, common: CodeWish
) -> int:
    """A short link. `common`: what every channel code has; its form and lifetime are ours to say.

    One that leads to following gets a temporary QR code of the platform's, made anew in time, for
    its page is never printed. Raises NameTaken, OwnerMissing, ValidityMalformed, TargetMissing,
    SlugTaken.
    """
    await _check_target(tx, wish.target, wish.product_id)
    follows = wish.target is LinkTarget.FOLLOW
    lifetime = Lifetime.TEMPORARY if follows else Lifetime.PERMANENT
    made_so = replace(common, form=CodeForm.LINK, lifetime=lifetime)
    code_id = await create_code(tx, actor, name, made_so)
    slug = wish.slug or "".join(
        ids.randomness().choice(rules.SLUG_LETTERS) for _ in range(rules.SLUG_LENGTH)
    )
    if await tx.scalar(select(Link.code_id).where(Link.slug == slug)) is not None:
        raise SlugTaken(slug=slug, field="slug")
    tx.add(
        Link(
            code_id=code_id,
            slug=slug,
            platform=wish.platform,
            target=wish.target,
            product_id=wish.product_id if wish.target is LinkTarget.PRODUCT else None,
            **rules.utm(wish.platform, wish.utm_source, wish.utm_medium, wish.utm_campaign),
            title=wish.title,
            words=wish.words,
            follow_url="",
        )
    )
    await tx.execute(
        update(ChannelCode)
        .where(ChannelCode.id == code_id)
        .values(url=short_address(tx.merchant, slug))
    )
    await tx.flush()
    return code_id


async def edit_link(
    tx: Tx, actor: StaffActor, code_id: int, changes: Mapping[str, Any], words: Mapping[str, Any]
) -> None:
    """Change a link: `changes` of its channel code, `words` of its page and its UTM, product_id.

    Address, platform and target stay: they are out in the world. Raises as `edit_code`, LinkMissing,
    TargetMissing.
    """
    link = await tx.get(Link, code_id, with_for_update=True, populate_existing=True)
    if link is None:
        raise LinkMissing
    wanted = {name: value for name, value in words.items() if value is not None}
    if "product_id" in wanted and link.target is LinkTarget.PRODUCT:
        await _check_target(tx, link.target, wanted["product_id"])
    else:
        wanted.pop("product_id", None)
    for name, value in wanted.items():
        setattr(link, name, value)
    await edit_code(tx, actor, code_id, changes)


async def open_link(
    tx: Tx, slug: str, *, visitor: str, inside: bool, program: bool, scanned: bool
) -> Opened:
    """Somebody opened a link: counted, and told where to go. Raises LinkMissing.

    `visitor`: a keyed hash of the browser's cookie; `inside`: WeChat's own browser; `program`:
    nobody looks; `scanned`: the same person comes on from the link's page, so it is no second hit.
    """
    found = (
        await tx.execute(
            select(Link, ChannelCode)
            .join(ChannelCode, ChannelCode.id == Link.code_id)
            .where(Link.slug == slug)
        )
    ).one_or_none()
    if found is None:
        raise LinkMissing
    link, code = found
    over = not rules.greets(
        archived=code.archived_at is not None,
        starts_at=code.starts_at,
        ends_at=code.ends_at,
        now=tx.now,
    )
    if not over:
        hit = {
            "visitor": visitor if inside and not program else "",
            "code_id": link.code_id,
            "day": day_of(tx.now),
            "now": tx.now,
            "shard": ids.randomness().randrange(SHARDS),
            "hits": int(not program and not scanned),
            "entered": int(not program and inside),
            "bots": int(program),
        }
        await tx.execute(_OPENED, hit)
    follows = link.target is LinkTarget.FOLLOW
    opening = Opening.OVER if over else Opening.GO if inside and not follows else Opening.PAGE
    words = {name: getattr(link, name) for name in ("utm_source", "utm_medium", "utm_campaign")}
    opened = Opened(
        opening=opening,
        code_id=link.code_id,
        slug=slug,
        target=link.target,
        path=rules.shop_path(link.target, link.product_id, slug, words),
        title=link.title,
        words=link.words,
        merchant_name="",
        qr=link.follow_url if follows else f"{code.url}?s=1",
        address=code.url,
    )
    return opened if opening is Opening.GO else await _furnished(tx, opened, link.product_id)


async def join_visits(tx: Tx, fan_id: int, visitor: str) -> int:
    """A browser turned out to be this fan's: its visits become touches; how many.

    A visit belongs to whoever is known first, and only within the window.
    """
    since = tx.now - rules.VISIT_WINDOW
    joined = await tx.execute(
        update(Visit)
        .where(Visit.visitor == visitor, Visit.fan_id.is_(None), Visit.at > since)
        .values(fan_id=fan_id, joined_at=tx.now)
        .returning(Visit.code_id, Visit.at)
    )
    visits = sorted(joined.all(), key=lambda row: (row.at, row.code_id))
    scenes = (
        dict(
            (
                await tx.execute(
                    select(ChannelCode.id, ChannelCode.scene).where(
                        ChannelCode.id.in_({row.code_id for row in visits})
                    )
                )
            ).all()
        )
        if visits
        else {}
    )
    for row in visits:
        await record_visit(tx, fan_id, scenes[row.code_id], row.at)
    return len(visits)


async def record_arrival(tx: Tx, fan_id: int, scene: str) -> bool:
    """A fan opened the mini program by one of its codes; any other scene is not believed here."""
    form = await tx.scalar(select(ChannelCode.form).where(ChannelCode.scene == scene))
    return form is CodeForm.MINI and await record_visit(tx, fan_id, scene, tx.now)


async def record_visit(tx: Tx, fan_id: int, scene: str, at: datetime) -> bool:
    """A fan came by a link, a mini-program code or a bottle: one touch a code, fan and day."""
    ref = f"visit:{scene}:{fan_id}:{day_of(at).isoformat()}"
    return await record_touch(tx, fan_id=fan_id, scene=scene, kind=TouchKind.VISIT, ref=ref, at=at)


async def forget_visits(tx: Tx) -> int:
    """Clear away visits that can no longer be joined; how many."""
    before = tx.now - rules.VISIT_WINDOW
    gone = await tx.scalars(_FORGET, {"before": before, "most": FORGET_AT_ONCE})
    return len(list(gone))


async def _check_target(tx: Tx, target: LinkTarget, product_id: int | None) -> None:
    if target is not LinkTarget.PRODUCT:
        return
    if product_id is None or product_id not in await catalog.product_names(tx, [product_id]):
        raise TargetMissing(field="product_id")


async def _furnished(tx: Tx, opened: Opened, product_id: int | None) -> Opened:
    """With what its page shows: the merchant's name, and the product where it leads to one."""
    name = await merchant_name(tx)
    image, price_fen, title = "", None, opened.title
    skus = await catalog.skus(tx, await catalog.sku_ids_of(tx, product_id)) if product_id else {}
    if skus:
        first = min(skus.values(), key=lambda sku: sku.price_fen)
        image, price_fen = first.image_url, first.price_fen
        title = title or first.product_name
    return replace(
        opened, merchant_name=name, title=title or name, image=image, price_fen=price_fen
    )
