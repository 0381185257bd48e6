"""The merchant's questions about fans and their answers: rules, pages, the fan's own form."""

import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import FanClient, StaffClient
from tests.fans.factories import follower
from tiefen.fans import rules, service
from tiefen.fans.errors import AnswerWrong, QuestionWrong
from tiefen.fans.values import AttributeKind, Question
from tiefen.kernel.db import Db

PATH = "/api/console/fan-attributes"
RIGHTS = ["fans.read", "fans.write", "settings.write"]
SKIN = {
    "key": "skin",
    "label": "肤质",
    "kind": "choice",
    "options": ["干性", "油性", "混合"],
    "in_form": True,
    "required": True,
}
HEIGHT = {"key": "height", "label": "身高", "kind": "number", "minimum": "50", "maximum": "250.5"}


def asked(kind: AttributeKind, **more: Any) -> Question:
    return Question(id=1, key="k", label="题", kind=kind, **more)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3))
def test_a_number_of_three_decimals_is_kept_exactly(number: Any) -> None:
    milli = rules.read_milli(str(number))
    assert milli == int(number * 1000)
    assert rules.read_milli(rules.milli_text(milli)) == milli


@given(st.one_of(st.text(), st.floats(), st.booleans(), st.lists(st.integers()), st.none()))
def test_whatever_is_given_is_a_clean_answer_or_a_refusal_naming_its_field(raw: Any) -> None:
    for kind in AttributeKind:
        choosing = kind in (AttributeKind.CHOICE, AttributeKind.CHOICES)
        question = asked(kind, options=("a", "b") if choosing else ())
        named: str | None = "values.k"
        try:
            again = rules.plain(kind, rules.read_answer(question, raw))
        except AnswerWrong as refusal:
            named = refusal.field
        else:
            assert rules.plain(kind, rules.read_answer(question, again)) == again
        assert named == "values.k"


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)))
def test_a_day_is_read_as_written(day: date) -> None:
    assert rules.read_day(day.isoformat()) == day
    assert rules.read_day(day.isoformat() + "T00:00") is None


@given(st.text(alphabet=string.ascii_letters + string.digits + "_- ", max_size=40))
def test_a_key_is_plain_or_refused(key: str) -> None:
    question = Question(id=1, key=key, label="题", kind=AttributeKind.TEXT)
    if rules.KEY.match(key):
        rules.check_question(question)
    else:
        with pytest.raises(QuestionWrong):
            rules.check_question(question)


