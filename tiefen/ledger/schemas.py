"""What the console sees of the ledger."""

from datetime import datetime

from pydantic import Field

from tiefen.kernel.http import Out
from tiefen.ledger.values import Asset, Kind, Side


class AccountOut(Out):
    """An account and its balance, counted on its own side."""

    id: int
    name: str
    number: str = Field(
        description="its number in an accountant's books; empty for what is no money"
    )
    title_zh: str
    title_en: str
    asset: Asset
    side: Side
    kind: Kind
    guarded: bool = Field(description="never below zero")
    balance_fen: int = Field(description="the asset's smallest unit: fen, or whole points")
    debited_fen: int
    credited_fen: int
    version: int = Field(description="how many transfers touched the account")


class TransferOut(Out):
    """One transfer, newest first in lists."""

    id: int
    debit: str
    credit: str
    asset: Asset
    amount_fen: int
    code: str
    reference: str
    key: str
    reverses_id: int | None
    debit_balance_fen: int
    credit_balance_fen: int
    posted_at: datetime
