"""A fan's link from share to reward to refund, on WeChat's wire, with the sandbox's own phones."""

from datetime import timedelta
from typing import Any

import pytest

from tiefen.demo.doors import Doors
from tiefen.demo.living import Life
from tiefen.demo.phones import get_phones
from tiefen.demo.plan import Person
from tiefen.demo.shopkeeping import OWNER, Shop

REGION = ("330106", "浙江省", "杭州市", "西湖区")
FANS = [
    Person("林晓雨", "13812345678", REGION, "文三路 8 号 3 室"),
    Person("周小满", "13912345678", REGION, "文二路 9 号 1 室"),
]
LIN, ZHOU = 0, 1


@pytest.fixture
async def life(doors: Doors, shop: Shop) -> Life:
    """Two fans with a phone each."""
    return Life(doors, shop, FANS, await get_phones(doors, FANS), seed=1)


async def buy(life: Life, fan: int) -> str:
    """Honey to the door, with the best coupon; returns the order number."""
    doors = life.doors
    address = await life.phones.address(fan)
    lines = [{"sku_id": life.shop.skus[0, 1], "quantity": 1}]
    quote = await doors.shop(fan, "POST", "checkout/quote", lines=lines)
    order = await doors.shop(
        fan, "POST", "orders", key=f"key-{fan}-{doors.clock.now.timestamp()}",
        lines=lines, address_id=address, digest=quote["digest"], coupon_id=quote["coupon_id"],
    )  # fmt: skip
    number: str = order["order_no"]
    paying = await doors.shop(fan, "POST", f"orders/{number}/pay", client="jsapi")
    await life.phones.pay(fan, paying["sheet"], "success")
    await doors.work()
    return number


async def give_back(life: Life, fan: int, number: str) -> None:
    """All of an order goes back."""
    doors = life.doors
    asked = await doors.shop(
        fan, "POST", f"orders/{number}/after-sales", lines=[], reason="changed_mind", note=""
    )
    path = f"after-sales/{asked['after_sale_no']}/approve"
    await doors.console("sujie", "POST", path, answer="好的")
    await doors.work()


async def set_up(doors: Doors) -> dict[str, Any]:
    """One coupon for both sides, at once when the friend has paid."""
    made: dict[str, Any] = await doors.console(
        OWNER, "POST", "coupons",
        kind="amount", name="老带新 5 元", days=30,
        terms={"off_fen": 500, "scope": {"all": True}},
    )  # fmt: skip
    await doors.console(OWNER, "POST", f"coupons/{made['id']}/open", because="")
    rules: dict[str, Any] = await doors.console(OWNER, "GET", "referral/rules")
    rules |= {
        "enabled": True,
        "reward_when": "paid",
        "referrer_template_id": made["id"],
        "friend_template_id": made["id"],
        "hold_odd": False,
    }
    await doors.console(OWNER, "PUT", "referral/rules", **rules)
    return made


async def test_from_share_to_reward_to_refund(life: Life) -> None:
    doors = life.doors
    coupon = await set_up(doors)
    for fan in (LIN, ZHOU):
        await life.phones.tap(fan, "follow", scene=life.shop.codes[0]["scene"])
        await doors.work()
        await life.phones.enter(fan)
    mine = await doors.shop(LIN, "GET", "referral/mine")
    assert mine["referrer_gift"] == "无门槛减 ¥5"
    assert (await doors.shop(ZHOU, "GET", "my-coupons"))["held"] == 0
    came = await doors.shop(ZHOU, "POST", "referral/arrive", code=mine["code"])
    assert came["arrival"] == "bound"
    back = await doors.shop(LIN, "POST", "referral/arrive", code=mine["code"])
    assert back["arrival"] == "self"
    assert (await doors.shop(LIN, "GET", "my-coupons"))["held"] == 0  # nothing for following

    first = await buy(life, ZHOU)
    for fan in (LIN, ZHOU):
        assert (await doors.shop(fan, "GET", "my-coupons"))["held"] == 1
    doors.at(doors.clock.now + timedelta(hours=1))
    spent = await buy(life, LIN)
    order = await doors.console(OWNER, "GET", f"orders/{spent}")
    assert order["discount_fen"] == 500

    await give_back(life, ZHOU, first)
    assert (await doors.shop(ZHOU, "GET", "my-coupons"))["held"] == 0
    (debt,) = (await doors.console(OWNER, "GET", "referral/debts"))["items"]
    assert (debt["side"], debt["owed_fen"]) == ("referrer", 500)
    await give_back(life, LIN, spent)
    assert (await doors.shop(LIN, "GET", "my-coupons"))["held"] == 0
    full = await doors.console(OWNER, "GET", f"coupons/{coupon['id']}")
    assert (full["issued"], full["taken_back"], full["used"], full["spent_fen"]) == (2, 2, 0, 0)
    sums = await doors.console(OWNER, "GET", "referral/results")
    assert (sums["friends"], sums["buyers"], sums["given"]) == (1, 1, 0)
