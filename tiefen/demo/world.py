"""A demo world: one shop, its fans, sixty days; made once, then kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiefen.demo import plan
from tiefen.demo.doors import Doors
from tiefen.demo.living import Life
from tiefen.demo.shopkeeping import CODES, open_shop

SAY_EVERY = 500


@dataclass(frozen=True, slots=True)
class Made:
    """What a finished world holds, for the log."""

    fans: int
    deeds: int
    orders: int


def opening(now: datetime) -> datetime:
    """When the demo shop opened: a day before the first fan."""
    return now - timedelta(days=plan.DAYS + 1)


async def make(
    doors: Doors, *, password: str, fans: int, seed: int, now: datetime, say: Callable[[str], None]
) -> Made:
    """Live through sixty days up to `now`. The owner exists; the clock stands at `opening(now)`.

    Raises DemoRefused when a door refuses the script.
    """
    shop = await open_shop(doors, password)
    acts = plan.acts(seed, fans, len(CODES), now)
    life = Life(doors, shop, plan.people(seed, fans), seed)

    said = 0

    def tick(done: int) -> None:
        nonlocal said
        if done - said >= SAY_EVERY:
            said = done
            share = (doors.clock.now - opening(now)) / (now - opening(now))
            say(f"{doors.clock.now:%m-%d} · {done:,} deeds · {life.orders:,} orders · {share:.0%}")

    await life.live(acts, now, tick)
    return Made(fans, len(acts), life.orders)
