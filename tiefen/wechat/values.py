"""Frozen values that cross the room's doors. Money is fen; times are aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, BinaryIO, Generic, TypeVar

T = TypeVar("T")


class AccountKind(StrEnum):
    """Which platform an app id belongs to."""

    OFFICIAL = "official"
    """公众号 or 服务号"""
    MINI = "mini"
    """小程序"""


class PushMode(StrEnum):
    """How the account's server setting sends messages (消息加解密方式)."""

    PLAIN = "plain"
    """明文: nothing encrypted, only the query's signature"""
    COMPAT = "compat"
    """兼容: plain fields and ciphertext in one body"""
    SAFE = "safe"
    """安全: ciphertext only"""


class TokenKind(StrEnum):
    """The two shared tokens of an account."""

    ACCESS = "access"
    """access_token, from stable_token"""
    JSAPI = "jsapi"
    """jsapi_ticket"""


class MessageKind(StrEnum):
    """How a message goes out."""

    TEMPLATE = "template"
    CUSTOMER = "customer"
    """客服消息, inside the window that a fan's own action opens"""


class MessageState(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"
    """the receiver can not be reached this way; `reason` says why"""
    FAILED = "failed"
    """WeChat refuses it for good; a person must change something"""
    UNCERTAIN = "uncertain"
    """no answer came; it may have arrived, and is not sent twice"""


class PayClientKind(StrEnum):
    """Where the buyer pays, which decides the app id and the prepay product."""

    JSAPI = "jsapi"
    """in a page inside WeChat"""
    MINI = "mini"
    """in the mini program"""
    NATIVE = "native"
    """by scanning a code with the phone's camera"""
    H5 = "h5"
    """in a phone's browser outside WeChat, which opens WeChat for it"""


class TradeState(StrEnum):
    """WeChat's trade_state."""

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    """paid, and a refund was started"""
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"
    ACCEPT = "ACCEPT"


class RefundStatus(StrEnum):
    """WeChat's refund status, in answers (`status`) and notices (`refund_status`)."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


class Verdict(StrEnum):
    """What is known after a money call."""

    OK = "ok"
    """WeChat answered, signed, and agreed"""
    REFUSED = "refused"
    """WeChat answered and refused: `code` says why; nothing happened there"""
    UNKNOWN = "unknown"
    """no answer, a broken one, or a 5xx: it may have happened. Ask with the same number; never take a new one"""


@dataclass(frozen=True, slots=True)
class PayAnswer(Generic[T]):
    """The outcome of one payment call. `value` is there exactly when the verdict is OK."""

    verdict: Verdict
    value: T | None = None
    code: str = ""
    message: str = ""
    status: int | None = None

    def get(self) -> T:
        """The value of an OK answer; asking any other answer for it is a bug."""
        if self.verdict is not Verdict.OK or self.value is None:
            raise ValueError(f"no value: {self.verdict} {self.code}")
        return self.value


@dataclass(frozen=True, slots=True)
class OAuthIdentity:
    """Who signed in, by WeChat's word. A snapshot visitor is a throw-away account: bind nothing to it."""

    app_id: str
    openid: str
    unionid: str | None = None
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class QrTicket:
    """A QR code with a scene. `url` is what the code says; `image_url` shows it."""

    ticket: str
    url: str
    image_url: str


@dataclass(frozen=True, slots=True)
class UserInfo:
    """What the platform still tells about a follower (no name, no picture since 2021)."""

    openid: str
    subscribed: bool
    unionid: str | None = None
    subscribed_at: datetime | None = None
    subscribe_scene: str | None = None
    qr_scene: str | None = None
    remark: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class FollowerPage:
    """A page of the account's followers; `after` is where the next one begins, "" at the end."""

    total: int
    openids: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True)
class JssdkConfig:
    """Arguments of `wx.config` for one page."""

    app_id: str
    timestamp: int
    nonce_str: str
    signature: str


