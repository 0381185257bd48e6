"""Routes of questions and answers."""

from typing import Annotated, Any

from fastapi import Depends, Query

from tiefen.fans import queries, rules, service
from tiefen.fans.models import Attribute, AttributeValue
from tiefen.fans.schemas import (
    AnswerOut,
    AnswerRevealed,
    AnswersIn,
    AttributeIn,
    AttributeOrder,
    AttributeOut,
    AttributePatch,
    Form,
    FormField,
    RevealAnswer,
)
from tiefen.fans.values import Question
from tiefen.kernel import ids
from tiefen.kernel.auth import FanActor, StaffActor, fan, staff
from tiefen.kernel.crypto import mask_name
from tiefen.kernel.db import Tx
from tiefen.kernel.http import OK, REFUSALS, Ok, PathId, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.service import staff_briefs
from tiefen.team.values import Permission

shop = Routes(prefix="/api/shop", tags=["fans"], responses=REFUSALS)
console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Shopper = Annotated[FanActor, Depends(fan())]
Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
Revealer = Annotated[StaffActor, Depends(staff(Permission.FANS_REVEAL))]
Keeper = Annotated[StaffActor, Depends(staff(Permission.SETTINGS_WRITE))]


@console.get("/fan-attributes", operation_id="listFanAttributes")
async def list_attributes(
    tx: TxDep, _: Reader, archived: Annotated[bool, Query()] = False
) -> list[AttributeOut]:
    """The merchant's questions about fans, in order."""
    rows = await queries.attributes(tx, archived=archived)
    counts = await queries.answered_counts(tx)
    return [_attribute(row, counts.get(row.id, 0)) for row in rows]


@console.post("/fan-attributes", operation_id="defineFanAttribute", status_code=201)
async def define(body: AttributeIn, tx: TxDep, actor: Keeper) -> AttributeOut:
    """Ask something new about fans."""
    asked = Question(
        id=0,
        key=body.key or f"a_{ids.token(6).lower().replace('-', '_')}",
        label=body.label,
        kind=body.kind,
        options=tuple(body.options),
        minimum_milli=rules.read_milli(str(body.minimum)) if body.minimum is not None else None,
        maximum_milli=rules.read_milli(str(body.maximum)) if body.maximum is not None else None,
        required=body.required,
        personal=body.personal,
    )
    row = await service.define_attribute(tx, actor, asked, hint=body.hint, in_form=body.in_form)
    return _attribute(row, 0)


@console.patch("/fan-attributes/{attribute_id}", operation_id="editFanAttribute")
async def edit(
    attribute_id: PathId, body: AttributePatch, tx: TxDep, actor: Keeper
) -> AttributeOut:
    """Change a question, or archive it."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    for name in ("minimum", "maximum"):
        if name in changes:
            bound = changes.pop(name)
            changes[f"{name}_milli"] = None if bound is None else rules.read_milli(str(bound))
    kept = {
        name: value
        for name, value in changes.items()
        if value is not None or name.endswith("_milli")
    }
    row = await service.edit_attribute(tx, actor, attribute_id, kept)
    return _attribute(row, (await queries.answered_counts(tx)).get(row.id, 0))


@console.put("/fan-attributes/order", operation_id="orderFanAttributes")
async def order(body: AttributeOrder, tx: TxDep, actor: Keeper) -> Ok:
    """Put the questions in another order."""
    await service.order_attributes(tx, actor, body.ids)
    return OK


@console.get("/fans/{fan_id}/attributes", operation_id="getFanAttributes")
async def get_answers(fan_id: PathId, tx: TxDep, _: Reader) -> list[AnswerOut]:
    """A fan's answers; personal ones masked."""
    return await _answers(tx, fan_id)


@console.put("/fans/{fan_id}/attributes", operation_id="setFanAttributes")
async def set_answers(fan_id: PathId, body: AnswersIn, tx: TxDep, actor: Writer) -> list[AnswerOut]:
    """Answer for a fan."""
    await service.set_answers(tx, fan_id, body.values, by=actor)
    await tx.flush()
    return await _answers(tx, fan_id)


@console.post("/fans/{fan_id}/attributes/{attribute_id}/reveal", operation_id="revealFanAttribute")
async def reveal(
    fan_id: PathId, attribute_id: PathId, body: RevealAnswer, tx: TxDep, actor: Revealer
) -> AnswerRevealed:
    """One sealed answer in clear; the look and its reason are audited."""
    value = await service.reveal_answer(tx, actor, fan_id, attribute_id, body.reason)
    return AnswerRevealed(value=value)


@shop.get("/me/form", operation_id="getMyForm")
async def get_form(tx: TxDep, actor: Shopper) -> Form:
    """What the merchant asks, with what the fan answered."""
    return await _form(tx, actor.id)


@shop.put("/me/form", operation_id="fillMyForm")
async def fill_form(body: AnswersIn, tx: TxDep, actor: Shopper) -> Form:
    """The fan's own answers."""
    await service.set_answers(tx, actor.id, body.values)
    await tx.flush()
    return await _form(tx, actor.id)


async def _form(tx: Tx, fan_id: int) -> Form:
    person, _ = await queries.one_fan(tx, fan_id)
    given = await queries.answers(tx, person.id)
    return Form(
        fields=[
            FormField(
                key=row.key,
                label=row.label,
                hint=row.hint,
                kind=row.kind,
                options=row.options,
                minimum=rules.milli_text(row.minimum_milli),
                maximum=rules.milli_text(row.maximum_milli),
                required=row.required,
                value=_value(row, given.get(row.id)),
            )
            for row in await queries.attributes(tx)
            if row.in_form
        ]
    )


async def _answers(tx: Tx, fan_id: int) -> list[AnswerOut]:
    person, _ = await queries.one_fan(tx, fan_id)
    given = await queries.answers(tx, person.id)
    rows = await queries.attributes(tx)
    named = await staff_briefs(tx, {one.staff_id for one in given.values() if one.staff_id})
    found = []
    for row in rows:
        one = given.get(row.id)
        value = _value(row, one)
        found.append(
            AnswerOut(
                attribute_id=row.id,
                key=row.key,
                label=row.label,
                hint=row.hint,
                kind=row.kind,
                options=row.options,
                required=row.required,
                personal=row.personal,
                value=mask_name(value) if row.personal and value else value,
                author=one.author if one else None,
                staff_name=named[one.staff_id].name
                if one and one.staff_id and one.staff_id in named
                else "",
                at=one.at if one else None,
            )
        )
    return found


def _value(row: Attribute, one: AttributeValue | None) -> Any:
    return rules.plain(row.kind, queries.answer(one)) if one else None


def _attribute(row: Attribute, answered: int) -> AttributeOut:
    return AttributeOut(
        id=row.id,
        key=row.key,
        label=row.label,
        hint=row.hint,
        kind=row.kind,
        options=row.options,
        minimum=rules.milli_text(row.minimum_milli),
        maximum=rules.milli_text(row.maximum_milli),
        required=row.required,
        in_form=row.in_form,
        personal=row.personal,
        archived=row.archived_at is not None,
        answered=answered,
    )
