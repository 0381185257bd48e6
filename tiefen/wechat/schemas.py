"""Shapes of the room's routes. Secrets go in, never out: what comes out is whether they are set, and their last four."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tiefen.kernel.http import In, Name, Out
from tiefen.wechat.values import Level, MessageKind, MessageState, PushMode

Secret = Annotated[str, Field(min_length=1, max_length=200)]
Pem = Annotated[str, Field(min_length=1, max_length=8_000)]
AppId = Annotated[str, Field(min_length=6, max_length=64)]
Host = Annotated[str, Field(max_length=255)]
TemplateKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
TemplateId = Annotated[str, Field(max_length=64)]


class AppIn(In):
    """A 公众号 or 小程序. A field left out or null stays as it is."""

    app_id: AppId
    name: Name | None = None
    secret: Secret | None = None
    token: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    aes_key: Annotated[str, Field(min_length=43, max_length=43)] | None = None
    push_mode: PushMode | None = None
    oauth_domain: Host | None = None
    js_domain: Host | None = None


class PayAccountIn(In):
    """The 微信支付 account. A field left out or null stays as it is."""

    mchid: Annotated[str, Field(pattern=r"^[0-9]{6,32}$")]
    serial_no: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8,64}$")] | None = None
    private_key: Pem | None = None
    api_v3_key: Annotated[str, Field(min_length=32, max_length=32)] | None = None
    public_key_id: Annotated[str, Field(max_length=80)] | None = None
    public_key: Pem | None = None


class WechatIn(In):
    """What to change; a section left out stays as it is. An empty template id takes the key away."""

    official: AppIn | None = None
    mini: AppIn | None = None
    pay: PayAccountIn | None = None
    templates: dict[TemplateKey, TemplateId] | None = Field(default=None, max_length=50)


class SecretState(Out):
    """Whether a secret is set, and its last four characters when it is long enough to show them."""

    set: bool
    tail: str


class AppOut(Out):
    """A 公众号 or 小程序 as the console shows it."""

    app_id: str
    name: str
    secret: SecretState
    token: SecretState
    aes_key: SecretState
    previous_aes_key: SecretState
    push_mode: PushMode
    oauth_domain: str
    js_domain: str
    callback_url: str
    """to be entered at the platform as 服务器地址(URL)"""
    last_push_at: datetime | None
    menu_published_at: datetime | None
    updated_at: datetime


class CertificateOut(Out):
    """A downloaded platform certificate."""

    serial_no: str
    expires_at: datetime


class PayAccountOut(Out):
    """The 微信支付 account as the console shows it."""

    mchid: str
    mode: Literal["public_key", "certificate"]
    serial_no: str
    private_key: SecretState
    api_v3_key: SecretState
    public_key_id: str
    public_key_set: bool
    certificates: list[CertificateOut]
    notify_url: str
    last_notice_at: datetime | None
    updated_at: datetime


class WechatOut(Out):
    """The merchant's WeChat settings."""

    official: AppOut | None
    mini: AppOut | None
    pay: PayAccountOut | None
    templates: dict[str, str]
    sandbox: bool
    """true when a sandbox stands in for the real platform"""


class BilingualOut(Out):
    """One sentence in both languages."""

    zh: str
    en: str


class FindingOut(Out):
    """One line of the doctor's report."""

    level: Level
    subject: str
    what: BilingualOut
    how_to_fix: BilingualOut


class DoctorOut(Out):
    """The doctor's report, worst first."""

    items: list[FindingOut]
    worst: Level


class ButtonIn(In):
    """One menu entry; an entry with entries of its own has no type."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    type: Literal["click", "view", "miniprogram"] | None = None
    key: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    url: Annotated[str, Field(pattern=r"^https?://", max_length=1024)] | None = None
    appid: AppId | None = None
    pagepath: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needs = {"click": ("key",), "view": ("url",), "miniprogram": ("url", "appid", "pagepath")}
        for field in needs.get(self.type or "", ()):
            if getattr(self, field) is None:
                raise ValueError(f"{self.type} needs {field}")
        return self


class TopButtonIn(ButtonIn):
    """An entry of the bar: something to do, or up to five entries under it."""

    sub_button: list[ButtonIn] = Field(default_factory=list, max_length=5)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.sub_button) == (self.type is not None):
            raise ValueError("either a type or sub_button")
        if any(button.type is None for button in self.sub_button):
            raise ValueError("every entry below needs a type")
        return self


class MenuIn(In):
    """The whole menu; an empty list takes it off."""

    button: list[TopButtonIn] = Field(max_length=3)


class ButtonOut(Out):
    """One menu entry."""

    name: str
    type: str | None = None
    key: str | None = None
    url: str | None = None
    appid: str | None = None
    pagepath: str | None = None


class TopButtonOut(ButtonOut):
    """An entry of the bar."""

    sub_button: list[ButtonOut] = Field(default_factory=list)


class MenuOut(Out):
    """The menu as it was last published from here."""

    button: list[TopButtonOut]
    published_at: datetime | None


class SentMessageOut(Out):
    """A message that went out, or did not; the receiver is masked."""

    id: int
    kind: MessageKind
    receiver: str
    state: MessageState
    reason: str
    errcode: int | None
    attempts: int
    receipt: str
    created_at: datetime
    settled_at: datetime | None


class JssdkOut(Out):
    """Arguments of `wx.config`."""

    app_id: str
    timestamp: int
    nonce_str: str
    signature: str
