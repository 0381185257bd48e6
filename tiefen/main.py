"""Composition: the server. Only main, worker, cli and demo see every room."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from tiefen.analytics import http as analytics_http
from tiefen.analytics import subscribers as analytics_subscribers
from tiefen.bottles import http as bottles_http
from tiefen.bottles import service as bottles
from tiefen.bottles import subscribers as bottles_subscribers
from tiefen.catalog import http as catalog_http
from tiefen.catalog import subscribers as catalog_subscribers
from tiefen.channels import http as channels_http
from tiefen.channels import service as channels
from tiefen.channels import subscribers as channels_subscribers
from tiefen.fans import http as fans_http
from tiefen.fans import subscribers as fans_subscribers
from tiefen.helpdesk import http as helpdesk_http
from tiefen.helpdesk import service as helpdesk
from tiefen.helpdesk import subscribers as helpdesk_subscribers
from tiefen.inventory import http as inventory_http
from tiefen.inventory import subscribers as inventory_subscribers
from tiefen.kernel import cache, crypto, edge, faces, http, log, system, tracing
from tiefen.kernel.auth import Loaders
from tiefen.kernel.db import Db
from tiefen.kernel.directory import Directory
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage
from tiefen.kernel.worker import Worker
from tiefen.ledger import http as ledger_http
from tiefen.members import http as members_http
from tiefen.members import service as members
from tiefen.members import subscribers as members_subscribers
from tiefen.orders import http as orders_http
from tiefen.orders import service as orders
from tiefen.orders import subscribers as orders_subscribers
from tiefen.payments import http as payments_http
from tiefen.payments import subscribers as payments_subscribers
from tiefen.promotion import http as promotion_http
from tiefen.promotion import service as promotion
from tiefen.promotion import subscribers as promotion_subscribers
from tiefen.referral import http as referral_http
from tiefen.referral import subscribers as referral_subscribers
from tiefen.team import http as team_http
from tiefen.team import service as team
from tiefen.team import subscribers as team_subscribers
from tiefen.wechat import http as wechat_http
from tiefen.wechat import service as wechat

ROUTERS: list[APIRouter] = [
    wechat_http.pushed,  # first: routes are matched in order, and WeChat's callbacks are the most frequent
    system.router,
    wechat_http.router,
    orders_http.router,  # and checkout is what everybody waits for at once
    team_http.router,
    fans_http.shop,
    fans_http.console,
    fans_http.stages,
    channels_http.codes,
    channels_http.costs,
    channels_http.links,
    channels_http.live,
    channels_http.batches,
    channels_http.prints,
    channels_http.results,
    channels_http.mine,
    ledger_http.router,
    payments_http.router,
    catalog_http.router,
    inventory_http.router,
    members_http.router,
    promotion_http.router,
    referral_http.router,
    bottles_http.router,
    helpdesk_http.router,
    analytics_http.shop,
    analytics_http.console,
]
HEARERS = (
    team_subscribers,
    fans_subscribers,
    payments_subscribers,
    channels_subscribers,
    catalog_subscribers,
    inventory_subscribers,
    members_subscribers,
    promotion_subscribers,
    orders_subscribers,
    referral_subscribers,
    bottles_subscribers,
    helpdesk_subscribers,
    analytics_subscribers,
)
"""Modules whose import subscribes to events."""
PUBLIC_READS = (r"/api/shop/home", r"/api/shop/products", r"/api/shop/products/\d+")
"""The same for every fan; kept in memory for a moment."""
LOADERS = Loaders(staff=team.load_staff, api_key=team.load_api_key)


def create_app(settings: Settings, db: Db, *, work: bool = False) -> FastAPI:
    """The ASGI application on an open database. `work`: also run jobs in this process.

    `settings.with_secret()` must have been called; the caller closes `db`.
    """
    compose(settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        worker = Worker(db) if work else None
        if worker:
            await worker.start()
        yield
        if worker:
            await worker.stop()
        await wechat.close()

    app = FastAPI(
        title="Tiefen 铁粉",
        version="0.1.0",
        summary="Operations platform for merchants who sell through WeChat",
        lifespan=life,
        responses=http.REFUSALS,
        redoc_url=None,
        swagger_ui_parameters={"tryItOutEnabled": True},
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.db = db
    app.state.settings = settings
    app.state.directory = Directory(db)
    app.state.storage = Storage(settings)
    app.state.loaders = LOADERS
    app.add_middleware(cache.ShortMemory, patterns=PUBLIC_READS)
    app.add_middleware(edge.Edge)
    http.install_refusals(app)
    for router in ROUTERS:
        app.include_router(router)
    faces.mount(app, settings)
    return app


def compose(settings: Settings) -> None:
    """Process-wide set-up shared by server, worker and commands: keys and logs."""
    crypto.configure(
        settings.secret_key.get_secret_value(), settings.secret_key_previous.get_secret_value()
    )
    log.configure(as_json=settings.log_json)
    tracing.configure(settings.otlp_url)
    wechat.configure(sandbox_url=settings.sandbox_url, public_url=settings.public_url)
    wechat.register_reply(helpdesk.reply)
    members.register_guard(promotion.check_member_prices)
    channels.configure(Storage(settings), public_url=settings.public_url)
    bottles.configure(public_url=settings.public_url)
    orders.configure(public_url=settings.public_url)
    helpdesk.configure(public_url=settings.public_url)


def openapi() -> str:
    """The API's description as stable JSON text, made without a server or a database."""
    settings = Settings(secret_key=SecretStr("x" * 40))
    app = create_app(settings, Db("postgresql+asyncpg://none/none"))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi())
