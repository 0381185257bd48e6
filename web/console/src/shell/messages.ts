import type { RoomMessages } from '../app/i18n'

/** Texts every page may use. Rooms keep their own beside their pages. */
const messages: RoomMessages = {
  zh: {
    app: { name: '铁粉', console: '商家后台', skip: '跳到正文', menu: '菜单', closeMenu: '收起菜单', navigation: '主导航' },
    touch: { title: '接触记录', follow: '扫码关注', scan: '扫码', visit: '到访', organic: '关注', organicCode: '自然到来', first: '首次来源', none: '没有接触记录' },
    action: {
      save: '保存', cancel: '取消', close: '关闭', delete: '删除', edit: '编辑', back: '返回', retry: '重试',
      copy: '复制', copied: '已复制', copyByHand: '浏览器不允许复制, 请手动选中复制', saved: '已保存', add: '添加',
      done: '完成', loadMore: '加载更多', details: '详情', remove: '移除', findSku: '输入商品名称或编码, 添加 SKU',
    },
    list: {
      pages: '翻页', page: '第 {page} 页', previous: '上一页', next: '下一页', reset: '清除筛选', noMatch: '没有符合条件的结果', noMatchHint: '换个词, 或清除筛选看看全部。',
      time: '时间', from: '开始日期', to: '结束日期', allTime: '全部时间', today: '今天', days7: '近 7 天', days30: '近 30 天',
    },
    error: {
      partial: '这一页有些内容没有加载出来。',
      network: '连不上服务器', missing: '没有找到', forbidden: '没有权限', busy: '服务器正忙', refused: '没有办成', broken: '出错了',
      safe: '您的数据没有丢失, 请稍后重试。', id: '错误编号',
    },
    leave: { title: '还有没保存的修改', detail: '离开后, 这次的修改会丢失。', go: '离开', stay: '留下继续' },
    forbidden: { title: '您没有这个页面的权限', hint: '需要权限「{permission}」。请店主或有「团队管理」权限的同事在「团队 → 角色」里为您开通。', back: '回到首页' },
    missing: { title: '没有这个页面', hint: '地址可能已更改, 或者对象不属于本店。', back: '回到首页' },
    start: { title: '还没有可以使用的功能', hint: '您的账号还没有任何角色。请店主在「团队 → 员工」里为您分配角色。' },
    signIn: {
      title: '登录商家后台', account: '账号', password: '密码', code: '动态验证码', codeHint: '打开验证器 App, 输入 6 位数字; 也可以使用恢复码。', submit: '登录', verify: '验证并登录', other: '换个账号',
      show: '显示密码', hide: '隐藏密码', accountNeeded: '请输入账号', passwordNeeded: '请输入密码', codeNeeded: '请输入验证码', wait: '请 {seconds} 秒后再试',
      claim: '从一次扫码, 到一位铁粉', claimNote: '引流、留存、转化、复购、裂变: 一个闭环, 每一步都看得见。',
    },
    top: { search: '搜索页面、粉丝、订单、商品', language: '切换语言', toDark: '切换到深色', toLight: '切换到浅色', account: '我的账号', signOut: '退出登录', mine: '个人设置' },
    palette: {
      title: '快速查找', placeholder: '输入页面、粉丝、订单号、商品或操作…', pages: '页面', actions: '操作', fans: '粉丝', orders: '订单', goods: '商品', none: '没有找到「{text}」',
      hint: '↑↓ 选择 · Enter 打开 · Esc 关闭', results: '结果', searching: '正在查找…', start: '输入文字开始查找; 订单号、粉丝昵称、商品名都可以。',
    },
    actor: { staff: '员工 #{id}', key: 'API 密钥', fan: '粉丝', system: '系统', pay: '微信支付' },
    orderStatus: { unpaid: '待付款', deposited: '待付尾款', paid: '待发货', partly_shipped: '部分发货', shipped: '待收货', received: '已完成', closed: '已关闭', refunded: '已退款' },
    orderGiven: { paid: '待使用', partly_shipped: '部分已使用' },
    permission: {
      fans_read: '查看粉丝', fans_write: '编辑粉丝', fans_reveal: '查看粉丝敏感信息', channels_read: '查看渠道码', channels_write: '管理渠道码', bottles_read: '查看瓶身码', bottles_write: '管理瓶身码与印刷文件', channels_decide: '裁定来源申诉', stages_write: '发布阶段规则', results_read: '查看全员业绩', promotions_read: '查看营销活动', promotions_write: '管理营销活动', promotions_approve: '批准亏本活动', members_read: '查看会员', members_write: '管理会员', goods_read: '查看商品', goods_write: '管理商品', goods_cost: '查看成本价',
      stock_write: '调整库存', orders_read: '查看订单', orders_ship: '订单发货', orders_refund: '处理售后退款', money_read: '查看资金', helpdesk_read: '查看自动回复', helpdesk_write: '管理自动回复',
      team_read: '查看团队', team_write: '团队管理', settings_read: '查看设置', settings_write: '修改设置', overview_read: '查看概况', jobs_read: '查看后台任务', jobs_write: '处理后台任务',
    },
  },
  en: {
    app: { name: 'Tiefen', console: 'Console', skip: 'Skip to content', menu: 'Menu', closeMenu: 'Close menu', navigation: 'Main navigation' },
    touch: { title: 'Touch log', follow: 'scanned and followed', scan: 'scanned', visit: 'visited', organic: 'followed', organicCode: 'By themselves', first: 'first source', none: 'No touches' },
    action: {
      save: 'Save', cancel: 'Cancel', close: 'Close', delete: 'Delete', edit: 'Edit', back: 'Back', retry: 'Try again',
      copy: 'Copy', copied: 'Copied', copyByHand: 'The browser does not allow copying; please select and copy by hand', saved: 'Saved', add: 'Add',
      done: 'Done', loadMore: 'Load more', details: 'Details', remove: 'Remove', findSku: 'Add a SKU by name or code',
    },
    list: {
      pages: 'Pages', page: 'Page {page}', previous: 'Previous', next: 'Next', reset: 'Clear filters', noMatch: 'Nothing matches', noMatchHint: 'Try another word, or clear the filters to see everything.',
      time: 'Time', from: 'From date', to: 'To date', allTime: 'All time', today: 'Today', days7: '7 days', days30: '30 days',
    },
    error: {
      partial: 'Some of this page could not be loaded.',
      network: 'The server cannot be reached', missing: 'Not found', forbidden: 'Not allowed', busy: 'The server is busy', refused: 'That was not done', broken: 'Something went wrong',
      safe: 'Nothing you entered is lost. Please try again in a moment.', id: 'Error id',
    },
    leave: { title: 'You have unsaved changes', detail: 'They will be lost if you leave this page.', go: 'Leave', stay: 'Stay' },
    forbidden: { title: 'You may not open this page', hint: 'It needs the permission “{permission}”. The owner, or a colleague who may manage the team, can grant it under Team → Roles.', back: 'Go to start' },
    missing: { title: 'There is no such page', hint: 'The address may have changed, or the object is not your shop’s.', back: 'Go to start' },
    start: { title: 'Nothing to do here yet', hint: 'Your account has no role. The owner can give you one under Team → Staff.' },
    signIn: {
      title: 'Sign in to the console', account: 'Account', password: 'Password', code: 'Authenticator code', codeHint: 'Enter the 6 digits from your authenticator app, or a recovery code.', submit: 'Sign in', verify: 'Verify and sign in', other: 'Use another account',
      show: 'Show password', hide: 'Hide password', accountNeeded: 'Enter your account', passwordNeeded: 'Enter your password', codeNeeded: 'Enter the code', wait: 'Please try again in {seconds} s',
      claim: 'From one scan to a fan for life', claimNote: 'Attract, keep, convert, repeat, refer: one loop with every step in sight.',
    },
    top: { search: 'Search pages, fans, orders, goods', language: 'Switch language', toDark: 'Switch to dark', toLight: 'Switch to light', account: 'My account', signOut: 'Sign out', mine: 'My settings' },
    palette: {
      title: 'Quick find', placeholder: 'Type a page, fan, order number, product or action…', pages: 'Pages', actions: 'Actions', fans: 'Fans', orders: 'Orders', goods: 'Goods', none: 'Nothing found for “{text}”',
      hint: '↑↓ choose · Enter open · Esc close', results: 'Results', searching: 'Searching…', start: 'Start typing: an order number, a fan’s name or a product will do.',
    },
    actor: { staff: 'Staff #{id}', key: 'API key', fan: 'Fan', system: 'System', pay: 'WeChat Pay' },
    orderStatus: { unpaid: 'Unpaid', deposited: 'Balance due', paid: 'To ship', partly_shipped: 'Partly shipped', shipped: 'On the way', received: 'Done', closed: 'Closed', refunded: 'Refunded' },
    orderGiven: { paid: 'To be used', partly_shipped: 'Partly used' },
    permission: {
      fans_read: 'See fans', fans_write: 'Edit fans', fans_reveal: 'Reveal fans’ personal data', channels_read: 'See channel codes', channels_write: 'Manage channel codes', bottles_read: 'See bottle codes', bottles_write: 'Make bottle codes and print files', channels_decide: 'Decide source appeals', stages_write: 'Publish stage rules', results_read: 'See everybody’s results', promotions_read: 'See promotions', promotions_write: 'Manage promotions', promotions_approve: 'Approve promotions at a loss', members_read: 'See members', members_write: 'Manage members', goods_read: 'See goods', goods_write: 'Manage goods', goods_cost: 'See cost prices',
      stock_write: 'Adjust stock', orders_read: 'See orders', orders_ship: 'Ship orders', orders_refund: 'Decide on refunds', money_read: 'See money', helpdesk_read: 'See auto-replies', helpdesk_write: 'Manage auto-replies',
      team_read: 'See the team', team_write: 'Manage the team', settings_read: 'See settings', settings_write: 'Change settings', overview_read: 'See the overview', jobs_read: 'See background jobs', jobs_write: 'Handle background jobs',
    },
  },
}

export default messages
