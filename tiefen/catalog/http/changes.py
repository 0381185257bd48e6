"""Routes of goods as tables, in and out, and of changes of many products."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import Depends, Response, UploadFile
from fastapi.responses import StreamingResponse

from tiefen.catalog import queries, service
from tiefen.catalog.http.common import IdPath, Reader, Writer
from tiefen.catalog.schemas import (
    ChangeInput,
    ChangeOut,
    ChangePreview,
    GoodsImportDetail,
    GoodsImportOut,
    UndoneOut,
)
from tiefen.kernel import sheets
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Db
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep, TxDep
from tiefen.kernel.limits import table_taken
from tiefen.kernel.routing import Routes
from tiefen.team import service as team
from tiefen.team.values import Permission

router = Routes(tags=["catalog"], responses=REFUSALS)
OutwardWriter = Annotated[StaffActor, Depends(staff(Permission.GOODS_WRITE, outward=True))]
OutwardReader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ, outward=True))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EXAMPLE = (
    "P-001", "手工酸奶", "每天早晨现做", "", "", "复购品", "7", "", "口味", "原味", "", "", "", "",
    "P-001-1", "19.90", "25.00", "8.00", "500", "600",
)  # fmt: skip


@router.post("/api/console/goods-imports", operation_id="checkGoodsImport", status_code=201)
async def check_import(
    db: DbDep, merchant: MerchantDep, who: OutwardWriter, file: UploadFile
) -> GoodsImportDetail:
    """Read a table and try it out; nothing changes. The file is read outside of a transaction."""
    table = await asyncio.to_thread(sheets.read, await file.read())
    async with db.merchant(merchant) as tx:
        made = await service.check_import(tx, who, file.filename or "", table)
        return await queries.one_import(tx, made.id)


@router.get("/api/console/goods-imports", operation_id="listGoodsImports")
async def list_imports(tx: TxDep, _: Writer) -> list[GoodsImportOut]:
    """The latest imports."""
    return await queries.imports(tx)


@router.get("/api/console/goods-imports/{import_id}", operation_id="getGoodsImport")
async def get_import(tx: TxDep, _: Writer, import_id: IdPath) -> GoodsImportDetail:
    """One import, with its first faults."""
    return await queries.one_import(tx, import_id)


@router.post("/api/console/goods-imports/{import_id}/run", operation_id="runGoodsImport")
async def run_import(tx: TxDep, who: Writer, import_id: IdPath) -> GoodsImportDetail:
    """Work off what was tried out; lines with faults are left out."""
    await service.run_import(tx, who, import_id)
    return await queries.one_import(tx, import_id)


@router.post("/api/console/goods-imports/{import_id}/stop", operation_id="stopGoodsImport")
async def stop_import(tx: TxDep, _: Writer, import_id: IdPath) -> GoodsImportDetail:
    """Work off nothing more; what was done stays."""
    await service.stop_import(tx, import_id)
    return await queries.one_import(tx, import_id)


@router.get(
    "/api/console/goods-imports/{import_id}/faults",
    operation_id="downloadGoodsFaults",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def download_faults(tx: TxDep, _: Writer, import_id: IdPath) -> Response:
    """The wrong lines as they came, with what is wrong: mend them and upload this file."""
    table = await queries.fault_table(tx, import_id)
    return _file(
        sheets.write_csv(table).encode(), "text/csv; charset=utf-8", f"faults-{import_id}.csv"
    )


@router.get(
    "/api/console/goods-export",
    operation_id="exportGoods",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, _XLSX: {}}}},
)
async def export_goods(
    db: DbDep,
    merchant: MerchantDep,
    who: OutwardReader,
    form: Literal["csv", "xlsx"] = "xlsx",
    template: bool = False,
) -> Response:
    """All goods as a table that can be imported again, or an empty one. Who took it is audited."""
    with_cost = Permission.GOODS_COST in who.permissions
    head = queries.heading(with_cost=with_cost)
    name = "goods-template" if template else "goods"
    if template:
        example = [
            cell
            for cell, title in zip(_EXAMPLE, queries.heading(with_cost=True), strict=True)
            if title in head
        ]
        rows: list[Sequence[object]] = [head, example]
        return _table(rows, form, name)
    table_taken(merchant, who)
    async with db.merchant(merchant) as tx:
        await team.record_audit(tx, who, "catalog.export_goods", "products")
    if form == "csv":
        return StreamingResponse(
            _csv(db, merchant, head, with_cost=with_cost),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )
    rows = [
        head,
        *[line async for page in _pages(db, merchant, with_cost=with_cost) for line in page],
    ]
    return await asyncio.to_thread(_table, rows, form, name)


@router.post("/api/console/goods-changes/preview", operation_id="previewGoodsChange")
async def preview_change(tx: TxDep, who: Writer, wanted: ChangeInput) -> ChangePreview:
    """What a change of many products would do."""
    return await service.preview_change(tx, who, wanted)


@router.post("/api/console/goods-changes", operation_id="makeGoodsChange", status_code=201)
async def make_change(tx: TxDep, who: Writer, wanted: ChangeInput) -> ChangeOut:
    """Change many products at once."""
    return queries.change_out(await service.make_change(tx, who, wanted))


@router.get("/api/console/goods-changes", operation_id="listGoodsChanges")
async def list_changes(tx: TxDep, _: Reader) -> list[ChangeOut]:
    """The latest changes of many products."""
    return await queries.changes(tx)


@router.post("/api/console/goods-changes/{change_id}/undo", operation_id="undoGoodsChange")
async def undo_change(tx: TxDep, who: Writer, change_id: IdPath) -> UndoneOut:
    """Bring back what a change took, where nobody saved since."""
    return await service.undo_change(tx, who, change_id)


async def _pages(db: Db, merchant: str, *, with_cost: bool) -> AsyncIterator[list[list[object]]]:
    """The goods page by page, each in a short transaction."""
    after: int | None = 0
    while after is not None:
        async with db.merchant(merchant) as tx:
            lines, after = await queries.table_page(tx, after, with_cost=with_cost)
        yield lines


async def _csv(
    db: Db, merchant: str, head: Sequence[object], *, with_cost: bool
) -> AsyncIterator[str]:
    yield sheets.write_csv([head])
    async for lines in _pages(db, merchant, with_cost=with_cost):
        yield sheets.write_csv(lines, first=False)


def _table(rows: Sequence[Sequence[object]], form: Literal["csv", "xlsx"], name: str) -> Response:
    if form == "csv":
        return _file(sheets.write_csv(rows).encode(), "text/csv; charset=utf-8", f"{name}.csv")
    return _file(sheets.write_xlsx("商品", rows), _XLSX, f"{name}.xlsx")


def _file(body: bytes, kind: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=kind, headers=headers)
