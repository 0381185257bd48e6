import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '团队', staff: '员工', roles: '角色', audit: '操作日志', keys: 'API 密钥',
    name: '姓名', account: '账号', department: '部门', role: '角色', security: '安全', lastSeen: '最近使用', state: '状态', active: '在职', inactive: '已停用', never: '从未登录', totpOn: '两步验证', totpOff: '仅密码', wechatBound: '已绑微信',
    addStaff: '添加员工', editStaff: '编辑员工', staffEmpty: '还没有员工', password: '初始密码', passwordHint: '至少 10 个字符。请当面或通过安全的方式告诉本人, 并提醒登录后修改。', accountHint: '用于登录, 小写字母、数字和 . _ {at} -', rolesNeeded: '至少选择一个角色', needed: '请填写',
    activeHint: '停用后立即退出所有设备, 不能再登录; 操作记录保留。', resetPassword: '重设密码', resetTotp: '解除两步验证', resetTotpAsk: '{name} 下次登录只需要密码, 请确认是本人要求。', passwordReset: '密码已重设, 该员工已退出所有设备', totpReset: '两步验证已解除', newPassword: '新密码', onlyActive: '只看在职', everyone: '包括已停用',
    addRole: '新建角色', editRole: '编辑角色', roleName: '角色名称', members: '{count} 人', owner: '店主', ownerHint: '拥有全部权限, 包括以后新增的功能; 不能修改。', deleteRole: '删除角色', deleteRoleAsk: '角色「{name}」将被删除, 此操作不可恢复。', roleDeleted: '角色已删除', permissions: '权限', permissionCount: '{count} 项权限',
    area: { overview: '概况', fans: '粉丝', stages: '阶段', channels: '渠道', results: '业绩', helpdesk: '客服', goods: '商品', stock: '库存', orders: '订单', money: '资金', team: '团队', settings: '设置', jobs: '任务' }, none: '无', checkAll: '全选',
    when: '时间', actor: '操作人', action: '动作', target: '对象', reason: '原因', changes: '变化', actionFilter: '动作, 如 orders.refund', targetFilter: '对象, 如 order:12', auditEmpty: '还没有操作记录', auditEmptyHint: '涉及钱、权限、价格和敏感信息的每个动作都会记在这里, 不能修改或删除。', system: '系统', fan: '粉丝', before: '之前', after: '之后', noChange: '没有字段变化', sequence: '序号', request: '请求编号', field: '字段',
    addKey: '新建密钥', keyName: '用途', keyPrefix: '密钥', keyBy: '创建人', keyUsed: '最近使用', keyExpires: '有效期至', keyForever: '长期', keyRevoked: '已吊销', keyLive: '有效', revoke: '吊销', revokeAsk: '使用「{name}」的程序会立即失去访问权限。', revokedDone: '密钥已吊销', keysEmpty: '还没有 API 密钥', keysEmptyHint: '让您自己的程序安全地读取订单、同步库存。权限不会超过创建人本人。', keyMade: '密钥已生成', keyMadeHint: '只显示这一次, 请立即保存到安全的地方。', days: '有效天数', daysHint: '留空表示长期有效, 直到吊销。', neverUsed: '从未使用', expired: '已过期',
  },
  en: {
    title: 'Team', staff: 'Staff', roles: 'Roles', audit: 'Audit log', keys: 'API keys',
    name: 'Name', account: 'Account', department: 'Department', role: 'Roles', security: 'Security', lastSeen: 'Last seen', state: 'State', active: 'Active', inactive: 'Disabled', never: 'Never signed in', totpOn: 'Two-step', totpOff: 'Password only', wechatBound: 'WeChat bound',
    addStaff: 'Add staff', editStaff: 'Edit staff', staffEmpty: 'No staff yet', password: 'First password', passwordHint: 'At least 10 characters. Tell the person in a safe way and ask them to change it.', accountHint: 'For signing in: lower-case letters, digits and . _ {at} -', rolesNeeded: 'Choose at least one role', needed: 'Please fill in',
    activeHint: 'Disabling signs the person out everywhere at once; what they did stays on record.', resetPassword: 'Reset password', resetTotp: 'Remove two-step', resetTotpAsk: '{name} will sign in with the password alone. Make sure they asked for it themselves.', passwordReset: 'Password reset; the person is signed out everywhere', totpReset: 'Two-step sign-in removed', newPassword: 'New password', onlyActive: 'Active only', everyone: 'With disabled',
    addRole: 'New role', editRole: 'Edit role', roleName: 'Role name', members: '{count} people', owner: 'Owner', ownerHint: 'Holds every permission, also those of future features; cannot be changed.', deleteRole: 'Delete role', deleteRoleAsk: 'The role “{name}” will be deleted. This cannot be undone.', roleDeleted: 'Role deleted', permissions: 'Permissions', permissionCount: '{count} permissions',
    area: { overview: 'Overview', fans: 'Fans', stages: 'Stages', channels: 'Channels', results: 'Results', helpdesk: 'Helpdesk', goods: 'Goods', stock: 'Stock', orders: 'Orders', money: 'Money', team: 'Team', settings: 'Settings', jobs: 'Jobs' }, none: 'None', checkAll: 'All',
    when: 'When', actor: 'Who', action: 'Action', target: 'Target', reason: 'Reason', changes: 'Changes', actionFilter: 'Action, e.g. orders.refund', targetFilter: 'Target, e.g. order:12', auditEmpty: 'Nothing recorded yet', auditEmptyHint: 'Every act on money, rights, prices and personal data is written here and can be neither changed nor deleted.', system: 'System', fan: 'Fan', before: 'Before', after: 'After', noChange: 'No field changed', sequence: 'No.', request: 'Request id', field: 'Field',
    addKey: 'New key', keyName: 'Purpose', keyPrefix: 'Key', keyBy: 'Made by', keyUsed: 'Last used', keyExpires: 'Valid until', keyForever: 'No end', keyRevoked: 'Revoked', keyLive: 'Valid', revoke: 'Revoke', revokeAsk: 'Programs using “{name}” lose access at once.', revokedDone: 'Key revoked', keysEmpty: 'No API keys yet', keysEmptyHint: 'Let your own programs read orders or sync stock safely. A key never may more than its maker.', keyMade: 'Key made', keyMadeHint: 'It is shown this once. Keep it somewhere safe now.', days: 'Days of life', daysHint: 'Leave empty for no end until revoked.', neverUsed: 'Never used', expired: 'Expired',
  },
}

export default messages
