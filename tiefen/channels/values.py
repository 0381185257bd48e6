"""Frozen values of the channels room."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

SCENE_PREFIX = "c."
"""Scenes of channel codes begin with this; other prefixes belong to other rooms."""


class CodeKind(StrEnum):
    """What stands behind a channel code."""

    EMPLOYEE = "employee"
    """员工"""
    DEALER = "dealer"
    """经销商"""
    PACKAGE = "package"
    """瓶体、包装"""
    EXHIBITION = "exhibition"
    """展会、培训"""
    AD = "ad"
    """媒体、广告"""
    PLATFORM = "platform"
    """微博、淘宝、百度、QQ"""
    CONTENT = "content"
    """内容"""
    REFERRAL = "referral"
    """老带新"""
    POSTER = "poster"
    """海报"""


class CodeForm(StrEnum):
    """What people meet: each is a channel code, so that sources and money are counted alike."""

    QR = "qr"
    """公众号二维码: scanning leads to the account"""
    MINI = "mini"
    """小程序码: scanning opens a page of the mini program"""
    LINK = "link"
    """短链接: a short address of ours for other platforms"""
    BOTTLE = "bottle"
    """瓶身码: the codes of a batch of bottles"""


class DrawnForm(StrEnum):
    """Forms that the platform draws, one or a thousand at a time."""

    QR = "qr"
    MINI = "mini"


class MiniPage(StrEnum):
    """Pages of the mini program that a code may open."""

    HOME = "pages/home/index"
    CATEGORY = "pages/category/index"
    LIST = "pages/list/index"
    COUPONS = "mine/coupons/index"
    REFERRAL = "mine/referral/index"


class LinkPlatform(StrEnum):
    """Where a link is put."""

    WEIBO = "weibo"
    TAOBAO = "taobao"
    BAIDU = "baidu"
    QQ = "qq"
    TOUTIAO = "toutiao"
    XIAOHONGSHU = "xiaohongshu"
    DOUYIN = "douyin"
    SMS = "sms"
    OWN = "own"


class LinkTarget(StrEnum):
    """Where a link leads."""

    SHOP = "shop"
    PRODUCT = "product"
    FOLLOW = "follow"
    """a page with the QR code to follow by"""


class CodeState(StrEnum):
    """Whether the platform has made the QR code."""

    PENDING = "pending"
    """asked for; `failure` says why it is taking long"""
    READY = "ready"


class Lifetime(StrEnum):
    """How long the platform's QR code lives."""

    PERMANENT = "permanent"
    """for print; an account has 100,000 of them"""
    TEMPORARY = "temporary"
    """up to 30 days; made anew before it runs out, while the code itself is valid"""


class BatchState(StrEnum):
    """Where the making of many codes stands."""

    MAKING = "making"
    DONE = "done"
    STOPPED = "stopped"
    """by a person; codes that were drawn stay, the others are archived"""


class PrintLayout(StrEnum):
    """How codes are laid out on paper."""

    SHEET_12 = "sheet_12"
    """A4, three by four: stickers of 5 cm"""
    SHEET_24 = "sheet_24"
    """A4, four by six: small labels"""
    POSTER_PLAIN = "poster_plain"
    """one code an A4 page, black on white"""
    POSTER_BRAND = "poster_brand"
    """with the merchant's name in a band of green"""
    POSTER_PICTURE = "poster_picture"
    """with a picture of the shop above the code"""


class PrintForm(StrEnum):
    """What the print shop gets."""

    PDF = "pdf"
    PNG = "png"
    """one picture a page, many in a ZIP file"""


class PrintState(StrEnum):
    """Where the drawing of a print stands."""

    MAKING = "making"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Printed:
    """One code on paper."""

    name: str
    url: str
    picture: bytes = b""
    """what the platform drew, for a code that only it can draw"""


@dataclass(frozen=True, slots=True)
class Design:
    """What stands around the codes of a print."""

    layout: PrintLayout
    title: str = ""
    words: str = ""
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class ProductPoster:
    """What stands on the poster of a product, in words."""

    name: str
    subtitle: str
    price: str
    url: str
    """What its code says: the sharer's own."""
    sharer: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWish:
    """What a channel code is made with, or every code of a batch."""

    kind: CodeKind
    form: CodeForm = CodeForm.QR
    page: str = ""
    """that a mini-program code opens"""
    owner_staff_id: int | None = None
    lifetime: Lifetime = Lifetime.PERMANENT
    welcome: str = ""
    late_words: str = ""
    tags: Sequence[str] = ()
    cost_fen: int = 0
    note: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One code of a batch; what is None is the same for the whole batch."""

    name: str
    owner_staff_id: int | None = None
    cost_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of the platform's allowance of codes for print is used."""

    permanent: int
    limit: int
    temporary: int
    waiting: int
    """asked for and not drawn yet"""

    @property
    def left(self) -> int:
        """Codes for print that can still be made."""
        return max(self.limit - self.permanent, 0)


