"""Moving and reading money: post, reverse, balance, movements."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.ledger import rules
from tiefen.ledger.errors import (
    BadTransfer,
    InsufficientFunds,
    KeyReused,
    TransferNotFound,
    UnknownAccount,
)
from tiefen.ledger.models import LedgerAccount, LedgerTransfer
from tiefen.ledger.values import Balance, By, Movement, Posted, Side, Transfer

# All accounts or none: when one is missing nothing is locked, so opening it can wait for a
# neighbour who opens the same one without holding what that neighbour needs.
_LOCK = text("""
    SELECT id, name, debited_fen, credited_fen FROM ledger_account
    WHERE name = ANY(:names)
      AND (SELECT count(*) FROM ledger_account WHERE name = ANY(:names)) = :count
    ORDER BY id FOR NO KEY UPDATE
""")
_OPEN = text("""
    INSERT INTO ledger_account
        (name, asset, side, kind, guarded, debited_fen, credited_fen, version, opened_at)
    SELECT name, asset, side, kind, guarded, 0, 0, 0, :now
    FROM unnest(CAST(:names AS text[]), CAST(:assets AS text[]), CAST(:sides AS text[]),
                CAST(:kinds AS text[]), CAST(:guards AS bool[])) AS t(name, asset, side, kind, guarded)
    WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.name = t.name)
    ORDER BY name
    ON CONFLICT (name) DO NOTHING
""")
# The accounts are locked, so this statement's snapshot holds every earlier transfer on them.
# Totals move by what is added, never to a value read before; `moved` does nothing at all when any
# guarded account would end below zero or a key stands for something else.
_POST = text("""
    WITH wish AS (
        SELECT * FROM unnest(
            CAST(:debits AS bigint[]), CAST(:credits AS bigint[]), CAST(:amounts AS bigint[]),
            CAST(:codes AS text[]), CAST(:refs AS text[]), CAST(:keys AS text[]),
            CAST(:hashes AS bytea[]), CAST(:reverses AS bigint[])
        ) WITH ORDINALITY AS t(debit, credit, amount, code, ref, key, hash, reverses, n)
    ), known AS (
        SELECT t.id, t.key, t.input_hash FROM ledger_transfer t WHERE t.key = ANY(:keys)
    ), fresh AS (
        SELECT * FROM wish WHERE key NOT IN (SELECT key FROM known)
    ), leg AS (
        SELECT debit AS account_id, n, amount AS debited, 0 AS credited FROM fresh
        UNION ALL SELECT credit, n, 0, amount FROM fresh
    ), step AS (
        SELECT account_id, n, count(*) OVER w AS steps,
               sum(debited) OVER w AS debited, sum(credited) OVER w AS credited
        FROM leg WINDOW w AS (PARTITION BY account_id ORDER BY n)
    ), total AS (
        SELECT account_id, count(*) AS steps, sum(debited) AS debited, sum(credited) AS credited
        FROM leg GROUP BY account_id
    ), refused AS (
        SELECT 1 FROM total JOIN ledger_account a ON a.id = total.account_id
        WHERE a.guarded AND CASE a.side
            WHEN 'debit' THEN a.debited_fen + total.debited - a.credited_fen - total.credited
            ELSE a.credited_fen + total.credited - a.debited_fen - total.debited END < 0
        UNION ALL
        SELECT 1 FROM known JOIN wish USING (key) WHERE known.input_hash <> wish.hash
    ), moved AS (
        UPDATE ledger_account a
        SET debited_fen = a.debited_fen + total.debited,
            credited_fen = a.credited_fen + total.credited,
            version = a.version + total.steps
        FROM total WHERE a.id = total.account_id AND NOT EXISTS (SELECT FROM refused)
        RETURNING a.id, a.asset, a.side, a.debited_fen - total.debited AS debited,
                  a.credited_fen - total.credited AS credited, a.version - total.steps AS version
    ), stamp AS (
        SELECT step.n, step.account_id, moved.asset, moved.version + step.steps AS version,
               (moved.debited + step.debited - moved.credited - step.credited)
               * CASE moved.side WHEN 'debit' THEN 1 ELSE -1 END AS balance
        FROM step JOIN moved ON moved.id = step.account_id
    ), written AS (
        INSERT INTO ledger_transfer
            (asset, debit_account_id, credit_account_id, amount_fen, code, reference, key,
             input_hash, reverses_id, debit_version, credit_version,
             debit_balance_fen, credit_balance_fen, posted_at)
        SELECT d.asset, f.debit, f.credit, f.amount, f.code, f.ref, f.key, f.hash, f.reverses,
               d.version, c.version, d.balance, c.balance, :now
        FROM fresh f
        JOIN stamp d ON d.n = f.n AND d.account_id = f.debit
        JOIN stamp c ON c.n = f.n AND c.account_id = f.credit
        ORDER BY f.n
        RETURNING id, key, input_hash
    )
    SELECT id, key, input_hash, true AS fresh FROM written
    UNION ALL SELECT id, key, input_hash, false FROM known
