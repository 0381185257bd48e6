"""What is read of reviews."""

from sqlalchemy import select

from tiefen.catalog.models import Product, Review
from tiefen.catalog.rules import file_url
from tiefen.catalog.schemas import ConsoleReview, ReviewOut
from tiefen.kernel.db import Tx
from tiefen.kernel.http import Page, newest, paged


async def shop_reviews(
    tx: Tx, product_id: int, *, cursor: str | None, limit: int
) -> Page[ReviewOut]:
    """What buyers say of a product, the newest first; hidden ones are not there."""
    chosen = select(Review).where(Review.product_id == product_id, Review.hidden_at.is_(None))
    found = list(await tx.scalars(newest(chosen, Review.id, cursor, limit)))
    return paged([review_out(one) for one in found], found, limit)


async def console_reviews(
    tx: Tx,
    *,
    product_id: int | None,
    stars: int | None,
    unanswered: bool,
    hidden: bool,
    cursor: str | None,
    limit: int,
) -> Page[ConsoleReview]:
    """Reviews for staff. Two statements, whatever the page."""
    chosen = select(Review)
    if product_id is not None:
        chosen = chosen.where(Review.product_id == product_id)
    if stars is not None:
        chosen = chosen.where(Review.stars == stars)
    if unanswered:
        chosen = chosen.where(Review.reply == "")
    if hidden:
        chosen = chosen.where(Review.hidden_at.is_not(None))
    found = list(await tx.scalars(newest(chosen, Review.id, cursor, limit)))
    names = await _names(tx, {one.product_id for one in found})
    rows = [console_review(one, names.get(one.product_id, "")) for one in found]
    return paged(rows, found, limit)


async def one_review(tx: Tx, review: Review) -> ConsoleReview:
    """One review as staff see it."""
    names = await _names(tx, {review.product_id})
    return console_review(review, names.get(review.product_id, ""))


def review_out(review: Review) -> ReviewOut:
    """A review as schema."""
    return ReviewOut(
        id=review.id,
        author=review.author,
        spec_text=review.spec_text,
        stars=review.stars,
        words=review.words,
        image_urls=[file_url(key) for key in review.images],
        reply=review.reply,
        written_at=review.written_at,
    )


def console_review(review: Review, product_name: str) -> ConsoleReview:
    """A review with what staff know of it."""
    return ConsoleReview(
        **review_out(review).model_dump(),
        product_id=review.product_id,
        product_name=product_name,
        order_no=review.order_no,
        hidden=review.hidden_at is not None,
        hide_reason=review.hide_reason,
        replied_at=review.replied_at,
    )


async def _names(tx: Tx, ids: set[int]) -> dict[int, str]:
    rows = await tx.execute(select(Product.id, Product.name).where(Product.id.in_(ids)))
    return dict(rows.all())
