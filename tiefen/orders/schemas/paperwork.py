"""The merchant's own questions at checkout, and invoices."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tiefen.kernel.checkdigits import is_credit_code
from tiefen.kernel.http import IdIn, In, Out
from tiefen.kernel.text import OneLine, Prose
from tiefen.orders.schemas.shared import MAX_LINES, FanOut
from tiefen.orders.values import FieldKind, InvoiceState, TitleKind

MOST_FIELDS = 30
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


class FormFieldIn(In):
    """A question asked at checkout; `product_id` null: of every order."""

    product_id: IdIn | None = None
    label: Annotated[OneLine, Field(min_length=1, max_length=20)]
    kind: FieldKind
    required: StrictBool = True
    options: Annotated[
        list[Annotated[OneLine, Field(min_length=1, max_length=40)]],
        Field(max_length=30, default_factory=list),
    ]
    position: Annotated[int, Field(strict=True, ge=-10_000, le=10_000)] = 0

    @model_validator(mode="after")
    def has_options(self) -> Self:
        """A choice has something to choose from, and nothing else does."""
        if (self.kind is FieldKind.CHOICE) != bool(self.options):
            raise ValueError("选择题需要选项 / A choice needs options")
        if len(set(self.options)) != len(self.options):
            raise ValueError("选项重复了 / An option stands twice")
        return self


class FormFieldOut(Out):
    """A question asked at checkout."""

    id: int
    product_id: int | None
    product_name: str
    label: str
    kind: FieldKind
    required: bool
    options: list[str]
    position: int


class FieldsAsk(In):
    """The goods about to be ordered."""

    product_ids: Annotated[list[IdIn], Field(min_length=1, max_length=MAX_LINES)]


class OrderAnswerIn(In):
    """What the fan answers."""

    field_id: IdIn
    value: Annotated[Prose, Field(max_length=200)]


class OrderAnswerOut(Out):
    """What the fan answered; personal kinds are masked for staff until they look."""

    field_id: int
    label: str
    kind: FieldKind
    value: str


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("邮箱格式不对 / Not an e-mail address")
    return text


class InvoiceIn(In):
    """Whom an invoice is for: a person, or a company with its tax number."""

    kind: TitleKind
    title: Annotated[OneLine, Field(min_length=1, max_length=100)]
    tax_no: Annotated[OneLine, Field(max_length=20, validate_default=True)] = ""
    email: Annotated[OneLine, Field(max_length=120), AfterValidator(_email)]

    @field_validator("tax_no")
    @classmethod
    def _checked(cls, value: str, info: ValidationInfo) -> str:
        """A company's is checked by its last sign; a person has none."""
        kind, said = info.data.get("kind"), value.replace(" ", "").upper()
        if kind is TitleKind.COMPANY and not is_credit_code(said):
            raise ValueError(
                "税号不正确，请核对 18 位统一社会信用代码 / The tax number is not right"
            )
        return said if kind is TitleKind.COMPANY else ""


class InvoiceOut(Out):
    """An invoice as the fan sees it."""

    kind: TitleKind
    title: str
    tax_no: str
    email: str
    state: InvoiceState
    amount_fen: int
    red_fen: int
    number: str
    has_file: bool
    requested_at: datetime
    issued_at: datetime | None


class InvoiceRow(InvoiceOut):
    """An invoice as the console lists it; e-mail masked."""

    id: int
    order_no: str
    fan: FanOut
    payable_fen: int
    """Paid less refunded: what an invoice would be for now."""
    red_number: str


class IssueIn(In):
    """The number of the invoice that was written, or of the red-letter one."""

    number: Annotated[OneLine, Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z-]+$")]


class PaperworkOut(Out):
    """What an order carries besides goods."""

    answers: list[OrderAnswerOut]
    invoice: InvoiceOut | None
    can_invoice: bool
    """An invoice may be asked for, or the request changed."""