class TouchKind(StrEnum):
    """How a fan met a channel."""

    FOLLOW = "follow"
    """scanned the code and followed"""
    SCAN = "scan"
    """scanned it while following already"""
    VISIT = "visit"
    """came by a link, a mini-program code or a bottle, following or not"""
    ORGANIC = "organic"
    """followed without any code"""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a code says to whoever comes through it; `welcome` empty = the merchant's default."""

    code_id: int
    welcome: str


FOLLOWS = frozenset({TouchKind.FOLLOW, TouchKind.ORGANIC})
"""Touches that are a follow."""


class Model(StrEnum):
    """How the money of an order is shared among the codes its buyer met before paying."""

    FIRST = "first"
    """all for the first touch"""
    LAST = "last"
    """all for the last code before the payment"""
    LINEAR = "linear"
    """the same for every touch of a code"""
    RULE = "rule"
    """by the merchant's own weights"""


@dataclass(frozen=True, slots=True)
class Weights:
    """The merchant's own model: a weight by place, times a weight by kind of code.

    Touches older than `window_days` before the payment do not count, unless all are older.
    """

    first: int = 40
    middle: int = 20
    last: int = 40
    window_days: int | None = 90
    kinds: dict[str, int] = field(default_factory=dict)
    """per cent by kind of code; 100 where a kind is not named"""


@dataclass(frozen=True, slots=True)
class Step:
    """One touch on a buyer's way, as the models see it; `code_id` None = followed by themselves."""

    code_id: int | None
    kind: CodeKind | None
    at: datetime


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    GRANTED = "granted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """by who made it"""


class Grouping(StrEnum):
    """What a row of a report stands for."""

    CODE = "code"
    KIND = "kind"
    OWNER = "owner"
    CAMPAIGN = "campaign"
    """by the utm_campaign of links; other codes have none and are left out"""


@dataclass(frozen=True, slots=True)
class LinkWish:
    """What a link is made of, besides what every channel code has."""

    platform: LinkPlatform
    target: LinkTarget
    product_id: int | None = None
    slug: str = ""
    """the last part of its address; empty = chance decides"""
    utm_source: str = ""
    """empty = the platform's name"""
    utm_medium: str = ""
    utm_campaign: str = ""
    title: str = ""
    words: str = ""


class Opening(StrEnum):
    """What somebody gets who opens a link."""

    GO = "go"
    """inside WeChat: straight to the target"""
    PAGE = "page"
    """anywhere else, or to follow: our page with a QR code"""
    OVER = "over"
    """no longer valid"""


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody asks for a link."""

    slug: str
    visitor: str
    """a keyed hash of the browser's cookie"""
    inside: bool
    """in WeChat's own browser"""
    program: bool
    """nobody looks"""
    scanned: bool
    """the same person comes on from the link's page, so it is no second hit"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that somebody opened: where it leads, or what its page shows."""

    opening: Opening
    code_id: int
    slug: str
    target: LinkTarget
    path: str
    """of the shop, relative to the link"""
    title: str
    words: str
    merchant_name: str
    qr: str
    """what the QR code on the page says; empty while WeChat is still drawing it"""
    address: str
    image: str = ""
    price_fen: int | None = None


class Rotation(StrEnum):
    """How a live code chooses the employee of a new fan, among those who may be given one now."""

    EQUAL = "equal"
    """轮流: everybody in turn"""
    WEIGHT = "weight"
    """按权重: in proportion to weights"""
    DUTY = "duty"
    """按排班: in turn among those on duty by their timetable"""


@dataclass(frozen=True, slots=True)
class Shift:
    """A time of duty: minutes of the merchant's day, on a day of the week (Monday is 1)."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """An employee whom a live code may give fans to."""

    staff_id: int
    weight: int = 1
    most_a_day: int | None = None
    """new fans a day of this code; None = no limit"""
    shifts: tuple[Shift, ...] = ()
    """when on duty; empty = always"""
    contact: str = ""
    """how the fan reaches them, said in the welcome"""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an employee stands in the rotation."""

    staff_id: int
    weight: int
    credit: int
    """what the rotation owes them; the sum over all is always 0"""


@dataclass(frozen=True, slots=True)
class Given:
    """The employee a fan was given to."""

    staff_id: int
    name: str
    contact: str
