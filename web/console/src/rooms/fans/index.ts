import type { Room } from '../../app/rooms'

const fans: Room = {
  id: 'fans',
  messages: () => import('./messages'),
  routes: [
    { path: 'fans', component: () => import('./routes/Fans.vue'), meta: { permission: 'fans.read' } },
    { path: 'fans/import', component: () => import('./routes/ImportFollowers.vue'), meta: { permission: 'fans.read' } },
    { path: 'fans/:id(\\d+)', component: () => import('./routes/Fan.vue'), meta: { permission: 'fans.read' } },
  ],
  nav: [{ to: '/fans', title: { zh: '粉丝', en: 'Fans' }, icon: 'fans', permission: 'fans.read' }],
}

export default fans
