"""Transactions in one merchant's schema.

A merchant is a schema: `Db.merchant(slug)` opens a transaction whose search_path is that schema
alone, so no query carries a tenant column and an unset merchant sees no tables at all. Only
`platform.*` (directory, events, jobs) is shared, and it is named in full.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, TextClause, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.pool import NullPool

from tiefen.kernel import clock, tracing

APP_ROLE = "tiefen_app"
"""The role that serves requests: it cannot alter tables, nor update what is append-only."""
POOL_SECONDS = 5.0
"""How long a caller waits for a connection when all are taken; then the answer is 503."""
CONNECT_SECONDS = 5.0
"""How long a server may take to let us in; one that drops what we send would be waited for for a minute."""
SLUG = re.compile(r"^[a-z][a-z0-9_]{0,30}$")
_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

merchant_in_scope: ContextVar[str] = ContextVar("merchant_in_scope", default="")
"""The merchant of the open transaction; sealed fields derive their key from it."""
open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)
"""How many transactions this task holds open; outward calls refuse to run above zero."""


class Base(DeclarativeBase):
    """A table of each merchant's schema. `info={"append_only": True}` takes UPDATE and DELETE away."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {  # noqa: RUF012 read once by SQLAlchemy
        datetime: DateTime(timezone=True),
        int: BigInteger(),  # ids and counts outlive 2^31
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class PlatformBase(DeclarativeBase):
    """A table of the installation, shared by all merchants; read by kernel and wechat only."""

    metadata = MetaData(naming_convention=_NAMING, schema="platform")
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        int: BigInteger(),  # ids and counts outlive 2^31
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Ref = Annotated[int, mapped_column(BigInteger)]
Fen = Annotated[int, mapped_column(BigInteger)]
Utc = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


def text_enum(kind: type[StrEnum], name: str = "") -> Enum:
    """Column type for a StrEnum: TEXT-like with a CHECK, holding the members' values.

    `name` tells two columns of one kind in one table apart.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class Tx(AsyncSession):
    """One open transaction. `merchant` is the slug ("" on the platform), `now` its moment.

    `now` is the database's clock at the start (or the injected clock): the one clock that decides
    deadlines. Only the edge commits; rooms never do.
    """

    merchant: str
    now: datetime

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        """Run SQL ($1, $2 …) straight on the driver; rows are read by column name.

        For the few statements that many callers share. It writes pending objects first; it does not
        refresh those that are loaded.
        """
        if self.new or self.dirty or self.deleted:
            await self.flush()
        return await self._send(statement, values)

    async def commit(self) -> None:
        """Commit; the connection is not ours any more."""
        self.info.pop("driver", None)
        await super().commit()

    async def rollback(self) -> None:
        """Roll back; the connection is not ours any more."""
        self.info.pop("driver", None)
        await super().rollback()

    if not TYPE_CHECKING:  # signatures and meaning are AsyncSession's own

        async def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
            """As ever; what is written as text takes the short way to the driver."""
            if type(statement) is not TextClause or options:
                return await super().execute(statement, params, **options)
            sql, names = _driver_sql(statement)
            if isinstance(params, list):
                return await self._send_many(sql, [[one[name] for name in names] for one in params])
            records = await self._send(sql, [params[name] for name in names] if names else ())
            keys = list(records[0].keys()) if records else _NO_KEYS
            return IteratorResult(SimpleResultMetaData(keys), iter(records))

        async def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
            """The first column of the first row, or None."""
            if type(statement) is not TextClause or options:
                return await super().scalar(statement, params, **options)
            return (await self.execute(statement, params)).scalar()

        async def scalars(self, statement: Any, params: Any = None, **options: Any) -> Any:
            """The first column of all rows."""
            if type(statement) is not TextClause or options:
                return await super().scalars(statement, params, **options)
            return (await self.execute(statement, params)).scalars()

    async def _send(self, sql: str, values: Sequence[Any]) -> list[Any]:
        adapted, driver = await self._driver(sql, values)
        try:
            found: list[Any] = await driver.fetch(sql, *values)
        except _DRIVER_ERRORS as error:
            raise _told(adapted, driver, sql, error) from error
        return found

    async def _send_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        adapted, driver = await self._driver(sql, rows)
        try:
            await driver.executemany(sql, rows)
        except _DRIVER_ERRORS as error:
            raise _told(adapted, driver, sql, error) from error

    async def _driver(self, sql: str, values: Any) -> tuple[Any, Any]:
        """The connection under this transaction, as SQLAlchemy and as the driver have it."""
        if "driver" not in self.info:
            connection = await self.connection()
            pooled = await connection.get_raw_connection()
            adapted: Any = pooled.dbapi_connection
            if (
                adapted._transaction is None
            ):  # SQLAlchemy begins with the first statement it sends itself
                try:
                    await adapted._start_transaction()
                except _ERRORS.Error as error:
                    raise _as_sqlalchemy("BEGIN", error, pooled.driver_connection) from error
            self.info["driver"] = (connection.sync_connection, adapted, pooled.driver_connection)
        known: Any
        known, adapted, driver = self.info["driver"]
        for hear in known.dispatch.before_cursor_execute:
            hear(known, None, sql, values, None, False)
        return adapted, driver


class _Driver(asyncpg.Connection):  # type: ignore[misc]
    """A connection that asks the server about a built-in type, such as `bigint[]`, once in the life of
    the process. The driver's own way is four round trips for each new connection that meets one."""

    async def _introspect_types(
        self,
        typeoids: Any,
        timeout: Any,  # noqa: ASYNC109 the driver's own parameter
    ) -> tuple[Any, Any]:
        wanted = frozenset(typeoids)
        if wanted in _BUILT_IN:
            return _BUILT_IN[wanted], _ASKED_BEFORE
        found: tuple[Any, Any] = await super()._introspect_types(typeoids, timeout)
        if max(wanted) < FIRST_NOT_BUILT_IN:
            _BUILT_IN[wanted] = found[0]
        return found


