import type { Room } from '../../app/rooms'

const read = { permission: 'channels.read' as const }
const sources: Room = {
  id: 'sources',
  messages: () => import('./messages'),
  routes: [
    { path: 'sources', component: () => import('./routes/Attribution.vue'), meta: read },
    { path: 'sources/weights', component: () => import('./routes/Weights.vue'), meta: read },
    { path: 'sources/appeals', component: () => import('./routes/Appeals.vue'), meta: read },
    { path: 'sources/quiet', component: () => import('./routes/Quiet.vue'), meta: { permission: 'fans.read' } },
    { path: 'results', component: () => import('./routes/Results.vue'), meta: { permission: 'results.read' } },
  ],
  nav: [
    { to: '/sources', title: { zh: '来源归因', en: 'Attribution' }, icon: 'channel', permission: 'channels.read' },
    { to: '/results', title: { zh: '员工业绩', en: 'Employees’ results' }, icon: 'chart', permission: 'results.read' },
  ],
}

export default sources
