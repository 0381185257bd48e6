"""The import of followers over HTTP: connect, start, stop, go on, see it done; rights and refusals."""

from tests.conftest import Drain, StaffClient
from tests.fans.import_world import opened
from tiefen.kernel.db import Db

READ, WRITE = "fans.read", "fans.write"
ROUTE = "/api/console/follower-imports"


async def test_a_merchant_starts_stops_goes_on_and_sees_it_done(
    db: Db, staff_client: StaffClient, drain: Drain
) -> None:
    client = await staff_client([READ, WRITE])
    async with opened(db) as world:
        await world.crowd(30)
        assert (await client.get(ROUTE)).json() == {"connected": True, "imports": []}
        started = await client.post(ROUTE)
        assert started.status_code == 202
        assert (started.json()["state"], started.json()["asked"]) == ("running", 0)
        again = await client.post(ROUTE)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "fans.import_running")

        one = f"{ROUTE}/{started.json()['id']}"
        assert (await client.post(f"{one}/stop")).json()["state"] == "stopped"
        await drain()
        assert (await client.get(ROUTE)).json()["imports"][0]["added"] == 0
        assert (await client.post(f"{one}/resume")).json()["state"] == "running"
        await drain()

        done = (await client.get(ROUTE)).json()["imports"][0]
        assert (done["state"], done["total"], done["added"]) == ("done", 30, 30)
        assert done["staff_name"]
        assert (await client.post(f"{one}/resume")).status_code == 409


async def test_without_an_account_there_is_nothing_to_import_from(
    staff_client: StaffClient,
) -> None:
    client = await staff_client([READ, WRITE])
    assert (await client.get(ROUTE)).json()["connected"] is False
    refused = await client.post(ROUTE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wechat.not_configured")


async def test_who_may_only_read_starts_nothing_and_unknown_imports_are_missing(
    staff_client: StaffClient,
) -> None:
    reader, writer = await staff_client([READ]), await staff_client([READ, WRITE])
    assert (await reader.post(ROUTE)).status_code == 403
    for verb in ("stop", "resume"):
        assert (await reader.post(f"{ROUTE}/1/{verb}")).status_code == 403
        assert (await writer.post(f"{ROUTE}/1/{verb}")).status_code == 404
