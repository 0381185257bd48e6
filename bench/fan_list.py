"""The first page of the fan list by every filter and order, against the same page unfiltered."""

import statistics
import time

from bench.crowd import FANS, crowd
from bench.harness import MERCHANT, Installation, Result
from tiefen.fans import queries, service
from tiefen.fans.values import FanSort, RfmGroup, Stage

ROUNDS = 7
RULE = {
    "all": [
        {"did": "bought", "of": ["7"], "days": 90},
        {"field": "stage", "op": "in", "value": ["user", "fan", "core"]},
    ]
}
FILTERS: dict[str, queries.Filter] = {
    "all": queries.Filter(),
    "stage": queries.Filter(stage=Stage.CORE),
    "following": queries.Filter(following=False),
    "source": queries.Filter(source_code_id=17),
    "stage_source": queries.Filter(stage=Stage.LOST, source_code_id=17, following=True),
    "tag": queries.Filter(tag_id=1),
    "rare_tag": queries.Filter(tag_id=50, stage=Stage.CORE),
    "name": queries.Filter(query="粉丝5999"),
    "owner": queries.Filter(owner_staff_id=1),
    "owner_few": queries.Filter(owner_staff_id=40),
    "owner_nobody": queries.Filter(owner_staff_id=99),
    "owner_stage": queries.Filter(owner_staff_id=40, stage=Stage.CORE),
    "owner_name": queries.Filter(owner_staff_id=1, query="粉丝59"),
    "owner_level": queries.Filter(owner_staff_id=1, level_id=3),
    "level": queries.Filter(level_id=3),
    "level_stage": queries.Filter(level_id=1, stage=Stage.LOST),
    "rfm": queries.Filter(rfm_group=RfmGroup.GONE),
    "rfm_stage": queries.Filter(rfm_group=RfmGroup.CHAMPION, stage=Stage.LOST),
}


async def run() -> list[Result]:
    """One line: the slowest of all filters and orders, and which it was."""
    async with crowd() as home:
        return await measure(home)


async def measure(home: Installation) -> list[Result]:
    """On a crowd that is there."""
    async with home.db.merchant(MERCHANT) as tx:
        if await service.rfm_is_due(tx):
            await service.run_rfm_now(tx)
    medians: dict[str, float] = {}
    for name, wanted in [*FILTERS.items(), ("rule", queries.Filter())]:
        for sort in FanSort:
            times = []
            for _ in range(ROUNDS):
                async with home.db.merchant(MERCHANT) as tx:
                    rule = await service.read_rule(tx, RULE) if name == "rule" else None
                    began = time.perf_counter()
                    await queries.fan_list(tx, wanted, sort, after=None, limit=50, rule=rule)
                    times.append((time.perf_counter() - began) * 1000)
            medians[f"{name}/{sort.value}"] = statistics.median(times[1:])
    times = []
    for _ in range(ROUNDS):
        async with home.db.merchant(MERCHANT) as tx:
            began = time.perf_counter()
            await queries.planned(tx, 1, None, after=None, limit=20)
            times.append((time.perf_counter() - began) * 1000)
    medians["follow_ups"] = statistics.median(times[1:])
    slowest = max(medians, key=lambda name: medians[name])
    limit = medians["all/newest"]
    ranked = sorted(medians.items(), key=lambda pair: -pair[1])[:8]
    note = f"{FANS:,} fans; slowest: " + ", ".join(f"{name} {ms:.0f}" for name, ms in ranked)
    owned = {name: ms for name, ms in medians.items() if name.startswith("owner")}
    slow = max(owned, key=lambda name: owned[name])
    note += f"; by owner at most {owned[slow]:.0f} ({slow}), due {medians['follow_ups']:.0f}"
    ratio = limit / medians[slowest]
    return [
        Result("fan_list", medians[slowest], "ms", limit, ratio, "make bench ONLY=fan_list", note)
    ]
