"""What a table of stock means: its columns, its lines, and what a line comes to."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from tiefen.inventory.errors import StockColumnsMissing
from tiefen.inventory.values import ImportMode, LineFault, Lying, StockFault, StockField, StockLine
from tiefen.kernel.sheets import bare_heading

COLUMNS: Mapping[StockField, tuple[str, ...]] = {
    StockField.CODE: ("规格编码", "sku", "skucode", "code", "商家编码", "货号", "编码", "条码"),
    StockField.LOCATION: ("仓库", "仓库门店", "location", "门店", "库位", "warehouse"),
    StockField.ON_HAND: ("在库", "onhand", "现有库存", "库存", "库存数量", "实际库存", "数量"),
    StockField.WAS: ("导出时在库", "wasonhand", "was", "原在库", "原库存"),
    StockField.CHANGE: ("增减", "change", "入库数量", "变动数量", "数量", "quantity", "qty"),
    StockField.SAFETY: ("安全库存", "safety", "safetystock"),
    StockField.WARN_AT: ("预警线", "warnat", "预警库存", "库存预警"),
}
"""Column → its headings as `bare_heading` gives them, ours first. 数量 is what shall lie there, or what comes, by the mode."""
BY_ID = "#"
"""A SKU without a code is named `#` and its number in a table."""
MOST = 100_000_000
"""Pieces of one SKU at one location."""
_MOST_KEPT = 1_000_000
_NONE = {"不提醒", "无", "-", "none", "never", "off"}
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}(\.0+)?")


def columns(heading: Sequence[str], mode: ImportMode) -> dict[StockField, int]:
    """Which column is what. Raises StockColumnsMissing, which says what was looked for."""
    bare = [bare_heading(cell) for cell in heading]
    unread = {StockField.CHANGE} if mode is ImportMode.SET else {StockField.ON_HAND, StockField.WAS}
    found: dict[StockField, int] = {}
    for field, names in COLUMNS.items():
        if field in unread:
            continue
        place = next((bare.index(name) for name in names if name in bare), None)
        if place is not None and place not in found.values():
            found[field] = place
    number = StockField.ON_HAND if mode is ImportMode.SET else StockField.CHANGE
    extras = {StockField.SAFETY, StockField.WARN_AT}
    if StockField.CODE not in found:
        raise StockColumnsMissing(field="file", missing=COLUMNS[StockField.CODE][0])
    if number not in found and not extras & found.keys():
        raise StockColumnsMissing(field="file", missing=COLUMNS[number][0])
    return found


def read_line(
    cells: Sequence[str], places: Mapping[StockField, int], mode: ImportMode
) -> StockLine | list[LineFault]:
    """What a line says, or everything that is wrong with it. Empty cells change nothing."""

    def cell(field: StockField, form: Literal["NFC", "NFKC"] = "NFKC") -> str:
        at = places.get(field)
        raw = cells[at] if at is not None and at < len(cells) else ""
        return _bare(unicodedata.normalize(form, raw))

    faults: list[LineFault] = []
    number_in = StockField.ON_HAND if mode is ImportMode.SET else StockField.CHANGE
    low = 0 if mode is ImportMode.SET else -MOST
    number = _number(cell(number_in), low, MOST, StockFault.NUMBER, faults)
    was = _number(cell(StockField.WAS), 0, MOST, StockFault.WAS, faults)
    safety = _number(cell(StockField.SAFETY), 0, _MOST_KEPT, StockFault.SAFETY, faults)
    said = cell(StockField.WARN_AT)
    off = said.lower() in _NONE
    warn_at = -1 if off else _number(said, 0, _MOST_KEPT, StockFault.WARN_AT, faults)
    code = cell(StockField.CODE, "NFC")
    if not code:
        faults.append(LineFault(StockFault.CODE_MISSING))
    return faults or StockLine(code, cell(StockField.LOCATION), number, was, safety, warn_at)


def worth(mode: ImportMode, number: int | None, was: int | None, lying: Lying) -> int | LineFault:
    """Pieces that come (or go) by a line, as things lie now; never those that orders hold.

    With `was` the difference to what the table's maker saw is booked, so that what was sold since
    stays sold. Without it so many shall lie there, whatever happened since.
    """
    if number is None:
        return 0
    base = 0 if mode is ImportMode.ADD else lying.on_hand if was is None else was
    change = number - base
    after = lying.on_hand + change
    if change < 0 and after < lying.reserved:
        if after < 0 or not lying.reserved:
            return LineFault(StockFault.BELOW_ZERO, lying.on_hand)
        return LineFault(StockFault.HELD, lying.reserved)
    if after > MOST:
        return LineFault(StockFault.TOO_MANY)
    return change


def take_back(change: int, lying: Lying) -> int | None:
    """Pieces that go (or come) when a line is undone; None: they are sold or held."""
    back = -change
    return None if back < 0 and lying.on_hand + back < lying.reserved else back


def _bare(raw: str) -> str:
    """A cell without what exports put around numbers so that spreadsheets leave them alone."""
    plain = raw.strip()
    if plain.startswith('="') and plain.endswith('"'):
        plain = plain[2:-1]
    return "".join(
        char for char in plain.strip("'`’ \t") if unicodedata.category(char) not in ("Cc", "Cs")
    )


def _number(
    text: str, low: int, high: int, fault: StockFault, faults: list[LineFault]
) -> int | None:
    if not text:
        return None
    plain = re.sub(r"[,\s]|(件|个|pcs)$", "", text)
    if _WHOLE.fullmatch(plain) and low <= int(plain.split(".")[0]) <= high:
        return int(plain.split(".")[0])
    faults.append(LineFault(fault))
    return None
