"""The merchant's WeChat accounts: entering credentials, changing them, and who they belong to.

What is None stays as it was, so that a form never has to carry a secret back.
"""

import re
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.directory import claim_account, release_account
from tiefen.team.service import record_audit
from tiefen.wechat import credentials, crypto, tokens
from tiefen.wechat.errors import BadValue
from tiefen.wechat.models import Account, PayAccount, PlatformCertificate, Template
from tiefen.wechat.values import AccountKind, PushMode

_APP_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_MCHID = re.compile(r"[0-9]{6,32}")
_SERIAL = re.compile(r"[0-9A-Fa-f]{8,64}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,250}(:\d{1,5})?")


async def app_kinds(tx: Tx) -> dict[str, AccountKind]:
    """Which of the merchant's apps is what, by app id; one statement."""
    rows = await tx.execute(select(Account.app_id, Account.kind))
    return {row.app_id: row.kind for row in rows}


async def set_app(
    tx: Tx,
    kind: AccountKind,
    *,
    app_id: str,
    name: str | None = None,
    secret: str | None = None,
    token: str | None = None,
    aes_key: str | None = None,
    push_mode: PushMode | None = None,
    oauth_domain: str | None = None,
    js_domain: str | None = None,
    api_base: str | None = None,
    by: StaffActor | None = None,
) -> None:
    """Enter or change the 公众号 or 小程序. A new EncodingAESKey keeps the old one for messages under way.

    `api_base` is for installations with a sandbox or a proxy and is not offered over HTTP. Raises BadValue.
    """
    _check_app(kind, app_id, token, aes_key, oauth_domain, js_domain)
    row = await tx.scalar(select(Account).where(Account.kind == kind).with_for_update())
    await _claim(tx, app_id, row.app_id if row else None, f"{kind}.app_id")
    other = (Account.app_id == app_id) & (Account.kind != kind)
    if await tx.scalar(select(Account.kind).where(other)) is not None:
        raise _bad(
            f"{kind}.app_id", "这个 AppID 已用于另一个应用", "another app here has this app id"
        )
    if row is None:
        row = Account(kind=kind, app_id=app_id, name="", push_mode=PushMode.SAFE, updated_at=tx.now)
        tx.add(row)
    if row.app_id != app_id or (secret and secret != row.secret):
        await tokens.forget(tx, row.app_id)
    if aes_key and row.aes_key and aes_key != row.aes_key:
        row.previous_aes_key = row.aes_key
    changes = {
        "app_id": app_id,
        "name": name,
        "secret": secret or None,
        "token": token or None,
        "aes_key": aes_key or None,
        "push_mode": push_mode,
        "oauth_domain": oauth_domain,
        "js_domain": js_domain,
        "api_base": api_base,
    }
    _change(row, changes)
    row.updated_at = tx.now
    await _audit(tx, by, "wechat.account_changed", f"wechat:{kind}", changes)
    credentials.changed(tx)


async def set_pay(
    tx: Tx,
    *,
    mchid: str,
    serial_no: str | None = None,
    private_key: str | None = None,
    api_v3_key: str | None = None,
    public_key_id: str | None = None,
    public_key: str | None = None,
    notify_base: str | None = None,
    api_base: str | None = None,
    by: StaffActor | None = None,
) -> None:
    """Enter or change the 微信支付 account. With a public key it works in 公钥模式, without in 证书模式. Raises BadValue."""
    _check_pay(mchid, serial_no, private_key, api_v3_key, public_key_id, public_key)
    row = await tx.scalar(select(PayAccount).with_for_update())
    await _claim(tx, mchid, row.mchid if row else None, "pay.mchid")
    if row is None:
        row = PayAccount(id=1, mchid=mchid, serial_no="", updated_at=tx.now)
        tx.add(row)
    if row.mchid != mchid or (api_v3_key and api_v3_key != row.api_v3_key):
        await tx.execute(delete(PlatformCertificate))
        row.certificates_tried_at = None
    changes = {
        "mchid": mchid,
        "serial_no": serial_no,
        "private_key": private_key or None,
        "api_v3_key": api_v3_key or None,
        "public_key_id": public_key_id,
        "public_key": public_key,
        "notify_base": notify_base,
        "api_base": api_base,
    }
    _change(row, changes)
    row.updated_at = tx.now
    await _audit(tx, by, "wechat.pay_changed", "wechat:pay", changes)
    credentials.changed(tx)


