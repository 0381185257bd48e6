"""Order placement through HTTP: quote, reservation, order, line, payment intent, event and job in one commit.

Limit: the database's own one-order transaction (`Yardstick`), on one hot SKU and spread over 1,000, in turns.
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
from tiefen.kernel.auth import StaffActor, open_session
from tiefen.kernel.db import Tx
from tiefen.orders import service as orders
from tiefen.orders.schemas import AddressIn
from tiefen.promotion import service as promotion

SKUS, BUYERS, TURNS, SECONDS = 1_000, 200, 3, 4.0
HOT_CONNECTIONS, SPREAD_CONNECTIONS = 32, 8
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


async def _turn(base: str, shop: Shop, *, hot: bool, seed: int) -> Load:
    connections = HOT_CONNECTIONS if hot else SPREAD_CONNECTIONS
    seen = await load(
        base, _orders(shop, hot=hot, seed=seed), connections=connections, seconds=SECONDS
    )
    assert set(seen.statuses) == {201}, seen.statuses
    return seen


async def run() -> list[Result]:
    """Two lines: orders a second on one hot SKU and spread over 1,000, against the database's own limit."""
    async with installation() as home:
        shop = await _open(home)
        yardstick = Yardstick(home)
        await yardstick.prepare()
        limits: dict[bool, list[float]] = {True: [], False: []}
        seen: dict[bool, list[Load]] = {True: [], False: []}
        with home.server(workers=2, work=False) as base:
            for turn in range(TURNS):
                for hot in (True, False):
                    limits[hot].append(await (yardstick.hot(3) if hot else yardstick.spread(3)))
                    seen[hot].append(await _turn(base, shop, hot=hot, seed=10 * turn + hot))
        return [
            rate_result(
                f"orders_place_{'hot' if hot else 'spread'}",
                [one.rate for one in seen[hot]],
                limits[hot],
                f"p99 {max(one.p(0.99) for one in seen[hot]) * 1000:.0f} ms; two server processes; events queued, not yet heard",
            )
            for hot in (True, False)
        ]
