import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '人群与标签', attributes: '资料项',
    attribute: {
      hint: '粉丝资料里的自定义项目, 如肤质、身高、生日。勾选「请粉丝填写」后, 会出现在商城「我的资料」里。', add: '添加资料项', edit: '修改资料项', label: '名称', labelHint: '如: 肤质', kind: '类型', key: '标识', keyHint: '可不填; 导入导出和接口里用它', explain: '填写说明', options: '选项', optionsHint: '每行一个', range: '范围', minimum: '最小', maximum: '最大', inForm: '请粉丝填写', required: '必填', personal: '个人信息', personalHint: '加密保存, 只显示首字, 查看要写原因; 不能用来筛选人群', answered: '已填写', archived: '已停用', archive: '停用', restore: '恢复', showArchived: '显示已停用', up: '上移', down: '下移', noOptions: '请至少写一个选项', needed: '请填写名称',
      empty: '还没有自定义资料项', emptyHint: '想知道粉丝的肤质、身高或生日? 添加一项, 员工可以填, 也可以请粉丝自己填。', archiveAsk: '停用后不再显示和填写, 已填写的 {count} 份内容会保留, 可随时恢复。',
    },
    kinds: { text: '文字', number: '数字', date: '日期', choice: '单选', choices: '多选', yes_no: '是 / 否' },
  },
  en: {
    title: 'Segments and tags', attributes: 'Attributes',
    attribute: {
      hint: 'Your own items in a fan’s record, such as skin type, height, birthday. With “Ask the fan”, they appear under “My details” in the shop.', add: 'Add an attribute', edit: 'Change the attribute', label: 'Name', labelHint: 'e.g. Skin type', kind: 'Kind', key: 'Key', keyHint: 'Optional; used by import, export and the API', explain: 'How to fill it in', options: 'Options', optionsHint: 'One a line', range: 'Range', minimum: 'Smallest', maximum: 'Largest', inForm: 'Ask the fan', required: 'Required', personal: 'Personal', personalHint: 'Kept sealed, shown as its first character, revealed with a reason; segments cannot use it', answered: 'Answered', archived: 'Archived', archive: 'Archive', restore: 'Restore', showArchived: 'Show archived', up: 'Move up', down: 'Move down', noOptions: 'Write at least one option', needed: 'Please give it a name',
      empty: 'No attributes of your own yet', emptyHint: 'Want to know a fan’s skin type, height or birthday? Add an item; staff can fill it in, or ask the fans.', archiveAsk: 'It will no longer be shown or filled in. The {count} answers are kept and come back when you restore it.',
    },
    kinds: { text: 'Text', number: 'Number', date: 'Date', choice: 'One choice', choices: 'Several choices', yes_no: 'Yes or no' },
  },
}

export default messages
