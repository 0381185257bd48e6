"""What the shop and the console send to and get from the analytics room."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from tiefen.analytics.values import HitKind, LoopStep, TodoKind
from tiefen.fans.values import Stage
from tiefen.kernel.http import In, Out

Word = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_.:\-]*$")]


class HitIn(In):
    """One tracked behaviour. No query strings: they may hold what is nobody's business."""

    kind: HitKind = HitKind.VIEW
    page: Annotated[str, Field(min_length=1, max_length=120, pattern=r"^/[^?#]*$")]
    target: Word = ""
    source: Word = ""


class HitsIn(In):
    """A batch of hits from one page. `visitor` is a chance id the browser keeps for itself."""

    visitor: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_\-]+$")]
    hits: list[HitIn] = Field(min_length=1, max_length=50)


class FiguresOut(Out):
    """The figures of a period. Money is fen; shares are basis points."""

    new_fans: int
    unfollows: int
    hits: int
    visitors: int
    orders: int
    paid_orders: int
    paid_fen: int
    refunds: int
    refunded_fen: int
    buyers: int
    conversion_bp: int | None


class DayOut(FiguresOut):
    """The figures of one day."""

    day: date


class MonthOut(Out):
    """The last 30 days."""

    active_fans: int
    payments: int
    paid_fen: int
    refunded_fen: int


class LoopRowOut(Out):
    """A step of the loop: who did it in the period, and which share of the step before did too."""

    step: LoopStep
    fans: int
    of_previous: int
    previous: int
    kept_bp: int | None


class LoopOut(Out):
    """Where the loop leaks; `worst` is the step that loses the largest share."""

    days: int
    rows: list[LoopRowOut]
    worst: LoopStep | None


class TodoOut(Out):
    """How much of a thing waits."""

    kind: TodoKind
    count: int
    amount_fen: int | None


class StageOut(Out):
    """How many fans stand where."""

    stage: Stage
    fans: int


class CoreOut(Out):
    """The share of core fans among all followers and buyers, against the target."""

    core: int
    fans: int
    share_bp: int | None
    target_bp: int


class Overview(Out):
    """The first page: what needs me now, how it goes, where the loop leaks."""

    as_of: datetime
    today: FiguresOut
    yesterday: FiguresOut
    week: FiguresOut
    last_week: FiguresOut
    month: MonthOut
    trend: list[DayOut]
    loop: LoopOut
    todos: list[TodoOut]
    stages: list[StageOut]
    core: CoreOut
