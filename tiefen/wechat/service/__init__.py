"""The room's verbs.

Verbs that take a `Tx` only read and write rows. Verbs that take `Db` and a merchant call WeChat: they open short transactions
around the call and must not be used inside one.
"""

from tiefen.wechat.callbacks import ReplyHook, register_reply
from tiefen.wechat.service.accounts import app_kinds, set_app, set_pay, set_templates
from tiefen.wechat.service.diagnose import diagnose
from tiefen.wechat.service.keeping import forget_old
from tiefen.wechat.service.miniprogram import create_mini_code, mini_login
from tiefen.wechat.service.official import (
    create_qrcode,
    exchange_code,
    follower_page,
    followers_info,
    jssdk_config,
    oauth_url,
    publish_menu,
    user_info,
)
from tiefen.wechat.service.pay import PayClient, pay_client
from tiefen.wechat.service.sending import send_news, send_template, send_text
from tiefen.wechat.service.shipping import report_presale, upload_shipping
from tiefen.wechat.service.tags import (
    TAG_MEMBERS_AT_ONCE,
    create_tag,
    delete_tag,
    list_tags,
    official_app_id,
    own_app_id,
    rename_tag,
    set_tag,
    tag_page,
)
from tiefen.wechat.wire import close, configure

__all__ = [
    "TAG_MEMBERS_AT_ONCE",
    "PayClient",
    "ReplyHook",
    "app_kinds",
    "close",
    "configure",
    "create_mini_code",
    "create_qrcode",
    "create_tag",
    "delete_tag",
    "diagnose",
    "exchange_code",
    "follower_page",
    "followers_info",
    "forget_old",
    "jssdk_config",
    "list_tags",
    "mini_login",
    "oauth_url",
    "official_app_id",
    "own_app_id",
    "pay_client",
    "publish_menu",
    "register_reply",
    "rename_tag",
    "report_presale",
    "send_news",
    "send_template",
    "send_text",
    "set_app",
    "set_pay",
    "set_tag",
    "set_templates",
    "tag_page",
    "upload_shipping",
    "user_info",
]
