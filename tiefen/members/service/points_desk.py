"""Points at the merchant's desk: rules, and movements by hand."""

from dataclasses import asdict

from tiefen.fans import service as fans
from tiefen.fans.errors import FanMissing
from tiefen.kernel import ids
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.members import rules
from tiefen.members.errors import PointsEdited
from tiefen.members.models import PointsNote, PointsRulesRow
from tiefen.members.service.pointbook import add_lot, hold, move, take
from tiefen.members.service.points import points_rules, settle
from tiefen.members.service.pricing import guard_prices
from tiefen.members.values import PointsKind, PointsRules
from tiefen.team import service as team


async def save_points_rules(
    tx: Tx, actor: StaffActor, wanted: PointsRules, edits: int, because: str = ""
) -> None:
    """Save how points are earned and spent; what was earned before stays as it is.

    Points that pay more than before pass the margin guard, or take a reason (`because`). Raises
    PointsEdited, and what the guard raises.
    """
    row = await tx.get_one(PointsRulesRow, 1, with_for_update=True, populate_existing=True)
    if row.edits != edits:
        raise PointsEdited
    held = await points_rules(tx)
    before = asdict(held)
    row.edits = edits + 1
    row.earning, row.per_100, row.hold_days = wanted.earning, wanted.per_100, wanted.hold_days
    row.live_days, row.warn_days, row.worth_fen = (
        wanted.live_days,
        wanted.warn_days,
        wanted.worth_fen,
    )
    row.spending, row.cap_bp, row.from_fen = wanted.spending, wanted.cap_bp, wanted.from_fen
    row.without_product_ids = sorted(set(wanted.without_product_ids))
    row.without_category_ids = sorted(set(wanted.without_category_ids))
    await tx.flush()
    after = asdict(await points_rules(tx))
    if rules.pays_more(wanted, held):
        await guard_prices(tx, actor, because)
    await team.record_audit(
        tx, actor, "members.points_saved", "members:points", before, after, because
    )


async def move_by_hand(tx: Tx, actor: StaffActor, fan_id: int, points: int, reason: str) -> None:
    """Give points (> 0) or take them (< 0) with a reason. Given ones pay a debt first.

    Raises PointsShort, fans' FanMissing.
    """
    if not await fans.brief(tx, [fan_id]):
        raise FanMissing
    found = await points_rules(tx)
    person = await settle(tx, await hold(tx, fan_id), found)
    owed = min(points, person.debt) if points > 0 else 0
    kind = PointsKind.GIVEN if points > 0 else PointsKind.TAKEN
    moved = await move(
        tx, person.fan_id, kind, f"hand:{ids.token()}", available=points - owed, debt=-owed
    )
    if points > 0:
        await add_lot(
            tx,
            moved,
            person.fan_id,
            fan_id,
            kind,
            points,
            tx.now,
            freed_at=tx.now,
            expires_at=rules.expiry(tx.now, found),
            owed=owed,
        )
    else:
        await take(tx, moved, person.fan_id, -points)
    tx.add(PointsNote(move_id=moved.id, fan_id=person.fan_id, staff_id=actor.id, reason=reason))
    await tx.flush()
    shown = {"points": points, "available": moved.account.available}
    await team.record_audit(
        tx, actor, "members.points_moved", f"fan:{person.fan_id}", None, shown, reason
    )
