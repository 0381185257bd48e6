"""Serves the built web faces: console, shop, staff phone, and in demos the sandbox's phone."""

from collections.abc import Awaitable, Callable
from mimetypes import guess_type
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tiefen.kernel.settings import Settings

FACES = ("console", "shop", "phone", "sandbox")
_FOLDER = Path(__file__).resolve().parents[1] / "faces"
_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Tiefen</title>
<p>这个页面还没有构建：运行 <code>make faces</code>。<p>This face is not built: run <code>make faces</code>."""


class _Face(StaticFiles):
    """Hashed assets are kept for ever and travel packed, the page itself is asked for anew."""

    def __init__(self, directory: Path, policy: str) -> None:
        super().__init__(directory=directory, html=True)
        self._policy = policy
        # The build leaves `x.js.gz` beside `x.js`: packed once and well rather than at every request.
        self._packed = {str(file.relative_to(directory))[:-3] for file in directory.rglob("*.gz")}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A static file, packed where it is and the reader can unpack."""
        takes = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        if path not in self._packed or not takes:
            response = await super().get_response(path, scope)
        else:
            response = await super().get_response(path + ".gz", scope)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        if path in self._packed:
            response.headers["Vary"] = "Accept-Encoding"
        return response

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """A static file with its caching and content policy."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        path = str(getattr(response, "path", args[0]))
        if "/assets/" in path or "/static/" in path:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        else:
            response.headers["Cache-Control"] = "no-cache"
            response.headers["Content-Security-Policy"] = self._policy
        return response


def built(face: str) -> bool:
    """Whether a face can be served."""
    return (_FOLDER / face / "index.html").is_file()


def mount(app: FastAPI, settings: Settings) -> None:
    """Mount the faces that are built; the sandbox's only in a demo."""
    policy = _policy(settings)
    for face in FACES:
        if face == "sandbox" and not settings.demo:
            continue
        if built(face):
            app.router.routes.append(Mount(f"/{face}", _Face(_FOLDER / face, policy), name=face))
        else:
            app.router.routes.append(Route(f"/{face}/{{rest:path}}", _not_built))
    if settings.demo:
        app.router.routes.append(Route("/sandbox-config", _sandbox_config(settings)))
    app.router.routes.append(Route("/", _front))


def _policy(settings: Settings) -> str:
    sandbox = f" {settings.sandbox_url}" if settings.sandbox_url else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"connect-src 'self'{sandbox}",
            f"img-src 'self' data: blob: https:{sandbox}",
            "style-src 'self' 'unsafe-inline'",
            f"frame-src 'self'{sandbox}",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'self'",
            "frame-ancestors 'self'",
        ]
    )


def _sandbox_config(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    """Where the sandbox's phone finds the sandbox, the shop, and the one origin both hold for."""
    found = {"sandbox": settings.sandbox_url, "shop": "/shop/", "public": settings.public_url}

    async def answer(_: Request) -> Response:
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    return answer


async def _not_built(_: Request) -> Response:
    return HTMLResponse(_NOT_BUILT, status_code=503)


async def _front(_: Request) -> Response:
    return RedirectResponse("console/")
