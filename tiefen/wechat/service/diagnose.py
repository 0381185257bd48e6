"""The doctor: what is wrong with the WeChat connection, and what to do about it.

It asks the platform the way the product does, so that "ok" means the real thing worked a moment ago.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

import httpx
from sqlalchemy import func, select

from tiefen.kernel import clock, ids
from tiefen.kernel.db import Db
from tiefen.wechat import credentials, crypto, paywire, queries, tokens, wire
from tiefen.wechat.credentials import AppCredentials
from tiefen.wechat.errors import (
    AddressRefused,
    ApiError,
    CredentialRefused,
    NotConfigured,
    NotGranted,
    QuotaSpent,
    WeChatAway,
)
from tiefen.wechat.models import (
    Account,
    InboxItem,
    OutgoingMessage,
    PayAccount,
    PlatformCertificate,
    Template,
)
from tiefen.wechat.values import (
    AccountKind,
    Bilingual,
    Finding,
    Level,
    MessageState,
    PushMode,
    Verdict,
)

_NOTHING = Bilingual("", "")
_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 names to compare with
_SLOW = timedelta(seconds=60)
_SKEWED = timedelta(seconds=240)


@dataclass(slots=True)
class _Patient:
    """What one examination needs, read in one transaction before any call."""

    db: Db
    merchant: str
    now: datetime
    apps: dict[AccountKind, Account]
    pay: PayAccount | None
    templates: dict[str, str]
    last_push: tuple[datetime, str] | None
    failed: int
    certificates_until: datetime | None
    findings: list[Finding] = field(default_factory=list)

    def ok(self, subject: str, zh: str, en: str) -> None:
        self.findings.append(Finding(Level.OK, subject, Bilingual(zh, en), _NOTHING))

    def warn(self, subject: str, what: tuple[str, str], fix: tuple[str, str]) -> None:
        self.findings.append(Finding(Level.WARN, subject, Bilingual(*what), Bilingual(*fix)))

    def fail(self, subject: str, what: tuple[str, str], fix: tuple[str, str]) -> None:
        self.findings.append(Finding(Level.FAIL, subject, Bilingual(*what), Bilingual(*fix)))


async def diagnose(db: Db, merchant: str) -> list[Finding]:
    """Examine the merchant's WeChat connection. Raises nothing for what is wrong: that is what it reports."""
    patient = await _read(db, merchant)
    checks: tuple[Callable[[_Patient], Awaitable[None]], ...] = (
        _clock,
        _official,
        _callback,
        _domains,
        _templates,
        _mini,
        _pay,
        _messages,
    )
    for check in checks:
        await check(patient)
    return patient.findings


async def _read(db: Db, merchant: str) -> _Patient:
    async with db.merchant(merchant) as tx:
        apps = {row.kind: row for row in await tx.scalars(select(Account))}
        pay = await tx.scalar(select(PayAccount))
        templates = await tx.execute(select(Template.key, Template.template_id))
        official = apps.get(AccountKind.OFFICIAL)
        last = await tx.execute(
            select(InboxItem.received_at, InboxItem.mode)
            .where(InboxItem.source == (official.app_id if official else ""))
            .order_by(InboxItem.received_at.desc())
            .limit(1)
        )
        failed = await tx.scalar(
            select(func.count()).where(
                OutgoingMessage.state == MessageState.FAILED,
                OutgoingMessage.created_at > tx.now - timedelta(days=7),
            )
        )
        until = await tx.scalar(select(func.max(PlatformCertificate.expires_at)))
        return _Patient(
            db, merchant, tx.now, apps, pay, dict(templates.all()),
            last.first(), failed or 0, until,
        )  # fmt: skip


async def _clock(patient: _Patient) -> None:
    official = patient.apps.get(AccountKind.OFFICIAL)
    there = await _server_time(wire.api_base(official.api_base if official else None))
    if there is None or clock.injected() is not None:
        return
    off = abs(there - clock.utcnow())
    seconds = int(off.total_seconds())
    fix = ("用 NTP 校准服务器时间", "set the server's clock by NTP")
    if off > _SKEWED:
        what = (
            f"服务器时间与微信相差 {seconds} 秒，支付会被拒绝（上限 5 分钟）",
            f"our clock is {seconds} s off WeChat's; payments are refused beyond 5 minutes",
        )
        patient.fail("clock", what, fix)
    elif off > _SLOW:
        what = (f"服务器时间与微信相差 {seconds} 秒", f"our clock is {seconds} s off WeChat's")
        patient.warn("clock", what, fix)
    else:
        patient.ok("clock", "服务器时间准确", "our clock agrees with WeChat's")


