"""A link by which anybody pays one order."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from tiefen.kernel.http import In, Out
from tiefen.orders.schemas.orders import PaySheetOut


class LinkState(StrEnum):
    """Where the payment that a pay link is for stands."""

    OPEN = "open"
    PAID = "paid"
    OVER = "over"


class PayLinkOut(Out):
    """What opens one payment of one order to whoever holds it."""

    token: str
    until: datetime


class LinkedLineOut(Out):
    """What is bought, and how many."""

    title: str
    quantity: int


class LinkedOrderOut(Out):
    """An order as whoever was asked to pay it sees it: never to whom it goes."""

    merchant_name: str
    amount_fen: int
    lines: list[LinkedLineOut]
    more: int = Field(description="lines not shown")
    state: LinkState
    until: datetime


class PayByLinkIn(In):
    """From where it is paid: a phone's browser (`h5`), or a screen whose code a phone scans."""

    client: Literal["h5", "native"]


class PayAsMyselfIn(In):
    """From where a signed-in fan pays somebody's order."""

    client: Literal["jsapi", "mini"]


class PayByLinkOut(Out):
    """How to pay: go to `h5_url`, scan `picture`, or open the sheet."""

    client: Literal["h5", "native", "jsapi", "mini"]
    expires_at: datetime
    h5_url: str | None = Field(description="good for five minutes; append `&redirect_url=`")
    picture: str | None = Field(description="SVG as a data address")
    sheet: PaySheetOut | None


class LinkStateOut(Out):
    """Whether the money has come."""

    state: LinkState
