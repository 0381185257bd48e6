import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '资金', payments: '收款', refunds: '退款', suspense: '挂账', ledger: '账本', transfers: '分录', order: '订单', amount: '金额', state: '状态', paidAt: '付款时间', transaction: '微信支付单号', source: '依据', refunded: '已退 {amount}', refunding: '退款中 {amount}', searchOrder: '输入完整订单号',
    paymentStates: { all: '全部', open: '待付款', closing: '关闭中', paid: '已收款', closed: '已关闭' }, sources: { notice: '支付通知', query: '主动查询', answer: '接口应答', bill: '对账单' },
    refundStates: { all: '全部', reserved: '待提交', unknown: '待确认', processing: '处理中', success: '已到账', closed: '已关闭', abnormal: '异常' }, refundNo: '退款单号', reason: '原因', requestedAt: '发起时间', settledAt: '到账时间', ofPaid: '原付款 {amount}', fromSuspense: '挂账退回', error: '微信返回',
    suspenseNote: '对不上订单的钱都先记在这里, 到期自动原路退回; 您也可以立即处理。', undecided: '未处理', undecidedAmount: '未处理金额', oldest: '最早一笔', why: '为什么挂账', arrived: '到账时间', refundAt: '自动退回时间', owner: '负责人', rule: '系统规则', noDeadline: '不自动退回',
    suspenseStates: { all: '全部', open: '待处理', refunding: '退回中', refunded: '已退回', kept: '已入账' },
    reasons: { late: '订单关闭后才付款', double: '重复付款', orphan: '找不到订单', wrong_merchant: '商户号不符', wrong_app: '应用不符', wrong_currency: '币种不符', wrong_amount: '金额不符', wrong_payer: '付款人不符' },
    decide: '处理', decisions: { take: '由我处理', refund: '立即退回', keep: '转为收入' }, decisionHints: { take: '停止自动退回, 由您跟进', refund: '现在就原路退回付款人', keep: '记为其他收入, 不退回' }, decisionTitle: '处理挂账 {amount}', decisionReason: '处理原因', reasonNeeded: '至少 2 个字, 会记入操作日志', decided: '已处理',
    paymentsEmpty: '还没有收款', paymentsEmptyHint: '粉丝付款后会出现在这里。', refundsEmpty: '还没有退款', suspenseEmpty: '没有挂账款项', suspenseEmptyHint: '每一分钱都对得上订单。', accountsEmpty: '还没有账户', transfersEmpty: '还没有分录',
    account: '账户', balance: '余额', debited: '借方累计', credited: '贷方累计', kind: '类别', kinds: { asset: '资产', liability: '负债', income: '收入', expense: '费用' }, touches: '分录数', guarded: '不可为负', ledgerNote: '复式记账, 只增不改; 更正用新的分录。', prefix: '账户名前缀, 如 wechat', when: '时间', debit: '借', credit: '贷', code: '事由', reference: '单据', reverses: '冲正 #{id}', onlyAccount: '账户 {name}', points: '{count} 分', searchReference: '单据, 如订单号',
  },
  en: {
    title: 'Money', payments: 'Payments', refunds: 'Refunds', suspense: 'Suspense', ledger: 'Ledger', transfers: 'Transfers', order: 'Order', amount: 'Amount', state: 'State', paidAt: 'Paid', transaction: 'WeChat transaction', source: 'Evidence', refunded: 'refunded {amount}', refunding: 'refunding {amount}', searchOrder: 'A whole order number',
    paymentStates: { all: 'All', open: 'Open', closing: 'Closing', paid: 'Paid', closed: 'Closed' }, sources: { notice: 'Notice', query: 'Query', answer: 'Answer', bill: 'Bill' },
    refundStates: { all: 'All', reserved: 'To send', unknown: 'Unsure', processing: 'Processing', success: 'Arrived', closed: 'Closed', abnormal: 'Stuck' }, refundNo: 'Refund number', reason: 'Reason', requestedAt: 'Asked', settledAt: 'Arrived', ofPaid: 'of {amount} paid', fromSuspense: 'from suspense', error: 'WeChat says',
    suspenseNote: 'Money that fits no order is kept here and goes back by itself when its time comes; you may decide earlier.', undecided: 'Undecided', undecidedAmount: 'Undecided amount', oldest: 'Oldest', why: 'Why it is here', arrived: 'Arrived', refundAt: 'Goes back', owner: 'In charge', rule: 'The rule', noDeadline: 'Not by itself',
    suspenseStates: { all: 'All', open: 'Open', refunding: 'Going back', refunded: 'Went back', kept: 'Kept' },
    reasons: { late: 'Paid after the order closed', double: 'Paid twice', orphan: 'No such order', wrong_merchant: 'Other merchant number', wrong_app: 'Other app', wrong_currency: 'Other currency', wrong_amount: 'Other amount', wrong_payer: 'Other payer' },
    decide: 'Decide', decisions: { take: 'I take care', refund: 'Send back now', keep: 'Keep as income' }, decisionHints: { take: 'Stops the clock; you follow it up', refund: 'Goes back to the payer now', keep: 'Booked as other income, not sent back' }, decisionTitle: 'Decide on {amount}', decisionReason: 'Why', reasonNeeded: 'At least 2 characters; kept in the audit log', decided: 'Decided',
    paymentsEmpty: 'No payments yet', paymentsEmptyHint: 'Payments by fans appear here.', refundsEmpty: 'No refunds yet', suspenseEmpty: 'Nothing in suspense', suspenseEmptyHint: 'Every cent fits an order.', accountsEmpty: 'No accounts yet', transfersEmpty: 'No transfers yet',
    account: 'Account', balance: 'Balance', debited: 'Debited', credited: 'Credited', kind: 'Kind', kinds: { asset: 'Asset', liability: 'Liability', income: 'Income', expense: 'Expense' }, touches: 'Transfers', guarded: 'Never below zero', ledgerNote: 'Double entry that only grows; corrections are new transfers.', prefix: 'Beginning of the name, e.g. wechat', when: 'When', debit: 'Debit', credit: 'Credit', code: 'What for', reference: 'Document', reverses: 'reverses #{id}', onlyAccount: 'Account {name}', points: '{count} points', searchReference: 'Document, e.g. an order number',
  },
}

export default messages
