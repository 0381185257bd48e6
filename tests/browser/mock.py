"""A server that answers every call of the faces from the API's own description, in the mood it is set to.

It needs no database and no data: `empty` answers have no rows, `long` ones have names of two hundred letters and
numbers of sixty-four digits, `failing` is a 500, and `off` breaks the connection.
"""

import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FACES = ROOT / "tiefen" / "faces"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".ttf": "font/ttf",
}
NAME, NUMBER, MONEY, COUNT = "长" * 60 + "W" * 140, "8" * 64, 9_007_199_254_740_991, 999_999_999
MOMENT = "2026-11-22T02:00:00Z"
DEEP = 9
"""Where a description that contains itself ends."""
BROKEN: dict[str, Any] = {
    "code": "mock.broken",
    "message": "服务器出了点问题",
    "field": None,
    "fields": [],
    "details": {},
    "id": "r-mock",
}
REFUSED = BROKEN | {"code": "auth.forbidden", "message": "没有权限"}


@dataclass
class Mock:
    """What the server answers next, and what it was asked."""

    mood: str = "empty"
    rights: frozenset[str] | None = None
    """Permissions of who asks; None: all."""
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    base: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    """Answers that the description alone cannot give, by `METHOD path`."""

    def __post_init__(self) -> None:
        self.api = json.loads((ROOT / "web/packages/client/openapi.json").read_text())
        self.needs: dict[str, str] = json.loads(
            (ROOT / "tests/architecture/rights.json").read_text()
        )
        self.doors = [
            (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path, door)
            for path, doors in sorted(self.api["paths"].items(), key=lambda one: one[0].count("{"))
            for method, door in doors.items()
        ]
        self.permissions: list[str] = self.api["components"]["schemas"]["Permission"]["enum"]
        self.numbers = itertools.count(1)

    @property
    def here(self) -> frozenset[str]:
        """What who asks may do."""
        return frozenset(self.permissions) if self.rights is None else self.rights

    def answer(self, method: str, path: str) -> tuple[int, Any] | None:
        """Status and body; None breaks the connection."""
        if path == "/api/console/me" and method == "GET":
            return 200, self._me()
        self.asked.append(f"{method} {path}")
        found = next((one for one in self.doors if one[0] == method and one[1].match(path)), None)
        if found is None:
            self.strange.append(f"{method} {path}")
            return 404, {"error": BROKEN | {"code": "not_found", "message": "没有找到"}}
        if self.mood == "off":
            return None
        if self.mood == "failing":
            return 500, {"error": BROKEN}
        door = f"{method} {found[2]}"
        wanted = re.match(r"staff\((.*)\)", self.needs.get(door, ""))
        if wanted and wanted[1] and not self.here.issuperset(re.split(r",\s*", wanted[1])):
            self.refused.append(door)
            return 403, {"error": REFUSED}
        if door in self.told:
            return 200, self.told[door]
        return 200, self.body(found[3])

    def body(self, door: dict[str, Any]) -> Any:
        """An answer as the door's description promises it."""
        good = next(one for code, one in door["responses"].items() if code.startswith("2"))
        kinds = good.get("content", {})
        schema = kinds.get("application/json", {}).get("schema")
        return None if schema is None else self.made(schema, "", 0)

    def made(self, schema: dict[str, Any], name: str, deep: int) -> Any:
        """A value of a schema: as little of it as may be, or as much."""
        much = self.mood == "long" and deep < DEEP
        if "$ref" in schema:
            named = schema["$ref"].rpartition("/")[2]
            return self.made(self.api["components"]["schemas"][named], name, deep)
        if "anyOf" in schema:
            choices = [one for one in schema["anyOf"] if one.get("type") != "null"]
            maybe = len(choices) < len(schema["anyOf"])
            return None if maybe and not much else self.made(choices[0], name, deep)
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        kind = schema.get("type")
        if kind == "array":
            return [self.made(schema["items"], name, deep + 1) for _ in range(2 * much)]
        return self._plain(schema, kind, name, deep, much)

    def _plain(self, schema: dict[str, Any], kind: Any, name: str, deep: int, much: bool) -> Any:
        match kind:
            case "boolean":
                return much
            case "integer" | "number":
                return self._number(schema, name, much)
            case "string":
                return self._text(schema, name, much)
        return self._object(schema, name, deep, much)

    def _number(self, schema: dict[str, Any], name: str, much: bool) -> int:
        if name == "id" or name.endswith("_id"):
            return next(self.numbers)
        if not much:
            return int(schema.get("minimum", 0))
        size = MONEY if name.endswith("_fen") else 9_999 if name.endswith("_bp") else COUNT
        if re.search(r"days|hours|minutes|seconds|percent|stars|rank|version|position", name):
            size = 99
        return int(min(size, schema.get("maximum", size)))

    def _text(self, schema: dict[str, Any], name: str, much: bool) -> str:
        match schema.get("format"):
            case "date-time":
                return MOMENT
            case "date":
                return MOMENT[:10]
        if re.search(r"url|image|picture|cover|colou?r", name) or schema.get("pattern"):
            return "" if "color" not in name else "#2f855a"
        digits = re.search(r"_no$|^no$|number|_id$|phone|code|digest|openid|key$", name)
        if not much:
            return "1" if digits else ""
        return NUMBER if digits else NAME

    def _object(self, schema: dict[str, Any], name: str, deep: int, much: bool) -> dict[str, Any]:
        made = {
            key: self.made(one, key, deep + 1) for key, one in schema.get("properties", {}).items()
        }
        more = schema.get("additionalProperties")
        if much and isinstance(more, dict) and more:
            made[NAME] = self.made(more, name, deep + 1)
        return made

    def _me(self) -> dict[str, Any]:
        door = self.api["paths"]["/api/console/me"]["get"]
        told: dict[str, Any] = self.body(door)
        return told | {
            "id": 1,
            "name": "林" if self.mood != "long" else NAME,
            "permissions": sorted(self.here),
        }


def _handler(mock: Mock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

        def send(self, status: int, kind: str, data: bytes, *, keep: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "max-age=600" if keep else "no-store")
            self.end_headers()
            self.wfile.write(data)

        def do(self) -> None:
            path = self.path.partition("?")[0]
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if path.startswith("/api/"):
                answer = mock.answer(self.command, path)
                if answer is None:
                    self.close_connection = True
                    return
                status, body = answer
                self.send(status, "application/json", json.dumps(body, ensure_ascii=False).encode())
                return
            face, _, rest = path.lstrip("/").partition("/")
            file = FACES / face / (rest or "index.html")
            if file.is_file():
                kind = KINDS.get(file.suffix, "application/octet-stream")
                self.send(200, kind, file.read_bytes(), keep="." in rest)
            else:
                self.send(404, "text/plain", b"")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815

    return Handler


@contextmanager
def serving() -> Iterator[Mock]:
    """The mock on a free port for as long as the block lasts."""
    mock = Mock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(mock))
    server.daemon_threads = True
    mock.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield mock
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
