import type { RoomMessages } from '../../app/i18n'

/** Texts of what is said about a fan: answers and tags. */
const labels: RoomMessages = {
  zh: {
    tags: '标签', noTags: '还没有标签', addTag: '添加标签', until: '{day} 到期', byDeed: '行为达到 {times} 次', bulk: '批量操作', bulkPicked: '已选 {count} 位: 批量操作', bulkAll: '批量操作', bulkStarted: '已开始, 可以离开本页', deed: '操作', deeds: { tag: '打标签', untag: '去标签', list: '加入名单', unlist: '移出名单', own: '指定负责人' }, list: '名单', onlyPicked: '已选的 {count} 位', allFound: '当前筛选出的全部粉丝', reason: '原因 (可不填, 会记在标签上)', go: '开始', byRule: '按条件筛选', saveAs: '存为人群', ruled: '自定义条件', pick: '选择', anyTag: '标签', anySegment: '人群',
    details: '资料', noDetails: '还没有自定义资料项。', define: '去添加', yes: '是', no: '否',
    authors: { staff: '员工', fan: '粉丝自己', bulk: '批量操作', code: '渠道码', rule: '自动规则', platform: '公众号', merge: '合并档案' },
  },
  en: {
    tags: 'Tags', noTags: 'No tags yet', addTag: 'Add a tag', until: 'until {day}', byDeed: 'did it {times} times', bulk: 'Bulk action', bulkPicked: '{count} picked: bulk action', bulkAll: 'Bulk action', bulkStarted: 'Started; you may leave this page', deed: 'What to do', deeds: { tag: 'Put on a tag', untag: 'Take off a tag', list: 'Add to a list', unlist: 'Take off a list', own: 'Give to somebody' }, list: 'List', onlyPicked: 'The {count} picked', allFound: 'All whom the filters find', reason: 'Why (optional, kept with the tag)', go: 'Start', byRule: 'Filter by any rule', saveAs: 'Save as segment', ruled: 'Own conditions', pick: 'Pick', anyTag: 'Tag', anySegment: 'Segment',
    details: 'Details', noDetails: 'No attributes of your own yet.', define: 'Add some', yes: 'Yes', no: 'No',
    authors: { staff: 'Staff', fan: 'The fan', bulk: 'Bulk action', code: 'Channel code', rule: 'Rule', platform: 'Official Account', merge: 'Joined record' },
  },
}

export default labels
