"""What can be seen of a PostgreSQL process from outside: its pid file, its folder, its answers."""

import os
import socket
import struct
import subprocess
import time
from pathlib import Path

from tiefen.kernel.postgres_programs import PostgresError

PORT = 5432  # part of the socket's name only; nothing listens on TCP
PROC = Path("/proc/self/cwd").exists()  # Linux: says which folder a process works in


def answers(socket_dir: Path) -> bool:
    """Whether the server replies to a request for TLS: a process that is just being killed does not."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        try:
            line.connect(str(socket_dir / f".s.PGSQL.{PORT}"))
            line.sendall(struct.pack("!ii", 8, 80877103))
            return line.recv(1) in (b"N", b"S")
        except OSError:
            return False


def pid_of(cluster: Path) -> int | None:
    """The process id in the pid file."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def status_of(cluster: Path) -> str:
    """The state in the pid file: starting, ready, stopping; empty when unknown."""
    lines = _pid_file(cluster)
    return lines[7].strip() if len(lines) > 7 else ""


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    """Whether a process has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ours(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is a PostgreSQL of this cluster and not a stranger with a recycled number."""
    if not alive(pid):
        return False
    if PROC:
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == cluster
        except OSError:  # a zombie, or another user's process
            return False
    asked = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in asked.stdout


def await_orphans(cluster: Path) -> None:
    """Wait for the children of a killed server to end; a new one must not share the files with them."""
    deadline = time.monotonic() + 30
    while any(ours(int(entry.name), cluster) for entry in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > deadline:
            raise PostgresError(
                f"processes of an earlier PostgreSQL still run in {cluster}; end them first"
            )
        time.sleep(0.02)


def last_words(cluster: Path, extra: str) -> str:
    """The last words of PostgreSQL: in startup.log, or in its own log once it has moved there."""
    startup = cluster / "startup.log"
    logs = [
        path
        for path in (cluster / "log").glob("*.log")
        if path.stat().st_mtime >= startup.stat().st_mtime
    ]
    text = extra + "".join(path.read_text(errors="replace")[-2000:] for path in [startup, *logs])
    return "; ".join(text.splitlines()[-5:]) or "no reason was given"
