"""The copy of a person's data: one folder with JSON for programs and pages for people."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tiefen.kernel.text import plain_cell

Chapter = tuple[str, str, Sequence[Mapping[str, Any]]]
"""table, its name, its rows"""

_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;margin:2rem;max-width:70rem}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem;display:block;overflow-x:auto}"
    "td,th{border:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}"
)


def package(title: str, about: str, chapters: Sequence[Chapter]) -> bytes:
    """A ZIP of `data.json`, one CSV a chapter and `index.html`; chapters without rows are left out.

    The same input gives the same bytes.
    """
    kept = [chapter for chapter in chapters if chapter[2]]
    told = {name: [plain(row) for row in rows] for name, _, rows in kept}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        _add(folder, "data.json", json.dumps(told, ensure_ascii=False, indent=1, default=str))
        _add(folder, "index.html", _page(title, about, kept))
        for name, _, rows in kept:
            _add(folder, f"{name}.csv", "\ufeff" + _sheet(rows))
    return made.getvalue()


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it."""
    return {
        key: value
        if value is None or isinstance(value, str | int | bool | list | dict)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
        for key, value in row.items()
    }


def _add(folder: zipfile.ZipFile, name: str, text: str) -> None:
    folder.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text.encode())


def _words(value: Any) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _sheet(rows: Sequence[Mapping[str, Any]]) -> str:
    written = io.StringIO()
    sheet = csv.writer(written)
    sheet.writerow(rows[0].keys())
    for row in rows:
        sheet.writerow([plain_cell(_words(value)) for value in plain(row).values()])
    return written.getvalue()


def _page(title: str, about: str, chapters: Sequence[Chapter]) -> str:
    parts = [
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(about)}</p>",
    ]
    for _, name, rows in chapters:
        heads = "".join(f"<th>{escape(key)}</th>" for key in rows[0])
        lines = "".join(
            "<tr>" + "".join(f"<td>{escape(_words(v))}</td>" for v in plain(row).values()) + "</tr>"
            for row in rows
        )
        parts.append(f"<h2>{escape(name)} · {len(rows)}</h2><table><tr>{heads}</tr>{lines}</table>")
    return "".join(parts)
