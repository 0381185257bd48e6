"""Write the pages of docs/ that are made from the code; or, with --check, tell whether they are behind.

Usage: python -m tools.docs [--check]
"""

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import tiefen.main  # noqa: F401  every room's events and subscribers
from tiefen.kernel import audit, events, settings
from tiefen.kernel.settings import Settings
from tools.node import ROOT

MADE = "<!-- Made from the code by `make docs`; do not edit. -->\n"
DOCS = ROOT / "docs"


def main(arguments: list[str]) -> None:
    """Write the pages, or end with the names of those that are behind."""
    pages = {
        DOCS / "operations" / "configuration.md": configuration(),
        DOCS / "domain" / "states.md": states(),
        DOCS / "domain" / "events.md": event_map(),
        DOCS / "domain" / "invariants.md": invariants(),
    }
    behind = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        if behind:
            sys.exit(f"run make docs: {', '.join(str(path.relative_to(ROOT)) for path in behind)}")
        return
    for path in behind:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path])
        print(f"wrote {path.relative_to(ROOT)}")


def configuration() -> str:
    """Every setting with its default and its docstring."""
    rows = []
    explained = _attribute_docs(settings, "Settings")
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)
        also = ", also `DATABASE_URL`" if name == "database_url" else ""
        about = " ".join(explained.get(name, "").split())
        rows.append(
            f"| `TIEFEN_{name.upper()}`{also} | {f'`{shown}`' if shown else 'empty'} | {about} |"
        )
    return (
        f"{MADE}# Configuration\n\n"
        "All settings are environment variables, read once at start. None of them has to be set: without any, Tiefen\n"
        "keeps everything in `.tiefen` under the current folder and serves on the loopback address.\n\n"
        "| variable | default | what it does |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n\n"
        "## Read by single commands\n\n"
        "| variable | command | what it does |\n| --- | --- | --- |\n"
        "| `TIEFEN_BACKUP_PASSPHRASE` | `backup`, `restore` | seals and opens archives |\n"
        "| `TIEFEN_OWNER_PASSWORD` | `merchant create` | the owner's password instead of a prompt |\n"
        "| `CHROMIUM` | `make test`, `make shots` | path of the Chromium that drives the browser tests |\n"
        "| `TIEFEN_TEST_DATABASE_URL` | `make test` | tests on this server instead of the embedded one; its role needs CREATEDB and CREATEROLE |\n"
        "| `TIEFEN_FUZZ` | `make test` | how many cases are drawn for each route of the API (5) |\n"
        "| `TIEFEN_SEED` | `make test` | other words try properties with other seeds; a failure notes its seed |\n"
        "| `TIEFEN_FAILPOINT` | tests | `name:kill` or `name:raise` at a named place; never set it in production |\n"
    )


def states() -> str:
    """A diagram of every transition table in the rooms' rules."""
    parts = [MADE, "# States\n\nEach diagram is drawn from the one table that the rules obey.\n"]
    for module in _modules("rules"):
        room = module.__name__.split(".")[1]
        for name, table in vars(module).items():
            steps = list(_steps(table))
            if name.isupper() and steps:
                title = name.replace("_", " ").lower()
                parts.append(f"\n## {room}: {title}\n\n```mermaid\nstateDiagram-v2\n")
                sources, targets = {step[0] for step in steps}, {step[2] for step in steps}
                begins = sorted(sources - targets) or [steps[0][0]]
                parts += [f"    [*] --> {state}\n" for state in begins]
                parts += [f"    {a} --> {b}{f' : {by}' if by else ''}\n" for a, by, b in steps]
                parts += [f"    {state} --> [*]\n" for state in sorted(targets - sources)]
                parts.append("```\n")
    return "".join(parts)


def event_map() -> str:
    """Who publishes what, and who hears it."""
    rows = []
    for name, cls in sorted(events.declared().items()):
        heard = [one.subscriber.removeprefix("on:") for one in events.subscriptions().get(name, [])]
        fields = ", ".join(cls.__annotations__)
        about = (cls.__doc__ or "").strip().split("\n")[0]
        hearers = ", ".join(f"`{one.split(':')[0]}`" for one in heard) or "nobody"
        rows.append(f"| `{name}` | {about} | {fields} | {hearers} |")
    return (
        f"{MADE}# Events\n\nPublished in the same commit as what they tell of; heard at least once, in order for each subject.\n\n"
        "| event | what happened | carries | heard by |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n"
    )


NOT_YET = """## What it cannot prove yet

Some promises of a shop wait for the room that will make them; each comes with its room:

- withdrawals freeze once and pay at most once; commission stays within its plan, is clawed back pro rata and never runs
  in a circle: nobody is paid a commission yet. Shares (`C3.shares`) are figures, not money.
- a group buy ends full or paid back, and its last seat is taken once; dealers' statements hold each line once and are
  sealed: there are no group buys and no dealers.

Some cannot be asked of rows at rest, and are held another way:

- a failing call leaves the same number to be asked for again, an event is delivered at least once and in order, two at
  once have one winner: seen by killing servers and by races (`tests/faults`, `tests/orders/test_races.py`).
- no statement reaches another merchant's rows: `T1.walls` proves the walls, each right's test tries the doors.
- deadlines are judged by one clock: `K1` finds what came too early or too late. What was refused leaves no row.
- events are kept for a month, so `E1` looks back a month. A reversal (`M4`) and the hash chain (`A1`) know no age.
- a price, a permission and a look at personal data leave no row but the audit log's own, so there is nothing to compare
  it with: tests of each verb see the line. Steps of orders and stock are compared (`A1-orders`, `A1-stock`).
"""


def invariants() -> str:
    """The promises `tiefen audit` proves."""
    rows = [f"| {one.id} | {one.promise} |" for one in audit.registered()]
    return (
        f"{MADE}# Invariants\n\n`tiefen audit` proves these for every merchant; so do the tests and every restore.\n\n"
        "| id | promise |\n| --- | --- |\n" + "\n".join(rows) + f"\n\n{NOT_YET}"
    )


def _steps(table: Any) -> Iterator[tuple[str, str, str]]:
    """(from, by, to) of a table `{(state, action): state}` or `{state: {state, …}}`."""
    if not isinstance(table, Mapping) or not table:
        return
    for key, value in table.items():
        if isinstance(key, tuple) and len(key) == 2 and isinstance(value, StrEnum):
            if all(isinstance(part, StrEnum) for part in key):
                yield key[0].value, key[1].value, value.value
        elif isinstance(key, StrEnum) and isinstance(value, set | frozenset | tuple):
            yield from (
                (key.value, "", one.value) for one in sorted(value) if type(one) is type(key)
            )


def _modules(name: str) -> Iterator[ModuleType]:
    for path in sorted((ROOT / "tiefen").glob(f"*/{name}.py")):
        yield importlib.import_module(f"tiefen.{path.parent.name}.{name}")


def _attribute_docs(module: ModuleType, cls: str) -> dict[str, str]:
    """The texts that stand below a class's attributes."""
    tree = ast.parse(Path(module.__file__ or "").read_text())
    body = next(
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls
    )
    found = {}
    for node, following in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[node.target.id] = str(following.value.value)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
