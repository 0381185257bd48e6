"""From 小林's code to 小林's results: the phone, the console and the report agree, and a refund shows."""

from datetime import timedelta
from typing import Any

from tests.flows.test_scan_to_refund import FREIGHT, PRICE, buy, follow_lin, life, the_fan
from tiefen.demo.doors import Doors
from tiefen.demo.living import Life
from tiefen.demo.shopkeeping import OWNER
from tiefen.kernel.days import day_of

__all__ = ["life"]  # the fixture


async def figures(doors: Doors) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """小林's phone, 小林's row of the console's table, the code's row of the report; this month."""
    phone = (await doors.console("xiaolin", "GET", "my/results"))["month"]
    today = day_of(doors.clock.now)
    days = f"first={today.replace(day=1).isoformat()}&last={today.isoformat()}"
    table = (await doors.console(OWNER, "GET", f"results?{days}"))["rows"]
    report = (await doors.console(OWNER, "GET", f"attribution?{days}&by=code"))["rows"]
    row = next(one for one in table if one["name"].endswith("小林"))
    code = next(one for one in report if one["name"] == "小林")
    return phone, row, code


async def test_the_phone_the_table_and_the_report_agree_and_a_refund_shows(life: Life) -> None:
    doors = life.doors
    await follow_lin(life)
    number = await buy(life, quantity=2)
    phone, row, code = await figures(doors)
    assert (phone["fans"], phone["orders"], phone["received_orders"]) == (1, 1, 0)
    assert phone["net_fen"] == row["net_fen"] == code["money"]["first"]["net_fen"] == PRICE * 2
    assert code["people"]["buyers"] == 1

    parcel = {"courier": "顺丰速运", "tracking_no": "SF1234567890"}
    await doors.console("dazhuang", "POST", f"orders/{number}/parcels", **parcel)
    doors.at(doors.clock.now + timedelta(hours=30))
    await life.after.receive(0, number)
    await doors.work()
    phone, row, code = await figures(doors)
    assert phone["received_orders"] == row["received_orders"] == 1
    assert row["received_fen"] == code["money"]["linear"]["received_fen"] == PRICE * 2
    assert code["people"]["keepers"] == 1
    fan = await the_fan(life)
    assert fan["stage"] == "user"
    mine = (await doors.console("xiaolin", "GET", "my/fans"))["items"]
    assert [one["fan_id"] for one in mine] == [fan["id"]]
    standing = (await doors.console(OWNER, "GET", f"fans/{fan['id']}"))["standing"]
    assert standing["next_stage"] == "fan"
    assert {one["fact"] for one in standing["missing"]} <= {"received", "interactions"}

    line = (await doors.shop(0, "GET", f"orders/{number}"))["lines"][0]
    asked = await doors.shop(
        0, "POST", f"orders/{number}/after-sales",
        lines=[{"line_id": line["id"], "quantity": 2}], reason="damaged", note="漏了",
    )  # fmt: skip
    path = f"after-sales/{asked['after_sale_no']}/approve"
    await doors.console("sujie", "POST", path)
    await doors.work()
    phone, row, code = await figures(doors)
    back = phone["refunded_fen"]
    assert back in {PRICE * 2, PRICE * 2 + FREIGHT}
    assert (
        phone["net_fen"] == row["net_fen"] == code["money"]["rule"]["net_fen"] == PRICE * 2 - back
    )
    assert code["people"]["keepers"] == 0
    assert code["people"]["receivers"] == 1
    assert (await the_fan(life))["stage"] == "follower"
