import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '铁粉阶段', board: '现状', rules: '规则',
    names: { visitor: '访客', follower: '关注者', customer: '客户', user: '用户', fan: '粉丝', core: '铁粉', lost: '流失' },
    asOf: '截至 {time}', funnel: '现在各阶段的人数', coreTitle: '铁粉占比', target: '目标 {target}', ofAll: '{core} / {fans} 位关注者和买家', missing: '再有 {count} 位成为铁粉就达标', reached: '已达标', sleeping: '沉睡 (超过 {days} 天没有动静)', lost: '流失', people: '{count} 人',
    movesTitle: '每天进入各阶段的人数', day: '日期', movesEmpty: '这段时间没有人换阶段', days: '最近 {days} 天', 
    empty: '还没有粉丝', emptyHint: '有人关注或下单后, 这里会显示他们走到了哪一步。',
    asks: '「{stage}」要求', all: '全部满足', oneOf: '并且满足其中一项', addCondition: '加一个条件', addOneOf: '加一个可选条件', remove: '移除', anyTime: '累计', inDays: '天内', atLeast: '至少',
    measures: { orders: '付款订单', received: '已收货订单', kept_fen: '净消费金额', interactions: '互动次数', friends: '带来并下单的朋友' }, units: { orders: '单', received: '单', kept_fen: '元', interactions: '次', friends: '人' },
    measureHint: '退全款的订单不算。互动: 关注、扫码、发消息、点菜单。', followerHint: '关注者: 正在关注公众号。访客: 来过, 没有关注也没有买过。',
    leaving: '沉睡与流失', silent: '买过的人多少天没有动静算流失', silentHint: '取消关注后同样多天没有下单, 也算流失。', followerSilent: '没买过的关注者多少天没有动静算流失', followerSilentNone: '不算流失', sleepingDays: '多少天没有动静算沉睡', coreTarget: '铁粉占比目标', percent: '%', 
    preview: '预览影响', previewTitle: '如果发布这些规则', previewMoving: '{moving} / {fans} 人会换阶段', previewNone: '没有人会换阶段', previewStale: '规则又改了, 请重新预览', nowThen: '{before} → {after}', publish: '发布', publishAsk: '发布后立即按新规则重新判断 {fans} 位粉丝, 其中 {moving} 人换阶段。每次变化都会留下记录。', published: '规则已发布, 正在逐个重新判断', note: '这次改了什么', notePlaceholder: '如: 复购周期变短, 粉丝改为 90 天内', reset: '放弃修改',
    history: '发布记录', version: '第 {version} 版', builtIn: '系统默认规则', by: '{name} 发布', applying: '正在应用', applied: '{moved} 人换了阶段', superseded: '已被新版替代', readonly: '您可以查看规则; 修改需要「发布阶段规则」权限。',
  },
  en: {
    title: 'Stages', board: 'Now', rules: 'Rules',
    names: { visitor: 'Visitor', follower: 'Follower', customer: 'Customer', user: 'User', fan: 'Fan', core: 'Core fan', lost: 'Lost' },
    asOf: 'As of {time}', funnel: 'Who stands where now', coreTitle: 'Share of core fans', target: 'target {target}', ofAll: '{core} of {fans} followers and buyers', missing: '{count} more core fans reach the target', reached: 'Target reached', sleeping: 'Sleeping (silent for more than {days} days)', lost: 'Lost', people: '{count} people',
    movesTitle: 'Who entered each stage, by day', day: 'Day', movesEmpty: 'Nobody moved in this time', days: 'Last {days} days', 
    empty: 'No fans yet', emptyHint: 'Once somebody follows or buys, this shows how far they have come.',
    asks: '“{stage}” asks for', all: 'All of these', oneOf: 'And one of these', addCondition: 'Add a condition', addOneOf: 'Add an alternative', remove: 'Remove', anyTime: 'ever', inDays: 'days back', atLeast: 'at least',
    measures: { orders: 'Paid orders', received: 'Received orders', kept_fen: 'Money kept', interactions: 'Interactions', friends: 'Friends brought who bought' }, units: { orders: '', received: '', kept_fen: 'yuan', interactions: '', friends: '' },
    measureHint: 'Orders refunded whole do not count. Interactions: following, scanning, writing, tapping the menu.', followerHint: 'Follower: follows the account now. Visitor: was here, follows nothing and bought nothing.',
    leaving: 'Sleeping and lost', silent: 'A buyer silent for so many days is lost', silentHint: 'So is whoever left and bought nothing for as long.', followerSilent: 'A follower who never bought is lost after', followerSilentNone: 'never', sleepingDays: 'Sleeping after so many silent days', coreTarget: 'Target for core fans', percent: '%', 
    preview: 'Preview', previewTitle: 'If these rules were published', previewMoving: '{moving} of {fans} people would move', previewNone: 'Nobody would move', previewStale: 'The rules changed; preview them again', nowThen: '{before} → {after}', publish: 'Publish', publishAsk: 'All {fans} fans are judged anew at once; {moving} of them move. Every move is recorded.', published: 'Published; fans are being judged anew', note: 'What changed', notePlaceholder: 'e.g. people come back sooner, so 90 days for fans', reset: 'Discard changes',
    history: 'Published versions', version: 'Version {version}', builtIn: 'The rules you began with', by: 'by {name}', applying: 'Being applied', applied: '{moved} people moved', superseded: 'replaced by a newer one', readonly: 'You can read the rules; changing them needs the right “publish stage rules”.',
  },
}

export default messages
