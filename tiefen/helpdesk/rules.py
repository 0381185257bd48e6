"""Pure decisions of the helpdesk: matching, splitting, what an answer may cost."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

import re2  # type: ignore[import-untyped]

from tiefen.helpdesk.errors import AnswerTooLong, PartEmpty, PatternRefused, TimeRangeMalformed
from tiefen.helpdesk.values import Match, Part, PartKind, ReplyRule, Trigger
from tiefen.kernel.days import CHINA

TEXT_BYTES = 2048
"""What one text message holds, in UTF-8."""
FOLLOW_MESSAGES = 1 + 3
"""One passive reply and the customer messages a follow or scan opens (protocol §4.3)."""
MESSAGE_MESSAGES = 1 + 5
"""The same for a message from the fan."""
READ_CHARACTERS = 1000
"""How much of a message is matched; more is no question."""
PATTERN_CHARACTERS = 200
PATTERN_MEMORY = 1 << 20
"""Bytes RE2 may use for one pattern: repeats like (a{100}){100} do not compile."""


def normal(text: str) -> str:
    """A message as it is compared: width and case folded, runs of space one space."""
    return " ".join(unicodedata.normalize("NFKC", text[:READ_CHARACTERS]).casefold().split())


def compile_pattern(pattern: str, *, field: str = "patterns") -> "re2._Regexp":
    """A pattern ready to search with. Raises PatternRefused, naming `field`."""
    if not pattern or len(pattern) > PATTERN_CHARACTERS:
        raise PatternRefused(field=field, reason="length", limit=PATTERN_CHARACTERS)
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise PatternRefused(field=field, reason=_said(error), limit=PATTERN_CHARACTERS) from error
    if compiled.search(""):
        raise PatternRefused(field=field, reason="matches everything", limit=PATTERN_CHARACTERS)
    return compiled


class Matcher:
    """All keyword replies of a merchant, compiled; one look finds the answer."""

    def __init__(self, rules: Iterable[ReplyRule]) -> None:
        self._exact: dict[str, list[ReplyRule]] = {}
        self._contains: list[tuple[str, ReplyRule]] = []
        self._patterns: list[tuple[re2._Regexp, ReplyRule]] = []
        for rule in rules:
            for pattern in rule.patterns:
                if rule.match is Match.EXACT:
                    self._exact.setdefault(normal(pattern), []).append(rule)
                elif rule.match is Match.CONTAINS:
                    self._contains.append((normal(pattern), rule))
                else:
                    self._patterns.append((compile_pattern(pattern), rule))

    def find(self, text: str, at: datetime) -> ReplyRule | None:
        """The reply for a message: highest priority, then exact before contains before pattern,
        then the longer keyword, then the older reply."""
        said = normal(text)
        if not said:
            return None
        found = [(0, -len(said), rule) for rule in self._exact.get(said, ())]
        found += [(1, -len(word), rule) for word, rule in self._contains if word in said]
        found += [(2, 0, rule) for pattern, rule in self._patterns if pattern.search(said)]
        live = [one for one in found if is_live(one[2], at)]
        best = min(
            live, key=lambda one: (-one[2].priority, one[0], one[1], one[2].id), default=None
        )
        return best[2] if best else None


def is_live(rule: ReplyRule, at: datetime) -> bool:
    """Whether a reply is in force at `at`; a daily range may pass midnight."""
    if (rule.valid_from and at < rule.valid_from) or (rule.valid_until and at >= rule.valid_until):
        return False
    if rule.from_minute is None or rule.to_minute is None:
        return True
    local = at.astimezone(CHINA)
    minute = local.hour * 60 + local.minute
    if rule.from_minute < rule.to_minute:
        return rule.from_minute <= minute < rule.to_minute
    return minute >= rule.from_minute or minute < rule.to_minute


def split_text(text: str, limit: int = TEXT_BYTES) -> list[str]:
    """The text in pieces of at most `limit` bytes: at line ends if there are any, else between
    characters; joined again they are the text."""
    pieces, rest = [], text
    while len(rest.encode()) > limit:
        cut = len(rest.encode()[:limit].decode(errors="ignore"))
        line_end = rest.rfind("\n", 0, cut) + 1
        at = line_end if line_end > cut * 3 // 4 else cut
        pieces.append(rest[:at])
        rest = rest[at:]
    return [*pieces, rest] if rest else pieces


def spread(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts as single messages: long texts split."""
    return tuple(
        Part(PartKind.TEXT, piece) if part.kind is PartKind.TEXT else part
        for part in parts
        for piece in (split_text(part.text) if part.kind is PartKind.TEXT else [""])
    )


def check_answer(parts: Sequence[Part], trigger: Trigger, *, field: str = "answer") -> None:
    """Raise AnswerTooLong when the platform would not let us send all of it, PartEmpty when a
    part says nothing."""
    for place, part in enumerate(parts):
        card = part.kind is PartKind.ARTICLE
        if not (part.title and part.url if card else part.text.strip()):
            raise PartEmpty(field=f"{field}.{place}")
    limit = MESSAGE_MESSAGES if trigger is Trigger.MESSAGE else FOLLOW_MESSAGES
    messages = len(spread(parts))
    if messages > limit:
        raise AnswerTooLong(field=field, messages=messages, limit=limit)


def check_times(from_minute: int | None, to_minute: int | None) -> None:
    """Raise TimeRangeMalformed unless both ends or none are given."""
    if (from_minute is None) != (to_minute is None) or (
        from_minute is not None and from_minute == to_minute
    ):
        raise TimeRangeMalformed(field="to_minute")


def check_patterns(match: Match, patterns: Sequence[str]) -> None:
    """Raise PatternRefused for a pattern that cannot be used or a keyword that is only space."""
    for place, pattern in enumerate(patterns):
        field = f"patterns.{place}"
        if match is Match.REGEX:
            compile_pattern(pattern, field=field)
        elif not normal(pattern):
            raise PatternRefused(field=field, reason="empty", limit=PATTERN_CHARACTERS)


def preview(parts: Sequence[Part]) -> str:
    """The beginning of an answer, for a timeline."""
    return (parts[0].text or parts[0].title)[:60] if parts else ""


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