async def test_a_merchant_asks_the_fan_answers_and_staff_see_it(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    made = await staff.post(PATH, json=SKIN)
    assert made.status_code == 201, made.text
    await staff.post(PATH, json=HEIGHT)
    fan = await fan_client(fan_id)
    form = (await fan.get("/api/shop/me/form")).json()["fields"]
    assert [(one["key"], one["value"]) for one in form] == [("skin", None)]
    filled = await fan.put("/api/shop/me/form", json={"values": {"skin": "油性"}})
    assert filled.json()["fields"][0]["value"] == "油性"
    told = await staff.put(
        f"/api/console/fans/{fan_id}/attributes", json={"values": {"height": "168.5"}}
    )
    assert told.status_code == 200, told.text
    skin, height = told.json()
    assert (skin["value"], skin["author"], skin["staff_name"]) == ("油性", "fan", "")
    assert (height["value"], height["author"]) == ("168.5", "staff")
    lines = (await staff.get(f"/api/console/fans/{fan_id}/timeline?kind=attribute")).json()
    assert [line["data"]["changes"][0]["after"] for line in lines["items"]] == ["168.5", "油性"]
    listed = (await staff.get(PATH)).json()
    assert [(one["key"], one["answered"]) for one in listed] == [("skin", 1), ("height", 1)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"skin": "透明"}, "values.skin"),
        ({"height": "高"}, "values.height"),
        ({"height": "251"}, "values.height"),
        ({"height": "1.0001"}, "values.height"),
        ({"nobody": "1"}, "values.nobody"),
    ],
)
async def test_a_wrong_answer_is_refused_by_name(
    db: Db, staff_client: StaffClient, values: dict[str, str], field: str
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    await staff.post(PATH, json=SKIN)
    await staff.post(PATH, json=HEIGHT)
    answer = await staff.put(f"/api/console/fans/{fan_id}/attributes", json={"values": values})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == field


async def test_a_required_question_must_end_up_answered_in_the_fans_form_only(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    await staff.post(PATH, json=SKIN)
    await staff.post(PATH, json={"label": "生日", "kind": "date", "in_form": True, "key": "born"})
    fan = await fan_client(fan_id)
    refused = await fan.put("/api/shop/me/form", json={"values": {"born": "1990-02-03"}})
    assert refused.json()["error"]["field"] == "values.skin"
    assert (await fan.put("/api/shop/me/form", json={"values": {"skin": "干性"}})).is_success
    later = await fan.put("/api/shop/me/form", json={"values": {"born": "1990-02-03"}})
    assert [one["value"] for one in later.json()["fields"]] == ["干性", "1990-02-03"]
    gone = await staff.put(
        f"/api/console/fans/{fan_id}/attributes", json={"values": {"skin": None}}
    )
    assert gone.json()[0]["value"] is None


async def test_fans_answer_only_what_they_are_asked(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    staff, fan = await staff_client(RIGHTS), await fan_client(await follower(db))
    await staff.post(PATH, json=HEIGHT)
    answer = await fan.put("/api/shop/me/form", json={"values": {"height": "170"}})
    assert answer.status_code == 422


async def test_a_personal_answer_is_sealed_masked_and_revealed_with_a_reason(
    db: Db, staff_client: StaffClient
) -> None:
    fan_id = await follower(db)
    staff = await staff_client([*RIGHTS, "fans.reveal"])
    made = await staff.post(
        PATH, json={"key": "wechat", "label": "私人微信", "kind": "text", "personal": True}
    )
    body = {"values": {"wechat": "lin_secret"}}
    shown = await staff.put(f"/api/console/fans/{fan_id}/attributes", json=body)
    assert "lin_secret" not in shown.text
    timeline = await staff.get(f"/api/console/fans/{fan_id}/timeline")
    assert "lin_secret" not in timeline.text
    async with db.merchant("demo") as tx:
        raw = await (await tx.connection()).exec_driver_sql("SELECT * FROM fan_attribute_value")
        assert "lin_secret" not in str(raw.all())
    path = f"/api/console/fans/{fan_id}/attributes/{made.json()['id']}/reveal"
    clear = await staff.post(path, json={"reason": "核对收货微信"})
    assert clear.json()["value"] == "lin_secret"
    weak = await staff_client(RIGHTS)
    assert (await weak.post(path, json={"reason": "核对收货微信"})).status_code == 403


async def test_questions_are_ordered_archived_and_their_chosen_options_stay(
    db: Db, staff_client: StaffClient
) -> None:
    staff, fan_id = await staff_client(RIGHTS), await follower(db)
    one = (await staff.post(PATH, json=SKIN)).json()
    two = (await staff.post(PATH, json=HEIGHT)).json()
    assert (await staff.post(PATH, json=SKIN)).json()["error"]["field"] == "key"
    await staff.put(f"{PATH}/order", json={"ids": [two["id"], one["id"]]})
    assert [row["key"] for row in (await staff.get(PATH)).json()] == ["height", "skin"]
    await staff.put(f"/api/console/fans/{fan_id}/attributes", json={"values": {"skin": "油性"}})
    refused = await staff.patch(f"{PATH}/{one['id']}", json={"options": ["干性"]})
    assert refused.json()["error"]["field"] == "options"
    fewer = await staff.patch(f"{PATH}/{one['id']}", json={"options": ["干性", "油性"]})
    assert fewer.json()["options"] == ["干性", "油性"]
    await staff.patch(f"{PATH}/{one['id']}", json={"archived": True})
    assert [row["key"] for row in (await staff.get(PATH)).json()] == ["height"]
    assert len((await staff.get(f"{PATH}?archived=true")).json()) == 2


async def test_a_joined_record_brings_answers_the_living_one_lacks(
    db: Db, staff_client: StaffClient
) -> None:
    staff = await staff_client(RIGHTS)
    first, second = await follower(db, "o1"), await follower(db, "o2")
    await staff.post(PATH, json=SKIN)
    await staff.post(PATH, json=HEIGHT)
    path = "/api/console/fans/{}/attributes"
    await staff.put(path.format(first), json={"values": {"skin": "油性"}})
    await staff.put(path.format(second), json={"values": {"skin": "干性", "height": "170"}})
    async with db.merchant("demo") as tx:
        await service.merge(tx, first, second, reason="test")
    values = [one["value"] for one in (await staff.get(path.format(first))).json()]
    assert values == ["油性", "170"]
