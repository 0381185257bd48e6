"""Notices: who signs, when they come again, and every way they can be spoilt."""

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from . import merchant
from .conftest import Got, World
from .merchant import open_shop

# Seconds after the first try, as the platform documents them: 15 more tries, the last after 24 h 4 min.
SCHEDULE = [15, 30, 60, 240, 840, 2040, 3840, 5640, 7440, 11040, 21840, 32640, 43440, 65040, 86640]


def notices(world: World, path: str = "/notify") -> list[Got]:
    return [g for g in world.server.got if g.path == path]


async def charged(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.do("GET", "/charges"))["items"]
    return found


@pytest.mark.parametrize("mode", ["certificate", "public_key"])
async def test_a_notice_is_signed_and_sealed_in_both_modes(world: World, mode: str) -> None:
    shop = await open_shop(world, key_mode=mode)
    number, told = await shop.paid()
    assert told["notice"]["state"] == "delivered"
    (got,) = notices(world)
    serial = "public_key_id" if mode == "public_key" else "platform_serial"
    assert got.headers["wechatpay-serial"] == shop.account[serial]
    resource = merchant.opened(shop.account, got)
    assert resource["out_trade_no"] == number
    assert resource["transaction_id"] == told["charge"]["transaction_id"]
    assert resource["amount"]["total"] == 100
    body = json.loads(got.body)
    assert (body["event_type"], body["resource"]["original_type"]) == (
        "TRANSACTION.SUCCESS",
        "transaction",
    )


async def test_the_mixed_mode_uses_both_keys(world: World) -> None:
    shop = await open_shop(world, key_mode="mixed")
    for _ in range(12):
        await shop.paid()
    serials = {g.headers["wechatpay-serial"] for g in notices(world)}
    assert serials == {shop.account["platform_serial"], shop.account["public_key_id"]}
    for got in notices(world):
        merchant.opened(shop.account, got)


async def test_an_unaccepted_notice_comes_again_by_the_schedule(world: World) -> None:
    shop = await open_shop(world)
    world.server.default = (500, b'{"code":"FAIL"}')
    began = world.clock.time()
    await shop.paid()
    times = [0.0]
    while (await world.do("GET", "/clock"))["next_due"] is not None:
        due = world.box.agenda.next_due()
        assert due is not None
        world.clock.set(due)
        assert (await world.post("/clock/run-due"))["ran"] == 1
        times.append(world.clock.time() - began)
    assert times[1:] == SCHEDULE
    assert len(notices(world)) == 16
    assert len({json.loads(g.body)["id"] for g in notices(world)}) == 1
    assert len({g.headers["wechatpay-signature"] for g in notices(world)}) == 16
    (notice,) = (await world.do("GET", "/notices"))["items"]
    assert (notice["state"], notice["next_at"]) == ("given up", None)


async def test_the_body_does_not_matter_only_the_status(world: World) -> None:
    shop = await open_shop(world)
    world.server.default = (200, b'{"code":"FAIL"}')
    assert (await shop.paid())[1]["notice"]["state"] == "delivered"
    world.server.default = (404, b'{"code":"SUCCESS"}')
    assert (await shop.paid())[1]["notice"]["state"] == "waiting"


async def test_a_probe_comes_before_every_nth_notice(world: World) -> None:
    shop = await open_shop(world, probe_every=2)
    world.server.answers = [(204, b""), (401, b"")]
    await shop.paid()
    _, told = await shop.paid()
    first, probe, true = notices(world)
    assert probe.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    with pytest.raises((InvalidSignature, ValueError)):
        merchant.opened(shop.account, probe)
    assert (
        merchant.opened(shop.account, true)["out_trade_no"]
        != merchant.opened(shop.account, first)["out_trade_no"]
    )
    assert [a["kind"] for a in told["notice"]["attempts"]] == ["signtest", "true"]


# -- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        "headers_missing",
        "empty_signature",
        "other_key",
        "altered_body",
        "unknown_serial",
        "skew",
        "bad_tag",
        "signtest",
    ],
)
async def test_a_forgery_does_not_verify_and_the_true_notice_follows(
    world: World, how: str
) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="forge", how=how, match={"target": "notice"})
    number, told = await shop.paid()
    forged, true = notices(world)
    if how == "skew":
        merchant.verify(shop.account, forged.headers, forged.body)
        assert abs(world.clock.wire() - int(forged.headers["wechatpay-timestamp"])) == 360
    else:
        with pytest.raises((InvalidSignature, KeyError, ValueError, InvalidTag)):
            merchant.opened(shop.account, forged)
    assert merchant.opened(shop.account, true)["out_trade_no"] == number
    assert [a["kind"] for a in told["notice"]["attempts"]] == [how, "true"]
    assert told["notice"]["state"] == "delivered"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("wrong_amount", "amount", 101),
        ("wrong_order", "out_trade_no", "other0000001"),
        ("wrong_merchant", "mchid", "1999999999"),
        ("wrong_currency", "amount", "USD"),
        ("second_transaction", "transaction_id", "4200009999202601010000000001"),
    ],
)
async def test_wrong_facts_are_rightly_signed(
    world: World, kind: str, field: str, value: Any
) -> None:
    shop = await open_shop(world)
    option = {} if kind == "wrong_amount" else {"value": value}
    await world.post("/faults", kind=kind, **option)
    _, told = await shop.paid()
    spoilt, true = (merchant.opened(shop.account, g) for g in notices(world))
    assert spoilt[field] != true[field]
    assert value in (spoilt[field] if field != "amount" else list(spoilt["amount"].values()))
    assert [a["kind"] for a in told["notice"]["attempts"]] == [kind, "true"]
    assert len(await charged(world)) == 1