_BUILT_IN: dict[frozenset[int], Any] = {}
"""What the server said of types, by their numbers; those of built-in types are the same everywhere."""
FIRST_NOT_BUILT_IN = 16384
_ASKED_BEFORE = SimpleNamespace(name="asked before")
"""In place of the statement that asked: named, so that the driver knows that none was overwritten."""
_SQL: WeakKeyDictionary[TextClause, tuple[str, list[str]]] = WeakKeyDictionary()
_DIALECT: Any = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_ERRORS: Any = _DIALECT.import_dbapi()
_DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last is what a connection says whose server said goodbye and has not hung up yet; it closes then."""
_NO_KEYS = [""]
"""Of a result without rows: whoever asks for its first column gets nothing, and no error."""


def _driver_sql(statement: TextClause) -> tuple[str, list[str]]:
    """What the driver is sent for a text ($1, $2 …), and which parameters are its values, in order."""
    known = _SQL.get(statement)
    if known is None:
        compiled: Any = statement.compile(dialect=_DIALECT)
        known = _SQL[statement] = (compiled.string, list(compiled.positiontup or ()))
    return known


def _told(adapted: Any, driver: Any, sql: str, error: Exception) -> BaseException:
    """A driver's error as SQLAlchemy would raise it."""
    try:
        adapted._handle_exception(error)
    except _ERRORS.Error as known:
        return _as_sqlalchemy(sql, known, driver)
    raise AssertionError("SQLAlchemy translates every error of the driver")


def _as_sqlalchemy(sql: str, error: Exception, driver: Any) -> BaseException:
    told: BaseException = DBAPIError.instance(
        sql,
        None,
        error,
        _ERRORS.Error,
        hide_parameters=True,
        connection_invalidated=driver.is_closed(),
        dialect=_DIALECT,
    )
    return told


class Glance:
    """A connection in no transaction, for one statement that reads. `merchant` is the slug.

    A transaction is four round trips; what only looks a row up by its key needs none of the others.
    """

    def __init__(self, db: "Db", merchant: str, connection: AsyncConnection) -> None:
        self.merchant = merchant
        self.now: datetime | None = clock.injected()
        """The injected time, if any; the statement uses the database's otherwise."""
        self._db = db
        self._connection = connection

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        """Run SQL ($1, $2 …) that writes `{m}` where the merchant's schema belongs: `{m}.session`."""
        pooled = await self._connection.get_raw_connection()
        sql = statement.format(m=f'"m_{self.merchant}"')
        known: Any = self._connection.sync_connection
        for hear in known.dispatch.before_cursor_execute:
            hear(known, None, sql, values, None, False)
        driver: Any = pooled.driver_connection
        try:
            found: list[Any] = await driver.fetch(sql, *values)
        except _DRIVER_ERRORS as error:
            if not driver.is_closed():
                raise _told(pooled.dbapi_connection, driver, sql, error) from error
            await self._connection.invalidate()
            async with self._db.merchant(self.merchant) as tx:  # it knows how to begin anew
                return await tx.rows(sql, *values)
        return found


before_commit: list[Callable[[Tx], Any]] = []
"""Awaited before each commit; `kernel.events` writes the outbox here in one statement."""
after_commit: list[Callable[["Db", Tx], None]] = []
"""Called after each commit; `kernel.jobs` wakes the worker here."""


