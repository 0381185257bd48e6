"""The bottle pages: make, print, hand out, scan, look into alarms; rights and bad input."""

import csv
import io

import pytest
from sqlalchemy import select

from tests.bottles.factories import batch, fans
from tests.catalog.factories import sku
from tests.channels.factories import boss, fake_qr, reload
from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, follower, statements
from tiefen.bottles import queries
from tiefen.channels.models import ChannelCode
from tiefen.fans import service as people
from tiefen.kernel.db import Db

PATH = "/api/console/bottle-batches"
ALARMS = "/api/console/bottle-alarms"
RIGHTS = ["bottles.read", "bottles.write"]


async def test_a_batch_is_made_printed_by_the_roll_handed_out_and_scanned(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    await boss(db)
    async with db.merchant("demo") as tx:
        sku_id = await sku(tx)
    one, two = await fans(db, 2)
    client = await staff_client([*RIGHTS, "team.read"])
    body = {"name": "春季", "sku_id": sku_id, "size": 25_000, "per_roll": 10_000, "words": "谢谢"}
    made = await client.post(PATH, json=body)
    assert made.status_code == 201, made.text
    batch_id = made.json()["id"]
    whole = await client.post(f"{PATH}/{batch_id}/print-file")
    rows = list(csv.DictReader(io.StringIO(whole.text.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == [str(n) for n in range(1, 25_001)]
    assert len({row["code"] for row in rows}) == 25_000
    assert rows[0]["url"] == f"http://test/m/demo/b/{rows[0]['code']}"
    third = await client.post(f"{PATH}/{batch_id}/print-file?roll=3")
    assert third.text.splitlines()[1:] == whole.text.splitlines()[20_001:]
    assert (await client.post(f"{PATH}/{batch_id}/print-file?roll=4")).status_code == 422
    taken = (await client.get("/api/console/audit")).json()["items"]
    assert [line["action"] for line in taken].count("bottles.printed") == 2

    handed = {"first": 1, "last": 100, "dealer": "老周", "territory": ["330000"]}
    assert (await client.post(f"{PATH}/{batch_id}/ranges", json=handed)).status_code == 201
    code = rows[6]["code"]
    led = await (await fan_client(one)).get(f"/b/{code}")
    assert (led.status_code, led.headers["location"]) == (302, f"../shop/#/b/{code}")
    url = f"/api/shop/bottles/{code}/scan"
    first = await (await fan_client(one)).post(url, json={"region_code": "110101"})
    assert first.status_code == 200, first.text
    seen = first.json()
    assert (seen["verdict"], seen["number"], seen["words"]) == ("first", 7, "谢谢")
    again = (await (await fan_client(two)).post(url, json={"lat": 30.2741, "lng": 120.15})).json()
    assert (again["verdict"], again["first_region"], again["scans"]) == ("seen", "北京市", 2)

    listed = (await client.get(PATH)).json()["items"]
    assert (seen["follow_image"], again["follow_image"]) == ("", ""), "both follow already"
    assert [
        (row["opened"], row["scans"], row["handed_out"], row["open_alarms"]) for row in listed
    ] == [(1, 2, 100, 1)]
    where = (await client.get(f"{PATH}/{batch_id}/where")).json()
    assert where["ranges"][0]["outside"] == 1
    assert {row["province"]: row["scans"] for row in where["places"]} == {"110000": 1, "": 1}
    scans = (await client.get(f"{PATH}/{batch_id}/bottles/7")).json()
    assert [line["first"] for line in scans] == [False, True]
    (alarm,) = (await client.get(ALARMS)).json()["items"]
    assert (alarm["kind"], alarm["evidence"]["dealer"]) == ("outside", "老周")
    close = f"{ALARMS}/{alarm['id']}/close"
    assert (await client.post(close, json={"note": "已联系经销商"})).json() == {"ok": True}
    assert (await client.get(ALARMS)).json()["items"] == []
    assert (await client.get(f"{ALARMS}?closed=true")).json()["items"][0]["note"] == "已联系经销商"
    ranges = where["ranges"][0]["id"]
    assert (await client.post(f"{PATH}/{batch_id}/ranges/{ranges}/withdraw")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": 1_000_001}, "size"),
        ({"sku_id": 10**9}, "sku_id"),
        ({"reward": "coupon"}, "coupon_template_id"),
        ({"name": " "}, "name"),
        ({"cycle_days": 0}, "cycle_days"),
        ({"reward": "money"}, "reward"),
    ],
)
async def test_bad_batches_are_refused_by_field(
    db: Db, staff_client: StaffClient, changes: dict[str, object], field: str
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await sku(tx)
    client = await staff_client(RIGHTS)
    answer = await client.post(PATH, json={"name": "批", "sku_id": sku_id, "size": 10} | changes)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == field


async def test_limits_are_kept_and_rights_are_asked(
    db: Db, staff_client: StaffClient, fan_client: FanClient
) -> None:
    made = await batch(db)
    client = await staff_client(RIGHTS)
    limits = {"window_hours": 48, "scans": 20, "fans": 6, "far_km": 800}
    assert (await client.get("/api/console/bottle-limits")).json()["scans"] == 10
    assert (await client.put("/api/console/bottle-limits", json=limits)).json() == limits
    assert (await client.get("/api/console/bottle-limits")).json() == limits
    reader = await staff_client(["bottles.read"])
    assert (await reader.post(f"{PATH}/{made.id}/print-file")).status_code == 403
    other = await staff_client(RIGHTS, merchant="other")
    for path in (f"{PATH}/{made.id}", f"{PATH}/{made.id}/where"):
        assert (await other.get(path)).status_code == 404
    (one,) = await fans(db, 1)
    fan = await fan_client(one)
    assert (await fan.post(f"/api/shop/bottles/{'A' * 26}/scan", json={})).status_code == 404
    wrong = await fan.post(
        f"/api/shop/bottles/{made.codes[0]}/scan", json={"region_code": "999999"}
    )
    assert wrong.status_code == 422
    assert (await client.get(f"{PATH}/{made.id}/bottles/1")).status_code == 404


async def test_the_list_costs_the_same_however_long(db: Db, staff_client: StaffClient) -> None:
    client = await staff_client(RIGHTS)
    first = await batch(db)
    async with db.merchant("demo") as tx:
        await client.get(PATH)  # who lives where is remembered from now on
        with statements(tx) as few:
            await client.get(PATH)
        for _ in range(3):
            await batch(db, by=first.by)
        with statements(tx) as many:
            assert len((await client.get(PATH)).json()["items"]) == 4
    assert len(many) == len(few)


async def test_who_scans_and_does_not_follow_is_shown_a_code_and_counts_for_the_batch(
    db: Db, fan_client: FanClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qr(monkeypatch)
    made = await batch(db)
    async with db.merchant("demo") as tx:
        stranger = await people.resolve(tx, APP, "stranger")
    url = f"/api/shop/bottles/{made.codes[0]}"
    client = await fan_client(stranger)
    assert (await client.post(f"{url}/scan", json={})).json()["follow_image"] == "", "not drawn yet"
    assert (await client.get(f"{url}/follow-code")).status_code == 404
    await drain()
    shown = (await client.post(f"{url}/scan", json={})).json()["follow_image"]
    assert shown == f"{url}/follow-code"
    image = await client.get(shown)
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    async with db.merchant("demo") as tx:
        scene = (await queries.one_batch(tx, made.id)).scene
        code = await tx.scalar(select(ChannelCode).where(ChannelCode.scene == scene))
    await follower(db, "stranger", scene=scene)
    await drain()
    assert (await client.post(f"{url}/scan", json={})).json()["follow_image"] == ""
    assert code
    now = await reload(db, code.id)
    assert (now.follows, now.fans) == (1, 1)
    assert (await client.get("/api/shop/bottles/AAAA/follow-code")).status_code == 404
