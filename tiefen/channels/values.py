"""Frozen values of the channels room."""

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
    ORGANIC = "organic"
    """followed without any code"""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a code says to whoever comes through it; `welcome` empty = the merchant's default."""

    code_id: int
    welcome: str


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
