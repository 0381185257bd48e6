"""What a question may be, and what counts as an answer to it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from tiefen.fans.errors import AnswerMissing, AnswerWrong, QuestionWrong
from tiefen.fans.values import Answer, AttributeKind, Question

KEY = re.compile(r"^[a-z][a-z0-9_]{0,30}$")
MAX_QUESTIONS = 100
MAX_OPTIONS = 50
MAX_TEXT = 500
MAX_NUMBER_MILLI = 10**15
_CHOOSING = frozenset({AttributeKind.CHOICE, AttributeKind.CHOICES})
_EMPTY: tuple[Any, ...] = (None, "", [])
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


def check_question(asked: Question) -> None:
    """Raise QuestionWrong, naming the field, for a question nobody could answer or a rule not read."""
    if not KEY.match(asked.key):
        raise QuestionWrong(
            field="key",
            zh_reason="标识以小写字母开头，只用小写字母、数字和下划线",
            en_reason="a key begins with a small letter and has a-z, 0-9 and _",
        )
    choosing = asked.kind in _CHOOSING
    if choosing != bool(asked.options):
        raise QuestionWrong(
            field="options",
            zh_reason="单选和多选要有选项" if choosing else "这种类型没有选项",
            en_reason="a choice needs options" if choosing else "this kind has no options",
        )
    if len(set(asked.options)) != len(asked.options):
        raise QuestionWrong(
            field="options", zh_reason="选项有重复", en_reason="an option is there twice"
        )
    bounds = (asked.minimum_milli, asked.maximum_milli)
    if asked.kind is not AttributeKind.NUMBER and any(bound is not None for bound in bounds):
        raise QuestionWrong(
            field="minimum", zh_reason="只有数字有范围", en_reason="only a number has a range"
        )
    if None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]  # neither is None
        raise QuestionWrong(
            field="maximum",
            zh_reason="最大值小于最小值",
            en_reason="the largest is below the smallest",
        )
    if asked.personal and asked.kind is not AttributeKind.TEXT:
        raise QuestionWrong(
            field="personal",
            zh_reason="只有文字可以设为个人信息：它加密保存，不能用来筛选",
            en_reason="only a text can be personal: it is sealed and cannot be filtered by",
        )


def read_answers(
    questions: Sequence[Question], given: Mapping[str, Any], *, whole: bool
) -> dict[int, Answer | None]:
    """Clean answers by question id; None takes an answer away.

    `whole`: the fan's own form, where required questions must end up answered.
    Raises AnswerWrong or AnswerMissing naming `values.<key>`.
    """
    known = {question.key: question for question in questions}
    for key in given:
        if key not in known:
            raise AnswerWrong(
                field=f"values.{key}", zh_reason="没有这一项", en_reason="no such item"
            )
    found: dict[int, Answer | None] = {}
    for key, question in known.items():
        raw = given.get(key)
        if isinstance(raw, str):
            raw = raw.strip()
        if raw in _EMPTY:
            if whole and question.required:
                raise AnswerMissing(field=f"values.{key}", label=question.label)
            if key in given:
                found[question.id] = None
        else:
            found[question.id] = read_answer(question, raw)
    return found


def read_answer(question: Question, raw: Any) -> Answer:
    """One clean answer. Raises AnswerWrong naming `values.<key>`."""
    match question.kind:
        case AttributeKind.TEXT:
            return Answer(word=_text(question, raw))
        case AttributeKind.NUMBER:
            return Answer(number_milli=_number(question, raw))
        case AttributeKind.DATE:
            return Answer(day=_day(question, raw))
        case AttributeKind.YES_NO:
            if not isinstance(raw, bool):
                raise _wrong(question, "要填是或否", "must be yes or no")
            return Answer(yes=raw)
        case AttributeKind.CHOICE:
            if raw not in question.options:
                raise _wrong(question, "不在选项里", "is not one of the options")
            return Answer(word=raw)
        case AttributeKind.CHOICES:
            if not isinstance(raw, list) or any(one not in question.options for one in raw):
                raise _wrong(question, "有不在选项里的内容", "has something that is no option")
            return Answer(words=tuple(one for one in question.options if one in raw))


def plain(kind: AttributeKind, answer: Answer) -> Any:
    """An answer as the faces write it: text, number, ISO day, yes or no, list of texts."""
    match kind:
        case AttributeKind.NUMBER:
            return milli_text(answer.number_milli)
        case AttributeKind.DATE:
            return answer.day.isoformat() if answer.day else None
        case AttributeKind.YES_NO:
            return answer.yes
        case AttributeKind.CHOICES:
            return list(answer.words or ())
        case _:
            return answer.word


def milli_text(milli: int | None) -> str | None:
    """Thousandths as people write numbers: 168500 → "168.5"."""
    if milli is None:
        return None
    return format((Decimal(milli) / 1000).normalize(), "f")


def read_milli(raw: Any) -> int | None:
    """A number as thousandths; None for what is no number of up to three decimals."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        scaled = Decimal(str(raw)) * 1000
    except InvalidOperation:
        return None
    if not scaled.is_finite() or abs(scaled) > MAX_NUMBER_MILLI or scaled != int(scaled):
        return None
    return int(scaled)


def read_day(raw: Any) -> date | None:
    """A day written as 2026-04-01; None for anything else."""
    if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _text(question: Question, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _wrong(question, "要填文字", "must be a text")
    if len(raw) > MAX_TEXT:
        raise _wrong(question, f"最多 {MAX_TEXT} 个字", f"has more than {MAX_TEXT} characters")
    return raw


def _number(question: Question, raw: Any) -> int:
    milli = read_milli(raw)
    if milli is None:
        raise _wrong(question, "要填数字，最多三位小数", "must be a number, three decimals at most")
    low, high = question.minimum_milli, question.maximum_milli
    if low is not None and milli < low:
        raise _wrong(question, f"不能小于 {milli_text(low)}", f"must be {milli_text(low)} or more")
    if high is not None and milli > high:
        raise _wrong(
            question, f"不能大于 {milli_text(high)}", f"must be {milli_text(high)} or less"
        )
    return milli


def _day(question: Question, raw: Any) -> date:
    day = read_day(raw)
    if day is None:
        raise _wrong(question, "要填日期，如 2026-04-01", "must be a day such as 2026-04-01")
    return day


def _wrong(question: Question, zh: str, en: str) -> AnswerWrong:
    return AnswerWrong(
        field=f"values.{question.key}",
        zh_reason=f"{question.label}：{zh}",
        en_reason=f"{question.label} {en}",
    )
