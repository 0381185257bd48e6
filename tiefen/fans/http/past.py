"""Routes of imports of purchases made elsewhere before."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Response, UploadFile
from fastapi.responses import StreamingResponse

from tiefen.fans import queries, service
from tiefen.fans.models import PastImport
from tiefen.fans.schemas import PastFaultOut, PastImportOut, PastImportsOut, PastMapping
from tiefen.fans.values import PAST_FAULT_WORDS, Dialect, PastFault, PastField, PastImportState
from tiefen.kernel import sheets
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Db
from tiefen.kernel.errors import language
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep, PathId, TxDep
from tiefen.kernel.limits import table_taken
from tiefen.kernel.routing import Routes
from tiefen.team.service import record_audit
from tiefen.team.values import Permission

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]
OutwardWriter = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE, outward=True))]
SHOWN = 20
STALLED = timedelta(minutes=5)
_AT_WORK = (PastImportState.CHECKING, PastImportState.RUNNING, PastImportState.UNDOING)


@console.get("/purchase-imports", operation_id="listPurchaseImports")
async def list_imports(tx: TxDep, _: Reader) -> PastImportsOut:
    """The newest imports of purchases, and how many customers are no fans yet."""
    found = await queries.past_imports(tx, limit=SHOWN)
    customers, purchases = await queries.waiting_customers(tx)
    return PastImportsOut(
        imports=[_shown(one, tx.now) for one in found],
        sources=await queries.past_sources(tx),
        waiting_customers=customers,
        waiting_purchases=purchases,
    )


@console.post("/purchase-imports", operation_id="takePurchases", status_code=201)
async def take_in(
    db: DbDep, merchant: MerchantDep, who: OutwardWriter, file: UploadFile
) -> PastImportOut:
    """Keep a file of purchases, read part by part; nothing is added yet."""
    name = file.filename or ""
    import_id = await service.take_in_past(db, merchant, who, file.file, file_name=name)
    async with db.merchant(merchant) as tx:
        return _shown(await queries.one_past_import(tx, import_id), tx.now)


@console.get("/purchase-imports/{import_id}", operation_id="getPurchaseImport")
async def get_import(import_id: PathId, tx: TxDep, _: Reader) -> PastImportOut:
    """One import."""
    return _shown(await queries.one_past_import(tx, import_id), tx.now)


@console.post("/purchase-imports/{import_id}/check", operation_id="checkPurchaseImport")
async def check(import_id: PathId, body: PastMapping, tx: TxDep, who: Writer) -> PastImportOut:
    """Try the file out, mapped like this: every line is looked at, nothing is added."""
    dialect = Dialect(body.dates, body.decimals)
    row = await service.check_past(tx, who, import_id, body.source, body.columns, dialect)
    return _shown(row, tx.now)


@console.post("/purchase-imports/{import_id}/run", operation_id="runPurchaseImport")
async def run(import_id: PathId, tx: TxDep, who: Writer) -> PastImportOut:
    """Add what was tried out, or go on where it was stopped."""
    return _shown(await service.run_past(tx, who, import_id), tx.now)


@console.post("/purchase-imports/{import_id}/stop", operation_id="stopPurchaseImport")
async def stop(import_id: PathId, tx: TxDep, who: Writer) -> PastImportOut:
    """Add nothing more for now; what was added stays."""
    return _shown(await service.stop_past(tx, who, import_id), tx.now)


@console.post("/purchase-imports/{import_id}/undo", operation_id="undoPurchaseImport")
async def undo(import_id: PathId, tx: TxDep, who: Writer) -> PastImportOut:
    """Take away every purchase this import added."""
    return _shown(await service.undo_past(tx, who, import_id), tx.now)


@console.get(
    "/purchase-imports/{import_id}/faults",
    operation_id="downloadPurchaseFaults",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def faults(
    import_id: PathId, db: DbDep, merchant: MerchantDep, who: OutwardWriter
) -> StreamingResponse:
    """The wrong lines as they came, with what is wrong: mend them and import this file."""
    table_taken(merchant, who)
    async with db.merchant(merchant) as tx:
        row = await queries.one_past_import(tx, import_id)
        await record_audit(tx, who, "fans.past_faults_taken", f"fan_past_import:{row.id}")
    name = f'attachment; filename="faults-{import_id}.csv"'
    return StreamingResponse(
        _faults(db, merchant, row),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": name, "Cache-Control": "no-store"},
    )


async def _faults(db: Db, merchant: str, row: PastImport) -> AsyncIterator[str]:
    """Part by part, each in a short transaction; of parts that are done the faults are kept."""
    more = ["line", "problem"] if language.get() == "en" else ["行号", "问题"]
    yield sheets.write_csv([[*row.heading, *more]])
    part = -1
    while True:
        async with db.merchant(merchant) as tx:
            found = await queries.past_part(tx, row.id, part)
            if found is None:
                return
            part, lines = found[0], service.unpack_past(found[1])
            if lines and len(lines[0]) == 2:
                looked = await service.look_at_past(tx, row, lines)
                cells = {line[0]: line[1] for line in lines}
                lines = [[one.line, cells[one.line], one.faults] for one in looked.wrong]
        width = len(row.heading)
        told = [
            [*sheets.padded(cells, width), number, _said(faults)]
            for number, cells, faults in sorted(lines, key=lambda line: line[0])
        ]
        if told:
            yield sheets.write_csv(told, first=False)


def _said(found: list[str]) -> str:
    words = [PAST_FAULT_WORDS[PastFault(one)] for one in found]
    return (
        "; ".join(en for _, en in words)
        if language.get() == "en"
        else "；".join(zh for zh, _ in words)
    )


def _shown(row: PastImport, now: datetime) -> PastImportOut:
    return PastImportOut(
        id=row.id,
        state=row.state,
        source=row.source,
        file_name=row.file_name,
        heading=[str(cell) for cell in row.heading],
        sample=row.sample,
        columns={PastField(name): place for name, place in row.columns.items()},
        dates=row.dates,
        decimals=row.decimals,
        lines=row.lines,
        looked_at=row.looked_at,
        good=row.good,
        wrong=row.wrong,
        known=row.known,
        added=row.added,
        of_fans=row.of_fans,
        amount_fen=row.amount_fen,
        first_on=row.first_on,
        last_on=row.last_on,
        faults=[
            PastFaultOut(fault=PastFault(fault), lines=lines)
            for fault, lines in sorted(row.faults.items(), key=lambda one: -one[1])
        ],
        stalled=row.state in _AT_WORK and now - row.moved_at > STALLED,
        staff_name=row.staff_name,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
