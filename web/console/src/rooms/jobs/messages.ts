import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '后台任务', note: '支付通知、发消息、关闭订单等都在后台执行。失败会自动重试, 试尽后停在这里等人处理。', name: '任务', lane: '通道', state: '状态', attempts: '尝试', runAt: '执行时间', created: '创建时间', error: '最后的错误', retry: '重试', retried: '已重新排队', details: '详情', args: '参数', attempt: '{done} / {max}',
    states: { dead: '失败待处理', running: '执行中', ready: '排队中' }, lanes: { callback: '回调', pay: '支付', send: '发送', default: '普通', bulk: '批量' }, oldest: '最久等待', seconds: '{count} 秒', empty: { dead: '没有失败的任务', running: '现在没有任务在执行', ready: '没有排队的任务' }, emptyHint: '一切正常。',
  },
  en: {
    title: 'Background jobs', note: 'Payment notices, messages and closing of orders run in the background. Failures are tried again by themselves; what failed for good waits here.', name: 'Job', lane: 'Lane', state: 'State', attempts: 'Tries', runAt: 'Runs', created: 'Created', error: 'Last error', retry: 'Retry', retried: 'Queued again', details: 'Details', args: 'Arguments', attempt: '{done} of {max}',
    states: { dead: 'Failed', running: 'Running', ready: 'Waiting' }, lanes: { callback: 'Callbacks', pay: 'Pay', send: 'Send', default: 'Normal', bulk: 'Bulk' }, oldest: 'Longest wait', seconds: '{count} s', empty: { dead: 'No failed jobs', running: 'Nothing runs now', ready: 'Nothing waits' }, emptyHint: 'All is well.',
  },
}

export default messages
