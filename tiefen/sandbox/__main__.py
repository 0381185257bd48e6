"""`python -m tiefen.sandbox --port N --data DIR`."""

import argparse
import ipaddress
from pathlib import Path

from .app import create_app
from .server import SandboxServer


def _loopback(text: str) -> str:
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError("the sandbox listens on loopback addresses only")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tiefen.sandbox", description="A local stand-in for WeChat."
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--data", type=Path, default=Path(".tiefen/sandbox"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--public-url", default=None)
    given = parser.parse_args()
    app = create_app(given.data, seed=given.seed, public_url=given.public_url)
    SandboxServer(app, host=given.host, port=given.port).run()


if __name__ == "__main__":
    main()
