"""What a phone fetches before the shop's first page stands: bytes after gzip, against the budget."""

import gzip
import re
from pathlib import Path

from bench.harness import ROOT, Result

BUDGET_KB = 140.0
SHOP = ROOT / "tiefen" / "faces" / "shop"


def first_load() -> dict[str, int]:
    """Files the entry page names, and what those scripts import statically → bytes after gzip."""
    entry = SHOP / "index.html"
    todo, seen = [entry], {}
    while todo:
        file = todo.pop()
        if file in seen or not file.is_file():
            continue
        text = file.read_bytes()
        seen[file] = len(gzip.compress(text, 9))
        if file.suffix == ".html":
            todo += [
                _beside(entry, link)
                for link in re.findall(r'(?:src|href)="([^"]+)"', text.decode())
            ]
        elif file.suffix == ".js":
            links = re.findall(
                r'(?:^|[;}\s])import\s*(?:[^"\'()]*?from\s*)?["\']([^"\']+)["\']', text.decode()
            )
            todo += [_beside(file, link) for link in links]
    return {str(file.relative_to(SHOP)): size for file, size in seen.items()}


def _beside(file: Path, link: str) -> Path:
    return (file.parent / link.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]).resolve()


async def run() -> list[Result]:
    """One line: kilobytes; the ratio is budget / size, so above 1 is within it."""
    sizes = first_load()
    if not sizes:
        raise SystemExit("the shop is not built: make faces")
    kilobytes = sum(sizes.values()) / 1024
    return [
        Result(
            "shop_first_load",
            kilobytes,
            "KB gz",
            BUDGET_KB,
            BUDGET_KB / kilobytes,
            "make bench ONLY=shop_first_load",
            f"{len(sizes)} files",
        )
    ]