async def _server_time(base: str) -> datetime | None:
    try:
        response = await wire.client(base).get("/")
        return parsedate_to_datetime(response.headers["date"])
    except (httpx.HTTPError, KeyError, ValueError):
        return None


async def _official(patient: _Patient) -> None:
    row = patient.apps.get(AccountKind.OFFICIAL)
    if row is None or not row.secret:
        patient.fail(
            "official.account",
            ("公众号还没有配置完整", "the 公众号 is not set up"),
            (
                "在「设置 → 微信」填写公众号的 AppID 与 AppSecret",
                "enter its app id and secret under Settings → WeChat",
            ),
        )
        return
    patient.ok("official.account", f"公众号 {row.app_id} 已配置", f"公众号 {row.app_id} is set up")
    await _token(patient, AccountKind.OFFICIAL, "official.token", "公众号")


async def _mini(patient: _Patient) -> None:
    row = patient.apps.get(AccountKind.MINI)
    if row is None:
        patient.warn(
            "mini.account",
            ("小程序没有配置", "no mini program is set up"),
            (
                "不用小程序可以忽略；否则在「设置 → 微信」填写",
                "ignore this without a mini program, else enter it under Settings → WeChat",
            ),
        )
        return
    await _token(patient, AccountKind.MINI, "mini.token", "小程序")


async def _token(patient: _Patient, kind: AccountKind, subject: str, name: str) -> None:
    try:
        app = await credentials.app(patient.db, patient.merchant, kind)
        # A fetched token may be hours old: one that is asked for anew proves that the secret is right today.
        await tokens.probe(app)
        await tokens.access_token(patient.db, patient.merchant, app)
    except NotConfigured:
        patient.fail(
            subject,
            (f"{name}没有填写 AppSecret", f"the secret of the {name} is not set"),
            ("在「设置 → 微信」填写 AppSecret", "enter the secret under Settings → WeChat"),
        )
    except CredentialRefused as error:
        patient.fail(
            subject,
            (
                f"{name} AppID 或 AppSecret 不正确（{error.errcode}）",
                f"app id or secret of the {name} is wrong ({error.errcode})",
            ),
            (
                "到公众平台「开发 → 基本配置」核对或重置 AppSecret，再填到「设置 → 微信」",
                "check or reset the secret on the platform (开发 → 基本配置) and enter it here again",
            ),
        )
    except AddressRefused as error:
        patient.fail(
            subject,
            (
                f"服务器 IP 不在{name}的白名单里（{error.errcode}）：{error.errmsg}",
                f"this server is not on the IP white list of the {name} ({error.errcode}): {error.errmsg}",
            ),
            (
                "到公众平台「开发 → 基本配置 → IP 白名单」加入上面的 IP",
                "add the address above on the platform under 开发 → 基本配置 → IP 白名单",
            ),
        )
    except ApiError as error:
        patient.fail(
            subject,
            (f"取不到{name}的调用凭证：{error.message('zh')}", f"no token for the {name}: {error}"),
            (
                "稍后再试；若一直如此，按错误码查公众平台文档",
                "try later; if it stays, look the code up",
            ),
        )
    except WeChatAway:
        patient.fail(
            subject,
            ("连不上微信服务器", "WeChat's server can not be reached"),
            (
                "检查服务器能否访问 api.weixin.qq.com:443（DNS、防火墙、代理）",
                "check that this server reaches api.weixin.qq.com:443 (DNS, firewall, proxy)",
            ),
        )
    else:
        patient.ok(
            subject, f"{name}凭证正确，IP 在白名单内", f"the {name}'s secret works from this server"
        )


async def _callback(patient: _Patient) -> None:
    row = patient.apps.get(AccountKind.OFFICIAL)
    if row is None:
        return
    url = queries.callback_url(AccountKind.OFFICIAL, row.app_id)
    if not row.token or (row.push_mode is not PushMode.PLAIN and not row.aes_key):
        patient.fail(
            "official.callback",
            (
                "没有填写消息推送的 Token 或 EncodingAESKey",
                "token or EncodingAESKey of the push are not set",
            ),
            (
                f"在公众平台「基本配置 → 服务器配置」设置 URL {url}，并把 Token 与 EncodingAESKey 填到这里",
                f"set the URL {url} on the platform (基本配置 → 服务器配置) and enter token and key here",
            ),
        )
        return
    await _call_ourselves(patient, await _load(patient), url)
    if row.push_mode is PushMode.PLAIN:
        patient.warn(
            "official.push_mode",
            (
                "消息推送是明文模式，消息内容没有加密也无法验证",
                "messages come in plain mode, unsealed and unproven",
            ),
            (
                "在公众平台改为「安全模式」，这里也改为安全模式",
                "switch to 安全模式 on the platform and here",
            ),
        )
    if patient.last_push is None:
        patient.warn(
            "official.push",
            ("还没有收到过微信推送的消息", "WeChat has not sent anything yet"),
            (
                "在公众平台启用服务器配置，然后用手机给公众号发一条消息",
                "enable the server setting on the platform, then write to the account from a phone",
            ),
        )
    else:
        at = patient.last_push[0].isoformat(timespec="minutes")
        patient.ok("official.push", f"最近一次推送：{at}", f"last push at {at}")


