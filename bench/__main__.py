"""Run all benchmarks, or those named: `python -m bench [name …]`."""

import asyncio
import gc
import importlib
import pkgutil
import sys
from pathlib import Path

from bench.harness import Benchmark

HELPERS = {"harness", "crowd", "order_book", "__main__"}


def benchmarks() -> dict[str, Benchmark]:
    """Every module of this folder that has a `run`."""
    found = {}
    for info in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if info.name not in HELPERS:
            found[info.name] = importlib.import_module(f"bench.{info.name}").run
    return found


def main() -> None:
    """Print one JSON line a result."""
    wanted, found = sys.argv[1:], benchmarks()
    # Who asks shares the cores with who is asked: let it sweep its own memory seldom.
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    for name, run in found.items():
        if not wanted or any(name == want or want.startswith(name) for want in wanted):
            for result in asyncio.run(run()):
                print(result.line(), flush=True)


if __name__ == "__main__":
    main()
