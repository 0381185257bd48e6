"""What buyers say of what they received, and what they read after paying."""

from tiefen.catalog import service as catalog
from tiefen.catalog.values import Reviewed
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.orders.errors import NotReceived, OrderMissing
from tiefen.orders.schemas import GivenOut, ReviewIn
from tiefen.orders.service.book import lines_of, locked, seen
from tiefen.orders.values import OrderStatus

_PAID = frozenset(
    {OrderStatus.PAID, OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.RECEIVED}
)


async def review(tx: Tx, fan_id: int, order_no: str, line_id: int, wanted: ReviewIn) -> int:
    """The buyer's word on a line of an order they have received; returns the review's id.

    Raises OrderMissing (also for a foreign order or line), NotReceived, and what
    `catalog.write_review` refuses.
    """
    order = await locked(tx, order_no, fan_id)
    line = next((one for one in await lines_of(tx, order) if one.id == line_id), None)
    if line is None:
        raise OrderMissing
    if order.status is not OrderStatus.RECEIVED:
        raise NotReceived
    who = (await fans.brief(tx, [order.fan_id]))[order.fan_id]
    return await catalog.write_review(
        tx,
        Reviewed(
            order_line_id=line.id,
            order_no=order_no,
            product_id=line.product_id,
            sku_id=line.sku_id,
            spec_text=line.spec_text,
            fan_id=order.fan_id,
            fan_name=who.name,
            stars=wanted.stars,
            words=wanted.words,
            images=tuple(wanted.images),
        ),
    )


async def reviewed(tx: Tx, fan_id: int, order_no: str) -> dict[int, int]:
    """Line → stars, for the lines of the fan's order that were reviewed. Raises OrderMissing."""
    order = await seen(tx, order_no, fan_id)
    return await catalog.reviewed_lines(tx, [line.id for line in await lines_of(tx, order)])


async def given(tx: Tx, fan_id: int, order_no: str) -> list[GivenOut]:
    """What the buyer reads after paying: texts, courses and codes, line by line.

    Empty before payment and after everything was refunded. Raises OrderMissing.
    """
    order = await seen(tx, order_no, fan_id)
    if order.status not in _PAID:
        return []
    lines = await lines_of(tx, order)
    texts = await catalog.given_to_buyers(tx, [line.product_id for line in lines])
    codes = await catalog.codes_of(tx, order_no)
    return [
        GivenOut(
            line_id=line.id,
            title=line.title,
            html=texts.get(line.product_id, ""),
            codes=codes.get(line.sku_id, []),
        )
        for line in lines
        if line.product_id in texts or line.sku_id in codes
    ]
