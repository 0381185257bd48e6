"""What every route needs: the request's transaction, input and output shapes, paging, refusals.

A route that changes or reads takes `TxDep`: one transaction, committed before the reply. A route
that must call outward takes `DbDep` and `MerchantDep` and opens short transactions around the call.
"""

import base64
import binascii
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar, TypeVarTuple, Unpack

import httpx
import msgspec
from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import InstrumentedAttribute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tiefen.kernel import log
from tiefen.kernel.db import Db, Tx, open_transactions
from tiefen.kernel.directory import Directory
from tiefen.kernel.errors import Away, Invalid, NotFound, Refusal, language
from tiefen.kernel.money import MAX_FEN
from tiefen.kernel.routing import Repeated
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage

logger = log.get("kernel")

# ── the request's transaction ────────────────────────────────────────────────────────────────


async def get_db(request: Request) -> Db:
    """The process's database handle. A coroutine, like every dependency: plain functions cost a thread each."""
    db: Db = request.app.state.db
    return db


async def get_storage(request: Request) -> Storage:
    """The process's file storage."""
    found: Storage = request.app.state.storage
    return found


async def get_settings(request: Request) -> Settings:
    """The installation's settings."""
    settings: Settings = request.app.state.settings
    return settings


async def merchant_slug(request: Request) -> str:
    """The merchant this address belongs to: path prefix, else host, else the only one."""
    directory: Directory = request.app.state.directory
    prefixed = request.scope.get("merchant")
    if prefixed:
        return await directory.by_slug(prefixed)
    slug = await directory.by_host(request.url.hostname or "")
    request.scope["merchant"] = slug
    return slug


StorageDep = Annotated[Storage, Depends(get_storage)]
"""The process's file storage; asked outside of any transaction."""
DbDep = Annotated[Db, Depends(get_db)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
MerchantDep = Annotated[str, Depends(merchant_slug)]


async def tx(db: DbDep, merchant: MerchantDep) -> AsyncIterator[Tx]:
    """The request's one transaction."""
    async with db.merchant(merchant) as opened:
        yield opened


TxDep = Annotated[Tx, Depends(tx, scope="function")]

# ── shapes ───────────────────────────────────────────────────────────────────────────────────

_FORBIDDEN_TEXT = frozenset(map(chr, [*range(9), 11, 12, *range(14, 32), 127])) | {
    "\u202e",
    "\u202d",
}


class In(BaseModel):
    """Base of all inputs: unknown fields refused, texts trimmed and free of control characters."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="after")
    @classmethod
    def _clean(cls, value: Any) -> Any:
        if isinstance(value, str) and not _FORBIDDEN_TEXT.isdisjoint(value):
            raise ValueError("contains control characters")
        return value


class Out(BaseModel):
    """Base of all outputs: explicit fields only."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


FenIn = Annotated[int, Field(strict=True, ge=0, le=MAX_FEN, description="fen, whole")]
IdIn = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
QueryId = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
QuantityIn = Annotated[int, Field(strict=True, ge=1, le=9_999)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Line = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=2_000)]


T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class Page(Out, Generic[T]):
    """One page of a list; `next` is the cursor of the following page, null at the end."""

    items: list[T]
    next: str | None


class Ok(Out):
    """An answer with nothing to say."""

    ok: bool


OK = Ok(ok=True)

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=500)]


class _BadCursor(Invalid):
    code = "paging.cursor"
    zh = "翻页位置无效，请从第一页重新开始"
    en = "The page position is not valid; start from the first page"


def encode_cursor(*keys: Any) -> str:
    """An opaque position after the row with these sort keys."""
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: type[tuple[Unpack[Ts]]]) -> tuple[Unpack[Ts]]:
    """The sort keys of a position, checked against their types. Raises a 422 naming `cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=shape)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise _BadCursor(field="cursor") from error


def last_id(cursor: str | None) -> int | None:
    """The id that the page before ended with; None on the first page. Raises a 422 naming `cursor`."""
    return decode_cursor(cursor, tuple[int])[0] if cursor else None


def newest(
    chosen: Select[Unpack[Ts]], key: InstrumentedAttribute[int], cursor: str | None, limit: int
) -> Select[Unpack[Ts]]:
    """What was chosen, the highest `key` first, from the cursor on: one more than `limit`."""
    query = chosen.order_by(key.desc()).limit(limit + 1)
    before = last_id(cursor)
    return query if before is None else query.where(key < before)


def _id_of(row: Any) -> tuple[int]:
    return (row.id,)


def paged(
    items: Sequence[T],
    rows: Sequence[R],
    limit: int,
    key: Callable[[R], tuple[Any, ...]] = _id_of,
) -> Page[T]:
    """A page of what was made of up to `limit + 1` rows; the next one begins after the last row's `key`."""
    position = encode_cursor(*key(rows[limit - 1])) if len(rows) > limit else None
    return Page(items=list(items[:limit]), next=position)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


