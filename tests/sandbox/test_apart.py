"""The sandbox is apart: it imports nothing of the product, so that each proves the other."""

import ast
from pathlib import Path

SANDBOX = Path(__file__).resolve().parents[2] / "tiefen" / "sandbox"


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level < 2, f"{path}: leaves its package by dots"
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    foreign = {
        (path.name, name)
        for path in SANDBOX.rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] == "tiefen" and not name.startswith("tiefen.sandbox")
    }
    assert foreign == set()
