"""What the benchmarks share: a durable database, a real server process, a lean HTTP client, pgbench.

Client, server and database share the machine's cores. Machines are noisy, so a benchmark measures
its limit and its subject in turns and reports the ratio of the medians.
"""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from tiefen.kernel import postgres
from tiefen.kernel.db import Db
from tiefen.kernel.migrate import Migrator
from tiefen.kernel.postgres_programs import tool
from tiefen.kernel.settings import Settings
from tiefen.main import compose

ROOT = Path(__file__).resolve().parents[1]
MERCHANT = "bench"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of output. `ratio` is median / limit for rates, limit / median for times."""

    name: str
    median: float
    unit: str
    limit: float
    ratio: float
    command: str
    note: str = ""

    def line(self) -> str:
        """The JSON line."""
        return json.dumps(
            {
                "name": self.name,
                "median": round(self.median, 3),
                "unit": self.unit,
                "limit": round(self.limit, 3),
                "ratio": round(self.ratio, 3),
                "command": self.command,
                "note": self.note,
            },
            ensure_ascii=False,
        )


def rate_result(
    name: str, rates: Sequence[float], limits: Sequence[float], note: str = ""
) -> Result:
    """A result in operations per second against a limit in the same unit."""
    median, limit = statistics.median(rates), statistics.median(limits)
    return Result(name, median, "1/s", limit, median / limit, f"make bench ONLY={name}", note)


@dataclass(slots=True)
class Installation:
    """A durable, migrated installation with one merchant, and its server when started."""

    data_dir: Path
    url: str
    settings: Settings
    db: Db

    @contextmanager
    def server(self, *, workers: int = 1, work: bool = True) -> Iterator[str]:
        """Run `tiefen serve` as a process, with jobs inside if `work`; yields its base address."""
        port = free_port()
        command = ["tiefen", "serve", "--port", str(port)]
        command += ["--workers", str(workers)] if workers > 1 else []
        command += [] if work else ["--no-work"]
        env = {
            "TIEFEN_DATABASE_URL": self.url,
            "TIEFEN_DATA_DIR": str(self.data_dir),
            "TIEFEN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        with _program(command, port, self.data_dir / "server.log", env) as base:
            yield base

    @contextmanager
    def sandbox(self) -> Iterator[str]:
        """Run the sandbox as a process, so that its memory is not ours; yields its base address."""
        port, folder = free_port(), self.data_dir / "sandbox"
        command = ["tiefen.sandbox", "--port", str(port), "--data", str(folder)]
        with _program(command, port, self.data_dir / "sandbox.log", {}) as base:
            yield base


@contextmanager
def _program(command: list[str], port: int, log: Path, env: dict[str, str]) -> Iterator[str]:
    """Run one of our programs until the end of the block; yields its base address once it answers."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=os.environ | env, cwd=ROOT, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
        try:
            _await_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@asynccontextmanager
async def installation(
    name: str = "", fill: Callable[["Installation"], Coroutine[None, None, None]] | None = None
) -> AsyncIterator[Installation]:
    """A fresh installation in a temporary folder, fsync on, removed afterwards.

    Big data takes minutes to make. With `TIEFEN_BENCH_KEEP=folder` a named installation is filled once,
    stays there, and is brought to the newest schema by later runs.
    """
    kept = os.environ.get("TIEFEN_BENCH_KEEP", "")
    keep = bool(kept and name)
    folder = Path(kept) / name if keep else Path(tempfile.mkdtemp(prefix="tiefen-bench-"))
    server = postgres.ensure(folder, durable=True)
    try:
        filled = folder / "filled"
        migrator = Migrator(server.url)
        await migrator.up()
        if not filled.exists():
            await migrator.create_merchant(MERCHANT, "压测小店")
        await migrator.close()
        settings = Settings(data_dir=folder).with_secret()
        compose(settings)
        db = Db(server.url)
        home = Installation(folder, server.url, settings, db)
        if not filled.exists():
            if fill is not None:
                await fill(home)
            filled.touch()
        yield home
        await db.close()
    finally:
        postgres.stop(server)
        if not keep:
            postgres.erase(folder)
            shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not come up")


# ── a lean HTTP/1.1 client: a kept connection, no parsing beyond what is needed ──────────────


class Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, base: str) -> "Connection":
        """Connect to `http://host:port`."""
        host, _, port = base.removeprefix("http://").partition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; returns status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = await self._reader.readexactly(length) if length else b""
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def request(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True, slots=True)
class Load:
    """What a load run saw: answers per second by status, and sorted latencies in seconds."""

    rate: float
    statuses: dict[int, int]
    latencies: list[float]

    def p(self, part: float) -> float:
        """A percentile of the latencies, in seconds."""
        return self.latencies[min(int(len(self.latencies) * part), len(self.latencies) - 1)]


