"""Posters of products: the sharer's own code, drawn once."""

import io

import pytest
from PIL import Image

from tests.catalog.factories import product
from tests.catalog.test_http import picture
from tests.channels.factories import boss, code, fake_qr
from tests.conftest import Drain, FanClient, StaffClient
from tests.orders import factories as make
from tiefen.catalog.values import ShareKit
from tiefen.channels.service import poster_of, product_poster
from tiefen.kernel.db import Db
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage

KIT = ShareKit(7, "手工酸奶 " * 20, "每天早晨现做", (), (), (), "", 1_990, 2_990)


def test_a_poster_is_drawn_once_for_each_sharer_and_holds_long_names() -> None:
    product_poster.cache_clear()
    mine = poster_of(KIT, "https://a.test/#/r/1-abc/7", "小林")
    assert (mine.price, mine.sharer) == ("¥19.90 起", "小林 推荐")
    drawn = product_poster(mine, picture())
    assert product_poster(mine, picture()) is drawn, "one that is passed round is drawn once"
    theirs = product_poster(poster_of(KIT, "https://a.test/#/r/2-abc/7", "小林"), picture())
    assert theirs != drawn, "another's code is another poster"
    assert Image.open(io.BytesIO(drawn)).size == (750, 1200)


async def test_staff_get_a_poster_with_their_own_ready_code_and_fans_with_their_link(
    db: Db,
    drain: Drain,
    settings: Settings,
    staff_client: StaffClient,
    fan_client: FanClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_qr(monkeypatch)
    key = (await Storage(settings).put_picture("demo", picture())).key
    async with db.merchant("demo") as tx:
        sold, hidden = await product(tx, images=[key]), await product(tx, shelve=False)
        fan_id = await make.fan(tx)
    me = await boss(db)
    other = await code(db, me, "没有主人的码", owner_staff_id=None)
    own = await code(db, me, "我的码")
    staff = await staff_client(staff_id=me.id)
    root = f"/api/console/my/codes/{own.id}/posters"
    assert (await staff.get(f"{root}/{sold.id}")).status_code == 409, "not drawn by WeChat yet"
    await drain()
    poster = await staff.get(f"{root}/{sold.id}")
    assert (poster.status_code, poster.content[:4]) == (200, b"\x89PNG")
    assert (await staff.get(f"{root}/{hidden.id}")).status_code == 404
    theirs = await staff.get(f"/api/console/my/codes/{other.id}/posters/{sold.id}")
    assert theirs.status_code == 404
    fan = await fan_client(fan_id)
    link = (await fan.get("/api/shop/referral/mine")).json()["code"]
    shared = await fan.get(f"/api/shop/referral/posters/{link}/products/{sold.id}")
    assert (shared.status_code, shared.content[:4]) == (200, b"\x89PNG")
    forged = await fan.get(f"/api/shop/referral/posters/1-0000000000/products/{sold.id}")
    assert forged.status_code == 404
