"""What the console and the staff phone get about what channels brought."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from tiefen.channels.values import AppealState, CodeForm, CodeKind, CodeState, Grouping
from tiefen.fans.values import Happening, Stage
from tiefen.kernel.http import IdIn, In, Out

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=300)]
Weight = Annotated[int, Field(strict=True, ge=0, le=1_000)]


class PeopleOut(Out):
    """People a source brought in the period, by the day of their first touch, and how far they have
    come since. Scans and follows are touches of the period."""

    scans: int
    follows: int
    fans: int
    ruled: int
    """of the fans, those a decision on an appeal put here"""
    gone: int
    visited: int
    ordered: int
    buyers: int
    receivers: int
    keepers: int


class MoneyOut(Out):
    """Orders paid in the period, whatever became of them since. Orders are ten-thousandths, because
    several sources may share one."""

    orders_bp: int
    received_bp: int
    paid_fen: int
    received_fen: int
    refunded_fen: int
    net_fen: int
    """paid and not refunded"""


class ModelsOut(Out):
    """The same orders under every model."""

    first: MoneyOut
    last: MoneyOut
    linear: MoneyOut
    rule: MoneyOut


class CostOut(Out):
    """What the period cost, by the people it brought; payback is about everything since the first
    cost."""

    cost_fen: int
    """of the period: a cost for several days counts by the day"""
    per_fan_fen: int | None
    """None without a cost or a fan in the period"""
    per_buyer_fen: int | None
    total_fen: int
    """of all days"""
    payback_days: int | None
    """None while what was kept does not cover everything"""


class AttributionRow(Out):
    """A code, a kind, an owner or a campaign of links. `key` "0" (a kind: "") = came by themselves,
    or nobody's; "" of campaigns = links without one."""

    key: str
    name: str
    kind: CodeKind | None
    people: PeopleOut
    money: ModelsOut
    cost: CostOut | None
    hits: int
    """how often a campaign's links were opened by people; 0 in reports by anything else"""
    entered: int
    """of these: came on inside WeChat"""


class AttributionReport(Out):
    """Every source of a period under all models. `rest` sums what is beyond the rows."""

    as_of: datetime
    first: date
    last: date
    by: Grouping
    rows: list[AttributionRow]
    rest: AttributionRow | None
    total: AttributionRow


class SharedOrderOut(Out):
    """An order behind a number, with what the source gets of it."""

    order_id: int
    order_no: str
    fan_id: int
    fan_name: str
    paid_at: datetime
    code_name: str
    weight_bp: int
    paid_fen: int
    refunded_fen: int
    received: bool


class SourceFanOut(Out):
    """A fan behind a number."""

    fan_id: int
    name: str
    stage: Stage
    at: datetime
    code_name: str
    ruled: bool
    following: bool
    visited: bool
    ordered: bool
    buyer: bool
    receiver: bool
    keeper: bool


class WeightsIn(In):
    """The merchant's own model."""

    first: Weight
    middle: Weight
    last: Weight
    window_days: Annotated[int, Field(strict=True, ge=1, le=730)] | None
    kinds: dict[CodeKind, Weight] = Field(default_factory=dict)


class WeightsPublish(In):
    """Weights to publish; `based_on` is the version they were made from."""

    weights: WeightsIn
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    based_on: Annotated[int, Field(strict=True, ge=0)]


class WeightSetOut(Out):
    """A published version, and how far orders have been shared by it."""

    version: int
    note: str
    published_by: str
    published_at: datetime
    orders: int
    looked_at: int
    applied_at: datetime | None


class WeightsOut(Out):
    """The weights that count now; version 0 = those a merchant begins with."""

    version: int
    weights: WeightsIn
    history: list[WeightSetOut]


class AppealIn(In):
    """The fan, and the code they really came through."""

    fan_id: IdIn
    code_id: IdIn
    reason: Reason


class AppealDecision(In):
    """Granted or not, and why."""

    grant: bool
    decision: Reason


class AppealOut(Out):
    """An appeal with both sides."""

    id: int
    fan_id: int
    fan_name: str
    code_id: int
    code_name: str
    stands_name: str
    """where the fan came from when the appeal was made; empty = by themselves"""
    reason: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    state: AppealState
    decided_by: str
    decided_at: datetime | None
    decision: str
    mine: bool


class ResultRow(Out):
    """What a person or a department brought in a period."""

    staff_id: int
    name: str
    department: str
    active: bool
    rank: int
    fans: int
    following: int
    buyers: int
    orders: int
    received_orders: int
    paid_fen: int
    received_fen: int
    refunded_fen: int
    net_fen: int


class DepartmentRow(Out):
    """The sum of a department's people."""

    department: str
    staff: int
    fans: int
    following: int
    buyers: int
    orders: int
    received_orders: int
    paid_fen: int
    received_fen: int
    refunded_fen: int
    net_fen: int


class ResultsOut(Out):
    """Employees' results; the first source counts."""

    as_of: datetime
    first: date
    last: date
    rows: list[ResultRow]
    departments: list[DepartmentRow]


class MyCode(Out):
    """A code of one's own."""

    id: int
    name: str
    kind: CodeKind
    form: CodeForm
    state: CodeState
    scans: int
    fans: int
    url: str


class MyFigures(Out):
    """One's own figures of a period."""

    fans: int
    following: int
    buyers: int
    orders: int
    received_orders: int
    paid_fen: int
    refunded_fen: int
    net_fen: int


class MyResults(Out):
    """What one's own codes brought, and one's place among all who own codes."""

    as_of: datetime
    today: MyFigures
    month: MyFigures
    before: MyFigures
    """of the whole month before this one"""
    rank: int | None
    of: int
    codes: list[MyCode]


class MyFan(Out):
    """A fan of one's own codes, masked."""

    fan_id: int
    name: str
    stage: Stage
    at: datetime
    following: bool
    buyer: bool
    ruled: bool


class QuietFanOut(Out):
    """A fan who sleeps or is lost, the last thing they did and the last code they met."""

    fan_id: int
    name: str
    avatar_url: str
    stage: Stage
    following: bool
    last_seen_at: datetime
    orders: int
    paid_fen: int
    last_kind: Happening | None
    last_at: datetime | None
    last_code: str
    last_code_at: datetime | None