class FieldError(Out):
    """One wrong input."""

    field: str
    message: str

    @field_validator("field", mode="before")
    @classmethod
    def _sendable(cls, value: str) -> str:
        """A caller may name a field by half a character, which cannot be sent back."""
        return value.encode(errors="replace").decode()


class Problem(Out):
    """Why a request was refused, in the reader's language; `id` finds it in the log."""

    code: str
    message: str
    field: str | None
    fields: list[FieldError]
    details: dict[str, Any]
    id: str


class ErrorBody(Out):
    """The body of every 4xx and 5xx."""

    error: Problem


_SHAPES = "#/components/schemas/{model}"
_REFUSED = {"application/json": {"schema": {"$ref": _SHAPES.format(model=ErrorBody.__name__)}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"content": _REFUSED, "description": what}
    for status, what in {
        400: "malformed request",
        401: "sign in first",
        403: "not allowed",
        404: "missing, or not yours",
        409: "the state has moved on",
        413: "body too large",
        422: "invalid input, fields named",
        429: "slow down",
        503: "a dependency is away, retry",
    }.items()
}
"""What every route may refuse with, as the API's description has it. The body's shape is named, not
given as a model: FastAPI would prepare a model for each answer of each route, thousands of them."""

_RETRY_CLASSES = frozenset({"08", "40", "53"})
"""The connection broke, the transaction lost a race, the server is out of something: disk, memory, places."""
_RETRY_STATES = frozenset({"25006", "55P03", "57014", "57P01", "57P02", "57P03", "58030"})
"""Read-only after a change of servers, a lock or a statement that took too long, a server that goes or
comes, a disk that does not write."""
_INPUT_STATES = frozenset({"22021", "22P05", "22003", "22001", "22P02", "22007", "22008"})
_VALIDATION_ZH = {
    "missing": "必填",
    "extra_forbidden": "不认识的字段",
    "string_too_long": "太长了，最多 {max_length} 个字",
    "string_too_short": "太短了，至少 {min_length} 个字",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "int_type": "要填整数",
    "int_parsing": "要填整数",
    "int_from_float": "要填整数",
    "string_type": "要填文字",
    "bool_type": "要填是或否",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "string_pattern_mismatch": "格式不对",
    "too_long": "太多了，最多 {max_length} 项",
    "too_short": "太少了，至少 {min_length} 项",
    "json_invalid": "不是有效的 JSON",
}

_VALIDATION_EN = {
    "string_too_long": "Too long: {max_length} characters at most",
    "string_too_short": "Too short: {min_length} characters at least",
}


def install_refusals(app: FastAPI) -> None:
    """Render every refusal the same way, and describe its shape once."""
    routes = app.openapi

    def described() -> dict[str, Any]:
        api = routes()
        shape = ErrorBody.model_json_schema(ref_template=_SHAPES, mode="serialization")
        named = shape.pop("$defs") | {ErrorBody.__name__: shape}
        api["components"]["schemas"] |= named
        return api

    setattr(app, "openapi", described)  # noqa: B010 FastAPI's own way to add to a description
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(PoolTimeout, _on_database)
    app.add_exception_handler(OSError, _on_database)


