import type { Room } from '../../app/rooms'

const settings: Room = {
  id: 'settings',
  messages: () => import('./messages'),
  routes: [
    { path: 'settings', redirect: '/settings/wechat' },
    { path: 'settings/wechat', component: () => import('./routes/Wechat.vue'), meta: { permission: 'settings.read' } },
    { path: 'settings/menu', component: () => import('./routes/Menu.vue'), meta: { permission: 'settings.read' } },
    { path: 'settings/freight', component: () => import('./routes/Freight.vue'), meta: { permission: 'goods.read' } },
    { path: 'settings/messages', component: () => import('./routes/Messages.vue'), meta: { permission: 'settings.read' } },
  ],
  nav: [{ to: '/settings', title: { zh: '设置', en: 'Settings' }, icon: 'settings', permission: 'settings.read' }],
  actions: [
    { to: '/settings/wechat', title: { zh: '检查微信连接', en: 'Check the WeChat connection' }, permission: 'settings.read' },
    { to: '/settings/menu', title: { zh: '编辑公众号菜单', en: 'Edit the account menu' }, permission: 'settings.write' },
  ],
}

export default settings
