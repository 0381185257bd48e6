"""CPU of one quote: a cart of 20 lines under 200 active promotions, the pure calculation alone."""

from datetime import UTC, datetime
from random import Random
from statistics import median
from time import process_time_ns

from bench.harness import Result
from tiefen.promotion import rules
from tiefen.promotion.service.book import GROUPS_AT_FIRST, Book
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Freight,
    PromotionKind,
    Rule,
    Scope,
    Terms,
    Tier,
)

RULES, LINES, ROUNDS = 200, 20, 400
SKUS, CATEGORIES = 2_000, 40
BUDGET_MS = 5.0


def shop(chance: Random) -> Book:
    """A tenth of the promotions on everything, the others on categories and SKUs."""
    made = []
    for number in range(1, RULES + 1):
        kind, group, terms = _terms(number, chance)
        scope = Scope(all=True)
        if number % 10:
            scope = Scope(
                category_ids=(chance.randrange(CATEGORIES),),
                sku_ids=tuple(chance.sample(range(SKUS), 10)),
            )
        made.append(Rule(number, 1, kind, f"活动{number}", group, number % 5, scope, terms))
    return Book.of(1, made, GROUPS_AT_FIRST)


def cart(chance: Random) -> tuple[BasisLine, ...]:
    """Twenty lines of the shop."""
    return tuple(
        BasisLine(
            one,
            one,
            f"商品{one}",
            "",
            "",
            chance.randint(1, 5),
            chance.randint(500, 20_000),
            300,
            None,
            (one % CATEGORIES,),
        )
        for one in chance.sample(range(SKUS), LINES)
    )


def price(book: Book, lines: tuple[BasisLine, ...], at: datetime) -> int:
    """What a request does besides asking the database."""
    found = book.looking_at(lines, at)
    versions = tuple((rule.id, rule.version) for rule in found)
    basis = Basis(
        rules.VERSION, lines, Freight(800, 9_900), at, groups=book.groups, versions=versions
    )
    return rules.quote(basis, rules=found).total_fen


async def run() -> list[Result]:
    """The 95th percentile in milliseconds of CPU, against 5 ms."""
    chance, at = Random(11), datetime(2026, 11, 11, tzinfo=UTC)
    book = shop(chance)
    carts = [cart(chance) for _ in range(ROUNDS)]
    for lines in carts[:20]:
        price(book, lines, at)
    spent = []
    for lines in carts:
        began = process_time_ns()
        price(book, lines, at)
        spent.append((process_time_ns() - began) / 1e6)
    p95 = sorted(spent)[int(len(spent) * 0.95)]
    looked = median(len(book.looking_at(lines, at)) for lines in carts)
    note = (
        f"p95 of {ROUNDS} carts of {LINES} lines, {RULES} promotions; {looked:.0f} look at a cart"
    )
    return [
        Result("quote_cpu", p95, "ms", BUDGET_MS, BUDGET_MS / p95, "make bench ONLY=quote", note)
    ]


def _terms(number: int, chance: Random) -> tuple[PromotionKind, int, Terms]:
    """Kind, group and terms of the n-th promotion."""
    match number % 4:
        case 0:
            return PromotionKind.LIMITED, 1, Terms(off_bp=chance.randint(500, 3_000))
        case 1:
            tiers = (Tier(9_900, 0, 1_000), Tier(19_900, 0, 3_000))
            return PromotionKind.OFF, 2, Terms(tiers=tiers)
        case 2:
            return PromotionKind.PERCENT, 2, Terms(tiers=(Tier(29_900, 0, 0, 1_000),))
        case _:
            return PromotionKind.NTH, 1, Terms(nth=2, off_bp=5_000)
