"""What a table of goods means: columns, lines, and what a product becomes by its lines."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiefen.catalog.errors import ColumnsMissing
from tiefen.catalog.rules.goods import MAX_SPECS
from tiefen.catalog.values import ProductRole
from tiefen.kernel.money import parse_yuan

COLUMNS: dict[str, str] = {
    "code": "商品编码",
    "name": "商品名称",
    "subtitle": "卖点",
    "category": "分类",
    "brand": "品牌",
    "role": "角色",
    "consume_days": "消耗周期",
    "purchase_limit": "每人限购",
    "spec1": "规格名1",
    "value1": "规格值1",
    "spec2": "规格名2",
    "value2": "规格值2",
    "spec3": "规格名3",
    "value3": "规格值3",
    "sku_code": "规格编码",
    "price_fen": "售价",
    "market_fen": "划线价",
    "cost_fen": "成本价",
    "weight_g": "重量",
    "volume_cm3": "体积",
}
"""Column → its heading. Headings may carry a unit in brackets; the keys are headings too."""
ROLES = {
    "常规品": ProductRole.REGULAR,
    "引流品": ProductRole.TRAFFIC,
    "利润品": ProductRole.PROFIT,
    "复购品": ProductRole.REPEAT,
}
BY_ID = "#"
"""A product without a code is named `#` and its number in a table."""
_HEADINGS = {heading: key for key, heading in COLUMNS.items()} | {key: key for key in COLUMNS}
MAX_PRICE_FEN = 10_000_000_000
_WHOLE = re.compile(r"\d{1,8}")
_SHARED = ("name", "subtitle", "category", "brand", "role", "consume_days", "purchase_limit")
_AMOUNTS = ("price_fen", "market_fen", "cost_fen")
_LENGTHS = {"code": 60, "name": 120, "subtitle": 200, "sku_code": 60}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: what its cells say, and what is wrong with them."""

    number: int
    cells: Mapping[str, Any]
    """Column → text, fen, grams or a role; empty cells are left out."""
    faults: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The spec values the line stands for."""
        found = [self.cells.get(f"value{place}", "") for place in range(1, MAX_SPECS + 1)]
        return tuple(value for value in found if value)

    @property
    def specs(self) -> tuple[str, ...]:
        """The names of its specs, where it gives them."""
        found = [self.cells.get(f"spec{place}", "") for place in range(1, MAX_SPECS + 1)]
        return tuple(name for name in found if name)


@dataclass(slots=True)
class Places:
    """What names in a table stand for."""

    categories: Mapping[str, int]
    """By path (`食品/奶`), and by name alone where only one has it."""
    brands: Mapping[str, int]


@dataclass(slots=True)
class Merged:
    """A product as it would be after its lines, or what is wrong by line."""

    body: dict[str, Any]
    faults: dict[int, list[str]] = field(default_factory=dict)


def columns(heading: Sequence[str]) -> list[str | None]:
    """The column each heading stands for; None for those that are not ours. Raises ColumnsMissing."""
    found = [_HEADINGS.get(re.sub(r"[（(*].*$", "", _plain(cell)).strip()) for cell in heading]
    missing = [COLUMNS[key] for key in ("code", "price_fen") if key not in found]
    if missing or len([key for key in found if key]) != len({key for key in found if key}):
        raise ColumnsMissing(field="file", missing="、".join(missing) or "表头重复")
    return found


def line(number: int, heading: Sequence[str | None], row: Sequence[str]) -> Line:
    """Read one line. What cannot be read is named, the rest is kept."""
    cells: dict[str, Any] = {}
    faults = []
    for key, raw in zip(heading, row, strict=False):
        text = unicodedata.normalize("NFC", raw).lstrip("'") if raw else ""
        if key is None or not text:
            continue
        try:
            cells[key] = _read(key, text)
        except ValueError as wrong:
            faults.append(f"{COLUMNS[key]}“{text[:40]}”{wrong}")
    if "code" not in cells:
        faults.append("缺少商品编码")
    return Line(number, cells, tuple(faults))


def merge(known: Mapping[str, Any] | None, lines: Sequence[Line], places: Places) -> Merged:
    """What a product becomes by its lines. Empty cells change nothing; SKUs not named stay.

    `known` is the product as the editor would send it, None for a new one.
    """
    first = lines[0]
    body: dict[str, Any] = dict(known or {"code": first.cells.get("code", ""), "skus": []})
    merged = Merged(body)
    for one in lines:
        merged.faults.setdefault(one.number, []).extend(one.faults)
    _shared(merged, lines, places)
    if known is None:
        if body.get("code", "").startswith(BY_ID):
            merged.faults[first.number].append(f"没有商品“{body['code']}”")
        _need(merged, first, "name")
    _grid(merged, lines)
    merged.faults = {number: said for number, said in merged.faults.items() if said}
    return merged


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _read(key: str, text: str) -> Any:
    """What a cell says. Raises ValueError with the reason."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co"} for char in text):
        raise ValueError("含有不能保存的字符")
    if key in _AMOUNTS:
        return _fen(text)
    if key in ("consume_days", "purchase_limit", "weight_g", "volume_cm3"):
        plain = re.sub(r"[,\s]|(g|克|天|件|cm3|立方厘米)$", "", _plain(text))
        if not _WHOLE.fullmatch(plain):
            raise ValueError("不是整数")
        return int(plain)
    if key == "role":
        if text not in ROLES:
            raise ValueError("不是商品角色")
        return ROLES[text]
    most = _LENGTHS.get(key, 20 if key.startswith("spec") else 40)
    if key not in ("category", "brand") and len(text) > most:
        raise ValueError(f"太长，最多 {most} 个字")
    return text


