import type { RoomMessages } from '../../app/i18n'

/** Texts of a fan's points. */
const points: RoomMessages = {
  zh: {
    title: '积分', available: '可用', worth: '折合 {amount}', frozen: '待生效 {n}', debt: '欠积分 {n}, 以后得到的先抵欠', ending: '{n} 将在 {at} 起到期', moves: '积分流水', none: '还没有积分流水。', more: '只列最近 20 条',
    hand: '发放或扣除', handTitle: '手工发放或扣除积分', handHint: '原因记入操作日志, 粉丝看不到。', give: '发放', take: '扣除', points: '积分', reason: '原因', saved: '积分已更新',
    kinds: { earned: '订单所得', freed: '生效', spent: '下单抵扣', returned: '退回', taken_back: '退款扣回', expired: '过期', given: '手工发放', taken: '手工扣除', joined: '档案合并' },
  },
  en: {
    title: 'Points', available: 'available', worth: 'worth {amount}', frozen: '{n} waiting', debt: '{n} owed: later points pay these first', ending: '{n} end from {at} on', moves: 'Movements', none: 'None yet.', more: 'The latest 20 only',
    hand: 'Give or take', handTitle: 'Give or take points by hand', handHint: 'The reason is audited; the fan does not see it.', give: 'Give', take: 'Take', points: 'Points', reason: 'Why', saved: 'Points changed',
    kinds: { earned: 'Earned by an order', freed: 'Free now', spent: 'Spent on an order', returned: 'Returned', taken_back: 'Taken back with a refund', expired: 'Ended', given: 'Given by hand', taken: 'Taken by hand', joined: 'Records joined' },
  },
}

export default points
