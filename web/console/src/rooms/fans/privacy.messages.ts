import type { RoomMessages } from '../../app/i18n'

/** Texts of a person's rights over their data. */
const privacy: RoomMessages = {
  zh: {
    title: '个人信息权利', none: '没有导出或清除申请。', export: '导出副本', erase: '清除个人信息', withdraw: '撤回', fetch: '下载', self: '粉丝本人',
    kinds: { export: '导出副本', erase: '清除' }, states: { waiting: '等待中', running: '清除中', done: '已完成', withdrawn: '已撤回' },
    cooling: '{time} 开始, 之前可以撤回', until: '{time} 前可下载', held: '等待: {what}', contact: '接收主动消息', contactHint: '关闭后不再主动发消息给这位粉丝; 回复和订单通知照常。', erased: '个人信息已于 {time} 清除',
    exportTitle: '导出这位粉丝的个人信息', exportHint: '后台生成一个 ZIP (JSON、CSV 和网页), 24 小时内可下载。申请和每次下载都记入操作日志。',
    eraseTitle: '清除这位粉丝的个人信息', eraseHint: '7 天内可以撤回。到期后清除所有房间里的个人信息, 解除身份绑定; 订单金额和账本以匿名编号保留。不可恢复。',
    gone: '删除', kept: '匿名保留', rows: '{count} 条', holds: '这些完成后才会开始', reason: '原因', reasonPlaceholder: '如: 顾客 4 月 2 日来电要求', asked: '已提交', withdrawn: '已撤回', saved: '已保存',
  },
  en: {
    title: 'Rights over personal data', none: 'No exports or erasures were asked for.', export: 'Export a copy', erase: 'Erase personal data', withdraw: 'Take back', fetch: 'Download', self: 'the fan',
    kinds: { export: 'Copy', erase: 'Erasure' }, states: { waiting: 'Waiting', running: 'Erasing', done: 'Done', withdrawn: 'Taken back' },
    cooling: 'begins {time}; can be taken back until then', until: 'can be fetched until {time}', held: 'Waits for: {what}', contact: 'May be written to', contactHint: 'Off: nothing is sent to them of our own accord. Answers and news of orders are.', erased: 'Personal data erased {time}',
    exportTitle: 'Export what is known of this fan', exportHint: 'A ZIP (JSON, CSV and a page) is made in the background and can be fetched for 24 hours. The request and each download go into the audit log.',
    eraseTitle: 'Erase the personal data of this fan', eraseHint: 'It can be taken back for 7 days. Then personal data is removed in all rooms and identities are unbound; order amounts and the ledger stay under a number. There is no way back.',
    gone: 'deleted', kept: 'kept without a name', rows: '{count} rows', holds: 'Begins when these are finished', reason: 'Why', reasonPlaceholder: 'e.g. the customer called on 2 April', asked: 'Asked for', withdrawn: 'Taken back', saved: 'Saved',
  },
}

export default privacy
