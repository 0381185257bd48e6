"""Freight templates: by piece, weight and volume, by region, the same however lines are split."""

from dataclasses import replace
from random import Random

import pytest

from tests.cases import by_seed
from tests.catalog.factories import STAFF
from tests.conftest import FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tiefen.kernel.db import Db
from tiefen.orders import service as orders
from tiefen.promotion import rules, service
from tiefen.promotion.errors import BadFreight, FreightInUse
from tiefen.promotion.rules import freight
from tiefen.promotion.values import (
    Basis,
    BasisLine,
    Freight,
    FreightMix,
    FreightPlan,
    FreightUnit,
    ProblemKind,
    Quote,
    Step,
    Zone,
)
from tiefen.team.values import Permission

HANGZHOU, XINJIANG = "330106", "650102"


def line(
    sku_id: int, quantity: int, template_id: int, weight_g: int = 0, volume_cm3: int = 0
) -> BasisLine:
    return BasisLine(
        sku_id, sku_id, f"商品{sku_id}", "", "", quantity, 1_000, None, None,
        template_id=template_id, weight_g=weight_g, volume_cm3=volume_cm3,
    )  # fmt: skip


def zone(chance: Random, *regions: str, free: bool = True) -> Zone:
    step = chance.randint(0, 3_000)
    return Zone(
        regions,
        chance.randint(0, 3_000),
        chance.randint(0, 3_000),
        step,
        chance.randint(0, 900) if step else 0,
        chance.randint(0, 60_000) if free and chance.random() < 0.3 else None,
        chance.randint(1, 60) if free and chance.random() < 0.3 else None,
    )


def cart(chance: Random, *, free: bool = True) -> Basis:
    """Up to eight lines under up to three templates."""
    units = list(FreightUnit)
    plans = {
        one: FreightPlan(one, f"模板{one}", chance.choice(units), zone(chance, free=free))
        for one in (1, 2, 3)
    }
    lines = tuple(
        line(sku, chance.randint(1, 20), chance.randint(0, 3), chance.randrange(2_000), 900)
        for sku in chance.sample(range(1, 30), chance.randint(1, 8))
    )
    return Basis(
        rules.VERSION,
        lines,
        Freight(0, None),
        tariffs=rules.tariffs(plans, lines, HANGZHOU),
        freight_mix=chance.choice(list(FreightMix)),
    )


def add_up(quote: Quote) -> bool:
    """Never below nothing, shares and steps add up, and what sends no parcel bears none."""
    steps = sum(one.amount_fen for one in quote.trace if one.step.startswith("freight"))
    none = {one.sku_id for one in quote.basis.lines if one.template_id == rules.NO_PARCEL}
    return (
        quote.freight_fen == steps == sum(one.freight_fen for one in quote.lines) >= 0
        and all(one.freight_fen >= 0 for one in quote.lines)
        and not any(one.freight_fen for one in quote.lines if one.sku_id in none)
    )


def split(basis: Basis, chance: Random) -> Basis:
    """The same goods on more lines."""
    lines: list[BasisLine] = []
    for one in basis.lines:
        first = chance.randint(1, one.quantity)
        lines.append(replace(one, quantity=first))
        if first < one.quantity:
            lines.append(replace(one, sku_id=one.sku_id + 100, quantity=one.quantity - first))
    return replace(basis, lines=tuple(lines))


@by_seed(5_000)
def test_freight_adds_up_and_is_never_below_nothing(seed: int) -> None:
    assert add_up(rules.quote(cart(Random(seed))))


@by_seed(5_000)
def test_splitting_lines_does_not_change_the_freight(seed: int) -> None:
    chance = Random(seed)
    basis = cart(chance)
    whole, parted = rules.quote(basis), rules.quote(split(basis, chance))
    assert whole.freight_fen == parted.freight_fen


@by_seed(5_000)
def test_more_goods_never_cost_less_freight_without_a_free_rule(seed: int) -> None:
    chance = Random(seed)
    basis = cart(chance, free=False)
    place = chance.randrange(len(basis.lines))
    lines = list(basis.lines)
    lines[place] = replace(lines[place], quantity=lines[place].quantity + chance.randint(1, 9))
    assert (
        rules.quote(replace(basis, lines=tuple(lines))).freight_fen
        >= rules.quote(basis).freight_fen
    )


