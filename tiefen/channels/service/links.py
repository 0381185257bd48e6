"""Short links: making them, changing them, and what happens when somebody opens one."""

from collections.abc import Mapping, Sequence
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
    Knock,
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
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.together import Together
from tiefen.team.service import merchant_name

SHARDS = 8
"""Rows of one link and day: so many people may open it at once without waiting for each other."""
FORGET_AT_ONCE = 10_000
_OPENED = """
    WITH knock AS (
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::int[], $5::int[])
            AS k(visitor, code_id, hits, entered, bots)
    ), seen AS (
        INSERT INTO channel_visit (visitor, code_id, day, at)
        SELECT DISTINCT visitor, code_id, $6::date, $7::timestamptz FROM knock
        WHERE visitor <> '' ORDER BY code_id, visitor
        ON CONFLICT (visitor, code_id, day) DO NOTHING
    )
    INSERT INTO channel_link_day AS d (code_id, day, shard, hits, entered, bots)
    SELECT code_id, $6::date, $8::int, sum(hits), sum(entered), sum(bots) FROM knock
    GROUP BY code_id ORDER BY code_id
    ON CONFLICT (code_id, day, shard) DO UPDATE SET
        hits = d.hits + excluded.hits, entered = d.entered + excluded.entered,
        bots = d.bots + excluded.bots
"""
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


async def open_link(db: Db, merchant: str, knock: Knock) -> Opened:
    """Somebody opened a link: counted, and told where to go, in a commit shared with whoever opens
    one at the same moment. Raises LinkMissing."""
    opened = await _TOGETHER.run(db, merchant, knock)
    if isinstance(opened, LinkMissing):
        raise opened
    return opened


async def open_links(tx: Tx, knocks: Sequence[Knock]) -> list[Opened | LinkMissing]:
    """What each of those who knock is told; links that are open count them, in one statement."""
    found = await tx.execute(
        select(Link, ChannelCode)
        .join(ChannelCode, ChannelCode.id == Link.code_id)
        .where(Link.slug.in_({knock.slug for knock in knocks}))
    )
    links = {link.slug: (link, code) for link, code in found}
    answers: list[Opened | LinkMissing] = []
    counted: list[tuple[Knock, int]] = []
    for knock in knocks:
        if knock.slug not in links:
            answers.append(LinkMissing())
            continue
        link, code = links[knock.slug]
        opened = _opened(link, code, knock, tx.now)
        if opened.opening is not Opening.OVER:
            counted.append((knock, link.code_id))
        if opened.opening is not Opening.GO:
            opened = await _furnished(tx, opened, link.product_id)
        answers.append(opened)
    if counted:
        await _count(tx, counted)
    return answers


_TOGETHER = Together(open_links)


def _opened(link: Link, code: ChannelCode, knock: Knock, now: datetime) -> Opened:
    over = not rules.greets(
        archived=code.archived_at is not None,
        starts_at=code.starts_at,
        ends_at=code.ends_at,
        now=now,
    )
    follows = link.target is LinkTarget.FOLLOW
    straight = knock.inside and not follows
    words = {name: getattr(link, name) for name in ("utm_source", "utm_medium", "utm_campaign")}
    return Opened(
        opening=Opening.OVER if over else Opening.GO if straight else Opening.PAGE,
        code_id=link.code_id,
        slug=link.slug,
        target=link.target,
        path=rules.shop_path(link.target, link.product_id, link.slug, words),
        title=link.title,
        words=link.words,
        merchant_name="",
        qr=link.follow_url if follows else f"{code.url}?s=1",
        address=code.url,
    )


async def _count(tx: Tx, counted: Sequence[tuple[Knock, int]]) -> None:
    """Visits of browsers in WeChat, and the day's figures of each link."""
    await tx.rows(
        _OPENED,
        [one.visitor if one.inside and not one.program else "" for one, _ in counted],
        [code_id for _, code_id in counted],
        [int(not one.program and not one.scanned) for one, _ in counted],
        [int(not one.program and one.inside) for one, _ in counted],
        [int(one.program) for one, _ in counted],
        day_of(tx.now),
        tx.now,
        ids.randomness().randrange(SHARDS),
    )


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
