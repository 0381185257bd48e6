"""A demo world: one shop, the fans it had and those who come, sixty days; made once, then kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiefen.demo import plan
from tiefen.demo.backoffice import Backoffice
from tiefen.demo.doors import Doors
from tiefen.demo.history import import_history
from tiefen.demo.living import Life
from tiefen.demo.marketing import make_plans
from tiefen.demo.phones import get_phones
from tiefen.demo.shopkeeping import CODES, Shop, import_followers, open_shop
from tiefen.demo.showcase import Showcase
from tiefen.demo.specials import open_specials

SAY_EVERY = 500
AT_ONCE = 1_000
"""How many follows of before are told to the sandbox in one request."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a finished world holds, for the log."""

    fans: int
    deeds: int
    orders: int


def opening(now: datetime) -> datetime:
    """When the demo shop opened: a day before the first fan."""
    return now - timedelta(days=plan.DAYS + 1)


async def begin(
    doors: Doors, *, fans: int, seed: int, now: datetime, listen: Callable[[], Awaitable[None]]
) -> list[int]:
    """Everybody has a phone, and most follow already; then the platform is told where to push.

    Nobody heard of these follows, as no shop hears of those before it came. Returns the phones.
    """
    phones = await get_phones(doors, plan.people(seed, fans))
    then = plan.earlier(seed, fans, opening(now))
    for start in range(0, len(then), AT_ONCE):
        await doors.phone(
            "POST",
            "batch",
            actions=[
                {
                    "path": f"/fans/{phones[fan]}/follow",
                    "at": int(at.timestamp()),
                    "body": {"app_id": doors.app_id},
                }
                for at, fan in then[start : start + AT_ONCE]
            ],
        )
    await doors.phone("POST", "clock", set=int(doors.clock.now.timestamp()))
    await listen()
    return phones


async def open_with_fans(
    doors: Doors, password: str, phones: list[int], *, seed: int, now: datetime
) -> Shop:
    """The opening day: everything is set up, the fans from before and what they bought come in.

    The owner exists; the clock stands at `opening(now)`. Raises DemoRefused.
    """
    shop = await open_shop(doors, password)
    await import_followers(doors)
    await import_history(doors, phones, seed=seed, opening=opening(now))
    await make_plans(doors, shop, now)
    await open_specials(doors, shop, now)
    return shop


async def live(
    doors: Doors,
    shop: Shop,
    phones: list[int],
    *,
    seed: int,
    now: datetime,
    say: Callable[[str], None],
) -> Made:
    """Live through sixty days up to `now`. Raises DemoRefused when a door refuses the script."""
    fans = len(phones)
    acts = plan.acts(seed, fans, len(CODES), now)
    life = Life(doors, shop, plan.people(seed, fans), phones, seed)
    cast = sorted(fan for _, fan in plan.earlier(seed, fans, opening(now)))
    life.phones.followers.update(cast)
    showcase = Showcase(life.phones, life.after, cast, seed)
    showcase.plan(now)
    backoffice = Backoffice(life.phones, life.after)
    backoffice.plan(showcase.cast, now)

    said = 0

    def tick(done: int) -> None:
        nonlocal said
        if done - said >= SAY_EVERY:
            said = done
            share = (doors.clock.now - opening(now)) / (now - opening(now))
            say(f"{doors.clock.now:%m-%d} · {done:,} deeds · {life.orders:,} orders · {share:.0%}")

    await life.live(acts, now, tick)
    return Made(fans, len(acts), life.orders + showcase.orders + backoffice.orders)