def _fen(text: str) -> int:
    try:
        fen = parse_yuan(re.sub(r"[¥,\s]|元$", "", _plain(text)))
    except ValueError:
        raise ValueError("不是金额") from None
    if not 0 <= fen <= MAX_PRICE_FEN:
        raise ValueError("超出范围")
    return fen


def _need(merged: Merged, one: Line, key: str) -> None:
    if key not in one.cells and not any(COLUMNS[key] in said for said in one.faults):
        merged.faults[one.number].append(f"新商品缺少{COLUMNS[key]}")


def _shared(merged: Merged, lines: Sequence[Line], places: Places) -> None:
    """What belongs to the product: said once, or the same on every line."""
    said: dict[str, Line] = {}
    for one in lines:
        for key in _SHARED:
            if key not in one.cells:
                continue
            earlier = said.setdefault(key, one)
            if earlier.cells[key] != one.cells[key]:
                merged.faults[one.number].append(f"{COLUMNS[key]}与第 {earlier.number} 行不同")
    for key, one in said.items():
        value = one.cells[key]
        if key in ("category", "brand"):
            known = places.categories if key == "category" else places.brands
            if value not in known:
                merged.faults[one.number].append(f"没有{COLUMNS[key]}“{value[:40]}”")
            else:
                merged.body[f"{key}_id"] = known[value]
        else:
            merged.body[key] = value


def _grid(merged: Merged, lines: Sequence[Line]) -> None:
    """Lay the lines on the product's grid: found by SKU code, else by values, else new."""
    grid = _Grid.of(merged.body, lines)
    seen: dict[int, int] = {}
    for one in lines:
        row, fault = grid.place(one)
        if row is not None and id(row) in seen:
            fault = f"与第 {seen[id(row)]} 行是同一个规格"
        if fault:
            merged.faults[one.number].append(fault)
        if row is None:
            continue
        seen[id(row)] = one.number
        sizes = (*_AMOUNTS, "weight_g", "volume_cm3")
        row.update({key: one.cells[key] for key in sizes if key in one.cells})
        row["code"] = one.cells.get("sku_code", row["code"])
    merged.body["specs"], merged.body["skus"] = grid.specs, grid.rows


@dataclass(slots=True)
class _Grid:
    """A product's specs and rows while lines are laid on it."""

    names: tuple[str, ...]
    specs: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    by_code: dict[str, dict[str, Any]]
    by_values: dict[tuple[str, ...], dict[str, Any]]

    @classmethod
    def of(cls, body: Mapping[str, Any], lines: Sequence[Line]) -> "_Grid":
        """The grid as it is. A product without specs gets those of its lines, and retires its SKU."""
        specs: list[dict[str, Any]] = [
            {
                "name": spec["name"],
                "values": list(spec["values"]),
                "images": list(spec.get("images", [])),
            }
            for spec in body.get("specs", [])
        ]
        rows = [dict(sku) for sku in body["skus"]]
        if not specs:
            names = next((one.specs for one in lines if one.specs), ())
            specs = [{"name": name, "values": [], "images": []} for name in names]
            rows = [] if names else rows
        return cls(
            tuple(spec["name"] for spec in specs),
            specs,
            rows,
            {row["code"]: row for row in rows if row.get("code")},
            {tuple(row["values"]): row for row in rows},
        )

    def place(self, one: Line) -> tuple[dict[str, Any] | None, str]:
        """The row a line stands for, or what is wrong with it."""
        if one.specs and one.specs != self.names:
            return None, f"规格名与商品的不同：{'、'.join(self.names) or '无规格'}"
        row = self.by_code.get(one.cells.get("sku_code", "")) if not one.values else None
        if row is None and len(one.values) != len(self.names):
            return None, f"需要 {len(self.names)} 个规格值"
        row = row or self.by_values.get(one.values)
        if row is not None:
            return row, ""
        row = {"values": list(one.values), "code": ""}
        self.rows.append(row)
        self.by_values[one.values] = row
        for spec, value in zip(self.specs, one.values, strict=True):
            if value not in spec["values"]:
                spec["values"].append(value)
                if spec.get("images"):
                    spec["images"].append("")
        return row, "" if "price_fen" in one.cells or one.faults else "新规格缺少售价"
