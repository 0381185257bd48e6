"""Routes of reviews, and of pools of codes."""

from typing import Annotated

from fastapi import Depends, Query

from tiefen.catalog import queries, service
from tiefen.catalog.http.common import IdPath, IdQuery, Reader, Writer
from tiefen.catalog.schemas import (
    ConsoleReview,
    HideInput,
    PoolInput,
    PoolOut,
    ReplyInput,
    ReviewOut,
)
from tiefen.kernel.auth import anyone
from tiefen.kernel.http import REFUSALS, Cursor, Limit, Page, TxDep
from tiefen.kernel.routing import Routes

router = Routes(tags=["catalog"], responses=REFUSALS)
Stars = Annotated[int | None, Query(ge=1, le=5)]


@router.get(
    "/api/shop/products/{product_id}/reviews",
    operation_id="listShopReviews",
    dependencies=[Depends(anyone())],
)
async def list_shop_reviews(
    tx: TxDep, product_id: IdPath, cursor: Cursor = None, limit: Limit = 10
) -> Page[ReviewOut]:
    """What buyers say of a product, the newest first."""
    return await queries.shop_reviews(tx, product_id, cursor=cursor, limit=limit)


@router.get("/api/console/reviews", operation_id="listReviews")
async def list_reviews(
    tx: TxDep,
    _: Reader,
    product_id: IdQuery = None,
    stars: Stars = None,
    unanswered: bool = False,
    hidden: bool = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ConsoleReview]:
    """Reviews, filtered, the newest first."""
    return await queries.console_reviews(
        tx,
        product_id=product_id,
        stars=stars,
        unanswered=unanswered,
        hidden=hidden,
        cursor=cursor,
        limit=limit,
    )


@router.post("/api/console/reviews/{review_id}/reply", operation_id="replyToReview")
async def reply_to_review(
    tx: TxDep, who: Writer, review_id: IdPath, wanted: ReplyInput
) -> ConsoleReview:
    """Answer a review; everybody reads it."""
    review = await service.reply_to_review(tx, who, review_id, wanted.words)
    return await queries.one_review(tx, review)


@router.post("/api/console/reviews/{review_id}/hide", operation_id="hideReview")
async def hide_review(
    tx: TxDep, who: Writer, review_id: IdPath, wanted: HideInput
) -> ConsoleReview:
    """Take a review out of sight, with a reason that the audit log keeps."""
    review = await service.hide_review(tx, who, review_id, wanted.reason)
    return await queries.one_review(tx, review)


@router.post("/api/console/reviews/{review_id}/show", operation_id="showReview")
async def show_review(tx: TxDep, who: Writer, review_id: IdPath) -> ConsoleReview:
    """Bring a hidden review back."""
    return await queries.one_review(tx, await service.show_review(tx, who, review_id))


@router.post("/api/console/skus/{sku_id}/codes", operation_id="addCodes", status_code=201)
async def add_codes(tx: TxDep, who: Writer, sku_id: IdPath, wanted: PoolInput) -> PoolOut:
    """Load codes into a SKU's pool; stock grows by those that are new."""
    added = await service.add_codes(tx, who, sku_id, wanted.codes)
    left = await service.codes_left(tx, [sku_id])
    return PoolOut(added=added, left=left.get(sku_id, 0))
