"""What is sent and told about short links."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from tiefen.channels.schemas.codes import CodeOut, CommonIn, CommonPatch, Name
from tiefen.channels.values import CodeKind, LinkPlatform, LinkTarget
from tiefen.kernel.http import IdIn, In, Out

Slug = Annotated[str, StringConstraints(pattern=r"^$|^[a-z0-9][a-z0-9-]{1,22}[a-z0-9]$")]
Utm = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class ChannelLinkIn(CommonIn):
    """A link to make."""

    name: Name
    kind: CodeKind = CodeKind.PLATFORM
    platform: LinkPlatform
    target: LinkTarget
    product_id: IdIn | None = None
    slug: Slug = ""
    utm_source: Utm = ""
    utm_medium: Utm = ""
    utm_campaign: Utm = ""
    title: Title = ""
    words: Words = ""


class ChannelLinkPatch(CommonPatch):
    """Changes to a link; what is absent stays. Address, platform and target never change."""

    product_id: IdIn | None = None
    utm_source: Utm | None = None
    utm_medium: Utm | None = None
    utm_campaign: Utm | None = None
    title: Title | None = None
    words: Words | None = None


class ChannelLinkOut(Out):
    """A link: what it is as a channel code, where it leads, how often it was opened."""

    code: CodeOut
    platform: LinkPlatform
    target: LinkTarget
    product_id: int | None
    product_name: str
    address: str
    slug: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    title: str
    words: str
    follow_ready: bool
    """whether the page of a link to follow by shows its QR code already"""
    hits: int
    """opened by people"""
    entered: int
    """came on inside WeChat"""
    bots: int
    """opened by programs; not counted among people"""


class LinkDayOut(Out):
    """A link on one day."""

    day: date
    hits: int
    entered: int
    bots: int


class ChannelLinkDetail(ChannelLinkOut):
    """A link with its last thirty days."""

    days: list[LinkDayOut]
    known: int
    """browsers of the last thirty days that turned out to be a fan's"""
    unknown: int
    """those that nobody knows yet"""


class ArrivalIn(In):
    """How a fan came: the scene of a mini-program code; a browser's cookie tells of itself."""

    scene: Annotated[str, StringConstraints(max_length=32)] = ""
