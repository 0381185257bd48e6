"""Personal data leaves masked: every field of an answer that may carry some is classified here, and
what staff without the right to reveal can read holds nobody's name, number, address or id in clear.

A new field whose name sounds personal fails until it has a line in `CLASSIFIED`.
"""

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from tests.conftest import Drain, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.orders.factories import HOME
from tests.payments.conftest import wechat
from tests.payments.factories import APP_ID, FakeWeChat
from tiefen.fans import service as fans
from tiefen.kernel.crypto import mask_address, mask_name, mask_phone
from tiefen.kernel.db import Db
from tiefen.kernel.settings import Settings
from tiefen.main import create_app
from tiefen.orders import service as orders
from tiefen.team.values import Permission

__all__ = ["wechat"]

SOUNDS_PERSONAL = re.compile(
    r"phone|mobile|real_?name|receiver|consignee|openid|unionid|address|^detail$|id_?card|identity"
    r"|e_?mail|birth|value$|nickname_of|payer",
    re.IGNORECASE,
)


class Kind(Enum):
    """How a field is fit to leave."""

    MASKED = "masked for staff"
    OWN = "a fan's own, told to that fan alone"
    REVEALED = "in clear by a verb of its own, which is audited"
    INSIDE = "holds other classified fields"
    MASKED_OR_OWN = "masked for staff, in clear for the fan whose it is"
    NOBODY = "not about a person"


CLASSIFIED: dict[tuple[str, str], Kind] = {
    ("AddressOut", "detail"): Kind.OWN,
    ("AddressOut", "phone"): Kind.OWN,
    ("AnswerOut", "value"): Kind.MASKED,
    ("AnswerRevealed", "value"): Kind.REVEALED,
    ("ChannelLinkDetail", "address"): Kind.NOBODY,
    ("ChannelLinkOut", "address"): Kind.NOBODY,
    ("ConsoleOrder", "receiver"): Kind.INSIDE,
    ("ConsoleOrderRow", "receiver"): Kind.MASKED,
    ("FanDetail", "phone_masked"): Kind.MASKED,
    ("FanDetail", "real_name_masked"): Kind.MASKED,
    ("FanRow", "phone_masked"): Kind.MASKED,
    ("FormField", "value"): Kind.OWN,
    ("IdentityOut", "has_unionid"): Kind.NOBODY,
    ("InvoiceOut", "email"): Kind.MASKED_OR_OWN,
    ("InvoiceRow", "email"): Kind.MASKED,
    ("IdentityOut", "openid_tail"): Kind.MASKED,
    ("LocationOut", "address"): Kind.NOBODY,
    ("MemberOut", "phone_masked"): Kind.MASKED,
    ("OrderAnswerOut", "value"): Kind.MASKED_OR_OWN,
    ("PeopleOut", "receivers"): Kind.NOBODY,
    ("ProductFact", "value"): Kind.NOBODY,
    ("QuoteOut", "needs_address"): Kind.NOBODY,
    ("ReceiverOut", "detail"): Kind.MASKED_OR_OWN,
    ("ReceiverOut", "phone"): Kind.MASKED_OR_OWN,
    ("Revealed", "value"): Kind.REVEALED,
    ("SentMessageOut", "receiver"): Kind.MASKED,
    ("ShopFan", "phone_masked"): Kind.OWN,
    ("ShopOrder", "receiver"): Kind.OWN,
    ("SideOut", "phone_masked"): Kind.MASKED,
    ("SourceFanOut", "receiver"): Kind.NOBODY,
}
REVEALS = {
    "revealFan": "fans.reveal",
    "revealFanAttribute": "fans.reveal",
    "revealReceiver": "orders.ship",
}
"""What gives a field in clear, and the right it needs."""


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _refs(one)


