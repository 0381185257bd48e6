"""What is read of imports of stock, and of stock as a table."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, select

from tiefen.catalog import service as catalog
from tiefen.inventory.errors import StockImportMissing
from tiefen.inventory.models import Location, StockImport, StockImportLine
from tiefen.inventory.rules import BY_ID, COLUMNS
from tiefen.inventory.schemas import (
    StockChangeOut,
    StockFaultOut,
    StockImportDetail,
    StockImportOut,
)
from tiefen.inventory.values import (
    STOCK_FAULT_WORDS,
    ImportMode,
    StockFault,
    StockField,
    StockImportState,
    StockLineFate,
)
from tiefen.kernel import sheets
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import language

SHOWN, SHOWN_LINES, PAGE = 20, 50, 1_000
STALLED = timedelta(minutes=5)
_STANDS = (StockImportState.RUNNING, StockImportState.STOPPED, StockImportState.DONE)
_AT_WORK = (StockImportState.CHECKING, StockImportState.RUNNING, StockImportState.UNDOING)
_HEADINGS = {
    ImportMode.SET: (
        ("规格编码", "商品", "规格", "仓库", "在库", "导出时在库", "占用", "待发", "安全库存", "预警线"),
        (
            "SKU code", "Product", "Spec", "Location", "On hand", "Was on hand", "Reserved", "To send",
            "Safety stock", "Warn at",
        ),
    ),
    ImportMode.ADD: (
        ("规格编码", "商品", "规格", "仓库", "增减", "在库"),
        ("SKU code", "Product", "Spec", "Location", "Change", "On hand"),
    ),
}  # fmt: skip
_PAGE = """
    SELECT s.sku_id, s.location_id, l.name, s.on_hand, s.reserved, s.safety, w.warn_at,
        coalesce(r.unsent, 0) AS unsent
    FROM stock s JOIN location l ON l.id = s.location_id
    LEFT JOIN low_stock w ON w.sku_id = s.sku_id AND w.location_id = s.location_id
    LEFT JOIN LATERAL (
        SELECT sum(quantity - sent - back)::bigint AS unsent FROM reservation r
        WHERE r.sku_id = s.sku_id AND r.location_id = s.location_id
            AND r.state = 'converted' AND r.sent + r.back < r.quantity
    ) r ON true
    WHERE (s.sku_id, s.location_id) > ($1, $2) AND ($3::bigint IS NULL OR s.location_id = $3)
        AND l.active AND NOT EXISTS (SELECT FROM bundle_part b WHERE b.bundle_id = s.sku_id)
    ORDER BY s.sku_id, s.location_id LIMIT $4