async def load(base: str, make: Callable[[], bytes], *, connections: int, seconds: float) -> Load:
    """Send what `make()` gives over `connections` for `seconds`; counts 2xx as the rate."""
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    until = time.perf_counter() + seconds

    async def one() -> None:
        connection = await Connection.open(base)
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, _ = await connection.send(make())
            latencies.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    took = time.perf_counter() - began
    good = sum(count for status, count in statuses.items() if 200 <= status < 300)
    return Load(good / took, statuses, sorted(latencies))


# ── the database's own limit ─────────────────────────────────────────────────────────────────

YARDSTICK_SCHEMA = """
CREATE TABLE sku (id int PRIMARY KEY, price int NOT NULL, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE orders (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, buyer int NOT NULL,
    total int NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE line (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders, sku_id int NOT NULL, quantity int NOT NULL);
CREATE TABLE payment (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders, amount int NOT NULL);
CREATE INDEX ON line (order_id);
CREATE INDEX ON payment (order_id);
INSERT INTO sku SELECT n, 1000 + n, 2000000000 FROM generate_series(1, 1000) n;
INSERT INTO orders (buyer, total) SELECT n, 1000 FROM generate_series(1, 100000) n;
INSERT INTO line (order_id, sku_id, quantity) SELECT n, 1 + n % 1000, 1 FROM generate_series(1, 100000) n;
INSERT INTO payment (order_id, amount) SELECT n, 1000 FROM generate_series(1, 100000) n;
"""
O_HOT = """\\set buyer random(1, 1000000)
WITH taken AS (UPDATE sku SET stock = stock - 1 WHERE id = 1 AND stock >= 1 RETURNING price),
made AS (INSERT INTO orders (buyer, total) SELECT :buyer, price FROM taken RETURNING id, total),
lined AS (INSERT INTO line (order_id, sku_id, quantity) SELECT id, 1, 1 FROM made)
INSERT INTO payment (order_id, amount) SELECT id, total FROM made;
"""
O_SPREAD = """\\set sku random(1, 1000)
\\set buyer random(1, 1000000)
BEGIN;
UPDATE sku SET stock = stock - 1 WHERE id = :sku AND stock >= 1;
INSERT INTO orders (buyer, total) VALUES (:buyer, 1000) RETURNING id AS made \\gset
INSERT INTO line (order_id, sku_id, quantity) VALUES (:made, :sku, 1);
INSERT INTO payment (order_id, amount) VALUES (:made, 1000);
COMMIT;
"""


class Yardstick:
    """The smallest possible one-order transaction on the same server, driven by pgbench."""

    def __init__(self, home: Installation) -> None:
        self._url = make_url(home.url)
        self._folder = home.data_dir
        self._pgbench = tool("pgbench")

    async def prepare(self) -> None:
        """Make its database: 1,000 SKUs and 100,000 old orders, analysed."""
        admin = await asyncpg.connect(self._dsn(None))
        await admin.execute("DROP DATABASE IF EXISTS yardstick WITH (FORCE)")
        await admin.execute("CREATE DATABASE yardstick")
        await admin.close()
        inside = await asyncpg.connect(self._dsn("yardstick"))
        await inside.execute(YARDSTICK_SCHEMA)
        await inside.execute("VACUUM ANALYZE")
        await inside.close()

    async def hot(self, seconds: int = 5) -> float:
        """Orders per second on one SKU, one statement each, 32 clients."""
        return await self._run(O_HOT, 32, seconds)

    async def spread(self, seconds: int = 5) -> float:
        """Orders per second over 1,000 SKUs, six round trips each, 8 clients."""
        return await self._run(O_SPREAD, 8, seconds)

    async def _run(self, script: str, clients: int, seconds: int) -> float:
        file = self._folder / "yardstick.sql"
        file.write_text(script)
        process = await asyncio.create_subprocess_exec(
            str(self._pgbench), "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
            "-T", str(seconds), "-f", str(file), "yardstick",
            env={
                **os.environ,
                "PGHOST": str(self._url.query["host"]),
                "PGPORT": str(self._url.query.get("port", "5432")),
                "PGUSER": str(self._url.username),
                "PGPASSWORD": str(self._url.password),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        for line in out.decode().splitlines():
            if line.startswith("tps"):
                return float(line.split("=")[1].split()[0])
        raise RuntimeError(err.decode()[-500:])

    def _dsn(self, database: str | None) -> str:
        url = self._url.set(drivername="postgresql")
        return (url.set(database=database) if database else url).render_as_string(
            hide_password=False
        )


def peak_memory() -> int:
    """The most this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


Benchmark = Callable[[], Coroutine[None, None, list[Result]]]
"""A benchmark returns one or more lines."""
