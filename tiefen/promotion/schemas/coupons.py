"""Coupons over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StrictBool

from tiefen.kernel.http import FenIn, IdIn, In, Out
from tiefen.kernel.text import OneLine, Prose
from tiefen.promotion.rules import terms_of
from tiefen.promotion.schemas.activities import BpIn, NamedSku, ScopeIO
from tiefen.promotion.values import CouponKind, CouponStatus, CouponWay, GiftState, TemplateStatus

Count = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Reason = Annotated[Prose, Field(min_length=1, max_length=100)]


class CouponTermsIO(In):
    """What a coupon gives. Each kind reads its own fields."""

    off_fen: FenIn = 0
    off_bp: BpIn = 0
    cap_fen: FenIn = 0
    from_fen: FenIn = 0
    sku_id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)] = 0
    pieces: Annotated[int, Field(strict=True, ge=1, le=99)] = 1
    scope: ScopeIO
    group_id: Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)] = 0


class CouponIn(In):
    """A kind of coupon as the editor sends it. `days` from receipt, or an end; 0 = no limit."""

    kind: CouponKind
    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    terms: CouponTermsIO
    days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 0
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    claimable: StrictBool = False
    claim_from: AwareDatetime | None = None
    claim_until: AwareDatetime | None = None
    stock: Count = 0
    per_fan: Annotated[int, Field(strict=True, ge=0, le=9_999)] = 1
    budget_fen: FenIn = 0


class CouponSave(CouponIn):
    """A change to the kind that was opened at `edits`."""

    edits: Annotated[int, Field(strict=True, ge=1)]


class CodesIn(In):
    """So many codes, each worth `most` coupons; `word` makes one code that reads like this."""

    count: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    most: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    word: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")] | None = None


class GiveIn(In):
    """Whom to give one coupon each: the picked fans, or all who wear a tag or stand in a segment."""

    fan_ids: Annotated[list[IdIn], Field(max_length=1_000)] | None = None
    tag_id: IdIn | None = None
    segment_id: IdIn | None = None
    skip_holders: StrictBool = True
    """Leave out who holds an unused one of the kind."""
    reason: Reason

    def audience(self) -> dict[str, Any]:
        """As the gift keeps it."""
        if self.fan_ids is not None:
            chosen: dict[str, Any] = {"fan_ids": sorted(set(self.fan_ids))}
        elif self.tag_id is not None:
            chosen = {"rule": {"field": "tag", "op": "in", "value": [self.tag_id]}}
        elif self.segment_id is not None:
            chosen = {"rule": {"field": "segment", "op": "in", "value": [self.segment_id]}}
        else:
            chosen = {"fan_ids": []}
        return {**chosen, "skip_holders": self.skip_holders}


class TakeBackIn(In):
    """Why a coupon is taken away."""

    reason: Reason


class RedeemIn(In):
    """A code as the fan types it."""

    code: Annotated[str, Field(min_length=4, max_length=40)]


class CouponRow(Out):
    """A kind of coupon in the list."""

    id: int
    kind: CouponKind
    status: TemplateStatus
    name: str
    label: str
    days: int
    starts_at: datetime | None
    ends_at: datetime | None
    claimable: bool
    stock: int
    issued: int
    used: int
    spent_fen: int
    budget_fen: int
    updated_at: datetime


class CouponOut(CouponRow):
    """A kind of coupon in full."""

    terms: CouponTermsIO
    claim_from: datetime | None
    claim_until: datetime | None
    per_fan: int
    edits: int
    held: int
    expired: int
    taken_back: int
    fans: int
    promised_fen: int | None
    """What those not used yet may still cost at most; null where a percent has no cap."""
    floor_fen: int | None
    approved_because: str
    skus: list[NamedSku]
    products: list["NamedOut"]


class NamedOut(Out):
    """A product a coupon names."""

    product_id: int
    name: str


class CouponDay(Out):
    """What happened on one day."""

    day: str
    issued: int
    used: int
    saved_fen: int


class CouponResults(Out):
    """How a kind of coupon fares, by day and by the way fans came by it."""

    days: list[CouponDay]
    ways: dict[str, int]


class HolderOut(Out):
    """One coupon and whose it is."""

    id: int
    fan_id: int
    fan_name: str
    avatar_url: str
    status: CouponStatus
    way: CouponWay
    reason: str
    received_at: datetime
    ends_at: datetime
    order_no: str | None
    saved_fen: int
    used_at: datetime | None
    returned_from: str
    returned_at: datetime | None


class CouponCodeOut(Out):
    """A code and how often it was redeemed."""

    code: str
    most: int
    redeemed: int
    created_at: datetime


class CodesOut(Out):
    """New codes."""

    codes: list[str]


class GiftOut(Out):
    """Coupons given to many, and how far it is."""

    id: int
    state: GiftState
    reason: str
    total: int
    done: int
    given: int
    trouble: str
    staff_name: str
    created_at: datetime
    ended_at: datetime | None


class ShopCoupon(Out):
    """A kind of coupon a fan may take."""

    id: int
    kind: CouponKind
    name: str
    label: str
    scope_text: str
    valid_text: str
    left: int | None
    """Null: no limit."""
    mine: int
    """So many the fan took already."""
    can_claim: bool
    claim_until: datetime | None


class MyCoupon(Out):
    """One of the fan's own coupons."""

    id: int
    kind: CouponKind
    status: CouponStatus
    name: str
    label: str
    scope_text: str
    product_id: int | None
    """Where to use it, when it is for one product."""
    starts_at: datetime
    ends_at: datetime
    order_no: str | None
    note: str
    """What happened to it, when that needs words."""


class MyCoupons(Out):
    """The fan's coupons of one state, and how many there are of each."""

    items: list[MyCoupon]
    held: int
    used: int
    over: int


def terms_io(body: dict[str, Any]) -> CouponTermsIO:
    """Stored terms as the editor reads them."""
    return CouponTermsIO.model_validate(terms_of(body), from_attributes=True)
