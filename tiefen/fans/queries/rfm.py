"""Reading scores: the grid, the groups, a fan's own."""

from collections.abc import Sequence

from sqlalchemy import exists, func, select

from tiefen.fans.models import Fan, Rfm, RfmRun
from tiefen.fans.values import RfmGroup
from tiefen.kernel.db import Tx

Cell = tuple[int, int, RfmGroup, int, int]
"""R, F, group, fans, what they paid and kept in fen."""


async def rfm_cells(tx: Tx) -> list[Cell]:
    """How many fans stand where, and what they spent; one statement.

    Records that were joined since the scores were made are few, and left out: that asks nothing of
    the table of fans but an index of those.
    """
    joined = exists().where(Fan.id == Rfm.fan_id, Fan.merged_into.is_not(None))
    rows = await tx.execute(
        select(Rfm.r, Rfm.f, Rfm.kind, func.count(), func.sum(Rfm.monetary_fen))
        .where(~joined)
        .group_by(Rfm.r, Rfm.f, Rfm.kind)
    )
    return [(r, f, group, fans, int(fen)) for r, f, group, fans, fen in rows]


async def rfm_runs(tx: Tx) -> tuple[RfmRun | None, RfmRun | None]:
    """The newest run that is done, and the one that is waited for."""
    newest = select(RfmRun).order_by(RfmRun.id.desc()).limit(1)
    fresh = newest.execution_options(populate_existing=True)
    done = await tx.scalar(fresh.where(RfmRun.done_at.is_not(None)))
    waiting = await tx.scalar(fresh.where(RfmRun.done_at.is_(None)))
    return done, waiting


async def rfm_of(tx: Tx, fan_id: int) -> Rfm | None:
    """A fan's scores; None = they bought nothing, or nobody was scored since."""
    found: Rfm | None = await tx.scalar(select(Rfm).where(Rfm.fan_id == fan_id))
    return found


async def rfm_groups(tx: Tx, fan_ids: Sequence[int]) -> dict[int, RfmGroup]:
    """The groups of these fans, of those who have scores; one statement."""
    rows = await tx.execute(select(Rfm.fan_id, Rfm.kind).where(Rfm.fan_id.in_(fan_ids)))
    return {row.fan_id: row.kind for row in rows}
