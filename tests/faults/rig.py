"""The real app, the real sandbox, one process, one event loop: and what is true on each side."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from tiefen.kernel import audit, http, worker
from tiefen.kernel.db import Db, Tx
from tiefen.ledger import service as ledger
from tiefen.payments import service
from tiefen.payments.values import PaymentState, PayParams
from tiefen.sandbox.app import create_app
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import Clock
from tiefen.sandbox.models import Notice
from tiefen.sandbox.pay import notices
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind, PayClientKind

SANDBOX = "http://sandbox.test"
numbers = itertools.count(1)


async def connect(
    db: Db, account: dict[str, Any], app: dict[str, Any], *, notify_base: str, api_base: str
) -> None:
    """Enter the sandbox's accounts as merchant demo's own."""
    async with db.merchant("demo") as tx:
        await wechat.set_app(
            tx,
            AccountKind.OFFICIAL,
            app_id=app["app_id"],
            secret=app["secret"],
            token=app["token"],
            aes_key=app["aes_key"],
            api_base=api_base,
        )
        await wechat.set_pay(
            tx,
            mchid=account["mchid"],
            serial_no=account["merchant_serial"],
            private_key=account["merchant_private_key"],
            api_v3_key=account["apiv3_key"],
            notify_base=notify_base,
            api_base=api_base,
        )


async def start(tx: Tx, amount_fen: int = 100) -> str:
    """An order asks for money; answers its number."""
    order_no = f"D{next(numbers):08d}"
    await service.start(tx, order_no, 1, amount_fen, "铁观音 250g", tx.now + timedelta(minutes=30))
    return order_no


async def ledger_says(db: Db) -> dict[str, int]:
    """What our books hold."""
    async with db.merchant("demo") as tx:
        return {
            name: (await ledger.balance(tx, name)).balance_fen
            for name in ("wechat:clearing", "orders:unearned", "suspense")
        }


async def count_events(db: Db, name: str) -> int:
    """How often something was announced."""
    async with db.platform() as tx:
        found = await tx.scalar(
            text("SELECT count(*) FROM platform.event WHERE name = :name"), {"name": name}
        )
    return int(found or 0)


def truth(charges: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> int:
    """What WeChat holds for us by its own account: charged less refunded."""
    back = sum(row["amount_fen"] for row in refunds if row["status"] == "SUCCESS")
    return int(sum(row["amount_fen"] for row in charges) - back)


@dataclass
class Shop:
    """A merchant with a pay account at the sandbox, and the levers of both sides."""

    db: Db
    app: FastAPI
    box: Box
    clock: Clock
    sandbox: httpx.AsyncClient
    account: dict[str, Any]
    openid: str
    fan: int

    async def api(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """A call of the sandbox's control API that must succeed."""
        answer = await self.sandbox.request(method, f"/sandbox/api{path}", json=body or None)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def fault(self, kind: str, **options: Any) -> None:
        """Arm a fault on notices."""
        await self.api("POST", "/faults", kind=kind, **{"match": {"target": "notice"}} | options)

    async def order(self, amount_fen: int = 100) -> str:
        """A new order asks for money."""
        async with self.db.merchant("demo") as tx:
            return await start(tx, amount_fen)

    async def begin(self, order_no: str, client: PayClientKind = PayClientKind.JSAPI) -> PayParams:
        """The fan taps pay."""
        return await service.begin(self.db, "demo", order_no, client, self.openid)

    async def pay(self, params: PayParams) -> dict[str, Any]:
        """The fan pays; waits for the first try of the notice."""
        if params.sheet is None:
            shown = await self.api("GET", f"/pay?code_url={params.code_url}")
            prepay_id = shown["prepay_id"]
        else:
            prepay_id = params.sheet.package.removeprefix("prepay_id=")
        done = await self.api("POST", f"/pay/{prepay_id}", fan=self.fan)
        assert done["result"] == "ok", done
        return done

    async def paid(self, amount_fen: int = 100) -> str:
        """A new order, begun and paid; what came of it is not looked at."""
        order_no = await self.order(amount_fen)
        await self.pay(await self.begin(order_no))
        return order_no

    async def drain(self) -> None:
        """Our worker and the sandbox's agenda, until both are idle."""
        while await worker.drain(self.db) + (await self.api("POST", "/clock/run-due"))["ran"]:
            pass

    async def run_sandbox(self) -> None:
        """Let the sandbox's time pass until it has nothing left to send."""
        await self.api("POST", "/clock/run-due", until_idle=True)

    async def wait(self, span: timedelta) -> None:
        """Make all our own rows older by `span`: the same to a sweep as if time had passed."""
        async with self.db.merchant("demo") as tx:
            for table, columns in AGES.items():
                changes = ", ".join(
                    f"{name} = {name} - CAST(:span AS interval)" for name in columns
                )
                await tx.execute(text(f"UPDATE {table} SET {changes}"), {"span": span})

    async def sweep(self) -> None:
        """One round of everything periodic, and what follows from it."""
        async with self.db.platform() as tx:
            await tx.execute(text("DELETE FROM platform.cron"))
        await worker.drain(self.db, crons=True)
        await self.drain()

    async def state(self, order_no: str) -> PaymentState:
        """Where a payment stands."""
        async with self.db.merchant("demo") as tx:
            return (await service.intent(tx, order_no)).state

    async def statuses(self) -> list[int]:
        """What we answered to each notice request, in order."""
        wire = (await self.api("GET", "/wire?direction=out&limit=500"))["items"]
        return [row["response"]["status"] for row in wire if row["platform"] == "pay"]

    async def tell(self, notice: Notice, **facts: Any) -> int:
        """Send a rightly signed notice of our own making: another id, and these facts; answers the status."""
        notice.id = self.box.chance.uuid()
        notice.resource = notice.resource | facts
        self.box.notices[notice.id] = notice
        await notices.attempt(self.box, notice)
        return (await self.statuses())[-1]

    async def agree(self) -> None:
        """Both sides tell the same story, and no promise is broken."""
        assert await audit.run(self.db) == []
        charges = (await self.api("GET", "/charges?limit=500"))["items"]
        refunds = (await self.api("GET", "/refunds?limit=500"))["items"]
        books = await ledger_says(self.db)
        assert books["wechat:clearing"] == truth(charges, refunds), (books, charges, refunds)
        assert books["wechat:clearing"] == books["orders:unearned"] + books["suspense"]


