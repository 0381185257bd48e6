"""Posting, reversing and reading back, on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.ledger.factories import breaches, fund, named, transfer
from tiefen.kernel.db import Db, Tx
from tiefen.ledger import queries, service
from tiefen.ledger.errors import (
    BadTransfer,
    InsufficientFunds,
    KeyReused,
    TransferNotFound,
    UnknownAccount,
)
from tiefen.ledger.values import Transfer


async def test_a_transfer_moves_both_accounts_and_stamps_them(tx: Tx) -> None:
    await service.post(tx, [fund("suspense", 500), transfer("suspense", "revenue:other", 120)])
    assert (await service.balance(tx, "wechat:clearing")).balance_fen == 500
    assert (await service.balance(tx, "suspense")).balance_fen == 380
    assert (await service.balance(tx, "suspense")).version == 2
    assert (await service.balance(tx, "revenue:other")).balance_fen == 120
    newest, oldest = await queries.transfers(tx, account="suspense")
    assert (newest.debit_balance_fen, oldest.credit_balance_fen) == (380, 500)


async def test_the_same_key_is_the_same_transfer_and_other_content_an_error(tx: Tx) -> None:
    wish = fund("suspense", 500)
    (first,) = await service.post(tx, [wish])
    again, other, double = await service.post(tx, [wish, fund("suspense", 1), wish])
    assert first.fresh
    assert not again.fresh
    assert again.id == first.id == double.id
    assert other.fresh
    with pytest.raises(KeyReused):
        await service.post(tx, [fund("suspense", 7), named(fund("suspense", 501), wish.key)])
    assert (await service.balance(tx, "suspense")).balance_fen == 501


async def test_a_refused_batch_leaves_no_trace(tx: Tx) -> None:
    await service.post(tx, [fund("suspense", 100)])
    before = await queries.accounts(tx)
    with pytest.raises(InsufficientFunds) as refused:
        await service.post(
            tx,
            [fund("orders:unearned", 50), transfer("suspense", "revenue:other", 101)],
        )
    assert refused.value.details == {"account": "suspense", "balance_fen": 100, "short_fen": 1}
    after = {row.name: row for row in await queries.accounts(tx)}
    assert all(after.pop(row.name) == row for row in before)
    assert all(row.version == 0 for row in after.values())
    assert len(await queries.transfers(tx)) == 1


async def test_a_batch_may_pass_below_zero_on_its_way(tx: Tx) -> None:
    await service.post(tx, [transfer("suspense", "revenue:other", 10), fund("suspense", 10)])
    assert (await service.balance(tx, "suspense")).balance_fen == 0


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (Transfer("cash", "suspense", 1, "a.b", "r", "k"), UnknownAccount),
        (Transfer("suspense", "suspense", 1, "a.b", "r", "k"), BadTransfer),
        (Transfer("wechat:clearing", "fan:1:points", 1, "a.b", "r", "k"), BadTransfer),
        (Transfer("wechat:clearing", "suspense", 0, "a.b", "r", "k"), BadTransfer),
    ],
)
async def test_nonsense_is_refused_before_the_database(
    tx: Tx, wish: Transfer, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await service.post(tx, [wish])


async def test_a_batch_that_contradicts_itself_is_refused(tx: Tx) -> None:
    with pytest.raises(KeyReused):
        await service.post(tx, [named(fund("suspense", 1), "k"), named(fund("suspense", 2), "k")])
    assert await service.post(tx, []) == []


async def test_a_reversal_moves_it_back_once_and_names_it(tx: Tx) -> None:
    wish = fund("suspense", 500)
    (original,) = await service.post(tx, [wish])
    back = await service.reverse(tx, wish.key, code="test.undo", new_key="undo:1")
    assert back.fresh
    assert not (await service.reverse(tx, wish.key, code="test.undo", new_key="undo:1")).fresh
    assert (await service.balance(tx, "suspense")).balance_fen == 0
    assert (await queries.transfers(tx))[0].reverses_id == original.id
    with pytest.raises(TransferNotFound):
        await service.reverse(tx, "none", code="test.undo", new_key="undo:2")


async def test_a_second_reversal_under_another_key_is_refused(db: Db) -> None:
    wish = fund("suspense", 500)
    async with db.merchant("demo") as tx:
        await service.post(tx, [wish, fund("suspense", 500)])
        await service.reverse(tx, wish.key, code="test.undo", new_key="undo:1")
    with pytest.raises(KeyReused):
        async with db.merchant("demo") as tx:
            await service.reverse(tx, wish.key, code="test.undo", new_key="undo:2")


async def test_a_balance_as_of_a_moment(tx: Tx) -> None:
    start = tx.now
    for day, amount in enumerate((100, 30, 7)):
        tx.now = start + timedelta(days=day)
        await service.post(tx, [fund("suspense", amount)])
    held = [
        (await service.balance(tx, "suspense", at=start + timedelta(days=day))).balance_fen
        for day in (-1, 0, 1, 2, 3)
    ]
    assert held == [0, 100, 130, 137, 137]
    assert (await service.balance(tx, "fan:9:points")).balance_fen == 0
    with pytest.raises(UnknownAccount):
        await service.balance(tx, "cash")


async def test_pages_by_name_and_newest_first(tx: Tx) -> None:
    for fan in range(1, 8):
        await service.post(tx, [transfer("points:issued", f"fan:{fan}:points", fan)])
    first = await queries.accounts(tx, prefix="fan:", limit=4)
    second = await queries.accounts(tx, prefix="fan:", limit=4, after=first[3].name)
    assert [row.name for row in first[:4] + second] == [f"fan:{n}:points" for n in range(1, 8)]
    one = await queries.transfers(tx, account="points:issued", limit=5)
    two = await queries.transfers(tx, account="points:issued", limit=5, before=one[4].id)
    assert [row.amount_fen for row in one[:5] + two] == [7, 6, 5, 4, 3, 2, 1]
    about = await queries.transfers(tx, reference=one[0].reference)
    assert [row.amount_fen for row in about] == [7]
    assert await queries.transfers(tx, account="fan:3:points", reference="none") == []


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_transfer SET amount_fen = 1", "DELETE FROM ledger_transfer"]
)
async def test_the_application_cannot_touch_what_is_written(db: Db, statement: str) -> None:
    async with db.merchant("demo") as tx:
        await service.post(tx, [fund("suspense", 5)])
    with pytest.raises(DBAPIError, match="permission denied"):
        async with db.merchant("demo") as tx:
            await tx.execute(text(statement))


async def test_the_floor_is_a_constraint_even_for_hand_written_statements(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await service.post(tx, [fund("suspense", 5)])
    with pytest.raises(IntegrityError, match="floor"):
        async with db.merchant("demo") as tx:
            await tx.execute(
                text("UPDATE ledger_account SET debited_fen = 6 WHERE name = 'suspense'")
            )


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            "UPDATE ledger_account SET debited_fen = debited_fen + 1 WHERE name = 'wechat:clearing'",
            {"M1", "M2"},
        ),
        (
            "UPDATE ledger_account SET debited_fen = debited_fen + 1, credited_fen = credited_fen + 1",
            {"M2"},
        ),
        ("UPDATE ledger_account SET version = version + 1 WHERE name = 'suspense'", {"M2"}),
    ],
)
async def test_the_audit_sees_a_book_that_was_tampered_with(
    db: Db, statement: str, broken: set[str]
) -> None:
    async with db.merchant("demo") as tx:
        await service.post(tx, [fund("suspense", 500), fund("orders:unearned", 20)])
    assert await breaches(db) == []
    async with db.merchant("demo") as tx:
        await tx.execute(text(statement))
    assert set(await breaches(db)) == broken
