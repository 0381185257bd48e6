"""The house's health numbers (design: they may only get better). `python -m tools.health` prints them."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import tiefen.main  # noqa: F401  every room's events, subscribers and routes
from tests.architecture.test_rights import live_matrix
from tiefen.kernel import events

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / ".tools" / "suite.json"
_EXEMPTION = re.compile(r"#\s*(noqa|type: ignore|pyright: ignore|fmt: (skip|off))")


def numbers() -> list[str]:
    """One line a number."""
    trees = {path: ast.parse(path.read_text()) for path in sources()}
    longest_file = max((len(path.read_text().splitlines()), path) for path in trees)
    longest_function = max(
        ((node.end_lineno or 0) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}")
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    undeclared = [route for route, rights in live_matrix().items() if len(rights) != 1]
    unheard, uncalled = unheard_events(), uncalled_verbs(trees)
    suite = json.loads(SUITE.read_text()) if SUITE.exists() else None
    return [
        f"rooms in a cycle        {len(cycles(trees))}",
        f"exemptions              {exemptions()}",
        f"longest function        {longest_function[0]} lines  {longest_function[1]}",
        f"longest file            {longest_file[0]} lines  {longest_file[1].relative_to(ROOT)}",
        f"suite                   {suite['seconds']:.0f} s, {suite['what']}"
        if suite
        else "suite                   not run",
        f"undeclared routes       {len(undeclared)}",
        f"events nobody hears     {len(unheard)}  {' '.join(unheard)}",
        f"verbs nobody calls      {len(uncalled)}  {' '.join(uncalled)}",
    ]


def sources() -> list[Path]:
    """The product's Python, without what is generated."""
    return sorted(
        path for folder in ("tiefen", "tools", "bench") for path in (ROOT / folder).rglob("*.py")
    )


def exemptions() -> int:
    """How often a rule is switched off, in code and in pyproject.toml."""
    inline = sum(len(_EXEMPTION.findall(path.read_text())) for path in sources())
    table = (ROOT / "pyproject.toml").read_text()
    return inline + len(re.findall(r'^"[^"]+" = \[', table, re.MULTILINE))


def cycles(trees: dict[Path, ast.Module]) -> list[set[str]]:
    """Groups of rooms that import each other in a circle, subscribers left out: they hear upwards."""
    calls: dict[str, set[str]] = {}
    for path, tree in trees.items():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] != "tiefen" or len(parts) < 3 or parts[-1] == "subscribers":
            continue
        for node in ast.walk(tree):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                rooms = name.split(".")
                if rooms[0] == "tiefen" and len(rooms) > 1 and rooms[1] != parts[1]:
                    calls.setdefault(parts[1], set()).add(rooms[1])
    reach = {room: _reached(room, calls) for room in calls}
    found: list[set[str]] = []
    for room in calls:
        group = {other for other in reach[room] if room in reach.get(other, set())}
        if group and group not in found:
            found.append(group)
    return found


def _reached(room: str, calls: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(calls.get(room, ()))
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += calls.get(other, ())
    return seen


def unheard_events() -> list[str]:
    """Events that are published and that no room subscribes to."""
    heard = set(events.subscriptions())
    return sorted(name for name in events.declared() if name not in heard)


def uncalled_verbs(trees: dict[Path, ast.Module]) -> list[str]:
    """Public functions of services that nothing in the product names outside their own file."""
    named: Counter[str] = Counter()
    here: dict[Path, Counter[str]] = {}
    for path, tree in trees.items():
        here[path] = Counter(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute)
        )
        named += here[path]
    uncalled = []
    for path, tree in trees.items():
        parts = path.relative_to(ROOT).parts
        if parts[0] != "tiefen" or "service" not in {*parts, path.stem} or path.stem == "__init__":
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            registered = any(isinstance(mark, ast.Call) for mark in node.decorator_list)
            if not node.name.startswith("_") and not registered and not named[node.name]:
                uncalled.append(f"{parts[1]}.{node.name}")
    return sorted(uncalled)


if __name__ == "__main__":
    print("\n".join(numbers()))
