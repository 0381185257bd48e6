"""The sandbox's own sqlite file: one row an entity, JSON inside.

Money (orders, charges, refunds, notices) and accounts are committed before they are answered, so they outlive a kill of
the process; the rest (fans, chats, tokens, menus …) is written behind, at most half a second late.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

SCHEMA = """
CREATE TABLE IF NOT EXISTS entity (
  kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob (key TEXT PRIMARY KEY, content_type TEXT NOT NULL, body BLOB NOT NULL);
"""


class Store:
    def __init__(self, data_dir: Path | None) -> None:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir / "sandbox.sqlite3")
        # The test helper runs the app in a thread of its own and closes it from another.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing with NORMAL; only a power cut could, and then the machine is the story.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(SCHEMA)
        self._encoder = msgspec.json.Encoder()
        self._dirty: dict[tuple[str, str], msgspec.Struct | None] = {}

    def later(self, kind: str, key: str, entity: msgspec.Struct | None) -> None:
        """Remember to write it (or, with None, to delete it) at the next flush, as it is then."""
        self._dirty[kind, key] = entity

    def now(self, *entities: tuple[str, str, msgspec.Struct]) -> None:
        """Commit these in one transaction before returning."""
        rows = [(kind, key, self._encoder.encode(entity)) for kind, key, entity in entities]
        for kind, key, _ in entities:
            self._dirty.pop((kind, key), None)
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO entity VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def flush(self) -> int:
        """Write what waits. Returns how many rows."""
        if not self._dirty:
            return 0
        dirty, self._dirty = self._dirty, {}
        rows = [(k, key, self._encoder.encode(e)) for (k, key), e in dirty.items() if e is not None]
        gone = [(k, key) for (k, key), e in dirty.items() if e is None]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO entity VALUES (?, ?, ?)", rows)
        self._db.executemany("DELETE FROM entity WHERE kind = ? AND key = ?", gone)
        self._db.execute("COMMIT")
        return len(dirty)

    def load(self, kind: str, of: type[T]) -> Iterator[tuple[str, T]]:
        decoder = msgspec.json.Decoder(of)
        for key, body in self._db.execute(
            "SELECT key, body FROM entity WHERE kind = ? ORDER BY key", (kind,)
        ):
            yield key, decoder.decode(body)

    def put_blob(self, key: str, content_type: str, body: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO blob VALUES (?, ?, ?)", (key, content_type, body))

    def blob(self, key: str) -> tuple[str, bytes] | None:
        row = self._db.execute(
            "SELECT content_type, body FROM blob WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def clear(self) -> None:
        self._dirty.clear()
        self._db.executescript("DELETE FROM entity; DELETE FROM blob;")

    def close(self) -> None:
        self.flush()
        self._db.close()
