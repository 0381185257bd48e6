"""Routes of pay links: the fan makes one, whoever holds it pays."""

from typing import Annotated

import segno
from fastapi import Depends, Path, Request

from tiefen.kernel import limits
from tiefen.kernel.auth import FanActor, anyone, fan
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep, TxDep
from tiefen.kernel.routing import Routes
from tiefen.orders import service
from tiefen.orders.schemas.orders import PaySheetOut
from tiefen.orders.schemas.pay_links import (
    LinkedOrderOut,
    LinkStateOut,
    PayAsMyselfIn,
    PayByLinkIn,
    PayByLinkOut,
    PayLinkOut,
)
from tiefen.payments.values import PayParams
from tiefen.wechat.values import PayClientKind

router = Routes(tags=["orders"], responses=REFUSALS)
Token = Annotated[str, Path(pattern=r"^O[0-9]{19}-[12]-[0-9]{1,11}-[0-9a-f]{32}$")]
OrderNo = Annotated[str, Path(pattern=r"^O[0-9]{19}$")]
OFTEN = limits.Limit(60, 60.0)
"""Looks and taps of one address in a minute: a waiting page asks every three seconds."""
_HELD = [Depends(anyone()), Depends(OFTEN)]


@router.post("/api/shop/orders/{order_no}/pay-link", operation_id="makePayLink")
async def make_pay_link(
    tx: TxDep, who: Annotated[FanActor, Depends(fan())], order_no: OrderNo
) -> PayLinkOut:
    """A link by which anybody can pay this order, in a browser too, as long as it can be paid."""
    return await service.pay_link(tx, who.id, order_no)


@router.get("/api/shop/pay-links/{token}", operation_id="openPayLink", dependencies=_HELD)
async def open_pay_link(tx: TxDep, token: Token) -> LinkedOrderOut:
    """What the link asks for: the shop, the goods, the amount, until when."""
    return await service.linked_order(tx, token)


@router.post("/api/shop/pay-links/{token}/pay", operation_id="payByLink", dependencies=_HELD)
async def pay_by_link(
    db: DbDep, merchant: MerchantDep, token: Token, wanted: PayByLinkIn, request: Request
) -> PayByLinkOut:
    """Pay outside WeChat: go to WeChat's page from a phone's browser, or show a code to scan."""
    client = PayClientKind(wanted.client)
    address = request.client.host if request.client else ""
    params = await service.pay_by_link(db, merchant, token, client, payer_ip=address)
    return _shown(params)


@router.post(
    "/api/shop/pay-links/{token}/pay-as-myself",
    operation_id="payLinkAsMyself",
    dependencies=[Depends(OFTEN)],
)
async def pay_as_myself(
    db: DbDep,
    merchant: MerchantDep,
    who: Annotated[FanActor, Depends(fan(outward=True))],
    token: Token,
    wanted: PayAsMyselfIn,
) -> PayByLinkOut:
    """Pay somebody's order inside WeChat or the mini program, out of one's own wallet."""
    client = PayClientKind(wanted.client)
    params = await service.pay_by_link(db, merchant, token, client, payer_ip="", fan_id=who.id)
    return _shown(params)


@router.get(
    "/api/shop/pay-links/{token}/payment", operation_id="getLinkPayment", dependencies=_HELD
)
async def get_link_payment(db: DbDep, merchant: MerchantDep, token: Token) -> LinkStateOut:
    """Whether the money has come; asks the provider if its notice is late."""
    return LinkStateOut(state=await service.poll_link(db, merchant, token))


def _shown(params: PayParams) -> PayByLinkOut:
    picture = None
    if params.code_url:
        picture = segno.make(params.code_url, error="m").svg_data_uri(scale=8, border=2)
    return PayByLinkOut.model_validate(
        {
            "client": params.client.value,
            "expires_at": params.expires_at,
            "h5_url": params.h5_url,
            "picture": picture,
            "sheet": PaySheetOut.model_validate(params.sheet) if params.sheet else None,
        }
    )
