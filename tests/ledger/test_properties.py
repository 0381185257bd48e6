"""Random programs against a model, and rings of transfers at once; each with bugs it must catch."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.ledger.factories import breaches
from tiefen.kernel.db import Db
from tiefen.kernel.errors import Refusal
from tiefen.ledger import service
from tiefen.ledger.service import posting
from tiefen.ledger.values import Transfer

pytestmark = pytest.mark.slow

GUARDED = (
    "fan:{n}1:principal",
    "fan:{n}2:principal",
    "fan:{n}1:bonus",
    "suspense",
    "orders:unearned",
)
OPEN = ("wechat:clearing", "revenue:goods", "expense:bonus")
GROWS_BY_DEBIT = {"wechat:clearing", "expense:bonus", "points:issued"}


@dataclass
class Model:
    """What the ledger should do, said in the plainest way: dictionaries and one loop."""

    balances: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    known: dict[str, Transfer] = field(default_factory=dict)

    def post(self, batch: list[Transfer]) -> str:
        """ "ok", or the refusal's code and the account or key it names."""
        for wish in batch:
            if wish.debit == wish.credit or wish.amount_fen <= 0:
                return "ledger.bad_transfer"
            if ("points" in wish.debit) != ("points" in wish.credit):
                return "ledger.bad_transfer"
        keys = dict(self.known)
        fresh = []
        for wish in batch:
            if wish.key not in keys:
                fresh.append(wish)
                keys[wish.key] = wish
            elif keys[wish.key] != wish:
                return f"ledger.key_reused {wish.key}"
        balances, versions = dict(self.balances), dict(self.versions)
        for wish in fresh:
            for name, is_debit in ((wish.debit, True), (wish.credit, False)):
                grows = (name in GROWS_BY_DEBIT) == is_debit
                balances[name] = balances.get(name, 0) + (
                    wish.amount_fen if grows else -wish.amount_fen
                )
                versions[name] = versions.get(name, 0) + 1
        below = sorted(
            name for name, held in balances.items()
            if held < 0 and name not in {"wechat:clearing", "revenue:goods", "expense:bonus", "points:issued"}
        )  # fmt: skip
        if below:
            return f"ledger.insufficient_funds {below[0]}"
        self.balances, self.versions, self.known = balances, versions, keys
        return "ok"


def program(chance: random.Random, steps: int) -> list[list[Transfer]]:
    """Batches of transfers: honest, too large, repeated, contradictory, and nonsense."""
    names = [name.format(n=chance.randrange(1, 4)) for name in GUARDED] + list(OPEN)
    names += ["points:issued", "fan:1:points"]
    said: list[Transfer] = []
    batches = []
    for _ in range(steps):
        batch = []
        for _ in range(chance.choice((1, 1, 2, 3, 5))):
            if said and chance.random() < 0.12:
                wish = chance.choice(said)
                if chance.random() < 0.3:
                    wish = Transfer(
                        wish.debit,
                        wish.credit,
                        wish.amount_fen + 1,
                        wish.code,
                        wish.reference,
                        wish.key,
                    )
            else:
                debit, credit = (
                    chance.sample(names, 2) if chance.random() > 0.03 else (names[0],) * 2
                )
                if chance.random() < 0.4:
                    debit = "wechat:clearing"
                amount = (
                    chance.choice((0, 1, 5, 40, 200))
                    if chance.random() < 0.1
                    else chance.randrange(1, 90)
                )
                wish = Transfer(
                    debit,
                    credit,
                    amount,
                    "test.move",
                    "R",
                    f"key:{len(said)}:{chance.randrange(3)}",
                )
            batch.append(wish)
        said += batch
        batches.append(batch)
    return batches


async def outcome(db: Db, batch: list[Transfer]) -> str:
    """What the real ledger says to a batch, in the model's words."""
    try:
        async with db.merchant("demo") as tx:
            await service.post(tx, batch)
    except Refusal as refusal:
        name = refusal.details.get("account") or refusal.details.get("key") or ""
        return f"{refusal.code} {name}".strip()
    except DBAPIError as error:
        return f"database: {error.orig}"
    return "ok"