""")


async def post(tx: Tx, transfers: Sequence[Transfer]) -> list[Posted]:
    """Write transfers, all or none, and move their accounts; answers in the order given.

    A batch is judged by where it leaves each account, not by its order. A key that is already in
    the ledger with the same content is answered as it stands. Post once in a transaction, and
    late: the accounts stay locked until it ends.
    Raises BadTransfer, UnknownAccount, KeyReused, InsufficientFunds; a refusal changes nothing.
    """
    return await _post(tx, transfers, {})


async def reverse(tx: Tx, key: str, *, code: str, new_key: str) -> Posted:
    """Move a whole earlier transfer back, once; the new row names the one it reverses.

    Raises TransferNotFound, KeyReused (already reversed under another key), InsufficientFunds.
    """
    names = {account.id: account.name for account in await _accounts_of(tx, key)}
    original = await tx.scalar(select(LedgerTransfer).where(LedgerTransfer.key == key))
    if original is None:
        raise TransferNotFound(key=key)
    back = Transfer(
        debit=names[original.credit_account_id],
        credit=names[original.debit_account_id],
        amount_fen=original.amount_fen,
        code=code,
        reference=original.reference,
        key=new_key,
    )
    return (await _post(tx, [back], {new_key: original.id}))[0]


async def balance(tx: Tx, account: str, *, at: datetime | None = None) -> Balance:
    """What an account holds now, or held at the end of the moment `at`; zero if never used.

    Raises UnknownAccount for a name outside the chart.
    """
    entry = rules.entry_of(account)
    if entry is None:
        raise UnknownAccount(account=account, field="account")
    found = await tx.scalar(select(LedgerAccount).where(LedgerAccount.name == account))
    if found is None:
        return Balance(account, entry.asset, 0, 0, at)
    debited, credited, version = found.debited_fen, found.credited_fen, found.version
    if at is not None:
        # Back from today: the recent past, which is what people ask for, reads few rows.
        since = (await tx.execute(_SINCE, {"account": found.id, "at": at})).one()
        debited, credited = debited - since.debited, credited - since.credited
        version -= since.legs
    held = debited - credited if entry.side is Side.DEBIT else credited - debited
    return Balance(account, entry.asset, held, version, at)


_SINCE = text("""
    SELECT coalesce(sum(amount_fen) FILTER (WHERE debit_account_id = :account), 0)::bigint AS debited,
           coalesce(sum(amount_fen) FILTER (WHERE credit_account_id = :account), 0)::bigint AS credited,
           count(*) AS legs
    FROM ledger_transfer
    WHERE posted_at > :at AND (debit_account_id = :account OR credit_account_id = :account)
""")


_MOVEMENTS = text("""
    SELECT CAST(date_trunc(:by, t.posted_at AT TIME ZONE 'Asia/Shanghai') AS date) AS period,
           t.code, o.name AS against,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.debit_account_id = a.id), 0)::bigint AS debited,
           coalesce(sum(t.amount_fen) FILTER (WHERE t.credit_account_id = a.id), 0)::bigint AS credited
    FROM ledger_account a
    JOIN ledger_transfer t ON a.id IN (t.debit_account_id, t.credit_account_id)
    JOIN ledger_account o
      ON o.id = CASE a.id WHEN t.debit_account_id THEN t.credit_account_id ELSE t.debit_account_id END
    WHERE a.name = :account AND t.posted_at >= :since AND t.posted_at < :until
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")


async def movements(tx: Tx, account: str, since: date, until: date, by: By) -> list[Movement]:
    """What moved an account from the day `since` up to, but not on, `until`, period by period.

    Raises UnknownAccount for a name outside the chart.
    """
    if rules.entry_of(account) is None:
        raise UnknownAccount(account=account, field="account")
    rows = await tx.execute(
        _MOVEMENTS,
        {
            "account": account,
            "since": datetime.combine(since, time(), CHINA),
            "until": datetime.combine(until, time(), CHINA),
            "by": by.value,
        },
    )
    return [
        Movement(row.period, row.code, row.against, row.debited, row.credited) for row in rows.all()
    ]


