"""Tables from and for spreadsheets: CSV in the encodings people have, and XLSX.

What is read is text and nothing else: no formula runs, no link is followed, and a file that would
unfold to more than it should is refused before it is unfolded.
"""

import asyncio
import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO

import openpyxl
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from tiefen.kernel.errors import Invalid
from tiefen.kernel.text import plain_cell

MAX_LINES = 20_000
MAX_COLUMNS = 60
MAX_CELL = 5_000
MOST_LINES = 3_000_000
"""Of a file that is read line by line and never held whole."""
_UNFOLDED = 200 * 1024 * 1024
_UNFOLDED_STREAM = 1024 * 1024 * 1024
BOM = "\ufeff"
_MEASURED, _WIDEST = 200, 48
_BOLD = Font(bold=True)
_SHAPES = (
    (int, "0"),
    (Decimal, "0.00"),
    (datetime, "yyyy-mm-dd hh:mm:ss"),
    (date, "yyyy-mm-dd"),
)
"""What stays a number in a workbook, and how it looks; a time is a day too, so it comes first."""


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


def stream(file: BinaryIO) -> Iterator[list[str]]:
    """As `read`, line by line and in flat memory, for files of millions of lines; runs in a thread.

    Raises NotASheet, SheetTooLong, also when some lines have been read.
    """
    file.seek(0)
    folded = file.read(2) == b"PK"
    file.seek(0)
    lines = _stream_xlsx(file) if folded else _stream_csv(file)
    for number, row in enumerate(lines):
        cells = _cells(row)
        if number > MOST_LINES or len(cells) > MAX_COLUMNS:
            raise SheetTooLong(field="file", lines=MOST_LINES, columns=MAX_COLUMNS)
        yield cells


async def batches(
    rows: Iterator[list[str]], size: int, *, first: int = 2
) -> AsyncIterator[list[tuple[int, list[str]]]]:
    """The lines of a stream, some at a time, each with the number a spreadsheet gives it.

    Empty lines are counted and left out. Reading runs in a thread. Raises what the stream raises.
    """
    while batch := await asyncio.to_thread(lambda: list(islice(rows, size))):
        yield [(first + n, cells) for n, cells in enumerate(batch) if any(cells)]
        first += len(batch)


def bare_heading(cell: str) -> str:
    """A heading as it is compared: width, case, spaces and what stands in brackets do not matter."""
    plain = unicodedata.normalize("NFKC", cell).strip().lower()
    return re.sub(r"[\s_*]|[(\[].*$", "", plain)


def padded(cells: Sequence[Any], width: int) -> list[str]:
    """The cells of a line, as many as there are headings."""
    return [str(cell) for cell in cells[:width]] + [""] * (width - len(cells))


def write_csv(rows: Iterable[Sequence[object]], *, first: bool = True) -> str:
    """Lines of a CSV that a Chinese spreadsheet opens as they are; `first` begins the file."""
    out = io.StringIO()
    csv.writer(out).writerows([plain_cell(cell) for cell in row] for row in rows)
    return (BOM if first else "") + out.getvalue()


def write_xlsx(title: str, rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook with one sheet whose first line is the heading.

    Whole numbers, amounts (Decimal), days and times without a zone stay what they are, so that a
    spreadsheet adds them up and sorts them; all else is text, never a formula.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    rest = iter(rows)
    shown = list(islice(rest, _MEASURED))
    for column in range(max(map(len, shown), default=0)):
        wide = max(_width(row[column]) for row in shown if len(row) > column)
        sheet.column_dimensions[get_column_letter(column + 1)].width = min(wide, _WIDEST) + 2
    for place, row in enumerate(chain(shown, rest)):
        cells = [_cell(sheet, cell) for cell in row]
        for cell in cells if place == 0 else ():
            cell.font = _BOLD
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _shape(value: object) -> str:
    """How a number or a day looks in a workbook; empty for all else."""
    return next((shape for kind, shape in _SHAPES if isinstance(value, kind)), "")


def _cell(sheet: Any, value: Any) -> Cell:
    shape = _shape(value)
    if not shape:
        return WriteOnlyCell(sheet, plain_cell(value))
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = shape
    return cell


def _width(value: object) -> int:
    """In letters; a Chinese one is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in str(value))


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


def _stream_csv(file: BinaryIO) -> Iterator[list[str]]:
    encoding = _encoding(file)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        head = text.readline()
        text.seek(0)
        comma = "\t" if "\t" in head and "," not in head else ","
        yield from csv.reader(text, delimiter=comma)
    except csv.Error as error:
        raise NotASheet(field="file") from error
    finally:
        text.detach()


def _encoding(file: BinaryIO) -> str:
    """The first encoding that all of the file is in, found block by block."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while block := file.read(1024 * 1024):
                if b"\0" in block:
                    raise NotASheet(field="file")
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        file.seek(0)
        return encoding
    raise NotASheet(field="file")


def _stream_xlsx(file: BinaryIO) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(file) as folded:
            if sum(part.file_size for part in folded.infolist()) > _UNFOLDED_STREAM:
                raise SheetTooLong(field="file", lines=MOST_LINES, columns=MAX_COLUMNS)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in row]
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise NotASheet(field="file") from error


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
    cells = _cells(row)
    if len(lines) > MAX_LINES or len(cells) > MAX_COLUMNS:
        raise SheetTooLong(field="file", lines=MAX_LINES, columns=MAX_COLUMNS)
    lines.append(cells)


def _cells(row: Sequence[str]) -> list[str]:
    """Trimmed, without empty ones at the end."""
    cells = [cell.strip()[:MAX_CELL] for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell: object) -> str:
    """A cell as its reader sees it: whole numbers without a point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return format(cell, ".10f").rstrip("0").rstrip(".")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
