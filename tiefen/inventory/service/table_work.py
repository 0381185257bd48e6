"""The steps of an import of stock: lines tried out, lines done, lines taken back.

A step locks the rows of stock it looks at in the order in which orders lock theirs, decides by
rules, and writes with the guard that orders hold their pieces by.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.inventory import rules
from tiefen.inventory.models import BundlePart, Location, StockImport, StockImportLine
from tiefen.inventory.service import tables
from tiefen.inventory.service.moving import OPEN
from tiefen.inventory.values import (
    ImportMode,
    LineFault,
    Lying,
    MovementReason,
    StockFault,
    StockImportState,
    StockLine,
    StockLineFate,
)
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.team import service as team

CHECKED_AT_ONCE = 5_000
DONE_AT_ONCE = 500
"""Lines of one commit: few, because their rows are locked for as long."""
UNDONE_MARK = "-UNDO"
_LYING = """
    SELECT s.sku_id, s.location_id, s.on_hand, s.reserved, s.safety,
        coalesce(w.warn_at, -1) AS warn_at
    FROM unnest($1::bigint[], $2::bigint[]) AS t(sku_id, location_id)
    JOIN stock s ON s.sku_id = t.sku_id AND s.location_id = t.location_id
    LEFT JOIN low_stock w ON w.sku_id = s.sku_id AND w.location_id = s.location_id
    ORDER BY s.sku_id, s.location_id
"""
_HELD = _LYING + " FOR NO KEY UPDATE OF s"
_CHANGE = """
    UPDATE stock s SET on_hand = s.on_hand + t.change, safety = coalesce(t.safety, s.safety)
    FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[])
        AS t(sku_id, location_id, change, safety)
    WHERE s.sku_id = t.sku_id AND s.location_id = t.location_id
        AND (t.change >= 0 OR s.on_hand + t.change >= s.reserved)
    RETURNING s.sku_id
"""
"""The guard of every change by hand: none takes pieces that orders hold."""
_MOVE = """
    INSERT INTO movement (sku_id, location_id, quantity, on_hand_after, reason, reference, actor,
        note, at)
    SELECT sku_id, location_id, quantity, after, reason, $6, $7, $8, $9
    FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::text[])
        AS t(sku_id, location_id, quantity, after, reason)
    ORDER BY sku_id, location_id
"""
_WARN = """
    INSERT INTO low_stock (sku_id, location_id, warn_at)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[]) ORDER BY 1, 2
    ON CONFLICT (sku_id, location_id) DO UPDATE SET warn_at = excluded.warn_at
"""
_WARN_NO_MORE = """
    DELETE FROM low_stock w USING unnest($1::bigint[], $2::bigint[]) AS t(sku_id, location_id)
    WHERE w.sku_id = t.sku_id AND w.location_id = t.location_id
"""
_NOTE = """
    UPDATE stock_import_line l SET fate = t.fate, faults = t.faults, sku_id = t.sku_id,
        location_id = t.location_id, number = t.number, was = t.was, safety = t.safety,
        warn_at = t.warn_at, change = t.change, before = t.before
    FROM jsonb_to_recordset($2::jsonb) AS t(line int, fate text, faults jsonb, sku_id bigint,
        location_id bigint, number int, was int, safety int, warn_at int, change int, before jsonb)
    WHERE l.import_id = $1 AND l.line = t.line
"""
_REPEATED = """
    WITH again AS (
        SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS place
        FROM stock_import_line WHERE import_id = $1 AND fate IN ('change', 'same')
        WINDOW same AS (PARTITION BY sku_id, location_id ORDER BY line)
    ), noted AS (
        UPDATE stock_import_line l
        SET fate = 'wrong', faults = jsonb_build_array(jsonb_build_array('repeated', a.first))
        FROM again a WHERE a.place > 1 AND l.import_id = $1 AND l.line = a.line
        RETURNING l.change, (SELECT o.fate FROM stock_import_line o
            WHERE o.import_id = $1 AND o.line = l.line) AS was
    )
    SELECT count(*) FILTER (WHERE was = 'change') AS changes,
        count(*) FILTER (WHERE was = 'same') AS same,
        coalesce(sum(greatest(change, 0)), 0)::bigint AS came,
        coalesce(sum(greatest(-change, 0)), 0)::bigint AS went
    FROM noted
