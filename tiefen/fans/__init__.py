"""Fans: one real person, whatever the door they came through.

owns       fans, their identities (app id and openid, unionid), follow state, stage, counters,
           the timeline, personal data under seal, the fan's sign-in
promises   one (app id, openid) is one fan, however many ask at once; identities that turn out to
           be one person are joined without moving a row; counters equal a recount of the timeline;
           personal data leaves the room masked, and each reveal is audited; a snapshot visitor
           of WeChat's is never bound
publishes  fans.joined · fans.followed · fans.unfollowed · fans.stage_changed · fans.merged
hears      wechat.followed · wechat.unfollowed · wechat.scanned · wechat.message_received ·
           wechat.menu_clicked · channels.touch_recorded · channels.code_saved · orders.placed ·
           orders.paid · orders.shipped · orders.received · orders.closed · orders.refunded ·
           orders.after_sale_requested
"""
