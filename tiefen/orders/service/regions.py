"""The standard regions of China (GB/T 2260 codes) down to the district, from `data/regions.tsv`."""

from functools import cache
from pathlib import Path

from tiefen.orders.errors import UnknownRegion
from tiefen.orders.schemas import RegionOut
from tiefen.orders.values import Region

_FILE = Path(__file__).parents[1] / "data" / "regions.tsv"
_DIRECT = "直辖"
"""Stands between a province and a county-level city that belongs to no prefecture."""


@cache
def _names() -> dict[str, str]:
    rows = _FILE.read_text(encoding="utf-8").splitlines()
    return dict(row.split("\t") for row in rows)


@cache
def _parents() -> frozenset[str]:
    """Codes that have regions below them."""
    names = _names()
    provinces = {f"{code[:2]}0000" for code in names if not code.endswith("0000")}
    cities = {f"{code[:4]}00" for code in names if not code.endswith("00")}
    return frozenset(provinces | cities)


def region(code: str) -> Region:
    """The region of a code of the lowest level. Raises UnknownRegion."""
    names = _names()
    if code not in names or code in _parents():
        raise UnknownRegion(field="region_code")
    province = names[f"{code[:2]}0000"]
    if code.endswith("00"):  # a city without districts, such as 东莞市
        return Region(code, province, names[code], "")
    return Region(code, province, names.get(f"{code[:4]}00", _DIRECT), names[code])


@cache
def region_tree() -> list[RegionOut]:
    """Provinces with their cities with their districts, in the order of their codes."""
    names = _names()
    below: dict[str, list[str]] = {}
    for code in sorted(names):
        if code.endswith("0000"):
            continue
        above = f"{code[:2]}0000" if code.endswith("00") else f"{code[:4]}00"
        below.setdefault(above, []).append(code)
    for above in sorted(below):
        if above not in names:  # county-level cities that belong to the province itself
            below.setdefault(f"{above[:2]}0000", []).append(above)

    def grow(code: str) -> RegionOut:
        children = [grow(child) for child in below.get(code, ())]
        return RegionOut(code=code, name=names.get(code, _DIRECT), children=children)

    return [grow(code) for code in sorted(names) if code.endswith("0000")]
