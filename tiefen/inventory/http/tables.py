"""Routes of stock as a table, in and out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import Depends, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Field

from tiefen.inventory import queries, service
from tiefen.inventory.schemas import RunningLowOut, StockImportDetail, StockImportOut
from tiefen.inventory.values import ImportMode
from tiefen.kernel import sheets
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Db
from tiefen.kernel.errors import language
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep, PathId, TxDep
from tiefen.kernel.limits import table_taken
from tiefen.kernel.routing import Routes
from tiefen.kernel.text import OneLine
from tiefen.team import service as team
from tiefen.team.values import Permission

router = Routes(tags=["inventory"], responses=REFUSALS)
Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.STOCK_WRITE))]
OutwardReader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ, outward=True))]
OutwardWriter = Annotated[StaffActor, Depends(staff(Permission.STOCK_WRITE, outward=True))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"


@router.get("/api/console/stock-running-low", operation_id="listRunningLow")
async def running_low(tx: TxDep, _: Reader) -> RunningLowOut:
    """What is under its line or gone within a week at the pace it sells, the most urgent first."""
    return await queries.running_low_list(tx)


@router.post("/api/console/stock-imports", operation_id="takeStockTable", status_code=201)
async def take_table(
    db: DbDep,
    merchant: MerchantDep,
    who: OutwardWriter,
    file: UploadFile,
    mode: Annotated[ImportMode, Form()] = ImportMode.SET,
    location_id: Annotated[int, Form(ge=1, le=2**63 - 1)] = 1,
    reference: Annotated[OneLine, Field(max_length=60), Form()] = "",
) -> StockImportDetail:
    """Keep a table of stock, read line by line, and begin to try it out; nothing changes yet."""
    plan = service.TablePlan(mode, location_id, reference)
    name = file.filename or ""
    import_id = await service.take_table(db, merchant, who, file.file, plan, file_name=name)
    async with db.merchant(merchant) as tx:
        return await queries.one_import(tx, import_id)


@router.get("/api/console/stock-imports", operation_id="listStockImports")
async def list_imports(tx: TxDep, _: Writer) -> list[StockImportOut]:
    """The newest imports of stock."""
    return await queries.imports(tx)


@router.get("/api/console/stock-imports/{import_id}", operation_id="getStockImport")
async def get_import(import_id: PathId, tx: TxDep, _: Writer) -> StockImportDetail:
    """One import, with its first faults and changes."""
    return await queries.one_import(tx, import_id)


@router.post("/api/console/stock-imports/{import_id}/run", operation_id="runStockImport")
async def run(import_id: PathId, tx: TxDep, who: Writer) -> StockImportDetail:
    """Change stock as was tried out, or go on where it was stopped."""
    await service.run_table(tx, who, import_id)
    await tx.flush()
    return await queries.one_import(tx, import_id)


@router.post("/api/console/stock-imports/{import_id}/stop", operation_id="stopStockImport")
async def stop(import_id: PathId, tx: TxDep, who: Writer) -> StockImportDetail:
    """Change nothing more for now; what was changed stays."""
    await service.stop_table(tx, who, import_id)
    await tx.flush()
    return await queries.one_import(tx, import_id)


@router.post("/api/console/stock-imports/{import_id}/undo", operation_id="undoStockImport")
async def undo(import_id: PathId, tx: TxDep, who: Writer) -> StockImportDetail:
    """Take back what an import changed; what was sold since stays sold."""
    await service.undo_table(tx, who, import_id)
    await tx.flush()
    return await queries.one_import(tx, import_id)


@router.get(
    "/api/console/stock-imports/{import_id}/faults",
    operation_id="downloadStockFaults",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def faults(
    import_id: PathId, db: DbDep, merchant: MerchantDep, who: OutwardWriter
) -> StreamingResponse:
    """The wrong lines as they came, with what is wrong: mend them and import this file."""
    table_taken(merchant, who)
    async with db.merchant(merchant) as tx:
        first = await queries.fault_page(tx, import_id, 0)
    return StreamingResponse(
        _faults(db, merchant, import_id, first), media_type=_CSV,
        headers=_attached(f"stock-faults-{import_id}.csv"),
    )  # fmt: skip


@router.get(
    "/api/console/stock-export",
    operation_id="exportStock",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, _XLSX: {}}}},
)
async def export_stock(
    db: DbDep,
    merchant: MerchantDep,
    who: OutwardReader,
    form: Literal["csv", "xlsx"] = "xlsx",
    mode: ImportMode = ImportMode.SET,
    location_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Stock as it stands, as a table that can be changed and imported again. Who took it is audited."""
    table_taken(merchant, who)
    async with db.merchant(merchant) as tx:
        await team.record_audit(
            tx, who, "inventory.export", "stock", after={"location": location_id or 0}
        )
    pages = _pages(db, merchant, mode, location_id)
    if form == "csv":
        return StreamingResponse(_csv(pages), media_type=_CSV, headers=_attached("stock.csv"))
    rows = [line async for page in pages for line in page]
    title = "Stock" if language.get() == "en" else "库存"
    body = await asyncio.to_thread(sheets.write_xlsx, title, rows)
    return Response(body, media_type=_XLSX, headers=_attached("stock.xlsx"))


async def _pages(
    db: Db, merchant: str, mode: ImportMode, location_id: int | None
) -> AsyncIterator[Sequence[Sequence[object]]]:
    """The heading, then stock page by page, each in a short transaction."""
    yield [queries.stock_heading(mode)]
    after: tuple[int, int] | None = (0, 0)
    while after is not None:
        async with db.merchant(merchant) as tx:
            lines, after = await queries.stock_page(tx, mode, after, location_id)
        yield lines


async def _csv(pages: AsyncIterator[Sequence[Sequence[object]]]) -> AsyncIterator[str]:
    first = True
    async for lines in pages:
        yield sheets.write_csv(lines, first=first)
        first = False


async def _faults(
    db: Db, merchant: str, import_id: int, first: tuple[list[str], list[list[str]], int | None]
) -> AsyncIterator[str]:
    heading, lines, after = first
    more = ["Line", "Problem"] if language.get() == "en" else ["行号", "问题"]
    yield sheets.write_csv([[*heading, *more], *lines])
    while after is not None:
        async with db.merchant(merchant) as tx:
            _, lines, after = await queries.fault_page(tx, import_id, after)
        yield sheets.write_csv(lines, first=False)


def _attached(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
