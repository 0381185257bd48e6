import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '我的账号', profile: '基本信息', account: '账号', name: '姓名', department: '部门', roles: '角色', wechat: '微信', bound: '已绑定', unbound: '未绑定', bind: '绑定微信', unbind: '解除绑定', bindHint: '用微信扫这个码并关注公众号, 就会绑定到您的账号。二维码 {time} 失效。', bindQr: '绑定微信的二维码', boundDone: '微信已绑定', unboundDone: '已解除绑定', unbindAsk: '解除后不再收到新订单推送。', waiting: '等待扫码…',
    push: '新订单推送', pushHint: '有新订单时, 用公众号模板消息通知我 (需要先绑定微信)。',
    password: '修改密码', current: '当前密码', next: '新密码', again: '再输一次新密码', nextHint: '至少 10 个字符, 不要用账号或常见密码。', mismatch: '两次输入的新密码不一致', needed: '请填写', change: '修改密码', changed: '密码已修改, 其他设备已退出登录',
    totp: '两步验证', totpOn: '已开启', totpOff: '未开启', totpHint: '登录时除了密码, 还要输入手机验证器里的 6 位数字。建议能退款、能看敏感信息的账号都开启。',
    enable: '开启两步验证', disable: '关闭两步验证', scan: '1. 用验证器 App 扫描二维码', secret: '扫不了? 手动输入这串密钥', code: '2. 输入 App 里显示的 6 位数字', confirm: '验证并开启',
    recovery: '恢复码', recoveryHint: '请现在抄下或保存。手机不在身边时, 每个恢复码可以登录一次。关闭这个窗口后不再显示。', kept: '我已保存好', enabled: '两步验证已开启', disabled: '两步验证已关闭', disableHint: '输入当前密码以关闭两步验证。', qr: '验证器二维码',
  },
  en: {
    title: 'My account', profile: 'Profile', account: 'Account', name: 'Name', department: 'Department', roles: 'Roles', wechat: 'WeChat', bound: 'Bound', unbound: 'Not bound', bind: 'Bind WeChat', unbind: 'Unbind', bindHint: 'Scan this with WeChat and follow the account to bind it to your login. The code ends {time}.', bindQr: 'QR code to bind WeChat', boundDone: 'WeChat is bound', unboundDone: 'Unbound', unbindAsk: 'You will no longer get new-order notices.', waiting: 'Waiting for the scan…',
    push: 'New-order notice', pushHint: 'Send me a template message when an order comes in (bind WeChat first).',
    password: 'Change password', current: 'Current password', next: 'New password', again: 'New password again', nextHint: 'At least 10 characters; not your account and not a common password.', mismatch: 'The two new passwords differ', needed: 'Please fill in', change: 'Change password', changed: 'Password changed; other devices are signed out',
    totp: 'Two-step sign-in', totpOn: 'On', totpOff: 'Off', totpHint: 'Besides the password, signing in asks for 6 digits from your phone’s authenticator. Advised for everybody who may refund or see personal data.',
    enable: 'Switch on', disable: 'Switch off', scan: '1. Scan this with your authenticator app', secret: 'Cannot scan? Type this secret instead', code: '2. Enter the 6 digits the app shows', confirm: 'Verify and switch on',
    recovery: 'Recovery codes', recoveryHint: 'Write these down or save them now. Without your phone, each signs you in once. They are not shown again.', kept: 'I have saved them', enabled: 'Two-step sign-in is on', disabled: 'Two-step sign-in is off', disableHint: 'Enter your current password to switch two-step sign-in off.', qr: 'QR code for the authenticator',
  },
}

export default messages
