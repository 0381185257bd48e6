import type { Room } from '../../app/rooms'

const channels: Room = {
  id: 'channels',
  messages: () => import('./messages'),
  routes: [
    { path: 'channels', component: () => import('./routes/Codes.vue'), meta: { permission: 'channels.read' } },
    { path: 'channels/new', component: () => import('./routes/CodeEdit.vue'), meta: { permission: 'channels.write' } },
    { path: 'channels/batches/new', component: () => import('./routes/BatchNew.vue'), meta: { permission: 'channels.write' } },
    { path: 'channels/prints', component: () => import('./routes/Prints.vue'), meta: { permission: 'channels.read' } },
    { path: 'channels/:id(\\d+)', component: () => import('./routes/Code.vue'), meta: { permission: 'channels.read' } },
    { path: 'channels/:id(\\d+)/edit', component: () => import('./routes/CodeEdit.vue'), meta: { permission: 'channels.write' } },
    { path: 'channels/links', component: () => import('./routes/Links.vue'), meta: { permission: 'channels.read' } },
    { path: 'channels/links/new', component: () => import('./routes/LinkEdit.vue'), meta: { permission: 'channels.write' } },
    { path: 'channels/links/:id(\\d+)', component: () => import('./routes/Link.vue'), meta: { permission: 'channels.read' } },
    { path: 'channels/links/:id(\\d+)/edit', component: () => import('./routes/LinkEdit.vue'), meta: { permission: 'channels.write' } },
  ],
  nav: [{ to: '/channels', title: { zh: '渠道码', en: 'Channel codes' }, icon: 'qrcode', permission: 'channels.read' }],
  actions: [{ to: '/channels/new', title: { zh: '创建渠道码', en: 'New channel code' }, permission: 'channels.write' }, { to: '/channels/batches/new', title: { zh: '批量创建渠道码', en: 'Make many channel codes' }, permission: 'channels.write' }, { to: '/channels/links/new', title: { zh: '创建短链接', en: 'New short link' }, permission: 'channels.write' }],
}

export default channels
