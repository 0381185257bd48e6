"""Goods that only some fans may buy."""

from collections.abc import Iterable, Mapping, Sequence

from tiefen.catalog.values import SkuBrief
from tiefen.fans import service as fans
from tiefen.kernel.db import Tx
from tiefen.promotion.values import Problem, ProblemKind


async def shut_out(
    tx: Tx, carts: Sequence[tuple[int, Iterable[int]]], briefs: Mapping[int, SkuBrief]
) -> dict[int, frozenset[int]]:
    """Fan → those of the SKUs wanted that are not for this fan; no statement when all are for all."""
    closed = {
        sku_id: brief
        for sku_id, brief in briefs.items()
        if brief.only_stages or brief.only_segments
    }
    asking = {fan_id for fan_id, wanted in carts if not closed.keys().isdisjoint(wanted)}
    if not asking:
        return {}
    segments = {one for brief in closed.values() for one in brief.only_segments}
    standing = await fans.standings(tx, asking, segments)
    return {
        fan_id: frozenset(
            sku_id
            for sku_id in wanted
            if sku_id in closed
            and not _may(closed[sku_id], *standing.get(fan_id, ("", frozenset())))
        )
        for fan_id, wanted in ((fan_id, set(them)) for fan_id, them in carts if fan_id in asking)
    }


def problems(shut: Iterable[int], briefs: Mapping[int, SkuBrief]) -> list[Problem]:
    """Why these lines cannot be ordered by this fan."""
    return [
        Problem(
            ProblemKind.MEMBERS,
            sku_id,
            briefs[sku_id].product_id,
            briefs[sku_id].product_name,
            0,
            0,
        )
        for sku_id in sorted(shut)
    ]


def _may(brief: SkuBrief, stage: str, segments: frozenset[int]) -> bool:
    return stage in brief.only_stages or not segments.isdisjoint(brief.only_segments)
