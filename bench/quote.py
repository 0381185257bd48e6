"""CPU of one quote: a cart of 20 lines under 200 active promotions, the pure calculation alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time_ns

from bench.harness import Result
from tiefen.promotion import rules
from tiefen.promotion.service.book import GROUPS_AT_FIRST, NO_PLANS, Book
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    CouponKind,
    CouponTerms,
    Freight,
    HeldCoupon,
    PromotionKind,
    Rule,
    Scope,
    Terms,
    Tier,
)

RULES, LINES, ROUNDS = 200, 20, 400
COUPONS = 10
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
    return Book.of(1, made, GROUPS_AT_FIRST, NO_PLANS)


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


def wallet(at: datetime) -> list[HeldCoupon]:
    """Ten kinds of coupons that all help, so that nothing is cut short."""
    held = []
    for number in range(1, COUPONS + 1):
        terms = CouponTerms(off_fen=100 * number, from_fen=1_000)
        ends = at + timedelta(days=30)
        rule = rules.coupon_rule(number, f"券{number}", CouponKind.AMOUNT, terms, at, ends)
        held.append(HeldCoupon(number, 1, number, CouponKind.AMOUNT, terms, rule, at, ends))
    return held


def price(
    book: Book, lines: tuple[BasisLine, ...], at: datetime, held: HeldCoupon | None = None
) -> int:
    """What a request does besides asking the database."""
    found = book.looking_at(lines, at)
    versions = tuple((rule.id, rule.version) for rule in found)
    basis = Basis(
        rules.VERSION, lines, Freight(800, 9_900), at, groups=book.groups, versions=versions
    )
    basis = rules.with_coupon(basis, held, book.groups)
    return rules.quote(basis, rules=found).total_fen


async def run() -> list[Result]:
    """The 95th percentile in milliseconds of CPU, against 5 ms: plain, and with a coupon."""
    chance, at = Random(11), datetime(2026, 11, 11, tzinfo=UTC)
    book = shop(chance)
    carts = [cart(chance) for _ in range(ROUNDS)]
    for lines in carts[:20]:
        price(book, lines, at)
    p95 = _p95(lambda lines: price(book, lines, at), carts)
    one, *_ = held = wallet(at)
    with_one = _p95(lambda lines: price(book, lines, at, one), carts)
    all_of_them = _p95(lambda lines: choose(book, lines, at, held), carts[:100])
    looked = median(len(book.looking_at(lines, at)) for lines in carts)
    note = (
        f"p95 of {ROUNDS} carts of {LINES} lines, {RULES} promotions; {looked:.0f} look at a cart"
    )
    return [
        Result("quote_cpu", p95, "ms", BUDGET_MS, BUDGET_MS / p95, "make bench ONLY=quote", note),
        Result(
            "quote_with_coupon_cpu",
            with_one,
            "ms",
            BUDGET_MS,
            BUDGET_MS / with_one,
            "make bench ONLY=quote",
            f"{note}; one coupon in it",
        ),
        Result(
            "coupon_choices_cpu",
            all_of_them,
            "ms",
            BUDGET_MS * COUPONS,
            BUDGET_MS * COUPONS / all_of_them,
            "make bench ONLY=quote",
            f"{note}; {COUPONS} kinds of coupons tried, as a checkout page does",
        ),
    ]


def choose(book: Book, lines: tuple[BasisLine, ...], at: datetime, held: list[HeldCoupon]) -> int:
    """What a checkout page does besides: each coupon tried."""
    found = book.looking_at(lines, at)
    versions = tuple((rule.id, rule.version) for rule in found)
    basis = Basis(
        rules.VERSION, lines, Freight(800, 9_900), at, groups=book.groups, versions=versions
    )
    return len(rules.choices(basis, (), found, held, book.groups))


def _p95(work: Callable[[tuple[BasisLine, ...]], int], carts: list[tuple[BasisLine, ...]]) -> float:
    """The 95th percentile of the CPU, in milliseconds."""
    spent = []
    for lines in carts:
        began = process_time_ns()
        work(lines)
        spent.append((process_time_ns() - began) / 1e6)
    return sorted(spent)[int(len(spent) * 0.95)]


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
