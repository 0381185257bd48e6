"""What the console reads of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal_column, select, union_all
from sqlalchemy.orm import aliased

from tiefen.kernel.db import Tx
from tiefen.ledger import rules
from tiefen.ledger.models import LedgerAccount, LedgerTransfer
from tiefen.ledger.values import Asset, Kind, Side


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account and its balance, counted on its own side."""

    id: int
    name: str
    number: str
    title_zh: str
    title_en: str
    asset: Asset
    side: Side
    kind: Kind
    guarded: bool
    balance_fen: int
    debited_fen: int
    credited_fen: int
    version: int


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One transfer with its accounts' names."""

    id: int
    debit: str
    credit: str
    asset: Asset
    amount_fen: int
    code: str
    reference: str
    key: str
    reverses_id: int | None
    debit_balance_fen: int
    credit_balance_fen: int
    posted_at: datetime


async def accounts(
    tx: Tx,
    *,
    prefix: str = "",
    kind: Kind | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AccountLine]:
    """Accounts in use by name, those whose name starts with `prefix`, of one kind; one more than
    `limit`."""
    query = select(LedgerAccount).order_by(LedgerAccount.name).limit(limit + 1)
    if prefix:
        query = query.where(LedgerAccount.name.startswith(prefix, autoescape=True))
    if kind is not None:
        query = query.where(LedgerAccount.kind == kind)
    if after is not None:
        query = query.where(LedgerAccount.name > after)
    return [_account(row) for row in await tx.scalars(query)]


async def transfers(
    tx: Tx,
    *,
    account: str | None = None,
    reference: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[TransferLine]:
    """Transfers, newest first: of one account, about one reference, posted from `since` up to
    `until`; one more than `limit`."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    query = (
        select(LedgerTransfer, debit.name.label("debit"), credit.name.label("credit"))
        .join(debit, debit.id == LedgerTransfer.debit_account_id)
        .join(credit, credit.id == LedgerTransfer.credit_account_id)
        .order_by(LedgerTransfer.id.desc())
        .limit(limit + 1)
    )
    wanted = []
    if reference is not None:
        wanted.append(LedgerTransfer.reference == reference)
    if since is not None:
        wanted.append(LedgerTransfer.posted_at >= since)
    if until is not None:
        wanted.append(LedgerTransfer.posted_at < until)
    if before is not None:
        wanted.append(LedgerTransfer.id < before)
    query = query.where(*wanted)
    if account is not None:
        found = (
            await tx.execute(select(LedgerAccount.id).where(LedgerAccount.name == account))
        ).scalar_one_or_none()
        query = query.where(LedgerTransfer.id.in_(_newest_of(found or 0, wanted, limit)))
    return [_transfer(*row) for row in await tx.execute(query)]


async def journal(tx: Tx, since: datetime, until: datetime, limit: int) -> list[TransferLine]:
    """Transfers of money in the order they were posted, from `since` up to `until`; one more than
    `limit`. Points are no money and are left out."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    query = (
        select(LedgerTransfer, debit.name.label("debit"), credit.name.label("credit"))
        .join(debit, debit.id == LedgerTransfer.debit_account_id)
        .join(credit, credit.id == LedgerTransfer.credit_account_id)
        .where(
            LedgerTransfer.asset == Asset.CNY,
            LedgerTransfer.posted_at >= since,
            LedgerTransfer.posted_at < until,
        )
        .order_by(LedgerTransfer.id)
        .limit(limit + 1)
    )
    return [_transfer(*row) for row in await tx.execute(query)]


def _newest_of(account_id: int, wanted: Sequence[Any], limit: int) -> Select[Any]:
    """Ids of an account's newest transfers: each end by its own index, ids grow with versions."""

    def end(is_account: Any, version: Any) -> Any:
        query = select(LedgerTransfer.id).where(is_account, *wanted)
        return query.order_by(version.desc()).limit(limit + 1).subquery().select()

    both = union_all(
        end(LedgerTransfer.debit_account_id == account_id, LedgerTransfer.debit_version),
        end(LedgerTransfer.credit_account_id == account_id, LedgerTransfer.credit_version),
    ).subquery()
    return select(literal_column("id")).select_from(both)


def _account(row: LedgerAccount) -> AccountLine:
    entry = rules.entry_of(row.name)
    grown = row.debited_fen - row.credited_fen
    return AccountLine(
        id=row.id,
        name=row.name,
        number=entry.number if entry else "",
        title_zh=entry.zh if entry else row.name,
        title_en=entry.en if entry else row.name,
        asset=row.asset,
        side=row.side,
        kind=row.kind,
        guarded=row.guarded,
        balance_fen=grown if row.side is Side.DEBIT else -grown,
        debited_fen=row.debited_fen,
        credited_fen=row.credited_fen,
        version=row.version,
    )


def _transfer(row: LedgerTransfer, debit: str, credit: str) -> TransferLine:
    return TransferLine(
        id=row.id,
        debit=debit,
        credit=credit,
        asset=row.asset,
        amount_fen=row.amount_fen,
        code=row.code,
        reference=row.reference,
        key=row.key,
        reverses_id=row.reverses_id,
        debit_balance_fen=row.debit_balance_fen,
        credit_balance_fen=row.credit_balance_fen,
        posted_at=row.posted_at,
    )
