"""Text from outside: what may be stored, and how Chinese text is found again."""

import re
import unicodedata
from hashlib import blake2b
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_HIDDEN = {"Cc", "Cs", "Co"}
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(value: str) -> str:
    """NFC text without control characters, lone surrogates or direction overrides.

    Raises ValueError: PostgreSQL cannot store a NUL, and a direction override makes a name lie.
    """
    for char in value:
        if char in _OVERRIDES or unicodedata.category(char) in _HIDDEN:
            raise ValueError("text holds a character that cannot be kept")
    return unicodedata.normalize("NFC", value)


def many_lines(value: str) -> str:
    """Like `one_line`, but line breaks and tabs may stay."""
    one_line(re.sub(r"[\r\n\t]", "", value))
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))


OneLine = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(one_line)]
"""A field of one line; add `Field(max_length=…)`."""
Prose = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(many_lines)]
"""A field of several lines; add `Field(max_length=…)`."""


def words(text: str) -> list[str]:
    """The words of `text` as search sees them: width, case and accents of form folded away."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def folded(*texts: str) -> str:
    """The words of all texts in one line, to look for a word inside with `strpos`."""
    return " ".join(word for text in texts for word in words(text))


def grams(*texts: str) -> list[str]:
    """Single characters and pairs of neighbours of every word, sorted, each once.

    Stored as `text[]` under a GIN index: two-character Chinese words are exactly one key, where a
    trigram index would have none.
    """
    found: set[str] = set()
    for text in texts:
        for word in words(text):
            found.update(word)
            found.update(word[i : i + 2] for i in range(len(word) - 1))
    return sorted(found)


def query_grams(text: str) -> list[str]:
    """The keys a text must hold to match `text`: pairs, or the character of a one-letter word."""
    found: set[str] = set()
    for word in words(text):
        found.update([word] if len(word) == 1 else (word[i : i + 2] for i in range(len(word) - 1)))
    return sorted(found)


def bare_name(name: str) -> str:
    """A person's name as it is compared: width, case, spaces and points folded away."""
    return "".join(words(name))


def key_of(text: str) -> int:
    """Eight bytes of a digest as a whole number with a sign, to find equal texts by."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)


def plain_cell(value: object) -> str:
    """A cell of an export that no spreadsheet takes for a formula; numbers stay numbers."""
    cell = str(value)
    if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