class Db:
    """The process's handle on the database: opens transactions, knows the merchants."""

    def __init__(self, url: str, *, pool_size: int = 20, app_role: bool = True) -> None:
        settings = {
            "search_path": "tiefen_no_merchant",
            "statement_timeout": "30000",
            "lock_timeout": "5000",
            "idle_in_transaction_session_timeout": "60000",
            "application_name": "tiefen",
            "timezone": "UTC",
            "jit": "off",
        }
        if app_role:
            settings["role"] = APP_ROLE
        pool: dict[str, Any] = (
            {
                "pool_size": pool_size,
                "max_overflow": 0,
                "pool_timeout": POOL_SECONDS,
                "pool_use_lifo": True,  # a connection used a moment ago knows its statements
            }
            if pool_size
            else {"poolclass": NullPool}
        )
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url,
            connect_args={
                "connection_class": _Driver,
                "server_settings": settings,
                "timeout": CONNECT_SECONDS,
                "statement_cache_size": 512,
                "prepared_statement_cache_size": 512,  # SQLAlchemy's own, of what it sends itself
            },
            hide_parameters=True,  # an error's text goes to logs and to the list of dead jobs
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            **pool,
        )
        self.wakers: list[Callable[[], None]] = []

    @asynccontextmanager
    async def merchant(self, slug: str, *, shared_wait_ms: int | None = None) -> AsyncIterator[Tx]:
        """A transaction in the merchant's schema: commits on a clean exit, else rolls back.

        `shared_wait_ms`: a transaction of many callers (see `kernel.together`) that gives up on a
        locked row after so long.
        """
        if not SLUG.match(slug):
            raise ValueError(f"not a merchant slug: {slug!r}")
        async with self._transaction(slug, f'"m_{slug}"', shared_wait_ms) as tx:
            yield tx

    @asynccontextmanager
    async def glance(self, slug: str) -> AsyncIterator[Glance]:
        """A connection for one read of the merchant's tables, without a transaction."""
        if not SLUG.match(slug):
            raise ValueError(f"not a merchant slug: {slug!r}")
        async with self.engine.connect() as connection:
            yield Glance(self, slug, connection)

    @asynccontextmanager
    async def platform(self) -> AsyncIterator[Tx]:
        """A transaction that sees `platform.*` only."""
        async with self._transaction("", "tiefen_no_merchant") as tx:
            yield tx

    async def merchants(self) -> Sequence[str]:
        """Slugs of all live merchants, sorted."""
        async with self.platform() as tx:
            rows = await tx.scalars(
                text("SELECT slug FROM platform.merchant WHERE active ORDER BY slug")
            )
            return list(rows)

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self.engine.dispose()

    def wake(self) -> None:
        """Tell whoever works in this process that there may be jobs."""
        for waker in self.wakers:
            waker()

    @asynccontextmanager
    async def _transaction(
        self, merchant: str, path: str, shared_wait_ms: int | None = None
    ) -> AsyncIterator[Tx]:
        with tracing.part("transaction", {"tiefen.merchant": merchant}):
            async with Tx(self.engine, expire_on_commit=False) as tx:
                tx.merchant = merchant
                scope = merchant_in_scope.set(merchant)
                depth = open_transactions.set(open_transactions.get() + 1)
                try:
                    await _enter(tx, path, shared_wait_ms)
                    yield tx
                    with tracing.part("commit", {}):
                        await write_noted(tx)
                        await tx.commit()
                except BaseException:
                    await tx.rollback()
                    raise
                finally:
                    merchant_in_scope.reset(scope)
                    open_transactions.reset(depth)
        for after in after_commit:
            after(self, tx)


async def write_noted(tx: Tx) -> None:
    """Write the events, jobs and audit lines noted so far.

    Happens before every commit by itself. A verb that takes a row everybody wants calls it first,
    so that nothing but the commit follows the taking.
    """
    for hook in before_commit:
        await hook(tx)


_ENTER = "SELECT set_config('search_path', $1, true), now()"
_ENTER_SHARED = (
    "SELECT set_config('search_path', $1, true), now(), set_config('lock_timeout', $2, true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)
"""Statements for many callers take arrays: one plan fits all, and planning costs more than running."""
_ENTER_ANEW = text("SELECT set_config('search_path', :path, true)")


async def _enter(tx: Tx, path: str, shared_wait_ms: int | None) -> None:
    """Set the schema and read the clock in one round trip; dead pooled connections are replaced."""
    enter, values = _ENTER, [path]
    if shared_wait_ms is not None:
        enter, values = _ENTER_SHARED, [path, f"{shared_wait_ms}ms"]
    try:
        (row,) = await tx.rows(enter, *values)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        await _replace(tx, path)
        (row,) = await tx.rows(enter, *values)
    tx.now = clock.injected() or row[1]


async def _replace(tx: Tx, path: str) -> None:
    """Begin on a living connection. SQLAlchemy's own way, for when it finds a dead one it knows that
    all the pool's older ones died with it."""
    for again in (True, False):
        await tx.rollback()
        try:
            await AsyncSession.execute(tx, _ENTER_ANEW, {"path": path})
        except DBAPIError as error:
            if not (again and error.connection_invalidated):
                raise
        else:
            return


@event.listens_for(Base.metadata, "before_create")
def _no_schema_creep(target: MetaData, _connection: Any, **_: Any) -> None:
    """A merchant's table must not name a schema: the search_path decides."""
    for table in target.tables.values():
        if table.schema:
            raise ValueError(f"{table.fullname} must not name a schema")