async def test_a_spoilt_notice_may_come_instead_of_the_true_one(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="wrong_amount", delta=-1, only=True)
    _, told = await shop.paid()
    assert told["notice"]["state"] == "waiting"
    world.clock.move(15)
    await world.post("/clock/run-due")
    assert [merchant.opened(shop.account, g)["amount"]["total"] for g in notices(world)] == [
        99,
        100,
    ]


async def test_duplicates_come_one_after_another_or_all_at_once(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="duplicate")
    await shop.paid()
    assert len(notices(world)) == 2
    world.server.most_together = 0
    await world.post("/faults", kind="duplicate", copies=20, concurrent=True)
    await shop.paid()
    assert len(notices(world)) == 22
    assert world.server.most_together > 1


async def test_a_dropped_notice_never_comes_and_a_query_heals(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="drop", match={"event": "TRANSACTION.*"})
    number, told = await shop.paid()
    assert told["notice"]["state"] == "dropped"
    await world.post("/clock/run-due", until_idle=True)
    assert notices(world) == []
    query = f"/v3/pay/transactions/out-trade-no/{number}?mchid={shop.account['mchid']}"
    assert (await shop.send("GET", query)).json()["trade_state"] == "SUCCESS"
    again = await world.post(f"/notices/{told['notice']['id']}/resend")
    assert again["state"] == "delivered"
    await world.post("/faults", kind="drop", retries=True)
    assert (await shop.paid())[1]["notice"]["state"] == "waiting"
    await world.post("/clock/run-due", until_idle=True)
    assert len(notices(world)) == 2


async def test_a_delayed_notice_comes_late(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="delay", seconds=600)
    await shop.paid()
    world.clock.move(599)
    await world.post("/clock/run-due")
    assert notices(world) == []
    world.clock.move(1)
    await world.post("/clock/run-due")
    assert len(notices(world)) == 1


async def test_a_refund_notice_can_overtake_the_payment_notice(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="reorder", match={"event": "TRANSACTION.SUCCESS"})
    number, told = await shop.paid()
    assert told["notice"]["state"] == "held"
    await shop.refund(number, "r1", 100)
    await world.post("/clock/run-due")
    assert [g.path for g in world.server.got] == ["/refunded", "/notify"]


async def test_what_is_held_is_let_go_with_the_faults(world: World) -> None:
    shop = await open_shop(world)
    await world.post("/faults", kind="reorder")
    await shop.paid()
    assert notices(world) == []
    assert (await world.do("DELETE", "/faults"))["released"] == 1
    assert len(notices(world)) == 1


async def test_a_fault_matches_only_what_it_names(world: World) -> None:
    shop = await open_shop(world)
    rule = await world.post("/faults", kind="drop", match={"out_trade_no": "unlucky*"}, times=None)
    assert (await shop.paid("lucky000001"))[1]["notice"]["state"] == "delivered"
    assert (await shop.paid("unlucky0001"))[1]["notice"]["state"] == "dropped"
    assert (await shop.paid("unlucky0002"))[1]["notice"]["state"] == "dropped"
    (shown,) = (await world.do("GET", "/faults"))["items"]
    assert (shown["hits"], shown["left"]) == (2, None)
    await world.do("DELETE", f"/faults/{rule['id']}")
    assert (await shop.paid("unlucky0003"))[1]["notice"]["state"] == "delivered"
    for wrong in (
        {"kind": "x"},
        {"kind": "drop", "match": {"colour": "red"}},
        {"kind": "drop", "size": 1},
    ):
        response = await world.http.post("/sandbox/api/faults", json=wrong)
        assert response.status_code == 422


@pytest.mark.parametrize(
    ("kind", "status", "happened"),
    [
        ("timeout_before", 504, False),
        ("timeout_after", 504, True),
        ("http_500_before", 500, False),
        ("http_500_after", 500, True),
        ("rate_limit", 429, False),
    ],
)
async def test_a_call_can_fail_with_or_without_its_effect(
    world: World, kind: str, status: int, happened: bool
) -> None:
    shop = await open_shop(world)
    number, _ = await shop.paid()
    await world.post("/faults", kind=kind, seconds=0, match={"path": "/v3/refund*"})
    first = await shop.refund(number, "r1", 100)
    assert first.status_code == status
    assert len((await world.do("GET", "/refunds"))["items"]) == int(happened)
    again = await shop.refund(number, "r1", 100)
    assert again.status_code == 200
    assert len((await world.do("GET", "/refunds"))["items"]) == 1


async def test_answers_can_be_forged_and_cut(world: World) -> None:
    shop = await open_shop(world)
    for how in (
        "other_key",
        "unknown_serial",
        "altered_body",
        "headers_missing",
        "empty_signature",
    ):
        await world.post("/faults", kind="forge", how=how, match={"target": "api"})
        response = await shop.send("GET", "/v3/certificates")
        with pytest.raises((InvalidSignature, KeyError)):
            merchant.verify(shop.account, response.headers, response.content)
    await world.post("/faults", kind="truncated")
    cut = await shop.send("GET", "/v3/certificates")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        json.loads(cut.content)


async def test_a_token_can_die_in_mid_flight(world: World) -> None:
    app = await world.oa(callback_url="")
    token = await world.token(app)
    await world.post("/faults", kind="token_rotate", match={"path": "/cgi-bin/user/get"})
    assert (await world.call(token, "/cgi-bin/user/get"))["errcode"] == 40001
    assert "total" in await world.call(await world.token(app), "/cgi-bin/user/get")
    await world.post("/faults", kind="rate_limit", code=45011)
    assert (await world.call(token, "/cgi-bin/user/get"))["errcode"] == 45011