"""
"""Of lines about the same SKU at the same place the first counts; what the others would have done."""


@dataclass(slots=True)
class _Line:
    """A line at work: what it says, and what becomes of it."""

    line: int
    fate: StockLineFate
    sku_id: int | None = None
    location_id: int | None = None
    number: int | None = None
    was: int | None = None
    safety: int | None = None
    warn_at: int | None = None
    change: int = 0
    before: list[int] | None = None
    faults: list[LineFault] = field(default_factory=list)

    @property
    def at(self) -> tuple[int, int]:
        """Which row of stock it is about. Of lines that are not wrong."""
        assert self.sku_id is not None
        assert self.location_id is not None
        return self.sku_id, self.location_id

    def refuse(self, *faults: LineFault) -> None:
        """It is wrong, and does nothing."""
        self.fate, self.faults, self.change = StockLineFate.WRONG, list(faults), 0

    def kept(self) -> dict[str, Any]:
        """As `_NOTE` takes it."""
        names = ("line", "sku_id", "location_id", "number", "was", "safety", "warn_at", "change")
        return {
            **{name: getattr(self, name) for name in names},
            "fate": self.fate.value,
            "before": self.before,
            "faults": [[one.fault.value, one.n] for one in self.faults],
        }


async def step_table(tx: Tx, import_id: int, state: str, after: int) -> None:
    """Do the next lines of an import and leave the rest to another job. Safe to run twice."""
    row = await tx.get(StockImport, import_id, with_for_update=True)
    if row is None or row.state != state or row.last_line != after:
        return
    match row.state:
        case StockImportState.CHECKING:
            await _check(tx, row)
        case StockImportState.RUNNING:
            await _run(tx, row)
        case StockImportState.UNDOING:
            await _undo(tx, row)
        case _:
            return
    row.moved_at = tx.now
    failpoint("inventory.import.step")


async def _check(tx: Tx, row: StockImport) -> None:
    """Read the next lines and say what they would change now; nothing does."""
    found = (
        await tx.execute(
            select(StockImportLine.line, StockImportLine.cells)
            .where(StockImportLine.import_id == row.id, StockImportLine.line > row.last_line)
            .order_by(StockImportLine.line)
            .limit(CHECKED_AT_ONCE)
        )
    ).all()
    lines = await _read(tx, row, [(number, cells) for number, cells in found])
    await _judge(tx, row, lines, _LYING)
    await _note(tx, row, lines)
    row.wrong += sum(one.fate is StockLineFate.WRONG for one in lines)
    _count(row, lines, StockLineFate.CHANGE)
    row.looked_at += len(lines)
    if len(lines) == CHECKED_AT_ONCE:
        row.last_line = lines[-1].line
        tables.next_step(tx, row)
        return
    (again,) = await tx.rows(_REPEATED, row.id)
    row.wrong += again["changes"] + again["same"]
    row.changed -= again["changes"]
    row.same -= again["same"]
    row.pieces_in -= again["came"]
    row.pieces_out -= again["went"]
    row.state = StockImportState.CHECKED


async def _run(tx: Tx, row: StockImport) -> None:
    """Do the next lines, as things lie at this moment."""
    lines = await _next(tx, row, (StockLineFate.CHANGE, StockLineFate.SAME))
    good = [one for one in lines if one.fate is not StockLineFate.WRONG]
    await _need(tx, good)
    good = [one for one in good if one.fate is not StockLineFate.WRONG]
    await _open(tx, good)
    lying = await _judge(tx, row, good, _HELD)
    await _still_plain(tx, good)
    done = [one for one in good if one.fate is StockLineFate.CHANGE]
    for one in done:
        now = lying[one.at]
        one.fate, one.before = StockLineFate.CHANGED, [now.on_hand, now.safety, now.warn_at]
    await _write(tx, row, done, lying, {one.line: one.change for one in done}, undo=False)
    await _note(tx, row, lines)
    row.wrong += sum(one.fate is StockLineFate.WRONG for one in lines)
    _count(row, good, StockLineFate.CHANGED)
    await _end_step(tx, row, lines, StockImportState.DONE)
    await _audit(tx, row, len(done))


async def _undo(tx: Tx, row: StockImport) -> None:
    """Take the next lines back, as differences, where the pieces are still there."""
    lines = await _next(tx, row, (StockLineFate.CHANGED,))
    await _open(tx, lines)
    lying = await _look(tx, lines, _HELD)
    backs: dict[int, int] = {}
    for one in lines:
        back = rules.take_back(one.change, lying[one.at])
        if back is None:
            one.fate, one.faults = StockLineFate.STUCK, [LineFault(StockFault.STUCK)]
        else:
            one.fate, backs[one.line] = StockLineFate.UNDONE, back
    done = [one for one in lines if one.fate is StockLineFate.UNDONE]
    await _write(tx, row, [_reversed(one, lying[one.at]) for one in done], lying, backs, undo=True)
    await _note(tx, row, lines)
    row.undone += len(done)
    row.stuck += len(lines) - len(done)
    await _end_step(tx, row, lines, StockImportState.UNDONE)
    await _audit(tx, row, len(done))


async def _read(
    tx: Tx, row: StockImport, found: Sequence[tuple[int, Sequence[Any]]]
) -> list[_Line]:
    """What lines say, with the SKUs and locations they name."""
    places = rules.columns([str(cell) for cell in row.heading], row.mode)
    said = {
        number: rules.read_line([str(cell) for cell in cells], places, row.mode)
        for number, cells in found
    }
    good = {number: one for number, one in said.items() if isinstance(one, StockLine)}
    skus = await catalog.skus_by_code(tx, {one.code for one in good.values()})
    bundles = await _bundles(tx, skus.values())
    named = {
        _folded(name): location_id
        for location_id, name in await tx.execute(
            select(Location.id, Location.name).where(Location.active)
        )
    }
    lines = []
    for number, one in said.items():
        line = _Line(number, StockLineFate.UNREAD)
        lines.append(line)
        if not isinstance(one, StockLine):
            line.refuse(*one)
            continue
        line.sku_id = skus.get(one.code)
        line.location_id = named.get(_folded(one.place)) if one.place else row.location_id
        line.number, line.was, line.safety, line.warn_at = (
            one.number,
            one.was,
            one.safety,
            one.warn_at,
        )
        faults = [
            *([] if line.sku_id else [LineFault(StockFault.CODE_UNKNOWN)]),
            *([LineFault(StockFault.BUNDLE)] if line.sku_id in bundles else []),
            *([] if line.location_id else [LineFault(StockFault.LOCATION)]),
        ]
        if faults:
            line.refuse(*faults)
    return lines


async def _next(tx: Tx, row: StockImport, fates: Collection[StockLineFate]) -> list[_Line]:
    """The next lines of these fates, as they were read."""
    names = ("line", "fate", "sku_id", "location_id", "number", "was", "safety", "warn_at")
    found = await tx.execute(
        select(
            *(getattr(StockImportLine, name) for name in names),
            StockImportLine.change,
            StockImportLine.before,
        )
        .where(
            StockImportLine.import_id == row.id,
            StockImportLine.line > row.last_line,
            StockImportLine.fate.in_(fates),
        )
        .order_by(StockImportLine.line)
        .limit(DONE_AT_ONCE)
    )
    return [_Line(**one._mapping) for one in found]


async def _judge(
    tx: Tx, row: StockImport, lines: Sequence[_Line], statement: str
) -> dict[tuple[int, int], Lying]:
    """Say of each line that is not wrong what it changes, by what lies there."""
    good = [one for one in lines if one.fate is not StockLineFate.WRONG]
    lying = await _look(tx, good, statement)
    for one in good:
        now = lying[one.at]
        change = rules.worth(row.mode, one.number, one.was, now)
        if isinstance(change, LineFault):
            one.refuse(change)
            continue
        one.change = change
        kept = (one.safety in (None, now.safety)) and (one.warn_at in (None, now.warn_at))
        one.fate = StockLineFate.SAME if kept and not change else StockLineFate.CHANGE
    return lying


async def _look(tx: Tx, lines: Sequence[_Line], statement: str) -> dict[tuple[int, int], Lying]:
    """What lies where the lines are about; nothing where nothing ever lay."""
    asked = sorted({one.at for one in lines})
    rows = await tx.rows(statement, [sku for sku, _ in asked], [place for _, place in asked])
    lying = dict.fromkeys(asked, Lying())
    for found in rows:
        lying[found["sku_id"], found["location_id"]] = Lying(
            found["on_hand"], found["reserved"], found["safety"], found["warn_at"]
        )
    return lying


async def _need(tx: Tx, lines: Sequence[_Line]) -> None:
    """Lines about a location that was closed meanwhile are wrong; nobody closes the others now."""
    found = await tx.scalars(
        select(Location.id)
        .where(Location.id.in_({one.location_id for one in lines}), Location.active)
        .with_for_update(read=True, key_share=True)
    )
    open_ones = set(found)
    for one in lines:
        if one.location_id not in open_ones:
            one.refuse(LineFault(StockFault.LOCATION))


async def _still_plain(tx: Tx, lines: Sequence[_Line]) -> None:
    """Lines about a SKU that became a bundle meanwhile are wrong. Its rows are locked by now."""
    bundles = await _bundles(tx, [one.at[0] for one in lines])
    for one in lines:
        if one.sku_id in bundles:
            one.refuse(LineFault(StockFault.BUNDLE))


async def _bundles(tx: Tx, sku_ids: Iterable[int]) -> set[int]:
    found = await tx.scalars(
        select(BundlePart.bundle_id).where(BundlePart.bundle_id.in_(set(sku_ids))).distinct()
    )
    return set(found)


async def _open(tx: Tx, lines: Sequence[_Line]) -> None:
    """Give SKUs a row where nothing of them ever lay, location by location, in their order."""
    for location_id in sorted({one.at[1] for one in lines}):
        wanted = sorted(one.at[0] for one in lines if one.at[1] == location_id)
        await tx.rows(OPEN, wanted, [location_id])


async def _write(
    tx: Tx,
    row: StockImport,
    done: Sequence[_Line],
    lying: Mapping[tuple[int, int], Lying],
    changes: Mapping[int, int],
    *,
    undo: bool,
) -> None:
    """Change stock, note each change of pieces as a movement, and set lines of warning."""
    done = sorted(done, key=lambda one: one.at)
    where = [one.at[0] for one in done], [one.at[1] for one in done]
    pieces = [changes[one.line] for one in done]
    written = await tx.rows(_CHANGE, *where, pieces, [one.safety for one in done])
    if len(written) != len(done):
        raise RuntimeError("a locked row changed")
    moved = [one for one in done if changes[one.line]]
    await tx.rows(
        _MOVE,
        [one.at[0] for one in moved],
        [one.at[1] for one in moved],
        [changes[one.line] for one in moved],
        [lying[one.at].on_hand + changes[one.line] for one in moved],
        [_reason(row.mode, one.change).value for one in moved],
        row.import_no + (UNDONE_MARK if undo else ""),
        f"staff:{row.staff_id}",
        row.reference,
        tx.now,
    )
    warned = [one for one in done if one.warn_at is not None and one.warn_at >= 0]
    await tx.rows(
        _WARN,
        [one.at[0] for one in warned],
        [one.at[1] for one in warned],
        [one.warn_at for one in warned],
    )
    quiet = [one for one in done if one.warn_at == -1]
    await tx.rows(_WARN_NO_MORE, [one.at[0] for one in quiet], [one.at[1] for one in quiet])


def _reversed(one: _Line, now: Lying) -> _Line:
    """The line that brings back what was before, where nobody has changed it since."""
    _, safety, warn_at = one.before or [0, 0, -1]
    return _Line(
        line=one.line,
        fate=one.fate,
        sku_id=one.sku_id,
        location_id=one.location_id,
        change=one.change,
        safety=safety if one.safety == now.safety else None,
        warn_at=warn_at if one.warn_at == now.warn_at else None,
    )


def _reason(mode: ImportMode, change: int) -> MovementReason:
    """Why pieces come or go by a line; when it is undone they go or come for the same reason."""
    if mode is ImportMode.SET:
        return MovementReason.COUNTED
    return MovementReason.RECEIVED if change > 0 else MovementReason.LOST


async def _note(tx: Tx, row: StockImport, lines: Sequence[_Line]) -> None:
    kept = msgspec.json.encode([one.kept() for one in lines]).decode()
    await tx.rows(_NOTE, row.id, kept)


def _count(row: StockImport, lines: Iterable[_Line], fate: StockLineFate) -> None:
    for one in lines:
        row.same += one.fate is StockLineFate.SAME
        row.changed += one.fate is fate
        row.pieces_in += max(one.change, 0)
        row.pieces_out += max(-one.change, 0)


async def _end_step(
    tx: Tx, row: StockImport, lines: Sequence[_Line], last: StockImportState
) -> None:
    row.looked_at += len(lines)
    if len(lines) == DONE_AT_ONCE:
        row.last_line = lines[-1].line
        tables.next_step(tx, row)
    else:
        row.state, row.ended_at = last, tx.now


async def _audit(tx: Tx, row: StockImport, lines: int) -> None:
    """Last, because whoever writes the log next waits for this commit."""
    actor = StaffActor(row.staff_id, row.staff_name, frozenset())
    await team.record_audit(
        tx,
        actor,
        "inventory.import_step",
        f"stock_import:{row.import_no}",
        after={"state": row.state.value, "lines": lines},
        reason=row.reference,
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
