"""Payment notices: the true one has its effect once, the forged ones have none and get a 4xx."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.wechat import factories as f
from tests.wechat.test_callbacks import events
from tiefen.kernel.db import Db

URL = f"http://test/wechat/pay/{f.MCHID}/notify"
SERIAL = 0x3775B6A45ACD588826D15E583A95F5DD12345678


async def post(
    client: httpx.AsyncClient, body: bytes, headers: dict[str, str], url: str = URL
) -> httpx.Response:
    return await client.post(url, content=body, headers=headers)


async def give(client: httpx.AsyncClient, notice: f.Notice) -> httpx.Response:
    body = notice.body()
    return await post(client, body, notice.headers(body))


async def inbox(db: Db) -> int:
    async with db.merchant("demo") as tx:
        return await tx.scalar(text("SELECT count(*) FROM wechat_inbox")) or 0


@pytest.fixture
async def ready(db: Db, platform: f.Platform) -> f.Platform:
    await f.configure(db)
    return platform


async def test_a_true_notice_is_stored_said_and_answered_204(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    answer = await give(client, f.Notice(f.transaction()))
    assert (answer.status_code, answer.content) == (204, b"")
    ((name, payload),) = await events(db)
    assert name == "wechat.pay_notified"
    assert (payload["mchid"], payload["kind"]) == (f.MCHID, "transaction")
    assert payload["resource"] == f.transaction()
    assert ready.asked == []


async def test_a_refund_notice(ready: f.Platform, db: Db, client: httpx.AsyncClient) -> None:
    resource = {
        "mchid": f.MCHID,
        "out_trade_no": "T1",
        "out_refund_no": "R1",
        "refund_status": "SUCCESS",
    }
    notice = f.Notice(resource, event_type="REFUND.SUCCESS", original_type="refund")
    assert (await give(client, notice)).status_code == 204
    assert (await events(db))[0][1]["kind"] == "refund"


async def test_a_notice_about_something_else_is_only_kept(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    notice = f.Notice(
        {"mchid": f.MCHID}, event_type="PAYSCORE.USER_OPEN_SERVICE", original_type="payscore"
    )
    assert (await give(client, notice)).status_code == 204
    assert (await inbox(db), await events(db)) == (1, [])


async def test_repeated_twenty_at_once_and_replayed_it_counts_once(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    headers = notice.headers(body)
    first = await asyncio.gather(
        *(post(client, body, headers) for _ in range(20))
    )  # one nonce, replayed
    again = await asyncio.gather(*(give(client, notice) for _ in range(5)))  # signed anew, same id
    assert {answer.status_code for answer in [*first, *again]} == {204}
    assert await inbox(db) == len(await events(db)) == 1


# ── forged ────────────────────────────────────────────────────────────────────────────────────────────────────


def without(name: str) -> Any:
    return lambda headers: {k: v for k, v in headers.items() if k != name}


def changed(name: str, value: str) -> Any:
    return lambda headers: {**headers, name: value}


@pytest.mark.parametrize(
    "tamper",
    [
        lambda headers: {},
        without("Wechatpay-Signature"),
        without("Wechatpay-Serial"),
        without("Wechatpay-Timestamp"),
        without("Wechatpay-Nonce"),
        changed("Wechatpay-Signature", ""),
        changed("Wechatpay-Signature", "not base64 at all"),
        changed("Wechatpay-Nonce", "another"),
        changed("Wechatpay-Timestamp", "1781776800"),
        changed("Wechatpay-Serial", "PUB_KEY_ID_OTHER"),
        changed("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
    ids=[
        "no headers", "no signature", "no serial", "no timestamp", "no nonce", "empty signature",
        "garbled signature", "other nonce", "old timestamp", "unknown key id", "other scheme",
    ],
)  # fmt: skip
async def test_forged_headers(
    ready: f.Platform, db: Db, client: httpx.AsyncClient, tamper: Any
) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    answer = await post(client, body, tamper(notice.headers(body)))
    await refused(db, answer)


@pytest.mark.parametrize(
    "notice",
    [
        f.Notice(f.transaction(), key=f.STRANGER),
        f.Notice(f.transaction(), key=f.OURS),
        f.Notice(f.transaction(), offset=-360),
        f.Notice(f.transaction(), offset=360),
        f.Notice(f.transaction(), flip_tag=True),
        f.Notice(f.transaction(), api_v3_key="x" * 32),
        f.Notice(f.transaction(mchid="1900000001")),
    ],
    ids=[
        "other key", "our own key", "six minutes old", "six minutes ahead", "flipped tag",
        "other APIv3 key", "another merchant's payment",
    ],
)  # fmt: skip
async def test_forged_content(
    ready: f.Platform, db: Db, client: httpx.AsyncClient, notice: f.Notice
) -> None:
    await refused(db, await give(client, notice))


async def test_an_altered_body(ready: f.Platform, db: Db, client: httpx.AsyncClient) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    await refused(db, await post(client, body + b" ", notice.headers(body)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"id":1,"resource":{}}',
        b'{"id":"x","resource":[]}',
        b"\xff" * 9,
    ],
)
async def test_rightly_signed_nonsense(
    ready: f.Platform, db: Db, client: httpx.AsyncClient, body: bytes
) -> None:
    await refused(db, await post(client, body, f.signed_headers(body)))


async def test_a_host_header_opens_nothing(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    headers = {**without("Wechatpay-Signature")(notice.headers(body)), "Host": "localhost"}
    await refused(db, await post(client, body, headers))


async def test_another_merchant_number_is_404_or_refused(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    answer = await post(
        client, body, notice.headers(body), "http://test/wechat/pay/1900000001/notify"
    )
    assert answer.status_code == 404
    await refused(db, answer)
    # An account of ours that is no merchant number.
    answer = await post(
        client, body, notice.headers(body), f"http://test/wechat/pay/{f.APP}/notify"
    )
    await refused(db, answer)


async def test_a_probe_is_refused_and_logged_as_one(
    ready: f.Platform, db: Db, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    probe = changed("Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + "A" * 300)(notice.headers(body))
    await refused(db, await post(client, body, probe))
    said = capsys.readouterr().out
    assert "signature probe refused" in said
    assert "[info" in said
    assert "warning" not in said


async def refused(db: Db, answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == "FAIL"
    assert answer.json()["message"]
    assert await inbox(db) == 0
    assert await events(db) == []


async def test_a_huge_notice(ready: f.Platform, client: httpx.AsyncClient) -> None:
    body = b"{" + b" " * 70_000 + b"}"
    assert (await post(client, body, f.signed_headers(body))).status_code == 413


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────


def certificates(*keys: Any) -> dict[str, Any]:
    return {"data": [f.sealed_certificate(key, SERIAL + place) for place, key in enumerate(keys)]}


@pytest.fixture
async def by_certificate(db: Db, platform: f.Platform) -> f.Platform:
    await f.configure(db, public_key=False)
    return platform


async def test_an_unknown_certificate_is_fetched_once(
    by_certificate: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    by_certificate.signed("/v3/certificates", certificates(f.THEIRS), serial=f"{SERIAL:X}")
    for number in range(3):
        notice = f.Notice(f.transaction(), id=f"EV-{number}", serial=f"{SERIAL:X}")
        assert (await give(client, notice)).status_code == 204
    assert by_certificate.paths() == ["/v3/certificates"]


async def test_a_flood_of_unknown_serials_makes_one_call(
    by_certificate: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    by_certificate.signed("/v3/certificates", certificates(f.THEIRS), serial=f"{SERIAL:X}")
    notices = [f.Notice(f.transaction(), serial=f"{0xABCDEF000000 + n:X}") for n in range(12)]
    answers = await asyncio.gather(*(give(client, notice) for notice in notices))
    assert {answer.status_code for answer in answers} == {403}
    assert by_certificate.paths() == ["/v3/certificates"]


async def test_after_a_while_a_new_certificate_is_fetched(
    by_certificate: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    by_certificate.signed("/v3/certificates", certificates(f.THEIRS), serial=f"{SERIAL:X}")
    assert (
        await give(client, f.Notice(f.transaction(), id="1", serial=f"{SERIAL:X}"))
    ).status_code == 204
    by_certificate.signed(
        "/v3/certificates", certificates(f.THEIRS, f.STRANGER), serial=f"{SERIAL:X}"
    )
    rotated = f.Notice(f.transaction(), id="2", serial=f"{SERIAL + 1:X}", key=f.STRANGER)
    assert (await give(client, rotated)).status_code == 403  # asked a moment ago
    async with db.merchant("demo") as tx:
        await tx.execute(
            text(
                "UPDATE wechat_pay_account SET certificates_tried_at = now() - interval '6 minutes'"
            )
        )
    assert (await give(client, rotated)).status_code == 204
    old = f.Notice(f.transaction(), id="3", serial=f"{SERIAL:X}")
    assert (await give(client, old)).status_code == 204  # both are good in the overlap


@pytest.mark.parametrize("bad", ["unsigned", "stranger", "other key inside"])
async def test_certificates_of_a_stranger_are_not_believed(
    by_certificate: f.Platform, db: Db, client: httpx.AsyncClient, bad: str
) -> None:
    if bad == "unsigned":
        by_certificate.answers["/v3/certificates"] = certificates(f.STRANGER)
    elif bad == "stranger":
        by_certificate.signed(
            "/v3/certificates", certificates(f.THEIRS), serial=f"{SERIAL:X}", key=f.STRANGER
        )
    else:
        data = certificates(f.STRANGER)
        sealed = data["data"][0]["encrypt_certificate"]
        sealed["ciphertext"] = base64.b64encode(b"x" * 64).decode()
        by_certificate.signed("/v3/certificates", data, serial=f"{SERIAL:X}", key=f.STRANGER)
    notice = f.Notice(f.transaction(), serial=f"{SERIAL:X}", key=f.STRANGER)
    await refused(db, await give(client, notice))


async def test_in_the_grey_release_both_kinds_of_key_are_good(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    ready.signed("/v3/certificates", certificates(f.STRANGER), serial=f"{SERIAL:X}", key=f.STRANGER)
    by_id = f.Notice(f.transaction(), id="1")
    by_cert = f.Notice(f.transaction(), id="2", serial=f"{SERIAL:X}", key=f.STRANGER)
    crossed = f.Notice(f.transaction(), id="3", serial=f"{SERIAL:X}", key=f.THEIRS)
    assert [(await give(client, one)).status_code for one in (by_id, by_cert, crossed)] == [
        204,
        204,
        403,
    ]
