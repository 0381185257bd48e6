"""What a fan agreed to with a presale."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from tiefen.kernel.http import In, Out
from tiefen.kernel.text import OneLine
from tiefen.promotion.values import Quote


class AgreedPresale(Out):
    """Two payments of one order, and what follows if the second does not come."""

    deposit_fen: int
    balance_fen: int
    deposit_paid_at: datetime | None
    balance_from: datetime
    balance_until: datetime
    ships_by: date
    forfeits: bool
    """A balance that is not paid in time costs the deposit; else it goes back."""


class DepositBackIn(In):
    """Why the merchant gives a deposit back."""

    reason: Annotated[OneLine, Field(min_length=1, max_length=100)]


def presale_of_quote(quote: Quote) -> AgreedPresale | None:
    """The terms in a price; None: it is paid at once."""
    terms = quote.presale
    if terms is None:
        return None
    return AgreedPresale(
        deposit_fen=quote.deposit_fen,
        balance_fen=quote.total_fen - quote.deposit_fen,
        deposit_paid_at=None,
        balance_from=terms.balance_from,
        balance_until=terms.balance_until,
        ships_by=terms.ships_by,
        forfeits=terms.forfeits,
    )
