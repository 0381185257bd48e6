"""Reviews: written once by who received the goods, answered, hidden with a reason, shown again.

Every verb moves the product's stars in its own transaction, by one guarded statement.
"""

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import rules
from tiefen.catalog.errors import FileForeign, ReviewedAlready, ReviewGone
from tiefen.catalog.models import Review
from tiefen.catalog.values import Reviewed
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import service as team

_COUNT = text(
    "UPDATE product SET rating_count = rating_count + :sign,"
    " rating_sum = rating_sum + :sign * :stars WHERE id = :product"
)


async def write_review(tx: Tx, what: Reviewed) -> int:
    """A buyer's word on an order line the caller has checked; returns its id.

    Raises ReviewedAlready, FileForeign.
    """
    own = f"{tx.merchant}/"
    rules.refuse(
        [
            FileForeign(field=f"images.{place}")
            for place, key in enumerate(what.images)
            if not key.startswith(own)
        ]
    )
    made: Review | None = await tx.scalar(
        insert(Review)
        .values(
            product_id=what.product_id,
            sku_id=what.sku_id,
            order_line_id=what.order_line_id,
            order_no=what.order_no,
            fan_id=what.fan_id,
            author=rules.author(what.fan_name),
            spec_text=what.spec_text,
            stars=what.stars,
            words=rules.masked_words(what.words),
            images=list(what.images),
            reply="",
            hide_reason="",
            written_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["order_line_id"])
        .returning(Review)
    )
    if made is None:
        raise ReviewedAlready
    await _count(tx, made, 1)
    return made.id


async def reply_to_review(tx: Tx, actor: StaffActor, review_id: int, words: str) -> Review:
    """The merchant's answer; another one takes its place. Raises ReviewGone."""
    review = await _locked(tx, review_id)
    before, review.reply = review.reply, words
    review.replied_at = tx.now
    await team.record_audit(
        tx,
        actor,
        "catalog.reply_to_review",
        f"review:{review_id}",
        before={"reply": before},
        after={"reply": words},
    )
    return review


async def hide_review(tx: Tx, actor: StaffActor, review_id: int, reason: str) -> Review:
    """Take a review out of sight, with a reason; asking twice is no error. Raises ReviewGone."""
    review = await _locked(tx, review_id)
    if review.hidden_at is None:
        review.hidden_at, review.hide_reason = tx.now, reason
        await _count(tx, review, -1)
        await team.record_audit(
            tx, actor, "catalog.hide_review", f"review:{review_id}", reason=reason
        )
    return review


async def show_review(tx: Tx, actor: StaffActor, review_id: int) -> Review:
    """Bring a hidden review back; asking twice is no error. Raises ReviewGone."""
    review = await _locked(tx, review_id)
    if review.hidden_at is not None:
        review.hidden_at, review.hide_reason = None, ""
        await _count(tx, review, 1)
        await team.record_audit(tx, actor, "catalog.show_review", f"review:{review_id}")
    return review


async def reviewed_lines(tx: Tx, line_ids: Iterable[int]) -> dict[int, int]:
    """Order line → stars, for those lines that were reviewed."""
    rows = await tx.execute(
        select(Review.order_line_id, Review.stars).where(Review.order_line_id.in_(set(line_ids)))
    )
    return dict(rows.all())


async def _count(tx: Tx, review: Review, sign: int) -> None:
    await tx.flush()
    counted = {"sign": sign, "stars": review.stars, "product": review.product_id}
    await tx.execute(_COUNT, counted)


async def _locked(tx: Tx, review_id: int) -> Review:
    review = await tx.get(Review, review_id, with_for_update=True, populate_existing=True)
    if review is None:
        raise ReviewGone
    return review
