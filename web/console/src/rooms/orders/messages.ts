import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '订单', search: '订单号、商品名或完整手机号', order: '订单', goods: '商品', fan: '买家', amount: '实付', status: '状态', receiver: '收货人', placed: '下单时间', inAfterSale: '售后中', onlyAfterSale: '只看有售后的', onlyFan: '只看这位粉丝', empty: '还没有订单', emptyHint: '粉丝在商城下单后会出现在这里。', pieces: '{count} 件', andMore: '等 {count} 种',
    allStatuses: '全部',
    steps: { placed: '提交订单', paid: '付款', shipped: '发货', received: '完成' }, payUntil: '请在 {time} 前付款, 逾期自动关闭并释放库存',
    closeReasons: { cancelled: '买家取消', unpaid: '超时未付款', sold_out: '付款太晚, 库存已释放, 款项自动退回' },
    ship: '发货', shipRest: '继续发货', shipTitle: '登记包裹', courier: '快递公司', courierPlaceholder: '如 顺丰速运', tracking: '快递单号', trackingBad: '4–40 位字母、数字或短横线', shipLines: '这个包裹里有', leftToShip: '还剩 {count} 件', shippedDone: '包裹已登记, 买家会收到发货通知', shipNothing: '至少要装一件', shipTo: '寄往', needed: '请填写', openAfterSale: '有售后正在处理, 被冻结的件数不能发货。',
    quantity: '数量', unit: '单价', linePay: '小计', costLine: '成本 {cost}', progress: '进度', shippedCount: '已发 {count}', cancelledCount: '取消 {count}', returnedCount: '退回 {count}', refundedAmount: '已退 {amount}', refundingAmount: '退款中 {amount}',
    why: '为什么是这个价', total: '应付', goodsTotal: '商品合计', freight: '运费', discount: '优惠', traceOf: { list_price: '商品价格', freight: '运费', freight_free: '包邮' },
    money: '金额', paid: '实付', refunded: '已退款', refunding: '退款中', payment: '支付流水', reveal: '查看完整信息', revealed: '已记入操作日志', address: '地址', phone: '电话', name: '姓名', note: '买家留言', buyer: '买家',
    parcels: '包裹', noParcels: '还没有发货', parcelReceived: '已签收', parcelShipped: '运输中', story: '订单时间线', afterSales: '售后',
    actions: { place: '提交订单', pay: '完成付款', close: '订单关闭', ship_part: '部分发货', ship_rest: '全部发货', receive: '确认收货', refund_rest: '全部退款', request: '申请售后', withdraw: '撤销售后', reject: '拒绝售后', approve: '同意售后', fail: '退款失败', retry: '重试退款', settle: '退款到账' },
    actors: { staff: '员工 #{id}', fan: '买家', system: '系统', pay: '微信支付' },
    afterTitle: '售后', afterEmpty: '没有售后申请', afterEmptyHint: '粉丝申请退款后会出现在这里, 先看后果, 再决定。', afterNo: '售后单', requestedAt: '申请时间', reason: '原因', answer: '答复',
    afterStatuses: { all: '全部', requested: '待处理', refunding: '退款中', abnormal: '退款异常', refunded: '已退款', rejected: '已拒绝', withdrawn: '已撤销' },
    reasons: { changed_mind: '不想要了', not_received: '没有收到', damaged: '商品破损', wrong_goods: '发错货', not_as_described: '与描述不符', other: '其他' },
    fanSays: '买家说明', noWords: '没有说明', preview: '同意后会发生什么', previewHint: '以下是系统按当前数据算出的结果, 确认前不会改变任何东西。', kinds: { money: '款项', freight: '运费', stock: '库存', limit: '限购', order: '订单', counters: '统计' }, wholeRefund: '整单退款', partRefund: '部分退款', restock: '退回的商品重新上架销售', restockHint: '未发货的部分总会回到库存; 这里决定已发货的部分', refundFreight: '退还运费 {amount}', answerPlaceholder: '给买家的话 (可不填)', approve: '同意并退款 {amount}', reject: '拒绝', rejectTitle: '拒绝售后', rejectHint: '买家会看到这段答复, 冻结的件数和金额会释放。', rejectNeeded: '请写明拒绝的原因', approved: '已同意, 正在原路退款', rejected: '已拒绝', confirmTitle: '确认退款 {amount}?', confirmDetail: '款项将原路退回买家的微信, 不能撤回。', retry: '重试退款', retried: '已重新提交退款', decided: '处理结果', refundTotal: '退款金额', goodsPart: '商品', freightPart: '运费', abnormalHint: '微信无法把款项退给买家 (例如账户异常)。款项仍被冻结在这张售后单上, 处理后可以重试。', settledAt: '到账时间', decidedAt: '处理时间', unshippedCount: '未发货 {count}', shippedPieces: '已发货 {count}', attempt: '第 {count} 次退款', noRight: '您没有处理售后的权限。',
  },
  en: {
    title: 'Orders', search: 'Order number, product or full phone number', order: 'Order', goods: 'Goods', fan: 'Buyer', amount: 'Paid', status: 'Status', receiver: 'Receiver', placed: 'Placed', inAfterSale: 'After-sale', onlyAfterSale: 'With after-sales only', onlyFan: 'This fan only', empty: 'No orders yet', emptyHint: 'Orders placed in the shop appear here.', pieces: '{count} pcs', andMore: 'and more, {count} kinds',
    allStatuses: 'All',
    steps: { placed: 'Placed', paid: 'Paid', shipped: 'Shipped', received: 'Done' }, payUntil: 'To be paid before {time}; then it closes and frees the stock',
    closeReasons: { cancelled: 'Cancelled by the buyer', unpaid: 'Not paid in time', sold_out: 'Paid too late, the stock was gone; the money goes back' },
    ship: 'Ship', shipRest: 'Ship the rest', shipTitle: 'Record a parcel', courier: 'Courier', courierPlaceholder: 'e.g. SF Express', tracking: 'Tracking number', trackingBad: '4–40 letters, digits or dashes', shipLines: 'In this parcel', leftToShip: '{count} left', shippedDone: 'Parcel recorded; the buyer is told', shipNothing: 'Put at least one piece in', shipTo: 'To', needed: 'Please fill in', openAfterSale: 'An after-sale is open; its pieces cannot be shipped.',
    quantity: 'Qty', unit: 'Unit', linePay: 'Total', costLine: 'cost {cost}', progress: 'Progress', shippedCount: 'shipped {count}', cancelledCount: 'cancelled {count}', returnedCount: 'returned {count}', refundedAmount: 'refunded {amount}', refundingAmount: 'refunding {amount}',
    why: 'Why this price', total: 'To pay', goodsTotal: 'Goods', freight: 'Freight', discount: 'Discount', traceOf: { list_price: 'Price', freight: 'Freight', freight_free: 'Free freight' },
    money: 'Money', paid: 'Paid', refunded: 'Refunded', refunding: 'Refunding', payment: 'Payment', reveal: 'Show in full', revealed: 'Noted in the audit log', address: 'Address', phone: 'Phone', name: 'Name', note: 'Buyer’s note', buyer: 'Buyer',
    parcels: 'Parcels', noParcels: 'Nothing shipped yet', parcelReceived: 'Received', parcelShipped: 'On the way', story: 'Timeline', afterSales: 'After-sales',
    actions: { place: 'Order placed', pay: 'Paid', close: 'Closed', ship_part: 'Part shipped', ship_rest: 'All shipped', receive: 'Received', refund_rest: 'All refunded', request: 'After-sale requested', withdraw: 'After-sale withdrawn', reject: 'After-sale rejected', approve: 'After-sale approved', fail: 'Refund failed', retry: 'Refund retried', settle: 'Refund arrived' },
    actors: { staff: 'Staff #{id}', fan: 'Buyer', system: 'System', pay: 'WeChat Pay' },
    afterTitle: 'After-sales', afterEmpty: 'No requests', afterEmptyHint: 'Requests for money back appear here: see what follows, then decide.', afterNo: 'After-sale', requestedAt: 'Requested', reason: 'Reason', answer: 'Answer',
    afterStatuses: { all: 'All', requested: 'Waiting', refunding: 'Refunding', abnormal: 'Refund stuck', refunded: 'Refunded', rejected: 'Rejected', withdrawn: 'Withdrawn' },
    reasons: { changed_mind: 'Changed mind', not_received: 'Not received', damaged: 'Damaged', wrong_goods: 'Wrong goods', not_as_described: 'Not as described', other: 'Other' },
    fanSays: 'The buyer says', noWords: 'Nothing said', preview: 'What approving will do', previewHint: 'Worked out from the data as it is now; nothing changes before you confirm.', kinds: { money: 'Money', freight: 'Freight', stock: 'Stock', limit: 'Limit', order: 'Order', counters: 'Counters' }, wholeRefund: 'Whole order', partRefund: 'Part', restock: 'Put returned goods back on sale', restockHint: 'Unshipped pieces always go back to stock; this is about shipped ones', refundFreight: 'Refund the freight {amount}', answerPlaceholder: 'A word to the buyer (optional)', approve: 'Approve and refund {amount}', reject: 'Reject', rejectTitle: 'Reject the after-sale', rejectHint: 'The buyer sees this answer; the held pieces and money are freed.', rejectNeeded: 'Say why it is rejected', approved: 'Approved; the money is on its way back', rejected: 'Rejected', confirmTitle: 'Refund {amount}?', confirmDetail: 'The money goes back to the buyer’s WeChat and cannot be recalled.', retry: 'Retry the refund', retried: 'Refund sent again', decided: 'Outcome', refundTotal: 'Refund', goodsPart: 'Goods', freightPart: 'Freight', abnormalHint: 'WeChat could not pay the money out (the account may be closed). It stays held on this after-sale; retry when that is solved.', settledAt: 'Arrived', decidedAt: 'Decided', unshippedCount: 'unshipped {count}', shippedPieces: 'shipped {count}', attempt: 'try {count}', noRight: 'You may not decide after-sales.',
  },
}

export default messages
