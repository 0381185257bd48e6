"""The sandbox as an ASGI application."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import gateway, mini
from .box import Box
from .clock import Clock
from .control import accounts, fans, money, panel
from .control import gateway as control
from .control import phone as phone_api
from .control.batch import Batch
from .oa import base, media, menu, messages, oauth, qrcode, tags, users
from .pay import bills, certificates, notices, orders, pages, refunds
from .pay import gateway as pay

APIS = [
    *base.APIS,
    *users.APIS,
    *tags.APIS,
    *qrcode.APIS,
    *menu.APIS,
    *messages.APIS,
    *media.APIS,
    *oauth.APIS,
    *mini.APIS,
]
PAY_APIS = [*orders.APIS, *refunds.APIS, *certificates.APIS, *bills.APIS]
CONTROL = [*phone_api.ROUTES, *money.ROUTES, *fans.ROUTES, *accounts.ROUTES, *panel.ROUTES]


def create_app(
    data_dir: Path | str | None,
    clock: Clock | None = None,
    *,
    seed: int = 1,
    public_url: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    push_timeout: float = 5.0,
    auto: bool = True,
) -> Starlette:
    """One sandbox; its state is `app.state.box`.

    `data_dir` None keeps all in memory. `transport` is how pushes and notices leave. `push_timeout` is the limit of one
    try, in real seconds. With `auto` False, scheduled work happens only through `run-due`.
    """
    box = Box(
        None if data_dir is None else Path(data_dir),
        clock or Clock(),
        seed=seed,
        public_url=public_url,
        transport=transport,
        push_timeout=push_timeout,
        auto=auto,
    )
    _resume(box)
    base.DAILY.update({api.path: api.daily for api in APIS if api.token})

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        box.touch()
        yield
        await box.stop()

    app = Starlette(routes=_routes(box), lifespan=lifespan, middleware=[_cors()])
    app.state.box = box
    return app


def _resume(box: Box) -> None:
    """Take up what a former process left half done."""
    for refund in box.refund_ids.values():
        if refund.status == "PROCESSING":
            refunds.schedule(box, box.merchants[refund.mchid], refund)
    for notice in box.notices.values():
        if notice.state == "held":
            # What it was held for is forgotten with the faults.
            notice.state, notice.next_at = "waiting", box.clock.time()
        if notice.state == "waiting":
            notices.start(box, notice)


def _cors() -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origin_regex=control.LOOPBACK.pattern,
        allow_methods=["*"],
        allow_headers=["*"],
        allow_credentials=True,
    )


def _routes(box: Box) -> list[Route]:
    async def stored(request: Request) -> Response:
        return media.blob(box, request.path_params["name"])

    async def code_image(request: Request) -> Response:
        code = box.codes.get(request.path_params["ticket"])
        return (
            Response(status_code=404)
            if code is None
            else Response(qrcode.png(code.text), media_type="image/png")
        )

    async def health(_: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    return [
        control.route(box, "POST", "/batch", Batch(box, CONTROL).run),
        *(control.route(box, method, path, handler) for method, path, handler in CONTROL),
        *(gateway.route(box, api) for api in APIS),
        *(pay.route(box, api) for api in PAY_APIS),
        *oauth.routes(box),
        *pages.routes(box),
        Route("/sandbox/media/{name}", stored),
        Route("/sandbox/codes/{ticket}.png", code_image),
        Route("/sandbox/health", health),
        Route("/cgi-bin/{rest:path}", gateway.unknown, methods=["GET", "POST"]),
        Route("/wxa/{rest:path}", gateway.unknown, methods=["GET", "POST"]),
        Route("/v3/{rest:path}", pay.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
