import type { Schema } from '../../app/api'

export type CouponKind = Schema<'CouponKind'>
export type CouponForm = Required<Schema<'CouponIn'>> & { terms: Required<Schema<'CouponTermsIO'>> & { scope: Required<Schema<'ScopeIO'>> } }

export const COUPON_KINDS: readonly CouponKind[] = ['amount', 'percent', 'freight', 'exchange']

/** A form as it looks when a kind of coupon has just been chosen: good for thirty days, one a fan. */
export function blankCoupon(kind: CouponKind): CouponForm {
  return {
    kind, name: '', days: 30, starts_at: null, ends_at: null, claimable: true, claim_from: null, claim_until: null, stock: 0, per_fan: 1, budget_fen: 0,
    terms: {
      off_fen: kind === 'amount' ? 1000 : 0, off_bp: kind === 'percent' ? 1000 : 0, cap_fen: 0, from_fen: kind === 'amount' ? 9900 : 0, sku_id: 0, pieces: 1, group_id: 0,
      scope: { all: true, category_ids: [], product_ids: [], sku_ids: [], without_category_ids: [], without_product_ids: [], without_sku_ids: [] },
    },
  }
}

/** What of a form the server takes: the window or the days, never both. */
export function couponBody(form: CouponForm, byDays: boolean): CouponForm {
  const window = byDays ? { days: form.days || 1, starts_at: null, ends_at: null } : { days: 0 }
  return { ...form, ...window, name: form.name.trim() }
}

export const zh = {
  title: '优惠券', note: '发券、用券、退券都有账: 发出 = 未用 + 已用 + 过期 + 收回。', add: '新建优惠券', search: '券名', name: '券名', kind: '类型', state: '状态', all: '全部', valid: '有效期', issued: '已发', used: '已用', spent: '已抵', empty: '还没有优惠券', emptyHint: '新建一张, 看护栏怎么说, 再开放领取或发给粉丝。',
  kinds: { amount: '满减券', percent: '折扣券', freight: '运费券', exchange: '兑换券' }, kindHints: { amount: '满一定金额减一笔钱, 门槛可以为 0', percent: '打折, 可以封顶', freight: '免运费', exchange: '指定商品免费换几件' },
  states: { draft: '草稿', open: '发放中', ended: '已结束' }, days: '领取后 {n} 天', until: '至 {at}', noLimit: '不限',
  newTitle: '新建优惠券', editTitle: '编辑优惠券', basics: '名称', nameHint: '粉丝会看到', terms: '优惠内容', offFen: '减多少', from: '门槛金额', fromHint: '0 = 无门槛', keep: '打几折', cap: '最多减', capHint: '0 = 不封顶', sku: '兑换的商品', pieces: '件数', group: '叠加位置', groupLast: '排在所有活动之后', groupHint: '决定和活动怎样一起算; 每张订单最多用一张券', goods: '适用商品',
  validity: '有效期与发放', byDays: '领取后若干天', byWindow: '固定时间', daysLabel: '天数', start: '开始', end: '结束', claimable: '在商城领券中心展示, 粉丝可以自己领', claimFrom: '可领开始', claimUntil: '可领结束', stock: '发放总数', perFan: '每人限领', budget: '预算', budgetHint: '已用的券抵满这个金额后不再发新券; 0 = 不限。已经在粉丝手里的照常能用。', zero: '0 = 不限', needed: '请填写名称', saved: '已保存', fixed: '已经发放, 优惠内容和有效期不能再改; 数量、限领、预算和领取时间可以。', sentence: '粉丝看到', checking: '正在检查…', guard: '毛利护栏',
  edit: '编辑', open: '开始发放', openAsk: '开始后优惠内容不能再改, 只能结束。', opened: '已开始发放', end_: '结束发放', endAsk: '结束后不再发新券, 已在粉丝手里的照常能用。', ended: '已结束', copy: '复制', copied: '已复制为草稿', because: '为什么可以亏本发放', becauseNeeded: '请写明理由', approve: '批准并发放', notApprover: '您没有批准亏本活动的权限, 请联系有权限的同事。',
  held: '未使用', expired: '已过期', takenBack: '已收回', fans: '持有过的粉丝', cost: '已抵金额', promised: '未用的最多还抵', promisedNone: '无上限', left: '剩余', results: '按天', day: '日期', ways: '怎么来的', way: { claim: '自己领', code: '兑换码', staff: '员工发', reward: '活动奖励' }, noResults: '还没有发出过',
  give: '发给粉丝', giveTo: '发给', toTag: '有某个标签的粉丝', toSegment: '某个人群', toFans: '指定粉丝', fanIds: '粉丝编号', fanIdsHint: '用逗号或空格分开', skip: '已有未用同款的不再发', reason: '原因', reasonHint: '粉丝看不到, 记在操作日志里', giveDo: '发放', giveAsk: '每人一张, 立即开始; 发出后可以逐张收回。', gifts: '最近的发放', giftStates: { running: '发放中', done: '已完成', stopped: '已停止', failed: '中断' }, giftDone: '{given} 张 / {total} 人', stop: '停止', givenOk: '已开始发放', chooseFirst: '请选择发给谁, 并写明原因',
  codes: '兑换码', codesHint: '粉丝在“我的优惠券”里输入兑换码领取。', codeCount: '个数', codeMost: '每个可用次数', codeWord: '口令', codeWordHint: '留空则随机; 大写字母和数字, 4 到 20 位', makeCodes: '生成', codesMade: '已生成 {n} 个', code: '兑换码', redeemed: '已兑 / 可兑', noCodes: '还没有兑换码', copyAll: '复制刚生成的', 
  holders: '谁有这张券', fan: '粉丝', how: '来源', received: '领取时间', order: '订单', noHolders: '还没有人有', takeBack: '收回', takeBackAsk: '收回后粉丝不能再用。原因:', tookBack: '已收回', returned: '由订单 {no} 退回', saved_: '抵 {amount}', status: { held: '未使用', used: '已使用', expired: '已过期', taken_back: '已收回' },
}

