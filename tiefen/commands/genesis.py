"""Making the demo world: server and sandbox in this process, a worker in another, one injected clock.

It happens once, before the first start. Afterwards the same data folder is served by processes of
their own, under the real clock. A world that was interrupted is thrown away and made anew.
"""

import gc
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import asyncpg
import httpx

from tiefen.commands import founding, hand
from tiefen.commands.installation import Installation, database
from tiefen.demo import world
from tiefen.demo.doors import Doors, Watch
from tiefen.kernel import clock, http, ids
from tiefen.kernel.jobs import LANES
from tiefen.main import create_app
from tiefen.sandbox.app import create_app as create_sandbox
from tiefen.sandbox.clock import Clock

DONE = "world.json"
NOBODY_WAITS = 60.0
"""Seconds an answer may take while a world is made: on a slow machine no welcome is lost for time."""


def is_made(data: Path) -> bool:
    """Whether the folder holds a finished world."""
    return (data / DONE).exists()


async def make_world(
    installation: Installation,
    *,
    merchant: str,
    name: str,
    owner: str,
    password: str,
    fans: int,
    seed: int,
    say: Callable[[str], None],
    when_open: Callable[[], None],
) -> None:
    """Make the world of a freshly migrated installation; `when_open` is called once the shop is.

    Raises DemoRefused.
    """
    began = time.monotonic()
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    travel = Watch(world.opening(now))
    async with (
        _hurried(installation.url),
        hand.hired(installation, seed) as second,
        programs(installation, travel, seed) as doors,
    ):
        doors.say, doors.hand = say, second.work
        doors.lanes = [lane for lane in LANES if lane not in hand.LANES]
        with clock.use(travel), ids.seeded(seed):
            await founding.add_owner(
                doors.db, merchant, account=owner, name="店主", password=password
            )
            accounts = await founding.connect_to_sandbox(
                doors.db,
                merchant,
                sandbox=doors.sandbox,
                public_url=installation.settings.public_url,
                name=name,
            )
            doors.app_id = accounts["oa"]["app_id"]
            listen = partial(
                founding.point_callbacks,
                doors.sandbox,
                installation.settings.public_url,
                accounts,
            )
            phones = await world.begin(doors, fans=fans, seed=seed, now=now, listen=listen)
            shop = await world.open_with_fans(doors, password, phones, seed=seed, now=now)
            when_open()
            made = await world.live(doors, shop, phones, seed=seed, now=now, say=say)
    took = time.monotonic() - began
    say(f"{made.fans:,} fans, {made.deeds:,} deeds, {made.orders:,} orders in {took:.0f} s")
    done = {"fans": made.fans, "orders": made.orders, "seed": seed, "until": now.isoformat()}
    (installation.settings.data_dir / DONE).write_text(json.dumps(done))


@asynccontextmanager
async def programs(installation: Installation, travel: Watch, seed: int) -> AsyncIterator[Doors]:
    """Both programs as ASGI applications that reach each other without a network."""
    settings = installation.settings
    async with database(installation.url, pool_size=12) as db:
        product = create_app(settings, db)
        box = create_sandbox(
            settings.data_dir / "sandbox",
            Clock(source=lambda: travel.now.timestamp()),  # noqa: PLW0108 `now` moves
            seed=seed,
            public_url=settings.sandbox_url,
            transport=httpx.ASGITransport(app=product),
            push_timeout=NOBODY_WAITS,
            auto=False,
        )
        http.outward_mounts[settings.sandbox_url] = httpx.ASGITransport(app=box)
        try:
            async with (
                product.router.lifespan_context(product),
                box.router.lifespan_context(box),
                _client(product, settings.public_url) as ours,
                _client(box, settings.sandbox_url) as theirs,
            ):
                yield Doors(ours, theirs, db, travel, app_id="", say=print)
        finally:
            del http.outward_mounts[settings.sandbox_url]


def _client(app: object, base_url: str) -> httpx.AsyncClient:
    """Keeps no cookies: many people share it."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        transport=transport, base_url=base_url, timeout=NOBODY_WAITS, cookies=cookies
    )


@asynccontextmanager
async def _hurried(url: str) -> AsyncIterator[None]:
    """Commits need not wait for the disk, nor memory be swept often: a crash makes it all anew."""
    gc.collect()
    gc.freeze()
    swept = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    owner = await asyncpg.connect(url.replace("+asyncpg", ""))
    await owner.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
    try:
        yield
        await owner.execute("ALTER ROLE CURRENT_USER RESET synchronous_commit")
        await owner.execute("ANALYZE")
    finally:  # of a world that is not finished nothing stays, so nothing need be put right
        gc.set_threshold(*swept)
        gc.unfreeze()
        await owner.close()
