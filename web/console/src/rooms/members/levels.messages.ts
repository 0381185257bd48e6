import type { RoomMessages } from '../../app/i18n'

/** Texts of member levels. */
const levels: RoomMessages = {
  zh: {
    title: '会员等级', note: '买得越多等级越高: 每元 1 点成长值, 退款会减回。', readonly: '您可以查看, 修改需要「管理会员」权限。', ladder: '等级', add: '加一级', remove: '删除', name: '名称', threshold: '所需成长值', off: '会员价折扣', offUnit: '% 优惠', offNone: '0 = 没有会员价', rights: '权益', rightsHint: '每行一条, 粉丝在商城里能看到', colour: '颜色', gift: '升级礼', noGift: '没有', giftHint: '每人每级只发一次, 选一种已开放的优惠券', fans: '{count} 位粉丝', base: '每位粉丝从这里开始', seeFans: '查看这些粉丝',
    rules: '成长值与保级', counts: '从什么时候起算', countsOf: { received: '收货后', paid: '付款后' }, window: '只算最近多少天', keep: '达到后保持多少天再复核', grace: '复核不足时的宽限天数', downgrade: '宽限后仍不足', downgradeOf: { step: '降一级', balance: '降到成长值对应的等级' }, refund: '退款使成长值不足时, 马上降级', days: '天',
    without: '没有会员价的商品', withoutCategories: '不参加的分类 (含下级)', withoutProducts: '不参加的商品', withoutHint: '会员价和活动怎样取舍, 在「营销活动 → 叠加规则」里设置; 「毛利护栏」会算上最高一级的会员价。',
    preview: '看看谁会变动', previewTitle: '保存后', up: '马上升级', down: '等级被删除而降级', short: '达不到现在的等级, 下次复核后可能降级', after: '保存后各级粉丝', save: '保存', ask: '马上升级 {up} 位, 马上降级 {down} 位, 另有 {short} 位在复核时可能降级。等级在几分钟内更新完。', saved: '会员等级已保存, 正在更新粉丝的等级', newName: '新等级', loss: '商品可能低于成本卖出', lossWhy: '写明原因, 会记入操作日志', stale: '有修改, 请重新预览', teach: '先加一级, 例如「银卡, 500 成长值, 2% 优惠」。不设等级时, 商城里看不到会员等级。',
  },
  en: {
    title: 'Member levels', note: 'Who buys more stands higher: a point of growth a yuan, less refunds.', readonly: 'You may look; changing needs the right “Manage members”.', ladder: 'Levels', add: 'Add a level', remove: 'Remove', name: 'Name', threshold: 'Growth needed', off: 'Level price', offUnit: '% off', offNone: '0 = no level price', rights: 'Rights', rightsHint: 'One a line; fans see them in the shop', colour: 'Colour', gift: 'Gift', noGift: 'None', giftHint: 'Once ever for a fan and level: an open kind of coupon', fans: '{count} fans', base: 'Where every fan begins', seeFans: 'See these fans',
    rules: 'Growth, and keeping a level', counts: 'An order counts once', countsOf: { received: 'it has arrived', paid: 'it is paid' }, window: 'Only the last so many days count', keep: 'A level is kept for so many days, then reviewed', grace: 'Days of grace after a review that falls short', downgrade: 'Still short after the grace', downgradeOf: { step: 'one level down', balance: 'down to what the growth is enough for' }, refund: 'A refund takes back at once the level it had earned', days: 'days',
    without: 'Goods without a level price', withoutCategories: 'Categories left out (with those below)', withoutProducts: 'Products left out', withoutHint: 'How level prices go with promotions is set under Promotions → Stacking; the margin guard counts the highest level’s price.',
    preview: 'See who would move', previewTitle: 'Once saved', up: 'rise at once', down: 'fall because their level goes', short: 'have less than their level needs and may fall at a review', after: 'Fans by level then', save: 'Save', ask: '{up} rise at once, {down} fall at once, {short} more may fall at a review. Levels are up to date within minutes.', saved: 'Levels saved; fans are being put on them', newName: 'New level', loss: 'Goods may be sold below cost', lossWhy: 'Say why; it stands in the audit log', stale: 'Changed since; look again', teach: 'Add a level, such as “Silver, 500 growth, 2% off”. Without levels the shop shows none.',
  },
}

export default levels
