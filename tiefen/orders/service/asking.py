"""The merchant's own questions at checkout, and what fans answer."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.catalog import service as catalog
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.orders import rules
from tiefen.orders.errors import FieldMissing, ProductUnknown, TooManyFields
from tiefen.orders.models import FormField, OrderAnswer
from tiefen.orders.schemas import MOST_FIELDS, FormFieldIn, OrderAnswerIn
from tiefen.orders.service.book import locked
from tiefen.orders.values import Answer, FieldKind, Question
from tiefen.team import service as team

_ASKED = """
    SELECT id, product_id, label, kind, options, required FROM form_field
    WHERE active AND (product_id IS NULL OR product_id = ANY($1::bigint[]))
    ORDER BY position, id
"""


async def save_field(
    tx: Tx, actor: StaffActor, field_id: int | None, wanted: FormFieldIn
) -> FormField:
    """Add a question, or change one; orders keep what was asked then.

    A question that fans have answered is not turned into another kind: the old one goes and a new
    one comes. Raises FieldMissing, TooManyFields, ProductUnknown.
    """
    product_id = wanted.product_id
    if product_id is not None and not await catalog.all_sku_ids_of(tx, product_id):
        raise ProductUnknown(field="product_id")
    row = None
    if field_id is not None:
        row = await _locked(tx, field_id)
        if row.kind is not wanted.kind:
            row.active = False
            row = None
    if row is None:
        asked = await tx.scalar(select(func.count()).where(FormField.active))
        if (asked or 0) >= MOST_FIELDS:
            raise TooManyFields(most=MOST_FIELDS)
        row = FormField(kind=wanted.kind, active=True)
        tx.add(row)
    row.product_id, row.label, row.required = product_id, wanted.label, wanted.required
    row.options, row.position, row.updated_at = wanted.options, wanted.position, tx.now
    await tx.flush()
    await team.record_audit(
        tx, actor, "orders.save_form_field", f"form_field:{row.id}", after=wanted.model_dump()
    )
    return row


async def drop_field(tx: Tx, actor: StaffActor, field_id: int) -> None:
    """Ask no more; what was answered stays. Raises FieldMissing."""
    row = await _locked(tx, field_id)
    row.active = False
    row.updated_at = tx.now
    await team.record_audit(
        tx, actor, "orders.drop_form_field", f"form_field:{row.id}", before={"label": row.label}
    )


async def fields_for(tx: Tx, product_ids: Iterable[int]) -> Sequence[Question]:
    """The questions asked of orders with these products, in their order."""
    return [
        Question(
            row["id"],
            row["product_id"],
            row["label"],
            FieldKind(row["kind"]),
            row["options"],
            row["required"],
        )
        for row in await tx.rows(_ASKED, list(set(product_ids)))
    ]


def answered(
    fields: Iterable[Question], product_ids: Iterable[int], given: Sequence[OrderAnswerIn]
) -> tuple[Answer, ...]:
    """The answers of an order with these products, checked one by one.

    Raises AnswerMissing and AnswerWrong, which name the field as `answers.<id>`.
    """
    products = set(product_ids)
    said = {one.field_id: one.value for one in given}
    found = []
    for field in fields:
        if field.product_id is not None and field.product_id not in products:
            continue
        value = rules.check_answer(
            field.id, field.label, field.kind, field.options, said.get(field.id, ""), field.required
        )
        if value:
            found.append(Answer(field.id, field.label, field.kind, value))
    return tuple(found)


async def keep_answers(tx: Tx, answers: Mapping[int, Sequence[Answer]]) -> None:
    """Write the answers of orders, by their ids."""
    rows = [
        {
            "order_id": order_id,
            "field_id": one.field_id,
            "label": one.label,
            "kind": one.kind,
            "value": one.value,
        }
        for order_id, given in sorted(answers.items())
        for one in given
    ]
    if rows:
        await tx.execute(insert(OrderAnswer).values(rows))


async def answers_of(
    tx: Tx, order_ids: Sequence[int], *, shown: bool = False
) -> dict[int, list[Answer]]:
    """Order → what was answered, personal kinds masked unless `shown`."""
    rows = await tx.scalars(
        select(OrderAnswer)
        .where(OrderAnswer.order_id.in_(order_ids))
        .order_by(OrderAnswer.order_id, OrderAnswer.field_id)
    )
    found: dict[int, list[Answer]] = {}
    for row in rows:
        value = row.value if shown else rules.masked_answer(row.kind, row.value)
        found.setdefault(row.order_id, []).append(Answer(row.field_id, row.label, row.kind, value))
    return found


async def reveal_answers(tx: Tx, actor: StaffActor, order_no: str) -> list[Answer]:
    """What was answered in clear; the look is noted. Raises OrderMissing."""
    order = await locked(tx, order_no)
    await team.record_audit(tx, actor, "orders.reveal_answers", f"order:{order_no}")
    return (await answers_of(tx, [order.id], shown=True)).get(order.id, [])


async def _locked(tx: Tx, field_id: int) -> FormField:
    row = await tx.get(FormField, field_id, with_for_update=True)
    if row is None or not row.active:
        raise FieldMissing
    return row
