"""Routes of reviews by buyers, of what they read after paying, and of services given in person."""

from typing import Annotated

from fastapi import Depends, Path

from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.http import OK, REFUSALS, Ok, TxDep
from tiefen.kernel.routing import Routes
from tiefen.orders import service
from tiefen.orders.schemas import GivenOut, LineStars, ReviewIn
from tiefen.team.values import Permission

router = Routes(tags=["orders"], responses=REFUSALS)
Fan = Annotated[FanActor, Depends(fan())]
Shipper = Annotated[StaffActor, Depends(staff(Permission.ORDERS_SHIP))]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post(
    "/api/shop/orders/{order_no}/lines/{line_id}/review",
    operation_id="reviewLine",
    status_code=201,
)
async def review_line(
    tx: TxDep, who: Fan, order_no: OrderNo, line_id: IdPath, wanted: ReviewIn
) -> list[LineStars]:
    """Say something of what was received; once a line."""
    await service.review(tx, who.id, order_no, line_id, wanted)
    return _stars(await service.reviewed(tx, who.id, order_no))


@router.get("/api/shop/orders/{order_no}/reviews", operation_id="listOrderReviews")
async def list_order_reviews(tx: TxDep, who: Fan, order_no: OrderNo) -> list[LineStars]:
    """Which lines of an order were reviewed."""
    return _stars(await service.reviewed(tx, who.id, order_no))


@router.get("/api/shop/orders/{order_no}/given", operation_id="getGiven")
async def get_given(tx: TxDep, who: Fan, order_no: OrderNo) -> list[GivenOut]:
    """What the buyer reads after paying."""
    return await service.given(tx, who.id, order_no)


@router.post("/api/console/orders/{order_no}/serve", operation_id="serveOrder")
async def serve_order(tx: TxDep, who: Shipper, order_no: OrderNo) -> Ok:
    """The service was given in person: its lines are done."""
    await service.serve(tx, who, order_no)
    return OK


def _stars(found: dict[int, int]) -> list[LineStars]:
    return [LineStars(line_id=line_id, stars=stars) for line_id, stars in sorted(found.items())]
