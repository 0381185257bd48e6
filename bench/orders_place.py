"""Order placement through HTTP: session, quote, reservation, order, line, payment intent, events and jobs.

Limit: the database's own one-order transaction (`Yardstick`), on one hot SKU and spread over 1,000, in turns.
`rush`: the hot SKU again, from 256 connections. Afterwards every invariant must hold.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from bench.harness import (
    MERCHANT,
    Installation,
    Load,
    Result,
    Yardstick,
    installation,
    load,
    rate_result,
    request,
)
from tiefen.catalog import service as catalog
from tiefen.catalog.schemas import ProductInput
from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.inventory.values import MovementReason
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor, open_session
from tiefen.kernel.db import Tx
from tiefen.orders import service as orders
from tiefen.orders.schemas import AddressIn
from tiefen.promotion import service as promotion

SKUS, BUYERS, TURNS, SECONDS = 1_000, 400, 3, 4.0
CONNECTIONS = {"hot": 32, "spread": 8, "rush": 256}
SERVERS = 2
"""As many processes as the machine has cores: how `tiefen serve --workers` runs in production."""
CLERK = StaffActor(0, "bench", frozenset())
HOME = AddressIn(name="林小满", phone="13800001234", region_code="330106", detail="文三路 100 号")


@dataclass(frozen=True, slots=True)
class Shop:
    """What buyers need: SKUs with the digest of one piece of each, and sessions with an address."""

    skus: list[tuple[int, str]]
    buyers: list[tuple[str, int]]


async def _stock(tx: Tx, first: int, count: int) -> list[int]:
    """`count` products of one SKU with plenty in stock."""
    made = []
    for number in range(first, first + count):
        wanted = ProductInput.model_validate(
            {
                "name": f"压测商品 {number}",
                "images": [f"{MERCHANT}/AAAAAAAA.webp"],
                "skus": [{"price_fen": 1_000 + number}],
            }
        )
        product = await catalog.create_product(tx, CLERK, wanted)
        await catalog.shelve(tx, CLERK, product.id, on=True)
        made += await catalog.sku_ids_of(tx, product.id)
    await inventory.open_rows(tx, made)
    for sku_id in made:
        await inventory.adjust(tx, CLERK, sku_id, 1_000_000, MovementReason.RECEIVED, "")
    return made


async def _open(home: Installation) -> Shop:
    """Goods on the shelf and signed-in buyers."""
    skus: list[tuple[int, str]] = []
    for first in range(0, SKUS, 100):
        async with home.db.merchant(MERCHANT) as tx:
            made = await _stock(tx, first, min(100, SKUS - first))
            for sku_id in made:
                skus.append((sku_id, (await promotion.quote(tx, 0, [(sku_id, 1)], tx.now)).digest))
    buyers = []
    async with home.db.merchant(MERCHANT) as tx:
        for number in range(BUYERS):
            fan_id = await fans.follow(
                tx, app_id="wxbench", openid=f"o{number}", scene=None, at=tx.now
            )
            address = await orders.add_address(tx, fan_id, HOME)
            token = await open_session(tx, "fan", fan_id, timedelta(hours=2))
            buyers.append((token, address.id))
    return Shop(skus, buyers)


def _orders(shop: Shop, *, hot: bool, seed: int) -> Callable[[], bytes]:
    """Makes requests: another buyer and another key each time."""
    chance, numbers = Random(seed), itertools.count()

    def make() -> bytes:
        number = next(numbers)
        token, address_id = shop.buyers[number % len(shop.buyers)]
        sku_id, digest = shop.skus[0] if hot else chance.choice(shop.skus)
        body = {
            "lines": [{"sku_id": sku_id, "quantity": 1}],
            "address_id": address_id,
            "digest": digest,
        }
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"bench-{seed}-{number:08d}",
        }
        return request("POST", "/api/shop/orders", json.dumps(body).encode(), headers)

    return make


async def _turn(base: str, shop: Shop, kind: str, seed: int) -> Load:
    make = _orders(shop, hot=kind != "spread", seed=seed)
    seen = await load(base, make, connections=CONNECTIONS[kind], seconds=SECONDS)
    assert set(seen.statuses) == {201}, seen.statuses
    return seen


async def run() -> list[Result]:
    """Orders a second on one hot SKU and spread over 1,000, against the database's own limit."""
    async with installation() as home:
        shop = await _open(home)
        yardstick = Yardstick(home)
        await yardstick.prepare()
        limits: dict[str, list[float]] = {kind: [] for kind in CONNECTIONS}
        seen: dict[str, list[Load]] = {kind: [] for kind in CONNECTIONS}
        with home.server(workers=SERVERS, work=False) as base:
            await _turn(base, shop, "hot", 1)  # both processes are up and their plans made
            for turn in range(TURNS):
                for place, kind in enumerate(CONNECTIONS):
                    spread = kind == "spread"
                    limits[kind].append(await (yardstick.spread(3) if spread else yardstick.hot(3)))
                    seen[kind].append(await _turn(base, shop, kind, 10 * (turn + 1) + place))
        breaches = await audit.run(home.db)
        assert not breaches, breaches
        return [
            rate_result(
                f"orders_place_{kind}",
                [one.rate for one in seen[kind]],
                limits[kind],
                f"{CONNECTIONS[kind]} connections, {SERVERS} server processes;"
                f" p99 {max(one.p(0.99) for one in seen[kind]) * 1000:.0f} ms;"
                " events queued, not yet heard; audit clean",
            )
            for kind in CONNECTIONS
        ]
