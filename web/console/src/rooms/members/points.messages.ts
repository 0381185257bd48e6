import type { RoomMessages } from '../../app/i18n'

/** Texts of points. */
const points: RoomMessages = {
  zh: {
    title: '积分', note: '付款得积分, 过了售后期可用; 下单时抵一部分货款, 退款时按件退回。', readonly: '您可以查看, 修改需要「管理会员」权限。',
    available: '可用', frozen: '待生效', debt: '欠积分', fans: '持有人数', worth: '全部折合', ending: '{days} 天内到期',
    rules: '积分规则', earning: '付款得积分', per: '每付 100 元得', hold: '收货后多少天生效', holdHint: '应不短于售后期, 退款时先扣待生效的积分', live: '生效后多少天有效', liveHint: '0 = 永久有效', warn: '提前多少天提醒到期', spending: '下单可用积分抵扣', hundred: '100 积分抵', cap: '最多抵商品金额的', from: '商品满多少可用', fromHint: '0 = 不限; 不抵运费, 至少留 1 分付款', without: '不得也不抵积分的商品', unit: '积分', days: '天', yuan: '元', save: '保存规则', saved: '积分规则已保存', kept: '已经得到的积分不变。「毛利护栏」会算上积分最多抵掉的部分。',
    log: '积分流水', fan: '粉丝', kind: '事由', kindAll: '全部事由', change: '变动', rest: '余额', about: '说明', at: '时间', empty: '还没有积分流水', emptyHint: '打开「付款得积分」后, 新付款的订单开始得积分。', months: '按月', month: '月份', given: '发放', spent: '使用', taken: '扣回', expired: '过期',
    kinds: { earned: '订单所得', freed: '生效', spent: '下单抵扣', returned: '退回', taken_back: '退款扣回', expired: '过期', given: '手工发放', taken: '手工扣除', joined: '档案合并' }, frozenBy: '待生效 {n}', debtBy: '欠 {n}',
  },
  en: {
    title: 'Points', note: 'Earned by paying, free after the after-sale window; they pay a part of an order and come back with its refund.', readonly: 'You may look; changing needs the right “Manage members”.',
    available: 'Available', frozen: 'Waiting', debt: 'Owed by fans', fans: 'Fans with points', worth: 'Worth of all', ending: 'End in {days} days',
    rules: 'Rules', earning: 'Orders earn points', per: 'For each ¥100 paid', hold: 'Free so many days after receipt', holdHint: 'No shorter than the after-sale window: refunds take waiting points first', live: 'Good for so many days', liveHint: '0 = for ever', warn: 'Warn so many days before they end', spending: 'Points may pay at checkout', hundred: '100 points pay', cap: 'At most this share of the goods', from: 'Goods from', fromHint: '0 = any; never freight, and at least ¥0.01 is left to pay', without: 'Goods that neither earn nor take points', unit: 'points', days: 'days', yuan: 'yuan', save: 'Save rules', saved: 'Rules of points saved', kept: 'Points earned before stay. The margin guard counts the most that points may pay.',
    log: 'Movements', fan: 'Fan', kind: 'Why', kindAll: 'All reasons', change: 'Change', rest: 'Left', about: 'About', at: 'When', empty: 'No movements yet', emptyHint: 'Once orders earn points, those paid from then on do.', months: 'By month', month: 'Month', given: 'Given', spent: 'Spent', taken: 'Taken back', expired: 'Ended',
    kinds: { earned: 'Earned by an order', freed: 'Free now', spent: 'Spent on an order', returned: 'Returned', taken_back: 'Taken back with a refund', expired: 'Ended', given: 'Given by hand', taken: 'Taken by hand', joined: 'Records joined' }, frozenBy: 'waiting {n}', debtBy: 'owed {n}',
  },
}

export default points
