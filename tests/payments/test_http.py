"""Payments in the console, over HTTP."""

import json
from datetime import timedelta

from sqlalchemy import text

from tests.conftest import StaffClient
from tests.payments.factories import FakeWeChat, paid, settle, start
from tiefen.kernel import worker
from tiefen.kernel.db import Db
from tiefen.payments import service
from tiefen.team.values import Permission


async def test_payments_refunds_and_suspense_are_listed_and_decided(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    first, second = await paid(db, wechat), await paid(db, wechat, 300)
    await start(db, "D-open", 50, expires_at=first.expires_at + timedelta(hours=1))
    async with db.merchant("demo") as tx:
        await service.request_refund(tx, second.id, 120, "A1", "不想要了")
    await settle(db, wechat.charge("P-nobody", total_fen=777))
    await worker.drain(db)
    reader = await staff_client([Permission.MONEY_READ])

    one = (await reader.get("/api/console/payments?limit=2")).json()
    two = (await reader.get(f"/api/console/payments?limit=2&cursor={one['next']}")).json()
    rows = one["items"] + two["items"]
    assert [row["order_no"] for row in rows] == ["D-open", second.order_no, first.order_no]
    assert (rows[1]["refunding_fen"], rows[1]["source"], rows[0]["state"]) == (
        120,
        "notice",
        "open",
    )
    only = (await reader.get("/api/console/payments?state=open")).json()["items"]
    assert [row["order_no"] for row in only] == ["D-open"]
    assert (await reader.get("/api/console/payments?state=nonsense")).status_code == 422

    (refund,) = (await reader.get(f"/api/console/refunds?order_no={second.order_no}")).json()[
        "items"
    ]
    assert (refund["amount_fen"], refund["paid_fen"], refund["state"]) == (120, 300, "processing")

    listed = (await reader.get("/api/console/suspense?state=open")).json()
    (line,) = listed["items"]
    assert (line["reason"], line["owner"], line["amount_fen"]) == ("orphan", None, 777)
    assert (listed["undecided_count"], listed["undecided_fen"]) == (1, 777)

    path, body = (
        f"/api/console/suspense/{line['id']}/resolve",
        {"decision": "keep", "reason": "旧商城的订单"},
    )
    assert (await reader.post(path, json=body)).status_code == 403
    boss = await staff_client([Permission.ORDERS_REFUND])
    assert (await boss.post(path, json=body | {"reason": ""})).status_code == 422
    assert (await boss.post(path, json=body | {"decision": "burn"})).status_code == 422
    assert (await boss.post("/api/console/suspense/999/resolve", json=body)).status_code == 404
    assert (await boss.post(path, json=body)).status_code == 200
    again = await boss.post(path, json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "payments.move_waiting")
    (move,) = (await reader.get("/api/console/money-moves?state=waiting")).json()["items"]
    assert (move["kind"], move["amount_fen"]) == ("suspense_keep", 777)
    decide = f"/api/console/money-moves/{move['id']}/decide"
    yes = {"decision": "approve", "answer": "核对过了"}
    alone = await boss.post(decide, json=yes)
    assert (alone.status_code, alone.json()["error"]["code"]) == (
        403,
        "payments.second_person_needed",
    )
    colleague = await staff_client([Permission.ORDERS_REFUND])
    assert (await colleague.post(decide, json=yes)).status_code == 200
    again = await boss.post(path, json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "payments.suspense_decided")
    async with db.merchant("demo") as tx:
        noted = (
            await tx.execute(text("SELECT action, body FROM audit_entry ORDER BY seq DESC LIMIT 1"))
        ).one()
    assert noted.action == "payments.move_approve"
    assert json.loads(noted.body)["reason"] == "核对过了"

    other = await staff_client([Permission.MONEY_READ, Permission.ORDERS_REFUND], merchant="other")
    assert (await other.get("/api/console/payments")).json()["items"] == []
    assert (await other.post(path, json=body)).status_code == 404


async def test_the_overview_counts_what_is_undecided_and_its_sum(
    db: Db, wechat: FakeWeChat, staff_client: StaffClient
) -> None:
    for fen in (777, 300, 5):
        await settle(db, wechat.charge(f"P-nobody-{fen}", total_fen=fen))
    await worker.drain(db)  # doubted notices are asked about
    boss = await staff_client(
        [Permission.OVERVIEW_READ, Permission.MONEY_READ, Permission.ORDERS_REFUND]
    )

    async def told() -> dict[str, object]:
        todos = (await boss.get("/api/console/overview")).json()["todos"]
        return {todo["kind"]: (todo["count"], todo["amount_fen"]) for todo in todos}

    assert await told() == {"suspense": (3, 1_082), "breaks": (0, None)}
    body = {"decision": "keep", "reason": "旧商城的订单"}
    assert (await boss.post("/api/console/suspense/1/resolve", json=body)).status_code == 200
    other = await staff_client([Permission.ORDERS_REFUND])
    yes = {"decision": "approve", "answer": "核对过了"}
    assert (await other.post("/api/console/money-moves/1/decide", json=yes)).status_code == 200
    assert await told() == {"suspense": (2, 305), "breaks": (0, None)}


async def test_no_route_can_say_paid(staff_client: StaffClient) -> None:
    """P7 (mall#613, newbee#100, youlai-mall#113): only WeChat's evidence sets paid."""
    boss = await staff_client(list(Permission))
    for path in ("/payments", "/payments/1", "/payments/1/paid", "/payments/paySuccess"):
        for method in ("POST", "PUT", "PATCH"):
            answer = await boss.request(method, f"/api/console{path}", json={"state": "paid"})
            assert answer.status_code in (404, 405), (method, path)
