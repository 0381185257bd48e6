"""The tables of the fans room, by chapter."""

from tiefen.fans.models.attributes import Attribute, AttributeValue
from tiefen.fans.models.facts import Fact, Topic, folded
from tiefen.fans.models.imports import FollowerImport, ListedFollower
from tiefen.fans.models.past import (
    ABOUT_SQL,
    PEOPLE_SQL,
    SUMS_SQL,
    PastCustomer,
    PastImport,
    PastPart,
    PastPurchase,
)
from tiefen.fans.models.people import (
    COUNTED_SQL,
    Fan,
    Identity,
    Line,
    Merge,
    Source,
    Union,
    UsedState,
    counted,
)
from tiefen.fans.models.places import Place, PlaceSetting, Point
from tiefen.fans.models.privacy import PersonRequest
from tiefen.fans.models.rfm import Rfm, RfmRun
from tiefen.fans.models.segments import Bulk, BulkTarget, Member, Segment
from tiefen.fans.models.stages import DAY_SQL, FanDay, StageMove, StageRuleSet
from tiefen.fans.models.tags import CodeTag, Tag, TagChange, Tagging, TagRule, TagSeen, TagSync

__all__ = [
    "ABOUT_SQL",
    "COUNTED_SQL",
    "DAY_SQL",
    "PEOPLE_SQL",
    "SUMS_SQL",
    "Attribute",
    "AttributeValue",
    "Bulk",
    "BulkTarget",
    "CodeTag",
    "Fact",
    "Fan",
    "FanDay",
    "FollowerImport",
    "Identity",
    "Line",
    "ListedFollower",
    "Member",
    "Merge",
    "PastCustomer",
    "PastImport",
    "PastPart",
    "PastPurchase",
    "PersonRequest",
    "Place",
    "PlaceSetting",
    "Point",
    "Rfm",
    "RfmRun",
    "Segment",
    "Source",
    "StageMove",
    "StageRuleSet",
    "Tag",
    "TagChange",
    "TagRule",
    "TagSeen",
    "TagSync",
    "Tagging",
    "Topic",
    "Union",
    "UsedState",
    "counted",
    "folded",
]
