"""推荐有礼 over HTTP, from both sides and from the console."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from tests.conftest import Drain, FanClient, StaffClient
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.payments.factories import FakeWeChat
from tests.promotion.coupons import opened
from tests.referral.factories import buys, refunds
from tiefen.fans import service as fans
from tiefen.kernel import audit
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.money import yuan_cell
from tiefen.referral.models import ReferralBond, ReferralOrder
from tiefen.referral.values import BondState
from tiefen.team.values import Permission

ROOT = "/api/console/referral"
Bond = tuple[int, int, bool, datetime]
"""Referrer, friend, whether it lapsed, when they were bound."""
Order = tuple[int, datetime, int]
"""Referrer, when it was paid, what was paid and not refunded."""


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


async def made_up(tx: Tx, chance: Random) -> tuple[list[Bond], list[Order]]:
    """Twenty people, most of whom another brought, and what they bought on five days."""
    people = [await make.fan(tx) for _ in range(20)]
    bonds, orders = [], []
    for place, friend in enumerate(people[2:], start=2):
        at = datetime(2026, 4, chance.randint(1, 5), 15, 30, tzinfo=UTC)
        bond = ReferralBond(
            friend_id=friend, referrer_id=chance.choice(people[: min(place, 6)]), bound_at=at,
            until=at, state=BondState.CLEAR, lapsed=place % 9 == 0,
        )  # fmt: skip
        tx.add(bond)
        await tx.flush()
        bonds.append((bond.referrer_id, friend, bond.lapsed, at))
        for nth in range(0 if bond.lapsed else chance.randint(0, 3)):
            paid_at = datetime(2026, 4, chance.randint(1, 5), 16, tzinfo=UTC)  # midnight in China
            paid_fen = chance.randint(1, 9_999)
            back_fen = chance.choice([0, 0, paid_fen])
            tx.add(
                ReferralOrder(
                    order_no=f"T{friend}-{nth}", bond_id=bond.id, friend_id=friend,
                    referrer_id=bond.referrer_id, paid_fen=paid_fen, refunded_fen=back_fen,
                    paid_at=paid_at, is_first=nth == 0,
                )
            )  # fmt: skip
            orders.append((bond.referrer_id, paid_at, paid_fen - back_fen))
    return bonds, orders


def recount(
    bonds: list[Bond], orders: list[Order], first: date | None, last: date | None
) -> dict[int, tuple[int, int, int]]:
    """Referrer → friends, value, chain value: one by one, out of the rows."""
    inside = [first or date.min, last or date.max]
    value: Counter[int] = Counter()
    friends: Counter[int] = Counter()
    busy: set[int] = set()
    for referrer, at, fen in orders:
        if inside[0] <= day_of(at) <= inside[1]:
            value[referrer] += fen
            busy.add(referrer)
    chain = Counter(value)
    for referrer, friend, lapsed, at in bonds:
        if lapsed:
            continue
        if inside[0] <= day_of(at) <= inside[1]:
            friends[referrer] += 1
        chain[referrer] += value[friend]
    told = busy | set(friends) | {up for up, one, over, _ in bonds if one in busy and not over}
    return {one: (friends[one], value[one], chain[one]) for one in told}


async def test_worth_and_chain_equal_a_recount_on_page_and_in_the_file(
    db: Db, staff_client: StaffClient
) -> None:
    async with db.merchant("demo") as tx:
        bonds, orders = await made_up(tx, Random(7))
        formula = bonds[0][0]
        await fans.edit_profile(tx, formula, {"nickname": "=1+1"})
    staff = await staff_client([Permission.PROMOTIONS_READ, Permission.TEAM_READ])
    for first, last in [(None, None), (3, 4), (2, 2), (5, None), (None, 3)]:
        days = {name: f"2026-04-0{day}" for name, day in (("first", first), ("last", last)) if day}
        known = recount(
            bonds, orders, *(date(2026, 4, day) if day else None for day in (first, last))
        )
        seen: list[dict[str, Any]] = []
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            asked = {**days, **cursor, "limit": "3"}
            page = (await staff.get(f"{ROOT}/referrers", params=asked)).json()
            seen += page["items"]
            cursor = {"cursor": page["next"]} if page["next"] else None
        assert {
            one["fan_id"]: (one["friends"], one["value_fen"], one["chain_value_fen"])
            for one in seen
        } == known, days
        assert [one["value_fen"] for one in seen] == sorted(
            (one["value_fen"] for one in seen), reverse=True
        )
        sums = (await staff.get(f"{ROOT}/results", params=days)).json()
        assert sums["friends"] == sum(one["friends"] for one in seen)
        assert sums["paid_fen"] - sums["refunded_fen"] == sum(one["value_fen"] for one in seen)
        answer = await staff.get(f"{ROOT}/referrers/export", params=days)
        rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
        assert [
            (row["粉丝编号"], row["净消费(元)"], row["连同好友的好友(元)"]) for row in rows
        ] == [
            (str(one["fan_id"]), yuan_cell(one["value_fen"]), yuan_cell(one["chain_value_fen"]))
            for one in seen
        ]
        if not days:
            assert "'=1+1" in {row["推荐人"] for row in rows}, "no formula"
            tree = (await staff.get(f"{ROOT}/referrers/{formula}")).json()
            assert (tree["value_fen"], tree["chain_value_fen"]) == known[formula][1:]
    assert any(chain != value for _, value, chain in recount(bonds, orders, None, None).values())
    audit = (await staff.get("/api/console/audit?action=referral.referrers_exported")).json()
    assert len(audit["items"]) == 5
    for wrong in ("first=2026-04-02&last=2026-04-01", "last=x"):
        refused = await staff.get(f"{ROOT}/results?{wrong}")
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "last")
    for far in ("first=0001-01-01", "last=9999-12-31"):
        assert (await staff.get(f"{ROOT}/referrers?{far}")).status_code == 200
    none = {"first": "2020-01-01", "last": "2020-01-02"}
    page = (await staff.get(f"{ROOT}/referrers", params=none)).json()
    assert page == {"items": [], "next": None}
    assert (await (await staff_client([])).get(f"{ROOT}/referrers/export")).status_code == 403
