"""Reports put together: rows with names, ranks, costs; the employees' table as a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from tiefen.channels import queries
from tiefen.channels.queries import Row
from tiefen.channels.values import Grouping, Model
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.money import BP, yuan_cell
from tiefen.kernel.sheets import write_csv
from tiefen.team.service import record_audit, staff_briefs

_HEADINGS = (
    "排名", "姓名", "部门", "新增粉丝", "仍关注", "成交粉丝", "付款订单", "收货订单", "付款金额(元)",
    "收货金额(元)", "退款金额(元)", "净额(元)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What a person's codes brought in a period; orders count for the first source."""

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

    @property
    def net_fen(self) -> int:
        """Paid and not refunded."""
        return self.paid_fen - self.refunded_fen


async def results(tx: Tx, first: date, last: date) -> list[Result]:
    """Everybody who brought anything or owns a living code, the best first; four statements.

    Equal results share a rank.
    """
    rows = await queries.report(tx, Grouping.OWNER, first, last)
    owners = await queries.owners_of_codes(tx)
    people = await staff_briefs(tx, {*owners, *(int(key) for key in rows if key != "0")})
    found = [
        _result(rows.get(str(one.id), Row(str(one.id))), one.name, one.department, one.active)
        for one in people.values()
    ]
    found.sort(key=lambda one: (-one.net_fen, -one.fans, one.staff_id))
    ranked: list[Result] = []
    for place, one in enumerate(found, start=1):
        before = ranked[-1] if ranked else None
        same = before and (before.net_fen, before.fans) == (one.net_fen, one.fans)
        ranked.append(replace(one, rank=before.rank if before and same else place))
    return ranked


async def export_results(tx: Tx, actor: StaffActor, first: date, last: date) -> str:
    """The table as CSV for spreadsheets, without formulas in it; audited."""
    rows = await results(tx, first, last)
    period = {"first": first.isoformat(), "last": last.isoformat(), "rows": len(rows)}
    await record_audit(tx, actor, "channels.results_exported", "results", after=period)
    return write_csv([_HEADINGS, *map(_cells, rows)])


def add_up(rows: Iterable[Row], key: str = "") -> Row:
    """Several rows as one."""
    total = Row(key)
    for row in rows:
        for name, value in row.people.items():
            total.people[name] += value
        for model, sums in row.money.items():
            for name, value in sums.items():
                total.money[model][name] += value
        for name, value in row.opens.items():
            total.opens[name] += value
    return total


def whole_orders(sums: Mapping[str, int], name: str) -> int:
    """Orders under a model that never shares one."""
    return sums[name] // BP


def _result(row: Row, name: str, department: str, active: bool) -> Result:
    sums = row.money[Model.FIRST]
    return Result(
        staff_id=int(row.key),
        name=name,
        department=department,
        active=active,
        rank=0,
        fans=row.people["fans"],
        following=row.people["fans"] - row.people["gone"],
        buyers=row.people["buyers"],
        orders=whole_orders(sums, "orders_bp"),
        received_orders=whole_orders(sums, "received_bp"),
        paid_fen=sums["paid_fen"],
        received_fen=sums["received_fen"],
        refunded_fen=sums["refunded_fen"],
    )


def _cells(one: Result) -> tuple[object, ...]:
    amounts = (one.paid_fen, one.received_fen, one.refunded_fen, one.net_fen)
    return (
        one.rank, one.name, one.department, one.fans, one.following, one.buyers, one.orders,
        one.received_orders, *map(yuan_cell, amounts),
    )  # fmt: skip
