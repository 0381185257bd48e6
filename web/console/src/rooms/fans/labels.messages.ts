import type { RoomMessages } from '../../app/i18n'

/** Texts of what is said about a fan: answers and tags. */
const labels: RoomMessages = {
  zh: {
    details: '资料', noDetails: '还没有自定义资料项。', define: '去添加', yes: '是', no: '否',
    authors: { staff: '员工', fan: '粉丝自己', bulk: '批量操作', code: '渠道码', rule: '自动规则', platform: '公众号', merge: '合并档案' },
  },
  en: {
    details: 'Details', noDetails: 'No attributes of your own yet.', define: 'Add some', yes: 'Yes', no: 'No',
    authors: { staff: 'Staff', fan: 'The fan', bulk: 'Bulk action', code: 'Channel code', rule: 'Rule', platform: 'Official Account', merge: 'Joined record' },
  },
}

export default labels
