"""Values that cross the ledger's door."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Asset(StrEnum):
    """What an account counts. One transfer moves one asset."""

    CNY = "CNY"
    """Renminbi, in fen."""
    POINTS = "POINTS"
    """Member points, whole."""


class Side(StrEnum):
    """The side on which an account grows; its balance is counted from there."""

    DEBIT = "debit"
    """What the merchant has or has spent."""
    CREDIT = "credit"
    """What the merchant owes or has earned."""


class Kind(StrEnum):
    """What a balance means to an accountant."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One wish to move `amount_fen` (> 0; the asset's smallest unit) from `credit` to `debit`.

    `code` says why in one stable word (`payment.succeeded`), `reference` names the thing it is
    about (an order number), `key` makes it happen once: the same key with the same content is the
    same transfer, with other content an error.
    """

    debit: str
    credit: str
    amount_fen: int
    code: str
    reference: str
    key: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer as the ledger holds it; `fresh` is False when an earlier post had written it."""

    id: int
    key: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, counted on its own side; `version` is how many transfers touched it."""

    account: str
    asset: Asset
    balance_fen: int
    version: int
    at: datetime | None
    """None for now, else the moment the balance is as of."""


class By(StrEnum):
    """How long a period of a statement is: the merchant's days or months."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved one account in one period for one reason, against one other account."""

    period: date
    """The period's first day."""
    code: str
    against: str
    debited_fen: int
    credited_fen: int
