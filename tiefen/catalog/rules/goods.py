"""Decisions about goods: no session, no clock, no network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product as every_pair

from tiefen.catalog.errors import BadCells, BadSpecs, CodeTaken
from tiefen.catalog.values import ProductKind, ProductStatus
from tiefen.kernel.errors import Refusal

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


@dataclass(frozen=True, slots=True)
class Spec:
    """One dimension of a product's grid, such as 颜色 with its values."""

    name: str
    values: tuple[str, ...]
    images: tuple[str, ...] = ()
    """A picture's key for each value, empty for none."""


def check_grid(specs: Sequence[Spec], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a SKU grid that does not fit its specs: each row one known value a spec, none twice.

    Raises BadSpecs, or BadCells with one BadSpecs for each cell when several are wrong.
    """
    if len(specs) > MAX_SPECS:
        raise BadSpecs(field="specs", why_zh=f"最多 {MAX_SPECS} 个", why_en=f"at most {MAX_SPECS}")
    if not rows or len(rows) > MAX_SKUS:
        raise BadSpecs(
            field="skus",
            why_zh=f"需要 1 到 {MAX_SKUS} 个 SKU",
            why_en=f"1 to {MAX_SKUS} SKUs are needed",
        )
    refuse(list(_spec_faults(specs)))
    refuse(list(_row_faults(specs, rows)))


def refuse(faults: Sequence[Refusal]) -> None:
    """Raise what is wrong: one fault as itself, several as one refusal that names every cell."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise BadCells(faults)


def _spec_faults(specs: Sequence[Spec]) -> Iterator[Refusal]:
    if len({spec.name for spec in specs}) != len(specs):
        yield BadSpecs(field="specs", why_zh="规格名重复", why_en="a spec is named twice")
    for place, spec in enumerate(specs):
        if not spec.values or len(set(spec.values)) != len(spec.values):
            yield BadSpecs(
                field=f"specs.{place}.values",
                why_zh=f"“{spec.name}”的值为空或重复",
                why_en=f"the values of {spec.name} are empty or repeat",
            )
        if spec.images and len(spec.images) != len(spec.values):
            yield BadSpecs(
                field=f"specs.{place}.images",
                why_zh=f"“{spec.name}”的图片数与值的个数不同",
                why_en=f"{spec.name} has another number of pictures than values",
            )


def _row_faults(specs: Sequence[Spec], rows: Sequence[Sequence[str]]) -> Iterator[Refusal]:
    possible = set(every_pair(*(spec.values for spec in specs)))
    seen: set[tuple[str, ...]] = set()
    for place, row in enumerate(rows):
        values = tuple(row)
        if values not in possible or values in seen:
            yield BadSpecs(
                field=f"skus.{place}.values",
                why_zh="规格组合不存在或重复",
                why_en="this combination is unknown or repeats",
            )
        seen.add(values)


def repeated_codes(codes: Sequence[str]) -> Iterator[Refusal]:
    """A fault for each row whose code an earlier row has already."""
    seen: set[str] = set()
    for place, code in enumerate(codes):
        if code and code in seen:
            yield CodeTaken(field=f"skus.{place}.code", sku_code=code)
        seen.add(code)


def value_picture(specs: Sequence[Spec], values: Sequence[str]) -> str:
    """The picture of a SKU by its values: that of the first spec whose value has one, or none."""
    for spec, value in zip(specs, values, strict=False):
        pictures = dict(zip(spec.values, spec.images, strict=False))
        if pictures.get(value):
            return pictures[value]
    return ""


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


def due(
    status: ProductStatus, on_at: datetime | None, off_at: datetime | None, now: datetime
) -> bool | None:
    """What the clock wants of a product: on the shelf, off it, or nothing.

    Of two moments that have both passed, the later one counts.
    """
    passed = [(at, on) for at, on in ((on_at, True), (off_at, False)) if at and at <= now]
    if not passed:
        return None
    wanted = max(passed)[1]
    return None if SHELF[status, wanted] is status else wanted


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


def delivery(kind: ProductKind, uses: int, days: int | None) -> tuple[str, str]:
    """How a buyer gets it, in 中文 and English; empty for what comes in a parcel."""
    match kind:
        case ProductKind.GOODS:
            return "", ""
        case ProductKind.CODES:
            return (
                "付款后直接给卡号，在订单里查看",
                "The code is in the order as soon as it is paid",
            )
        case ProductKind.VIRTUAL | ProductKind.COURSE:
            return "付款后在订单里查看", "Opens in the order as soon as it is paid"
    zh, en = "付款后给券码，到店出示", "A code to show in the store, as soon as it is paid"
    if uses > 1:
        zh, en = f"{zh}，每件可用 {uses} 次", f"{en}; good for {uses} uses each"
    if days:
        zh, en = f"{zh}，{days} 天内有效", f"{en}, for {days} days"
    return zh, en