async def set_templates(tx: Tx, templates: dict[str, str], *, by: StaffActor | None = None) -> None:
    """Set which template message stands behind each key; keys not named stay, an empty id takes a key away."""
    gone = [key for key, template_id in templates.items() if not template_id]
    if gone:
        await tx.execute(delete(Template).where(Template.key.in_(gone)))
    kept = [
        {"key": key, "template_id": template_id, "updated_at": tx.now}
        for key, template_id in templates.items()
        if template_id
    ]
    if kept:
        statement = insert(Template).values(kept)
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["key"],
                set_={"template_id": statement.excluded.template_id, "updated_at": tx.now},
            )
        )
    await _audit(
        tx, by, "wechat.templates_changed", "wechat:templates", dict.fromkeys(templates, "")
    )


def _change(row: Account | PayAccount, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is not None:
            setattr(row, name, value)


async def _claim(tx: Tx, account: str, before: str | None, field: str) -> None:
    if account == before:
        return
    if not await claim_account(tx, account, tx.merchant):
        raise _bad(field, "这个账号已属于另一个商户", "this account belongs to another merchant")
    if before:
        await release_account(tx, before, tx.merchant)


async def _audit(
    tx: Tx, by: StaffActor | None, action: str, target: str, changes: dict[str, Any]
) -> None:
    """Which fields were set, never to what: most of them are secrets."""
    if by is not None:
        named = sorted(name for name, value in changes.items() if value is not None)
        await record_audit(tx, by, action, target, after={"fields": named})


def _check_app(
    kind: AccountKind,
    app_id: str,
    token: str | None,
    aes_key: str | None,
    oauth_domain: str | None,
    js_domain: str | None,
) -> None:
    if not _APP_ID.fullmatch(app_id):
        raise _bad(f"{kind}.app_id", "AppID 格式不对", "not an app id")
    if token and not _TOKEN.fullmatch(token):
        raise _bad(
            f"{kind}.token", "Token 是 3–32 位字母或数字", "a token has 3 to 32 letters or digits"
        )
    if aes_key:
        try:
            crypto.aes_key(aes_key)
        except crypto.CryptoError:
            raise _bad(
                f"{kind}.aes_key",
                "EncodingAESKey 是 43 位字母或数字",
                "an EncodingAESKey has 43 letters or digits",
            ) from None
    for field, host in (("oauth_domain", oauth_domain), ("js_domain", js_domain)):
        if host and not _HOST.fullmatch(host):
            raise _bad(
                f"{kind}.{field}",
                "只填域名，不带 https:// 和路径",
                "a host name only, without https:// or a path",
            )


def _check_pay(
    mchid: str,
    serial_no: str | None,
    private_key: str | None,
    api_v3_key: str | None,
    public_key_id: str | None,
    public_key: str | None,
) -> None:
    if not _MCHID.fullmatch(mchid):
        raise _bad("pay.mchid", "商户号是数字", "a merchant number has digits only")
    if serial_no and not _SERIAL.fullmatch(serial_no):
        raise _bad(
            "pay.serial_no",
            "证书序列号是十六进制数字",
            "a certificate serial is a hexadecimal number",
        )
    if api_v3_key and (len(api_v3_key) != 32 or not api_v3_key.isascii()):
        raise _bad("pay.api_v3_key", "APIv3 密钥是 32 位", "an APIv3 key has 32 characters")
    if public_key_id and not public_key_id.startswith(crypto.PUBLIC_KEY_ID_PREFIX):
        raise _bad(
            "pay.public_key_id",
            "公钥 ID 以 PUB_KEY_ID_ 开头",
            "a public key id begins with PUB_KEY_ID_",
        )
    for field, pem, load in (
        ("private_key", private_key, crypto.private_key),
        ("public_key", public_key, crypto.public_key),
    ):
        if not pem:
            continue
        try:
            load(pem)
        except crypto.CryptoError:
            raise _bad(f"pay.{field}", "不是有效的 PEM 密钥", "not a valid PEM key") from None


def _bad(field: str, zh: str, en: str) -> BadValue:
    return BadValue(field=field, zh_reason=zh, en_reason=en)
