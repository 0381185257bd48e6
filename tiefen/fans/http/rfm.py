"""Routes of recency, frequency and money."""

from collections import Counter
from typing import Annotated

from fastapi import Depends

from tiefen.fans import queries, service
from tiefen.fans.schemas import CohortOut, RepeatOut, RfmBoard, RfmCellOut, RfmGroupOut
from tiefen.fans.values import RfmGroup
from tiefen.kernel.auth import StaffActor, staff
from tiefen.kernel.db import Tx
from tiefen.kernel.http import REFUSALS, TxDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

console = Routes(prefix="/api/console", tags=["fans"], responses=REFUSALS)

Reader = Annotated[StaffActor, Depends(staff(Permission.FANS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.FANS_WRITE))]


@console.get("/rfm", operation_id="getRfm")
async def get_rfm(tx: TxDep, _: Reader) -> RfmBoard:
    """How recently, how often and for how much fans bought; who came back."""
    return await _board(tx)


@console.post("/rfm/runs", operation_id="runRfm", status_code=202)
async def run_rfm(tx: TxDep, _: Writer) -> RfmBoard:
    """Score everybody anew, now; the page says when it is done."""
    await service.ask_rfm(tx)
    return await _board(tx)


async def _board(tx: Tx) -> RfmBoard:
    done, waiting = await queries.rfm_runs(tx)
    fans: Counter[tuple[int, int]] = Counter()
    spend: Counter[tuple[int, int]] = Counter()
    of_group: Counter[RfmGroup] = Counter()
    spend_of_group: Counter[RfmGroup] = Counter()
    for r, f, group, count, fen in await queries.rfm_cells(tx):
        fans[r, f] += count
        spend[r, f] += fen
        of_group[group] += count
        spend_of_group[group] += fen
    return RfmBoard(
        day=done.day if done else None,
        done_at=done.done_at if done else None,
        waiting=waiting is not None,
        fans=await queries.everyone(tx),
        buyers=sum(fans.values()),
        all_buyers=done.all_buyers if done else 0,
        grid=[
            RfmCellOut(r=r, f=f, fans=fans[r, f], spend_fen=spend[r, f])
            for r in range(5, 0, -1)
            for f in range(1, 6)
        ],
        groups=[
            RfmGroupOut(group=one, fans=of_group[one], spend_fen=spend_of_group[one])
            for one in RfmGroup
        ],
        repeat=[RepeatOut(**one) for one in done.repeat] if done else [],
        cohorts=[CohortOut(**one) for one in done.cohorts] if done else [],
    )
