import type { RoomMessages } from '../../app/i18n'
import imports from './imports.messages'
import labels from './labels.messages'
import level from './level.messages'
import place from './place.messages'
import points from './points.messages'
import owner from './owner.messages'
import past from './past.messages'
import person from './person.messages'
import privacy from './privacy.messages'
import wecom from './wecom.messages'

const messages: RoomMessages = {
  zh: {
    imports: imports.zh,
    label: labels.zh,
    level: level.zh,
    place: place.zh,
    points: points.zh,
    owner: owner.zh,
    past: past.zh,
    person: person.zh,
    privacy: privacy.zh,
    wecom: wecom.zh,
    platforms: { official: '公众号', mini: '小程序', wecom: '企业微信', other: '其他应用' },
    title: '粉丝', search: '昵称、备注或完整手机号', fan: '粉丝', stage: '阶段', source: '来源', orders: '订单', paid: '实付', interactions: '互动', joined: '首次接触', lastSeen: '最近活跃', sort: '排序', following: '关注', rfm: 'RFM 人群', everyone: '关注状态', followed: '已关注', notFollowing: '未关注', noSource: '自然到来', fromCode: '来自渠道码 #{id}',
    stages: { all: '全部', visitor: '访客', follower: '关注者', customer: '客户', user: '用户', fan: '粉丝', core: '铁粉', lost: '流失' },
    sorts: { newest: '最新到来', last_seen: '最近活跃', spend: '实付金额', orders: '订单数' },
    empty: '还没有粉丝', emptyHint: '创建一个渠道码, 让第一位粉丝扫码关注。', makeCode: '创建渠道码',
    timeline: '时间线', identities: '身份', unionid: '已打通 unionid', noUnionid: '未打通', since: '从 {time} 起', unfollowedAt: '{time} 取消关注', standing: '为什么是这个阶段', next: '离「{stage}」还差', top: '已经是最高阶段', personal: '个人信息', phone: '手机号', realName: '姓名', unknown: '未填写', reveal: '查看', hide: '隐藏',
    revealTitle: '查看完整{field}', revealHint: '这次查看会连同原因记入操作日志。{seconds} 秒后自动隐藏。', reason: '查看原因', reasonPlaceholder: '如: 快递派送失败, 需要电话联系', reasonShort: '至少 4 个字', remark: '备注', remarkPlaceholder: '只有员工可见', remarkSaved: '备注已保存', received: '已收货', refunded: '已退款', merged: '由 {count} 份档案合并而来', fanOrders: '最近订单', allOrders: '全部订单', noOrders: '还没有下过单', noLines: '还没有记录', saidHidden: '内容需要「查看自动回复」权限', channel: '首次来源', filterKind: '只看', kinds: { all: '全部', orders: '交易', chat: '互动', life: '关系' },
    facts: { following: '正在关注', orders: '付款订单', received: '已收货订单', interactions: '互动次数', silent_days: '沉默天数', unfollowed: '取消关注', kept_fen: '净消费', friends: '带来并下单的朋友', active: '再来一次' }, evidence: '{fact} {have} / {need}', evidenceWithin: '{days} 天内{fact} {have} / {need}', toGo: '再 {what}', either: '满足其一即可', due: '如果没有新动静, {day} 可能变化', moves: '阶段变化记录', moveWhy: { event: '行为', time: '时间推移', rules: '规则第 {version} 版', recount: '重新计数' },
    lines: { parted: '撤销合并', contact: '联系意愿', erased: '个人信息已清除', joined: '第一次来到', followed: '关注了公众号', unfollowed: '取消关注', scanned: '扫描渠道码', sourced: '确定首次来源', message_in: '发来消息', message_out: '收到回复', menu: '点击菜单', order_placed: '提交订单', order_paid: '支付订单', order_shipped: '订单已发货', order_received: '确认收货', order_closed: '订单关闭', order_refunded: '订单退款', after_sale: '申请售后', stage: '阶段变化', profile: '资料更新', merged: '合并档案', past_purchase: '以前的购买（导入）', friend: '带来的朋友下单', visited: '看了商品', attribute: '填写资料', tagged: '打上标签', untagged: '去掉标签', owned: '更换负责人', level: '会员等级变化', followed_up: '完成跟进' },
    stageMove: '{before} → {after}',
  },
  en: {
    imports: imports.en,
    label: labels.en,
    level: level.en,
    place: place.en,
    points: points.en,
    owner: owner.en,
    past: past.en,
    person: person.en,
    privacy: privacy.en,
    wecom: wecom.en,
    platforms: { official: 'Official Account', mini: 'Mini program', wecom: 'WeCom', other: 'Other app' },
    title: 'Fans', search: 'Name, note or full phone number', fan: 'Fan', stage: 'Stage', source: 'Source', orders: 'Orders', paid: 'Paid', interactions: 'Interactions', joined: 'First met', lastSeen: 'Last seen', sort: 'Order', following: 'Following', rfm: 'RFM group', everyone: 'Following or not', followed: 'Following', notFollowing: 'Not following', noSource: 'By themselves', fromCode: 'From channel code #{id}',
    stages: { all: 'All', visitor: 'Visitor', follower: 'Follower', customer: 'Customer', user: 'User', fan: 'Fan', core: 'Core fan', lost: 'Lost' },
    sorts: { newest: 'Newest', last_seen: 'Last seen', spend: 'Amount paid', orders: 'Number of orders' },
    empty: 'No fans yet', emptyHint: 'Make a channel code and let the first fan scan it.', makeCode: 'Make a channel code',
    timeline: 'Timeline', identities: 'Identities', unionid: 'unionid known', noUnionid: 'no unionid', since: 'since {time}', unfollowedAt: 'left {time}', standing: 'Why this stage', next: 'Missing for “{stage}”', top: 'The highest stage', personal: 'Personal data', phone: 'Phone', realName: 'Name', unknown: 'Not given', reveal: 'Reveal', hide: 'Hide',
    revealTitle: 'Reveal the full {field}', revealHint: 'The audit log will keep that you looked, and why. Hidden again after {seconds} seconds.', reason: 'Why', reasonPlaceholder: 'e.g. the courier could not deliver and a call is needed', reasonShort: 'At least 4 characters', remark: 'Note', remarkPlaceholder: 'Only staff see this', remarkSaved: 'Note saved', received: 'Received', refunded: 'Refunded', merged: 'Joined from {count} records', fanOrders: 'Latest orders', allOrders: 'All orders', noOrders: 'No orders yet', noLines: 'Nothing yet', saidHidden: 'Shown to those who may see auto-replies', channel: 'First source', filterKind: 'Show', kinds: { all: 'All', orders: 'Trade', chat: 'Contact', life: 'Relation' },
    facts: { following: 'Following', orders: 'Paid orders', received: 'Received orders', interactions: 'Interactions', silent_days: 'Days silent', unfollowed: 'Left the account', kept_fen: 'Money kept', friends: 'Friends brought who bought', active: 'Come back once' }, evidence: '{fact} {have} / {need}', evidenceWithin: '{fact} within {days} days {have} / {need}', toGo: '{what} more', either: 'One of these is enough', due: 'May change on {day} if nothing happens', moves: 'Stage moves', moveWhy: { event: 'behaviour', time: 'days passed', rules: 'rules version {version}', recount: 'recounted' },
    lines: { parted: 'Merge undone', contact: 'May we write', erased: 'Personal data erased', joined: 'Came for the first time', followed: 'Followed the account', unfollowed: 'Left the account', scanned: 'Scanned a code', sourced: 'First source found', message_in: 'Wrote to us', message_out: 'Got a reply', menu: 'Tapped the menu', order_placed: 'Placed an order', order_paid: 'Paid an order', order_shipped: 'Order shipped', order_received: 'Received an order', order_closed: 'Order closed', order_refunded: 'Order refunded', after_sale: 'Asked for after-sale', stage: 'Moved stage', profile: 'Profile updated', merged: 'Records joined', past_purchase: 'Earlier purchase (imported)', friend: 'A friend they brought bought', visited: 'Looked at a product', attribute: 'Answered a question', tagged: 'Got a tag', untagged: 'Lost a tag', owned: 'Handed over', level: 'Moved level', followed_up: 'Followed up' },
    stageMove: '{before} → {after}',
  },
}

export default messages
