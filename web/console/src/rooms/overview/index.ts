import type { Room } from '../../app/rooms'

const overview: Room = {
  id: 'overview',
  messages: () => import('./messages'),
  routes: [{ path: 'overview', component: () => import('./routes/Overview.vue'), meta: { permission: 'overview.read' } }],
  nav: [{ to: '/overview', title: { zh: '概况', en: 'Overview' }, icon: 'overview', permission: 'overview.read' }],
}

export default overview
