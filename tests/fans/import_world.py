"""A 公众号 in the sandbox with followers from before, and a merchant who is connected to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from tiefen.fans import service
from tiefen.fans.models import FollowerImport
from tiefen.kernel import audit, http, worker
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db
from tiefen.sandbox.app import create_app
from tiefen.sandbox.box import Box
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind

BASE = "http://sandbox.test"
ACTOR = StaffActor(1, "小林", frozenset())
ASK = "/cgi-bin/user/info/batchget"
LIST = "/cgi-bin/user/get"


@dataclass
class World:
    """The sandbox, its control API and our database."""

    box: Box
    control: httpx.AsyncClient
    db: Db
    oa: dict[str, Any]

    @property
    def app_id(self) -> str:
        return str(self.oa["app_id"])

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.control.post(f"/sandbox/api{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def limit(self, **limits: int) -> None:
        """Daily limits, by `ask` and `list`."""
        paths = {"ask": ASK, "list": LIST}
        body = {"limits": {paths[name]: most for name, most in limits.items()}}
        answer = await self.control.patch(f"/sandbox/api/accounts/{self.app_id}", json=body)
        assert answer.status_code < 300, answer.text

    async def crowd(self, count: int) -> None:
        await self.post(f"/accounts/{self.app_id}/followers", count=count)

    async def crowd_leaves(self, count: int) -> None:
        await self.post(f"/accounts/{self.app_id}/followers/leave", count=count)

    async def fan(self, *, follows: bool = True) -> dict[str, Any]:
        made: dict[str, Any] = (await self.post("/fans", count=1))["items"][0]
        if follows:
            await self.post(f"/fans/{made['id']}/follow", app_id=self.app_id)
        return made

    async def start(self) -> int:
        async with self.db.merchant("demo") as tx:
            return (await service.start_import(tx, ACTOR)).id

    async def import_all(self) -> FollowerImport:
        """Start one and do all there is to do."""
        await self.start()
        await worker.drain(self.db)
        return await self.row()

    async def row(self) -> FollowerImport:
        async with self.db.merchant("demo") as tx:
            rows = await tx.scalars(text("SELECT max(id) FROM fan_import"))
            found = await tx.get(FollowerImport, rows.one())
            assert found is not None
            return found

    async def following(self) -> set[str]:
        """Whom we believe to follow."""
        async with self.db.merchant("demo") as tx:
            rows = await tx.scalars(
                text(
                    "SELECT i.openid FROM fan_identity AS i JOIN fan AS f ON f.id = i.fan_id"
                    " WHERE i.following AND i.app_id = :app"
                ),
                {"app": self.app_id},
            )
            return set(rows)

    async def truth(self) -> set[str]:
        """Who follows, says the platform's own list, asked page by page."""
        token = await wechat_token(self)
        found: set[str] = set()
        after = ""
        while True:
            query = {"access_token": token, "next_openid": after}
            page = (await self.control.get(LIST, params=query)).json()
            if not page["count"]:
                return found
            found |= set(page["data"]["openid"])
            after = page["next_openid"]

    async def one(self, sql: str, **given: Any) -> Any:
        async with self.db.merchant("demo") as tx:
            return (await tx.execute(text(sql), given)).one()

    async def check(self) -> None:
        """Followers are those of the platform, each once; nothing drifted; nobody was written to."""
        assert await self.following() == await self.truth()
        breaches = await audit.run(self.db)
        assert breaches == [], breaches[:3]
        async with self.db.merchant("demo") as tx:
            assert await service.rebuild_counters(tx) == 0
        assert not [
            one for chat in self.box.chats.values() for one in chat if one.direction == "out"
        ]


async def wechat_token(world: World) -> str:
    body = {
        "grant_type": "client_credential",
        "appid": world.oa["app_id"],
        "secret": world.oa["secret"],
    }
    return str(
        (await world.control.post("/cgi-bin/stable_token", json=body)).json()["access_token"]
    )


@asynccontextmanager
async def opened(db: Db, *, bound: bool = True) -> AsyncIterator[World]:
    """The world; pushes go nowhere, so that what we know comes from the import alone."""
    sandbox = create_app(None, seed=7, transport=httpx.MockTransport(_deaf), auto=False)
    transport = httpx.ASGITransport(app=sandbox)
    http.outward_mounts[BASE] = transport
    wechat.configure(sandbox_url=BASE, public_url="http://test")
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=transport, base_url=BASE) as control,
    ):
        world = World(sandbox.state.box, control, db, {})
        world.oa = await world.post(
            "/accounts", kind="oa", key="oa", callback_url="http://test/x", bound=bound
        )
        async with db.merchant("demo") as tx:
            await wechat.set_app(
                tx, AccountKind.OFFICIAL, app_id=world.app_id, secret=world.oa["secret"]
            )
        yield world
    del http.outward_mounts[BASE]
    wechat.configure(sandbox_url="", public_url="http://test")


def _deaf(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="success")