export const en: typeof zh = {
  title: 'Coupons', note: 'Every coupon is accounted for: issued = unused + used + expired + taken back.', add: 'New coupon', search: 'Name', name: 'Coupon', kind: 'Kind', state: 'State', all: 'All', valid: 'Valid', issued: 'Issued', used: 'Used', spent: 'Saved fans', empty: 'No coupons yet', emptyHint: 'Write one, see what the margin guard says, then let fans take it or give it to them.',
  kinds: { amount: 'Amount off', percent: 'Percent off', freight: 'Freight', exchange: 'Exchange' }, kindHints: { amount: 'Money off from an amount, which may be 0', percent: 'A percent off, with a cap if you like', freight: 'No freight', exchange: 'Pieces of one item for nothing' },
  states: { draft: 'Draft', open: 'Open', ended: 'Ended' }, days: '{n} days from receipt', until: 'until {at}', noLimit: 'no limit',
  newTitle: 'New coupon', editTitle: 'Edit coupon', basics: 'Name', nameHint: 'Fans see it', terms: 'What it gives', offFen: 'Off', from: 'From amount', fromHint: '0 = any', keep: 'Pay in tenths', cap: 'At most', capHint: '0 = no cap', sku: 'Item', pieces: 'Pieces', group: 'Place among offers', groupLast: 'after all promotions', groupHint: 'Decides how it goes with promotions; an order takes one coupon at most', goods: 'Goods',
  validity: 'Validity and issue', byDays: 'Days from receipt', byWindow: 'Fixed dates', daysLabel: 'Days', start: 'Start', end: 'End', claimable: 'Shown in the shop; fans take it themselves', claimFrom: 'Taken from', claimUntil: 'Taken until', stock: 'How many in all', perFan: 'Per fan', budget: 'Budget', budgetHint: 'None are issued once those used have cost this much; 0 = no limit. Those in hands stay good.', zero: '0 = no limit', needed: 'Enter a name', saved: 'Saved', fixed: 'Fans hold it: terms and validity stay. Number, limit, budget and when it may be taken can change.', sentence: 'Fans read', checking: 'Checking…', guard: 'Margin guard',
  edit: 'Edit', open: 'Open', openAsk: 'Its terms cannot change any more; it can only be ended.', opened: 'Open now', end_: 'End', endAsk: 'No more are issued. Those in hands stay good.', ended: 'Ended', copy: 'Copy', copied: 'Copied as a draft', because: 'Why it may lose money', becauseNeeded: 'Give the reason', approve: 'Approve and open', notApprover: 'You may not approve what loses money; ask somebody who may.',
  held: 'Unused', expired: 'Expired', takenBack: 'Taken back', fans: 'Fans', cost: 'Saved fans', promised: 'Unused may still save', promisedNone: 'no bound', left: 'Left', results: 'By day', day: 'Day', ways: 'How they came', way: { claim: 'taken', code: 'by code', staff: 'given', reward: 'reward' }, noResults: 'None issued yet',
  give: 'Give to fans', giveTo: 'To', toTag: 'fans with a tag', toSegment: 'a segment', toFans: 'certain fans', fanIds: 'Fan numbers', fanIdsHint: 'separated by commas or spaces', skip: 'Leave out who holds an unused one', reason: 'Reason', reasonHint: 'Fans do not see it; kept in the audit log', giveDo: 'Give', giveAsk: 'One each, starting now. Each can be taken back.', gifts: 'Latest gifts', giftStates: { running: 'Running', done: 'Done', stopped: 'Stopped', failed: 'Broken off' }, giftDone: '{given} given / {total} fans', stop: 'Stop', givenOk: 'Started', chooseFirst: 'Choose to whom, and give a reason',
  codes: 'Codes', codesHint: 'Fans type a code under “My coupons”.', codeCount: 'How many', codeMost: 'Uses of each', codeWord: 'Word', codeWordHint: 'Empty: random. Capitals and digits, 4 to 20', makeCodes: 'Make', codesMade: '{n} made', code: 'Code', redeemed: 'Redeemed / of', noCodes: 'No codes yet', copyAll: 'Copy the new ones',
  holders: 'Who has it', fan: 'Fan', how: 'How', received: 'Received', order: 'Order', noHolders: 'Nobody yet', takeBack: 'Take back', takeBackAsk: 'The fan cannot use it any more. Reason:', tookBack: 'Taken back', returned: 'given back by order {no}', saved_: 'saves {amount}', status: { held: 'Unused', used: 'Used', expired: 'Expired', taken_back: 'Taken back' },
}