async def _post(tx: Tx, transfers: Sequence[Transfer], reverses: dict[str, int]) -> list[Posted]:
    _check(transfers)
    wishes = list({transfer.key: transfer for transfer in transfers}.values())
    if not wishes:
        return []
    await tx.flush()
    accounts = await _lock(tx, wishes)
    try:
        rows = (await tx.execute(_POST, _parameters(tx, wishes, accounts, reverses))).all()
    except IntegrityError as error:
        # Another transaction wrote one of these keys between accounts we do not share.
        if "ledger_transfer_key" in str(error) or "reverses_id" in str(error):
            raise KeyReused(key=wishes[0].key) from error
        raise
    posted = {row.key: Posted(row.id, row.key, row.fresh) for row in rows}
    hashes = {row.key: bytes(row.input_hash) for row in rows}
    for wish in wishes:
        if wish.key in hashes and hashes[wish.key] != rules.input_hash(wish):
            raise KeyReused(key=wish.key)
    if len(posted) < len(wishes):
        raise _short(accounts, [wish for wish in wishes if wish.key not in posted])
    return [posted[transfer.key] for transfer in transfers]


def _check(transfers: Sequence[Transfer]) -> None:
    if len(transfers) > rules.MAX_BATCH:
        raise BadTransfer(reason="batch", field="transfers")
    if unknown := rules.unknown_account(transfers):
        raise UnknownAccount(account=unknown, field="account")
    for place, transfer in enumerate(transfers):
        if wrong := rules.flaw(transfer):
            raise BadTransfer(reason=wrong.value, field=f"transfers.{place}")
    if key := rules.contradiction(transfers):
        raise KeyReused(key=key)


async def _lock(tx: Tx, wishes: Sequence[Transfer]) -> dict[str, Any]:
    """The accounts' rows by name, locked in the order of their ids, opened at zero if new."""
    names = sorted({name for wish in wishes for name in (wish.debit, wish.credit)})
    wanted = {"names": names, "count": len(names)}
    rows = (await tx.execute(_LOCK, wanted)).all()
    if not rows:
        await _open(tx, names)
        rows = (await tx.execute(_LOCK, wanted)).all()
    return {row.name: row for row in rows}


async def _open(tx: Tx, names: Sequence[str]) -> None:
    entries = [entry for name in names if (entry := rules.entry_of(name))]
    await tx.execute(
        _OPEN,
        {
            "names": list(names),
            "assets": [entry.asset.value for entry in entries],
            "sides": [entry.side.value for entry in entries],
            "kinds": [entry.kind.value for entry in entries],
            "guards": [entry.guarded for entry in entries],
            "now": tx.now,
        },
    )


def _parameters(
    tx: Tx, wishes: Sequence[Transfer], accounts: dict[str, Any], reverses: dict[str, int]
) -> dict[str, Any]:
    return {
        "debits": [accounts[wish.debit].id for wish in wishes],
        "credits": [accounts[wish.credit].id for wish in wishes],
        "amounts": [wish.amount_fen for wish in wishes],
        "codes": [wish.code for wish in wishes],
        "refs": [wish.reference for wish in wishes],
        "keys": [wish.key for wish in wishes],
        "hashes": [rules.input_hash(wish) for wish in wishes],
        "reverses": [reverses.get(wish.key) for wish in wishes],
        "now": tx.now,
    }


def _short(accounts: dict[str, Any], wishes: Sequence[Transfer]) -> InsufficientFunds:
    """Name the account that stopped the batch, from the rows as they were locked."""
    balances = {}
    for name, row in accounts.items():
        entry = rules.entry_of(name)
        grown = row.debited_fen - row.credited_fen
        balances[name] = grown if entry and entry.side is Side.DEBIT else -grown
    account, short_fen = rules.shortfall(balances, wishes) or (wishes[0].debit, 0)
    return InsufficientFunds(
        account=account, balance_fen=balances.get(account, 0), short_fen=short_fen
    )


async def _accounts_of(tx: Tx, key: str) -> Sequence[LedgerAccount]:
    ends = select(LedgerTransfer).where(LedgerTransfer.key == key).subquery()
    return (
        await tx.scalars(
            select(LedgerAccount).join(
                ends,
                (ends.c.debit_account_id == LedgerAccount.id)
                | (ends.c.credit_account_id == LedgerAccount.id),
            )
        )
    ).all()
