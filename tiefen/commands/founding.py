"""Founding a merchant from the command line: its owner, and in a demo its accounts at the sandbox."""

from typing import Any

import httpx

from tiefen.helpdesk.service import ORDER_PAID
from tiefen.kernel.db import Db
from tiefen.team import errors as team_errors
from tiefen.team import service as team
from tiefen.wechat import service as wechat
from tiefen.wechat.values import AccountKind, PushMode

ORDER_TEMPLATE = {
    "template_id": "TIEFEN_NEW_ORDER",
    "title": "新订单提醒",
    "content": "订单编号：{{character_string1.DATA}}\n订单金额：{{amount2.DATA}}\n"
    "商品：{{thing3.DATA}}\n付款时间：{{time4.DATA}}",
}
"""The template a merchant adds in WeChat's console for the push of a paid order."""


async def add_owner(db: Db, merchant: str, *, account: str, name: str, password: str) -> bool:
    """The first owner; False when somebody signs in under that account already.

    Raises a Refusal for a weak password or an account that cannot be one.
    """
    try:
        async with db.merchant(merchant) as tx:
            await team.found_team(tx, account=account, name=name, password=password)
    except team_errors.AccountTaken:
        return False
    return True


async def connect_to_sandbox(
    db: Db, merchant: str, *, sandbox: httpx.AsyncClient, public_url: str, name: str
) -> dict[str, Any]:
    """Make the merchant's accounts at the sandbox and enter their credentials here.

    `sandbox` is a client on the sandbox's base address. Safe to repeat: the sandbox returns the
    accounts it has. Returns them by kind, secrets included.
    """
    host = public_url.split("://", 1)[1]
    made: dict[str, Any] = {}
    for kind in ("oa", "mini", "pay"):
        body: dict[str, Any] = {"kind": kind, "key": f"{merchant}-{kind}", "name": name}
        if kind == "pay":
            body["app_ids"] = [made["oa"]["app_id"], made["mini"]["app_id"]]
        else:
            body |= {"oauth_domain": host, "js_domains": [host], "push_mode": "safe"}
        if kind == "oa":
            body["templates"] = [ORDER_TEMPLATE]
        answer = await sandbox.post("/sandbox/api/accounts", json=body)
        answer.raise_for_status()
        made[kind] = answer.json()
    async with db.merchant(merchant) as tx:
        for kind, key in ((AccountKind.OFFICIAL, "oa"), (AccountKind.MINI, "mini")):
            account = made[key]
            await wechat.set_app(
                tx,
                kind,
                app_id=account["app_id"],
                name=account["name"],
                secret=account["secret"],
                token=account["token"],
                aes_key=account["aes_key"],
                push_mode=PushMode.SAFE,
                oauth_domain=host,
                js_domain=host,
            )
        await wechat.set_templates(tx, {ORDER_PAID: str(ORDER_TEMPLATE["template_id"])})
        pay = made["pay"]
        await wechat.set_pay(
            tx,
            mchid=pay["mchid"],
            serial_no=pay["merchant_serial"],
            private_key=pay["merchant_private_key"],
            api_v3_key=pay["apiv3_key"],
            public_key_id=pay["public_key_id"],
            public_key=pay["public_key"],
        )
    return made


async def point_callbacks(
    sandbox: httpx.AsyncClient, public_url: str, accounts: dict[str, Any]
) -> None:
    """Tell the sandbox where to push to; only once the server answers, for it verifies the address."""
    for kind in ("oa", "mini"):
        app_id = accounts[kind]["app_id"]
        answer = await sandbox.patch(
            f"/sandbox/api/accounts/{app_id}",
            json={"callback_url": f"{public_url}/wechat/{kind}/{app_id}"},
        )
        answer.raise_for_status()


def sandbox_client(base: str) -> httpx.AsyncClient:
    """A client on a running sandbox."""
    return httpx.AsyncClient(base_url=base, timeout=30, trust_env=False)
