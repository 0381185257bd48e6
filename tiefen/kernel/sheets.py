"""Tables from and for spreadsheets: CSV in the encodings people have, and XLSX.

What is read is text and nothing else: no formula runs, no link is followed, and a file that would
unfold to more than it should is refused before it is unfolded.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from tiefen.kernel.errors import Invalid
from tiefen.kernel.text import plain_cell

MAX_LINES = 20_000
MAX_COLUMNS = 60
MAX_CELL = 5_000
_UNFOLDED = 200 * 1024 * 1024
BOM = "\ufeff"


class NotASheet(Invalid):
    """The upload is no table we can read."""

    code = "sheets.not_a_sheet"
    zh = "不是可用的表格：请上传 CSV 或 XLSX"
    en = "Not a usable table: upload CSV or XLSX"


class SheetTooLong(Invalid):
    """The upload has more lines or columns than one file may have."""

    code = "sheets.too_long"
    zh = "表格太大：最多 {lines} 行、{columns} 列，请分成几个文件"
    en = "The table is too large: at most {lines} lines and {columns} columns; split it"


def read(raw: bytes) -> list[list[str]]:
    """The lines of a CSV or of the first sheet of an XLSX, as trimmed text; empty lines are kept.

    Runs in a thread when it may be large. Raises NotASheet, SheetTooLong.
    """
    lines = _xlsx(raw) if raw.startswith(b"PK") else _csv(raw)
    while lines and not any(lines[-1]):
        lines.pop()
    return lines


def write_csv(rows: Iterable[Sequence[object]], *, first: bool = True) -> str:
    """Lines of a CSV that a Chinese spreadsheet opens as they are; `first` begins the file."""
    out = io.StringIO()
    csv.writer(out).writerows([plain_cell(cell) for cell in row] for row in rows)
    return (BOM if first else "") + out.getvalue()


def write_xlsx(title: str, rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook with one sheet; every cell is text or a number, never a formula."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append([cell if isinstance(cell, int) else plain_cell(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _csv(raw: bytes) -> list[list[str]]:
    if b"\0" in raw:
        raise NotASheet(field="file")
    text = _decoded(raw)
    head = text[: text.find("\n")] if "\n" in text else text
    comma = "\t" if "\t" in head and "," not in head else ","
    lines: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=comma):
            _keep(lines, row)
    except csv.Error as error:
        raise NotASheet(field="file") from error
    return lines


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotASheet(field="file")


def _xlsx(raw: bytes) -> list[list[str]]:
    lines: list[list[str]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as folded:
            if sum(part.file_size for part in folded.infolist()) > _UNFOLDED:
                raise SheetTooLong(field="file", lines=MAX_LINES, columns=MAX_COLUMNS)
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            _keep(lines, [_text(cell) for cell in row])
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise NotASheet(field="file") from error
    return lines


def _keep(lines: list[list[str]], row: Sequence[str]) -> None:
    cells = [cell.strip()[:MAX_CELL] for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    if len(lines) > MAX_LINES or len(cells) > MAX_COLUMNS:
        raise SheetTooLong(field="file", lines=MAX_LINES, columns=MAX_COLUMNS)
    lines.append(cells)


def _text(cell: object) -> str:
    """A cell as its reader sees it: whole numbers without a point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return format(cell, ".10f").rstrip("0").rstrip(".")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
