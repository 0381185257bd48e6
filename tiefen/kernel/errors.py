"""Refusals: what we say no to, as classes with a stable code, a status and words in two languages.

A refusal is raised in a service and rendered once, at the edge (`kernel.http`). It is never a bug:
only an unhandled exception is a 500.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en"]
language: ContextVar[Language] = ContextVar("language", default="zh")


class Refusal(Exception):
    """Base of all refusals. Subclasses set `code`, `zh`, `en`; texts may name keyword details.

    `field` names the input at fault in dotted form (`items.0.quantity`). Where several inputs are
    at fault, a subclass holds a refusal for each, with its field, in `parts`.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    zh: ClassVar[str] = "无法完成这个操作"
    en: ClassVar[str] = "This cannot be done"

    parts: Sequence["Refusal"] = ()

    def __init__(self, *, field: str | None = None, **details: Any) -> None:
        super().__init__(self.code)
        self.field = field
        self.details = details

    def message(self, to: Language | None = None) -> str:
        """The sentence for the reader."""
        text = self.en if (to or language.get()) == "en" else self.zh
        return text.format(**self.details) if self.details else text

    def __str__(self) -> str:
        return f"{self.code}: {self.message('en')}"


class Invalid(Refusal):
    """The caller's input is wrong; `field` says where."""

    code = "invalid_input"
    status = 422
    zh = "输入有误"
    en = "The input is not valid"


class Unauthorised(Refusal):
    """Nobody is signed in."""

    code = "auth.sign_in"
    status = 401
    zh = "请先登录"
    en = "Please sign in"


class Forbidden(Refusal):
    """Signed in, but not allowed."""

    code = "auth.forbidden"
    status = 403
    zh = "没有权限：需要 {needs}，请联系管理员"
    en = "Not allowed: this needs {needs}; ask an administrator"


class NotFound(Refusal):
    """Missing, or not yours: the answer is the same, so that existence does not leak."""

    code = "not_found"
    status = 404
    zh = "没有找到"
    en = "Not found"


class Conflict(Refusal):
    """The state has moved on."""

    code = "conflict"
    status = 409
    zh = "状态已变化，请刷新后再试"
    en = "The state has changed; refresh and try again"


class TooMany(Refusal):
    """Slow down; `retry_after` is in seconds."""

    code = "too_many"
    status = 429
    zh = "操作太频繁，请 {retry_after} 秒后再试"
    en = "Too many attempts; try again in {retry_after} seconds"

    def __init__(self, *, retry_after: int = 1, **details: Any) -> None:
        super().__init__(retry_after=retry_after, **details)
        self.retry_after = retry_after


class Away(Refusal):
    """A dependency is away; the caller may retry after `retry_after` seconds."""

    code = "away"
    status = 503
    zh = "服务暂时不可用，请稍后再试，数据没有丢失"
    en = "Temporarily unavailable; nothing was lost, please try again"

    def __init__(self, *, retry_after: int = 2, **details: Any) -> None:
        super().__init__(retry_after=retry_after, **details)
        self.retry_after = retry_after
