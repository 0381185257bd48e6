"""Provisioning: 公众号, 小程序 and pay merchants with their keys."""

import asyncio
from typing import Any, TypeVar

import msgspec

from tiefen.sandbox import keys, push, world
from tiefen.sandbox.box import Box
from tiefen.sandbox.chance import ALNUM
from tiefen.sandbox.errors import ControlError, missing
from tiefen.sandbox.models import App, Merchant, Template

from .gateway import Ask, Handler, invalid

APP_SETTINGS = {
    "name",
    "app_id",
    "secret",
    "token",
    "aes_key",
    "original_id",
    "callback_url",
    "push_mode",
    "data_format",
    "oauth_domain",
    "js_domains",
    "ip_whitelist",
    "verified",
    "bound",
    "templates",
    "pages",
    "limits",
}
PAY_SETTINGS = {
    "name",
    "mchid",
    "app_ids",
    "apiv3_key",
    "merchant_private_key",
    "key_mode",
    "fee_bp",
    "refund_seconds",
    "refund_outcome",
    "probe_every",
    "qps",
    "h5_domains",
}
# What an account is known by, or made of, and so keeps.
FIXED = {"app_id", "mchid", "merchant_private_key"}
DEFAULT_TEMPLATES = (
    (
        "订单支付成功通知",
        "订单编号:{{character_string1.DATA}}\n商品名称:{{thing2.DATA}}\n支付金额:{{amount3.DATA}}\n支付时间:{{time4.DATA}}",
    ),
    (
        "订单发货通知",
        "订单编号:{{character_string1.DATA}}\n快递公司:{{thing2.DATA}}\n快递单号:{{character_string3.DATA}}",
    ),
    (
        "退款成功通知",
        "订单编号:{{character_string1.DATA}}\n退款金额:{{amount2.DATA}}\n退款时间:{{time3.DATA}}",
    ),
    (
        "新订单提醒",
        "订单编号:{{character_string1.DATA}}\n买家:{{thing2.DATA}}\n订单金额:{{amount3.DATA}}\n下单时间:{{time4.DATA}}",
    ),
)


def new_app(box: Box, kind: str, key: str) -> App:
    chance = box.chance
    return App(
        kind="mini" if kind == "mini" else "oa",
        key=key,
        name="沙箱小程序" if kind == "mini" else "沙箱公众号",
        app_id=f"wx{chance.hex(16)}",
        secret=chance.hex(32),
        token=chance.text(24),
        aes_key=aes_key(box),
        original_id=f"gh_{chance.hex(12)}",
        templates=[
            Template(chance.token(43), title, content) for title, content in DEFAULT_TEMPLATES
        ],
    )


def aes_key(box: Box) -> str:
    # The 43rd character carries 4 bits only; one whose low bits are 0 decodes strictly everywhere.
    return box.chance.text(42, ALNUM) + box.chance.text(1, "AEIMQUYcgkosw048")


def _new_merchant(box: Box, key: str, private: str) -> Merchant:
    """Three key pairs: the merchant's, the platform certificate's, the platform public key's."""
    chance, now = box.chance, box.clock.wire()
    mchid = f"16{chance.digits(8)}"
    merchant_key = keys.load_private(private) if private else keys.new_private_key()
    platform, public = keys.new_private_key(), keys.new_private_key()
    merchant_cert, merchant_serial = keys.certificate(
        merchant_key, common_name=mchid, organisation="微信商户系统", now=now
    )
    platform_cert, platform_serial = keys.certificate(
        platform, common_name="Tenpay.com sign", organisation="Tenpay.com", now=now
    )
    return Merchant(
        key=key,
        name="沙箱商户",
        mchid=mchid,
        app_ids=[],
        apiv3_key=chance.text(32),
        merchant_private_key=keys.private_pem(merchant_key),
        merchant_serial=merchant_serial,
        merchant_certificate=merchant_cert,
        platform_private_key=keys.private_pem(platform),
        platform_certificate=platform_cert,
        platform_serial=platform_serial,
        public_key_id=f"PUB_KEY_ID_01{mchid}{chance.digits(22)}",
        public_key=keys.public_pem(public.public_key()),
        public_private_key=keys.private_pem(public),
    )


A = TypeVar("A", App, Merchant)


def _apply(entity: A, settings: dict[str, Any], known: set[str]) -> A:
    """The entity with these settings, types checked. Raises 422."""
    unknown = set(settings) - known
    if unknown:
        raise invalid(min(unknown), f"is not a setting; settings are {', '.join(sorted(known))}")
    try:
        return msgspec.convert(msgspec.to_builtins(entity) | settings, type(entity), str_keys=True)
    except msgspec.ValidationError as error:
        raise ControlError(422, "sandbox.invalid", str(error)) from error


def _replace(box: Box, old: App | Merchant | None, new: App | Merchant) -> None:
    """Put the account in place, its identifier being free or its own already."""
    if isinstance(new, App):
        if old is None and new.app_id in box.apps:
            raise ControlError(
                409, "sandbox.app_id_taken", f"app {new.app_id} exists under another key"
            )
        box.apps[new.app_id] = new
        box.store.now(("app", new.app_id, new))
    else:
        if old is None and new.mchid in box.merchants:
            raise ControlError(
                409, "sandbox.mchid_taken", f"merchant {new.mchid} exists under another key"
            )
        if len(new.apiv3_key.encode()) != 32:
            raise invalid("apiv3_key", "has not 32 bytes")
        box.merchants[new.mchid] = new
        box.store.now(("merchant", new.mchid, new))


