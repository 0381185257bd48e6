"""The language of segments: reading a rule with a word for each mistake; what a rule looks at."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from tiefen.fans.errors import RuleWrong
from tiefen.fans.rules.attributes import read_day, read_milli
from tiefen.fans.rules.places import FARTHEST_METRES, NEAREST_METRES
from tiefen.fans.values import (
    AttributeKind,
    Clause,
    Did,
    FactKind,
    FieldType,
    Group,
    Near,
    Negation,
    Op,
    Question,
    RfmGroup,
    Rule,
    Stage,
)

MAX_DEPTH = 6
MAX_NODES = 60
MAX_DEEDS = 12
_MAX_LIST = 200
_MAX_DAYS = 3650
_MAX_NUMBER = 10**15

FIELDS: dict[str, FieldType] = {
    "orders": FieldType.NUMBER,
    "received_orders": FieldType.NUMBER,
    "returned_orders": FieldType.NUMBER,
    "interactions": FieldType.NUMBER,
    "friends": FieldType.NUMBER,
    "paid_fen": FieldType.FEN,
    "refunded_fen": FieldType.FEN,
    "past_orders": FieldType.NUMBER,
    "past_fen": FieldType.FEN,
    "past_last_at": FieldType.MOMENT,
    **dict.fromkeys(("rfm_r", "rfm_f", "rfm_m"), FieldType.NUMBER),
    "rfm_group": FieldType.WORD,
    **dict.fromkeys(("joined_at", "last_seen_at", "last_paid_at", "stage_at"), FieldType.MOMENT),
    "stage": FieldType.WORD,
    "following": FieldType.YES,
    "ever_followed": FieldType.YES,
    "has_phone": FieldType.YES,
    **dict.fromkeys(("source_code_id", "source_owner_id", "owner_staff_id"), FieldType.ID),
    "source_kind": FieldType.WORD,
    "level_id": FieldType.LEVEL,
    "region_code": FieldType.CODE,
    "distance": FieldType.PLACE,
    **dict.fromkeys(("tag", "segment"), FieldType.IDS),
}
FAMILY: dict[str, str] = {
    "tag": "tag",
    "segment": "segment",
    "distance": "distance",
    **dict.fromkeys(("rfm_r", "rfm_f", "rfm_m", "rfm_group"), "rfm"),
    **dict.fromkeys(
        ("source_code_id", "source_kind", "source_owner_id", "owner_staff_id"), "source"
    ),
}
"""What a change must be of for a rule to be looked at again; other fields are of the person."""
_CHOICES: dict[str, set[str]] = {"stage": set(Stage), "rfm_group": set(RfmGroup)}
_COMPARE = frozenset({Op.EQ, Op.NE, Op.GE, Op.LE, Op.GT, Op.LT, Op.BETWEEN})
KNOWN = frozenset({Op.SET, Op.UNSET})
_LISTS = frozenset({Op.IN, Op.NOT_IN})
OPS: dict[FieldType, frozenset[Op]] = {
    FieldType.NUMBER: _COMPARE,
    FieldType.FEN: _COMPARE,
    FieldType.MILLI: _COMPARE | KNOWN,
    FieldType.MOMENT: frozenset({Op.WITHIN, Op.BEFORE, Op.BETWEEN}) | KNOWN,
    FieldType.DAY: frozenset({Op.WITHIN, Op.BEFORE, Op.BETWEEN, Op.COMING}) | KNOWN,
    FieldType.YES: frozenset({Op.IS}),
    FieldType.TEXT: frozenset({Op.EQ, Op.CONTAINS}) | KNOWN,
    FieldType.WORD: _LISTS,
    FieldType.WORDS: _LISTS | KNOWN | {Op.ALL_OF},
    FieldType.ID: _LISTS | KNOWN,
    FieldType.IDS: _LISTS | {Op.ALL_OF},
    FieldType.LEVEL: _LISTS,
    FieldType.CODE: _LISTS | KNOWN,
    FieldType.PLACE: frozenset({Op.NEAR}) | KNOWN,
}
TYPES: dict[AttributeKind, FieldType] = {
    AttributeKind.TEXT: FieldType.TEXT,
    AttributeKind.NUMBER: FieldType.MILLI,
    AttributeKind.DATE: FieldType.DAY,
    AttributeKind.CHOICE: FieldType.WORDS,
    AttributeKind.CHOICES: FieldType.WORDS,
    AttributeKind.YES_NO: FieldType.YES,
}
NUMBERS = frozenset({FieldType.NUMBER, FieldType.FEN, FieldType.MILLI})
DAYS = frozenset({FieldType.MOMENT, FieldType.DAY})
COUNTING = (Op.AT_LEAST, Op.AT_MOST, Op.EXACTLY)
MOVING = frozenset({Op.WITHIN, Op.BEFORE, Op.COMING})


class _Reader:
    """Reads one rule; counts what it costs as it goes."""

    def __init__(self, questions: Mapping[str, Question]) -> None:
        self.questions = questions
        self.nodes = self.deeds = 0

    def node(self, raw: Any, path: str, depth: int) -> Rule:
        if not isinstance(raw, dict):
            raise _wrong(path, "要写成一个条件", "must be a condition")
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _wrong(
                path, f"条件太多，最多 {MAX_NODES} 个", f"more than {MAX_NODES} conditions"
            )
        if depth > MAX_DEPTH:
            raise _wrong(path, f"嵌套太深，最多 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH}")
        for word in ("all", "any"):
            if word in raw:
                _only(raw, path, {word})
                return self.group(raw[word], f"{path}.{word}", word == "all", depth)
        if "not" in raw:
            _only(raw, path, {"not"})
            return Negation(path, self.node(raw["not"], f"{path}.not", depth + 1))
        if "did" in raw:
            return self.did(raw, path)
        if "field" in raw:
            return self.condition(raw, path)
        raise _wrong(path, "不认识的条件", "is no known kind of condition")

    def group(self, raw: Any, path: str, every: bool, depth: int) -> Group:
        if not isinstance(raw, list) or not raw:
            raise _wrong(path, "至少要有一个条件", "needs at least one condition")
        if len(raw) > MAX_NODES:
            raise _wrong(
                path, f"条件太多，最多 {MAX_NODES} 个", f"more than {MAX_NODES} conditions"
            )
        nodes = (self.node(one, f"{path}.{place}", depth + 1) for place, one in enumerate(raw))
        return Group(path, every, tuple(nodes))

    def did(self, raw: dict[str, Any], path: str) -> Did:
        _only(raw, path, {"did", "of", "op", "times", "days"})
        self.deeds += 1
        if self.deeds > MAX_DEEDS:
            raise _wrong(
                path,
                f"行为条件太多，最多 {MAX_DEEDS} 个",
                f"more than {MAX_DEEDS} conditions of deeds",
            )
        fact = raw["did"]
        if fact not in set(FactKind):
            raise _wrong(f"{path}.did", "不认识的行为", "is no known deed")
        subjects = raw.get("of", [])
        if not isinstance(subjects, list) or len(subjects) > _MAX_LIST:
            raise _wrong(
                f"{path}.of", f"最多 {_MAX_LIST} 个对象", f"must be at most {_MAX_LIST} subjects"
            )
        if any(not isinstance(one, str) or not 0 < len(one) <= 100 for one in subjects):
            raise _wrong(f"{path}.of", "对象要写成文字", "must be texts")
        op = raw.get("op", Op.AT_LEAST)
        if op not in COUNTING:
            raise _wrong(
                f"{path}.op", "只能是至少、至多或恰好", "must be at_least, at_most or exactly"
            )
        times = _whole(raw.get("times", 1), f"{path}.times", 0, 10_000)
        if op == Op.AT_LEAST and times == 0:
            raise _wrong(f"{path}.times", "至少 1 次", "must be 1 or more")
        days = raw.get("days")
        if days is not None:
            days = _whole(days, f"{path}.days", 1, _MAX_DAYS)
        of = tuple(dict.fromkeys(_subject(FactKind(fact), one) for one in subjects))
        return Did(path, FactKind(fact), of, Op(op), times, days)

    def condition(self, raw: dict[str, Any], path: str) -> Clause:
        _only(raw, path, {"field", "op", "value"})
        field = raw["field"]
        question: Question | None = None
        if isinstance(field, str) and field.startswith("attribute:"):
            question = self.questions.get(field.removeprefix("attribute:"))
            if question is None:
                raise _wrong(f"{path}.field", "没有这一项资料", "is no attribute of ours")
            if question.personal:
                raise _wrong(
                    f"{path}.field", "个人信息不能用来筛选", "is personal and cannot be used"
                )
            kind = TYPES[question.kind]
        elif isinstance(field, str) and field in FIELDS:
            kind = FIELDS[field]
        else:
            raise _wrong(f"{path}.field", "没有这个条件", "is no known field")
        op = raw.get("op")
        if op not in OPS[kind]:
            known = ", ".join(sorted(OPS[kind]))
            raise _wrong(f"{path}.op", f"这里只能用 {known}", f"must be one of {known}")
        value = _value(kind, Op(op), raw.get("value"), f"{path}.value", field, question)
        return Clause(path, field, kind, Op(op), value, question.id if question else None)


def read_rule(raw: Any, questions: Iterable[Question]) -> Rule:
    """A rule as sent, read and bounded. Raises RuleWrong naming the node, such as `rule.all.1.value`."""
    return _Reader({question.key: question for question in questions}).node(raw, "rule", 1)


def touches(rule: Rule) -> frozenset[str]:
    """What a rule looks at: `person`, `source`, `tag`, `segment`, `attribute:3`, `did:bought`."""
    match rule:
        case Group(nodes=nodes):
            return frozenset().union(*(touches(node) for node in nodes))
        case Negation(node=node):
            return touches(node)
        case Did(fact=fact):
            return frozenset({f"did:{fact.value}"})
        case Clause(attribute_id=None, field=field):
            return frozenset({FAMILY.get(field, "person")})
        case Clause(attribute_id=attribute_id):
            return frozenset({f"attribute:{attribute_id}"})


def moves(rule: Rule) -> bool:
    """Whether who is in changes at midnight though nobody does anything."""
    match rule:
        case Group(nodes=nodes):
            return any(moves(node) for node in nodes)
        case Negation(node=node):
            return moves(node)
        case Did(days=days):
            return days is not None
        case Clause(op=op):
            return op in MOVING


def named_ids(rule: Rule, field: str) -> frozenset[int]:
    """The ids of tags, segments or (`distance`) points a rule names."""
    match rule:
        case Group(nodes=nodes):
            return frozenset().union(*(named_ids(node, field) for node in nodes))
        case Negation(node=node):
            return named_ids(node, field)
        case Clause(field=name, value=Near(point_id=point_id)) if name == field:
            return frozenset({point_id})
        case Clause(field=name, value=value) if name == field:
            return frozenset(value or ())
        case _:
            return frozenset()


def mentioned(raw: Any, field: str) -> frozenset[int]:
    """As `named_ids`, of a rule as it is kept: it may name what is gone."""
    if isinstance(raw, list):
        return frozenset().union(*(mentioned(one, field) for one in raw))
    if not isinstance(raw, dict):
        return frozenset()
    if raw.get("field") == field:
        value = raw.get("value") or ()
        return frozenset({value["point"]} if isinstance(value, dict) else value)
    return frozenset().union(*(mentioned(one, field) for one in raw.values()))


def _value(
    kind: FieldType, op: Op, raw: Any, path: str, field: str, question: Question | None
) -> Any:
    if op in KNOWN:
        if raw is not None:
            raise _wrong(path, "不用填内容", "must be absent")
        return None
    if op in MOVING:
        return _whole(raw, path, 0 if op is Op.COMING else 1, 366 if op is Op.COMING else _MAX_DAYS)
    if kind in NUMBERS:
        return _numbers(kind, op, raw, path)
    if kind in DAYS:
        return _pair(raw, path, _day_at)
    if kind in _READERS:
        return _READERS[kind](raw, path)
    if kind in (FieldType.WORD, FieldType.WORDS):
        return _words(raw, path, field, question)
    return tuple(_one(kind, one, f"{path}.{place}") for place, one in enumerate(_list(raw, path)))


def _yes(raw: Any, path: str) -> bool:
    if not isinstance(raw, bool):
        raise _wrong(path, "要填是或否", "must be true or false")
    return raw


def _near(raw: Any, path: str) -> Near:
    if not isinstance(raw, dict):
        raise _wrong(path, "要填地点和公里数", "must be a point and kilometres")
    _only(raw, path, {"point", "km"})
    point_id = _whole(raw.get("point"), f"{path}.point", 1, 2**63 - 1)
    metres = read_milli(raw.get("km"))
    if metres is None or not NEAREST_METRES <= metres <= FARTHEST_METRES:
        raise _wrong(
            f"{path}.km",
            f"要填 {NEAREST_METRES / 1000:g} 到 {FARTHEST_METRES // 1000} 公里",
            f"must be {NEAREST_METRES / 1000:g} to {FARTHEST_METRES // 1000} kilometres",
        )
    return Near(point_id, metres)


_READERS: dict[FieldType, Callable[[Any, str], Any]] = {
    FieldType.YES: _yes,
    FieldType.TEXT: lambda raw, path: _text(raw, path, 100),
    FieldType.PLACE: _near,
}


def _one(kind: FieldType, raw: Any, path: str) -> Any:
    if kind is FieldType.CODE:
        return _code(raw, path)
    return _whole(raw, path, 0 if kind is FieldType.LEVEL else 1, 2**63 - 1)


def _numbers(kind: FieldType, op: Op, raw: Any, path: str) -> Any:
    def read(one: Any, at: str) -> int:
        if kind is FieldType.MILLI:
            milli = read_milli(one)
            if milli is None:
                raise _wrong(at, "要填数字", "must be a number")
            return milli
        return _whole(one, at, 0, _MAX_NUMBER)

    return _pair(raw, path, read) if op is Op.BETWEEN else read(raw, path)


def _words(raw: Any, path: str, field: str, question: Question | None) -> tuple[str, ...]:
    words = tuple(_text(one, f"{path}.{n}", 100) for n, one in enumerate(_list(raw, path)))
    known: set[str] | None = set(question.options) if question else _CHOICES.get(field)
    for place, word in enumerate(words):
        if known is not None and word not in known:
            raise _wrong(f"{path}.{place}", f"没有「{word}」这一项", f"“{word}” is no known value")
    return words


def _pair(raw: Any, path: str, read: Callable[[Any, str], Any]) -> tuple[Any, Any]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise _wrong(path, "要填起止两个值", "must be two values")
    low, high = read(raw[0], f"{path}.0"), read(raw[1], f"{path}.1")
    if low > high:
        raise _wrong(path, "前一个不能大于后一个", "the first must not be above the second")
    return low, high


def _list(raw: Any, path: str) -> list[Any]:
    if not isinstance(raw, list) or not 0 < len(raw) <= _MAX_LIST:
        raise _wrong(path, f"请选 1 到 {_MAX_LIST} 项", f"must be 1 to {_MAX_LIST} values")
    return raw


def _day_at(raw: Any, path: str) -> date:
    day = read_day(raw)
    if day is None:
        raise _wrong(path, "要填日期，如 2026-04-01", "must be a day such as 2026-04-01")
    return day


def _code(raw: Any, path: str) -> str:
    text = _text(raw, path, 6)
    if not (text.isascii() and text.isdigit() and len(text) in (2, 4, 6)):
        raise _wrong(path, "不是地区编码", "is no code of a region")
    return text


def _text(raw: Any, path: str, limit: int) -> str:
    if not isinstance(raw, str) or not 0 < len(raw.strip()) <= limit or "\x00" in raw:
        raise _wrong(
            path, f"要填文字，最多 {limit} 个字", f"must be a text of up to {limit} characters"
        )
    return raw.strip()


def _whole(raw: Any, path: str, low: int, high: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise _wrong(
            path, f"要填 {low} 到 {high} 的整数", f"must be a whole number from {low} to {high}"
        )
    return raw


def _subject(fact: FactKind, subject: str) -> str:
    bare = subject if fact is FactKind.PAST_BOUGHT else subject.strip()  # names from files stay
    return bare.lower() if fact is FactKind.ASKED else bare


def _only(raw: dict[str, Any], path: str, known: set[str]) -> None:
    for word in raw:
        if word not in known:
            raise _wrong(f"{path}.{str(word)[:40]}", "不认识的内容", "is not known here")


def _wrong(path: str, zh: str, en: str) -> RuleWrong:
    return RuleWrong(field=path, zh_reason=zh, en_reason=en)