async def state(db: Db) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Balances, versions and keys the real ledger holds."""
    async with db.merchant("demo") as tx:
        rows = (
            await tx.execute(
                text(
                    "SELECT name, side, debited_fen - credited_fen, version FROM ledger_account WHERE version > 0"
                )
            )
        ).all()
        keys = set(await tx.scalars(text("SELECT key FROM ledger_transfer")))
    return (
        {row[0]: row[2] if row[1] == "debit" else -row[2] for row in rows},
        {row[0]: row[3] for row in rows},
        keys,
    )


async def compare(db: Db, seed: int, steps: int = 60) -> dict[str, int]:
    """Run one program on both; assert parity of verdict, reason and state after every batch."""
    model, counts = Model(), {"ok": 0, "refused": 0}
    for number, batch in enumerate(program(random.Random(seed), steps)):
        expected = model.post(batch)
        got = await outcome(db, batch)
        if expected == "ledger.bad_transfer":
            assert got == expected, (seed, number, batch)
        elif expected.startswith("ledger.key_reused"):
            assert got.startswith("ledger.key_reused"), (seed, number, got, batch)
        else:
            assert got == expected, (seed, number, expected, got, batch)
        counts["ok" if expected == "ok" else "refused"] += 1
        held = await state(db)
        assert held == (model.balances, model.versions, set(model.known)), (seed, number, batch)
    assert await breaches(db) == [], seed
    return counts


@pytest.mark.parametrize("seed", range(6))
async def test_the_ledger_agrees_with_the_model(db: Db, seed: int) -> None:
    counts = await compare(db, seed)
    assert min(counts.values()) >= 8, f"vacuous run: {counts}"


def mutate(monkeypatch: pytest.MonkeyPatch, statement: str, old: str, new: str) -> None:
    """Plant a bug in one of the service's statements."""
    original = str(getattr(posting, statement))
    assert old in original
    monkeypatch.setattr(posting, statement, text(original.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AND NOT EXISTS (SELECT FROM refused)", ""),
        ("WHERE known.input_hash <> wish.hash", "WHERE false"),
        ("version = a.version + total.steps", "version = a.version + 1"),
        ("WHERE key NOT IN (SELECT key FROM known)", "WHERE true"),
        ("WHERE a.guarded AND CASE", "WHERE CASE"),
        ("debited_fen = a.debited_fen + total.debited", "debited_fen = total.debited"),
    ],
)
async def test_the_model_catches_a_planted_bug(
    db: Db, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    mutate(monkeypatch, "_POST", old, new)
    caught = False
    for seed in range(3):
        try:
            await compare(db, seed)
        except (AssertionError, DBAPIError):
            caught = True
            break
    assert caught, f"nobody noticed: {old} → {new}"


def _between(chance: random.Random, wallets: list[str], amount_fen: int, key: str) -> Transfer:
    debit, credit = chance.sample(wallets, 2)
    return Transfer(debit, credit, amount_fen, "test.ring", "R", key)


async def ring(db: Db, seed: int, *, workers: int = 12, rounds: int = 8, size: int = 5) -> None:
    """Workers pass money around a ring in both directions, and repeat each other's transfers."""
    wallets = [f"fan:{n}:principal" for n in range(1, size + 1)]
    async with db.merchant("demo") as tx:
        await service.post(
            tx,
            [
                Transfer("wechat:clearing", name, 300, "test.fund", "R", f"fund:{name}")
                for name in wallets
            ],
        )
    chance = random.Random(seed)
    shared = [
        [_between(chance, wallets, chance.randrange(1, 60), f"s:{n}:{leg}") for leg in range(3)]
        for n in range(rounds)
    ]
    errors: list[str] = []
    answers: dict[str, set[int]] = {}

    async def work(number: int) -> None:
        mine = random.Random(seed * 1000 + number)
        for turn in range(rounds):
            if errors:
                return
            if turn % 2:
                batch = shared[turn]
            else:
                batch = [
                    _between(mine, wallets, mine.randrange(1, 80), f"{number}:{turn}:{leg}")
                    for leg in range(mine.choice((1, 3, 4)))
                ]
            try:
                async with db.merchant("demo") as tx:
                    for posted in await service.post(tx, batch):
                        answers.setdefault(posted.key, set()).add(posted.id)
            except Refusal as refusal:
                if refusal.code != "ledger.insufficient_funds":
                    errors.append(str(refusal))
            except DBAPIError as error:
                errors.append(str(error.orig))

    await asyncio.gather(*(work(number) for number in range(workers)))
    assert not errors, (seed, errors[:3])
    assert all(len(ids) == 1 for ids in answers.values()), "one key, one transfer"
    balances, _, keys = await state(db)
    assert sum(balances[name] for name in wallets) == 300 * size
    assert set(answers) <= keys
    assert await breaches(db) == []


@pytest.mark.parametrize("seed", range(3))
async def test_rings_of_transfers_neither_deadlock_nor_lose_a_fen(db: Db, seed: int) -> None:
    await ring(db, seed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ORDER BY id FOR NO KEY UPDATE", "ORDER BY id"),
        (
            "ORDER BY id FOR NO KEY UPDATE",
            "ORDER BY md5(name || clock_timestamp()::text) FOR NO KEY UPDATE",
        ),
    ],
)
async def test_the_ring_catches_a_planted_bug(
    db: Db, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    mutate(monkeypatch, "_LOCK", old, new)
    for seed in range(4):
        with suppress(DBAPIError):
            try:
                await ring(db, seed)
            except AssertionError:
                return
    raise AssertionError(f"nobody noticed: {new}")


async def test_an_account_opened_by_many_at_once_is_one(db: Db) -> None:
    async def open_it(number: int) -> None:
        async with db.merchant("demo") as tx:
            await service.post(
                tx,
                [Transfer("points:issued", "fan:7:points", 1, "test.open", "R", f"open:{number}")],
            )

    await asyncio.gather(*(open_it(number) for number in range(12)))
    async with db.merchant("demo") as tx:
        assert (await service.balance(tx, "fan:7:points")).balance_fen == 12
