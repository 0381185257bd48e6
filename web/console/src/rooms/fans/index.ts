import type { Room } from '../../app/rooms'

const fans: Room = {
  id: 'fans',
  messages: () => import('./messages'),
  routes: [
    { path: 'fans', component: () => import('./routes/Fans.vue'), meta: { permission: 'fans.read' } },
    { path: 'fans/import', component: () => import('./routes/ImportFollowers.vue'), meta: { permission: 'fans.read' } },
    { path: 'fans/purchases', component: () => import('./routes/ImportPurchases.vue'), meta: { permission: 'fans.read' } },
    { path: 'fans/:id(\\d+)', component: () => import('./routes/Fan.vue'), meta: { permission: 'fans.read' } },
  ],
  actions: [{ to: '/fans/purchases', title: { zh: '导入以前的购买', en: 'Import earlier purchases' }, permission: 'fans.write' }],
  nav: [{ to: '/fans', title: { zh: '粉丝', en: 'Fans' }, icon: 'fans', permission: 'fans.read' }],
}

export default fans