@dataclass(frozen=True, slots=True)
class PaySheet:
    """Arguments of the pay sheet (WeixinJSBridge / wx.requestPayment), signed with the merchant's key."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


@dataclass(frozen=True, slots=True)
class Prepay:
    """A prepared payment inside WeChat, good for two hours."""

    prepay_id: str
    sheet: PaySheet


@dataclass(frozen=True, slots=True)
class NativePrepay:
    """A prepared payment by code: show `code_url` as a QR code, good for two hours."""

    code_url: str


@dataclass(frozen=True, slots=True)
class H5Prepay:
    """A prepared payment from a browser outside WeChat: go to `h5_url` within five minutes."""

    h5_url: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment as WeChat tells it, in a query's answer or in a notice."""

    app_id: str
    mchid: str
    out_trade_no: str
    transaction_id: str | None
    state: TradeState
    total_fen: int | None
    currency: str | None
    openid: str | None
    success_time: datetime | None
    attach: str

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "Transaction":
        """Read WeChat's JSON. Raises ValueError when a field that must be there is not, or has another type."""
        amount = _mapping(data.get("amount"))
        return cls(
            app_id=_text(data, "appid"),
            mchid=_text(data, "mchid"),
            out_trade_no=_text(data, "out_trade_no"),
            transaction_id=_text_or_none(data, "transaction_id"),
            state=TradeState(_text(data, "trade_state")),
            total_fen=_whole_or_none(amount, "total"),
            currency=_text_or_none(amount, "currency"),
            openid=_text_or_none(_mapping(data.get("payer")), "openid"),
            success_time=instant(data.get("success_time")),
            attach=str(data.get("attach") or ""),
        )


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as WeChat tells it, in an answer (`status`) or a notice (`refund_status`)."""

    refund_id: str
    out_refund_no: str
    transaction_id: str
    out_trade_no: str
    status: RefundStatus
    refund_fen: int | None
    total_fen: int | None
    success_time: datetime | None
    mchid: str | None

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "Refund":
        """Read WeChat's JSON. Raises ValueError when a field that must be there is not, or has another type."""
        amount = _mapping(data.get("amount"))
        return cls(
            refund_id=_text(data, "refund_id"),
            out_refund_no=_text(data, "out_refund_no"),
            transaction_id=_text(data, "transaction_id"),
            out_trade_no=_text(data, "out_trade_no"),
            status=RefundStatus(
                _text(data, "refund_status" if "refund_status" in data else "status")
            ),
            refund_fen=_whole_or_none(amount, "refund"),
            total_fen=_whole_or_none(amount, "total"),
            success_time=instant(data.get("success_time")),
            mchid=_text_or_none(data, "mchid"),
        )


@dataclass(frozen=True, slots=True)
class BillFile:
    """A bill as downloaded and unpacked, its SHA-1 already checked against WeChat's.

    A year's busiest day may be a million lines: it lies in a nameless file that is gone when closed.
    """

    file: BinaryIO
    hash_value: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A push as the reply hook sees it: verified, decrypted, read. Times are WeChat's CreateTime."""

    app_id: str
    openid: str
    kind: str
    """MsgType: text, image, voice, video, location, link, event …"""
    event: str = ""
    """Event in lower case, empty unless kind is "event" """
    content: str = ""
    key: str = ""
    """EventKey: the menu key, or the scene without qrscene_"""
    msg_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """One picture-and-text card."""

    title: str
    description: str
    picture_url: str
    url: str


@dataclass(frozen=True, slots=True)
class TextReply:
    """Plain text, at most 2048 bytes in UTF-8."""

    content: str


@dataclass(frozen=True, slots=True)
class ImageReply:
    """An uploaded picture."""

    media_id: str


@dataclass(frozen=True, slots=True)
class NewsReply:
    """One card; the platform shows a single one in a passive reply."""

    article: Article


@dataclass(frozen=True, slots=True)
class TransferReply:
    """Hand the conversation to the platform's customer service."""


Reply = TextReply | ImageReply | NewsReply | TransferReply


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One sentence in both languages of the product."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    level: Level
    subject: str
    what: Bilingual
    how_to_fix: Bilingual


def instant(value: Any) -> datetime | None:
    """WeChat's RFC 3339 time as aware UTC; None when absent or empty. Raises ValueError when it is something else."""
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError("a time must be text")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time must carry its zone")
    return moment.astimezone(UTC)


def _mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("an object was expected")
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be text")
    return value


def _text_or_none(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _whole_or_none(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number of fen")
    return value


@dataclass(frozen=True, slots=True)
class PlatformTag:
    """A tag of the 公众号."""

    id: int
    name: str
    fans: int


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """One parcel as 小程序 wants to know it."""

    courier_code: str
    tracking_no: str
    words: str
    phone: str
    """The receiver's, masked, the last four digits visible."""


@dataclass(frozen=True, slots=True)
class ShippingNotice:
    """发货信息录入 of one paid order: its parcels, or those that are new."""

    transaction_id: str
    openid: str
    items: tuple[ShippedItem, ...]
    whole: bool
    """Everything is in this one parcel, told at once."""
    last: bool
    """Nothing more will be sent."""
    at: datetime
    travels: bool = True
    """False: services, texts and codes, told as virtual goods without a courier."""
