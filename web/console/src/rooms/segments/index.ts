import type { Room } from '../../app/rooms'

const segments: Room = {
  id: 'segments',
  messages: () => import('./messages'),
  routes: [
    { path: 'segments/attributes', component: () => import('./routes/Attributes.vue'), meta: { permission: 'fans.read' } },
  ],
  nav: [{ to: '/segments/attributes', title: { zh: '人群与标签', en: 'Segments and tags' }, icon: 'filter', permission: 'fans.read' }],
  actions: [{ to: '/segments/attributes?new=1', title: { zh: '添加粉丝资料项', en: 'Add a fan attribute' }, permission: 'settings.write' }],
}

export default segments
