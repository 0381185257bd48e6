"""The ledger browser over HTTP."""

from tests.conftest import StaffClient
from tests.ledger.factories import fund, transfer
from tiefen.kernel.db import Db
from tiefen.ledger import service
from tiefen.team.values import Permission


async def _some(db: Db) -> None:
    async with db.merchant("demo") as tx:
        await service.post(
            tx,
            [
                fund("suspense", 500),
                transfer("suspense", "revenue:other", 120),
                fund("suspense", 3),
            ],
        )


async def test_accounts_page_by_name_with_titles(db: Db, staff_client: StaffClient) -> None:
    await _some(db)
    client = await staff_client([Permission.MONEY_READ])
    first = (await client.get("/api/console/ledger/accounts?limit=2")).json()
    rest = (await client.get(f"/api/console/ledger/accounts?limit=2&cursor={first['next']}")).json()
    rows = first["items"] + rest["items"]
    assert [(row["name"], row["balance_fen"]) for row in rows] == [
        ("revenue:other", 120), ("suspense", 383), ("wechat:clearing", 503),
    ]  # fmt: skip
    assert rows[1]["title_zh"] == "待查款项"
    assert rest["next"] is None
    only = (await client.get("/api/console/ledger/accounts?prefix=wechat:")).json()
    assert [row["name"] for row in only["items"]] == ["wechat:clearing"]


async def test_transfers_page_newest_first(db: Db, staff_client: StaffClient) -> None:
    await _some(db)
    client = await staff_client([Permission.MONEY_READ])
    first = (await client.get("/api/console/ledger/transfers?account=suspense&limit=2")).json()
    rest = (
        await client.get(
            f"/api/console/ledger/transfers?account=suspense&limit=2&cursor={first['next']}"
        )
    ).json()
    assert [row["amount_fen"] for row in first["items"] + rest["items"]] == [3, 120, 500]
    bad = await client.get("/api/console/ledger/transfers?cursor=%F0%9F%98%80")
    assert bad.status_code == 422
    assert bad.json()["error"]["field"] == "cursor"


async def test_money_is_read_only_by_those_who_may(staff_client: StaffClient) -> None:
    nobody = await staff_client([])
    assert (await nobody.get("/api/console/ledger/accounts")).status_code == 403
    assert (await nobody.get("/api/console/ledger/transfers")).status_code == 403


async def test_another_merchants_books_are_its_own(db: Db, staff_client: StaffClient) -> None:
    await _some(db)
    other = await staff_client([Permission.MONEY_READ], merchant="other")
    assert (await other.get("/api/console/ledger/accounts")).json()["items"] == []
    assert (await other.get("/api/console/ledger/transfers")).json()["items"] == []
