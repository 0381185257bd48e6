"""Decisions about goods: no session, no clock, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product as every_pair

import nh3

from tiefen.catalog.errors import BadSpecs
from tiefen.catalog.values import ProductStatus

MAX_SPECS = 3
MAX_SKUS = 600
MAX_CATEGORY_LEVELS = 3

SHELF: dict[tuple[ProductStatus, bool], ProductStatus] = {
    (ProductStatus.DRAFT, True): ProductStatus.ON_SHELF,
    (ProductStatus.ON_SHELF, True): ProductStatus.ON_SHELF,
    (ProductStatus.OFF_SHELF, True): ProductStatus.ON_SHELF,
    (ProductStatus.DRAFT, False): ProductStatus.DRAFT,
    (ProductStatus.ON_SHELF, False): ProductStatus.OFF_SHELF,
    (ProductStatus.OFF_SHELF, False): ProductStatus.OFF_SHELF,
}
"""(status, wanted on the shelf) → status: asking twice is no error."""

_TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "color",
    "background-color",
    "text-align",
    "font-size",
    "font-weight",
    "font-style",
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One dimension of a product's grid, such as 颜色 with its values."""

    name: str
    values: tuple[str, ...]


def file_url(key: str) -> str:
    """Where a stored picture is served, relative to the host; empty for no key."""
    return f"/files/{key}" if key else ""


def clean_html(html: str) -> str:
    """Rich detail that is safe to show to anybody: no script, frame, form, handler or odd address.

    Sanitised when written, so that a reader can never be reached by what an editor pasted.
    """
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={**_ATTRIBUTES, "*": {"style"}},
        filter_style_properties=_STYLES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


def check_grid(specs: Sequence[Spec], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a SKU grid that does not fit its specs: each row one known value a spec, none twice."""
    if len(specs) > MAX_SPECS:
        raise BadSpecs(field="specs", why_zh=f"最多 {MAX_SPECS} 个", why_en=f"at most {MAX_SPECS}")
    if len({spec.name for spec in specs}) != len(specs):
        raise BadSpecs(field="specs", why_zh="规格名重复", why_en="a spec is named twice")
    for place, spec in enumerate(specs):
        if not spec.values or len(set(spec.values)) != len(spec.values):
            raise BadSpecs(
                field=f"specs.{place}.values",
                why_zh=f"“{spec.name}”的值为空或重复",
                why_en=f"the values of {spec.name} are empty or repeat",
            )
    if not rows or len(rows) > MAX_SKUS:
        raise BadSpecs(
            field="skus",
            why_zh=f"需要 1 到 {MAX_SKUS} 个 SKU",
            why_en=f"1 to {MAX_SKUS} SKUs are needed",
        )
    possible = set(every_pair(*(spec.values for spec in specs)))
    seen: set[tuple[str, ...]] = set()
    for place, row in enumerate(rows):
        values = tuple(row)
        if values not in possible or values in seen:
            raise BadSpecs(
                field=f"skus.{place}.values",
                why_zh="规格组合不存在或重复",
                why_en="this combination is unknown or repeats",
            )
        seen.add(values)


def spec_text(values: Sequence[str]) -> str:
    """How a SKU is called beside its product: `红色 / L`; empty for a product without specs."""
    return " / ".join(values)


def missing_for_shelf(
    name: str, images: Sequence[str], prices: Sequence[int]
) -> list[tuple[str, str]]:
    """What a product still lacks before it may be sold, as (中文, English) pairs."""
    missing = []
    if not name:
        missing.append(("商品名称", "a name"))
    if not images:
        missing.append(("商品图片", "a picture"))
    if not prices:
        missing.append(("至少一个在售规格", "at least one SKU for sale"))
    return missing


def level(parents: Mapping[int, int | None], parent_id: int | None, own_id: int | None) -> int:
    """How deep a category under `parent_id` would stand (1 = top); 99 if inside itself."""
    depth = 1
    while parent_id is not None:
        if parent_id == own_id or depth > MAX_CATEGORY_LEVELS:
            return 99
        depth += 1
        parent_id = parents.get(parent_id)
    return depth


def height(parents: Mapping[int, int | None], own_id: int) -> int:
    """Levels that hang below and including `own_id`."""
    children = [child for child, parent in parents.items() if parent == own_id]
    return 1 + max((height(parents, child) for child in children), default=0)
