"""The room's verbs.

Verbs that take a `Tx` only read and write rows. Verbs that take `Db` and a merchant call WeChat: they open short transactions
around the call and must not be used inside one.
"""

from tiefen.wechat.callbacks import ReplyHook, register_reply
from tiefen.wechat.service.accounts import set_app, set_pay, set_templates
from tiefen.wechat.service.diagnose import diagnose
from tiefen.wechat.service.keeping import forget_old
from tiefen.wechat.service.miniprogram import mini_login
from tiefen.wechat.service.official import (
    create_qrcode,
    exchange_code,
    jssdk_config,
    oauth_url,
    publish_menu,
    user_info,
)
from tiefen.wechat.service.pay import PayClient, pay_client
from tiefen.wechat.service.sending import (
    send_image,
    send_mini_page,
    send_news,
    send_template,
    send_text,
)
from tiefen.wechat.wire import close, configure

__all__ = [
    "PayClient",
    "ReplyHook",
    "close",
    "configure",
    "create_qrcode",
    "diagnose",
    "exchange_code",
    "forget_old",
    "jssdk_config",
    "mini_login",
    "oauth_url",
    "pay_client",
    "publish_menu",
    "register_reply",
    "send_image",
    "send_mini_page",
    "send_news",
    "send_template",
    "send_text",
    "set_app",
    "set_pay",
    "set_templates",
    "user_info",
]
