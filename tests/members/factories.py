"""Levels for tests, made through the room's own verbs."""

from datetime import datetime

from tests.catalog.factories import BOSS
from tests.fans.factories import say
from tiefen.kernel.db import Db
from tiefen.members import queries, service
from tiefen.members.service import LevelWanted
from tiefen.members.values import LevelRules
from tiefen.orders.events import OrderPaid, OrderReceived

RULES = LevelRules()


def wanted(*levels: tuple[str, int, int], gift: int | None = None) -> list[LevelWanted]:
    """Levels above the first: (name, threshold in yuan, off in bp); the last has the gift."""
    made = [LevelWanted(0, "普通会员", 0, 0, "", "#888888", None)]
    for place, (name, yuan, off) in enumerate(levels):
        last = place == len(levels) - 1
        made.append(
            LevelWanted(None, name, yuan * 100, off, "专属客服", "#c0c0c0", gift if last else None)
        )
    return made


async def ladder(
    db: Db,
    *levels: tuple[str, int, int],
    gift: int | None = None,
    rules: LevelRules = RULES,
) -> None:
    """Save levels."""
    async with db.merchant("demo") as tx:
        edits = (await queries.levels(tx)).edits
        new = wanted(*levels, gift=gift)
        # Whether the margin guard stands depends on whether anything composed the application before.
        await service.save_levels(tx, BOSS, new, rules, edits, falls=1_000_000, because="试一试")


async def bought(db: Db, fan_id: int, number: str, yuan: int, at: datetime) -> None:
    """An order paid and received."""
    fen = yuan * 100
    await say(
        db,
        OrderPaid(1, number, fan_id, fen, 1, at),
        OrderReceived(1, number, fan_id, fen, at),
        aggregate=f"order:{number}",
    )
