"""The ledger browser, and its files. Reading only: nothing outside the rooms posts."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.days import CHINA
from tiefen.kernel.http import Cursor, Limit, Page, TxDep, decode_cursor, last_id, paged
from tiefen.kernel.routing import Routes
from tiefen.ledger import queries, service
from tiefen.ledger.schemas import AccountOut, TransferOut
from tiefen.ledger.values import Kind
from tiefen.team.values import Permission

router = Routes(prefix="/api/console/ledger", tags=["ledger"])
Account = Annotated[str | None, Query(max_length=120)]
Reference = Annotated[str | None, Query(max_length=200)]
First = Annotated[date | None, Query(description="the merchant's day it begins with")]
Last = Annotated[date | None, Query(description="the merchant's last day of it")]
Reader = Annotated[StaffActor, Depends(staff(Permission.MONEY_READ))]


class SheetForm(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"


TYPES = {
    SheetForm.CSV: "text/csv; charset=utf-8",
    SheetForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, TYPES[SheetForm.XLSX]: {}}}
}


@router.get(
    "/accounts",
    operation_id="listLedgerAccounts",
    dependencies=[Depends(staff(Permission.MONEY_READ))],
)
async def list_accounts(
    tx: TxDep,
    prefix: Annotated[str, Query(max_length=80)] = "",
    kind: Kind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AccountOut]:
    """Accounts and their balances, by name."""
    after = decode_cursor(cursor, tuple[str])[0] if cursor else None
    lines = await queries.accounts(tx, prefix=prefix, kind=kind, after=after, limit=limit)
    items = [AccountOut.model_validate(line) for line in lines]
    return paged(items, lines, limit, lambda line: (line.name,))


@router.get(
    "/transfers",
    operation_id="listLedgerTransfers",
    dependencies=[Depends(staff(Permission.MONEY_READ))],
)
async def list_transfers(
    tx: TxDep,
    account: Account = None,
    reference: Reference = None,
    first: First = None,
    last: Last = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TransferOut]:
    """Transfers, newest first: of an account, about a reference, of some days."""
    lines = await queries.transfers(
        tx,
        account=account,
        reference=reference,
        since=_midnight(first),
        until=_midnight(last and last + timedelta(days=1)),
        before=last_id(cursor),
        limit=limit,
    )
    return paged([TransferOut.model_validate(line) for line in lines], lines, limit)


@router.get(
    "/transfers/file",
    operation_id="exportLedgerTransfers",
    response_class=Response,
    responses=FILE,
)
async def export_transfers(
    tx: TxDep,
    who: Reader,
    account: Account = None,
    reference: Reference = None,
    first: First = None,
    last: Last = None,
    form: SheetForm = SheetForm.CSV,
) -> Response:
    """The same transfers as a file, with the balance of the account after each; who took it is noted."""
    made = await service.transfers_file(
        tx,
        who,
        account=account,
        reference=reference,
        since=_midnight(first),
        until=_midnight(last and last + timedelta(days=1)),
        xlsx=form is SheetForm.XLSX,
    )
    return _file(made, form, "transfers")


@router.get(
    "/journal",
    operation_id="exportJournal",
    response_class=Response,
    responses=FILE,
)
async def export_journal(
    tx: TxDep,
    who: Reader,
    first: Annotated[date, Query()],
    last: Annotated[date, Query()],
    form: SheetForm = SheetForm.XLSX,
) -> Response:
    """Journal entries for accountants: two lines an entry, account numbers, yuan; a note at the end
    says whether the period can still grow."""
    made = await service.journal_file(tx, who, first, last, xlsx=form is SheetForm.XLSX)
    return _file(made, form, f"journal-{first}-{last}")


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), CHINA) if day else None


def _file(content: bytes, form: SheetForm, name: str) -> Response:
    return Response(
        content,
        media_type=TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form.value}"'},
    )
