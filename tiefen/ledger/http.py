"""The ledger browser. Reading only: nothing outside the rooms posts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from tiefen.kernel.auth import staff
from tiefen.kernel.http import Cursor, Limit, Page, TxDep, decode_cursor, page
from tiefen.ledger import queries
from tiefen.ledger.schemas import AccountOut, TransferOut
from tiefen.team.values import Permission

router = APIRouter(prefix="/api/console/ledger", tags=["ledger"])


@router.get(
    "/accounts",
    operation_id="listLedgerAccounts",
    dependencies=[Depends(staff(Permission.MONEY_READ))],
)
async def list_accounts(
    tx: TxDep,
    prefix: Annotated[str, Query(max_length=80)] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AccountOut]:
    """Accounts and their balances, by name."""
    after = decode_cursor(cursor, tuple[str])[0] if cursor else None
    lines = await queries.accounts(tx, prefix=prefix, after=after, limit=limit)
    last = lines[min(limit, len(lines)) - 1].name if lines else ""
    return page([AccountOut.model_validate(line) for line in lines], limit, last)


@router.get(
    "/transfers",
    operation_id="listLedgerTransfers",
    dependencies=[Depends(staff(Permission.MONEY_READ))],
)
async def list_transfers(
    tx: TxDep,
    account: Annotated[str | None, Query(max_length=120)] = None,
    reference: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TransferOut]:
    """Transfers, newest first, of an account or about a reference."""
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    lines = await queries.transfers(
        tx, account=account, reference=reference, before=before, limit=limit
    )
    last = lines[min(limit, len(lines)) - 1].id if lines else 0
    return page([TransferOut.model_validate(line) for line in lines], limit, last)
