"""Frozen values of the channels room."""

from dataclasses import dataclass
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


class TouchKind(StrEnum):
    """How a fan met a channel."""

    FOLLOW = "follow"
    """scanned the code and followed"""
    SCAN = "scan"
    """scanned it while following already"""
    ORGANIC = "organic"
    """followed without any code"""


@dataclass(frozen=True, slots=True)
class FirstSource:
    """Where a fan came from first. `code_id` None = by themselves."""

    fan_id: int
    code_id: int | None
    code_name: str
    kind: CodeKind | None
    owner_staff_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a code says to whoever comes through it; `welcome` empty = the merchant's default."""

    code_id: int
    welcome: str
