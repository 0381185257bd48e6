"""WeChat: the only room that speaks to 公众号, 小程序 and 微信支付, and the only one that is spoken to by them.

owns       accounts and their sealed credentials, shared tokens, the inbox of pushes and notices, outgoing messages, the menu
promises   a push or notice is verified before it is parsed, stored once before any work, and answered the same when repeated;
           a money call that timed out is UNKNOWN, never failed; no secret leaves the room;
           where a phone is is rounded to about a hundred metres before anything is stored
publishes  wechat.followed · wechat.unfollowed · wechat.scanned · wechat.message_received · wechat.located · wechat.menu_clicked · wechat.pay_notified
hears      nothing
"""
