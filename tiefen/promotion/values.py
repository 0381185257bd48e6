"""What promotion gives to other rooms. All amounts in fen."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A step of the price calculation, as it stands in the trace."""

    LIST_PRICE = "list_price"
    """Unit price × quantity."""
    FREIGHT = "freight"
    """The template's flat fee."""
    FREIGHT_FREE = "freight_free"
    """The goods reached the amount from which freight is free."""


class ProblemKind(StrEnum):
    """Why a line cannot be ordered as it stands."""

    GONE = "gone"
    """Off the shelf, off the grid or unknown."""
    LIMIT = "limit"
    """More than one fan may buy."""


@dataclass(frozen=True, slots=True)
class BasisLine:
    """One wanted SKU with what the catalog says of it."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    price_fen: int
    cost_fen: int | None
    """For the merchant's margin; must not reach a fan."""
    purchase_limit: int | None


@dataclass(frozen=True, slots=True)
class Freight:
    """The merchant's freight rule."""

    fee_fen: int
    free_from_fen: int | None
    """Goods worth at least this travel free; None = never."""


@dataclass(frozen=True, slots=True)
class Basis:
    """All a quote depends on: store it, and the quote can be computed again years later."""

    rules: int
    """Version of the calculation."""
    lines: tuple[BasisLine, ...]
    freight: Freight


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """What one line costs. pay = list - discount; `freight_fen` is its share of the freight."""

    sku_id: int
    product_id: int
    product_name: str
    spec_text: str
    image_url: str
    quantity: int
    unit_price_fen: int
    list_fen: int
    discount_fen: int
    pay_fen: int
    freight_fen: int


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step: what it did, to which SKU (None: the whole order), by how much."""

    step: Step
    sku_id: int | None
    amount_fen: int
    numbers: dict[str, int]
    """What the explaining sentence names: unit_fen, quantity, free_from_fen …"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one wanted line cannot be ordered."""

    kind: ProblemKind
    sku_id: int
    product_id: int
    product_name: str
    limit: int
    left: int
    """Pieces this fan may still buy."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with its reasons. total = goods + freight - discount ≥ 0."""

    lines: tuple[QuoteLine, ...]
    goods_fen: int
    freight_fen: int
    discount_fen: int
    total_fen: int
    trace: tuple[TraceLine, ...]
    digest: str
    """Sent back with the order: another digest means another price."""
    basis: Basis
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What became different between the quote a buyer saw and the one that holds now."""

    what: str
    """`price`, `quantity`, `added`, `removed` (of a SKU), `freight`, `discount` or `total`."""
    sku_id: int | None
    before: int
    after: int
