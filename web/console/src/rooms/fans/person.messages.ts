import type { RoomMessages } from '../../app/i18n'

/** Texts of joining two fans into one person and of undoing it. */
const person: RoomMessages = {
  zh: {
    title: '合并记录', none: '没有合并过。', merge: '合并粉丝', undo: '撤销合并', undone: '已撤销', bySystem: '微信 unionid 相同, 自动合并', by: '{name} 合并于 {time}', auto: '自动合并于 {time}', undoneBy: '{name} 于 {time} 撤销: {reason}',
    mergeTitle: '把两位粉丝合并为一个人', mergeHint: '较早的档案保留, 另一份并入。不会移动或丢失任何记录, 随时可以撤销。', other: '另一位粉丝的编号', otherHint: '粉丝页地址里的数字, 如 128', look: '查看', stays: '保留', joins: '并入', leaves: '分出去',
    undoTitle: '撤销这次合并', undoHint: '两边各自拿回自己的身份、标签、资料、订单和动态。合并期间发生的事, 按做事的那个身份归属。', name: '昵称', ids: '身份', phone: '手机号', joined: '首次接触', orders: '付款订单', paid: '实付', ordersSince: '合并后付款订单', linesSince: '合并后动态',
    reason: '原因', reasonPlaceholder: '如: 顾客自己说这是他的小号', merged: '已合并', parted: '已撤销合并', record: '档案 {id}',
  },
  en: {
    title: 'Merges', none: 'Never merged.', merge: 'Merge fans', undo: 'Undo merge', undone: 'undone', bySystem: 'same WeChat unionid', by: '{name}, {time}', auto: 'by itself, {time}', undoneBy: 'undone by {name}, {time}: {reason}',
    mergeTitle: 'Make one person of two fans', mergeHint: 'The older record lives on and the other joins it. No row is moved or lost, and it can be undone at any time.', other: 'Number of the other fan', otherHint: 'The number in the address of their page, such as 128', look: 'Look', stays: 'Stays', joins: 'Joins', leaves: 'Leaves',
    undoTitle: 'Undo this merge', undoHint: 'Each side gets back its identities, tags, answers, orders and timeline. What happened since goes with the identity that did it.', name: 'Name', ids: 'Identities', phone: 'Phone', joined: 'First met', orders: 'Paid orders', paid: 'Paid', ordersSince: 'Orders paid since', linesSince: 'Timeline since',
    reason: 'Why', reasonPlaceholder: 'e.g. the customer says it is their second account', merged: 'Merged', parted: 'Merge undone', record: 'Record {id}',
  },
}

export default person
