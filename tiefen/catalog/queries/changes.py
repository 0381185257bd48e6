"""What is read of imports, of changes of many products, and of the goods as a table."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select

from tiefen.catalog.errors import ImportGone
from tiefen.catalog.models import Brand, Category, GoodsChange, GoodsImport, GoodsImportLine, Sku
from tiefen.catalog.models import Product as ProductRow
from tiefen.catalog.rules import BY_ID, COLUMNS
from tiefen.catalog.schemas import ChangeOut, GoodsImportDetail, GoodsImportOut, GoodsLineOut
from tiefen.catalog.values import LineFate, ProductRole
from tiefen.kernel import sheets
from tiefen.kernel.db import Tx
from tiefen.kernel.money import yuan_number

SHOWN_FAULTS = 100
SHOWN = 30
EXPORT_PAGE = 500
_ROLES = {
    ProductRole.REGULAR: "常规品",
    ProductRole.TRAFFIC: "引流品",
    ProductRole.PROFIT: "利润品",
    ProductRole.REPEAT: "复购品",
}


async def imports(tx: Tx) -> list[GoodsImportOut]:
    """The latest imports."""
    rows = await tx.scalars(select(GoodsImport).order_by(GoodsImport.id.desc()).limit(SHOWN))
    found = rows.all()
    wrong = await _wrong(tx, [row.id for row in found])
    return [_import_out(row, wrong.get(row.id, 0)) for row in found]


async def one_import(tx: Tx, import_id: int) -> GoodsImportDetail:
    """One import with its first faults. Raises ImportGone."""
    row = await tx.get(GoodsImport, import_id)
    if row is None:
        raise ImportGone
    wrong = await _wrong(tx, [import_id])
    lines = await tx.scalars(_faulty(import_id).limit(SHOWN_FAULTS))
    return GoodsImportDetail(
        **_import_out(row, wrong.get(import_id, 0)).model_dump(),
        faults=[
            GoodsLineOut(line=one.line, code=one.code, fate=one.fate, faults=one.faults)
            for one in lines
        ],
    )


async def fault_table(tx: Tx, import_id: int) -> list[list[str]]:
    """The wrong lines as they came, each with its number and what is wrong. Raises ImportGone."""
    row = await tx.get(GoodsImport, import_id)
    if row is None:
        raise ImportGone
    width = len(row.heading)
    table = [[*map(str, row.heading), "行号", "问题"]]
    for one in await tx.scalars(_faulty(import_id)):
        said = "；".join(one.faults) or "同一商品的其他行有问题"
        table.append([*sheets.padded(one.cells, width), str(one.line), said])
    return table


async def changes(tx: Tx) -> list[ChangeOut]:
    """The latest changes of many products."""
    rows = await tx.scalars(select(GoodsChange).order_by(GoodsChange.id.desc()).limit(SHOWN))
    return [change_out(row) for row in rows]


def change_out(row: GoodsChange) -> ChangeOut:
    """One change as schema."""
    return ChangeOut(
        id=row.id,
        kind=row.kind,
        products=len(row.items),
        staff_name=row.staff_name,
        made_at=row.made_at,
        undone_at=row.undone_at,
    )


async def table_page(
    tx: Tx, after_id: int, *, with_cost: bool
) -> tuple[list[list[object]], int | None]:
    """The next products as lines of a table, and the last id; None when these were the last."""
    products = (
        await tx.scalars(
            select(ProductRow)
            .where(ProductRow.id > after_id)
            .order_by(ProductRow.id)
            .limit(EXPORT_PAGE)
        )
    ).all()
    paths, brands = await _paths(tx), dict((await tx.execute(select(Brand.id, Brand.name))).all())
    skus = await tx.scalars(
        select(Sku)
        .where(Sku.product_id.in_([product.id for product in products]), Sku.on_grid)
        .order_by(Sku.product_id, Sku.position, Sku.id)
    )
    by_product: dict[int, list[Sku]] = {}
    for sku in skus:
        by_product.setdefault(sku.product_id, []).append(sku)
    lines = [
        _line(
            product,
            sku,
            paths.get(product.category_id or 0, ""),
            brands.get(product.brand_id or 0, ""),
            with_cost=with_cost,
        )
        for product in products
        for sku in by_product.get(product.id, [])
    ]
    return lines, products[-1].id if len(products) == EXPORT_PAGE else None


def heading(*, with_cost: bool) -> list[str]:
    """The headings of the table, in the order of `table_page`."""
    return [words for key, words in COLUMNS.items() if with_cost or key != "cost_fen"]


def _line(
    product: ProductRow, sku: Sku, category: str, brand: str, *, with_cost: bool
) -> list[object]:
    cells: dict[str, object] = {
        "code": product.code or f"{BY_ID}{product.id}",
        "name": product.name,
        "subtitle": product.subtitle,
        "category": category,
        "brand": brand,
        "role": _ROLES[product.role],
        "consume_days": product.consume_days or "",
        "purchase_limit": product.purchase_limit or "",
        "sku_code": sku.code,
        "price_fen": yuan_number(sku.price_fen),
        "market_fen": "" if sku.market_fen is None else yuan_number(sku.market_fen),
        "cost_fen": "" if sku.cost_fen is None else yuan_number(sku.cost_fen),
        "weight_g": "" if sku.weight_g is None else sku.weight_g,
        "volume_cm3": "" if sku.volume_cm3 is None else sku.volume_cm3,
    }
    for place, (spec, value) in enumerate(zip(product.specs, sku.spec_values, strict=False), 1):
        cells[f"spec{place}"], cells[f"value{place}"] = spec["name"], value
    return [cells.get(key, "") for key in COLUMNS if with_cost or key != "cost_fen"]


async def _paths(tx: Tx) -> dict[int, str]:
    rows = (await tx.execute(select(Category.id, Category.parent_id, Category.name))).all()
    by_id = {row.id: row for row in rows}
    paths = {}
    for row in rows:
        path, at = row.name, row
        while at.parent_id is not None:
            at = by_id[at.parent_id]
            path = f"{at.name}/{path}"
        paths[row.id] = path
    return paths


def _faulty(import_id: int) -> Select[GoodsImportLine]:
    return (
        select(GoodsImportLine)
        .where(GoodsImportLine.import_id == import_id, GoodsImportLine.fate == LineFate.WRONG)
        .order_by(GoodsImportLine.line)
    )


async def _wrong(tx: Tx, ids: Sequence[int]) -> dict[int, int]:
    rows = await tx.execute(
        select(GoodsImportLine.import_id, func.count())
        .where(GoodsImportLine.import_id.in_(ids), GoodsImportLine.fate == LineFate.WRONG)
        .group_by(GoodsImportLine.import_id)
    )
    return dict(rows.all())


def _import_out(row: GoodsImport, wrong: int) -> GoodsImportOut:
    return GoodsImportOut(
        id=row.id,
        file_name=row.file_name,
        state=row.state,
        lines=row.lines,
        wrong=wrong,
        products=row.products,
        done=row.done,
        created=row.created,
        updated=row.updated,
        unchanged=row.unchanged,
        staff_name=row.staff_name,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
