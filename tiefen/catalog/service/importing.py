"""Tables of goods: tried out line by line first, then worked off product by product.

The merchant's own codes say what is what, so the same file twice changes nothing the second time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select, update

from tiefen.catalog import rules
from tiefen.catalog.errors import ImportGone, ImportOver
from tiefen.catalog.models import Brand, Category, GoodsImport, GoodsImportLine, Product, Sku
from tiefen.catalog.schemas import ProductInput
from tiefen.catalog.service import editing, grid
from tiefen.catalog.values import ImportState, LineFate
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.team import service as team
from tiefen.team.values import Permission

BATCH = 50
_UNDONE = (ImportState.CHECKED, ImportState.STOPPED)


async def check_import(
    tx: Tx, actor: StaffActor, file_name: str, table: Sequence[Sequence[str]]
) -> GoodsImport:
    """Try a table out: nothing changes, every line learns what it would do. Raises ColumnsMissing."""
    heading = rules.columns(table[0] if table else [])
    with_cost = Permission.GOODS_COST in actor.permissions
    rows = [
        (number, row) for number, row in enumerate(table[1:], start=2) if any(cell for cell in row)
    ]
    lines = [_readable(rules.line(number, heading, row), with_cost) for number, row in rows]
    groups = _by_code(lines)
    known = await _known(tx, groups)
    taken = await _taken(tx, lines)
    places = await _places(tx)
    fates: dict[int, tuple[LineFate, list[str]]] = {}
    products = 0
    for code, group in groups.items():
        fate, faults = _judge(known.get(code), group, places, taken)
        products += fate is not LineFate.WRONG
        for one in group:
            said = faults.get(one.number, [])
            fates[one.number] = (fate, said)
    made = GoodsImport(
        file_name=file_name[:120],
        state=ImportState.CHECKED,
        heading=list(table[0]),
        lines=len(lines),
        products=products,
        with_cost=with_cost,
        staff_id=actor.id,
        staff_name=actor.name,
        started_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    cells = dict(rows)
    tx.add_all(
        GoodsImportLine(
            import_id=made.id,
            line=one.number,
            code=str(one.cells.get("code", "")),
            cells=list(cells[one.number]),
            fate=fates[one.number][0],
            faults=fates[one.number][1],
            worked=fates[one.number][0] is LineFate.WRONG,
        )
        for one in lines
    )
    await tx.flush()
    return made


async def run_import(tx: Tx, actor: StaffActor, import_id: int) -> GoodsImport:
    """Begin to work off what was tried out, or go on where it was stopped.

    Raises ImportGone, ImportOver.
    """
    row = await _held(tx, import_id)
    if row.state not in _UNDONE:
        raise ImportOver
    row.state = ImportState.RUNNING
    row.with_cost = row.with_cost and Permission.GOODS_COST in actor.permissions
    later(tx, "catalog.import", import_id=import_id, key=str(import_id))
    await team.record_audit(
        tx, actor, "catalog.run_import", f"import:{import_id}", after={"file": row.file_name}
    )
    return row


async def stop_import(tx: Tx, import_id: int) -> GoodsImport:
    """Work off nothing more; what was done stays. Raises ImportGone."""
    row = await _held(tx, import_id)
    if row.state is ImportState.RUNNING:
        row.state = ImportState.STOPPED
    return row


async def import_batch(tx: Tx, import_id: int) -> None:
    """Work off the next products and come again while there are more; safe to run twice.

    What a product became and how far the import is are one commit.
    """
    row = await tx.get(GoodsImport, import_id, with_for_update=True)
    if row is None or row.state is not ImportState.RUNNING:
        return
    todo = await tx.scalars(
        select(GoodsImportLine.code)
        .where(GoodsImportLine.import_id == import_id, ~GoodsImportLine.worked)
        .group_by(GoodsImportLine.code)
        .order_by(func.min(GoodsImportLine.line))
        .limit(BATCH)
    )
    codes = todo.all()
    heading = rules.columns([str(cell) for cell in row.heading])
    groups: dict[str, list[rules.Line]] = {code: [] for code in codes}
    kept = await tx.scalars(
        select(GoodsImportLine)
        .where(GoodsImportLine.import_id == import_id, GoodsImportLine.code.in_(codes))
        .order_by(GoodsImportLine.line)
    )
    for one in kept:
        read = rules.line(one.line, heading, one.cells)
        groups[one.code].append(_readable(read, row.with_cost))
    known = await _known(tx, codes)
    places = await _places(tx)
    rights = frozenset({Permission.GOODS_COST}) if row.with_cost else frozenset[str]()
    actor = StaffActor(row.staff_id, row.staff_name, rights)
    for code, group in groups.items():
        await _work_off(tx, row, actor, known.get(code), group, places)
    row.done += len(groups)
    if len(codes) < BATCH:
        row.state, row.ended_at = ImportState.DONE, tx.now
    else:
        later(tx, "catalog.import", import_id=import_id)


def as_input(product: Product, skus: Iterable[Sku]) -> ProductInput:
    """A product as the editor would send it, without a change."""
    return ProductInput.model_validate(
        {
            **{name: getattr(product, name) for name in _PLAIN},
            "video_key": product.video_key or None,
            "specs": product.specs,
            "skus": [
                {
                    "id": sku.id,
                    "values": sku.spec_values,
                    **{name: getattr(sku, name) for name in _PLAIN_OF_SKU},
                    "image_key": sku.image_key or None,
                }
                for sku in skus
                if sku.on_grid
            ],
        }
    )


_PLAIN = (
    "kind", "code", "name", "subtitle", "points", "attributes", "category_id", "brand_id", "role",
    "consume_days", "images", "detail_html", "given_html", "purchase_limit", "only_stages",
    "only_segments", "shelf_on_at", "shelf_off_at", "share_texts", "share_images", "presale",
    "service_uses", "service_days", "position", "freight_template_id", "version",
)  # fmt: skip
_PLAIN_OF_SKU = ("code", "price_fen", "market_fen", "cost_fen", "weight_g", "volume_cm3")


async def _work_off(
    tx: Tx,
    row: GoodsImport,
    actor: StaffActor,
    known: tuple[Product, list[Sku]] | None,
    group: Sequence[rules.Line],
    places: rules.Places,
) -> None:
    """One product, in a savepoint of its own: what is refused is noted and stays as it was."""
    before = as_input(*known) if known else None
    merged = rules.merge(before.model_dump() if before else None, group, places)
    fate, faults = LineFate.WRONG, merged.faults
    if not faults:
        try:
            async with tx.begin_nested():
                fate = await _save(tx, actor, known, before, merged.body)
        except (Refusal, ValidationError) as refused:
            faults = {group[0].number: [_said(refused)]}
    row.created += fate is LineFate.CREATE
    row.updated += fate is LineFate.UPDATE
    row.unchanged += fate is LineFate.SAME
    for one in group:
        await tx.execute(
            update(GoodsImportLine)
            .where(GoodsImportLine.import_id == row.id, GoodsImportLine.line == one.number)
            .values(worked=True, fate=fate, faults=faults.get(one.number, []))
        )


async def _save(
    tx: Tx,
    actor: StaffActor,
    known: tuple[Product, list[Sku]] | None,
    before: ProductInput | None,
    body: Mapping[str, Any],
) -> LineFate:
    wanted = ProductInput.model_validate(dict(body))
    if known is None or before is None:
        await editing.create_product(tx, actor, wanted)
        return LineFate.CREATE
    if wanted.model_dump() == before.model_dump():
        return LineFate.SAME
    await editing.save_product(tx, actor, known[0].id, wanted)
    return LineFate.UPDATE


def _judge(
    known: tuple[Product, list[Sku]] | None,
    group: Sequence[rules.Line],
    places: rules.Places,
    taken: Mapping[str, str],
) -> tuple[LineFate, dict[int, list[str]]]:
    """What the lines of one product would come to, and what is wrong with them."""
    before = as_input(*known) if known else None
    merged = rules.merge(before.model_dump() if before else None, group, places)
    faults = dict(merged.faults)
    own = known[0].code if known else str(group[0].cells.get("code", ""))
    for one in group:
        owner = taken.get(str(one.cells.get("sku_code", "")), own)
        if owner != own:
            said = f"规格编码“{one.cells['sku_code']}”已被商品“{owner or '无编码'}”使用"
            faults.setdefault(one.number, []).append(said)
    if not faults:
        try:
            wanted = ProductInput.model_validate(merged.body)
            rules.check_grid(grid.specs_of(wanted), [sku.values for sku in wanted.skus])
            rules.refuse(list(rules.repeated_codes([sku.code for sku in wanted.skus])))
        except (Refusal, ValidationError) as refused:
            faults = {group[0].number: [_said(refused)]}
        else:
            if before is None:
                return LineFate.CREATE, {}
            same = wanted.model_dump() == before.model_dump()
            return (LineFate.SAME if same else LineFate.UPDATE), {}
    return LineFate.WRONG, faults


def _said(refused: Refusal | ValidationError) -> str:
    if isinstance(refused, Refusal):
        return "；".join(part.message("zh") for part in refused.parts or (refused,))
    return "；".join(
        ".".join(map(str, error["loc"])) + " " + error["msg"] for error in refused.errors()[:3]
    )


def _readable(line: rules.Line, with_cost: bool) -> rules.Line:
    """The line without what its sender may not change."""
    if with_cost or "cost_fen" not in line.cells:
        return line
    cells = {key: value for key, value in line.cells.items() if key != "cost_fen"}
    return rules.Line(line.number, cells, (*line.faults, "没有修改成本价的权限"))


def _by_code(lines: Iterable[rules.Line]) -> dict[str, list[rules.Line]]:
    """Lines by product; lines without a code stand alone, under what no code can be."""
    groups: dict[str, list[rules.Line]] = {}
    for one in lines:
        code = one.cells.get("code")
        groups.setdefault(code or f" {one.number}", []).append(one)
    return groups


async def _known(tx: Tx, codes: Iterable[str]) -> dict[str, tuple[Product, list[Sku]]]:
    """Products by what a table calls them: their code, or `#` and their number."""
    wanted = {code for code in codes if code}
    numbers = {int(code[1:]) for code in wanted if re.fullmatch(rf"{rules.BY_ID}\d{{1,18}}", code)}
    products = await tx.scalars(
        select(Product).where(Product.code.in_(wanted) | Product.id.in_(numbers))
    )
    by_id = {product.id: (product, list[Sku]()) for product in products}
    skus = await tx.scalars(
        select(Sku)
        .where(Sku.product_id.in_(by_id), Sku.on_grid)
        .order_by(Sku.product_id, Sku.position, Sku.id)
    )
    for sku in skus:
        by_id[sku.product_id][1].append(sku)
    named = {f"{rules.BY_ID}{product_id}": them for product_id, them in by_id.items()}
    return named | {them[0].code: them for them in by_id.values() if them[0].code}


async def _taken(tx: Tx, lines: Iterable[rules.Line]) -> dict[str, str]:
    """SKU code → code of the product that has it."""
    codes = {str(one.cells["sku_code"]) for one in lines if one.cells.get("sku_code")}
    rows = await tx.execute(
        select(Sku.code, Product.code)
        .join(Product, Product.id == Sku.product_id)
        .where(Sku.code.in_(codes))
    )
    return dict(rows.all())


async def _places(tx: Tx) -> rules.Places:
    rows = (await tx.execute(select(Category.id, Category.parent_id, Category.name))).all()
    by_id = {row.id: row for row in rows}
    paths: dict[str, int] = {}
    names: dict[str, list[int]] = {}
    for row in rows:
        path, at = row.name, row
        while at.parent_id is not None:
            at = by_id[at.parent_id]
            path = f"{at.name}/{path}"
        paths[path] = row.id
        names.setdefault(row.name, []).append(row.id)
    single = {name: ids[0] for name, ids in names.items() if len(ids) == 1}
    brands = await tx.execute(select(Brand.name, Brand.id))
    return rules.Places(categories=single | paths, brands=dict(brands.all()))


async def _held(tx: Tx, import_id: int) -> GoodsImport:
    row = await tx.get(GoodsImport, import_id, with_for_update=True)
    if row is None:
        raise ImportGone
    return row
