import type { Room } from '../../app/rooms'

const promotion: Room = {
  id: 'promotion',
  messages: () => import('./messages'),
  routes: [
    { path: 'promotions', component: () => import('./routes/Promotions.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/new', component: () => import('./routes/PromotionEdit.vue'), meta: { permission: 'promotions.write' } },
    { path: 'promotions/groups', component: () => import('./routes/Groups.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/guard', component: () => import('./routes/Guard.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/:id(\\d+)', component: () => import('./routes/Promotion.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/:id(\\d+)/edit', component: () => import('./routes/PromotionEdit.vue'), meta: { permission: 'promotions.write' } },
  ],
  nav: [{ to: '/promotions', title: { zh: '营销活动', en: 'Promotions' }, icon: 'tag', permission: 'promotions.read' }],
  actions: [{ to: '/promotions/new', title: { zh: '创建活动', en: 'New promotion' }, permission: 'promotions.write' }],
}

export default promotion