def render_refusal(
    request: Request, refusal: Refusal, fields: Sequence[FieldError] = ()
) -> Response:
    """The HTTP answer of a refusal."""
    named = fields or [
        FieldError(field=part.field, message=part.message())
        for part in (refusal.parts or (refusal,))
        if part.field
    ]
    problem = Problem(
        code=refusal.code,
        message=refusal.message(),
        field=named[0].field if named else None,
        fields=list(named),
        details={k: v for k, v in refusal.details.items() if _plain(v)},
        id=request.scope.get("request_id", ""),
    )
    retry = getattr(refusal, "retry_after", None)
    return Response(
        ErrorBody(error=problem).model_dump_json(),
        status_code=refusal.status,
        media_type="application/json",
        headers={"Retry-After": str(retry)} if retry else None,
    )


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | bool | datetime | list | dict | None)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return render_refusal(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    chinese = language.get() == "zh"
    fields = [
        FieldError(
            field=".".join(
                str(part) for part in item["loc"] if part not in ("body", "query", "path")
            )
            or "body",
            message=_named(_chinese(item) if chinese else _english(item)),
        )
        for item in error.errors()[:50]
    ]
    return render_refusal(request, Invalid(), fields)


def _named(message: str) -> str:
    """The values a field may have, as they are sent: some of our enums stand there as Python's."""
    return re.sub(r"<\w+\.\w+: ('[^']*')>", r"\1", message)


def _kind(item: dict[str, Any]) -> str:
    """What is wrong; a text that is too long once it is trimmed is still a text, not a list."""
    kind = str(item["type"])
    in_text = kind in ("too_long", "too_short") and isinstance(item.get("input"), str)
    return f"string_{kind}" if in_text else kind


def _own_words(item: dict[str, Any]) -> str:
    """What one of our validators says: "中文 / English", or one language for both."""
    return str(item["ctx"]["error"]) if item["type"] == "value_error" else ""


def _english(item: dict[str, Any]) -> str:
    words = _VALIDATION_EN.get(_kind(item), "")
    if words:
        return words.format(**item["ctx"])
    return _own_words(item).rpartition(" / ")[2] or str(item["msg"])


def _chinese(item: dict[str, Any]) -> str:
    chinese = _own_words(item).partition(" / ")
    words = chinese[0] if chinese[1] else _VALIDATION_ZH.get(_kind(item), "格式不对")
    try:
        return words.format(**item.get("ctx", {}))
    except KeyError:
        return words


class _Unreadable(Refusal):
    code = "http.unreadable"
    status = 400
    zh = "请求无法读取"
    en = "The request cannot be read"


class _WrongMethod(Refusal):
    code = "http.method"
    status = 405
    zh = "这个地址不支持这种操作"
    en = "This address does not take that method"


class _TooLarge(Refusal):
    code = "body_too_large"
    status = 413
    zh = "请求太大"
    en = "The request is too large"


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Repeated):
        words = "出现了两次" if language.get() == "zh" else "Given twice"
        return render_refusal(
            request, Invalid(), [FieldError(field=error.field[:80], message=words)]
        )
    if isinstance(error.__cause__, OSError):  # a long upload is laid on the disk while it comes in
        return await _on_database(request, error.__cause__)
    kinds: dict[int, type[Refusal]] = {404: NotFound, 405: _WrongMethod, 413: _TooLarge}
    answer = render_refusal(request, kinds.get(error.status_code, _Unreadable)())
    answer.headers.update(error.headers or {})
    return answer


async def _on_database(request: Request, error: Exception) -> Response:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        if (
            state in _INPUT_STATES
            or "DataError" in type(error.orig).__name__ + str(error.orig)[:80]
        ):
            return render_refusal(request, Invalid())
        if not _passes(state or "", error):
            raise error
    logger.warning("dependency away", state=state, kind=type(error).__name__)
    return render_refusal(request, Away())


def _passes(state: str, error: DBAPIError) -> bool:
    """Whether the same request may succeed in a moment. A plan of before a migration is one such thing:
    the connection made it anew when it failed."""
    outdated = "InvalidCachedStatement" in type(error.orig).__name__
    return outdated or state in _RETRY_STATES or state[:2] in _RETRY_CLASSES


# ── calling outward ──────────────────────────────────────────────────────────────────────────

outward_mounts: dict[str, httpx.AsyncBaseTransport] = {}
"""Base address → transport; demo worlds and tests mount an in-process sandbox here."""


class OpenTransaction(RuntimeError):
    """A network call was attempted while a transaction was open: a bug, always."""


class Outward(httpx.AsyncClient):
    """The one way out: refuses to run while this task holds a transaction open."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, unless a transaction is open."""
        if open_transactions.get():
            raise OpenTransaction(f"{request.method} {request.url.path} inside a transaction")
        return await super().send(request, **options)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we believe on the way out, read once: the list takes 40 ms, which each client would spend anew."""
    return httpx.create_ssl_context()


def outward(base_url: str = "", *, connect: float = 1.0, read: float = 5.0) -> Outward:
    """A client for one outside system; time-outs in seconds. Close it at shutdown."""
    return Outward(
        base_url=base_url,
        timeout=httpx.Timeout(read, connect=connect),
        verify=_trusted(),
        mounts=dict(outward_mounts),
        follow_redirects=False,
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
    )
