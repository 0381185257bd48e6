import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '概况', asOf: '数据截至 {time}', todos: '现在要处理的', allDone: '都处理完了', allDoneHint: '没有等待您处理的事。',
    todo: { ship: '待发货订单', after_sale: '待处理售后', low_stock: '快卖完的商品', unanswered: '没人回答的问题', dead_jobs: '失败的任务', suspense: '挂账款项', breaks: '对账差异' },
    period: '对比周期', today: '今天', week: '近 7 天', againstYesterday: '较昨天全天 {value}', againstLastWeek: '较前 7 天 {value}', yesterdayWhole: '昨天 {value}', lastWeek: '前 7 天 {value}',
    metrics: { paid_fen: '支付金额', paid_orders: '支付订单', new_fans: '新粉丝', visitors: '访客', conversion_bp: '下单转化率', refunded_fen: '退款金额' },
    metricHints: { paid_fen: '付款成功的金额, 不扣退款', paid_orders: '付款成功的订单数', new_fans: '首次关注的粉丝', visitors: '打开商城的人数, 每人每期只算一次', conversion_bp: '付款的人 ÷ 打开商城的人', refunded_fen: '已退到买家账户的金额' },
    trend: '最近 30 天', trendMetric: '指标', day: '日期',
    loop: '闭环漏斗', loopNote: '每一步有多少粉丝走到', loopDays: '{count} 天', steps: { scan: '扫码', follow: '关注', visit: '逛店', order: '下单', paid: '付款', received: '收货' }, kept: '上一步的 {share}', cameOn: '从上一步走来', others: '其他人, 如回来的老粉', people: '{count} 人', worst: '流失最多', leak: '{step}这一步只留下 {share}', noLeak: '数据还不够, 暂时看不出哪一步流失最多。',
    advice: { scan: '', follow: '扫了码却没关注: 检查码旁边的关注理由和专属欢迎语。', visit: '关注了却没逛店: 在欢迎语和菜单里放上商城入口和一件引流品。', order: '逛了店却没下单: 看看首页商品、价格和运费门槛。', paid: '下了单却没付款: 检查支付连接, 并跟进待付款订单。', received: '付了款还没收货: 尽快发货, 跟进物流。' },
    stages: '粉丝阶段', coreShare: '铁粉占比', coreTarget: '目标 {target}', ofAll: '{core} / {fans} 人', month: '近 30 天', active: '活跃粉丝', payments: '支付笔数', monthPaid: '支付金额', monthRefunded: '退款金额',
    stage: { visitor: '访客', follower: '关注者', customer: '客户', user: '用户', fan: '粉丝', core: '铁粉', lost: '流失' }, noData: '还没有数据', makeCode: '创建第一个渠道码', noDataHint: '从一个渠道码开始: 贴出去, 第一位粉丝扫码关注后, 这里就有数字了。',
  },
  en: {
    title: 'Overview', asOf: 'As of {time}', todos: 'Needs you now', allDone: 'All done', allDoneHint: 'Nothing waits for you.',
    todo: { ship: 'Orders to ship', after_sale: 'After-sales to decide', low_stock: 'Running low', unanswered: 'Unanswered questions', dead_jobs: 'Failed jobs', suspense: 'Money in suspense', breaks: 'Differences with the bill' },
    period: 'Period', today: 'Today', week: '7 days', againstYesterday: 'against all of yesterday {value}', againstLastWeek: 'against the 7 days before {value}', yesterdayWhole: 'yesterday {value}', lastWeek: '7 days before {value}',
    metrics: { paid_fen: 'Paid', paid_orders: 'Paid orders', new_fans: 'New fans', visitors: 'Visitors', conversion_bp: 'Conversion', refunded_fen: 'Refunded' },
    metricHints: { paid_fen: 'Amount paid, refunds not taken off', paid_orders: 'Orders paid', new_fans: 'Fans who followed for the first time', visitors: 'People who opened the shop, each once a period', conversion_bp: 'Buyers ÷ visitors', refunded_fen: 'Amount that went back to buyers' },
    trend: 'Last 30 days', trendMetric: 'Figure', day: 'Day',
    loop: 'The loop', loopNote: 'How many fans came to each step', loopDays: '{count} days', steps: { scan: 'Scan', follow: 'Follow', visit: 'Visit', order: 'Order', paid: 'Pay', received: 'Receive' }, kept: '{share} of the step before', cameOn: 'From the step before', others: 'Others, such as old fans coming back', people: '{count}', worst: 'Worst leak', leak: '{step} keeps only {share}', noLeak: 'Not enough data yet to tell where it leaks.',
    advice: { scan: '', follow: 'They scan but do not follow: look at the reason given beside the code and its welcome.', visit: 'They follow but do not visit: put the shop and one traffic product into welcome and menu.', order: 'They visit but do not order: look at the front page, prices and the free-freight line.', paid: 'They order but do not pay: check the payment connection and follow up unpaid orders.', received: 'Paid but not yet received: ship soon and follow the parcels.' },
    stages: 'Stages', coreShare: 'Core fans', coreTarget: 'target {target}', ofAll: '{core} of {fans}', month: 'Last 30 days', active: 'Active fans', payments: 'Payments', monthPaid: 'Paid', monthRefunded: 'Refunded',
    stage: { visitor: 'Visitor', follower: 'Follower', customer: 'Customer', user: 'User', fan: 'Fan', core: 'Core fan', lost: 'Lost' }, noData: 'No data yet', makeCode: 'Make the first channel code', noDataHint: 'Begin with a channel code: put it up, and figures appear when the first fan follows.',
  },
}

export default messages
