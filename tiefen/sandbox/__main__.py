"""`python -m tiefen.sandbox --port N --data DIR`."""

import argparse
import atexit
import contextlib
import gc
import ipaddress
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from .app import create_app
from .server import SandboxServer


def _loopback(text: str) -> str:
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError("the sandbox listens on loopback addresses only")
    return text


def _stop_at_end_of_input() -> None:
    """Stop when whoever holds the other end of our standard input is gone, killed or not."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sandbox until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="tiefen.sandbox", description="A local stand-in for WeChat."
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data", type=Path, default=Path(".tiefen/sandbox"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--public-url", default=None)
    parser.add_argument("--stop-at-eof", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.stop_at_eof:
        _stop_at_end_of_input()
    # What is loaded stays: no sweep need look at it while somebody waits, nor at anything in the end.
    gc.freeze()
    atexit.register(gc.freeze)
    app = create_app(given.data, seed=given.seed, public_url=given.public_url)
    with contextlib.suppress(KeyboardInterrupt):
        SandboxServer(app, host=given.host, port=given.port).run()


if __name__ == "__main__":
    main()
