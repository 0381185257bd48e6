"""The house's rules that no library checks: floors, sizes, keys, cards, names."""

import ast
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import ForeignKeyConstraint

import tiefen.main  # every room's tables and subscribers
from tiefen.kernel import events
from tiefen.kernel.db import Base, PlatformBase

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tiefen"
NOT_ROOMS = {"kernel", "sandbox", "demo", "commands", "faces", "wechat", "migrations"}
FLOOR = [
    ["kernel"], ["team"], ["ledger", "wechat"], ["catalog", "fans", "payments"],
    ["inventory", "members", "channels", "content"], ["promotion", "stores"], ["orders"],
    ["distribution", "dealers", "booking", "bottles", "plays", "referral"],
    ["community", "reach", "helpdesk"],
    ["analytics"], ["integrations"],
]  # fmt: skip
FILES = {
    "__init__.py", "errors.py", "values.py", "rules.py", "events.py", "models.py", "schemas.py",
    "queries.py", "service.py", "subscribers.py", "http.py",
}  # fmt: skip
CHAPTERS = {"data", "errors", "http", "models", "queries", "rules", "schemas", "service", "values"}
"""What may be a folder of chapters when one file has grown past its size."""
MAX_FUNCTION, MAX_FILE, MAX_VUE = 70, 500, 300


def rooms() -> list[Path]:
    """All business rooms."""
    return sorted(
        path
        for path in PACKAGE.iterdir()
        if (path / "__init__.py").exists() and path.name not in NOT_ROOMS
    )


def python_files() -> list[Path]:
    """All Python of the product, its tools and benches."""
    return sorted(
        path
        for folder in ("tiefen", "tools", "bench", "migrations")
        for path in (ROOT / folder).rglob("*.py")
        if "versions" not in path.parts
    )


def _floor(room: str) -> int:
    return next(number for number, names in enumerate(FLOOR) if room in names)


def _room_of(table: str) -> str:
    for mapper in [*Base.registry.mappers, *PlatformBase.registry.mappers]:
        if getattr(mapper.local_table, "key", None) == table:
            return mapper.class_.__module__.split(".")[1]
    raise LookupError(table)


@pytest.mark.parametrize("room", rooms(), ids=lambda path: path.name)
def test_a_room_has_only_the_fixed_file_names(room: Path) -> None:
    names = {path.name for path in room.iterdir() if path.suffix == ".py"}
    assert names <= FILES
    chapters = [path for path in room.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert {path.name for path in chapters} <= CHAPTERS


@pytest.mark.parametrize("room", rooms(), ids=lambda path: path.name)
def test_the_room_card_tells_what_the_code_does(room: Path) -> None:
    card = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    for heading in ("owns", "promises", "publishes", "hears"):
        assert re.search(rf"^{heading}\b", card, re.MULTILINE), heading
    published = {
        cls.__name__
        for cls in events.declared().values()
        if cls.__module__ == f"tiefen.{room.name}.events"
    }
    heard = {
        events.declared()[subscription.event].__name__
        for subscriptions in events.subscriptions().values()
        for subscription in subscriptions
        if subscription.subscriber.startswith(f"on:{room.name}.")
    }
    publishes, _, hears = card.partition("publishes")[2].partition("hears")
    assert published == set(re.findall(r"\b[A-Z]\w+\b", publishes))
    assert heard == set(re.findall(r"\b[A-Z]\w+\b", hears))


def test_foreign_keys_only_point_down() -> None:
    for table in [*Base.metadata.tables.values(), *PlatformBase.metadata.tables.values()]:
        room = _room_of(table.key)
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint):
                other = _room_of(constraint.referred_table.key)
                assert other == room or _floor(other) < _floor(room), (table.name, other)


def test_functions_and_files_stay_small() -> None:
    wrong = []
    for path in python_files():
        text = path.read_text()
        if len(text.splitlines()) > MAX_FILE:
            wrong.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.name}: {length} lines")
    for path in (ROOT / "web").glob("*/src/**/*.vue"):
        if len(path.read_text().splitlines()) > MAX_VUE:
            wrong.append(f"{path.relative_to(ROOT)}: over {MAX_VUE} lines")
    assert not wrong


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_only_kernel_money_divides_money() -> None:
    wrong = []
    for path in python_files():
        if path.name == "money.py" or "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.BinOp) and isinstance(
                node.op, ast.Div | ast.FloorDiv | ast.Mod
            ):
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
                if any(name.endswith("_fen") for name in names):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong


def test_columns_of_money_are_whole_fen() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if column.name.endswith("_fen"):
                assert column.type.python_type is int, f"{table.name}.{column.name}"
            assert column.type.__class__.__name__ not in {"Float", "Numeric", "Double", "REAL"}


def test_every_event_is_named_after_its_room() -> None:
    for name, cls in events.declared().items():
        if cls.__module__.startswith("tiefen."):
            assert name.split(".")[0] == cls.__module__.split(".")[1]


def test_what_routes_take_and_give_has_names_of_its_own() -> None:
    """Two schemas of one name would reach the faces under long names made of modules."""
    named = json.loads(tiefen.main.openapi())["components"]["schemas"]
    clashes = sorted(name for name in named if name.startswith("tiefen__"))
    assert clashes == []
