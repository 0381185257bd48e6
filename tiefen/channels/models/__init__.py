"""The tables of the channels room, by chapter."""

from tiefen.channels.models.batches import CodeBatch
from tiefen.channels.models.codes import RECOUNT_SQL, Attribution, ChannelCode, Credit, Touch
from tiefen.channels.models.costs import CodeCost
from tiefen.channels.models.links import Link, LinkDay, Visit
from tiefen.channels.models.live import LiveCode, LiveMember, LivePick
from tiefen.channels.models.prints import CodePrint
from tiefen.channels.models.results import (
    INCOME_SQL,
    PEOPLE_SQL,
    Appeal,
    AttributionRules,
    FanAct,
    FanSource,
    FormerOwner,
    Income,
    Reach,
    Ruling,
    Share,
)

__all__ = [
    "INCOME_SQL",
    "PEOPLE_SQL",
    "RECOUNT_SQL",
    "Appeal",
    "Attribution",
    "AttributionRules",
    "ChannelCode",
    "CodeBatch",
    "CodeCost",
    "CodePrint",
    "Credit",
    "FanAct",
    "FanSource",
    "FormerOwner",
    "Income",
    "Link",
    "LinkDay",
    "LiveCode",
    "LiveMember",
    "LivePick",
    "Reach",
    "Ruling",
    "Share",
    "Touch",
    "Visit",
]