def show(account: App | Merchant) -> dict[str, Any]:
    return world.show_app(account) if isinstance(account, App) else world.show_merchant(account)


def by_key(box: Box, kind: str, key: str) -> App | Merchant | None:
    if kind == "pay":
        return next((m for m in box.merchants.values() if m.key == key), None)
    return next((a for a in box.apps.values() if a.key == key and a.kind == kind), None)


def find(box: Box, account: str) -> App | Merchant:
    found = box.apps.get(account) or box.merchants.get(account)
    if found is None:
        raise missing("account", account)
    return found


def _settings(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    given = {k: v for k, v in body.items() if k not in {"kind", "key"} and v is not None}
    if kind != "pay" and "templates" in given and isinstance(given["templates"], list):
        for template in given["templates"]:
            if isinstance(template, dict):
                template.setdefault("template_id", "")
    return given


async def create(ask: Ask) -> dict[str, Any]:
    kind, key = ask.text("kind"), ask.text("key")
    if kind not in {"oa", "mini", "pay"}:
        raise invalid("kind", "is one of oa, mini, pay")
    settings = _settings(kind, ask.body)
    old = by_key(ask.box, kind, key)
    if old is not None:
        for fixed in FIXED:
            settings.pop(fixed, None)
        return show(_update(ask.box, old, settings))
    made: App | Merchant
    if kind == "pay":
        # Making keys takes a moment; other requests go on meanwhile.
        made = await asyncio.to_thread(
            _new_merchant, ask.box, key, str(settings.pop("merchant_private_key", ""))
        )
        raced = by_key(ask.box, kind, key)
        if raced is not None:
            return show(raced)
        made = _apply(made, settings, PAY_SETTINGS)
    else:
        made = _apply(new_app(ask.box, kind, key), settings, APP_SETTINGS)
        _name_templates(ask.box, made)
    _replace(ask.box, None, made)
    return show(made)


def _name_templates(box: Box, app: App | Merchant) -> None:
    if isinstance(app, App):
        for template in app.templates:
            template.template_id = template.template_id or box.chance.token(43)


def _update(box: Box, old: App | Merchant, settings: dict[str, Any]) -> App | Merchant:
    new: App | Merchant
    if isinstance(old, App):
        new = _apply(old, settings, APP_SETTINGS - FIXED)
    else:
        new = _apply(old, settings, PAY_SETTINGS - FIXED)
    _name_templates(box, new)
    if isinstance(old, App) and isinstance(new, App) and new.aes_key != old.aes_key:
        new.old_aes_key = old.aes_key
    _replace(box, old, new)
    return new


async def listed(ask: Ask) -> dict[str, Any]:
    kind = ask.query("kind")
    accounts: list[App | Merchant] = [*ask.box.apps.values(), *ask.box.merchants.values()]
    shown = [show(a) for a in accounts]
    return {"items": [a for a in shown if not kind or a["kind"] == kind], "next": None}


async def one(ask: Ask) -> dict[str, Any]:
    return show(find(ask.box, ask.path("account")))


async def patch(ask: Ask) -> dict[str, Any]:
    account = find(ask.box, ask.path("account"))
    kind = account.kind if isinstance(account, App) else "pay"
    return show(_update(ask.box, account, _settings(kind, ask.body)))


async def verify_url(ask: Ask) -> dict[str, Any]:
    return await push.verify_url(ask.box, ask.box.app(ask.path("account")))


async def rotate(ask: Ask) -> dict[str, Any]:
    box, what = ask.box, ask.text("what")
    account = find(box, ask.path("account"))
    if isinstance(account, App) and what in {"secret", "token", "aes_key"}:
        value = {
            "secret": box.chance.hex(32),
            "token": box.chance.text(24),
            "aes_key": aes_key(box),
        }[what]
        return show(_update(box, account, {what: value}))
    if isinstance(account, Merchant) and what == "apiv3_key":
        return show(_update(box, account, {what: box.chance.text(32)}))
    if isinstance(account, Merchant) and what in {"platform_cert", "public_key"}:
        await asyncio.to_thread(_rotate_keys, box, account, what)
        box.store.now(("merchant", account.mchid, account))
        return show(account)
    raise invalid("what", "is nothing this account can rotate")


def _rotate_keys(box: Box, merchant: Merchant, what: str) -> None:
    key = keys.new_private_key()
    if what == "public_key":
        merchant.public_private_key, merchant.public_key = (
            keys.private_pem(key),
            keys.public_pem(key.public_key()),
        )
        merchant.public_key_id = f"PUB_KEY_ID_01{merchant.mchid}{box.chance.digits(22)}"
        return
    merchant.former.insert(0, (merchant.platform_serial, merchant.platform_certificate))
    merchant.platform_private_key = keys.private_pem(key)
    merchant.platform_certificate, merchant.platform_serial = keys.certificate(
        key, common_name="Tenpay.com sign", organisation="Tenpay.com", now=box.clock.wire()
    )


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/accounts", create),
    ("GET", "/accounts", listed),
    ("GET", "/accounts/{account}", one),
    ("PATCH", "/accounts/{account}", patch),
    ("POST", "/accounts/{account}/verify-url", verify_url),
    ("POST", "/accounts/{account}/rotate", rotate),
]
