import type { RoomMessages } from '../../app/i18n'

/** Texts of a fan's member level. */
const level: RoomMessages = {
  zh: {
    title: '会员等级', growth: '成长值', toNext: '离“{name}”还差 {points}', top: '已是最高等级', short: '比保级少 {points}', falls: '不再购买的话, {at} 降级', review: '{at} 复核', locked: '手动锁定到 {at}', lock: '手动定级', lockTitle: '手动定级并锁定', lockHint: '锁定期间不随成长值变化, 到期后按规则复核; 原因记入操作日志。', until: '锁定到', reason: '原因', unlock: '解除锁定', unlockTitle: '解除锁定', unlockHint: '等级马上按成长值重新计算。', saved: '等级已更新',
    why: '成长值从哪里来', orders: '最近 {days} 天{counts}的订单, 减去退款; 每元 1 点。', counts: { paid: '付款', received: '收货' }, leaves: '{at} 移出', back: '退 {amount}', noOrders: '这段时间没有计入的订单。', moves: '等级变化', noMoves: '还没有变化, 在起始等级。',
    causes: { earned: '成长值达到', review: '复核未达到', refund: '退款后不足', locked: '手动锁定', unlocked: '解除锁定', rules: '等级规则修改', merged: '记录合并或拆分' },
  },
  en: {
    title: 'Member level', growth: 'Growth', toNext: '{points} to {name}', top: 'The highest level', short: '{points} short of keeping it', falls: 'Falls on {at} unless more is bought', review: 'Reviewed on {at}', locked: 'Locked by hand until {at}', lock: 'Set by hand', lockTitle: 'Set the level by hand', lockHint: 'Growth changes nothing while it is locked; afterwards it is reviewed by the rules. The reason is audited.', until: 'Locked until', reason: 'Why', unlock: 'Unlock', unlockTitle: 'Unlock', unlockHint: 'The level is worked out from growth at once.', saved: 'Level changed',
    why: 'Where growth comes from', orders: 'Orders {counts} in the last {days} days, less refunds; a point a yuan.', counts: { paid: 'paid', received: 'received' }, leaves: 'counts until {at}', back: '{amount} back', noOrders: 'No order counts in that time.', moves: 'Moves', noMoves: 'None yet; on the first level.',
    causes: { earned: 'growth reached', review: 'short at review', refund: 'short after a refund', locked: 'set by hand', unlocked: 'unlocked', rules: 'levels changed', merged: 'records joined or parted' },
  },
}

export default level