@by_seed(5_000)
def test_another_template_never_makes_the_freight_lower(seed: int) -> None:
    chance = Random(seed)
    basis = cart(chance, free=False)
    less = basis.lines[1:]
    have = {one.template_id for one in less}
    before = replace(
        basis, lines=less, tariffs=tuple(t for t in basis.tariffs if t.template_id in have)
    )
    assert rules.quote(basis).freight_fen >= rules.quote(before).freight_fen


def test_control_counting_steps_by_line_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: a begun step is rounded down, so 1.5 further units cost one."""
    rest = Zone((), 1_000, 800, 1_000, 300)
    plan = FreightPlan(1, "", FreightUnit.WEIGHT, rest)
    lines = (line(1, 3, 1, 700),)
    basis = Basis(
        rules.VERSION, lines, Freight(0, None), tariffs=rules.tariffs({1: plan}, lines, "")
    )
    assert rules.quote(basis).freight_fen == 800 + 2 * 300
    monkeypatch.setattr(freight, "_steps", lambda units, at: units // at.next)
    assert rules.quote(basis).freight_fen != 800 + 2 * 300


def test_the_nearest_region_counts_and_no_other() -> None:
    plan = FreightPlan(
        1,
        "",
        FreightUnit.PIECE,
        Zone((), 1, 1_000),
        (Zone(("330000",), 1, 600), Zone(("330100",), 1, 300), Zone((HANGZHOU,), 1, 100)),
    )
    fees = [freight.zone_of(plan, code).first_fen for code in (HANGZHOU, "330108", "330200", "11")]
    assert fees == [100, 300, 600, 1_000]


def test_one_first_fee_is_the_dearest_and_the_rest_are_further_units() -> None:
    plans = {
        1: FreightPlan(1, "", FreightUnit.PIECE, Zone((), 1, 800, 1, 200)),
        2: FreightPlan(2, "冷链", FreightUnit.PIECE, Zone((), 1, 1_500, 1, 500)),
    }
    lines = (line(1, 2, 1), line(2, 3, 2))
    basis = Basis(
        rules.VERSION, lines, Freight(0, None), tariffs=rules.tariffs(plans, lines, HANGZHOU)
    )
    assert rules.quote(basis).freight_fen == (800 + 200) + (1_500 + 2 * 500)
    mixed = rules.quote(replace(basis, freight_mix=FreightMix.ONE_FIRST))
    assert mixed.freight_fen == 2 * 200 + (1_500 + 2 * 500)
    assert [(one.step, one.amount_fen) for one in mixed.trace[2:]] == [
        (Step.FREIGHT_FURTHER, 400),
        (Step.FREIGHT_PIECES, 2_500),
    ]
    said = [rules.sentence(one.step, one.numbers, one.name)[0] for one in mixed.trace[2:]]
    assert said[1] == "冷链：运费：共 3 件，首 1 件 ¥15.00，每续 1 件 ¥5.00"


def test_a_closed_zone_names_the_line() -> None:
    plan = FreightPlan(
        1, "", FreightUnit.PIECE, Zone((), 1, 800), (Zone(("650000",), 0, 0, closed=True),)
    )
    lines = (line(1, 1, 1), line(2, 1, rules.NO_PARCEL))
    basis = Basis(
        rules.VERSION, lines, Freight(0, None), tariffs=rules.tariffs({1: plan}, lines, XINJIANG)
    )
    quote = rules.quote(basis)
    assert [(one.kind, one.sku_id) for one in quote.problems] == [(ProblemKind.NO_DELIVERY, 1)]
    assert quote.freight_fen == 0


@pytest.mark.parametrize(
    "zones",
    [
        (Zone((), 1, 100),),
        (Zone(("330000",), 1, 100), Zone(("330000",), 1, 200)),
        (Zone(("330000",), 1, 100, 0, 50),),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(zones: tuple[Zone, ...]) -> None:
    with pytest.raises(BadFreight):
        rules.check_plan(FreightPlan(1, "", FreightUnit.PIECE, Zone((), 1, 0), zones))


async def test_the_address_decides_the_freight_and_whether_goods_are_sent(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    """The merchant writes a template; a fan sees what it costs here, and that it is not sent there."""
    async with db.merchant("demo") as tx:
        fan_id = await make.fan(tx)
        sku_id = await stocked(tx, 5, skus=[{"price_fen": 3_000}])
        home = (await orders.add_address(tx, fan_id, make.HOME)).id
        far = make.HOME.model_copy(update={"region_code": XINJIANG})
        away = (await orders.add_address(tx, fan_id, far)).id
    staff = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    body = {
        "rest": {"first_fen": 1_000, "free_from_fen": 9_900},
        "zones": [
            {"regions": ["330000"], "first_fen": 600},
            {"regions": ["650000"], "first_fen": 0, "closed": True},
        ],
    }
    assert (await staff.put("/api/console/freight/1", json=body)).status_code == 200
    buyer = await fan_client(fan_id)
    asked = {"lines": [{"sku_id": sku_id, "quantity": 1}]}

    async def quoted(address_id: int) -> dict[str, object]:
        reply = await buyer.post(
            "/api/shop/checkout/quote", json={**asked, "address_id": address_id}
        )
        assert reply.status_code == 200
        return dict(reply.json())

    here, there = await quoted(home), await quoted(away)
    assert (here["freight_fen"], here["can_place"]) == (600, True)
    assert there["can_place"] is False
    assert "不配送" in str(there["problems"])
    wanted = {**asked, "address_id": away, "digest": there["digest"]}
    refused = await buyer.post(
        "/api/shop/orders", json=wanted, headers={"Idempotency-Key": "order-to-xinjiang"}
    )
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "orders.no_delivery"
    moved = {**asked, "address_id": home, "digest": there["digest"]}
    changed = await buyer.post(
        "/api/shop/orders", json=moved, headers={"Idempotency-Key": "order-moved-home"}
    )
    assert changed.json()["error"]["code"] == "orders.quote_changed"
    wanted = {**asked, "address_id": home, "digest": here["digest"]}
    placed = await buyer.post(
        "/api/shop/orders", json=wanted, headers={"Idempotency-Key": "order-to-home"}
    )
    assert placed.status_code == 201, placed.text
    assert placed.json()["total_fen"] == 3_600


async def test_templates_of_goods_mix_and_cannot_go_while_goods_have_them(
    db: Db, staff_client: StaffClient
) -> None:
    staff = await staff_client([Permission.GOODS_READ, Permission.GOODS_WRITE])
    made = await staff.post(
        "/api/console/freight",
        json={"name": "按重量", "unit": "weight", "rest": {"first": 1000, "first_fen": 500,
              "next": 500, "next_fen": 100}},
    )  # fmt: skip
    assert made.status_code == 201
    template_id = made.json()["items"][1]["id"]
    async with db.merchant("demo") as tx:
        await service.save_freight(tx, STAFF, make.flat_freight(800, None))
        fan_id = await make.fan(tx)
        heavy = await stocked(
            tx,
            5,
            skus=[{"price_fen": 1_990, "weight_g": 1_200}],
            freight_template_id=template_id,
        )
        plain = await stocked(tx, 5)
    async with db.merchant("demo") as tx:
        quote = await service.quote(tx, fan_id, [(heavy, 2), (plain, 1)], tx.now)
        assert quote.freight_fen == 800 + (500 + 3 * 100)
        assert rules.replay(rules.stored(quote)) == quote
        with pytest.raises(FreightInUse):
            await service.delete_freight(tx, STAFF, template_id)
        await service.save_freight_mix(tx, STAFF, FreightMix.ONE_FIRST)
    async with db.merchant("demo") as tx:
        quote = await service.quote(tx, fan_id, [(heavy, 2), (plain, 1)], tx.now)
        assert quote.freight_fen == 800 + 5 * 100
