"""Ports for servers that bind them later: nobody else will have taken them by then.

A free port asked of the system is from the range of outgoing connections, and may be one of those a
moment later. These lie below that range, apart for each worker of the test run, and no port is given
out twice by one process.
"""

import os
import socket
from itertools import count

FIRST = 20_000
EACH = 400
"""Ports a worker has to itself; ten workers end well below the system's range."""

_turn = count(os.getpid() % 50 * 2, 2)


def pair() -> int:
    """A port that is free and whose neighbour is free too."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    for _ in range(EACH):
        port = FIRST + worker * EACH + next(_turn) % EACH
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no free ports")
