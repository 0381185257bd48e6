"""Questions and answers at the edge."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.fans.schemas.people import Text40
from tiefen.fans.values import AttributeKind, Author
from tiefen.kernel.http import IdIn, In, Out

Key = Annotated[str, StringConstraints(max_length=31)]
Bound = Annotated[Decimal, Field(ge=-(10**9), le=10**9, decimal_places=3)]
Options = Annotated[list[Text40], Field(max_length=50)]
Hint = Annotated[str, StringConstraints(max_length=100)]
Values = Annotated[dict[str, str | float | bool | list[str] | None], Field(max_length=100)]


class AttributeIn(In):
    """A new question. An empty key is made up."""

    key: Key = ""
    label: Text40
    hint: Hint = ""
    kind: AttributeKind
    options: Options = Field(default_factory=list)
    minimum: Bound | None = None
    maximum: Bound | None = None
    required: bool = False
    in_form: bool = False
    personal: bool = False


class AttributePatch(In):
    """What of a question may change; what is absent stays."""

    label: Text40 | None = None
    hint: Hint | None = None
    options: Options | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    required: bool | None = None
    in_form: bool | None = None
    archived: bool | None = None


class AttributeOrder(In):
    """Questions in the order they should stand."""

    ids: Annotated[list[IdIn], Field(max_length=200)]


class AttributeOut(Out):
    """A question about fans."""

    id: int
    key: str
    label: str
    hint: str
    kind: AttributeKind
    options: list[str]
    minimum: str | None
    maximum: str | None
    required: bool
    in_form: bool
    personal: bool
    archived: bool
    answered: int
    """how many fans answered"""


class AnswerOut(Out):
    """A fan's answer beside its question. A personal one is masked: reveal it with a reason."""

    attribute_id: int
    key: str
    label: str
    hint: str
    kind: AttributeKind
    options: list[str]
    required: bool
    personal: bool
    value: Any
    """text, number as text, ISO day, yes or no, or list of texts; null = not answered"""
    author: Author | None
    staff_name: str
    at: datetime | None


class AnswersIn(In):
    """Answers by key; null takes one away, what is absent stays."""

    values: Values


class RevealAnswer(In):
    """Why: the reason is kept in the audit log."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class AnswerRevealed(Out):
    """One sealed answer in clear."""

    value: str


class FormField(Out):
    """A question in the fan's own form, with what they answered."""

    key: str
    label: str
    hint: str
    kind: AttributeKind
    options: list[str]
    minimum: str | None
    maximum: str | None
    required: bool
    value: Any


class Form(Out):
    """What the merchant asks this fan."""

    fields: list[FormField]