"""

Place = tuple[int, int]
"""The last SKU and location of a page."""


async def imports(tx: Tx) -> list[StockImportOut]:
    """The newest imports. Two statements."""
    rows = await tx.scalars(
        select(StockImport)
        .order_by(StockImport.id.desc())
        .limit(SHOWN)
        .execution_options(populate_existing=True)
    )
    names = await _names(tx)
    return [_shown(tx, row, names) for row in rows]


async def one_import(tx: Tx, import_id: int) -> StockImportDetail:
    """One import with its first faults and changes. Raises StockImportMissing."""
    row = await _one(tx, import_id)
    wrong = await tx.scalars(_wrong(import_id).limit(SHOWN_LINES))
    moved = (
        await tx.scalars(
            select(StockImportLine)
            .where(
                StockImportLine.import_id == import_id,
                StockImportLine.fate.in_((StockLineFate.CHANGE, StockLineFate.CHANGED)),
            )
            .order_by(StockImportLine.line)
            .limit(SHOWN_LINES)
            .execution_options(populate_existing=True)
        )
    ).all()
    names = await _names(tx)
    briefs = await catalog.skus(tx, [one.sku_id for one in moved if one.sku_id])
    checked = row.state is StockImportState.CHECKED
    return StockImportDetail(
        **_shown(tx, row, names).model_dump(),
        known_as=await same_table(tx, row) if checked else None,
        faults=[
            StockFaultOut(line=one.line, code=_code(row, one), faults=_said(one)) for one in wrong
        ],
        changes=[
            StockChangeOut(
                line=one.line,
                sku_id=one.sku_id or 0,
                product_name=briefs[one.sku_id or 0].product_name,
                spec_text=briefs[one.sku_id or 0].spec_text,
                location_name=names.get(one.location_id or 0, ""),
                before=one.before[0] if one.before else None,
                change=one.change,
            )
            for one in moved
        ],
    )


async def fault_page(
    tx: Tx, import_id: int, after: int
) -> tuple[list[str], list[list[str]], int | None]:
    """The file's heading, its next wrong lines as they came with what is wrong, and the last one's
    number; None: there are no more. Raises StockImportMissing."""
    row = await _one(tx, import_id)
    heading = [str(cell) for cell in row.heading]
    found = (
        await tx.scalars(_wrong(import_id).where(StockImportLine.line > after).limit(PAGE))
    ).all()
    joint = "; " if language.get() == "en" else "；"
    lines = [
        [*sheets.padded(one.cells, len(heading)), str(one.line), joint.join(_said(one))]
        for one in found
    ]
    return heading, lines, found[-1].line if len(found) == PAGE else None


def stock_heading(mode: ImportMode) -> list[str]:
    """The headings of stock as a table, in the order of `stock_page`."""
    zh, en = _HEADINGS[mode]
    return list(en if language.get() == "en" else zh)


async def stock_page(
    tx: Tx, mode: ImportMode, after: Place, location_id: int | None
) -> tuple[list[list[object]], Place | None]:
    """The next lines of stock as a table, and the last one's place; None: these were the last."""
    rows = await tx.rows(_PAGE, *after, location_id, PAGE)
    briefs = await catalog.skus(tx, {row["sku_id"] for row in rows})
    lines: list[list[object]] = []
    for row in rows:
        brief = briefs[row["sku_id"]]
        named: list[object] = [
            brief.code or f"{BY_ID}{brief.id}",
            brief.product_name,
            brief.spec_text,
            row["name"],
        ]
        warn_at = "" if row["warn_at"] is None else row["warn_at"]
        numbers: list[object] = (
            [row["on_hand"], row["on_hand"], row["reserved"], row["unsent"], row["safety"], warn_at]
            if mode is ImportMode.SET
            else ["", row["on_hand"]]
        )
        lines.append([*named, *numbers])
    last = (rows[-1]["sku_id"], rows[-1]["location_id"]) if len(rows) == PAGE else None
    return lines, last


async def same_table(tx: Tx, row: StockImport) -> str | None:
    """The number of an import that said the same under the same reference and stands."""
    found: str | None = await tx.scalar(
        select(StockImport.import_no)
        .where(
            StockImport.digest == row.digest,
            StockImport.id != row.id,
            StockImport.state.in_(_STANDS),
        )
        .order_by(StockImport.id.desc())
        .limit(1)
    )
    return found


async def _one(tx: Tx, import_id: int) -> StockImport:
    row = await tx.get(StockImport, import_id, populate_existing=True)
    if row is None:
        raise StockImportMissing
    return row


def _wrong(import_id: int) -> Select[StockImportLine]:
    return (
        select(StockImportLine)
        .where(
            StockImportLine.import_id == import_id,
            StockImportLine.fate.in_((StockLineFate.WRONG, StockLineFate.STUCK)),
        )
        .order_by(StockImportLine.line)
        .execution_options(populate_existing=True)
    )


async def _names(tx: Tx) -> dict[int, str]:
    return dict((await tx.execute(select(Location.id, Location.name))).all())


def _code(row: StockImport, one: StockImportLine) -> str:
    """What the line calls its SKU, as it stands in the file."""
    headings = [sheets.bare_heading(str(cell)) for cell in row.heading]
    at = next((headings.index(name) for name in COLUMNS[StockField.CODE] if name in headings), 0)
    return str(one.cells[at]) if at < len(one.cells) else ""


def _said(one: StockImportLine) -> list[str]:
    """What is wrong with a line, in the reader's words."""
    which = 1 if language.get() == "en" else 0
    said: Sequence[tuple[str, int | None]] = [(fault, n) for fault, n in one.faults]
    return [STOCK_FAULT_WORDS[StockFault(fault)][which].format(n=n) for fault, n in said]


def _shown(tx: Tx, row: StockImport, names: dict[int, str]) -> StockImportOut:
    plain = {
        name: getattr(row, name)
        for name in StockImportOut.model_fields
        if name not in ("location_name", "stalled")
    }
    return StockImportOut(
        **plain,
        location_name=names.get(row.location_id, ""),
        stalled=row.state in _AT_WORK and tx.now - row.moved_at > STALLED,
    )