AGES = {
    "payment": ["created_at", "expires_at"],
    "payment_attempt": ["created_at", "check_at", "prepaid_at", "expires_at", "asked_at"],
    "payment_refund": ["requested_at", "check_at"],
    "payment_suspense": ["created_at", "refund_at"],
}


@asynccontextmanager
async def open_shop(app: FastAPI, db: Db) -> AsyncIterator[Shop]:
    """A sandbox whose notices go straight into `app`, and a merchant who has an account there."""
    clock = Clock()
    sandbox = create_app(None, clock, seed=7, transport=httpx.ASGITransport(app=app), auto=False)
    transport = httpx.ASGITransport(app=sandbox)
    http.outward_mounts[SANDBOX] = transport
    try:
        async with httpx.AsyncClient(transport=transport, base_url=SANDBOX) as client:
            account = await provision(client, "pay", probe_every=0)
            oa = await provision(client, "oa")
            answer = await client.patch(
                f"/sandbox/api/accounts/{account['mchid']}", json={"app_ids": [oa["app_id"]]}
            )
            assert answer.status_code == 200, answer.text
            fan = (await client.post("/sandbox/api/fans", json={"count": 1})).json()["items"][0]
            await connect(db, account, oa, notify_base="http://test", api_base=SANDBOX)
            yield Shop(
                db, app, sandbox.state.box, clock, client, account,
                fan["openids"][oa["app_id"]], fan["id"],
            )  # fmt: skip
    finally:
        await sandbox.state.box.stop()
        sandbox.state.box.store.close()
        del http.outward_mounts[SANDBOX]


async def provision(client: httpx.AsyncClient, kind: str, **settings: Any) -> dict[str, Any]:
    """An account at the sandbox, with its secrets."""
    answer = await client.post(
        "/sandbox/api/accounts", json={"kind": kind, "key": "shop", "name": "小林好物", **settings}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
