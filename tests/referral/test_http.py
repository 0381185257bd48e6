"""推荐有礼 over HTTP, from both sides and from the console."""

from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.promotion.coupons import opened
from tests.referral.factories import buys, refunds
from tiefen.kernel import audit
from tiefen.kernel.db import Db
from tiefen.team.values import Permission

ROOT = "/api/console/referral"


async def test_from_the_link_to_the_ranking(
    db: Db, drain: Drain, wechat: FakeWeChat, staff_client: StaffClient, fan_client: FanClient
) -> None:
    async with db.merchant("demo") as tx:
        sku_id = await stocked(tx, 50, skus=[{"price_fen": 6_000, "cost_fen": 100}])
        template_id = await opened(tx)
        referrer, friend = await make.fan(tx), await make.fan(tx)
    staff = await staff_client([Permission.PROMOTIONS_READ, Permission.PROMOTIONS_WRITE])
    rules = (await staff.get(f"{ROOT}/rules")).json()
    assert (rules["enabled"], rules["edits"]) == (False, 0)
    wrong = await staff.put(f"{ROOT}/rules", json={**rules, "enabled": True})
    assert wrong.json()["error"]["field"] == "referrer_template_id"
    rules |= {
        "enabled": True,
        "reward_when": "paid",
        "hold_odd": False,
        "referrer_template_id": template_id,
        "friend_template_id": template_id,
    }
    assert (await staff.put(f"{ROOT}/rules", json=rules)).json()["edits"] == 1
    assert (await staff.put(f"{ROOT}/rules", json=rules)).status_code == 409

    one, other = await fan_client(referrer), await fan_client(friend)
    mine = (await one.get("/api/shop/referral/mine")).json()
    assert (mine["running"], mine["friend_gift"], mine["friends"]) == (True, "满 ¥50 减 ¥10", 0)
    code = mine["code"]
    landing = (await other.get(f"/api/shop/referral/landing/{code}")).json()
    assert (landing["running"], landing["gift"]) == (True, "满 ¥50 减 ¥10")
    poster = await other.get(f"/api/shop/referral/posters/{code}")
    assert poster.headers["content-type"] == "image/png"
    assert poster.content.startswith(b"\x89PNG")
    assert (await other.get("/api/shop/referral/landing/1-0000000000")).status_code == 404
    body = {"code": code}
    assert (await one.post("/api/shop/referral/arrive", json=body)).json()["arrival"] == "self"
    assert (await other.post("/api/shop/referral/arrive", json=body)).json() == {
        "arrival": "bound",
        "message": "已和好友绑定，首次购买后双方有礼",
    }
    order_no = await buys(db, wechat, drain, friend, sku_id)
    mine = (await one.get("/api/shop/referral/mine")).json()
    assert (mine["friends"], mine["bought"], mine["rewarded"]) == (1, 1, 1)
    assert [friend["reward"] for friend in mine["latest"]] == ["given"]
    (row,) = (await staff.get(f"{ROOT}/referrers")).json()["items"]
    assert (row["fan_id"], row["value_fen"], row["given"]) == (referrer, 6_000, 1)
    tree = (await staff.get(f"{ROOT}/referrers/{referrer}")).json()
    assert [reward["state"] for reward in tree["friends"][0]["rewards"]] == ["given", "given"]
    await refunds(db, drain, friend, order_no)
    sums = (await staff.get(f"{ROOT}/results")).json()
    assert (sums["given"], sums["taken_back"], sums["cost_fen"]) == (0, 2, 0)
    assert (await staff.get(f"{ROOT}/debts")).json()["items"] == []
    assert (await staff.get(f"{ROOT}/odd")).json()["items"] == []
    no = {"approve": True, "reason": "好"}
    assert (await staff.post(f"{ROOT}/odd/7/decide", json=no)).status_code == 404
    debt = {"order_no": order_no, "side": "friend", "reason": "好"}
    assert (await staff.post(f"{ROOT}/debts/forgive", json=debt)).status_code == 404
    assert await audit.run(db) == []


async def test_the_ranking_goes_on_page_by_page(db: Db, staff_client: StaffClient) -> None:
    from_one = await staff_client([Permission.PROMOTIONS_READ])
    page = (await from_one.get(f"{ROOT}/referrers", params={"limit": 1})).json()
    assert page == {"items": [], "next": None}
