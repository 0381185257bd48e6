"""What fans from before had bought at the shop's old system, brought in as its export.

The old system's table names openids, as 有赞's and 微盟's do; it goes through the console's import.
"""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiefen.demo import plan
from tiefen.demo.doors import DemoRefused, Doors
from tiefen.demo.goods import GOODS
from tiefen.demo.shopkeeping import OWNER
from tiefen.kernel.days import CHINA
from tiefen.kernel.money import yuan_cell

SOURCE = "有赞"
BUYER_SHARE = 0.11
"""How many of those who followed before had bought something by then."""
MOST = 14
HEADING = ("订单号", "付款时间", "openid", "商品名称", "数量", "实付金额")


@dataclass(frozen=True, slots=True)
class Past:
    """A purchase at the old system."""

    fan: int
    at: datetime
    place: int
    quantity: int
    fen: int


def purchases(seed: int, count: int, opening: datetime) -> list[Past]:
    """Who of `count` fans bought what before the opening, in order of time: few come often."""
    draw = random.Random(f"history {seed} {count}")
    then = plan.earlier(seed, count, opening)
    made: list[Past] = []
    for since, fan in sorted(draw.sample(then, int(len(then) * BUYER_SHARE))):
        at = since
        for _ in range(min(1 + int(draw.paretovariate(1.3) - 1), MOST)):
            at += timedelta(seconds=draw.expovariate(1 / (45 * 86_400)))
            if at >= opening - timedelta(days=1):
                break
            place = draw.choices(range(len(GOODS)), [one.pull for one in GOODS])[0]
            variant = draw.choice(GOODS[place].variants)
            quantity = draw.choice((1, 1, 1, 2, 3))
            made.append(Past(fan, at, place, quantity, variant.price_fen * quantity))
    return sorted(made, key=lambda one: (one.at, one.fan))


def table(made: Sequence[Past], openids: dict[int, str]) -> bytes:
    """The old system's export."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(HEADING)
    for number, one in enumerate(made, start=1):
        when = f"{one.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        name = GOODS[one.place].name
        lines.writerow(
            (
                f"E{one.at:%Y%m%d}{number:06}",
                when,
                openids[one.fan],
                name,
                one.quantity,
                yuan_cell(one.fen),
            )
        )
    return out.getvalue().encode("utf-8-sig")


async def import_history(
    doors: Doors, phones: Sequence[int], *, seed: int, opening: datetime
) -> None:
    """Bring them in through the console. Raises DemoRefused when it does not end."""
    made = purchases(seed, len(phones), opening)
    if not made:
        return
    openids = {}
    for fan in sorted({one.fan for one in made}):
        chat = await doors.phone("GET", f"fans/{phones[fan]}/chats/{doors.app_id}")
        openids[fan] = chat["openid"]
    taken = await doors.hand_in(OWNER, "purchase-imports", "export.csv", table(made, openids))
    path = f"purchase-imports/{taken['id']}"
    await doors.console(OWNER, "POST", f"{path}/check", columns=taken["columns"], source=SOURCE)
    await doors.work()
    await doors.console(OWNER, "POST", f"{path}/run")
    await doors.work()
    done = await doors.console(OWNER, "GET", path)
    if done["added"] != len(made):
        raise DemoRefused(f"of {len(made)} purchases {done['added']} came in: {done['faults']}")
    doors.say(f"{done['added']:,} purchases from the old system brought in")