async def _load(patient: _Patient) -> AppCredentials:
    async with patient.db.merchant(patient.merchant) as tx:
        return await credentials.load_app(tx, AccountKind.OFFICIAL, secret=False)


async def _call_ourselves(patient: _Patient, app: AppCredentials, url: str) -> None:
    """Do what WeChat does when the address is entered: a signed GET that must come back with the echo."""
    timestamp, nonce, echo = str(int(clock.utcnow().timestamp())), ids.token(9), ids.token(12)
    query = {
        "signature": crypto.push_signature(app.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }
    parts = urlsplit(url)
    try:
        client = wire.client(f"{parts.scheme}://{parts.netloc}")
        response = await client.get(f"{parts.path}?{urlencode(query)}")
    except httpx.HTTPError:
        patient.warn(
            "official.callback",
            (
                f"从服务器自己访问不了回调地址 {url}",
                f"this server can not reach its own callback address {url}",
            ),
            (
                "确认 TIEFEN_PUBLIC_URL 是公网可访问的地址，且域名、端口、证书都正确",
                "make sure that TIEFEN_PUBLIC_URL is reachable from outside: name, port, certificate",
            ),
        )
        return
    if response.status_code == 200 and response.text == echo:
        patient.ok(
            "official.callback", f"回调地址 {url} 可以访问", f"the callback address {url} answers"
        )
    else:
        patient.fail(
            "official.callback",
            (
                f"回调地址 {url} 返回 {response.status_code}，不是我们的应答",
                f"the callback address {url} answers {response.status_code}, which is not ours",
            ),
            (
                "检查反向代理是否把 /wechat/ 转到本服务",
                "check that the reverse proxy hands /wechat/ on to us",
            ),
        )


async def _domains(patient: _Patient) -> None:
    row = patient.apps.get(AccountKind.OFFICIAL)
    if row is None:
        return
    ours = urlsplit(wire.public_base(None)).netloc
    for subject, domain, zh, en, place in (
        ("official.oauth_domain", row.oauth_domain, "网页授权域名", "OAuth domain", "网页授权域名"),
        ("official.js_domain", row.js_domain, "JS 接口安全域名", "JS domain", "JS接口安全域名"),
    ):
        fix = (
            f"在公众平台「公众号设置 → 功能设置 → {place}」填 {ours}，并填到「设置 → 微信」",
            f"enter {ours} on the platform (公众号设置 → 功能设置 → {place}) and under Settings → WeChat",
        )
        if not domain:
            patient.warn(subject, (f"没有登记{zh}", f"the {en} is not noted"), fix)
        elif domain != ours:
            what = (
                f"{zh} {domain} 与本站域名 {ours} 不一致",
                f"the {en} {domain} is not this installation's host {ours}",
            )
            patient.fail(subject, what, fix)
        else:
            patient.ok(subject, f"{zh}是 {domain}", f"the {en} is {domain}")


async def _templates(patient: _Patient) -> None:
    if AccountKind.OFFICIAL not in patient.apps:
        return
    fix = (
        "在公众平台「广告与服务 → 模板消息」选用模板，把模板 ID 填到「设置 → 微信」",
        "choose templates on the platform (模板消息) and enter their ids under Settings → WeChat",
    )
    if not patient.templates:
        patient.warn(
            "official.templates", ("没有配置模板消息", "no template message is set up"), fix
        )
        return
    try:
        app = await credentials.app(patient.db, patient.merchant, AccountKind.OFFICIAL)
        data = await tokens.call(
            patient.db, patient.merchant, app, "GET", "/cgi-bin/template/get_all_private_template"
        )
    except (ApiError, NotConfigured, WeChatAway) as error:
        if isinstance(error, NotGranted | QuotaSpent):
            what = (
                f"读不到模板列表：{error.message('zh')}",
                f"the templates can not be listed: {error}",
            )
            patient.warn("official.templates", what, fix)
        return  # what is wrong with the token has been said already
    there = {str(item.get("template_id")) for item in data.get("template_list") or []}
    missing = sorted(key for key, wanted in patient.templates.items() if wanted not in there)
    if missing:
        names = "、".join(missing)
        what = (
            f"这些模板在公众号里不存在：{names}",
            f"these templates are not on the account: {names}",
        )
        patient.fail("official.templates", what, fix)
    else:
        count = len(patient.templates)
        patient.ok("official.templates", f"{count} 个模板都在", f"all {count} templates are there")


async def _pay(patient: _Patient) -> None:
    try:
        pay = await credentials.pay(patient.db, patient.merchant)
    except NotConfigured:
        patient.fail(
            "pay.account",
            ("微信支付没有配置完整", "微信支付 is not set up"),
            (
                "在「设置 → 微信」填写商户号、证书序列号、API 私钥和 APIv3 密钥",
                "enter merchant number, certificate serial, API key and APIv3 key under Settings → WeChat",
            ),
        )
        return
    _notify_url(patient, pay.notify_url, real=pay.base == wire.PAY)
    answer = await paywire.request(
        patient.db, patient.merchant, pay, "GET",
        f"/v3/pay/transactions/out-trade-no/DOCTOR{ids.token(6)}",
        query={"mchid": pay.mchid},
    )  # fmt: skip
    if answer.verdict is Verdict.REFUSED and answer.status == 404:
        patient.ok(
            "pay.keys", f"商户号 {pay.mchid} 的密钥正确，双向验签通过", "the keys work both ways"
        )
        _certificates(patient, public_key=bool(pay.public_key_id))
        return
    zh, en = f"{answer.code} {answer.message}".strip(), f"{answer.code} {answer.message}".strip()
    if answer.status == 401:
        patient.fail(
            "pay.keys",
            (f"微信不认我们的签名：{zh}", f"WeChat does not accept our signature: {en}"),
            (
                "API 私钥与证书序列号必须是同一张商户证书的；到商户平台「账户中心 → API 安全」核对",
                "private key and serial must be of the same merchant certificate; check 账户中心 → API 安全",
            ),
        )
    elif answer.code in ("UNSIGNED_ANSWER", "RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST"):
        patient.fail(
            "pay.keys",
            ("验不了微信的签名", "WeChat's signature can not be verified"),
            (
                "核对微信支付公钥与公钥 ID；证书模式请核对 APIv3 密钥",
                "check WeChat's public key and its id; in certificate mode check the APIv3 key",
            ),
        )
    else:
        patient.fail(
            "pay.keys",
            (f"微信支付没有正常应答：{zh}", f"微信支付 did not answer as it should: {en}"),
            (
                "检查服务器能否访问 api.mch.weixin.qq.com:443，稍后再试",
                "check that this server reaches api.mch.weixin.qq.com:443 and try again",
            ),
        )


def _notify_url(patient: _Patient, url: str, *, real: bool) -> None:
    parts = urlsplit(url)
    if real and (parts.scheme != "https" or parts.hostname in _LOCAL):
        patient.fail(
            "pay.notify_url",
            (f"支付通知地址 {url} 微信访问不到", f"WeChat can not reach the notice address {url}"),
            (
                "把 TIEFEN_PUBLIC_URL 设为公网 https 地址",
                "set TIEFEN_PUBLIC_URL to a public https address",
            ),
        )
    else:
        patient.ok("pay.notify_url", f"支付通知地址是 {url}", f"payment notices go to {url}")


def _certificates(patient: _Patient, *, public_key: bool) -> None:
    until = patient.certificates_until
    if public_key:
        patient.ok("pay.mode", "公钥模式", "public-key mode")
    elif until is not None and until < patient.now + timedelta(days=30):
        patient.warn(
            "pay.mode",
            ("平台证书将在 30 天内到期", "the platform certificate expires within 30 days"),
            (
                "建议在商户平台切换到微信支付公钥；新证书会自动下载",
                "better switch to WeChat's public key; a new certificate is fetched by itself",
            ),
        )
    else:
        patient.ok("pay.mode", "平台证书模式", "certificate mode")


async def _messages(patient: _Patient) -> None:
    if patient.failed:
        patient.warn(
            "messages",
            (
                f"最近 7 天有 {patient.failed} 条消息被微信拒绝",
                f"WeChat refused {patient.failed} messages in the last 7 days",
            ),
            (
                "在「设置 → 微信 → 消息」查看原因",
                "see the reasons under Settings → WeChat → Messages",
            ),
        )