def told(document: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """(schema, field) of every answer → the operations that may tell it, as `METHOD path id`."""
    schemas = document["components"]["schemas"]
    found: dict[tuple[str, str], set[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = [
                answer.get("content", {})
                for code, answer in operation["responses"].items()
                if code.startswith("2")
            ]
            seen: set[str] = set()
            waiting = list(_refs(answers))
            while waiting:
                name = waiting.pop()
                if name not in seen:
                    seen.add(name)
                    waiting += _refs(schemas[name])
            for name in seen:
                for field in schemas[name].get("properties", {}):
                    where = f"{method.upper()} {path} {operation['operationId']}"
                    found.setdefault((name, field), set()).add(where)
    return found


def unclassified(document: dict[str, Any]) -> list[str]:
    """Fields that sound personal and that nobody has thought about."""
    return sorted(
        f"{name}.{field}"
        for name, field in told(document)
        if SOUNDS_PERSONAL.search(field) and (name, field) not in CLASSIFIED
    )


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The live OpenAPI."""
    settings = Settings(secret_key=SecretStr("x" * 40))
    return create_app(settings, Db("postgresql+asyncpg://none/none")).openapi()


def test_every_field_that_sounds_personal_is_classified(document: dict[str, Any]) -> None:
    assert unclassified(document) == [], (
        "say in CLASSIFIED how each leaves; for staff it must be masked, and have a verb of its own"
        " that reveals it with an audit row"
    )


def test_a_route_with_a_phone_is_seen(document: dict[str, Any]) -> None:
    """Planted: somebody adds the buyer's phone to an answer, three schemas deep."""
    planted = json.loads(json.dumps(document))
    planted["components"]["schemas"]["ReferralRow"] = {"properties": {"phone": {"type": "string"}}}
    row = {"$ref": "#/components/schemas/ReferralRow"}
    planted["components"]["schemas"]["ProductFact"]["properties"]["by"] = row
    assert unclassified(planted) == ["ReferralRow.phone"]


def test_nothing_is_classified_that_is_not_there(document: dict[str, Any]) -> None:
    assert sorted(set(CLASSIFIED) - set(told(document))) == []


def test_a_fans_own_is_told_by_the_shop_and_what_is_revealed_by_its_verb_alone(
    document: dict[str, Any],
) -> None:
    for what, operations in told(document).items():
        kind = CLASSIFIED.get(what)
        if kind is Kind.OWN:
            assert all(" /api/shop/" in one for one in operations), (what, operations)
        if kind is Kind.REVEALED:
            assert {one.split()[2] for one in operations} <= set(REVEALS), (what, operations)
        if kind in (Kind.OWN, Kind.REVEALED, Kind.MASKED_OR_OWN):
            reads = {one for one in operations if one.startswith("GET /api/console/")}
            assert not reads or kind is Kind.MASKED_OR_OWN, (what, reads)


# ── what is really told ──────────────────────────────────────────────────────────────────────

OPENID, NAME, PHONE, STREET = (
    "o-canary-0123456789",
    "欧阳金丝",
    "13912345678",
    "金丝雀大街九十九号楼",
)
CLEAR = (OPENID, NAME, PHONE, STREET)


async def _person(db: Db, wechat: FakeWeChat, drain: Drain) -> dict[str, Any]:
    """A fan with a profile, an address, and a paid order with an after-sale: ids by parameter."""
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 9)
        fan_id = await fans.follow(tx, app_id=APP_ID, openid=OPENID, scene=None, at=tx.now)
        await fans.edit_profile(tx, fan_id, {"nickname": "金丝", "phone": PHONE, "real_name": NAME})
        home = HOME.model_copy(update={"name": NAME, "phone": PHONE, "detail": STREET})
        await orders.add_address(tx, fan_id, home)
    _, order_no = await make.paid(db, wechat, drain, (sku_id, 1), fan_id=fan_id)
    asked = await make.ask(db, fan_id, order_no)
    return {
        "fan_id": fan_id,
        "order_no": order_no,
        "after_sale_no": asked.after_sale_no,
        "sku_id": sku_id,
        "account": "revenue:goods",
    }


async def _walk(
    client: httpx.AsyncClient, document: dict[str, Any], known: dict[str, Any]
) -> tuple[set[str], list[str]]:
    """Ask every question of the console: (operations that answered, where something was in clear)."""
    answered, leaks = set(), []
    for path, methods in document["paths"].items():
        if "get" not in methods or not path.startswith("/api/console/"):
            continue
        asked = re.sub(r"\{(\w+)\}", lambda name: str(known.get(name[1], 1)), path)
        answer = await client.get(asked)
        assert answer.status_code < 500, (asked, answer.text)
        if answer.is_success:
            operation = methods["get"]["operationId"]
            answered.add(operation)
            leaks += [f"{operation}: {word}" for word in CLEAR if word in answer.text]
    return answered, leaks


async def test_no_answer_of_the_console_holds_personal_data_in_clear(
    db: Db,
    app: FastAPI,
    drain: Drain,
    wechat: FakeWeChat,
    staff_client: StaffClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every GET, by staff with all rights but to reveal, to copy a person, and to read chats."""
    known = await _person(db, wechat, drain)
    without = {Permission.FANS_REVEAL, Permission.FANS_PRIVACY, Permission.HELPDESK_READ}
    client = await staff_client([one for one in Permission if one not in without])
    document = app.openapi()
    answered, leaks = await _walk(client, document, known)
    seen = {"getFan", "listFans", "getOrder", "listOrders", "listAfterSales", "getFanTimeline"}
    assert seen <= answered, seen - answered
    assert leaks == []
    # Planted: the mask of phones forgets to hide anything.
    monkeypatch.setattr("tiefen.kernel.crypto.mask_phone", lambda phone: phone)
    _, leaks = await _walk(client, document, known)
    assert f"getOrder: {PHONE}" in leaks


async def test_each_reveal_needs_its_right_and_leaves_a_row_without_the_value(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient, document: dict[str, Any]
) -> None:
    known = await _person(db, wechat, drain)
    asked = {
        "revealFan": {"field": "phone", "reason": "核对收货电话"},
        "revealFanAttribute": {"reason": "核对收货电话"},
        "revealReceiver": None,
    }
    assert asked.keys() == REVEALS.keys()
    paths = {
        operation["operationId"]: path
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }
    most = [one for one in Permission if one.value not in REVEALS.values()]
    stranger = await staff_client(most)
    for name, right in REVEALS.items():
        path = re.sub(r"\{(\w+)\}", lambda one: str(known.get(one[1], 1)), paths[name])
        assert (await stranger.post(path, json=asked[name])).status_code == 403, name
        if name == "revealFanAttribute":
            continue  # tests/fans/test_attributes.py has the whole way of it
        before = await _audited(db)
        answer = await (await staff_client([right])).post(path, json=asked[name])
        assert answer.status_code == 200, answer.text
        assert PHONE in answer.text
        (row,) = (await _audited(db))[len(before) :]
        assert "reveal" in row
        assert not any(word in row for word in CLEAR), row


async def _audited(db: Db) -> list[str]:
    async with db.merchant("demo") as tx:
        return list(await tx.scalars(text("SELECT e::text FROM audit_entry e ORDER BY seq")))


def test_masks_hide_what_they_should() -> None:
    assert mask_phone(PHONE) == "139****5678"
    assert mask_name(NAME) == "欧***"
    assert mask_address(STREET) == "金丝雀大街九****"
