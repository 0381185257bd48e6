"""What imports and changes of many products send and take."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tiefen.catalog.values import ChangeKind, ImportState, LineFate, ProductRole
from tiefen.kernel.http import IdIn, In, Out


class GoodsLineOut(Out):
    """A line of an import and what is wrong with it."""

    line: int
    code: str
    fate: LineFate
    faults: list[str]


class GoodsImportOut(Out):
    """An import: what it would do while `checked`, what it did afterwards."""

    id: int
    file_name: str
    state: ImportState
    lines: int
    wrong: int
    products: int
    done: int
    created: int
    updated: int
    unchanged: int
    staff_name: str
    started_at: datetime
    ended_at: datetime | None


class GoodsImportDetail(GoodsImportOut):
    """An import with its first faults; the file of faults has all of them."""

    faults: list[GoodsLineOut]


class ChangeInput(In):
    """What to change on which products. `number` is fen, basis points, an id, pieces, or 1 and 0."""

    product_ids: Annotated[list[IdIn], Field(min_length=1, max_length=500)]
    kind: ChangeKind
    number: Annotated[int, Field(strict=True, ge=-10_000_000_000, le=2**53)] | None = None
    role: ProductRole | None = None


class ChangeRow(Out):
    """One product before and after; `refused` says why it stays as it is.

    `below_cost`: how many of its SKUs would sell below their cost; 0 for who may not see costs.
    """

    id: int
    name: str
    before: str
    after: str
    refused: str
    below_cost: int


class ChangePreview(Out):
    """What a change would do."""

    rows: list[ChangeRow]
    changed: int
    refused: int
    below_cost: int
    """products with a SKU that would sell below its cost"""


class ChangeOut(Out):
    """A change that was made."""

    id: int
    kind: ChangeKind
    products: int
    staff_name: str
    made_at: datetime
    undone_at: datetime | None


class UndoneOut(Out):
    """What undoing brought back; `kept` were changed since and stay."""

    undone: int
    kept: list[str]
