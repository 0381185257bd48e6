"""Short links: who opens them, whose visits they become, and what the models make of it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text

from tests.bottles.factories import batch, scan
from tests.catalog.factories import sku
from tests.channels.factories import boss, code, fake_qr, reload
from tests.conftest import Drain, FanClient, StaffClient
from tests.fans.factories import APP, MINI, follower, say
from tests.fans.test_http import state_for
from tests.wechat.factories import configure
from tiefen.catalog import service as catalog
from tiefen.channels import rules, service
from tiefen.channels.errors import LinkMissing
from tiefen.channels.models import Attribution, ChannelCode, FanSource, Reach, Share, Touch, Visit
from tiefen.channels.values import (
    CodeForm,
    CodeKind,
    CodeWish,
    Knock,
    LinkPlatform,
    LinkTarget,
    LinkWish,
    Model,
    Opened,
    TouchKind,
)
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db
from tiefen.orders.events import OrderPaid, OrderRefunded
from tiefen.team.values import Permission
from tiefen.wechat.events import Unfollowed
from tiefen.wechat.values import OAuthIdentity

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
WECHAT = f"{PHONE} MicroMessenger/8.0.50"
LINKS = "/api/console/channel-links"
RIGHTS = [Permission.CHANNELS_READ, Permission.CHANNELS_WRITE]


@pytest.fixture
async def known(db: Db, monkeypatch: pytest.MonkeyPatch) -> dict[str, OAuthIdentity]:
    """Codes and whom WeChat says they belong to."""
    await configure(db)
    people: dict[str, OAuthIdentity] = {}

    async def exchange(_db: Db, _merchant: str, code: str) -> OAuthIdentity:
        return people[code]

    monkeypatch.setattr("tiefen.wechat.service.exchange_code", exchange)
    monkeypatch.setattr("tiefen.wechat.service.mini_login", exchange)
    return people


async def link(db: Db, slug: str = "weibo-1", by: StaffActor | None = None, **more: Any) -> int:
    """A link to the shop."""
    by = by or await boss(db)
    given = {"platform": LinkPlatform.WEIBO, "target": LinkTarget.SHOP, "slug": slug}
    wish = LinkWish(**{**given, **{k: v for k, v in more.items() if k in LinkWish.__slots__}})
    rest = {name: value for name, value in more.items() if name not in LinkWish.__slots__}
    async with db.merchant("demo") as tx:
        common = CodeWish(**{"kind": CodeKind.PLATFORM, **rest})
        return await service.create_link(tx, by, f"链接 {slug}", wish, common)


async def click(client: httpx.AsyncClient, slug: str, agent: str = WECHAT, **more: Any) -> Any:
    """Open a link as a browser would."""
    return await client.get(f"/l/{slug}", headers={"User-Agent": agent}, **more)


async def sign_in(client: httpx.AsyncClient, sent: str) -> httpx.Response:
    """Sign in by OAuth with a code WeChat gave."""
    state = await state_for(client)
    return await client.post("/api/shop/session/oauth", json={"code": sent, "state": state})


async def touches(db: Db, fan_id: int) -> list[tuple[TouchKind, int | None]]:
    async with db.merchant("demo") as tx:
        rows = await tx.execute(
            select(Touch.kind, Touch.code_id).where(Touch.fan_id == fan_id).order_by(Touch.id)
        )
        return [(row.kind, row.code_id) for row in rows]


async def test_a_visit_becomes_a_touch_at_sign_in_and_stays_the_first_source(
    db: Db, app: FastAPI, client: httpx.AsyncClient, known: dict[str, OAuthIdentity],
    drain: Drain, travel: Travel, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fake_qr(monkeypatch)
    by = await boss(db)
    poster = await code(db, by, "海报")
    made = await link(db, by=by, utm_campaign="春季上新", owner_staff_id=by.id)
    answer = await click(client, "weibo-1")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("../shop/?via=weibo-1&utm_source=weibo&")
    assert answer.headers["location"].endswith("#/home")
    travel.move(timedelta(hours=2))
    known["a"] = OAuthIdentity(APP, "o1", None)
    fan_id = (await sign_in(client, "a")).json()["fan"]["id"]
    await drain()
    assert await touches(db, fan_id) == [(TouchKind.VISIT, made)]
    async with db.merchant("demo") as tx:
        source = await tx.get(Attribution, fan_id)
        assert source
        assert (source.first_code_id, source.following) == (made, False)
        assert source.first_at == travel.now - timedelta(hours=2)
        seen = await tx.get(FanSource, fan_id)
        assert seen
        assert (seen.code_id, seen.owner_staff_id, seen.gone) == (made, by.id, True)
    # then they follow by a poster: the first source stays, and now they follow
    travel.move(timedelta(hours=1))
    assert await follower(db, "o1", scene=poster.scene, at=travel.now) == fan_id
    travel.move(timedelta(hours=1))
    paid = OrderPaid(1, "T1", fan_id, 1000, 1, travel.now)
    await say(db, paid, aggregate=f"fan:{fan_id}")
    await drain()
    async with db.merchant("demo") as tx:
        source = await tx.get(Attribution, fan_id, populate_existing=True)
        assert source
        assert (source.first_code_id, source.last_code_id) == (made, poster.id)
        assert source.following
        rows = await tx.execute(select(Share.model, Share.code_id, Share.paid_fen))
        shares = {(row.model, row.code_id): row.paid_fen for row in rows}
        reach = await tx.scalar(select(func.sum(Reach.follows)).where(Reach.code_id == made))
        visits = await tx.scalar(select(func.sum(Reach.scans)).where(Reach.code_id == made))
    assert shares[(Model.FIRST, made)] == 1000
    assert shares[(Model.LAST, poster.id)] == 1000
    assert shares[(Model.LINEAR, made)] == shares[(Model.LINEAR, poster.id)] == 500
    assert (reach, visits) == (0, 1)
    linked = await reload(db, made)
    assert (linked.scans, linked.follows, linked.fans, linked.orders) == (1, 0, 1, 1)
    assert await audit.run(db) == []


async def test_a_follower_who_comes_by_a_link_keeps_their_first_source(
    db: Db, client: httpx.AsyncClient, known: dict[str, OAuthIdentity], drain: Drain,
    travel: Travel,
) -> None:  # fmt: skip
    fan_id = await follower(db, "o1", at=travel.now - timedelta(days=1))
    await drain()
    made = await link(db)
    await click(client, "weibo-1")
    known["a"] = OAuthIdentity(APP, "o1", None)
    await sign_in(client, "a")
    await drain()
    assert await touches(db, fan_id) == [(TouchKind.ORGANIC, None), (TouchKind.VISIT, made)]
    async with db.merchant("demo") as tx:
        source = await tx.get(Attribution, fan_id)
        assert source
        assert (source.first_code_id, source.last_code_id, source.following) == (None, made, True)
    await say(db, Unfollowed(APP, "o1", travel.now + timedelta(hours=1)))
    await drain()
    assert await audit.run(db) == []


async def test_a_signed_in_fan_tells_of_their_visit_and_each_day_counts_once(
    db: Db, client: httpx.AsyncClient, fan_client: FanClient, drain: Drain, travel: Travel
) -> None:
    fan_id = await follower(db, "o1", at=travel.now - timedelta(days=1))
    await drain()
    made = await link(db)
    phone = await fan_client(fan_id)
    for _ in range(3):
        await click(phone, "weibo-1")
        assert (await phone.post("/api/shop/arrivals", json={})).status_code == 200
    assert (await touches(db, fan_id)).count((TouchKind.VISIT, made)) == 1
    travel.move(timedelta(days=1))
    phone = await fan_client(fan_id)
    await click(phone, "weibo-1")
    await phone.post("/api/shop/arrivals", json={})
    assert (await touches(db, fan_id)).count((TouchKind.VISIT, made)) == 2
    assert (await client.post("/api/shop/arrivals", json={})).status_code == 401
    assert await audit.run(db) == []


async def test_a_snapshot_visitor_and_a_visit_past_its_window_are_bound_to_nobody(
    db: Db, client: httpx.AsyncClient, known: dict[str, OAuthIdentity], drain: Drain,
    travel: Travel,
) -> None:  # fmt: skip
    await link(db)
    await click(client, "weibo-1")
    known["s"] = OAuthIdentity(APP, "throwaway", None, snapshot=True)
    assert (await sign_in(client, "s")).status_code == 409
    await drain()
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Touch)) == 0
    travel.move(rules.VISIT_WINDOW + timedelta(minutes=1))
    known["a"] = OAuthIdentity(APP, "o1", None)
    fan_id = (await sign_in(client, "a")).json()["fan"]["id"]
    await drain()
    assert await touches(db, fan_id) == []
    async with db.merchant("demo") as tx:
        assert await service.forget_visits(tx) == 1
        assert await tx.scalar(select(func.count()).select_from(Visit)) == 0


async def test_a_shared_browser_gives_each_visit_to_one_fan(db: Db, travel: Travel) -> None:
    made = await link(db)
    people = [await follower(db, f"o{n}", at=travel.now) for n in range(4)]
    async with db.merchant("demo") as tx:
        tx.add(Visit(visitor="v", code_id=made, day=travel.now.date(), at=travel.now))

    async def join(fan_id: int) -> int:
        async with db.merchant("demo") as tx:
            return await service.join_visits(tx, fan_id, "v")

    assert sorted(await asyncio.gather(*map(join, people))) == [0, 0, 0, 1]
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).where(Touch.kind == "visit")) == 1


async def test_a_campaign_adds_up_its_links_and_nothing_else(
    db: Db, drain: Drain, travel: Travel, staff_client: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qr(monkeypatch)
    by = await boss(db)
    poster = await code(db, by, "海报", cost_fen=700)
    await link(db, "weibo-1", by=by, utm_campaign="total", cost_fen=1000)
    await link(db, "douyin-1", by=by, utm_campaign="total", platform=LinkPlatform.DOUYIN)
    await link(db, "weibo-2", by=by, utm_campaign="夏日")
    await link(db, "bare", by=by)
    began = day_of(travel.now)

    async def come(openid: str, slug: str, *, program: bool = False) -> int:
        async with db.merchant("demo") as tx:
            browser = f"browser of {openid}"
            await service.open_links(tx, [Knock(slug, browser, not program, program, False)])
            fan_id = await fans.resolve(tx, APP, openid, at=travel.now)
            await service.join_visits(tx, fan_id, browser)
            return fan_id

    one, two = await come("o1", "weibo-1"), await come("o2", "douyin-1")
    await come("o3", "bare")
    await come("crawler", "weibo-1", program=True)
    await follower(db, "o1", at=travel.now)
    await follower(db, "o4", scene=poster.scene, at=travel.now)
    await drain()
    travel.move(timedelta(days=3))
    for n, (fan_id, paid) in enumerate(((one, 900), (two, 600)), start=1):
        order = OrderPaid(n, f"T{n}", fan_id, paid, 1, travel.now)
        await say(db, order, aggregate=f"order:{n}")
    await say(db, OrderRefunded(2, "T2", two, 100, False, travel.now), aggregate="order:2")
    await drain()
    reader = await staff_client([Permission.CHANNELS_READ])
    asked = {"by": "campaign", "first": began.isoformat(), "last": day_of(travel.now).isoformat()}
    told = (await reader.get("/api/console/attribution", params=asked)).json()
    rows = {row["key"]: row for row in told["rows"]}
    assert set(rows) == {"total", ""}, "nobody came by the others, and a poster has no campaign"
    row = rows["total"]
    assert (row["name"], row["hits"], row["entered"]) == ("total", 2, 2)
    people = row["people"]
    assert (people["scans"], people["fans"], people["gone"], people["buyers"]) == (2, 2, 1, 2)
    money = row["money"]["first"]
    assert (money["orders_bp"], money["paid_fen"], money["net_fen"]) == (20_000, 1500, 1400)
    assert row["cost"] == {
        "cost_fen": 1000, "per_fan_fen": 500, "per_buyer_fen": 500, "total_fen": 1000,
        "payback_days": 3,
    }  # fmt: skip
    assert (rows[""]["people"]["fans"], rows[""]["cost"]) == (1, None)
    assert (told["total"]["hits"], told["total"]["people"]["fans"]) == (3, 3)
    behind = {**asked, "key": "total"}
    fans_of = await reader.get("/api/console/attribution/fans", params=behind)
    assert {item["fan_id"] for item in fans_of.json()["items"]} == {one, two}
    orders = await reader.get(
        "/api/console/attribution/orders", params={**behind, "model": "linear"}
    )
    assert [item["order_no"] for item in orders.json()["items"]] == ["T2", "T1"]
    by_code = (await reader.get("/api/console/attribution", params={**asked, "by": "code"})).json()
    assert by_code["total"]["hits"] == 0


async def test_programs_are_counted_apart_and_get_no_cookie(
    db: Db, client: httpx.AsyncClient, staff_client: StaffClient
) -> None:
    made = await link(db)
    for agent in ("", "Mozilla/5.0 (compatible; Baiduspider/2.0)", "curl/8.5"):
        answer = await click(client, "weibo-1", agent)
        assert "set-cookie" not in answer.headers
    ahead = {"User-Agent": WECHAT, "Sec-Purpose": "prefetch"}
    assert "set-cookie" not in (await client.get("/l/weibo-1", headers=ahead)).headers
    page = await click(client, "weibo-1", PHONE)
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert "set-cookie" in (await click(client, "weibo-1?s=1")).headers
    console = await staff_client(RIGHTS)
    told = (await console.get(f"{LINKS}/{made}")).json()
    assert (told["hits"], told["entered"], told["bots"]) == (1, 1, 4)
    assert (told["known"], told["unknown"]) == (0, 1)
    assert (told["days"][-1]["hits"], len(told["days"])) == (1, 30)


async def test_the_page_shows_what_it_is_and_escapes_what_was_written(
    db: Db, client: httpx.AsyncClient
) -> None:
    async with db.merchant("demo") as tx:
        made = await sku(tx)
        product_id = (await catalog.skus(tx, [made]))[made].product_id
    await link(
        db, target=LinkTarget.PRODUCT, product_id=product_id, words="<b>第二件半价</b>"
    )  # fmt: skip
    page = await click(client, "weibo-1", PHONE)
    assert "&lt;b&gt;第二件半价&lt;/b&gt;" in page.text
    assert "<svg" in page.text
    assert "http://test/m/demo/l/weibo-1" in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    english = await client.get("/l/weibo-1", headers={"User-Agent": PHONE, "Accept-Language": "en"})
    assert "Scan with WeChat" in english.text
    inside = await click(client, "weibo-1")
    assert inside.headers["location"].endswith(f"#/products/{product_id}")
    assert (await click(client, "nothing", PHONE)).status_code == 404


async def test_a_link_that_has_ended_says_so_and_counts_nothing(
    db: Db, client: httpx.AsyncClient, travel: Travel, staff_client: StaffClient
) -> None:
    made = await link(db, ends_at=travel.now + timedelta(days=1))
    travel.move(timedelta(days=2))
    answer = await click(client, "weibo-1")
    assert answer.status_code == 410
    assert "这个链接已经结束" in answer.text
    console = await staff_client(RIGHTS)
    assert (await console.get(f"{LINKS}/{made}")).json()["hits"] == 0


async def test_a_link_to_follow_shows_a_code_of_wechats_that_is_made_anew_in_time(
    db: Db, client: httpx.AsyncClient, drain: Drain, travel: Travel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fake = fake_qr(monkeypatch)
    made = await link(db, target=LinkTarget.FOLLOW)
    assert "二维码正在生成" in (await click(client, "weibo-1")).text
    await drain()
    scene = (await reload(db, made)).scene
    assert fake.asked == [(scene, 2_592_000)]
    assert "长按识别" in (await click(client, "weibo-1")).text
    assert (await reload(db, made)).url == "http://test/m/demo/l/weibo-1"
    travel.move(timedelta(days=28))
    async with db.merchant("demo") as tx:
        assert await service.renew(tx) == 1
    await drain()
    assert len(fake.asked) == 2
    fan_id = await follower(db, "o9", scene=scene, at=travel.now)
    await drain()
    assert await touches(db, fan_id) == [(TouchKind.FOLLOW, made)]


async def test_links_are_made_found_and_changed_in_the_console(
    db: Db, staff_client: StaffClient
) -> None:
    console = await staff_client(RIGHTS)
    body = {"name": "抖音首页", "platform": "douyin", "target": "shop", "utm_campaign": "双十一"}
    made = (await console.post(LINKS, json=body)).json()
    assert (made["utm_source"], made["utm_medium"]) == ("douyin", "social")
    assert len(made["slug"]) == rules.SLUG_LENGTH
    assert made["code"]["form"] == "link"
    code_id = made["code"]["id"]
    again = await console.post(LINKS, json={**body, "name": "另一个", "slug": made["slug"]})
    assert again.json()["error"]["code"] == "channels.slug_taken"
    wrong = await console.post(LINKS, json={**body, "name": "商品", "target": "product"})
    assert wrong.json()["error"]["field"] == "product_id"
    changed = await console.patch(
        f"{LINKS}/{code_id}", json={"title": "双十一会场", "name": "抖音会场", "archived": True}
    )
    assert (changed.json()["title"], changed.json()["code"]["name"]) == ("双十一会场", "抖音会场")
    assert (await console.get(LINKS)).json()["items"] == []
    found = await console.get(LINKS, params={"archived": True, "query": "双十一"})
    assert [one["slug"] for one in found.json()["items"]] == [made["slug"]]
    image = await console.get(f"/api/console/channel-codes/{code_id}/image")
    assert image.content.startswith(b"\x89PNG")
    usage = (await console.get("/api/console/channel-code-usage")).json()
    assert usage["permanent"] == 0
    reader = await staff_client([Permission.CHANNELS_READ])
    assert (await reader.post(LINKS, json=body)).status_code == 403


async def test_a_mini_program_code_gives_its_touch_at_login_and_no_other_scene_does(
    db: Db, client: httpx.AsyncClient, known: dict[str, OAuthIdentity], drain: Drain,
    monkeypatch: pytest.MonkeyPatch, staff_client: StaffClient,
) -> None:  # fmt: skip
    fake_qr(monkeypatch)
    asked: list[tuple[str, str]] = []

    async def draw(_db: Any, _merchant: str, scene: str, page: str) -> bytes:
        asked.append((scene, page))
        return PNG

    monkeypatch.setattr("tiefen.wechat.service.create_mini_code", draw)
    by = await boss(db)
    employee = await code(db, by, "小林")
    console = await staff_client(RIGHTS)
    body = {"name": "门店小程序码", "kind": "exhibition", "form": "mini"}
    made = (await console.post("/api/console/channel-codes", json=body)).json()
    await drain()
    assert asked == [(made["scene"], "pages/home/index")]
    assert len(made["scene"]) <= 32
    image = await console.get(f"/api/console/channel-codes/{made['id']}/image")
    assert image.content.startswith(b"\x89PNG")
    known["m"] = OAuthIdentity(MINI, "m1", None)
    for scene in (made["scene"], employee.scene, "c.nothing"):
        answer = await client.post("/api/shop/session/mini", json={"code": "m", "scene": scene})
    await drain()
    fan_id = answer.json()["fan"]["id"]
    assert await touches(db, fan_id) == [(TouchKind.VISIT, made["id"])]
    assert (await reload(db, made["id"])).fans == 1
    assert await audit.run(db) == []


async def test_scanning_a_bottle_is_a_touch_of_its_batch(db: Db, drain: Drain) -> None:
    made = await batch(db)
    async with db.merchant("demo") as tx:
        people = [await fans.resolve(tx, APP, f"b{n}") for n in range(6)]
    await asyncio.gather(*(scan(db, one, made.codes[0]) for one in people))
    await scan(db, people[0], made.codes[1])
    await drain()
    async with db.merchant("demo") as tx:
        (bottle,) = await tx.scalars(select(ChannelCode).where(ChannelCode.form == CodeForm.BOTTLE))
        assert (bottle.name, bottle.scans, bottle.fans) == ("春季 50g", 6, 6)
    assert await touches(db, people[0]) == [(TouchKind.VISIT, bottle.id)]
    assert await audit.run(db) == []


@pytest.mark.usefixtures("app")  # composition says where short addresses are
async def test_the_audit_sees_a_joined_visit_without_its_touch(db: Db, travel: Travel) -> None:
    made = await link(db)
    fan_id = await follower(db, "o1", at=travel.now)
    async with db.merchant("demo") as tx:
        await tx.execute(
            text(
                "INSERT INTO channel_visit (visitor, code_id, day, at, fan_id, joined_at)"
                " VALUES ('x', :code, :day, :at, :fan, :at)"
            ),
            {"code": made, "day": travel.now.date(), "at": travel.now, "fan": fan_id},
        )
    assert [one.invariant for one in await audit.run(db)] == ["C8.visits"]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c"
    "6360000000020001e221bc330000000049454e44ae426082"
)


async def test_many_who_open_links_at_one_moment_are_all_counted(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share commits; each is told where to go, one who asks for nothing we know is told so."""
    fake_qr(monkeypatch)
    by = await boss(db)
    await link(db, "spring", by=by)
    await link(db, "autumn", by=by)
    knocks = [
        Knock(slug, f"browser {n % 20}", inside=n % 3 > 0, program=n % 7 == 0, scanned=False)
        for n in range(60)
        for slug in ("spring", "autumn", "nothing")
    ]
    told = await asyncio.gather(
        *(service.open_link(db, "demo", knock) for knock in knocks), return_exceptions=True
    )
    assert [isinstance(one, LinkMissing) for one in told] == [k.slug == "nothing" for k in knocks]
    assert {one.slug for one in told if isinstance(one, Opened)} == {"spring", "autumn"}
    people = [k for k in knocks if not k.program and k.slug == "spring"]
    async with db.merchant("demo") as tx:
        days = (
            await tx.execute(
                text(
                    "SELECT l.slug, sum(hits), sum(entered), sum(bots) FROM channel_link_day d"
                    " JOIN channel_link l ON l.code_id = d.code_id GROUP BY l.slug ORDER BY l.slug"
                )
            )
        ).all()
        visits = await tx.scalar(text("SELECT count(*) FROM channel_visit"))
    figures = (len(people), sum(k.inside for k in people), 60 - len(people))
    assert [tuple(day) for day in days] == [("autumn", *figures), ("spring", *figures)]
    assert visits == 2 * len({k.visitor for k in people if k.inside})
