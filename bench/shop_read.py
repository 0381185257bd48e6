"""A product page's data and the shop's home through HTTP, against the barest answer of the same server."""

from bench.harness import MERCHANT, Installation, Result, installation, load, rate_result, request
from tiefen.catalog import service as catalog
from tiefen.catalog.schemas import ProductInput
from tiefen.kernel.auth import StaffActor
from tiefen.team.values import ALL_PERMISSIONS

PRODUCTS = 200
CONNECTIONS = 16
SIZES = ["250 克", "500 克", "1 千克"]
ROUNDS, SECONDS = 3, 4.0


async def _stock(home: Installation) -> int:
    """A shop of 200 products with three SKUs each; returns one product's id."""
    actor = StaffActor(0, "bench", ALL_PERMISSIONS)
    last = 0
    for number in range(PRODUCTS):
        async with home.db.merchant(MERCHANT) as tx:
            product = await catalog.create_product(
                tx,
                actor,
                ProductInput.model_validate(
                    {
                        "name": f"秦岭土蜂蜜 {number}",
                        "images": [f"{MERCHANT}/benchmark-picture.webp"],
                        "detail_html": "<p>一年割一次</p>" * 20,
                        "specs": [{"name": "规格", "values": SIZES}],
                        "skus": [{"values": [size], "price_fen": 1000 + number} for size in SIZES],
                    }
                ),
            )
            await catalog.shelve(tx, actor, product.id, on=True)
            last = product.id
    return last


async def run() -> list[Result]:
    """Two lines: product page and home, answers per second; the limit is `/live`."""
    async with installation() as home:
        product = await _stock(home)
        paths = {
            "shop_product": f"/m/{MERCHANT}/api/shop/products/{product}",
            "shop_home": f"/m/{MERCHANT}/api/shop/home",
        }
        with home.server() as base:
            limits: list[float] = []
            rates: dict[str, list[float]] = {name: [] for name in paths}
            for _ in range(ROUNDS):
                limits.append(await _rate(base, "/live"))
                for name, path in paths.items():
                    rates[name].append(await _rate(base, path))
        note = f"{CONNECTIONS} connections, one server process, {PRODUCTS} products"
        return [rate_result(name, rates[name], limits, note) for name in paths]


async def _rate(base: str, path: str) -> float:
    message = request("GET", path)
    seen = await load(base, lambda: message, connections=CONNECTIONS, seconds=SECONDS)
    assert set(seen.statuses) == {200}, seen.statuses
    return seen.rate
