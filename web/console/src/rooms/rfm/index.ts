import type { Room } from '../../app/rooms'

const rfm: Room = {
  id: 'rfm',
  messages: () => import('./messages'),
  routes: [{ path: 'rfm', component: () => import('./routes/Rfm.vue'), meta: { permission: 'fans.read' } }],
  nav: [{ to: '/rfm', title: { zh: '复购与 RFM', en: 'Repeat and RFM' }, icon: 'refresh', permission: 'fans.read' }],
}

export default rfm
