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


TAMPERED: dict[str, Any] = {
    "no headers": lambda headers: {},
    "no signature": without("Wechatpay-Signature"),
    "no serial": without("Wechatpay-Serial"),
    "no timestamp": without("Wechatpay-Timestamp"),
    "no nonce": without("Wechatpay-Nonce"),
    "empty signature": changed("Wechatpay-Signature", ""),
    "garbled signature": changed("Wechatpay-Signature", "not base64 at all"),
    "other nonce": changed("Wechatpay-Nonce", "another"),
    "old timestamp": changed("Wechatpay-Timestamp", "1781776800"),
    "unknown key id": changed("Wechatpay-Serial", "PUB_KEY_ID_OTHER"),
    "other scheme": changed("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
}


async def test_forged_headers(ready: f.Platform, db: Db, client: httpx.AsyncClient) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    for name, tamper in TAMPERED.items():
        await refused(db, await post(client, body, tamper(notice.headers(body))), name)
    assert (
        await post(client, body, notice.headers(body))
    ).status_code == 204  # untampered it is good


async def test_forged_content(ready: f.Platform, db: Db, client: httpx.AsyncClient) -> None:
    for name, forged in {
        "other key": f.Notice(f.transaction(), key=f.STRANGER),
        "our own key": f.Notice(f.transaction(), key=f.OURS),
        "six minutes old": f.Notice(f.transaction(), offset=-360),
        "six minutes ahead": f.Notice(f.transaction(), offset=360),
        "flipped tag": f.Notice(f.transaction(), flip_tag=True),
        "other APIv3 key": f.Notice(f.transaction(), api_v3_key="x" * 32),
        "another merchant's payment": f.Notice(f.transaction(mchid="1900000001")),
    }.items():
        await refused(db, await give(client, forged), name)
    assert (await give(client, f.Notice(f.transaction(), offset=290))).status_code == 204


async def test_an_altered_body(ready: f.Platform, db: Db, client: httpx.AsyncClient) -> None:
    notice = f.Notice(f.transaction())
    body = notice.body()
    await refused(db, await post(client, body + b" ", notice.headers(body)))


NONSENSE = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"id":1,"resource":{}}',
    b'{"id":"x","resource":[]}',
    b"\xff" * 9,
)


async def test_rightly_signed_nonsense(
    ready: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    for body in NONSENSE:
        await refused(db, await post(client, body, f.signed_headers(body)), repr(body))


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


class Heard:
    """A logger that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, line: str, **_: object) -> None:
        self.lines.append(("info", line))

    def warning(self, line: str, **_: object) -> None:
        self.lines.append(("warning", line))


async def test_a_probe_is_refused_and_logged_as_one(
    ready: f.Platform, db: Db, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    monkeypatch.setattr("tiefen.wechat.callbacks.logger", heard)
    notice = f.Notice(f.transaction())
    body = notice.body()
    probe = changed("Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + "A" * 300)(notice.headers(body))
    await refused(db, await post(client, body, probe))
    assert heard.lines == [("info", "signature probe refused")]


async def refused(db: Db, answer: httpx.Response, what: str = "") -> None:
    assert 400 <= answer.status_code < 500, what
    assert answer.json()["code"] == "FAIL", what
    assert answer.json()["message"], what
    assert await inbox(db) == 0, what
    assert await events(db) == [], what


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


async def test_certificates_of_a_stranger_are_not_believed(
    by_certificate: f.Platform, db: Db, client: httpx.AsyncClient
) -> None:
    garbled = certificates(f.STRANGER)
    garbled["data"][0]["encrypt_certificate"]["ciphertext"] = base64.b64encode(b"x" * 64).decode()
    path, serial = "/v3/certificates", f"{SERIAL:X}"

    def unsigned() -> None:
        by_certificate.answers[path] = certificates(f.STRANGER)

    def signed_by_a_stranger() -> None:
        by_certificate.signed(path, certificates(f.THEIRS), serial=serial, key=f.STRANGER)

    def sealed_with_another_key() -> None:
        by_certificate.signed(path, garbled, serial=serial, key=f.STRANGER)

    for script in (unsigned, signed_by_a_stranger, sealed_with_another_key):
        script()
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE wechat_pay_account SET certificates_tried_at = NULL"))
        notice = f.Notice(f.transaction(), serial=serial, key=f.STRANGER)
        await refused(db, await give(client, notice), script.__name__)
    assert by_certificate.paths() == [path] * 3


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
