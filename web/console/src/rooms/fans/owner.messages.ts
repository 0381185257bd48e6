import type { RoomMessages } from '../../app/i18n'

/** Texts of who looks after a fan. */
const owner: RoomMessages = {
  zh: { title: '负责人', none: '还没有负责人。扫员工或经销商的渠道码到来的粉丝, 自动归码的归属员工。', nobody: '没有负责人', give: '指定', change: '转交', left: '已离职', dialog: '谁来照顾这位粉丝', reason: '原因 (可不填, 会记在时间线上)', saved: '负责人已更新', region: '收货地区', bySource: '首个渠道码的归属员工 (只给还没有负责人的)', planned: '待跟进 {day}: {note}', size: '会处理 {count} 位粉丝' },
  en: { title: 'Looked after by', none: 'Nobody yet. Who comes through a code of a member of staff is theirs by itself.', nobody: 'Nobody', give: 'Give', change: 'Hand over', left: 'left the team', dialog: 'Who looks after this fan', reason: 'Why (optional, kept in the timeline)', saved: 'Handed over', region: 'Delivery region', bySource: 'Whose first code it was (only fans with nobody)', planned: 'Follow up on {day}: {note}', size: 'Takes up {count} fans' },
}

export default owner
