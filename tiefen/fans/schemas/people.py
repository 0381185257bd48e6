"""What the shop and the console send to and get from the fans room."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from tiefen.fans.schemas.rfm import RfmOut
from tiefen.fans.values import Author, Happening, IdentityPlatform, PersonalField, RfmGroup, Stage
from tiefen.kernel.http import IdIn, In, Out

Text40 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
PastKind = Literal["past_purchase"]
"""A purchase made elsewhere: it stands in a timeline, and is no line of it."""
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class OAuthUrl(Out):
    """Where to send the browser; WeChat brings it back with `code` and `state`."""

    url: str


class OAuthSignIn(In):
    """What WeChat put in the address."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    state: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class MiniSignIn(In):
    """What `wx.login` gave, and the scene of the code that opened the mini program."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    scene: Annotated[str, StringConstraints(max_length=32)] = ""


class ShopFan(Out):
    """The signed-in fan, as they see themselves."""

    id: int
    name: str
    nickname: str
    avatar_url: str
    phone_masked: str | None
    following: bool
    orders: int


class FanSession(Out):
    """A token for `Authorization: Bearer`, and whose it is."""

    token: str
    fan: ShopFan


class ShopFanPatch(In):
    """What fans may change about themselves; what is absent stays."""

    nickname: Text40 | None = None
    avatar_url: (
        Annotated[str, StringConstraints(max_length=500, pattern=r"^(https://|/)")] | None
    ) = None
    phone: Annotated[str, StringConstraints(max_length=20)] | None = None
    real_name: Text40 | None = None


class SourceOut(Out):
    """The first channel code a fan came through."""

    code_id: int
    name: str
    kind: str
    owner_staff_id: int | None


class FanOwnerOut(Out):
    """The member of staff who looks after a fan."""

    id: int
    name: str
    active: bool


class FanOwnerIn(In):
    """Who is to look after a fan from now on; None = nobody."""

    owner_staff_id: IdIn | None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class ChipOut(Out):
    """A tag on a fan, and why."""

    tag_id: int
    name: str
    author: Author
    reason: str
    at: datetime


class FanRow(Out):
    """A fan in the list."""

    id: int
    name: str
    avatar_url: str
    stage: Stage
    following: bool
    source: SourceOut | None
    owner: FanOwnerOut | None
    """who looks after them"""
    phone_masked: str | None
    remark: str
    joined_at: datetime
    last_seen_at: datetime
    last_paid_at: datetime | None
    follow_up_on: date | None
    """when staff want to turn to them; None = nothing is planned"""
    follow_up_note: str
    orders: int
    received_orders: int
    paid_fen: int
    refunded_fen: int
    interactions: int
    level_id: int
    """the member level; 0 = the one everybody begins on"""
    rfm_group: RfmGroup | None
    """None = bought nothing, or nobody was scored since"""
    tags: list[ChipOut]


class IdentityOut(Out):
    """One id of a fan on one platform. The openid itself stays inside."""

    id: int
    platform: IdentityPlatform
    app_id: str
    openid_tail: str
    """the last four characters, enough to tell two apart"""
    has_unionid: bool
    following: bool
    followed_at: datetime | None
    unfollowed_at: datetime | None


class WecomIn(In):
    """An external contact of the merchant's company in 企业微信."""

    corp_id: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^w[wx][A-Za-z0-9]{8,32}$")
    ]
    external_userid: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^w[mo][A-Za-z0-9_-]{18,62}$")
    ]


class EvidenceOut(Out):
    """One fact behind a stage, or one missing for the next: `have` of `need`."""

    fact: str
    have: int
    need: int
    within_days: int | None = None
    either: bool = False
    """one of several of which one is enough"""


class StandingOut(Out):
    """The stage, why, and the distance to the next."""

    stage: Stage
    since: datetime
    because: list[EvidenceOut]
    next_stage: Stage | None
    missing: list[EvidenceOut]
    due: date | None
    """the first day on which days alone may change the stage"""


class FanDetail(FanRow):
    """A fan's page."""

    real_name_masked: str | None
    identities: list[IdentityOut]
    standing: StandingOut
    region_code: str
    """the national code of the district their newest paid order went to; "" = unknown"""
    merged_ids: list[int]
    """records that were joined into this one"""
    past_orders: int
    """purchases made elsewhere before, as imported; not among `orders`"""
    past_fen: int
    past_first_at: datetime | None
    past_last_at: datetime | None
    rfm: RfmOut | None


class FanPatch(In):
    """What staff may note."""

    remark: Note


class FollowUpIn(In):
    """What is to be done for a fan, and on which day."""

    due_on: date
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class FollowUpDone(In):
    """What came of it; it stands in the timeline."""

    result: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class LineOut(Out):
    """One line of the timeline."""

    id: int
    kind: Happening | PastKind
    at: datetime
    ref: str
    amount_fen: int
    data: dict[str, Any]


class Reveal(In):
    """Which field, and why: the reason is kept in the audit log."""

    field: PersonalField
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class Revealed(Out):
    """One personal field in clear."""

    field: PersonalField
    value: str


class StageCountOut(Out):
    """How many fans stand where."""

    stage: Stage
    fans: int = Field(ge=0)
