"""What WeChat told us, once each. Published in the transaction that stores the push or notice."""

from datetime import datetime
from typing import Any

from tiefen.kernel.events import event


@event("wechat.followed")
class Followed:
    """A person followed the account; `scene` and `ticket` are there when they came through one of our QR codes."""

    app_id: str
    openid: str
    scene: str | None
    ticket: str | None
    at: datetime


@event("wechat.unfollowed")
class Unfollowed:
    """A person left the account. Nothing can be sent to them any more."""

    app_id: str
    openid: str
    at: datetime


@event("wechat.scanned")
class Scanned:
    """Somebody who follows already scanned one of our QR codes (a new follower gives only Followed)."""

    app_id: str
    openid: str
    scene: str
    at: datetime


@event("wechat.message_received", sealed=("content",))
class MessageReceived:
    """A fan wrote to us. `kind` is WeChat's MsgType; `content` is the text, or the most telling field of another kind."""

    app_id: str
    openid: str
    msg_id: int
    kind: str
    content: str
    at: datetime


@event("wechat.located", sealed=("place",))
class Located:
    """A phone said where it is, in a message or on entering the account, to about a hundred metres.

    `place` is latitude and longitude in thousandths of a degree, such as "31230,121474".
    """

    app_id: str
    openid: str
    place: str
    at: datetime


@event("wechat.menu_clicked")
class MenuClicked:
    """A fan tapped a menu entry of type click; `key` is the entry's key."""

    app_id: str
    openid: str
    key: str
    at: datetime


@event("wechat.pay_notified")
class PayNotified:
    """A verified and decrypted payment notice. `kind` is "transaction" or "refund"; `resource` is WeChat's own JSON."""

    mchid: str
    kind: str
    resource: dict[str, Any]
    at: datetime
