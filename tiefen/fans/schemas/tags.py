"""Tags and bulk actions at the edge."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.fans.values import Author, BulkDeed, BulkState, FactKind, RfmGroup, Stage, SyncState
from tiefen.kernel.http import IdIn, In, Out

TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
GroupName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=30)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Days = Annotated[int, Field(strict=True, ge=1, le=3650)]
Picked = Annotated[list[IdIn], Field(min_length=1, max_length=10_000)]
RuleIn = Annotated[dict[str, Any], Field(description="a tree of all, any, not, field and did")]


class TagIn(In):
    """A new tag."""

    name: TagName
    group_name: GroupName = ""
    shared: bool = False


class TagPatch(In):
    """What of a tag may change; what is absent stays."""

    name: TagName | None = None
    group_name: GroupName | None = None
    shared: bool | None = None


class TagMerge(In):
    """The tag that stays."""

    into_id: IdIn


class TagCode(Out):
    """A channel code that gives the tag."""

    code_id: int
    name: str


class TagRuleOut(Out):
    """Behaviour that gives a tag."""

    id: int
    tag_id: int
    fact: FactKind
    subject: str
    times: int
    within_days: int | None
    keep_days: int | None
    active: bool


class TagRuleIn(In):
    """So many deeds of a kind within so many days give the tag, for so many days after the last."""

    tag_id: IdIn
    fact: FactKind
    subject: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    times: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    within_days: Days | None = None
    keep_days: Days | None = None


class TagOut(Out):
    """A tag with who wears it and what gives it."""

    id: int
    name: str
    group_name: str
    shared: bool
    platform_id: int | None
    trouble: str
    fans: int
    codes: list[TagCode]
    rules: list[TagRuleOut]


class TagSyncOut(Out):
    """A reading of the 公众号's tags."""

    id: int
    state: SyncState
    left: int
    read: int
    added: int
    removed: int
    unknown: int
    trouble: str
    started_at: datetime
    ended_at: datetime | None


class TagPage(Out):
    """All tags and how the last reading went."""

    tags: list[TagOut]
    sync: TagSyncOut | None


class TaggingOut(Out):
    """A tag a fan wears, and why."""

    tag_id: int
    name: str
    group_name: str
    author: Author
    staff_name: str
    reason: str
    at: datetime
    expires_at: datetime | None


class TaggingIn(In):
    """Put a tag on or take it off."""

    tag_id: IdIn
    wears: bool
    reason: Reason = ""


class Narrow(In):
    """A filter of the fan list."""

    query: Annotated[str, StringConstraints(max_length=64)] | None = None
    stage: Stage | None = None
    following: bool | None = None
    source_code_id: IdIn | None = None
    tag_id: IdIn | None = None
    segment_id: IdIn | None = None
    rfm_group: RfmGroup | None = None
    owner_staff_id: IdIn | None = None
    level_id: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


class BulkIn(In):
    """A deed, and to whom: the picked fans, or all whom a filter and a rule find."""

    deed: BulkDeed
    tag_id: IdIn | None = None
    segment_id: IdIn | None = None
    owner_staff_id: IdIn | None = None
    """whom to give them to; None = nobody"""
    by_source: bool = False
    """`own` only: whom nobody looks after goes to whose first code it was"""
    reason: Reason = ""
    fan_ids: Picked | None = None
    filter: Narrow | None = None
    rule: RuleIn | None = None


class BulkSize(Out):
    """How many fans a deed would take up now."""

    fans: int


class BulkOut(Out):
    """A deed done to many fans."""

    id: int
    deed: BulkDeed
    what: str
    state: BulkState
    total: int
    done: int
    changed: int
    trouble: str
    staff_name: str
    created_at: datetime
    ended_at: datetime | None
