"""What going on with an after-sale would do: the plans of the one list, nothing applied."""

from collections.abc import Mapping

from sqlalchemy import select

from tiefen.kernel.db import Tx
from tiefen.orders import queries, rules
from tiefen.orders.errors import AfterSaleMissing
from tiefen.orders.models import AfterSale, Order
from tiefen.orders.schemas import AfterSalePreview, consequence
from tiefen.orders.service.reversing import case_of, planned
from tiefen.orders.values import AfterSaleKind, AfterSaleStatus, Phase

_WAITS = (AfterSaleStatus.RETURNING, AfterSaleStatus.SENT_BACK)


async def preview(
    tx: Tx,
    after_sale_no: str,
    *,
    refund_freight: bool | None = None,
    sellable: Mapping[int, int] | None = None,
) -> AfterSalePreview:
    """What the yes, the parcel that comes back and the refund would change, as things stand now.

    `sellable`: line → pieces expected fit for sale (not given: all). Nothing is changed.
    Raises AfterSaleMissing, IllegalStep, FreightTaken.
    """
    row = (
        await tx.execute(
            select(AfterSale, Order)
            .join(Order, Order.id == AfterSale.order_id)
            .where(AfterSale.after_sale_no == after_sale_no)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        raise AfterSaleMissing
    found, order = row
    if found.status not in _WAITS:
        rules.advance_after_sale(found.status, rules.YES[found.kind])
    freight_fen = rules.freight_of(
        order.freight_fen, order.freight_claimed_fen, found.freight_fen, refund_freight
    )
    case = await case_of(tx, order, found, "preview", freight_fen=freight_fen, sellable=sellable)
    effects = await planned(tx, case, _phases(found))
    return AfterSalePreview(
        after_sale=await queries.console_after_sale(tx, after_sale_no),
        goods_fen=case.amount_fen - case.freight_fen,
        freight_fen=case.freight_fen,
        amount_fen=case.amount_fen,
        freight_refundable_fen=order.freight_fen - order.freight_claimed_fen + found.freight_fen,
        whole=case.whole,
        consequences=[consequence(phase, effect) for phase, effect in effects],
    )


def _phases(found: AfterSale) -> list[Phase]:
    if found.kind is AfterSaleKind.RESEND:
        return [Phase.HOLD]
    if found.kind is AfterSaleKind.EXCHANGE:
        return [Phase.BACK] if found.status in _WAITS else [Phase.HOLD, Phase.BACK]
    return [Phase.BACK, Phase.MONEY]
