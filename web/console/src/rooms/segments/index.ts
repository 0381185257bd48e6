import type { Room } from '../../app/rooms'

const segments: Room = {
  id: 'segments',
  messages: () => import('./messages'),
  routes: [
    { path: 'segments', component: () => import('./routes/Segments.vue'), meta: { permission: 'fans.read' } },
    { path: 'segments/new', component: () => import('./routes/SegmentEdit.vue'), meta: { permission: 'fans.write' } },
    { path: 'segments/:id(\\d+)', component: () => import('./routes/Segment.vue'), meta: { permission: 'fans.read' } },
    { path: 'segments/:id(\\d+)/edit', component: () => import('./routes/SegmentEdit.vue'), meta: { permission: 'fans.write' } },
    { path: 'segments/tags', component: () => import('./routes/Tags.vue'), meta: { permission: 'fans.read' } },
    { path: 'segments/attributes', component: () => import('./routes/Attributes.vue'), meta: { permission: 'fans.read' } },
    { path: 'segments/places', component: () => import('./routes/Places.vue'), meta: { permission: 'fans.read' } },
  ],
  nav: [{ to: '/segments', title: { zh: '人群与标签', en: 'Segments and tags' }, icon: 'filter', permission: 'fans.read' }],
  actions: [
    { to: '/segments/new', title: { zh: '新建人群', en: 'New segment' }, permission: 'fans.write' },
    { to: '/segments/tags', title: { zh: '管理标签', en: 'Manage tags' }, permission: 'fans.read' },
    { to: '/segments/attributes?new=1', title: { zh: '添加粉丝资料项', en: 'Add a fan attribute' }, permission: 'settings.write' },
    { to: '/segments/places', title: { zh: '门店与距离', en: 'Stores and distance' }, permission: 'fans.read' },
  ],
}

export default segments
