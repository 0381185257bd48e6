import type { RoomMessages } from '../../app/i18n'

/** Texts of a fan's id in 企业微信. */
const wecom: RoomMessages = {
  zh: { add: '记下企微客户', added: '已记下', drop: '去掉', dropped: '已去掉', dropAsk: '去掉尾号 {tail} 的企微客户? 粉丝的其他身份不受影响。', byHand: '手工记下', none: '还没有身份', hint: '在企业微信「客户联系」的客户资料或导出表里, 可以看到外部联系人的 external_userid。', corp: '企业 ID (corpid)', contact: '外部联系人 (external_userid)' },
  en: { add: 'Note a WeCom contact', added: 'Noted', drop: 'Take off', dropped: 'Taken off', dropAsk: 'Take off the WeCom contact that ends in {tail}? The fan’s other identities stay.', byHand: 'put down by hand', none: 'No identity yet', hint: 'The external_userid of a contact stands in WeCom’s customer details and exports.', corp: 'Company id (corpid)', contact: 'External contact (external_userid)' },
}

export default wecom
