"""The ledger browser. Reading only: nothing outside the rooms posts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from tiefen.kernel.auth import staff
from tiefen.kernel.http import Cursor, Limit, Page, TxDep
from tiefen.ledger import queries
from tiefen.ledger.schemas import AccountOut, TransferOut
from tiefen.team.values import Permission

router = APIRouter(
    tags=["ledger"],
)


@router.get(
    "/api/console/ledger/accounts",
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
    return await queries.accounts(tx, prefix=prefix, limit=limit, cursor=cursor)


@router.get(
    "/api/console/ledger/transfers",
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
    return await queries.transfers(
        tx, account=account, reference=reference, limit=limit, cursor=cursor
    )
